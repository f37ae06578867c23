"""Lists, describes and cancels exports, imports and bulk puts.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BulkPutItems.Requesting.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
from .tags_and_policies import arn_of
from .waits import J, Progress, Underway, until_done

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
    return (yield from _listed(Export, requests.list_exports, model))


@operation
def list_imports(model: Model | str | None = None) -> Steps[tuple[Import, ...]]:
    """Return the imports of the last 90 days: into one table, or all in this account and prefix.

    `describe_import` returns the counts. Sends one ListImports for each page and, where `model` is
    not an ARN, one DescribeTable.
    """
    return (yield from _listed(Import, requests.list_imports, model))


@operation
def list_bulk_operations() -> Steps[tuple[BulkOperation, ...]]:
    """Return the bulk operations of the last 90 days in this account and region, the newest first.

    Each has only its ARN, status and times; `describe_bulk_operation` returns the rest. With a
    prefix, operations on tables without it are left out. Sends one ListBulkOperations for every 25
    of them.
    """
    # For these the API knows no table to list by.
    return (yield from _listed(BulkOperation, requests.list_bulk_operations))


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
            # For a caller that waits for the put, it has failed; not for the one that cancelled it.
            if failed.result.status != "CANCELLED":
                raise
            ended: BulkOperation = failed.result
            return ended

    return (yield from within(timeout, cancel))


def _look_at(kind: type[J], arn: str) -> Steps[J]:
    """Describe what a class is of, by the operation that is named after it."""
    operation = f"Describe{kind.__name__}"
    request = getattr(s3, f"{operation}Input")(arn)
    reply = yield from call(operation, request, getattr(s3, f"{operation}Output"))
    found: J = reply.description
    return found


export_of = partial(_look_at, Export)
import_of = partial(_look_at, Import)
bulk_operation_of = partial(_look_at, BulkOperation)


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


def _listed(
    kind: type[J], request: Callable[..., Any], model: Model | str | None = None
) -> Steps[tuple[J, ...]]:
    """List page by page; without a table, only those of tables with the database's prefix."""
    operation = f"List{kind.__name__}s"
    # The API lists by ARN alone, and without one everything there is. One that is given is not
    # looked up: a list outlives its table.
    named = () if model is None else (table_name(model),)
    if named and not named[0].startswith("arn:"):
        named = (arn_of((yield from describe_table(*named)), operation),)
    prefix = "" if named else (yield from where()).table_prefix
    every = yield from pages(
        operation,
        lambda token: request(*named, start_at=token),
        getattr(s3, f"{operation}Output"),
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
