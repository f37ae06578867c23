"""Holds a rate of capacity units, measured after the fact and shared by whoever holds the pace."""

from __future__ import annotations

from threading import Lock

from .effects import Sleep, Steps, now

__all__ = ["Pace"]


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

    def ready(self, longest: float) -> Steps[None]:
        """Wait until the units so far are covered, but no longer than `longest` seconds."""
        if self._limit is None:
            return
        while (wait := min(self._covered_at - (yield from now()), longest)) > 0:
            yield Sleep(wait)
            longest -= wait
