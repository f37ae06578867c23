"""What UpdateTable says about replicas and witnesses."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from ..api.parts import OnDemandThroughputOverride, ProvisionedThroughputOverride
from ..api.replicas import (
    GlobalTableWitnessGroupUpdate,
    ReplicaGlobalSecondaryIndex,
    ReplicationGroupMember,
    ReplicationGroupMemberName,
    ReplicationGroupUpdate,
)
from ..model.options import Replica


def group_updates(
    created: tuple[Replica, ...], updated: Replica | None, deleted: str | None
) -> tuple[ReplicationGroupUpdate, ...]:
    """Return one update for each replica."""
    # One action in each element; of a strongly consistent table all Creates are in one request.
    updates = [ReplicationGroupUpdate(create=_member(replica)) for replica in created]
    if updated is not None:
        updates.append(ReplicationGroupUpdate(update=_member(updated)))
    if deleted is not None:
        updates.append(ReplicationGroupUpdate(delete=ReplicationGroupMemberName(deleted)))
    return tuple(updates)


def witness_updates(region: str) -> tuple[GlobalTableWitnessGroupUpdate, ...]:
    """Return the one update that adds a witness."""
    return (GlobalTableWitnessGroupUpdate(create=ReplicationGroupMemberName(region)),)


def _member(replica: Replica) -> ReplicationGroupMember:
    # The rest of a replica is set by requests to its own region: `tables.regions` has them.
    return ReplicationGroupMember(
        replica.region,
        replica.kms_key,
        _reads(replica.read),
        _maximum(replica.max_read),
        tuple(_indexes(replica)) or UNSET,
        replica.table_class,
    )


def _indexes(replica: Replica) -> Iterator[ReplicaGlobalSecondaryIndex]:
    reads, maxima = replica.index_read or {}, replica.index_max_read or {}
    # An index in both comes once: the API has one element for each index, with both overrides.
    for name in dict.fromkeys((*reads, *maxima)):
        yield ReplicaGlobalSecondaryIndex(
            name, _reads(reads.get(name, UNSET)), _maximum(maxima.get(name, UNSET))
        )


def _reads(units: int | UnsetType) -> ProvisionedThroughputOverride | UnsetType:
    return UNSET if units is UNSET else ProvisionedThroughputOverride(units)


def _maximum(units: int | UnsetType) -> OnDemandThroughputOverride | UnsetType:
    return UNSET if units is UNSET else OnDemandThroughputOverride(units)
