"""Copies by S3: export, transform, bulk put; what is sent, what arrives, and how each can end."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids.faults import Inline, Killed
from aids.worlds import Driver, beside, sync
from msgspec import Struct, convert

import dynamorm
from dynamorm import (
    CopyReport,
    ItemError,
    PartitionKey,
    Refused,
    S3Error,
    TableSpec,
    TransferFailed,
    attribute_transform,
    rename_field,
    table,
    table_spec,
)
from dynamorm.copying.s3 import files
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock, FakeService, Recorder

pytestmark = pytest.mark.once


@table("source", point_in_time_recovery=True)
class Source(Struct):
    id: Annotated[str, PartitionKey()]
    n: int = 0


@table("target")
class Target(Struct):
    key: Annotated[str, PartitionKey()]


def renamed(source: Source) -> Target:
    return Target(f"new-{source.id}")


ITEMS = 250


def stocked(count: int = ITEMS, **delays: Any) -> FakeService:
    service = FakeService(FakeClock(1000.0), create_seconds=0, **delays)
    for model in (Source, Target):
        dynamorm.run(dynamorm.create_table(model), service)
    items = (b'{"id":{"S":"%d"},"n":{"N":"%d"},"more":{"S":"x"}}' % (n, n) for n in range(count))
    service.put("source", *items)
    service.sent.clear()
    return service


def copy(service: FakeService, driver: Driver = sync, **options: Any) -> CopyReport:
    source, target = options.pop("tables", (Source, Target))
    given = {"transform": renamed, "s3": service.s3, "bucket": "bucket", "prefix": "p", **options}
    report: CopyReport = driver(dynamorm.copy_table(source, target, via="s3", **given), service)
    return report


def keys(service: FakeService, name: str = "target", key: str = "key") -> list[str]:
    return sorted(json.loads(item)[key]["S"] for item in service.items(name))


ALL = sorted(f"new-{number}" for number in range(ITEMS))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files of a few kilobytes into several parts, and parts into several objects."""
    monkeypatch.setattr(files, "SLICE", 1500)
    monkeypatch.setattr(files, "AT_ONCE", 2)
    monkeypatch.setattr(files, "LARGEST", 1000)


def uploaded(service: FakeService) -> list[list[str]]:
    """The lines of each object that was uploaded."""
    return [
        [json.loads(line)["Item"]["key"]["S"] for line in gzip.decompress(held).splitlines()]
        for key, held in sorted(service.objects.items())
        if "/items/" in key
    ]


def test_every_item_arrives_once(driver: Driver) -> None:
    """Transformed; unmodelled attributes are carried over; the report counts, and says where."""
    service = stocked()
    report = copy(service, driver)
    assert (report.done, report.read, report.written) == (True, ITEMS, ITEMS)
    assert keys(service) == ALL
    assert json.loads(service.items("target")[0]).keys() == {"key", "more"}
    assert report.prefixes == (
        "s3://bucket/p/AWSDynamoDB/00000000000000000000/",
        "s3://bucket/p/dynamorm/00000000000000000000/items/",
        "s3://bucket/p/dynamorm/00000000000000000000/errors/",
    )
    assert report.errors is None
    assert convert(json.loads(report.to_json()), CopyReport) == report


def test_the_requests_are_few() -> None:
    """Looks at both tables, one request for each stage, and looks at what becomes of it."""
    service = stocked()
    copy(service, segments=2, executor=Inline())
    looked = {"DescribeTable": 5, "ExportTableToPointInTime": 1, "StartBulkPutItems": 1}
    sent = Counter(service.sent)
    assert {name: sent[name] for name in looked} == looked
    assert set(sent) - set(looked) == {"DescribeExport", "DescribeBulkOperation"}
    # The manifest and three files; an object for each of the two segments.
    methods = Counter(method for method, _ in service.s3.sent)
    assert methods == {"get_object": 4, "put_object": 2}


def test_nothing_in_the_bucket_is_deleted_or_changed() -> None:
    """What was there is there, and each object is written once."""
    service = stocked()
    service.objects["bucket/p/mine"] = b"mine"
    copy(service)
    assert service.objects["bucket/p/mine"] == b"mine"
    written = Counter(key for method, key in service.s3.sent if method == "put_object")
    assert set(written.values()) == {1}


def test_items_are_copied_as_they_are() -> None:
    """Without a transform they stay the bytes that they are, which the report counts."""
    service = stocked()
    dynamorm.run(dynamorm.create_table(Source, name="other"), service)
    report = copy(service, tables=("source", "other"), transform=None)
    assert report.written == ITEMS
    assert report.bytes == sum(map(len, service.items("source")))
    assert sorted(service.items("other")) == sorted(service.items("source"))


def test_attributes_are_transformed() -> None:
    """By the transforms that a direct copy takes."""
    service = stocked()
    copy(service, transform=rename_field("id", "key"))
    assert keys(service) == sorted(f"{number}" for number in range(ITEMS))


def test_a_transform_that_leaves_keys_alone_has_none_compared() -> None:
    """As in a direct copy: no two of its items can have one key."""
    service = stocked()
    dynamorm.run(dynamorm.create_table(Source, name="other"), service)
    report = copy(service, tables=("source", "other"), transform=rename_field("more", "less"))
    assert (report.written, report.unchecked) == (ITEMS, 0)
    assert all(b'"less"' in item for item in service.items("other"))


def test_one_item_becomes_several_or_none(small: None) -> None:
    """Counted as in a direct copy; an object is not larger than it should be."""
    service = stocked()

    def some(source: Source) -> list[Target]:
        return [Target(f"{source.id}-{part}") for part in range(source.n % 3)]

    report = copy(service, transform=some, unmodelled="drop")
    expected = sorted(f"{n}-{part}" for n in range(ITEMS) for part in range(n % 3))
    assert keys(service) == expected
    assert (report.written, report.skipped) == (len(expected), len([*range(0, ITEMS, 3)]))
    assert max(map(len, uploaded(service))) < 30


def test_keys_are_shuffled(small: None) -> None:
    """Items in a row are of one partition: an object has some of several files, in no order."""
    service = stocked(1000)
    copy(service, segments=1)
    for keys_in_order in uploaded(service):
        assert keys_in_order != sorted(keys_in_order)
    first = {int(key.removeprefix("new-")) // 100 for keys in uploaded(service)[:3] for key in keys}
    assert len(first) > 1


def read_files(service: FakeService) -> list[str]:
    """The files of items, in the order in which they were read first."""
    read = (key for method, key in service.s3.sent if method == "get_object" and "/data/" in key)
    return [*dict.fromkeys(read)]


def test_files_are_read_in_one_order_which_is_not_theirs(small: None) -> None:
    """Files in a row are of one partition; a resumed copy counts them, and finds them so again."""
    orders = []
    for _ in range(2):
        service = stocked(1000)
        copy(service, segments=1)
        orders.append(read_files(service))
    assert len(orders[0]) == 10
    assert orders[0] != sorted(orders[0])
    assert orders[0] == orders[1]


def test_an_object_ends_with_the_line_that_makes_it_large_enough(
    small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many bytes of lines as are set, and no line more: the last object of a part has less."""
    monkeypatch.setattr(files, "LARGEST", 500)
    service = stocked()
    copy(service, segments=1)
    sizes = [
        len(gzip.decompress(held)) for key, held in service.objects.items() if "/items/" in key
    ]
    assert max(sizes) >= 500
    line = len(b'{"Item":{"key":{"S":"new-100"},"more":{"S":"x"}}}\n')
    assert max(sizes) < 500 + line


def test_an_empty_table_needs_no_bulk_put() -> None:
    """Nor does one of which the transform leaves nothing."""
    service = stocked(0)
    assert copy(service).done
    assert "StartBulkPutItems" not in service.sent
    service = stocked()
    report = copy(service, transform=lambda _: None)
    assert (report.done, report.written, report.skipped) == (True, 0, ITEMS)


def test_the_target_may_be_in_another_database(driver: Driver) -> None:
    """The export is asked for here, the bulk put there, by the prefix that is used there."""
    here = stocked()
    there = FakeService(here.clock, create_seconds=0, objects=here.objects)
    dynamorm.run(dynamorm.create_table(Target), there, table_prefix="dev-")
    report = copy(here, driver, target_db=beside(driver, there, "dev-"))
    assert report.done
    assert keys(there, "dev-target") == ALL
    assert "StartBulkPutItems" not in here.sent
    assert "ExportTableToPointInTime" not in there.sent


def test_a_rate_is_for_the_bulk_put() -> None:
    """The service holds it; it takes no less than 1,024."""
    service = stocked()
    sent: list[Any] = []
    send = service.send

    def watched(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        sent.extend([json.loads(body)] * (operation == "StartBulkPutItems"))
        return send(operation, body, timeout=timeout)

    service.send = watched  # type: ignore[method-assign]
    copy(service, max_write_units=2000)
    assert sent[0]["MaxWriteRequestUnits"] == 2000
    assert sent[0]["InputS3Configuration"]["InputCompressionType"] == "GZIP"
    with pytest.raises(ValueError, match="max_write_units= takes 1024 or more"):
        copy(service, max_write_units=1000)


def test_progress_is_told_in_every_stage() -> None:
    """Nothing counts as written before the bulk put has put it."""
    seen: list[CopyReport] = []
    service = stocked()

    def slow(source: Source) -> Target:
        service.clock.sleep(0.01)
        return renamed(source)

    copy(service, transform=slow, progress=seen.append)
    stages = [report.checkpoint["s3"].get("stage", "export") for report in seen]
    assert [*dict.fromkeys(stages)] == ["export", "transform", "put", "done"]
    assert {report.written for report in seen if report.checkpoint["s3"].get("bulk") is None} == {0}
    assert [report.done for report in seen] == [False] * (len(seen) - 1) + [True]


class Dying:
    """A service and its S3: both end the process at one of their requests, before or after it."""

    def __init__(self, service: FakeService, at: int, *, after: bool) -> None:
        self.service = service
        self.clock = service.clock
        self._left = at
        self._after = after
        self.alive = True

    def _do(self, work: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        answer = work()
        if self._left == 0:
            raise Killed
        return answer

    def send(self, operation: str, body: bytes) -> bytes:
        answer: bytes = self._do(lambda: self.service.send(operation, body))
        return answer

    def get_object(self, **given: Any) -> Any:
        return self._do(lambda: self.service.s3.get_object(**given))

    def put_object(self, **given: Any) -> Any:
        return self._do(lambda: self.service.s3.put_object(**given))

    def list_objects_v2(self, **given: Any) -> Any:
        return self._do(lambda: self.service.s3.list_objects_v2(**given))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whenever_it_is_killed_every_item_arrives_once(
    small: None, tmp_path: Path, after: bool
) -> None:
    """Killed at each request in turn, and resumed from its file: one export, one put, all items.

    What the kill leaves is what was in the file by then.
    """
    at = 0
    while True:
        at += 1
        service, file = stocked(120), tmp_path / f"{at}"
        dying = Dying(service, at, after=after)
        options: Any = {"segments": 2, "executor": Inline(), "checkpoint_file": file}
        options |= {"bucket": "bucket", "transform": renamed, "via": "s3"}
        before = _killed(dying, **options)
        report = dynamorm.run(
            dynamorm.copy_table(Source, Target, s3=service.s3, **options), service
        )
        assert (report.done, report.written, report.failed) == (True, 120, 0)
        assert keys(service) == sorted(f"new-{number}" for number in range(120))
        listed = dynamorm.run(dynamorm.list_exports(), service)
        assert (len(listed), len(dynamorm.run(dynamorm.list_bulk_operations(), service))) == (1, 1)
        if before is None:
            break
    assert at > 20


def _killed(dying: Dying, **options: Any) -> CopyReport | None:
    """Copy until the process ends; `None` where it came to its end before that."""
    try:
        dynamorm.run(dynamorm.copy_table(Source, Target, s3=dying, **options), dying)
    except Killed as killed:
        report: CopyReport = killed.report  # type: ignore[attr-defined]
        return report
    return None


def test_the_file_has_the_token_before_it_is_sent(tmp_path: Path) -> None:
    """A process that is killed then begins with the same one: nothing is exported or put twice."""
    service, file = stocked(), tmp_path / "copy.json"
    kept: list[bool] = []

    class Watched(Recorder):
        def send(self, operation: str, body: bytes, **timeout: float | None) -> bytes:
            if (token := json.loads(body).get("ClientToken")) is not None:
                noted = json.loads(file.read_bytes())["s3"].get("token")
                kept.append(token.rpartition("-")[0] == noted)
            return super().send(operation, body, **timeout)

    copying = dynamorm.copy_table(
        Source,
        Target,
        via="s3",
        transform=renamed,
        s3=service.s3,
        bucket="bucket",
        checkpoint_file=file,
    )
    assert dynamorm.run(copying, Watched(service)).done
    assert kept == [True, True]


def test_what_is_done_is_not_done_again(small: None) -> None:
    """A resumed copy reads and writes only what an earlier run has not acknowledged."""
    service = stocked()
    service.s3.fail("put_object", Killed(), times=1)
    first = service.s3.put_object
    done: list[str] = []

    def put(**given: Any) -> Any:
        if len(done) == 4:
            raise Killed
        done.append(given["Key"])
        return first(**given)

    service.s3.put_object = put  # type: ignore[method-assign]
    service.s3._faults.clear()
    with pytest.raises(Killed) as caught:
        copy(service, segments=1)
    service.s3.put_object = first  # type: ignore[method-assign]
    service.s3.sent.clear()
    report = copy(service, segments=1, resume=caught.value.report)  # type: ignore[attr-defined]
    assert (report.done, report.written, keys(service)) == (True, ITEMS, ALL)
    again = [key for method, key in service.s3.sent if method == "put_object"]
    assert len({*again} & {*done}) < 4
    assert len(uploaded(service)) == len({*again, *done})


def test_a_done_copy_sends_no_write(tmp_path: Path) -> None:
    """Its file says so."""
    service, file = stocked(), tmp_path / "copy.json"
    copy(service, checkpoint_file=file)
    service.sent.clear()
    service.s3.sent.clear()
    assert copy(service, checkpoint_file=file).done
    assert {*service.sent} == {"DescribeTable"}
    assert service.s3.sent == []


@pytest.mark.parametrize("seconds", [0.5, 3.0, 6.0, 8.0])
def test_a_deadline_ends_it_in_any_stage(seconds: float) -> None:
    """It is not done, and says where it is; resumed, it comes to its end."""
    service = stocked()
    start = service.clock.now()
    report = copy(service, deadline=seconds)
    assert not report.done
    assert service.clock.now() - start <= seconds
    while not report.done:
        report = copy(service, deadline=5.5, resume=report.checkpoint)
    assert keys(service) == ALL
    assert service.sent.count("ExportTableToPointInTime") == 1
    assert service.sent.count("StartBulkPutItems") == 1


@pytest.mark.parametrize("begins", ["ExportTableToPointInTime", "StartBulkPutItems"])
def test_a_deadline_ends_what_waits_for_others(begins: str) -> None:
    """The service does so many at a time; what is resumed later comes to its end."""
    service = stocked()
    text = "The number of simultaneous operations exceeds the limit"
    limit = service_error("LimitExceededException", text, status=400, operation=begins)
    service.fail(begins, limit, times=1000)
    report = copy(service, deadline=60.0)
    assert not report.done
    service._faults.clear()
    assert copy(service, resume=report).done
    assert keys(service) == ALL


def test_a_part_is_not_begun_without_the_time_for_it(small: None) -> None:
    """As long as the slowest one has taken."""
    service = stocked()

    @attribute_transform
    def slow(item: Any) -> Any:
        service.clock.sleep(0.1)
        return {"key": {"S": f"new-{item['id']['S']}"}}

    start = service.clock.now()
    report = copy(service, transform=slow, segments=1, deadline=15.0)
    assert 0 < report.read < ITEMS
    assert service.clock.now() - start <= 15.0
    while not report.done:
        report = copy(service, transform=slow, segments=1, deadline=15.0, resume=report)
    assert keys(service) == ALL


def test_a_quick_part_does_not_hide_a_slow_one(small: None) -> None:
    """The next part may be as slow as any before it, whatever the last one has taken."""
    service = stocked()
    begun: list[float] = []

    @attribute_transform
    def slow(item: Any) -> Any:
        service.clock.sleep(0.1 if begun else 50.0)
        begun.append(service.clock.now())
        return {"key": {"S": f"new-{item['id']['S']}"}}

    start = service.clock.now()
    report = copy(service, transform=slow, segments=1, deadline=120.0)
    assert 0 < report.read < ITEMS
    assert begun[-1] - start < 120.0 - 40.0


def test_a_deadline_ends_what_is_read_again(small: None) -> None:
    """A resumed copy passes over the parts that are written, and not past its deadline."""
    service = stocked()
    made: list[Source] = []

    def once(source: Source) -> Target:
        if len(made) == 150:
            raise KeyboardInterrupt
        made.append(source)
        return renamed(source)

    with pytest.raises(KeyboardInterrupt) as caught:
        copy(service, transform=once, segments=1)
    first = caught.value.report  # type: ignore[attr-defined]
    point = first.checkpoint["segments"][0]
    assert point["cursor"]["parts"] == {"N": "2"}
    get = service.s3.get_object

    def slow(**given: Any) -> Any:
        service.clock.sleep(1.0)
        return get(**given)

    service.s3.get_object = slow  # type: ignore[method-assign]
    service.s3.sent.clear()
    report = copy(service, transform=once, segments=1, resume=first, deadline=0.5)
    assert (report.done, report.checkpoint["segments"][0]) == (False, point)
    assert [key.rpartition("/")[2] for _, key in service.s3.sent] == ["manifest-files.json"]


def test_a_source_without_pitr_is_refused(driver: Driver) -> None:
    """Before anything is sent where the model says so, otherwise by the service."""
    service = stocked()
    plain = table_spec(Source, point_in_time_recovery=False)
    with pytest.raises(Refused, match=r"needs PITR, which is off: update_table\(.*copy directly"):
        dynamorm.copy_table(plain, Target, via="s3", s3=service.s3, bucket="b", transform=renamed)
    off = dynamorm.update_table(plain, allow=["point_in_time_recovery"])
    dynamorm.run(off, service)
    with pytest.raises(Refused, match="needs PITR, which is off") as caught:
        copy(service, driver)
    assert caught.value.report.checkpoint["s3"]["bucket"] == "bucket"
    assert "bucket/p" not in "".join(service.objects)
    failed = service_error("LimitExceededException", "no", status=400, operation="Export")
    service.fail("ExportTableToPointInTime", failed)
    with pytest.raises(dynamorm.LimitExceeded):
        copy(service, driver)


def test_a_global_table_is_refused_before_anything_is_exported(driver: Driver) -> None:
    """A bulk put takes none, and the service would say so last."""
    service = stocked()
    send = service.send

    def replicated(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = send(operation, body, timeout=timeout)
        if b"target" not in body or operation != "DescribeTable":
            return answer
        told = json.loads(answer)
        told["Table"]["Replicas"] = [{"RegionName": "eu-west-1"}]
        return json.dumps(told).encode()

    service.send = replicated  # type: ignore[method-assign]
    with pytest.raises(
        Refused, match="a bulk put takes no global table: copy directly - at target"
    ):
        copy(service, driver)
    assert "ExportTableToPointInTime" not in service.sent


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"existing": "keep"}, "existing='keep' does not go with via=\"s3\": a bulk put replaces"),
        (
            {"collisions": "check"},
            "collisions='check' does not go with via=\"s3\": a bulk put does",
        ),
        ({"in_place": True}, 'in_place=True does not go with via="s3": the export is of a moment'),
        ({"processes": 2}, 'via="s3" goes with copy_table in one process'),
    ],
)
def test_what_a_bulk_put_cannot_do_is_refused(options: Any, reason: str) -> None:
    """With the reason, before anything is sent."""
    service = stocked()
    with pytest.raises(Refused, match=reason):
        copy(service, **options)
    assert service.sent == []


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"s3": None}, TypeError, 's3= takes a client, as botocore makes for "s3"'),
        ({"bucket": None}, ValueError, "bucket takes the name of one"),
        ({"bucket": "s3://bucket"}, ValueError, "bucket takes the name of one"),
        ({"prefix": 5}, TypeError, "prefix= takes the beginning of keys"),
        ({"batch_size": 10}, ValueError, 'batch_size= does nothing with via="s3"'),
        ({"page_limit": 10}, ValueError, 'page_limit= does nothing with via="s3"'),
        ({"consistent_read": False}, ValueError, 'consistent_read= does nothing with via="s3"'),
        ({"max_read_units": 10}, ValueError, 'max_read_units= does nothing with via="s3"'),
    ],
)
def test_what_is_missing_or_does_nothing_is_told(options: Any, error: Any, reason: str) -> None:
    """Before anything is sent."""
    service = stocked()
    with pytest.raises(error, match=reason):
        copy(service, **options)
    assert service.sent == []


def test_a_direct_copy_takes_nothing_of_s3() -> None:
    """It would have no effect; a segment is copied directly."""
    for options in ({"s3": object()}, {"bucket": "b"}, {"prefix": "p"}):
        with pytest.raises(ValueError, match='take effect with via="s3" alone'):
            dynamorm.copy_table("source", "target", **options)  # type: ignore[arg-type]
    service = stocked(1)
    with pytest.raises(Refused, match='via="s3" goes with copy_table in one process'):
        dynamorm.copy_segment(
            "source", "target", segment=0, of=2, via="s3", s3=service.s3, bucket="b"
        )


def test_a_checkpoint_of_another_way_is_refused() -> None:
    """Of a direct copy, of another bucket or prefix: with what differs."""
    service = stocked(1)
    report = copy(service)
    for options in ({"bucket": "other"}, {"prefix": "q"}):
        with pytest.raises(Refused, match=r"the checkpoint's (bucket|prefix) is"):
            copy(service, resume=report, **options)
    with pytest.raises(Refused, match="the checkpoint's bucket is 'bucket', this copy's is None"):
        dynamorm.copy_table(Source, Target, transform=renamed, resume=report)
    cut = {**report.checkpoint, "s3": {**report.checkpoint["s3"], "cut": 2}}
    with pytest.raises(Refused, match="the checkpoint's cut is 2, this copy's is 1"):
        copy(service, resume=cut)
    done = dynamorm.run(dynamorm.copy_table(Source, Target, transform=renamed), service)
    assert "s3" not in done.checkpoint
    with pytest.raises(Refused, match="the checkpoint's bucket is None, this copy's is 'bucket'"):
        copy(service, resume=done)


@pytest.mark.parametrize(
    "cursor",
    [{"id": {"S": "1"}}, {"bundle": {"N": "x"}, "parts": {"N": "1"}}, {"bundle": {"N": "1"}}],
)
def test_a_cursor_of_another_way_is_refused(cursor: Any) -> None:
    """In a checkpoint that somebody has edited."""
    service = stocked(10)
    report = exported(service)
    report.checkpoint["segments"][0]["cursor"] = cursor
    with pytest.raises(Refused, match="a cursor that is none of a copy by S3: start over"):
        copy(service, resume=report)


def same_key(source: Source) -> Target:
    return Target(f"{source.n // 2}")


def test_two_items_with_one_key_end_it() -> None:
    """Before anything is put into the target; with "last", one of them wins."""
    service = stocked()
    with pytest.raises(ItemError, match="gives this key to two items") as caught:
        copy(service, transform=same_key)
    assert service.items("target") == []
    assert caught.value.report.written == 0
    report = copy(service, transform=same_key, collisions="last")
    assert (report.collisions, len(service.items("target"))) == (ITEMS // 2, ITEMS // 2)


def picky(source: Source) -> Target:
    if source.n % 50 == 0:
        raise ValueError("no good number")
    return renamed(source)


def test_an_item_that_cannot_be_transformed_ends_it() -> None:
    """Named by its key; a function that takes such items lets it go on."""
    service = stocked()
    with pytest.raises(ItemError, match="no good number") as caught:
        copy(service, transform=picky)
    assert not caught.value.report.done
    bad: list[Any] = []
    report = copy(service, transform=picky, on_error=lambda item, error: bad.append(item["id"]))
    assert (report.failed, report.written, len(bad)) == (5, ITEMS - 5, 5)


def test_what_the_bulk_put_refuses_ends_it() -> None:
    """Told with code and key, all else is in the target; the report has the errors."""
    service = stocked()
    service.put("source", b'{"id":{"S":"wrong"},"bin":{"B":"AA=="},"n":{"N":"1"}}')
    _refuse(service, "wrong")
    with pytest.raises(ItemError, match=r"has not put 1 items \(ValidationException 1") as caught:
        copy(service, tables=("source", "other"), transform=None)
    report = caught.value.report
    assert (report.done, report.written, report.failed) == (False, ITEMS, 1)
    assert report.errors.keys == ({"id": {"S": "wrong"}},)
    assert report.checkpoint["s3"]["stage"] == "check"
    bad: list[Any] = []
    sent = len(service.sent)
    report = copy(
        service,
        tables=("source", "other"),
        transform=None,
        resume=report.checkpoint,
        on_error=lambda item, error: bad.append((item, error.code)),
    )
    assert (report.done, report.written, report.failed) == (True, ITEMS, 1)
    assert bad == [
        ({"id": {"S": "wrong"}, "bin": {"B": b"\0"}, "n": {"N": "1"}}, "ValidationException")
    ]
    assert "StartBulkPutItems" not in service.sent[sent:]


def _refuse(service: FakeService, key: str) -> None:
    """Let a table "other" refuse the item that has this key."""
    from dynamorm.testing.contents import Refusal

    dynamorm.run(dynamorm.create_table(Source, name="other"), service)
    contents = service._account.require("other").contents
    check = contents.check

    def picky_check(raw: Any) -> None:
        if json.loads(bytes(raw))["id"]["S"] == key:
            raise Refusal("One or more parameter values were invalid")
        check(raw)

    contents.check = picky_check  # type: ignore[method-assign]


def test_a_record_that_names_no_item_is_counted() -> None:
    """`on_error` is called for those that can be told; the report has all of them."""
    service = stocked(10)
    _refuse(service, "3")
    report = copy(service, tables=("source", "other"), transform=None, deadline=10)
    assert report.checkpoint["s3"]["stage"] in ("put", "check")
    for key in [key for key in service.objects if "/errors/" in key]:
        if key.endswith(".gz"):
            service.objects[key] = gzip.compress(b'{"code":"Bad"}\nno JSON\n')
    bad: list[Any] = []
    report = copy(
        service,
        tables=("source", "other"),
        transform=None,
        resume=report,
        on_error=lambda *given: bad.append(given),
    )
    assert (report.done, bad, report.errors.codes, report.errors.unread) == (
        True,
        [],
        {"Bad": 1},
        1,
    )


@pytest.mark.parametrize(
    "record", [{"Item": {"id": "3"}}, {"Key": {"id": "3"}}, {"Item": {"id": {"X": "3"}}}]
)
def test_a_record_that_is_told_otherwise_hides_nothing(record: Any) -> None:
    """What a report looks like is not documented: one in plain JSON ends a copy as any other."""
    service = stocked(10)
    _refuse(service, "3")
    report = copy(service, tables=("source", "other"), transform=None, deadline=10)
    for key in [key for key in service.objects if "/errors/" in key]:
        if key.endswith(".gz"):
            service.objects[key] = gzip.compress(json.dumps({"code": "Bad", **record}).encode())
    options: Any = {"tables": ("source", "other"), "transform": None, "resume": report}
    with pytest.raises(ItemError, match=r"has not put 1 items \(Bad 1\)"):
        copy(service, **options)
    bad: list[Any] = []
    report = copy(service, on_error=lambda *given: bad.append(given), **options)
    assert (report.done, report.failed, report.errors.codes, bad) == (True, 1, {"Bad": 1}, [])


def test_the_key_of_what_was_not_put_has_natural_values() -> None:
    """As in any other error of an item: a number is one, and attributes stay in order."""
    service = stocked(10)
    _refuse(service, "3")
    report = copy(service, tables=("source", "other"), transform=None, deadline=10)
    record = {"code": "Bad", "Key": {"n": {"N": "3"}, "id": {"S": "3"}}}
    for key in [key for key in service.objects if "/errors/" in key]:
        if key.endswith(".gz"):
            service.objects[key] = gzip.compress(json.dumps(record).encode())
    with pytest.raises(ItemError, match=r"\(item n=3, id='3'\) - at other\n"):
        copy(service, tables=("source", "other"), transform=None, resume=report)


@pytest.mark.parametrize("stage", ["export", "put"])
def test_a_stage_that_has_failed_begins_anew(stage: str) -> None:
    """What the service says is raised; a resumed copy begins that stage again, with a new token."""
    service = stocked()
    kind = {"export": "Export", "put": "BulkOperation"}[stage]
    begins = {"export": "ExportTableToPointInTime", "put": "StartBulkPutItems"}[stage]
    send = service.send
    failing = [True]

    def failed(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = send(operation, body, timeout=timeout)
        if operation == f"Describe{kind}" and failing.pop():
            told = json.loads(answer)
            told[f"{kind}Description"][f"{kind}Status"] = "FAILED"
            told[f"{kind}Description"]["FailureCode"] = "S3AccessDenied"
            return json.dumps(told).encode()
        return answer

    service.send = failed  # type: ignore[method-assign]
    with pytest.raises(TransferFailed, match="S3AccessDenied") as caught:
        copy(service)
    service.send = send  # type: ignore[method-assign]
    service.clock.sleep(1)
    report = copy(service, resume=caught.value.report)
    assert (report.done, keys(service)) == (True, ALL)
    assert service.sent.count(begins) == 2
    puts = dynamorm.run(dynamorm.list_bulk_operations(), service)
    assert len(puts) == (2 if stage == "put" else 1)


def test_s3_is_asked_again(small: None) -> None:
    """What passes is waited out, wherever it happens; no item is lost or counted twice."""
    service = stocked()
    for method in ("get_object", "put_object"):
        for after_effect in (False, True):
            service.s3.fail(method, OSError("reset"), times=2, after_effect=after_effect)
    report = copy(service, segments=1, collisions="error")
    assert (report.done, report.written, keys(service)) == (True, ITEMS, ALL)


def test_s3_is_asked_again_for_the_report() -> None:
    """A copy that took hours does not end for one answer at its end."""
    service = stocked(10)
    _refuse(service, "3")
    service.s3.fail("list_objects_v2", OSError("reset"), times=2)
    with pytest.raises(ItemError, match="has not put 1 items"):
        copy(service, tables=("source", "other"), transform=None)


def test_s3_that_stays_away_ends_it() -> None:
    """After two minutes; what is forbidden at once."""
    service = stocked()
    service.s3.fail("put_object", OSError("reset"), times=1000)
    start = service.clock.now()
    with pytest.raises(S3Error, match="reset - at put_object s3://bucket/p/dynamorm") as caught:
        copy(service, segments=1)
    assert 120 < service.clock.now() - start < 200
    assert caught.value.report.checkpoint["s3"]["stage"] == "transform"
    service = stocked()
    denied = OSError("no")
    denied.response = {  # type: ignore[attr-defined]
        "Error": {"Code": "AccessDenied"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    service.s3.fail("get_object", denied)
    with pytest.raises(S3Error) as caught:
        copy(service)
    assert caught.value.code == "AccessDenied"


@pytest.mark.parametrize("method", ["get_object", "put_object"])
def test_a_copy_whose_time_is_up_while_s3_fails_only_stops(method: str) -> None:
    """As a direct one while the service fails: it reports how far it is, and can be resumed."""
    service = stocked()
    service.s3.fail(method, OSError("reset"), times=40)
    start = service.clock.now()
    report = copy(service, segments=3, deadline=30)
    assert service.clock.now() - start <= 30
    assert (report.done, report.checkpoint["s3"]["stage"]) == (False, "transform")
    assert copy(service, resume=report).done
    assert keys(service) == ALL


def exported(service: FakeService) -> CopyReport:
    """Copy until the export is done, and no further."""
    report = copy(service, deadline=2.0)
    service.clock.sleep(60)
    return report


def test_no_stage_begins_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer that ends the export comes late: no file of it is read by this call."""
    service = stocked()
    report = exported(service)
    send, read = service.send, len(service.s3.sent)

    def late(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = send(operation, body, timeout=timeout)
        if operation == "DescribeExport":
            service.clock.sleep(20.0)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(service, "send", late)
        report = copy(service, resume=report, deadline=10.0)
    assert (report.done, report.checkpoint["s3"]["stage"]) == (False, "transform")
    assert len(service.s3.sent) == read
    assert copy(service, resume=report).done
    assert keys(service) == ALL


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda lines: lines[:-1], "has 99 items, not 100"),
        (lambda lines: [*lines, b'{"Item":{"id":{"S":"x"}}}'], "has 101 items, not 100"),
        (lambda lines: [*lines[:-1], b"no item"], "cannot be read: JSON is malformed"),
        (lambda lines: [*lines[:-1], b"{}"], "cannot be read: Object missing required field"),
    ],
)
def test_a_file_that_is_not_whole_ends_it(damage: Any, reason: str) -> None:
    """The manifest says how many items a file has: none is left out in silence."""
    service = stocked()
    report = exported(service)
    key = next(key for key in service.objects if key.endswith("000100.json.gz"))
    lines = gzip.decompress(service.objects[key]).splitlines()
    service.objects[key] = gzip.compress(b"\n".join(damage(lines)))
    with pytest.raises(Refused, match=reason):
        copy(service, resume=report)


def test_a_manifest_that_is_none_ends_it() -> None:
    """Without it nobody knows which files there are."""
    service = stocked()
    report = exported(service)
    key = next(key for key in service.objects if key.endswith("manifest-files.json"))
    service.objects[key] = b"no manifest"
    with pytest.raises(Refused, match="the manifest of the export cannot be read"):
        copy(service, resume=report)


def test_keys_of_the_manifest_may_lack_the_prefix() -> None:
    """The documentation shows them so; a file is known by its name."""
    service = stocked()
    report = exported(service)
    key = next(key for key in service.objects if key.endswith("manifest-files.json"))
    service.objects[key] = service.objects[key].replace(b'"p/', b'"')
    assert copy(service, resume=report).done
    assert keys(service) == ALL


def test_objects_that_others_have_changed_are_noticed() -> None:
    """The bulk put must have read as many items as were uploaded."""
    service = stocked()
    put = service.s3.put_object

    def losing(**given: Any) -> Any:
        return put(**{**given, "Body": gzip.compress(b'{"Item":{"key":{"S":"other"}}}\n')})

    service.s3.put_object = losing  # type: ignore[method-assign]
    with pytest.raises(Refused, match="the bulk put has read 1 items, and 250 were uploaded"):
        copy(service, segments=1)


def test_an_object_that_was_not_read_to_its_end_is_told() -> None:
    """The service gives up an object that it cannot read: its report says why, and so do we."""
    service = stocked(10)
    _refuse(service, "3")
    send = service.send

    def stopped(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = send(operation, body, timeout=timeout)
        if operation == "DescribeBulkOperation":
            told = json.loads(answer)
            told["BulkOperationDescription"]["ProcessedItemCount"] = 4
            return json.dumps(told).encode()
        return answer

    service.send = stopped  # type: ignore[method-assign]
    reason = r"read 4 items, and 10 were uploaded: .* what error\.report\.errors tells"
    with pytest.raises(Refused, match=reason) as caught:
        copy(service, tables=("source", "other"), transform=None)
    assert caught.value.report.errors.codes == {"ValidationException": 1}


def test_an_answer_that_is_cut_is_no_shorter_manifest() -> None:
    """Also from a client that does not look whether an answer is whole: no file is left out."""
    service = stocked()
    get = service.s3.get_object

    def cut(**given: Any) -> Any:
        answer = get(**given)
        if given["Key"].endswith("manifest-files.json"):
            answer["Body"] = BytesIO(answer["Body"].read(100))
        return answer

    service.s3.get_object = cut  # type: ignore[method-assign]
    assert (copy(service).written, keys(service)) == (ITEMS, ALL)


def test_tables_are_still_the_same_in_the_end() -> None:
    """A target that was deleted and created again lacks what was put into the first one."""
    service = stocked()

    def replace(report: CopyReport) -> None:
        if report.written and not report.done and len(service.items("target")) == ITEMS:
            dynamorm.run(dynamorm.delete_table(Target), service)
            dynamorm.run(dynamorm.create_table(Target), service)

    with pytest.raises(Refused, match="the target is not the table"):
        copy(service, progress=replace)


def test_a_copy_of_a_table_that_was_not_exported_needs_no_arn() -> None:
    """An engine that tells none takes the name."""
    service = stocked()
    send = service.send

    def without(operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        answer = send(operation, body, timeout=timeout)
        return answer.replace(b'"TableArn"', b'"Other"') if "Table" in operation else answer

    service.send = without  # type: ignore[method-assign]
    assert copy(service).done


def test_a_direct_copy_loads_nothing_of_this() -> None:
    """Who copies directly does not pay for the other way."""
    code = (
        "import sys, dynamorm\n"
        "from dynamorm.testing import FakeService\n"
        "from dynamorm import KeyAttribute, TableSpec\n"
        "db = dynamorm.connect(transport=FakeService(create_seconds=0))\n"
        "for name in ('one', 'two'):\n"
        "    name = db.create_table(TableSpec(f'table-{name}', KeyAttribute('id', 'S')))\n"
        "assert db.copy_table('table-one', 'table-two').done\n"
        "print([name for name in sys.modules if name.startswith('dynamorm.copying.s3')])\n"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert found.stdout == "[]\n"


def test_a_migration_may_go_by_s3() -> None:
    """The options of a copy are those of `auto_migrate_with_options`."""
    service = stocked()
    migrated = dynamorm.run(
        dynamorm.auto_migrate_with_options(
            Source,
            target_model=Target,
            data_copy=True,
            transform=renamed,
            via="s3",
            s3=service.s3,
            bucket="bucket",
        ),
        service,
    )
    assert migrated.copy.done
    assert keys(service) == ALL


def test_a_migration_by_s3_is_refused_before_its_backup() -> None:
    """Where the source is declared to have no PITR."""
    service = stocked()
    with pytest.raises(Refused, match="an export needs PITR"):
        dynamorm.auto_migrate_with_options(
            table_spec(Source, point_in_time_recovery=False),
            target_model=Target,
            backup_table="before",
            data_copy=True,
            transform=renamed,
            via="s3",
            s3=service.s3,
            bucket="bucket",
        )


def test_a_copy_that_is_cancelled_stops_in_its_part(caplog: pytest.LogCaptureFixture) -> None:
    """A thread under asyncio ends soon, and asyncio logs no error that nobody has looked at."""
    import asyncio
    import gc

    service = stocked(2500)
    tasks: list[Any] = []
    transformed: list[int] = []

    def cancelling(source: Source) -> Target:
        transformed.append(source.n)
        if source.n == 0:
            tasks[0].get_loop().call_soon_threadsafe(tasks[0].cancel)
            tasks[1].wait(5)
        return renamed(source)

    async def main() -> Any:
        from threading import Event

        from dynamorm.testing import Async

        tasks[:] = [asyncio.current_task(), Event()]
        asyncio.get_running_loop().call_later(0.05, tasks[1].set)
        operation = dynamorm.copy_table(
            Source,
            Target,
            via="s3",
            s3=service.s3,
            bucket="b",
            transform=cancelling,
            segments=1,
        )
        return await dynamorm.arun(operation, Async(service))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert len(transformed) - transformed.index(0) < 500
    gc.collect()
    assert caplog.records == []
    assert service.s3.sent[-1][0] == "get_object"


def test_a_spec_knows_its_model() -> None:
    """One class for many tables goes by S3 too."""
    service = stocked()
    dynamorm.run(dynamorm.create_table(Target, name="target-2"), service)
    target: TableSpec = table_spec(Target, name="target-2")
    assert copy(service, tables=(Source, target)).done
    assert keys(service, "target-2") == ALL
