"""Sends the request of a step until it is taken, as long as what is in the way can pass."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from ..api import settings
from ..api.tables import UpdateTableOutput
from ..errors import ServiceError, TableBusy, TableNotFound, ValidationFailed
from ..operations import Steps, call
from ..operations.waiting import Deadline, passes, pause, polling
from .settings import NO_POLICY
from .steps import Step

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
                from .regions import in_region

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
        looks = refusals <= patience or (not patience and isinstance(trouble, ValidationFailed))
        if looks and not (yield from needed(trouble)):
            return None
        if refusals > patience:
            raise trouble


def _patience(error: ServiceError) -> float:
    """Return how many refusals of this kind in a row may be waited out."""
    if isinstance(error, TableBusy):
        return BUSY
    # The table is there, or this would be no step about it: this read, or write, was stale.
    if isinstance(error, TableNotFound):
        return MISSING
    if error.code == NO_POLICY:  # of this revision: another look says what is there now
        return LOOKS
    if isinstance(error, ValidationFailed):
        # Said as long as a Kinesis stream is being turned on or off, before another change of it:
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/707
        if "not in a valid state" in error.message:
            return BUSY
        return LOOKS if error.maybe_applied or _is_done_already(error.message) else 0
    return inf if passes(error) else 0


def _is_done_already(message: str) -> bool:
    """Return whether the table may be as it should be, and only be read stale."""
    return any(words in message.lower() for words in _DONE)


_DONE = ("already", "will not change", "equals the current", "no stream")
"""What the service says where a table is as the request would have it; there is no code for it."""
