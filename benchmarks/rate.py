"""The rate of a copy as its server counts it, over segments and processes.

    python benchmarks/rate.py [--seconds 8] [--json FILE]

Every item is one write unit. What is shown is the rate from the first batch to the last one, and
how much it is of `max_write_units`.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from runs import ENVIRONMENT, options, serving

import dynamorm

CASES = [(1, 1, 8), *((8, number, 8) for number in (1, 2, 4)), *((64, n, 1) for n in (1, 2, 4))]
"""Segments, processes, and the pages of 1,000 items that each segment copies."""


def counts(url: str) -> list[tuple[float, int]]:
    """Ask the server when it was given how many items."""
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/", b"", {"X-Amz-Target": "DynamoDB_20120810.Counts"})
    found: list[tuple[float, int]] = json.loads(connection.getresponse().read())
    return found


def run(segments: int, processes: int, pages: int, seconds: float) -> dict[str, Any]:
    asked = segments * pages * 1000 / seconds
    with serving("--pages", str(pages), "--delay", "0.005") as url:
        with dynamorm.connect(endpoint=url, transport="http") as db:
            db.copy_table(
                "source",
                "target",
                segments=segments,
                processes=processes,
                max_write_units=asked,
            )
        written = counts(url)
    (first, amount), (last, _) = written[0], written[-1]
    rate = (sum(count for _, count in written) - amount) / (last - first)
    return {
        "segments": segments,
        "processes": processes,
        "asked": asked,
        "rate": rate,
        "of_asked": rate / asked,
    }


def main() -> None:
    arguments = options(__doc__, rounds=1, seconds=8.0)
    os.environ.update(ENVIRONMENT)
    rows = []
    for case in CASES:
        rows.append(row := run(*case, arguments.seconds))
        print(
            f"{row['segments']:4} segments{row['processes']:3} processes"
            f"{row['asked']:8,.0f} asked{row['rate']:10,.1f} written{row['of_asked']:8.1%}",
            flush=True,
        )
    arguments.write(rows)


if __name__ == "__main__":
    main()
