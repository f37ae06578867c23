"""Differences: every declared thing that the table has otherwise is named, and nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import pytest
from aids import strategies
from aids.laws import dear
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from msgspec import UNSET, json, structs

from dynamorm import (
    KEYS_ONLY,
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Provisioned,
    TableDescription,
    TableSpec,
    WarmThroughput,
    requests,
    table_spec,
)
from dynamorm.api.settings import (
    ContinuousBackupsDescription,
    GetResourcePolicyOutput,
    KinesisDataStreamDestination,
    TimeToLiveDescription,
)
from dynamorm.model.spec import changed
from dynamorm.tables.compare import differences, drift
from dynamorm.tables.settings import compared_settings
from dynamorm.tables.steps import Settings
from dynamorm.testing import FakeService

pytestmark = pytest.mark.once

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
A, B = KeyAttribute("a", "S"), KeyAttribute("b", "B")
KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

WARM = WarmThroughput(12000, 4000)
BY_A = IndexSpec("by-a", (A,), (B, AT), Include("x", "y"), on_demand=OnDemand(7, 8), warm=WARM)
BY_B = IndexSpec("by-b", (), (B,), KEYS_ONLY)
FULL = TableSpec(
    "orders",
    ID,
    AT,
    (BY_A, BY_B),
    time_to_live="expires",
    billing=OnDemand(5, 6),
    stream="NEW_IMAGE",
    encryption=KMS(KEY_ARN),
    tags={"team": "a"},
    table_class="STANDARD_INFREQUENT_ACCESS",
    deletion_protection=True,
    warm=WARM,
)
PROVISIONED = TableSpec(
    "orders",
    ID,
    AT,
    (IndexSpec("by-a", (A,), throughput=Provisioned(3, 4)), IndexSpec("by-b", (B,))),
    billing=Provisioned(1, 2),
)


def body_of(spec: TableSpec) -> Any:
    """What DescribeTable answers of a table that was made from this spec."""
    service = FakeService()
    service.send("CreateTable", requests.encode(requests.create_table(spec)))
    answer = service.send("DescribeTable", requests.encode(requests.describe_table(spec)))
    return json.decode(answer)["Table"]


def read(body: Any) -> TableDescription:
    return json.decode(json.encode(body), type=TableDescription)


def made(spec: TableSpec) -> TableDescription:
    return read(body_of(spec))


def told(spec: TableSpec, table: TableDescription) -> list[str]:
    """The names of the differences; each says two things that are not the same."""
    found = differences(spec, table)
    assert all(difference.declared != difference.found for difference in found)
    return [difference.name for difference in found]


regional = strategies.specs().map(strategies.of_one_region)
"""CreateTable makes no replicas."""


@dear
@given(regional)
def test_a_new_table_does_not_differ(spec):
    """A table made from a spec is as the spec declares it."""
    assert differences(spec, made(spec)) == ()


@dear
@given(regional, st.randoms(use_true_random=False))
def test_order_never_counts(spec, random):
    """Definitions, indexes, projected attributes and members come in any order.

    But for the parts of a multi-attribute key, whose order is its meaning.
    """
    body = body_of(spec)
    keyed = body["GlobalSecondaryIndexes"] + body["LocalSecondaryIndexes"]
    vectors = body.setdefault("VectorIndexes", [])
    for owner in (body, *keyed):
        owner["KeySchema"].sort(key=lambda part: part["KeyType"], reverse=True)
    for index in vectors:
        random.shuffle(index.get("SearchSchema", []))
    for index in keyed + vectors:
        random.shuffle(index["Projection"].get("NonKeyAttributes", []))
    kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes")
    for name in ("AttributeDefinitions", *kinds):
        random.shuffle(body[name])
    members = list(body.items())
    random.shuffle(members)
    assert differences(spec, read(dict(members))) == ()


@dear
@given(strategies.specs(), strategies.specs())
def test_tables_at_random(declared, there):
    """Whatever table is found, the comparison ends, and tells only what differs."""
    names = told(declared, made(there))
    assert len(set(names)) == len(names)
    assert names or declared.key == there.key


@dear
@given(strategies.specs())
def test_undeclared_things_never_count(spec):
    """A spec that declares no more than its key differs from no table of that key."""
    bare = TableSpec(spec.name, spec.partition_key, spec.sort_key)
    assert differences(bare, made(spec)) == ()


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ({"partition_key": KeyAttribute("id", "B")}, ["key", "index:by-b"]),
        ({"partition_key": KeyAttribute("other", "S")}, ["key", "index:by-b"]),
        ({"sort_key": None, "indexes": (BY_A,)}, ["key"]),
        ({"sort_key": A}, ["key"]),
        ({"billing": OnDemand(5, 7)}, ["billing"]),
        ({"billing": OnDemand(5)}, []),
        ({"billing": OnDemand(max_write=7)}, ["billing"]),
        ({"billing": OnDemand(5, None)}, ["billing"]),
        ({"billing": OnDemand()}, []),
        ({"billing": OnDemand(None, None)}, ["billing"]),
        ({"billing": Provisioned(5, 6), "indexes": (BY_B,)}, ["billing"]),
        ({"stream": "OLD_IMAGE"}, ["stream"]),
        ({"stream": None}, ["stream"]),
        ({"encryption": None}, ["encryption"]),
        ({"encryption": KMS(KEY_ARN.replace("1", "2"))}, ["encryption"]),
        ({"table_class": "STANDARD"}, ["table_class"]),
        ({"deletion_protection": False}, ["deletion_protection"]),
        ({"warm": WarmThroughput(12001, 4000)}, ["warm"]),
        ({"warm": WarmThroughput(12000, 4001)}, ["warm"]),
        ({"indexes": (BY_A, BY_B, IndexSpec("by-c", (A,)))}, ["index:by-c"]),
        ({"indexes": (structs.replace(BY_A, partition_key=(B,), sort_key=(A,)),)}, ["index:by-a"]),
        ({"indexes": (structs.replace(BY_A, sort_key=(AT, B)),)}, ["index:by-a"]),
        (
            {"indexes": (structs.replace(BY_A, partition_key=(A, B), sort_key=(AT,)),)},
            ["index:by-a"],
        ),
        ({"indexes": (structs.replace(BY_A, projection=Include("x")),)}, ["index:by-a"]),
        ({"indexes": (structs.replace(BY_A, projection="ALL"),)}, ["index:by-a"]),
        ({"indexes": (structs.replace(BY_A, on_demand=OnDemand(7)),)}, []),
        (
            {"indexes": (structs.replace(BY_A, on_demand=OnDemand(7, None)),)},
            ["index:by-a:on_demand"],
        ),
        (
            {"indexes": (structs.replace(BY_A, warm=WarmThroughput(12000, 4001)),)},
            ["index:by-a:warm"],
        ),
        ({"indexes": (IndexSpec("by-b", (ID,), (B,), KEYS_ONLY),)}, ["index:by-b:kind"]),
        ({"indexes": (structs.replace(BY_B, projection="ALL"),)}, ["index:by-b"]),
    ],
)
def test_one_thing_changed(declared, names):
    """A single declared thing that the table has otherwise is told by its name, and only it."""
    assert told(changed(FULL, **declared), made(FULL)) == names


@pytest.mark.parametrize(
    ("indexes", "billing", "names"),
    [
        ((), Provisioned(1, 3), ["billing"]),
        ((), OnDemand(), ["billing"]),
        (
            (IndexSpec("by-a", (A,), throughput=Provisioned(3, 5)),),
            Provisioned(1, 2),
            ["index:by-a:throughput"],
        ),
        ((IndexSpec("by-b", (B,)),), Provisioned(1, 2), []),
    ],
)
def test_provisioned_tables(indexes, billing, names):
    """Capacity is compared where it is declared, of the table and of each index by itself."""
    assert told(changed(PROVISIONED, indexes=indexes, billing=billing), made(PROVISIONED)) == names


def test_indexes_of_another_kind():
    """A global index where a local one is declared is told as such."""
    there = changed(FULL, indexes=(IndexSpec("by-b", (ID,), (B,), KEYS_ONLY),))
    (difference,) = differences(changed(FULL, indexes=(BY_B,)), made(there))
    assert str(difference) == "index:by-b:kind: declared local index, found global index"


def test_texts():
    """A difference can be read: names, types and the parts of keys are told apart."""
    parted = structs.replace(BY_A, partition_key=(A, B), sort_key=(AT,), projection=KEYS_ONLY)
    declared = changed(
        FULL,
        indexes=(parted, IndexSpec("new", (A,))),
        stream=None,
        billing=OnDemand(None, None),
        encryption=KMS("another"),
    )
    billing, stream, encryption, by_a, new = map(str, differences(declared, made(FULL)))
    assert billing == (
        "billing: declared OnDemand(max_read=None, max_write=None), "
        "found OnDemand(max_read=5, max_write=6)"
    )
    assert stream == "stream: declared nothing, found NEW_IMAGE"
    assert encryption == f"encryption: declared {KMS('another')}, found {KMS(KEY_ARN)}"
    assert by_a == (
        "index:by-a: declared partition key a (S) + b (B), sort key at (N), KEYS_ONLY, "
        "found partition key a (S), sort key b (B) + at (N), Include('x', 'y')"
    )
    assert new == "index:new: declared partition key a (S), ALL, found nothing"


def test_a_key_without_its_definition():
    """A key whose type the table does not tell is not the declared one."""
    body = body_of(FULL)
    body["AttributeDefinitions"] = []
    spec = TableSpec("orders", ID, AT)
    (difference,) = differences(spec, read(body))
    assert difference.found == "partition key id (?), sort key at (?)"


def test_provisioned_without_summary():
    """A table without BillingModeSummary is provisioned."""
    body = body_of(PROVISIONED)
    assert "BillingModeSummary" not in body
    assert told(changed(PROVISIONED, billing=OnDemand(), indexes=()), read(body)) == ["billing"]


def test_zeros_of_on_demand_tables():
    """The 0/0 that an on-demand table answers is no throughput."""
    body = body_of(changed(FULL, billing=OnDemand()))
    assert body["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert told(changed(FULL, billing=OnDemand()), read(body)) == []
    del body["BillingModeSummary"]
    provisioned = changed(FULL, billing=Provisioned(1, 1), indexes=(BY_B,))
    (difference,) = differences(provisioned, read(body))
    assert difference.found == "nothing"


@pytest.mark.parametrize(
    ("maxima", "declared"),
    [
        ({}, OnDemand(None, None)),
        ({"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}, OnDemand(None, None)),
        ({"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1}, OnDemand(max_write=None)),
        ({"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 5}, OnDemand()),
        ({"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 1}, OnDemand(1, 1)),
    ],
)
def test_maxima(maxima, declared):
    """A maximum of -1 is none, and one of 1 is the smallest."""
    body = body_of(FULL)
    body["OnDemandThroughput"] = maxima
    assert told(changed(FULL, billing=declared), read(body)) == []


ALIAS_ARN = "arn:aws:kms:eu-west-1:123456789012:alias/mine"
ELSEWHERE = {
    "partition": KEY_ARN.replace("aws", "aws-cn"),
    "region": KEY_ARN.replace("eu-west-1", "eu-west-2"),
    "account": KEY_ARN.replace("123456789012", "999999999999"),
}


def encrypted(**members: Any) -> TableDescription:
    """A table in the account and region of the key, encrypted in this way."""
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    return read({**body_of(FULL), "TableArn": arn, "SSEDescription": members})


ON = {"SSEType": "KMS", "Status": "ENABLED", "KMSMasterKeyArn": KEY_ARN}


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (KMS(), {"SSEType": "KMS", "Status": "UPDATING"}),
        (KMS(), {**ON, "KMSMasterKeyArn": ALIAS_ARN.replace("mine", "aws/dynamodb")}),
        (KMS(KEY_ARN), ON),
        (KMS(KEY_ARN.rpartition("/")[2]), ON),
        (None, {"SSEType": "KMS", "Status": "DISABLING"}),
        (None, {}),
    ],
)
def test_encryption_as_declared(declared, found):
    """A key is known by its id or ARN; the account's own where the table tells no other."""
    spec = changed(FULL, encryption=declared)
    assert told(spec, encrypted(**found)) == []
    assert not any(item.unknown for item in drift(spec, encrypted(**found)))


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (KMS(), {"SSEType": "KMS", "Status": "DISABLED"}),
        (KMS(), {"SSEType": "AES256", "Status": "ENABLED"}),
        (KMS(), {}),
        *((KMS(), {**ON, "KMSMasterKeyArn": arn}) for arn in ELSEWHERE.values()),
        (KMS("alias/mine"), {}),
        *((KMS(ALIAS_ARN), {**ON, "KMSMasterKeyArn": arn}) for arn in ELSEWHERE.values()),
        (KMS("555555555555"), ON),
        (KMS(ELSEWHERE["account"]), ON),
        (None, ON),
    ],
)
def test_encryption_that_differs(declared, found):
    """No key, another key, or one of an account or region where the declared one cannot be."""
    spec = changed(FULL, encryption=declared)
    assert told(spec, encrypted(**found)) == ["encryption"]
    assert not any(item.unknown for item in drift(spec, encrypted(**found)))


@pytest.mark.parametrize(
    ("declared", "found", "reason"),
    [
        (KMS(), ON, "only KMS knows which key is the account's own, aws/dynamodb"),
        (KMS("alias/mine"), ON, "only KMS knows which key an alias stands for"),
        (KMS(ALIAS_ARN), ON, "only KMS knows which key an alias stands for"),
        (KMS(KEY_ARN), {"SSEType": "KMS"}, "the table does not tell its key"),
        (KMS("alias/mine"), {"SSEType": "KMS"}, "the table does not tell its key"),
    ],
)
def test_encryption_that_cannot_be_compared(declared, found, reason):
    """It is neither as declared nor a difference to be ended: the report says why."""
    spec = changed(FULL, encryption=declared)
    table = encrypted(**found)
    assert told(spec, table) == []
    (unknown,) = (item for item in drift(spec, table) if item.unknown)
    there = KMS(found.get("KMSMasterKeyArn"))
    assert str(unknown) == (
        f"encryption: declared {declared}, found {there}: cannot be compared, {reason}"
    )
    assert drift(spec, table, Settings()) == (unknown,)
    assert drift(changed(spec, ignore=("encryption",)), table) == ()


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (Include("x", "id"), Include("x")),
        (Include("x"), Include("x", "a", "at", "b")),
        (Include("id", "a"), "KEYS_ONLY"),
        ("KEYS_ONLY", Include("at")),
    ],
)
def test_keys_are_projected_anyway(declared, found):
    """Naming a key of the table or of the index in `Include` makes no other projection."""
    one, other = (
        changed(FULL, indexes=(structs.replace(BY_A, projection=projection),))
        for projection in (declared, found)
    )
    assert told(one, made(other)) == []
    more = changed(FULL, indexes=(structs.replace(BY_A, projection=Include("x", "id", "y")),))
    assert told(more, made(other)) == ["index:by-a"]


IGNORABLE: dict[str, Any] = {
    "billing": OnDemand(1, 2),
    "stream": None,
    "encryption": None,
    "tags": {"team": "b"},
    "table_class": "STANDARD",
    "deletion_protection": False,
    "warm": WarmThroughput(99999, 99999),
    "point_in_time_recovery": 7,
    "resource_policy": None,
    "time_to_live": "other",
    "stream_policy": None,
    "kinesis": None,
    "contributor_insights": False,
    "index_insights": {"by-a": False},
}
SETTINGS = Settings(
    {
        "ttl": TimeToLiveDescription("ENABLED", "expires"),
        "point_in_time_recovery": ContinuousBackupsDescription("ENABLED"),
        "tags": {"team": "a"},
        "resource_policy": GetResourcePolicyOutput("{}"),
        "stream_policy": GetResourcePolicyOutput("{}"),
        "kinesis": KinesisDataStreamDestination(
            "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"
        ),
        "contributor_insights": "ACCESSED_AND_THROTTLED_KEYS",
        "index_insights": {"by-a": "THROTTLED_KEYS"},
    }
)


@pytest.mark.parametrize("option", IGNORABLE)
def test_what_is_ignored_is_not_compared(option):
    """An ignored setting is no drift, whatever the table has; any other is."""
    setting = {"time_to_live": "ttl"}.get(option, option)
    spec = changed(FULL, **{"time_to_live": UNSET, "tags": UNSET, option: IGNORABLE[option]})
    (difference,) = drift(spec, made(FULL), SETTINGS)
    assert difference.name.partition(":")[0] in (setting, "tag")
    assert drift(changed(spec, ignore=(setting,)), made(FULL), SETTINGS) == ()
    other = "stream" if setting != "stream" else "warm"
    assert drift(changed(spec, ignore=[other]), made(FULL), SETTINGS) == (difference,)


def test_what_is_ignored_is_not_read():
    """A setting that costs a request is set at creation, and asked for no more."""
    spec = changed(FULL, ignore=("ttl", "stream"))
    assert compared_settings(spec) == ("tags",)


def test_the_capacity_of_indexes_goes_with_the_tables():
    """Auto scaling moves both: ignoring billing or warm throughput covers every index."""
    other = structs.replace(BY_A, on_demand=OnDemand(1), warm=WarmThroughput(99999, 99999))
    spec = changed(FULL, indexes=(other,))
    assert told(spec, made(FULL)) == ["index:by-a:on_demand", "index:by-a:warm"]
    assert told(changed(spec, ignore=("billing",)), made(FULL)) == ["index:by-a:warm"]
    assert told(changed(spec, ignore=("billing", "warm")), made(FULL)) == []
    indexes = (IndexSpec("by-a", (A,), throughput=Provisioned(9, 9)),)
    spec = changed(PROVISIONED, indexes=indexes, ignore=("billing",))
    assert told(spec, made(PROVISIONED)) == []
    key = changed(spec, indexes=(IndexSpec("by-a", (B,)), IndexSpec("by-c", (B,))))
    assert told(key, made(PROVISIONED)) == ["index:by-a", "index:by-c"]


@pytest.mark.parametrize(
    ("found", "differs"),
    [
        ({"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 4000}, False),
        ({"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4001}, False),
        ({"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 3999}, True),
        ({"ReadUnitsPerSecond": 20000}, True),
        ({}, True),
        (None, True),
    ],
)
def test_warm_throughput(found, differs):
    """The service raises warm throughput by itself: more than declared is as declared."""
    body = {**body_of(FULL), "WarmThroughput": found}
    assert told(FULL, read(body)) == ["warm"] * differs


@pytest.mark.parametrize(
    ("name", "value"),
    [("stream", None), ("table_class", "STANDARD"), ("deletion_protection", False)],
)
def test_what_is_absent_is_the_default(name, value):
    """A table that says nothing of an option has the service's default."""
    body = {**body_of(FULL)}
    for member in ("StreamSpecification", "TableClassSummary", "DeletionProtectionEnabled"):
        del body[member]
    assert told(changed(table_spec(TableSpec("orders", ID, AT)), **{name: value}), read(body)) == []


def test_a_stream_turned_off():
    """A stream that has been turned off is none, whatever else it says."""
    body = body_of(FULL)
    body["StreamSpecification"] = {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}
    assert told(FULL, read(body)) == ["stream"]
    assert told(changed(FULL, stream=None), read(body)) == []


@pytest.mark.parametrize("found", [None, {"ReadCapacityUnits": 3}])
def test_a_throughput_that_is_gone(found):
    """Declared index capacity on a table that has become an on-demand one is told."""
    body = body_of(PROVISIONED)
    body["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] = found
    (difference,) = differences(PROVISIONED, read(body))
    assert (difference.name, difference.found) == ("index:by-a:throughput", "nothing")


def plain(spec: TableSpec) -> TableSpec:
    """Without what moto does not imitate."""
    return changed(
        spec,
        billing=UNSET,
        warm=UNSET,
        extra=UNSET,
        tags=UNSET,
        encryption=UNSET,
        table_class=UNSET,
        resource_policy=UNSET,
        deletion_protection=UNSET,
        **strategies.ONE_REGION,
        indexes=tuple(
            structs.replace(i, throughput=None, on_demand=None, warm=None)
            for i in spec.indexes
            if len(i.partition_key) < 2 and len(i.sort_key) < 2 and not i.vector
        ),
    )


@cache
def moto_client() -> Any:
    return boto3.client("dynamodb", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


@dear
@given(strategies.specs(strategies.renamed).map(plain))
def test_a_new_table_of_moto_does_not_differ(spec):
    """The law holds for another's DynamoDB too."""
    with mock_aws():
        moto_client().create_table(**json.decode(requests.encode(requests.create_table(spec))))
        body = moto_client().describe_table(TableName=spec.name)["Table"]
    body["CreationDateTime"] = body["CreationDateTime"].timestamp()
    assert differences(spec, read(body)) == ()
