"""Lists and describes tables; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from ..api.descriptions import (
    Cursors,
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

    names: list[str] = []
    start_after: str | None = None
    cursors = Cursors("ListTables")
    while True:
        payload = ListTablesInput(UNSET if start_after is None else start_after)
        page = yield from call("ListTables", payload, ListTablesOutput)
        # ListTables knows no filter: finding a prefix takes every page of the account.
        names += (name for name in page.table_names if name.startswith(prefix))
        start_after = cursors.onward(start_after, page.last_evaluated_table_name)
        if start_after is None:
            return tuple(names)
