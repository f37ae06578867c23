"""Drift as an error: which differences count, raised before anything is created."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from ..api.descriptions import TableDescription
from ..errors import Drifted
from ..model.spec import TableSpec
from ..operations.effects import Steps
from ..operations.waiters import find_table
from ..operations.waiting import Deadline
from .compare import Difference, differences
from .ensured import Ensured, finish
from .plan import make_plan
from .steps import Settings

Drift = tuple[Difference, ...]


def marked(spec: TableSpec, table: TableDescription, drift: Drift) -> Drift:
    """Say of each difference whether a living table cannot be given what is declared."""
    # What is blocked is told by DescribeTable alone: keys and indexes. No setting is read for it.
    blocked = {item.name for item in make_plan(spec, table, Settings()).blocked} if drift else ()
    return tuple(
        structs.replace(item, blocked=item.name.removesuffix(":kind") in blocked) for item in drift
    )


def mark(spec: TableSpec, ensured: Ensured) -> Ensured:
    """Return the same with its drift marked."""
    drift = marked(spec, ensured.table, ensured.drift)
    return structs.replace(ensured, drift=drift)


def compare_first(
    specs: Iterable[TableSpec], deadline: Deadline, wait: bool, on_drift: str
) -> Steps[dict[str, Ensured]]:
    """Compare all tables that are there, by their names; raise `Drifted` for what counts."""
    there = {}
    for spec in specs:
        found = yield from find_table(spec.name)
        # Before Python 3.12, tracing loses what follows a program that has caught an error.
        if found is not None and found.table_status != "DELETING":  # pragma: no branch
            begun = Ensured(False, found, differences(spec, found))
            there[spec.name] = mark(spec, (yield from finish(spec, begun, deadline, wait)))
    refuse_drifted(there.values(), on_drift)
    return there


def refuse_drifted(every: Iterable[Ensured], on_drift: str) -> None:
    """Raise `Drifted` for differences; with "raise-blocked" only for those that no update ends."""
    found = {
        ensured.table.table_name: tuple(
            item
            for item in ensured.drift
            if not item.unknown and (item.blocked or on_drift == "raise")
        )
        for ensured in every
    }
    if drifted := {name: drift for name, drift in found.items() if drift}:
        raise Drifted(drifted)
