"""Fault plans: what goes wrong with which request, made by Hypothesis or by a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from dynamorm import TransportError
from dynamorm.errors import DynamormError, service_error
from dynamorm.testing import FakeClock, FakeService


class Killed(BaseException):
    """The process has been stopped."""


def throttled(operation: str) -> DynamormError:
    code = "ProvisionedThroughputExceededException"
    return service_error(code, "slow down", status=400, operation=operation)


def broken(operation: str) -> DynamormError:
    return service_error("InternalServerError", "", status=500, operation=operation)


def cut(operation: str) -> DynamormError:
    return TransportError("cut", operation=operation, maybe_applied=True)


def busy(operation: str) -> DynamormError:
    return service_error("ResourceInUseException", "in use", status=400, operation=operation)


def limited(operation: str) -> DynamormError:
    message = "Subscriber limit exceeded: 500 tables can be changed simultaneously"
    return service_error("LimitExceededException", message, status=400, operation=operation)


Trouble = tuple[Callable[[str], DynamormError], bool]
"""An error, and whether the request has had its effect."""

TROUBLES: dict[str, Trouble] = {
    "throttled": (throttled, False),
    "broken": (broken, False),
    "broken after": (broken, True),
    "cut before": (cut, False),
    "cut after": (cut, True),
}

PLANS = st.lists(
    st.one_of(st.sampled_from(["fine", "fine", *TROUBLES]), st.integers(0, 25)), max_size=40
)
"""For each copying request in turn: fine, a trouble, or how many items are withheld."""


class Faulty:
    """Passes requests on to a fake service, with the troubles of a plan; may be killed at one."""

    def __init__(
        self, service: FakeService, plan: Iterable[str | int] = (), kill_at: int | None = None
    ) -> None:
        self.service = service
        self.plan = list(plan)
        self.kill_at = kill_at
        self.requests = 0

    @property
    def clock(self) -> Any:
        return self.service.clock

    def send(self, operation: str, body: bytes) -> bytes:
        if operation not in ("Scan", "BatchWriteItem"):
            return self.service.send(operation, body)
        self.requests += 1
        if self.kill_at is not None and self.requests > self.kill_at:
            raise Killed
        step = self.plan.pop(0) if self.plan else "fine"
        if isinstance(step, int) and operation == "BatchWriteItem":
            self.service.withhold(step)
        if not isinstance(step, str) or step == "fine":
            return self.service.send(operation, body)
        trouble, after_effect = TROUBLES[step]
        if after_effect:
            self.service.send(operation, body)
        raise trouble(operation)


STALE = 5.0
"""By how many seconds DescribeTable lags at most; the documentation says "a few"."""

MOST_IN_A_ROW = 4


class Unsteady:
    """Passes requests about tables on to a fake service; a third of them meet a trouble.

    Every DescribeTable tells of another moment, up to `STALE` seconds ago: a new table is missing,
    and statuses go back.
    """

    def __init__(self, service: FakeService, seed: int) -> None:
        self.service = service
        self.clock = service.clock
        self.chance = random.Random(seed)
        self.requests = 0
        self.met: Counter[tuple[str, str]] = Counter()
        """Each trouble, with the operation that met it."""
        self.in_a_row = 0
        self.kill(-1)

    def kill(self, at: int, *, after_effect: bool = False) -> None:
        """End the process at a request, by its number: before its effect, or having had it."""
        self.kill_at, self.kill_after_effect = at, after_effect

    def send(self, operation: str, body: bytes) -> bytes:
        self.requests += 1
        if self.requests != self.kill_at:
            return self._send(operation, body)
        if self.kill_after_effect:
            with suppress(DynamormError):
                self.service.send(operation, body)
        raise Killed

    def _send(self, operation: str, body: bytes) -> bytes:
        self.service.lag = self.chance.uniform(0.0, STALE)
        self.in_a_row += 1
        if self.in_a_row > MOST_IN_A_ROW or self.chance.random() > 1 / 3:
            self.in_a_row = 0
            return self.service.send(operation, body)
        name, (trouble, after_effect) = self.chance.choice(_troubles(operation))
        self.met[operation, name] += 1
        if after_effect:
            self.service.send(operation, body)
        raise trouble(operation)


def _troubles(operation: str) -> list[tuple[str, Trouble]]:
    """Give what can happen to a request; "in use" from CreateTable says that the table is there."""
    troubles = dict(TROUBLES)
    if not operation.startswith(("Describe", "List")):
        troubles["limited"] = limited, False
    if operation.startswith("Update"):
        troubles["busy"] = busy, False
    return list(troubles.items())


class Ticking(FakeClock):
    """A clock that goes on a little whenever somebody looks at it."""

    def __init__(self, tick: float) -> None:
        super().__init__()
        self.tick = tick

    def now(self) -> float:
        self.moment += self.tick
        return self.moment


class Inline(Executor):
    """Runs each piece of work when it is handed in: threads whose order is known."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future
