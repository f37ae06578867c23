"""Compares tables with their models, and reads only: nothing here creates or changes one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from msgspec import UNSET

from ..api import TableDescription
from ..model import Readable, whole_name
from ..model.declare import Model, checked_specs
from ..model.options import check_flags
from ..model.spec import TableSpec
from ..operations import Steps, operation, wall_time, where
from ..operations.waiting import Deadline, pause, polling
from . import find_table, unready_indexes, unready_replicas
from .changes import TableComparison, marked
from .compare import Difference, Pending, differences, drift
from .create import in_the_making
from .settings import SETTINGS, checked_names, compared_settings, covers, setting_of, survey
from .steps import UNKNOWN, Settings, Undeclared
from .waits import look_until_active


class TableCheck(Readable, frozen=True):
    """How one table stands to its model."""

    table: str
    """The real name, prefix included."""
    missing: bool = False
    """Whether there is no such table, or one that is being deleted."""
    drift: tuple[Difference, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    """What the table has and the model does not mention, as far as it was read."""
    pending: tuple[Pending, ...] = ()
    """What cannot be compared, or is not ready yet."""

    def __bool__(self) -> bool:
        return not (self.missing or self.pending or any(not item.unknown for item in self.drift))

    def __str__(self) -> str:
        found = "missing" if self.missing else "as declared" if self else "not as declared"
        lines = [str(item) for item in self.drift]
        lines += (f"{item.name}: undeclared, found {item.found}" for item in self.undeclared)
        lines += (f"{item.name}: pending, {item.reason}" for item in self.pending)
        return "\n  ".join((f"{self.table}: {found}", *lines))


class Checked(Readable, frozen=True):
    """What `check` found; true if all is as declared, and nothing undeclared where `strict`."""

    tables: tuple[TableCheck, ...]
    strict: bool = False

    def __bool__(self) -> bool:
        return all(self.tables) and not (self.strict and any(t.undeclared for t in self.tables))

    def __str__(self) -> str:
        return "\n".join(map(str, self.tables))


@operation
def check(*models: Model, strict: bool = False, only: Collection[str] = ()) -> Steps[Checked]:
    """Compare tables with their models; create and change nothing.

    Sends for each one DescribeTable, and a read for each of TTL, point-in-time recovery, tags and
    policy that is declared, or for all of them if `strict`. What a model does not declare makes the
    result false only if `strict`. `only` restricts the comparison to settings, indexes and tags by
    the names of their steps. What cannot be compared, such as the alias of a key, is in
    `drift` with its reason in `unknown`, and does not make it false. Raises `ModelError` before
    anything is sent, and `AccessDenied` for what the caller may not read.
    """
    check_flags(strict=strict)
    names = checked_names(only, "only")
    specs = checked_specs(models)
    tables = []
    for spec in specs:
        tables.append((yield from _check(spec, strict, names)))  # noqa: PERF401 - yields
    return Checked(tuple(tables), strict)


def _check(spec: TableSpec, strict: bool, only: tuple[str, ...]) -> Steps[TableCheck]:
    """Compare one table; read more of it unless another process is still making it."""
    place = yield from where()
    name = whole_name(place.table_prefix, spec.name)
    table = yield from find_table(spec.name)
    if table is None or table.table_status == "DELETING":
        return TableCheck(name, missing=True)
    settings = Settings()
    # While a table is CREATING, its creator has yet to set what CreateTable cannot carry.
    if table.table_status != "CREATING":
        # As if all of it might be removed: so it is read, and shows what nobody has declared.
        wanted = compared_settings(spec, SETTINGS if strict else (), only)
        # What an endpoint does not know is pending, and no error: the rest can be compared.
        settings = yield from survey(spec, table, wanted, skip=True)
    found = tuple(item for item in drift(spec, table, settings) if covers(only, item.name))
    # What a plan would leave alone is what nobody has declared: one rule for both.
    undeclared = TableComparison(spec, table, settings, only=only).undeclared()
    pending = (item for item in _pending(spec, table, settings) if covers(only, item.name))
    return TableCheck(name, False, marked(spec, table, found), undeclared, tuple(pending))


def _pending(spec: TableSpec, table: TableDescription, settings: Settings) -> Iterator[Pending]:
    """Yield what is not ready, and keeps a table from being as declared."""
    # One that is ARCHIVED, or whose key is not accessible, has all its settings and serves nothing.
    if table.table_status not in ("ACTIVE", "UPDATING"):
        yield Pending("table", f"the table is {table.table_status}")
    for name, status in unready_indexes(table).items():
        yield Pending(f"index:{name}", f"the index is {status}")
    for region, status in unready_replicas(table).items():
        yield Pending(f"replica:{region}", f"the replica is {status}")
    yield from _untold(spec, table, settings)


YOUNG = 60.0
"""Seconds for which the creator of a table may still be setting what CreateTable cannot carry."""

YOUNG_LOOKS = {True: 10, False: 6}
"""How often a young table is read before it is said to differ: for half a minute if it was seen
CREATING, else for a quarter of one, or for seconds on this machine."""

_SECONDS_OLD = "the table is seconds old: its creator may still be setting this"


def compare(
    spec: TableSpec, table: TableDescription, deadline: Deadline, *, wait: bool, making: bool
) -> Steps[tuple[tuple[Difference, ...], tuple[Pending, ...]]]:
    """Say what differs in a table that was there, and what could not be compared.

    What another process may still be giving a young table is waited for first, or pending.
    `making` says that it was CREATING when it was found.
    """
    if table.table_status == "CREATING":
        return drift(spec, table), in_the_making(spec, table)
    settings = yield from _read(spec, table)
    # Of two processes that begin at once, one creates the table and the other finds it. What the
    # first has yet to set would be drift to the second.
    late = _late(spec, table, settings)
    if late and (making or (yield from _is_young(table))):
        if not wait:
            left = (Pending(name, _SECONDS_OLD) for name in late)
            return (), (*left, *_untold(spec, table, settings))
        schedule = islice(polling(), YOUNG_LOOKS[making])
        while _late(spec, table, settings) and (yield from pause(schedule, deadline)):
            # Replicas are told by DescribeTable; all else that comes late has reads of its own.
            if spec.replicas:
                table = yield from look_until_active(spec.name, deadline)
            settings = yield from _read(spec, table)
    return drift(spec, table, settings), tuple(_untold(spec, table, settings))


def _read(spec: TableSpec, table: TableDescription) -> Steps[Settings]:
    # What may not be read is pending, and no error: an application may have no more permissions
    # than its use of the table takes.
    wanted = compared_settings(spec)
    return (yield from survey(spec, table, wanted, skip=True, denied_ok=True))


def _late(spec: TableSpec, table: TableDescription, settings: Settings) -> dict[str, None]:
    """Name the settings that differ, unless the table itself is another one than is declared."""
    rows = (SETTINGS.get(setting_of(item.name)) for item in differences(spec, table))
    # What CreateTable makes, no creator changes afterwards.
    if any(row is None or row.with_create for row in rows):
        return {}
    late = (item for item in drift(spec, table, settings) if not item.unknown)
    return dict.fromkeys(setting_of(item.name) for item in late)


def _is_young(table: TableDescription) -> Steps[bool]:
    created = table.created
    moment = yield from wall_time()
    # By two clocks, so that a table may seem to be made a moment from now.
    return created is not None and abs(moment - created) < YOUNG


def _untold(spec: TableSpec, table: TableDescription, settings: Settings) -> Iterator[Pending]:
    """Yield what could not be compared: what the endpoint does not know, or the caller not read."""
    for name in settings.unsupported:
        # There is nothing to compare with a setting that is not declared.
        if SETTINGS[name].declared(spec) is not UNSET:
            yield Pending(name, UNKNOWN)
    for name, action in settings.denied.items():
        reason = f"it may not be read: allow dynamodb:{action} on {table.table_name}"
        # What DescribeTable does not tell of replicas was asked of their regions.
        reason += " in the regions of its replicas" * SETTINGS[name].told
        yield Pending(name, reason, action=f"dynamodb:{action}")
