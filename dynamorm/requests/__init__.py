"""Requests as values: a builder for each operation, giving a Struct that encodes to its JSON body.

Nothing here sends anything. Members come in the order of the API reference, and lists in the order
of the model: the same declaration gives the same bytes.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from ..api import AttributeDefinition, DescribeTableInput, KeySchemaElement, T, encode
from ..api.parts import Projection as ProjectionShape
from ..api.parts import SearchSchemaElement, StreamSpecification, Tag, VectorAttributeDefinition
from ..api.tables import (
    CreateTableInput,
    DeleteTableInput,
    GlobalSecondaryIndex,
    ListTablesInput,
    LocalSecondaryIndex,
    NewVectorIndex,
    OnDemandLimits,
    ProvisionedThroughput,
    SSESpecification,
)
from ..model import table_name
from ..model.declare import Model, table_spec
from ..model.keys import IndexSpec, KeyAttribute
from ..model.options import (
    KMS,
    OnDemand,
    Projection,
    Provisioned,
    policy_text,
)
from ..model.spec import TableSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..model.keywords import TableOptions
    from ..model.options import StreamView
    from .backups import (
        create_backup,
        delete_backup,
        describe_backup,
        list_backups,
        restore_table_from_backup,
        restore_table_to_point_in_time,
    )
    from .s3 import (
        cancel_bulk_operation,
        describe_bulk_operation,
        describe_export,
        describe_import,
        export_table_to_point_in_time,
        import_table,
        list_bulk_operations,
        list_exports,
        list_imports,
        start_bulk_put_items,
    )
    from .settings import (
        delete_resource_policy,
        describe_continuous_backups,
        describe_contributor_insights,
        describe_kinesis_streaming_destination,
        describe_time_to_live,
        disable_kinesis_streaming_destination,
        enable_kinesis_streaming_destination,
        get_resource_policy,
        list_tags_of_resource,
        put_resource_policy,
        tag_resource,
        untag_resource,
        update_continuous_backups,
        update_contributor_insights,
        update_kinesis_streaming_destination,
        update_time_to_live,
    )
    from .updates import update_table

# To ensure a table takes none of them, and a cold start would pay for all.
_LATER = {
    "backups": (
        "create_backup delete_backup describe_backup list_backups restore_table_from_backup "
        "restore_table_to_point_in_time"
    ),
    "s3": (
        "cancel_bulk_operation describe_bulk_operation describe_export describe_import "
        "export_table_to_point_in_time import_table list_bulk_operations list_exports list_imports "
        "start_bulk_put_items"
    ),
    "updates": "update_table",
}
"""What is loaded when it is first asked for; so are the settings, which are all the others."""

_MODULE_OF = {name: module for module, names in _LATER.items() for name in names.split()}

__all__ = [
    "cancel_bulk_operation",
    "create_backup",
    "create_table",
    "delete_backup",
    "delete_resource_policy",
    "delete_table",
    "describe_backup",
    "describe_bulk_operation",
    "describe_continuous_backups",
    "describe_contributor_insights",
    "describe_export",
    "describe_import",
    "describe_kinesis_streaming_destination",
    "describe_table",
    "describe_time_to_live",
    "disable_kinesis_streaming_destination",
    "enable_kinesis_streaming_destination",
    "encode",
    "export_table_to_point_in_time",
    "get_resource_policy",
    "import_table",
    "list_backups",
    "list_bulk_operations",
    "list_exports",
    "list_imports",
    "list_tables",
    "list_tags_of_resource",
    "put_resource_policy",
    "restore_table_from_backup",
    "restore_table_to_point_in_time",
    "start_bulk_put_items",
    "tag_resource",
    "untag_resource",
    "update_continuous_backups",
    "update_contributor_insights",
    "update_kinesis_streaming_destination",
    "update_table",
    "update_time_to_live",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF.get(name, 'settings')}", __name__), name)


def create_table(
    model: Model, *, name: str | None = None, **options: Unpack[TableOptions]
) -> CreateTableInput:
    """Build CreateTable from a model or a spec, billed on demand unless it says otherwise.

    `extra` of the model comes last: members that no option stands for, as they are. Raises
    `ModelError`, with every problem, for a model that no table can have.
    """
    spec = table_spec(model, name=name, **options)
    billing = spec.billing or OnDemand()
    provisioned = billing if isinstance(billing, Provisioned) else None
    payload = CreateTableInput(
        # Exactly the attributes that are in a key or a search schema: the service refuses others.
        attribute_definitions=tuple(AttributeDefinition(a.name, a.type) for a in spec.defined),
        table_name=spec.name,
        key_schema=_key_schema(spec.key[:1], spec.key[1:]),
        local_secondary_indexes=tuple(_local(i, spec) for i in spec.local_indexes) or UNSET,
        global_secondary_indexes=tuple(global_index(i, provisioned) for i in spec.global_indexes)
        or UNSET,
        billing_mode="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        provisioned_throughput=units_shape(provisioned),
        stream_specification=_stream(spec.whole_stream),
        sse_specification=encryption_shape(spec.encryption),
        tags=tuple(Tag(key, value) for key, value in (spec.tags or {}).items()) or UNSET,
        table_class=spec.table_class,
        deletion_protection_enabled=spec.deletion_protection,
        warm_throughput=spec.warm,
        # `None` declares that there is none, which is how a table begins.
        resource_policy=policy_text(spec.resource_policy) if spec.resource_policy else UNSET,
        on_demand_throughput=_limits(billing if isinstance(billing, OnDemand) else None),
        vector_indexes=tuple(map(vector_index, spec.vector_indexes)) or UNSET,
    )
    # Few models have members of their own for it, and their class is made only then.
    if not spec.extra:
        return payload
    from .extra import extended

    return extended(payload, spec.extra)


def describe_table(model_or_name: Model | str) -> DescribeTableInput:
    """Build DescribeTable; a string is a table's name or ARN."""
    return DescribeTableInput(table_name(model_or_name))


def delete_table(model_or_name: Model | str) -> DeleteTableInput:
    """Build DeleteTable; a string is a table's name or ARN."""
    return DeleteTableInput(table_name(model_or_name))


def list_tables(start_after: str | None = None, *, limit: int | None = None) -> ListTablesInput:
    """Build ListTables for one page of at most `limit` names, itself at most 100."""
    return ListTablesInput(
        exclusive_start_table_name=unset_if_none(start_after),
        limit=unset_if_none(limit),
    )


def unset_if_none(value: T | None) -> T | UnsetType:
    """Return what an optional argument is as a member of a request."""
    return UNSET if value is None else value


def _stream(view: StreamView | UnsetType | None) -> StreamSpecification | UnsetType:
    # A new table has none: to declare so takes no member.
    return StreamSpecification(True, view) if view else UNSET


def _key_schema(
    partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]
) -> tuple[KeySchemaElement, ...]:
    return tuple(
        KeySchemaElement(attribute.name, kind)
        for kind, attributes in (("HASH", partition), ("RANGE", sort))
        for attribute in attributes
    )


def _projection(projection: Projection) -> ProjectionShape:
    # `Include` is a tuple of names; ALL and KEYS_ONLY are the service's words.
    if isinstance(projection, tuple):
        return ProjectionShape("INCLUDE", tuple(projection))
    return ProjectionShape(projection)


def _local(index: IndexSpec, spec: TableSpec) -> LocalSecondaryIndex:
    # Its partition key is always the table's, and no model repeats it.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
    schema = _key_schema((spec.partition_key,), index.sort_key)
    return LocalSecondaryIndex(index.name, schema, _projection(index.projection))


def global_index(index: IndexSpec, provisioned: Provisioned | None) -> GlobalSecondaryIndex:
    """Return a new global index, with its own figures or those of its provisioned table."""
    return GlobalSecondaryIndex(
        index.name,
        _key_schema(index.partition_key, index.sort_key),
        _projection(index.projection),
        # The service refuses a global index without figures of its own on a provisioned table.
        provisioned_throughput=units_shape((provisioned and index.throughput) or provisioned),
        on_demand_throughput=_limits(index.on_demand),
        warm_throughput=index.warm or UNSET,
    )


def vector_index(index: IndexSpec) -> NewVectorIndex:
    """Return a new vector index; its search schema is what others call a key, and may be empty."""
    vector: Any = index.vector
    parts = (("HASH", index.partition_key), ("INLINE_FILTER", index.filters))
    schema = (SearchSchemaElement(one.name, kind) for kind, part in parts for one in part)
    return NewVectorIndex(
        index_name=index.name,
        vector_attribute=VectorAttributeDefinition(vector.name),
        search_schema=tuple(schema) or UNSET,
        projection=_projection(index.projection),
        dimensions=vector.dimensions,
        distance_function=vector.distance,
    )


def units_shape(provisioned: Provisioned | None) -> ProvisionedThroughput | UnsetType:
    """Return the figures of a provisioned table or index; on demand, the service refuses any."""
    return ProvisionedThroughput(provisioned.read, provisioned.write) if provisioned else UNSET


def _limits(on_demand: OnDemand | None) -> OnDemandLimits | UnsetType:
    """Return the maxima that a new table or index has: `None` is no member of CreateTable."""
    if on_demand is None or not (on_demand.max_read or on_demand.max_write):
        return UNSET
    return OnDemandLimits(on_demand.max_read or UNSET, on_demand.max_write or UNSET)


def encryption_shape(encryption: KMS | UnsetType | None) -> SSESpecification | UnsetType:
    """Return what turns encryption with KMS on; without a key it is `aws/dynamodb`."""
    if not isinstance(encryption, KMS):
        return UNSET
    # The only type that the service takes:
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSESpecification.html
    return SSESpecification(True, "KMS", encryption.key_id or UNSET)


def unencrypted_shape(encryption: KMS | UnsetType | None) -> SSESpecification | UnsetType:
    """Return what turns encryption with KMS off, for a table that already has it."""
    return SSESpecification(enabled=False) if encryption is None else UNSET
