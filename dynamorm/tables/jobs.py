"""Watches what the service does on its own: a backup, an export, an import, a bulk put."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ..errors import TableFailed, TransferFailed, WaitTimeout
from ..operations import Steps
from ..operations.waiting import Deadline, look_again, polling


class Underway(Protocol):
    """Something that is under way at the service."""

    @property
    def arn(self) -> str: ...
    @property
    def status(self) -> str: ...


T = TypeVar("T")
J = TypeVar("J", bound=Underway)
Progress = Callable[[T], Any]
"""What is called with each description, the first and the last included."""

# Each kind of job has some of these; a status that nobody knows yet is waited out, not guessed.
_DONE = ("AVAILABLE", "COMPLETED", "COMPLETED_WITH_ERRORS")
_FAILED = ("CANCELLED", "FAILED")


def until_done(
    job: J,
    look: Callable[[str], Steps[J]],
    deadline: Deadline,
    *,
    wait: bool = True,
    progress: Progress[J] | None = None,
) -> Steps[J]:
    """Look at a job until it is done; errors that pass are waited out.

    `job` is the answer to the request that began it. With `wait` off, nothing is sent, and this is
    returned unless it has failed. Raises `TransferFailed` with the job, `WaitTimeout`.
    """
    schedule = polling()
    # The answer that began a job is its first description: with a small one nothing more is asked.
    while True:
        if progress is not None:
            progress(job)
        if job.status in _FAILED:
            raise TransferFailed(job)
        # A backup may be deleted while it is waited for.
        if job.status == "DELETED":
            raise TableFailed(job.arn, job.status)
        if job.status in _DONE or not wait:
            return job
        job = yield from _next(job, look, deadline, schedule)


def _next(job: J, look: Callable[[str], Steps[J]], deadline: Deadline, schedule: Any) -> Steps[J]:
    def late(waited: float) -> WaitTimeout:
        return WaitTimeout(job.arn, waited, job.status)

    return (yield from look_again(lambda: look(job.arn), schedule, deadline, late))


def seconds_at(given: Any, name: str) -> float | None:
    """Return an aware datetime in seconds since the epoch; raise for any other one."""
    if given is None:
        return None
    # A `date` has no moment, and a number might be in milliseconds.
    if not hasattr(given, "timestamp"):
        raise TypeError(f"{name}= takes an aware datetime, not {given!r:.200}")
    if given.tzinfo is None:
        advice = "write datetime(..., tzinfo=timezone.utc)"
        raise ValueError(f"{name}= takes a datetime with a time zone, not {given!r}: {advice}")
    seconds: float = given.timestamp()
    return seconds
