"""Creates a table that is missing, and completes what it has created: nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable

from .. import requests
from ..api import TableDescription
from ..api.tables import CreateTableOutput
from ..errors import Refused, TableExists
from ..model.spec import TableSpec
from ..operations import Steps, now, wall_time
from ..operations.waiting import Deadline, pause, polling, when_free
from . import find_table
from .compare import differences
from .settings import SETTINGS
from .waits import MISSING_GRACE, until_active

SKEW = 60.0
"""Seconds by which the service's clock and ours may differ."""


def create_whole(spec: TableSpec, deadline: Deadline, wait: bool) -> Steps[TableDescription]:
    """Create a table with all that is declared."""
    # Declared to be absent is nothing to set: a new table has none of them.
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

        ready = yield from finish_all(spec, ready, deadline)
    return ready


def create(spec: TableSpec, deadline: Deadline) -> Steps[TableDescription]:
    """Send CreateTable; wait for a place where too many tables are being made at once."""
    if spec.replicas:
        from .regions import refuse_creation

        yield from refuse_creation(spec)
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
    # CreationDateTime is of the time of day, and so is what it is compared with.
    begun = yield from wall_time()
    try:
        return (yield from sending).table_description
    except TableExists as error:
        # Every attempt was answered: somebody else's table was there before.
        if not error.maybe_applied:
            raise
        exists = error
    # An attempt of ours may have made it, or have come too late: the table itself has to tell.
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
    # A table of a moment ago may be missing, as in every wait for one; but no longer than asked.
    grace = Deadline(moment, min(MISSING_GRACE, deadline.timeout - deadline.waited(moment)))
    while True:
        found = yield from find_table(spec.name)
        if found is not None and found.table_status != "DELETING":
            return found
        if not (yield from pause(schedule, grace)):
            raise exists


def _is_own(spec: TableSpec, found: TableDescription, begun: float) -> bool:
    """Return whether an attempt of ours may have made the table: by its keys and its age."""
    # One that is older than this call is somebody else's, however alike it is.
    created = found.created
    if created is None or created < begun - SKEW:
        return False
    # No more than that: settings may still be coming, and others may have changed them by now.
    keys = {"key", *(f"index:{index.name}" for index in spec.indexes)}
    return keys.isdisjoint(difference.name for difference in differences(spec, found))
