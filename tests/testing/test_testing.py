"""The public testing aids."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

import pytest
from msgspec import Struct, json, structs

import dynamorm
from dynamorm import (
    PartitionKey,
    TableNotFound,
    Throttled,
    UnsupportedOperation,
    ValidationFailed,
    requests,
    table,
)
from dynamorm.api import AttributeDefinition
from dynamorm.testing import Async, FakeClock, FakeService, Recorder, Script, empty_table


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]
    team: Annotated[str, PartitionKey(index="by-team")] = ""


def test_a_fake_clock_moves_by_sleeping_only() -> None:
    """Time passes when somebody sleeps, awaited or not, and all of it is on record."""
    clock = FakeClock(10.0, share=0.3)
    clock.sleep(2.0)
    asyncio.run(clock.asleep(1.0))
    assert (clock.now(), clock.slept, clock.random()) == (13.0, [2.0, 1.0], 0.3)


def test_a_script_answers_in_order_and_shows_what_was_sent() -> None:
    """A turn answers with bytes, with what encodes to them, or with an error."""
    trouble = LookupError("no")
    script = Script(("ListTables", b"{}"), ("ListTables", {"a": 1}), ("ListTables", trouble))
    assert script.send("ListTables", b"{}") == b"{}"
    assert script.send("ListTables", b'{"Limit":1}') == b'{"a":1}'
    with pytest.raises(LookupError):
        script.send("ListTables", b"{}")
    assert script.sent[1] == ("ListTables", {"Limit": 1})


def test_a_script_fails_on_what_it_does_not_have() -> None:
    """Another operation than the next turn's, or one turn too many, fails the test."""
    with pytest.raises(AssertionError, match="the script has DeleteTable"):
        Script(("DeleteTable", {})).send("ListTables", b"{}")
    with pytest.raises(AssertionError, match="the script has ended"):
        Script().send("ListTables", b"{}")


def test_a_scan_of_the_fake_takes_the_units_that_the_service_charges():
    """One for each 4 KB of a consistent one, half of it for one that may be stale."""
    service = FakeService()
    dynamorm.run(dynamorm.create_table(User), service)
    service.put("users", b'{"email":{"S":"%s"}}' % (b"a" * (4 * 4096 - len(b'{"email":{"S":""}}'))))
    assert [units(service, consistent) for consistent in (True, False)] == [4, 2]


def units(service: FakeService, consistent: bool) -> Any:
    body = json.encode({"TableName": "users", "ConsistentRead": consistent})
    return json.decode(service.send("Scan", body))["ConsumedCapacity"]["CapacityUnits"]


def test_a_script_insists_on_having_been_used_up():
    """A turn that nobody has taken fails the block, unless it has failed already."""
    with Script(("ListTables", {})) as script:
        script.send("ListTables", b"{}")
    unsent = "never sent: ListTables, DeleteTable"
    with pytest.raises(AssertionError, match=unsent), Script(("ListTables", 1), ("DeleteTable", 2)):
        pass
    with pytest.raises(LookupError), Script(("ListTables", 1)):
        raise LookupError


def test_a_recorder_passes_on_and_keeps_what_went_out() -> None:
    """Requests reach the transport behind it, and are there to be counted."""
    recorder = Recorder(FakeService())
    assert dynamorm.run(dynamorm.list_tables(), recorder) == ()
    assert recorder.operations == ["ListTables"]


@pytest.mark.parametrize("wrap", [Recorder, Async])
def test_wrapping_keeps_what_a_transport_says_of_its_place(wrap: type) -> None:
    """A wrapped emulator is still one on this machine."""
    service = FakeService()
    assert wrap(service).local is False
    service.local = True  # type: ignore[attr-defined]  # an optional part of the contract
    assert wrap(service).local is True


def test_a_fake_service_keeps_the_services_rules() -> None:
    """What DynamoDB refuses is refused here: unused definitions, doubled indexes, wrong billing."""
    service = FakeService()
    good = requests.create_table(User)
    unused = (*good.attribute_definitions, AttributeDefinition("x", "S"))
    for bad in (
        structs.replace(good, attribute_definitions=unused),
        structs.replace(good, global_secondary_indexes=good.global_secondary_indexes * 2),  # type: ignore[operator]  # the model has an index
        structs.replace(good, billing_mode="PROVISIONED"),
    ):
        with pytest.raises(ValidationFailed):
            service.send("CreateTable", requests.encode(bad))
    with pytest.raises(UnsupportedOperation):
        service.send("MakeTea", b"{}")
    with pytest.raises(TableNotFound):
        service.send("DeleteTable", requests.encode(requests.delete_table(User)))


def test_a_fake_service_takes_an_encryption_that_is_not_turned_on() -> None:
    """`Enabled` may be left out, and means the service's own key then, as the service has it."""
    request = {**requests.create_table(User).to_dict(), "SSESpecification": {"SSEType": "KMS"}}
    answer = json.decode(FakeService().send("CreateTable", json.encode(request)))
    assert "SSEDescription" not in answer["TableDescription"]


def test_a_fake_service_fails_when_told_to_before_or_after_the_effect() -> None:
    """A fault that comes after the effect has left the table behind, one before has not."""
    service = FakeService(create_seconds=0)
    body = requests.encode(requests.create_table(User))
    trouble = dynamorm.TransportError("cut", operation="CreateTable", maybe_applied=True)
    service.fail("CreateTable", trouble)
    service.fail("CreateTable", trouble, after_effect=True)
    for expected in ((), ("users",)):
        with pytest.raises(dynamorm.TransportError):
            service.send("CreateTable", body)
        assert dynamorm.run(dynamorm.list_tables(), service) == expected


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"email": {"S": f"{number}"}} for number in range(26)],
        [{"email": {"S": "a"}}, {"email": {"S": "a"}}],
        [{"team": {"S": "a"}}],
        [{"email": {"N": "1"}}],
        [{"email": {"S": ""}}],
        [{"email": {"S": "a"}, "large": {"S": "x" * (17 << 20)}}],
    ],
)
def test_a_fake_service_refuses_the_batches_that_the_service_refuses(items: list[Any]) -> None:
    """One bad item, one too many, a key twice, or too much: nothing of a batch is written."""
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(User), service)
    puts = [{"PutRequest": {"Item": item}} for item in items]
    with pytest.raises(ValidationFailed):
        service.send("BatchWriteItem", json.encode({"RequestItems": {"users": puts}}))
    assert service.items("users") == []


def emptied(service: FakeService, model: Any, awaited: bool) -> int:
    if awaited:
        return asyncio.run(
            _awaited(empty_table(dynamorm.connect_async(transport=Async(service)), model))
        )
    return empty_table(dynamorm.connect(transport=service), model)


async def _awaited(answer: Awaitable[int]) -> int:
    return await answer


@pytest.mark.parametrize("model", [User, "users", dynamorm.table_spec(User)])
@pytest.mark.parametrize("awaited", [False, True])
def test_a_table_is_emptied_for_the_next_test(model: Any, awaited: bool) -> None:
    """All items go, page by page, and what the service leaves undone is sent again."""
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(User), service)
    for number in range(60):
        service.put("users", json.encode({"email": {"S": f"{number}"}, "x": {"S": "x" * 40_000}}))
    service.withhold(25, 3)
    assert emptied(service, model, awaited) == 60
    assert service.items("users") == []
    assert service.sent.count("Scan") == 3
    assert emptied(service, model, awaited) == 0


def test_a_table_that_is_not_emptied_is_told() -> None:
    """One that is not there, and one whose items stay for a minute."""
    service = FakeService(create_seconds=0)
    with pytest.raises(TableNotFound):
        emptied(service, User, awaited=False)
    dynamorm.run(dynamorm.create_table(User), service)
    service.put("users", b'{"email":{"S":"a"}}')
    service.withhold(*[25] * 1000)
    with pytest.raises(Throttled, match="1 items were not deleted within a minute"):
        emptied(service, User, awaited=False)
    assert 60 <= service.clock.now() < 70


def test_a_fake_service_deletes_what_is_not_there() -> None:
    """As the service does: a second time makes no difference."""
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(User), service)
    delete = {"DeleteRequest": {"Key": {"email": {"S": "a"}}}}
    service.send("BatchWriteItem", json.encode({"RequestItems": {"users": [delete]}}))
    assert service.items("users") == []
