"""BatchGetItem: up to a hundred items by their keys, left as the bytes that they are.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import UNSET, Raw

from ..api.items import BatchWriteItemInput, ConsumedCapacity, Key, ScanInput
from ..api.lookups import BatchGetItemInput, KeysAndAttributes


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
    names = {f"#{number}": name for number, name in enumerate(only)}
    asked = KeysAndAttributes(
        Raw(b"[" + b",".join(keys) + b"]"),
        consistent_read=consistent_read or UNSET,
        projection_expression=",".join(names) or UNSET,
        expression_attribute_names=names or UNSET,
    )
    return BatchGetItemInput({table: asked}, return_consumed_capacity="TOTAL")


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
    said = [c.capacity_units for c in consumed if c and c.capacity_units is not None]
    return sum(said) if said else estimate()
