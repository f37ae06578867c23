"""Keys and indexes: as a `TableSpec` has them, by the names of attributes; and from marked fields.

With every reason why marked fields cannot be keys, indexes and a time to live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, structs

from . import attribute_problems, options
from .fields import Field, InlineFilter, PartitionKey, SortKey, TimeToLive, Vector

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
    distance: options.Distance


def in_order(filters: Iterable[KeyAttribute]) -> tuple[KeyAttribute, ...]:
    """Return inline filters in a fixed order: their own order does not count."""
    # By str(): names are checked later, so one may still be of another type here.
    return tuple(sorted(filters, key=lambda part: str(part.name)))


class IndexSpec(options.Projecting, frozen=True):
    """An index: a vector index where it has a `vector`; one without a partition key is local.

    A local index shares the partition key of the table. The names in `Include` are attribute names
    here. `filters` are the inline filters of a vector index, kept by name.
    """

    name: str
    partition_key: tuple[KeyAttribute, ...] = ()
    sort_key: tuple[KeyAttribute, ...] = ()
    projection: options.Projection = options.ALL
    throughput: options.Provisioned | None = None
    on_demand: options.OnDemand | None = None
    warm: options.WarmThroughput | None = None
    vector: VectorAttribute | None = None
    filters: tuple[KeyAttribute, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters and all(isinstance(part, KeyAttribute) for part in self.filters):
            structs.force_setattr(self, "filters", in_order(self.filters))

    @property
    def kind(self) -> IndexKind:
        # A vector index may have a partition key too, so its vector is looked at first.
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


# In place of a key that is missing, so that everything else that is wrong is found in the same run.
_UNKNOWN = KeyAttribute("unknown", "S")
_IN_WORDS = {"S": "a string", "N": "a number", "B": "bytes"}


def spec_parts(
    fields: tuple[Field, ...],
    indexes: tuple[options.AnyIndex, ...],
    inherited: tuple[options.AnyIndex, ...],
    place: str,
    problems: list[str],
) -> dict[str, Any]:
    """Return what the markers say, as arguments of a `TableSpec`; add to `problems`.

    `indexes` must have keys; an `inherited` one may have lost its markers in the subclass.
    """
    marked = _Marked(fields, place, problems)
    return {
        "partition_key": marked.own_key(PartitionKey) or _UNKNOWN,
        "sort_key": marked.own_key(SortKey),
        "indexes": tuple(
            marked.indexes(
                {index.name: index for index in marked.known(inherited)} | marked.listed(indexes)
            )
        ),
        "time_to_live": marked.time_to_live(),
    }


class _Marked:
    """The marked fields of one model; what is wrong with them is added to `problems`."""

    def __init__(self, fields: tuple[Field, ...], place: str, problems: list[str]) -> None:
        self._fields = fields
        self._place = place
        self._problems = problems
        parts: dict[tuple[str | None, type], list[tuple[int | None, Field]]] = {}
        for field in fields:
            markers = [m for m in field.markers if not isinstance(m, TimeToLive)]
            for marker in markers:
                parts.setdefault((marker.index, type(marker)), []).append((marker.position, field))
            # Inline filters have a key's type; a vector is a list of numbers.
            if any(not isinstance(marker, Vector) for marker in markers):
                self._check_key(field, any(m.index is None for m in markers))
            elif markers and not field.numbers:
                self._wrong("a vector is a list or tuple of numbers", field.place)
        self._keys = {key: self._in_order(*key, marked) for key, marked in parts.items()}
        """The fields of each key in order, by index (`None`: the table) and kind of marker."""

    def _check_key(self, field: Field, of_table: bool) -> None:
        if len(field.kinds) != 1 or not field.kinds < _IN_WORDS.keys():
            found = " | ".join(sorted(_IN_WORDS.get(kind, kind) for kind in field.kinds))
            self._wrong(
                "a key must be of one type: str, a number, bytes, or one that msgspec writes as a "
                f"string; got {found or 'nothing'}",
                field.place,
            )
        if field.optional and of_table:
            wrong = "the table's own key cannot be optional, only an index's can"
            self._wrong(wrong, field.place)

    def _wrong(self, problem: str, place: str = "") -> None:
        self._problems.append(f"{problem} - at {place or self._place}")

    def _in_order(
        self, index: str | None, kind: type, parts: list[tuple[int | None, Field]]
    ) -> tuple[Field, ...]:
        positions = {position for position, _ in parts if position is not None}
        place = ", ".join(field.place for _, field in parts)
        # Two fields of a kind are refused in the table's own key, whatever their order.
        if index is None and positions and len(parts) == 1:
            self._wrong(
                "position= orders the parts of an index's key: the table's own has one "
                f"{kind.__name__}, so leave it out",
                place,
            )
        elif index and positions and len(positions) < len(parts):
            several = f"every {kind.__name__} of index {index!r}"
            self._wrong(f"give {several} a position of its own, or none", place)
        # Sorted stably: without positions, the order of the fields is that of the key.
        return tuple(field for _, field in sorted(parts, key=lambda part: part[0] or 0))

    def _fields_of(self, index: str | None, kind: type) -> tuple[Field, ...]:
        return self._keys.get((index, kind), ())

    def _attributes(self, index: str | None, kind: type) -> tuple[KeyAttribute, ...]:
        fields = self._fields_of(index, kind)
        return tuple(KeyAttribute(field.attribute, _letter(field.kinds)) for field in fields)

    def own_key(self, kind: type) -> KeyAttribute | None:
        """Return the table's own key attribute of a kind, the first one if there are several."""
        fields = self._fields_of(None, kind)
        if len(fields) > 1:
            names = ", ".join(field.name for field in fields)
            self._wrong(f"{len(fields)} fields are {kind.__name__}(), {names}: a table has one")
        if not fields and kind is PartitionKey:
            self._wrong("no partition key: mark one field with PartitionKey()")
        return next(iter(self._attributes(None, kind)), None)

    def indexes(self, listed: Mapping[str, options.AnyIndex]) -> Iterator[IndexSpec]:
        """Yield the indexes that fields are marked for, each with what its listing says."""
        for name in self._names():
            index = listed.get(name, options.Index(name))
            hashes, ranges, filters = (
                self._attributes(name, kind) for kind in (PartitionKey, SortKey, InlineFilter)
            )
            projection = self._projection(index)
            vectors = self._fields_of(name, Vector)
            if not isinstance(index, options.VectorIndex):
                if vectors or filters:
                    listing = f"add VectorIndex({name!r}, dimensions=...) to indexes="
                    self._wrong(f"vector index {name!r} is not listed: {listing}")
                    # An index made from the rest would only repeat the same problem.
                    continue
                capacities = index.throughput, index.on_demand, index.warm
                yield IndexSpec(name, hashes, ranges, projection, *capacities)
            elif len(vectors) == 1:
                vector = VectorAttribute(vectors[0].attribute, index.dimensions, index.distance)
                yield IndexSpec(name, hashes, ranges, projection, vector=vector, filters=filters)
            else:
                named = ", ".join(field.name for field in vectors) or "none"
                one = f"mark one field with Vector(index={name!r}), not {named}"
                self._wrong(f"vector index {name!r} has one vector: {one}")

    def _names(self) -> dict[str, None]:
        return dict.fromkeys(index for index, _ in self._keys if index is not None)

    def listed(self, declared: tuple[options.AnyIndex, ...]) -> dict[str, options.AnyIndex]:
        """Return the indexes of `indexes=` by name; each must have its markers."""
        listed: dict[str, options.AnyIndex] = {}
        marked = self._names()
        for index in self.known(declared):
            if index.name in listed:
                self._wrong(f"indexes= lists {index.name!r} twice")
            if index.name not in marked:
                vector = isinstance(index, options.VectorIndex)
                what, kinds = ("vector", [Vector]) if vector else ("key", [PartitionKey, SortKey])
                wanted = " or ".join(f"{kind.__name__}(index={index.name!r})" for kind in kinds)
                self._wrong(f"index {index.name!r} has no {what}: mark fields with {wanted}")
            listed[index.name] = index
        return listed

    def known(self, declared: tuple[options.AnyIndex, ...]) -> Iterator[options.AnyIndex]:
        """Yield what is an index with a name."""
        for index in declared:
            if isinstance(index, options.AnyIndex) and isinstance(index.name, str):
                yield index
            else:
                self._wrong(f'indexes= takes Index("name", ...), not {index!r}')

    def _projection(self, index: options.AnyIndex) -> Any:
        """Return a projection by the names of attributes; a model has those of fields."""
        if not isinstance(index.projection, options.Include):
            return index.projection
        attributes = {field.name: field.attribute for field in self._fields}
        for name in index.projection.fields:
            if name not in attributes:
                self._wrong(
                    f"Include names {name!r}, which is not a field: the fields are "
                    f"{', '.join(attributes)}",
                    f"{self._place}, index {index.name}",
                )
        return options.Include(*(attributes.get(name, name) for name in index.projection.fields))

    def time_to_live(self) -> str | UnsetType:
        """Return the attribute of the field that is marked with `TimeToLive`."""
        marked = [f for f in self._fields if any(isinstance(m, TimeToLive) for m in f.markers)]
        for field in marked:
            if field.kinds != {"N"}:
                wanted = "a number, in seconds since the epoch, or a datetime"
                self._wrong(f"a TTL field must be {wanted}", field.place)
        if len(marked) > 1:
            names = ", ".join(field.name for field in marked)
            self._wrong(f"{len(marked)} TTL fields, {names}: a table has one")
        return marked[0].attribute if marked else UNSET


def _letter(kinds: frozenset[str]) -> Any:
    """Return the type of a key; any letter does for a field that has been found to be none."""
    return next((letter for letter in _IN_WORDS if letter in kinds), "S")
