"""The markers that make a Struct's fields the keys of a table."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

__all__ = ["Marker", "PartitionKey", "SortKey", "TimeToLive"]


class _Marker(Struct, frozen=True, repr_omit_defaults=True):
    """What all markers share: a positional argument is answered with what to write."""

    # Only a field sees a positional argument: a Struct has no `__init__` of its own.
    misplaced: UnsetType = UNSET


class _KeyMarker(_Marker, frozen=True, kw_only=True):
    """Part of the key of the table, or of `index`."""

    index: str | None = None
    position: int | None = None

    def __post_init__(self) -> None:
        if self.misplaced is not UNSET:
            kind = type(self).__name__
            raise TypeError(f"an index is given by keyword: write {kind}(index={self.misplaced!r})")
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


class TimeToLive(_Marker, frozen=True):
    """Marks the field that holds, in seconds since the epoch, when an item expires."""

    def __post_init__(self) -> None:
        if self.misplaced is not UNSET:
            raise TypeError("TimeToLive takes no argument: mark the field with TimeToLive()")


Marker = PartitionKey | SortKey | TimeToLive
