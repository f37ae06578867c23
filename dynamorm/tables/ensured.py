"""Finds a table or creates it; an existing table is compared, and never changed."""

from __future__ import annotations

from .. import errors
from ..api.descriptions import TableDescription
from ..model import Readable
from ..model.spec import TableSpec, declares_settings
from ..operations.effects import Steps
from ..operations.waiters import find_table, until_active, until_gone
from ..operations.waiting import Deadline, pause, polling
from .compare import Difference, Pending, differences, drift


class Ensured(Readable, frozen=True):
    """What `ensure_table` found or made."""

    created: bool
    """Whether this call created the table."""
    table: TableDescription
    drift: tuple[Difference, ...]
    """How a table that was there already differs from what is declared; left as it is."""
    pending: tuple[Pending, ...] = ()
    """Declared settings that could not be set or compared yet; `update_table` does it later."""

    def __str__(self) -> str:
        found = ("differs" if self.drift else "as declared") if not self.created else "created"
        left = (f"pending {item.name}: {item.reason}" for item in self.pending)
        return "\n  ".join((f"{self.table.table_name}: {found}", *map(str, self.drift), *left))


def find_or_create(spec: TableSpec, deadline: Deadline) -> Steps[Ensured]:
    """Find a table, or create it if the service says that there is none."""
    schedule = polling()
    while True:
        found = yield from find_table(spec.name)
        if found is not None and found.table_status != "DELETING":
            return Ensured(False, found, differences(spec, found))
        try:
            # Before Python 3.12, tracing loses what follows a program that has caught an error.
            if found is not None:  # pragma: no branch
                yield from until_gone(spec.name, deadline, found)
            from .create import create

            return Ensured(True, (yield from create(spec, deadline)), ())
        except errors.TableExists:
            # Another process was faster, or what DescribeTable answered was stale.
            if not (yield from pause(schedule, deadline)):
                raise


def finish(
    spec: TableSpec, begun: Ensured, deadline: Deadline, wait: bool, at_once: bool = False
) -> Steps[Ensured]:
    """Wait for a table, set what is declared if it is new, and otherwise compare it."""
    ready = begun.table
    if wait:
        ready = yield from until_active(spec.name, deadline, begun.table, at_once=at_once)
    if not _declares_read(spec):
        return Ensured(begun.created, ready, () if begun.created else drift(spec, ready))
    from . import settle as settling

    # Only what this call has created is set; of another one's table it is only said.
    if begun.created:
        ready, left = yield from settling.finish_possible(spec, ready, deadline, wait)
        return Ensured(True, ready, (), left)
    if ready.table_status == "CREATING":
        return Ensured(False, ready, drift(spec, ready), settling.in_the_making(spec, ready))
    making = begun.table.table_status == "CREATING"
    comparing = settling.compare(spec, ready, deadline, wait=wait, making=making)
    differing, left = yield from comparing
    return Ensured(False, ready, differing, left)


def _declares_read(spec: TableSpec) -> bool:
    """Return whether anything is declared that DescribeTable does not tell."""
    if not declares_settings(spec):
        return False
    # A table that declares no settings is ensured without importing what there is to know of them.
    from .settings import declared_settings

    return bool(declared_settings(spec))
