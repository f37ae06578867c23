"""The service's rules for the replicas of a global table, version 2019.11.21.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import UNSET

from .keys import IndexSpec
from .option_rules import WANTED, Row, are_replicas, is_region
from .options import Options, Provisioned, Replica, is_key_id, is_units

REGION_SETS = (
    frozenset({"us-east-1", "us-east-2", "us-west-2"}),
    frozenset({"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"}),
    frozenset({"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"}),
)
"""Within one of these a table can be strongly consistent.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateGlobalTableWitnessGroupMemberAction.html
"""


def replica_problems(
    spec: Options, indexes: tuple[IndexSpec, ...], expires: object
) -> Iterator[str]:
    """Say what is wrong with replicas, by themselves and beside the table's other options.

    `expires` is the attribute of its TTL, if any.
    """
    replicas = spec.replicas or ()
    if not are_replicas(replicas) or not (spec.witness in (UNSET, None) or is_region(spec.witness)):
        return  # which has been said
    for replica in replicas:
        yield from _own_problems(replica, spec, indexes)
    regions = [str(replica.region) for replica in replicas]
    for region, count in Counter(regions).items():
        if count > 1:
            yield f"{count} replicas are in {region}: a region has one at most"
    if spec.consistency == "STRONG":
        yield from _strong_problems(spec, regions)
        local = any(index.local for index in indexes)
        for what, given in (
            ("a local index", local),
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
    if isinstance(spec.billing, Provisioned) and "billing" not in ignored:
        # "Table write capacity should either be Pay-Per-Request or AutoScaled", says the service.
        yield (
            "replicas of a provisioned table need auto scaling of its writes, which another "
            'service does: declare OnDemand(), or set that up and ignore=("billing",)'
        )


def _strong_problems(spec: Options, regions: list[str]) -> Iterator[str]:
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


def _is_index_units(given: object) -> bool:
    return isinstance(given, dict) and all(map(is_units, given.values()))


_FITS: dict[str, Row] = {
    "kms_key": (is_key_id, "the id, alias or ARN of a key of its region"),
    # The same as of the table itself.
    **{
        option: WANTED[option]
        for option in ("table_class", "point_in_time_recovery", "deletion_protection", "tags")
    },
    "max_read": (is_units, "a whole number from 1"),
    "read": (is_units, "a whole number from 1"),
    "index_max_read": (_is_index_units, "whole numbers from 1 by the names of indexes"),
    "index_read": (_is_index_units, "whole numbers from 1 by the names of indexes"),
}


def _own_problems(replica: Replica, spec: Options, indexes: tuple[IndexSpec, ...]) -> Iterator[str]:
    place = f"of Replica({replica.region!r:.50})"
    if not is_region(replica.region):
        yield f'Replica takes a region such as "eu-west-1", not {replica.region!r:.50}'
    unfit = set()
    for name, (fits, wanted) in _FITS.items():
        if (given := getattr(replica, name)) is not UNSET and not fits(given):
            unfit.add(name)
            yield f"{name} {place} takes {wanted}, not {given!r:.200}"
    if replica.kms_key is not UNSET and spec.encryption is None:
        yield f"kms_key {place}: the table declares encryption=None, which holds in all regions"
    # Without billing=, dynamorm creates an on-demand table.
    fixed = isinstance(spec.billing, Provisioned)
    other = "max_read" if fixed else "read"
    kind = "a provisioned table" if fixed else "an on-demand table"
    for name in (other, f"index_{other}"):
        if getattr(replica, name):
            yield f"{name} {place} does not go with {kind}"
    # A local index has no capacity of its own, in whatever region.
    names = {index.name for index in indexes if index.kind == "global"}
    for option in ("index_max_read", "index_read"):
        for name in getattr(replica, option) or () if option not in unfit else ():
            if name not in names:
                yield f"{option} {place} names {name!r:.200}, which is no global index"
