"""A rate is held, begins slowly where a table is cold, and yields to throttling."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count, islice
from typing import Any

import pytest

from dynamorm.operations import Now, Sleep
from dynamorm.operations.pace import RECOVERY, WARMING, Lent, Pace


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
    unused = Pace(5.0)
    unused.spent(5.0, 0.0, 0.0)
    assert at(0.0, unused.ready(always)) == 0.0


def test_a_limit_that_is_told_anew_holds_at_once() -> None:
    """A share grows when others have ended."""
    pace = Pace(10)
    at(0.0, pace.ready(always, 10.0))
    pace.limit = 20
    assert pace.rate(1.0) == 20
    steps = pace.ready(lambda moment: 0.0, 1.0)
    assert at(0.5, steps) is None


def no_time(moment: float) -> float:
    return 0.0


def test_time_in_which_nothing_was_read_is_not_made_up_for() -> None:
    """But for a quarter of a second: a thread wakes later than it asked for."""
    pace = Pace(100)
    at(0.0, pace.ready(always, 1.0))
    assert at(3600.0, pace.ready(no_time, 100.0)) == 100.0
    assert at(3600.7, pace.ready(no_time, 1.0)) is None
    assert at(3600.75, pace.ready(no_time, 1.0)) == 1.0


def test_a_request_that_has_cost_more_than_it_paid_delays_the_next() -> None:
    """The estimate was 10 units, which are a tenth of a second; the answer says 60."""
    pace = Pace(100)
    assert at(0.0, pace.ready(no_time, 10.0)) == 10.0
    pace.spent(60.0, 10.0, 0.05)
    assert at(0.5, pace.ready(no_time, 10.0)) is None
    assert at(0.6, pace.ready(no_time, 10.0)) == 35.0


class World:
    """Processes on one clock, whose segments send batches of 25 units and wait for each answer."""

    def __init__(self, rate: float) -> None:
        self.central = Pace(rate)
        self.now = 0.0
        self.lent: list[float] = []
        self.sent: list[float] = []
        self._order = count()
        self._due: list[tuple[float, int, Iterator[float]]] = []

    def lend(self, units: float, throttled: bool) -> float:
        self.lent.append(units)
        if throttled:
            self.central.throttled(self.now)
        return self.central.lend(units, self.now)

    def process(self, begins: float, batches: int, segments: int, lent: float = 10.0) -> Lent:
        pace = Lent(lent, self.lend)
        left = iter(range(batches))
        for _ in range(segments):
            heappush(self._due, (begins, next(self._order), self._segment(pace, left)))
        return pace

    def _segment(self, pace: Lent, left: Iterator[int]) -> Iterator[float]:
        """Yield the seconds until it goes on."""
        for _ in left:
            steps = pace.ready(always, 25.0)
            answer: Any = None
            with suppress(StopIteration):
                while True:
                    effect = steps.send(answer)
                    if isinstance(effect, Sleep):
                        yield effect.seconds
                    answer = None if isinstance(effect, Sleep) else self.now
            self.sent.append(self.now)
            yield 0.005
            pace.spent(25.0, 25.0, self.now)
        pace.give_back()

    def run(self) -> list[float]:
        """Give the moments at which batches were sent."""
        while self._due:
            self.now, _, segment = heappop(self._due)
            for seconds in islice(segment, 1):
                heappush(self._due, (self.now + seconds, next(self._order), segment))
        return self.sent


@pytest.mark.parametrize("segments", [1, 2, 16])
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_that_begin_and_end_apart_hold_one_rate(processes: int, segments: int) -> None:
    """Neither one that has not begun nor one that has ended keeps its part from the others."""
    world = World(1_000)
    for number in range(processes):
        world.process(0.7 * number, 80 + 30 * number, segments)
    sent = world.run()
    assert 25 * (len(sent) - 1) / (sent[-1] - sent[0]) == pytest.approx(1_000, rel=0.02)
    for moment in sent:
        assert 25 * sum(moment <= other < moment + 1 for other in sent) <= 1_000 * 1.25


def test_what_requests_have_cost_beside_what_was_lent_is_made_up_for() -> None:
    """By the estimates that follow, and by the next loan; what is left can be given back."""
    world = World(100)
    pace = world.process(0.0, 0, 0)
    assert at(0.0, pace.ready(always, 4.0)) == 4.0
    pace.spent(12.0, 4.0, 0.1)
    world.now = 0.2
    assert at(0.2, pace.ready(always, 1.0)) == 2.0
    assert world.lent == [10.0, 12.0]
    pace.give_back()
    pace.give_back()
    assert world.lent == [10.0, 12.0, -8.0]
    assert world.central.lend(1.0, 0.1) == pytest.approx(0.04)


def test_throttling_of_one_process_slows_all() -> None:
    """It is told once a second at most, and without a limit nobody asks anybody."""
    world = World(100)
    pace = world.process(0.0, 0, 0)
    for moment in (0.0, 0.5, 1.0):
        world.now = moment
        pace.throttled(moment)
    assert world.lent == [0.0, 0.0]
    assert world.central.rate(1.0) == pytest.approx(49, rel=0.02)
    free = Lent(None, world.lend)
    assert at(0.0, free.ready(always, 5.0)) == 0.0
    free.throttled(0.0)
    free.spent(5.0, 0.0, 0.0)
    free.give_back()
    assert world.lent == [0.0, 0.0]
    assert Pace(None).lend(5.0, 0.0) == 0.0


def test_a_loan_is_not_waited_for_beyond_the_deadline() -> None:
    pace = Lent(1.0, lambda units, throttled: 5.0)
    assert at(0.0, pace.ready(lambda moment: 0.0, 1.0)) is None
