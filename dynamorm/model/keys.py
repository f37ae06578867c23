"""From marked fields to keys, indexes and a time to live, with every reason why they cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from .fields import Field, InlineFilter, PartitionKey, SortKey, TimeToLive, Vector
from .indexes import IndexSpec, KeyAttribute, VectorAttribute
from .options import AnyIndex, Include, Index, VectorIndex

_UNKNOWN = KeyAttribute("unknown", "S")
_IN_WORDS = {"S": "a string", "N": "a number", "B": "bytes"}

# The marked fields of each key in order, by index (None: the table) and kind of marker.
_Keys = dict[tuple[str | None, type], tuple[Field, ...]]


def spec_parts(
    fields: tuple[Field, ...],
    indexes: tuple[AnyIndex, ...],
    inherited: tuple[AnyIndex, ...],
    place: str,
    problems: list[str],
) -> dict[str, Any]:
    """Return what the markers say, as arguments of a `TableSpec`; add to `problems`.

    `indexes` must have keys; an `inherited` one may have lost its markers in the subclass.
    """
    keys = _keys(fields, problems)
    return {
        "partition_key": _one(keys, PartitionKey, place, problems) or _UNKNOWN,
        "sort_key": _one(keys, SortKey, place, problems),
        "indexes": tuple(
            _indexes(
                keys,
                {index.name: index for index in _known(inherited, place, problems)}
                | _listed(indexes, keys, place, problems),
                fields,
                place,
                problems,
            )
        ),
        "time_to_live": _time_to_live(fields, place, problems),
    }


def _keys(fields: tuple[Field, ...], problems: list[str]) -> _Keys:
    parts: dict[tuple[str | None, type], list[tuple[int | None, Field]]] = {}
    for field in fields:
        markers = [m for m in field.markers if not isinstance(m, TimeToLive)]
        for marker in markers:
            parts.setdefault((marker.index, type(marker)), []).append((marker.position, field))
        if any(not isinstance(marker, Vector) for marker in markers):
            problems += _field_problems(field, any(m.index is None for m in markers))
        elif markers and not field.numbers:
            problems.append(f"a vector is a list or tuple of numbers - at {field.place}")
    return {key: _in_order(key, marked, problems) for key, marked in parts.items()}


def _in_order(
    key: tuple[str | None, type], parts: list[tuple[int | None, Field]], problems: list[str]
) -> tuple[Field, ...]:
    index, kind = key
    positions = {position for position, _ in parts if position is not None}
    if index and positions and len(positions) < len(parts):
        place = ", ".join(field.place for _, field in parts)
        problems.append(
            f"give every {kind.__name__} of index {index!r} a position of its own, or none "
            f"- at {place}"
        )
    return tuple(field for _, field in sorted(parts, key=lambda part: part[0] or 0))


def _field_problems(field: Field, of_table: bool) -> Iterator[str]:
    if len(field.kinds) != 1 or not field.kinds < _IN_WORDS.keys():
        found = " | ".join(sorted(_IN_WORDS.get(kind, kind) for kind in field.kinds)) or "nothing"
        yield (
            "a key must be of one type: str, a number, bytes, or one that msgspec writes as a "
            f"string; got {found} - at {field.place}"
        )
    if field.optional and of_table:
        yield f"the table's own key cannot be optional, only an index's can - at {field.place}"


def _attributes(fields: Iterable[Field]) -> tuple[KeyAttribute, ...]:
    return tuple(KeyAttribute(field.attribute, _letter(field.kinds)) for field in fields)


def _letter(kinds: frozenset[str]) -> Any:
    """Return the type of a key; any letter does for a field that has been found to be none."""
    return next((letter for letter in _IN_WORDS if letter in kinds), "S")


def _one(keys: _Keys, kind: type, place: str, problems: list[str]) -> KeyAttribute | None:
    fields = keys.get((None, kind), ())
    if len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        problems.append(
            f"{len(fields)} fields are {kind.__name__}(), {names}: a table has one - at {place}"
        )
    if not fields and kind is PartitionKey:
        problems.append(f"no partition key: mark one field with PartitionKey() - at {place}")
    return next(iter(_attributes(fields)), None)


def _indexes(
    keys: _Keys,
    listed: Mapping[str, AnyIndex],
    fields: tuple[Field, ...],
    place: str,
    problems: list[str],
) -> Iterator[IndexSpec]:
    attributes = {field.name: field.attribute for field in fields}
    for name in _marked(keys):
        index = listed.get(name, Index(name))
        hashes, ranges, filters = (
            _attributes(keys.get((name, kind), ()))
            for kind in (PartitionKey, SortKey, InlineFilter)
        )
        projection = _projection(index, attributes, place, problems)
        vectors = keys.get((name, Vector), ())
        if not isinstance(index, VectorIndex):
            if vectors or filters:
                problems.append(
                    f"vector index {name!r} is not listed: add VectorIndex({name!r}, "
                    f"dimensions=...) to indexes= - at {place}"
                )
                continue
            capacities = index.throughput, index.on_demand, index.warm
            yield IndexSpec(name, hashes, ranges, projection, *capacities)
        elif len(vectors) == 1:
            vector = VectorAttribute(vectors[0].attribute, index.dimensions, index.distance)
            yield IndexSpec(name, hashes, ranges, projection, vector=vector, filters=filters)
        else:
            named = ", ".join(field.name for field in vectors) or "none"
            problems.append(
                f"vector index {name!r} has one vector: mark one field with Vector(index={name!r}),"
                f" not {named} - at {place}"
            )


def _marked(keys: _Keys) -> dict[str, None]:
    """Return the names of the indexes that fields are marked for, in order."""
    return dict.fromkeys(index for index, _ in keys if index is not None)


def _listed(
    declared: tuple[AnyIndex, ...], keys: _Keys, place: str, problems: list[str]
) -> dict[str, AnyIndex]:
    listed: dict[str, AnyIndex] = {}
    marked = _marked(keys)
    for index in _known(declared, place, problems):
        if index.name in listed:
            problems.append(f"indexes= lists {index.name!r} twice - at {place}")
        if index.name not in marked:
            kinds = (Vector,) if isinstance(index, VectorIndex) else (PartitionKey, SortKey)
            wanted = " or ".join(f"{kind.__name__}(index={index.name!r})" for kind in kinds)
            what = "vector" if isinstance(index, VectorIndex) else "key"
            problems.append(
                f"index {index.name!r} has no {what}: mark fields with {wanted} - at {place}"
            )
        listed[index.name] = index
    return listed


def _known(declared: tuple[AnyIndex, ...], place: str, problems: list[str]) -> Iterator[AnyIndex]:
    for index in declared:
        if isinstance(index, AnyIndex) and isinstance(index.name, str):
            yield index
        else:
            problems.append(f'indexes= takes Index("name", ...), not {index!r} - at {place}')


def _projection(
    index: AnyIndex, attributes: dict[str, str], place: str, problems: list[str]
) -> Any:
    if not isinstance(index.projection, Include):
        return index.projection
    problems += [
        f"Include names {name!r}, which is not a field: the fields are {', '.join(attributes)} "
        f"- at {place}, index {index.name}"
        for name in index.projection.fields
        if name not in attributes
    ]
    return Include(*(attributes.get(name, name) for name in index.projection.fields))


def _time_to_live(fields: tuple[Field, ...], place: str, problems: list[str]) -> str | UnsetType:
    marked = [f for f in fields if any(isinstance(m, TimeToLive) for m in f.markers)]
    problems += [
        "a TTL field must be a number, in seconds since the epoch, or a datetime "
        f"- at {field.place}"
        for field in marked
        if field.kinds != {"N"}
    ]
    if len(marked) > 1:
        names = ", ".join(field.name for field in marked)
        problems.append(f"{len(marked)} TTL fields, {names}: a table has one - at {place}")
    return marked[0].attribute if marked else UNSET
