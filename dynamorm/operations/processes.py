"""Functions in processes of their own, each with a line to the one that waits for all of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing import AuthenticationError, current_process, get_context
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock, Thread, current_thread, main_thread
from typing import Any, TypeVar

from .parallel import Stopped, results

R = TypeVar("R")

Ask = Callable[[Any], Any]
"""A function in another process calls it to ask the one that waits, and gets the answer."""

LOOK_EVERY = 0.1
"""Seconds after which the one that waits checks whether it should stop."""


def in_processes(
    executor: Executor | None,
    function: Callable[[Any, Ask], R],
    tasks: Sequence[Any],
    hear: Callable[[int, Any], Any],
    stopped: Callable[[], bool],
) -> list[R]:
    """Call `function` with each task, each in its process; return the results.

    What they ask is answered by `hear`, from any thread. When one of them raises, or `hear` does,
    or an interrupt comes, the next question of the others is answered by `Stopped`; the first error
    is raised when all have ended. Without an `executor`, there is a new process for each task.
    """
    desk = _Desk(hear)
    # Forking while other threads hold locks can hang the child, so that it begins from nothing.
    made = ProcessPoolExecutor(len(tasks), get_context("spawn")) if executor is None else executor
    # Of this process and its children, so that no other one on the machine can give answers, which
    # are pickles.
    key = bytes(current_process().authkey)
    # One place more than there are processes, for what wakes the thread in the end.
    listening = Listener(backlog=len(tasks) + 1, authkey=key)
    with made if executor is None else nullcontext(), listening as listener:
        futures = [
            made.submit(_work, listener.address, number, function, task)
            for number, task in enumerate(tasks)
        ]
        accepting = Thread(target=desk.accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            desk.wait(futures, stopped)
        finally:
            # Before the connection that wakes the thread: it looks at this alone.
            desk.closed = True
            # Wakes the thread that accepts: without the key, so as not to wait for its answer, and
            # there is room for it among those that wait to be accepted.
            with suppress(OSError):
                Client(listener.address).close()
            accepting.join()
    return results(futures, desk.errors)


class _Desk:
    """Where all lines end."""

    def __init__(self, hear: Callable[[int, Any], Any]) -> None:
        self._hear = hear
        self._lock = Lock()
        """One is heard at a time: what hears them relies on that."""
        self._over = False
        self.closed = False
        self.errors: list[BaseException] = []

    def wait(self, futures: list[Future[Any]], stopped: Callable[[], bool]) -> None:
        """Wait for all, or after an error or a stop for those that have begun."""
        left: Iterable[Future[Any]] = futures
        try:
            while left and not (self._over or stopped()):
                # Woken in between: `hear` may have raised, or the operation is to stop.
                done, left = wait(left, LOOK_EVERY, FIRST_EXCEPTION)
                if any(future.exception() for future in done):
                    break
        finally:
            self._over = True
            # Those that have begun end at their next question, after what they are writing now.
            wait([future for future in futures if not future.cancel()])

    def accept(self, listener: Listener) -> None:
        """Let processes in until all have ended, and answer each in a thread."""
        # Until all have ended: a process that got no answer would wait forever.
        while True:
            try:
                line = listener.accept()
            except (OSError, EOFError, AuthenticationError):
                # It has died at once, was to wake this thread, or is no process of this one.
                if self.closed:
                    return
            else:
                Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: Connection[Any, Any]) -> None:
        """Answer one process until it hangs up."""
        with line, suppress(OSError, EOFError):
            while True:
                number, said = line.recv()
                answer: Any = None
                with self._lock:
                    try:
                        answer = self._hear(number, said)
                    except BaseException as error:  # noqa: BLE001  # raised by the one that waits
                        self.errors.append(error)
                        self._over = True
                # From the first error on, all are told to end.
                line.send(Stopped() if self._over else answer)


def _work(address: Any, number: int, function: Callable[[Any, Ask], R], task: Any) -> R:
    """Call the function; an interrupt is for the one that waits."""
    lock = Lock()
    with Client(address, authkey=bytes(current_process().authkey)) as line, _uninterrupted():

        def ask(said: Any) -> Any:
            """Send what is asked, and return the answer; raise `Stopped` when all is to end."""
            # The threads of a share use one line: an answer belongs to the question before it.
            with lock:
                line.send((number, said))
                answer = line.recv()
            if isinstance(answer, Stopped):
                raise answer
            return answer

        return function(task, ask)


@contextmanager
def _uninterrupted() -> Any:
    """Ignore Ctrl-C meanwhile: a terminal sends it to all processes of its group."""
    # A signal's handler can be set in the main thread alone; an executor of threads has others.
    if current_thread() is not main_thread():  # pragma: no branch
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # pragma: no cover - elsewhere
    try:  # pragma: no cover
        yield
    finally:  # pragma: no cover
        signal.signal(signal.SIGINT, before)
