"""Creates a table that is missing, and gives it what CreateTable cannot carry: no other is changed.

Each step is sent until it is taken, as long as what is in the way can pass.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from .. import errors, requests
from ..api import TableDescription, settings
from ..api.tables import CreateTableOutput, UpdateTableOutput
from ..errors import ServiceError
from ..model.declare import Model, table_spec
from ..model.options import check_flags
from ..model.spec import TableSpec
from ..operations import Steps, call, now, operation, wall_time
from ..operations.waiting import Deadline, passes, pause, polling, when_free, within
from . import find_table
from .compare import Pending, differences
from .regions import in_region, refuse_creation
from .settings import SETTINGS, first_steps, setting_of, steps_of, survey
from .steps import UNKNOWN, Step
from .tags_and_policies import NO_POLICY
from .waits import MISSING_GRACE, look_until_active, until_active

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions

SKEW = 60.0
"""Seconds by which the service's clock and ours may differ."""


@operation
def create_table(
    model: Model,
    *,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    **options: Unpack[TableOptions],
) -> Steps[TableDescription]:
    """Create a table and wait until it and all its indexes are ACTIVE.

    Sends one CreateTable and, unless `wait` is off, DescribeTable until the table is ready; then it
    turns on a declared TTL and point-in-time recovery. `timeout` is in seconds, for all of it.
    Raises `ModelError` before anything is sent, and `Refused` for TTL or recovery with `wait` off,
    which would never be turned on; `TableExists` for an existing table, `WaitTimeout`,
    `TableFailed`.
    """
    check_flags(wait=wait)
    spec = table_spec(model, name=name, **options)
    # Declared to be absent is nothing to set: a new table has none of them.
    late = (row for row in SETTINGS.values() if not row.with_create)
    later = [row.field or row.name for row in late if row.declared(spec)]
    if later and not wait:
        names = " or ".join(later)
        reason = f"CreateTable cannot carry {names}, and with wait=False nobody sets it"
        advice = "wait, or use ensure_table, then update_table"
        raise errors.Refused((f"{reason}: {advice} - at {spec.name}",))

    def make(deadline: Deadline) -> Steps[TableDescription]:
        made = yield from create(spec, deadline)
        if not wait:
            return made
        ready = yield from until_active(spec.name, deadline, made)
        ready, _ = yield from finish(spec, ready, deadline, strict=True)
        return ready

    return (yield from within(timeout, make))


def create(spec: TableSpec, deadline: Deadline) -> Steps[TableDescription]:
    """Send CreateTable; wait for a place where too many tables are being made at once."""
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
    except errors.TableExists as error:
        # Every attempt was answered: somebody else's table was there before.
        if not error.maybe_applied:
            raise
        exists = error
    # An attempt of ours may have made it, or have come too late: the table itself has to tell.
    found = yield from _find_any(spec, deadline, exists)
    if _is_own(spec, found, begun) and shows(found):
        return found
    raise exists


def _find_any(
    spec: TableSpec, deadline: Deadline, exists: errors.TableExists
) -> Steps[TableDescription]:
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


def finish(
    spec: TableSpec,
    table: TableDescription,
    deadline: Deadline,
    *,
    wait: bool = True,
    strict: bool = False,
) -> Steps[tuple[TableDescription, tuple[Pending, ...]]]:
    """Set what is declared on a table that this run has made.

    Returns the table as it is then, and what could not be done yet, which is raised where `strict`;
    always raises what neither time nor another endpoint helps, such as a missing permission.
    """
    if table.table_status == "CREATING":
        return table, in_the_making(spec, table)
    left = []
    for step in first_steps(spec, table):
        try:
            table = yield from _settle(step, spec, table, deadline, wait=wait)
        except ServiceError as error:
            if strict:
                raise
            # Without waiting, DescribeTable and its like may not see a table of this moment yet.
            unseen = not wait and isinstance(error, errors.TableNotFound)
            left.append(Pending(step.name, error.text) if unseen else pending(step.name, error))
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
        if not isinstance(trouble, errors.ValidationFailed) and trouble.code != NO_POLICY:
            return True
        row = SETTINGS[setting_of(step.name)]
        found = table
        if step.operation == "UpdateTable":
            found = yield from look_until_active(spec.name, deadline)
        read = yield from survey(spec, found, [row.name] if row.read else [])
        return step in steps_of(row, spec, found, read.answers.get(row.name))

    reply = yield from insist(step, deadline, needed, patient=wait)
    if not isinstance(reply, UpdateTableOutput) or step.region or not wait:
        return table
    # The next step may be about what this one makes, as a replica is.
    return (yield from until_active(spec.name, deadline, reply.table_description))


def pending(name: str, error: ServiceError) -> Pending:
    """Say what is left undone for now; raise the error where time alone does not help."""
    # The service's words for TTL that was changed within the hour; there is no code for it.
    if isinstance(error, errors.ValidationFailed) and "fixed interval" in error.message:
        return Pending(name, error.text, SETTINGS[setting_of(name)].interval)
    # A model may declare more than an emulator knows: its tables are made all the same.
    if isinstance(error, errors.UnsupportedOperation):
        return Pending(name, UNKNOWN)
    if passes(error):
        return Pending(name, error.text)
    raise error


LOOKS = 6
"""How often, a second apart or more, a table is looked at again before a refusal counts.

DescribeTable reads stale: "wait for a few seconds".
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
"""

BUSY = 20
"""How often a table that is said to be ACTIVE may still be busy."""

MISSING = 10
"""How often a table that exists may be missing: about half a minute, as in other waits."""


def insist(
    step: Step,
    deadline: Deadline,
    needed: Callable[[ServiceError], Steps[bool]],
    *,
    patient: bool = True,
) -> Steps[Any]:
    """Send a step and return the answer; `None` where it turned out not to be needed any more.

    After each refusal `needed` looks at the table again, and may raise that the step is no longer
    what was shown. Raises the refusal that stays; at once, unless `patient`.
    """
    # The answer's members are read, though nobody uses them: without them it is no answer.
    reply = getattr(settings, f"{step.operation}Output", settings.NoOutput)
    if step.operation == "UpdateTable":
        reply = UpdateTableOutput
    schedule = polling()
    refusals = 0
    before: type[ServiceError] | None = None
    while True:
        try:
            sending = call(step.operation, step.payload, reply)
            if step.region:
                sending = in_region(sending, step.region)
            return (yield from sending)
        except ServiceError as error:
            trouble = error
        # Only refusals of one kind in a row count: a busy table takes nothing from stale reads.
        refusals = refusals + 1 if type(trouble) is before else 1
        before = type(trouble)
        patience = _patience(trouble) if patient else 0
        if refusals <= patience and not (yield from pause(schedule, deadline)):
            raise trouble
        # A refusal that no wait explains may still be about what somebody else has just done.
        looks = refusals <= patience or (
            not patience and isinstance(trouble, errors.ValidationFailed)
        )
        if looks and not (yield from needed(trouble)):
            return None
        if refusals > patience:
            raise trouble


def _patience(error: ServiceError) -> float:
    """Return how many refusals of this kind in a row may be waited out."""
    if isinstance(error, errors.TableBusy):
        return BUSY
    # The table is there, or this would be no step about it: this read, or write, was stale.
    if isinstance(error, errors.TableNotFound):
        return MISSING
    if error.code == NO_POLICY:  # of this revision: another look says what is there now
        return LOOKS
    if isinstance(error, errors.ValidationFailed):
        # Said as long as a Kinesis stream is being turned on or off, before another change of it:
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/707
        if "not in a valid state" in error.message:
            return BUSY
        # Then the table may be as it should be, and only be read stale.
        is_done = any(words in error.message.lower() for words in _DONE)
        return LOOKS if error.maybe_applied or is_done else 0
    return inf if passes(error) else 0


_DONE = ("already", "will not change", "equals the current", "no stream")
"""What the service says where a table is as the request would have it; there is no code for it."""
