"""Tells what happens while an operation runs: to a function, and to the log of the application.

Nothing of a request or an answer is told but what names it: no item, no key, no credential.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from ..errors import DynamormError, ServiceError, Throttled
from . import Call
from .waiting import table_of


class Event(Struct, frozen=True):
    """Something that has happened while an operation ran; `str(event)` is its line in the log."""

    kind: str
    """"request" (answered or failed), "retry" and "wait" (a pause begins, after an error that may
    pass or without one), "page" (the Scan of a copy or comparison has brought items)."""
    operation: str
    """The request's, or that of the request before the pause: `CreateTable`."""
    table: str
    """As the service knows it, prefix included; empty where the request names none."""
    attempt: int
    """From 1 on."""
    seconds: float
    """That the request has taken, or that the pause will take."""
    status: int | None = None
    """Of HTTP; `None` without an answer, or where the transport does not tell."""
    request_id: str | None = None
    error: BaseException | None = None
    """What the request raised, or what is waited for to pass, without its traceback."""

    def __str__(self) -> str:
        place = f" on {self.table}" if self.table else ""
        facts = [f"attempt {self.attempt}", f"{self.seconds:.3f} s"]
        if self.status is not None:
            facts.append(f"status {self.status}")
        if self.request_id:
            facts.append(f"request {self.request_id}")
        if self.error is not None:
            # Its text may quote a key.
            facts.append(getattr(self.error, "code", "") or type(self.error).__name__)
        return f"{self.kind} {self.operation}{place}: {', '.join(facts)}"


# Bytes themselves, since that is all that `send` of a transport gives.
class Answered(bytes):
    """The body of an answer that knows what its head said."""

    status: int | None
    request_id: str | None


def observed_body(body: bytes, status: int | None, request_id: str | None) -> Answered:
    """Return a body that says status and request id."""
    made = Answered(body)
    made.status, made.request_id = status, request_id
    return made


Observe = Callable[[Event], object]
"""Called with each event as it happens; by several threads at once where operations run in some."""


class Watch:
    """Watches one program, whose requests and pauses come one after the other."""

    def __init__(self, observe: Observe | None, now: Callable[[], float]) -> None:
        self._observe = observe
        self._now = now
        self._call: Call[Any] | None = None
        self._last = Event("request", "", "", 1, 0.0)
        self._told: tuple[int | None, str | None] = (None, None)

    def another(self) -> Watch:
        """Return what watches a program beside this one."""
        return Watch(self._observe, self._now)

    @contextmanager
    def request(self, call: Call[Any]) -> Iterator[Callable[[bytes], bytes]]:
        """Tell of the request that is sent meanwhile; the same one again is another attempt.

        Gives a function that the body of its answer is to be passed through.
        """
        # The same object, not an equal one: a retry yields it again, a poll asks with an equal one.
        attempt = self._last.attempt + 1 if call is self._call else 1
        self._call = call
        begun = self._now()
        failed: BaseException | None = None
        try:
            yield self._answered
        except BaseException as error:
            failed = _bare(error)
            raise
        finally:
            # A refusal is raised: there was no body for `_answered` to note them from.
            if isinstance(failed, ServiceError):
                self._told = failed.status, failed.request_id or None
            self._last = Event(
                "request",
                call.operation,
                table_of(call.payload),
                attempt,
                self._now() - begun,
                *self._told,
                failed,
            )
            self._show(self._last)
            self._told = None, None
            if call.operation == "Scan" and failed is None:
                self._repeat("page", self._last.seconds)

    def _answered(self, body: bytes) -> bytes:
        """Note what a transport tells beside the body of an answer."""
        self._told = getattr(body, "status", None), getattr(body, "request_id", None)
        return body

    def pause(self, seconds: float) -> None:
        """Tell of a pause that begins."""
        transient = getattr(self._last.error, "transient", False)
        self._repeat("retry" if transient else "wait", seconds)

    def _repeat(self, kind: str, seconds: float) -> None:
        """Show an event of another kind about the last request."""
        last = self._last
        error = last.error if kind == "retry" else None
        event = Event(kind, last.operation, last.table, last.attempt, seconds, error=error)
        self._show(event)

    def _show(self, event: Event) -> None:
        """Log an event, and tell it to `observe`, whose own errors are logged and dropped."""
        # Where the application has not imported it nobody listens, and an import takes milliseconds
        # of a cold start.
        logging: Any = sys.modules.get("logging")
        if logging is not None:
            # Most applications log at INFO, and want to know why something is slow; not of each
            # request.
            loud = event.kind == "retry" or isinstance(event.error, Throttled)
            level = logging.INFO if loud else logging.DEBUG
            logging.getLogger("dynamorm").log(level, "%s", event)
        if self._observe is None:
            return
        try:
            self._observe(event)
        except Exception:
            # A mistake of the application's is shown, even to one that has no logging yet.
            from logging import getLogger

            getLogger("dynamorm").exception("observe= raised an error, which was dropped")


def _bare(error: BaseException) -> BaseException:
    """Return an error of ours without its traceback, whose frames hold the request."""
    if not isinstance(error, DynamormError):
        return error
    # Not by copy(): where dask has registered how exceptions are copied, it keeps the traceback.
    make, facts = error.__reduce__()[:2]
    copied: DynamormError = make(*facts)
    return copied
