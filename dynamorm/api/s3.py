"""Exports to S3, imports from S3 into a new table, and bulk puts from S3 into a living one.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import field

from . import AttributeDefinition, KeySchemaElement, Reply, Request, moment, parts, tables
from .bulk_errors import BulkErrors


class IncrementalExportSpecification(Request, frozen=True):
    export_from_time: float
    export_to_time: float | None = None
    export_view_type: str | None = None


class ExportTableToPointInTimeInput(Request, frozen=True, kw_only=True):
    table_arn: str
    export_time: float | None = None
    client_token: str | None = None
    s3_bucket: str
    s3_bucket_owner: str | None = None
    s3_prefix: str | None = None
    # In the shapes of S3 the service writes Sse and Kms, elsewhere SSE and KMS.
    s3_sse_algorithm: str | None = field(default=None, name="S3SseAlgorithm")
    s3_sse_kms_key_id: str | None = field(default=None, name="S3SseKmsKeyId")
    export_format: str | None = None
    export_type: str | None = None
    incremental_export_specification: IncrementalExportSpecification | None = None
    filter_specification: Any = None


class DescribeExportInput(Request, frozen=True):
    export_arn: str


class ListExportsInput(Request, frozen=True):
    table_arn: str | None = None
    max_results: int | None = None
    next_token: str | None = None


class S3BucketSource(Request, frozen=True, kw_only=True):
    s3_bucket_owner: str | None = None
    s3_bucket: str
    s3_key_prefix: str | None = None


class CsvOptions(Request, frozen=True):
    delimiter: str | None = None
    header_list: tuple[str, ...] | None = None


class InputFormatOptions(Request, frozen=True):
    csv: CsvOptions | None = None


class TableCreationParameters(Request, frozen=True):
    """The members of CreateTable that an import takes, by the same names; no local indexes."""

    table_name: str
    attribute_definitions: tuple[AttributeDefinition, ...]
    key_schema: tuple[KeySchemaElement, ...]
    billing_mode: str | None = None
    provisioned_throughput: tables.ProvisionedThroughput | None = None
    on_demand_throughput: parts.OnDemandThroughput | None = None
    sse_specification: tables.SSESpecification | None = None
    global_secondary_indexes: tuple[tables.GlobalSecondaryIndex, ...] | None = None
    vector_indexes: tuple[tables.NewVectorIndex, ...] | None = None


class ImportTableInput(Request, frozen=True, kw_only=True):
    client_token: str | None = None
    s3_bucket_source: S3BucketSource
    input_format: str
    input_format_options: InputFormatOptions | None = None
    input_compression_type: str | None = None
    table_creation_parameters: TableCreationParameters


class DescribeImportInput(Request, frozen=True):
    import_arn: str


class ListImportsInput(Request, frozen=True):
    table_arn: str | None = None
    page_size: int | None = None
    next_token: str | None = None


class InputS3Configuration(S3BucketSource, frozen=True, kw_only=True):
    input_format: str
    input_compression_type: str | None = None


class OutputS3Configuration(S3BucketSource, frozen=True, kw_only=True):
    """Where the report goes; the service starts no bulk put without one."""

    s3_sse_algorithm: str | None = field(default=None, name="S3SseAlgorithm")
    s3_sse_kms_key_id: str | None = field(default=None, name="S3SseKmsKeyId")
    output_type: tuple[str, ...]
    """`ERROR` for items that could not be put; conditions, which have a type too, are not sent."""


class StartBulkPutItemsInput(Request, frozen=True, kw_only=True):
    client_token: str | None = None
    input_s3_configuration: InputS3Configuration
    output_s3_configuration: OutputS3Configuration
    table_name: str
    max_write_request_units: int | None = None
    performance_tier: str | None = None


class DescribeBulkOperationInput(Request, frozen=True):
    bulk_operation_arn: str


class ListBulkOperationsInput(Request, frozen=True):
    max_results: int | None = None
    next_token: str | None = None


class CancelBulkOperationInput(Request, frozen=True):
    bulk_operation_arn: str


class _Transfer(Reply, frozen=True, kw_only=True):
    """What exports, imports and bulk operations have in common."""

    # A moment is a number on the wire; its API name is that of the property, an aware datetime.
    started: float | None = field(default=None, name="StartTime")
    ended: float | None = field(default=None, name="EndTime")
    failure_code: str | None = None
    failure_message: str | None = None

    @property
    def start_time(self) -> datetime | None:
        return moment(self.started)

    @property
    def end_time(self) -> datetime | None:
        return moment(self.ended)


class Export(_Transfer, frozen=True, kw_only=True):
    """A table's items on their way to S3 (the API's ExportDescription).

    In a list it is the API's ExportSummary, which has ARN, status and type: all else is `None`.
    """

    export_arn: str
    export_status: str
    export_type: str | None = None
    export_format: str | None = None
    exported: float | None = field(default=None, name="ExportTime")
    export_manifest: str | None = None
    """The key of the file in the bucket that names all others."""
    table_arn: str | None = None
    table_id: str | None = None
    s3_bucket: str | None = None
    s3_bucket_owner: str | None = None
    s3_prefix: str | None = None
    s3_sse_algorithm: str | None = field(default=None, name="S3SseAlgorithm")
    s3_sse_kms_key_id: str | None = field(default=None, name="S3SseKmsKeyId")
    billed_size_bytes: int | None = None
    item_count: int | None = None

    @property
    def arn(self) -> str:
        return self.export_arn

    @property
    def status(self) -> str:
        """IN_PROGRESS, COMPLETED or FAILED."""
        return self.export_status

    @property
    def export_time(self) -> datetime | None:
        """The point in time that the items are from."""
        return moment(self.exported)


class Import(_Transfer, frozen=True, kw_only=True):
    """Items from S3 on their way into a new table (the API's ImportTableDescription)."""

    import_arn: str
    import_status: str
    table_arn: str | None = None
    table_id: str | None = None
    input_format: str | None = None
    input_compression_type: str | None = None
    cloud_watch_log_group_arn: str | None = None
    """Where the service logs the items that it could not read."""
    error_count: int | None = None
    processed_size_bytes: int | None = None
    processed_item_count: int | None = None
    imported_item_count: int | None = None
    """Items that are in the new table; `processed_item_count` has those that were read."""

    @property
    def arn(self) -> str:
        return self.import_arn

    @property
    def status(self) -> str:
        """IN_PROGRESS, COMPLETED, CANCELLING, CANCELLED or FAILED."""
        return self.import_status


class BulkOutput(Reply, frozen=True, kw_only=True):
    """Where a bulk operation reports what it could not do (the API's OutputS3Configuration)."""

    s3_bucket: str | None = None
    s3_key_prefix: str | None = None


class BulkOperation(_Transfer, frozen=True, kw_only=True):
    """Items from S3 on their way into a living table (the API's BulkOperationDescription)."""

    bulk_operation_arn: str
    bulk_operation_status: str
    processed_item_count: int | None = None
    """Items that have been read so far: those that were written, and those that were not."""
    processed_input_bytes: int | None = None
    total_input_bytes: int | None = None
    """`None` until the service has added up the objects; then it says how much there is to do."""
    failed_item_count: int | None = None
    """Items that could not be parsed, or that no table takes: the report has them."""
    max_write_request_units: int | None = None
    performance_tier: str | None = None
    output_s3_configuration: BulkOutput | None = None
    errors: BulkErrors | None = None
    """What `bulk_put_from_s3(s3=...)` read from the report; not part of the service's answer."""

    @property
    def arn(self) -> str:
        return self.bulk_operation_arn

    @property
    def status(self) -> str:
        """IN_PROGRESS, COMPLETED, COMPLETED_WITH_ERRORS, CANCELLING, CANCELLED or FAILED."""
        return self.bulk_operation_status


# One name for what each kind calls otherwise, so that one function begins, or lists, all of them.
class DescribeExportOutput(Reply, frozen=True):
    description: Export = field(name="ExportDescription")


class DescribeImportOutput(Reply, frozen=True):
    description: Import = field(name="ImportTableDescription")


class DescribeBulkOperationOutput(Reply, frozen=True):
    description: BulkOperation = field(name="BulkOperationDescription")


# What begins a job is answered with its first description, what cancels it with ARN and status.
ExportTableToPointInTimeOutput = DescribeExportOutput
ImportTableOutput = DescribeImportOutput
StartBulkPutItemsOutput = DescribeBulkOperationOutput
CancelBulkOperationOutput = BulkOperation


class ListExportsOutput(Reply, frozen=True):
    summaries: tuple[Export, ...] = field(default=(), name="ExportSummaries")
    next_token: str | None = None


class ListImportsOutput(Reply, frozen=True):
    summaries: tuple[Import, ...] = field(default=(), name="ImportSummaryList")
    next_token: str | None = None


class ListBulkOperationsOutput(Reply, frozen=True):
    summaries: tuple[BulkOperation, ...] = field(default=(), name="BulkOperationsSummaryList")
    next_token: str | None = None
