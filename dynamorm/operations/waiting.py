"""Everything whose subject is time: deadlines, pauses, retrying. Programs, not sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, isnan, nan
from typing import Any, TypeVar

from msgspec import Struct, structs

from .. import errors
from ..errors import DynamormError, ServiceError, TransportError
from . import Call, Perform, Sleep, Steps, call, changing, now, through

T = TypeVar("T")


def seconds_of(given: object, name: str = "timeout") -> float:
    """Return what a time limit means in seconds, `inf` for none; raise for what is no limit."""
    if given is None:
        return inf
    kind = type(given)
    # Asked for what it can do: `datetime`, which a timedelta is from, need not be loaded.
    if hasattr(kind, "total_seconds"):
        given = given.total_seconds()  # type: ignore[attr-defined]  # looked at just before
    # A flag is no time, though Python counts True as 1.
    elif isinstance(given, bool) or not hasattr(kind, "__float__"):
        raise TypeError(f"{name}= takes {_LIMITS}, not {given!r:.50}")
    try:
        seconds = float(given)  # type: ignore[arg-type]  # looked at just before
    except OverflowError:  # an int beyond all floats
        seconds = nan
    if isnan(seconds) or seconds < 0:
        raise ValueError(f"{name}= takes {_LIMITS}, and none below 0, not {given!r:.50}")
    return seconds


_LIMITS = "seconds as a number, a timedelta, or None for no limit"


class Deadline(Struct, frozen=True):
    """A moment until which something may take; made by `deadline_in`."""

    started: float
    timeout: float
    """Seconds; `inf` where there is no limit."""

    @property
    def moment(self) -> float:
        return self.started + self.timeout

    def waited(self, moment: float) -> float:
        return moment - self.started


class Retries(Struct, frozen=True, kw_only=True):
    """How often one request is tried while its errors are transient; `attempts=1` never retries.

    The pause before the n-th retry is a random part of `base * 2**n` seconds, at most `cap`. No
    attempt starts later than `budget` seconds after the first failure.
    """

    # The base is the SDKs' for DynamoDB (botocore/data/_retry.json); 8 attempts pause 11 s at most.
    attempts: int = 8
    base: float = 0.05
    cap: float = 5.0
    budget: float = 20.0

    def __post_init__(self) -> None:
        if not isinstance(self.attempts, int) or isinstance(self.attempts, bool):
            taken = "a Retries or a number of attempts, and attempts= a whole number"
            raise TypeError(f"retries= takes {taken}, not {self.attempts!r}")
        if self.attempts < 1:
            raise ValueError(f"attempts= counts the first one too: 1 or more, not {self.attempts}")
        for name in ("base", "cap", "budget"):
            seconds_of(getattr(self, name), name)


def retries_of(given: Retries | int) -> Retries:
    """Return what `retries=` means: a number is one of attempts."""
    return given if isinstance(given, Retries) else Retries(attempts=given)


def retrying(retries: Retries = Retries()) -> Perform:
    """Return what tries each request of a program again while the error is transient.

    The error that reaches the program in the end says in `maybe_applied` whether any of the
    attempts may have taken effect. A stale connection costs neither a pause nor an attempt.
    """
    return lambda effect: _attempts(effect, retries) if isinstance(effect, Call) else None


def _attempts(effect: Call[T], retries: Retries) -> Steps[T]:
    replaced = lost = False
    failures = 0
    first_failure: float | None = None
    while True:
        try:
            answer: T = yield effect
            return answer
        except DynamormError as error:
            if isinstance(error, ServiceError):
                error.table = table_of(effect.payload)
            lost = error.maybe_applied = error.maybe_applied or lost
            failed = error
        # After a freeze all kept connections are dead, and none of that says anything about the
        # service.
        if isinstance(failed, TransportError) and failed.stale and not replaced:
            replaced = True
            continue
        failures += 1
        moment = yield from now()
        first_failure = moment if first_failure is None else first_failure
        longest = min(retries.cap, retries.base * 2**failures)
        bounds = (first_failure + retries.budget, effect.until, effect.deadline)
        # By the longest pause that it may be: the random part is not known here.
        late = moment + longest > min(bound for bound in bounds if bound is not None)
        if late or not failed.transient or failures >= retries.attempts:
            try:
                raise failed
            finally:
                del failed  # its traceback holds this frame, which would hold the error
        # All of it is chance, so that those who failed at once do not come back at once:
        # https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        yield Sleep(0.0, spread=longest)


def table_of(payload: Any) -> str:
    """Return the table that a request names, by name or by its ARN, a backup's or a job's."""
    new = getattr(payload, "table_creation_parameters", payload)
    # By the API's names of the members, which the JSON of a plan's step has too.
    members = new if isinstance(new, dict) else {}
    if isinstance(new, Struct):
        members = dict(zip(new.__struct_encode_fields__, structs.astuple(new), strict=True))
    for name in _NAMING:
        if told := members.get(name):
            # A batch has names as keys.
            table = next(iter(told)) if name == "RequestItems" else str(told)
            return table.partition("/")[2].partition("/")[0] if name.endswith("Arn") else table
    return ""


_NAMING = (
    *("TableName", "TargetTableName", "RequestItems", "ResourceArn", "TableArn"),
    *("BackupArn", "ExportArn", "ImportArn", "BulkOperationArn"),
)


def deadline_in(timeout: object) -> Steps[Deadline]:
    """Start the clock: seconds as a number, a `timedelta`, or `None`, checked first."""
    seconds = seconds_of(timeout)
    return Deadline((yield from now()), seconds)


def within(timeout: object, program: Callable[[Deadline], Steps[T]]) -> Steps[T]:
    """Perform what `program` makes of a deadline; no answer is waited for beyond it."""
    deadline = yield from deadline_in(timeout)
    steps = program(deadline)
    if deadline.timeout == inf:
        return (yield from steps)

    def sooner(request: Call[Any]) -> Call[Any]:
        # A part of an operation may have less time than the whole.
        inner = deadline.moment if request.deadline is None else request.deadline
        return structs.replace(request, deadline=min(inner, deadline.moment))

    return (yield from through(steps, changing(sooner)))


def pause(schedule: Iterator[Sleep], deadline: Deadline) -> Steps[bool]:
    """Sleep as `schedule` says, not past the deadline; `False` when no time is left after it.

    Also when the schedule has ended.
    """
    moment = yield from now()
    left = deadline.timeout - deadline.waited(moment)
    wanted = next(schedule, None)
    if wanted is None or left <= 0:
        return False
    seconds = min(wanted.seconds, left)
    yield Sleep(seconds, min(wanted.spread, left - seconds), wanted.local)
    return seconds < left


def look_again(
    look: Callable[[], Steps[T]],
    schedule: Iterator[Sleep],
    deadline: Deadline,
    late: Callable[[float], errors.WaitTimeout],
) -> Steps[T]:
    """Pause, then look; errors that pass by themselves are waited out.

    `late` makes the error of a deadline that has passed, from the seconds that were waited.
    """
    trouble: DynamormError | None = None
    while (yield from pause(schedule, deadline)):
        try:
            return (yield from look())
        except DynamormError as error:
            if not error.transient:
                raise
            trouble = error
    raise late(deadline.waited((yield from now()))) from trouble


def when_free(
    operation: str, payload: Any, reply_type: type[T], deadline: Deadline, *, wait: bool = True
) -> Steps[T]:
    """Send a request; with `wait`, send it again while what blocks it passes by itself.

    The error that is raised says in `maybe_applied` whether any attempt may have taken effect.
    """
    schedule = polling()
    maybe_applied = False
    while True:
        try:
            return (yield from call(operation, payload, reply_type))
        except ServiceError as error:
            # "Exists" after a limit may be about what the attempt before that limit has made.
            maybe_applied = error.maybe_applied = error.maybe_applied or maybe_applied
            if not wait or not passes(error) or not (yield from pause(schedule, deadline)):
                raise


def passes(error: ServiceError) -> bool:
    """Return whether the same request will succeed when something else has ended."""
    # A quota does not pass by itself, what is under way does.
    if isinstance(error, errors.LimitExceeded):
        return error.simultaneous
    return isinstance(error, errors.TableBusy) or error.code in _PASSING


# Another backup of the table is under way; backups are not enabled yet, as straight after a
# create: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html
_PASSING = ("BackupInUseException", "ContinuousBackupsUnavailableException")


def polling(at_once: bool = False) -> Iterator[Sleep]:
    """Pauses of 1 s at least, with jitter, that grow to 10 s; a fifth of that on this machine.

    With `at_once` the first one is none: another wait has just ended.
    """
    if at_once:
        yield Sleep(0.0)
    longest = 1.0
    while True:
        yield Sleep(1.0, longest - 1.0, local=longest / 5)
        longest = min(longest * 1.5, 10.0)
