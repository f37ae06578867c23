"""Operations as values, and what they ask of the world: a request, a pause, the time, the place."""

from __future__ import annotations

import _thread
import os
from collections.abc import Callable, Generator
from functools import update_wrapper
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar

from msgspec import Struct, structs

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Call(Struct, Generic[R], frozen=True):
    """A request: send `payload` (whatever msgspec encodes) to `operation`; answers `reply_type`.

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
    """A pause of `seconds`, and of a random share of `spread` seconds more.

    Against an endpoint on this machine the pause ends after `local` seconds where that is shorter:
    emulators are done at once.
    """

    seconds: float
    spread: float = 0.0
    local: float | None = None


class Now(Struct, frozen=True):
    """Seconds on a clock that never goes back; only differences mean anything."""


NOW = Now()
"""To be yielded where the generator that `now` makes each time would cost too much."""


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


class InRegion(Struct, frozen=True):
    """The transport of another region, otherwise like the one that requests go by.

    `None` where that one cannot tell how it was made. Nothing is sent for it.
    """

    region: str
    transport: Any = None


class Home(Struct, frozen=True):
    """The database that runs this operation, to be taken elsewhere; `None` where there is none."""


class Waiting(Struct, frozen=True):
    """A blocking function, which waits for other processes or for S3; the answer is its result.

    It is called with a function that says whether it is to stop; under asyncio in a thread.
    """

    function: Callable[[Callable[[], bool]], Any]


class Together(Struct, frozen=True):
    """Several operations at once; the answer is the tuple of their results.

    When one of them raises, the others are closed, and the error is thrown back. They run in
    threads, of `executor` (a `concurrent.futures.Executor`) if there is one, or in tasks.
    """

    operations: tuple[Any, ...]
    executor: Any = None


# `Call` comes last: before it each `|` joins two classes, which costs next to nothing.
Effect = Sleep | Now | WallTime | Where | InRegion | Home | Waiting | Together | Call[Any]

Steps = Generator[Effect, Any, T]
"""What an operation does: a generator that yields effects and returns its result, once."""

LONGEST = 60
"""Characters of one argument in a repr."""


class Operation(Generic[T]):
    """A call whose arguments have been checked; it sends nothing until it is run.

    `db.run(operation)` and `await adb.run(operation)` run it, any number of times; `yield from
    operation` makes it a part of another operation. One that is dropped without being run warns,
    as a coroutine that was never awaited does.
    """

    __slots__ = ("_function", "_given", "_named", "_used")

    def __init__(self, function: Callable[..., Steps[T]], given: Any, named: Any) -> None:
        self._used = True  # what is refused below could not be run
        self._function = function
        self._given = given
        self._named = named
        # The steps before the first effect look at the arguments. Taken here, a mistake is raised
        # by the call that makes it, and not where the operation is run.
        try:
            steps = self._steps()
        except TypeError as error:  # no step has been taken: the call itself does not fit
            from ..model.arguments import wrong_call

            raise wrong_call(function, error) from None
        next(steps, None)
        # Each run has steps of its own, so that an operation can be run any number of times.
        steps.close()
        self._used = False

    def _steps(self) -> Steps[T]:
        return self._function(*self._given, **self._named)

    def __iter__(self) -> Steps[T]:
        """Return new steps."""
        self._used = True
        return self._steps()

    def __await__(self) -> NoReturn:
        self._used = True  # the error says enough: no warning after it
        raise TypeError(f"an operation cannot be awaited by itself: write await adb.run({self!r})")

    def __repr__(self) -> str:
        named = (f"{name}={_shown(value)}" for name, value in self._named.items())
        return f"{self._function.__name__}({', '.join((*map(_shown, self._given), *named))})"

    def __del__(self) -> None:
        if not self._used:
            from warnings import warn

            warn(f"{self!r} was never run: db.run(...) runs it", RuntimeWarning, 2, self)


def _shown(value: object) -> str:
    text: str = getattr(value, "__qualname__", None) or repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def operation(function: Callable[P, Steps[T]]) -> Callable[P, Operation[T]]:
    """Make a function that returns an `Operation` out of one that returns its steps."""

    def make(*given: P.args, **named: P.kwargs) -> Operation[T]:
        return Operation(function, given, named)

    # With it, help() and inspect.signature show what the function takes.
    return update_wrapper(make, function)


def call(
    operation: str, payload: Any, reply_type: type[R], *, until: float | None = None
) -> Steps[R]:
    """Ask for one request; the same as yielding a `Call`, but typed."""
    return asked(Call(operation, payload, reply_type, until))


def asked(effect: Effect) -> Steps[Any]:
    """Ask for one effect, whatever its answer is."""
    return (yield effect)


def now() -> Steps[float]:
    """Ask for the time; the same as yielding `Now()`, but typed."""
    return asked(NOW)


def wall_time() -> Steps[float]:
    """Ask for the time of day; the same as yielding `WallTime()`, but typed."""
    return asked(WallTime())


def where() -> Steps[Location]:
    """Ask where requests go; the same as yielding `Where()`, but typed."""
    return asked(Where())


def together(operations: tuple[Steps[T], ...], executor: Any = None) -> Steps[tuple[T, ...]]:
    """Perform several operations at once, as `Together`; one alone needs no thread or task."""
    if not operations:
        return ()
    if len(operations) == 1:
        return ((yield from operations[0]),)
    results: tuple[T, ...] = yield Together(operations, executor)
    return results


Perform = Callable[[Effect], Steps[Any] | None]
"""Gives what is done in place of an effect; `None` where the effect itself is asked for."""


def through(program: Steps[T] | Operation[T], perform: Perform) -> Steps[T]:
    """Perform `program` with each of its effects performed by another one, which may yield others.

    Operations that `program` performs together go through `perform` too.
    """
    steps: Steps[T] = iter(program)
    try:
        effect = next(steps)
        while True:
            if type(effect) is Together:
                inner = tuple(through(operation, perform) for operation in effect.operations)
                effect = structs.replace(effect, operations=inner)
            try:
                # The time is asked for often, and the same for everybody.
                instead = None if type(effect) is Now else perform(effect)
                answer = (yield effect) if instead is None else (yield from instead)
            except GeneratorExit:
                # Dropped, not failed: `close` below ends the program, which cannot ask for more.
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


def changing(change: Callable[[Call[Any]], Call[Any]]) -> Perform:
    """Return what sends each request of a program as `change` makes it."""
    return lambda effect: asked(change(effect)) if isinstance(effect, Call) else None


def both(inner: Perform, outer: Perform) -> Perform:
    """Return what performs each effect by `inner`, and whatever that asks for by `outer`."""

    def perform(effect: Effect) -> Steps[Any] | None:
        instead = inner(effect)
        # What `inner` leaves alone costs no generator: most effects pass both as they are.
        return outer(effect) if instead is None else through(instead, outer)

    return perform


class ForkLock:
    """A lock among the threads of one process; the child of a fork has one of its own."""

    def __init__(self) -> None:
        # Of `_thread`, as `threading.Lock` is: to import that one takes as long as to connect.
        self._locks: dict[int, _thread.LockType] = {}

    def __enter__(self) -> None:
        # A lock that another thread held at the fork would stay locked in the child for ever.
        # `setdefault` is one step: threads that come at once get the same one.
        self._locks.setdefault(os.getpid(), _thread.allocate_lock()).acquire()

    def __exit__(self, *raised: object) -> None:
        self._locks[os.getpid()].release()
