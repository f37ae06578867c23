"""The proxy's troubles are what their names say, as each transport sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from aids.proxy import Proxy, at_random, in_turn
from aids.troubles import ANY, SPECIAL
from msgspec import Struct

import dynamorm
from dynamorm import (
    Credentials,
    PartitionKey,
    Retries,
    ServerError,
    Steps,
    TableNotFound,
    Throttled,
    TransportError,
    table,
)
from dynamorm.api.items import BatchWriteItemOutput, ScanOutput, batch_write_item, scan
from dynamorm.operations import call
from dynamorm.testing import FakeClock, FakeService
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.http import HttpTransport

ONCE = Retries(attempts=1)
ITEMS = [json.dumps({"id": {"S": f"id-{number}"}}).encode() for number in range(20)]


@table("things", indexes=[dynamorm.Index("by-id")])
class Thing(Struct):
    id: Annotated[str, PartitionKey(), PartitionKey(index="by-id")]


@pytest.fixture
def fake() -> FakeService:
    made = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(Thing), made)
    made.sent.clear()
    return made


def through(
    kind: type[Any], proxy: Proxy, steps: Steps[Any], retries: Retries = ONCE, **options: Any
) -> Any:
    key = Credentials("key", "secret")
    made = kind(region="eu-west-1", endpoint=proxy.url, credentials=key, environ={}, **options)
    if kind is not AioTransport:
        try:
            return dynamorm.run(steps, made, retries=retries, clock=FakeClock())
        finally:
            made.close()

    async def main() -> Any:
        try:
            return await dynamorm.arun(steps, made, retries=retries, clock=FakeClock())
        finally:
            await made.aclose()

    return asyncio.run(main())


def put(items: list[bytes] = ITEMS) -> Steps[BatchWriteItemOutput]:
    return call("BatchWriteItem", batch_write_item("things", items), BatchWriteItemOutput)


def same(some: Iterable[Any], others: Iterable[Any]) -> bool:
    return sorted(map(bytes, some)) == sorted(map(bytes, others))


transports = pytest.mark.parametrize("kind", [HttpTransport, BotocoreTransport, AioTransport])

BEFORE = dict.fromkeys(["throttled", "throttled by rate", "throttled by account"], Throttled)
BEFORE |= {"broken": ServerError, "unavailable": ServerError, "cut before": TransportError}
AFTER = {name: TransportError for name in ANY if name not in {*BEFORE, "slow"}}
AFTER |= {"broken after": ServerError}


@transports
@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_a_trouble_is_an_error_before_or_after_the_effect(kind, name, fake):
    """A request that meets trouble ends in the error that it stands for, done or not done."""
    with Proxy(fake, in_turn(name)) as proxy:
        timeout = 0.1 if name == "late" else 10
        with pytest.raises((BEFORE | AFTER)[name]) as caught:
            through(kind, proxy, put(), read_timeout=timeout)
        assert type(caught.value) is (BEFORE | AFTER)[name]
        assert caught.value.transient
    assert fake.sent == ["BatchWriteItem"] * (name in AFTER)
    assert proxy.troubles == {name: 1}
    assert proxy.unheard == len(ITEMS) * (name in AFTER)


@transports
def test_what_meets_no_trouble_is_passed_on_whole(kind, fake):
    """Items and refusals arrive as they are, slow or not, through two proxies in a row."""
    with Proxy(fake, in_turn("slow")) as last, Proxy(last.url) as first:
        through(kind, first, put())
        page = through(kind, first, call("Scan", scan("things"), ScanOutput))
        with pytest.raises(TableNotFound, match="Requested resource not found: Table: nothing"):
            through(kind, first, dynamorm.describe_table("nothing"))
    assert same(page.items, fake.items("things"))
    assert same(page.items, ITEMS)
    assert first.requests == {"BatchWriteItem": 1, "Scan": 1, "DescribeTable": 1}
    assert (first.batches, first.unheard, first.most_in_flight) == ([len(ITEMS)], 0, 1)


@transports
def test_a_page_that_is_cut_short_is_no_page(kind, fake):
    """A Scan that lacks items is noticed, even where it has none at all."""
    with Proxy(fake, in_turn("short page", "", "short page")) as proxy:
        for _ in range(2):
            with pytest.raises(TransportError, match="Count is"):
                through(kind, proxy, call("Scan", scan("things"), ScanOutput))
            through(kind, proxy, put())


@pytest.mark.parametrize("seed", range(5))
def test_items_that_are_withheld_come_back(seed, fake):
    """Of a batch, what was not written is in the answer, be it some of it or all."""
    with Proxy(fake, in_turn("withheld", "all withheld"), seed=seed) as proxy:
        some = through(HttpTransport, proxy, put()).unprocessed
        assert 1 <= len(some) <= len(ITEMS)
        assert same([*some, *fake.items("things")], ITEMS)
        assert same(through(HttpTransport, proxy, put()).unprocessed, ITEMS)
    assert sum(proxy.batches) == len(ITEMS) - len(some)


def test_a_table_is_described_otherwise_than_it_is(fake):
    """Statuses are late, go back, and leave a table or its index out."""
    seen = []
    with Proxy(fake, in_turn(*SPECIAL["DescribeTable"])) as proxy:
        for _ in [*SPECIAL["DescribeTable"], "as it is"]:
            try:
                found = through(HttpTransport, proxy, dynamorm.describe_table("things"))
            except TableNotFound:
                seen.append(("missing",))
                continue
            statuses = [index.index_status for index in found.global_secondary_indexes]
            seen.append((found.table_status, *statuses))
    assert seen == [
        ("missing",),
        ("CREATING", "ACTIVE"),
        ("UPDATING", "ACTIVE"),
        ("ACTIVE", "CREATING"),
        ("ACTIVE", "CREATING"),
        ("ACTIVE",),
        ("ACTIVE", "ACTIVE"),
    ]


def test_a_seed_brings_the_same_troubles_whichever_thread_is_first():
    """What happens to a request depends on the seed, its bytes, and how often they have come."""
    seen = []
    for seed in (1, 1, 2):
        fake = FakeService(create_seconds=0)
        for name in ("things", "copies"):
            dynamorm.run(dynamorm.create_table(Thing, name=name), fake)
        fake.put("things", *(b'{"id":{"S":"%d"}}' % number for number in range(1000)))
        with Proxy(fake, at_random(0.3, {"missing"}), seed=seed) as proxy:
            steps = dynamorm.copy_table("things", "copies", segments=4, page_limit=40)
            through(HttpTransport, proxy, steps, retries=Retries())
        seen.append(proxy.troubles)
        assert same(fake.items("copies"), fake.items("things"))
    assert seen[0] == seen[1] != seen[2]
    assert seen[0].total() > 10
