"""Where an operation takes place in a test: a model, a service with tables in it, a driver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any

from msgspec import Struct, json

import dynamorm
from dynamorm import Database, PartitionKey, Steps, TableSpec, requests
from dynamorm.testing import Async, FakeClock, FakeService


@dynamorm.table("orders")
class Order(Struct):
    number: Annotated[int, PartitionKey()]


class World:
    """A fake service, its clock, and what went there since the last look."""

    def __init__(self, spec: TableSpec | None = None, **delays: Any) -> None:
        self.clock = FakeClock()
        self.service = FakeService(self.clock, **delays)
        if spec is not None:
            self.run(dynamorm.create_table(spec))

    def run(self, steps: Steps[Any], **options: Any) -> Any:
        self.service.sent.clear()
        return dynamorm.run(steps, self.service, clock=self.clock, **options)

    def ask(self, operation: str, **payload: Any) -> Any:
        """Return what the service itself answers to a request."""
        return json.decode(self.service.send(operation, json.encode(payload)) or b"null")

    def update(self, spec: TableSpec, *allow: str, **options: Any) -> Any:
        return self.run(dynamorm.update_table(spec, allow=allow, **options))

    @property
    def db(self) -> Database:
        return dynamorm.connect(transport=self.service)

    @property
    def sent(self) -> list[str]:
        return self.service.sent

    @property
    def changes(self) -> list[str]:
        return [operation for operation in self.sent if not operation.startswith("Describe")]


@cache
def _creation(model: type[Struct], name: str) -> bytes:
    """The request for a table, which is the same in each of thousands of worlds."""
    return requests.encode(requests.create_table(dynamorm.table_spec(model, name=name)))


def stocked(
    model: type[Struct], fake: FakeService | None = None, /, **tables: Iterable[Any]
) -> FakeService:
    """Give a service whose tables have the model's keys and hold these items, encoded or not."""
    fake = fake or FakeService(create_seconds=0)
    for name, items in tables.items():
        fake.send("CreateTable", _creation(model, name))
        if fake.create_seconds:
            fake.clock.sleep(fake.create_seconds)
        fake.put(name, *(i if isinstance(i, bytes) else json.encode(i) for i in items))
    fake.sent.clear()
    return fake


Driver = Callable[..., Any]


def sync(steps: Steps[Any], transport: Any, **options: Any) -> Any:
    """Perform an operation in this thread."""
    return dynamorm.run(steps, transport, **options)


def through_asyncio(steps: Steps[Any], transport: Any, **options: Any) -> Any:
    """Perform an operation in a loop of its own."""
    return asyncio.run(dynamorm.arun(steps, Async(transport), **options))


DRIVERS: dict[str, Driver] = {"run": sync, "arun": through_asyncio}


def beside(driver: Driver, transport: Any, table_prefix: str = "") -> Any:
    """Give a database for `target_db=` of an operation that this driver performs."""
    if driver is sync:
        return dynamorm.connect(transport=transport, table_prefix=table_prefix)
    return dynamorm.connect_async(transport=Async(transport), table_prefix=table_prefix)
