"""The IAM actions of operations: what no row of settings names.

An action that begins with "?" is needed only to wait. One that names no service is DynamoDB's.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html
"""

from __future__ import annotations

from .regions import REPLICATION, arn_in

# What the service does in a bucket, it does with the caller's permissions.
_READ = ("s3:GetObject {bucket}/*", "s3:ListBucket {bucket}")
_WRITE = ("s3:AbortMultipartUpload {bucket}/*", "s3:PutObject {bucket}/*")
# An import logs in CloudWatch what it could not read.
_LOGS = tuple(
    f"logs:{action} log-group:/aws-dynamodb/*"
    for action in (
        "CreateLogGroup",
        "CreateLogStream",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "PutLogEvents",
        "PutRetentionPolicy",
    )
)
_RESTORE = tuple(f"{action} {{table}}" for action in ("DescribeTable", *REPLICATION))
"""The service writes to the new table with the caller's permissions."""

_LOOK = ("DescribeTable {table}",)
_DELETION = ("DeleteTable {table}", "?DescribeTable {table}")

# An action without a place, as "ListBackups ", is about no table: IAM takes "*" for it alone.
ACTIONS: dict[str, tuple[str, ...]] = {
    "bulk_put_from_s3": (
        "StartBulkPutItems {table}",
        "?DescribeBulkOperation {table}/*",
        *_READ,
        *_WRITE,
    ),
    "cancel_bulk_operation": (
        "CancelBulkOperation {table}/*",
        "?DescribeBulkOperation {table}/*",
    ),
    "create_backup": ("CreateBackup {table}", "?DescribeBackup {table}/backup/*"),
    "delete_backup": ("DeleteBackup {table}/backup/*",),
    "delete_table": _DELETION,
    "delete_tables": _DELETION,
    "describe_bulk_operation": ("DescribeBulkOperation {table}/*",),
    "describe_export": ("DescribeExport {table}/export/*",),
    "describe_import": ("DescribeImport {table}/import/*",),
    "describe_table": _LOOK,
    "estimate.quota": ("DescribeLimits ",),
    "export_to_s3": (
        "DescribeTable {table}",
        "ExportTableToPointInTime {table}",
        "?DescribeExport {table}/export/*",
        "s3:PutObjectAcl {bucket}/*",
        *_WRITE,
    ),
    "import_from_s3": ("ImportTable {table}", "?DescribeImport {table}/import/*", *_READ, *_LOGS),
    "list_backups": ("ListBackups ",),
    "list_bulk_operations": ("ListBulkOperations ",),
    "list_exports": ("DescribeTable {table}", "ListExports "),
    "list_imports": ("DescribeTable {table}", "ListImports "),
    "list_tables": ("ListTables ",),
    "read_bulk_errors": ("DescribeBulkOperation {table}/*", "DescribeTable {table}", *_READ),
    # The same action twice: IAM asks for it on what is restored, and on the new table.
    "restore_backup": (
        "DescribeBackup {source}/backup/*",
        "RestoreTableFromBackup {source}/backup/*",
        "RestoreTableFromBackup {table}",
        *_RESTORE,
    ),
    "restore_to_point_in_time": (
        "DescribeTable {source}",
        "RestoreTableToPointInTime {source}",
        "RestoreTableToPointInTime {table}",
        *_RESTORE,
    ),
    "table_exists": _LOOK,
    "verify_copy": (*_LOOK, "Scan {table}", "BatchGetItem {table}"),
    "wait_until_active": _LOOK,
    "wait_until_gone": _LOOK,
}
_BOTH = ("DescribeTable {source}", "DescribeTable {table}")

COPIES: dict[str, tuple[str, ...]] = {
    "direct": (*_BOTH, "Scan {source}", "BatchWriteItem {table}"),
    "conditional": (*_BOTH, "Scan {source}", "PutItem {table}", "GetItem {table}"),
    "s3": (
        *_BOTH,
        "ExportTableToPointInTime {source}",
        "DescribeExport {source}/export/*",
        "StartBulkPutItems {table}",
        "DescribeBulkOperation {table}/*",
        "s3:PutObjectAcl {bucket}/*",
        *_READ,
        *_WRITE,
    ),
}
"""The actions of a copy from `source` into `table`; those on the bucket also cover the client."""

TABLES: dict[str, tuple[int, int | None]] = {
    operation: counts
    for counts, operations in {
        (0, 0): "estimate.quota list_bulk_operations list_tables",
        (0, 1): "list_backups list_exports list_imports",
        (1, 2): "auto_migrate_with_options restore_backup",
        (2, 2): "copy_segment copy_table restore_to_point_in_time verify_copy",
    }.items()
    for operation in operations.split()
}
"""How many tables an operation is about, at least and at most; of the others, one or more."""


def resource_arn(path: str, arn: str) -> str:
    """Return the ARN of what a path names, below the ARN that its resources begin with."""
    if path.startswith("arn:"):
        return path
    if path.startswith("region:"):
        _, region, path = path.split(":", 2)
        arn = arn_in(arn, region)
    # A bucket's ARN has neither region nor account, and a log's is of the account of its table.
    if path.startswith("s3:::"):
        return f"{arn.partition(':dynamodb:')[0]}:{path}"
    if path.startswith("log-group:"):
        arn = arn.replace(":dynamodb:", ":logs:", 1)
    return f"{arn}:{path}" if path else "*"
