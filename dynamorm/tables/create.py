"""Creates a table that is missing, and completes what it has created: nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable

from .. import requests
from ..api.descriptions import TableDescription
from ..api.tables import CreateTableOutput
from ..errors import Refused, TableExists
from ..model import Readable
from ..model.spec import TableSpec
from ..operations.effects import Steps, now, wall_time
from ..operations.waiters import MISSING_GRACE, find_table, until_active, until_gone
from ..operations.waiting import Deadline, pause, polling, when_free
from .compare import Difference, differences, drift
from .settings import SETTINGS, declared_settings
from .steps import Pending

SKEW = 60.0
"""Seconds by which the service's clock and ours may differ."""


class Ensured(Readable, frozen=True):
    """What `ensure_table` found or made."""

    created: bool
    """Whether this call created the table."""
    table: TableDescription
    drift: tuple[Difference, ...]
    """How a table that was there already differs from what is declared; left as it is."""
    pending: tuple[Pending, ...] = ()
    """What is declared and could not be done or compared yet; `update_table` does it later."""

    def __str__(self) -> str:
        found = ("differs" if self.drift else "as declared") if not self.created else "created"
        left = (f"pending {item.name}: {item.reason}" for item in self.pending)
        return "\n  ".join((f"{self.table.table_name}: {found}", *map(str, self.drift), *left))


def create_whole(spec: TableSpec, deadline: Deadline, wait: bool) -> Steps[TableDescription]:
    """Create a table with all that is declared."""
    late = (row for row in SETTINGS.values() if not row.with_create)
    later = [row.field or row.name for row in late if row.declared(spec)]
    if later and not wait:
        reason = (
            f"CreateTable cannot carry {' or '.join(later)}, and with wait=False nobody sets it"
        )
        raise Refused((f"{reason}: wait, or use ensure_table, then update_table - at {spec.name}",))
    made = yield from create(spec, deadline)
    if not wait:
        return made
    ready = yield from until_active(spec.name, deadline, made)
    if later:
        from .settle import finish_all

        yield from finish_all(spec, ready, deadline)
    return ready


def create(spec: TableSpec, deadline: Deadline) -> Steps[TableDescription]:
    """Send CreateTable; wait for a place where too many tables are being made at once."""
    sending = when_free("CreateTable", requests.create_table(spec), CreateTableOutput, deadline)
    return (yield from made_by(sending, spec, deadline))


def made_by(
    sending: Steps[CreateTableOutput],
    spec: TableSpec,
    deadline: Deadline,
    shows: Callable[[TableDescription], bool] = lambda _: True,
) -> Steps[TableDescription]:
    """Send the request that makes a table; find the table of `spec` if the answer was lost.

    `shows` says whether a table looks as this request makes it, besides its keys and its age.
    """
    begun = yield from wall_time()
    try:
        return (yield from sending).table_description
    except TableExists as error:
        if not error.maybe_applied:
            raise
        exists = error
    found = yield from _find_any(spec, deadline, exists)
    if _is_own(spec, found, begun) and shows(found):
        return found
    raise exists


def _find_any(spec: TableSpec, deadline: Deadline, exists: TableExists) -> Steps[TableDescription]:
    """Find what a lost attempt may have made: then it is the table that was asked for.

    One that is being deleted was there before, and may have been in the way of all attempts.
    """
    schedule = polling()
    moment = yield from now()
    grace = Deadline(moment, min(MISSING_GRACE, deadline.timeout - deadline.waited(moment)))
    while True:
        found = yield from find_table(spec.name)
        if found is not None and found.table_status != "DELETING":
            return found
        if not (yield from pause(schedule, grace)):
            raise exists


def _is_own(spec: TableSpec, found: TableDescription, begun: float) -> bool:
    """Return whether an attempt of ours may have made the table: by its keys and its age."""
    created = found.created
    if created is None or created < begun - SKEW:
        return False
    keys = {"key", *(f"index:{index.name}" for index in spec.indexes)}
    return keys.isdisjoint(difference.name for difference in differences(spec, found))


def find_or_create(spec: TableSpec, deadline: Deadline) -> Steps[Ensured]:
    """Find a table, or create it where the service says that there is none."""
    schedule = polling()
    while True:
        found = yield from find_table(spec.name)
        if found is not None and found.table_status != "DELETING":
            return Ensured(False, found, differences(spec, found))
        try:
            # Before Python 3.12, tracing loses what follows a program that has caught an error.
            if found is not None:  # pragma: no branch
                yield from until_gone(spec.name, deadline, found)
            return Ensured(True, (yield from create(spec, deadline)), ())
        except TableExists:
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
    if not declared_settings(spec):
        return Ensured(begun.created, ready, () if begun.created else drift(spec, ready))
    from . import settle as settling

    if begun.created:
        left = yield from settling.finish_possible(spec, ready, deadline, wait)
        return Ensured(True, ready, (), left)
    if ready.table_status == "CREATING":
        return Ensured(False, ready, drift(spec, ready), settling.in_the_making(spec, ready))
    making = begun.table.table_status == "CREATING"
    comparing = settling.compare(spec, ready, deadline, wait=wait, making=making)
    differing, left = yield from comparing
    return Ensured(False, ready, differing, left)
