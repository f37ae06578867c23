"""The report of what a bulk put could not put: read, and summed up."""

from __future__ import annotations

from gzip import compress
from io import BytesIO
from typing import Annotated, Any

import pytest
from aids.worlds import Driver, World
from msgspec import Struct, json

import dynamorm
from dynamorm import (
    AccessDenied,
    BulkErrors,
    PartitionKey,
    Refused,
    S3Error,
    SortKey,
    table,
)
from dynamorm.errors import service_error
from dynamorm.tables import buckets
from dynamorm.tables.buckets import BLOCK
from dynamorm.testing import FakeS3, Recorder, Script

pytestmark = pytest.mark.once


@table("orders")
class Order(Struct):
    id: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]


ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/bulk/0123-abcd"
ITEM = {"id": {"S": "a"}, "number": {"N": "1"}, "note": {"S": "x"}}
KEY = {"id": {"S": "a"}, "number": {"N": "1"}}


@pytest.fixture
def world() -> World:
    made = World(dynamorm.table_spec(Order), create_seconds=0)
    good = b'{"Item":{"id":{"S":"1"},"number":{"N":"1"}}}\n'
    bad = b'{"Item":{"id":{"S":"2"},"number":{"S":"two"}}}\nno item\n{"Item":{"id":{"S":"3"}}}\n'
    made.service.objects["bucket/in/1.gz"] = compress(good + bad)
    return made


def put(**options: Any) -> Any:
    options = {"prefix": "in/", "compression": "GZIP", "errors_prefix": "out/", **options}
    return dynamorm.bulk_put_from_s3(Order, "bucket", **options)


def reported(objects: dict[str, bytes], **options: Any) -> BulkErrors:
    """Read the report that these objects are, as that of an operation with three failures."""
    told = {
        "BulkOperationArn": ARN,
        "BulkOperationStatus": "COMPLETED_WITH_ERRORS",
        "FailedItemCount": 3,
        "OutputS3Configuration": {"S3Bucket": "bucket", "S3KeyPrefix": "out/"},
    }
    script = Script(("DescribeBulkOperation", {"BulkOperationDescription": told}))
    s3 = FakeS3({f"bucket/out/{key}": held for key, held in objects.items()})
    options = {"model": Order, "s3": s3, **options}
    errors: BulkErrors = dynamorm.run(dynamorm.read_bulk_errors(ARN, **options), script)
    return errors


def test_a_bulk_put_reads_its_errors(world: World, driver: Driver) -> None:
    """Counted by code, with the keys that there are; one listing, and one request an object."""
    done = driver(put(s3=world.service.s3), Recorder(world.service), clock=world.clock)
    assert (done.status, done.failed_item_count) == ("COMPLETED_WITH_ERRORS", 3)
    errors = done.errors
    assert (errors.count, errors.failed, errors.unread) == (3, 3, 0)
    assert errors.codes == {"ValidationException": 3}
    assert errors.keys == ({"id": {"S": "2"}, "number": {"S": "two"}},)
    assert errors.location == "s3://bucket/out/"
    assert [method for method, _ in world.service.s3.sent] == ["list_objects_v2", "get_object"]


def test_the_errors_are_read_from_the_bucket_that_is_theirs(world: World) -> None:
    """Which need not be that of the items."""
    done = world.run(put(errors_bucket="other", s3=world.service.s3))
    assert (done.errors.location, done.errors.count) == ("s3://other/out/", 3)


def test_the_errors_are_read_later_too(world: World) -> None:
    """By the operation or its ARN; a name is described for its key, and a model is not."""
    done = world.run(put())
    assert done.errors is None
    for given, model, requests in (
        (done, Order, ["DescribeBulkOperation"]),
        (done.arn, "orders", ["DescribeBulkOperation", "DescribeTable"]),
    ):
        reading = dynamorm.read_bulk_errors(given, s3=world.service.s3, model=model)
        errors = world.run(reading)
        assert world.sent == requests
        assert (errors.count, len(errors.keys)) == (3, 1)
    assert world.run(dynamorm.read_bulk_errors(done, s3=world.service.s3)).keys == ()


def test_a_bulk_put_without_failures_reads_nothing(world: World) -> None:
    """S3 is not asked for what cannot be there."""
    world.service.objects["bucket/good"] = b'{"Item":{"id":{"S":"1"},"number":{"N":"1"}}}\n'
    done = world.run(put(prefix="good", compression=None, s3=world.service.s3))
    assert (done.status, done.errors, world.service.s3.sent) == ("COMPLETED", None, [])


def test_the_errors_are_told_with_what_to_do(world: World) -> None:
    """A text for people, and a value that goes through JSON."""
    errors = world.run(put(s3=world.service.s3)).errors
    assert str(errors).splitlines()[0] == (
        "3 items that were not put, by the report s3://bucket/out/"
    )
    assert "  ValidationException 3: " in str(errors)
    assert "correct these items where they come from, and put them again" in str(errors)
    assert json.decode(json.encode(errors), type=BulkErrors) == errors
    assert str(BulkErrors(location="s3://b/")) == "every item was put"


@pytest.mark.parametrize(
    ("record", "code", "message", "key"),
    [
        ({"errorCode": "Bad", "errorMessage": "why", "item": ITEM}, "Bad", "why", KEY),
        ({"Error": {"Code": "Bad", "Message": "why"}, "Item": ITEM}, "Bad", "why", KEY),
        ({"error": "Bad", "reason": "why", "key": KEY}, "Bad", "why", KEY),
        ({"error": "no key b", "Item": ITEM}, "UNKNOWN", "no key b", KEY),
        ({"failure_code": "Bad", "AttemptedItem": ITEM}, "Bad", None, KEY),
        ({"code": "Bad", "record": json.encode({"Item": ITEM}).decode()}, "Bad", None, KEY),
        ({"code": "Bad", "record": "no JSON"}, "Bad", None, None),
        ({"code": "Bad", "input": {"Item": {"S": "x"}}, "Key": KEY}, "Bad", None, KEY),
        ({"something": "else"}, "UNKNOWN", None, None),
        ({"code": "Bad", "item": {"id": "a", "number": 1}}, "Bad", None, None),
        ({"code": "Bad", "item": {"id": "a", "number": 1}, "key": KEY}, "Bad", None, KEY),
        ({"code": "Bad", "key": {"id": "a"}}, "Bad", None, None),
    ],
)
def test_a_record_is_understood_in_many_spellings(
    record: Any, code: str, message: str | None, key: Any
) -> None:
    """What it looks like is not documented in the service's model."""
    errors = reported({"0.json": json.encode(record)})
    assert errors.codes == {code: 1}
    assert errors.messages == ({code: message} if message else {})
    assert errors.keys == ((key,) if key else ())
    assert str(errors).startswith("1 of 3 items that were not put")


def test_what_is_no_record_is_counted() -> None:
    """It does not hide the others; an array holds a record each."""
    errors = reported({"a": b'no JSON\n\n5\n[{"code":"A"},{"code":"A"},7]\n{"code":"B"}'})
    assert (errors.codes, errors.unread) == ({"A": 2, "B": 1}, 3)


def test_manifests_and_other_reports_are_left_out() -> None:
    """Where the operation's own name tells its report; otherwise all that is there is read."""
    line = b'{"code":"A"}\n'
    shared = {"0123-abcd/1": line, "9999-ffff/1": line, "0123-abcd/manifest.json": line}
    assert reported(shared).count == 1
    assert reported({"1": line, "2": line, "manifest-files.json": line, "x.md5": line}).count == 2
    assert reported({"1": line, "_started": line, "folder/": line}).count == 1


def test_a_hundred_keys_are_told() -> None:
    """All are counted; two messages of one code need not both be shown."""
    lines = [{"code": "A", "message": f"{n}", "key": {"id": {"S": f"{n}"}}} for n in range(120)]
    errors = reported({"1": b"\n".join(map(json.encode, lines))})
    assert (errors.count, len(errors.keys), errors.messages) == (120, 100, {"A": "0"})
    assert str(errors).count("  key ") == 10


def test_a_report_is_read_in_parts() -> None:
    """A megabyte at a time, compressed or not, in several members too; listings have pages."""
    text = b'{"code":"A","message":"%s"}\n' % (b"x" * 1000)
    held = text * 3000
    s3 = FakeS3({"bucket/out/1": held, "bucket/out/2": compress(held) + compress(text)})
    assert reported({}, s3=s3).count == 6001
    assert [key for method, key in s3.sent if method == "get_object"] == ["out/1"] * 3 + ["out/2"]
    many = FakeS3({f"bucket/out/{number:04}": text for number in range(1500)})
    assert reported({}, s3=many).count == 1500
    assert [method for method, _ in many.sent].count("list_objects_v2") == 2


def test_an_empty_object_has_no_records() -> None:
    """S3 answers that it has no such range."""
    assert reported({"1": b"", "2": compress(b"")}).count == 0


def test_a_damaged_object_is_an_error() -> None:
    """Cut, or changed on the way: its place is told."""
    held = compress(b'{"code":"A"}\n' * 1000)
    for damaged in (held[:-20], held[:20] + b"????" + held[24:]):
        with pytest.raises(S3Error, match="at get_object s3://bucket/out/1") as caught:
            reported({"1": damaged})
        assert not caught.value.transient


@pytest.mark.parametrize("held", [b"shorter", b"", b'{"code":"A"}' * 500_000])
@pytest.mark.parametrize("tagged", [True, False])
def test_an_object_that_changes_while_it_is_read_is_an_error(held: bytes, tagged: bool) -> None:
    """Not asked for again and again: what was read does not belong to what is there now."""

    class Changing(FakeS3):
        def get_object(self, **given: Any) -> Any:
            answer = super().get_object(**given)
            self._objects["bucket/out/1"] = held
            return answer if tagged else {**answer, "ETag": ""}

    s3 = Changing({"bucket/out/1": b'{"code":"A"}\n' * 200_000})
    with pytest.raises(S3Error, match="the object was changed while it was read") as caught:
        reported({}, s3=s3)
    assert not caught.value.transient
    assert [method for method, _ in s3.sent].count("get_object") == 2


def test_an_object_of_the_same_size_is_known_by_its_etag() -> None:
    """S3 is asked for the object that was begun, and for no other: If-Match."""
    before, after = (b'{"code":"%b"}\n' % code * 200_000 for code in (b"A", b"B"))

    class Changing(FakeS3):
        def get_object(self, **given: Any) -> Any:
            answer = super().get_object(**given)
            self._objects["bucket/out/1"] = after
            return answer

    with pytest.raises(S3Error, match="the object was changed while it was read") as caught:
        reported({}, s3=Changing({"bucket/out/1": before}))
    assert not caught.value.transient


def test_a_line_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no report, and not read into memory to its end; a long one is."""
    monkeypatch.setattr(buckets, "LONGEST", 2 * BLOCK)
    assert reported({"1": b'{"code":"A","x":"%b"}' % (b"x" * BLOCK)}).count == 1
    for held in (b"x" * 20 * BLOCK, compress(b"x" * 20 * BLOCK)):
        s3 = FakeS3({"bucket/out/1": held})
        with pytest.raises(S3Error, match="a line has more than 2 MB") as caught:
            reported({}, s3=s3)
        assert not caught.value.transient
        assert [method for method, _ in s3.sent].count("get_object") <= 4


def test_an_answer_without_bytes_is_an_error() -> None:
    """From a client that does not look whether an answer is whole: it is not asked for ever."""

    class Empty(FakeS3):
        def get_object(self, **given: Any) -> Any:
            return {**super().get_object(**given), "Body": BytesIO(b"")}

    with pytest.raises(S3Error, match="changed while it was read"):
        reported({}, s3=Empty({"bucket/out/1": b'{"code":"A"}'}))


def test_a_report_without_a_prefix_is_not_the_bucket(world: World) -> None:
    """Only what has the operation's name is read: the rest may be the very items that were put."""
    done = world.run(put(errors_prefix="", s3=world.service.s3))
    assert (done.errors.count, done.errors.failed) == (3, 3)
    world.service.objects.update({"bucket/more/1": b'{"code":"A"}'})
    name = done.arn.rpartition("/")[2]
    for key in [key for key in world.service.objects if name in key]:
        del world.service.objects[key]
    errors = world.run(dynamorm.read_bulk_errors(done, s3=world.service.s3, model=Order))
    assert (errors.count, errors.failed, errors.codes) == (0, 3, {})


def test_a_bulk_put_has_ended_though_its_report_cannot_be_read(world: World) -> None:
    """The error has the result, by which the report can be read later."""
    world.service.s3.fail("list_objects_v2", client_error("AccessDenied", 403))
    with pytest.raises(S3Error) as caught:
        world.run(put(s3=world.service.s3))
    done = caught.value.result
    assert (done.status, done.failed_item_count) == ("COMPLETED_WITH_ERRORS", 3)
    assert world.run(dynamorm.read_bulk_errors(done, s3=world.service.s3)).count == 3


def test_a_bulk_put_has_ended_though_its_table_may_not_be_described(world: World) -> None:
    """The report is read without the key of items; only `read_bulk_errors` raises."""
    denied = service_error("AccessDeniedException", "no", status=400, operation="DescribeTable")
    world.service.fail("DescribeTable", denied, times=2)
    options = {"prefix": "in/", "compression": "GZIP", "errors_prefix": "out/"}
    s3 = world.service.s3
    done = world.run(dynamorm.bulk_put_from_s3("orders", "bucket", s3=s3, **options))
    assert (done.errors.count, done.errors.failed, done.errors.keys) == (3, 3, ())
    with pytest.raises(AccessDenied):
        world.run(dynamorm.read_bulk_errors(done, s3=s3, model="orders"))


def test_a_model_tells_the_key_of_a_table_of_any_name(world: World) -> None:
    """That table is not described for it."""
    world.run(dynamorm.create_table(Order, name="copy"))
    world.service.sent.clear()
    done = world.run(put(name="copy", s3=world.service.s3))
    assert len(done.errors.keys) == 1
    assert "DescribeTable" not in world.service.sent
    done = world.run(
        dynamorm.bulk_put_from_s3(
            "orders",
            "bucket",
            prefix="in/",
            compression="GZIP",
            errors_prefix="out/",
            name="copy",
            s3=world.service.s3,
        )
    )
    assert (len(done.errors.keys), world.service.sent.count("DescribeTable")) == (1, 1)


def test_a_bucket_that_may_not_be_read_is_named(world: World) -> None:
    """With S3's code; the client's own error is the cause."""
    s3 = world.service.s3
    done = world.run(put())
    s3.fail("list_objects_v2", refused := client_error("AccessDenied", 403))
    with pytest.raises(S3Error, match="at list_objects_v2 s3://bucket/out/") as caught:
        world.run(dynamorm.read_bulk_errors(done, s3=s3))
    error = caught.value
    assert (error.code, error.transient, error.__cause__) == ("AccessDenied", False, refused)
    for trouble in (client_error("SlowDown", 503), client_error("", 429), OSError("reset")):
        s3.fail("get_object", trouble)
        with pytest.raises(S3Error) as caught:
            world.run(dynamorm.read_bulk_errors(done, s3=s3))
        assert caught.value.transient


def client_error(code: str, status: int) -> Exception:
    error = OSError(code)
    error.response = {  # type: ignore[attr-defined]  # as botocore's
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return error


def test_an_object_that_is_gone_is_an_error() -> None:
    """Deleted between the listing and its reading."""

    class Gone(FakeS3):
        def list_objects_v2(self, **given: Any) -> Any:
            return {"Contents": [{"Key": "out/1"}]}

    with pytest.raises(S3Error) as caught:
        reported({}, s3=Gone({}))
    assert (caught.value.code, caught.value.transient) == ("NoSuchKey", False)


def test_a_service_that_tells_no_place_is_an_error() -> None:
    """Nothing is listed at a guess."""
    told = {"BulkOperationArn": ARN, "BulkOperationStatus": "COMPLETED"}
    for more in ({}, {"OutputS3Configuration": {}}):
        answer = {"BulkOperationDescription": {**told, **more}}
        with pytest.raises(Refused, match="does not tell where the report is"):
            dynamorm.run(
                dynamorm.read_bulk_errors(ARN, s3=FakeS3({})),
                Script(("DescribeBulkOperation", answer)),
            )


class Awaited:
    """As a client of aiobotocore, whose plain methods give something to await."""

    def get_object(self, **_: Any) -> Any:
        raise NotImplementedError

    def put_object(self, **_: Any) -> Any:
        raise NotImplementedError

    def list_objects_v2(self, **_: Any) -> Any:
        async def answer() -> dict[str, Any]:
            raise NotImplementedError

        return answer()


class Promising(Awaited):
    """What it gives to await is no coroutine, and need not be closed."""

    def list_objects_v2(self, **_: Any) -> Any:
        return type("Promise", (), {"__await__": iter})()


class Async(Awaited):
    async def get_object(self, **_: Any) -> Any:
        raise NotImplementedError


def test_what_is_no_client_that_blocks_is_refused() -> None:
    """Before anything is sent, or at its first answer; nothing is left unawaited."""
    for given in (object(), None, "bucket"):
        with pytest.raises(TypeError, match='s3= takes a client, as botocore makes for "s3"'):
            dynamorm.read_bulk_errors(ARN, s3=given)
    with pytest.raises(TypeError, match='s3= takes a client, as botocore makes for "s3"'):
        put(s3="bucket")
    with pytest.raises(TypeError, match="Async is for asyncio: s3= takes a client that blocks"):
        put(s3=Async())
    for promising in (Awaited(), Promising()):
        with pytest.raises(TypeError, match=f"{type(promising).__name__} is for asyncio"):
            reported({}, s3=promising)


def test_a_report_that_is_not_waited_for_is_not_read() -> None:
    """The service writes it at the end."""
    with pytest.raises(ValueError, match="s3= takes effect with wait=True alone"):
        put(s3=FakeS3({}), wait=False)
