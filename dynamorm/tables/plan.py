"""From what is declared and what is there to a plan: a pure function.

Nothing is removed that is not declared away or named in `allow`, and the service takes one kind of
change at a time: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from msgspec import UNSET, structs

from ..api.descriptions import TableDescription
from ..api.settings import Settings
from ..model.spec import TableSpec, changed
from ..operations.effects import Location
from .compare import Pair, pairs, unknowns, value_text
from .drift import setting_pairs
from .indexes import index_blocks, index_steps, undeclared_indexes
from .setting_steps import SETTING_STEPS, TABLE_STEPS, Change, foreign_tags, tag_steps
from .steps import Binding, Blocked, Plan, Step, Undeclared

ABSENT: dict[str, tuple[str, Any]] = {
    "stream": ("stream", None),
    "encryption": ("encryption", None),
    "deletion_protection": ("deletion_protection", False),
    "ttl": ("time_to_live", None),
    "point_in_time_recovery": ("point_in_time_recovery", False),
    "resource_policy": ("resource_policy", None),
}
"""What can be removed from a table: the field of the spec, and how its absence is declared."""


def make_plan(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    allow: tuple[str, ...] = (),
    location: Location = Location(),
) -> Plan:
    """Say what is to be done, what cannot be done, and what is left alone."""
    table = _without_leaving_indexes(table)
    asked = _removals(allow, spec, table, settings)
    wanted = _with_absences(spec, asked)
    differing = _differing(wanted, table, settings)
    blocked = [*_key_blocks(differing), *index_blocks(wanted, table, differing, asked)]
    return Plan(
        table=spec.name,
        steps=tuple(_steps(wanted, table, settings, differing, blocked, asked)),
        undeclared=tuple(_undeclared(spec, table, settings, asked)),
        blocked=tuple(blocked),
        unsupported=settings.unsupported,
        spec=spec,
        allow=allow,
        unknown=unknowns(spec, table),
        bound_to=Binding.to(table, location),
    )


def different(
    spec: TableSpec, table: TableDescription, settings: Settings, allow: tuple[str, ...]
) -> frozenset[str]:
    """Name all that differs, be there a step for it or not."""
    table = _without_leaving_indexes(table)
    wanted = _with_absences(spec, _removals(allow, spec, table, settings))
    return frozenset(name for name, _, _ in _differing(wanted, table, settings))


def _differing(spec: TableSpec, table: TableDescription, settings: Settings) -> list[Pair]:
    every = (*pairs(spec, table), *setting_pairs(spec, settings, table))
    return [(name, declared, found) for name, declared, found in every if declared != found]


def _without_leaving_indexes(table: TableDescription) -> TableDescription:
    staying = (i for i in table.global_secondary_indexes if i.index_status != "DELETING")
    return structs.replace(table, global_secondary_indexes=tuple(staying))


def _removals(
    allow: tuple[str, ...], spec: TableSpec, table: TableDescription, settings: Settings
) -> frozenset[str]:
    """Name what `allow` asks to remove, should the model not declare it.

    Wildcards stand for what can be removed. To name the attribute is to ask for the end of its
    TTL; the bare "ttl" only consents to turning TTL on.
    """
    asked = set(allow) - {"ttl"}
    ttl = settings.time_to_live
    if ttl is not UNSET and f"ttl:{ttl.attribute}" in allow:
        asked.add("ttl")
    if "index:*" in allow:
        asked |= {f"index:{index.index_name}" for index in table.global_secondary_indexes}
    if "tag:*" in allow:
        asked |= {f"tag:{key}" for key, _ in foreign_tags(spec, settings)}
    return frozenset(asked)


def _with_absences(spec: TableSpec, asked: Collection[str]) -> TableSpec:
    """Declare the absence of what is to be removed and is not declared."""
    absent = [ABSENT[name] for name in ABSENT if name in asked]
    # What `extra` says is not compared; beside an option of the same meaning it would be refused.
    return changed(
        spec,
        extra=UNSET,
        **{field: value for field, value in absent if getattr(spec, field) is UNSET},
    )


def _key_blocks(differing: list[Pair]) -> list[Blocked]:
    remedy = "a key cannot be changed: make a new table and copy the items into it"
    return [
        Blocked(name, value_text(declared), value_text(found), remedy)
        for name, declared, found in differing
        if name == "key"
    ]


def _undeclared(
    spec: TableSpec, table: TableDescription, settings: Settings, asked: Collection[str]
) -> Iterator[Undeclared]:
    yield from undeclared_indexes(spec, table, asked)
    for name, _, found in _differing(_with_absences(spec, ABSENT), table, settings):
        silent = name in ABSENT and getattr(spec, ABSENT[name][0]) is UNSET
        if silent and name not in asked:
            yield Undeclared(f"ttl:{found}" if name == "ttl" else name, value_text(found))
    for key, found in foreign_tags(spec, settings):
        if f"tag:{key}" not in asked:
            yield Undeclared(f"tag:{key}", found)


def _steps(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    differing: list[Pair],
    blocked: list[Blocked],
    asked: Collection[str],
) -> Iterator[Step]:
    changes = [Change(*pair, spec, table, settings) for pair in differing]
    for change in changes:
        if change.name in TABLE_STEPS:
            yield from TABLE_STEPS[change.name](change)
    yield from index_steps(spec, table, differing, {item.name for item in blocked}, asked)
    for change in changes:
        if change.name in SETTING_STEPS:
            yield from SETTING_STEPS[change.name](change)
    yield from tag_steps(spec, table, settings, changes, asked)
