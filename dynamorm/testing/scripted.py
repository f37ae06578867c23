"""A clock that only moves when somebody sleeps, and transports that record their requests."""

from __future__ import annotations

from typing import Any

from msgspec import json

from ..operations.drivers import Clock
from ..operations.sending import sending
from ..operations.transport import Passing, Transport


class FakeClock(Clock):
    """Time that passes only by sleeping; `share` is what `random` always returns, from 0 to 1."""

    def __init__(self, moment: float = 0.0, *, share: float = 0.5) -> None:
        self.moment = moment
        self.share = share
        self.slept: list[float] = []

    def now(self) -> float:
        return self.moment

    def time(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def random(self) -> float:
        return self.share


class Script:
    """Answers requests in the order of its turns, and fails on any other request.

    A turn is an operation and its answer: an exception to raise, bytes to give as they are, or
    anything that msgspec encodes. As a context manager it fails if turns are left at the end.
    """

    def __init__(self, *turns: tuple[str, Any]) -> None:
        self.turns = list(turns)
        self.sent: list[tuple[str, Any]] = []
        """Each request: its operation, and its decoded body."""

    def __enter__(self) -> Script:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        # What was raised explains why turns are left, and is not to be hidden by that.
        left = ", ".join(operation for operation, _ in self.turns)
        assert raised or not left, f"in the script and never sent: {left}"

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        self.sent.append((operation, json.decode(body)))
        assert self.turns, f"{operation} was sent, and the script has ended"
        expected, answer = self.turns.pop(0)
        assert operation == expected, f"{operation} was sent, the script has {expected}"
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, bytes) else json.encode(answer)


class Recorder(Passing):
    """Passes requests on to another transport and keeps what went out."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.sent: list[tuple[str, Any]] = []

    @property
    def operations(self) -> list[str]:
        """The names of the operations, in order."""
        return [operation for operation, _ in self.sent]

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        self.sent.append((operation, json.decode(body)))
        answer: bytes = sending(self.transport, operation, body, timeout)
        return answer


class Async(Passing):
    """Gives any of these transports the asynchronous form that `arun` takes."""

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer: bytes = sending(self.transport, operation, body, timeout)
        return answer
