"""What DescribeTable of a fake service tells of a table's replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def described_replicas(
    payload: dict[str, Any], changing: dict[str, Any], arn: Callable[[str], str]
) -> dict[str, Any]:
    """Return what DescribeTable tells of a table's replicas."""
    replicas = payload.get("Replicas", {})
    if not replicas:
        return {}
    told: dict[str, Any] = {
        "GlobalTableVersion": "2019.11.21",
        "Replicas": [
            _replica(one, changing.get(region), arn(region)) for region, one in replicas.items()
        ],
    }
    if "MultiRegionConsistency" in payload:
        told["MultiRegionConsistency"] = payload["MultiRegionConsistency"]
        told["GlobalTableWitnesses"] = [
            {"RegionName": region, "WitnessStatus": "ACTIVE"} for region in payload["Witnesses"]
        ]
    if "DisassociationProtectionEnabled" in payload:
        name = "DisassociationProtectionEnabled"
        told[name] = payload[name]
    return told


def _replica(replica: dict[str, Any], status: Any, arn: str) -> dict[str, Any]:
    told = {name: replica[name] for name in _OVERRIDES if name in replica}
    if "TableClassOverride" in replica:
        told["ReplicaTableClassSummary"] = {"TableClass": replica["TableClassOverride"]}
    indexes = replica.get("GlobalSecondaryIndexes", [])
    return {
        "RegionName": replica["RegionName"],
        "ReplicaStatus": status or "ACTIVE",
        "ReplicaArn": arn,
        "GlobalSecondaryIndexes": indexes,
        **told,
    }


_OVERRIDES = ("ProvisionedThroughputOverride", "OnDemandThroughputOverride", "KMSMasterKeyId")
