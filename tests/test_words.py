"""The words of what a user reads: README, docs, docstrings and messages."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
READ = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "dynamorm").rglob("*.py")),
]

INSTEAD = {
    "gone on with": "resumed",
    "can be had": "is available",
    "cannot be had": "is not available",
    "borne with": "tolerated",
    "be told from": "be determined from",
    "comes back as": "is returned as",
    "the ways to the service": "transports",
    "be given on": "be passed on",
}
"""What reads like a translation, and the words that a reader would search for."""


def test_the_words_are_those_of_a_native_writer() -> None:
    """No text that a user reads has a phrase that only a translation would have."""
    found = []
    for path in READ:
        text = " ".join(path.read_text(encoding="utf-8").split())
        found += [f"{path.relative_to(ROOT)}: {phrase}" for phrase in INSTEAD if phrase in text]
    assert found == []
