"""Whoever waits for a long operation is told in turn, and never twice at once."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dynamorm.copying.options import CopySettings
from dynamorm.copying.report import Telling


class Done(Struct):
    items: int
    checkpoint: dict[str, Any] = {}


def test_who_is_being_told_is_not_told_again() -> None:
    """A report that comes in the meantime waits for the next turn."""
    told: list[int] = []

    def progress(done: Any) -> None:
        told.append(done.items)
        telling.tell(moment=100.0)

    settings = CopySettings(progress=progress)
    telling = Telling(settings, lambda: Done(len(told)), started=0.0)
    telling.tell(moment=0.1)
    assert told == []
    telling.tell(moment=50.0)
    assert told == [0]
    telling.tell(moment=100.0)
    assert told == [0, 1]
