"""A copy in one process and in two, where nothing but the copies needs a processor.

    python benchmarks/processes.py [--rounds 3] [--items 600000] [--json FILE]

There is no server: each process answers its own requests after 5 ms in which it sleeps. A server on
the same two cores would take from one copy what it takes from two. The runs take turns, and the
fastest of each is shown. `parent` is the processor time of the process that waits, of its wall.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from customers import Customer, Upgraded, upgrade
from runs import options
from within import PAGE, Database

DELAY = 0.005
SEGMENTS = 16
PROCESSES = (1, 2)
WAYS: dict[str, tuple[Any, Any, Any]] = {
    "typed": (Customer, Upgraded, upgrade),
    "opaque": ("source", "target", None),
}


def cpu() -> tuple[float, float]:
    """Give the seconds of this process, and of those that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, others = (used.ru_utime + used.ru_stime for used in both)
    return own, others


def run(way: str, processes: int, items: int) -> dict[str, Any]:
    """Copy once."""
    source, target, transform = WAYS[way]
    db = Database(items // PAGE, DELAY)
    before, began = cpu(), time.perf_counter()
    report = db.copy_table(
        source, target, transform=transform, segments=SEGMENTS, processes=processes
    )
    wall, after = time.perf_counter() - began, cpu()
    own, others = (late - early for late, early in zip(after, before, strict=True))
    return {
        "way": way,
        "processes": processes,
        "items": report.written,
        "wall": wall,
        "items_per_second": report.written / wall,
        "cpu_us_per_item": (own + others) / report.written * 1e6,
        "parent": own / wall,
    }


def main() -> None:
    arguments = options(__doc__, rounds=3, items=600_000)
    wanted = [(way, number) for way in WAYS for number in PROCESSES]
    items: int = arguments.items
    runs = [run(*one, items) for _ in range(arguments.rounds) for one in wanted]
    rows = []
    for one in wanted:
        fastest = min(
            (run for run in runs if (run["way"], run["processes"]) == one),
            key=lambda run: run["wall"],
        )
        alone = next((row for row in rows if row["way"] == one[0]), fastest)
        rows.append(fastest | {"gain": alone["wall"] / fastest["wall"]})
    for row in rows:
        print(
            f"{row['way']:8}{row['processes']:3}{row['items_per_second']:10,.0f}/s"
            f"{row['cpu_us_per_item']:8.1f} us of CPU{row['parent']:8.1%} parent"
            f"{row['gain']:6.2f} x"
        )
    arguments.write(rows)


if __name__ == "__main__":
    main()
