"""What UpdateTable takes about the replicas of a global table.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from . import Request
from .parts import OnDemandThroughputOverride, ProvisionedThroughputOverride


class ReplicaGlobalSecondaryIndex(Request, frozen=True):
    index_name: str
    provisioned_throughput_override: ProvisionedThroughputOverride | UnsetType = UNSET
    on_demand_throughput_override: OnDemandThroughputOverride | UnsetType = UNSET


class ReplicationGroupMember(Request, frozen=True):
    """CreateReplicationGroupMemberAction and UpdateReplicationGroupMemberAction, of one shape.

    What is left out is as the table has it, or stays as it is.
    """

    region_name: str
    kms_master_key_id: str | UnsetType = UNSET
    provisioned_throughput_override: ProvisionedThroughputOverride | UnsetType = UNSET
    on_demand_throughput_override: OnDemandThroughputOverride | UnsetType = UNSET
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
