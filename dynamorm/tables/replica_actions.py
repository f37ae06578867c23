"""The IAM actions for replicas, in their regions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2gt_IAM.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.spec import TableSpec
from .actions import REPLICATION, linked_role
from .regions import arn_in, declared_there
from .steps import name_parts


def _place(spec: TableSpec, region: str) -> str:
    if spec.name.startswith("arn:"):
        return arn_in(spec.name, region)
    return f"region:{region}:table/{spec.name}"


def _setting(spec: TableSpec) -> Iterator[tuple[str, str]]:
    for replica in spec.replicas or ():
        for action in ("CreateTable", "CreateTableReplica", *REPLICATION):
            yield action, _place(spec, replica.region)
        for option in declared_there(replica):
            yield _SETS[option], _place(spec, replica.region)
    yield from _reading(spec)
    yield linked_role("replication", "Replication")


_READS = {
    "point_in_time_recovery": "DescribeContinuousBackups",
    "deletion_protection": "DescribeTable",
    "tags": "ListTagsOfResource",
}
_SETS = {
    "point_in_time_recovery": "UpdateContinuousBackups",
    "deletion_protection": "UpdateTable",
    "tags": "TagResource",
}


def _reading(spec: TableSpec) -> Iterator[tuple[str, str]]:
    for replica in spec.replicas or ():
        for option in declared_there(replica):
            yield _READS[option], _place(spec, replica.region)


def _removing(spec: TableSpec, name: str) -> Iterator[tuple[str, str]]:
    kind, region, option = name_parts(name)
    gone = ("DeleteTable", "DeleteTableReplica") if kind == "replica" else ()
    for action in (_READS[option], _SETS[option]) if option in _SETS else gone:
        yield action, _place(spec, region)


def regional_actions(spec: TableSpec, what: str) -> Iterator[tuple[str, str]]:
    """Return what it takes in the regions of replicas to "read" or "set" them, or to remove one."""
    if what in ("read", "set"):
        yield from _READING_OR_SETTING[what](spec)
    else:
        yield from _removing(spec, what)


_READING_OR_SETTING = {"read": _reading, "set": _setting}
