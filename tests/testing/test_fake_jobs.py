"""The fake service refuses, for backups and transfers, what the service refuses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json

from dynamorm import IndexSpec, KeyAttribute, Provisioned, ServiceError, TableSpec, requests
from dynamorm.api import Request
from dynamorm.testing import FakeS3, FakeService

SPEC = TableSpec("orders", KeyAttribute("id", "S"))
NOWHERE = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/x/0"


def ask(service: FakeService, operation: str, payload: Request) -> Any:
    return json.decode(service.send(operation, payload.to_json()))


def test_a_backup_in_the_making_is_in_use() -> None:
    """Nothing is restored from it until it is AVAILABLE."""
    service = FakeService(create_seconds=0)
    ask(service, "CreateTable", requests.create_table(SPEC))
    made = ask(service, "CreateBackup", requests.create_backup(SPEC, "safe"))
    arn = made["BackupDetails"]["BackupArn"]
    restore = requests.restore_table_from_backup(SPEC, arn, name="others")
    with pytest.raises(ServiceError, match="BackupInUseException"):
        ask(service, "RestoreTableFromBackup", restore)
    service.clock.sleep(5)
    assert ask(service, "RestoreTableFromBackup", restore)["TableDescription"]["RestoreSummary"]


def test_a_restore_is_held_to_the_rules_of_a_table() -> None:
    """Provisioned, each index needs figures of its own."""
    service = FakeService(create_seconds=0)
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    spec = TableSpec("orders", KeyAttribute("id", "S"), indexes=(index,))
    ask(service, "CreateTable", requests.create_table(spec))
    arn = ask(service, "CreateBackup", requests.create_backup(spec, "safe"))["BackupDetails"]
    service.clock.sleep(5)
    restore = requests.restore_table_from_backup(
        spec, arn["BackupArn"], name="others", billing=Provisioned(1, 1)
    )
    with pytest.raises(ServiceError, match="each index"):
        ask(service, "RestoreTableFromBackup", restore)


@pytest.mark.parametrize(
    ("operation", "payload", "code"),
    [
        ("DescribeBackup", requests.describe_backup(NOWHERE), "BackupNotFound"),
        ("DescribeExport", requests.describe_export(NOWHERE), "ExportNotFound"),
        ("DescribeImport", requests.describe_import(NOWHERE), "ImportNotFound"),
        (
            "DescribeBulkOperation",
            requests.describe_bulk_operation(NOWHERE),
            "ResourceNotFound",
        ),
    ],
)
def test_what_was_never_begun_is_not_found(operation: str, payload: Request, code: str) -> None:
    """Each has its own code."""
    with pytest.raises(ServiceError, match=code):
        ask(FakeService(), operation, payload)


def test_what_is_not_compressed_as_it_was_said_is_an_error() -> None:
    """Such as the manifests of an export, where its whole folder is imported."""
    service = FakeService(create_seconds=0)
    service.objects["bucket/manifest.json"] = b"{}"
    payload = requests.import_table(SPEC, "bucket", compression="GZIP")
    answer = ask(service, "ImportTable", payload)["ImportTableDescription"]
    assert (answer["ImportedItemCount"], answer["ErrorCount"]) == (0, 1)


def test_an_object_is_read_whole_or_in_part() -> None:
    """As S3 answers: only a part says how long the whole is; both say which version it is."""
    s3 = FakeS3({"bucket/key": b"0123456789"})
    whole = s3.get_object(Bucket="bucket", Key="key")
    assert whole.pop("Body").read() == b"0123456789"
    version = whole.pop("ETag")
    assert whole == {"ContentLength": 10}
    part = s3.get_object(Bucket="bucket", Key="key", Range="bytes=3-6")
    assert part.pop("Body").read() == b"3456"
    assert part == {"ContentLength": 4, "ContentRange": "bytes 3-6/10", "ETag": version}
