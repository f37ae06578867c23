"""The life of a table: created, compared, planned, changed, deleted; here found, and described."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import errors
from ..api import DescribeTableInput, DescribeTableOutput, T, TableDescription
from ..errors import ServiceError
from ..model import table_name
from ..operations import Steps, call, operation

if TYPE_CHECKING:
    from ..model.declare import Model


@operation
def describe_table(
    model_or_name: Model | str, *, name: str | None = None
) -> Steps[TableDescription]:
    """Describe a table in one DescribeTable; raises `TableNotFound`."""
    # Not by the builder of `requests`, which is imported with the shapes of CreateTable.
    payload = DescribeTableInput(table_name(model_or_name, name=name))
    return (yield from call("DescribeTable", payload, DescribeTableOutput)).table


def find_table(name: str) -> Steps[TableDescription | None]:
    """Describe a table; `None` only where the service says that there is none."""
    try:
        reply = yield from call("DescribeTable", DescribeTableInput(name), DescribeTableOutput)
    except ServiceError as error:
        # The class itself is loaded only where the service has answered.
        if isinstance(error, errors.TableNotFound):
            return None
        raise
    return reply.table


@operation
def table_exists(model_or_name: Model | str, *, name: str | None = None) -> Steps[bool]:
    """Return whether the table exists, in any status, even while it is being deleted.

    Returns `False` only if the service says that there is no such table; raises any other error.
    """
    return (yield from find_table(table_name(model_or_name, name=name))) is not None


@operation
def list_tables(prefix: str = "") -> Steps[tuple[str, ...]]:
    """Return the names of all tables of the account and region that begin with `prefix`.

    Sends one ListTables for every 100 tables of the account.
    """
    if not isinstance(prefix, str):
        raise TypeError(f"prefix= takes the beginning of the names, a str, not {prefix!r:.200}")
    from ..api.tables import ListTablesInput, ListTablesOutput

    # ListTables knows no filter: finding a prefix takes every page of the account.
    every = yield from pages(
        "ListTables", ListTablesInput, ListTablesOutput, lambda page: page.last_evaluated_table_name
    )
    return tuple(name for page in every for name in page.table_names if name.startswith(prefix))


def pages(
    operation: str,
    request: Callable[[str | None], Any],
    reply_type: type[T],
    cursor: Callable[[T], str | None],
) -> Steps[list[T]]:
    """Return all pages of a list, in order, with a request for each.

    `request` makes that of the page which begins at a cursor, `None` for the first; `cursor` is
    where a page says that the next one begins. Raises `TransportError` for a list without end.
    """
    found: list[T] = []
    start: str | None = None
    from ..api.cursors import Cursors

    cursors = Cursors(operation)
    # A list that has not begun and one that has ended have no cursor, both.
    while not found or start is not None:
        found.append((yield from call(operation, request(start), reply_type)))
        start = cursors.onward(start, cursor(found[-1]))
    return found


def is_ready(table: TableDescription, indexes: bool = True) -> bool:
    """Return whether a table is ACTIVE, and so are its indexes and replicas, if these count."""
    if table.table_status != "ACTIVE":
        return False
    return not indexes or not (unready_indexes(table) or unready_replicas(table))


def unready_indexes(table: TableDescription) -> dict[str, str | None]:
    """Return the indexes that are not ready with their status; no status counts as ACTIVE.

    One that is ACTIVE and still being filled is BACKFILLING: a query would miss items.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalSecondaryIndexDescription.html
    """
    indexes: tuple[Any, ...] = (*table.global_secondary_indexes, *table.vector_indexes)
    statuses = {
        i.index_name: "BACKFILLING"
        if i.backfilling and i.index_status in (None, "ACTIVE")
        else i.index_status
        for i in indexes
    }
    return {name: status for name, status in statuses.items() if status not in (None, "ACTIVE")}


def unready_replicas(table: TableDescription) -> dict[str, str | None]:
    """Return the replicas and witnesses that are changing, by their regions, with their status.

    One that has failed does not become ACTIVE by waiting, and is not among them.
    """
    statuses = {one.region_name or "": one.replica_status for one in table.replicas}
    statuses |= {one.region_name or "": one.witness_status for one in table.global_table_witnesses}
    return {name: status for name, status in statuses.items() if status in CHANGING}


CHANGING = ("CREATING", "UPDATING", "DELETING")
