"""Performs operations: the only place where effects meet the world.

A transport needs one method, `send`. Attributes it may have: `local` tells that the service is on
this machine, where waits are shorter; `clock` is the time that passes there, if not the machine's;
`endpoint_url` and `region` say where requests go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import TransportError
from ..model.names import checked_prefix
from ..requests import encode
from .decoding import decoded
from .effects import Call, Effect, Location, Now, Operation, Sleep, Steps, Together, WallTime, Where
from .middleware import prefixing
from .sending import AsyncTransport, Transport, at_once, check_kind, later, sending
from .waiting import Retries, retries_of, retrying

T = TypeVar("T")

MAX_THREADS = 64
"""At once, unless an executor is given; operations that run together may be a million."""


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
) -> T:
    """Run an operation and return its result.

    Whatever the transport raises is raised inside the operation, at the request that it concerns.
    An interrupt (Ctrl-C) closes the operation.
    """
    program = _program(steps, retries, table_prefix)
    return _run(program, transport, clock or _clock_of(transport), lambda: False)


async def arun(
    steps: Steps[T] | Operation[T],
    transport: AsyncTransport,
    *,
    retries: Retries | int = Retries(),
    table_prefix: str = "",
    clock: Clock | None = None,
) -> T:
    """Run an operation under asyncio and return its result; cancelling closes the operation."""
    program = _program(steps, retries, table_prefix)
    return await _arun(program, transport, clock or _clock_of(transport))


def _clock_of(transport: object) -> Clock:
    clock: Clock = getattr(transport, "clock", None) or Clock()
    return clock


class _Stopped(Exception):
    """Another of the operations that ran together has failed."""


def _run(program: Steps[T], transport: Transport, clock: Clock, stopped: Callable[[], bool]) -> T:
    try:
        effect = next(program)
        while not stopped():
            try:
                answer = _perform(effect, transport, clock, stopped)
            except BaseException as error:  # an interrupt too
                effect = program.throw(error)
            else:
                effect = program.send(answer)
        raise _Stopped
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        program.close()


async def _arun(program: Steps[T], transport: AsyncTransport, clock: Clock) -> T:
    cancelled: BaseException | None = None
    try:
        effect = next(program)
        while True:
            try:
                if cancelled is not None:  # the program has been told what was finished for it
                    raise cancelled
                if isinstance(effect, Call) and effect.finish:
                    answer, cancelled = await _finished(_aperform(effect, transport, clock))
                else:
                    answer = await _aperform(effect, transport, clock)
            except BaseException as error:  # a cancellation too
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


def _perform(
    effect: Effect, transport: Transport, clock: Clock, stopped: Callable[[], bool]
) -> Any:
    if isinstance(effect, Call):
        sender: Transport = effect.transport or transport
        check_kind(sender, awaited=False)
        body, left = encode(effect.payload), _left(effect, clock)
        # In no variable: an answer that is refused must not live as long as its error.
        return decoded(
            effect, sender, at_once(sender, sending(sender, effect.operation, body, left))
        )
    if isinstance(effect, Sleep):
        clock.sleep(_seconds(effect, transport, clock))
        return None
    if isinstance(effect, Together):
        return _run_together(effect, transport, clock, stopped)
    return _answer(effect, transport, clock, awaited=False)


async def _aperform(effect: Effect, transport: AsyncTransport, clock: Clock) -> Any:
    if isinstance(effect, Call):
        sender: AsyncTransport = effect.transport or transport
        check_kind(sender, awaited=True)
        sent = sending(sender, effect.operation, encode(effect.payload), _left(effect, clock))
        return decoded(effect, sender, await later(sender, sent))
    if isinstance(effect, Sleep):
        await clock.asleep(_seconds(effect, transport, clock))
        return None
    if isinstance(effect, Together):
        return await _arun_together(effect, transport, clock)
    return _answer(effect, transport, clock, awaited=True)


def _left(effect: Call[Any], clock: Clock) -> float | None:
    """Return the seconds in which the answer must be there; raise where there are none."""
    if effect.deadline is None:
        return None
    left = effect.deadline - clock.now()
    if left <= 0:
        message = "not sent, since the time for the whole operation is over: give more as timeout="
        raise TransportError(message, operation=effect.operation, maybe_applied=False)
    return left


def _run_together(
    effect: Together, transport: Transport, clock: Clock, stopped: Callable[[], bool]
) -> tuple[Any, ...]:
    from concurrent.futures import FIRST_EXCEPTION, wait

    from .parallel import Threads

    over: list[bool] = []
    own = None if effect.executor else Threads(MAX_THREADS)
    executor: Any = effect.executor or own
    futures: list[Any] = []
    try:
        for operation in effect.operations:
            given = (operation, transport, clock, lambda: bool(over) or stopped())
            futures.append(executor.submit(_run, *given))
        if own is not None:
            own.start()
        wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        over.append(True)  # who is still under way ends before its next effect
        wait([future for future in futures if not future.cancel()])
        if own is not None:
            own.join()
    errors = [future.exception() for future in futures if not future.cancelled()]
    for error in errors:
        if error is not None and not isinstance(error, _Stopped):
            raise error
    return tuple(future.result() for future in futures)


async def _arun_together(
    effect: Together, transport: AsyncTransport, clock: Clock
) -> tuple[Any, ...]:
    from asyncio import create_task, gather

    if effect.executor is not None:
        raise TypeError("an executor is for threads: under asyncio operations run in tasks")
    tasks = [create_task(_arun(o, transport, clock)) for o in effect.operations]
    try:
        return tuple(await gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await gather(*tasks, return_exceptions=True)


def _program(steps: Steps[T] | Operation[T], retries: Retries | int, table_prefix: str) -> Steps[T]:
    if isinstance(steps, Operation):
        steps = iter(steps)
    if not hasattr(steps, "throw"):
        raise TypeError(f"expected an operation such as ensure_table(Model), not {steps!r}")
    if getattr(steps, "gi_frame", steps) is None:
        raise RuntimeError("this operation has been performed: it can be once, make another")
    return retrying(prefixing(steps, checked_prefix(table_prefix)), retries_of(retries))


def _seconds(effect: Sleep, transport: object, clock: Clock) -> float:
    seconds = effect.seconds + (effect.spread and effect.spread * clock.random())
    if effect.local is not None and getattr(transport, "local", False):
        return min(seconds, effect.local)
    return seconds


def _answer(effect: Effect, transport: object, clock: Clock, *, awaited: bool) -> float | Location:
    """Answer what takes no waiting."""
    if isinstance(effect, Now):
        return clock.now()
    if isinstance(effect, WallTime):
        return clock.time()
    if isinstance(effect, Where):
        asked = effect.transport or transport
        # Who asks is about to send there: a database of the other kind is told before that.
        check_kind(asked, awaited=awaited)
        return Location(getattr(asked, "endpoint_url", ""), getattr(asked, "region", ""))
    kinds = "Call, Sleep, Now, WallTime, Where or Together"
    raise TypeError(f"an operation yields {kinds}, not {effect!r}")
