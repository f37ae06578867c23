"""A service that is too busy is asked ever more rarely, by as many as agreed, and not for ever."""

from __future__ import annotations

import asyncio
import json
from itertools import count, groupby, pairwise
from threading import Barrier
from typing import Annotated, Any

import pytest
from aids.faults import Inline
from aids.laws import dear
from aids.proxy import Proxy, at_random
from aids.worlds import stocked
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import dynamorm
from dynamorm import CopyIncomplete, Credentials, Database, PartitionKey, table
from dynamorm.errors import DynamormError, service_error
from dynamorm.testing import FakeClock, FakeService
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.http import HttpTransport


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]


def item(number: int) -> bytes:
    return b'{"id":{"S":"%d"}}' % number


def service(items: int, clock: FakeClock | None = None) -> FakeService:
    fake = FakeService(clock, create_seconds=0)
    return stocked(Source, fake, source=map(item, range(items)), target=())


class Busy:
    """Refuses each request of an operation from the nth on, and keeps the moments of them all."""

    def __init__(self, service: FakeService, operation: str, after: int, how: str) -> None:
        self.service = service
        self.clock = service.clock
        self.operation = operation
        self.left = after
        self.how = how
        self.refused: list[float] = []

    def send(self, operation: str, body: bytes) -> bytes:
        if operation != self.operation:
            return self.service.send(operation, body)
        self.left -= 1
        if self.left >= 0:
            return self.service.send(operation, body)
        self.refused.append(self.clock.now())
        if self.how == "withheld":
            return json.dumps({"UnprocessedItems": json.loads(body)["RequestItems"]}).encode()
        raise service_error(self.how, "slow down", status=400, operation=operation)


REFUSALS = ["withheld", "ProvisionedThroughputExceededException", "ThrottlingException"]
busy = st.sampled_from(REFUSALS)
shares = st.floats(0.2, 1)


@dear
@given(
    after=st.integers(0, 11),
    how=busy,
    segments=st.integers(1, 3),
    deadline=st.floats(1, 60),
    share=shares,
)
def test_persistent_throttling_ends_in_time_with_exactly_what_is_unwritten(
    after: int, how: str, segments: int, deadline: float, share: float
) -> None:
    """An item that was read is in the target or in the error, not in both; resumed, all arrive."""
    fake = service(300, FakeClock(share=share))
    options: dict[str, Any] = {"segments": segments, "executor": Inline(), "page_limit": 50}
    steps = dynamorm.copy_table("source", "target", deadline=deadline, **options)
    with pytest.raises(CopyIncomplete) as caught:
        dynamorm.run(steps, Busy(fake, "BatchWriteItem", after, how))
    assert fake.clock.now() <= deadline
    report = caught.value.report
    unwritten = {values["id"]["S"] for values in caught.value.unwritten}
    written = {json.loads(raw)["id"]["S"] for raw in fake.items("target")}
    assert unwritten.isdisjoint(written)
    assert (len(unwritten), len(written)) == (report.read - report.written, report.written)
    steps = dynamorm.copy_table("source", "target", resume=report.checkpoint, **options)
    assert dynamorm.run(steps, fake).written == 300
    assert sorted(fake.items("target")) == sorted(fake.items("source"))


@given(how=busy, operation=st.sampled_from(["Scan", "BatchWriteItem"]), share=shares)
def test_resends_are_spaced_ever_more_and_by_chance(how: str, operation: str, share: float) -> None:
    """The nth pause is a random part of 50 ms times 2 to the n, of five seconds at most."""
    how = REFUSALS[1] if operation == "Scan" else how
    transport = Busy(service(50, FakeClock(share=share)), operation, 0, how)
    with pytest.raises(DynamormError):
        dynamorm.run(dynamorm.copy_table("source", "target", segments=1), transport)
    pauses = [later - sooner for sooner, later in pairwise(transport.refused)]
    assert len(pauses) > 20
    longest = [min(5.0, 0.05 * 2**n) for n in range(1, len(pauses) + 1)]
    assert pauses == pytest.approx([share * seconds for seconds in longest])


class Gate:
    """Answers no Scan before each segment has sent its first."""

    def __init__(self, service: FakeService, segments: int) -> None:
        self.service = service
        self.segments = segments
        self.scans = count()
        self.barrier = Barrier(segments)

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "Scan" and next(self.scans) < self.segments:
            self.barrier.wait(timeout=30)
        return self.service.send(operation, body)


@pytest.mark.parametrize("segments", [1, 3, 8])
@pytest.mark.parametrize("kind", [HttpTransport, BotocoreTransport, AioTransport])
def test_no_more_requests_are_under_way_than_there_are_segments(kind, segments):
    """Threads and tasks send one request at a time for each segment, whatever goes wrong."""
    fake = service(2000)
    key = Credentials("key", "secret")
    steps = dynamorm.copy_table("source", "target", segments=segments, page_limit=100)
    with Proxy(Gate(fake, segments), at_random(0.3, {"missing"})) as proxy:
        transport = kind(region="eu-west-1", endpoint=proxy.url, credentials=key, environ={})
        perform(steps, transport)
    assert sorted(fake.items("target")) == sorted(fake.items("source"))
    assert proxy.most_in_flight == segments


def perform(steps: dynamorm.Steps[Any], transport: Any) -> None:
    if not isinstance(transport, AioTransport):
        dynamorm.run(steps, transport, clock=FakeClock())
        transport.close()
        return

    async def main() -> None:
        await dynamorm.arun(steps, transport, clock=FakeClock())
        await transport.aclose()

    asyncio.run(main())


class Watched:
    """Keeps which table was described at which moment."""

    def __init__(self, service: FakeService) -> None:
        self.service = service
        self.clock = service.clock
        self.described: list[tuple[str, float]] = []

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "DescribeTable":
            self.described.append((json.loads(body)["TableName"], self.clock.now()))
        return self.service.send(operation, body)


@given(tables=st.integers(1, 6), seconds=st.floats(0, 90), share=st.floats(0, 1))
def test_a_table_that_is_waited_for_is_described_once_a_second_at_most(
    tables: int, seconds: float, share: float
) -> None:
    """However many tables are made or deleted, and however long that takes."""
    fake = FakeService(FakeClock(share=share), create_seconds=seconds, delete_seconds=seconds)
    watched = Watched(fake)
    specs = [dynamorm.table_spec(Source, name=f"table-{number}") for number in range(tables)]
    db = Database(watched)
    db.auto_migrate(*specs)
    for spec in specs:
        db.delete_table(spec)
    for _, found in groupby(sorted(watched.described), key=lambda one: one[0]):
        moments = [moment for _, moment in found]
        assert all(round(later - sooner, 6) >= 1 for sooner, later in pairwise(moments))
