"""botocore's own service model judges what is about backups and S3.

A reply may leave out what nobody reads: `UNREAD` names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, get_args, get_origin

import botocore
import pytest
from aids.strategies import specs
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, json

from dynamorm import requests
from dynamorm.api import backups, s3, tables
from dynamorm.requests import s3 as builders

if tuple(map(int, botocore.__version__.split(".")[:3])) < (1, 44, 5):
    pytest.skip("this botocore's service model is older than ours", allow_module_level=True)

import test_oracle as oracle

OPERATIONS = (
    "CancelBulkOperation",
    "CreateBackup",
    "DeleteBackup",
    "DescribeBackup",
    "DescribeBulkOperation",
    "DescribeExport",
    "DescribeImport",
    "ExportTableToPointInTime",
    "ImportTable",
    "ListBackups",
    "ListBulkOperations",
    "ListExports",
    "ListImports",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "StartBulkPutItems",
)
SHAPES = {**vars(backups), **vars(s3)}
RESTORES = ("RestoreTableFromBackup", "RestoreTableToPointInTime")
REQUESTS = {operation: SHAPES[f"{operation}Input"] for operation in OPERATIONS}
REPLIES = {
    **{name: SHAPES[f"{name}Output"] for name in OPERATIONS if f"{name}Output" in SHAPES},
    **dict.fromkeys(RESTORES, tables.CreateTableOutput),
}
REQUEST_PAIRS = oracle.all_pairs(REQUESTS, "input_shape")
UNBUILT = {"FilterSpecification"}
"""Members that go as they are given."""

UNREAD = {
    "SourceTableDetails": {
        "TableId",
        "TableArn",
        "TableSizeBytes",
        "TableCreationDateTime",
        "ProvisionedThroughput",
        "OnDemandThroughput",
        "ItemCount",
    },
    "SourceTableFeatureDetails": {
        "StreamDescription",
        "TimeToLiveDescription",
        "SSEDescription",
    },
    "ExportDescription": {"ClientToken", "IncrementalExportSpecification", "FilterSpecification"},
    "ImportTableDescription": {
        "ClientToken",
        "S3BucketSource",
        "InputFormatOptions",
        "TableCreationParameters",
    },
    "ImportSummary": {"S3BucketSource"},
    "OutputS3Configuration": {
        "S3BucketOwner",
        "S3SseAlgorithm",
        "S3SseKmsKeyId",
        "OutputType",
    },
    "BulkOperationDescription": {
        "TableDetails",
        "ClientToken",
        "InputS3Configuration",
        "BulkOperationUsage",
    },
}
WIDER = {
    "BulkOperationSummary",
    "CancelBulkOperationOutput",
    "ExportSummary",
    "GlobalSecondaryIndexInfo",
    "ImportSummary",
    "LocalSecondaryIndexInfo",
    "VectorIndexInfo",
}
"""Shapes that are read into the Structs of a whole description, which have more members."""

OURS = {"BulkOperationDescription": {"Errors"}}
"""Members that no answer has: they are read elsewhere."""

ALWAYS_THERE = {
    "BackupDescription": {"BackupDetails"},
    "BackupSummary": {"BackupArn", "BackupName", "BackupStatus"},
    "CreateBackupOutput": {"BackupDetails"},
    "DeleteBackupOutput": {"BackupDescription"},
    "DescribeBackupOutput": {"BackupDescription"},
    "ExportDescription": {"ExportArn", "ExportStatus"},
    "ExportTableToPointInTimeOutput": {"ExportDescription"},
    "DescribeExportOutput": {"ExportDescription"},
    "ImportTableDescription": {"ImportArn", "ImportStatus"},
    "ExportSummary": {"ExportArn", "ExportStatus"},
    "ImportSummary": {"ImportArn", "ImportStatus"},
    "BulkOperationDescription": {"BulkOperationArn", "BulkOperationStatus"},
    "CancelBulkOperationOutput": {"BulkOperationArn", "BulkOperationStatus"},
    "GlobalSecondaryIndexInfo": {"IndexName"},
    "LocalSecondaryIndexInfo": {"IndexName"},
    "VectorIndexInfo": {"IndexName"},
}


def read_pairs(struct: type[Struct], shape: Any) -> Iterator[tuple[type[Struct], Any]]:
    """A Struct and its shape, and those of its members; not inside of one that is wider."""
    yield struct, shape
    ours = OURS.get(shape.name, set())
    for name, field in oracle.members(struct).items() if shape.name not in WIDER else ():
        if name in ours:
            continue
        kind, member = oracle.bare(field.type), shape.members.get(name)
        if get_origin(kind) is tuple:
            kind, member = get_args(kind)[0], member.member
        if isinstance(kind, type) and issubclass(kind, Struct):
            yield from read_pairs(kind, member)


REPLY_PAIRS = [
    pytest.param(*pair, id=pair[1].name)
    for operation, reply in REPLIES.items()
    if operation not in RESTORES
    for pair in read_pairs(reply, oracle.SERVICE.operation_model(operation).output_shape)
]


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS)
def test_requests(struct: type[Struct], shape: Any) -> None:
    """A request has the members of its shape in their order, with their types."""
    members = oracle.members(struct)
    extra = {"WarmThroughput"} if shape.name == "GlobalSecondaryIndex" else set()
    assert [name for name in members if name not in extra - set(shape.members)] == [*shape.members]
    assert oracle.required(struct) >= set(shape.required_members)
    for name, field in members.items():
        if name not in UNBUILT:
            oracle.check_type(field.type, shape.members[name])


@pytest.mark.parametrize(("struct", "shape"), REPLY_PAIRS)
def test_replies(struct: type[Struct], shape: Any) -> None:
    """A reply has the members of its shape, but for those that nobody reads."""
    members = oracle.members(struct)
    read = set(shape.members) - UNREAD.get(shape.name, set())
    told = set(members) - OURS.get(shape.name, set())
    assert (told >= read) if shape.name in WIDER else (told == read)
    assert oracle.required(struct) <= set(shape.required_members) | ALWAYS_THERE.get(
        shape.name, set()
    )
    for name in read & set(members):
        oracle.check_type(members[name].type, shape.members[name])


@pytest.mark.parametrize("operation", REPLIES)
def test_whole_answers_are_read(operation: str) -> None:
    """With every member filled, and with members that nobody knows yet."""
    answer = oracle.example(oracle.SERVICE.operation_model(operation).output_shape, 1)
    reply = json.decode(json.encode(oracle.with_news(answer)), type=REPLIES[operation])
    again = json.decode(json.encode(reply))
    assert again
    assert json.decode(json.encode(again), type=REPLIES[operation]) == reply


ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/01234567890123-abcdefgh"
TABLE = ARN.partition("/backup")[0]
THEN = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
owners = st.sampled_from([None, "123456789012"])


@settings(max_examples=10)
@given(specs(), owners, st.booleans())
def test_what_is_built_is_valid(spec: Any, owner: str | None, some: bool) -> None:
    """The service model accepts what the builders make of every table."""
    then, text = (THEN, "orders/") if some else (None, "")
    made = requests.create_table(spec)
    indexes = made.global_secondary_indexes or () if some else None
    vectors = made.vector_indexes or () if some else None
    whole: Any = {"compression": "GZIP" if some else None}
    oracle.check("CreateBackup", requests.create_backup(spec, "before-launch"))
    oracle.check("ListBackups", requests.list_backups(spec if some else None, start_after=ARN))
    restored = requests.restore_table_from_backup(spec, ARN, indexes=indexes, vectors=vectors)
    oracle.check("RestoreTableFromBackup", restored)
    restored = requests.restore_table_to_point_in_time(spec, TABLE if some else "orders", at=then)
    oracle.check("RestoreTableToPointInTime", restored)
    exported = requests.export_table_to_point_in_time(
        TABLE, "bucket", prefix=text, since=then, bucket_owner=owner, kms_key=owner, token="a"
    )
    oracle.check("ExportTableToPointInTime", exported)
    oracle.check("ImportTable", requests.import_table(spec, "bucket", bucket_owner=owner, **whole))
    put = requests.start_bulk_put_items(
        spec, "bucket", errors_bucket=text[:6] or None, kms_key=owner, max_write_units=1024, **whole
    )
    oracle.check("StartBulkPutItems", put)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CancelBulkOperation", requests.cancel_bulk_operation(ARN)),
        ("DeleteBackup", requests.delete_backup(ARN)),
        ("DescribeBackup", requests.describe_backup(ARN)),
        ("DescribeBulkOperation", requests.describe_bulk_operation(ARN)),
        ("DescribeExport", requests.describe_export(ARN)),
        ("DescribeImport", requests.describe_import(ARN)),
        ("ListBulkOperations", requests.list_bulk_operations(start_at="next")),
        ("ListExports", requests.list_exports()),
        ("ListExports", requests.list_exports(TABLE, start_at="next")),
        ("ListImports", requests.list_imports(TABLE, start_at="0" * 112)),
    ],
)
def test_what_takes_an_arn_is_valid(operation: str, request_: Any) -> None:
    """So do those of one thing that is known by its ARN, and of lists."""
    oracle.check(operation, request_)


@pytest.mark.parametrize(
    ("literal", "shape"),
    [
        ("ExportFormat", "ExportFormat"),
        ("ImportFormat", "InputFormat"),
        ("ExportView", "ExportViewType"),
        ("Compression", "InputCompressionType"),
        ("Tier", "BulkOperationPerformanceTier"),
    ],
)
def test_enums(literal: str, shape: str) -> None:
    """A closed choice offers exactly the values of the model."""
    assert set(get_args(getattr(builders, literal))) == set(oracle.SERVICE.shape_for(shape).enum)
