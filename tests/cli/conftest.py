"""A shop whose tables the commands are about."""

from __future__ import annotations

import os

import pytest
from aids.commands import shop


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command line in a folder with `shop.py`, against a service in memory."""
    for name in os.environ:
        if name.startswith("DYNAMORM_") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    with shop(tmp_path, monkeypatch) as line:
        yield line
