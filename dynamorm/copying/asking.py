"""Asks the service until it answers: at a pace, with patience, until time is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import DynamormError, Throttled
from ..operations.effects import Steps, now
from ..operations.pace import Pace
from .time_left import TimeLeft
from .writer import PATIENCE, rest

R = TypeVar("R")


class Asking:
    """Sends the requests of segments that share one pace and one deadline."""

    def __init__(self, left: TimeLeft, pace: Pace) -> None:
        self._left = left
        self._pace = pace
        self._usual = 0.0
        """Units that the last answer has cost: the next one will cost about the same."""
        self.longest = 0.0
        """Seconds that an answer has taken."""

    def ask(self, request: Callable[[], Steps[R]], check: Callable[[R], float]) -> Steps[R | None]:
        """Send a request until it is answered; `None` when time is up first.

        `check` returns the units of an answer, or raises for what is none.
        """
        pauses = Pauses(self._left)
        while self._left.at((yield from now())) > 0:
            paid = yield from self._pace.ready(self._left.at, self._usual)
            if paid is None:
                break
            sent = yield from now()
            try:
                reply = yield from request()
                consumed = check(reply)
            except DynamormError as error:
                moment = yield from now()
                self._pace.spent(0.0, paid, moment)
                if not error.transient or (yield from pauses.over()):
                    raise
                if isinstance(error, Throttled):
                    self._pace.throttled(moment)
            else:
                moment = yield from now()
                self.longest = max(self.longest, moment - sent)
                self._pace.spent(consumed, paid, moment)
                self._usual = consumed
                return reply
            if not (yield from pauses.next()):
                break
        return None


class Pauses:
    """Pauses that grow from one refusal to the next, for two minutes and not past the deadline."""

    def __init__(self, left: TimeLeft) -> None:
        self._left = left
        self._tries = 0
        self._since: float | None = None

    def over(self) -> Steps[bool]:
        """Say whether there has been no success for so long that there will be none."""
        moment = yield from now()
        self._since = moment if self._since is None else self._since
        return moment - self._since > PATIENCE

    def next(self) -> Steps[bool]:
        """Let the service rest; `False`, and no pause, when there is no time for that."""
        self._tries += 1
        return (yield from rest(self._tries, self._left.at((yield from now()))))
