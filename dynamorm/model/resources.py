"""CloudFormation's tables as requests: AWS::DynamoDB::Table, and one region of a GlobalTable.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import ModelError
from .option_rules import MEMBERS
from .options import Kinesis

Members = dict[str, Any]


def is_resource(document: Mapping[str, Any]) -> bool:
    """Return whether it is a resource of a template."""
    return "Type" in document and "Properties" in document


def resource_members(
    resource: Mapping[str, Any], named: Mapping[str, str]
) -> tuple[Members, Members]:
    """Return the members of CreateTable, and as options what it cannot carry.

    Raises `ModelError` for functions such as `{"Ref": ...}`, which only CloudFormation can resolve,
    and for properties that no option stands for.
    """
    kind, properties = resource["Type"], {**resource["Properties"], **named}
    if kind == "AWS::DynamoDB::GlobalTable":
        properties = _one_region(properties)
    elif kind != "AWS::DynamoDB::Table":
        raise ModelError((f"{kind} is not a DynamoDB table - at TableSpec.of",))
    _check(kind, properties)
    members = {name: properties[name] for name in MEMBERS if name in properties}
    # The default of a resource, as of CreateTable.
    members.setdefault("BillingMode", "PROVISIONED")
    # A resource has SSEEnabled where the request has Enabled.
    if encryption := members.get("SSESpecification"):
        members["SSESpecification"] = {"Enabled": encryption.get("SSEEnabled", True), **encryption}
    if policy := members.get("ResourcePolicy"):
        members["ResourcePolicy"] = policy["PolicyDocument"]
    options = {
        option: read(properties[name])
        for name, (option, read) in _OPTIONS.items()
        if name in properties
    }
    if stream := members.get("StreamSpecification"):
        members["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
        if policy := stream.get("ResourcePolicy"):
            # CreateTable carries the policy of the table, and not the one of its stream.
            options["stream_policy"] = policy["PolicyDocument"]
    if counted := {
        index["IndexName"]: _insights(index["ContributorInsightsSpecification"])
        for index in members.get("GlobalSecondaryIndexes", ())
        if "ContributorInsightsSpecification" in index
    }:
        options["index_insights"] = counted
    return members, options


def _check(kind: str, properties: Mapping[str, Any]) -> None:
    """Raise `ModelError` for what only CloudFormation can resolve, and for what has no option."""
    problems = [
        f"{path} is {found}, which only CloudFormation can resolve: put its value there - at {kind}"
        for path, found in _functions(properties, "Properties")
    ]
    if "TableName" not in properties:
        problems.append(f"no TableName: CloudFormation makes one up; give name= - at {kind}")
    unknown = [name for name in properties if name not in {*MEMBERS, *_OPTIONS}]
    problems += [
        f"TableSpec has no option for {name}: leave it out - at {kind}" for name in unknown
    ]
    if problems:
        raise ModelError(tuple(problems))


def _time_to_live(found: Members) -> str | None:
    return found["AttributeName"] if found.get("Enabled", True) else None


def _recovery(found: Members) -> bool | int:
    on: bool = found.get("PointInTimeRecoveryEnabled", False)
    return on and found.get("RecoveryPeriodInDays", True)


def _insights(found: Members) -> bool | str:
    on: bool = found["Enabled"]
    return on and found.get("Mode", True)


def _destination(found: Members) -> str | Kinesis:
    precision = found.get("ApproximateCreationDateTimePrecision")
    return Kinesis(found["StreamArn"], precision) if precision else found["StreamArn"]


_OPTIONS: dict[str, tuple[str, Callable[[Members], Any]]] = {
    "TimeToLiveSpecification": ("time_to_live", _time_to_live),
    "ContributorInsightsSpecification": ("contributor_insights", _insights),
    "KinesisStreamSpecification": ("kinesis", _destination),
    "PointInTimeRecoverySpecification": ("point_in_time_recovery", _recovery),
}


def _functions(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the functions in a value, each with its place."""
    if isinstance(value, dict):
        # A function is an object of one member; a tag with the key "Ref" is an object of two.
        if len(value) == 1 and f"{next(iter(value))}:".startswith(("Ref:", "Fn::")):
            yield path, value
            return
        for name, inner in value.items():
            yield from _functions(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _functions(inner, f"{path}[{number}]")


def _one_region(properties: Members) -> Members:
    """Return the part of a global table that is in one region: that of its first replica.

    The capacity of reads is a replica's, that of writes the table's: an index's is in both places.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
    """
    replica: Members = {"Region": "", **properties.pop("Replicas", [{}])[0]}
    del replica["Region"]
    if stream := replica.pop("ReplicaStreamSpecification", None):
        replica["StreamSpecification"] = stream
    reads = {index["IndexName"]: index for index in replica.pop("GlobalSecondaryIndexes", ())}
    indexes = [
        _capacities({**index, **reads.get(index["IndexName"], {})})
        for index in properties.get("GlobalSecondaryIndexes", ())
    ]
    both: Members = {
        name: {**properties[name], **replica.pop(name)}
        for name in ("SSESpecification", "StreamSpecification")
        if name in properties and name in replica
    }
    if indexes:
        both["GlobalSecondaryIndexes"] = indexes
    region = _capacities({**properties, **replica, **both})
    return {name: value for name, value in region.items() if name not in _BETWEEN}


# How replicas belong together is left out, as the other replicas are.
_BETWEEN = ("MultiRegionConsistency", "GlobalTableWitnesses", "DisassociationProtectionEnabled")


_MEANT = {"Read": "ReadCapacityUnits", "Write": "WriteCapacityUnits"}


def _capacities(owner: Members) -> Members:
    """Join the settings of reads and writes; an autoscaled capacity begins where it may begin."""
    for kind, units in _MEANT.items():
        if found := owner.pop(f"{kind}ProvisionedThroughputSettings", None):
            scaled = found.get(f"{kind}CapacityAutoScalingSettings", {})
            figure = found.get(units) or scaled.get("SeedCapacity") or scaled["MinCapacity"]
            owner.setdefault("ProvisionedThroughput", {})[units] = figure
        if found := owner.pop(f"{kind}OnDemandThroughputSettings", None):
            owner.setdefault("OnDemandThroughput", {}).update(found)
    return owner
