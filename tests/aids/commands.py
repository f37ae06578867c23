"""Runs the command line in this process, against a service in memory."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import json

import dynamorm
from dynamorm.cli.app import app
from dynamorm.cli.models import model_of
from dynamorm.cli.session import Session
from dynamorm.testing import FakeService

SHOP = """
from typing import Annotated

from msgspec import Struct, field

from dynamorm import PartitionKey, SortKey, TimeToLive, table, table_spec


@table("customers")
class Customer(Struct):
    email: Annotated[str, PartitionKey()]


@table("orders")
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    total: int = 0


def double(order: Order) -> Order:
    return Order(order.customer, order.number, 2 * order.total)


def late(order: Order) -> Order:
    raise KeyboardInterrupt
"""


class CommandLine:
    """A folder to run commands in, and the service that they reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = FakeService(create_seconds=0)
        self.connect: Any = self._connect
        self.places: list[dict[str, Any]] = []
        """What each command has connected with."""

    @property
    def db(self) -> dynamorm.Database:
        return dynamorm.connect(transport=self.service)

    def _connect(self, **place: Any) -> dynamorm.Database:
        self.places.append(place)
        known = {name: place[name] for name in ("table_prefix", "observe")}
        return dynamorm.connect(transport=self.service, **known)

    def __call__(
        self, line: str, *, answer: str | None = None, exits: int = 0, color: bool = False
    ) -> Result:
        """Run a command; with an `answer`, somebody sits at the terminal."""
        session = Session(self.connect)
        session.asks = lambda: answer is not None
        self.service.sent.clear()
        done = CliRunner().invoke(app, line.split(), obj=session, input=answer, color=color)
        assert done.exit_code == exits, done.output
        return done

    def model(self, name: str) -> Any:
        return model_of(f"shop:{name}")

    def change(self, old: str, new: str) -> None:
        """Change `shop.py`, which is imported again by the next command."""
        path = self.folder / "shop.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.forget()

    def forget(self) -> None:
        """Let the next command import `shop.py` again."""
        sys.modules.pop("shop", None)
        importlib.invalidate_caches()

    def json(self, line: str, **more: Any) -> Any:
        """Run a command with --json, and return its document."""
        return json.decode(self(f"{line} --json", **more).stdout)

    def lines(self, line: str, **more: Any) -> list[Any]:
        """Run a command with --json, and return its lines."""
        return [json.decode(told) for told in self(f"{line} --json", **more).stdout.splitlines()]


@contextmanager
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """Be in a folder with the module `shop`, which is forgotten afterwards."""
    (folder / "shop.py").write_text(SHOP)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    before = set(sys.modules)
    yield CommandLine(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]
