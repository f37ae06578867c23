"""The structures of requests, as Structs named after the API's shapes; `requests` fills them in.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Types_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from .options import OnDemand, Provisioned, WarmThroughput
from .wire import wire_name

__all__ = [
    "AttributeDefinition",
    "CreateTableInput",
    "DeleteTableInput",
    "DescribeTableInput",
    "GlobalSecondaryIndex",
    "KeySchemaElement",
    "ListTablesInput",
    "LocalSecondaryIndex",
    "Projection",
    "Request",
    "SSESpecification",
    "StreamSpecification",
    "Tag",
]


class Request(Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API."""


class AttributeDefinition(Request, frozen=True):
    attribute_name: str
    attribute_type: str


class KeySchemaElement(Request, frozen=True):
    attribute_name: str
    key_type: str


class Projection(Request, frozen=True):
    projection_type: str
    non_key_attributes: tuple[str, ...] | UnsetType = UNSET


class LocalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection


class GlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...]
    projection: Projection
    provisioned_throughput: Provisioned | UnsetType = UNSET
    on_demand_throughput: OnDemand | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET


class StreamSpecification(Request, frozen=True):
    stream_enabled: bool
    stream_view_type: str | UnsetType = UNSET


class SSESpecification(Request, frozen=True):
    enabled: bool | UnsetType = UNSET
    sse_type: str | UnsetType = UNSET
    kms_master_key_id: str | UnsetType = UNSET


class Tag(Request, frozen=True):
    key: str
    value: str


class CreateTableInput(Request, frozen=True):
    """The members below `tags` that no option sets come from `extra`, as they are."""

    attribute_definitions: tuple[AttributeDefinition, ...]
    table_name: str
    key_schema: tuple[KeySchemaElement, ...]
    local_secondary_indexes: tuple[LocalSecondaryIndex, ...] | UnsetType = UNSET
    global_secondary_indexes: tuple[GlobalSecondaryIndex, ...] | UnsetType = UNSET
    billing_mode: str | UnsetType = UNSET
    provisioned_throughput: Provisioned | UnsetType = UNSET
    stream_specification: StreamSpecification | UnsetType = UNSET
    sse_specification: SSESpecification | UnsetType = UNSET
    tags: tuple[Tag, ...] | UnsetType = UNSET
    table_class: str | UnsetType = UNSET
    deletion_protection_enabled: bool | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET
    resource_policy: str | UnsetType = UNSET
    on_demand_throughput: OnDemand | UnsetType = UNSET
    global_table_source_arn: str | UnsetType = UNSET
    global_table_settings_replication_mode: str | UnsetType = UNSET
    vector_indexes: Any = UNSET


class DescribeTableInput(Request, frozen=True):
    table_name: str


class DeleteTableInput(Request, frozen=True):
    table_name: str


class ListTablesInput(Request, frozen=True):
    exclusive_start_table_name: str | UnsetType = UNSET
    limit: int | UnsetType = UNSET
