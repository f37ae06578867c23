"""Simulates copies of a large table: segments, workers, rates and partitions.

    python benchmarks/scale.py

writes docs/benchmarks/scale.json and scale.svg. Nothing is sent, and no time passes: a table is a
number of partitions that take 1,000 write units and 3,000 read units a second each, that lend what
they have not used for five minutes, and of which an on-demand table makes more while it is busy. A
worker is a core that copies 50,000 items a second; a segment is bound by the time of an answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FIGURES = Path(__file__).parents[1] / "docs" / "benchmarks"

WRITES, READS = 1_000.0, 3_000.0
"""Units a second of one partition."""
BURST = 300.0
"""Seconds of unused capacity that a partition lends."""
SPLIT = 900.0
"""Seconds of throttling after which an on-demand table has split its busy partitions."""
ANSWER = 0.005
"""Seconds of one answer: 25 items in each batch."""
CORE = 50_000.0
"""Items of 1 KB that one core copies in a second."""
DAY = 86_400


class Case(NamedTuple):
    """A copy of items of 1 KB: one write unit, and a quarter of a read unit each."""

    name: str
    workers: int
    segments: int
    quota: float = 40_000.0
    """Write units a second that the account allows for the table."""
    warm: float = 4_000.0
    """Write units a second that the target takes from the beginning."""
    items: float = 1e9


class Result(NamedTuple):
    """How a copy has gone."""

    hours: float
    rate: float
    """Items a second, on the whole."""
    throttled: float
    """Of all writes, those that were refused at first."""
    bound: str
    """What has bound the copy for most of the time."""


def simulate(case: Case) -> Result:
    """Go through a copy second by second."""
    bounds = {
        "cores": case.workers * CORE,
        "answers": case.segments * 25 / ANSWER,
        "quota": case.quota,
    }
    partitions = max(1.0, case.warm / WRITES)
    lent = busy = throttled = 0.0
    share, left, second = 1.0, case.items, 0
    spent: dict[str, int] = {}
    while left > 0 and second < 30 * DAY:
        takes = partitions * WRITES
        # A source with this many items has a partition for each 10 GB; segments spread over them.
        bounds["reads"] = min(case.segments, case.items / 1e7) * READS * 4
        bounds["partitions"] = takes + lent
        offered = min(value for name, value in bounds.items() if name != "partitions") * share
        done = min(offered, takes + lent, left)
        lent = min(max(lent + takes - done, 0.0), takes * BURST)
        if offered > done:  # paces yield, and double again in a minute
            throttled += offered - done
            share *= 0.7
        else:
            share = min(1.0, share * 2 ** (1 / 60))
        busy = busy + 1 if done >= 0.7 * takes else 0.0
        if busy >= SPLIT:
            partitions, busy = partitions * 2, 0.0
        bound = min(bounds, key=bounds.__getitem__)
        spent[bound] = spent.get(bound, 0) + 1
        left, second = left - done, second + 1
    most = max(spent, key=spent.__getitem__)
    return Result(second / 3600, case.items / second, throttled / case.items, most)


def cases() -> list[Case]:
    """Give 1 to 64 workers with 16 segments each, for what an account and a table may allow."""
    few = [Case("one worker, few segments", 1, segments, warm=40_000.0) for segments in (1, 2, 4)]
    return few + [
        Case(name, workers, 16 * workers, quota, warm)
        for name, quota, warm in (
            ("cold on-demand, 40,000 units", 40_000.0, 4_000.0),
            ("warm throughput 40,000", 40_000.0, 40_000.0),
            ("quota and warm throughput 1,000,000", 1_000_000.0, 1_000_000.0),
        )
        for workers in (1, 2, 4, 8, 16, 32, 64)
    ]


def main() -> None:
    from charts import chart

    rows = [{**case._asdict(), **simulate(case)._asdict()} for case in cases()]
    (FIGURES / "scale.json").write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    bars = [
        (
            f"{row['name']}: {row['workers']} x {row['segments'] // row['workers']}",
            row["rate"],
            True,
        )
        for row in rows
    ]
    title = "A billion items of 1 KB, simulated: workers x segments of each"
    (FIGURES / "scale.svg").write_text(chart(title, "items per second", bars))
    for row in rows:
        print(
            f"{row['name']:38}{row['workers']:4}{row['segments']:6}{row['hours']:8.1f} h"
            f"{row['rate']:12,.0f}/s{row['throttled']:8.2%}  {row['bound']}"
        )


if __name__ == "__main__":
    main()
