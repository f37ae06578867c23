"""`connect` and the two databases."""

from __future__ import annotations

import asyncio
import inspect
from typing import Annotated, Any

import pytest
from msgspec import Struct

import dynamorm
from dynamorm import MigrateNotSupported, PartitionKey, Retries, table, tables
from dynamorm.testing import Async, FakeService, Recorder


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]


def service() -> FakeService:
    return FakeService(create_seconds=0, delete_seconds=0)


def test_every_operation_is_a_method() -> None:
    """`db.x(...)` is `dynamorm.x(...)`, performed: same names, same parameters, same defaults."""
    for name in tables.__all__:
        function = getattr(tables, name)
        if inspect.isclass(function) or name == "migrate":
            continue
        wanted = list(inspect.signature(function).parameters.values())
        method = inspect.signature(getattr(dynamorm.Database, name))
        assert list(method.parameters.values())[1:] == wanted, name


def test_the_main_job_through_a_database() -> None:
    """Create, ensure, describe, list and delete, each as one method call."""
    recorder = Recorder(service())
    db = dynamorm.connect(transport=recorder, table_prefix="test-")
    assert db.create_table(User).table_name == "test-users"
    assert not db.ensure_table(User).created
    assert [ensured.created for ensured in db.auto_migrate(User)] == [False]
    assert db.describe_table(User).table_status == "ACTIVE"
    assert db.table_exists(User)
    assert list(db.list_tables("us")) == ["users"]
    with pytest.raises(MigrateNotSupported):
        db.migrate(User)
    assert recorder.operations == [
        "CreateTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "ListTables",
    ]
    db.retries = Retries(attempts=1)
    db.delete_table(User, wait=False)
    assert not db.table_exists(User)


def test_the_main_job_through_asyncio() -> None:
    """The same operations are awaited, through any asynchronous transport."""

    async def main() -> None:
        adb = dynamorm.connect_async(transport=Async(service()), table_prefix="test-")
        ensured = await adb.run(dynamorm.ensure_table(User))
        assert ensured.table.table_name == "test-users"

    asyncio.run(main())


def test_connecting_looks_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting needs no region, credentials or network; the first request does."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    db = dynamorm.connect()
    with pytest.raises(dynamorm.EndpointUnknown, match="AWS_REGION"):
        db.list_tables()


@pytest.mark.parametrize("wrong", ["boto3", 3, object()])
def test_an_unknown_transport_is_refused(wrong: Any) -> None:
    """A transport that does not exist is named, with what would do."""
    with pytest.raises(TypeError, match=r'takes "botocore", "http", .* or an object with'):
        dynamorm.connect(transport=wrong)


@pytest.mark.parametrize(
    "given",
    [{"region": "eu-west-1"}, {"endpoint": "http://localhost:8000"}, {"credentials": object()}],
)
def test_a_transport_object_takes_nothing_else(given: dict[str, Any]) -> None:
    """What a given transport could not heed is refused rather than ignored."""
    with pytest.raises(TypeError, match="has its own"):
        dynamorm.connect(transport=service(), **given)


@pytest.mark.parametrize("name", ["botocore", "http"])
def test_a_transport_can_be_had_by_its_name(name: str) -> None:
    """For asyncio each of them sends in threads."""
    given: dict[str, Any] = {"region": "eu-west-1", "transport": name}
    shown = repr(dynamorm.connect(**given))
    assert f"{name.capitalize()}Transport(region='eu-west-1')" in shown
    assert f"ThreadTransport({name.capitalize()}Transport" in repr(dynamorm.connect_async(**given))


def test_a_database_closes_its_transport_and_can_go_on() -> None:
    """Closing frees idle connections, where the transport keeps any."""
    closed: list[str] = []

    class Closing(FakeService):
        def close(self) -> None:
            closed.append("closed")

    dynamorm.connect(transport=Closing()).close()
    dynamorm.connect(transport=service()).close()
    assert closed == ["closed"]
