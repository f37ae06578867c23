"""A table with replicas: AWS::DynamoDB::GlobalTable, `replica` blocks, the source of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aids import strategies
from aids.laws import dear
from aids.worlds import World
from hypothesis import given
from msgspec import UNSET

from dynamorm import (
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    Provisioned,
    Replica,
    TableSpec,
    describe_table,
    plan,
)
from dynamorm.export import cloudformation, source, terraform
from dynamorm.model.spec import changed

pytestmark = pytest.mark.once

ID, X = KeyAttribute("id", "S"), KeyAttribute("x", "S")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"
BARE = TableSpec("orders", ID)
TWO = changed(BARE, replicas=(Replica("eu-west-1"),))
STRONG = changed(BARE, replicas=(Replica("us-east-2"),), witness="us-west-2", consistency="STRONG")


def properties(spec: TableSpec) -> dict[str, Any]:
    (resource,) = cloudformation(spec)["Resources"].values()
    assert resource["Type"] == "AWS::DynamoDB::GlobalTable"
    told: dict[str, Any] = resource["Properties"]
    return told


def test_the_stacks_own_region_is_the_first_replica():
    """CloudFormation demands it among the replicas; the template is the same in every region."""
    assert properties(TWO) == {
        "TableName": "orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "Replicas": [{"Region": {"Ref": "AWS::Region"}}, {"Region": "eu-west-1"}],
    }
    assert properties(STRONG)["MultiRegionConsistency"] == "STRONG"
    assert properties(STRONG)["GlobalTableWitnesses"] == [{"Region": "us-west-2"}]


FULL = changed(
    BARE,
    indexes=(
        IndexSpec("by-x", (X,), projection=Include("y"), on_demand=OnDemand(3, 4)),
        IndexSpec("by-y", (X,)),
    ),
    billing=OnDemand(5, 6),
    encryption=KMS(KEY),
    tags={"a": "b"},
    table_class="STANDARD_INFREQUENT_ACCESS",
    deletion_protection=True,
    point_in_time_recovery=7,
    resource_policy={"Version": "2012-10-17", "Statement": []},
    stream_policy={"Version": "2012-10-17", "Statement": []},
    index_insights={"by-x": True},
    time_to_live="expires",
    disassociation_protection=False,
    replicas=(
        Replica(
            "eu-west-1",
            kms_key=KEY,
            point_in_time_recovery=True,
            deletion_protection=False,
            tags={"c": "d"},
            max_read=8,
            index_max_read={"by-x": 9},
        ),
        Replica("eu-west-2", point_in_time_recovery=8),
    ),
)


def test_what_each_region_has_by_itself_is_in_its_replica():
    """Reads, class, key, protection, recovery, tags and policies; writes are the table's."""
    told = properties(FULL)
    own, first, second = told.pop("Replicas")
    policy = {"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}
    assert own == {
        "Region": {"Ref": "AWS::Region"},
        "SSESpecification": {"KMSMasterKeyId": KEY},
        "Tags": [{"Key": "a", "Value": "b"}],
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "DeletionProtectionEnabled": True,
        "DisassociationProtectionEnabled": False,
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 7,
        },
        "ResourcePolicy": policy,
        "ReplicaStreamSpecification": {"ResourcePolicy": policy},
        "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": 5},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-x",
                "ContributorInsightsSpecification": {"Enabled": True},
                "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": 3},
            }
        ],
    }
    assert first == {
        "Region": "eu-west-1",
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "SSESpecification": {"KMSMasterKeyId": KEY},
        "DeletionProtectionEnabled": False,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "Tags": [{"Key": "c", "Value": "d"}],
        "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": 8},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-x",
                "ReadOnDemandThroughputSettings": {"MaxReadRequestUnits": 9},
            }
        ],
    }
    assert second["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 8
    assert told["WriteOnDemandThroughputSettings"] == {"MaxWriteRequestUnits": 6}
    by_x, by_y = told["GlobalSecondaryIndexes"]
    assert by_x["WriteOnDemandThroughputSettings"] == {"MaxWriteRequestUnits": 4}
    assert set(by_y) == {"IndexName", "KeySchema", "Projection"}
    assert told["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert told["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "expires"}


def test_terraform_has_a_block_for_each_replica():
    """With the arguments that the provider knows; a strong table's has its consistency there."""
    replica = Replica(
        "eu-west-1",
        kms_key=KEY,
        point_in_time_recovery=True,
        deletion_protection=True,
        tags={"a": "b"},
    )
    spec = changed(BARE, tags={"a": "b"}, replicas=(replica,), consistency="EVENTUAL")
    (table,) = terraform(spec)["resource"]["aws_dynamodb_table"].values()
    assert table["replica"] == [
        {
            "region_name": "eu-west-1",
            "kms_key_arn": KEY,
            "point_in_time_recovery": True,
            "deletion_protection_enabled": True,
            "propagate_tags": True,
        }
    ]
    assert table["stream_view_type"] == "NEW_AND_OLD_IMAGES"
    (strong,) = terraform(STRONG)["resource"]["aws_dynamodb_table"].values()
    assert strong["replica"] == [{"region_name": "us-east-2", "consistency_mode": "STRONG"}]
    assert strong["global_table_witness"] == {"region_name": "us-west-2"}
    sample = json.loads((Path(__file__).parents[1] / "samples" / "terraform.json").read_text())
    known = {
        *sample["5.100.0"]["aws_dynamodb_table"]["replica"][0],
        *sample["6.29.0"]["aws_dynamodb_table"]["replica"][0],
    }
    assert {*table["replica"][0], *strong["replica"][0]} == known


def test_what_a_language_cannot_say_of_replicas_is_named():
    """Everything at once, with the replica's region."""
    odd = Replica("eu-west-1", kms_key="alias/x", table_class="STANDARD", tags={"a": "c"})
    spec = changed(
        BARE,
        replicas=(odd, Replica("eu-west-2", point_in_time_recovery=3, max_read=1)),
        disassociation_protection=True,
    )
    with pytest.raises(ModelError) as caught:
        terraform(spec)
    of_replicas, protection = caught.value.problems
    assert of_replicas.removeprefix("terraform cannot express ").split("; ") == [
        "table_class of the replica in eu-west-1",
        "kms_key 'alias/x' of the replica in eu-west-1, which is no ARN",
        "tags of the replica in eu-west-1 that are not the table's",
        "max_read of the replica in eu-west-2",
        "days of recovery of the replica in eu-west-2 - at orders",
    ]
    assert "disassociation_protection: aws_dynamodb_table has no argument" in protection
    fixed = changed(TWO, billing=Provisioned(1, 1), ignore=("billing",))
    with pytest.raises(ModelError, match="without auto scaling of its writes - at orders"):
        cloudformation(fixed)
    assert terraform(fixed)


def test_cfn_lint_accepts_global_tables():
    """Neither an error nor a warning, but for a member that its schemas may not know yet."""
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    text = json.dumps(
        cloudformation(changed(FULL, disassociation_protection=True), STRONG.named("strong"))
    )
    told = [str(match) for match in api.lint_all(text) if match.rule.id[0] in "EW"]
    assert [line for line in told if "DisassociationProtectionEnabled" not in line] == []


@dear
@given(strategies.global_specs)
def test_a_description_has_the_replicas(spec):
    """What DescribeTable tells of them is read; what their regions tell is not in it."""
    world = World(spec)
    read = TableSpec.of(world.run(describe_table(spec)))
    assert [one.region for one in read.replicas] == [one.region for one in spec.replicas]
    assert read.consistency == ("STRONG" if spec.consistency == "STRONG" else UNSET)
    assert read.witness == spec.witness
    assert not world.run(plan(read, only=["replicas", "consistency", "witness"]))


def test_a_description_of_a_strong_table_has_its_witness():
    """And its replicas but for the region that was asked, and one that is being deleted."""
    described = world_of(STRONG)
    own = {"RegionName": "us-east-1", "ReplicaStatus": "ACTIVE"}
    leaving = {"RegionName": "us-west-1", "ReplicaStatus": "DELETING"}
    read = TableSpec.of({**described, "Replicas": [own, *described["Replicas"], leaving]})
    assert (read.consistency, read.witness) == ("STRONG", "us-west-2")
    assert [one.region for one in read.replicas] == ["us-east-2"]


@pytest.mark.parametrize(("found", "declared"), [(False, False), (True, UNSET), (None, UNSET)])
def test_a_description_has_the_protection_that_is_off(found, declared):
    """On is what a global table has anyway."""
    read = TableSpec.of({**world_of(TWO), "DisassociationProtectionEnabled": found})
    assert read.disassociation_protection is declared


def test_a_source_has_the_replicas():
    """As a list of `Replica`, imported; a plan straight afterwards is empty."""
    text = source(changed(STRONG, replicas=(Replica("us-east-2", max_read=3),)))
    assert 'replicas=[Replica("us-east-2", max_read=3)]' in text
    assert "from dynamorm import PartitionKey, Replica, table" in text
    assert 'consistency="STRONG"' in text
    assert 'witness="us-west-2"' in text


def test_a_provisioned_table_with_replicas_is_read_with_its_capacity_ignored():
    """The service has it only with auto scaling, which changes the figures: no model without."""
    described = world_of(TWO)
    del described["BillingModeSummary"]
    described["ProvisionedThroughput"] = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    read = TableSpec.of(described)
    assert (read.billing, read.ignore) == (Provisioned(5, 5), ("billing",))
    assert 'ignore=["billing"]' in source(described)
    alone = TableSpec.of({**described, "Replicas": [{"RegionName": "us-east-1"}]})
    assert (alone.replicas, alone.ignore) == ((), UNSET)


def world_of(spec: TableSpec) -> dict[str, Any]:
    """Return the description of a table, as the service has it."""
    reply = World(spec).service.send("DescribeTable", json.dumps({"TableName": spec.name}).encode())
    return json.loads(reply)["Table"]
