"""`check`: what it says of tables, and that it only reads."""

from __future__ import annotations

from typing import Annotated

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import KMS, AccessDenied, Checked, Pending, TableCheck, TimeToLive, table
from dynamorm.errors import service_error
from dynamorm.testing import Script


@table("orders")
class Order(Struct):
    number: Annotated[int, dynamorm.PartitionKey()]


@table("sessions", stream="NEW_IMAGE", tags={"team": "shop"})
class Session(Struct):
    id: Annotated[str, dynamorm.PartitionKey()]
    expires: Annotated[int, TimeToLive()]


READS = ["DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"]


@pytest.fixture
def world() -> World:
    made = World(create_seconds=0, ttl_seconds=0)
    made.run(dynamorm.auto_migrate(Order, Session))
    return made


def test_tables_as_declared_are_true_and_cost_what_is_declared(world: World) -> None:
    """One DescribeTable each, and a read for each declared setting that it does not tell."""
    checked = world.run(dynamorm.check(Order, Session))
    assert checked
    assert checked == Checked((TableCheck("orders"), TableCheck("sessions")))
    assert str(checked) == "orders: as declared\nsessions: as declared"
    assert world.sent == ["DescribeTable", *READS]


def test_a_missing_table_is_told_and_not_created(world: World) -> None:
    """So is one that is being deleted; the name is the real one, prefix included."""
    checked = world.run(dynamorm.check(Order), table_prefix="dev-")
    assert not checked
    assert checked.tables == (TableCheck("dev-orders", missing=True),)
    assert str(checked) == "dev-orders: missing"
    assert world.sent == ["DescribeTable"]
    world.run(dynamorm.delete_table(Order, wait=False))
    assert world.run(dynamorm.check(Order)).tables[0].missing


def test_what_differs_is_told_for_each_table(world: World) -> None:
    """In the order of the models, with whether a living table can be given it."""
    key = dynamorm.TableSpec("sessions", dynamorm.KeyAttribute("other", "S"), stream=None)
    checked = world.run(dynamorm.check(Order, key))
    assert not checked
    assert [bool(table) for table in checked.tables] == [True, False]
    assert [(d.name, d.blocked) for d in checked.tables[1].drift] == [
        ("key", True),
        ("stream", False),
    ]
    assert "\n  stream: declared nothing, found NEW_IMAGE" in str(checked)


def test_what_nobody_declared_counts_only_when_it_is_strict(world: World) -> None:
    """A stream that was turned on by hand is undeclared; TTL and tags are then read too."""
    bare = dynamorm.TableSpec("sessions", dynamorm.KeyAttribute("id", "S"))
    checked = world.run(dynamorm.check(bare))
    assert checked
    assert [item.name for item in checked.tables[0].undeclared] == ["stream"]
    assert world.sent == ["DescribeTable"]
    checked = world.run(dynamorm.check(bare, strict=True))
    assert not checked
    names = [item.name for item in checked.tables[0].undeclared]
    assert names == ["stream", "ttl:expires", "tag:team"]
    assert len(world.sent) == 8
    assert "tag:team: undeclared, found shop" in str(checked)
    assert world.run(dynamorm.check(Order, strict=True))


def test_what_cannot_be_compared_does_not_fail_every_night(world: World) -> None:
    """An alias of a key is listed with its reason, and no known difference."""
    world.run(dynamorm.update_table(Order, encryption=KMS("1")))
    declared = dynamorm.table_spec(Order, encryption=KMS("alias/ours"))
    checked = world.run(dynamorm.check(declared))
    assert checked
    assert checked.tables[0].drift[0].unknown


def test_what_is_not_ready_is_pending() -> None:
    """A table in the making, an index that is filled, an endpoint that knows no TTL."""
    world = World(unknown=["DescribeTimeToLive"])
    world.run(dynamorm.create_table(Order, wait=False))
    checked = world.run(dynamorm.check(Order))
    assert not checked
    assert checked.tables[0].pending == (Pending("table", "the table is CREATING"),)
    world.run(dynamorm.ensure_table(Session))
    pending = (Pending("ttl", "this endpoint does not know it"),)
    assert world.run(dynamorm.check(Session)).tables[0].pending == pending
    assert world.run(dynamorm.check(Order, strict=True))
    building = dynamorm.table_spec(Order, indexes=[])
    index = dynamorm.IndexSpec("by-x", (dynamorm.KeyAttribute("x", "S"),))
    building = dynamorm.TableSpec("orders", building.partition_key, indexes=(index,))
    with pytest.raises(dynamorm.WaitTimeout):
        world.run(dynamorm.update_table(building, timeout=10))
    checked = world.run(dynamorm.check(building))
    assert "index:by-x: pending, the index is CREATING" in str(checked)


@pytest.mark.parametrize("status", ["ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "NEW"])
def test_a_table_that_serves_nothing_is_not_as_declared(status: str) -> None:
    """It has all its settings, and no reader or writer can use it; its status is the reason."""
    world = World(create_seconds=0)
    described = world.run(dynamorm.create_table(Order)).to_dict()
    script = Script(("DescribeTable", {"Table": {**described, "TableStatus": status}}))
    checked = dynamorm.run(dynamorm.check(Order), script)
    assert not checked
    assert checked.tables[0].pending == (Pending("table", f"the table is {status}"),)


def test_what_breaks_an_emulator_is_unknown_to_it(world: World) -> None:
    """A 500 with a page, as moto's, is a lacking operation; an explained 500 is an error."""
    operation = "DescribeContributorInsights"
    for code in ["ServiceUnavailable"] * 4 + ["InternalServerError"] * 4:
        broken = service_error(code, "HTTP status 500", status=500, operation=operation)
        world.service.fail(operation, broken)
    retries = dynamorm.Retries(attempts=4)
    assert world.run(dynamorm.check(Order, strict=True), retries=retries)
    with pytest.raises(dynamorm.ServerError):
        world.run(dynamorm.check(Order, strict=True), retries=retries)


def test_only_what_is_named_is_checked(world: World) -> None:
    """Drift, and what is undeclared, are of these names alone; and only they are read."""
    other = dynamorm.table_spec(Session, stream="KEYS_ONLY", tags={"team": "web"})
    checked = world.run(dynamorm.check(other, only=["tag:team", "encryption"]))
    assert [item.name for item in checked.tables[0].drift] == ["tag:team"]
    assert world.sent == ["DescribeTable", "ListTagsOfResource"]
    assert world.run(dynamorm.check(other, only=["ttl"], strict=True))


def test_what_may_not_be_read_is_an_error(world: World) -> None:
    """A check that leaves out a setting would be no check."""
    denied = service_error("AccessDeniedException", "no", status=400, operation="DescribeTable")
    world.service.fail("ListTagsOfResource", denied)
    with pytest.raises(AccessDenied):
        world.run(dynamorm.check(Session))


def test_a_check_is_passed_on_as_json(world: World) -> None:
    """What comes back out of it is equal, and has the same truth."""
    checked = world.run(dynamorm.check(Order, Session, strict=True))
    assert json.decode(json.encode(checked), type=Checked) == checked
    assert checked.to_dict()["tables"][0]["table"] == "orders"
    assert len(repr(checked)) < 400
