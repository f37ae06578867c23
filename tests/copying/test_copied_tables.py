"""A copy knows which tables it is of, and what it does to them."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any

import pytest
from aids.faults import Inline
from aids.worlds import stocked
from msgspec import Struct

import dynamorm
from dynamorm import (
    ItemError,
    PartitionKey,
    Refused,
    TableFailed,
    TableNotFound,
    TransportError,
    WaitTimeout,
    attribute_transform,
    table,
)
from dynamorm.testing import FakeClock, FakeService, Recorder

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]


@table("target")
class Same(Struct):
    id: Annotated[str, PartitionKey()]


@table("target")
class Target(Struct):
    id: Annotated[str, PartitionKey()]
    name: str = ""


class Engine:
    """A fake service that leaves members out of its descriptions, at some endpoint."""

    def __init__(self, service: FakeService, *hidden: str, endpoint: str = "") -> None:
        self.service = service
        self.clock = service.clock
        self.hidden = hidden
        self.endpoint_url = endpoint
        self.told: dict[str, Any] = {}
        self.on: dict[str, Any] = {}

    def send(self, operation: str, body: bytes) -> bytes:
        payload = json.loads(body)
        if "TableName" in payload:
            payload["TableName"] = payload["TableName"].rpartition("/")[2]
        requests = payload.get("RequestItems", {})
        payload |= {"RequestItems": {k.rpartition("/")[2]: v for k, v in requests.items()}}
        answer = json.loads(self.service.send(operation, json.dumps(payload).encode()))
        if "Table" in answer:
            for name in self.hidden:
                answer["Table"].pop(name, None)
            answer["Table"] |= self.told
        if operation in self.on:
            self.on.pop(operation)()
        return json.dumps(answer, separators=(",", ":")).encode()


def service(count: int = 40, clock: FakeClock | None = None) -> FakeService:
    fake = FakeService(clock or FakeClock(1000.0), create_seconds=0, delete_seconds=0)
    items = [{"id": {"S": f"id-{number}"}} for number in range(count)]
    return stocked(Source, fake, source=items, target=[])


def copy(engine: Any, source: Any = "source", target: Any = "target", **options: Any) -> Any:
    options = {"segments": 1, "executor": Inline(), **options}
    return dynamorm.run(dynamorm.copy_table(source, target, **options), engine)


def again(fake: FakeService, name: str) -> None:
    """Delete a table and create it again."""
    fake.clock.sleep(1)
    dynamorm.run(dynamorm.delete_table(name), fake)
    dynamorm.run(dynamorm.create_table(Source, name=name), fake)


BROKEN = TransportError("the answer was cut", operation="DescribeTable", maybe_applied=True)

ENGINES = [(), ("TableId",), ("TableId", "TableArn")]


@pytest.mark.parametrize("hidden", ENGINES)
@pytest.mark.parametrize("name", ["source", "target"])
def test_a_table_made_again_in_the_middle_is_noticed(name: str, hidden: tuple[str, ...]) -> None:
    """The copy is not done, and neither is its report; the checkpoint is of no use any more."""
    fake = service()
    engine = Engine(fake, *hidden)
    engine.on["BatchWriteItem"] = lambda: again(fake, name)
    with pytest.raises(Refused, match=f"the {name} is not the table") as caught:
        copy(engine)
    assert not caught.value.report.done
    with pytest.raises(Refused, match=f"the {name} is not the table"):
        copy(engine, resume=caught.value.report)


@pytest.mark.parametrize("hidden", ENGINES)
def test_a_table_that_is_gone_in_the_end_is_noticed(hidden: tuple[str, ...]) -> None:
    """All was read and written, and is not there."""
    fake = service(5)
    engine = Engine(fake, *hidden)
    engine.on["BatchWriteItem"] = lambda: dynamorm.run(dynamorm.delete_table("target"), fake)
    with pytest.raises(TableNotFound) as caught:
        copy(engine)
    assert not caught.value.report.done


@pytest.mark.parametrize("times", [1, 5])
def test_the_last_look_is_repeated_as_any_request(times: int) -> None:
    """A service that fails for a moment when all is written does not undo what was done."""
    fake = service(5)
    engine = Engine(fake)
    engine.on["BatchWriteItem"] = lambda: fake.fail("DescribeTable", BROKEN, times=times)
    assert copy(engine).done
    engine.on["Scan"] = lambda: fake.fail("DescribeTable", BROKEN, times=times)
    assert dynamorm.run(dynamorm.verify_copy("source", "target", segments=1), engine)


def test_the_last_look_is_no_later_than_the_deadline() -> None:
    """With no time left it is one attempt: an answer makes the copy done, an error ends it."""
    fake = service(5)
    engine = Engine(fake)
    engine.on["BatchWriteItem"] = lambda: fake.clock.sleep(100)
    assert copy(engine, deadline=50).done
    engine.on["BatchWriteItem"] = lambda: (
        fake.clock.sleep(100),
        fake.fail("DescribeTable", BROKEN),
    )
    with pytest.raises(TransportError) as caught:
        copy(engine, deadline=50)
    assert not caught.value.report.done


@pytest.mark.parametrize("hidden", ENGINES)
@pytest.mark.parametrize("name", ["source", "target"])
def test_a_stale_checkpoint_is_refused(name: str, hidden: tuple[str, ...]) -> None:
    """A target that was made again lacks what the checkpoint says is in it."""
    fake = service()
    engine = Engine(fake, *hidden)
    report = copy(engine)
    again(fake, name)
    with pytest.raises(Refused, match=f"the {name} is not the table"):
        copy(engine, resume=report)
    assert fake.sent.count("BatchWriteItem") == 2


@pytest.mark.parametrize("hidden", ENGINES)
def test_one_table_spelt_in_two_ways_is_one(hidden: tuple[str, ...]) -> None:
    """By name and by ARN, and through two databases of one endpoint."""
    engine = Engine(service(), *hidden, endpoint="http://localhost:8000")
    other = Engine(engine.service, *hidden, endpoint="http://localhost:8000/")
    there = dynamorm.connect(transport=other)
    for source, target in (("source", ARN + "source"), (ARN + "source", "source")):
        with pytest.raises(Refused, match="same table"):
            copy(engine, source, target)
        with pytest.raises(Refused, match="same table"):
            copy(engine, source, target, target_db=there)
    with pytest.raises(Refused, match="same table"):
        copy(engine, "source", "source", target_db=there)
    prefixed = dynamorm.connect(transport=other, table_prefix="sou")
    with pytest.raises(Refused, match="same table"):
        copy(engine, "source", "rce", target_db=prefixed)
    assert "BatchWriteItem" not in engine.service.sent


@pytest.mark.parametrize("hidden", ENGINES)
def test_two_emulators_are_two_places(hidden: tuple[str, ...]) -> None:
    """They give their tables equal ARNs, at other moments."""
    here = Engine(service(), *hidden, endpoint="http://localhost:8000")
    other = service(0, FakeClock(2000.0))
    there = Engine(other, *hidden, endpoint="http://localhost:8001")
    assert copy(here, "source", "source", target_db=dynamorm.connect(transport=there)).done
    assert len(other.items("source")) == 40


def test_two_emulators_that_tell_nothing_but_the_arn_differ_by_their_endpoints() -> None:
    """So do two that do not even tell the ARN; one endpoint is one place."""
    for hidden in (("TableId", "CreationDateTime"), ("TableId", "CreationDateTime", "TableArn")):
        here = Engine(service(), *hidden, endpoint="http://localhost:8000")
        other = service(0)
        there = Engine(other, *hidden, endpoint="http://localhost:8001")
        assert copy(here, "source", "source", target_db=dynamorm.connect(transport=there)).done
        with pytest.raises(Refused, match="same table"):
            copy(here, "source", "source", target_db=dynamorm.connect(transport=here))


def test_what_is_not_told_decides_nothing() -> None:
    """An engine that tells no id, ARN or time lets a checkpoint be used."""
    fake = service()
    engine = Engine(fake, "TableId", "TableArn", "CreationDateTime")
    report = copy(engine)
    again(fake, "target")
    assert copy(engine, resume=report).done


def upgrade(source: Source) -> Target:
    return Target(source.id, "x")


def other_upgrade(source: Source) -> Target:
    return Target(source.id, "y")


class Upgrade:
    def __call__(self, source: Source) -> Target:
        return Target(source.id, "z")


@attribute_transform
def raised(values: dict[str, Any]) -> dict[str, Any]:
    return values


OTHERS = [
    ({"transform": other_upgrade}, "transform"),
    ({"transform": lambda source: Target(source.id)}, "transform"),
    ({"transform": None, "target": "target"}, "transform"),
    ({"target": "target"}, "target model"),
    ({"source": dynamorm.table_spec(Target, name="source")}, "model"),
    ({"unmodelled": "drop"}, "unmodelled"),
    ({"unmodelled": "error"}, "unmodelled"),
]


@pytest.mark.parametrize(("other", "what"), OTHERS)
def test_another_transform_model_or_unmodelled_is_refused(other: Any, what: str) -> None:
    """Half a table of one kind and half of another is what nobody asked for."""
    fake = service()
    options: dict[str, Any] = {"source": Source, "target": Target, "transform": upgrade}
    report = copy(fake, **options, max_write_units=10, deadline=1)
    assert report.checkpoint["work"]["transform"].endswith(":upgrade")
    fake.sent.clear()
    with pytest.raises((Refused, TypeError), match=what):
        copy(fake, **{**options, **other}, resume=report)
    assert "Scan" not in fake.sent
    assert copy(fake, **options, resume=report).done


def test_transforms_without_a_name_resume_each_other() -> None:
    """Nothing tells a lambda, a partial or an object from another one."""
    fake = service()
    options: dict[str, Any] = {"source": Source, "target": Target}
    unnamed = [lambda source: Target(source.id), functools.partial(upgrade), Upgrade()]
    for transform in unnamed:
        report = copy(fake, **options, transform=transform, deadline=0)
        for other in unnamed:
            assert copy(fake, **options, transform=other, resume=report).done
        with pytest.raises(Refused, match="transform"):
            copy(fake, **options, transform=upgrade, resume=report)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (dynamorm.rename_field("a", "b"), dynamorm.rename_field("a", "c")),
        (dynamorm.add_field("a", 1), dynamorm.add_field("a", 2)),
        (dynamorm.add_field("a", len), dynamorm.add_field("a", str)),
        (dynamorm.remove_field("a"), dynamorm.remove_field("b")),
        (dynamorm.remove_field("a"), dynamorm.copy_all_fields()),
        (dynamorm.chain(raised), dynamorm.chain(raised, raised)),
    ],
)
def test_the_ready_transforms_are_told_by_what_they_were_made_of(one: Any, other: Any) -> None:
    """A value is not in the checkpoint: it may be a secret."""
    fake = service()
    report = copy(fake, transform=one, deadline=0)
    with pytest.raises(Refused, match="transform"):
        copy(fake, transform=other, resume=report)
    assert copy(fake, transform=one, resume=report).done
    secret = copy(fake, transform=dynamorm.add_field("a", "hunter2"), deadline=0)
    assert "hunter2" not in json.dumps(secret.checkpoint)


def test_the_number_of_segments_is_that_of_the_checkpoint() -> None:
    """Or eight; another one that is said is refused."""
    fake = service()
    first = copy(fake, segments=3, deadline=0)
    assert len(first.checkpoint["segments"]) == 3
    report = copy(fake, segments=None, resume=first.checkpoint)
    assert (report.done, len(report.checkpoint["segments"])) == (True, 3)
    assert len(copy(fake, segments=None).checkpoint["segments"]) == 8
    with pytest.raises(Refused, match="number of segments"):
        copy(fake, segments=4, resume=first)


def test_models_of_different_shape_need_a_transform() -> None:
    """Items as they are would not be what the target's model says."""
    fake = service()
    with pytest.raises(Refused, match="Source and Target have different fields"):
        copy(fake, Source, Target)
    assert fake.sent == []
    assert copy(fake, Source, "target").done
    assert copy(fake, Source, Same).done
    assert copy(fake, Source, dynamorm.table_spec(Source, name="target")).done


def test_a_table_that_is_being_created_is_waited_for() -> None:
    """Writes to it would fail; one that is being changed takes them."""
    fake = service()
    fake.create_seconds = 30
    dynamorm.run(dynamorm.create_table(Source, name="new", wait=False), fake)
    with pytest.raises(TableNotFound, match="new") as missing:
        copy_at_once(fake)
    assert missing.value.table == "new"
    with pytest.raises(WaitTimeout, match="CREATING") as caught:
        copy(fake, target="new", deadline=5)
    assert not caught.value.report.done
    assert copy(fake, target="new").done
    assert len(fake.items("new")) == 40
    engine = Engine(fake)
    engine.told = {"TableStatus": "UPDATING"}
    assert copy(engine).done


def copy_at_once(fake: FakeService) -> Any:
    """Have the target described as if it were ready."""
    engine = Engine(fake)
    engine.told = {"TableStatus": "ACTIVE"}
    return copy(engine, target="new")


@pytest.mark.parametrize(
    "status", ["DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "NEW_ONE"]
)
def test_other_statuses_end_the_copy(status: str) -> None:
    """Nothing is read or written."""
    fake = service()
    engine = Engine(fake)
    engine.told = {"TableStatus": status}
    with pytest.raises(TableFailed, match=status):
        copy(engine)
    assert set(fake.sent) == {"DescribeTable"}


def test_reads_are_consistent_unless_it_is_said() -> None:
    """A write that was acknowledged a moment before is not missed."""
    for options, consistent in (({}, True), ({"consistent_read": False}, None)):
        recorder = Recorder(service())
        copy(recorder, **options)
        scans = [body for operation, body in recorder.sent if operation == "Scan"]
        assert {scan.get("ConsistentRead") for scan in scans} == {consistent}


def test_progress_tells_of_how_many_and_how_long() -> None:
    """Items, bytes, rate, percent; the total is the service's count, or what has been read."""
    fake = service(100)
    engine = Engine(fake)
    engine.told = {"ItemCount": 200}
    half = copy(engine, max_write_units=10, page_limit=10, deadline=3)
    assert 0 < half.read < 100
    assert half.estimated_total == 200
    left = (200 - half.read) * half.seconds / half.read
    assert half.time_left == pytest.approx(left)
    assert half.rate == pytest.approx(half.read / half.seconds)
    assert half.percent == half.read / 2
    assert 0 < half.bytes < sum(map(len, fake.items("source")))
    assert f"read {half.read} of about 200, written" in str(half)
    assert str(half).endswith(f", {left:.0f} s left")
    assert not half
    done = copy(engine, resume=half)
    assert (done.estimated_total, done.time_left, done.percent) == (100, 0.0, 100.0)
    assert done.bytes == sum(map(len, fake.items("source")))
    assert done
    assert str(done).startswith("done: read 100")
    assert json.loads(json.dumps(done.to_dict()))["written"] == 100
    nothing = copy(Engine(fake), deadline=0)
    assert (nothing.estimated_total, nothing.time_left, nothing.percent) == (None, None, None)
    engine.told = {"ItemCount": 7}
    assert copy(engine, page_limit=50, max_write_units=10, deadline=5.5).estimated_total > 7
    segment = dynamorm.copy_segment("source", "target", segment=0, of=4, deadline=0)
    engine.told = {"ItemCount": 400}
    assert dynamorm.run(segment, engine).estimated_total == 100


def test_in_place_an_item_stays_where_it_is() -> None:
    """Whatever name the table has there."""
    engine = Engine(service(), "TableId")
    move = attribute_transform(lambda values: {"id": {"S": "x" + values["id"]["S"]}})
    with pytest.raises(ItemError, match="in place"):
        copy(engine, "source", ARN + "source", in_place=True, transform=move)
