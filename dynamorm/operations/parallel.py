"""Threads of our own, for operations that run together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any


class Threads:
    """Does what was submitted before its start, at most `most` at once.

    The end of the interpreter waits for the threads of a ThreadPoolExecutor, whatever has asked for
    them. These are daemons where the thread that asks is one, so that what nobody waits for does
    not keep a process alive; and what a thread begins when the main one has ended is done.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads: list[Thread] = []

    def submit(self, function: Callable[..., Any], *given: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._left.append((future, partial(function, *given)))
        return future

    def start(self) -> None:
        for _ in range(min(len(self._left), self._most)):
            thread = Thread(target=self._work, name="dynamorm")
            thread.start()
            self._threads.append(thread)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with suppress(IndexError):
            while True:
                _fulfil(*self._left.popleft())


def _fulfil(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:
        future.set_exception(error)
        del future  # the error's traceback holds this frame, which would hold the error
    else:
        future.set_result(result)
