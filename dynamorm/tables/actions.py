"""The IAM actions of what the service does on its own, each with the resource that it is about.

An action that begins with "?" is needed only to wait. One that names no service is DynamoDB's.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html
"""

from __future__ import annotations

_READ = ("s3:GetObject {bucket}/*", "s3:ListBucket {bucket}")
_WRITE = ("s3:AbortMultipartUpload {bucket}/*", "s3:PutObject {bucket}/*")
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
_RESTORE = tuple(
    f"{action} {{table}}"
    for action in (
        "BatchWriteItem",
        "DeleteItem",
        "DescribeTable",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
    )
)
"""The service writes to the new table with the caller's permissions."""

ACTIONS: dict[str, tuple[str, ...]] = {
    "bulk_put_from_s3": (
        "StartBulkPutItems {table}",
        "?DescribeBulkOperation {table}/*",
        *_READ,
        *_WRITE,
    ),
    "create_backup": ("CreateBackup {table}", "?DescribeBackup {table}/backup/*"),
    "delete_backup": ("DeleteBackup {table}/backup/*",),
    "export_to_s3": (
        "DescribeTable {table}",
        "ExportTableToPointInTime {table}",
        "?DescribeExport {table}/export/*",
        "s3:PutObjectAcl {bucket}/*",
        *_WRITE,
    ),
    "import_from_s3": ("ImportTable {table}", "?DescribeImport {table}/import/*", *_READ, *_LOGS),
    "list_backups": ("ListBackups ",),
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
}
