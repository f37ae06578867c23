"""Requests as values: what a declaration becomes on the wire, and what is never sent."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path

import pytest
from aids import strategies
from aids.laws import dear
from hypothesis import given
from msgspec import json, structs

from dynamorm import (
    KEYS_ONLY,
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    Provisioned,
    Replica,
    TableSpec,
    WarmThroughput,
    requests,
    table_spec,
)
from dynamorm.api import Request, backups, items, s3, settings, tables, updates, wire_name

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
SPEC = TableSpec("orders", ID)
WARM = WarmThroughput(12_000, 4_000)


def sent(spec: TableSpec) -> dict:
    return json.decode(requests.encode(requests.create_table(spec)))


def test_smallest_table():
    """What is not declared is not sent, but for the billing: on demand is this library's word."""
    assert requests.encode(requests.create_table(SPEC)) == (
        b'{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],'
        b'"TableName":"orders","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],'
        b'"BillingMode":"PAY_PER_REQUEST"}'
    )


def test_everything():
    """Each declared thing is sent where the service wants it."""
    spec = TableSpec(
        "orders",
        ID,
        AT,
        (
            IndexSpec("by-at", (AT, KeyAttribute("a", "B")), (ID,), Include("x", "y")),
            IndexSpec("by-b", (), (KeyAttribute("b", "N"),), KEYS_ONLY),
            IndexSpec("by-id", (ID,), on_demand=OnDemand(max_read=7), warm=WARM),
        ),
        time_to_live="expires",
        billing=OnDemand(max_write=9),
        stream="NEW_IMAGE",
        encryption=KMS("alias/mine"),
        tags={"team": "a", "cost": ""},
        table_class="STANDARD",
        deletion_protection=True,
        warm=WarmThroughput(13_000, 5_000),
    )
    assert sent(spec) == {
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "a", "AttributeType": "B"},
            {"AttributeName": "b", "AttributeType": "N"},
        ],
        "TableName": "orders",
        "KeySchema": [
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "by-b",
                "KeySchema": [
                    {"AttributeName": "id", "KeyType": "HASH"},
                    {"AttributeName": "b", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-at",
                "KeySchema": [
                    {"AttributeName": "at", "KeyType": "HASH"},
                    {"AttributeName": "a", "KeyType": "HASH"},
                    {"AttributeName": "id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]},
            },
            {
                "IndexName": "by-id",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "OnDemandThroughput": {"MaxReadRequestUnits": 7},
                "WarmThroughput": {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000},
            },
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {
            "Enabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": "alias/mine",
        },
        "Tags": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": ""}],
        "TableClass": "STANDARD",
        "DeletionProtectionEnabled": True,
        "WarmThroughput": {"ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000},
        "OnDemandThroughput": {"MaxWriteRequestUnits": 9},
    }


def test_declared_absence():
    """What is declared to be absent is not sent: it is what the service makes of nothing."""
    spec = table_spec(SPEC, stream=None, encryption=None, tags={}, extra={}, billing=OnDemand())
    assert sent(spec) == sent(SPEC)
    protection = sent(table_spec(SPEC, deletion_protection=False))
    assert protection["DeletionProtectionEnabled"] is False


def test_the_accounts_own_key():
    """KMS without a key names none."""
    assert sent(table_spec(SPEC, encryption=KMS()))["SSESpecification"] == {
        "Enabled": True,
        "SSEType": "KMS",
    }


@given(strategies.specs())
def test_throughput_is_everywhere_or_nowhere(spec):
    """A provisioned table has capacity on itself and every global index, another nowhere."""
    body = sent(spec)
    provisioned = isinstance(spec.billing, Provisioned)
    owners = [body, *body.get("GlobalSecondaryIndexes", [])]
    assert {"ProvisionedThroughput" in owner for owner in owners} == {provisioned}
    assert body["BillingMode"] == ("PROVISIONED" if provisioned else "PAY_PER_REQUEST")


def test_throughput_of_indexes():
    """An index without capacity of its own gets the table's figures."""
    spec = TableSpec(
        "orders",
        ID,
        indexes=(
            IndexSpec("by-at", (AT,)),
            IndexSpec("by-id", (ID,), throughput=Provisioned(1, 2)),
        ),
        billing=Provisioned(5, 6),
    )
    by_at, by_id = sent(spec)["GlobalSecondaryIndexes"]
    assert by_at["ProvisionedThroughput"] == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    assert by_id["ProvisionedThroughput"] == {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}


@dear
@given(strategies.specs())
def test_exactly_the_keys_are_defined(spec):
    """Each key attribute and inline filter is defined once, and no other attribute is."""
    body = sent(spec)
    indexes = body.get("LocalSecondaryIndexes", []) + body.get("GlobalSecondaryIndexes", [])
    schemas = [owner["KeySchema"] for owner in (body, *indexes)]
    schemas += [index.get("SearchSchema", []) for index in body.get("VectorIndexes", [])]
    used = {part["AttributeName"] for schema in schemas for part in schema}
    defined = [item["AttributeName"] for item in body["AttributeDefinitions"]]
    assert sorted(defined) == sorted(used)


def test_extra():
    """Members that no option stands for are sent as they are, in their place; new ones last."""
    extra = {"BrandNew": {"A": [1]}, "ResourcePolicy": "{}", "TableClass": "FROZEN", "Newer": None}
    payload = requests.create_table(table_spec(SPEC, extra=extra, warm=WARM))
    body = json.decode(requests.encode(payload))
    assert list(body) == [
        "AttributeDefinitions",
        "TableName",
        "KeySchema",
        "BillingMode",
        "TableClass",
        "WarmThroughput",
        "ResourcePolicy",
        "BrandNew",
        "Newer",
    ]
    assert {name: body[name] for name in extra} == extra
    assert structs.replace(payload, table_name="other").table_name == "other"


def test_binary_stays_binary_in_a_dict():
    """boto3 takes bytes where JSON has base64."""
    request = requests.create_table(SPEC, name="other", extra={"Newer": {"Key": (b"key",)}})
    assert request.to_dict()["Newer"] == {"Key": [b"key"]}
    assert json.decode(request.to_json())["Newer"] == {"Key": ["a2V5"]}
    assert request.to_dict()["TableName"] == "other"
    assert request.to_json() == requests.encode(request)


@pytest.mark.parametrize("name", ["class", "tags", "extra", "table_name", "X"])
def test_extra_of_any_name(name):
    """A new member may be called like anything in Python."""
    if "_" in name:
        with pytest.raises(ModelError, match="extra takes"):
            table_spec(SPEC, extra={name: 1})
    else:
        assert sent(table_spec(SPEC, extra={name: 1}))[name] == 1


@pytest.mark.parametrize("build", [requests.describe_table, requests.delete_table])
def test_requests_that_name_a_table(build):
    """A model, a spec, a name or an ARN names a table."""
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    assert requests.encode(build(SPEC)) == b'{"TableName":"orders"}'
    assert requests.encode(build("orders")) == b'{"TableName":"orders"}'
    assert build(arn).table_name == arn
    with pytest.raises(ModelError, match=r"table name 'a b' must have .* - at a b"):
        build("a b")


def test_list_tables():
    """A page of names begins after a name, and has a limit; neither is needed."""
    assert requests.encode(requests.list_tables()) == b"{}"
    assert requests.encode(requests.list_tables("orders", limit=5)) == (
        b'{"ExclusiveStartTableName":"orders","Limit":5}'
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("table_name", "TableName"),
        ("sse_description", "SSEDescription"),
        ("kms_master_key_arn", "KMSMasterKeyArn"),
        ("index", "Index"),
    ],
)
def test_wire_names(field, name):
    """Fields are spelt as the API spells them, acronyms too."""
    assert wire_name(field) == name


def test_the_builders_are_what_the_module_shows():
    """`dir` has the public names and no others; each is there, loaded or not."""
    assert dir(requests) == sorted(requests.__all__)
    assert all(callable(getattr(requests, name)) for name in requests.__all__)
    with pytest.raises(AttributeError, match="no attribute 'create_tabel'; did you mean create_ta"):
        requests.create_tabel  # noqa: B018 - looking is what fails
    with pytest.raises(AttributeError, match=r"no attribute '_private'$"):
        requests._private  # noqa: B018 - looking is what fails


@pytest.mark.once
def test_the_stub_has_the_names_that_are_loaded():
    """Type checkers read the stub, programs the table: both find a name in one place."""
    stub = ast.parse(Path(requests.__file__).with_suffix(".pyi").read_text("utf-8"))
    stated = {
        alias.name: f"{'requests.' if node.level == 1 else ''}{node.module}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert stated == requests._PLACES


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (requests.describe_export(arn="arn"), {"ExportArn": "arn"}),
        (requests.list_exports(), {}),
        (requests.list_imports("arn", start_at="7"), {"TableArn": "arn", "NextToken": "7"}),
        (requests.list_bulk_operations(), {"MaxResults": 25}),
        (requests.delete_backup("arn"), {"BackupArn": "arn"}),
        (requests.list_tags_of_resource("arn", start_at=None), {"ResourceArn": "arn"}),
        (
            requests.delete_resource_policy("arn", revision="7"),
            {"ResourceArn": "arn", "ExpectedRevisionId": "7"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_that_only_names_something(request_, body):
    """What is left out, or `None`, is not sent."""
    assert request_.to_dict() == body


@pytest.mark.parametrize("module", [backups, items, s3, settings, tables, updates])
def test_requests_have_the_names_of_the_api(module):
    """`request.table_arn` is what the API reference calls TableArn, in every request and part."""
    shapes = [each for each in vars(module).values() if isinstance(each, type(Request))]
    requests_ = [each for each in shapes if issubclass(each, Request)]
    other = [
        (each, field.name, field.encode_name)
        for each in requests_
        for field in structs.fields(each)
        if field.name.replace("_", "") != field.encode_name.lower()
    ]
    assert requests_
    assert other == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("billing", "PAY_PER_REQUEST"),
        ("billing", OnDemand),
        ("stream", "NEW"),
        ("encryption", "alias/orders"),
        ("table_class", "INFREQUENT"),
        ("deletion_protection", "yes"),
        ("warm", 12_000),
        ("create_replicas", ["eu-west-1"]),
        ("consistency", "EVENTUALLY"),
        ("witness", "Frankfurt"),
        ("disassociation_protection", 1),
    ],
)
def test_an_option_of_another_kind_is_no_part_of_an_update(option, value):
    """It is refused with its name and what it takes, and not sent or left out."""
    named = option.replace("create_", "")
    with pytest.raises(ModelError, match=f"{named} takes .+, not .+ - at orders"):
        requests.update_table("orders", **{option: value})


def test_all_problems_of_an_update_are_told_at_once():
    with pytest.raises(ModelError) as caught:
        requests.update_table("orders", billing="PROVISIONED", stream="NEW")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("argument", "value", "kind"),
    [
        ("throughput", OnDemand(), "Provisioned"),
        ("on_demand", Provisioned(1, 1), "OnDemand"),
        ("create", "by-day", "IndexSpec"),
        ("update", ["by-day"], "Index"),
        ("update_replica", "eu-west-1", "Replica"),
    ],
)
def test_what_is_changed_is_given_as_a_value(argument, value, kind):
    """A name alone, or other figures, would change nothing."""
    with pytest.raises(TypeError, match=rf"{argument}= takes {kind}\(\.\.\.\), not "):
        requests.update_table("orders", **{argument: value})


@pytest.mark.parametrize("name", ["list_exports", "list_imports", "list_tags_of_resource"])
def test_where_a_page_begins_is_named(name):
    """A token by position could be taken for a number of results."""
    with pytest.raises(TypeError, match="positional argument"):
        getattr(requests, name)("arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "token")


def test_overrides_of_a_replica_are_sent_as_they_are():
    """The service refuses what is wrong with them; left out, the replica would be made without."""
    replica = Replica("eu-west-1", kms_key="", read=0, index_max_read={"by-day": 0})
    [update] = requests.update_table("orders", create_replicas=[replica]).replica_updates
    assert update.to_dict() == {
        "Create": {
            "RegionName": "eu-west-1",
            "KMSMasterKeyId": "",
            "ProvisionedThroughputOverride": {"ReadCapacityUnits": 0},
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-day",
                    "OnDemandThroughputOverride": {"MaxReadRequestUnits": 0},
                }
            ],
        }
    }


@pytest.mark.parametrize(
    "build",
    [
        partial(requests.update_time_to_live, "users", "expires"),
        partial(requests.update_continuous_backups, "users"),
        partial(requests.update_contributor_insights, "users"),
    ],
)
def test_on_or_off_is_true_or_false(build):
    """The text "no" would turn on what is to be turned off."""
    with pytest.raises(TypeError, match="enabled= takes True or False, not 'no'"):
        build(enabled="no")


def test_a_text_is_not_taken_for_the_keys_of_tags():
    """Its letters would be: an untag of "team" would remove the tags t, e, a and m."""
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    with pytest.raises(TypeError, match=r"keys takes the keys of tags, as in \['team'\]"):
        requests.untag_resource(arn, "team")
    assert requests.untag_resource(arn, ["team"]).to_dict()["TagKeys"] == ["team"]
