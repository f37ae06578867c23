"""The IAM actions for replicas, in their regions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2gt_IAM.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.spec import TableSpec
from .actions import REPLICATION, linked_role
from .regions import arn_in, declared_there
from .steps import name_parts

_ACTIONS = {
    "point_in_time_recovery": ("DescribeContinuousBackups", "UpdateContinuousBackups"),
    "deletion_protection": ("DescribeTable", "UpdateTable"),
    "tags": ("ListTagsOfResource", "TagResource"),
}
"""What reads and what sets an option of a replica in its own region."""


def regional_actions(spec: TableSpec, what: str) -> Iterator[tuple[str, str]]:
    """Yield what it takes in the regions of replicas to "read" or "set" them, or to remove one."""
    if what not in ("read", "set"):
        yield from _removing(spec, what)
        return
    for replica in spec.replicas or ():
        place = _place(spec, replica.region)
        if what == "set":
            for action in ("CreateTable", "CreateTableReplica", *REPLICATION):
                yield action, place
        for option in declared_there(replica):
            reads, sets = _ACTIONS[option]
            yield reads, place
            if what == "set":
                yield sets, place
    if what == "set":
        yield linked_role("replication", "Replication")


def _removing(spec: TableSpec, name: str) -> Iterator[tuple[str, str]]:
    kind, region, option = name_parts(name)
    gone = ("DeleteTable", "DeleteTableReplica") if kind == "replica" else ()
    for action in _ACTIONS.get(option, gone):
        yield action, _place(spec, region)


def _place(spec: TableSpec, region: str) -> str:
    if spec.name.startswith("arn:"):
        return arn_in(spec.name, region)
    return f"region:{region}:table/{spec.name}"
