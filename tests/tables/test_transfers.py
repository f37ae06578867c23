"""Exports, imports and bulk puts that have begun: listed, described, cancelled."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from aids.worlds import Driver, World
from msgspec import Struct

import dynamorm
from dynamorm import (
    BulkOperation,
    Export,
    Import,
    KeyAttribute,
    PartitionKey,
    ServiceError,
    TableNotFound,
    TableSpec,
    TransferFailed,
    UnsupportedOperation,
    WaitTimeout,
    table,
)
from dynamorm.testing import FakeClock, Recorder, Script

pytestmark = pytest.mark.once


@table("orders", point_in_time_recovery=True)
class Order(Struct):
    id: Annotated[str, PartitionKey()]


OTHERS = TableSpec("others", KeyAttribute("id", "S"), point_in_time_recovery=True)
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
BULK = f"{ARN}/bulk/1"


@pytest.fixture
def world() -> World:
    made = World(dynamorm.table_spec(Order), create_seconds=0)
    made.run(dynamorm.create_table(OTHERS))
    return made


def exported(world: World, *models: Any, **options: Any) -> list[str]:
    """Export tables; give the ARNs, the newest first."""
    arns = []
    for number, model in enumerate(models):
        export = dynamorm.export_to_s3(model, "bucket", prefix=f"{number}", wait=False)
        arns.append(world.run(export, **options).arn)
    return arns[::-1]


def test_exports_are_listed_of_one_table_or_of_all(world: World, driver: Driver) -> None:
    """The newest first; one look at the table for its ARN, and none where it is the ARN."""
    arns = exported(world, Order, OTHERS, Order)
    recorder = Recorder(world.service)
    found = driver(dynamorm.list_exports(), recorder, clock=world.clock)
    assert [export.arn for export in found] == arns
    assert {export.export_type for export in found} == {"FULL_EXPORT"}
    assert isinstance(found[0], Export)
    found = driver(dynamorm.list_exports(Order), recorder, clock=world.clock)
    assert [export.arn for export in found] == [arns[0], arns[2]]
    assert driver(dynamorm.list_exports(arns[0].partition("/export")[0]), recorder) == found
    assert [name for name, _ in recorder.sent] == [
        "ListExports",
        "DescribeTable",
        "ListExports",
        "ListExports",
    ]


@pytest.mark.parametrize("listing", [dynamorm.list_exports, dynamorm.list_imports])
def test_a_list_of_a_table_without_an_arn_is_not_supported(listing: Any) -> None:
    """Without one, the list would be of all tables."""
    script = Script(("DescribeTable", {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}))
    with pytest.raises(UnsupportedOperation, match="no ARN of orders"):
        dynamorm.run(listing("orders"), script)


def test_a_list_has_pages(world: World) -> None:
    """All of them are read, each once."""
    arns = exported(world, *[Order] * 26)
    found = world.run(dynamorm.list_exports())
    assert [export.arn for export in found] == arns
    assert world.sent == ["ListExports", "ListExports"]


def test_a_prefix_hides_what_is_of_other_tables(world: World) -> None:
    """Without a model, a list is of the tables that the database knows."""
    exported(world, Order)
    spec = dynamorm.table_spec(Order)
    world.run(dynamorm.create_table(spec), table_prefix="dev-")
    ours = exported(world, Order, table_prefix="dev-")
    found = world.run(dynamorm.list_exports(), table_prefix="dev-")
    assert [export.arn for export in found] == ours
    begun = [
        world.run(dynamorm.bulk_put_from_s3(Order, bucket, wait=False), table_prefix=prefix).arn
        for bucket, prefix in (("one", ""), ("two", "dev-"))
    ]
    found = world.run(dynamorm.list_bulk_operations(), table_prefix="dev-")
    assert [job.arn for job in found] == begun[1:]


def test_a_bulk_operation_whose_arn_names_no_table_is_listed() -> None:
    """How these ARNs are made is not documented: what is not known hides nothing."""
    job = {"BulkOperationArn": "arn:aws:dynamodb:::bulk/1", "BulkOperationStatus": "COMPLETED"}
    script = Script(("ListBulkOperations", {"BulkOperationsSummaryList": [job]}))
    [found] = dynamorm.run(dynamorm.list_bulk_operations(), script, table_prefix="dev-")
    assert found.arn == "arn:aws:dynamodb:::bulk/1"


def test_a_page_of_bulk_operations_is_asked_for_as_a_whole() -> None:
    """The service returns ten at a time unless it is asked for 25."""
    assert dynamorm.requests.list_bulk_operations().to_dict() == {"MaxResults": 25}


def test_imports_are_listed(world: World) -> None:
    """By the table that they have made."""
    spec = TableSpec("new", KeyAttribute("id", "S"))
    begun = world.run(dynamorm.import_from_s3(spec, "bucket", wait=False))
    (found,) = world.run(dynamorm.list_imports(spec))
    assert (found.arn, found.table_arn, found.imported_item_count) == (
        begun.arn,
        begun.table_arn,
        None,
    )
    assert isinstance(found, Import)
    assert world.run(dynamorm.list_imports("others")) == ()
    assert world.run(dynamorm.describe_import(found)).imported_item_count == 0


def test_a_list_of_a_missing_table_is_an_error(world: World) -> None:
    """It is not taken for a table without exports; an ARN is listed though the table is gone."""
    with pytest.raises(TableNotFound):
        world.run(dynamorm.list_exports("missing"))
    assert world.run(dynamorm.list_exports(f"{ARN}s")) == ()


def test_one_is_described_by_what_is_at_hand(world: World) -> None:
    """A value of a list, or the ARN; one request, nothing waited for."""
    export = world.run(dynamorm.export_to_s3(Order, "bucket"))
    for given in (export, export.arn):
        assert world.run(dynamorm.describe_export(given)) == export
        assert world.sent == ["DescribeExport"]
    put = world.run(dynamorm.bulk_put_from_s3(Order, "elsewhere"))
    assert world.run(dynamorm.describe_bulk_operation(put.arn)) == put
    with pytest.raises(ServiceError, match="ExportNotFound"):
        world.run(dynamorm.describe_export(f"{ARN}/export/none"))


def test_a_bulk_put_is_cancelled_and_waited_for(world: World, driver: Driver) -> None:
    """The result says how it ended; what had been put stays."""
    world.service.objects["bucket/1"] = b'{"Item":{"id":{"S":"1"}}}\n'
    begun = world.run(dynamorm.bulk_put_from_s3(Order, "bucket", wait=False))
    seen: list[str] = []
    recorder = Recorder(world.service)
    cancelling = dynamorm.cancel_bulk_operation(begun, progress=lambda job: seen.append(job.status))
    assert driver(cancelling, recorder, clock=world.clock).status == "CANCELLED"
    assert [name for name, _ in recorder.sent[:2]] == [
        "CancelBulkOperation",
        "DescribeBulkOperation",
    ]
    assert (seen[0], seen[-1]) == ("CANCELLING", "CANCELLED")
    assert world.service.items("orders") == [b'{"id":{"S":"1"}}']


def test_a_cancellation_need_not_be_waited_for(world: World) -> None:
    """One request, and what the service has answered."""
    begun = world.run(dynamorm.bulk_put_from_s3(Order, "bucket", wait=False))
    assert world.run(dynamorm.cancel_bulk_operation(begun.arn, wait=False)) == BulkOperation(
        bulk_operation_arn=begun.arn, bulk_operation_status="CANCELLING"
    )
    assert world.sent == ["CancelBulkOperation"]


def test_a_bulk_put_that_was_faster_is_no_error(world: World) -> None:
    """It is done, and says so."""
    done = world.run(dynamorm.bulk_put_from_s3(Order, "bucket"))
    assert world.run(dynamorm.cancel_bulk_operation(done)).status == "COMPLETED"


@pytest.mark.parametrize(
    "operation", [dynamorm.cancel_bulk_operation, dynamorm.describe_bulk_operation]
)
def test_a_bulk_put_that_is_not_there_is_no_missing_table(world: World, operation: Any) -> None:
    """The code is the same one, but to create the table would not help."""
    with pytest.raises(ServiceError, match="ResourceNotFound") as caught:
        world.run(operation(BULK))
    assert not isinstance(caught.value, TableNotFound)
    assert "create it" not in str(caught.value)


def answers(status: str) -> Script:
    told = {"BulkOperationArn": BULK, "BulkOperationStatus": "CANCELLING"}
    described = {"BulkOperationDescription": {**told, "BulkOperationStatus": status}}
    return Script(("CancelBulkOperation", told), *[("DescribeBulkOperation", described)] * 2)


def test_a_bulk_put_that_has_failed_meanwhile_says_so() -> None:
    """It was not the cancellation that ended it."""
    with pytest.raises(TransferFailed, match="FAILED"):
        dynamorm.run(dynamorm.cancel_bulk_operation(BULK), answers("FAILED"), clock=FakeClock())


def test_a_wait_for_a_cancellation_ends_in_time() -> None:
    """With the status that was seen last."""
    with pytest.raises(WaitTimeout, match="still CANCELLING"):
        dynamorm.run(
            dynamorm.cancel_bulk_operation(BULK, timeout=1.5),
            answers("CANCELLING"),
            clock=FakeClock(),
        )


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (dynamorm.describe_export, "Export or its ARN"),
        (dynamorm.describe_import, "Import or its ARN"),
        (dynamorm.describe_bulk_operation, "BulkOperation or its ARN"),
        (dynamorm.cancel_bulk_operation, "BulkOperation or its ARN"),
    ],
)
def test_what_is_none_of_them_is_refused(operation: Any, wanted: str) -> None:
    """A name, a model, nothing: before anything is sent."""
    for given in ("orders", Order, None):
        with pytest.raises(TypeError, match=f"expected {wanted}, not"):
            operation(given)


def test_an_error_names_the_table_of_what_was_cancelled() -> None:
    """Its ARN has it."""
    denied = dynamorm.errors.service_error(
        "AccessDeniedException", "", status=400, operation="CancelBulkOperation"
    )
    with pytest.raises(dynamorm.AccessDenied) as caught:
        dynamorm.run(dynamorm.cancel_bulk_operation(BULK), Script(("CancelBulkOperation", denied)))
    assert caught.value.table == "orders"
