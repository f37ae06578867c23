"""Performs operations: the only place where effects meet the world."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, structs

from ..errors import TransportError
from ..model import checked_prefix
from . import (
    Call,
    Effect,
    Home,
    InRegion,
    Now,
    Operation,
    Sleep,
    Steps,
    Together,
    Waiting,
    WallTime,
    Where,
    both,
    through,
)
from .middleware import prefixing
from .sending import at_once, decoded, later, told_of, without_waiting
from .waiting import Retries, retries_of, retrying

if TYPE_CHECKING:
    from .observing import Observe, Watch
    from .transport import AsyncTransport, Transport

T = TypeVar("T")


class Clock:
    """The machine's own time and chance; a test gives one of its own."""

    def now(self) -> float:
        """Return seconds that never go back; only differences mean anything."""
        return time.monotonic()

    def time(self) -> float:
        """Return the seconds since the epoch, as the service counts them too."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)

    def random(self) -> float:
        import random

        return random.random()


def run(
    steps: Steps[T] | Operation[T],
    transport: Transport,
    *,
    retries: Retries | int = Retries(),
    table_prefix: str = "",
    clock: Clock | None = None,
    observe: Observe | None = None,
    home: Any = None,
) -> T:
    """Run an operation and return its result.

    Whatever the transport raises is raised inside the operation, at the request that it concerns.
    An interrupt (Ctrl-C) closes the operation. `observe` is called with each `Event`.
    """
    program = _program(steps, retries, table_prefix)
    return _run(program, _world(transport, clock, observe, home, awaited=False))


async def arun(
    steps: Steps[T] | Operation[T],
    transport: AsyncTransport,
    *,
    retries: Retries | int = Retries(),
    table_prefix: str = "",
    clock: Clock | None = None,
    observe: Observe | None = None,
    home: Any = None,
) -> T:
    """Run an operation under asyncio and return its result; cancelling closes the operation."""
    program = _program(steps, retries, table_prefix)
    return await _drive(program, _world(transport, clock, observe, home, awaited=True))


class _World(Struct, frozen=True):
    """What one program is performed in."""

    transport: Any
    clock: Clock
    watch: Watch | None
    home: Any
    awaited: bool
    """Whether it is performed under asyncio."""
    stopped: Callable[[], bool] = lambda: False

    def beside(self, stopped: Callable[[], bool] = lambda: False) -> _World:
        """Return that of an operation that is performed together with others."""
        watch = self.watch and self.watch.another()
        return structs.replace(self, watch=watch, stopped=stopped)


def _world(
    transport: Any, clock: Clock | None, observe: Observe | None, home: Any, *, awaited: bool
) -> _World:
    # A transport of a test brings the clock that goes with its script.
    known: Clock = clock or getattr(transport, "clock", None) or Clock()
    watch = None
    if observe is not None or _is_logged():
        from .observing import Watch

        watch = Watch(observe, known.now)
    return _World(transport, known, watch, home, awaited)


def _is_logged() -> bool:
    """Return whether the application has logging, and would see anything of ours."""
    logging = sys.modules.get("logging")
    return logging is not None and logging.getLogger("dynamorm").isEnabledFor(logging.INFO)


def _run(program: Steps[T], world: _World) -> T:
    return without_waiting(_drive(program, world))


async def _drive(program: Steps[T], world: _World) -> T:
    cancelled: BaseException | None = None
    try:
        effect = next(program)
        while not world.stopped():
            try:
                if cancelled is not None:  # the program has been told what was finished for it
                    raise cancelled
                if type(effect) is Now:  # asked for with each request of a copy
                    answer = world.clock.now()
                elif not world.awaited or not isinstance(effect, _WAITED):
                    answer = _perform(effect, world)
                elif isinstance(effect, Call) and effect.finish:
                    answer, cancelled = await _finished(_perform(effect, world))
                else:
                    answer = await _perform(effect, world)
            except BaseException as error:  # an interrupt and a cancellation too
                # Not raised here: the operation may know what to do, or want a last word. What it
                # asks for after that is performed.
                cancelled = None
                effect = program.throw(error)
            else:
                effect = program.send(answer)
        from .parallel import Stopped

        raise Stopped
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        program.close()


async def _finished(performing: Coroutine[Any, Any, T]) -> tuple[T, BaseException | None]:
    """Await an answer though the task is cancelled, and give the cancellation.

    A second cancellation is not held up.
    """
    from asyncio import CancelledError, create_task, shield

    task = create_task(performing)
    try:
        return await shield(task), None
    except CancelledError as error:
        if task.cancelled():  # by the transport
            raise
        cancelled = error
    try:
        return await task, cancelled
    except Exception:  # no answer: what has been done is as unknown as without waiting
        raise cancelled from None


_WAITED = (Call, Sleep, Together, Waiting)
"""Effects that take time: under asyncio, what performs them is awaited."""


def _perform(effect: Effect, world: _World) -> Any:
    """Return the answer to an effect, or under asyncio what gives it once it is awaited."""
    if isinstance(effect, Call):
        return _aask(effect, world) if world.awaited else _ask(effect, world)
    if isinstance(effect, Sleep):
        seconds = _seconds(effect, world)
        return world.clock.asleep(seconds) if world.awaited else world.clock.sleep(seconds)
    if isinstance(effect, Together):
        from .parallel import in_tasks, in_threads

        if world.awaited:
            return in_tasks(effect, _drive, world)
        return in_threads(effect, _run, world)
    if isinstance(effect, Waiting):
        from .parallel import in_thread

        return in_thread(effect.function) if world.awaited else effect.function(world.stopped)
    if isinstance(effect, WallTime):
        return world.clock.time()
    if isinstance(effect, Home):
        return world.home
    if isinstance(effect, Where | InRegion):
        return told_of(effect.transport or world.transport, effect, awaited=world.awaited)
    kinds = "Call, Sleep, Now, WallTime, Where or Together"
    raise TypeError(f"an operation yields {kinds}, not {effect!r}")


# An answer is in no variable here: one that is refused must not live as long as its error.
def _ask(effect: Call[Any], world: _World) -> Any:
    sender = effect.transport or world.transport
    if world.watch is None:
        return decoded(effect, sender, at_once(sender, effect, _left(effect, world.clock)))
    with world.watch.request(effect) as seen:
        return decoded(effect, sender, seen(at_once(sender, effect, _left(effect, world.clock))))


async def _aask(effect: Call[Any], world: _World) -> Any:
    sender = effect.transport or world.transport
    if world.watch is None:
        return decoded(effect, sender, await later(sender, effect, _left(effect, world.clock)))
    with world.watch.request(effect) as seen:
        return decoded(
            effect, sender, seen(await later(sender, effect, _left(effect, world.clock)))
        )


def _left(effect: Call[Any], clock: Clock) -> float | None:
    """Return the seconds in which the answer must be there; raise where there are none."""
    if effect.deadline is None:
        return None
    left = effect.deadline - clock.now()
    if left <= 0:
        message = "not sent, since the time for the whole operation is over: give more as timeout="
        raise TransportError(message, operation=effect.operation, maybe_applied=False)
    return left


def _program(steps: Steps[T] | Operation[T], retries: Retries | int, table_prefix: str) -> Steps[T]:
    steps = iter(steps) if isinstance(steps, Operation) else steps
    # A coroutine has `throw` too: that of an AsyncDatabase, given to `run`.
    if not hasattr(steps, "throw") or hasattr(steps, "__await__"):
        wanted = "expected an operation such as dynamorm.ensure_table(Model); methods run theirs"
        raise TypeError(f"{wanted}; got {steps!r:.200}")
    if getattr(steps, "gi_frame", steps) is None:
        raise RuntimeError("this operation has been performed and runs only once: create a new one")
    prefixed = prefixing(checked_prefix(table_prefix))
    return through(steps, both(prefixed, retrying(retries_of(retries))))


def _seconds(effect: Sleep, world: _World) -> float:
    seconds = effect.seconds + (effect.spread and effect.spread * world.clock.random())
    if effect.local is not None and getattr(world.transport, "local", False):
        seconds = min(seconds, effect.local)
    if world.watch is not None:
        world.watch.pause(seconds)
    return seconds
