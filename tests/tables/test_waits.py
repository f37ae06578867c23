"""Waiting for tables, and deleting several: what is sent, and when it ends."""

from __future__ import annotations

from typing import Annotated

import pytest
from aids.worlds import World
from msgspec import Struct

import dynamorm
from dynamorm import Index, PartitionKey, TableNotFound, ValidationFailed, WaitTimeout, table
from dynamorm.testing import FakeClock, Script


@table("orders", indexes=[Index("by-status")])
class Order(Struct):
    number: Annotated[int, PartitionKey()]
    status: Annotated[str, PartitionKey(index="by-status")]


OTHERS = [dynamorm.table_spec(Order, name=name) for name in ("second", "third")]


def described(status: str = "ACTIVE", index: str = "ACTIVE", **members: object) -> object:
    indexes = [{"IndexName": "by-status", "IndexStatus": index}]
    found = {"TableName": "orders", "TableStatus": status, "GlobalSecondaryIndexes": indexes}
    return "DescribeTable", {"Table": {**found, **members}}


def test_a_table_that_is_ready_is_looked_at_once(driver) -> None:
    """Waiting for it sends one DescribeTable and pauses for nothing; its name will do."""
    for asked in (Order, dynamorm.table_spec(Order), "orders"):
        with Script(described()) as script:
            ready = driver(dynamorm.wait_until_active(asked), script, clock=FakeClock())
        assert ready.table_status == "ACTIVE"


def test_indexes_are_waited_for_unless_they_are_left_out() -> None:
    """With `indexes=False` a table is ready while an index is still built."""
    building = described(index="CREATING")
    with Script(building) as script:
        dynamorm.run(dynamorm.wait_until_active(Order, indexes=False), script, clock=FakeClock())
    with Script(building, described("UPDATING"), described()) as script:
        dynamorm.run(dynamorm.wait_until_active(Order), script, clock=FakeClock())


def test_a_table_that_another_process_creates_is_waited_for() -> None:
    """It need not be seen yet; what never comes ends in WaitTimeout after half a minute."""
    world = World(lag=2.0)
    world.run(dynamorm.create_table(Order, wait=False))
    assert world.run(dynamorm.wait_until_active(Order)).table_status == "ACTIVE"
    with pytest.raises(WaitTimeout, match=r"not there after .* check its name, prefix and region"):
        world.run(dynamorm.wait_until_active("never"))
    assert 30 < world.clock.moment < 60


def test_a_wait_ends_at_its_time_out() -> None:
    """Seconds that have passed, and the status that was seen last, are in the error."""
    world = World(create_seconds=1e9)
    world.run(dynamorm.create_table(Order, wait=False))
    with pytest.raises(WaitTimeout) as caught:
        world.run(dynamorm.wait_until_active(Order, timeout=20))
    assert (caught.value.waited, caught.value.last_status) == (20, "CREATING")
    with pytest.raises(WaitTimeout):
        world.run(dynamorm.wait_until_gone(Order, timeout=20))


def test_a_table_that_is_gone_is_looked_at_once() -> None:
    """So waiting for it is over at once; one that is being deleted is waited for."""
    world = World()
    world.run(dynamorm.wait_until_gone(Order))
    assert world.sent == ["DescribeTable"]
    world.run(dynamorm.create_table(Order))
    world.run(dynamorm.delete_table(Order, wait=False))
    world.run(dynamorm.wait_until_gone(Order))
    assert not world.run(dynamorm.table_exists(Order))


def test_several_tables_are_deleted_at_once_and_waited_for_together() -> None:
    """Every DeleteTable is sent before the first look; a table named twice is deleted once."""
    world = World(create_seconds=0, delete_seconds=3)
    world.run(dynamorm.auto_migrate(Order, *OTHERS))
    world.run(dynamorm.delete_tables(Order, *OTHERS, "third"))
    assert world.sent[:4] == ["DeleteTable"] * 3 + ["DescribeTable"]
    assert world.run(dynamorm.list_tables()) == ()


def test_many_tables_take_as_long_as_one() -> None:
    """Once the first is made, or gone, the others are looked at without another pause."""
    names = [dynamorm.table_spec(Order, name=f"table-{number}") for number in range(20)]
    moments = []
    for some in (names[:1], names):
        world = World(create_seconds=5, delete_seconds=3)
        world.run(dynamorm.auto_migrate(*some))
        moments.append(world.clock.moment)
        world.run(dynamorm.delete_tables(*some))
        moments.append(world.clock.moment)
    assert moments[:2] == moments[2:]


def test_an_error_keeps_the_tables_after_it() -> None:
    """A missing or protected table is raised at once; with `missing_ok` the first is none."""
    world = World(create_seconds=0, delete_seconds=0)
    world.run(dynamorm.auto_migrate(Order, OTHERS[1]))
    with pytest.raises(TableNotFound):
        world.run(dynamorm.delete_tables(*OTHERS, wait=False))
    world.run(dynamorm.create_table(OTHERS[0], deletion_protection=True))
    with pytest.raises(ValidationFailed, match="protected"):
        world.run(dynamorm.delete_tables(Order, *OTHERS))
    assert world.run(dynamorm.list_tables()) == ("second", "third")
    world.run(dynamorm.delete_tables(Order, "third", missing_ok=True, wait=False))
    assert world.run(dynamorm.list_tables()) == ("second",)
