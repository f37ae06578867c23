"""Holds a rate of capacity units, shared by the segments of a copy, and yields to throttling."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from . import Sleep, Steps, now

CREDIT = 0.25
"""Seconds of the rate that may be made up for: a thread wakes later than it asked for."""

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max.html
WARMING = 1800.0
"""Seconds in which an on-demand table doubles what it takes without throttling."""

RECOVERY = 60.0
"""Seconds in which a rate that was throttled doubles again."""

# As the cubic rate of botocore's adaptive mode: botocore/retries/throttling.py.
BACK_OFF = 0.7
"""What is left of a rate after throttling; once a second at most."""


class Pace:
    """At most `limit` capacity units a second; `None` is as fast as it goes.

    A request is paid for by an estimate before it is sent, and its answer corrects that: however
    many segments share a pace, none is ahead of it. The estimate is multiplied by what requests
    have cost in relation to theirs, so that the indexes of a table are paid for too. `cold` is the
    rate to begin with where that is lower: it doubles as an on-demand table warms up.
    """

    def __init__(self, limit: float | None, cold: float | None = None) -> None:
        self.limit = limit
        """Whoever shares a rate with other processes changes it on the way."""
        self._lock = Lock()
        self._covered_at: float | None = None
        """The moment up to which the rate has been spent; `None` before the first request."""
        self._factor = 1.0
        """What requests have cost, in relation to their estimates."""
        # A rate that is below what the table takes cold needs no warming up.
        self._share = 1.0 if cold is None or limit is None else min(1.0, cold / limit)
        """How much of the limit is used at `_shared_at`: below 1 when cold or after throttling."""
        self._shared_at: float | None = None
        self._throttled_at = float("-inf")
        self._doubling = WARMING
        """Seconds in which the share doubles."""

    def rate(self, moment: float) -> float | None:
        """Return the units a second that are used at this moment; `None` for no limit."""
        if self.limit is None:
            return None
        with self._lock:
            return self._rate(self.limit, moment)

    def ready(self, left: Callable[[float], float], units: float = 0.0) -> Steps[float | None]:
        """Wait until it is a request's turn; return what it has paid, `None` when time is up first.

        A second at a time, so that an operation can be stopped between two effects.
        """
        while (limit := self.limit) is not None:
            moment = yield from now()
            with self._lock:
                paid = units * self._factor
                wait = self._pay(paid, limit, moment)
            if wait <= 0:
                return paid
            # Nothing is set apart for who waits: whoever asks first when the rate is free has it.
            longest = left(moment)
            if longest <= 0:
                return None
            yield Sleep(min(wait, longest, 1.0))
        return 0.0

    def lend(self, units: float, moment: float) -> float:
        """Set units apart for another process; return the seconds until it may use them.

        What it gives back is below zero.
        """
        with self._lock:
            if self.limit is None:
                return 0.0
            return max(0.0, self._cover(units, self.limit, moment) - moment)

    def spent(self, units: float, paid: float, moment: float) -> None:
        """Correct what a request has paid by what it has consumed."""
        if self.limit is None:
            return
        with self._lock:
            # Looked at again: another thread may have changed the limit before the lock was free.
            if self.limit is not None and self._covered_at is not None:
                # Also backwards: what was overpaid can be spent again.
                self._learn(units, paid)
                self._covered_at += (units - paid) / self._rate(self.limit, moment)

    def throttled(self, moment: float) -> None:
        """Use less of the limit for a while."""
        with self._lock:
            # All segments meet the same full table within moments: that is one reason, not eight.
            if self.limit is not None and moment - self._throttled_at >= 1.0:
                self._rate(self.limit, moment)  # first what has recovered since
                self._throttled_at = moment
                self._share *= BACK_OFF
                self._doubling = RECOVERY

    def _pay(self, units: float, limit: float, moment: float) -> float:
        """Pay for units if it is their turn; return the seconds until then."""
        wait = 0.0 if self._covered_at is None else self._covered_at - moment
        if wait <= 0:
            self._cover(units, limit, moment)
        return wait

    def _cover(self, units: float, limit: float, moment: float) -> float:
        """Pay for units; return when their turn begins."""
        # Time in which nobody asked is not made up for, but for the credit: the limit is one of
        # every second.
        begins = moment if self._covered_at is None else max(self._covered_at, moment - CREDIT)
        self._covered_at = begins + units / self._rate(limit, moment)
        return begins

    def _learn(self, units: float, paid: float) -> None:
        # What was refused cost nothing, and what was sent without an estimate paid nothing: neither
        # says how good estimates are.
        if paid and units:
            # Half of the way, so that one odd page does not decide the rate.
            self._factor *= (1 + units / paid) / 2

    def _rate(self, limit: float, moment: float) -> float:
        """Return the rate at a moment; for who holds the lock."""
        if self._share < 1.0:
            since = 0.0 if self._shared_at is None else moment - self._shared_at
            self._share = min(1.0, self._share * 2 ** (since / self._doubling))
        self._shared_at = moment
        return limit * self._share


class Lent(Pace):
    """The pace of a share of the work: whoever waits for all shares lends it units.

    One clock sets apart what all use, in turn, so that the rate is held and nobody's part is left
    unused: not of a process that has not started yet, and not of one that has nothing left to do.
    `limit` is how much is lent at a time, `lend` returns the seconds until it may be used.
    """

    def __init__(self, limit: float | None, lend: Callable[[float, bool], float]) -> None:
        super().__init__(limit)
        self._lend = lend
        self._units = 0.0
        """What is left; below zero where requests have cost more than they had paid."""
        self._from = float("-inf")
        """The moment from which it may be used."""

    def spent(self, units: float, paid: float, moment: float) -> None:
        with self._lock:
            if self.limit is not None:
                self._learn(units, paid)
                self._units -= units - paid

    def throttled(self, moment: float) -> None:
        """Let the rate of all be lower for a while."""
        with self._lock:
            # The one clock slows down, and with it what it lends; the next terms say how much.
            if self.limit is not None and moment - self._throttled_at >= 1.0:
                self._throttled_at = moment
                self._lend(0.0, True)

    def give_back(self) -> None:
        """Give back what is left, for others to use."""
        with self._lock:
            if self.limit is not None and self._units > 0:
                self._lend(-self._units, False)
                self._units = 0.0

    def _pay(self, units: float, limit: float, moment: float) -> float:
        """Pay for units once so many have been lent; return the seconds until then."""
        wait = self._from - moment
        # What has no estimate borrows too, where nothing is left or there is a debt.
        if wait <= 0 and not 0 < self._units >= units:
            # The debt of earlier requests is borrowed too, so that the one clock knows of it.
            wait = self._lend(max(limit, units) - self._units, False)
            self._units = max(limit, units)
            # Set apart at once, used later: those who borrowed before have their turn first.
            self._from = moment + wait
        if wait <= 0:
            self._units -= units
        return wait
