"""A rate is held, begins slowly where a table is cold, and yields to throttling."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from dynamorm.operations.effects import Now
from dynamorm.operations.pace import RECOVERY, WARMING, Pace


def at(moment: float, steps: Generator[Any, Any, Any]) -> Any:
    """Perform steps that have to wait for nothing."""
    try:
        effect = next(steps)
        while True:
            assert isinstance(effect, Now)
            effect = steps.send(moment)
    except StopIteration as stop:
        return stop.value


def always(moment: float) -> float:
    return 1e9


def test_a_cold_table_is_warmed_up() -> None:
    """It begins with what it takes, and doubles that in half an hour, up to the limit."""
    pace = Pace(16_000, cold=4_000)
    at(0.0, pace.ready(always, 1.0))
    assert pace.rate(0.0) == 4_000
    assert pace.rate(WARMING) == pytest.approx(8_000)
    assert pace.rate(10 * WARMING) == 16_000
    assert Pace(1_000, cold=4_000).rate(0.0) == 1_000
    assert Pace(None, cold=4_000).rate(0.0) is None


def test_throttling_slows_down_for_a_while() -> None:
    """Once a second at most; no limit is none, and what it was told of throttling is forgotten."""
    pace = Pace(100)
    for moment in (0.0, 0.5, 0.9):
        pace.throttled(moment)
    assert pace.rate(0.9) == pytest.approx(70, rel=0.02)
    pace.throttled(1.5)
    assert pace.rate(1.5) == pytest.approx(49, rel=0.02)
    assert pace.rate(1.5 + RECOVERY) == pytest.approx(98, rel=0.02)
    assert pace.rate(1.5 + 2 * RECOVERY) == 100
    unlimited = Pace(None)
    unlimited.throttled(0.0)
    unlimited.spent(5.0, 0.0, 0.0)
    assert at(0.0, unlimited.ready(always)) == 0.0


def test_a_limit_that_is_told_anew_holds_at_once() -> None:
    """A share grows when others have ended."""
    pace = Pace(10)
    at(0.0, pace.ready(always, 10.0))
    pace.limit = 20
    assert pace.rate(1.0) == 20
    steps = pace.ready(lambda moment: 0.0, 1.0)
    assert at(0.5, steps) is None
