"""Exports, imports and bulk puts: what is sent, what they give, and how they end."""

from __future__ import annotations

from datetime import datetime, timezone
from gzip import decompress
from typing import Annotated, Any

import pytest
from aids.worlds import Driver, World, sync
from msgspec import Struct, json

import dynamorm
from dynamorm import (
    BulkOperation,
    Export,
    Import,
    IndexSpec,
    KeyAttribute,
    PartitionKey,
    Provisioned,
    Refused,
    ServiceError,
    TableExists,
    TableNotFound,
    TableSpec,
    TransferFailed,
    TransportError,
    WaitTimeout,
    requests,
    table,
)
from dynamorm.api.s3 import StartBulkPutItemsOutput
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock, Recorder, Script


@table("orders", point_in_time_recovery=True)
class Order(Struct):
    id: Annotated[str, PartitionKey()]


ITEMS = [b'{"id":{"S":"%d"}}' % number for number in range(3)]
LINES = b"".join(b'{"Item":' + item + b"}\n" for item in ITEMS)
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
SPEC = TableSpec("orders", KeyAttribute("id", "S"))


@pytest.fixture
def world() -> World:
    made = World(dynamorm.table_spec(Order), create_seconds=0)
    made.service.put("orders", *ITEMS)
    return made


Sent = tuple[Any, list[tuple[str, Any]]]


def sent(world: World, operation: Any, driver: Driver = sync, **options: Any) -> Sent:
    recorder = Recorder(world.service)
    return driver(operation, recorder, clock=world.clock, **options), recorder.sent


def test_a_table_is_exported_and_waited_for(world: World, driver: Driver) -> None:
    """One DescribeTable for the ARN, one request, and looks until it is done; items as lines."""
    seen: list[str] = []
    exporting = dynamorm.export_to_s3(
        Order, "bucket", prefix="daily", progress=lambda e: seen.append(e.status)
    )
    export, requests_sent = sent(world, exporting, driver)
    assert (export.status, export.item_count, export.s3_bucket) == ("COMPLETED", 3, "bucket")
    names = [name for name, _ in requests_sent]
    assert names[:2] == ["DescribeTable", "ExportTableToPointInTime"]
    assert set(names[2:]) == {"DescribeExport"}
    assert seen[-1] == "COMPLETED"
    body = requests_sent[1][1]
    assert (body["ExportFormat"], body["ExportType"], body["S3Prefix"]) == (
        "DYNAMODB_JSON",
        "FULL_EXPORT",
        "daily",
    )
    folder = f"bucket/{export.export_manifest}".removesuffix("manifest-summary.json")
    assert folder.startswith("bucket/daily/AWSDynamoDB/")
    names = {key.removeprefix(folder) for key in world.service.objects}
    assert names == {"manifest-summary.json", "manifest-files.json", "data/000000.json.gz"}
    held = world.service.objects[f"{folder}data/000000.json.gz"]
    assert sorted(decompress(held).splitlines()) == sorted(LINES.splitlines())


def test_what_has_changed_is_exported(world: World) -> None:
    """`since` makes the export incremental, up to `at`; in full, `at` is the moment itself."""
    start, end = (datetime(2026, 1, day, tzinfo=timezone.utc) for day in (1, 2))
    options: Any = {"wait": False, "kms_key": "key", "filter_specification": {"x": 1}}
    export, traffic = sent(
        world,
        dynamorm.export_to_s3(Order, "bucket", since=start, at=end, view="NEW_IMAGE", **options),
    )
    assert export.status == "IN_PROGRESS"
    body = traffic[-1][1]
    assert body["ExportType"] == "INCREMENTAL_EXPORT"
    assert body["IncrementalExportSpecification"] == {
        "ExportFromTime": start.timestamp(),
        "ExportToTime": end.timestamp(),
        "ExportViewType": "NEW_IMAGE",
    }
    assert (body["S3SseAlgorithm"], body["S3SseKmsKeyId"]) == ("KMS", "key")
    assert "ExportTime" not in body
    _, traffic = sent(world, dynamorm.export_to_s3(Order, "bucket", at=end, wait=False))
    assert traffic[-1][1]["ExportTime"] == end.timestamp()


def test_a_table_without_pitr_is_not_exported(world: World) -> None:
    """The service's refusal is raised; so is a table that is not there."""
    world.run(dynamorm.create_table(SPEC, name="others"))
    with pytest.raises(ServiceError, match="PointInTimeRecoveryUnavailable"):
        world.run(dynamorm.export_to_s3("others", "bucket"))
    with pytest.raises(TableNotFound):
        world.run(dynamorm.export_to_s3("missing", "bucket"))


def test_an_arn_is_exported_without_a_look_at_the_table(world: World) -> None:
    """It is what the request wants."""
    world.run(dynamorm.export_to_s3(ARN, "bucket", wait=False))
    assert world.sent == ["ExportTableToPointInTime"]


def test_a_lost_answer_begins_nothing_twice(world: World) -> None:
    """The token of a request says that it is the same."""
    for begun, operation in (
        ("ExportTableToPointInTime", dynamorm.export_to_s3(Order, "bucket")),
        ("ImportTable", dynamorm.import_from_s3(SPEC, "elsewhere", name="others")),
        ("StartBulkPutItems", dynamorm.bulk_put_from_s3(Order, "elsewhere")),
    ):
        world.clock.sleep(1)
        lost = TransportError("cut", operation=begun, maybe_applied=True)
        world.service.fail(begun, lost, after_effect=True)
        assert world.run(operation).status == "COMPLETED"
        assert world.sent.count(begun) == 2
    assert len(_data(world)) == 1
    world.run(dynamorm.export_to_s3(Order, "bucket", prefix="another", wait=False))
    world.run(dynamorm.export_to_s3(Order, "bucket", prefix="third", wait=False))
    assert len(_data(world)) == 3


def test_the_same_words_at_another_time_begin_another_job(world: World) -> None:
    """The second export of a day has what was written after the first one."""
    for number in range(1, 3):
        world.run(dynamorm.export_to_s3(Order, "bucket"))
        assert len(_data(world)) == number


def _data(world: World) -> list[str]:
    return [key for key in world.service.objects if "/data/" in key]


def test_an_import_makes_a_table_as_its_model_declares() -> None:
    """The request has keys, indexes and billing; all else is set when the items are there."""
    world = World(create_seconds=0, ttl_seconds=0)
    world.service.objects["bucket/daily/1.json"] = LINES + b"no item\n"
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    spec = TableSpec(
        "orders",
        KeyAttribute("id", "S"),
        indexes=(index,),
        billing=Provisioned(5, 6),
        time_to_live="expires",
        tags={"a": "b"},
        stream="NEW_IMAGE",
    )
    done, traffic = sent(
        world, dynamorm.import_from_s3(spec, "bucket", prefix="daily/"), table_prefix="dev-"
    )
    assert (done.status, done.imported_item_count, done.error_count) == ("COMPLETED", 3, 1)
    made = traffic[0][1]["TableCreationParameters"]
    assert made["TableName"] == "dev-orders"
    assert made["ProvisionedThroughput"] == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    assert sorted(world.service.items("dev-orders")) == ITEMS
    assert not world.run(dynamorm.plan(spec), table_prefix="dev-").steps
    assert world.run(dynamorm.plan(spec), table_prefix="dev-").blocked == ()


def test_a_table_that_has_come_in_the_place_of_the_imported_one_is_left() -> None:
    """An import tells which table it has made."""
    world = World(create_seconds=0)

    def replace(job: Import) -> None:
        if job.status == "COMPLETED":
            world.run(dynamorm.delete_table("orders"))
            world.run(dynamorm.create_table(SPEC))

    with pytest.raises(TableNotFound):
        sent(world, dynamorm.import_from_s3(Order, "bucket", progress=replace, timeout=60))
    assert not world.run(dynamorm.plan(SPEC, point_in_time_recovery=False))


def test_an_import_of_csv_says_how_to_read_it() -> None:
    """A delimiter and a header go along, for CSV alone."""
    request = requests.import_table(SPEC, "bucket", format="CSV", delimiter=";", header=["id"])
    csv = {"Delimiter": ";", "HeaderList": ["id"]}
    assert request.to_dict()["InputFormatOptions"] == {"Csv": csv}
    assert "InputFormatOptions" not in requests.import_table(SPEC, "bucket").to_dict()


def test_an_import_that_could_not_be_whole_is_refused(world: World) -> None:
    """Local indexes; an ARN as its name; and without waiting, what nobody would set."""
    local = TableSpec(
        "new",
        KeyAttribute("id", "S"),
        KeyAttribute("at", "N"),
        (IndexSpec("local", (), (KeyAttribute("x", "N"),)),),
    )
    with pytest.raises(Refused, match="no table with local indexes, and this has local"):
        dynamorm.import_from_s3(local, "bucket")
    with pytest.raises(Refused, match="an import does not carry point_in_time_recovery"):
        dynamorm.import_from_s3(Order, "bucket", name="new", wait=False)
    with pytest.raises(Refused, match="an import takes the name of a new table, no ARN"):
        dynamorm.import_from_s3(SPEC, "bucket", name=ARN)
    begun = world.run(dynamorm.import_from_s3(SPEC, "bucket", name="new", wait=False))
    assert begun.status == "IN_PROGRESS"
    with pytest.raises(TableExists):
        world.run(dynamorm.import_from_s3(Order, "bucket"))


def test_a_bulk_put_writes_into_a_table_that_is_there(world: World) -> None:
    """Items replace those with their keys; what cannot be put is counted and reported."""
    world.service.objects |= {"bucket/in/1": LINES + b'{"Item":{"no":{"S":"key"}}}\n'}
    done, traffic = sent(
        world,
        dynamorm.bulk_put_from_s3(
            Order, "bucket", prefix="in/", errors_prefix="out/", max_write_units=2000
        ),
    )
    assert (done.status, done.failed_item_count) == ("COMPLETED_WITH_ERRORS", 1)
    name, body = traffic[0]
    assert (name, body["MaxWriteRequestUnits"], body["PerformanceTier"]) == (
        "StartBulkPutItems",
        2000,
        "STANDARD",
    )
    assert body["OutputS3Configuration"] == {
        "S3Bucket": "bucket",
        "S3KeyPrefix": "out/",
        "OutputType": ["ERROR"],
    }


def test_the_lowest_rate_of_a_bulk_put_is_taken(world: World) -> None:
    """1,024, by the service's documentation."""
    _, ((_, body), *_) = sent(world, dynamorm.bulk_put_from_s3(Order, "in", max_write_units=1024))
    assert body["MaxWriteRequestUnits"] == 1024


def test_a_busy_table_is_waited_for_before_a_bulk_put() -> None:
    """One that is still being made takes no items."""
    world = World(create_seconds=5)
    world.run(dynamorm.create_table(SPEC, wait=False))
    assert world.run(dynamorm.bulk_put_from_s3(SPEC, "bucket")).status == "COMPLETED"


def test_a_bulk_put_that_is_cancelled_is_an_error(world: World) -> None:
    """It is told with what the service says of it."""

    class Cancelling:
        """Cancels what has just begun, as somebody else would."""

        def send(self, operation: str, body: bytes) -> bytes:
            answer = world.service.send(operation, body)
            if operation == "StartBulkPutItems":
                begun = json.decode(answer, type=StartBulkPutItemsOutput)
                cancel = requests.cancel_bulk_operation(begun.description.arn)
                world.service.send("CancelBulkOperation", cancel.to_json())
            return answer

    with pytest.raises(TransferFailed, match="CANCELLED - at arn") as caught:
        dynamorm.run(dynamorm.bulk_put_from_s3(Order, "b"), Cancelling(), clock=world.clock)
    assert caught.value.result.processed_item_count == 0


def test_a_failed_export_says_why() -> None:
    """With the service's code and message."""
    told = {"FailureCode": "S3NoSuchBucket", "FailureMessage": "The bucket does not exist"}
    answer = {"ExportDescription": {"ExportArn": ARN, "ExportStatus": "FAILED", **told}}
    turns = [("ExportTableToPointInTime", answer)]
    with pytest.raises(TransferFailed, match="S3NoSuchBucket: The bucket does not") as caught:
        dynamorm.run(dynamorm.export_to_s3(ARN, "b"), Script(*turns), clock=FakeClock())
    assert (caught.value.code, caught.value.result.export_status) == ("S3NoSuchBucket", "FAILED")


@pytest.mark.parametrize(
    ("operation", "request_", "name"),
    [
        ("ImportTable", dynamorm.import_from_s3(SPEC, "bucket", name="new"), "new"),
        ("StartBulkPutItems", dynamorm.bulk_put_from_s3(Order, "bucket"), "orders"),
        ("ExportTableToPointInTime", dynamorm.export_to_s3(ARN, "bucket"), "orders"),
        ("DeleteBackup", dynamorm.delete_backup(f"{ARN}/backup/1"), "orders"),
        ("DescribeBackup", dynamorm.restore_backup(SPEC, f"{ARN}/backup/1", name="x"), "orders"),
    ],
)
def test_an_error_names_the_table(operation: str, request_: Any, name: str) -> None:
    """Also where the request names it only by the ARN of something of it."""
    denied = service_error("AccessDeniedException", "", status=400, operation=operation)
    with pytest.raises(dynamorm.AccessDenied) as caught:
        dynamorm.run(request_, Script((operation, denied)), clock=FakeClock())
    assert caught.value.table == name


def test_a_wait_for_a_transfer_ends_in_time(world: World) -> None:
    """The ARN and the status that was seen last are in the error."""
    with pytest.raises(WaitTimeout, match="/export/") as caught:
        world.run(dynamorm.export_to_s3(Order, "bucket", timeout=2))
    assert (caught.value.waited, caught.value.last_status) == (2, "IN_PROGRESS")


@pytest.mark.parametrize(
    ("operation", "options", "error"),
    [
        (dynamorm.export_to_s3, {"format": "CSV"}, ValueError),
        (dynamorm.export_to_s3, {"view": "OLD_IMAGE"}, ValueError),
        (dynamorm.export_to_s3, {"since": "yesterday"}, TypeError),
        (dynamorm.export_to_s3, {"progress": 5}, TypeError),
        (dynamorm.import_from_s3, {"compression": "zip"}, ValueError),
        (dynamorm.import_from_s3, {"format": "JSON"}, ValueError),
        (dynamorm.import_from_s3, {"header": "id,total"}, TypeError),
        (dynamorm.import_from_s3, {"header": [1, 2]}, TypeError),
        (dynamorm.bulk_put_from_s3, {"format": "CSV"}, ValueError),
        (dynamorm.bulk_put_from_s3, {"tier": "FAST"}, ValueError),
        (dynamorm.bulk_put_from_s3, {"bucket_owner": 123456789012}, ValueError),
        (dynamorm.bulk_put_from_s3, {"errors_bucket": "s3://reports"}, ValueError),
        (dynamorm.bulk_put_from_s3, {"errors_prefix": 5}, TypeError),
        (dynamorm.bulk_put_from_s3, {"kms_key": True}, TypeError),
        (dynamorm.export_to_s3, {"kms_key": ""}, TypeError),
        (dynamorm.export_to_s3, {"filter_specification": "a = 1"}, TypeError),
        (dynamorm.import_from_s3, {"delimiter": ""}, ValueError),
        (dynamorm.export_to_s3, {"bucket_owner": "12345678901"}, ValueError),
        (dynamorm.import_from_s3, {"bucket_owner": "1234-5678-9012"}, ValueError),
        (dynamorm.bulk_put_from_s3, {"max_write_units": 1023}, ValueError),
        (dynamorm.bulk_put_from_s3, {"max_write_units": 2000.5}, ValueError),
    ],
)
def test_bad_arguments_are_refused_by_name(operation: Any, options: Any, error: Any) -> None:
    """With what the option takes, before anything is sent."""
    (name,) = options
    with pytest.raises(error, match=f"^{name}= takes"):
        operation(SPEC, "bucket", **options)


@pytest.mark.parametrize(
    "operation",
    [
        dynamorm.export_to_s3,
        dynamorm.import_from_s3,
        dynamorm.bulk_put_from_s3,
        dynamorm.create_backup,
    ],
)
def test_progress_that_nobody_would_await_is_refused(operation: Any) -> None:
    """It would never run."""

    async def progress(job: Any) -> None: ...

    with pytest.raises(TypeError, match="progress= is async: it would never run"):
        operation(SPEC, "bucket", progress=progress)


@pytest.mark.parametrize(
    "operation", [dynamorm.export_to_s3, dynamorm.import_from_s3, dynamorm.bulk_put_from_s3]
)
def test_a_bucket_is_named_without_its_keys(operation: Any) -> None:
    """A URL, an ARN or nothing is answered with how bucket and prefix are written."""
    for bucket in ("s3://bucket/daily", "arn:aws:s3:::bucket", "", None):
        with pytest.raises(ValueError, match='as in "my-bucket", prefix="folder/", not'):
            operation(SPEC, bucket)
    with pytest.raises(TypeError, match="prefix= takes"):
        operation(SPEC, "bucket", prefix=None)


def test_an_option_that_would_do_nothing_is_refused() -> None:
    """Old images without a beginning; what is CSV's for another format."""
    with pytest.raises(ValueError, match="view= takes effect with since= alone"):
        dynamorm.export_to_s3(SPEC, "bucket", view="NEW_IMAGE")
    for given in ({"delimiter": ";"}, {"header": ["id"]}):
        with pytest.raises(ValueError, match='with format="CSV" alone'):
            dynamorm.import_from_s3(SPEC, "bucket", **given)  # type: ignore[arg-type]


def test_a_misspelt_option_is_answered_with_the_nearest() -> None:
    """Also one that is none of the table's."""
    with pytest.raises(TypeError, match="did you mean compression"):
        dynamorm.import_from_s3(SPEC, "bucket", compresion="GZIP")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="did you mean on_drift"):
        dynamorm.ensure_table(SPEC, on_drif="raise")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Export, {"ExportArn": ARN, "ExportStatus": "COMPLETED", "ExportTime": 1.5}),
        (Import, {"ImportArn": ARN, "ImportStatus": "COMPLETED"}),
        (BulkOperation, {"BulkOperationArn": ARN, "BulkOperationStatus": "COMPLETED"}),
    ],
)
def test_transfers_are_values_with_aware_times(kind: Any, told: Any) -> None:
    """They go through JSON, and tell their times in UTC, where there are any."""
    done = json.decode(json.encode({**told, "StartTime": 1.5}), type=kind)
    assert json.decode(json.encode(done), type=kind) == done
    assert (done.arn, done.status) == (ARN, "COMPLETED")
    assert done.start_time == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=timezone.utc)
    assert done.end_time is None
    if kind is Export:
        assert done.export_time == done.start_time
