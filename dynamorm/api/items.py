"""Scan pages and writes, with the items in them left as the bytes that they are.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import UNSET, Raw, UnsetType

from . import Reply, Request

Key = dict[str, dict[str, str]]
"""A key as attribute values; JSON-safe, since binary ones are base64 and numbers strings."""


class ScanInput(Request, frozen=True):
    table_name: str
    limit: int | UnsetType = UNSET
    exclusive_start_key: Key | UnsetType = UNSET
    return_consumed_capacity: str | UnsetType = UNSET
    total_segments: int | UnsetType = UNSET
    segment: int | UnsetType = UNSET
    consistent_read: bool | UnsetType = UNSET


class BatchWriteItemInput(Request, frozen=True):
    """Write requests by table; each list is joined already."""

    request_items: dict[str, Raw]
    return_consumed_capacity: str | UnsetType = UNSET


class PutItemInput(Request, frozen=True):
    """A put on a condition; puts without one go in batches."""

    table_name: str
    item: Raw
    condition_expression: str
    expression_attribute_names: dict[str, str]
    return_values_on_condition_check_failure: str
    return_consumed_capacity: str


class GetItemInput(Request, frozen=True):
    """One item as it is, for engines that do not tell what a condition has met."""

    table_name: str
    key: dict[str, Raw]
    consistent_read: bool


class ConsumedCapacity(Reply, frozen=True):
    table_name: str | None = None
    capacity_units: float | None = None


class ScanOutput(Reply, frozen=True):
    """A page; one whose count is not that of its items is no whole answer.

    Without `last_evaluated_key` it is the last one, however many items it has.
    """

    items: list[Raw]
    count: int
    scanned_count: int | None = None
    last_evaluated_key: Key | None = None
    consumed_capacity: ConsumedCapacity | None = None

    def __post_init__(self) -> None:
        if self.count != len(self.items):
            raise ValueError(f"Count is {self.count}, but the page has {len(self.items)} items")


class PutRequest(Reply, frozen=True):
    item: Raw


class WriteRequest(Reply, frozen=True):
    put_request: PutRequest


class BatchWriteItemOutput(Reply, frozen=True):
    unprocessed_items: dict[str, list[WriteRequest]]
    consumed_capacity: tuple[ConsumedCapacity, ...] = ()

    @property
    def unprocessed(self) -> list[Raw]:
        """The items that were not written, of whatever table; an empty list is none."""
        # Under whatever name the table comes back: a request here is about one.
        left = self.unprocessed_items.values()
        return [request.put_request.item for requests in left for request in requests]


class PutItemOutput(Reply, frozen=True):
    consumed_capacity: ConsumedCapacity | None = None


class GetItemOutput(Reply, frozen=True):
    item: Raw = Raw()
    """Empty where there is none."""


def scan(
    table: str,
    *,
    segment: int = 0,
    of: int = 1,
    start: Key | None = None,
    limit: int | None = None,
    consistent_read: bool = False,
) -> ScanInput:
    """Build Scan for one page: at most 1 MB of items, or `limit` of them."""
    # What is false or absent is left out: it is the default, and each page has these bytes.
    return ScanInput(
        table,
        limit=limit or UNSET,
        exclusive_start_key=start or UNSET,
        return_consumed_capacity="TOTAL",
        total_segments=of,
        segment=segment,
        consistent_read=consistent_read or UNSET,
    )


def batch_write_item(table: str, items: Sequence[bytes | Raw]) -> BatchWriteItemInput:
    """Build BatchWriteItem that puts these items, each the JSON of its attribute values."""
    # Joined at once: a batch may have megabytes.
    parts: list[bytes | Raw] = [b'}},{"PutRequest":{"Item":'] * (2 * len(items) + 1)
    parts[0], parts[1::2], parts[-1] = b'[{"PutRequest":{"Item":', items, b"}}]"
    requests = Raw(b"".join(parts))
    return BatchWriteItemInput({table: requests}, return_consumed_capacity="TOTAL")


def units(consumed: Iterable[ConsumedCapacity | None], estimate: Callable[[], float]) -> float:
    """Return the capacity units that were consumed, estimated where the service does not say."""
    # Some engines tell none. The estimate is a function, since it adds up sizes that few need.
    said = [c.capacity_units for c in consumed if c and c.capacity_units is not None]
    return sum(said) if said else estimate()


def put_if_absent(table: str, item: bytes | Raw, key_name: str) -> PutItemInput:
    """Build PutItem on the condition that there is no item with its key.

    Where there is one, the error has it.
    """
    return PutItemInput(
        table,
        Raw(item),
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
        condition_expression="attribute_not_exists(#key)",
        expression_attribute_names={"#key": key_name},
        # So an item that is there can be compared without a GetItem.
        return_values_on_condition_check_failure="ALL_OLD",
        return_consumed_capacity="TOTAL",
    )


def get_item(table: str, key: dict[str, Raw]) -> GetItemInput:
    """Build GetItem for what is in the table at this moment."""
    return GetItemInput(table, key, consistent_read=True)
