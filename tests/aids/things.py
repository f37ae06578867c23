"""What other processes can import: a model, transforms, and a service in this process for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import current_process
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct, json

import dynamorm
from aids.httpserver import Server, serving
from aids.worlds import stocked
from dynamorm import Database, PartitionKey, attribute_transform, table
from dynamorm.testing import FakeService

if TYPE_CHECKING:
    import pytest


@table("source")
class Thing(Struct):
    id: Annotated[str, PartitionKey()]
    n: int


TARGET = dynamorm.table_spec(Thing, name="target")


def things(count: int) -> FakeService:
    items = [{"id": {"S": f"id-{n}"}, "n": {"N": str(n)}} for n in range(count)]
    return stocked(Thing, FakeService(create_seconds=0), source=items, target=[])


def moved(thing: Thing) -> Thing:
    return Thing(f"new-{thing.id}", thing.n)


def mortal(thing: Thing) -> Thing:
    """Move an item; where the environment says so, the process ends in the middle, as if killed."""
    if thing.n == 40 and "MORTAL" in os.environ:
        os._exit(9)
    return moved(thing)


def odd(thing: Thing) -> Thing:
    """Take no odd number."""
    if thing.n % 2:
        raise LookupError("odd")
    return thing


@attribute_transform
def one_more(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "n": {"N": str(int(values["n"]["N"]) + 1)}}


def process_name(_task: object, _ask: object) -> str:
    return current_process().name


@contextmanager
def over_http(fake: FakeService) -> Iterator[Database]:
    """Give a database that another process can connect to; credentials are in the environment."""
    with (
        Server(serving(fake)) as server,
        dynamorm.connect("eu-west-1", endpoint=server.url, transport="http") as db,
    ):
        yield db


def batches_of(
    fake: FakeService, file: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[int, int]]:
    """Collect the size of each batch, and how many items the checkpoint knows of at that moment."""
    batches: list[tuple[int, int]] = []
    send = fake.send

    def watched(operation: str, body: bytes) -> bytes:
        if operation == "BatchWriteItem":
            points = json.decode(file.read_bytes())["segments"]
            noted = sum(len(point["sent"]) for point in points)
            batches.append((len(json.decode(body)["RequestItems"]["source"]), noted))
        return send(operation, body)

    monkeypatch.setattr(fake, "send", watched)
    return batches
