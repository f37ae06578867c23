"""Resources and descriptions of tables, as members of CreateTable and options.

A resource is CloudFormation's: AWS::DynamoDB::Table, or one region of a GlobalTable.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from ..errors import ModelError
from . import region_of
from .options import Kinesis, Replica, is_units

Document = Mapping[str, Any]
Members = dict[str, Any]


# What a model or a default always fills, and what an option or the indexes do: `extra` may have one
# of the latter where that is not declared.
ALWAYS_FILLED = (
    "AttributeDefinitions",
    "TableName",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "OnDemandThroughput",
)
FILLED_BY = {
    "LocalSecondaryIndexes": "local_indexes",
    "GlobalSecondaryIndexes": "global_indexes",
    "VectorIndexes": "vector_indexes",
    "StreamSpecification": "stream",
    "SSESpecification": "encryption",
    "Tags": "tags",
    "TableClass": "table_class",
    "DeletionProtectionEnabled": "deletion_protection",
    "WarmThroughput": "warm",
    "ResourcePolicy": "resource_policy",
}
MEMBERS = (*ALWAYS_FILLED, *FILLED_BY)
"""The members of CreateTable that a model and its options say: all others go into `extra`."""

UNITS = {
    "ProvisionedThroughput": ("ReadCapacityUnits", "WriteCapacityUnits"),
    "OnDemandThroughput": ("MaxReadRequestUnits", "MaxWriteRequestUnits"),
    "WarmThroughput": ("ReadUnitsPerSecond", "WriteUnitsPerSecond"),
}
"""Where a table or an index has units, for reads and for writes."""


def is_resource(document: Document) -> bool:
    """Return whether it is a resource of a template."""
    return "Type" in document and "Properties" in document


def resource_members(resource: Document, named: Document) -> tuple[Members, Members]:
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


def _check(kind: str, properties: Document) -> None:
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


def _capacities(owner: Members) -> Members:
    """Join the settings of reads and writes; an autoscaled capacity begins where it may begin."""
    for kind, units in zip(("Read", "Write"), UNITS["ProvisionedThroughput"], strict=True):
        if found := owner.pop(f"{kind}ProvisionedThroughputSettings", None):
            scaled = found.get(f"{kind}CapacityAutoScalingSettings", {})
            figure = found.get(units) or scaled.get("SeedCapacity") or scaled["MinCapacity"]
            owner.setdefault("ProvisionedThroughput", {})[units] = figure
        if found := owner.pop(f"{kind}OnDemandThroughputSettings", None):
            owner.setdefault("OnDemandThroughput", {}).update(found)
    return owner


def described_members(table: Document) -> tuple[Members, Members]:
    """Return the members of CreateTable for such a table, and as options what it cannot carry.

    Defaults are left out, and the warm throughput, which the service raises by itself.
    """
    # Left out of a table that has never been on demand.
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    encryption = table.get("SSEDescription", {})
    told: dict[str, Any] = {
        **{name: table[name] for name in _SAME if table.get(name)},
        **_capacity(table, mode),
        # Always said: CreateTable takes PROVISIONED where it is left out.
        "BillingMode": mode,
        "GlobalSecondaryIndexes": [
            {**{n: index[n] for n in _OF_INDEX if n in index}, **_capacity(index, mode)}
            for index in table.get("GlobalSecondaryIndexes", ())
        ],
    }
    # A key that AWS owns, the default, is described by nothing at all.
    if encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING"):
        told["SSESpecification"] = {
            "Enabled": True,
            "KMSMasterKeyId": encryption.get("KMSMasterKeyArn") or None,
        }
    table_class = table.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    if table_class != "STANDARD":
        told["TableClass"] = table_class
    return told, _replica_options(table, mode) if table.get("Replicas") else {}


_SAME = (
    "AttributeDefinitions",
    "TableName",
    "KeySchema",
    "LocalSecondaryIndexes",
    "VectorIndexes",
    "StreamSpecification",
    "DeletionProtectionEnabled",
)
_OF_INDEX = ("IndexName", "KeySchema", "Projection")


def _capacity(owner: Document, mode: str) -> Document:
    """Return the figures that mean something: on demand there are 0 units; -1 is no maximum."""
    on_demand = mode == "PAY_PER_REQUEST"
    kind = "OnDemandThroughput" if on_demand else "ProvisionedThroughput"
    told = owner.get(kind, {})
    figures = {name: told[name] for name in UNITS[kind] if is_units(told.get(name))}
    # A maximum can stand alone; of provisioned units, CreateTable takes both or none.
    return {kind: figures} if len(figures) >= (1 if on_demand else 2) else {}


def _replica_options(table: Document, mode: str) -> Members:
    """Return the options of a global table; of a replica, only what differs from the table.

    What only the replica's own region tells is left out.
    """
    options: Members = {"replicas": tuple(_replicas(table))}
    if options["replicas"] and mode != "PAY_PER_REQUEST":
        # The service takes replicas of it only where auto scaling manages its capacity.
        options["ignore"] = ("billing",)
    if table.get("MultiRegionConsistency") == "STRONG":
        options["consistency"] = "STRONG"
        for witness in table.get("GlobalTableWitnesses") or ():
            options["witness"] = witness["RegionName"]
    if table.get("DisassociationProtectionEnabled") is False:
        options["disassociation_protection"] = False
    return options


def _replicas(table: Document) -> Iterator[Replica]:
    own = region_of(table.get("TableArn"))
    for found in table["Replicas"]:
        if found["RegionName"] != own and found.get("ReplicaStatus") != "DELETING":
            yield Replica(
                found["RegionName"],
                kms_key=found.get("KMSMasterKeyId") or UNSET,
                table_class=found.get("ReplicaTableClassSummary", {}).get("TableClass", UNSET),
                max_read=_reads(found, "OnDemandThroughput"),
                read=_reads(found, "ProvisionedThroughput"),
                index_max_read=_index_reads(found, "OnDemandThroughput"),
                index_read=_index_reads(found, "ProvisionedThroughput"),
            )


def _reads(owner: Document, kind: str) -> Any:
    """Return a figure that means something: -1 is no maximum."""
    figure = owner.get(f"{kind}Override", {}).get(UNITS[kind][0])
    return figure if is_units(figure) else UNSET


def _index_reads(found: Document, kind: str) -> Any:
    indexes = found.get("GlobalSecondaryIndexes") or ()
    figures = {one["IndexName"]: _reads(one, kind) for one in indexes}
    return {name: figure for name, figure in figures.items() if figure is not UNSET} or UNSET
