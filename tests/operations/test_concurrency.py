"""Many at once, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from typing import Annotated

import boto3
import pytest
from aids.emulator import moto
from aids.httpserver import Server, serving
from aids.leaks import nothing_left
from msgspec import Struct, json

import dynamorm
from dynamorm import Credentials, Database, PartitionKey, SortKey, table
from dynamorm.api.items import BatchWriteItemOutput, batch_write_item
from dynamorm.operations import call
from dynamorm.testing import FakeService
from dynamorm.transports.client import ClientTransport


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


KEY = Credentials("test", "test")


def item(number: int) -> bytes:
    return json.encode({"customer": {"S": f"c{number % 5}"}, "number": {"N": str(number)}})


@contextmanager
def database(transport: str, url: str) -> Iterator[Database]:
    """Connect through one of the transports that send in the thread that asks."""
    if transport != "client":
        with dynamorm.connect(
            "eu-west-1", endpoint=url, credentials=KEY, transport=transport
        ) as db:
            yield db
        return
    given = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "endpoint_url": url}
    client = boto3.session.Session().client("dynamodb", "eu-west-1", **given)
    with closing(client):
        yield Database(ClientTransport(client))


every_transport = pytest.mark.parametrize("transport", ["botocore", "http", "client"])


@every_transport
def test_threads_share_a_database(transport: str) -> None:
    """Each gets what it has asked for, with no more connections than there are threads."""
    service = FakeService(create_seconds=0, delete_seconds=0)
    dynamorm.run(dynamorm.create_table(Order), service)
    service.put("orders", *map(item, range(200)))

    def live(db: Database, number: int) -> None:
        name = f"orders-{number}"
        created = [db.ensure_table(Order, name=name).created for _ in range(3)]
        assert created == [True, False, False]
        assert db.describe_table(name).table_name == name
        assert db.copy_table(Order, name, segments=2, page_limit=20).written == 200
        if number % 2:
            db.delete_table(name)
        assert db.table_exists(name) == (not number % 2)

    with nothing_left(), Server(serving(service)) as server, database(transport, server.url) as db:
        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(live, db, number) for number in range(12)]:
                future.result()
        assert list(db.list_tables("orders-")) == sorted(f"orders-{n}" for n in range(0, 12, 2))
        assert server.connections <= 4 * 2
    for number in range(0, 12, 2):
        assert stored(service, f"orders-{number}") == stored(service, "orders")


def stored(service: FakeService, name: str) -> list[object]:
    return sorted(map(json.decode, service.items(name)), key=str)


@every_transport
def test_a_database_that_is_closed_while_others_use_it_goes_on(transport: str) -> None:
    """No thread notices, and nothing stays open."""
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(Order), service)
    with (
        nothing_left(),
        Server(serving(service)) as server,
        database(transport, server.url) as db,
        ThreadPoolExecutor(4) as pool,
    ):
        for future in [pool.submit(db.table_exists, Order) for _ in range(100)]:
            db.close()
            assert future.result()


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


def connect(endpoint: str) -> Database:
    return dynamorm.connect("eu-west-1", endpoint=endpoint, credentials=KEY)


@pytest.mark.once
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
    for first in range(0, len(items), 25):
        batch = [json.encode(item) for item in items[first : first + 25]]
        db.run(call("BatchWriteItem", batch_write_item("orders", batch), BatchWriteItemOutput))
