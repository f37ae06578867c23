"""Copies come through hundreds of fault plans, in front of a fake service and of real engines."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated

import pytest
from adversaries import items, plain
from aids.crowd import TYPED, copy_by_seed, copy_typed_by_seed
from aids.trials import drawn, hold, judge, tried
from msgspec import Raw, Struct

import dynamorm
from dynamorm import Credentials, Database, PartitionKey, SortKey, attribute_transform, table
from dynamorm.api.items import BatchWriteItemOutput, ScanOutput, batch_write_item, scan
from dynamorm.operations import call

PLANS = int(os.environ.get("DYNAMORM_FAULT_PLANS", "3"))
"""How many plans are drawn of each kind; each takes a few seconds."""

HARD_PLANS = {"dynoxide": -(-PLANS // 4)}
"""The other engines take too long for more than three."""


@cache
def hard() -> list[bytes]:
    return list(items(3_000))


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]
    n: Annotated[float, SortKey()]


TARGET = dynamorm.table_spec(Source, name="target")


@pytest.mark.parametrize("seed", range(PLANS))
def test_a_copy_of_20000_items_comes_through(seed, record_property):
    """Nothing is lost, changed or left out, and little is written again after a kill."""
    copy_by_seed(seed, 20_000, record_property)


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("seed", range(PLANS))
def test_a_typed_copy_of_20000_items_comes_through(kind, seed, record_property):
    """So does one through models: an identity, and one that gives every item another key."""
    copy_typed_by_seed(kind, seed, 20_000, record_property)


@pytest.fixture(scope="module")
def db(engine: str, url: str | None) -> Iterator[Database]:
    """An engine with a table of hard items."""
    if url is None:
        pytest.skip("an account pays for each of these items many times over")
    with dynamorm.connect(
        "eu-west-1",
        endpoint=url,
        credentials=Credentials("anybody", "anybody"),
        table_prefix=f"dynamorm-{secrets.token_hex(4)}-",
        read_timeout=60.0,  # moto takes its time for a page where other engines run beside it
    ) as db:
        db.create_table(Source)
        put(db, hard())
        yield db
        db.delete_table(Source)


def put(db: Database, raws: list[bytes]) -> None:
    for first in range(0, len(raws), 10):
        batch = batch_write_item("source", raws[first : first + 10])
        reply = db.run(call("BatchWriteItem", batch, BatchWriteItemOutput))
        assert not reply.unprocessed


def stored(db: Database, name: str) -> list[Raw]:
    found: list[Raw] = []
    start = None
    while True:
        page = db.run(call("Scan", scan(name, start=start), ScanOutput))
        found += page.items
        start = page.last_evaluated_key
        if start is None:
            return found


def spelt(raws: Iterable[bytes | Raw]) -> set[bytes]:
    return set(map(plain, raws))


def test_hard_items_are_held(db):
    """What is put is there, whatever way its numbers are spelt in."""
    assert spelt(stored(db, "source")) == spelt(hard())


def test_copies_of_hard_items_come_through(db, engine, url, record_property):
    """Whatever can be in an item arrives, under any troubles, killed and gone on with."""
    wanted = spelt(stored(db, "source"))
    for seed in range(HARD_PLANS.get(engine, min(3, -(-PLANS // 8)))):
        trial = drawn(seed, len(hard()))
        transform = attribute_transform(lambda values: values) if trial.changed else None
        db.create_table(TARGET)
        tally = tried(trial, url, table_prefix=db.table_prefix, transform=transform)
        judge(tally, wanted, spelt(stored(db, "target")), ("id", "n"))
        db.delete_table(TARGET)
        record_property("faults", tally.facts)
        hold(trial, tally)
