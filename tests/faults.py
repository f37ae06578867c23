"""Fault plans: what goes wrong with which request, made by Hypothesis or by a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
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


TROUBLES: dict[str, tuple[Callable[[str], DynamormError], bool]] = {
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
