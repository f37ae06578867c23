"""What runs beside others: operations in threads or in tasks, and functions that wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, TypeVar

from . import Steps, Together

R = TypeVar("R")

# With 5 ms for an answer, 64 threads copied fewer items a second than 32: each call that
# blocks hands the interpreter's lock over.
MAX_THREADS = 64
"""At once, unless an executor is given; operations that run together may be a million."""

Stop = Callable[[], bool]
"""Whether a program is to end before its next effect."""


class Stopped(Exception):
    """Another of those that ran together has failed, or nobody waits for them any more."""


def in_threads(
    effect: Together, run: Callable[[Steps[Any], Any], Any], world: Any
) -> tuple[Any, ...]:
    """Perform several operations at once; the first error ends them all."""
    over: list[bool] = []
    calls = [
        partial(run, operation, world.beside(lambda: bool(over) or world.stopped()))
        for operation in effect.operations
    ]
    futures: list[Any] = []
    threads: list[Thread] = []
    try:
        if effect.executor is None:
            futures += (Future() for _ in calls)
            threads += begun(deque(zip(futures, calls, strict=True)), MAX_THREADS)
        # One by one into the list: if an executor refuses one, those before it are known.
        else:
            futures.extend(effect.executor.submit(call) for call in calls)
        wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        over.append(True)  # who is still under way ends before its next effect
        # Those that have begun are waited for: none may send anything after this has returned.
        wait([future for future in futures if not future.cancel()])
        for thread in threads:
            thread.join()
    return tuple(results(futures))


def results(futures: list[Any], errors: Iterable[BaseException] = ()) -> list[Any]:
    """Return all results, or raise the first error that says more than `Stopped`.

    One that was cancelled is an error too: without its result, the work would seem to be done.
    """
    found = [future.exception() for future in futures if not future.cancelled()]
    # Whoever was stopped tells nothing of why.
    for error in sorted(filter(None, (*errors, *found)), key=lambda e: isinstance(e, Stopped)):
        raise error
    return [future.result() for future in futures]


async def in_tasks(
    effect: Together, run: Callable[[Steps[Any], Any], Coroutine[Any, Any, Any]], world: Any
) -> tuple[Any, ...]:
    """Perform several operations at once; the first error cancels the others."""
    from asyncio import create_task, gather

    if effect.executor is not None:
        raise TypeError(
            "executor= is for threads: leave it out under asyncio, where operations run in tasks"
        )
    tasks = [create_task(run(operation, world.beside())) for operation in effect.operations]
    try:
        return tuple(await gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        # A task that is cancelled may wait for its answer first: none outlives this call.
        await gather(*tasks, return_exceptions=True)


async def in_thread(function: Callable[[Stop], R]) -> R:
    """Call what waits by itself; a cancellation waits until it has stopped."""
    from asyncio import gather, get_running_loop, shield

    over: list[bool] = []
    future = get_running_loop().run_in_executor(None, function, lambda: bool(over))
    try:
        # Shielded, since a thread cannot be cancelled: the future would be, and nobody would know
        # when the function ends.
        return await shield(future)
    finally:
        over.append(True)
        # Its error is fetched too: asyncio logs one that nobody has retrieved.
        await gather(future, return_exceptions=True)


def finished(result: Any) -> Any:
    """Return the result of a database; await that of an asynchronous one."""
    if isinstance(result, Awaitable):
        from asyncio import run

        return run(_awaited(result))
    return result


async def _awaited(result: Awaitable[R]) -> R:
    return await result


def begun(left: deque[tuple[Future[Any], Callable[[], Any]]], most: int) -> list[Thread]:
    """Start threads that fulfil futures, each by its call; they end when nothing is left.

    At exit, the interpreter waits for the threads of a ThreadPoolExecutor, whoever has started
    them. These are daemons where the thread that starts them is one, so that work that nobody waits
    for does not keep a process alive. They can be started after the main thread has ended.
    """

    def work() -> None:
        # Nothing is put in meanwhile, so that an empty deque stays empty.
        with suppress(IndexError):
            while True:
                _fulfil(*left.popleft())

    # A daemon if the thread that starts it is one: so Python has it by default.
    threads = [Thread(target=work, name="dynamorm") for _ in range(min(len(left), most))]
    for thread in threads:
        thread.start()
    return threads


def _fulfil(future: Future[Any], function: Callable[[], Any]) -> None:
    """Call a function, unless nobody waits for its future any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:
        future.set_exception(error)
        del future  # the error's traceback holds this frame, which would hold the error
    else:
        future.set_result(result)
