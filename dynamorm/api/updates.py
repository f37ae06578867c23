"""What UpdateTable takes: indexes, replicas and witnesses, and every other kind of change.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html
"""

from __future__ import annotations

from ..model.options import WarmThroughput
from . import AttributeDefinition, Request, parts, tables


class ReplicaGlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    provisioned_throughput_override: parts.ProvisionedThroughputOverride | None = None
    on_demand_throughput_override: parts.OnDemandThroughputOverride | None = None


class ReplicationGroupMember(Request, frozen=True):
    """CreateReplicationGroupMemberAction and UpdateReplicationGroupMemberAction, of one shape.

    What is left out is as the table has it, or stays as it is.
    """

    region_name: str
    kms_master_key_id: str | None = None
    provisioned_throughput_override: parts.ProvisionedThroughputOverride | None = None
    on_demand_throughput_override: parts.OnDemandThroughputOverride | None = None
    global_secondary_indexes: tuple[ReplicaGlobalSecondaryIndex, ...] | None = None
    table_class_override: str | None = None


class ReplicationGroupMemberName(Request, frozen=True):
    """DeleteReplicationGroupMemberAction, and the actions about a witness."""

    region_name: str


class ReplicationGroupUpdate(Request, frozen=True):
    """One of the three."""

    create: ReplicationGroupMember | None = None
    update: ReplicationGroupMember | None = None
    delete: ReplicationGroupMemberName | None = None


class GlobalTableWitnessGroupUpdate(Request, frozen=True):
    create: ReplicationGroupMemberName | None = None
    delete: ReplicationGroupMemberName | None = None


class UpdateGlobalSecondaryIndexAction(Request, frozen=True):
    index_name: str
    provisioned_throughput: tables.ProvisionedThroughput | None = None
    on_demand_throughput: parts.OnDemandThroughput | None = None
    warm_throughput: WarmThroughput | None = None


class DeleteIndexAction(Request, frozen=True):
    """DeleteGlobalSecondaryIndexAction and DeleteVectorIndexAction, of one shape."""

    index_name: str


class GlobalSecondaryIndexUpdate(Request, frozen=True):
    """One of the three; CreateGlobalSecondaryIndexAction is a GlobalSecondaryIndex by its shape."""

    update: UpdateGlobalSecondaryIndexAction | None = None
    create: tables.GlobalSecondaryIndex | None = None
    delete: DeleteIndexAction | None = None


class VectorIndexUpdate(Request, frozen=True):
    """One of the two, and one of them in a request: the API has no Update of a vector index."""

    create: tables.NewVectorIndex | None = None
    delete: DeleteIndexAction | None = None


class UpdateTableInput(Request, frozen=True, kw_only=True):
    """Members for every kind of change, of which a request has one."""

    attribute_definitions: tuple[AttributeDefinition, ...] | None = None
    table_name: str
    billing_mode: str | None = None
    provisioned_throughput: tables.ProvisionedThroughput | None = None
    global_secondary_index_updates: tuple[GlobalSecondaryIndexUpdate, ...] | None = None
    stream_specification: parts.StreamSpecification | None = None
    sse_specification: tables.SSESpecification | None = None
    replica_updates: tuple[ReplicationGroupUpdate, ...] | None = None
    table_class: str | None = None
    deletion_protection_enabled: bool | None = None
    multi_region_consistency: str | None = None
    global_table_witness_updates: tuple[GlobalTableWitnessGroupUpdate, ...] | None = None
    on_demand_throughput: parts.OnDemandThroughput | None = None
    warm_throughput: WarmThroughput | None = None
    global_table_settings_replication_mode: str | None = None
    disassociation_protection_enabled: bool | None = None
    vector_index_updates: tuple[VectorIndexUpdate, ...] | None = None
