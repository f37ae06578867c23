"""Sets what has a request of its own: expiry, recovery, tags, policy. Each step once, patiently."""

from __future__ import annotations

from typing import Any

from .changes import Difference, differences
from .drift import declared_settings, drift
from .effects import Steps, call
from .errors import (
    LimitExceeded,
    ServiceError,
    TableBusy,
    UnsupportedOperation,
    ValidationFailed,
)
from .facets import (
    ContinuousBackupsDescription,
    DeleteResourcePolicyOutput,
    NoOutput,
    PutResourcePolicyOutput,
    Settings,
    TimeToLiveDescription,
    UpdateContinuousBackupsOutput,
    UpdateTimeToLiveOutput,
)
from .planning import TTL_INTERVAL, make_plan
from .plans import Pending, Step
from .replies import TableDescription
from .spec import TableSpec
from .surveying import survey
from .waiting import Deadline, pause, polling

__all__ = ["complete", "finish", "finish_all", "passes", "pending", "setting_of", "settle"]

_REPLIES: dict[str, type[Any]] = {
    "DeleteResourcePolicy": DeleteResourcePolicyOutput,
    "PutResourcePolicy": PutResourcePolicyOutput,
    "TagResource": NoOutput,
    "UntagResource": NoOutput,
    "UpdateContinuousBackups": UpdateContinuousBackupsOutput,
    "UpdateTimeToLive": UpdateTimeToLiveOutput,
}

_NEW = Settings(
    time_to_live=TimeToLiveDescription("DISABLED"),
    point_in_time_recovery=ContinuousBackupsDescription("ENABLED"),
)
"""What a table has that has just been made; its tags and its policy came with CreateTable."""


_UNKNOWN = "this endpoint does not know it"


def finish_all(spec: TableSpec, table: TableDescription, deadline: Deadline) -> Steps[None]:
    """Set what is declared on a table that has just been made; raises what could not be done."""
    for step in _first_steps(spec, table):
        yield from settle(step, spec, table, deadline)


def finish(
    spec: TableSpec, table: TableDescription, deadline: Deadline
) -> Steps[tuple[Pending, ...]]:
    """Do the same; give what could not be done yet, with its reason."""
    left = []
    for step in _first_steps(spec, table):
        try:
            yield from settle(step, spec, table, deadline)
        except ServiceError as error:
            left.append(pending(step.name, error))
    return tuple(left)


def _first_steps(spec: TableSpec, table: TableDescription) -> list[Step]:
    return [step for step in make_plan(spec, table, _NEW).steps if step.operation in _REPLIES]


def complete(
    spec: TableSpec, table: TableDescription, deadline: Deadline, *, created: bool, making: bool
) -> Steps[tuple[tuple[Difference, ...], tuple[Pending, ...]]]:
    """Finish a table that was found in the making; say what differs in one that was there.

    A table in the making that is not the declared one is somebody else's, and left as it is.
    """
    left: tuple[Pending, ...]
    if table.table_status == "CREATING":
        steps = _first_steps(spec, table)
        left = tuple(Pending(step.name, "the table is CREATING") for step in steps)
        return () if created else differences(spec, table), left
    left = ()
    if created or (making and not differences(spec, table)):
        left = yield from finish(spec, table, deadline)
    if created:
        return (), left
    settings = yield from survey(spec.name, table, declared_settings(spec), skip=True)
    left += tuple(Pending(name, _UNKNOWN) for name in settings.unsupported)
    return drift(spec, table, settings), tuple({item.name: item for item in left}.values())


def settle(step: Step, spec: TableSpec, table: TableDescription, deadline: Deadline) -> Steps[None]:
    """Send a step's request until it is taken; one that is not needed any more is done too."""
    schedule = polling()
    while True:
        try:
            yield from call(step.operation, step.payload, _REPLIES[step.operation])
            return
        except ValidationFailed:
            # A lost attempt of our own may have done it, or another process.
            if (yield from _is_needed(step, spec, table)):
                raise
            return
        except ServiceError as error:
            if not passes(error) or not (yield from pause(schedule, deadline)):
                raise


def passes(error: ServiceError) -> bool:
    """Whether the same request will do when something else has ended."""
    if isinstance(error, LimitExceeded):
        return error.simultaneous
    return isinstance(error, TableBusy) or error.code == "ContinuousBackupsUnavailableException"


def pending(name: str, error: ServiceError) -> Pending:
    """Say what is left undone for now; raises the error where time alone does not help."""
    if isinstance(error, ValidationFailed) and "fixed interval" in error.message:
        return Pending(name, str(error), TTL_INTERVAL)
    if isinstance(error, UnsupportedOperation):
        return Pending(name, _UNKNOWN)
    if passes(error):
        return Pending(name, str(error))
    raise error


def setting_of(step: Step) -> str:
    """Name the setting that a step is about."""
    return "tags" if step.name.startswith("tag:") else step.name


def _is_needed(step: Step, spec: TableSpec, table: TableDescription) -> Steps[bool]:
    found = yield from survey(spec.name, table, [setting_of(step)])
    return step in make_plan(spec, table, found, (step.name,)).steps
