"""Many at once, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Annotated

import pytest
from emulator import moto
from msgspec import Struct

import dynamorm
from dynamorm import Credentials, Database, PartitionKey, SortKey, table
from dynamorm.testing import FakeService


@table("orders")
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]


PROCESS = """
import sys
from typing import Annotated
from msgspec import Struct
import dynamorm
from dynamorm import Credentials, PartitionKey, SortKey, table

@table("orders")
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]

db = dynamorm.connect("eu-west-1", endpoint=sys.argv[1], credentials=Credentials("test", "test"))
print("ready", flush=True)
sys.stdin.readline()
print(db.ensure_table(Order).created)
"""


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


def connect(endpoint: str) -> Database:
    credentials = Credentials("test", "test")
    return dynamorm.connect("eu-west-1", endpoint=endpoint, credentials=credentials)


def test_threads_and_processes_ensure_one_table_at_once(endpoint: str) -> None:
    """Eight threads and four processes that ensure a table together all succeed, with one table."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    barrier = Barrier(9)

    def ensure(db: Database) -> bool:
        barrier.wait()
        return db.ensure_table(Order).created

    with connect(endpoint) as db, ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ensure, db) for _ in range(8)]
        barrier.wait()
        answers = [process.communicate("go\n", timeout=60)[0] for process in processes]
        created = [future.result() for future in futures]
        assert list(db.list_tables()) == ["orders"]
    assert {process.returncode for process in processes} == {0}
    assert True in created or "True\n" in answers


def test_one_of_many_threads_creates_the_table() -> None:
    """Against a service that creates a name once, exactly one caller is told that it did."""
    db = dynamorm.connect(transport=FakeService())
    with ThreadPoolExecutor(8) as pool:
        created = [pool.submit(db.ensure_table, Order) for _ in range(8)]
    assert [future.result().created for future in created].count(True) == 1


def test_a_real_copy_is_complete(endpoint: str) -> None:
    """Items of every kind arrive in another table of a real server, in threads."""
    with connect(endpoint) as db:
        db.auto_migrate(Order, dynamorm.table_spec(Order, name="orders-2"))
        made = [
            {
                "customer": {"S": f"c{number % 5}"},
                "number": {"N": str(number)},
                "x": {"S": "ä\n\\u"},
            }
            for number in range(300)
        ]
        put(db, made)
        report = db.copy_table(Order, "orders-2", segments=4)
        assert (report.done, report.written) == (True, 300)
        assert db.verify_copy(Order, "orders-2").same


def put(db: Database, items: list[dict[str, object]]) -> None:
    from msgspec import json

    from dynamorm.effects import call
    from dynamorm.pages import BatchWriteItemOutput, batch_write_item

    for first in range(0, len(items), 25):
        batch = [json.encode(item) for item in items[first : first + 25]]
        db.run(call("BatchWriteItem", batch_write_item("orders", batch), BatchWriteItemOutput))
