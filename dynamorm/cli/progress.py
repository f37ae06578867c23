"""The progress of a copy: a bar on a terminal, lines of JSON with --json."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .output import Output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar


class Progress:
    """Takes each report of a copy; shows a bar if standard error is a terminal."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Any = None

    def __call__(self, report: Any) -> None:
        # The checkpoint is long, and has keys of items.
        told = {name: value for name, value in report.to_dict().items() if name != "checkpoint"}
        self._output.line("progress", **told)
        if self._bar is not None:
            self._draw(report)

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            from rich.console import Console

            # Without --no-color, rich decides by the terminal and its variables.
            plain = click.get_current_context().color is False
            self._bar, self._draw = drawn(Console(stderr=True, no_color=plain or None))
            self._bar.start()

    def __exit__(self, *_raised: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def drawn(console: Console) -> tuple[Bar, Callable[[Any], None]]:
    """Return a bar and the function that draws a report on it; the bar vanishes at the end."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = SpinnerColumn(), BarColumn(20), TextColumn("{task.description}", markup=False)
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=None)

    def draw(report: Any) -> None:
        total = getattr(report, "estimated_total", None)
        read = read_so_far(report)
        bar.update(task, completed=read, total=total, description=described(report))

    return bar, draw


def read_so_far(report: Any) -> int:
    """Return how many items have been read."""
    counts = ("read",) if hasattr(report, "read") else ("source_items", "target_items")
    return sum(getattr(report, count) for count in counts)


def described(report: Any) -> str:
    """Return the text beside the bar: items, their rate, units, time left."""
    done, total = read_so_far(report), getattr(report, "estimated_total", None)
    parts = [f"{done:,}" + (f" of {total:,}" if total else "") + " items"]
    if rate := getattr(report, "rate", 0):
        parts.append(f"{rate:,.0f}/s")
        parts.append(f"{report.read_units + report.write_units:,.0f} units")
    if left := getattr(report, "time_left", None):
        parts.append(f"{clock(left)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Return seconds as 0:07, 12:30 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
