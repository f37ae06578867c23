"""How long a copy may still take, by a number of seconds or by what a function says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .options import check_deadline


class TimeLeft:
    """The seconds that are left of a deadline: a number of them, or whatever a function says."""

    def __init__(self, deadline: float | Callable[[], float] | None, started: float) -> None:
        self._deadline = deadline
        self._started = started

    def at(self, moment: float) -> float:
        if self._deadline is None:
            return float("inf")
        if not callable(self._deadline):
            return self._started + self._deadline - moment
        return _seconds(self._deadline())


def _seconds(said: Any) -> float:
    if said != float("inf"):
        check_deadline(said)
    if said is None:
        raise ValueError(
            "deadline= is a function that returned None: it must return the seconds left"
        )
    return float(said)
