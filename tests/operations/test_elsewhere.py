"""A target in another database is reached by its own transport, under its own names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aids.worlds import DRIVERS, Driver, Order, beside, stocked

import dynamorm
from dynamorm import Steps
from dynamorm.operations import where
from dynamorm.operations.middleware import elsewhere
from dynamorm.testing import FakeService

ITEMS = [{"number": {"N": str(number)}} for number in range(60)]

READS = {"DescribeTable", "Scan", "BatchGetItem"}

OPERATIONS: dict[str, Callable[..., Steps[Any]]] = {
    "copy_table": lambda **there: dynamorm.copy_table("orders", "orders", segments=2, **there),
    "copy_segment": lambda **there: dynamorm.copy_segment(
        "orders", "orders", segment=0, of=1, **there
    ),
    "auto_migrate_with_options": lambda **there: dynamorm.auto_migrate_with_options(
        Order, data_copy=True, segments=2, **there
    ),
}


OPERATIONS_THAT_READ: dict[str, Callable[..., Steps[Any]]] = {
    "verify_copy": lambda **there: dynamorm.verify_copy("orders", "orders", segments=2, **there)
}


def place(name: str, *items: Any) -> FakeService:
    return stocked(Order, **{name: items})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_copy_writes_into_the_other_database_alone(operation: str, driver: Driver) -> None:
    """Under either driver, and with a prefix on both sides, the source's database is only read."""
    here, there = place("dev-orders", *ITEMS), place("eu-orders")
    steps = OPERATIONS[operation](target_db=beside(driver, there, "eu-"))
    driver(steps, here, table_prefix="dev-")
    assert sorted(there.items("eu-orders")) == sorted(here.items("dev-orders"))
    assert set(here.sent) <= READS
    assert "Scan" not in there.sent


def test_a_table_is_verified_in_the_other_database(driver: Driver) -> None:
    """The target's items are those of the other database, under its prefix."""
    here, there = place("dev-orders", *ITEMS), place("eu-orders", *ITEMS[1:])
    verify = OPERATIONS_THAT_READ["verify_copy"]
    whole = beside(driver, place("eu-orders", *ITEMS), "eu-")
    assert driver(verify(target_db=whole), here, table_prefix="dev-").same
    lacking = beside(driver, there, "eu-")
    assert not driver(verify(target_db=lacking), here, table_prefix="dev-").same
    assert set(here.sent) | set(there.sent) <= READS


def test_what_goes_elsewhere_already_still_goes_there(driver: Driver) -> None:
    """An operation with a target_db may itself be performed in another database."""
    here, there = place("dev-orders", *ITEMS), place("eu-orders")
    steps = OPERATIONS["copy_table"](target_db=beside(driver, there, "eu-"))
    nowhere = FakeService()
    driver(elsewhere(steps, beside(driver, here, "dev-")), nowhere)
    assert sorted(there.items("eu-orders")) == sorted(here.items("dev-orders"))
    assert nowhere.sent == []


def test_who_asks_where_is_told_of_a_database_of_the_other_kind(driver: Driver) -> None:
    """A database for asyncio in a thread, or the reverse, is refused before anything is sent."""
    here, there = place("orders"), place("orders")
    [other] = [given for given in DRIVERS.values() if given is not driver]
    with pytest.raises(TypeError, match="asyncio"):
        driver(elsewhere(where(), beside(other, there)), here)
    assert driver(elsewhere(where(), beside(driver, there, "eu-")), here).table_prefix == "eu-"
    assert here.sent == there.sent == []


@pytest.mark.parametrize("operation", [*OPERATIONS, *OPERATIONS_THAT_READ])
def test_a_target_db_of_the_other_kind_is_refused(operation: str, driver: Driver) -> None:
    """By every operation that takes one, and before anything is sent to either database."""
    here, there = place("orders", *ITEMS), place("orders")
    [other] = [given for given in DRIVERS.values() if given is not driver]
    make = (OPERATIONS | OPERATIONS_THAT_READ)[operation]
    with pytest.raises(TypeError, match="asyncio"):
        driver(make(target_db=beside(other, there)), here)
    assert here.sent == there.sent == []
