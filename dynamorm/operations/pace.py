"""Holds a rate of capacity units, measured after the fact and shared by the segments of a copy."""

from __future__ import annotations

from threading import Lock

from .effects import Sleep, Steps, now


class Pace:
    """At most `limit` capacity units a second; `None` is as fast as it goes.

    What a request costs is known only when it has been answered. So each one is paid for by those
    after it: nobody starts before the units so far are covered.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._covered_at = 0.0
        self._lock = Lock()

    def spent(self, units: float, moment: float) -> None:
        """Count what a request that was answered at `moment` has consumed."""
        if self._limit is not None:
            with self._lock:
                self._covered_at = max(self._covered_at, moment) + units / self._limit

    def ready(self, longest: float) -> Steps[bool]:
        """Wait until the units so far are covered; `False` if that takes `longest` seconds or more.

        A second at a time, so that an operation can be stopped between two effects.
        """
        if self._limit is None:
            return True
        until = (yield from now()) + longest
        while (wait := self._covered_at - (moment := (yield from now()))) > 0:
            if moment >= until:
                return False
            yield Sleep(min(wait, until - moment, 1.0))
        return True
