"""botocore's own service model judges the requests that change a table, and their answers."""

from __future__ import annotations

import botocore
import pytest
from aids.strategies import (
    attribute_names,
    names,
    on_demand,
    provisioned,
    regions,
    specs,
    tag_keys,
    units,
    warm,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from dynamorm import requests
from dynamorm.api import parts, settings, tables, updates
from dynamorm.model.options import KMS, Index, OnDemand, Provisioned, Replica, WarmThroughput

if tuple(map(int, botocore.__version__.split(".")[:3])) < (1, 44, 5):
    pytest.skip("this botocore's service model is older than ours", allow_module_level=True)

import test_oracle as oracle

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"
WITHOUT_OUTPUT = ("TagResource", "UntagResource")
OPERATIONS = (
    "DeleteResourcePolicy",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeKinesisStreamingDestination",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "GetResourcePolicy",
    "ListTagsOfResource",
    "PutResourcePolicy",
    *WITHOUT_OUTPUT,
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateTable",
    "UpdateTimeToLive",
)
SHAPES = {**vars(settings), **vars(tables), **vars(updates)}
REQUESTS = {operation: SHAPES[f"{operation}Input"] for operation in OPERATIONS}
REPLIES = {
    operation: SHAPES[f"{operation}Output"]
    for operation in OPERATIONS
    if operation not in WITHOUT_OUTPUT
}
REQUEST_PAIRS = oracle.all_pairs(REQUESTS, "input_shape")
REPLY_PAIRS = oracle.all_pairs(REPLIES, "output_shape")

UNBUILT = {"Disassociate"}
"""A member that no builder fills."""

ALWAYS_THERE = {
    **oracle.ALWAYS_THERE,
    "UpdateTableOutput": {"TableDescription"},
    "DescribeTimeToLiveOutput": {"TimeToLiveDescription"},
    "UpdateTimeToLiveOutput": {"TimeToLiveSpecification"},
    "DescribeContinuousBackupsOutput": {"ContinuousBackupsDescription"},
    "UpdateContinuousBackupsOutput": {"ContinuousBackupsDescription"},
    "ListTagsOfResourceOutput": {"Tags"},
    "GetResourcePolicyOutput": {"Policy"},
}
"""Members that an answer without them would not be one, though the model does not require them."""


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS + REPLY_PAIRS)
def test_members(struct, shape):
    """A Struct has the members of its shape: none misspelt, none missing."""
    assert set(oracle.members(struct)) == set(shape.members) - UNBUILT


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS)
def test_order(struct, shape):
    """A payload's members are sent in the order of the API reference."""
    wanted = [name for name in shape.members if name not in UNBUILT]
    assert list(oracle.members(struct)) == wanted


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS + REPLY_PAIRS)
def test_types(struct, shape):
    """Each member has the type of the model."""
    for name, field in oracle.members(struct).items():
        oracle.check_type(field.type, shape.members[name])


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS)
def test_required_in_requests(struct, shape):
    """A payload cannot be made without what the model requires."""
    assert oracle.required(struct) >= set(shape.required_members)


@pytest.mark.parametrize(("struct", "shape"), REPLY_PAIRS)
def test_required_in_replies(struct, shape):
    """A reply may lack whatever the model lets it lack, but for what makes it an answer at all."""
    wanted = set(shape.required_members) | ALWAYS_THERE.get(shape.name, set())
    assert oracle.required(struct) == wanted


@pytest.mark.parametrize("operation", WITHOUT_OUTPUT)
def test_answers_without_a_body(operation):
    """Two operations have no output at all."""
    assert oracle.SERVICE.operation_model(operation).output_shape is None


@pytest.mark.parametrize("operation", REPLIES)
@pytest.mark.parametrize("variant", range(4))
def test_replies_give_every_value(operation, variant):
    """A reply with every member filled loses nothing, and a new member is passed over."""
    answer = oracle.example(oracle.SERVICE.operation_model(operation).output_shape, variant)
    reply = json.decode(json.encode(oracle.with_news(answer)), type=REPLIES[operation])
    assert json.decode(json.encode(reply)) == answer


views = st.sampled_from(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", None])
some_replicas = st.builds(
    Replica,
    regions,
    kms_key=st.just("key"),
    table_class=st.just("STANDARD"),
    max_read=units,
    read=units,
    index_max_read=st.dictionaries(names, units, max_size=2),
    index_read=st.dictionaries(names, units, max_size=2),
)
changes = st.one_of(
    st.fixed_dictionaries({"billing": on_demand | provisioned}),
    st.fixed_dictionaries({"throughput": provisioned}),
    st.fixed_dictionaries({"on_demand": on_demand}),
    st.fixed_dictionaries({"delete": names}),
    st.fixed_dictionaries({"delete_vector": names}),
    st.fixed_dictionaries(
        {
            "update": st.lists(
                st.builds(
                    Index,
                    names,
                    throughput=st.none() | provisioned,
                    on_demand=st.none() | on_demand,
                    warm=st.none() | warm,
                )
            )
        }
    ),
    st.fixed_dictionaries({"stream": views}),
    st.fixed_dictionaries({"encryption": st.sampled_from([None, KMS(), KMS("x")])}),
    st.fixed_dictionaries({"table_class": st.sampled_from(["STANDARD"])}),
    st.fixed_dictionaries({"deletion_protection": st.booleans()}),
    st.fixed_dictionaries({"warm": warm}),
    st.fixed_dictionaries({"create_replicas": st.tuples(some_replicas)}),
    st.fixed_dictionaries({"update_replica": some_replicas}),
    st.fixed_dictionaries({"delete_replica": regions}),
    st.fixed_dictionaries(
        {
            "create_replicas": st.tuples(some_replicas, some_replicas),
            "consistency": st.just("STRONG"),
            "witness": st.none() | regions,
        }
    ),
    st.fixed_dictionaries({"disassociation_protection": st.booleans()}),
)


@given(specs(), changes)
def test_update_table_is_valid(spec, change):
    """The service model accepts UpdateTable with each kind of change."""
    body = oracle.check("UpdateTable", requests.update_table(spec, **change))
    known = list(oracle.SERVICE.operation_model("UpdateTable").input_shape.members)
    assert list(body) == [name for name in known if name in body]
    assert body["TableName"] == spec.name


@given(specs())
def test_creating_an_index_is_valid(spec):
    """The service model accepts every index but local ones as a new one of a living table."""
    for index in (*spec.global_indexes, *spec.vector_indexes):
        payload = requests.update_table(spec, attributes=index.defined, create=index)
        body = oracle.check("UpdateTable", payload)
        assert len(body.get("AttributeDefinitions", ())) == len(index.defined)


@given(specs(), attribute_names, st.booleans(), st.none() | st.integers(1, 35))
def test_setting_requests_are_valid(spec, attribute, enabled, days):
    """The service model accepts what is asked and set beside the table itself."""
    oracle.check("DescribeTimeToLive", requests.describe_time_to_live(spec))
    oracle.check("UpdateTimeToLive", requests.update_time_to_live(spec, attribute, enabled=enabled))
    oracle.check("DescribeContinuousBackups", requests.describe_continuous_backups(spec))
    payload = requests.update_continuous_backups(spec, enabled=enabled, days=days)
    oracle.check("UpdateContinuousBackups", payload)
    for payload in (
        requests.describe_kinesis_streaming_destination(spec),
        requests.enable_kinesis_streaming_destination(spec, STREAM),
        requests.disable_kinesis_streaming_destination(spec, STREAM),
        requests.describe_contributor_insights(spec),
        requests.describe_contributor_insights(spec, index="by-x"),
        requests.update_contributor_insights(spec, enabled=enabled),
        requests.update_contributor_insights(spec, enabled=enabled, index="by-x"),
    ):
        oracle.check(type(payload).__name__.removesuffix("Input"), payload)


@given(names, st.dictionaries(tag_keys, st.text(max_size=256), max_size=3))
def test_requests_about_an_arn_are_valid(name, tags):
    """The service model accepts what goes to the table's ARN."""
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"
    oracle.check("TagResource", requests.tag_resource(arn, tags))
    oracle.check("UntagResource", requests.untag_resource(arn, tags))
    oracle.check("ListTagsOfResource", requests.list_tags_of_resource(arn, start_at="token"))
    oracle.check("PutResourcePolicy", requests.put_resource_policy(arn, {"Statement": []}))
    oracle.check("GetResourcePolicy", requests.get_resource_policy(arn))
    oracle.check("DeleteResourcePolicy", requests.delete_resource_policy(arn))


MEMBER = "CreateReplicationGroupMemberAction"


@pytest.mark.parametrize(
    ("struct", "shape"),
    [
        (updates.ReplicationGroupMember, MEMBER),
        (updates.ReplicationGroupMember, "UpdateReplicationGroupMemberAction"),
        (updates.ReplicationGroupMemberName, "DeleteReplicationGroupMemberAction"),
        (updates.ReplicationGroupMemberName, "CreateGlobalTableWitnessGroupMemberAction"),
        (updates.ReplicaGlobalSecondaryIndex, "ReplicaGlobalSecondaryIndex"),
        (parts.ProvisionedThroughputOverride, "ProvisionedThroughputOverride"),
        (parts.OnDemandThroughputOverride, "OnDemandThroughputOverride"),
    ],
)
def test_members_of_replicas(struct, shape):
    """What a builder puts where any value goes has the members of the model, in their order."""
    members = oracle.SERVICE.shape_for(shape).members
    assert list(oracle.members(struct)) == list(members)


def test_maxima_are_taken_away():
    """A maximum that is declared to be none is taken away with -1; an index's too."""
    index = Index("by-x", on_demand=OnDemand(None, 7))
    update = requests.update_table("orders", on_demand=OnDemand(5, None), update=[index])
    body = json.decode(requests.encode(update))
    assert body["OnDemandThroughput"] == {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1}
    (changed,) = body["GlobalSecondaryIndexUpdates"]
    assert changed["Update"]["OnDemandThroughput"]["MaxReadRequestUnits"] == -1


def test_capacities_of_an_index():
    """Only the capacities that an index has are sent."""
    index = Index("by-x", throughput=Provisioned(1, 2), warm=WarmThroughput(3, 4))
    body = json.decode(requests.encode(requests.update_table("orders", update=[index])))
    (update,) = body["GlobalSecondaryIndexUpdates"]
    assert set(update["Update"]) == {"IndexName", "ProvisionedThroughput", "WarmThroughput"}
