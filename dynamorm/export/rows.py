"""How each setting of a table is written, a row each: in CloudFormation and in Terraform.

A row takes the members that the API has for it and returns what the language has. What no row
takes, and what a row refuses, the language cannot say.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, cast

from msgspec import json

from ..errors import ModelError
from ..model.spec import TableSpec
from .declared import Members, declared
from .global_tables import (
    Unsayable,
    check_stack,
    no_disassociation,
    replica_blocks,
    witness_block,
)

Writer = Callable[[Members], Members]

TABLE = "aws_dynamodb_table"


class Row(NamedTuple):
    """A setting, by the name of its steps, and the members of the API that hold it."""

    setting: str
    members: str
    """Names, with blanks between them."""
    arguments: str
    """What holds it in Terraform, written in the same way."""
    terraform: Writer
    cloudformation: Writer = lambda members: members
    resource: str = TABLE
    refers: tuple[str, str] = ("table_name", "name")
    """By which argument a resource beside the table refers to which attribute of the table."""
    ending: str = ""
    """What tells the name of a resource from that of another one of its kind."""
    several: bool = False
    """Whether it writes arguments by names, each for a resource of its own."""


def written(
    specs: Mapping[str, TableSpec], language: Literal["cloudformation", "terraform"]
) -> dict[str, list[tuple[Row, Members]]]:
    """Return what each row writes of each table; raises `ModelError` for what none can."""
    problems: list[str] = []
    tables: dict[str, list[tuple[Row, Members]]] = {}
    for name, spec in specs.items():
        left = declared(spec)
        tables[name] = []
        for row in ROWS:
            own = {member: left.pop(member) for member in row.members.split() if member in left}
            try:
                if own:
                    tables[name].append((row, getattr(row, language)(own)))
            except Unsayable as unsayable:
                problems.append(f"{language} cannot express {unsayable} - at {spec.name}")
        problems += (
            f"{language} has no property for {member}: leave it out - at {spec.name}"
            for member in left
        )
    if problems:
        raise ModelError(tuple(problems))
    return tables


def snake(member: str) -> str:
    """Return `MaxReadRequestUnits` as `max_read_request_units`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", member).lower()


def _snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake(name): _snaked(inner) for name, inner in value.items()}
    return [_snaked(inner) for inner in value] if isinstance(value, list) else value


def _capacities(members: Members) -> Members:
    """Write billing and warm throughput, of a table or an index."""
    fixed = members.pop("ProvisionedThroughput", {})
    units = {snake(name.removesuffix("Units")): number for name, number in fixed.items()}
    return {**_snaked(members), **units}


def _keyed(key_schema: list[Members]) -> Members:
    """Write a key; `hash_key` and `range_key` are what all versions of the provider know."""
    kinds = [_KEYS[part["KeyType"]] for part in key_schema]
    if len(kinds) > len(set(kinds)):
        return {"key_schema": _snaked(key_schema)}
    return dict(zip(kinds, (part["AttributeName"] for part in key_schema), strict=True))


_KEYS = {"HASH": "hash_key", "RANGE": "range_key"}


def _attributes(members: Members) -> Members:
    named = {"AttributeName": "name", "AttributeType": "type"}
    parts = members["AttributeDefinitions"]
    return {"attribute": [{named[k]: value for k, value in part.items()} for part in parts]}


def _index(index: Members) -> Members:
    name, key, projection = (index.pop(part) for part in ("IndexName", "KeySchema", "Projection"))
    index.pop("ContributorInsightsSpecification", None)  # a resource of its own
    return {"name": name, **_keyed(key), **_snaked(projection), **_capacities(index)}


def _locals(members: Members) -> Members:
    indexes = [_index(index) for index in members["LocalSecondaryIndexes"]]
    for index in indexes:
        del index["hash_key"]  # the table's
    return {"local_secondary_index": indexes}


def _globals(members: Members) -> Members:
    return {"global_secondary_index": list(map(_index, members["GlobalSecondaryIndexes"]))}


def _no_vectors(members: Members) -> Members:
    # https://github.com/hashicorp/terraform-provider-aws/issues/49350
    names = ", ".join(index["IndexName"] for index in members["VectorIndexes"])
    raise Unsayable(f"vector index {names}: {TABLE} has none")


def _stream(members: Members) -> Members:
    written = _snaked(members["StreamSpecification"])
    written.pop("resource_policy", None)  # a resource of its own
    return cast(Members, written)


def _stack_stream(members: Members) -> Members:
    if not members["StreamSpecification"].pop("StreamEnabled"):
        return {}
    return members


def _encryption(members: Members) -> Members:
    given = members["SSESpecification"]
    key = given.get("KMSMasterKeyId")
    if key and not key.startswith("arn:"):
        raise Unsayable(f"encryption with {key!r}: kms_key_arn takes an ARN")
    named = {"kms_key_arn": key} if key else {}
    return {"server_side_encryption": {"enabled": given["Enabled"], **named}}


def _stack_encryption(members: Members) -> Members:
    given = members["SSESpecification"]
    return {"SSESpecification": {"SSEEnabled": given.pop("Enabled"), **given}}


def _recovery(members: Members) -> Members:
    written = _snaked(members["PointInTimeRecoverySpecification"])
    enabled = written.pop("point_in_time_recovery_enabled")
    return {"point_in_time_recovery": {"enabled": enabled, **written}}


def _policy(members: Members) -> Members:
    (policy,) = members.values()
    return {"policy": policy}


def _stack_policy(members: Members) -> Members:
    return {"ResourcePolicy": {"PolicyDocument": json.decode(members["ResourcePolicy"])}}


def _insights(members: Members) -> Members:
    (counted,) = members.values()
    return {"mode": counted["Mode"]} if "Mode" in counted else {}


def _index_insights(members: Members) -> Members:
    return {
        name: {"index_name": name, **_insights({name: counted})}
        for name, counted in members["IndexInsights"].items()
    }


def _elsewhere(_members: Members) -> Members:
    """Write nothing: the template has it within the stream, or the index, that it is about."""
    return {}


ROWS = (
    Row("name", "TableName", "name", lambda m: {"name": m["TableName"]}),
    Row("key", "KeySchema", "hash_key range_key", lambda m: _keyed(m["KeySchema"])),
    Row("key", "AttributeDefinitions", "attribute", _attributes),
    Row(
        "billing",
        "BillingMode ProvisionedThroughput OnDemandThroughput",
        "billing_mode read_capacity write_capacity on_demand_throughput",
        _capacities,
    ),
    Row("index", "LocalSecondaryIndexes", "local_secondary_index", _locals),
    Row("index", "GlobalSecondaryIndexes", "global_secondary_index", _globals),
    Row("index", "VectorIndexes", "", _no_vectors),
    Row("stream", "StreamSpecification", "stream_enabled stream_view_type", _stream, _stack_stream),
    Row("encryption", "SSESpecification", "server_side_encryption", _encryption, _stack_encryption),
    Row("table_class", "TableClass", "table_class", _snaked),
    Row("deletion_protection", "DeletionProtectionEnabled", "deletion_protection_enabled", _snaked),
    Row("warm", "WarmThroughput", "warm_throughput", _snaked),
    Row(
        "ttl",
        "TimeToLiveSpecification",
        "ttl",
        lambda m: {"ttl": _snaked(m["TimeToLiveSpecification"])},
    ),
    Row(
        "point_in_time_recovery",
        "PointInTimeRecoverySpecification",
        "point_in_time_recovery",
        _recovery,
    ),
    Row(
        "tags", "Tags", "tags", lambda m: {"tags": {tag["Key"]: tag["Value"] for tag in m["Tags"]}}
    ),
    Row(
        "resource_policy",
        "ResourcePolicy",
        "policy",
        _policy,
        _stack_policy,
        "aws_dynamodb_resource_policy",
        ("resource_arn", "arn"),
    ),
    Row(
        "stream_policy",
        "StreamResourcePolicy",
        "policy",
        _policy,
        _elsewhere,
        "aws_dynamodb_resource_policy",
        ("resource_arn", "stream_arn"),
        "_stream",
    ),
    Row(
        "kinesis",
        "KinesisStreamSpecification",
        "stream_arn approximate_creation_date_time_precision",
        lambda m: _snaked(m["KinesisStreamSpecification"]),
        resource="aws_dynamodb_kinesis_streaming_destination",
    ),
    Row(
        "contributor_insights",
        "ContributorInsightsSpecification",
        "mode",
        _insights,
        resource="aws_dynamodb_contributor_insights",
    ),
    Row(
        "index_insights",
        "IndexInsights",
        "mode",
        _index_insights,
        _elsewhere,
        "aws_dynamodb_contributor_insights",
        several=True,
    ),
    Row("replicas", "Replicas", "replica", replica_blocks, check_stack),
    # Terraform has it in each replica's block.
    Row("consistency", "MultiRegionConsistency", "", lambda _: {}),
    Row("witness", "GlobalTableWitnesses", "global_table_witness", witness_block),
    Row("disassociation_protection", "DisassociationProtectionEnabled", "", no_disassociation),
)
