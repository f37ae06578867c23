"""What each option takes, which two say the same thing twice, and the rules for replicas.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from msgspec import UNSET, DecodeError, json

from . import options
from .keys import IndexSpec

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html
MAX_RECOVERY_DAYS = 35
MAX_POLICY_BYTES = 20 * 1024


def _tags_fit(tags: object) -> bool:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html
    return (
        isinstance(tags, dict)
        and len(tags) <= 50
        and all(
            _is_tag_text(key, 128)
            and _is_tag_text(value, 256)
            and key[:4].lower() not in ("", "aws:")
            for key, value in tags.items()
        )
    )


def _is_tag_text(text: object, most: int) -> bool:
    # Letters and spaces are those of Unicode, which the service allows.
    fits = isinstance(text, str) and len(text) <= most and re.fullmatch(r"[\w\s+=.:/@-]*", text)
    return bool(fits)


def _is_policy(given: object) -> bool:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
    text = options.policy_text(given)
    policy = json.decode(text)
    return isinstance(policy, dict) and policy != {} and len(text.encode()) <= MAX_POLICY_BYTES


IGNORABLE = (
    *(name for name in options.Options.__struct_fields__ if name not in ("extra", "ignore")),
    "ttl",
)
"""What a model can ignore, by the names of the steps that change it."""


def _is_region(name: object) -> bool:
    # By its form, as in us-gov-west-1: a list of regions would refuse the next one.
    return isinstance(name, str) and re.match(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}\Z", name) is not None


_STREAM_ARN = r"arn:[a-z-]+:kinesis:[a-z0-9-]+:\d+:stream/[a-zA-Z0-9_.-]{1,128}\Z"


def _is_destination(given: object) -> bool:
    stream = given.stream if isinstance(given, options.Kinesis) else given
    precise = not isinstance(given, options.Kinesis) or given.precision in (
        "MICROSECOND",
        "MILLISECOND",
    )
    return precise and isinstance(stream, str) and re.match(_STREAM_ARN, stream) is not None


Row = tuple[Callable[[Any], bool], str]
"""What an option takes: whether a value fits, and what to say where it does not."""


def _one_of(words: Any, *others: Any) -> Row:
    """Return the row of an option that takes the words of its type."""
    taken = (*get_args(words), *others)
    *first, last = (f'"{word}"' if isinstance(word, str) else str(word) for word in taken)
    return (lambda v: v in taken), f"{', '.join(first)} or {last}"


_FLAG: Row = ((lambda v: isinstance(v, bool)), "True or False")
_POLICY: Row = (
    lambda v: v is None or _is_policy(v),
    "a policy of up to 20 KB, as JSON text or a dict, or None",
)
_INSIGHTS: Row = (
    lambda v: isinstance(v, bool) or v in get_args(options.InsightsMode),
    'True, False, "ACCESSED_AND_THROTTLED_KEYS" or "THROTTLED_KEYS"',
)
_UNITS: Row = (options.is_units, "a whole number from 1")
_UNITS_OF_INDEXES: Row = (
    lambda v: isinstance(v, dict) and all(map(options.is_units, v.values())),
    "whole numbers from 1 by the names of indexes",
)

WANTED: dict[str, Row] = {
    "billing": (
        lambda v: isinstance(v, options.OnDemand | options.Provisioned),
        "OnDemand(...) or Provisioned(read=..., write=...)",
    ),
    "stream": _one_of(options.StreamView, None),
    "encryption": (lambda v: isinstance(v, options.KMS | None), "KMS(...) or None"),
    "tags": (
        _tags_fit,
        "up to 50 tags of letters, digits, spaces and +-=._:/@, keys to 128, values to 256 long",
    ),
    "table_class": _one_of(options.TableClass),
    "deletion_protection": _FLAG,
    "warm": (
        lambda v: isinstance(v, options.WarmThroughput),
        "WarmThroughput(read=..., write=...)",
    ),
    "point_in_time_recovery": (
        lambda v: type(v) is bool or (type(v) is int and 1 <= v <= MAX_RECOVERY_DAYS),
        "True, False or 1 to 35 days",
    ),
    "resource_policy": _POLICY,
    "stream_policy": _POLICY,
    "kinesis": (
        lambda v: v is None or _is_destination(v),
        "the ARN of a Kinesis data stream, Kinesis(stream, precision) or None",
    ),
    "contributor_insights": _INSIGHTS,
    "index_insights": (
        lambda v: isinstance(v, dict) and all(map(_INSIGHTS[0], v.values())),
        f"a dict of global indexes by name, each {_INSIGHTS[1]}",
    ),
    "replicas": (
        lambda v: isinstance(v, tuple) and all(isinstance(one, options.Replica) for one in v),
        'a tuple of Replica("eu-west-1", ...)',
    ),
    "consistency": _one_of(options.Consistency),
    "witness": (lambda v: v is None or _is_region(v), 'a region such as "eu-central-1", or None'),
    "disassociation_protection": _FLAG,
    "ignore": (
        lambda v: isinstance(v, tuple) and {*v} <= {*IGNORABLE},
        f'a tuple of settings such as ("billing",), of {", ".join(IGNORABLE)}',
    ),
    "extra": (
        # What JSON has no word for raises, and so does not fit.
        lambda v: isinstance(v, dict) and all(map(_is_member, v)) and bool(json.encode(v)),
        "a dict of CreateTable members, as JSON",
    ),
}


def _is_member(name: object) -> bool:
    # Every member of the API is alphanumeric. `requests.tables` makes a Struct with this field
    # name, and msgspec allows no quotation mark in one.
    return isinstance(name, str) and name.isascii() and name.isalnum()


def unfit(values: Mapping[str, Any], rows: Mapping[str, Row] = WANTED) -> dict[str, Any]:
    """Return the values that do not fit, by name."""
    wrong = {}
    for name, value in values.items():
        fits, _ = rows[name]
        try:
            fit = value is UNSET or fits(value)
        except (DecodeError, TypeError, ValueError, RecursionError):
            # A dict may hold what JSON has no word for, and even itself.
            fit = False
        if not fit:
            wrong[name] = value
    return wrong


def option_problems(
    spec: options.Options, indexes: tuple[IndexSpec, ...], expires: object
) -> Iterator[str]:
    """Say which options have a value that does not fit, by itself or beside the others.

    `expires` is the attribute of the table's TTL, if any.
    """
    wrong = unfit({name: getattr(spec, name) for name in WANTED})
    for name, value in wrong.items():
        meant = ""
        if name == "ignore" and isinstance(value, tuple):
            from .arguments import nearest

            meant = nearest(next(one for one in value if one not in IGNORABLE), IGNORABLE)
        yield f"{name} takes {WANTED[name][1]}, not {value!r:.200}{meant}"
    if isinstance(spec.extra, dict):
        from .sources import ALWAYS_FILLED, FILLED_BY

        for name in spec.extra:
            said = getattr(spec, FILLED_BY.get(name, ""), UNSET) not in (UNSET, ())
            if name in ALWAYS_FILLED or said:
                yield f"extra has {name!r}, which the model or its options say already"
    # Their rules take for granted that these are of the right types.
    fit = not wrong.keys() & {"replicas", "witness"}
    if fit and (spec.replicas or spec.consistency or spec.witness):
        yield from _replica_problems(spec, indexes, expires)


REGION_SETS = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""Within one of these a table can be strongly consistent.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateGlobalTableWitnessGroupMemberAction.html
"""


def _replica_problems(
    spec: options.Options, indexes: tuple[IndexSpec, ...], expires: object
) -> Iterator[str]:
    replicas = spec.replicas or ()
    for replica in replicas:
        yield from _own_problems(replica, spec, indexes)
    regions = [str(replica.region) for replica in replicas]
    for region, count in Counter(regions).items():
        if count > 1:
            yield f"{count} replicas are in {region}: a region has one at most"
    if spec.consistency == "STRONG":
        yield from _strong_problems(spec, regions)
        for what, given in (
            ("a local index", any(index.local for index in indexes)),
            ("TTL", expires),
            ("disassociation_protection", spec.disassociation_protection is not UNSET),
        ):
            if given:
                yield f'{what} with consistency="STRONG", which does not know it'
    elif spec.witness:
        yield 'witness goes with consistency="STRONG"'
    if not replicas:
        return
    # Strongly consistent replicas are written to before a write is acknowledged, by no stream.
    if spec.consistency != "STRONG" and spec.stream not in (UNSET, "NEW_AND_OLD_IMAGES"):
        yield (
            f"stream={spec.stream!r:.200} with replicas: DynamoDB replicates by a stream of "
            "NEW_AND_OLD_IMAGES: declare that one, or none"
        )
    ignored = spec.ignore if isinstance(spec.ignore, tuple) else ()
    if isinstance(spec.billing, options.Provisioned) and "billing" not in ignored:
        # "Table write capacity should either be Pay-Per-Request or AutoScaled", says the service.
        yield (
            "replicas of a provisioned table need auto scaling of its writes, which another "
            'service does: declare OnDemand(), or set that up and ignore=("billing",)'
        )


def _strong_problems(spec: options.Options, regions: list[str]) -> Iterator[str]:
    """Say what is not as a table with multi-Region strong consistency has to be."""
    if len(regions) + bool(spec.witness) != 2 or not regions:
        yield (
            'consistency="STRONG" takes three regions: two replicas, or one replica and a witness, '
            f"not {len(regions)} and {1 if spec.witness else 'no'} witness"
        )
    # The third region is the table's own, which only the connection knows.
    every = {*regions, *([spec.witness] if spec.witness else ())}
    if spec.witness and spec.witness in regions:
        yield f"witness={spec.witness!r} has a replica: a witness is in a region of its own"
    if not any(every <= together for together in REGION_SETS):
        sets = "; ".join(", ".join(sorted(together)) for together in REGION_SETS)
        yield f'consistency="STRONG" takes regions of one of these sets: {sets}'


_OF_REPLICA: dict[str, Row] = {
    "kms_key": (options.is_key_id, "the id, alias or ARN of a key of its region"),
    # The same as of the table itself.
    **{name: WANTED[name] for name in options.Replica.__struct_fields__ if name in WANTED},
    "max_read": _UNITS,
    "read": _UNITS,
    "index_max_read": _UNITS_OF_INDEXES,
    "index_read": _UNITS_OF_INDEXES,
}


def _own_problems(
    replica: options.Replica, spec: options.Options, indexes: tuple[IndexSpec, ...]
) -> Iterator[str]:
    place = f"of Replica({replica.region!r:.50})"
    if not _is_region(replica.region):
        yield f'Replica takes a region such as "eu-west-1", not {replica.region!r:.50}'
    wrong = unfit({name: getattr(replica, name) for name in _OF_REPLICA}, _OF_REPLICA)
    for name, value in wrong.items():
        yield f"{name} {place} takes {_OF_REPLICA[name][1]}, not {value!r:.200}"
    if replica.kms_key is not UNSET and spec.encryption is None:
        yield f"kms_key {place}: the table declares encryption=None, which holds in all regions"
    # Without billing=, dynamorm creates an on-demand table.
    fixed = isinstance(spec.billing, options.Provisioned)
    other, kind = ("max_read", "a provisioned") if fixed else ("read", "an on-demand")
    for name in (other, f"index_{other}"):
        if getattr(replica, name):
            yield f"{name} {place} does not go with {kind} table"
    # A local index has no capacity of its own, in whatever region.
    names = {index.name for index in indexes if index.kind == "global"}
    for option in ("index_max_read", "index_read"):
        for name in getattr(replica, option) or () if option not in wrong else ():
            if name not in names:
                yield f"{option} {place} names {name!r:.200}, which is no global index"
