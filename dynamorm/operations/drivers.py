"""Performs operations: the only place where effects meet the world."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from ..api import encode
from ..errors import TransportError
from ..model import checked_prefix
from . import (
    Call,
    Effect,
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
from .sending import at_once, check_kind, decoded, later, sending, told_of
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
    program = _program(steps, retries, table_prefix, home)
    return _run(program, _world(transport, clock, observe))


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
    program = _program(steps, retries, table_prefix, home)
    return await _arun(program, _world(transport, clock, observe))


class _World(Struct, frozen=True):
    """What one program is performed in."""

    transport: Any
    clock: Clock
    watch: Watch | None
    stopped: Callable[[], bool] = lambda: False

    def beside(self, stopped: Callable[[], bool] | None = None) -> _World:
        """Return that of an operation that is performed together with others."""
        watch = self.watch and self.watch.another()
        return _World(self.transport, self.clock, watch, stopped or self.stopped)

    def seen(self, body: bytes) -> bytes:
        if self.watch is not None:
            self.watch.answered(body)
        return body


def _world(transport: Any, clock: Clock | None, observe: Observe | None) -> _World:
    # A transport of a test brings the clock that goes with its script.
    known: Clock = clock or getattr(transport, "clock", None) or Clock()
    if observe is None and not _is_logged():
        return _World(transport, known, None)
    from .observing import Watch

    return _World(transport, known, Watch(observe, known.now))


def _is_logged() -> bool:
    """Return whether the application has logging, and would see anything of ours."""
    logging = sys.modules.get("logging")
    return logging is not None and logging.getLogger("dynamorm").isEnabledFor(logging.INFO)


def _run(program: Steps[T], world: _World) -> T:
    try:
        effect = next(program)
        while not world.stopped():
            try:
                answer = _perform(effect, world)
            except BaseException as error:  # an interrupt too
                # Not raised here: the operation may know what to do, or want a last word.
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


async def _arun(program: Steps[T], world: _World) -> T:
    cancelled: BaseException | None = None
    try:
        effect = next(program)
        while True:
            try:
                if cancelled is not None:  # the program has been told what was finished for it
                    raise cancelled
                if isinstance(effect, Call) and effect.finish:
                    answer, cancelled = await _finished(_aperform(effect, world))
                else:
                    answer = await _aperform(effect, world)
            except BaseException as error:  # a cancellation too
                # Told once: what the operation asks for after that is performed.
                cancelled = None
                effect = program.throw(error)
            else:
                effect = program.send(answer)
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


def _perform(effect: Effect, world: _World) -> Any:
    if type(effect) is Now:  # asked for with each request of a copy
        return world.clock.now()
    if isinstance(effect, Call):
        if world.watch is None:
            return _ask(effect, world)
        with world.watch.request(effect):
            return _ask(effect, world)
    if isinstance(effect, Sleep):
        world.clock.sleep(_seconds(effect, world))
        return None
    if isinstance(effect, Together):
        from .parallel import in_threads

        return in_threads(effect, _run, world)
    if isinstance(effect, Waiting):
        return effect.function(world.stopped)
    return _answer(effect, world, awaited=False)


async def _aperform(effect: Effect, world: _World) -> Any:
    if type(effect) is Now:
        return world.clock.now()
    if isinstance(effect, Call):
        if world.watch is None:
            return await _aask(effect, world)
        with world.watch.request(effect):
            return await _aask(effect, world)
    if isinstance(effect, Sleep):
        await world.clock.asleep(_seconds(effect, world))
        return None
    if isinstance(effect, Together):
        from .parallel import in_tasks

        return await in_tasks(effect, _arun, world)
    if isinstance(effect, Waiting):
        from .parallel import in_thread

        return await in_thread(effect.function)
    return _answer(effect, world, awaited=True)


def _ask(effect: Call[Any], world: _World) -> Any:
    sender: Transport = effect.transport or world.transport
    body, left = encode(effect.payload), _left(effect, world.clock)
    # In no variable: an answer that is refused must not live as long as its error.
    return decoded(
        effect, sender, world.seen(at_once(sender, sending(sender, effect.operation, body, left)))
    )


async def _aask(effect: Call[Any], world: _World) -> Any:
    sender: AsyncTransport = effect.transport or world.transport
    check_kind(sender, awaited=True)
    sent = sending(sender, effect.operation, encode(effect.payload), _left(effect, world.clock))
    return decoded(effect, sender, world.seen(await later(sender, sent)))


def _left(effect: Call[Any], clock: Clock) -> float | None:
    """Return the seconds in which the answer must be there; raise where there are none."""
    if effect.deadline is None:
        return None
    left = effect.deadline - clock.now()
    if left <= 0:
        message = "not sent, since the time for the whole operation is over: give more as timeout="
        raise TransportError(message, operation=effect.operation, maybe_applied=False)
    return left


def _program(
    steps: Steps[T] | Operation[T], retries: Retries | int, table_prefix: str, home: Any
) -> Steps[T]:
    steps = iter(steps) if isinstance(steps, Operation) else steps
    # A coroutine has `throw` too: that of an AsyncDatabase, given to `run`.
    if not hasattr(steps, "throw") or hasattr(steps, "__await__"):
        wanted = "expected an operation such as dynamorm.ensure_table(Model); methods run theirs"
        raise TypeError(f"{wanted}; got {steps!r:.200}")
    if getattr(steps, "gi_frame", steps) is None:
        raise RuntimeError("this operation has been performed and runs only once: create a new one")
    prefixed = prefixing(checked_prefix(table_prefix), home)
    return through(steps, both(prefixed, retrying(retries_of(retries))))


def _seconds(effect: Sleep, world: _World) -> float:
    seconds = effect.seconds + (effect.spread and effect.spread * world.clock.random())
    if effect.local is not None and getattr(world.transport, "local", False):
        seconds = min(seconds, effect.local)
    if world.watch is not None:
        world.watch.pause(seconds)
    return seconds


def _answer(effect: Effect, world: _World, *, awaited: bool) -> Any:
    """Answer what takes no waiting."""
    if isinstance(effect, WallTime):
        return world.clock.time()
    if isinstance(effect, Where | InRegion):
        return told_of(effect.transport or world.transport, effect, awaited=awaited)
    kinds = "Call, Sleep, Now, WallTime, Where or Together"
    raise TypeError(f"an operation yields {kinds}, not {effect!r}")
