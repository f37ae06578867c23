"""Drift as an error, and what becomes of the other tables."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import Drifted, KeyAttribute, PartitionKey, Refused, SortKey, TableSpec, table
from dynamorm.errors import service_error


@table("orders")
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    made: Annotated[str, SortKey(index="by-date")]


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]


SPEC = dynamorm.table_spec(Order)
BARE = TableSpec("orders", SPEC.partition_key, SPEC.sort_key)


@pytest.fixture
def world() -> World:
    """A service with a table of orders that has no index, and expires nothing."""
    return World(BARE)


def test_a_difference_is_an_error_where_that_is_wanted(world: World) -> None:
    """`Drifted` names the table and has the differences; it is a kind of `Refused`."""
    ensure = dynamorm.ensure_table(BARE, stream="NEW_IMAGE", on_drift="raise")
    with pytest.raises(Refused, match="orders is not as declared: stream: declared") as caught:
        world.run(ensure, table_prefix="")
    error = caught.value
    assert isinstance(error, Drifted)
    assert [item.name for item in error.drift] == ["stream"]
    assert error.tables == ("orders",)
    assert world.sent == ["DescribeTable"]


def test_what_a_living_table_can_be_given_is_let_pass(world: World) -> None:
    """With "raise-blocked" only what has to stay as it is raises: a key, a local index."""
    changeable = dynamorm.ensure_table(
        BARE, stream="NEW_IMAGE", tags={"a": "b"}, on_drift="raise-blocked"
    )
    drift = world.run(changeable).drift
    assert [(item.name, item.blocked) for item in drift] == [("stream", False), ("tag:a", False)]
    with pytest.raises(Drifted) as caught:
        world.run(dynamorm.ensure_table(Order, stream="NEW_IMAGE", on_drift="raise-blocked"))
    assert [(item.name, item.blocked) for item in caught.value.drift] == [("index:by-date", True)]
    ensured = world.run(dynamorm.ensure_table(TableSpec("orders", KeyAttribute("id", "S"))))
    assert [(item.name, item.blocked) for item in ensured.drift] == [("key", True)]


def test_what_cannot_be_compared_is_no_error(world: World) -> None:
    """Nobody knows whether a key's alias is the key that is there."""
    key = dynamorm.KMS("arn:aws:kms:us-east-1:000000000000:key/1")
    world.run(dynamorm.create_table(User, encryption=key))
    alias = dynamorm.KMS("alias/ours")
    ensured = world.run(dynamorm.ensure_table(User, encryption=alias, on_drift="raise"))
    assert ensured.drift[0].unknown


@pytest.mark.parametrize("migrate", [dynamorm.auto_migrate, dynamorm.ensure_tables])
def test_all_tables_are_looked_at_before_one_is_created(world: World, migrate: Any) -> None:
    """One that differs keeps those that are missing from being created."""
    with pytest.raises(Drifted):
        world.run(migrate(User, Order, on_drift="raise"))
    assert world.sent == ["DescribeTable"] * 2
    ensured = world.run(migrate(User, BARE, on_drift="raise"))
    assert [item.created for item in ensured] == [True, False]


def test_a_table_that_came_meanwhile_is_judged_too() -> None:
    """Whoever loses the race against another process is told how its table differs."""
    world = World()

    class Racing:
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "CreateTable":
                dynamorm.run(dynamorm.create_table(BARE), world.service, clock=world.clock)
            return world.service.send(operation, body)

    ensure = dynamorm.ensure_table(Order, on_drift="raise")
    with pytest.raises(Drifted):
        dynamorm.run(ensure, Racing(), clock=world.clock)


def test_an_error_on_one_table_leaves_no_other_half_made() -> None:
    """What was created before it is completed, what would come after it is not begun."""
    world = World()
    denied = service_error("AccessDeniedException", "no", status=400, operation="CreateTable")
    expiring = TableSpec("first", KeyAttribute("id", "S"), time_to_live="expires")
    world.run(dynamorm.create_table(BARE))

    class Guarded:
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "CreateTable" and json.decode(body)["TableName"] == "users":
                raise denied
            return world.service.send(operation, body)

    tables = (BARE, expiring, User, BARE.named("never"))
    with pytest.raises(dynamorm.AccessDenied):
        dynamorm.run(dynamorm.auto_migrate(*tables), Guarded(), clock=world.clock)
    assert world.run(dynamorm.list_tables()) == ("first", "orders")
    assert not world.run(dynamorm.plan(expiring))
    for name in ("fourth", "fifth"):
        wrong = service_error("ValidationException", name, status=400, operation="UpdateTimeToLive")
        world.service.fail("UpdateTimeToLive", wrong)
    several = (expiring.named("third"), expiring.named("fourth"))
    with pytest.raises(dynamorm.ValidationFailed, match="fourth"):
        world.run(dynamorm.auto_migrate(*several))


def test_a_word_that_is_none_of_the_three_is_refused(world: World) -> None:
    """Nothing is sent for it."""
    for operation in (dynamorm.ensure_table, dynamorm.auto_migrate):
        with pytest.raises(ValueError, match='on_drift= takes "report", "raise" or'):
            operation(User, on_drift="error")  # type: ignore[operator]  # on purpose
