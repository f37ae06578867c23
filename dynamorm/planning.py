"""From what is declared and what is there to a plan: a pure function.

Nothing is removed that is not declared away or named in `allow`, and the service takes one kind of
change at a time: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET, Struct, structs

from . import requests
from .changes import Pair, pairs, value_text
from .drift import setting_pairs
from .facets import Settings
from .index_steps import index_blocks, index_steps, raised, undeclared_indexes
from .options import Index, OnDemand, Provisioned
from .plans import Blocked, Kind, Plan, Step, Undeclared
from .replies import TableDescription
from .spec import TableSpec, changed

__all__ = ["make_plan"]

TTL_INTERVAL = 3600.0
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""

ABSENT: dict[str, tuple[str, Any]] = {
    "stream": ("stream", None),
    "encryption": ("encryption", None),
    "deletion_protection": ("deletion_protection", False),
    "ttl": ("time_to_live", None),
    "point_in_time_recovery": ("point_in_time_recovery", False),
    "resource_policy": ("resource_policy", None),
}
"""What can be removed from a table: the field of the spec, and how its absence is declared."""


class Change(Struct, frozen=True):
    """One difference, with all that the steps to end it depend on."""

    name: str
    declared: Any
    found: Any
    spec: TableSpec
    table: TableDescription
    settings: Settings

    def update(self, kind: Kind, change: str, **members: Any) -> Step:
        payload = requests.update_table(self.spec.name, **members)
        return Step(self.name, kind, change, "UpdateTable", payload, "waits until ACTIVE")

    @property
    def arn(self) -> str:
        return self.table.table_arn or ""

    @property
    def kind(self) -> Kind:
        """Turning something off is destructive, all else is safe."""
        return "safe" if self.declared else "destructive"

    def __str__(self) -> str:
        return f"{value_text(self.found)} -> {value_text(self.declared)}"


def make_plan(
    spec: TableSpec, table: TableDescription, settings: Settings, allow: tuple[str, ...] = ()
) -> Plan:
    """Say what is to be done, what cannot be done, and what is left alone."""
    table = _without_leaving_indexes(table)
    wanted = _with_absences(spec, allow)
    differing = [pair for pair in _all_pairs(wanted, table, settings) if pair[1] != pair[2]]
    blocked = [*_key_blocks(differing), *index_blocks(wanted, table, differing, allow)]
    return Plan(
        table=spec.name,
        steps=tuple(_steps(wanted, table, settings, differing, blocked, allow)),
        undeclared=tuple(_undeclared(spec, table, settings, allow)),
        blocked=tuple(blocked),
        unsupported=settings.unsupported,
        spec=spec,
        allow=allow,
    )


def _all_pairs(spec: TableSpec, table: TableDescription, settings: Settings) -> Iterator[Pair]:
    yield from pairs(spec, table)
    yield from setting_pairs(spec, settings)


def _without_leaving_indexes(table: TableDescription) -> TableDescription:
    staying = (i for i in table.global_secondary_indexes if i.index_status != "DELETING")
    return structs.replace(table, global_secondary_indexes=tuple(staying))


def _with_absences(spec: TableSpec, allow: tuple[str, ...]) -> TableSpec:
    """Declare the absence of what may be removed and is not declared."""
    absent = (ABSENT[name] for name in allow if name in ABSENT)
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
    spec: TableSpec, table: TableDescription, settings: Settings, allow: tuple[str, ...]
) -> Iterator[Undeclared]:
    yield from undeclared_indexes(spec, table, allow)
    bare = _with_absences(spec, tuple(ABSENT))
    for name, declared, found in _all_pairs(bare, table, settings):
        silent = name in ABSENT and getattr(spec, ABSENT[name][0]) is UNSET
        if silent and name not in allow and declared != found:
            yield Undeclared(name, value_text(found))
    for key, value in _foreign_tags(spec, settings):
        if f"tag:{key}" not in allow:
            yield Undeclared(f"tag:{key}", value)


def _foreign_tags(spec: TableSpec, settings: Settings) -> Iterator[tuple[str, str]]:
    for key, value in (settings.tags or {}).items():
        # Tags of AWS's own cannot be removed by anybody.
        if key not in (spec.tags or {}) and not key.startswith("aws:"):
            yield key, value


def _steps(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    differing: list[Pair],
    blocked: list[Blocked],
    allow: tuple[str, ...],
) -> Iterator[Step]:
    changes = [Change(*pair, spec, table, settings) for pair in differing]
    for change in changes:
        if change.name in _TABLE_STEPS:
            yield from _TABLE_STEPS[change.name](change)
    yield from index_steps(spec, table, differing, {item.name for item in blocked}, allow)
    for change in changes:
        if change.name in _SETTING_STEPS:
            yield from _SETTING_STEPS[change.name](change)
    yield from _tag_steps(spec, table, settings, changes, allow)


def _billing(change: Change) -> Iterator[Step]:
    declared, on_demand = change.declared, change.table.billing_mode == "PAY_PER_REQUEST"
    if isinstance(declared, Provisioned) and on_demand:
        own = {index.name: index.throughput for index in change.spec.indexes}
        names = [index.index_name for index in change.table.global_secondary_indexes]
        update = [Index(name, throughput=own.get(name) or declared) for name in names]
        yield change.update("safe", str(change), billing=declared, update=update)
    elif isinstance(declared, Provisioned):
        yield change.update("safe", str(change), throughput=declared)
    elif on_demand:
        yield change.update("safe", str(change), on_demand=declared)
    else:
        yield change.update("safe", f"{change.found} -> OnDemand()", billing=OnDemand())
        if declared != OnDemand():
            yield change.update("safe", f"OnDemand() -> {declared}", on_demand=declared)


def _stream(change: Change) -> Iterator[Step]:
    # The view type of a stream cannot be changed: turn it off, wait, and turn another one on.
    if change.found:
        yield change.update("destructive", f"turn {change.found} off", stream=None)
    if change.declared:
        yield change.update("safe", f"turn {change.declared} on", stream=change.declared)


def _member(change: Change) -> Iterator[Step]:
    yield change.update(change.kind, str(change), **{change.name: change.declared})


def _warm(change: Change) -> Iterator[Step]:
    yield change.update("safe", str(change), warm=raised(change.declared, change.found))


def _ttl(change: Change) -> Iterator[Step]:
    ttl = change.settings.time_to_live
    after = TTL_INTERVAL if ttl and ttl.time_to_live_status == "DISABLING" else 0.0
    if change.found:
        payload = requests.update_time_to_live(change.spec.name, change.found, enabled=False)
        text = f"turn expiry by {change.found} off"
        yield Step(change.name, "destructive", text, "UpdateTimeToLive", payload)
        after = TTL_INTERVAL
    if change.declared:
        payload = requests.update_time_to_live(change.spec.name, change.declared)
        until = "an hour later, in another run" if after else "done at once"
        text = f"turn expiry by {change.declared} on"
        yield Step(change.name, "safe", text, "UpdateTimeToLive", payload, until, after)


def _recovery(change: Change) -> Iterator[Step]:
    days = None if isinstance(change.declared, bool) else change.declared
    payload = requests.update_continuous_backups(
        change.spec.name, enabled=bool(change.declared), days=days
    )
    # Fewer days end the recovery to any moment before them.
    kind: Kind = "destructive" if change.declared < change.found else "safe"
    yield Step(change.name, kind, str(change), "UpdateContinuousBackups", payload)


def _policy(change: Change) -> Iterator[Step]:
    if change.declared:
        put = requests.put_resource_policy(change.arn, change.declared)
        yield Step(change.name, "safe", "put the declared policy", "PutResourcePolicy", put)
    else:
        delete = requests.delete_resource_policy(change.arn)
        yield Step(change.name, "destructive", "delete the policy", "DeleteResourcePolicy", delete)


def _tag_steps(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    changes: list[Change],
    allow: tuple[str, ...],
) -> Iterator[Step]:
    arn = table.table_arn or ""
    tags = {c.name.removeprefix("tag:"): c.declared for c in changes if c.name.startswith("tag:")}
    if tags:
        text = ", ".join(f"{key}={value}" for key, value in tags.items())
        yield Step("tags", "safe", text, "TagResource", requests.tag_resource(arn, tags))
    for key, value in _foreign_tags(spec, settings):
        if f"tag:{key}" in allow:
            untag = requests.untag_resource(arn, [key])
            yield Step(f"tag:{key}", "destructive", f"remove {value!r}", "UntagResource", untag)


_TABLE_STEPS: dict[str, Callable[[Change], Iterator[Step]]] = {
    "billing": _billing,
    "stream": _stream,
    "encryption": _member,
    "table_class": _member,
    "deletion_protection": _member,
    "warm": _warm,
}
_SETTING_STEPS: dict[str, Callable[[Change], Iterator[Step]]] = {
    "ttl": _ttl,
    "point_in_time_recovery": _recovery,
    "resource_policy": _policy,
}
