"""Effects are values, and asking for them is typed."""

from __future__ import annotations

import asyncio
import inspect
from typing import Annotated

import boto3
import pytest
from msgspec import Struct

import dynamorm
from dynamorm import Database, Now, PartitionKey, Steps
from dynamorm.operations import Location, now, where
from dynamorm.operations.middleware import elsewhere
from dynamorm.testing import Async, FakeService, Recorder
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.threads import ThreadTransport


def test_asking_for_the_time_gives_what_the_driver_sends() -> None:
    """`now` returns the answer to its one effect."""
    asking = now()
    assert next(asking) == Now()
    with pytest.raises(StopIteration) as stop:
        asking.send(3.5)
    assert stop.value.value == 3.5


PLACED = {"endpoint_url": "http://127.0.0.1:8000", "region": "eu-west-1"}


class _Placed:
    """A transport that says where it sends, and sends nothing."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        self.endpoint_url = endpoint_url
        self.region = region

    def send(self, operation: str, body: bytes) -> bytes:
        raise AssertionError(operation)


class _Silent:
    """A transport that says nothing about itself."""

    def send(self, operation: str, body: bytes) -> bytes:
        raise AssertionError(operation)


def test_an_operation_is_told_where_its_requests_go() -> None:
    """`where` gives endpoint, region and prefix without a request; nothing is made up."""
    placed = Database(_Placed(**PLACED), table_prefix="dev-")
    assert placed.run(where()) == Location("http://127.0.0.1:8000", "eu-west-1", "dev-")
    assert Database(_Silent()).run(where()) == Location("", "", "")


def test_an_operation_in_another_database_is_told_of_that_one() -> None:
    """`elsewhere` answers with the other endpoint and prefix, under a database's own prefix too."""
    other = Database(_Placed("http://127.0.0.1:9000", "eu-north-1"), table_prefix="eu-")
    here = Database(_Placed(**PLACED), table_prefix="dev-")
    found = here.run(elsewhere(where(), other))
    assert found == Location("http://127.0.0.1:9000", "eu-north-1", "eu-")


@pytest.mark.parametrize("kind", ["botocore", "http", "client"])
def test_transports_say_where_they_send(kind: str) -> None:
    """Each transport knows its endpoint and region; in threads as well."""
    if kind == "client":
        client = boto3.client(
            "dynamodb",
            region_name=PLACED["region"],
            endpoint_url=PLACED["endpoint_url"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        db = dynamorm.connect(transport=ClientTransport(client))
    else:
        db = dynamorm.connect(PLACED["region"], endpoint=PLACED["endpoint_url"], transport=kind)
    assert db.run(where()) == Location(endpoint=PLACED["endpoint_url"], region="eu-west-1")
    adb = dynamorm.connect_async(transport=ThreadTransport(db.transport), table_prefix="x-")
    assert asyncio.run(adb.run(where())).endpoint == PLACED["endpoint_url"]
    assert asyncio.run(adb.run(where())).region == "eu-west-1"
    db.close()
    if kind == "client":
        client.close()


@dynamorm.table("orders")
class Order(Struct):
    id: Annotated[str, PartitionKey()]


def test_an_operation_is_a_value_that_can_be_run_again() -> None:
    """It says what it would do, sends nothing by itself, and can be run any number of times."""
    service = Recorder(FakeService())
    ensuring = dynamorm.ensure_table(Order, timeout=60)
    assert repr(ensuring) == "ensure_table(Order, timeout=60)"
    assert service.sent == []
    db = dynamorm.connect(transport=service)
    assert db.run(ensuring).created
    assert not db.run(ensuring).created
    assert not dynamorm.run(ensuring, service).created


def test_an_operation_under_asyncio_is_the_same_value() -> None:
    """A database for asyncio runs what the other one runs, by method or as a value."""
    adb = dynamorm.connect_async(transport=Async(FakeService()))
    ensuring = dynamorm.ensure_table(Order)

    async def life() -> list[object]:
        found: list[object] = [(await adb.run(ensuring)).created]
        found.append((await adb.ensure_table(Order)).created)
        found.append(await adb.list_tables())
        await adb.delete_table(Order)
        found.append(await adb.table_exists(Order))
        return found

    assert asyncio.run(life()) == [True, False, ("orders",), False]


def test_an_operation_that_is_dropped_warns() -> None:
    """Nothing was deleted: the warning names the call that had no effect."""
    with pytest.warns(RuntimeWarning, match=r"delete_table\(Order\) was never run"):
        dynamorm.delete_table(Order)


def test_an_operation_is_a_part_of_another_one() -> None:
    """`yield from` takes it, and counts as its use."""

    def twice() -> Steps[list[bool]]:
        ensuring = dynamorm.ensure_table(Order)
        first = yield from ensuring
        second = yield from ensuring
        return [first.created, second.created]

    assert dynamorm.run(twice(), FakeService()) == [True, False]


def test_an_operation_is_not_awaited_by_itself() -> None:
    """Who forgets the database is told where it goes."""

    async def wrong() -> None:
        await dynamorm.ensure_table(Order)

    with pytest.raises(TypeError, match=r"await adb.run\(ensure_table\(Order\)\)"):
        asyncio.run(wrong())


def test_a_bad_argument_is_refused_by_the_call_that_makes_the_operation() -> None:
    """A mistake is raised where it stands, not where the operation is run."""
    with pytest.raises(TypeError, match="nonsense"):
        dynamorm.create_table(Order, nonsense=3)  # type: ignore[call-arg]
    with pytest.raises(dynamorm.ModelError):
        dynamorm.ensure_table(Order, name="a b")


def test_a_long_argument_is_cut_in_a_repr() -> None:
    """A repr is for a log line."""
    checking = dynamorm.table_exists("x" * 200)
    assert len(repr(checking)) < 100
    assert dynamorm.run(checking, FakeService()) is False


@pytest.mark.parametrize("database", [Database, dynamorm.AsyncDatabase])
def test_methods_show_the_signature_and_documentation_of_their_function(database: type) -> None:
    """`help` and editors show what the function takes, on the class and on an instance."""
    db = database(FakeService())
    for name in ("ensure_table", "copy_table", "plan", "auto_migrate_with_options"):
        function = getattr(dynamorm, name)
        wanted = [*inspect.signature(function).parameters]
        assert [*inspect.signature(getattr(db, name)).parameters] == wanted
        assert [*inspect.signature(getattr(database, name)).parameters] == ["self", *wanted]
        assert inspect.getdoc(getattr(db, name)) == inspect.getdoc(function)
        assert inspect.getdoc(getattr(database, name)) == inspect.getdoc(function)


def test_a_method_of_the_class_takes_the_database() -> None:
    """`Database.ensure_table(db, Order)` is `db.ensure_table(Order)`, as for any method."""
    assert Database.ensure_table(Database(FakeService()), Order).created
