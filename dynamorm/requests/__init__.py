"""Requests as values: a builder for each operation, giving a Struct that encodes to its JSON body.

Nothing here sends anything. Members come in the order of the API reference, and lists in the order
of the model: the same declaration gives the same bytes.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType, defstruct, json, structs

from ..api.descriptions import AttributeDefinition, KeySchemaElement, StreamSpecification, Tag
from ..api.descriptions import Projection as ProjectionShape
from ..api.tables import (
    CreateTableInput,
    DeleteGlobalSecondaryIndexAction,
    DeleteTableInput,
    DescribeTableInput,
    GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate,
    ListTablesInput,
    LocalSecondaryIndex,
    OnDemandLimits,
    ProvisionedThroughput,
    SSESpecification,
    UpdateGlobalSecondaryIndexAction,
    UpdateTableInput,
)
from ..model.declare import Model, table_name, table_spec
from ..model.options import (
    KMS,
    Index,
    OnDemand,
    Projection,
    Provisioned,
    WarmThroughput,
    policy_text,
)
from ..model.spec import IndexSpec, KeyAttribute, TableSpec
from .settings import (
    delete_resource_policy,
    describe_continuous_backups,
    describe_time_to_live,
    get_resource_policy,
    list_tags_of_resource,
    put_resource_policy,
    tag_resource,
    untag_resource,
    update_continuous_backups,
    update_time_to_live,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..model.options import StreamView, TableClass, TableOptions

__all__ = [
    "create_table",
    "delete_resource_policy",
    "delete_table",
    "describe_continuous_backups",
    "describe_table",
    "describe_time_to_live",
    "encode",
    "get_resource_policy",
    "list_tables",
    "list_tags_of_resource",
    "put_resource_policy",
    "tag_resource",
    "untag_resource",
    "update_continuous_backups",
    "update_table",
    "update_time_to_live",
]

encode = json.Encoder().encode
"""The JSON body of a request."""


def create_table(
    model: Model, *, name: str | None = None, **options: Unpack[TableOptions]
) -> CreateTableInput:
    """Build CreateTable from a model or a spec, billed on demand unless it says otherwise."""
    spec = table_spec(model, name=name, **options)
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
        provisioned_throughput=_units(provisioned),
        stream_specification=StreamSpecification(True, spec.stream) if spec.stream else UNSET,
        sse_specification=_encryption(spec.encryption),
        tags=tuple(Tag(key, value) for key, value in (spec.tags or {}).items()) or UNSET,
        table_class=spec.table_class,
        deletion_protection_enabled=spec.deletion_protection,
        warm_throughput=spec.warm,
        resource_policy=policy_text(spec.resource_policy) if spec.resource_policy else UNSET,
        on_demand_throughput=_limits(billing if isinstance(billing, OnDemand) else None),
    )
    return _extended(payload, spec.extra) if spec.extra else payload


def describe_table(model_or_name: Model | str) -> DescribeTableInput:
    """Build DescribeTable; a string is a table's name or ARN."""
    return DescribeTableInput(table_name(model_or_name))


def delete_table(model_or_name: Model | str) -> DeleteTableInput:
    """Build DeleteTable; a string is a table's name or ARN."""
    return DeleteTableInput(table_name(model_or_name))


def list_tables(start_after: str | None = None, *, limit: int | None = None) -> ListTablesInput:
    """Build ListTables for one page of at most `limit` names, itself at most 100."""
    return ListTablesInput(
        exclusive_start_table_name=UNSET if start_after is None else start_after,
        limit=UNSET if limit is None else limit,
    )


def update_table(
    model_or_name: Model | str,
    *,
    attributes: Iterable[KeyAttribute] = (),
    billing: OnDemand | Provisioned | None = None,
    throughput: Provisioned | None = None,
    on_demand: OnDemand | None = None,
    create: IndexSpec | None = None,
    delete: str | None = None,
    update: Iterable[Index] = (),
    stream: StreamView | UnsetType | None = UNSET,
    encryption: KMS | UnsetType | None = UNSET,
    table_class: TableClass | UnsetType = UNSET,
    deletion_protection: bool | UnsetType = UNSET,
    warm: WarmThroughput | UnsetType = UNSET,
) -> UpdateTableInput:
    """Build UpdateTable. The service takes one kind of change in one request.

    `billing` changes the mode, `throughput` and `on_demand` the figures within it; a maximum of
    `None` is taken away, one that is left out stays. `create` needs `attributes`, the key
    attributes of the table and all its indexes, the new one included. Of `update`, capacities
    count.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    provisioned = billing if isinstance(billing, Provisioned) else throughput
    changes = [GlobalSecondaryIndexUpdate(update=_capacities(index)) for index in update]
    if create is not None:
        changes.append(GlobalSecondaryIndexUpdate(create=_global(create, create.throughput)))
    if delete is not None:
        gone = DeleteGlobalSecondaryIndexAction(delete)
        changes.append(GlobalSecondaryIndexUpdate(delete=gone))
    return UpdateTableInput(
        attribute_definitions=tuple(AttributeDefinition(a.name, a.type) for a in attributes)
        or UNSET,
        table_name=table_name(model_or_name),
        billing_mode=_MODES.get(type(billing), UNSET),
        provisioned_throughput=_units(provisioned),
        global_secondary_index_updates=tuple(changes) or UNSET,
        stream_specification=_stream(stream),
        sse_specification=_encryption(encryption) or _unencrypted(encryption),
        table_class=table_class,
        deletion_protection_enabled=deletion_protection,
        on_demand_throughput=_maxima(on_demand),
        warm_throughput=warm,
    )


_MODES: dict[type, str] = {OnDemand: "PAY_PER_REQUEST", Provisioned: "PROVISIONED"}


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


def _projection(projection: Projection) -> ProjectionShape:
    if isinstance(projection, tuple):
        return ProjectionShape("INCLUDE", tuple(projection))
    return ProjectionShape(projection)


def _local(index: IndexSpec, spec: TableSpec) -> LocalSecondaryIndex:
    schema = _key_schema((spec.partition_key,), index.sort_key)
    return LocalSecondaryIndex(index.name, schema, _projection(index.projection))


def _global(index: IndexSpec, provisioned: Provisioned | None) -> GlobalSecondaryIndex:
    return GlobalSecondaryIndex(
        index.name,
        _key_schema(index.partition_key, index.sort_key),
        _projection(index.projection),
        # The service refuses a global index without figures of its own on a provisioned table.
        provisioned_throughput=_units((provisioned and index.throughput) or provisioned),
        on_demand_throughput=_limits(index.on_demand),
        warm_throughput=index.warm or UNSET,
    )


def _units(provisioned: Provisioned | None) -> ProvisionedThroughput | UnsetType:
    return ProvisionedThroughput(provisioned.read, provisioned.write) if provisioned else UNSET


def _limits(on_demand: OnDemand | None) -> OnDemandLimits | UnsetType:
    """Return the maxima that a new table or index has: `None` is no member of CreateTable."""
    if on_demand is None or not (on_demand.max_read or on_demand.max_write):
        return UNSET
    return OnDemandLimits(on_demand.max_read or UNSET, on_demand.max_write or UNSET)


def _encryption(encryption: KMS | UnsetType | None) -> SSESpecification | UnsetType:
    if not isinstance(encryption, KMS):
        return UNSET
    # The only type that the service takes:
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSESpecification.html
    return SSESpecification(True, "KMS", encryption.key_id or UNSET)


def _unencrypted(encryption: KMS | UnsetType | None) -> SSESpecification | UnsetType:
    return SSESpecification(enabled=False) if encryption is None else UNSET


def _stream(view: StreamView | UnsetType | None) -> StreamSpecification | UnsetType:
    if view is UNSET:
        return UNSET
    return StreamSpecification(True, view) if view else StreamSpecification(False)


def _maxima(on_demand: OnDemand | None) -> OnDemandLimits | UnsetType:
    """Return the maxima to set; what is left out stays as it is, and -1 takes one away."""
    if on_demand is None or on_demand == OnDemand():
        return UNSET
    return OnDemandLimits(
        *(-1 if most is None else most for most in (on_demand.max_read, on_demand.max_write))
    )


def _capacities(index: Index) -> UpdateGlobalSecondaryIndexAction:
    return UpdateGlobalSecondaryIndexAction(
        index.name,
        _units(index.throughput),
        _maxima(index.on_demand),
        index.warm or UNSET,
    )


def _extended(payload: CreateTableInput, extra: dict[str, Any]) -> CreateTableInput:
    """Add members that no option stands for; those that this version does not know come last."""
    fields = {field.encode_name: field.name for field in structs.fields(payload)}
    known = {fields[name]: value for name, value in extra.items() if name in fields}
    unknown = tuple(name for name in extra if name not in fields)
    widened = structs.astuple(structs.replace(payload, **known))
    return _wider(unknown, *widened, *map(extra.__getitem__, unknown))


def _wider(unknown: tuple[str, ...], *values: Any) -> CreateTableInput:
    """Make a request that has more members than this version knows."""
    made: CreateTableInput = _wider_class(unknown)(*values)
    return made


@cache
def _wider_class(unknown: tuple[str, ...]) -> Any:
    def reduced(request: Any) -> tuple[Any, ...]:
        return _wider, (unknown, *structs.astuple(request))

    names = {f"extra_{n}": name for n, name in enumerate(unknown)}
    return defstruct(
        "CreateTableInput",
        [(field, Any, UNSET) for field in names],
        bases=(CreateTableInput,),
        frozen=True,
        rename=names,
        namespace={"__reduce__": reduced},
    )
