"""Where things are printed: data on standard output, messages on standard error."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import click

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
