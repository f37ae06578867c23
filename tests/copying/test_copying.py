"""Copying loses nothing, whatever happens on the way."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import pytest
from aids.faults import PLANS, Faulty, Inline, Killed, Ticking, throttled
from aids.laws import dear
from aids.worlds import Driver, beside, stocked, sync
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import dynamorm
from dynamorm import (
    AccessDenied,
    CopyIncomplete,
    CopyReport,
    IndexSpec,
    ItemError,
    KeyAttribute,
    PartitionKey,
    Refused,
    SortKey,
    TableNotFound,
    TableSpec,
    Throttled,
    ValidationFailed,
    attribute_transform,
    table,
)
from dynamorm.errors import service_error
from dynamorm.testing import Async, FakeClock, FakeService, Recorder


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]
    n: Annotated[int, SortKey()]


TARGET = dynamorm.table_spec(Source, name="target")

START = 1000.0
"""What the clock says at first: nobody may count from nothing."""


def item(number: int, **attributes: Any) -> bytes:
    value = {"id": {"S": f"id-{number % 7}"}, "n": {"N": str(number)}, **attributes}
    return json.dumps(value, separators=(",", ":")).encode()


def service(items: Iterable[bytes] = (), clock: FakeClock | None = None) -> FakeService:
    fake = FakeService(clock or FakeClock(START), create_seconds=0, delete_seconds=0)
    return stocked(Source, fake, source=items, target=())


def items(count: int) -> list[bytes]:
    return [item(number) for number in range(count)]


@pytest.fixture(autouse=True)
def performed(driver: Driver) -> Iterator[None]:
    """Every `copy` here holds under both drivers."""
    DRIVER.append(driver)
    yield
    DRIVER.pop()


DRIVER: list[Driver] = []


def copy(fake: Any, source: Any = "source", target: Any = "target", **options: Any) -> CopyReport:
    inline = {"executor": Inline()} if DRIVER[-1] is sync else {}
    options = {"segments": 1, **inline, **options}
    report: CopyReport = DRIVER[-1](dynamorm.copy_table(source, target, **options), fake)
    return report


def passed(fake: FakeService) -> float:
    return fake.clock.now() - START


def same(fake: FakeService) -> bool:
    return sorted(fake.items("source")) == sorted(fake.items("target"))


DIGITS = st.integers(1, 38).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))
NUMBERS = st.builds(
    lambda sign, digits, power: f"{sign}{digits.lstrip('0') or '0'}E{power}",
    st.sampled_from(["", "-"]),
    DIGITS,
    st.integers(-120, 80),
)
BINARY = st.binary(min_size=1, max_size=20).map(lambda b: b64encode(b).decode())
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=20)),
    st.builds(lambda number: {"N": number}, NUMBERS),
    st.builds(lambda binary: {"B": binary}, BINARY),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
    st.lists(st.text(max_size=5), min_size=1, unique=True).map(lambda texts: {"SS": texts}),
    st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(lambda numbers: {"NS": numbers}),
    st.lists(BINARY, min_size=1, max_size=3, unique=True).map(lambda values: {"BS": values}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda values: {"L": values})
        | st.dictionaries(st.text(max_size=5), inner, max_size=3).map(lambda map_: {"M": map_})
    ),
    max_leaves=8,
)
TABLES = st.lists(
    st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda n: n not in "idn"), VALUES),
    max_size=60,
).map(lambda found: [item(number, **attributes) for number, attributes in enumerate(found)])


@dear
@given(
    stored=TABLES,
    plan=PLANS,
    segments=st.integers(1, 5),
    batch_size=st.integers(1, 25),
    page_limit=st.none() | st.integers(1, 30),
)
def test_a_copy_without_a_transform_is_the_identity_under_any_faults(
    stored: list[bytes],
    plan: list[str | int],
    segments: int,
    batch_size: int,
    page_limit: int | None,
) -> None:
    """Every attribute of every type arrives byte for byte, whatever fails on the way."""
    fake = service(stored)
    report = copy(
        Faulty(fake, plan), segments=segments, batch_size=batch_size, page_limit=page_limit
    )
    assert same(fake)
    assert report.done
    assert (report.read, report.written, report.failed) == (len(stored), len(stored), 0)


@dear
@given(
    count=st.integers(0, 120),
    plan=PLANS,
    segments=st.integers(1, 3),
    page_limit=st.none() | st.integers(1, 20),
    kills=st.lists(st.integers(0, 12), max_size=6),
)
def test_a_copy_that_is_killed_goes_on_from_its_last_report(
    count: int, plan: list[str | int], segments: int, page_limit: int | None, kills: list[int]
) -> None:
    """Killed after any request and resumed, a copy ends as an unbroken one does."""
    fake = service(items(count), Ticking(0.2))
    checkpoint = None
    for kill_at in [*kills, None]:
        reports: list[CopyReport] = []
        try:
            report = copy(
                Faulty(fake, plan, kill_at),
                segments=segments,
                page_limit=page_limit,
                progress=reports.append,
                resume=checkpoint,
            )
        except Killed:
            checkpoint = reports[-1].checkpoint if reports else checkpoint
            checkpoint = json.loads(json.dumps(checkpoint))
    assert same(fake)
    assert report.done
    assert (report.read, report.written) == (count, count)


def test_a_kill_in_the_middle_of_a_page_costs_a_batch() -> None:
    """What a report tells as written is not written again, though its page has not ended."""
    fake = service(items(1000), Ticking(0.3))
    reports: list[CopyReport] = []
    with pytest.raises(Killed):
        copy(Faulty(fake, kill_at=30), progress=reports.append)
    assert reports[-1].written == 29 * 25
    fake.sent.clear()
    assert copy(fake, resume=reports[-1].checkpoint).written == 1000
    assert fake.sent.count("BatchWriteItem") == 11


@dear
@given(count=st.integers(0, 150), plan=PLANS, deadline=st.floats(0.5, 20))
def test_a_copy_that_a_deadline_stops_returns_in_time_and_can_be_gone_on_with(
    count: int, plan: list[str | int], deadline: float
) -> None:
    """Runs that stop early, each resumed from the last, add up to one unbroken copy."""
    clock = Ticking(0.05)
    fake = service(items(count), clock)
    faulty = Faulty(fake, plan)
    report = None
    for _ in range(1000):
        started = clock.moment
        try:
            report = copy(
                faulty,
                page_limit=5,
                deadline=deadline,
                resume=report and report.checkpoint,
            )
        except CopyIncomplete as error:
            report = error.report
        assert clock.moment - started < deadline + 1.0
        assert json.loads(json.dumps(report.checkpoint)) == report.checkpoint
        if report.done:
            break
        deadline *= 1.5
    assert report is not None
    assert report.done
    assert same(fake)
    assert report.read == report.written == count


def test_the_seconds_left_can_be_asked_for() -> None:
    """A deadline may be a function, such as a Lambda context's."""
    fake = service(items(100), Ticking(0.1))
    end = fake.clock.now() + 8
    report = copy(fake, page_limit=5, deadline=lambda: end - fake.clock.moment)  # type: ignore[attr-defined]  # the fake's clock
    assert not report.done
    assert 0 < report.written < 100
    assert copy(fake, resume=report.checkpoint).done
    assert same(fake)


def test_one_scan_a_page_and_one_batch_for_25_items() -> None:
    """A copy describes both tables, sends its Scans and batches, and describes both again."""
    fake = service(items(100))
    copy(fake)
    both = ["DescribeTable"] * 2
    assert fake.sent == [*both, "Scan", *["BatchWriteItem"] * 4, *both]


def test_batches_are_filled_over_pages() -> None:
    """Small pages do not make small batches."""
    fake = service(items(100))
    copy(fake, page_limit=10)
    assert fake.sent.count("BatchWriteItem") == 4


def test_a_full_batch_is_sent_before_more_is_read() -> None:
    """Nothing waits in memory that could be on its way."""
    fake = service(items(50))
    copy(fake, page_limit=25)
    assert fake.sent[2:6] == ["Scan", "BatchWriteItem"] * 2


def test_a_pages_items_are_sent_with_its_leftovers_first() -> None:
    """What came back unprocessed is at the head of the next batch, with new items behind it."""
    fake = service(items(60))
    fake.withhold(10, 5)
    recorder = Recorder(fake)
    report = copy(recorder)
    batches = [body["RequestItems"]["target"] for op, body in recorder.sent if op[0] == "B"]
    assert [len(batch) for batch in batches] == [25, 25, 25]
    assert batches[1][:10] == batches[0][:10]
    assert report.retried == 15
    assert same(fake)


def test_leftovers_are_known_by_their_keys() -> None:
    """A service that spells numbers in its own way still gets back the bytes that were read."""
    stored = [item(number, x={"N": "1.0"}) for number in range(5)]
    fake = service(stored)

    class Normalizing(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            answer = super().send(operation, body)
            if operation == "BatchWriteItem":
                answer = answer.replace(b'"1.0"', b'"1"').replace(b'"N":"3"', b'"N":"3.0"')
            return answer

    copy(Normalizing(fake, ["fine", 5, 3]))
    assert same(fake)


@pytest.mark.parametrize("left", [b'{"S":"id-9"}', b'{"S":7}', b"null"])
def test_leftovers_that_were_never_sent_do_not_confuse_a_copy(left: bytes) -> None:
    """When what comes back cannot be told apart, or is no item, all of the batch is sent again."""
    fake = service(items(5))

    class Confused(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            answer = super().send(operation, body)
            return answer.replace(b'{"S":"id-1"}', left) if self.requests == 2 else answer

    report = copy(Confused(fake, ["fine", 5]))
    assert report.retried == 5
    assert report.written == 5
    assert same(fake)


def test_persistent_throttling_ends_with_what_is_unwritten() -> None:
    """A service that stays too busy ends the copy, which says exactly what is missing."""
    fake = service(items(60))
    fake.withhold(*[25] * 10_000)
    with pytest.raises(CopyIncomplete) as caught:
        copy(fake)
    assert len(caught.value.unwritten) == 60
    assert caught.value.unwritten[0]["id"]["S"].startswith("id-")
    assert not caught.value.report.done
    assert 120 < passed(fake) < 130
    fake.withhold()
    assert copy(fake, resume=caught.value.report.checkpoint).written == 60
    assert same(fake)


def test_a_service_that_takes_an_item_now_and_then_is_not_given_up() -> None:
    """Patience is for a service that takes nothing at all."""
    fake = service(items(100))
    fake.withhold(*[24] * 75)
    assert copy(fake).done
    assert passed(fake) > 120


def test_throttling_until_the_deadline_ends_with_what_is_unwritten() -> None:
    """Under a deadline the wait for a busy service ends with it; its last error is the cause."""
    fake = service(items(60))
    fake.fail("BatchWriteItem", throttled("BatchWriteItem"), times=10_000)
    with pytest.raises(CopyIncomplete, match="60 items") as caught:
        copy(fake, deadline=30)
    assert passed(fake) <= 30
    assert isinstance(caught.value.__cause__, Throttled)


def test_refused_writes_are_repeated_ever_more_slowly() -> None:
    """Resends are spaced, growing and jittered, and start over after a success."""
    fake = service(items(25))
    fake.withhold(*[25] * 9)
    copy(fake)
    assert fake.clock.slept == pytest.approx([0.5 * min(5, 0.05 * 2**n) for n in range(1, 10)])  # type: ignore[attr-defined]  # the fake's clock


def test_a_batch_that_throttling_refuses_whole_is_kept() -> None:
    """Throttling that comes as an exception is waited out as leftovers are."""
    fake = service(items(60))
    fake.fail("BatchWriteItem", throttled("BatchWriteItem"), times=30)
    assert copy(fake).retried > 0
    assert same(fake)


def test_a_scan_that_is_throttled_is_waited_out_for_a_while() -> None:
    """Reading outlives throttling too, and gives up in the end with the report."""
    fake = service(items(60))
    fake.fail("Scan", throttled("Scan"), times=12)
    assert copy(fake).done
    fake.fail("Scan", throttled("Scan"), times=10_000)
    with pytest.raises(Throttled) as caught:
        copy(fake)
    assert caught.value.report.read == 0


def test_a_refused_scan_is_repeated_ever_more_slowly() -> None:
    """Reading lets a busy service rest longer each time, as writing does."""
    fake = service(items(60))
    fake.fail("Scan", throttled("Scan"), times=9)
    steps = dynamorm.copy_table("source", "target", segments=1)
    dynamorm.run(steps, fake, retries=dynamorm.Retries(attempts=1))
    assert fake.clock.slept == pytest.approx([0.5 * min(5, 0.05 * 2**n) for n in range(1, 10)])  # type: ignore[attr-defined]  # the fake's clock


def test_a_scan_without_its_items_does_not_end_a_copy() -> None:
    """A page that is not whole is read again: it is no end of the table."""
    fake = service(items(60))

    class Truncating(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            answer = super().send(operation, body)
            if operation != "Scan":
                return answer
            damaged = [b"{}", b'{"Items":[],"Count":60}', answer[:-9]]
            return damaged[self.requests - 1] if self.requests <= 3 else answer

    assert copy(Truncating(fake)).read == 60
    assert same(fake)


def test_denied_access_ends_the_copy_at_once_with_its_report() -> None:
    """An error that does not pass is raised as it is, and carries what has been done."""
    fake = service(items(100))
    denied = service_error("AccessDeniedException", "", status=400, operation="BatchWriteItem")

    class Denied(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            if self.requests == 2 and operation == "BatchWriteItem":
                raise denied
            return super().send(operation, body)

    with pytest.raises(AccessDenied) as caught:
        copy(Denied(fake))
    assert caught.value.report.written == 25
    assert copy(fake, resume=caught.value.report.checkpoint).done
    assert same(fake)


def test_one_failing_segment_stops_the_others() -> None:
    """When a segment ends in an error, no other goes on, and the report covers all."""
    fake = service(items(400))
    denied = service_error("AccessDeniedException", "", status=400, operation="BatchWriteItem")
    fake.fail("BatchWriteItem", denied)
    with pytest.raises(AccessDenied) as caught:
        dynamorm.run(dynamorm.copy_table("source", "target", segments=4), fake)
    checkpoint = caught.value.report.checkpoint
    report = dynamorm.run(
        dynamorm.copy_table("source", "target", segments=4, resume=checkpoint), fake
    )
    assert report.done
    assert same(fake)


@pytest.mark.parametrize("segments", [1, 4, 16])
def test_segments_run_in_threads_and_in_tasks(segments: int) -> None:
    """The same copy runs in threads and under asyncio."""
    fake = service(items(500))
    steps = dynamorm.copy_table("source", "target", segments=segments)
    assert dynamorm.run(steps, fake).written == 500
    assert same(fake)
    other = service(items(500))
    steps = dynamorm.copy_table("source", "target", segments=segments)
    assert asyncio.run(dynamorm.arun(steps, Async(other))).written == 500
    assert same(other)


def test_a_table_is_read_in_eight_segments() -> None:
    """Unless another number is said; each Scan is told which segment it is, and of how many."""
    recorder = Recorder(service(items(100)))
    dynamorm.run(dynamorm.copy_table("source", "target"), recorder)
    scans = [body for operation, body in recorder.sent if operation == "Scan"]
    assert {(body["Segment"], body["TotalSegments"]) for body in scans} == {
        (segment, 8) for segment in range(8)
    }


def test_a_segment_can_be_copied_alone() -> None:
    """Segments are operations of their own, from JSON-safe values to JSON-safe values."""
    fake = service(items(200))
    reports = [
        dynamorm.run(dynamorm.copy_segment("source", "target", segment=segment, of=3), fake)
        for segment in range(3)
    ]
    assert sum(report.written for report in reports) == 200
    assert same(fake)
    again = dynamorm.copy_segment("source", "target", segment=1, of=3, resume=reports[1].checkpoint)
    fake.sent.clear()
    assert dynamorm.run(again, fake).written == reports[1].written
    assert "Scan" not in fake.sent


def test_a_finished_copy_reads_nothing_more() -> None:
    """Going on from the end sends nothing but the two DescribeTables."""
    fake = service(items(30))
    report = copy(fake)
    fake.sent.clear()
    again = copy(fake, resume=report.checkpoint)
    assert fake.sent == ["DescribeTable", "DescribeTable"]
    assert (again.done, again.written) == (True, 30)


def test_the_seconds_of_all_runs_are_counted() -> None:
    """A report tells how long the copy has taken, the time between two runs left out."""
    fake = service(items(100))
    first = copy(Slow(fake), page_limit=10, deadline=4.5)
    took = passed(fake)
    assert first.seconds == took
    fake.clock.sleep(3600)
    again = copy(Slow(fake), resume=first.checkpoint)
    assert again.seconds == pytest.approx(passed(fake) - 3600)


def test_a_transform_skips_and_splits() -> None:
    """A transform gives one item, none, or several, and the report counts them."""
    fake = service(items(30))

    @attribute_transform
    def change(values: dict[str, Any]) -> Any:
        number = int(values["n"]["N"])
        if number % 3 == 0:
            return None
        copies = [values, {**values, "n": {"N": str(number + 1000)}}]
        return copies if number % 3 == 1 else values

    report = copy(fake, transform=change)
    assert (report.read, report.skipped, report.written) == (30, 10, 30)


@pytest.mark.parametrize("batch_size", [25, 1])
@pytest.mark.parametrize("page_limit", [None, 3])
def test_the_last_of_items_with_one_key_wins(page_limit: int | None, batch_size: int) -> None:
    """Items that a transform gives one key do not fail their batch; collisions are counted."""
    fake = service(items(20))

    @attribute_transform
    def merge(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "id": {"S": "all"}, "n": {"N": "1.0"}, "was": values["n"]}

    report = copy(
        fake, transform=merge, page_limit=page_limit, batch_size=batch_size, collisions="last"
    )
    assert report.done
    assert (report.read, report.written, report.collisions) == (20, 1, 19)
    assert len(fake.items("target")) == 1


def test_a_key_that_comes_again_is_counted_once_for_each_item() -> None:
    """Items with one key replace each other only while they wait, not after they were written."""
    fake = service(items(20))

    @attribute_transform
    def merge(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "id": {"S": "all"}, "n": {"N": str(int(values["n"]["N"]) % 4)}}

    report = copy(fake, transform=merge, page_limit=2, batch_size=3, collisions="last")
    assert report.done
    assert (report.written, report.collisions) == (4, 16)
    assert len(fake.items("target")) == 4


def failing(values: dict[str, Any]) -> dict[str, Any]:
    if values["n"]["N"] in ("13", "14"):
        raise KeyError("secret")
    return values


def test_a_failing_transform_ends_the_copy_and_names_the_item() -> None:
    """An item that cannot be transformed is not passed over."""
    fake = service(items(14))
    with pytest.raises(ItemError, match="13") as caught:
        copy(fake, transform=attribute_transform(failing))
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.report is not None


def test_errors_can_be_taken_and_the_copy_goes_on() -> None:
    """`on_error` gets the item and the error; everything else arrives."""
    fake = service(items(20))
    taken: list[tuple[Any, Any]] = []
    report = copy(
        fake,
        transform=attribute_transform(failing),
        on_error=lambda values, error: taken.append((values, error)),
    )
    assert (report.written, report.failed, report.skipped) == (18, 2, 0)
    assert sorted(values["n"]["N"] for values, _ in taken) == ["13", "14"]


class Poisoned(Faulty):
    """Refuses whatever has the attribute `poison`, and the batch with it."""

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "BatchWriteItem" and b"poison" in body:
            raise service_error("ValidationException", "no", status=400, operation=operation)
        return super().send(operation, body)


def test_an_item_that_the_service_refuses_is_found() -> None:
    """One bad item fails its batch; it alone is handed out, and all others are written."""
    stored = [*items(60), item(61, poison={"S": "1"}), item(62, poison={"S": "2"})]
    fake = service(stored)
    taken: list[Any] = []
    report = copy(Poisoned(fake), on_error=lambda values, error: taken.append((values, error)))
    assert (report.written, report.failed, report.done) == (60, 2, True)
    assert {values["poison"]["S"] for values, _ in taken} == {"1", "2"}
    assert {type(error) for _, error in taken} == {ValidationFailed}
    with pytest.raises(ValidationFailed):
        copy(Poisoned(fake))


def test_looking_for_a_bad_item_loses_no_other() -> None:
    """What a busy service leaves of one half of a batch is sent again, with that of the other."""
    fake = service([*items(24), item(24, poison={"S": "1"})])
    fake.withhold(5, 5)
    report = copy(Poisoned(fake), on_error=lambda values, error: None)
    assert (report.done, report.written, report.failed) == (True, 24, 1)


@pytest.mark.once
def test_batches_stay_below_16_megabytes() -> None:
    """Legal items whose JSON is six times their size are sent in smaller batches."""
    control = "\x01" * 380_000
    fake = service([item(number, text={"S": control}) for number in range(20)])
    assert copy(fake).written == 20
    assert same(fake)
    assert fake.sent.count("BatchWriteItem") == 4


@pytest.mark.once
def test_an_item_that_fills_a_request_is_sent_alone() -> None:
    """Whether it is too large is for the service to say."""
    fake = service([*items(1), item(1, text={"S": "x" * 16_000_000})])
    assert copy(fake).written == 2
    assert fake.sent.count("BatchWriteItem") == 2


@pytest.mark.parametrize(("which", "limit"), [("read", 0.5), ("write", 20.0)])
def test_the_pace_is_held_over_all_segments(which: str, limit: float) -> None:
    """Consumed units divided by the seconds that passed stay within the limit."""
    fake = service(items(2000))
    options = {f"max_{which}_units": limit, "segments": 4, "page_limit": 50}
    report = copy(fake, **options)
    units = report.read_units if which == "read" else report.write_units
    assert units > 15
    # Each segment may have a request under way that nobody has paid for yet.
    largest = 25 if which == "write" else 1
    assert passed(fake) >= (units - 4 * largest) / limit
    assert same(fake)


@pytest.mark.parametrize("segments", [1, 8, 64])
def test_one_rate_is_what_the_service_sees(segments: int) -> None:
    """Within 5 %, whatever the number of segments, though an index doubles what an item costs."""
    fake = service(items(3000))
    moments: list[float] = []

    class Doubling:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            answer = json.loads(fake.send(operation, body))
            if operation == "BatchWriteItem":
                moments.append(fake.clock.now())
                for consumed in answer["ConsumedCapacity"]:
                    consumed["CapacityUnits"] *= 2
            return json.dumps(answer).encode()

    options: dict[str, Any] = {"segments": segments, "executor": Inline()}  # one clock for all
    steps = dynamorm.copy_table("source", "target", max_write_units=500, **options)
    assert dynamorm.run(steps, Doubling()).write_units == 6000
    assert 6000 / (moments[-1] - moments[0]) == pytest.approx(500, rel=0.05)


@pytest.mark.parametrize(
    ("billing", "rate"),
    [(dynamorm.OnDemand(), 4_000), (dynamorm.Provisioned(read=1, write=10_000), 10_000)],
)
def test_a_cold_table_is_written_to_more_slowly(billing: Any, rate: float) -> None:
    """An on-demand one at first at 4,000 units a second; provisioned capacity is there at once."""
    fake = service(items(1000))
    dynamorm.run(dynamorm.create_table(Source, name="other", billing=billing), fake)
    before = passed(fake)
    copy(fake, target="other", max_write_units=10_000)
    assert (1000 - 25) / (passed(fake) - before) == pytest.approx(rate, rel=0.01)


def test_a_pace_takes_no_longer_than_it_has_to() -> None:
    """The last of four batches goes out as soon as those before it are covered."""
    fake = service(items(100))
    copy(fake, max_write_units=50)
    assert passed(fake) == pytest.approx(75 / 50)


def test_progress_is_told_at_most_four_times_a_second() -> None:
    """`progress` gets growing reports, and the last one in the end."""
    fake = service(items(300), Ticking(0.01))
    seen: list[tuple[float, CopyReport]] = []
    report = copy(
        fake,
        page_limit=5,
        progress=lambda told: seen.append((fake.clock.moment, told)),  # type: ignore[attr-defined]  # the fake's clock
    )
    moments = [moment for moment, _ in seen]
    assert len(seen) > 3
    assert all(later - sooner >= 0.25 for sooner, later in pairwise(moments[:-1]))
    assert [told.written for _, told in seen] == sorted(told.written for _, told in seen)
    assert seen[-1][1] == report


def test_a_copy_goes_to_another_database() -> None:
    """The target may be in another account or region, under the same name, with its own prefix."""
    here, there = service(items(40)), service()
    dynamorm.run(dynamorm.create_table(Source, name="eu-source"), there)
    target_db = dynamorm.connect(transport=there, table_prefix="eu-")
    there.sent.clear()
    report = dynamorm.connect(transport=here).run(
        dynamorm.copy_table("source", "source", target_db=target_db, segments=2)
    )
    assert report.written == 40
    assert sorted(there.items("eu-source")) == sorted(here.items("source"))
    assert set(here.sent) == {"DescribeTable", "Scan"}
    assert set(there.sent) == {"DescribeTable", "BatchWriteItem"}


def test_a_copy_heeds_the_prefix_of_its_database() -> None:
    """Scans and batches go to the names that the prefix makes."""
    fake = service()
    for name in ("test-one", "test-two"):
        dynamorm.run(dynamorm.create_table(Source, name=name), fake)
    fake.put("test-one", *items(30))
    fake.withhold(5)
    report = dynamorm.run(dynamorm.copy_table("one", "two"), fake, table_prefix="test-")
    assert report.written == 30
    assert sorted(fake.items("test-two")) == sorted(fake.items("test-one"))


def test_the_same_table_is_refused_unless_in_place() -> None:
    """Copying a table onto itself must be said; then its items are changed where they are."""
    fake = service(items(30))
    with pytest.raises(Refused, match="the same table, source: say in_place"):
        copy(fake, "source", "source")
    assert fake.sent == []

    @attribute_transform
    def mark(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "marked": {"BOOL": True}}

    assert copy(fake, "source", "source", transform=mark, in_place=True).written == 30
    assert all(b"marked" in raw for raw in fake.items("source"))

    @attribute_transform
    def move(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "id": {"S": "elsewhere"}}

    moving = r"^in place, .* cannot change an item's key: .* at id, n\nSee "
    with pytest.raises(ItemError, match=moving) as caught:
        copy(fake, "source", "source", transform=move, in_place=True)
    assert caught.value.key.keys() == {"id", "n"}


def test_a_checkpoint_of_another_copy_is_refused() -> None:
    """Other tables, another number of segments, or no checkpoint at all: refused, nothing sent."""
    fake = service(items(30))
    report = copy(fake, segments=2)
    fake.sent.clear()
    checkpoint = report.checkpoint
    for options in (
        {"segments": 3, "resume": checkpoint},
        {"target": "other", "segments": 2, "resume": checkpoint},
        {"segments": 2, "resume": {**checkpoint, "of": "two"}},
        {"segments": None, "resume": {**checkpoint, "of": 0}},
        {"segments": None, "resume": {**checkpoint, "of": 10**12}},  # more than memory has room for
        {"segments": 2, "resume": "nonsense"},
        {"segments": 2, "resume": {**checkpoint, "segments": checkpoint["segments"][:1]}},
    ):
        with pytest.raises(Refused):
            copy(fake, **options)
    assert fake.sent == []


@pytest.mark.parametrize("missing", ["source", "target"])
def test_both_tables_must_be_there(missing: str) -> None:
    """A table that is missing is told before anything is read or written."""
    fake = service(items(30))
    dynamorm.run(dynamorm.delete_table(missing), fake)
    fake.sent.clear()
    with pytest.raises(TableNotFound):
        copy(fake)
    assert set(fake.sent) == {"DescribeTable"}


@pytest.mark.parametrize(
    "options",
    [
        {"segments": 0},
        {"segments": 1_000_001},
        {"segments": 1.5},
        {"batch_size": 26},
        {"batch_size": 0},
        {"page_limit": -1},
        {"max_read_units": 0},
        {"max_write_units": -1},
        {"max_write_units": "5"},
        {"deadline": "5"},
        {"deadline": float("nan")},
        {"unmodelled": "lose"},
        {"via": "stream"},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    """A number out of its range is named, and nothing is sent."""
    fake = service()
    with pytest.raises(ValueError, match=r"takes"):
        copy(fake, **options)
    assert fake.sent == []


@pytest.mark.parametrize("name", ["in_place", "consistent_read"])
@pytest.mark.parametrize("given", ["no", 1, None])
def test_a_flag_is_true_or_false(name: str, given: Any) -> None:
    """The text "no" would count as yes, and let a copy overwrite its own source."""
    fake = service()
    with pytest.raises(TypeError, match=f"{name}= takes True or False, not"):
        copy(fake, **{name: given})
    assert fake.sent == []


def test_more_options_that_mean_nothing_are_refused() -> None:
    """So are an error sink that cannot be called and a segment that does not exist."""
    with pytest.raises(TypeError, match="on_error"):
        copy(service(), on_error="ignore")
    with pytest.raises(ValueError, match="from 0 to 2"):
        dynamorm.run(dynamorm.copy_segment("source", "target", segment=3, of=3), service())


@pytest.mark.parametrize("function", [dynamorm.copy_table, dynamorm.verify_copy])
def test_what_would_fail_in_the_middle_is_refused_by_the_call(function: Any) -> None:
    """A `progress=` that cannot be called, and the name of a region in place of a database."""
    with pytest.raises(TypeError, match="progress= takes a function of one argument, not 3"):
        function("source", "target", progress=3)
    with pytest.raises(TypeError, match=r"target_db= takes a database, .* not 'eu-west-1'"):
        function("source", "target", target_db="eu-west-1")


def test_checkpoints_hold_no_secrets_and_stay_small() -> None:
    """A checkpoint has names, counts, and one key for each segment at most."""
    stored = [item(number, password={"S": "hunter2"}) for number in range(300)]
    fake = service(stored, Ticking(0.1))
    report = copy(fake, segments=3, page_limit=10, deadline=3)
    text = json.dumps(report.checkpoint)
    assert not report.done
    assert "hunter2" not in text
    assert len(text) < 1500


class Slow(Faulty):
    """Each copying request takes seconds, as against a service that is far away."""

    seconds = 1.0

    def send(self, operation: str, body: bytes) -> bytes:
        if operation in ("Scan", "BatchWriteItem"):
            self.service.clock.moment += self.seconds  # type: ignore[attr-defined]
        return super().send(operation, body)


def test_a_checkpoint_is_refused_by_another_database() -> None:
    """Names alone do not make a copy the same one: the target may be somewhere else now."""
    here, first, second = service(items(40)), service(), service()
    for there in (first, second):
        there.clock.sleep(1)  # a table of its own has an id of its own
    second.clock.sleep(1)
    dynamorm.run(dynamorm.delete_table("target"), second)
    dynamorm.run(dynamorm.create_table(Source, name="target"), second)
    report = copy(here, target_db=beside(DRIVER[-1], first))
    with pytest.raises(Refused):
        copy(here, target_db=beside(DRIVER[-1], second), resume=report.checkpoint)


@pytest.mark.parametrize("name", ["source", "target"])
def test_a_checkpoint_is_refused_when_a_table_has_been_made_anew(name: str) -> None:
    """A target that was deleted and created again lacks what the checkpoint says is in it.

    And a new source may have what the old one had not, before the place that was reached.
    """
    fake = service(items(40))
    report = copy(fake)
    fake.clock.sleep(1)
    dynamorm.run(dynamorm.delete_table(name), fake)
    dynamorm.run(dynamorm.create_table(Source, name=name), fake)
    with pytest.raises(Refused, match=f"the {name} is not the table"):
        copy(fake, resume=report.checkpoint)


def test_one_table_by_two_ways_is_still_one_table() -> None:
    """A target_db that is the same database does not get round `in_place`."""
    fake = service(items(5))
    with pytest.raises(Refused, match="the same table, source: say in_place"):
        copy(fake, "source", "source", target_db=beside(DRIVER[-1], fake))


def test_in_place_reads_what_has_been_written() -> None:
    """An eventually consistent read, put back, would undo the write before it."""
    recorder = Recorder(service(items(5)))
    change = attribute_transform(lambda values: {**values, "x": {"S": "y"}})
    copy(recorder, "source", "source", in_place=True, transform=change, consistent_read=False)
    [scan] = [body for operation, body in recorder.sent if operation == "Scan"]
    assert scan.get("ConsistentRead") is True


def test_in_place_between_two_tables_does_not_bind_keys() -> None:
    """`in_place` says that the tables may be one; where they are two, keys may change."""
    fake = service(items(5))
    change = attribute_transform(lambda values: {**values, "id": {"S": "x"}})
    assert copy(fake, in_place=True, transform=change).done


@pytest.mark.parametrize("transform", [None, attribute_transform(dict)], ids=["none", "function"])
def test_the_pace_is_held_up_to_the_deadline(transform: Any) -> None:
    """No batch is sent early because time is running out."""
    fake = service(items(100))
    report = copy(fake, max_write_units=1, deadline=10, transform=transform)
    assert not report.done
    assert report.write_units <= 25 + 10


def test_a_deadline_of_a_moment_is_long_enough_for_what_takes_none() -> None:
    """Time is up when it is, not a second earlier."""
    assert copy(service(items(100)), deadline=0.1).done


def test_what_has_been_read_is_written_before_time_is_up() -> None:
    """A copy that has no time for another page does not leave a part of a batch behind."""
    fake = service(items(100))
    assert not copy(Slow(fake), page_limit=10, deadline=4.5).done
    assert len(fake.items("target")) == 30


@pytest.mark.parametrize("pace", [{"max_write_units": 1}, {"max_read_units": 0.03}])
def test_nothing_is_sent_at_the_deadline(pace: dict[str, float]) -> None:
    """A pause for the pace that lasts until the deadline is not followed by a request."""
    fake = service(items(100))
    sent: list[float] = []

    class Timed(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            sent.append(passed(fake))
            return super().send(operation, body)

    copy(Timed(fake), page_limit=20, deadline=10, **pace)
    assert max(sent) < 10


def test_waiting_for_the_pace_is_no_sign_of_a_busy_service() -> None:
    """One throttled batch after a long pause does not end a copy."""
    fake = service(items(75))
    fake.withhold(0, 25)
    assert copy(fake, max_write_units=0.2).done


@pytest.mark.parametrize("deadline", [25, 30, 40, 60])
def test_pauses_end_with_the_deadline(deadline: float) -> None:
    """Neither the writer's pauses nor the reader's, nor the pace's, go beyond the time left."""
    for operation in ("Scan", "BatchWriteItem"):
        clock = FakeClock(share=1.0)
        fake = service(items(60), clock)
        fake.fail(operation, throttled(operation), times=10_000)
        with suppress(CopyIncomplete):
            copy(fake, deadline=deadline)
        assert clock.moment <= deadline, operation
    fake = service(items(60))
    copy(fake, deadline=deadline - 0.5, max_write_units=0.5)
    assert passed(fake) <= deadline - 0.5


def test_looking_for_a_bad_item_heeds_the_deadline() -> None:
    """Taking a batch apart is up to 49 requests, none of which starts after the deadline."""
    fake = service([item(number, poison={"S": "x"}) for number in range(25)])

    class Both(Slow, Poisoned):
        pass

    copy(Both(fake), deadline=10, on_error=lambda values, error: None)
    assert passed(fake) <= 12


@pytest.mark.parametrize("name", ["source", "target"])
def test_describing_heeds_the_deadline(name: str) -> None:
    """A throttled DescribeTable does not outlast the time that the copy was given."""
    fake = service(items(5))

    class Undescribed(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "DescribeTable" and name in body.decode():
                raise throttled(operation)
            return super().send(operation, body)

    with pytest.raises(Throttled):
        copy(Undescribed(fake), deadline=2)
    assert 0 < passed(fake) <= 2


def test_a_copy_that_is_stopped_again_and_again_comes_to_an_end() -> None:
    """A page that takes longer than a deadline does not hold a copy for ever."""
    fake = service(items(100))
    checkpoint = None
    for _ in range(40):
        try:
            report = copy(fake, max_write_units=1, deadline=40, resume=checkpoint)
        except CopyIncomplete as error:
            report = error.report
        checkpoint = report.checkpoint
        if report.done:
            break
    assert report.done


def test_a_few_items_do_not_hold_the_cursor_back() -> None:
    """Where a transform skips nearly everything, the checkpoint moves all the same."""
    fake = service(items(400), Ticking(0.05))

    @attribute_transform
    def few(values: dict[str, Any]) -> Any:
        return (
            values if values["n"]["N"] == str(seen.setdefault("n", int(values["n"]["N"]))) else None
        )

    seen: dict[str, int] = {}
    reports: list[Any] = []
    copy(fake, transform=few, page_limit=5, progress=reports.append)
    cursors = [report.checkpoint["segments"][0]["cursor"] for report in reports if not report.done]
    assert len(cursors) > 5
    assert cursors[-1] is not None


@pytest.mark.parametrize("which", ["on_error", "progress"])
def test_what_a_callback_raises_carries_the_report_too(which: str) -> None:
    """Every error that ends a copy has its report."""
    fake = service([*items(60), item(61, poison={"S": "1"})], Ticking(0.1))

    def fails(*anything: object) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full") as caught:
        copy(Poisoned(fake), **{which: fails})
    assert caught.value.report.checkpoint  # type: ignore[attr-defined]


class Silent(Faulty):
    """Does not say what a request has consumed."""

    def send(self, operation: str, body: bytes) -> bytes:
        return super().send(operation, body).replace(b"ConsumedCapacity", b"Unheard")


@pytest.mark.parametrize(("consistent_read", "bytes_a_unit"), [(False, 8192), (True, 4096)])
def test_what_reading_has_cost_is_estimated(consistent_read: bool, bytes_a_unit: int) -> None:
    """A read unit is 4 KB, or 8 KB of what may be stale."""
    stored = items(500)
    report = copy(Silent(service(stored)), page_limit=100, consistent_read=consistent_read)
    assert report.read_units == pytest.approx(sum(map(len, stored)) / bytes_a_unit)


def test_the_pace_is_held_where_the_service_does_not_say_what_it_consumed() -> None:
    """An item costs a whole unit at least, whatever it weighs; so the estimate says, too."""
    short = len(item(1001, x={"S": ""}))
    large = [item(size, x={"S": "x" * (size - short)}) for size in (1024, 1025)]
    fake = service([*items(500), *large])
    report = copy(Silent(fake), max_write_units=10)
    assert report.write_units == 500 + 1 + 2
    assert passed(fake) >= 45


def test_an_error_sink_that_would_have_to_be_awaited_is_refused() -> None:
    """An async on_error would never run, and the items would be lost without a word."""
    fake = service([*items(5), item(61, poison={"S": "1"})])
    taken: list[Any] = []

    async def sink(values: Any, error: Any) -> None:
        taken.append(values)

    with pytest.raises(TypeError, match="async"):
        asyncio.run(
            dynamorm.arun(
                dynamorm.copy_table("source", "target", on_error=sink), Async(Poisoned(fake))
            )
        )


def test_what_cannot_be_written_as_json_names_its_item() -> None:
    """A lone surrogate that a transform makes is an ItemError, and can be taken."""
    fake = service(items(5))
    bad = attribute_transform(lambda values: {**values, "x": {"S": "\ud800"}})
    with pytest.raises(ItemError):
        copy(fake, transform=bad)


def test_unwritten_items_are_attribute_values() -> None:
    """Binary is bytes, so that boto3 does not encode it once more."""
    fake = service([item(1, b={"B": b64encode(b"abc").decode()})])
    fake.withhold(*[25] * 10_000)
    with pytest.raises(CopyIncomplete) as caught:
        copy(fake)
    assert caught.value.unwritten[0]["b"] == {"B": b"abc"}


def test_the_pace_is_waited_for_a_second_at_a_time() -> None:
    """Who waits for the pace when another segment fails, or at Ctrl-C, is stopped soon."""
    fake = service(items(100))
    copy(fake, max_write_units=2)
    assert sum(fake.clock.slept) > 30  # type: ignore[attr-defined]  # the fake's clock
    assert max(fake.clock.slept) <= 1.0  # type: ignore[attr-defined]  # the fake's clock


def test_more_segments_than_threads() -> None:
    """Thousands of segments do not make thousands of threads."""
    fake = service(items(10))
    most = 0

    class Counting(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            nonlocal most
            most = max(most, threading.active_count())
            threading.Event().wait(0.005)
            return super().send(operation, body)

    dynamorm.run(dynamorm.copy_table("source", "target", segments=1000), Counting(fake))
    assert most < 200


@dataclass(frozen=True)
class Full(Exception):
    what: str


def test_an_error_that_takes_no_attribute_is_not_hidden() -> None:
    """A frozen exception of a callback is raised as it is."""

    def fails(*anything: object) -> None:
        raise Full("disk")

    with pytest.raises(Full):
        copy(Poisoned(service([item(1, poison={"S": "x"})])), on_error=fails)


async def sink(*anything: object) -> None:
    """Never runs."""


class Sink:
    async def __call__(self, *anything: object) -> None:
        """Never runs."""


class Promise:
    """What is awaited and is no coroutine, as a task."""

    def __init__(self, *anything: object) -> None:
        pass

    def __await__(self) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    "on_error", [functools.partial(sink), Sink(), lambda *a: sink(*a), Promise]
)
def test_an_error_sink_that_has_to_be_awaited_ends_the_copy(on_error: Any) -> None:
    """However it is wrapped, an async on_error does not make items vanish."""
    with pytest.raises(TypeError, match=r"^on_error= is async"):
        copy(Poisoned(service([item(1, poison={"S": "x"})])), on_error=on_error)


def test_an_item_whose_collection_is_full_is_found() -> None:
    """A local index's limit of 10 GB a partition concerns one item, not the copy."""
    fake = service([*items(30), item(61, poison={"S": "1"})])

    class Full(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "BatchWriteItem" and b"poison" in body:
                code = "ItemCollectionSizeLimitExceededException"
                raise service_error(code, "10 GB", status=400, operation=operation)
            return super().send(operation, body)

    report = copy(Full(fake), on_error=lambda values, error: None)
    assert (report.written, report.failed) == (30, 1)


def test_a_generator_may_change_the_item_between_yields() -> None:
    """Each item is taken as it is when it is given, not as the generator leaves it."""
    fake = service(items(1))

    @attribute_transform
    def three(values: dict[str, Any]) -> Any:
        for number in range(3):
            values["n"] = {"N": str(number)}
            yield values

    assert copy(fake, transform=three).written == 3


def test_an_annotation_that_cannot_be_looked_up_does_not_matter() -> None:
    """Whatever evaluating a transform's annotations raises, it is called all the same."""

    def same_user(user: dynamorm.Nope) -> Any:  # type: ignore[name-defined]
        return user

    assert copy(service(items(3)), Source, "target", transform=same_user).written == 3


TEXT = KeyAttribute("label", "S")


@pytest.mark.parametrize(
    "target",
    [
        TableSpec("other", KeyAttribute("id", "S"), TEXT),
        TableSpec(
            "other",
            KeyAttribute("id", "S"),
            KeyAttribute("n", "N"),
            (IndexSpec("by-label", (TEXT,)),),
        ),
    ],
    ids=["table", "index"],
)
def test_keys_that_only_the_target_has_are_looked_at(target: TableSpec) -> None:
    """Without a transform too, an item that does not fit them is told before it is sent."""
    fake = service([item(1, label={"S": "a"}), item(2, label={"N": "1"})])
    dynamorm.run(dynamorm.create_table(target), fake)
    taken: list[Any] = []
    report = copy(fake, target="other", on_error=lambda values, error: taken.append(error))
    assert (report.written, report.failed) == (1, 1)
    assert [(type(error), error.path) for error in taken] == [(ItemError, "other.label")]


def test_a_key_that_leaves_out_a_part_of_the_sources_makes_collisions() -> None:
    """Items that are several in the source and one in the target do not fail their batch."""
    fake = service(items(30))
    dynamorm.run(dynamorm.create_table(TableSpec("other", KeyAttribute("id", "S"))), fake)
    with pytest.raises(ItemError, match="two items") as caught:
        copy(fake, target="other")
    assert set(caught.value.key) == {"id"}
    report = copy(fake, target="other", collisions="last")
    assert (report.written, report.collisions) == (7, 23)


@table("labelled")
class Labelled(Source):
    label: str = "none"


def labelled(source: Source) -> Labelled:
    return Labelled(source.id, source.n)


@pytest.mark.parametrize(("unmodelled", "kept"), [("keep", True), ("drop", False)])
def test_what_no_model_knows_is_kept_or_dropped(unmodelled: Any, kept: bool) -> None:
    """An attribute that no model knows goes along with its item, unless it is to be dropped."""
    fake = service([item(1, more={"S": "x"})])
    copy(fake, Source, "target", transform=labelled, unmodelled=unmodelled)
    [copied] = fake.items("target")
    assert ("more" in json.loads(copied)) is kept
    assert json.loads(copied)["label"] == {"S": "none"}


def test_a_transform_that_gives_another_model_than_the_targets_is_refused() -> None:
    """It is told by its annotations, and before anything is read."""
    fake = service(items(5))
    dynamorm.run(dynamorm.create_table(Labelled), fake)
    fake.sent.clear()

    def unchanged(source: Source) -> Source:
        return source

    with pytest.raises(TypeError, match="gives Source; the target is Labelled"):
        copy(fake, Source, Labelled, transform=unchanged)
    assert "Scan" not in fake.sent


@pytest.mark.parametrize("segment", [True, 1.0])
def test_a_segment_is_a_whole_number(segment: Any) -> None:
    """True and 1.0 are in range(2), and would be sent as they are."""
    with pytest.raises(ValueError, match="segment="):
        dynamorm.run(dynamorm.copy_segment("source", "target", segment=segment, of=2), service())


def test_threads_are_not_for_tasks() -> None:
    """An executor under asyncio is refused, since it would do nothing."""
    steps = dynamorm.copy_table("source", "target", segments=2, executor=Inline())
    with pytest.raises(TypeError, match="under asyncio"):
        asyncio.run(dynamorm.arun(steps, Async(service())))


def test_without_a_transform_no_item_is_looked_into() -> None:
    """What no codec would take arrives byte for byte: types of tomorrow, spaces, any size."""
    strange = [
        b'{"id":{"S":"a"}, "n":{"N":"1"}, "x":{"V":[1,2]} }',
        b'{"n":{"N":"2"},"id":{"S":"a"},"x":{"N":"no number"},"y":{}}',
        b'{"id":{"S":"b"},"n":{"N":"3"},"x":{"S":"%s"}}' % (b"x" * 500_000),
    ]
    fake = service(strange)
    assert copy(fake).written == 3
    assert sorted(fake.items("target")) == sorted(strange)


@pytest.mark.parametrize(
    "call",
    [
        lambda: dynamorm.copy_table("one", "two", transfrom=None),
        lambda: dynamorm.copy_segment("one", "two", segment=0, of=1, transfrom=None),
        lambda: dynamorm.auto_migrate_with_options(Source, transfrom=None),
    ],
)
def test_a_misspelt_option_is_answered_with_the_nearest(call) -> None:
    """A copy without the transform that was meant would be another copy."""
    with pytest.raises(TypeError, match=r"takes no transfrom=: .*; did you mean transform\?"):
        call()


class Pages(Faulty):
    """Notes at each Scan how many pages before it are held in memory by the one that reads."""

    def __init__(self, service: FakeService) -> None:
        super().__init__(service)
        self._pages: list[bytes] = []
        self.held: list[int] = []

    def send(self, operation: str, body: bytes) -> bytes:
        if operation != "Scan":
            return super().send(operation, body)
        alone = [sys.getrefcount(page) for page in [bytes(99)]]
        self.held.append(sum(sys.getrefcount(page) > alone[0] for page in self._pages))
        self._pages.append(super().send(operation, body))
        return self._pages[-1]


@pytest.mark.parametrize("batch_size", [1, 7, 25])
@pytest.mark.parametrize("options", [{}, {"in_place": True}, {"existing": "keep"}])
@pytest.mark.parametrize("transform", [None, dynamorm.copy_all_fields()])
def test_no_page_is_held_while_the_next_one_is_read(
    transform: Any, options: dict[str, Any], batch_size: int
) -> None:
    """Not by items that wait for a full batch, and not by where their cursors are."""
    pages = Pages(service(items(50)))
    report = copy(
        pages,
        target="source" if "in_place" in options else "target",
        transform=transform,
        batch_size=batch_size,
        page_limit=10,
        **options,
    )
    assert (report.done, report.written) == (True, 50)
    assert pages.held == [0] * len(pages.held)
    assert len(pages.held) >= 5
