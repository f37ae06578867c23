"""What to do about each setting that differs: the steps of one change, in order.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from msgspec import Struct, structs

from .. import requests
from ..api import Request
from ..api.descriptions import TableDescription
from ..api.settings import Settings
from ..model.options import Index, OnDemand, Provisioned
from ..model.spec import TableSpec
from .compare import limits, value_text
from .indexes import raised
from .steps import Kind, Step, plain

TTL_INTERVAL = 3600.0
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""


class Change(Struct, frozen=True):
    """One difference, with all that the steps to end it depend on."""

    name: str
    declared: Any
    found: Any
    spec: TableSpec
    table: TableDescription
    settings: Settings

    def update(self, kind: Kind, change: str, found: Any, declared: Any, **members: Any) -> Step:
        request = requests.update_table(self.table.table_name, **members)
        until = "waits until ACTIVE"
        return self.step("UpdateTable", request, kind, change, found, declared, until=until)

    def step(
        self,
        operation: str,
        request: Request,
        kind: Kind,
        change: str,
        found: Any,
        declared: Any,
        **more: Any,
    ) -> Step:
        facts = (value(declared), value(found))
        return Step(self.name, kind, change, operation, plain(request), *facts, **more)

    @property
    def arn(self) -> str:
        return self.table.table_arn or ""

    @property
    def kind(self) -> Kind:
        """Turning something off is destructive, all else is safe."""
        return "safe" if self.declared else "destructive"

    def __str__(self) -> str:
        return f"{value_text(self.found)} -> {value_text(self.declared)}"


def value(fact: Any) -> Any:
    """Return what was declared or found as JSON can hold it."""
    return fact if isinstance(fact, str | int | None) else value_text(fact)


def _billing(change: Change) -> Iterator[Step]:
    declared, on_demand = change.declared, change.table.billing_mode == "PAY_PER_REQUEST"
    found = change.found
    if isinstance(declared, Provisioned) and on_demand:
        own = {index.name: index.throughput for index in change.spec.indexes}
        names = [index.index_name for index in change.table.global_secondary_indexes]
        update = [Index(name, throughput=own.get(name) or declared) for name in names]
        yield change.update("safe", str(change), found, declared, billing=declared, update=update)
    elif isinstance(declared, Provisioned):
        yield change.update("safe", str(change), found, declared, throughput=declared)
    elif on_demand:
        yield change.update("safe", str(change), found, declared, on_demand=declared)
    else:
        switched = OnDemand()
        text = f"{found} -> {switched}"
        yield change.update("safe", text, found, switched, billing=switched)
        # The table has no maxima then, of those that are declared.
        unlimited = limits(declared, None)
        if declared != unlimited:
            text = f"{unlimited} -> {declared}"
            yield change.update("safe", text, unlimited, declared, on_demand=declared)


def _stream(change: Change) -> Iterator[Step]:
    # The view type of a stream cannot be changed: turn it off, wait, and turn another one on.
    declared, found = change.declared, change.found
    if found:
        yield change.update("destructive", f"turn {found} off", found, None, stream=None)
    if declared:
        yield change.update("safe", f"turn {declared} on", None, declared, stream=declared)


def _member(change: Change) -> Iterator[Step]:
    member = {change.name: change.declared}
    yield change.update(change.kind, str(change), change.found, change.declared, **member)


def _warm(change: Change) -> Iterator[Step]:
    warm = raised(change.declared, change.found)
    yield change.update("safe", str(change), change.found, change.declared, warm=warm)


def _ttl(change: Change) -> Iterator[Step]:
    """Yield the steps for TTL: turning it on deletes items, turning it off stops that."""
    name, declared, found = change.table.table_name, change.declared, change.found
    ttl = change.settings.time_to_live
    after = TTL_INTERVAL if ttl and ttl.time_to_live_status == "DISABLING" else 0.0
    if found:
        off = requests.update_time_to_live(name, found, enabled=False)
        leaving = structs.replace(change, name=f"ttl:{found}")
        text = f"turn TTL off, attribute {found}"
        yield leaving.step("UpdateTimeToLive", off, "destructive", text, found, None)
        after = TTL_INTERVAL
    if declared:
        on = requests.update_time_to_live(name, declared)
        text = f"turn TTL on, attribute {declared}"
        when = {"until": "an hour later, in another run", "after": after} if after else {}
        yield change.step("UpdateTimeToLive", on, "destructive", text, None, declared, **when)


def _recovery(change: Change) -> Iterator[Step]:
    declared, found = change.declared, change.found
    days = None if isinstance(declared, bool) else declared
    request = requests.update_continuous_backups(
        change.table.table_name, enabled=bool(declared), days=days
    )
    # Fewer days end the recovery to any moment before them.
    kind: Kind = "destructive" if declared < found else "safe"
    yield change.step("UpdateContinuousBackups", request, kind, str(change), found, declared)


def _policy(change: Change) -> Iterator[Step]:
    declared, found = change.declared, change.found
    facts = (found, declared)
    if declared is None:
        delete = requests.delete_resource_policy(change.arn)
        text = "delete the policy"
        yield change.step("DeleteResourcePolicy", delete, "destructive", text, *facts)
    else:
        put = requests.put_resource_policy(change.arn, declared)
        kind: Kind = "safe" if found is None else "destructive"
        text = "replace the policy by the declared one" if found else "put the declared policy"
        yield change.step("PutResourcePolicy", put, kind, text, *facts)


def tag_steps(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    changes: list[Change],
    asked: Collection[str],
) -> Iterator[Step]:
    """Set all declared tags in one request, and remove those that are named, one by one."""
    arn = table.table_arn or ""
    tags = {c.name.removeprefix("tag:"): c for c in changes if c.name.startswith("tag:")}
    if tags:
        wanted = {key: change.declared for key, change in tags.items()}
        there = {key: change.found for key, change in tags.items()}
        text = ", ".join(f"{key}={declared}" for key, declared in wanted.items())
        body = plain(requests.tag_resource(arn, wanted))
        yield Step("tags", "safe", text, "TagResource", body, wanted, there)
    for key, found in foreign_tags(spec, settings):
        if f"tag:{key}" in asked:
            body = plain(requests.untag_resource(arn, [key]))
            text = f"remove {found!r}"
            yield Step(f"tag:{key}", "destructive", text, "UntagResource", body, None, found)


def foreign_tags(spec: TableSpec, settings: Settings) -> Iterator[tuple[str, str]]:
    """Name the tags that are not declared, each with its value."""
    for key, found in (settings.tags or {}).items():
        # Tags of AWS's own cannot be removed by anybody.
        if key not in (spec.tags or {}) and not key.startswith("aws:"):
            yield key, found


TABLE_STEPS: dict[str, Callable[[Change], Iterator[Step]]] = {
    "billing": _billing,
    "stream": _stream,
    "encryption": _member,
    "table_class": _member,
    "deletion_protection": _member,
    "warm": _warm,
}

SETTING_STEPS: dict[str, Callable[[Change], Iterator[Step]]] = {
    "ttl": _ttl,
    "point_in_time_recovery": _recovery,
    "resource_policy": _policy,
}
