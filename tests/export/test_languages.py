"""CloudFormation and Terraform: both say of a model what CreateTable says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids.languages import (
    FULL,
    KEY_ARN,
    STREAM_ARN,
    asked,
    from_stack,
    from_terraform,
    many,
    sayable,
    stackable,
)
from hypothesis import example, given
from msgspec import Struct, defstruct, structs

from dynamorm import (
    KMS,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    SortKey,
    TableSpec,
    TimeToLive,
    VectorAttribute,
    table,
)
from dynamorm.export import cloudformation, terraform
from dynamorm.export.rows import ROWS
from dynamorm.model.spec import changed
from dynamorm.tables.settings import SETTINGS

pytestmark = pytest.mark.once

SAMPLE = json.loads((Path(__file__).parents[1] / "samples" / "terraform.json").read_text())


@table("orders", stream="NEW_IMAGE", point_in_time_recovery=7, tags={"team": "shop"})
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    expires: Annotated[int, TimeToLive()]


ID = KeyAttribute("id", "S")
BARE = TableSpec(name="bare", partition_key=ID)


def named(name: str, **options: Any) -> TableSpec:
    return TableSpec(name=name, partition_key=ID, **options)


def test_a_template_is_whole():
    """Resources, outputs and what keeps a table that leaves the stack: nothing is to be added."""
    assert cloudformation(Order, prefix="dev-") == {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Order": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "TableName": "dev-orders",
                    "KeySchema": [
                        {"AttributeName": "customer", "KeyType": "HASH"},
                        {"AttributeName": "number", "KeyType": "RANGE"},
                    ],
                    "AttributeDefinitions": [
                        {"AttributeName": "customer", "AttributeType": "S"},
                        {"AttributeName": "number", "AttributeType": "N"},
                        {"AttributeName": "status", "AttributeType": "S"},
                    ],
                    "BillingMode": "PAY_PER_REQUEST",
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "by-status",
                            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "ALL"},
                        }
                    ],
                    "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                    "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": True,
                        "RecoveryPeriodInDays": 7,
                    },
                    "Tags": [{"Key": "team", "Value": "shop"}],
                },
            }
        },
        "Outputs": {
            "OrderName": {"Value": {"Ref": "Order"}},
            "OrderArn": {"Value": {"Fn::GetAtt": ["Order", "Arn"]}},
            "OrderStreamArn": {"Value": {"Fn::GetAtt": ["Order", "StreamArn"]}},
        },
    }


def test_a_configuration_is_whole():
    """Resources that nothing destroys, and outputs."""
    assert terraform(Order, prefix="dev-") == {
        "resource": {
            "aws_dynamodb_table": {
                "Order": {
                    "name": "dev-orders",
                    "hash_key": "customer",
                    "range_key": "number",
                    "attribute": [
                        {"name": "customer", "type": "S"},
                        {"name": "number", "type": "N"},
                        {"name": "status", "type": "S"},
                    ],
                    "billing_mode": "PAY_PER_REQUEST",
                    "global_secondary_index": [
                        {"name": "by-status", "hash_key": "status", "projection_type": "ALL"}
                    ],
                    "stream_enabled": True,
                    "stream_view_type": "NEW_IMAGE",
                    "ttl": {"enabled": True, "attribute_name": "expires"},
                    "point_in_time_recovery": {"enabled": True, "recovery_period_in_days": 7},
                    "tags": {"team": "shop"},
                    "lifecycle": {"prevent_destroy": True},
                }
            }
        },
        "output": {
            "Order_name": {"value": "${aws_dynamodb_table.Order.name}"},
            "Order_arn": {"value": "${aws_dynamodb_table.Order.arn}"},
            "Order_stream_arn": {"value": "${aws_dynamodb_table.Order.stream_arn}"},
        },
    }


@many
@given(stackable)
@example(FULL)
@example(changed(FULL, kinesis=STREAM_ARN))
def test_a_stack_describes_the_table(spec):
    """CloudFormation says of a model what CreateTable says, and what follows it."""
    (resource,) = cloudformation(spec)["Resources"].values()
    assert from_stack(resource["Properties"]) == asked(spec)


@many
@given(sayable)
@example(FULL)
def test_a_configuration_describes_the_table(spec):
    """Terraform says of a model what CreateTable says, and what follows it."""
    configured = terraform(spec)["resource"]
    (name,) = configured["aws_dynamodb_table"]
    assert from_terraform(configured, name) == asked(spec)


@many
@given(sayable)
@example(FULL)
def test_the_provider_knows_every_argument(spec):
    """Terraform's AWS provider takes each argument, of this type, in the versions named."""
    for kind, resources in terraform(spec)["resource"].items():
        known = _merged(SAMPLE["5.100.0"][kind], SAMPLE["6.29.0"].get(kind, {}))
        for arguments in resources.values():
            arguments.pop("lifecycle", None)
            _check(arguments, known)


def _merged(known: Any, more: Any) -> Any:
    if isinstance(known, list):
        return [_merged(known[0], more[0])]
    return {**known, **{k: _merged(known[k], v) if k in known else v for k, v in more.items()}}


TYPES = {"string": str, "number": int, "bool": bool, "map of string": dict}


def _check(value: Any, known: Any) -> None:
    if isinstance(known, dict):
        assert value.keys() <= known.keys()
        for name, inner in value.items():
            _check(inner, known[name])
    elif isinstance(known, list):
        for inner in value:
            _check(inner, known[0])
    else:
        assert isinstance(value, TYPES.get(known, list))


def test_every_setting_has_a_row():
    """What a model can declare is written in both languages, or refused by name."""
    assert {*SETTINGS, "key", "index"} <= {row.setting for row in ROWS}


UNSETTABLE = {"name", "hash_key", "range_key", "attribute", "resource_arn", "table_name"}
UNSETTABLE |= {"local_secondary_index", "global_secondary_index", "index_name"}
"""What no setting is: a table's names, its keys and its indexes."""


def test_a_row_ignores_what_it_writes():
    """What Terraform ignores of a setting are the arguments that hold it."""
    names = tuple({row.setting for row in ROWS} - {"name", "key", "index"})
    resources = terraform(FULL)["resource"]
    ignored = terraform(changed(FULL, ignore=names))["resource"]
    for kind, tables in resources.items():
        for name, arguments in tables.items():
            other = ignored[kind][name]["lifecycle"]["ignore_changes"]
            assert arguments.keys() - other - {"lifecycle"} <= UNSETTABLE


def test_what_is_ignored_covers_the_indexes():
    """A figure that autoscaling changes is in the indexes too, of which none can be told apart."""
    index = IndexSpec("by-id", (ID,))
    fixed = named("fixed", billing=Provisioned(1, 1), indexes=(index,), ignore=("billing",))
    free = named("free", indexes=(index,), ignore=("billing", "resource_policy"))
    tables = terraform(fixed, free)["resource"]["aws_dynamodb_table"]
    figures = ["billing_mode", "read_capacity", "write_capacity", "on_demand_throughput"]
    assert tables["Fixed"]["lifecycle"]["ignore_changes"] == [*figures, "global_secondary_index"]
    assert tables["Free"]["lifecycle"]["ignore_changes"] == figures


def test_texts_are_no_templates():
    """A name or policy with ${...} or %{...} reaches the service as it is."""
    statement = {"Effect": "Deny", "Resource": "table/${aws:username}/%{x}"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    spec = named("odd", time_to_live="${x}", resource_policy=policy)
    resources = terraform(spec)["resource"]
    assert resources["aws_dynamodb_table"]["Odd"]["ttl"]["attribute_name"] == "$${x}"
    assert "$${aws:username}/%%{x}" in resources["aws_dynamodb_resource_policy"]["Odd"]["policy"]
    assert from_terraform(resources, "Odd") == asked(spec)


def test_absence_is_said():
    """What a model declares to be off is turned off: it is not left to what is there."""
    off = {"stream": None, "encryption": None, "time_to_live": None}
    spec = named("off", deletion_protection=False, point_in_time_recovery=False, **off)
    table_ = terraform(spec)["resource"]["aws_dynamodb_table"]["Off"]
    assert not table_["stream_enabled"]
    assert table_["server_side_encryption"] == {"enabled": False}
    assert table_["ttl"] == table_["point_in_time_recovery"] == {"enabled": False}
    assert table_["deletion_protection_enabled"] is False
    properties = cloudformation(spec)["Resources"]["Off"]["Properties"]
    assert properties["SSESpecification"] == {"SSEEnabled": False}
    assert "StreamSpecification" not in properties


def test_ids_are_letters_and_digits_and_each_once():
    """A resource is called like its class, or its table; the second of a name gets a number."""
    again = table("orders-2")(defstruct("Order", [("id", Annotated[str, PartitionKey()])]))
    odd = table("a-table")(defstruct("_Odd_Name", [("id", Annotated[str, PartitionKey()])]))
    foreign = table("other")(defstruct("注文", [("id", Annotated[str, PartitionKey()])]))
    specs = (named("2nd.table_x"), named("order-Stream", stream="NEW_IMAGE"))
    models = (Order, again, odd, foreign, *specs)
    ids = ["Order", "Order2", "OddName", "Other", "Table2ndTableX", "OrderStream"]
    template = cloudformation(*models)
    assert list(template["Resources"]) == ids
    assert list(terraform(*models)["resource"]["aws_dynamodb_table"]) == ids
    # OrderStreamArn is taken by the stream of Order.
    assert template["Outputs"]["OrderStreamArn2"] == {
        "Value": {"Fn::GetAtt": ["OrderStream", "Arn"]}
    }
    assert len(template["Outputs"]) == 2 * len(models) + 2


def test_tables_with_indexes_are_made_one_after_the_other():
    """The service makes only one at a time; others need not wait."""
    first, second = (named(n, indexes=(IndexSpec("by-id", (ID,)),)) for n in ("first", "second"))
    resources = cloudformation(first, BARE, second)["Resources"]
    assert resources["Second"]["DependsOn"] == "First"
    assert not {"DependsOn"} & {*resources["First"], *resources["Bare"]}


@pytest.mark.parametrize(
    ("policy", "replaced"),
    [("Delete", "Delete"), ("Retain", "Retain"), ("RetainExceptOnCreate", "Retain")],
)
def test_deletion_policies(policy, replaced):
    """What becomes of a table is the caller's to say, in the words of CloudFormation."""
    resource = cloudformation(BARE, deletion_policy=policy)["Resources"]["Bare"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, replaced)


def test_another_deletion_policy_is_refused():
    """A table has no snapshots."""
    with pytest.raises(ValueError, match="takes Delete, Retain, RetainExceptOnCreate, not 'Snaps"):
        cloudformation(BARE, deletion_policy="Snapshot")


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ([named("arn:aws:dynamodb:eu-west-1:123456789012:table/x23")], "is an ARN"),
        ([BARE, BARE], r"two models are the table 'dev-bare': pass their union - at bare"),
        ([named("x", extra={"New": 1})], r"has no property for New: leave it out - at dev-x"),
    ],
)
@pytest.mark.parametrize("function", [cloudformation, terraform])
def test_what_makes_no_new_table_is_named(function, models, problem):
    """What neither language can say is a ModelError that says what, and where."""
    with pytest.raises(ModelError, match=problem):
        function(*models, prefix="dev-")


def test_what_terraform_cannot_say_is_named():
    """Every reason is told at once, with its table."""
    look = IndexSpec("by-look", vector=VectorAttribute("look", 3, "COSINE"))
    vectors = structs.replace(named("seen"), indexes=(look,))
    encrypted = named("safe", encryption=KMS("alias/mine"))
    assert cloudformation(vectors, encrypted)
    with pytest.raises(ModelError) as caught:
        terraform(vectors, encrypted)
    assert caught.value.problems == (
        "terraform cannot express vector index by-look: aws_dynamodb_table has none - at seen",
        "terraform cannot express encryption with 'alias/mine': kms_key_arn takes an ARN - at safe",
    )
    assert terraform(named("safe", encryption=KMS(KEY_ARN)))
    (resource,) = cloudformation(vectors)["Resources"].values()
    assert TableSpec.of(resource).indexes == (look,)


@pytest.mark.parametrize("function", [cloudformation, terraform])
def test_bad_arguments_are_refused(function):
    """No model, or a prefix that makes no name, is an error before anything is written."""
    with pytest.raises(TypeError, match=rf"{function.__name__}\(Order, Customer\)"):
        function()
    with pytest.raises(TypeError, match="prefix= takes a str"):
        function(BARE, prefix=None)
    with pytest.raises(ModelError, match="make 256 characters"):
        function(BARE, prefix="p" * 252)
    assert function(named("x", billing=OnDemand(max_read=5)), prefix="dev-")
