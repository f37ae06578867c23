"""A copy in one process and in two, where nothing but the copies needs a processor.

    python benchmarks/processes.py [--rounds 3] [--items 600000] [--json FILE]

There is no server: each process answers its own requests after 5 ms in which it sleeps. A server on
the same two cores would take from one copy what it takes from two. The runs take turns, and the
fastest of each is shown, as a row of docs/benchmarks.md. The last column is the processor time of
the process that waits, as a share of the time that the copy takes.

A page of 1,000 items is 41 answers, so that a segment copies 4,900 items a second at most, and
eight of them 39,000: hardly more than one core copies through models. Two processes with 16
segments would spend much of their time waiting, and with 32 they need not. One process keeps its
core busy with 16: more threads only take the interpreter's lock from each other. So each runs with
both numbers, and the gain is over one process with the better one for it.
"""

from __future__ import annotations

import resource
import time
from itertools import product
from typing import Any

from customers import Customer, Upgraded, upgrade
from runs import options
from within import PAGE, Database

DELAY = 0.005
SEGMENTS = (16, 32)
PROCESSES = (1, 2)
WAYS: dict[str, tuple[Any, Any, Any]] = {
    "through models": (Customer, Upgraded, upgrade),
    "as they are": ("source", "target", None),
}


def cpu() -> tuple[float, float]:
    """Give the seconds of this process, and of those that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, others = (used.ru_utime + used.ru_stime for used in both)
    return own, others


def run(way: str, processes: int, segments: int, items: int) -> dict[str, Any]:
    """Copy once."""
    source, target, transform = WAYS[way]
    db = Database(items // PAGE, DELAY)
    before, began = cpu(), time.perf_counter()
    report = db.copy_table(
        source, target, transform=transform, segments=segments, processes=processes
    )
    wall, after = time.perf_counter() - began, cpu()
    own, others = (late - early for late, early in zip(after, before, strict=True))
    return {
        "way": way,
        "processes": processes,
        "segments": segments,
        "items": report.written,
        "wall": wall,
        "items_per_second": report.written / wall,
        "cpu_us_per_item": (own + others) / report.written * 1e6,
        "parent": own / wall,
    }


def main() -> None:
    arguments = options(__doc__, rounds=3, items=600_000)
    wanted = [*product(WAYS, PROCESSES, SEGMENTS)]
    items: int = arguments.items
    rounds = [{one: run(*one, items) for one in wanted} for _ in range(arguments.rounds)]
    fastest = [min((each[one] for each in rounds), key=lambda row: row["wall"]) for one in wanted]
    for row in fastest:
        alone = (one for one in fastest if (one["way"], one["processes"]) == (row["way"], 1))
        row["gain"] = row["items_per_second"] / max(one["items_per_second"] for one in alone)
        print(
            "| {way} | {processes} | {segments} | {items_per_second:,.0f} | {gain:.2f} "
            "| {cpu_us_per_item:.1f} | {parent:.0%} |".format(**row)
        )
    arguments.write(fastest)


if __name__ == "__main__":
    main()
