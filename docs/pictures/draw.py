"""Draw what a terminal shows of a plan and a copy: `python docs/pictures/draw.py`.

A service in memory answers, and the copy is seen half way.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import json, structs
from rich.console import Console
from rich.text import Text

import dynamorm
from dynamorm.cli.app import app
from dynamorm.cli.models import model_of
from dynamorm.cli.output import drawn
from dynamorm.cli.session import Session
from dynamorm.testing import FakeService

PICTURE = Path(__file__).parent / "command-line.svg"
SHOP = """
from typing import Annotated

from msgspec import Struct

from dynamorm import Include, Index, PartitionKey, SortKey, TimeToLive, table


@table("orders")
class Before(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]


@table(
    "orders",
    indexes=[Index("by-status", projection=Include("total"))],
    stream="NEW_IMAGE",
    tags={"team": "shop"},
)
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    total: int
    expires: Annotated[int, TimeToLive()]
"""


class Terminal(StringIO):
    """Where the commands print, in colours."""

    def isatty(self) -> bool:
        return True


def shown(*lines: str) -> Console:
    """Run the commands, and give a console that has printed what a terminal would show of them."""
    console = Console(record=True, width=80, file=StringIO(), force_terminal=True)
    service = FakeService(create_seconds=0)

    def connect(**_place: object) -> dynamorm.Database:
        return dynamorm.connect(transport=service)

    db = connect()
    db.create_table(model_of("shop:Before"))
    db.create_table(model_of("shop:Before"), name="orders-2")
    service.put("orders", *(json.encode(item(number)) for number in range(12000)))
    for line in lines:
        sys.stdout = terminal = Terminal()
        try:
            app.main(line.split(), obj=Session(connect), prog_name="dynamorm")
        except SystemExit:
            sys.stdout = sys.__stdout__
        console.print(f"[bold]$ dynamorm {line}[/]", highlight=False)
        if line.startswith("copy"):
            half_way(db, console)
        console.print(Text.from_ansi(terminal.getvalue()))
    return console


def item(number: int) -> dict[str, dict[str, str]]:
    """Return an order as attribute values."""
    return {"customer": {"S": "ann"}, "number": {"N": str(number)}}


def half_way(db: dynamorm.Database, console: Console) -> None:
    """Print the bar of a copy that has had as much time as anybody would take."""
    seen: list[dynamorm.CopyReport] = []
    db.copy_table("orders", "orders-2", progress=seen.append)
    bar, draw = drawn(console)
    part = {"read": 7420, "written": 7405, "seconds": 3.1, "time_left": 1.9}
    units = {"read_units": 160.0, "write_units": 7405.0}
    draw(structs.replace(seen[-1], done=False, **part, **units))
    console.print(bar.get_renderable())


def draw() -> Console:
    """Run what the picture shows."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "shop.py").write_text(SHOP)
        sys.path.insert(0, folder)
        try:
            return shown("plan shop:Order", "copy orders orders-2 --quiet")
        finally:
            sys.path.remove(folder)
            sys.modules.pop("shop", None)


if __name__ == "__main__":
    drawing = draw().export_svg(title="dynamorm", unique_id="dynamorm")
    # Some programs leave out the blanks that a text begins with.
    drawing = drawing.replace("<svg ", '<svg xml:space="preserve" ', 1)
    PICTURE.write_text(drawing, encoding="utf-8")
