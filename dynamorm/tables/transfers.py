"""Lists, describes and cancels exports, imports and bulk puts.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BulkPutItems.Requesting.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import requests
from ..api import s3
from ..api.s3 import BulkOperation, Export, Import
from ..errors import TransferFailed
from ..model import table_name
from ..model.arguments import check_progress
from ..model.declare import Model
from ..model.options import check_flags
from ..operations import Steps, call, operation, where
from ..operations.waiting import Deadline, within
from . import describe_table, pages
from .jobs import Progress, Underway, until_done
from .tags import arn_of

if TYPE_CHECKING:
    from datetime import timedelta


LEAST_UNITS = 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StartBulkPutItems.html"""


@operation
def list_exports(model: Model | str | None = None) -> Steps[tuple[Export, ...]]:
    """Return the exports of the last 90 days: of one table, or of all in this account and prefix.

    Each has only its ARN, status and type; `describe_export` returns the rest.
    Sends one ListExports for each page and, where `model` is not an ARN, one DescribeTable.
    """
    arn = yield from _arn_of(model, "ListExports")
    return (yield from _listed(arn, "ListExports", requests.list_exports, s3.ListExportsOutput))


@operation
def list_imports(model: Model | str | None = None) -> Steps[tuple[Import, ...]]:
    """Return the imports of the last 90 days: into one table, or all in this account and prefix.

    `describe_import` returns the counts. Sends one ListImports for each page and, where `model` is
    not an ARN, one DescribeTable.
    """
    arn = yield from _arn_of(model, "ListImports")
    return (yield from _listed(arn, "ListImports", requests.list_imports, s3.ListImportsOutput))


@operation
def list_bulk_operations() -> Steps[tuple[BulkOperation, ...]]:
    """Return the bulk operations of the last 90 days in this account and region, the newest first.

    Each has only its ARN, status and times; `describe_bulk_operation` returns the rest. With a
    prefix, operations on tables without it are left out. Sends one ListBulkOperations for every 25
    of them.
    """
    # For these the API knows no table to list by.
    listing = _listed(
        None,
        "ListBulkOperations",
        lambda _, start_at: requests.list_bulk_operations(start_at=start_at),
        s3.ListBulkOperationsOutput,
    )
    return (yield from listing)


@operation
def describe_export(export: Export | str) -> Steps[Export]:
    """Describe an export, given as an `Export` or by its ARN, in one DescribeExport."""
    return (yield from export_of(transfer_arn(export, Export)))


@operation
def describe_import(import_: Import | str) -> Steps[Import]:
    """Describe an import, given as an `Import` or by its ARN, in one DescribeImport."""
    return (yield from import_of(transfer_arn(import_, Import)))


@operation
def describe_bulk_operation(bulk_operation: BulkOperation | str) -> Steps[BulkOperation]:
    """Describe a `BulkOperation`, also given by its ARN, in one DescribeBulkOperation."""
    return (yield from bulk_operation_of(transfer_arn(bulk_operation, BulkOperation)))


@operation
def cancel_bulk_operation(
    bulk_operation: BulkOperation | str,
    *,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    progress: Progress[BulkOperation] | None = None,
) -> Steps[BulkOperation]:
    """Cancel a bulk put, given as a `BulkOperation` or by its ARN, and wait until it has stopped.

    Items that it has put stay. The result says how it ended: CANCELLED, or COMPLETED if it was
    done first. Sends one CancelBulkOperation and, unless `wait` is off, DescribeBulkOperation until
    it has ended; `progress` is called with each description. Exports and imports cannot be
    cancelled.
    Raises `TransferFailed` for one that has failed, `WaitTimeout`.
    """
    check_flags(wait=wait)
    check_progress(progress)
    request = requests.cancel_bulk_operation(transfer_arn(bulk_operation, BulkOperation))

    def cancel(deadline: Deadline) -> Steps[BulkOperation]:
        """Cancel it, and wait for its end; that it was cancelled is no failure here."""
        # Not all of a job: the answer has ARN and status, and the next look has the rest.
        job = yield from call("CancelBulkOperation", request, s3.CancelBulkOperationOutput)
        waiting = until_done(job, bulk_operation_of, deadline, wait=wait, progress=progress)
        try:
            return (yield from waiting)
        except TransferFailed as failed:
            # To who waits for the put it has failed; to who has cancelled it, it has not.
            if failed.result.status != "CANCELLED":
                raise
            ended: BulkOperation = failed.result
            return ended

    return (yield from within(timeout, cancel))


def export_of(arn: str) -> Steps[Export]:
    """Look at an export."""
    request = requests.describe_export(arn)
    return (yield from call("DescribeExport", request, s3.DescribeExportOutput)).description


def import_of(arn: str) -> Steps[Import]:
    """Look at an import."""
    request = requests.describe_import(arn)
    return (yield from call("DescribeImport", request, s3.DescribeImportOutput)).description


def bulk_operation_of(arn: str) -> Steps[BulkOperation]:
    """Look at a bulk operation."""
    request, reply_type = requests.describe_bulk_operation(arn), s3.DescribeBulkOperationOutput
    return (yield from call("DescribeBulkOperation", request, reply_type)).description


def transfer_arn(given: object, kind: type[Underway]) -> str:
    """Return the ARN of a transfer, or the ARN given; raise `TypeError` for anything else."""
    # One of another kind is refused here: its ARN would be of no use to the operation.
    arn = given.arn if isinstance(given, kind) else given
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise TypeError(f"expected {kind.__name__} or its ARN, not {given!r:.300}")
    return arn


def check_units(units: object) -> None:
    """Raise for a rate that a bulk put does not take."""
    if units is not None and (type(units) is not int or units < LEAST_UNITS):
        raise ValueError(f"max_write_units= takes {LEAST_UNITS} or more, not {units!r}")


def _arn_of(model: Model | str | None, operation: str) -> Steps[str | None]:
    """Return the ARN that a list is of; raise where the endpoint tells none of the table.

    The API lists by ARN alone, and without one everything there is.
    """
    if model is None:
        return None
    name = table_name(model)
    # One that is given is not looked up: a list outlives its table.
    return name if name.startswith("arn:") else arn_of((yield from describe_table(name)), operation)


def _listed(
    arn: str | None, operation: str, request: Callable[..., Any], reply_type: Any
) -> Steps[tuple[Any, ...]]:
    """List page by page; without a table, only those of tables with the database's prefix."""
    prefix = "" if arn is not None else (yield from where()).table_prefix
    every = yield from pages(
        operation,
        lambda token: request(arn, start_at=token),
        reply_type,
        lambda page: page.next_token,
    )
    # ARNs have the real names of tables; the API filters by no part of one.
    jobs = (job for page in every for job in page.summaries)
    return tuple(job for job in jobs if _table_in(job.arn, prefix).startswith(prefix))


def _table_in(arn: str, unknown: str) -> str:
    """Return the table that an ARN names: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/KIND/ID."""
    _, named, rest = arn.partition(":table/")
    # An ARN of another form is listed: it may be of this database as of any other.
    return rest.partition("/")[0] if named else unknown
