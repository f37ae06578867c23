"""The structures of requests, as Structs named after the API's shapes; `requests` fills them in.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Types_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from .facets import TimeToLiveSpecification
from .options import OnDemand, Provisioned, WarmThroughput
from .replies import AttributeDefinition, KeySchemaElement, Projection, StreamSpecification, Tag
from .wire import wire_name

__all__ = [
    "CreateTableInput",
    "DeleteGlobalSecondaryIndexAction",
    "DeleteResourcePolicyInput",
    "DeleteTableInput",
    "DescribeContinuousBackupsInput",
    "DescribeTableInput",
    "DescribeTimeToLiveInput",
    "GetResourcePolicyInput",
    "GlobalSecondaryIndex",
    "GlobalSecondaryIndexUpdate",
    "ListTablesInput",
    "ListTagsOfResourceInput",
    "LocalSecondaryIndex",
    "OnDemandLimits",
    "PointInTimeRecoverySpecification",
    "PutResourcePolicyInput",
    "Request",
    "SSESpecification",
    "TagResourceInput",
    "UntagResourceInput",
    "UpdateContinuousBackupsInput",
    "UpdateGlobalSecondaryIndexAction",
    "UpdateTableInput",
    "UpdateTimeToLiveInput",
]


class Request(Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API."""


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


class OnDemandLimits(Request, frozen=True):
    """The API's OnDemandThroughput where it may take a maximum away, which is -1."""

    max_read_request_units: int | UnsetType = UNSET
    max_write_request_units: int | UnsetType = UNSET


class UpdateGlobalSecondaryIndexAction(Request, frozen=True):
    index_name: str
    provisioned_throughput: Provisioned | UnsetType = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET


class DeleteGlobalSecondaryIndexAction(Request, frozen=True):
    index_name: str


class GlobalSecondaryIndexUpdate(Request, frozen=True):
    """One of the three; CreateGlobalSecondaryIndexAction is a GlobalSecondaryIndex by its shape."""

    update: UpdateGlobalSecondaryIndexAction | UnsetType = UNSET
    create: GlobalSecondaryIndex | UnsetType = UNSET
    delete: DeleteGlobalSecondaryIndexAction | UnsetType = UNSET


class UpdateTableInput(Request, frozen=True, kw_only=True):
    """Replicas, witnesses and vector indexes are nothing that a builder fills."""

    attribute_definitions: tuple[AttributeDefinition, ...] | UnsetType = UNSET
    table_name: str
    billing_mode: str | UnsetType = UNSET
    provisioned_throughput: Provisioned | UnsetType = UNSET
    global_secondary_index_updates: tuple[GlobalSecondaryIndexUpdate, ...] | UnsetType = UNSET
    stream_specification: StreamSpecification | UnsetType = UNSET
    sse_specification: SSESpecification | UnsetType = UNSET
    replica_updates: Any = UNSET
    table_class: str | UnsetType = UNSET
    deletion_protection_enabled: bool | UnsetType = UNSET
    multi_region_consistency: str | UnsetType = UNSET
    global_table_witness_updates: Any = UNSET
    on_demand_throughput: OnDemandLimits | UnsetType = UNSET
    warm_throughput: WarmThroughput | UnsetType = UNSET
    global_table_settings_replication_mode: str | UnsetType = UNSET
    disassociation_protection_enabled: bool | UnsetType = UNSET
    vector_index_updates: Any = UNSET


class UpdateTimeToLiveInput(Request, frozen=True):
    table_name: str
    time_to_live_specification: TimeToLiveSpecification


class DescribeTimeToLiveInput(Request, frozen=True):
    table_name: str


class PointInTimeRecoverySpecification(Request, frozen=True):
    point_in_time_recovery_enabled: bool
    recovery_period_in_days: int | UnsetType = UNSET


class UpdateContinuousBackupsInput(Request, frozen=True):
    table_name: str
    point_in_time_recovery_specification: PointInTimeRecoverySpecification


class DescribeContinuousBackupsInput(Request, frozen=True):
    table_name: str


class TagResourceInput(Request, frozen=True):
    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceInput(Request, frozen=True):
    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsOfResourceInput(Request, frozen=True):
    resource_arn: str
    next_token: str | UnsetType = UNSET


class PutResourcePolicyInput(Request, frozen=True):
    resource_arn: str
    policy: str
    expected_revision_id: str | UnsetType = UNSET
    confirm_remove_self_resource_access: bool | UnsetType = UNSET


class GetResourcePolicyInput(Request, frozen=True):
    resource_arn: str


class DeleteResourcePolicyInput(Request, frozen=True):
    resource_arn: str
    expected_revision_id: str | UnsetType = UNSET
