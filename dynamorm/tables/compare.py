"""What differs between a declared table and the one that is there: a pure comparison.

Only what is declared is compared, as far as DescribeTable tells it: not tags, nor a time to live;
and nothing that the model ignores. Order never counts, but for the parts of a multi-attribute key;
nor do values that the service computes. What the service sent is compared and never validated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import UNSET

from ..api.descriptions import (
    GlobalSecondaryIndexDescription,
    KeySchemaElement,
    LocalSecondaryIndexDescription,
    OnDemandThroughput,
    ProvisionedThroughputDescription,
    TableDescription,
    WarmThroughputDescription,
)
from ..api.descriptions import Projection as ProjectionReply
from ..model import Readable
from ..model.options import (
    KEYS_ONLY,
    KMS,
    MAX_UNITS,
    Include,
    OnDemand,
    Provisioned,
    WarmThroughput,
)
from ..model.spec import IndexSpec, KeyAttribute, TableSpec
from .encryption import encryption_found, encryption_unknown

IndexDescription = GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription


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


Pair = tuple[str, Any, Any]
"""A name, what is declared, and what is there."""


def differences(spec: TableSpec, table: TableDescription) -> tuple[Difference, ...]:
    """Return what `spec` declares and is known to be different in what DescribeTable tells."""
    return tuple(
        Difference(name, value_text(declared), value_text(found))
        for name, declared, found in pairs(spec, table)
        if declared != found
    )


def reported(spec: TableSpec, table: TableDescription) -> tuple[Difference, ...]:
    """Return the differences, and last what cannot be compared."""
    return differences(spec, table) + unknowns(spec, table)


def unknowns(spec: TableSpec, table: TableDescription) -> tuple[Difference, ...]:
    """Return what is declared and cannot be compared: neither as declared, nor a difference."""
    declared = spec.encryption
    if not isinstance(declared, KMS) or is_ignored(spec, "encryption"):
        return ()
    found = encryption_unknown(declared, table)
    return (Difference("encryption", str(declared), *found),) if found else ()


_COVERED = {"throughput": "billing", "on_demand": "billing", "warm": "warm"}


def is_ignored(spec: TableSpec, name: str) -> bool:
    """Return whether the model ignores a setting; `billing` and `warm` cover the indexes too."""
    kind, _, rest = name.partition(":")
    if kind == "index":
        kind = _COVERED.get(rest.rpartition(":")[2] if ":" in rest else "", name)
    return spec.ignore is not UNSET and ("tags" if kind == "tag" else kind) in spec.ignore


def pairs(spec: TableSpec, table: TableDescription) -> Iterator[Pair]:
    """Return all that is declared and compared, be it different or not."""
    return (pair for pair in _pairs(spec, table) if not is_ignored(spec, pair[0]))


def _pairs(spec: TableSpec, table: TableDescription) -> Iterator[Pair]:
    types = {item.attribute_name: item.attribute_type for item in table.attribute_definitions}
    yield "key", _Key(spec.key[:1], spec.key[1:]), _key(table.key_schema, types)
    yield from _option_pairs(spec, table)
    there: dict[str, IndexDescription] = {}
    there.update((index.index_name, index) for index in table.local_secondary_indexes)
    there.update((index.index_name, index) for index in table.global_secondary_indexes)
    for index in spec.indexes:
        yield from _index_pairs(index, spec, there.get(index.name), types)


def _option_pairs(spec: TableSpec, table: TableDescription) -> Iterator[Pair]:
    if spec.billing is not UNSET:
        yield "billing", spec.billing, _billing(spec.billing, table)
    if spec.stream is not UNSET:
        stream = table.stream_specification
        on = stream is not None and stream.stream_enabled
        yield "stream", spec.stream, stream.stream_view_type if stream and on else None
    if spec.encryption is not UNSET:
        yield "encryption", spec.encryption, encryption_found(spec.encryption, table)
    if spec.table_class is not UNSET:
        summary = table.table_class_summary
        yield "table_class", spec.table_class, (summary and summary.table_class) or "STANDARD"
    if spec.deletion_protection is not UNSET:
        found = bool(table.deletion_protection_enabled)
        yield "deletion_protection", spec.deletion_protection, found
    if isinstance(spec.warm, WarmThroughput):
        yield "warm", spec.warm, _warm(spec.warm, table.warm_throughput)


def _index_pairs(
    index: IndexSpec, spec: TableSpec, there: IndexDescription | None, types: dict[str, str]
) -> Iterator[Pair]:
    name = f"index:{index.name}"
    partition = index.partition_key or (spec.partition_key,)
    key = _Key(partition, index.sort_key)
    declared = (key, _projected(index.projection, spec, key))
    if there is None:
        yield name, declared, None
        return
    yield name, declared, index_facts(there, spec, types)
    local = isinstance(there, LocalSecondaryIndexDescription)
    if local != index.local:
        yield f"{name}:kind", _KIND[index.local], _KIND[local]
    if isinstance(there, GlobalSecondaryIndexDescription):
        yield from _capacity_pairs(index, there)


def index_facts(
    there: IndexDescription, spec: TableSpec, types: dict[str, str]
) -> tuple[object, object]:
    """Return the key and the projection of an index that is there."""
    key = _key(there.key_schema, types)
    return key, _projected(_projection(there.projection), spec, key)


def _capacity_pairs(index: IndexSpec, there: GlobalSecondaryIndexDescription) -> Iterator[Pair]:
    name = f"index:{index.name}"
    if index.throughput is not None:
        yield f"{name}:throughput", index.throughput, _provisioned(there.provisioned_throughput)
    if index.on_demand is not None:
        found = limits(index.on_demand, there.on_demand_throughput)
        yield f"{name}:on_demand", index.on_demand, found
    if index.warm is not None:
        yield f"{name}:warm", index.warm, _warm(index.warm, there.warm_throughput)


_KIND = {True: "local index", False: "global index"}


class _Key(NamedTuple):
    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]

    def __str__(self) -> str:
        kinds = {"partition key": self.partition, "sort key": self.sort}
        return ", ".join(f"{kind} {_parts_text(parts)}" for kind, parts in kinds.items() if parts)


def _parts_text(parts: Iterable[KeyAttribute]) -> str:
    return " + ".join(f"{part.name} ({part.type})" for part in parts)


def _key(schema: Iterable[KeySchemaElement], types: dict[str, str]) -> _Key:
    hashes, ranges = (
        tuple(
            # A type outside S, N and B is not ours to judge, only to differ.
            KeyAttribute(part.attribute_name, types.get(part.attribute_name, "?"))  # type: ignore[arg-type]
            for part in schema
            if part.key_type == kind
        )
        for kind in ("HASH", "RANGE")
    )
    return _Key(hashes, ranges)


def _projected(projection: object, spec: TableSpec, key: _Key) -> object:
    """Return a projection without the keys of table and index, which are always projected."""
    if not isinstance(projection, Include):
        return projection
    keys = {part.name for part in (*spec.key, *key.partition, *key.sort)}
    others = [name for name in projection.fields if name not in keys]
    return Include(*others) if others else KEYS_ONLY


def _projection(projection: ProjectionReply) -> object:
    if projection.projection_type == "INCLUDE":
        return Include(*projection.non_key_attributes)
    return projection.projection_type


def _billing(declared: OnDemand | Provisioned, table: TableDescription) -> object:
    if table.billing_mode == "PAY_PER_REQUEST":
        asked = declared if isinstance(declared, OnDemand) else OnDemand()
        return limits(asked, table.on_demand_throughput)
    return _provisioned(table.provisioned_throughput)


def _units(found: int | None) -> int | None:
    """Return a figure that means something: on demand there are 0 units, and -1 is no maximum."""
    return found if found is not None and 0 < found <= MAX_UNITS else None


def _provisioned(found: ProvisionedThroughputDescription | None) -> Provisioned | None:
    if found is None:
        return None
    read, write = _units(found.read_capacity_units), _units(found.write_capacity_units)
    return Provisioned(read, write) if read and write else None


def limits(declared: OnDemand, found: OnDemandThroughput | None) -> OnDemand:
    """Return the maxima found, of those that are declared; others are not compared."""
    there = found or OnDemandThroughput()
    return OnDemand(
        UNSET if declared.max_read is UNSET else _units(there.max_read_request_units),
        UNSET if declared.max_write is UNSET else _units(there.max_write_request_units),
    )


def _warm(declared: WarmThroughput, found: WarmThroughputDescription | None) -> object:
    """Return what is there; the service raises it by itself, so more is as declared."""
    if found is None:
        return None
    read, write = _units(found.read_units_per_second), _units(found.write_units_per_second)
    if not read or not write:
        return None
    if read >= declared.read and write >= declared.write:
        return declared
    return WarmThroughput(read, write)


def value_text(value: object) -> str:
    """Return a value of a pair for a person to read."""
    if type(value) is tuple:
        return ", ".join(map(str, value))
    return "nothing" if value is None else str(value)
