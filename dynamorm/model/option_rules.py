"""What each option takes, and which two say the same thing twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

from msgspec import UNSET, DecodeError, json

from .options import (
    KMS,
    Consistency,
    InsightsMode,
    Kinesis,
    OnDemand,
    Options,
    Provisioned,
    Replica,
    StreamView,
    TableClass,
    WarmThroughput,
    policy_text,
)

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
    if not isinstance(text, str) or len(text) > most:
        return False
    # Letters and spaces are those of Unicode, which the service allows.
    return all(c.isalnum() or c.isspace() or c in "+-=._:/@" for c in text)


def _policy_fits(policy: object) -> bool:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
    try:
        text = policy_text(policy)
        policy = json.decode(text)
        return isinstance(policy, dict) and policy != {} and len(text.encode()) <= MAX_POLICY_BYTES
    except (DecodeError, TypeError, ValueError, RecursionError):
        # A dict may hold what JSON has no word for, and even itself.
        return False


IGNORABLE = (
    *(name for name in Options.__struct_fields__ if name not in ("extra", "ignore")),
    "ttl",
)
"""What a model can ignore, by the names of the steps that change it."""


def _ignorable(names: object) -> bool:
    return isinstance(names, tuple) and all(name in IGNORABLE for name in names)


def is_region(name: object) -> bool:
    """Return whether it can be the name of a region."""
    # By its form, as in us-gov-west-1: a list of regions would refuse the next one.
    return isinstance(name, str) and re.match(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}\Z", name) is not None


def are_replicas(given: object) -> bool:
    """Return whether it is a tuple of replicas; their values are checked elsewhere."""
    return isinstance(given, tuple) and all(isinstance(one, Replica) for one in given)


_STREAM_ARN = r"arn:[a-z-]+:kinesis:[a-z0-9-]+:\d+:stream/[a-zA-Z0-9_.-]{1,128}\Z"
_POLICY = "a policy of up to 20 KB, as JSON text or a dict, or None"


def _is_destination(given: object) -> bool:
    stream = given.stream if isinstance(given, Kinesis) else given
    precise = not isinstance(given, Kinesis) or given.precision in ("MICROSECOND", "MILLISECOND")
    return precise and isinstance(stream, str) and re.match(_STREAM_ARN, stream) is not None


def _is_insights(given: object) -> bool:
    return isinstance(given, bool) or given in get_args(InsightsMode)


_INSIGHTS = 'True, False, "ACCESSED_AND_THROTTLED_KEYS" or "THROTTLED_KEYS"'


Row = tuple[Callable[[Any], bool], str]
"""What an option takes: whether a value fits, and what to say where it does not."""


def _one_of(words: Any, *others: Any) -> Row:
    """Return the row of an option that takes the words of its type."""
    taken = (*get_args(words), *others)
    *first, last = (f'"{word}"' if isinstance(word, str) else str(word) for word in taken)
    return (lambda v: v in taken), f"{', '.join(first)} or {last}"


_FLAG: Row = ((lambda v: isinstance(v, bool)), "True or False")

WANTED: dict[str, Row] = {
    "billing": (
        lambda v: isinstance(v, OnDemand | Provisioned),
        "OnDemand(...) or Provisioned(read=..., write=...)",
    ),
    "stream": _one_of(StreamView, None),
    "encryption": (lambda v: isinstance(v, KMS | None), "KMS(...) or None"),
    "tags": (
        _tags_fit,
        "up to 50 tags of letters, digits, spaces and +-=._:/@, keys to 128, values to 256 long",
    ),
    "table_class": _one_of(TableClass),
    "deletion_protection": _FLAG,
    "warm": (lambda v: isinstance(v, WarmThroughput), "WarmThroughput(read=..., write=...)"),
    "point_in_time_recovery": (
        lambda v: type(v) is bool or (type(v) is int and 1 <= v <= MAX_RECOVERY_DAYS),
        "True, False or 1 to 35 days",
    ),
    "resource_policy": (lambda v: v is None or _policy_fits(v), _POLICY),
    "stream_policy": (lambda v: v is None or _policy_fits(v), _POLICY),
    "kinesis": (
        lambda v: v is None or _is_destination(v),
        "the ARN of a Kinesis data stream, Kinesis(stream, precision) or None",
    ),
    "contributor_insights": (_is_insights, _INSIGHTS),
    "index_insights": (
        lambda v: isinstance(v, dict) and all(map(_is_insights, v.values())),
        f"a dict of global indexes by name, each {_INSIGHTS}",
    ),
    "replicas": (are_replicas, 'a tuple of Replica("eu-west-1", ...)'),
    "consistency": _one_of(Consistency),
    "witness": (lambda v: v is None or is_region(v), 'a region such as "eu-central-1", or None'),
    "disassociation_protection": _FLAG,
    "ignore": (_ignorable, f'a tuple of settings such as ("billing",), of {", ".join(IGNORABLE)}'),
    "extra": (
        lambda v: isinstance(v, dict) and all(map(_is_member, v)) and _is_json(v),
        "a dict of CreateTable members, as JSON",
    ),
}

# The members of CreateTable that a model or a default always fills, and those that an option does:
# `extra` may have one of the latter where its option is not declared.
_FILLED = (
    "AttributeDefinitions",
    "TableName",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
)

_FILLED_BY = {
    "LocalSecondaryIndexes": "local_indexes",
    "GlobalSecondaryIndexes": "global_indexes",
    "VectorIndexes": "vector_indexes",
    "StreamSpecification": "stream",
    "SSESpecification": "encryption",
    "Tags": "tags",
    "TableClass": "table_class",
    "DeletionProtectionEnabled": "deletion_protection",
    "WarmThroughput": "warm",
    "ResourcePolicy": "resource_policy",
}

MEMBERS = (*_FILLED, *_FILLED_BY)
"""The members of CreateTable that a model and its options say: all others go into `extra`."""


def _is_member(name: object) -> bool:
    # Every member of the API is alphanumeric. `requests.tables` makes a Struct with this field
    # name, and msgspec allows no quotation mark in one.
    return isinstance(name, str) and name.isascii() and name.isalnum()


def _is_json(value: object) -> bool:
    try:
        json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def option_problems(options: Options) -> list[str]:
    """Say which options have a value that does not fit, and what is given twice."""
    problems = [
        f"{name} takes {wanted}, not {value!r:.200}{_meant(name, value)}"
        for name, (fits, wanted) in WANTED.items()
        if (value := getattr(options, name)) is not UNSET and not fits(value)
    ]
    extra = options.extra if isinstance(options.extra, dict) else {}
    return problems + [
        f"extra has {name!r}, which the model or its options say already"
        for name in extra
        if name in _FILLED or getattr(options, _FILLED_BY.get(name, ""), UNSET) not in (UNSET, ())
    ]


def _meant(option: str, value: Any) -> str:
    """Return the nearest setting to the first unknown name."""
    if option != "ignore" or not isinstance(value, tuple):
        return ""
    from .arguments import nearest

    return nearest(next(name for name in value if name not in IGNORABLE), IGNORABLE)
