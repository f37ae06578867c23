"""Compares tables with their models, and reads only: nothing here creates or changes one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import UNSET

from ..api import TableDescription
from ..model import Readable, whole_name
from ..model.declare import Model
from ..model.options import check_flags
from ..model.spec import TableSpec
from ..operations import Steps, operation, where
from . import find_table, unready_indexes, unready_replicas
from .compare import Difference, Pending, drift
from .lifecycle import checked_specs
from .plan import TableComparison, marked
from .selection import checked_names, compared_settings, covers
from .settings import SETTINGS
from .steps import UNKNOWN, Settings, Undeclared
from .survey import survey


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
    """Yield what keeps a table from being as declared, and only has to be waited for."""
    if table.table_status == "CREATING":
        yield Pending("table", "the table is CREATING")
    for name, status in unready_indexes(table).items():
        yield Pending(f"index:{name}", f"the index is {status}")
    for region, status in unready_replicas(table).items():
        yield Pending(f"replica:{region}", f"the replica is {status}")
    for name in settings.unsupported:
        # There is nothing to compare with a setting that is not declared.
        if SETTINGS[name].declared(spec) is not UNSET:
            yield Pending(name, UNKNOWN)
