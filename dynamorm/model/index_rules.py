"""The service's rules for the indexes of a table, by kind.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import get_args

from msgspec import UnsetType

from . import attribute_problems, name_problem
from .keys import IndexKind, IndexSpec, KeyAttribute, VectorAttribute, key_problems
from .options import Distance, Include, OnDemand, Provisioned, WarmThroughput

Key = tuple[KeyAttribute, ...]
Billing = OnDemand | Provisioned | UnsetType

# The defaults of AWS: the number of global ones is raised on request.
MAX_INDEXES = {"global": 20, "local": 5, "vector": 5}
MAX_INCLUDED = 20
# An attribute counts once for each index that includes it; an index that projects ALL does
# not count.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html
MAX_INCLUDED_IN_SUM = 100
MAX_KEY_PARTS = 4
MAX_DIMENSIONS = 4096
MAX_FILTERS = 18
# The type of each; the rules per kind say which goes with which billing.
_CAPACITIES = {"throughput": Provisioned, "on_demand": OnDemand, "warm": WarmThroughput}


def index_problems(
    indexes: tuple[IndexSpec, ...], key: Key, defined: Key, billing: Billing, place: str
) -> Iterator[str]:
    """Say what is wrong with all indexes together, then with each by itself.

    `key` is the table's own, and `defined` every attribute of a key or search schema.
    """
    for problem in _problems_in_sum(indexes, defined):
        yield f"{problem} - at {place}"
    for index in indexes:
        for problem in _problems(index, key, billing):
            yield f"{problem} - at {place}.{index.name}"


def _problems_in_sum(indexes: tuple[IndexSpec, ...], defined: Key) -> Iterator[str]:
    for name, count in Counter(index.name for index in indexes).items():
        if count > 1:
            yield f"{count} indexes are named {name!r}: give each a name of its own"
    kinds: Counter[IndexKind] = Counter(index.kind for index in indexes)
    for kind, count in kinds.items():
        if count > MAX_INDEXES[kind]:
            yield f"{count} {kind} indexes; a table has at most {MAX_INDEXES[kind]}"
    included = sum(len(_included(index)) for index in indexes)
    if included > MAX_INCLUDED_IN_SUM:
        yield (
            f"{included} included attributes over all indexes; "
            f"the most is {MAX_INCLUDED_IN_SUM}: project ALL or KEYS_ONLY somewhere"
        )
    dimensions: dict[str, list[str]] = {}
    for index in indexes:
        if index.vector:
            dimensions.setdefault(index.vector.name, []).append(str(index.vector.dimensions))
    for name, every in sorted(dimensions.items()):
        if any(attribute.name == name for attribute in defined):
            yield f"{name!r} is a vector: it can be no key and no inline filter"
        if len({*every}) > 1:
            listed = ", ".join(every)
            yield f"vector {name!r} has {listed} dimensions: all its indexes have the same"


def _problems(index: IndexSpec, key: Key, billing: Billing) -> Iterator[str]:
    if problem := name_problem(index.name, "index"):
        yield problem
    for option, kind in _CAPACITIES.items():
        if not isinstance(value := getattr(index, option), kind | None):
            yield f"{option} takes {kind.__name__}(...), not {value!r}"
    yield from key_problems(index.defined, "search schema" if index.vector else "key")
    yield from _projection_problems(index)
    yield from _OF_KIND[index.kind](index, key, billing)
    if index.filters and not index.vector:
        yield "filters go with a vector: give the index one, or leave them out"


def _included(index: IndexSpec) -> tuple[str, ...]:
    return index.projection.fields if isinstance(index.projection, Include) else ()


def _projection_problems(index: IndexSpec) -> Iterator[str]:
    names = _included(index)
    if isinstance(index.projection, Include):
        if not names:
            yield "Include() names no field: use KEYS_ONLY for none"
        if len(names) > MAX_INCLUDED:
            yield f"Include names {len(names)} fields; the most is {MAX_INCLUDED}"
        if len(set(names)) < len(names):
            yield "Include names a field twice: name each once"
        for name in names:
            yield from attribute_problems("projected", name)
    elif index.projection not in ("ALL", "KEYS_ONLY"):
        yield f"projection takes ALL, KEYS_ONLY or Include(...), not {index.projection!r}"


def _local_problems(index: IndexSpec, key: Key, _: Billing) -> Iterator[str]:
    if len(key) == 1:
        yield (
            "a local index needs a table with a sort key: mark one with SortKey(), "
            "or give this index a PartitionKey of its own"
        )
    if any(attribute.name == key[0].name for attribute in index.sort_key):
        yield "a local index has the table's partition key: sort by another attribute"
    if len(index.sort_key) != 1:
        yield f"a local index has exactly one sort key, not {len(index.sort_key)}"
    for option in _CAPACITIES:
        if getattr(index, option) is not None:
            yield f"a local index shares the table's capacity: leave {option} out"


def _global_problems(index: IndexSpec, _: Key, billing: Billing) -> Iterator[str]:
    for name, parts in (("partition", index.partition_key), ("sort", index.sort_key)):
        if len(parts) > MAX_KEY_PARTS:
            yield f"{len(parts)} {name} key attributes; the most is {MAX_KEY_PARTS}"
    if isinstance(billing, Provisioned):
        if index.on_demand is not None:
            yield "on_demand on a provisioned table: give throughput instead"
    elif index.throughput is not None:
        yield "throughput on an on-demand table: give on_demand, or the table Provisioned billing"


def _vector_problems(index: IndexSpec, _: Key, billing: Billing) -> Iterator[str]:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.Requirements.html
    vector: VectorAttribute = index.vector  # type: ignore[assignment]  # of this kind, it has one
    # A vector is no key, so `key_problems` has not seen its name.
    yield from attribute_problems("vector", vector.name)
    if type(vector.dimensions) is not int or not 1 <= vector.dimensions <= MAX_DIMENSIONS:
        yield f"dimensions takes 1 to {MAX_DIMENSIONS}, not {vector.dimensions!r:.50}"
    if vector.distance not in get_args(Distance):
        yield f"distance takes {', '.join(get_args(Distance))}, not {vector.distance!r:.50}"
    if index.sort_key:
        yield "a vector index has no sort key: mark the field with InlineFilter(index=...)"
    if len(index.partition_key) > 1:
        yield f"{len(index.partition_key)} partition key attributes; a vector index has at most 1"
    if len(index.filters) > MAX_FILTERS:
        yield f"{len(index.filters)} inline filters; the most is {MAX_FILTERS}"
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    projected = {*_included(index), vector.name, *(part.name for part in index.filters)}
    if _included(index) and len(projected) > MAX_INCLUDED:
        yield (
            f"{len(projected)} projected attributes, of which the vector and the inline filters "
            f"are some; the most is {MAX_INCLUDED}: project ALL or KEYS_ONLY"
        )
    for option in _CAPACITIES:
        if getattr(index, option) is not None:
            yield f"a vector index has no capacity of its own: leave {option} out"
    if isinstance(billing, Provisioned):
        yield "a table with a vector index is billed on demand: declare OnDemand()"


_OF_KIND: dict[IndexKind, Callable[[IndexSpec, Key, Billing], Iterator[str]]] = {
    "global": _global_problems,
    "local": _local_problems,
    "vector": _vector_problems,
}
