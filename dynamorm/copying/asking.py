"""Asks the service until it answers: at a pace, with patience, until time is up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..api.cursors import Cursors
from ..api.items import ScanInput, ScanOutput, units
from ..errors import DynamormError, Throttled
from ..operations import Sleep, Steps, call, now
from ..operations.middleware import elsewhere
from ..operations.pace import Pace
from ..operations.transport import DatabaseLike
from .checkpoint import Costs
from .options import Seconds, check_deadline

R = TypeVar("R")

PATIENCE = 120.0
"""Seconds without an acknowledgement, pauses included, until whoever sends gives up."""

BASE, CAP = 0.05, 5.0
"""Seconds: half of the first pause at most, and the longest."""

ONCE = float("-inf")
"""As `until`, no moment for a second attempt: a copy retries for minutes on one schedule of pauses,
and would begin with the short ones again and again if each attempt had a schedule of its own."""

UNIT = 4096
"""Bytes that one read unit reads consistently, and two bytes for one where reads may be stale."""


class TimeLeft:
    """The seconds that are left of a deadline: a number of them, or whatever a function says."""

    def __init__(self, deadline: Seconds, started: float) -> None:
        self._deadline = deadline
        self.started = started
        """When the operation began, on its clock."""

    def at(self, moment: float) -> float:
        """Return the seconds left at a moment: `inf` without a deadline, 0 or less past it."""
        if self._deadline is None:
            return float("inf")
        # A function is asked each time: in Lambda, only the context knows what is left.
        if not callable(self._deadline):
            return self.started + self._deadline - moment
        said: Any = self._deadline()
        if said is None:
            message = "deadline= is a function that returned None: it must return the seconds left"
            raise ValueError(message)
        if said != float("inf"):
            check_deadline(said)
        return float(said)


class Late(Exception):
    """Time is up: what is under way ends here, and can be resumed."""


class Asking:
    """Sends the requests of segments that share one pace and one deadline."""

    def __init__(self, left: TimeLeft, pace: Pace) -> None:
        self.left = left
        self.pace = pace
        self._usual = 0.0
        """Units that the last answer has cost: the next one will cost about the same."""
        self.longest = 0.0
        """Seconds that an answer has taken."""

    def ask(
        self,
        operation: str,
        payload: Any,
        reply_type: type[R],
        check: Callable[[R], float],
        place: DatabaseLike | None = None,
    ) -> Steps[R]:
        """Send a request until it is answered; raise `Late` when time is up first.

        `check` returns the units of an answer, or raises for what is none. `place` is where the
        table is, if not in the database of the operation.
        """
        pauses = Pauses(self.left)
        while self.left.at((yield from now())) > 0:
            paid = yield from self.pace.ready(self.left.at, self._usual)
            if paid is None:
                break
            sent = yield from now()
            request = call(operation, payload, reply_type, until=ONCE)
            try:
                reply = yield from elsewhere(request, place)
                consumed = check(reply)
            except DynamormError as error:
                moment = yield from now()
                # What was refused has cost nothing: the next attempt may use it.
                self.pace.spent(0.0, paid, moment)
                # A lost answer says nothing about the capacity of a table, and slows nobody down.
                if isinstance(error, Throttled):
                    self.pace.throttled(moment)
                if not (yield from pauses.again(error)):
                    break
            else:
                moment = yield from now()
                self.longest = max(self.longest, moment - sent)
                self.pace.spent(consumed, paid, moment)
                # The best guess there is: a page has 1 MB, or less at the end of a segment.
                self._usual = consumed
                return reply
        raise Late

    def scan(
        self,
        payload: ScanInput,
        cursors: Cursors,
        costs: Costs | None = None,
        place: DatabaseLike | None = None,
    ) -> Steps[ScanOutput]:
        """Read a page of a segment, as long as it takes; raise `Late` when time is up first.

        What it has cost is added to `costs`: the report of a copy tells it, that of a comparison
        does not.
        """
        # Half a unit for 4 KB where reads may be stale.
        unit = UNIT if payload.consistent_read else 2 * UNIT

        def check(reply: ScanOutput) -> float:
            """Raise for a page that does not lead on; return the read units that it took."""
            cursors.onward(payload.exclusive_start_key, reply.last_evaluated_key)
            consumed = units((reply.consumed_capacity,), lambda: sum(map(len, reply.items)) / unit)
            if costs is not None:
                costs.read_units += consumed
            return consumed

        return self.ask("Scan", payload, ScanOutput, check, place)


class Pauses:
    """Pauses that grow from one refusal to the next, for two minutes and not past the deadline."""

    def __init__(self, left: TimeLeft) -> None:
        self._left = left
        self._tries = 0
        self._since: float | None = None

    def again(self, error: DynamormError) -> Steps[bool]:
        """Let the service rest after an error; `False`, and no pause, when there is no time for it.

        Raises the error if it does not pass, or if it has been so for so long that it will not.
        """
        moment = yield from now()
        self._since = moment if self._since is None else self._since
        # In seconds, not in refusals: how many of these fit into a minute differs by engine and
        # load.
        if not error.transient or moment - self._since > PATIENCE:
            raise error
        self._tries += 1
        return (yield from let_rest(self._tries, self._left.at(moment)))


def let_rest(refusals: int, left: float) -> Steps[bool]:
    """Pause before the next attempt, longer after each refusal; `False` without the time for it.

    Pauses cut short would come ever faster at the end.
    """
    longest = min(CAP, BASE * 2 ** min(refusals, 10))
    if left < longest:
        return False
    yield Sleep(0.0, spread=longest)
    return True
