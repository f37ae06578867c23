"""Whether the library has become slower than is written down: ratios to the floor, in one run.

    python benchmarks/guard.py [--rounds 5] [--json FILE]

`guard.json` has what each ratio was when it was last written, with `--json benchmarks/guard.json`.
Both sides of a ratio run in turns on the same machine, so that a slow or busy one makes little
difference; a ratio fails only where it is half as much again as what is written down.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cold_start
import copies
from runs import options

MARGIN = 1.5

COPY = ("floor", "dynamorm http", "dynamorm http, typed transform")
COLD = ("bare interpreter", "floor", "dynamorm, http")


def copying(rounds: int) -> dict[str, float]:
    """Give the ratios of CPU per copied item."""
    found = copies.in_turns(rounds, ((name, 1) for name in COPY), "--pages", "10")
    floor, opaque, typed = (
        min(run["cpu"] / run["items"] for run in runs) for runs in found.values()
    )
    return {"copy, http to floor": opaque / floor, "copy, typed to opaque": typed / opaque}


def starting(rounds: int) -> dict[str, float]:
    """Give the ratio of CPU until the first answer, net of a bare interpreter's."""
    runs = cold_start.figures(rounds, COLD)
    bare, floor, http = (min(cpu for cpu, _ in runs[name]) for name in COLD)
    return {"cold start, http to floor": (http - bare) / (floor - bare)}


def main() -> int:
    arguments = options(__doc__, rounds=5)
    written = json.loads(Path(__file__).with_suffix(".json").read_text())["rows"]
    limits = {row["ratio"]: row["value"] * MARGIN for row in written}
    found = copying(arguments.rounds) | starting(arguments.rounds)
    slower = [name for name, value in found.items() if value > limits[name]]
    for name, value in found.items():
        print(f"{name:28}{value:6.2f}  at most {limits[name]:.2f}")
    rows: list[dict[str, Any]] = [{"ratio": name, "value": found[name]} for name in found]
    arguments.write(rows)
    print(f"slower than written down: {', '.join(slower)}" if slower else "as fast as before")
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
