"""Where things are printed: data on standard output; messages and progress on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

FORMAT_VERSION = 1
"""The version of every JSON document and line; added members do not change it."""

_COLOURS = {
    "+": "green",
    "~": "yellow",
    "-": "red",
    "-/+": "red",
    "create": "green",
    "safe": "green",
    "slow": "yellow",
    "destructive": "red",
    "blocked": "red",
}
"""The colours of the words that begin an indented line; the words alone say it, too."""

# In a line of a plan: after two blanks its sign, if it has one, and the kind of its step.
_SIGNS = re.compile(r"(?<=^  )(\S+)?(\s+)(\S+)", re.MULTILINE)


class Output:
    """Prints text, or JSON in its place; JSON goes into the file `into` as well."""

    def __init__(self, *, as_json: bool = False, into: str | None = None) -> None:
        self.as_json = as_json
        # Only its owner may read it: it may hold keys of items, policies and ARNs.
        self._file = open(into, "wb", 0, opener=_private) if into else None  # noqa: SIM115 - close

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def text(self, text: str) -> None:
        """Print text for people, unless the output is JSON."""
        if text and not self.as_json:
            shown = "\n".join(map(_wrapped, text.split("\n"))) if sys.stdout.isatty() else text
            # click strips the colours where the output is no terminal.
            click.echo(_SIGNS.sub(_painted, shown))

    def told(self, command: str, lines: Iterable[object], **members: Any) -> None:
        """Print what a command has to say: a line each for people, or its document."""
        self.text("\n".join(map(str, lines)))
        self.document(command, **members)

    def document(self, command: str, **members: Any) -> None:
        """Write the one document of a command."""
        from msgspec import json

        encoded = json.encode({"format_version": FORMAT_VERSION, "command": command, **members})
        self._write(json.format(encoded, indent=2))

    def line(self, event: str, **members: Any) -> None:
        """Write one line of a command that reports its progress."""
        from msgspec import json

        self._write(json.encode({"format_version": FORMAT_VERSION, "event": event, **members}))

    def _write(self, encoded: bytes) -> None:
        if self.as_json:
            click.echo(encoded)
        if self._file is not None:
            self._file.write(encoded + b"\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _wrapped(line: str) -> str:
    """Wrap a line that is wider than the terminal; indent the rest to its last column."""
    from shutil import get_terminal_size

    width = get_terminal_size().columns
    if len(line) <= width:
        return line
    from textwrap import fill

    below = max(found.end() for found in re.finditer(r"^ *|  +", line))
    return fill(line, width, subsequent_indent=" " * below, break_on_hyphens=False)


def _painted(signs: re.Match[str]) -> str:
    """Colour the sign and the kind of a step."""
    sign, gap, kind = (word or "" for word in signs.groups())
    return f"{_coloured(sign)}{gap}{_coloured(kind)}"


def _coloured(word: str) -> str:
    return click.style(word, _COLOURS[word]) if word in _COLOURS else word


def say(message: str) -> None:
    """Print a message on standard error."""
    click.echo(message, err=True)


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
