"""Lists and describes tables; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ..api import T
from ..api.descriptions import (
    DescribeTableInput,
    DescribeTableOutput,
    TableDescription,
)
from ..model.named import table_name
from ..operations.effects import Steps, call, operation

if TYPE_CHECKING:
    from ..model.declare import Model


@operation
def describe_table(
    model_or_name: Model | str, *, name: str | None = None
) -> Steps[TableDescription]:
    """Describe a table in one DescribeTable; raises `TableNotFound`."""
    payload = DescribeTableInput(table_name(model_or_name, name=name))
    return (yield from call("DescribeTable", payload, DescribeTableOutput)).table


@operation
def table_exists(model_or_name: Model | str, *, name: str | None = None) -> Steps[bool]:
    """Return whether the table exists, in any status, even while it is being deleted.

    Returns `False` only if the service says that there is no such table; raises any other error.
    """
    from ..operations.waiters import find_table

    return (yield from find_table(table_name(model_or_name, name=name))) is not None


@operation
def list_tables(prefix: str = "") -> Steps[tuple[str, ...]]:
    """Return the names of all tables of the account and region that begin with `prefix`.

    Sends one ListTables for every 100 tables of the account.
    """
    if not isinstance(prefix, str):
        raise TypeError(f"prefix= takes the beginning of the names, a str, not {prefix!r:.200}")
    from ..api.tables import ListTablesInput, ListTablesOutput

    def request(start_after: str | None) -> ListTablesInput:
        return ListTablesInput(UNSET if start_after is None else start_after)

    # ListTables knows no filter: finding a prefix takes every page of the account.
    every = yield from pages(
        "ListTables", request, ListTablesOutput, lambda page: page.last_evaluated_table_name
    )
    return tuple(name for page in every for name in page.table_names if name.startswith(prefix))


def pages(
    operation: str,
    request: Callable[[str | None], Any],
    reply_type: type[T],
    cursor: Callable[[T], str | None],
) -> Steps[list[T]]:
    """Return all pages of a list: `cursor` is where a page says that the next one begins."""
    found: list[T] = []
    start: str | None = None
    from ..api.cursors import Cursors

    cursors = Cursors(operation)
    # A list that has not begun and one that has ended have no cursor, both.
    while not found or start is not None:
        found.append((yield from call(operation, request(start), reply_type)))
        start = cursors.onward(start, cursor(found[-1]))
    return found
