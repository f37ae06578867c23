"""The markers that make a Struct's fields the keys of a table."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Marker", "PartitionKey", "SortKey", "TimeToLive"]


class _KeyMarker(Struct, frozen=True, kw_only=True):
    """Part of the key of the table, or of `index`."""

    index: str | None = None
    position: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.index, str | None):
            raise TypeError(f"index= takes the name of an index, not {self.index!r}")
        if self.position is not None and type(self.position) is not int:
            raise TypeError(f"position= takes a whole number, not {self.position!r}")


class PartitionKey(_KeyMarker, frozen=True):
    """Marks a field as the partition key of the table, or of the global index `index`.

    Several on one index make a multi-attribute key: in field order or, where each has a
    `position`, in that order.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """


class SortKey(_KeyMarker, frozen=True):
    """Marks a field as the sort key of the table or of `index`.

    An index with a sort key only is a local one: it shares the table's partition key.
    """


class TimeToLive(Struct, frozen=True):
    """Marks the field that holds, in seconds since the epoch, when an item expires."""


Marker = PartitionKey | SortKey | TimeToLive
