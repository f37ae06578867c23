"""Deletes the items of a table, for the next test."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, overload

from msgspec import UNSET, Raw, UnsetType, json

from ..api import Reply
from ..api.items import BatchWriteItemInput, ScanOutput, scan
from ..errors import Throttled
from ..model import table_name
from ..model.declare import Model
from ..operations import Steps, call, operation
from ..operations.waiting import deadline_in, pause, polling
from ..tables import describe_table

if TYPE_CHECKING:
    from ..database import AsyncDatabase, Database

BATCH = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""


class _Left(Reply, frozen=True):
    unprocessed_items: dict[str, list[Raw]] | UnsetType = UNSET


@overload
def empty_table(db: Database, model: Model | str) -> int: ...
@overload
def empty_table(db: AsyncDatabase, model: Model | str) -> Awaitable[int]: ...
def empty_table(db: Any, model: Model | str) -> Any:
    """Delete all items of a table, and return how many there were; await it under asyncio.

    The table itself stays: if creating a table takes seconds, emptying it between two tests is
    quicker.

    Sends DescribeTable, a Scan for each megabyte, and a BatchWriteItem for each 25 items. Raises
    `TableNotFound`, and `Throttled` if items are still undeleted after a minute.
    """
    return db.run(_emptied(table_name(model)))


@operation
def _emptied(name: str) -> Steps[int]:
    table = yield from describe_table(name)
    keys = {part.attribute_name for part in table.key_schema}
    start, deleted = None, 0
    while True:
        # Consistent, or what a test wrote last would be left for the next one.
        page = yield from call("Scan", scan(name, start=start, consistent_read=True), ScanOutput)
        for first in range(0, len(page.items), BATCH):
            batch = page.items[first : first + BATCH]
            yield from _deleted(name, [_request(item, keys) for item in batch])
        deleted += len(page.items)
        start = page.last_evaluated_key
        if start is None:
            return deleted


def _request(item: Raw, keys: set[str]) -> Raw:
    key = {name: value for name, value in json.decode(item).items() if name in keys}
    return Raw(json.encode({"DeleteRequest": {"Key": key}}))


def _deleted(name: str, requests: list[Raw]) -> Steps[None]:
    """Send the requests of a batch until none of them comes back."""
    deadline = yield from deadline_in(60)
    schedule = polling()
    while requests:
        batch = BatchWriteItemInput({name: Raw(b"[" + b",".join(requests) + b"]")})
        reply = yield from call("BatchWriteItem", batch, _Left)
        left = reply.unprocessed_items or {}
        requests = [request for given in left.values() for request in given]
        if requests and not (yield from pause(schedule, deadline)):
            message = f"{len(requests)} items were not deleted within a minute"
            raise Throttled("Unprocessed", message, status=200, operation="BatchWriteItem")
