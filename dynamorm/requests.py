"""Requests as values: a builder for each operation, giving a Struct that encodes to its JSON body.

Nothing here sends anything. Members come in the order of the API reference, and lists in the order
of the model: the same declaration gives the same bytes.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType, defstruct, json, structs

from .errors import ModelError
from .model import Model, table_name, table_spec
from .options import KMS, Include, OnDemand, Projection, Provisioned
from .payloads import (
    AttributeDefinition,
    CreateTableInput,
    DeleteTableInput,
    DescribeTableInput,
    GlobalSecondaryIndex,
    KeySchemaElement,
    ListTablesInput,
    LocalSecondaryIndex,
    SSESpecification,
    StreamSpecification,
    Tag,
)
from .payloads import Projection as ProjectionPayload
from .spec import IndexSpec, KeyAttribute, TableSpec, name_problem

__all__ = ["create_table", "delete_table", "describe_table", "encode", "list_tables"]

encode = json.Encoder().encode
"""Give a request's JSON body."""


def create_table(model: Model) -> CreateTableInput:
    """Build CreateTable from a model or a spec, billed on demand unless it says otherwise."""
    spec = table_spec(model)
    billing = spec.billing or OnDemand()
    provisioned = billing if isinstance(billing, Provisioned) else None
    payload = CreateTableInput(
        attribute_definitions=_definitions(spec),
        table_name=spec.name,
        key_schema=_key_schema(spec.key[:1], spec.key[1:]),
        local_secondary_indexes=tuple(_local(i, spec) for i in spec.local_indexes) or UNSET,
        global_secondary_indexes=tuple(_global(i, provisioned) for i in spec.global_indexes)
        or UNSET,
        billing_mode="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        provisioned_throughput=provisioned or UNSET,
        stream_specification=StreamSpecification(True, spec.stream) if spec.stream else UNSET,
        sse_specification=_encryption(spec.encryption),
        tags=tuple(Tag(key, value) for key, value in (spec.tags or {}).items()) or UNSET,
        table_class=spec.table_class,
        deletion_protection_enabled=spec.deletion_protection,
        warm_throughput=spec.warm,
        on_demand_throughput=_limits(billing if isinstance(billing, OnDemand) else None),
    )
    return _extended(payload, spec.extra) if spec.extra else payload


def describe_table(model_or_name: Model | str) -> DescribeTableInput:
    """Build DescribeTable; a string is a table's name or ARN."""
    return DescribeTableInput(_checked_name(model_or_name))


def delete_table(model_or_name: Model | str) -> DeleteTableInput:
    """Build DeleteTable; a string is a table's name or ARN."""
    return DeleteTableInput(_checked_name(model_or_name))


def list_tables(start_after: str | None = None, *, limit: int | None = None) -> ListTablesInput:
    """Build ListTables for one page of at most `limit` names, itself at most 100."""
    return ListTablesInput(
        exclusive_start_table_name=UNSET if start_after is None else start_after,
        limit=UNSET if limit is None else limit,
    )


def _checked_name(model_or_name: Model | str) -> str:
    name = table_name(model_or_name)
    if not name.startswith("arn:") and (problem := name_problem(name, "table")):
        raise ModelError((f"{problem} - at {name}",))
    return name


def _definitions(spec: TableSpec) -> tuple[AttributeDefinition, ...]:
    """Define exactly the attributes that are keys: the service refuses one too many."""
    owners: tuple[TableSpec | IndexSpec, ...] = (spec, *spec.indexes)
    keys = dict.fromkeys(attribute for owner in owners for attribute in owner.key)
    return tuple(AttributeDefinition(key.name, key.type) for key in keys)


def _key_schema(
    partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]
) -> tuple[KeySchemaElement, ...]:
    return tuple(
        KeySchemaElement(attribute.name, kind)
        for kind, attributes in (("HASH", partition), ("RANGE", sort))
        for attribute in attributes
    )


def _projection(projection: Projection) -> ProjectionPayload:
    if isinstance(projection, Include):
        return ProjectionPayload("INCLUDE", projection.fields)
    return ProjectionPayload(projection)


def _local(index: IndexSpec, spec: TableSpec) -> LocalSecondaryIndex:
    schema = _key_schema((spec.partition_key,), index.sort_key)
    return LocalSecondaryIndex(index.name, schema, _projection(index.projection))


def _global(index: IndexSpec, provisioned: Provisioned | None) -> GlobalSecondaryIndex:
    return GlobalSecondaryIndex(
        index.name,
        _key_schema(index.partition_key, index.sort_key),
        _projection(index.projection),
        provisioned_throughput=(provisioned and index.throughput) or provisioned or UNSET,
        on_demand_throughput=_limits(index.on_demand),
        warm_throughput=index.warm or UNSET,
    )


def _limits(on_demand: OnDemand | None) -> OnDemand | UnsetType:
    return on_demand if on_demand and on_demand != OnDemand() else UNSET


def _encryption(encryption: KMS | UnsetType | None) -> SSESpecification | UnsetType:
    if not isinstance(encryption, KMS):
        return UNSET
    return SSESpecification(True, "KMS", encryption.key_id or UNSET)


def _extended(payload: CreateTableInput, extra: dict[str, Any]) -> CreateTableInput:
    """Add members that no option stands for; those that this version does not know come last."""
    fields = {field.encode_name: field.name for field in structs.fields(payload)}
    known = {fields[name]: value for name, value in extra.items() if name in fields}
    unknown = {f"extra_{n}": name for n, name in enumerate(extra) if name not in fields}
    wider: Any = defstruct(
        "CreateTableInput",
        [(field, Any, UNSET) for field in unknown],
        bases=(CreateTableInput,),
        frozen=True,
        rename=unknown,
    )
    values = {field: extra[name] for field, name in unknown.items()}
    extended: CreateTableInput = wider(**{**structs.asdict(payload), **known, **values})
    return extended
