"""However a copy ends, what it has done is known, and is not done again where that matters."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids.faults import PLANS, Faulty, Inline, Killed, Ticking, throttled
from aids.laws import dear
from aids.worlds import stocked
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

import dynamorm
from dynamorm import (
    CopyIncomplete,
    CopyReport,
    ItemError,
    PartitionKey,
    Refused,
    attribute_transform,
    table,
)
from dynamorm.copying import job
from dynamorm.copying.checkpoint import save
from dynamorm.copying.collisions import Forbidding
from dynamorm.copying.segment import Segment
from dynamorm.errors import service_error
from dynamorm.testing import Async, FakeClock, FakeService


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]


def service(count: int, clock: FakeClock | None = None) -> FakeService:
    fake = FakeService(clock or FakeClock(1000.0), create_seconds=0, delete_seconds=0)
    items = [{"id": {"S": f"id-{number}"}, "n": {"N": "0"}} for number in range(count)]
    return stocked(Source, fake, source=items, target=[])


def copy(fake: Any, target: str = "target", **options: Any) -> CopyReport:
    options = {"segments": 1, "executor": Inline(), **options}
    report: CopyReport = dynamorm.run(dynamorm.copy_table("source", target, **options), fake)
    return report


def passed(fake: FakeService) -> float:
    return fake.clock.now() - 1000.0


def slow(fake: FakeService, seconds: float = 1.0) -> Any:
    """Make a transform that takes its time, by the clock of the service."""

    @attribute_transform
    def slowly(values: dict[str, Any]) -> dict[str, Any]:
        fake.clock.moment += seconds  # type: ignore[attr-defined]
        return {**values, "id": {"S": "new-" + values["id"]["S"]}}

    return slowly


@pytest.mark.parametrize("deadline", [3, 10, 60.5])
def test_the_deadline_holds_inside_a_page(deadline: float) -> None:
    """One page of 100 items, of which each takes a second: the copy stops in time."""
    fake = service(100)
    report = copy(fake, transform=slow(fake), deadline=deadline)
    assert not report.done
    assert deadline - 2 <= passed(fake) <= deadline
    assert report.written == len(fake.items("target")) >= deadline - 3


class SlowWrites:
    """A service each of whose writes takes a second, by its own clock; `poison` it refuses."""

    def __init__(self, fake: FakeService, poison: bytes = b"poison") -> None:
        self.fake, self.clock, self.poison = fake, fake.clock, poison
        self.sent_at: list[float] = []

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "BatchWriteItem":
            self.sent_at.append(passed(self.fake))
            self.clock.moment += 1.0  # type: ignore[attr-defined]
            if self.poison in body:
                raise service_error("ValidationException", "no", status=400, operation=operation)
        return self.fake.send(operation, body)


def test_no_batch_is_sent_after_the_deadline() -> None:
    """Writing a page takes longer: the last batch leaves before the end of time."""
    slowly = SlowWrites(service(1000))
    report = copy(slowly, deadline=4.5)
    assert slowly.sent_at == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (report.done, report.written) == (False, 125)


def test_no_batch_is_sent_after_a_progress_that_outlasts_the_deadline() -> None:
    """The time that the caller's own function takes counts."""
    slowly = SlowWrites(service(1000))

    def progress(_report: CopyReport) -> None:
        slowly.clock.moment += 3.0  # type: ignore[attr-defined]

    report = copy(slowly, deadline=6, progress=progress)
    assert slowly.sent_at == [0.0, 4.0]
    assert (report.done, report.written) == (False, 50)


def test_no_batch_is_sent_after_a_search_for_a_poison_item_that_outlasts_the_deadline() -> None:
    """Of the halves of halves it is the last one that writes nothing."""
    fake = service(60)
    page = json.loads(fake.send("Scan", b'{"TableName": "source"}'))
    poison = b'"id":{"S":"%s"}' % page["Items"][24]["id"]["S"].encode()
    slowly = SlowWrites(fake, poison=poison)
    report = copy(slowly, deadline=10.5, on_error=lambda *_: None)
    assert slowly.sent_at == [float(second) for second in range(11)]
    assert (report.done, report.written, report.failed) == (False, 24, 1)


def test_copies_that_a_slow_transform_stops_come_to_an_end() -> None:
    """Each goes on where the one before it stopped, in the middle of the page."""
    fake = service(30)
    report = None
    for _ in range(20):
        report = copy(fake, transform=slow(fake), deadline=4, resume=report)
        if report.done:
            break
    assert report is not None
    assert report.done
    assert report.written == report.read == len(fake.items("target")) == 30
    assert passed(fake) < 35


def test_an_item_that_becomes_many_is_written_on_the_way() -> None:
    """A hundred batches are never in memory at once, and the deadline holds between them."""
    fake = service(1)
    most = given = 0

    @attribute_transform
    def split(values: dict[str, Any]) -> Any:
        nonlocal given, most
        for number in range(2_500):
            given += 1
            most = max(most, given - 25 * fake.sent.count("BatchWriteItem"))
            yield {**values, "id": {"S": str(number)}}

    report = copy(fake, transform=split)
    assert (report.written, report.read) == (2_500, 1)
    assert most <= 50
    other = service(1)
    report = copy(other, transform=split, max_write_units=25, deadline=10)
    assert (report.done, report.read) == (False, 1)
    assert passed(other) <= 10


def test_a_transform_that_fails_at_its_second_item_leaves_none() -> None:
    """Whatever the size of a batch: the whole item is handed over."""
    taken: list[Any] = []

    @attribute_transform
    def fails(values: dict[str, Any]) -> Any:
        yield values
        raise LookupError("second")

    fake = service(3)
    report = copy(
        fake, transform=fails, batch_size=1, on_error=lambda values, error: taken.append(values)
    )
    assert (report.failed, report.written, fake.items("target")) == (3, 0, [])
    assert all(set(values) == {"id", "n"} for values in taken)


@pytest.mark.parametrize("milliseconds", [100_001, 900_000.0, float("inf")])
def test_a_deadline_in_milliseconds_is_asked_about(milliseconds: float) -> None:
    """By its value, and by what a function says, before anything is sent."""
    fake = service(1)
    with pytest.raises(ValueError, match="milliseconds"):
        copy(fake, deadline=milliseconds)
    if milliseconds != float("inf"):
        with pytest.raises(ValueError, match="milliseconds"):
            copy(fake, deadline=lambda: milliseconds)
    assert fake.sent == []
    assert copy(fake, deadline=100_000).done
    assert copy(fake, deadline=lambda: float("inf")).done


@pytest.mark.parametrize("said", [None, "5", True, float("nan")])
def test_a_deadline_is_a_number(said: Any) -> None:
    """Also one that a function says."""
    with pytest.raises(ValueError, match="deadline="):
        copy(service(1), deadline=lambda: said)


ENDS = [KeyboardInterrupt, SystemExit, asyncio.CancelledError, Killed, OSError, MemoryError]


class Ending(Faulty):
    """Ends with an exception at one request."""

    def __init__(self, fake: FakeService, end: Any, at: int) -> None:
        super().__init__(fake)
        self.end, self.at = end, at

    def send(self, operation: str, body: bytes) -> bytes:
        if self.requests >= self.at:
            raise self.end
        return super().send(operation, body)


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("end", ENDS)
def test_every_end_has_its_report(end: Any, segments: int, tmp_path: Path) -> None:
    """The exception is the one that was raised; the checkpoint file is saved before."""
    fake = service(200)
    file = tmp_path / "copy.json"
    options: dict[str, Any] = {"segments": segments, "page_limit": 30}
    with pytest.raises(end) as caught:
        copy(Ending(fake, end, 5), checkpoint_file=file, **options)
    report = caught.value.report  # type: ignore[attr-defined]
    assert report.written == len(fake.items("target")) > 0
    assert json.loads(file.read_text()) == report.checkpoint
    assert copy(fake, checkpoint_file=file, **options).written == 200


@pytest.mark.parametrize("end", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupt_says_how_to_resume(end: Any, tmp_path: Path) -> None:
    """By the file, or by the exception's report; what somebody has said already stays."""
    fake = service(200)
    file = tmp_path / "copy.json"
    with pytest.raises(end, match=r"interrupted: .* checkpoint_file='.*copy\.json' to resume"):
        copy(Ending(fake, end, 5), checkpoint_file=file)
    with pytest.raises(end, match="report as resume="):
        copy(Ending(fake, end, 5))
    with pytest.raises(end, match="by me"):
        copy(Ending(fake, end("by me"), 5))


@pytest.mark.parametrize("which", ["progress", "on_error", "transform"])
@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError])
def test_so_has_one_that_a_callback_raises(which: str, end: Any) -> None:
    """With a checkpoint to resume from."""
    fake = service(100, Ticking(0.05))
    calls = 0

    def fails(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 2 or which == "on_error":
            raise end
        return given[0]

    options: dict[str, Any] = {which: attribute_transform(fails) if which == "transform" else fails}
    if which == "on_error":
        options["transform"] = attribute_transform(lambda values: values["none"])
    wanted = ItemError if (which, end) == ("transform", OSError) else end
    with pytest.raises(wanted) as caught:
        copy(fake, **options)
    assert caught.value.report.checkpoint["segments"]


def test_an_error_before_the_first_page_keeps_the_old_checkpoint() -> None:
    """Whoever resumes in a loop loses nothing by a table that cannot be described."""
    fake = service(100)
    half = copy(fake, page_limit=10, max_write_units=10, deadline=5)
    fake.fail("DescribeTable", throttled("DescribeTable"), times=100)
    with pytest.raises(dynamorm.Throttled) as caught:
        copy(fake, resume=half)
    assert caught.value.report.written > 0
    assert caught.value.report.checkpoint["segments"][0]["cursor"]


def add_one(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "n": {"N": str(int(values["n"]["N"]) + 1)}}


def counted(fake: FakeService) -> list[str]:
    return [json.loads(raw)["n"]["N"] for raw in fake.items("source")]


@settings(deadline=None)
@given(
    count=st.integers(1, 120),
    plan=st.lists(
        st.one_of(st.just("fine"), st.just("throttled"), st.integers(0, 25)), max_size=30
    ),
    deadlines=st.lists(st.floats(0.1, 8), max_size=6),
    segments=st.integers(1, 3),
    batch_size=st.integers(1, 25),
)
def test_in_place_nothing_is_transformed_twice(
    count: int, plan: list[Any], deadlines: list[float], segments: int, batch_size: int
) -> None:
    """Stopped in an orderly way again and again, in the middle of batches that came back."""
    fake = service(count, Ticking(0.01))
    faulty = Faulty(fake, plan)
    report = None
    for deadline in [*deadlines, None]:
        with suppress(CopyIncomplete):
            try:
                report = copy(
                    faulty,
                    "source",
                    in_place=True,
                    transform=attribute_transform(add_one),
                    deadline=deadline,
                    resume=None if report is None else json.loads(json.dumps(report.checkpoint)),
                    segments=segments,
                    batch_size=batch_size,
                    page_limit=40,
                    max_write_units=30,
                )
            except CopyIncomplete as error:
                report = error.report
                raise
    assert report is not None
    assert set(counted(fake)) <= {"0", "1"}
    if report.done:
        assert set(counted(fake)) == {"1"}
        assert (report.read, report.written) == (count, count)


@pytest.mark.parametrize("at", [1, 4])
@pytest.mark.parametrize("applied", [False, True])
def test_in_place_a_killed_process_transforms_nothing_twice(
    at: int, applied: bool, tmp_path: Path
) -> None:
    """Killed before a batch has its effect or after it: the file knows what it was to become."""
    fake = service(100)
    file = tmp_path / "copy.json"
    options: dict[str, Any] = {"in_place": True, "checkpoint_file": file}
    states: list[tuple[bytes, list[bytes]]] = []

    class Dying(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            before = fake.items("source")
            answer = super().send(operation, body)
            if operation == "BatchWriteItem":
                states.append((file.read_bytes(), fake.items("source") if applied else before))
            return answer

    copy(Dying(fake), "source", transform=attribute_transform(add_one), **options)
    content, there = states[at - 1]
    file.write_bytes(content)
    fake = service(0)
    fake.put("source", *there)
    assert copy(fake, "source", transform=attribute_transform(add_one), **options).done
    assert counted(fake) == ["1"] * 100


def test_in_place_what_was_written_ahead_of_the_cursor_is_passed_over() -> None:
    """One item comes back until time is up: the others of its batch are known to be written."""
    fake = service(10, Ticking(0.01))
    changed: list[str] = []

    @attribute_transform
    def change(values: dict[str, Any]) -> dict[str, Any]:
        changed.append(values["id"]["S"])
        return add_one(values)

    with pytest.raises(CopyIncomplete) as caught:
        copy(
            Faulty(fake, ["fine", *[1] * 500]),
            "source",
            in_place=True,
            transform=change,
            deadline=5,
        )
    assert len(caught.value.report.checkpoint["segments"][0]["ahead"]) == 9
    report = copy(fake, "source", in_place=True, transform=change, resume=caught.value.report)
    assert (report.done, report.read, report.written) == (True, 10, 10)
    assert counted(fake) == ["1"] * 10
    assert (len(changed), len(set(changed))) == (11, 10)


def test_in_place_what_is_passed_over_is_known_at_every_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread of another segment may save the file at any of them, and a kill come after it."""
    fake = service(10, Ticking(0.01))
    change = attribute_transform(add_one)
    options: dict[str, Any] = {"in_place": True, "transform": change}
    with pytest.raises(CopyIncomplete) as caught:
        copy(Faulty(fake, ["fine", *[1] * 500]), "source", deadline=5, **options)
    known: list[int] = []

    class Ahead(set[bytes]):
        def discard(self, key: bytes) -> None:
            super().discard(key)
            known.append(len(self) + segments[0].counts().written)

        remove = discard

    class Watched(Segment):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.ahead = Ahead(self.ahead)
            segments.append(self)

    segments: list[Segment] = []
    monkeypatch.setattr(job, "Segment", Watched)
    assert copy(fake, "source", resume=caught.value.report, **options).done
    assert min(known) == 9


def test_an_item_is_counted_before_a_report_can_pass_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread of another segment may report between any two steps of an acknowledgement."""
    segments: list[Segment] = []
    written = Forbidding.written

    class Watched(Segment):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            segments.append(self)

    def reported(self: Forbidding, item: Any) -> None:
        for segment in segments:
            segment.settle()
        written(self, item)

    @attribute_transform
    def but_one(values: dict[str, Any]) -> dict[str, Any] | None:
        # From here on batches straddle pages.
        return None if values["id"]["S"] == "id-0" else values

    monkeypatch.setattr(job, "Segment", Watched)
    monkeypatch.setattr(Forbidding, "written", reported)
    report = copy(service(60), transform=but_one, batch_size=10)
    assert (report.read, report.skipped, report.written) == (60, 1, 59)


@pytest.mark.parametrize("skip", [1, 2, 7])
def test_in_place_an_error_in_the_middle_costs_nothing(skip: int) -> None:
    """What was written before the bad item is known, wherever the batches were cut."""
    fake = service(100)
    broken = {"id-50"}

    @attribute_transform
    def change(values: dict[str, Any]) -> Any:
        name = values["id"]["S"]
        if name in broken:
            raise LookupError(name)
        return add_one(values) if int(name[3:]) % skip == 0 else None

    with pytest.raises(ItemError) as caught:
        copy(fake, "source", in_place=True, transform=change)
    broken.clear()
    report = copy(fake, "source", in_place=True, transform=change, resume=caught.value.report)
    assert sorted(set(counted(fake))) == (["1"] if skip == 1 else ["0", "1"])
    assert report.written == counted(fake).count("1")


def test_an_item_without_its_key_is_no_cursor() -> None:
    """The copy resumes before it, at the last item that has one."""
    fake = service(60)

    class Strange(Ending):
        def send(self, operation: str, body: bytes) -> bytes:
            answer = super().send(operation, body.replace(b',{"PutRequest":{"Item":{}}}', b""))
            if operation == "Scan":
                page = json.loads(answer)
                page["Items"][19] = {}
                answer = json.dumps(page).encode()
            return answer

    with pytest.raises(KeyboardInterrupt) as caught:
        copy(Strange(fake, KeyboardInterrupt, 3), batch_size=10)
    report = caught.value.report  # type: ignore[attr-defined]
    [point] = report.checkpoint["segments"]
    assert (report.written, point["counts"]["written"]) == (20, 10)
    assert copy(fake, resume=report).done
    assert len(fake.items("target")) == 60


def test_in_place_an_item_without_its_key_is_written_all_the_same() -> None:
    """Nothing can tell it from others, so that it goes with the item after it."""

    class Strange(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            answer = super().send(operation, body)
            return answer.replace(b'"id":{"S":"id-1"}', b'"ix":{"S":"id-1"}')

    fake = service(3)
    taken: list[Any] = []
    report = copy(
        Strange(fake),
        "source",
        in_place=True,
        transform=attribute_transform(add_one),
        on_error=lambda values, error: taken.append(error),
    )
    assert (report.done, report.failed, len(taken)) == (True, 1, 1)


def test_a_checkpoint_file_is_resumed_kept_and_marked(tmp_path: Path) -> None:
    """A second run of a copy that is done sends no write; nobody else may read the file."""
    fake = service(100)
    file = tmp_path / "copy.json"
    first = copy(fake, checkpoint_file=file, page_limit=20, max_write_units=20, deadline=3)
    assert 0 < first.written < 100
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert json.loads(file.read_text())["done"] is False
    assert copy(fake, checkpoint_file=str(file)).written == 100
    assert json.loads(file.read_text())["done"] is True
    fake.sent.clear()
    report = copy(fake, checkpoint_file=file, segments=None)
    assert (report.done, report.written) == (True, 100)
    assert fake.sent == ["DescribeTable"] * 2
    assert os.listdir(tmp_path) == ["copy.json"]
    assert copy(fake, resume=json.loads(file.read_text())).done


def test_a_checkpoint_file_of_another_copy_is_refused_and_left(tmp_path: Path) -> None:
    """So is one that is none, or cannot be written: nothing has been copied then."""
    fake = service(10)
    dynamorm.run(dynamorm.create_table(Source, name="other"), fake)
    file = tmp_path / "copy.json"
    copy(fake, checkpoint_file=file)
    before = file.read_bytes()
    with pytest.raises(Refused, match="target is 'target'"):
        copy(fake, "other", checkpoint_file=file)
    assert file.read_bytes() == before
    for content in (b"", b"{", b"[]", b'{"source":"source"}', b"\xff"):
        file.write_bytes(content)
        with pytest.raises(Refused, match=r"copy\.json is not a checkpoint"):
            copy(fake, checkpoint_file=file)
        assert file.read_bytes() == content
    fake.sent.clear()
    with pytest.raises(OSError, match="missing"):
        copy(fake, checkpoint_file=tmp_path / "missing" / "copy.json")
    assert "Scan" not in fake.sent
    with pytest.raises(ValueError, match="resumes by itself"):
        copy(fake, checkpoint_file=file, resume={})
    fake.sent.clear()
    for path in (7, ""):
        with pytest.raises(TypeError, match="takes a path"):
            copy(fake, checkpoint_file=path)
    assert fake.sent == []


def test_a_checkpoint_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    """A folder of that name is in the way: the copy has not begun, and no half file is there."""
    fake = service(10)
    (tmp_path / "copy.json" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match=r"copy\.json"):
        copy(fake, checkpoint_file=tmp_path / "copy.json")
    with pytest.raises(OSError, match=r"copy\.json"):
        save(tmp_path / "copy.json", {})
    assert os.listdir(tmp_path) == ["copy.json"]
    assert "Scan" not in fake.sent


def test_a_checkpoint_file_may_be_a_link(tmp_path: Path) -> None:
    """What it leads to is replaced; what an earlier process left half written is not in the way."""
    target = tmp_path / "real.json"
    link = tmp_path / "link.json"
    link.symlink_to(target)
    (tmp_path / f"real.json.{os.getpid()}.part").write_text("half")
    copy(service(10), checkpoint_file=link)
    assert link.is_symlink()
    assert json.loads(target.read_text())["done"] is True
    assert sorted(os.listdir(tmp_path)) == ["link.json", "real.json"]


def test_a_killed_process_resumes_from_the_file(tmp_path: Path) -> None:
    """It is saved once a second; what was written since then is written again."""
    fake = service(1000, Ticking(0.05))
    file = tmp_path / "copy.json"
    kept: list[bytes] = []

    class Watching(Faulty):
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "BatchWriteItem":
                kept.append(file.read_bytes())
            return super().send(operation, body)

    copy(Watching(fake), checkpoint_file=file)
    assert len(set(kept)) > 5
    for content in kept[::7]:
        file.write_bytes(content)
        fake.sent.clear()
        assert copy(fake, checkpoint_file=file).written == 1000
    assert fake.sent.count("BatchWriteItem") < 20


def test_trouble_with_the_file_does_not_hide_what_ended_the_copy(tmp_path: Path) -> None:
    """It is told in a note, where Python has these."""
    fake = service(100)
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "copy.json"

    class Full(Ending):
        def send(self, operation: str, body: bytes) -> bytes:
            if self.requests >= self.at:
                for left in folder.iterdir():
                    left.unlink()
                folder.rmdir()
            return super().send(operation, body)

    with pytest.raises(KeyboardInterrupt) as caught:
        copy(Full(fake, KeyboardInterrupt, 3), checkpoint_file=file)
    assert caught.value.report.written == 50  # type: ignore[attr-defined]
    assert "could not be saved" in str(getattr(caught.value, "__notes__", "could not be saved"))


@pytest.mark.parametrize("there", [True, False])
def test_an_operation_that_is_dropped_saves_its_file(there: bool, tmp_path: Path) -> None:
    """Nobody is told, but the file is there, if it can be."""
    fake = service(100)
    file = tmp_path / "folder" / "copy.json"
    file.parent.mkdir()

    def dropped() -> Any:
        steps = iter(dynamorm.copy_table("source", "target", segments=1, checkpoint_file=file))
        effect = next(steps)
        while fake.sent.count("BatchWriteItem") < 3:
            effect = steps.send((yield effect))
        if not there:
            file.unlink()
            file.parent.rmdir()
        steps.close()

    dynamorm.run(dropped(), fake)
    assert file.exists() == there
    assert not there or json.loads(file.read_text())["segments"][0]["cursor"]


class Held(Async):
    """Waits before it answers a batch, until it is let go."""

    def __init__(self, fake: FakeService) -> None:
        super().__init__(fake)
        self.held = asyncio.Event()
        self.go = asyncio.Event()
        self.fails: BaseException | None = None

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = await super().send(operation, body)
        if operation == "BatchWriteItem":
            self.held.set()
            await self.go.wait()
            if self.fails is not None:
                raise self.fails
        return answer


@pytest.mark.parametrize("segments", [1, 3])
def test_a_cancelled_task_waits_for_its_batch(segments: int) -> None:
    """What was under way is acknowledged, and known to be written."""
    fake = service(200)

    async def main() -> CopyReport:
        transport = Held(fake)
        copying = dynamorm.copy_table("source", "target", segments=segments)
        task = asyncio.create_task(cancelled(dynamorm.arun(copying, transport)))
        await transport.held.wait()
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()
        transport.go.set()
        return await task

    report = asyncio.run(main())
    assert report.written == len(fake.items("target")) > 0


async def cancelled(running: Coroutine[Any, Any, Any]) -> CopyReport:
    """Return the report of a cancellation, in the task: who awaits it has another error on 3.10."""
    with pytest.raises(asyncio.CancelledError) as caught:
        await running
    report: CopyReport = caught.value.report  # type: ignore[attr-defined]
    return report


@pytest.mark.parametrize("how", ["twice", "fails", "cancelled by the transport"])
def test_a_batch_that_does_not_come_back_is_not_waited_for_for_ever(how: str) -> None:
    """A second cancellation ends it; an error does not take the place of the first."""
    fake = service(30)

    async def main() -> None:
        transport = Held(fake)
        steps = dynamorm.copy_table("source", "target", segments=1)
        task = asyncio.create_task(cancelled(dynamorm.arun(steps, transport)))
        await transport.held.wait()
        if how == "cancelled by the transport":
            transport.fails = asyncio.CancelledError()
            transport.go.set()
        else:
            task.cancel()
        await asyncio.sleep(0)
        if how == "twice":
            task.cancel()
        if how == "fails":
            transport.fails = throttled("BatchWriteItem")
            transport.go.set()
        assert (await task).written == 0

    asyncio.run(main())


@dear
@given(count=st.integers(0, 120), plan=PLANS, kills=st.lists(st.integers(0, 12), max_size=5))
def test_a_typed_identity_transform_loses_and_merges_nothing(
    count: int, plan: list[Any], kills: list[int]
) -> None:
    """Killed after any request and resumed, every item arrives as it was."""
    fake = service(count, Ticking(0.1))
    report = None
    for kill_at in [*kills, None]:
        try:
            report = copy_typed(Faulty(fake, plan, kill_at), report)
        except Killed as killed:
            report = killed.report  # type: ignore[attr-defined]
    assert report.done
    assert (report.read, report.written, report.failed) == (count, count, 0)
    assert {raw.replace(b" ", b"") for raw in fake.items("source")} == {
        raw.replace(b" ", b"") for raw in fake.items("target")
    }


def same(source: Source) -> Source:
    return source


def copy_typed(transport: Any, resume: Any) -> Any:
    steps = dynamorm.copy_table(
        Source,
        dynamorm.table_spec(Source, name="target"),
        transform=same,
        segments=2,
        executor=Inline(),
        page_limit=9,
        resume=resume,
    )
    return dynamorm.run(steps, transport)


def test_progress_is_called_by_one_thread_at_a_time() -> None:
    """The next report is not made while one is being looked at, and none is older than the last."""
    fake = service(500, Ticking(0.1))
    seen: list[int] = []
    inside = 0

    def progress(report: CopyReport) -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        seen.append(report.written)
        inside -= 1

    steps = dynamorm.copy_table("source", "target", segments=8, progress=progress, page_limit=9)
    dynamorm.run(steps, fake)
    assert seen == sorted(seen)
    assert len(seen) > 3
