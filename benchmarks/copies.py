"""CPU per copied item over each transport, and what segments gain where answers take their time.

Each contender copies the same table from and to a canned server (`canned.py`), in a process of its
own, so that its CPU time is its own; rounds are interleaved and medians are shown. The second table
is of a server that adds 5 ms to every answer, the third of items of other sizes.

    python benchmarks/copies.py [--rounds 5] [--pages 20] [--json FILE]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from copiers import COPIERS
from runs import ENVIRONMENT, options, serving

SEGMENTED = ("dynamorm http", "dynamorm aio", "dynamorm botocore")
SIZED = ("floor", "dynamorm http", "dynamorm http, typed transform", "boto3 resource")
BYTES = (200, 1000, 10_000, 100_000)
SEGMENTS = (1, 4, 16)
DELAY = 0.005

Figures = dict[tuple[str, int], list[dict[str, float]]]
"""Of each contender and number of segments, those of all rounds."""


def measure(name: str, url: str, segments: int = 1) -> dict[str, float]:
    script = Path(__file__).with_name("copiers.py")
    command = [sys.executable, str(script), name, url, str(segments)]
    done = subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def in_turns(rounds: int, wanted: Iterable[tuple[str, int]], *server: str) -> Figures:
    """Measure contenders with their numbers of segments, one after the other in each round."""
    figures: Figures = {one: [] for one in wanted}
    with serving(*server) as url:
        for _ in range(rounds):
            for (name, number), runs in figures.items():
                runs.append(measure(name, url, number))
    return figures


def by_contender(rounds: int, pages: int) -> list[dict[str, Any]]:
    """Give CPU per item in microseconds, and items per second."""
    figures = in_turns(rounds, ((name, 1) for name in COPIERS), "--pages", str(pages))
    rows = [{"contender": name, **_medians(runs)} for (name, _), runs in figures.items()]
    floor, boto3 = (rows[place]["cpu_us_per_item"] for place in (0, -1))
    for row in rows:
        row["of_floor"] = row["cpu_us_per_item"] / floor
        row["of_boto3"] = row["cpu_us_per_item"] / boto3
    return rows


def by_segments(rounds: int, pages: int) -> list[dict[str, Any]]:
    """Give items per second for each transport and number of segments."""
    wanted = ((name, number) for name in SEGMENTED for number in SEGMENTS)
    # Each segment reads all the pages of the server, so that more segments copy more items.
    figures = in_turns(rounds, wanted, "--pages", str(pages), "--delay", str(DELAY))
    return list(_gains(figures))


def by_size(rounds: int, pages: int) -> list[dict[str, Any]]:
    """Give CPU per item for items of each size."""
    rows = []
    for size in BYTES:
        wanted = ((name, 1) for name in SIZED if size >= 1000 or "typed" not in name)
        figures = in_turns(rounds, wanted, "--pages", str(pages), "--bytes", str(size))
        rows += [
            {"contender": name, "bytes": size, **_medians(runs)}
            for (name, _), runs in figures.items()
        ]
    return rows


def _gains(figures: Figures) -> Iterator[dict[str, Any]]:
    alone = 0.0
    for (name, number), runs in figures.items():
        row = {"contender": name, "segments": number, **_medians(runs)}
        alone = row["items_per_second"] if number == 1 else alone
        yield row | {"of_one_segment": row["items_per_second"] / alone}


def _medians(runs: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "cpu_us_per_item": statistics.median(run["cpu"] / run["items"] for run in runs) * 1e6,
        "items_per_second": statistics.median(run["items"] / run["wall"] for run in runs),
    }


def show(
    contenders: list[dict[str, Any]], segments: list[dict[str, Any]], sizes: list[dict[str, Any]]
) -> None:
    print(f"{'':32}{'CPU us/item':>12}{'items/s':>10}{'of floor':>10}{'of boto3':>10}")
    for row in contenders:
        print(
            f"{row['contender']:32}{row['cpu_us_per_item']:12.2f}{row['items_per_second']:10.0f}"
            f"{row['of_floor']:10.2f}{'1/' + format(1 / row['of_boto3'], '.1f'):>10}"
        )
    print(f"\n{'5 ms an answer':32}{'segments':>12}{'items/s':>10}{'gain':>10}")
    for row in segments:
        print(
            f"{row['contender']:32}{row['segments']:12}{row['items_per_second']:10.0f}"
            f"{row['of_one_segment']:10.1f}"
        )
    print(f"\n{'':32}{'bytes':>12}{'CPU us/item':>12}")
    for row in sizes:
        print(f"{row['contender']:32}{row['bytes']:12}{row['cpu_us_per_item']:12.2f}")


if __name__ == "__main__":
    arguments = options(__doc__, rounds=5, pages=20)
    contenders = by_contender(arguments.rounds, arguments.pages)
    segments = by_segments(arguments.rounds, max(1, arguments.pages // 4))
    sizes = by_size(arguments.rounds, max(1, arguments.pages // 4))
    show(contenders, segments, sizes)
    arguments.write([*contenders, *segments, *sizes])
