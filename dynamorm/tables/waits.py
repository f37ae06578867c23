"""Waiting for a table, as operations of their own: nothing here changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.descriptions import TableDescription
from ..model.declare import Model
from ..model.named import table_name
from ..model.options import check_flags
from ..operations.effects import Steps, operation
from ..operations.waiters import find_table, until_active, until_gone
from ..operations.waiting import Deadline, within

if TYPE_CHECKING:
    from datetime import timedelta


@operation
def wait_until_active(
    model: Model | str,
    *,
    name: str | None = None,
    indexes: bool = True,
    timeout: float | timedelta | None = 300,
) -> Steps[TableDescription]:
    """Wait until a table is ACTIVE, and its indexes are too and filled, unless `indexes` is off.

    Sends DescribeTable, at once and then with pauses of 1 to 10 seconds. Waits half a minute for a
    table that is not there yet. Raises `WaitTimeout`; `TableNotFound` for a table that is deleted
    meanwhile; `TableFailed` for a status from which a table does not become ACTIVE.
    """
    check_flags(indexes=indexes)
    table = table_name(model, name=name)

    def wait(deadline: Deadline) -> Steps[TableDescription]:
        found = yield from find_table(table)
        return (yield from until_active(table, deadline, found, indexes=indexes))

    return (yield from within(timeout, wait))


@operation
def wait_until_gone(
    model: Model | str,
    *,
    name: str | None = None,
    timeout: float | timedelta | None = 300,
) -> Steps[None]:
    """Wait until there is no such table, or another one that was made since; deletes nothing.

    Sends DescribeTable, at once and then with pauses of 1 to 10 seconds. Raises `WaitTimeout`.
    """
    table = table_name(model, name=name)

    def wait(deadline: Deadline) -> Steps[None]:
        if found := (yield from find_table(table)):
            yield from until_gone(table, deadline, found)

    yield from within(timeout, wait)
