"""The indexes of a table as a `TableSpec` has them, by the names of attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct, structs

from .names import attribute_problems
from .options import ALL, Distance, OnDemand, Projecting, Projection, Provisioned, WarmThroughput

IndexKind = Literal["global", "local", "vector"]


class KeyAttribute(Struct, frozen=True):
    """An attribute that is part of a key, by its name in the table: "S", "N" or "B"."""

    name: str
    type: Literal["S", "N", "B"]


def key_problems(key: tuple[KeyAttribute, ...], what: str) -> Iterator[str]:
    """Say what is wrong with the attributes of a key, or of a search schema."""
    for name, count in Counter(attribute.name for attribute in key).items():
        if count > 1:
            yield f"attribute {name!r} is {count} times in one {what}"
    for attribute in key:
        if attribute.type not in ("S", "N", "B"):
            yield f"key attribute {attribute.name!r} has type {attribute.type!r}, not S, N or B"
        yield from attribute_problems("key", attribute.name)


class VectorAttribute(Struct, frozen=True):
    """The attribute that a vector index searches, by its name in the table."""

    name: str
    dimensions: int
    distance: Distance


def in_order(filters: Iterable[KeyAttribute]) -> tuple[KeyAttribute, ...]:
    """Return inline filters in a fixed order: their own order does not count."""
    return tuple(sorted(filters, key=lambda part: str(part.name)))


class IndexSpec(Projecting, frozen=True):
    """An index: a vector index where it has a `vector`; one without a partition key is local.

    A local index shares the partition key of the table. The names in `Include` are attribute names
    here. `filters` are the inline filters of a vector index, kept by name.
    """

    name: str
    partition_key: tuple[KeyAttribute, ...] = ()
    sort_key: tuple[KeyAttribute, ...] = ()
    projection: Projection = ALL
    throughput: Provisioned | None = None
    on_demand: OnDemand | None = None
    warm: WarmThroughput | None = None
    vector: VectorAttribute | None = None
    filters: tuple[KeyAttribute, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters and all(isinstance(part, KeyAttribute) for part in self.filters):
            structs.force_setattr(self, "filters", in_order(self.filters))

    @property
    def kind(self) -> IndexKind:
        if self.vector is not None:
            return "vector"
        return "global" if self.partition_key else "local"

    @property
    def local(self) -> bool:
        return self.kind == "local"

    @property
    def key(self) -> tuple[KeyAttribute, ...]:
        """The attributes of its own key, in order."""
        return self.partition_key + self.sort_key

    @property
    def defined(self) -> tuple[KeyAttribute, ...]:
        """The attributes that the table defines for it: its key, then its inline filters."""
        return self.key + self.filters
