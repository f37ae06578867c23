"""CreateTable with everything that it can carry, and what needs only a name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType, defstruct, structs

from ..api import AttributeDefinition, DescribeTableInput, KeySchemaElement, T, parts, tables
from ..model import table_name
from ..model.declare import Model, table_spec
from ..model.keys import IndexSpec, KeyAttribute
from ..model.options import KMS, OnDemand, Projection, Provisioned, policy_text
from ..model.spec import TableSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


def create_table(
    model: Model, *, name: str | None = None, **options: Unpack[TableOptions]
) -> tables.CreateTableInput:
    """Build CreateTable from a model or a spec, billed on demand unless it says otherwise.

    `extra` of the model comes last: members that no option stands for, as they are. Raises
    `ModelError`, with every problem, for a model that no table can have.
    """
    spec = table_spec(model, name=name, **options)
    billing = spec.billing or OnDemand()
    provisioned = billing if isinstance(billing, Provisioned) else None
    stream = spec.whole_stream
    payload = tables.CreateTableInput(
        # Exactly the attributes that are in a key or a search schema: the service refuses others.
        attribute_definitions=definitions(spec.defined),
        table_name=spec.name,
        key_schema=_key_schema(spec.key[:1], spec.key[1:]),
        local_secondary_indexes=tuple(_local(i, spec) for i in spec.local_indexes) or None,
        global_secondary_indexes=tuple(global_index(i, provisioned) for i in spec.global_indexes)
        or None,
        billing_mode="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        provisioned_throughput=units_shape(provisioned),
        # A new table has none: to declare so takes no member.
        stream_specification=parts.StreamSpecification(True, stream) if stream else None,
        sse_specification=encryption_shape(spec.encryption),
        tags=tuple(parts.Tag(key, value) for key, value in (spec.tags or {}).items()) or None,
        table_class=spec.table_class or None,
        deletion_protection_enabled=said(spec.deletion_protection),
        warm_throughput=spec.warm or None,
        # `None` declares that there is none, which is how a table begins.
        resource_policy=policy_text(spec.resource_policy) if spec.resource_policy else None,
        on_demand_throughput=_limits(billing if isinstance(billing, OnDemand) else None),
        vector_indexes=tuple(map(vector_index, spec.vector_indexes)) or None,
    )
    # Few models have members of their own for it, and their class is made only then.
    return _extended(payload, spec.extra) if spec.extra else payload


def describe_table(model_or_name: Model | str) -> DescribeTableInput:
    """Build DescribeTable; a string is a table's name or ARN."""
    return DescribeTableInput(table_name(model_or_name))


def delete_table(model_or_name: Model | str) -> tables.DeleteTableInput:
    """Build DeleteTable; a string is a table's name or ARN."""
    return tables.DeleteTableInput(table_name(model_or_name))


def list_tables(
    start_after: str | None = None, *, limit: int | None = None
) -> tables.ListTablesInput:
    """Build ListTables for one page of at most `limit` names, itself at most 100."""
    return tables.ListTablesInput(start_after, limit)


def said(value: T | UnsetType) -> T | None:
    """Return an option as a member of a request; what is not declared is left out."""
    return None if value is UNSET else value


def definitions(attributes: Iterable[KeyAttribute]) -> tuple[AttributeDefinition, ...]:
    """Return the types of attributes, in their order."""
    return tuple(AttributeDefinition(one.name, one.type) for one in attributes)


def _key_schema(
    partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]
) -> tuple[KeySchemaElement, ...]:
    return tuple(
        KeySchemaElement(attribute.name, kind)
        for kind, attributes in (("HASH", partition), ("RANGE", sort))
        for attribute in attributes
    )


def _projection(projection: Projection) -> parts.Projection:
    # `Include` is a tuple of names; ALL and KEYS_ONLY are the service's words.
    if isinstance(projection, tuple):
        return parts.Projection("INCLUDE", tuple(projection))
    return parts.Projection(projection)


def _local(index: IndexSpec, spec: TableSpec) -> tables.LocalSecondaryIndex:
    # Its partition key is always the table's, and no model repeats it.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html
    schema = _key_schema((spec.partition_key,), index.sort_key)
    return tables.LocalSecondaryIndex(index.name, schema, _projection(index.projection))


def global_index(index: IndexSpec, provisioned: Provisioned | None) -> tables.GlobalSecondaryIndex:
    """Return a new global index, with its own figures or those of its provisioned table."""
    return tables.GlobalSecondaryIndex(
        index.name,
        _key_schema(index.partition_key, index.sort_key),
        _projection(index.projection),
        # The service refuses a global index without figures of its own on a provisioned table.
        provisioned_throughput=units_shape((provisioned and index.throughput) or provisioned),
        on_demand_throughput=_limits(index.on_demand),
        warm_throughput=index.warm,
    )


def vector_index(index: IndexSpec) -> tables.NewVectorIndex:
    """Return a new vector index; its search schema is what others call a key, and may be empty."""
    vector: Any = index.vector
    kinds = (("HASH", index.partition_key), ("INLINE_FILTER", index.filters))
    schema = (
        parts.SearchSchemaElement(one.name, kind) for kind, of_kind in kinds for one in of_kind
    )
    return tables.NewVectorIndex(
        index_name=index.name,
        vector_attribute=parts.VectorAttributeDefinition(vector.name),
        search_schema=tuple(schema) or None,
        projection=_projection(index.projection),
        dimensions=vector.dimensions,
        distance_function=vector.distance,
    )


def units_shape(provisioned: Provisioned | None) -> tables.ProvisionedThroughput | None:
    """Return the figures of a provisioned table or index; on demand, the service refuses any."""
    return (
        tables.ProvisionedThroughput(provisioned.read, provisioned.write) if provisioned else None
    )


def _limits(on_demand: OnDemand | None) -> parts.OnDemandThroughput | None:
    """Return the maxima that a new table or index has: `None` is no member of CreateTable."""
    if on_demand is None or not (on_demand.max_read or on_demand.max_write):
        return None
    return parts.OnDemandThroughput(on_demand.max_read or None, on_demand.max_write or None)


def encryption_shape(encryption: KMS | UnsetType | None) -> tables.SSESpecification | None:
    """Return what turns encryption with KMS on; without a key it is `aws/dynamodb`."""
    # The only type that the service takes:
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSESpecification.html
    return tables.SSESpecification(True, "KMS", encryption.key_id or None) if encryption else None


def encryption_change(encryption: KMS | UnsetType | None) -> tables.SSESpecification | None:
    """Return the same for a table that may be encrypted already: `None` turns that off."""
    if encryption is None:
        return tables.SSESpecification(enabled=False)
    return encryption_shape(encryption)


def _extended(payload: tables.CreateTableInput, extra: dict[str, Any]) -> tables.CreateTableInput:
    """Add members that no option stands for; those that this version does not know come last."""
    # None of them is set already: a model that says something twice is a `ModelError`.
    fields = {field.encode_name: field.name for field in structs.fields(payload)}
    known = {fields[name]: value for name, value in extra.items() if name in fields}
    unknown = tuple(name for name in extra if name not in fields)
    # A class for each set of unknown members: msgspec encodes what a class declares, and no more.
    widened = structs.astuple(structs.replace(payload, **known))
    return _wider(unknown, *widened, *map(extra.__getitem__, unknown))


def _wider(unknown: tuple[str, ...], *values: Any) -> tables.CreateTableInput:
    """Make a request that has more members than this version knows.

    A function of the module, since pickle finds no class that was made at run time.
    """
    made: tables.CreateTableInput = _wider_class(unknown)(*values)
    return made


@cache
def _wider_class(unknown: tuple[str, ...]) -> Any:
    def reduced(request: Any) -> tuple[Any, ...]:
        return _wider, (unknown, *structs.astuple(request))

    names = {f"extra_{n}": name for n, name in enumerate(unknown)}
    return defstruct(
        "CreateTableInput",
        [(field, Any, UNSET) for field in names],
        bases=(tables.CreateTableInput,),
        frozen=True,
        rename=names,
        namespace={"__reduce__": reduced},
    )
