"""What differs between a declared table and the one that is there: a pure comparison.

Only what is declared is compared, as far as DescribeTable tells it: not tags, nor a time to live.
Order never counts, but for the parts of a multi-attribute key; nor do values that the service
computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import UNSET, Struct

from .options import KMS, Include, OnDemand, Provisioned, WarmThroughput
from .replies import (
    GlobalSecondaryIndexDescription,
    KeySchemaElement,
    LocalSecondaryIndexDescription,
    OnDemandThroughput,
    ProvisionedThroughputDescription,
    SSEDescription,
    TableDescription,
    WarmThroughputDescription,
)
from .replies import Projection as ProjectionReply
from .spec import IndexSpec, KeyAttribute, TableSpec

__all__ = ["Difference", "Pair", "differences", "index_facts", "pairs", "value_text"]

IndexDescription = GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription


class Difference(Struct, frozen=True):
    """One declared thing that the table has otherwise, or not at all."""

    name: str
    """What differs: "billing", "key", "index:by-status", "index:by-status:throughput", ..."""
    declared: str
    found: str

    def __str__(self) -> str:
        return f"{self.name}: declared {self.declared}, found {self.found}"


Pair = tuple[str, Any, Any]
"""A name, what is declared, and what is there."""


def differences(spec: TableSpec, table: TableDescription) -> tuple[Difference, ...]:
    """Compare what `spec` declares and DescribeTable tells."""
    return tuple(
        Difference(name, value_text(declared), value_text(found))
        for name, declared, found in pairs(spec, table)
        if declared != found
    )


def pairs(spec: TableSpec, table: TableDescription) -> Iterator[Pair]:
    """Give all that is declared, be it different or not."""
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
        yield "billing", spec.billing, _billing(table)
    if spec.stream is not UNSET:
        stream = table.stream_specification
        on = stream is not None and stream.stream_enabled
        yield "stream", spec.stream, stream.stream_view_type if stream and on else None
    if spec.encryption is not UNSET:
        yield "encryption", spec.encryption, _encryption(spec.encryption, table.sse_description)
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
    declared = (_Key(partition, index.sort_key), index.projection)
    if there is None:
        yield name, declared, None
        return
    yield name, declared, index_facts(there, types)
    local = isinstance(there, LocalSecondaryIndexDescription)
    if local != index.local:
        yield f"{name}:kind", _KIND[index.local], _KIND[local]
    if isinstance(there, GlobalSecondaryIndexDescription):
        yield from _capacity_pairs(index, there)


def index_facts(there: IndexDescription, types: dict[str, str]) -> tuple[object, object]:
    """Return the key and the projection of an index that is there."""
    return _key(there.key_schema, types), _projection(there.projection)


def _capacity_pairs(index: IndexSpec, there: GlobalSecondaryIndexDescription) -> Iterator[Pair]:
    name = f"index:{index.name}"
    if index.throughput is not None:
        yield f"{name}:throughput", index.throughput, _provisioned(there.provisioned_throughput)
    if index.on_demand is not None:
        yield f"{name}:on_demand", index.on_demand, _limits(there.on_demand_throughput)
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


def _projection(projection: ProjectionReply) -> object:
    if projection.projection_type == "INCLUDE":
        return Include(*projection.non_key_attributes)
    return projection.projection_type


def _billing(table: TableDescription) -> object:
    if table.billing_mode == "PAY_PER_REQUEST":
        return _limits(table.on_demand_throughput)
    return _provisioned(table.provisioned_throughput)


def _provisioned(found: ProvisionedThroughputDescription | None) -> Provisioned | None:
    read, write = found and found.read_capacity_units, found and found.write_capacity_units
    return Provisioned(read, write) if read and write else None  # on demand it says 0 and 0


def _limits(found: OnDemandThroughput | None) -> OnDemand:
    if found is None:
        return OnDemand()
    limits = (found.max_read_request_units, found.max_write_request_units)
    return OnDemand(*(limit if limit and limit > 0 else None for limit in limits))  # -1 is none


def _warm(declared: WarmThroughput, found: WarmThroughputDescription | None) -> object:
    """Give what is there; the service raises it by itself, so more is as declared."""
    if found is None or not found.read_units_per_second or not found.write_units_per_second:
        return None
    read, write = found.read_units_per_second, found.write_units_per_second
    if read >= declared.read and write >= declared.write:
        return declared
    return WarmThroughput(read, write)


def _encryption(declared: KMS | None, found: SSEDescription | None) -> KMS | None:
    if found is None or found.sse_type != "KMS" or found.status in ("DISABLED", "DISABLING"):
        return None
    if declared is None or not declared.key_id or found.kms_master_key_arn is None:
        return declared or KMS(found.kms_master_key_arn)
    # An alias cannot be told from here: which key it stands for only KMS knows.
    if "alias/" in declared.key_id or found.kms_master_key_arn.endswith(f"/{declared.key_id}"):
        return declared
    return KMS(found.kms_master_key_arn)


def value_text(value: object) -> str:
    """Give a value of a pair for a person to read."""
    if type(value) is tuple:
        return ", ".join(map(str, value))
    return "nothing" if value is None else str(value)
