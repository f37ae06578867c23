"""What others write about a table as a spec: requests, descriptions, CloudFormation's resources."""

from __future__ import annotations

import copy
from typing import Annotated

import pytest
from aids import strategies
from aids.worlds import World
from hypothesis import given
from msgspec import UNSET, Struct

import dynamorm
from dynamorm import (
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    Kinesis,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    Replica,
    TableSpec,
    VectorAttribute,
    WarmThroughput,
    requests,
)
from dynamorm.export import cloudformation
from dynamorm.model.spec import changed

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
KEYS = {
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "at", "AttributeType": "N"},
    ],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
BY_AT = {"IndexName": "by-at", "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}]}
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"
COUNTED = {"ContributorInsightsSpecification": {"Enabled": True}}
BY_LOOK = {
    "IndexName": "by-look",
    "VectorAttribute": {"AttributeName": "look"},
    "SearchSchema": [
        {"AttributeName": "at", "SearchSchemaElementType": "HASH"},
        {"AttributeName": "id", "SearchSchemaElementType": "INLINE_FILTER"},
    ],
    "Projection": {"ProjectionType": "ALL"},
    "Dimensions": 3,
    "DistanceFunction": "COSINE",
}


@given(strategies.specs())
def test_a_request_that_is_read_and_built_again_is_the_same(spec):
    """As a value and as a dict; `extra` holds what no option stands for."""
    request = requests.create_table(spec)
    assert requests.create_table(TableSpec.of(request)).to_json() == request.to_json()
    assert requests.create_table(TableSpec.of(request.to_dict())) == request


@given(strategies.specs())
def test_a_plan_of_what_was_described_is_empty(spec):
    """A description declares what is there and no more."""
    world = World(spec)
    described = world.run(dynamorm.describe_table(spec))
    assert not world.run(dynamorm.plan(TableSpec.of(described)))


def test_what_boto3_answers_is_read_as_our_own_description():
    """With the whole answer around it or without; maxima of -1 and units of 0 mean nothing."""
    spec = TableSpec("orders", ID, indexes=(IndexSpec("by-at", (AT,)),), encryption=KMS("arn:k"))
    world = World(TableSpec("orders", ID, indexes=(IndexSpec("by-at", (AT,)),)))
    table = {
        **world.run(dynamorm.describe_table("orders")).to_dict(),
        "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 7},
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:k"},
        "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "Status": "ACTIVE"},
        "VectorIndexes": [{**BY_LOOK, "IndexStatus": "ACTIVE", "ItemCount": 3}],
    }
    wanted = dynamorm.table_spec(
        spec,
        billing=OnDemand(max_write=7),
        table_class="STANDARD_INFREQUENT_ACCESS",
    )
    look = IndexSpec("by-look", (AT,), vector=VectorAttribute("look", 3, "COSINE"), filters=(ID,))
    wanted = changed(wanted, indexes=(*wanted.indexes, look))
    assert TableSpec.of(table) == TableSpec.of({"Table": table, "ResponseMetadata": {}}) == wanted
    assert TableSpec.of({"TableDescription": table}, name="other") == wanted.named("other")


def test_a_description_is_never_judged():
    """A table may have more indexes than a model can; what a user writes may not."""
    many = [{**BY_AT, "IndexName": f"by-{n}"} for n in range(21)]
    table = {**KEYS, "TableName": "orders", "GlobalSecondaryIndexes": many}
    assert len(TableSpec.of({**table, "TableStatus": "ACTIVE"}).indexes) == 21
    with pytest.raises(ModelError, match="21 global indexes"):
        TableSpec.of(table)
    odd = {**BY_AT, "Projection": {"ProjectionType": "INCLUDE"}}
    half = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2**70}
    table = {**table, "GlobalSecondaryIndexes": [odd], "ProvisionedThroughput": half}
    spec = TableSpec.of({**table, "TableStatus": "BRAND_NEW", "TableName": "x"})
    assert (spec.billing, spec.indexes[0].projection) == (UNSET, Include())


def test_a_request_without_a_mode_is_provisioned_where_it_has_figures():
    """As the service takes it; a stream or encryption that is turned off is declared absent."""
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    off = {"StreamSpecification": {"StreamEnabled": False}, "SSESpecification": {"Enabled": False}}
    spec = TableSpec.of({**KEYS, **off, "TableName": "a.b", "ProvisionedThroughput": units})
    assert spec == TableSpec("a.b", ID, billing=Provisioned(3, 4), stream=None, encryption=None)
    assert TableSpec.of({**KEYS, "TableName": "a.b"}).billing is UNSET


def test_a_member_that_no_option_stands_for_is_kept():
    """A CreateTable request with it is sent as it was written."""
    request = {**KEYS, "TableName": "orders", "BillingMode": "PAY_PER_REQUEST", "BrandNew": [1]}
    spec = TableSpec.of(request)
    assert spec.extra == {"BrandNew": [1]}
    assert requests.create_table(spec).to_dict()["BrandNew"] == [1]


RESOURCE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "Properties": {
        **KEYS,
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [
            {**BY_AT, "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]}}
        ],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 7,
        },
        "Tags": [{"Key": "team", "Value": "a"}],
        "ResourcePolicy": {"PolicyDocument": {"Version": "2012-10-17"}},
        "WarmThroughput": {"ReadUnitsPerSecond": "12000", "WriteUnitsPerSecond": 4_000},
    },
}


def test_a_resource_of_cloudformation():
    """Each property is the option that stands for it; figures may be text."""
    assert TableSpec.of(RESOURCE) == TableSpec(
        "orders",
        ID,
        indexes=(IndexSpec("by-at", (AT,), projection=Include("total")),),
        time_to_live="expires",
        billing=OnDemand(),
        stream="NEW_IMAGE",
        encryption=KMS(),
        point_in_time_recovery=7,
        tags={"team": "a"},
        resource_policy={"Version": "2012-10-17"},
        warm=WarmThroughput(12_000, 4_000),
    )


@pytest.mark.parametrize(
    ("name", "found", "option"),
    [
        ("KinesisStreamSpecification", {"StreamArn": STREAM}, {"kinesis": STREAM}),
        (
            "KinesisStreamSpecification",
            {"StreamArn": STREAM, "ApproximateCreationDateTimePrecision": "MICROSECOND"},
            {"kinesis": Kinesis(STREAM, "MICROSECOND")},
        ),
        (
            "ContributorInsightsSpecification",
            {"Enabled": True, "Mode": "THROTTLED_KEYS"},
            {"contributor_insights": "THROTTLED_KEYS"},
        ),
        ("ContributorInsightsSpecification", {"Enabled": False}, {"contributor_insights": False}),
        (
            "StreamSpecification",
            {"StreamViewType": "KEYS_ONLY", "ResourcePolicy": {"PolicyDocument": {"Id": "p"}}},
            {"stream": "KEYS_ONLY", "stream_policy": {"Id": "p"}},
        ),
        (
            "GlobalSecondaryIndexes",
            [{**RESOURCE["Properties"]["GlobalSecondaryIndexes"][0], **COUNTED}],
            {"index_insights": {"by-at": True}},
        ),
    ],
)
def test_what_a_resource_has_inside_a_property(name, found, option):
    """A destination, insights and the policy of a stream are the options that a model has."""
    read = TableSpec.of({**RESOURCE, "Properties": {**RESOURCE["Properties"], name: found}})
    assert read == changed(TableSpec.of(RESOURCE), **option)


def test_what_a_resource_turns_off_is_declared_absent():
    """TTL and point-in-time recovery; a resource is provisioned unless it says otherwise."""
    properties = {
        **KEYS,
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
        "TimeToLiveSpecification": {"Enabled": False},
        "PointInTimeRecoverySpecification": {},
        "SSESpecification": {"SSEEnabled": False},
    }
    spec = TableSpec.of({**RESOURCE, "Properties": properties}, name="orders")
    absent = {"time_to_live": None, "point_in_time_recovery": False, "encryption": None}
    assert spec == TableSpec("orders", ID, billing=Provisioned(1, 2), **absent)


def test_one_region_of_a_global_table():
    """Its first replica: writes are set for all, reads for each; autoscaling begins somewhere."""
    scaled = {"MinCapacity": 2, "MaxCapacity": 9}
    write = {"WriteCapacityAutoScalingSettings": {**scaled, "SeedCapacity": 5}}
    read = {"ReadCapacityAutoScalingSettings": scaled}
    resource = {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            **KEYS,
            "TableName": "orders",
            "GlobalSecondaryIndexes": [{**BY_AT, "WriteProvisionedThroughputSettings": write}],
            "WriteProvisionedThroughputSettings": write,
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "Replicas": [
                {
                    "Region": "eu-west-1",
                    "SSESpecification": {"KMSMasterKeyId": "key"},
                    "ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 7},
                    "GlobalSecondaryIndexes": [
                        {"IndexName": "by-at", "ReadProvisionedThroughputSettings": read}
                    ],
                    "TableClass": "STANDARD",
                },
                {"Region": "eu-north-1"},
            ],
        },
    }
    before = copy.deepcopy(resource)
    by_at = IndexSpec("by-at", (AT,), throughput=Provisioned(2, 5))
    assert TableSpec.of(resource) == TableSpec(
        "orders",
        ID,
        indexes=(by_at,),
        billing=Provisioned(7, 5),
        encryption=KMS("key"),
        table_class="STANDARD",
    )
    assert resource == before
    on_demand = {
        **KEYS,
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "WriteOnDemandThroughputSettings": {"MaxWriteRequestUnits": 9},
    }
    resource = {"Type": "AWS::DynamoDB::GlobalTable", "Properties": on_demand}
    assert TableSpec.of(resource) == TableSpec("orders", ID, billing=OnDemand(max_write=9))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"TableName": {"Ref": "Name"}}, r"Properties.TableName is .*Ref.*: put its value there"),
        ({"Tags": [{"Key": "a", "Value": {"Fn::Sub": "b"}}]}, r"Properties.Tags\[0\].Value is "),
        ({"TableName": "xy", "ImportSourceSpecification": {}}, "ImportSourceSpecification: leave"),
    ],
)
def test_what_only_cloudformation_knows_is_an_error(changes, problem):
    """A function, or a property that no option stands for, is named with its place."""
    properties = {**RESOURCE["Properties"], **changes}
    with pytest.raises(ModelError, match=problem):
        TableSpec.of({**RESOURCE, "Properties": properties})


def test_a_resource_without_a_name_needs_one():
    """CloudFormation would make one up."""
    with pytest.raises(ModelError, match=r"no TableName: .* give name="):
        TableSpec.of({**RESOURCE, "Properties": KEYS})
    with pytest.raises(ModelError, match="AWS::S3::Bucket is not a DynamoDB table"):
        TableSpec.of({**RESOURCE, "Type": "AWS::S3::Bucket"})


def test_what_is_no_document_is_told_apart():
    """Another dict lacks something; another value is of another type; a spec is itself."""
    with pytest.raises(ModelError, match="'AttributeDefinitions' is missing: this is not a Create"):
        TableSpec.of({"TableName": "orders"})
    with pytest.raises(ModelError, match=r"this is not a CreateTable request.*TypeError"):
        TableSpec.of({**KEYS, "TableName": "orders", "KeySchema": 5})
    with pytest.raises(TypeError, match=r"TableSpec.of takes a CreateTable request.*not 'orders'"):
        TableSpec.of("orders")
    spec = TableSpec("orders", ID)
    assert TableSpec.of(spec) is spec
    assert TableSpec.of(spec, name="other") == TableSpec("other", ID)


class Order(Struct):
    id: Annotated[str, PartitionKey()]


HASH_OF_ID = {"AttributeName": "id", "KeyType": "HASH"}
FILTERED = {"AttributeName": "at", "SearchSchemaElementType": "FILTER"}


def test_what_is_exported_of_a_global_table_is_read_as_its_own_region():
    """Of the stream its policy too; how the replicas belong together is left out with them."""
    policy = {"Version": "2012-10-17", "Statement": []}
    images, one = "NEW_AND_OLD_IMAGES", TableSpec("orders", ID, billing=OnDemand())
    replicas = {"replicas": (Replica("eu-west-1"),), "disassociation_protection": False}
    every = changed(one, stream=images, stream_policy=policy, **replicas)
    assert read_again(every) == changed(one, stream=images, stream_policy=policy)
    regions = (Replica("eu-west-1"), Replica("eu-west-2"))
    strong = changed(one, consistency="STRONG", replicas=regions)
    assert read_again(strong) == one


def read_again(spec):
    (resource,) = cloudformation(spec)["Resources"].values()
    return TableSpec.of(resource)


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (
            {"KeySchema": [HASH_OF_ID, {"AttributeName": "at", "KeyType": "Range"}]},
            "HASH nor RANGE",
        ),
        (
            {"KeySchema": [HASH_OF_ID, {"AttributeName": "at", "KeyType": "HASH"}]},
            "the key of a table has one HASH and at most one RANGE, not 2 and 0",
        ),
        ({"KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}]}, "RANGE, not 0 and 1"),
        (
            {"KeySchema": [HASH_OF_ID, *[{"AttributeName": "at", "KeyType": "RANGE"}] * 2]},
            "RANGE, not 1 and 2",
        ),
        (
            {"VectorIndexes": [{"IndexName": "by-look", "SearchSchema": [FILTERED]}]},
            "'at' is 'FILTER' in a schema, neither HASH nor INLINE_FILTER",
        ),
    ],
)
def test_no_attribute_of_a_key_is_lost(schema, problem):
    """A table without it could not be given it afterwards."""
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "at")]
    document = {"TableName": "orders", "AttributeDefinitions": types, "KeySchema": [HASH_OF_ID]}
    with pytest.raises(ModelError, match=problem):
        TableSpec.of({**document, **schema})


def test_a_spec_remembers_its_model():
    """Whatever is changed on the way: options, name, a copy; a document has no model."""
    spec = dynamorm.table_spec(Order, name="orders", stream="NEW_IMAGE")
    assert spec.model is spec.named("b").model is dynamorm.table_spec(spec, tags={}).model is Order
    assert TableSpec.of(requests.create_table(spec)).model is None
