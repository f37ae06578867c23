"""Proves that two tables hold the same items, by reading both: counts and hashes, no order."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from .canonical import item_hash
from .codec.misfits import STRANGE
from .effects import Steps, call, operation, together
from .errors import ItemError
from .model import Model, table_name
from .pages import ScanOutput, scan
from .prefixing import Place, elsewhere
from .replies import Cursors
from .settings import check_segments

__all__ = ["Verified", "verify_copy"]

_MODULUS = 1 << 128
"""Sums stay within the 128 bits of a hash."""


class Digest(Struct, frozen=True):
    """How many items, and the sum of their hashes; adding does not care for order."""

    items: int = 0
    hash: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.items + other.items, (self.hash + other.hash) % _MODULUS)


class Verified(Struct, frozen=True):
    """What `verify_copy` has seen of both tables."""

    same: bool
    source: Digest
    target: Digest


@operation
def verify_copy(
    source: Model | str,
    target: Model | str,
    *,
    segments: int = 8,
    consistent_read: bool = True,
    target_db: Place | None = None,
    executor: Any = None,
) -> Steps[Verified]:
    """Compare all items of two tables, each read once with Scan, in `segments` at once.

    Equal are items that DynamoDB holds equal: numbers by value, sets in any order. Costs the read
    units of both tables, whole; writes in the meantime make a difference. Raises `ItemError` for
    what is no item.
    """
    check_segments(segments)
    ours = tuple(
        _digest(table_name(source), segment, segments, consistent_read)
        for segment in range(segments)
    )
    theirs = tuple(
        _digest(table_name(target), segment, segments, consistent_read)
        for segment in range(segments)
    )
    if target_db is not None:
        theirs = tuple(elsewhere(steps, target_db) for steps in theirs)
    found = yield from together((*ours, *theirs), executor)
    left = sum(found[:segments], Digest())
    right = sum(found[segments:], Digest())
    return Verified(left == right, left, right)


def _sum(items: list[Raw], table: str) -> Digest:
    try:
        return Digest(len(items), sum(map(item_hash, items)))
    except STRANGE:
        raise ItemError("a page has an item that is not of attribute values", table) from None


def _digest(table: str, segment: int, of: int, consistent_read: bool) -> Steps[Digest]:
    total = Digest()
    start = None
    cursors = Cursors("Scan")
    while True:
        payload = scan(table, segment=segment, of=of, start=start, consistent_read=consistent_read)
        page = yield from call("Scan", payload, ScanOutput)
        total += _sum(page.items, table)
        start = cursors.onward(start, page.last_evaluated_key)
        if not start:
            return total
