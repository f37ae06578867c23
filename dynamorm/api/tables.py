"""The requests and replies of the operations on tables.

A member that an operation always has has no default here: an answer without it does not count.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

# No annotations as strings: to evaluate them costs a first request as much as to make the classes.

from ..model.options import WarmThroughput
from . import AttributeDefinition, KeySchemaElement, Reply, Request, TableDescription
from . import DescribeTableInput as DescribeTableInput  # noqa: PLC0414  # with its reply
from . import DescribeTableOutput as DescribeTableOutput  # noqa: PLC0414
from .parts import (
    OnDemandThroughput,
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


class LocalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection


class GlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection
    provisioned_throughput: ProvisionedThroughput | None = None
    on_demand_throughput: OnDemandThroughput | None = None
    warm_throughput: WarmThroughput | None = None


class NewVectorIndex(Request, frozen=True, kw_only=True):
    """VectorIndex, whose name the option has."""

    index_name: str
    vector_attribute: VectorAttributeDefinition
    search_schema: tuple[SearchSchemaElement, ...] | None = None
    projection: Projection
    dimensions: int
    distance_function: str


class SSESpecification(Request, frozen=True):
    enabled: bool | None = None
    sse_type: str | None = None
    kms_master_key_id: str | None = None


class CreateTableInput(Request, frozen=True):
    """The members below `tags` that no option sets come from `extra`, as they are."""

    attribute_definitions: tuple[AttributeDefinition, ...]
    table_name: str
    key_schema: tuple[KeySchemaElement, ...]
    local_secondary_indexes: tuple[LocalSecondaryIndex, ...] | None = None
    global_secondary_indexes: tuple[GlobalSecondaryIndex, ...] | None = None
    billing_mode: str | None = None
    provisioned_throughput: ProvisionedThroughput | None = None
    stream_specification: StreamSpecification | None = None
    sse_specification: SSESpecification | None = None
    tags: tuple[Tag, ...] | None = None
    table_class: str | None = None
    deletion_protection_enabled: bool | None = None
    warm_throughput: WarmThroughput | None = None
    resource_policy: str | None = None
    on_demand_throughput: OnDemandThroughput | None = None
    global_table_source_arn: str | None = None
    global_table_settings_replication_mode: str | None = None
    vector_indexes: tuple[NewVectorIndex, ...] | None = None


class DescribeLimitsInput(Request, frozen=True):
    """It has no member: the quotas are those of the account in the region."""


class DescribeLimitsOutput(Reply, frozen=True):
    """The quotas of one table; those of the account, which are answered too, nobody asks for."""

    table_max_read_capacity_units: int
    table_max_write_capacity_units: int


class DeleteTableInput(Request, frozen=True):
    table_name: str


class ListTablesInput(Request, frozen=True):
    exclusive_start_table_name: str | None = None
    limit: int | None = None


class CreateTableOutput(Reply, frozen=True):
    table_description: TableDescription


# To make a class, and later its decoder, would cost a first request more than its one member.
DeleteTableOutput = CreateTableOutput
UpdateTableOutput = CreateTableOutput


class ListTablesOutput(Reply, frozen=True):
    table_names: tuple[str, ...]
    last_evaluated_table_name: str | None = None
