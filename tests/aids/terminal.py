"""A terminal of 80 columns, with somebody at it who says yes to every question."""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Callable
from threading import Thread

import pytest

QUESTION = b"Only 'yes' is accepted: "

_PIECE = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|(.)", re.DOTALL)


def screen(text: str) -> str:
    """What stands on a screen in the end: bars are drawn over and over, and wiped away."""
    lines, row, column = [""], 0, 0
    for number, command, character in _PIECE.findall(text):
        if command == "A":
            row -= int(number or 1)
        elif command == "K":
            lines[row] = ""
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif character:
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
            column += 1
    return "\n".join(line.rstrip() for line in lines)


def at_terminal(run: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run something in a pseudo-terminal; give all that was written to it, with what was typed."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def watch() -> None:
        while told := _read(ours):
            shown.extend(told)
            if shown.endswith(QUESTION):
                os.write(ours, b"yes\n")

    watching = Thread(target=watch, daemon=True)
    watching.start()
    with (
        monkeypatch.context() as patch,
        open(theirs, encoding="utf-8") as read,
        open(theirs, "w", 1, encoding="utf-8", closefd=False) as written,
    ):
        patch.setenv("COLUMNS", "80")
        patch.setenv("TERM", "xterm-256color")
        for name, stream in {"stdin": read, "stdout": written, "stderr": written}.items():
            patch.setattr(sys, name, stream)
        run()
    watching.join()
    os.close(ours)
    return shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side has been closed
        return b""
