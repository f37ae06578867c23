"""The life of a table where every request may fail: it ends as declared, and no wait ends early."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
from aids.faults import STALE, TROUBLES, Killed, Unsteady
from msgspec import json

import dynamorm
from dynamorm import IndexSpec, KeyAttribute, OnDemand, Provisioned, Steps, TableExists, TableSpec
from dynamorm.testing import FakeClock, FakeService

pytestmark = pytest.mark.once

SEEDS = range(33)
"""So many that every trouble comes to every operation."""


def index(attribute: str) -> IndexSpec:
    return IndexSpec(f"by-{attribute}", (KeyAttribute(attribute, "S"),))


BORN = TableSpec(
    "orders",
    KeyAttribute("id", "S"),
    indexes=(index("old"), index("kept")),
    billing=OnDemand(),
    stream="NEW_IMAGE",
    tags={"team": "shop"},
)
GROWN = TableSpec(
    "orders",
    KeyAttribute("id", "S"),
    indexes=(index("kept"), index("a"), index("b")),
    billing=Provisioned(5, 6),
    stream="OLD_IMAGE",
    tags={"team": "web"},
    time_to_live="expires",
    point_in_time_recovery=True,
)
ALLOW = ("index:by-old", "stream", "ttl")


class FaultyWorld:
    """A fake service that is asked through troubles, each seed with its own."""

    def __init__(self, seed: int) -> None:
        clock = FakeClock(share=seed / len(SEEDS))
        self.service = FakeService(clock)
        self.transport = Unsteady(self.service, seed)

    def run(self, steps: Steps[Any]) -> Any:
        return dynamorm.run(steps, self.transport)

    def calmly(self, steps: Steps[Any]) -> Any:
        """Perform an operation on the service itself, which tells what is true."""
        self.service.lag = 0.0
        return dynamorm.run(steps, self.service)

    def ask(self, operation: str, **payload: Any) -> Any:
        self.service.lag = 0.0
        return json.decode(self.service.send(operation, json.encode(payload)))

    def settled(self) -> Any:
        """The table when all that was begun has ended, without the moments of its life."""
        self.service.clock.sleep(3600.0)
        table = self.ask("DescribeTable", TableName="orders")["Table"]
        table |= dict.fromkeys(("CreationDateTime", "TableId"))
        arn = {"ResourceArn": table["TableArn"]}
        return (
            table,
            self.ask("DescribeTimeToLive", TableName="orders"),
            self.ask("DescribeContinuousBackups", TableName="orders"),
            self.ask("ListTagsOfResource", **arn),
        )


def life() -> Steps[Any]:
    """Be born if need be, be looked at, and become what is declared."""
    try:
        yield from dynamorm.create_table(BORN)
    except TableExists:
        yield from dynamorm.ensure_table(BORN)
    plan = yield from dynamorm.plan(GROWN, allow=ALLOW)
    return (yield from dynamorm.apply(plan, allow=ALLOW))


def lived(seed: int) -> FaultyWorld:
    world = FaultyWorld(seed)
    world.run(life())
    return world


@cache
def met(seed: int) -> tuple[int, Counter[tuple[str, str]]]:
    """How many requests a whole life has, and the troubles that they meet."""
    transport = lived(seed).transport
    return transport.requests, transport.met


@pytest.fixture(scope="module")
def declared() -> Any:
    """What a table is when nothing has ever gone wrong."""
    world = FaultyWorld(0)
    world.calmly(life())
    return world.settled()


def is_ready(world: FaultyWorld) -> bool:
    table = world.ask("DescribeTable", TableName="orders")["Table"]
    statuses = {item["IndexStatus"] for item in table["GlobalSecondaryIndexes"]}
    return {table["TableStatus"], *statuses} == {"ACTIVE"}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_wait_ends_early(seed):
    """What returns has left the table and every index ACTIVE, or gone, whatever it was told."""
    world = FaultyWorld(seed)
    world.run(dynamorm.create_table(BORN))
    assert is_ready(world)
    ensured = world.run(dynamorm.ensure_table(BORN))
    assert (ensured.drift, is_ready(world)) == ((), True)
    applied = world.run(dynamorm.update_table(GROWN, allow=ALLOW))
    assert (applied.pending, is_ready(world)) == ((), True)
    world.run(dynamorm.delete_table(GROWN))
    assert not world.calmly(dynamorm.table_exists(GROWN))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_ends_as_declared(seed, declared):
    """The table is what it would be without a trouble, and another run has nothing to write."""
    world = lived(seed)
    world.service.clock.sleep(STALE)
    world.service.sent.clear()
    world.run(dynamorm.ensure_table(GROWN))
    assert world.run(dynamorm.update_table(GROWN, allow=ALLOW)).done == ()
    assert [name for name in world.service.sent if not name.startswith(READS)] == []
    assert world.calmly(dynamorm.plan(GROWN)).steps == ()
    assert world.settled() == declared


READS = ("Describe", "List")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_life_goes_on(seed, declared):
    """Killed at any request, before or after its effect, and begun again, it ends the same."""
    for kill_at in range(seed + 1, met(seed)[0], len(SEEDS)):
        world = FaultyWorld(seed)
        world.transport.kill(kill_at, after_effect=kill_at % 2 == 0)
        with pytest.raises(Killed):
            world.run(life())
        world.run(life())
        assert world.settled() == declared


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_that_is_killed_again_and_again_goes_on(seed, declared):
    """Some requests of progress in each run are enough, however many runs that takes."""
    world = FaultyWorld(seed)
    for _ in range(100):
        world.transport.kill(world.transport.requests + 30, after_effect=seed % 2 == 0)
        try:
            world.run(life())
            break
        except Killed:
            continue
    assert world.settled() == declared


def test_the_troubles_are_real():
    """Over all seeds, every kind of trouble has come to every operation that changes something."""
    seen: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        seen += met(seed)[1]
    operations = ("CreateTable", "DescribeTable", "TagResource", "UpdateTable", "UpdateTimeToLive")
    for operation in operations:
        assert {trouble for name, trouble in seen if name == operation} >= {*TROUBLES}
    assert seen.keys() >= {("UpdateTable", "busy"), ("CreateTable", "limited")}
