"""The requests and replies of the operations on tables.

A member that an operation always has has no default here: an answer without it does not count.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

# No annotations as strings: to evaluate them costs a first request as much as to make the classes.

from typing import Any

from msgspec import UNSET, UnsetType

from ..model.options import WarmThroughput
from . import AttributeDefinition, KeySchemaElement, Reply, Request, TableDescription
from . import DescribeTableInput as DescribeTableInput  # noqa: PLC0414  # with its reply
from . import DescribeTableOutput as DescribeTableOutput  # noqa: PLC0414
from .parts import (
    Projection,
    SearchSchemaElement,
    StreamSpecification,
    Tag,
    VectorAttributeDefinition,
)


# By the API's names; what a model declares is the option `Provisioned`, with shorter ones.
class ProvisionedThroughput(Request, frozen=True):
    read_capacity_units: int
    write_capacity_units: int


class OnDemandLimits(Request, frozen=True):
    """The API's OnDemandThroughput where it may take a maximum away, which is -1."""

    max_read_request_units: int | UnsetType = UNSET
    max_write_request_units: int | UnsetType = UNSET


class LocalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection


class GlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection
    provisioned_throughput: ProvisionedThroughput | UnsetType = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET


class NewVectorIndex(Request, frozen=True, kw_only=True):
    """VectorIndex, whose name the option has."""

    index_name: str
    vector_attribute: VectorAttributeDefinition
    search_schema: tuple[SearchSchemaElement, ...] | UnsetType = UNSET
    projection: Projection
    dimensions: int
    distance_function: str


class SSESpecification(Request, frozen=True):
    enabled: bool | UnsetType = UNSET
    sse_type: str | UnsetType = UNSET
    kms_master_key_id: str | UnsetType = UNSET


class CreateTableInput(Request, frozen=True):
    """The members below `tags` that no option sets come from `extra`, as they are."""

    attribute_definitions: tuple[AttributeDefinition, ...]
    table_name: str
    key_schema: tuple[KeySchemaElement, ...]
    local_secondary_indexes: tuple[LocalSecondaryIndex, ...] | UnsetType = UNSET
    global_secondary_indexes: tuple[GlobalSecondaryIndex, ...] | UnsetType = UNSET
    billing_mode: str | UnsetType = UNSET
    provisioned_throughput: ProvisionedThroughput | UnsetType = UNSET
    stream_specification: StreamSpecification | UnsetType = UNSET
    sse_specification: SSESpecification | UnsetType = UNSET
    tags: tuple[Tag, ...] | UnsetType = UNSET
    table_class: str | UnsetType = UNSET
    deletion_protection_enabled: bool | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET
    resource_policy: str | UnsetType = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    global_table_source_arn: str | UnsetType = UNSET
    global_table_settings_replication_mode: str | UnsetType = UNSET
    vector_indexes: tuple[NewVectorIndex, ...] | UnsetType = UNSET


class DescribeLimitsInput(Request, frozen=True):
    """It has no member: the quotas are those of the account in the region."""


class DescribeLimitsOutput(Reply, frozen=True):
    """The quotas of one table; those of the account, which are answered too, nobody asks for."""

    table_max_read_capacity_units: int
    table_max_write_capacity_units: int


class DeleteTableInput(Request, frozen=True):
    table_name: str


class ListTablesInput(Request, frozen=True):
    exclusive_start_table_name: str | UnsetType = UNSET
    limit: int | UnsetType = UNSET


class UpdateGlobalSecondaryIndexAction(Request, frozen=True):
    index_name: str
    provisioned_throughput: ProvisionedThroughput | UnsetType = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET


class DeleteGlobalSecondaryIndexAction(Request, frozen=True):
    index_name: str


class GlobalSecondaryIndexUpdate(Request, frozen=True):
    """One of the three; CreateGlobalSecondaryIndexAction is a GlobalSecondaryIndex by its shape."""

    update: UpdateGlobalSecondaryIndexAction | UnsetType = UNSET
    create: GlobalSecondaryIndex | UnsetType = UNSET
    delete: DeleteGlobalSecondaryIndexAction | UnsetType = UNSET


class DeleteVectorIndexAction(Request, frozen=True):
    index_name: str


class VectorIndexUpdate(Request, frozen=True):
    """One of the two, and one of them in a request: the API has no Update of a vector index."""

    create: NewVectorIndex | UnsetType = UNSET
    delete: DeleteVectorIndexAction | UnsetType = UNSET


class UpdateTableInput(Request, frozen=True, kw_only=True):
    """Members for every kind of change, of which a request has one.

    Replicas and witnesses are those of `api.replicas`, which is imported for global tables alone.
    """

    attribute_definitions: tuple[AttributeDefinition, ...] | UnsetType = UNSET
    table_name: str
    billing_mode: str | UnsetType = UNSET
    provisioned_throughput: ProvisionedThroughput | UnsetType = UNSET
    global_secondary_index_updates: tuple[GlobalSecondaryIndexUpdate, ...] | UnsetType = UNSET
    stream_specification: StreamSpecification | UnsetType = UNSET
    sse_specification: SSESpecification | UnsetType = UNSET
    # Any, since to name the shapes would import them for every table.
    replica_updates: Any = UNSET
    table_class: str | UnsetType = UNSET
    deletion_protection_enabled: bool | UnsetType = UNSET
    multi_region_consistency: str | UnsetType = UNSET
    global_table_witness_updates: Any = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET
    global_table_settings_replication_mode: str | UnsetType = UNSET
    disassociation_protection_enabled: bool | UnsetType = UNSET
    vector_index_updates: tuple[VectorIndexUpdate, ...] | UnsetType = UNSET


class CreateTableOutput(Reply, frozen=True):
    table_description: TableDescription


# To make a class, and later its decoder, would cost a first request more than its one member.
DeleteTableOutput = CreateTableOutput
UpdateTableOutput = CreateTableOutput


class ListTablesOutput(Reply, frozen=True):
    table_names: tuple[str, ...]
    last_evaluated_table_name: str | None = None
