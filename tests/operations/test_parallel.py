"""Threads of our own, which do what they were given and end."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest
from aids.leaks import nothing_left

from dynamorm import run
from dynamorm.operations import Steps, Together, now
from dynamorm.operations.parallel import begun


def done(*functions: Callable[[], Any], most: int = 4) -> list[Future[Any]]:
    left = deque((Future(), function) for function in functions)
    futures = [future for future, _ in left]
    for thread in begun(left, most):
        thread.join()
    return futures


def test_all_is_done_by_few_threads():
    """No more of them than was said, or than there is work, and none is left."""
    with nothing_left():
        futures = done(*[threading.current_thread] * 100, most=3)
        assert len({future.result() for future in futures}) <= 3
        assert done() == []


@pytest.mark.parametrize("kind", [LookupError, KeyboardInterrupt, SystemExit])
def test_an_error_is_kept_for_who_asks(kind):
    """Of whatever class; what comes after it is done all the same."""

    def fail() -> None:
        raise kind("lost")

    failed, after = done(fail, lambda: "after", most=1)
    assert type(failed.exception()) is kind
    assert after.result() == "after"


def test_what_was_cancelled_before_its_turn_is_not_done():
    """An operation that has failed keeps others from beginning."""
    did: list[str] = []
    second = Future()
    left = deque([(Future(), second.cancel), (second, lambda: did.append("second"))])
    for thread in begun(left, 1):
        thread.join()
    assert second.cancelled()
    assert did == []


def test_an_error_is_freed_with_its_last_reference():
    """It may hold a page of items: that is not left to the garbage collector."""

    class Lost(Exception):
        pass

    def fail() -> None:
        raise Lost

    gc.disable()
    try:
        (future,) = done(fail)
        error = weakref.ref(future.exception())
        assert error() is not None
        del future
        assert error() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("daemon", [False, True])
def test_threads_are_daemons_where_the_one_that_asks_is(daemon):
    """Whom the interpreter does not wait for, it does not wait for on their account."""
    found: list[bool] = []

    def ask() -> None:
        (future,) = done(lambda: threading.current_thread().daemon)
        found.append(future.result())

    asking = threading.Thread(target=ask, daemon=daemon)
    asking.start()
    asking.join()
    assert found == [daemon]


def test_what_an_executor_has_cancelled_is_an_error():
    """Without it a copy would be done with the segments of the others."""

    class Cancelling:
        def submit(self, function: Callable[[], Any]) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    def program() -> Steps[Any]:
        return (yield Together((now(), now()), Cancelling()))

    with pytest.raises(CancelledError):
        run(program(), object())
