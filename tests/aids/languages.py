"""What a template or a configuration says of a table, read back as the members of the API.

Written from the languages' documentation, and not from what the package writes.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from msgspec import UNSET, structs

from dynamorm import (
    KMS,
    IndexSpec,
    KeyAttribute,
    Kinesis,
    Provisioned,
    TableSpec,
    WarmThroughput,
    requests,
)

from .strategies import ONE_REGION, specs

COUNT = int(os.environ.get("DYNAMORM_EXPORTED", "0"))
"""How many random tables a law is tried with; without it as many as other laws."""


def many(test: Any) -> Any:
    return settings(max_examples=COUNT)(test) if COUNT else test


KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

STREAM_ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"


MODES = ("ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS")

_READER = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "dynamodb:GetRecords",
    "Resource": "*",
}
POLICY = {"Version": "2012-10-17", "Statement": [_READER]}


ID, AT, BY = (KeyAttribute(name, "S") for name in ("id", "at", "by"))

FULL = TableSpec(
    name="full",
    partition_key=ID,
    sort_key=AT,
    indexes=(IndexSpec("local", (), (BY,)), IndexSpec("many", (BY, AT), (ID,))),
    billing=Provisioned(1, 1),
    stream="NEW_IMAGE",
    encryption=KMS(),
    tags={"a": "b"},
    table_class="STANDARD",
    deletion_protection=True,
    warm=WarmThroughput(12_000, 4_000),
    point_in_time_recovery=True,
    resource_policy={"Version": "2012-10-17", "Statement": []},
    time_to_live="expires",
    stream_policy=POLICY,
    kinesis=Kinesis(STREAM_ARN, "MICROSECOND"),
    contributor_insights="THROTTLED_KEYS",
    index_insights={"many": True},
)
"""A table with each kind of index and every setting: no setting is left to what a test draws."""


def completed(tables: st.SearchStrategy[TableSpec]) -> st.SearchStrategy[TableSpec]:
    """Replace what one of the languages has no word for, and add what other tests do not need."""

    def replaced(spec: TableSpec, kinesis: Any, insights: Any, policy: Any) -> TableSpec:
        encryption = spec.encryption
        if isinstance(encryption, KMS) and encryption.key_id:
            encryption = KMS(KEY_ARN)
        added = {"kinesis": kinesis, "contributor_insights": insights}
        if insights is not UNSET:
            added["index_insights"] = {index.name: insights for index in spec.global_indexes}
        if spec.stream:
            added["stream_policy"] = policy
        # A table of one region: export/test_global_tables.py has the others.
        return structs.replace(spec, extra=UNSET, encryption=encryption, **added, **ONE_REGION)

    absent = st.sampled_from([UNSET, None])
    insights = st.sampled_from([UNSET, False, True, *MODES])
    streams = st.sampled_from([STREAM_ARN, Kinesis(STREAM_ARN, "MICROSECOND")])
    return st.builds(replaced, tables, absent | streams, insights, absent | st.just(POLICY))


def without_vectors(spec: TableSpec) -> TableSpec:
    """Leave out the indexes that Terraform has no word for."""
    kept = tuple(index for index in spec.indexes if not index.vector)
    return structs.replace(spec, indexes=kept)


stackable: st.SearchStrategy[TableSpec] = completed(specs())
"""Any table of which CloudFormation can say all."""

sayable = stackable.map(without_vectors)
"""Any table of which every language can say all."""

printable: st.SearchStrategy[TableSpec] = completed(
    specs(st.text(st.characters(categories=["L", "N", "P"]), max_size=60).map("a{}".format))
).filter(lambda spec: not re.search("'(true|false)'", str(structs.asdict(spec)), re.IGNORECASE))
"""One whose texts tools can read: to cfn-lint, control characters are errors, `"False"` is 0."""


def executed(text: str) -> Any:
    """Run a source, and give the class in it."""
    module: dict[str, Any] = {"__name__": "pulled"}
    exec(compile(text, "pulled.py", "exec", dont_inherit=True), module)
    (model,) = (v for v in module.values() if getattr(v, "__module__", "") == "pulled")
    return model


def asked(spec: TableSpec) -> dict[str, Any]:
    """What is asked of the service: CreateTable, with what the requests after it have."""
    members = json.loads(requests.encode(requests.create_table(spec)))
    if "ResourcePolicy" in members:
        members["ResourcePolicy"] = json.loads(members["ResourcePolicy"])
    if spec.time_to_live:
        members["TTL"] = spec.time_to_live
    if spec.point_in_time_recovery:
        members["PITR"] = spec.point_in_time_recovery
    if spec.stream_policy:
        members["StreamPolicy"] = spec.stream_policy
    if isinstance(spec.kinesis, str):
        members["Kinesis"] = {"StreamArn": spec.kinesis}
    elif spec.kinesis:
        members["Kinesis"] = {
            "StreamArn": spec.kinesis.stream,
            "ApproximateCreationDateTimePrecision": spec.kinesis.precision,
        }
    if spec.contributor_insights:
        members["Insights"] = {None: spec.contributor_insights}
    for name, mode in (spec.index_insights or {}).items():
        if mode:
            members.setdefault("Insights", {})[name] = mode
    return _sorted(members)


def _sorted(members: dict[str, Any]) -> dict[str, Any]:
    """Put what has no order in one."""
    for name, by in (
        ("AttributeDefinitions", "AttributeName"),
        ("GlobalSecondaryIndexes", "IndexName"),
        ("LocalSecondaryIndexes", "IndexName"),
        ("VectorIndexes", "IndexName"),
        ("Tags", "Key"),
    ):
        if name in members:
            members[name] = sorted(members[name], key=lambda part: part[by])
    return members


def from_stack(properties: dict[str, Any]) -> dict[str, Any]:
    """Read the properties of an AWS::DynamoDB::Table."""
    members = json.loads(json.dumps(properties))
    sse = members.pop("SSESpecification", {"SSEEnabled": False})
    if sse.pop("SSEEnabled"):
        members["SSESpecification"] = {"Enabled": True, **sse}
    if view := members.pop("StreamSpecification", None):
        if policy := view.pop("ResourcePolicy", None):
            members["StreamPolicy"] = policy["PolicyDocument"]
        members["StreamSpecification"] = {"StreamEnabled": True, **view}
    if stream := members.pop("KinesisStreamSpecification", None):
        members["Kinesis"] = stream
    for owner in (members, *members.get("GlobalSecondaryIndexes", ())):
        if counted := owner.pop("ContributorInsightsSpecification", None):
            assert counted.pop("Enabled")
            insights = members.setdefault("Insights", {})
            insights[owner.get("IndexName")] = counted.get("Mode", True)
    if policy := members.pop("ResourcePolicy", None):
        members["ResourcePolicy"] = policy["PolicyDocument"]
    ttl = members.pop("TimeToLiveSpecification", {"Enabled": False})
    if ttl["Enabled"]:
        members["TTL"] = ttl["AttributeName"]
    pitr = members.pop("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False})
    if pitr["PointInTimeRecoveryEnabled"]:
        members["PITR"] = pitr.get("RecoveryPeriodInDays", True)
    return _sorted(members)


def from_terraform(resources: dict[str, Any], name: str) -> dict[str, Any]:
    """Read an aws_dynamodb_table and what belongs to it."""
    table = _plain(resources["aws_dynamodb_table"][name])
    table.pop("lifecycle")
    members: dict[str, Any] = {
        "TableName": table.pop("name"),
        "KeySchema": _key(table),
        "BillingMode": table.pop("billing_mode"),
        "AttributeDefinitions": [
            {"AttributeName": part["name"], "AttributeType": part["type"]}
            for part in table.pop("attribute")
        ],
        **_capacities(table),
    }
    for kind, member in (
        ("local_secondary_index", "LocalSecondaryIndexes"),
        ("global_secondary_index", "GlobalSecondaryIndexes"),
    ):
        if indexes := table.pop(kind, None):
            hashed = table["hash_key"] if kind.startswith("local") else None
            members[member] = [_index(index, hashed) for index in indexes]
    del table["hash_key"]
    table.pop("range_key", None)
    if table.pop("stream_enabled", False):
        view = table.pop("stream_view_type")
        members["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    sse = table.pop("server_side_encryption", {"enabled": False})
    if sse["enabled"]:
        key = {"KMSMasterKeyId": sse["kms_key_arn"]} if "kms_key_arn" in sse else {}
        members["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **key}
    ttl = table.pop("ttl", {"enabled": False})
    if ttl["enabled"]:
        members["TTL"] = ttl["attribute_name"]
    pitr = table.pop("point_in_time_recovery", {"enabled": False})
    if pitr["enabled"]:
        members["PITR"] = pitr.get("recovery_period_in_days", True)
    if tags := table.pop("tags", None):
        members["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    for argument, member in (
        ("table_class", "TableClass"),
        ("deletion_protection_enabled", "DeletionProtectionEnabled"),
    ):
        if argument in table:
            members[member] = table.pop(argument)
    members |= _beside(resources, name)
    assert table == {}
    return _sorted(members)


def _beside(resources: dict[str, Any], name: str) -> dict[str, Any]:
    """Read what belongs to a table, from resources beside it."""
    members: dict[str, Any] = {}
    if policy := resources.get("aws_dynamodb_resource_policy", {}).get(name):
        assert policy["resource_arn"] == f"${{aws_dynamodb_table.{name}.arn}}"
        members["ResourcePolicy"] = json.loads(_plain(policy["policy"]))
    beside = {"table_name": f"${{aws_dynamodb_table.{name}.name}}"}
    if policy := resources.get("aws_dynamodb_resource_policy", {}).get(f"{name}_stream"):
        assert policy["resource_arn"] == f"${{aws_dynamodb_table.{name}.stream_arn}}"
        members["StreamPolicy"] = json.loads(_plain(policy["policy"]))
    if stream := resources.get("aws_dynamodb_kinesis_streaming_destination", {}).get(name):
        precision = stream.get("approximate_creation_date_time_precision")
        precise = {"approximate_creation_date_time_precision": precision} if precision else {}
        assert stream == {**beside, "stream_arn": stream["stream_arn"], **precise}
        named = {"ApproximateCreationDateTimePrecision": precision} if precision else {}
        members["Kinesis"] = {"StreamArn": stream["stream_arn"], **named}
    for insights in resources.get("aws_dynamodb_contributor_insights", {}).values():
        index, mode = insights.get("index_name"), insights.get("mode", True)
        members.setdefault("Insights", {})[_plain(index)] = mode
        assert insights.keys() <= {*beside, "index_name", "mode"}
        assert insights["table_name"] == beside["table_name"]
    return members


def _plain(value: Any) -> Any:
    """Read texts as Terraform does, without any template in them."""
    if isinstance(value, str):
        return value.replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _key(owner: dict[str, Any], hashed: str | None = None) -> list[dict[str, str]]:
    kinds = (("HASH", hashed or owner.get("hash_key")), ("RANGE", owner.get("range_key")))
    return [{"AttributeName": name, "KeyType": kind} for kind, name in kinds if name]


def _index(index: dict[str, Any], hashed: str | None) -> dict[str, Any]:
    projection = {"ProjectionType": index.pop("projection_type")}
    if "non_key_attributes" in index:
        projection["NonKeyAttributes"] = index.pop("non_key_attributes")
    key = [
        {"AttributeName": part["attribute_name"], "KeyType": part["key_type"]}
        for part in index.pop("key_schema", ())
    ] or _key(index, hashed)
    index = {k: v for k, v in index.items() if k not in ("hash_key", "range_key")}
    read = {"IndexName": index.pop("name"), "KeySchema": key, "Projection": projection}
    read |= _capacities(index)
    assert index == {}
    return read


def _capacities(owner: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    if "read_capacity" in owner:
        read["ProvisionedThroughput"] = {
            "ReadCapacityUnits": owner.pop("read_capacity"),
            "WriteCapacityUnits": owner.pop("write_capacity"),
        }
    for block, member, names in (
        (
            "on_demand_throughput",
            "OnDemandThroughput",
            {
                "max_read_request_units": "MaxReadRequestUnits",
                "max_write_request_units": "MaxWriteRequestUnits",
            },
        ),
        (
            "warm_throughput",
            "WarmThroughput",
            {
                "read_units_per_second": "ReadUnitsPerSecond",
                "write_units_per_second": "WriteUnitsPerSecond",
            },
        ),
    ):
        if block in owner:
            read[member] = {names[k]: v for k, v in owner.pop(block).items()}
    return read
