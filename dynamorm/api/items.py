"""Scan pages, lookups and writes, with the items in them left as the bytes that they are.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Raw

from . import Reply, Request

Key = dict[str, dict[str, str]]
"""A key as attribute values; JSON-safe, since binary ones are base64 and numbers strings."""


class ScanInput(Request, frozen=True):
    table_name: str
    limit: int | None = None
    exclusive_start_key: Key | None = None
    return_consumed_capacity: str | None = None
    total_segments: int | None = None
    segment: int | None = None
    consistent_read: bool | None = None


class BatchWriteItemInput(Request, frozen=True):
    """Write requests by table; each list is joined already."""

    request_items: dict[str, Raw]
    return_consumed_capacity: str | None = None


class PutItemInput(Request, frozen=True, omit_defaults=False):
    """A put on the condition that there is no item with its key; puts without one go in batches.

    `expression_attribute_names` has the name of a key attribute as `#key`.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
    """

    table_name: str
    item: Raw
    expression_attribute_names: dict[str, str]
    condition_expression: str = "attribute_not_exists(#key)"
    # So an item that is there can be compared without a GetItem: the error has it.
    return_values_on_condition_check_failure: str = "ALL_OLD"
    return_consumed_capacity: str = "TOTAL"


class GetItemInput(Request, frozen=True, omit_defaults=False):
    """One item as it is at this moment, for engines that do not tell what a condition has met."""

    table_name: str
    key: dict[str, Raw]
    consistent_read: bool = True


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


MAX_KEYS = 100
"""Keys in one request at most; an answer holds 16 MB, and hands the other keys back."""


class KeysAndAttributes(Request, frozen=True):
    """What is asked for in one table; the keys are joined already."""

    keys: Raw
    consistent_read: bool | None = None
    projection_expression: str | None = None
    expression_attribute_names: dict[str, str] | None = None


class BatchGetItemInput(Request, frozen=True):
    """Keys by table."""

    request_items: dict[str, KeysAndAttributes]
    return_consumed_capacity: str | None = None


class UnprocessedKeys(Reply, frozen=True):
    keys: list[Raw]


class BatchGetItemOutput(Reply, frozen=True):
    """What was found, and what is still to be asked for."""

    responses: dict[str, list[Raw]]
    unprocessed_keys: dict[str, UnprocessedKeys]
    consumed_capacity: tuple[ConsumedCapacity, ...] = ()

    @property
    def items(self) -> list[Raw]:
        """The items that were found, of whatever table, in no order that means anything."""
        return [item for items in self.responses.values() for item in items]

    @property
    def unprocessed(self) -> list[Raw]:
        """The keys that were not looked up, of whatever table; an empty list is none."""
        return [key for left in self.unprocessed_keys.values() for key in left.keys]


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
        limit=limit or None,
        exclusive_start_key=start or None,
        return_consumed_capacity="TOTAL",
        total_segments=of,
        segment=segment,
        consistent_read=consistent_read or None,
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


def batch_get_item(
    table: str,
    keys: Sequence[bytes | Raw],
    *,
    consistent_read: bool = False,
    only: Iterable[str] = (),
) -> BatchGetItemInput:
    """Build BatchGetItem for these keys, each the JSON of its attribute values.

    Without `only`, the names of attributes, items are given whole. It saves bytes, not read units.
    """
    # By substitutes, since a name may be a reserved word, or have a dot in it:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
    names = {f"#{number}": name for number, name in enumerate(only)}
    asked = KeysAndAttributes(
        Raw(b"[" + b",".join(keys) + b"]"),
        consistent_read=consistent_read or None,
        projection_expression=",".join(names) or None,
        expression_attribute_names=names or None,
    )
    return BatchGetItemInput({table: asked}, return_consumed_capacity="TOTAL")
