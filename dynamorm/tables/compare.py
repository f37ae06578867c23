"""What differs between a declared table and the one that is there: a pure comparison.

Only what is declared is compared, as far as it is known; and nothing that the model ignores. Order
never counts, but for the parts of a multi-attribute key; nor do values that the service computes.
What the service sent is compared and never validated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, structs

from ..api import TableDescription
from ..model import Readable, value_text
from ..model.keys import IndexSpec, KeyAttribute, in_order
from ..model.options import KEYS_ONLY, Include
from ..model.spec import TableSpec, declares_settings, is_ignored

if TYPE_CHECKING:
    from ..api.parts import GlobalSecondaryIndexDescription, IndexDescription
    from ..api.parts import Projection as ProjectionReply
    from .steps import Pair, Setting, Settings


class Difference(Readable, frozen=True):
    """A declared setting that differs in the table, or is missing there."""

    name: str
    """What differs: "billing", "key", "index:by-status", "index:by-status:throughput", ..."""
    declared: str
    found: str
    unknown: str = ""
    """Why the two cannot be compared; empty where they are known to differ."""
    blocked: bool = False
    """Whether a living table cannot be given what is declared."""

    def __str__(self) -> str:
        reason = f": cannot be compared, {self.unknown}" if self.unknown else ""
        return f"{self.name}: declared {self.declared}, found {self.found}{reason}"


class Pending(Readable, frozen=True):
    """What could not be done yet."""

    name: str
    reason: str
    retry_after: float | None = None
    """In how many seconds it can be done at the latest, where the service has a rule for that."""
    action: str | None = None
    """The IAM action that the caller lacks, where that is the reason."""


def differences(spec: TableSpec, table: TableDescription) -> tuple[Difference, ...]:
    """Return what `spec` declares and is known to be different in what DescribeTable tells."""
    return tuple(item for item in drift(spec, table) if not item.unknown)


def drift(
    spec: TableSpec, table: TableDescription, settings: Settings | None = None
) -> tuple[Difference, ...]:
    """Return what is declared and differs in all that is known of the table.

    What cannot be compared comes last, each with its reason in `unknown`: neither as declared, nor
    a difference.
    """
    rows: Iterable[Setting] = ()
    # Here and not above: a table that declares no settings is ensured without the rows.
    if declares_settings(spec):
        from .settings import compared_rows

        rows = compared_rows(spec)
    # Each is compared once, and told in two places: a reader looks for the key first.
    settled = [
        (row, part, (part.name, part.declared, part.found))
        for row in rows
        for part in row.compare(spec, table, settings)
        if part.declared is not UNSET
    ]
    every = (
        key_pair(spec, table),
        *(pair for row, _, pair in settled if not row.read),
        *index_pairs(spec, table),
        *(pair for row, _, pair in settled if row.read),
    )
    differing = (
        Difference(name, value_text(declared), value_text(found))
        for name, declared, found in every
        if declared != found
    )
    # Where only the service could tell, a row's `found` returns what is declared: then there is no
    # step, and the reason is told here.
    unknown = (
        Difference(part.name, value_text(part.declared), *reason)
        for row, part, _ in settled
        if part.declared and part.declared == part.found
        if (reason := row.unknown(part))
    )
    return (*differing, *unknown)


def key_pair(spec: TableSpec, table: TableDescription) -> Pair:
    """Return the declared key and the one of the table."""
    return "key", _Key(spec.key[:1], spec.key[1:]), _key(schema_of(table), attribute_types(table))


def index_pairs(spec: TableSpec, table: TableDescription) -> Iterator[Pair]:
    """Return what is declared of indexes, be it different or not."""
    # By name alone: a table has no two indexes of one name, whatever their kinds.
    there = {index.index_name: index for index in indexes_of(table)}
    types = attribute_types(table)
    for index in spec.indexes:
        yield from _index_pairs(index, spec, there.get(index.name), types)


def indexes_of(table: TableDescription) -> Iterator[IndexDescription]:
    """Return the indexes of all kinds."""
    yield from table.global_secondary_indexes
    yield from table.local_secondary_indexes
    yield from table.vector_indexes


def schema_of(owner: TableDescription | IndexDescription) -> list[tuple[str, str]]:
    """Return the attributes that are defined for a table or an index, each with its role."""
    if isinstance(owner, TableDescription) or owner.kind != "vector":
        return [(part.attribute_name, part.key_type) for part in owner.key_schema]
    return [(p.attribute_name, p.search_schema_element_type) for p in owner.search_schema]


def attribute_types(table: TableDescription) -> dict[str, str]:
    """Return the attributes that a table defines, each with its type."""
    return {item.attribute_name: item.attribute_type for item in table.attribute_definitions}


def _index_pairs(
    index: IndexSpec, spec: TableSpec, there: IndexDescription | None, types: dict[str, str]
) -> Iterator[Pair]:
    """Yield what is declared of one index: what it is as a whole, its kind, its capacities."""
    name = f"index:{index.name}"
    # A local index has the partition key of its table, of which a model says nothing:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
    partition = index.partition_key or ((spec.partition_key,) if index.local else ())
    key = _Key(partition, index.sort_key, index.filters)
    vector = _vector(*structs.astuple(index.vector)) if index.vector else ""
    declared = _facts(key, vector, index.projection, spec)
    if there is None:
        yield name, declared, None
        return
    yield name, declared, index_facts(there, spec, types)
    # A pair of its own: local and global indexes may have the same key and projection.
    if there.kind != index.kind:
        yield f"{name}:kind", f"{index.kind} index", f"{there.kind} index"
    if there.kind == "global":
        yield from _capacity_pairs(index, there, spec)


def index_facts(
    there: IndexDescription, spec: TableSpec, types: dict[str, str]
) -> tuple[object, ...]:
    """Return the key, the vector if there is one, and the projection of an index that is there."""
    key, vector = _key(schema_of(there), types), ""
    if there.kind == "vector":
        attribute = there.vector_attribute.attribute_name if there.vector_attribute else None
        vector = _vector(attribute, there.dimensions, there.distance_function)
    return _facts(key, vector, _projection(there.projection), spec)


def _vector(attribute: str | None, dimensions: int | None, distance: str | None) -> str:
    # As words, for readers of a plan, and compared as such: any other member makes another text.
    return f"vector {attribute} of {dimensions} dimensions ({distance})"


def _facts(key: _Key, vector: str, projection: object, spec: TableSpec) -> tuple[object, ...]:
    # A vector index may have no key, and is the only one with a vector: neither is told empty.
    told = (part for part in (str(key) and key, vector) if part)
    return (*told, _projected(projection, spec, key))


def _capacity_pairs(
    index: IndexSpec, there: GlobalSecondaryIndexDescription, spec: TableSpec
) -> Iterator[Pair]:
    """Return the capacities; what is ignored of the table is ignored of its indexes."""
    # Most indexes declare none: then the rows of settings need not be imported.
    if (index.throughput or index.on_demand or index.warm) is None:
        return
    from .table_settings import limits, provisioned, warm

    name = f"index:{index.name}"
    if index.throughput is not None and not is_ignored(spec, "billing"):
        yield f"{name}:throughput", index.throughput, provisioned(there.provisioned_throughput)
    if index.on_demand is not None and not is_ignored(spec, "billing"):
        found = limits(index.on_demand, there.on_demand_throughput)
        yield f"{name}:on_demand", index.on_demand, found
    if index.warm is not None and not is_ignored(spec, "warm"):
        yield f"{name}:warm", index.warm, warm(index.warm, there.warm_throughput)


class _Key(Struct, frozen=True):
    """A key with its types; the order of its parts counts, but for that of inline filters."""

    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]
    filters: tuple[KeyAttribute, ...] = ()

    def __str__(self) -> str:
        kinds = {
            "partition key": self.partition,
            "sort key": self.sort,
            "inline filter": self.filters,
        }
        return ", ".join(f"{kind} {_parts_text(parts)}" for kind, parts in kinds.items() if parts)


def _parts_text(parts: Iterable[KeyAttribute]) -> str:
    return " + ".join(f"{part.name} ({part.type})" for part in parts)


def _key(schema: Iterable[tuple[str, str]], types: dict[str, str]) -> _Key:
    """Return a key that was found; parts of it are in the order in which they are told."""
    hashes, ranges, filters = (
        tuple(
            # A type outside S, N and B is not ours to judge, only to differ.
            KeyAttribute(name, types.get(name, "?"))  # type: ignore[arg-type]
            for name, kind in schema
            if kind == wanted
        )
        for wanted in ("HASH", "RANGE", "INLINE_FILTER")
    )
    return _Key(hashes, ranges, in_order(filters))


def _projected(projection: object, spec: TableSpec, key: _Key) -> object:
    """Return a projection without the keys of table and index, which are always projected."""
    if not isinstance(projection, Include):
        return projection
    keys = {part.name for part in (*spec.key, *key.partition, *key.sort)}
    others = [name for name in projection.fields if name not in keys]
    return Include(*others) if others else KEYS_ONLY


def _projection(projection: ProjectionReply) -> object:
    # As a model says it. A type that nobody knows yet stays its word, and only differs.
    if projection.projection_type == "INCLUDE":
        return Include(*projection.non_key_attributes)
    return projection.projection_type
