"""What an operation may ask of the world, as values: a request, a pause, the time, the place."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from msgspec import Struct, structs

__all__ = [
    "Call",
    "Effect",
    "Location",
    "Now",
    "Sleep",
    "Steps",
    "Together",
    "WallTime",
    "Where",
    "call",
    "now",
    "through",
    "together",
    "wall_time",
    "where",
]

R = TypeVar("R")
T = TypeVar("T")


class Call(Struct, Generic[R], frozen=True):
    """Send `payload` (whatever msgspec encodes) to `operation`; the answer is a `reply_type`.

    The error that the driver throws back instead is a `ServiceError`, a `TransportError` or
    whatever else the transport raises. It is not tried again after the moment `until`, and its
    answer must be there by the moment `deadline`, whatever becomes of it then. With a `transport`
    of its own the request does not go where the others go. `finish`: a task that is cancelled waits
    for the answer first, so that the operation knows what has been done.
    """

    operation: str
    payload: Any
    reply_type: type[R]
    until: float | None = None
    transport: Any = None
    deadline: float | None = None
    finish: bool = False


class Sleep(Struct, frozen=True):
    """Do nothing for `seconds`, and for a random share of `spread` seconds more.

    Against an endpoint on this machine the pause ends after `local` seconds where that is shorter:
    emulators are done at once.
    """

    seconds: float
    spread: float = 0.0
    local: float | None = None


class Now(Struct, frozen=True):
    """Seconds on a clock that never goes back; only differences mean anything."""


class WallTime(Struct, frozen=True):
    """Seconds since the epoch: what the service's own moments can be compared with."""


class Location(Struct, frozen=True):
    """Where requests go: what tells two tables of one name apart where their ARNs do not."""

    endpoint: str = ""
    """The URL, or empty where the transport does not say it."""
    region: str = ""
    table_prefix: str = ""
    """What the database puts before the names that an operation uses."""


class Where(Struct, frozen=True):
    """The `Location` that requests of this operation go to; nothing is sent for it.

    With a `transport` of its own it asks about that one, as a `Call` would go there.
    """

    transport: Any = None


class Together(Struct, frozen=True):
    """Perform several operations at once; the answer is the tuple of their results.

    When one of them raises, the others are closed, and the error is thrown back. They run in
    threads, of `executor` (a `concurrent.futures.Executor`) if there is one, or in tasks.
    """

    operations: tuple[Any, ...]
    executor: Any = None


Effect = Call[Any] | Sleep | Now | WallTime | Where | Together

Steps = Generator[Effect, Any, T]
"""An operation as a value: a generator that yields effects and returns its result.

Nothing happens until `run` or `arun` performs it, and it can be performed once.
"""


def call(
    operation: str, payload: Any, reply_type: type[R], *, until: float | None = None
) -> Steps[R]:
    """Ask for one request; the same as yielding a `Call`, but typed."""
    reply: R = yield Call(operation, payload, reply_type, until)
    return reply


def now() -> Steps[float]:
    """Ask for the time; the same as yielding `Now()`, but typed."""
    seconds: float = yield Now()
    return seconds


def wall_time() -> Steps[float]:
    """Ask for the time of day; the same as yielding `WallTime()`, but typed."""
    seconds: float = yield WallTime()
    return seconds


def where() -> Steps[Location]:
    """Ask where requests go; the same as yielding `Where()`, but typed."""
    location: Location = yield Where()
    return location


def together(operations: tuple[Steps[T], ...], executor: Any = None) -> Steps[tuple[T, ...]]:
    """Perform several operations at once; the same as yielding `Together`, but typed."""
    results: tuple[T, ...] = yield Together(operations, executor)
    return results


def through(steps: Steps[T], perform: Callable[[Effect], Steps[Any]]) -> Steps[T]:
    """Perform `steps` with each of its effects performed by a program, which may yield others.

    Operations that `steps` performs together go through `perform` too.
    """
    try:
        effect = next(steps)
        while True:
            if isinstance(effect, Together):
                inner = tuple(through(operation, perform) for operation in effect.operations)
                effect = structs.replace(effect, operations=inner)
            try:
                answer = yield from perform(effect)
            except GeneratorExit:
                raise
            except BaseException as error:  # an interrupt too: the operation may have a last word
                effect = steps.throw(error)
            else:
                effect = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()
