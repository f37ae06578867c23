"""Items to S3, and from there: into a new table, or in bulk into one that is there.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.HowItWorks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, get_args
from zlib import crc32

from msgspec import structs

from .. import requests
from ..api import Request, TableDescription
from ..api import s3 as shapes
from ..api.s3 import BulkOperation, Export, Import
from ..errors import Refused
from ..model import table_name
from ..model.arguments import check_progress, seconds_at
from ..model.declare import Model, table_spec
from ..model.options import check_flags, check_word
from ..operations import Steps, operation, wall_time
from ..operations.waiting import Deadline, when_free, within
from ..requests.s3 import (
    Compression,
    Delimiter,
    ExportFormat,
    ExportView,
    ImportFormat,
    Tier,
)
from . import describe_table
from .buckets import check_client, check_place
from .restore import complete, of_one_region
from .steps import operation_of
from .transfers import bulk_operation_of, check_units, export_of, import_of
from .waits import J, Progress, until_done

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


@operation
def export_to_s3(
    model: Model | str,
    bucket: str,
    *,
    prefix: str = "",
    format: ExportFormat = "DYNAMODB_JSON",  # noqa: A002 - the service's word
    at: datetime | None = None,
    since: datetime | None = None,
    view: ExportView | None = None,
    filter_specification: dict[str, Any] | None = None,
    kms_key: str | None = None,
    bucket_owner: str | None = None,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 3600,
    progress: Progress[Export] | None = None,
) -> Steps[Export]:
    """Export the items that a table has, or had `at` a moment, to a bucket, and wait for it.

    With `since` it is an incremental export: of what changed from that moment on, up to `at`;
    `view` says whether old images are in it. The table needs PITR, and the moments lie within its
    window. Reads no capacity of the table. Sends one DescribeTable for the ARN, one
    ExportTableToPointInTime and, unless `wait` is off, DescribeExport until it is done; `progress`
    is called with each description. Raises `TransferFailed`, `WaitTimeout`.
    """
    _check(wait, progress, format=(format, ExportFormat), view=(view, ExportView))
    check_place(bucket, prefix, bucket_owner, kms_key=kms_key)
    if not isinstance(filter_specification, dict | None):
        raise TypeError(f"filter_specification= takes a dict, not {filter_specification!r:.200}")
    if view is not None and since is None:
        raise ValueError("view= takes effect with since= alone: a full export has no old images")
    table = table_name(model, name=name)
    options: dict[str, Any] = {
        "prefix": prefix,
        "format": format,
        "at": seconds_at(at, "at"),
        "since": seconds_at(since, "since"),
        "view": view,
        "filter_specification": filter_specification,
        "kms_key": kms_key,
        "bucket_owner": bucket_owner,
    }

    def export(deadline: Deadline) -> Steps[Export]:
        # The operation takes ARNs alone; an emulator that has none may take the name.
        arn = table if table.startswith("arn:") else (yield from describe_table(table)).table_arn
        request = requests.export_table_to_point_in_time(arn or table, bucket, **options)
        return (yield from _perform(request, export_of, deadline, wait, progress))

    return (yield from within(timeout, export))


@operation
def import_from_s3(
    model: Model,
    bucket: str,
    *,
    prefix: str = "",
    format: ImportFormat = "DYNAMODB_JSON",  # noqa: A002 - the service's word
    compression: Compression | None = None,
    delimiter: str | None = None,
    header: Iterable[str] = (),
    bucket_owner: str | None = None,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 3600,
    progress: Progress[Import] | None = None,
    **options: Unpack[TableOptions],
) -> Steps[Import]:
    """Import the objects under a prefix into a new table, and make it what the model declares.

    The import carries keys, global indexes, billing and encryption; all else is set when it is
    done, but for replicas, which are left to the next plan. `delimiter` and `header` are for CSV.
    Uses no capacity of the table. Sends one ImportTable and, unless `wait` is off, DescribeImport
    until it is done, DescribeTable, and the requests of `update_table`; `progress` is called with
    each description. What could not be read is in `error_count`, and in the log that the result
    names. Raises `Refused`, before anything is sent, for local indexes, and with `wait` off for
    what nobody would set; `TableExists`, `TransferFailed`, `WaitTimeout`.
    """
    words = {"format": (format, ImportFormat), "compression": (compression, Compression)}
    _check(wait, progress, **words, delimiter=(delimiter, Delimiter))
    check_place(bucket, prefix, bucket_owner)
    spec = of_one_region(table_spec(model, name=name, **options), "an import", wait)
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableCreationParameters.html
    # has no member for them.
    if spec.local_indexes:
        names = ", ".join(index.name for index in spec.local_indexes)
        reason = f"an import makes no table with local indexes, and this has {names}"
        advice = "create the table, and use bulk_put_from_s3"
        raise Refused((f"{reason}: {advice} - at {spec.name}",))
    columns = tuple(header)
    # The letters of a str would be the columns.
    if isinstance(header, str) or not all(isinstance(name, str) for name in columns):
        raise TypeError(f'header= takes names, as in header=["id", "total"], not {header!r:.200}')
    if (delimiter is not None or columns) and format != "CSV":
        raise ValueError('delimiter= and header= take effect with format="CSV" alone')

    def bring(deadline: Deadline) -> Steps[Import]:
        request = requests.import_table(
            spec,
            bucket,
            prefix=prefix,
            format=format,
            compression=compression,
            delimiter=delimiter,
            header=columns,
            bucket_owner=bucket_owner,
        )
        done = yield from _perform(request, import_of, deadline, wait, progress)
        if wait:
            # The table is looked at here for the first time: the import tells which one it made.
            made = TableDescription(spec.name, "CREATING", table_id=done.table_id)
            yield from complete(spec, made, deadline)
        return done

    return (yield from within(timeout, bring))


@operation
def bulk_put_from_s3(
    model: Model | str,
    bucket: str,
    *,
    prefix: str = "",
    format: ExportFormat = "DYNAMODB_JSON",  # noqa: A002 - the service's word
    compression: Compression | None = None,
    errors_bucket: str | None = None,
    errors_prefix: str = "",
    max_write_units: int | None = None,
    tier: Tier = "STANDARD",
    kms_key: str | None = None,
    bucket_owner: str | None = None,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 3600,
    progress: Progress[BulkOperation] | None = None,
    s3: Any = None,
) -> Steps[BulkOperation]:
    """Put the items of the objects under a prefix into a table that is there, and wait for it.

    An item replaces one that has its key. `max_write_units`, at least 1,024, limits the rate. Sends
    one StartBulkPutItems and, unless `wait` is off, DescribeBulkOperation until it is done;
    `progress` is called with each description. What could not be put is counted in
    `failed_item_count`, and reported under `errors_prefix`, in `errors_bucket` or else the bucket
    itself. With `s3`, a client of botocore, that report is read into `errors` of the result, as by
    `read_bulk_errors`; for a table's name with one DescribeTable or, if that fails, without keys.
    Raises `TransferFailed`, `WaitTimeout`, `TableNotFound`, `S3Error` with the operation as
    `result`.
    """
    words = {"format": (format, ExportFormat), "compression": (compression, Compression)}
    _check(wait, progress, **words, tier=(tier, Tier))
    check_place(bucket, prefix, bucket_owner)
    reports = bucket if errors_bucket is None else errors_bucket
    check_place(reports, errors_prefix, kms_key=kms_key, of="errors_")
    check_units(max_write_units)
    if s3 is not None:
        check_client(s3)
        if not wait:
            raise ValueError("s3= takes effect with wait=True alone: the report is written last")
    table = table_name(model, name=name)

    def put(deadline: Deadline) -> Steps[BulkOperation]:
        request = requests.start_bulk_put_items(
            table,
            bucket,
            prefix=prefix,
            format=format,
            compression=compression,
            errors_bucket=errors_bucket,
            errors_prefix=errors_prefix,
            max_write_units=max_write_units,
            tier=tier,
            bucket_owner=bucket_owner,
            kms_key=kms_key,
        )
        done = yield from _perform(request, bulk_operation_of, deadline, wait, progress)
        # Without a failed item there may be no report, and nothing to read in it.
        if s3 is None or not done.failed_item_count:
            return done
        from .bulk_errors import with_errors

        # A model knows its key; for a name the table is asked.
        keyed = table if isinstance(model, str) else model
        return (yield from with_errors(done, s3, reports, errors_prefix, keyed))

    return (yield from within(timeout, put))


def _perform(
    request: Request, look: Callable[[str], Steps[J]], deadline: Deadline, wait: bool, progress: Any
) -> Steps[J]:
    """Begin a job and wait for it, by a token that tells the request from others.

    Sent twice, it begins one job only.
    """
    # From the clock and not by chance, so that the same run leaves the same requests: what two
    # processes ask for in one microsecond, in the same words, is one thing to the service. The
    # words are in it too, since one token with other words is refused, for eight hours.
    moment = yield from wall_time()
    token = f"{moment:.6f}-{crc32(request.to_json()):08x}"
    marked = structs.replace(request, client_token=token)
    kind = operation_of(request)
    # A reply is named after its operation, as a request is.
    sending = when_free(kind, marked, getattr(shapes, f"{kind}Output"), deadline, wait=wait)
    job: J = (yield from sending).description
    return (yield from until_done(job, look, deadline, wait=wait, progress=progress))


def _check(wait: object, progress: object, **words: tuple[object, Any]) -> None:
    """Raise for options of all jobs, and for one that is not in its `Literal`; `None` is none."""
    check_flags(wait=wait)
    check_progress(progress)
    for option, (value, literal) in words.items():
        if value is not None:
            check_word(option, value, get_args(literal))
