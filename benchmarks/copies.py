"""CPU per copied item over each transport, and what segments gain where answers take their time.

Each contender copies the same table from and to a canned server (`canned.py`), in a process of its
own, so that its CPU time is its own; rounds are interleaved and medians are shown. The table
`segments` is of a server that adds 5 ms to every answer, `sizes` of items of other sizes, `tls` of
a server that is spoken to over TLS.

    python benchmarks/copies.py [--rounds 5] [--pages 20] [--json FILE] [--tables tls,sizes]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from copiers import COPIERS
from runs import ENVIRONMENT, options, serving

SEGMENTED = ("dynamorm http", "dynamorm aio", "dynamorm botocore")
SECURED = ("floor", "dynamorm http", "dynamorm aio", "dynamorm botocore", "boto3 resource")
SIZED = ("floor", "dynamorm http", "dynamorm http, typed transform", "boto3 resource")
BYTES = (200, 1000, 10_000, 100_000)
SEGMENTS = (1, 4, 16)
DELAY = 0.005

Figures = dict[tuple[str, int], list[dict[str, float]]]
"""Of each contender and number of segments, those of all rounds."""


def measure(name: str, url: str, segments: int, more: dict[str, str]) -> dict[str, float]:
    script = Path(__file__).with_name("copiers.py")
    command = [sys.executable, str(script), name, url, str(segments)]
    environment = ENVIRONMENT | more
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def in_turns(rounds: int, wanted: Iterable[tuple[str, int]], *server: str, **more: str) -> Figures:
    """Measure contenders with their numbers of segments, one after the other in each round.

    `more` are environment variables.
    """
    figures: Figures = {one: [] for one in wanted}
    with serving(*server) as url:
        for _ in range(rounds):
            for (name, number), runs in figures.items():
                runs.append(measure(name, url, number, more))
    return figures


def by_contender(rounds: int, pages: int) -> list[dict[str, Any]]:
    """Give CPU per item in microseconds, and items per second."""
    figures = in_turns(rounds, ((name, 1) for name in COPIERS), "--pages", str(pages))
    rows = _rows(figures)
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
        rows += _rows(figures, bytes=size)
    return rows


def by_tls(rounds: int, pages: int) -> list[dict[str, Any]]:
    """Give CPU per item over TLS, its handshake left out."""
    with TemporaryDirectory() as folder:
        bundle = str(Path(folder) / "authority.pem")
        server = "--pages", str(pages), "--bundle", bundle
        wanted = ((name, 1) for name in SECURED)
        figures = in_turns(rounds, wanted, *server, AWS_CA_BUNDLE=bundle)
    return _rows(figures, tls=True)


def _rows(figures: Figures, **more: Any) -> list[dict[str, Any]]:
    return [{"contender": name, **more, **_medians(runs)} for (name, _), runs in figures.items()]


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


COLUMNS = {
    "bytes": ("bytes", "{:,}"),
    "segments": ("segments", "{}"),
    "cpu_us_per_item": ("CPU us/item", "{:.2f}"),
    "items_per_second": ("items/s", "{:.0f}"),
    "of_floor": ("of floor", "{:.2f}"),
    "of_boto3": ("of boto3", "{:.4f}"),
    "of_one_segment": ("gain", "{:.1f}"),
}


def show(title: str, rows: list[dict[str, Any]]) -> None:
    columns = [(name, *how) for name, how in COLUMNS.items() if name in rows[0]]
    print(f"{title:32}{''.join(f'{head:>12}' for _, head, _ in columns)}")
    for row in rows:
        figures = (form.format(row[name]) for name, _, form in columns)
        print(f"{row['contender']:32}{''.join(f'{figure:>12}' for figure in figures)}")
    print(flush=True)


TABLES = {"contenders": by_contender, "segments": by_segments, "sizes": by_size, "tls": by_tls}


def main() -> None:
    arguments = options(__doc__, rounds=5, pages=20, tables=",".join(TABLES))
    rows: list[dict[str, Any]] = []
    for title in arguments.tables.split(","):
        # Each segment reads all the pages of its own.
        few = title == "segments"
        pages = max(1, arguments.pages // 4) if few else arguments.pages
        found = TABLES[title](arguments.rounds, pages)
        show(title, found)
        rows += found
    arguments.write(rows)


if __name__ == "__main__":
    main()
