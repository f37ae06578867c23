"""What UpdateTable takes about the replicas of a global table.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from . import Request


class ReplicaReads(Request, frozen=True):
    """The API's ProvisionedThroughputOverride."""

    read_capacity_units: int


class ReplicaMaximum(Request, frozen=True):
    """The API's OnDemandThroughputOverride."""

    max_read_request_units: int


class ReplicaGlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    provisioned_throughput_override: ReplicaReads | UnsetType = UNSET
    on_demand_throughput_override: ReplicaMaximum | UnsetType = UNSET


class ReplicationGroupMember(Request, frozen=True):
    """CreateReplicationGroupMemberAction and UpdateReplicationGroupMemberAction, of one shape."""

    region_name: str
    kms_master_key_id: str | UnsetType = UNSET
    provisioned_throughput_override: ReplicaReads | UnsetType = UNSET
    on_demand_throughput_override: ReplicaMaximum | UnsetType = UNSET
    global_secondary_indexes: tuple[ReplicaGlobalSecondaryIndex, ...] | UnsetType = UNSET
    table_class_override: str | UnsetType = UNSET


class ReplicationGroupMemberName(Request, frozen=True):
    """DeleteReplicationGroupMemberAction, and the actions about a witness."""

    region_name: str


class ReplicationGroupUpdate(Request, frozen=True):
    """One of the three."""

    create: ReplicationGroupMember | UnsetType = UNSET
    update: ReplicationGroupMember | UnsetType = UNSET
    delete: ReplicationGroupMemberName | UnsetType = UNSET


class GlobalTableWitnessGroupUpdate(Request, frozen=True):
    create: ReplicationGroupMemberName | UnsetType = UNSET
