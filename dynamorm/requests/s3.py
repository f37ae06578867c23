"""Requests that export items to S3 and import them from there. They send nothing.

The `token` of a request makes it safe to send again: for eight hours, the same request with the
same token is the same job, and another one with this token is an error.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StartBulkPutItems.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from ..api import s3
from ..model import table_name
from ..model.declare import Model
from .tables import create_table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..model.keywords import TableOptions

ExportFormat = Literal["DYNAMODB_JSON", "ION"]
ImportFormat = Literal["DYNAMODB_JSON", "ION", "CSV"]
ExportView = Literal["NEW_IMAGE", "NEW_AND_OLD_IMAGES"]
Compression = Literal["GZIP", "ZSTD", "NONE"]
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CsvOptions.html
Delimiter = Literal[",", "\t", ":", ";", "|", " "]
Tier = Literal["STANDARD", "ACCELERATED"]


def export_table_to_point_in_time(
    arn: str,
    bucket: str,
    *,
    prefix: str = "",
    format: ExportFormat = "DYNAMODB_JSON",  # noqa: A002 - as the operation has it
    at: float | None = None,
    since: float | None = None,
    view: ExportView | None = None,
    bucket_owner: str | None = None,
    kms_key: str | None = None,
    filter_specification: dict[str, Any] | None = None,
    token: str | None = None,
) -> s3.ExportTableToPointInTimeInput:
    """Build ExportTableToPointInTime: a full export, or of what has changed `since` a moment.

    Moments are in seconds since the epoch. `filter_specification` is as the API has it.
    """
    changes = None if since is None else s3.IncrementalExportSpecification(since, at, view)
    return s3.ExportTableToPointInTimeInput(
        table_arn=arn,
        # An incremental export has its end in the specification of what changed.
        export_time=at if since is None else None,
        client_token=token,
        s3_bucket=bucket,
        s3_bucket_owner=bucket_owner,
        s3_prefix=prefix or None,
        s3_sse_algorithm="KMS" if kms_key else None,
        s3_sse_kms_key_id=kms_key,
        export_format=format,
        export_type="FULL_EXPORT" if since is None else "INCREMENTAL_EXPORT",
        incremental_export_specification=changes,
        filter_specification=filter_specification or None,
    )


def import_table(
    model: Model,
    bucket: str,
    *,
    prefix: str = "",
    format: ImportFormat = "DYNAMODB_JSON",  # noqa: A002 - as the operation has it
    compression: Compression | None = None,
    delimiter: str | None = None,
    header: Iterable[str] = (),
    bucket_owner: str | None = None,
    token: str | None = None,
    name: str | None = None,
    **options: Unpack[TableOptions],
) -> s3.ImportTableInput:
    """Build ImportTable; it carries keys, global indexes, billing and encryption of the model.

    `header` names the columns of a CSV, whose first line then is data; without it, that line does.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CsvOptions.html
    """
    # The parameters are members of CreateTable, by the same names: what that would carry, less
    # what an import cannot.
    made = create_table(model, name=name, **options)
    csv = s3.CsvOptions(delimiter or None, tuple(header) or None)
    return s3.ImportTableInput(
        client_token=token,
        s3_bucket_source=s3.S3BucketSource(
            s3_bucket_owner=bucket_owner, s3_bucket=bucket, s3_key_prefix=prefix or None
        ),
        input_format=format,
        input_format_options=None if csv == s3.CsvOptions() else s3.InputFormatOptions(csv),
        input_compression_type=compression,
        table_creation_parameters=s3.TableCreationParameters(
            *(getattr(made, member) for member in s3.TableCreationParameters.__struct_fields__)
        ),
    )


def start_bulk_put_items(
    model_or_name: Model | str,
    bucket: str,
    *,
    prefix: str = "",
    format: ExportFormat = "DYNAMODB_JSON",  # noqa: A002 - as the operation has it
    compression: Compression | None = None,
    errors_bucket: str | None = None,
    errors_prefix: str = "",
    max_write_units: int | None = None,
    tier: Tier | None = None,
    bucket_owner: str | None = None,
    kms_key: str | None = None,
    token: str | None = None,
) -> s3.StartBulkPutItemsInput:
    """Build StartBulkPutItems, which reports the items that it could not put."""
    output = s3.OutputS3Configuration(
        # The owner is that of the bucket with the items. Of another bucket nothing is known, and
        # the service takes the account of the request.
        s3_bucket_owner=bucket_owner if errors_bucket is None else None,
        s3_bucket=errors_bucket or bucket,
        s3_key_prefix=errors_prefix or None,
        s3_sse_algorithm="KMS" if kms_key else None,
        s3_sse_kms_key_id=kms_key,
        # The other type is of conditions in the input, which say that an item may be left out.
        output_type=("ERROR",),
    )
    return s3.StartBulkPutItemsInput(
        client_token=token,
        input_s3_configuration=s3.InputS3Configuration(
            s3_bucket_owner=bucket_owner,
            s3_bucket=bucket,
            s3_key_prefix=prefix or None,
            input_format=format,
            input_compression_type=compression,
        ),
        output_s3_configuration=output,
        table_name=table_name(model_or_name),
        max_write_request_units=max_write_units,
        performance_tier=tier,
    )


def describe_export(arn: str) -> s3.DescribeExportInput:
    """Build DescribeExport."""
    return s3.DescribeExportInput(arn)


def describe_import(arn: str) -> s3.DescribeImportInput:
    """Build DescribeImport."""
    return s3.DescribeImportInput(arn)


def describe_bulk_operation(arn: str) -> s3.DescribeBulkOperationInput:
    """Build DescribeBulkOperation."""
    return s3.DescribeBulkOperationInput(arn)


def cancel_bulk_operation(arn: str) -> s3.CancelBulkOperationInput:
    """Build CancelBulkOperation; what has been put stays."""
    return s3.CancelBulkOperationInput(arn)


def list_exports(arn: str | None = None, *, start_at: str | None = None) -> s3.ListExportsInput:
    """Build ListExports for a page of exports, of one table or of all."""
    return s3.ListExportsInput(arn, next_token=start_at)


def list_imports(arn: str | None = None, *, start_at: str | None = None) -> s3.ListImportsInput:
    """Build ListImports for a page of imports, into one table or all."""
    return s3.ListImportsInput(arn, next_token=start_at)


def list_bulk_operations(*, start_at: str | None = None) -> s3.ListBulkOperationsInput:
    """Build ListBulkOperations for a page of those of the last 90 days, 25 of them at most."""
    # As many as the service gives in a page: unless it is asked for them, it gives ten.
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListBulkOperations.html
    return s3.ListBulkOperationsInput(25, next_token=start_at)
