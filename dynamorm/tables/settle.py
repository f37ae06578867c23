"""Sets and compares what has requests of its own, on tables that are new: TTL, PITR, tags, policy.

A table that another process has created is never set here, only waited for.
"""

from __future__ import annotations

from ..api import TableDescription
from ..api.tables import UpdateTableOutput
from ..errors import ServiceError, TableNotFound, UnsupportedOperation, ValidationFailed
from ..model.spec import TableSpec
from ..operations import Steps, wall_time
from ..operations.waiting import Deadline, passes, pause, polling
from . import find_table
from .compare import Difference, Pending, differences, drift
from .insist import insist
from .plan import first_steps, steps_of
from .selection import compared_settings
from .settings import SETTINGS, setting_of
from .steps import UNKNOWN, Settings, Step
from .survey import survey
from .waits import until_active

YOUNG = 60.0
"""Seconds for which the creator of a table may still be setting what CreateTable cannot carry."""

YOUNG_LOOKS = {True: 10, False: 6}
"""How often a young table is read before it is said to differ: for half a minute if it was seen
CREATING, else for a quarter of one, or for seconds on this machine."""

_SECONDS_OLD = "the table is seconds old: its creator may still be setting this"


def finish_all(
    spec: TableSpec, table: TableDescription, deadline: Deadline
) -> Steps[TableDescription]:
    """Set what is declared on a table that this run has made; raise what could not be done.

    Returns the table as it is then.
    """
    for step in first_steps(spec, table):
        table = yield from _settle(step, spec, table, deadline)
    return table


def finish_possible(
    spec: TableSpec, table: TableDescription, deadline: Deadline, wait: bool
) -> Steps[tuple[TableDescription, tuple[Pending, ...]]]:
    """Set what can be set now; return the table, and what could not be done yet, and why.

    Raises what neither time nor another endpoint helps, such as a missing permission.
    """
    if table.table_status == "CREATING":
        return table, in_the_making(spec, table)
    left = []
    for step in first_steps(spec, table):
        try:
            table = yield from _settle(step, spec, table, deadline, wait=wait)
        # Without waiting, DescribeTable and its like may not see a table of this moment yet.
        except TableNotFound as error:
            if wait:
                raise
            left.append(Pending(step.name, error.text))
        except ServiceError as error:
            left.append(pending(step.name, error))
    return table, tuple(left)


def in_the_making(spec: TableSpec, table: TableDescription) -> tuple[Pending, ...]:
    """Say what is declared and cannot be set as long as the table is CREATING."""
    return tuple(Pending(s.name, "the table is CREATING") for s in first_steps(spec, table))


def _settle(
    step: Step, spec: TableSpec, table: TableDescription, deadline: Deadline, *, wait: bool = True
) -> Steps[TableDescription]:
    """Send a step on a new table until it is taken, and wait for what it begins."""

    def needed(trouble: ServiceError) -> Steps[bool]:
        """Return whether the step is still to be sent, now that an attempt has failed."""
        # Nobody else sets this table; but a lost attempt of our own may have done it.
        if not isinstance(trouble, ValidationFailed):
            return True
        row = SETTINGS[setting_of(step.name)]
        found = table
        if step.operation == "UpdateTable":
            found = yield from _ready(spec, deadline)
        read = yield from survey(spec, found, [row.name] if row.read else [])
        return step in steps_of(row, spec, found, read.answers.get(row.name))

    reply = yield from insist(step, deadline, needed, patient=wait)
    if not isinstance(reply, UpdateTableOutput) or step.region or not wait:
        return table
    # The next step may be about what this one makes, as a replica is.
    return (yield from until_active(spec.name, deadline, reply.table_description))


def _ready(spec: TableSpec, deadline: Deadline) -> Steps[TableDescription]:
    """Look at a table once more, and wait until it is ACTIVE."""
    found = yield from find_table(spec.name)
    return (yield from until_active(spec.name, deadline, found))


def pending(name: str, error: ServiceError) -> Pending:
    """Say what is left undone for now; raise the error where time alone does not help."""
    # The service's words for TTL that was changed within the hour; there is no code for it.
    if isinstance(error, ValidationFailed) and "fixed interval" in error.message:
        return Pending(name, error.text, SETTINGS[setting_of(name)].interval)
    # A model may declare more than an emulator knows: its tables are made all the same.
    if isinstance(error, UnsupportedOperation):
        return Pending(name, UNKNOWN)
    if passes(error):
        return Pending(name, error.text)
    raise error


def compare(
    spec: TableSpec, table: TableDescription, deadline: Deadline, *, wait: bool, making: bool
) -> Steps[tuple[tuple[Difference, ...], tuple[Pending, ...]]]:
    """Say what differs in a table that was there, and what could not be compared.

    What another process may still be giving a young table is waited for first, or pending.
    `making` says that it was CREATING when it was found.
    """
    settings = yield from _read(spec, table)
    # Of two processes that begin at once, one creates the table and the other finds it. What the
    # first has yet to set would be drift to the second.
    late = _late(spec, table, settings)
    if late and (making or (yield from _is_young(table))):
        if not wait:
            left = tuple(Pending(name, _SECONDS_OLD) for name in late)
            return (), left + _untold(table, settings)
        waiting = _outwait(spec, table, settings, deadline, YOUNG_LOOKS[making])
        table, settings = yield from waiting
    return drift(spec, table, settings), _untold(table, settings)


def _read(spec: TableSpec, table: TableDescription) -> Steps[Settings]:
    # What may not be read is pending, and no error: an application may have no more permissions
    # than its use of the table takes.
    wanted = compared_settings(spec)
    return (yield from survey(spec, table, wanted, skip=True, denied_ok=True))


def _late(spec: TableSpec, table: TableDescription, settings: Settings) -> dict[str, None]:
    """Name the settings that differ, unless the table itself is another one than is declared."""
    if any(_is_made(item.name) for item in differences(spec, table)):
        return {}
    late = (item for item in drift(spec, table, settings) if not item.unknown)
    return dict.fromkeys(setting_of(item.name) for item in late)


def _is_made(name: str) -> bool:
    """Return whether CreateTable makes what differs, which no creator changes afterwards."""
    row = SETTINGS.get(setting_of(name))
    return row is None or row.with_create


def _is_young(table: TableDescription) -> Steps[bool]:
    created = table.created
    moment = yield from wall_time()
    # By two clocks, so that a table may seem to be made a moment from now.
    return created is not None and abs(moment - created) < YOUNG


def _outwait(
    spec: TableSpec, table: TableDescription, settings: Settings, deadline: Deadline, looks: int
) -> Steps[tuple[TableDescription, Settings]]:
    """Read a young table again, until nothing is late or the looks are used up."""
    schedule = polling()
    while looks and _late(spec, table, settings) and (yield from pause(schedule, deadline)):
        # Replicas are told by DescribeTable; all else that comes late has reads of its own.
        if spec.replicas:
            table = yield from _ready(spec, deadline)
        settings = yield from _read(spec, table)
        looks -= 1
    return table, settings


def _untold(table: TableDescription, settings: Settings) -> tuple[Pending, ...]:
    """Say what could not be compared: what the endpoint does not know, or the caller not read."""
    unknown = (Pending(name, UNKNOWN) for name in settings.unsupported)
    denied = (
        Pending(
            name,
            f"it may not be read: allow dynamodb:{operation} on {table.table_name}"
            # What DescribeTable does not tell of replicas was asked of their regions.
            + " in the regions of its replicas" * SETTINGS[name].told,
            action=f"dynamodb:{operation}",
        )
        for name, operation in settings.denied.items()
    )
    return (*unknown, *denied)
