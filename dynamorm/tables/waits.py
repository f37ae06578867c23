"""Waits until a table is ready or gone, or a job of the service is done; changes nothing.

Jobs are backups, exports, imports and bulk puts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .. import errors
from ..api import TableDescription
from ..errors import ServiceError
from ..model import table_name
from ..model.declare import Model
from ..model.options import check_flags
from ..operations import Sleep, Steps, now, operation
from ..operations.waiting import Deadline, look_again, polling, within
from . import CHANGING, find_table, is_ready, unready_indexes, unready_replicas

if TYPE_CHECKING:
    from datetime import timedelta

# No wait helps these: somebody has to mend a key or a permission, or to restore the table.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
_TERMINAL = frozenset(
    {
        "ARCHIVED",
        "ARCHIVING",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        "REPLICATION_NOT_AUTHORIZED",
    }
)

MISSING_GRACE = 30.0
"""Seconds for which a table that should be there may be missing: DescribeTable reads stale."""


def until_active(
    name: str,
    deadline: Deadline,
    seen: TableDescription | None = None,
    *,
    indexes: bool = True,
    at_once: bool = False,
) -> Steps[TableDescription]:
    """Wait until the table is ACTIVE, with `indexes` and replicas; `seen` is what is known of it.

    An older table of the name than `seen` is read stale. Raises `TableNotFound` at once for a table
    that is deleted meanwhile, and `TableFailed` in a status that does not become ACTIVE, the
    table's or a new replica's; `WaitTimeout` at the deadline, or when the table has been missing
    for half a minute.
    """
    schedule = polling(at_once)
    missing_since: float | None = None
    # `ours` is the table that is waited for, as soon as it is known. `seen` is the last answer if
    # it was of that table, and `None` if not: until the grace is over, that is a stale read.
    ours = seen
    while True:
        if seen is not None and is_ready(seen, indexes):
            return seen
        if seen is not None and seen.table_status in _TERMINAL:
            raise errors.TableFailed(seen.table_name, seen.table_status)
        if seen is not None and seen.table_status == "DELETING":
            raise _deleted(name)
        # Each answer may be older than the one before: DescribeTable reads eventually consistent.
        found = yield from _look_again(name, deadline, schedule, seen)
        if ours is not None and _is_over(ours, found):
            raise _deleted(name)
        seen = None if found is None or (ours and _is_older(ours, found)) else found
        # Compared with what was known before this answer, and only then is this known.
        if indexes and seen and ours:
            _check_replicas(ours, seen)
        ours = seen or ours
        moment = yield from now()
        if seen is not None:
            missing_since = None
        elif missing_since is None:
            missing_since = moment
        elif moment - missing_since > MISSING_GRACE:
            raise _deleted(name) if ours else errors.WaitTimeout(name, deadline.waited(moment), "")


def look_until_active(
    name: str, deadline: Deadline, indexes: bool = True
) -> Steps[TableDescription]:
    """Look at a table, and wait until it is ACTIVE; one of a moment ago may not show yet."""
    found = yield from find_table(name)
    return (yield from until_active(name, deadline, found, indexes=indexes))


def _check_replicas(before: TableDescription, table: TableDescription) -> None:
    """Raise `TableFailed` for a replica that was being made, and has failed.

    One that had failed before the wait does not count.
    """
    earlier = {one.region_name: one.replica_status for one in before.replicas}
    for one in table.replicas:
        status = one.replica_status
        # A status that is not known here counts as failed only for a replica that was being made.
        works = status in (None, "ACTIVE", *CHANGING)
        if not works and earlier.get(one.region_name, "CREATING") == "CREATING":
            raise errors.TableFailed(table.table_name, f"replica {one.region_name} {status}")


def _is_over(ours: TableDescription, found: TableDescription | None) -> bool:
    """Return whether a table has been deleted since it was described.

    No table can be deleted while it is CREATING: not to find one then is a stale read.
    """
    if found is None:
        return ours.table_status != "CREATING"
    # Only one that was made later has followed it; an older one is what a stale read still shows.
    created, other = ours.created, found.created
    return _is_another(ours, found) and bool(created and other and created < other)


def _is_older(ours: TableDescription, found: TableDescription) -> bool:
    """Return whether what was found is the table that had the name before, read stale."""
    unnamed = not ours.table_id or not found.table_id
    # Without ids, a table that is leaving cannot be the one that has just begun to come.
    leaving = unnamed and found.table_status == "DELETING" and ours.table_status == "CREATING"
    return leaving or _is_another(ours, found)


def _is_another(ours: TableDescription, found: TableDescription) -> bool:
    return bool(ours.table_id and found.table_id and ours.table_id != found.table_id)


def _deleted(name: str) -> ServiceError:
    """Return the error that a request about the table would get: callers know how to handle it."""
    message = "the table was deleted while it was waited for"
    code, operation = "ResourceNotFoundException", "DescribeTable"
    error = errors.service_error(code, message, status=400, operation=operation)
    error.table = name
    return error


def until_gone(
    name: str, deadline: Deadline, seen: TableDescription | None = None, *, at_once: bool = False
) -> Steps[None]:
    """Wait until there is no table of this name, or only another one than `seen`, made since."""
    schedule = polling(at_once)
    while True:
        found = yield from _look_again(name, deadline, schedule, seen)
        if found is None or (seen and seen.table_id and found.table_id != seen.table_id):
            return
        seen = found


def _look_again(
    name: str, deadline: Deadline, schedule: Iterator[Sleep], seen: TableDescription | None
) -> Steps[TableDescription | None]:
    def late(waited: float) -> errors.WaitTimeout:
        if seen is None:
            return errors.WaitTimeout(name, waited, "")
        changing = unready_indexes(seen), unready_replicas(seen)
        return errors.WaitTimeout(seen.table_name, waited, seen.table_status, *changing)

    return (yield from look_again(lambda: find_table(name), schedule, deadline, late))


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
            raise errors.TransferFailed(job)
        # A backup may be deleted while it is waited for.
        if job.status == "DELETED":
            raise errors.TableFailed(job.arn, job.status)
        if job.status in _DONE or not wait:
            return job
        late = partial(_late, job)
        job = yield from look_again(partial(look, job.arn), schedule, deadline, late)


def _late(job: Underway, waited: float) -> errors.WaitTimeout:
    return errors.WaitTimeout(job.arn, waited, job.status)


@operation
def wait_until_active(
    model: Model | str,
    *,
    name: str | None = None,
    indexes: bool = True,
    timeout: float | timedelta | None = 300,
) -> Steps[TableDescription]:
    """Wait until a table is ACTIVE, and its indexes are too and filled, unless `indexes` is off.

    Sends DescribeTable, at once and then with pauses of 1 to 10 seconds. Waits half a minute for a
    table that is not there yet. Raises `WaitTimeout`; `TableNotFound` for a table that is deleted
    meanwhile; `TableFailed` for a status from which a table does not become ACTIVE.
    """
    check_flags(indexes=indexes)
    table = table_name(model, name=name)
    waiting = within(timeout, lambda deadline: look_until_active(table, deadline, indexes))
    return (yield from waiting)


@operation
def wait_until_gone(
    model: Model | str,
    *,
    name: str | None = None,
    timeout: float | timedelta | None = 300,
) -> Steps[None]:
    """Wait until there is no such table, or another one that was made since; deletes nothing.

    Sends DescribeTable, at once and then with pauses of 1 to 10 seconds. Raises `WaitTimeout`.
    """
    table = table_name(model, name=name)

    def wait(deadline: Deadline) -> Steps[None]:
        if found := (yield from find_table(table)):
            yield from until_gone(table, deadline, found)

    yield from within(timeout, wait)
