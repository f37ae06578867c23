"""How a table with replicas is written: another resource in CloudFormation, blocks in Terraform.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from ..model.options import Provisioned, Replica
from ..model.spec import TableSpec
from .declared import Members, given, recovery_members


class Unsayable(Exception):
    """A declaration that a format cannot express; the code that catches it knows the table."""


def check_stack(members: Members) -> Members:
    """Raise `Unsayable` for what a GlobalTable cannot be; its replicas are written at the end."""
    spec: TableSpec = members["Replicas"]
    # The property for writes takes the bounds of auto scaling, and no figure alone.
    if isinstance(spec.billing, Provisioned):
        raise Unsayable("capacity of a global table without auto scaling of its writes")
    return {}


def global_properties(spec: TableSpec, properties: Members) -> Members:
    """Make the properties of a GlobalTable out of those of a Table.

    What DynamoDB keeps for each region by itself is in the replica of the stack's own region.
    """
    left = {name: value for name, value in properties.items() if name not in _REGIONAL}
    own = {name: properties[name] for name in _REGIONAL if name in properties}
    own |= _reads(left.pop("OnDemandThroughput", {}), left)
    indexes = []
    for index in left.get("GlobalSecondaryIndexes", ()):
        counted = index.pop("ContributorInsightsSpecification", None)
        there: Members = {"ContributorInsightsSpecification": counted} if counted else {}
        there |= _reads(index.pop("OnDemandThroughput", {}), index)
        indexes += [{"IndexName": index["IndexName"], **there}] if there else []
    if key := left.get("SSESpecification", {}).pop("KMSMasterKeyId", None):
        own["SSESpecification"] = {"KMSMasterKeyId": key}
    if policy := left.get("StreamSpecification", {}).pop("ResourcePolicy", None):
        own["ReplicaStreamSpecification"] = {"ResourcePolicy": policy}
    if indexes:
        own["GlobalSecondaryIndexes"] = indexes
    first = {"Region": {"Ref": "AWS::Region"}, **own}
    return {**left, "Replicas": [first, *(_replica(one, spec) for one in spec.replicas or ())]}


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-globaltable-replicaspecification.html
_REGIONAL = (
    "TableClass",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "Tags",
    "ResourcePolicy",
    "KinesisStreamSpecification",
    "ContributorInsightsSpecification",
    "DisassociationProtectionEnabled",
)


def _reads(maxima: Members, owner: Members) -> Members:
    """Return the maximum of reads, which is a replica's; that of writes is the owner's."""
    if "MaxWriteRequestUnits" in maxima:
        writes = {"MaxWriteRequestUnits": maxima["MaxWriteRequestUnits"]}
        owner["WriteOnDemandThroughputSettings"] = writes
    return _max_read(maxima.get("MaxReadRequestUnits", UNSET))


def _max_read(units: Any) -> Members:
    return (
        {} if units is UNSET else {"ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": units}}
    )


def _replica(replica: Replica, spec: TableSpec) -> Members:
    maxima, tags = replica.index_max_read or {}, replica.tags or {}
    indexes = [{"IndexName": name, **_max_read(units)} for name, units in maxima.items()]
    own = given(
        # To UpdateTable, a replica without a class has the table's; to CloudFormation, the default.
        TableClass=replica.table_class or spec.table_class,
        SSESpecification={"KMSMasterKeyId": replica.kms_key} if replica.kms_key else UNSET,
        DeletionProtectionEnabled=replica.deletion_protection,
        PointInTimeRecoverySpecification=recovery_members(replica.point_in_time_recovery),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()] or UNSET,
        GlobalSecondaryIndexes=indexes or UNSET,
    )
    return {"Region": replica.region, **_max_read(replica.max_read), **own}


def replica_blocks(members: Members) -> Members:
    """Write a `replica` block for each replica; raise `Unsayable` for what it has no word for."""
    spec: TableSpec = members["Replicas"]
    problems = [one for replica in spec.replicas or () for one in _unsayable(replica, spec)]
    if problems:
        raise Unsayable("; ".join(problems))
    return {"replica": [_block(replica, spec) for replica in spec.replicas or ()]}


def _unsayable(replica: Replica, spec: TableSpec) -> Iterator[str]:
    for name in ("table_class", "max_read", "read", "index_max_read", "index_read"):
        if getattr(replica, name):
            yield f"{name} of the replica in {replica.region}"
    if type(replica.point_in_time_recovery) is int:
        yield f"days of recovery of the replica in {replica.region}"
    if replica.kms_key and not replica.kms_key.startswith("arn:"):
        yield f"kms_key {replica.kms_key!r} of the replica in {replica.region}, which is no ARN"
    if replica.tags and replica.tags != spec.tags:
        yield f"tags of the replica in {replica.region} that are not the table's"


def _block(replica: Replica, spec: TableSpec) -> Members:
    return given(
        region_name=replica.region,
        kms_key_arn=replica.kms_key,
        point_in_time_recovery=replica.point_in_time_recovery,
        deletion_protection_enabled=replica.deletion_protection,
        propagate_tags=True if replica.tags else UNSET,
        consistency_mode="STRONG" if spec.consistency == "STRONG" else UNSET,
    )


def witness_block(members: Members) -> Members:
    """Write the witness of a strongly consistent table."""
    (witness,) = members["GlobalTableWitnesses"]
    return {"global_table_witness": {"region_name": witness["Region"]}}


def no_disassociation(_members: Members) -> Members:
    """Raise `Unsayable`: aws_dynamodb_table leaves it as the service has it."""
    raise Unsayable("disassociation_protection: aws_dynamodb_table has no argument for it")
