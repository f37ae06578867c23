"""Plans: what is said of tables that were made by other means, member by member."""

from __future__ import annotations

from typing import Any

import pytest
from aids.strategies import specs
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, json

import dynamorm
from dynamorm import (
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Plan,
    PlanRefused,
    Provisioned,
    Refused,
    TableDescription,
    TableSpec,
    WarmThroughput,
)
from dynamorm.api.settings import (
    ContinuousBackupsDescription,
    GetResourcePolicyOutput,
    PointInTimeRecoveryDescription,
    TimeToLiveDescription,
)
from dynamorm.copying.pair import described_spec
from dynamorm.model.spec import changed
from dynamorm.operations import Location
from dynamorm.tables.compare import drift
from dynamorm.tables.plan import create_plan, make_plan
from dynamorm.tables.settings import checked_names, compared_settings
from dynamorm.tables.steps import Settings
from dynamorm.testing import Script

pytestmark = pytest.mark.once

HERE = Location("eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com", "dev-")
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": ARN,
        }
    ],
}


def units(read: int, write: int) -> Any:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


PROVISIONED = {"BillingModeSummary": None, "ProvisionedThroughput": units(5, 6)}

RAW: dict[str, Any] = {
    "TableName": "orders",
    "TableStatus": "ACTIVE",
    "TableArn": ARN,
    "AttributeDefinitions": [
        {"AttributeName": "status", "AttributeType": "S"},
        {"AttributeName": "number", "AttributeType": "N"},
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "day", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "customer", "KeyType": "HASH"},
        {"AttributeName": "number", "KeyType": "RANGE"},
    ],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "OnDemandThroughput": {"MaxReadRequestUnits": 40, "MaxWriteRequestUnits": -1},
    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 5000},
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY_ARN},
    "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
    "DeletionProtectionEnabled": True,
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-day",
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "day", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-status",
            "IndexStatus": "ACTIVE",
            "KeySchema": [
                {"AttributeName": "status", "KeyType": "HASH"},
                {"AttributeName": "day", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total", "note"]},
            "OnDemandThroughput": {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": 8},
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 5000},
        }
    ],
}
"""What DescribeTable answers of a table that somebody else has made, with everything in it."""

SETTINGS = Settings(
    {
        "ttl": TimeToLiveDescription("ENABLED", "expires"),
        "point_in_time_recovery": ContinuousBackupsDescription(
            "ENABLED", PointInTimeRecoveryDescription("ENABLED", 14)
        ),
        "tags": {"team": "shop", "aws:cloudformation:stack-name": "x", "cost": "1"},
        "resource_policy": GetResourcePolicyOutput(json.encode(POLICY).decode(), "7"),
    }
)


def policy_found(policy: str | None) -> Settings:
    return Settings({"resource_policy": policy and GetResourcePolicyOutput(policy, "7")})


CUSTOMER, NUMBER = KeyAttribute("customer", "S"), KeyAttribute("number", "N")
STATUS, DAY = KeyAttribute("status", "S"), KeyAttribute("day", "S")
BY_DAY = IndexSpec("by-day", (), (DAY,), "KEYS_ONLY")
BY_STATUS = IndexSpec("by-status", (STATUS,), (DAY,), Include("note", "total"))
BARE = TableSpec("orders", CUSTOMER, NUMBER)
FULL = TableSpec(
    "orders",
    CUSTOMER,
    NUMBER,
    (BY_DAY, BY_STATUS),
    time_to_live="expires",
    billing=OnDemand(max_read=40),
    stream="NEW_IMAGE",
    encryption=KMS(KEY_ARN),
    tags={"cost": "1", "team": "shop"},
    table_class="STANDARD_INFREQUENT_ACCESS",
    deletion_protection=True,
    warm=WarmThroughput(12000, 4000),
    point_in_time_recovery=14,
    resource_policy=POLICY,
)


def planned(spec: TableSpec, *allow: str, settings: Settings = SETTINGS, **raw: Any) -> Plan:
    table = json.decode(json.encode({**RAW, **raw}), type=TableDescription)
    return make_plan(spec, table, settings, allow)


def steps(made: Plan) -> list[tuple[str, str, Any]]:
    return [(s.kind, s.operation, members(s.payload)) for s in made.steps]


def members(payload: Any) -> Any:
    body = dict(payload)
    body.pop("TableName", None)
    body.pop("ResourceArn", None)
    return body


def test_a_table_that_is_as_declared():
    """A table by other means that has all that is declared needs nothing."""
    made = planned(FULL)
    assert (made.steps, made.undeclared, made.blocked) == ((), (), ())
    assert str(made).splitlines() == [
        "orders: is as declared",
        "Plan: 0 to create, 0 to change, 0 to destroy",
    ]


def test_what_is_not_declared_is_listed_and_left():
    """All that a table has and the model does not mention is told by its name, and no step."""
    made = planned(BARE)
    assert made.steps == ()
    assert [(item.name, item.found) for item in made.undeclared] == [
        ("index:by-status", "global index"),
        ("index:by-day", "local index"),
        ("stream", "NEW_IMAGE"),
        ("encryption", f"KMS(key_id='{KEY_ARN}')"),
        ("deletion_protection", "True"),
        ("ttl:expires", "expires"),
        ("point_in_time_recovery", "14"),
        ("tag:team", "shop"),
        ("tag:cost", "1"),
        ("resource_policy", json.encode(POLICY).decode()),
    ]


GSI = "GlobalSecondaryIndexUpdates"
TTL = "TimeToLiveSpecification"
RECOVERY = "PointInTimeRecoverySpecification"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("index:by-status", ("UpdateTable", {GSI: [{"Delete": {"IndexName": "by-status"}}]})),
        ("stream", ("UpdateTable", {"StreamSpecification": {"StreamEnabled": False}})),
        ("encryption", ("UpdateTable", {"SSESpecification": {"Enabled": False}})),
        ("deletion_protection", ("UpdateTable", {"DeletionProtectionEnabled": False})),
        (
            "ttl:expires",
            ("UpdateTimeToLive", {TTL: {"Enabled": False, "AttributeName": "expires"}}),
        ),
        (
            "point_in_time_recovery",
            ("UpdateContinuousBackups", {RECOVERY: {"PointInTimeRecoveryEnabled": False}}),
        ),
        ("resource_policy", ("DeleteResourcePolicy", {"ExpectedRevisionId": "7"})),
        ("tag:team", ("UntagResource", {"TagKeys": ["team"]})),
    ],
)
def test_what_is_named_is_removed(name, expected):
    """Naming an undeclared thing makes it one destructive step, and only it."""
    made = planned(BARE, name)
    assert steps(made) == [("destructive", *expected)]
    assert [step.name for step in made.steps] == [name]
    assert name not in [item.name for item in made.undeclared]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"stream": None}, [("destructive", {"StreamSpecification": {"StreamEnabled": False}})]),
        (
            {"stream": "OLD_IMAGE"},
            [
                ("destructive", {"StreamSpecification": {"StreamEnabled": False}}),
                (
                    "safe",
                    {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"}},
                ),
            ],
        ),
        ({"encryption": None}, [("destructive", {"SSESpecification": {"Enabled": False}})]),
        (
            {"encryption": KMS("other")},
            [
                (
                    "safe",
                    {
                        "SSESpecification": {
                            "Enabled": True,
                            "SSEType": "KMS",
                            "KMSMasterKeyId": "other",
                        }
                    },
                )
            ],
        ),
        ({"table_class": "STANDARD"}, [("safe", {"TableClass": "STANDARD"})]),
        ({"deletion_protection": False}, [("destructive", {"DeletionProtectionEnabled": False})]),
        (
            {"warm": WarmThroughput(13000, 4000)},
            [
                (
                    "safe",
                    {"WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000}},
                )
            ],
        ),
        (
            {"billing": OnDemand(max_write=9)},
            [("safe", {"OnDemandThroughput": {"MaxWriteRequestUnits": 9}})],
        ),
        (
            {"billing": OnDemand(max_read=None, max_write=9)},
            [
                (
                    "safe",
                    {"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 9}},
                )
            ],
        ),
        (
            {"billing": OnDemand(max_read=None)},
            [("safe", {"OnDemandThroughput": {"MaxReadRequestUnits": -1}})],
        ),
        ({"billing": OnDemand()}, []),
    ],
)
def test_each_kind_of_change_is_a_request_of_its_own(declared, expected):
    """A changed option makes the steps that the service takes for it, and no other."""
    made = planned(changed(FULL, **declared))
    assert [(kind, body) for kind, _, body in steps(made)] == expected


def test_billing_becomes_provisioned_with_every_index():
    """The switch carries the figures of each index there is, declared or not."""
    own = IndexSpec("by-status", (STATUS,), (DAY,), Include("note", "total"), Provisioned(3, 4))
    for indexes, expected in (((BY_DAY, own), (3, 4)), ((BY_DAY,), (1, 2))):
        made = planned(changed(FULL, billing=Provisioned(1, 2), indexes=indexes))
        assert steps(made) == [
            (
                "safe",
                "UpdateTable",
                {
                    "BillingMode": "PROVISIONED",
                    "ProvisionedThroughput": units(1, 2),
                    GSI: [
                        {
                            "Update": {
                                "IndexName": "by-status",
                                "ProvisionedThroughput": units(*expected),
                            }
                        }
                    ],
                },
            )
        ]


def test_billing_of_a_provisioned_table():
    """Figures change alone; a switch to on demand sets maxima in a request of its own."""
    assert steps(planned(changed(BARE, billing=Provisioned(5, 6)), **PROVISIONED)) == []
    (figures,) = steps(planned(changed(BARE, billing=Provisioned(5, 7)), **PROVISIONED))
    assert figures[2] == {"ProvisionedThroughput": units(5, 7)}
    (switch,) = steps(planned(changed(BARE, billing=OnDemand()), **PROVISIONED))
    assert switch[2] == {"BillingMode": "PAY_PER_REQUEST"}
    raw = {**PROVISIONED, "OnDemandThroughput": None}
    _, maxima = steps(planned(changed(BARE, billing=OnDemand(1)), **raw))
    assert maxima[2]["OnDemandThroughput"]["MaxReadRequestUnits"] == 1


def test_a_new_index_defines_every_key_attribute():
    """The request for a new index defines the attributes of all keys that there will be."""
    new = IndexSpec("by-total", (KeyAttribute("total", "N"),))
    (create,) = planned(changed(FULL, indexes=(BY_DAY, BY_STATUS, new))).steps
    assert (create.name, create.kind, create.change) == (
        "index:by-total",
        "slow",
        "create: partition key total (N), ALL",
    )
    defined = {d["AttributeName"] for d in members(create.payload)["AttributeDefinitions"]}
    assert defined == {"customer", "number", "day", "status", "total"}


@pytest.mark.parametrize("billing", [UNSET, Provisioned(1, 2)])
def test_a_new_index_of_a_provisioned_table_has_figures(billing):
    """An index without figures of its own gets the table's, be they declared or found."""
    new = IndexSpec("by-total", (KeyAttribute("total", "N"),))
    made = planned(changed(BARE, indexes=(new,), billing=billing), **PROVISIONED)
    create = members(made.steps[-1].payload)[GSI][0]["Create"]
    assert create["ProvisionedThroughput"] == (units(1, 2) if billing else units(5, 6))


def test_maxima_of_an_index_need_an_on_demand_table():
    """What the service would refuse is told before anything is sent."""
    new = IndexSpec("by-total", (KeyAttribute("total", "N"),), on_demand=OnDemand(1))
    (blocked,) = planned(changed(BARE, indexes=(new,)), **PROVISIONED).blocked
    assert blocked.name == "index:by-total:on_demand"
    assert blocked.remedy == "declare the table's billing too"


def test_a_changed_index_is_replaced():
    """Another key or projection means deleting and making anew, which is destructive."""
    other = IndexSpec("by-status", (STATUS,), (), "ALL")
    made = planned(changed(FULL, indexes=(BY_DAY, other)))
    assert [(s.name, s.kind) for s in made.steps] == [
        ("index:by-status", "destructive"),
        ("index:by-status", "slow"),
    ]


@pytest.mark.parametrize(
    ("option", "value", "sent"),
    [
        ("on_demand", OnDemand(9), {"MaxReadRequestUnits": 9}),
        ("on_demand", OnDemand(7, None), {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": -1}),
        (
            "warm",
            WarmThroughput(13000, 4000),
            {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
        ),
    ],
)
def test_capacities_of_an_index_change_in_place(option, value, sent):
    """The index stays; its maxima and its warm throughput are updated."""
    index = IndexSpec("by-status", (STATUS,), (DAY,), Include("note", "total"), **{option: value})
    (step,) = planned(changed(FULL, indexes=(BY_DAY, index))).steps
    assert (step.name, step.kind) == (f"index:by-status:{option}", "safe")
    (update,) = members(step.payload)[GSI]
    assert sent in update["Update"].values()


def test_warm_throughput_of_a_table_that_tells_none():
    """Where nothing is told of it, what is declared is asked for."""
    (step,) = planned(changed(BARE, warm=WarmThroughput(12000, 4000)), WarmThroughput=None).steps
    warm = members(step.payload)["WarmThroughput"]
    assert warm == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}


def test_throughput_of_an_index_changes_in_place():
    """On a provisioned table, an index's own figures are updated alone."""
    index = IndexSpec(
        "by-status", (STATUS,), (DAY,), Include("note", "total"), throughput=Provisioned(1, 9)
    )
    spec = changed(BARE, indexes=(index,), billing=Provisioned(5, 6))
    (step,) = planned(spec, **PROVISIONED).steps
    assert step.name == "index:by-status:throughput"


def test_a_new_type_comes_when_the_old_one_has_gone():
    """Where a key attribute changes its type, all indexes with the old one go first."""
    raw = {
        "AttributeDefinitions": [
            *RAW["AttributeDefinitions"],
            {"AttributeName": "x", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in ("first", "second")
        ],
    }
    x = KeyAttribute("x", "N")
    both = tuple(IndexSpec(name, (x,)) for name in ("first", "second"))
    made = planned(changed(BARE, indexes=both), **raw)
    assert [s.change.partition(":")[0] for s in made.steps] == ["delete"] * 2 + ["create"] * 2
    types = members(made.steps[-1].payload)["AttributeDefinitions"]
    assert {"AttributeName": "x", "AttributeType": "N"} in types
    (blocked,) = planned(changed(BARE, indexes=(IndexSpec("third", (x,)),)), **raw).blocked
    assert blocked.found == "x as S, in the key of index first, second"
    assert blocked.remedy == (
        "a type cannot be changed: remove that index first, "
        "with allow=('index:first', 'index:second',)"
    )
    allowed = planned(
        changed(BARE, indexes=(IndexSpec("third", (x,)),)), "index:first", "index:second", **raw
    )
    assert [s.name for s in allowed.steps] == ["index:first", "index:second", "index:third"]


@pytest.mark.parametrize("key", [KMS(), KMS("alias/mine")])
def test_a_key_that_cannot_be_compared(key):
    """It is said to be so, in the plan and in the drift: neither as declared, nor a step."""
    spec = changed(BARE, encryption=key)
    made = planned(spec)
    assert (made.steps, made.blocked) == ((), ())
    (unknown,) = made.unknown
    line = next(line for line in str(made).splitlines() if "unknown" in line)
    assert f"declared {key}, found KMS(key_id='{KEY_ARN}')" in line
    assert ": cannot be compared, only KMS knows which key" in line
    table = json.decode(json.encode(RAW), type=TableDescription)
    assert drift(spec, table, SETTINGS) == (unknown,)
    assert json.decode(json.encode(made))["unknown"][0]["name"] == "encryption"


def test_an_account_is_one_of_the_tables_partition():
    """In a policy, an account's number is the root of the account where the table is."""
    root = {**POLICY["Statement"][0], "Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}}  # type: ignore[dict-item]  # a list of dicts
    settings = policy_found(json.encode({**POLICY, "Statement": root}).decode())
    number = {**root, "Principal": {"AWS": "111122223333"}}
    spec = changed(BARE, resource_policy={**POLICY, "Statement": [number]})
    there = ARN.replace("aws", "aws-cn")
    assert planned(spec, settings=settings, TableArn=there).steps == ()
    for arn in (ARN, None):
        (step,) = planned(spec, settings=settings, TableArn=arn).steps
        assert step.operation == "PutResourcePolicy"


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        (BARE, KeyAttribute("day", "N")),
        (changed(BARE, partition_key=KeyAttribute("other", "S")), KeyAttribute("customer", "N")),
    ],
)
def test_a_type_that_nobody_can_free(spec, part):
    """Where the table or a local index has the attribute, only another name helps."""
    made = planned(changed(spec, indexes=(IndexSpec("new", (part,)),)))
    blocked = made.blocked[-1]
    assert (blocked.name, blocked.declared) == ("index:new", f"{part.name} as {part.type}")
    assert blocked.found == f"{part.name} as S, in the key of the table, or a local index"
    assert blocked.remedy == "a type cannot be changed: use another attribute name"


def many(count: int, first: int = 0) -> list[dict[str, Any]]:
    """That many global indexes that are there, and that no model declares."""
    return [
        {
            "IndexName": f"old-{number}",
            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        for number in range(first, first + count)
    ]


NEW = tuple(IndexSpec(f"new-{number}", (STATUS,)) for number in range(10))


def test_a_table_has_twenty_indexes_at_any_moment():
    """New indexes that do not fit beside those that stay are blocked, and so is nothing else."""
    spec = changed(BARE, indexes=NEW)
    made = planned(spec, GlobalSecondaryIndexes=many(15))
    assert made.steps == ()
    assert [item.name for item in made.blocked] == [f"index:{index.name}" for index in NEW]
    assert {item.found for item in made.blocked} == {"15 global indexes, and 10 new ones"}
    assert made.blocked[0].remedy.startswith(
        "a table has at most 20: remove 5 of those that are not declared, with allow=('index:o"
    )
    assert planned(spec, GlobalSecondaryIndexes=many(10)).blocked == ()
    assert planned(BARE, GlobalSecondaryIndexes=many(25)).blocked == ()
    allow = [f"index:old-{number}" for number in range(5)]
    made = planned(spec, *allow, GlobalSecondaryIndexes=many(15))
    assert made.blocked == ()
    assert [step.name for step in made.steps] == [*allow, *(f"index:{i.name}" for i in NEW)]
    (blocked, *_) = planned(spec, *allow[1:], GlobalSecondaryIndexes=many(15)).blocked
    assert "remove 1 of those" in blocked.remedy


def test_a_replaced_index_takes_its_own_place():
    """An index that goes before it comes again needs no room."""
    twenty = tuple(IndexSpec(f"old-{number}", (DAY,)) for number in range(20))
    made = planned(changed(BARE, indexes=twenty), GlobalSecondaryIndexes=many(20))
    assert made.blocked == ()
    assert len(made.steps) == 40


def test_replaced_indexes_are_missing_one_at_a_time():
    """Each comes again before the next one goes."""
    two = tuple(IndexSpec(f"old-{number}", (DAY,)) for number in range(2))
    made = planned(changed(BARE, indexes=two), GlobalSecondaryIndexes=many(2))
    assert [(step.name, step.kind) for step in made.steps] == [
        ("index:old-0", "destructive"),
        ("index:old-0", "slow"),
        ("index:old-1", "destructive"),
        ("index:old-1", "slow"),
    ]


def test_no_maxima_on_a_table_that_becomes_provisioned():
    """A new index with maxima of its own has none where the table is ignored and provisioned."""
    new = IndexSpec("by-total", (KeyAttribute("total", "N"),), on_demand=OnDemand(1))
    spec = changed(BARE, indexes=(new,), billing=OnDemand(), ignore=("billing",))
    made = planned(spec, **PROVISIONED)
    assert made.blocked == ()
    create = members(made.steps[-1].payload)[GSI][0]["Create"]
    assert create["ProvisionedThroughput"] == units(5, 6)
    assert "OnDemandThroughput" not in create


def test_what_extra_says_makes_room_for_an_absence():
    """`allow` declares the absence of what `extra` has said at creation; both together are one."""
    spec = changed(
        BARE,
        extra={
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "SSESpecification": {"Enabled": True},
        },
    )
    assert [step.name for step in planned(spec, "stream").steps] == ["stream"]
    assert [step.name for step in planned(spec, "encryption").steps] == ["encryption"]
    assert planned(spec).steps == ()


@pytest.mark.parametrize(
    "raw",
    [
        {"GlobalSecondaryIndexes": many(25)},
        {"KeySchema": []},
        {"AttributeDefinitions": [{"AttributeName": "customer", "AttributeType": "VECTOR"}]},
        {"OnDemandThroughput": {"MaxReadRequestUnits": 2**70, "MaxWriteRequestUnits": -5}},
        {**PROVISIONED, "ProvisionedThroughput": units(-1, 2**70)},
        {"WarmThroughput": {"ReadUnitsPerSecond": -1, "WriteUnitsPerSecond": 2**70}},
        {"SSEDescription": {"Status": "NEW", "SSEType": "KMS", "KMSMasterKeyArn": ""}},
        {
            "GlobalSecondaryIndexes": [
                {"IndexName": "", "Projection": {"ProjectionType": "INCLUDE"}}
            ]
        },
        {
            "LocalSecondaryIndexes": [
                {"IndexName": "x" * 300, "Projection": {"ProjectionType": "NEW"}}
            ]
        },
        {"VectorIndexes": [{"IndexName": "by-total", "DistanceFunction": "NEW"}]},
    ],
)
def test_what_the_service_sent_is_never_judged(raw):
    """A description breaks no rule of models, be it as odd as it may: the service knows better."""
    new = IndexSpec("by-total", (KeyAttribute("total", "N"),))
    spec = changed(BARE, indexes=(new,), warm=WarmThroughput(1, 1))
    table = json.decode(json.encode({**RAW, **raw}), type=TableDescription)
    for one in (FULL, spec, changed(spec, billing=OnDemand(1, 1)), changed(spec, encryption=KMS())):
        assert make_plan(one, table, SETTINGS, ("index:old-1",)).table == "orders"
        assert isinstance(drift(one, table, SETTINGS), tuple)
    if "KeySchema" not in raw and "AttributeDefinitions" not in raw:
        assert described_spec(table).named("other").name == "other"


def test_an_index_on_its_way_out_is_as_good_as_gone():
    """An index that is being deleted is not there any more; a declared one is made anew."""
    leaving = {**RAW["GlobalSecondaryIndexes"][0], "IndexStatus": "DELETING"}
    raw = {"GlobalSecondaryIndexes": [leaving]}
    assert "index:by-status" not in [item.name for item in planned(BARE, **raw).undeclared]
    (step,) = planned(FULL, **raw).steps
    assert step.kind == "slow"


@pytest.mark.parametrize(
    ("declared", "blocked"),
    [
        ({"sort_key": None, "indexes": ()}, ["key"]),
        ({"indexes": (IndexSpec("by-day", (DAY,)), BY_STATUS)}, ["index:by-day"]),
        ({"indexes": (IndexSpec("by-day", (), (STATUS,)), BY_STATUS)}, ["index:by-day"]),
        ({"indexes": (BY_DAY, IndexSpec("by-status", (), (STATUS,)))}, ["index:by-status"]),
        ({"indexes": (BY_DAY, BY_STATUS, IndexSpec("new", (), (STATUS,)))}, ["index:new"]),
    ],
)
def test_what_cannot_be_changed(declared, blocked):
    """Keys and local indexes are blocked, each once and with a remedy, and are no step."""
    made = planned(changed(FULL, **declared))
    assert [item.name for item in made.blocked] == blocked
    assert all("make a new table" in item.remedy for item in made.blocked)
    assert made.steps == ()


def test_what_cannot_be_removed():
    """A local index that is named is blocked."""
    made = planned(BARE, "index:by-day")
    assert [item.name for item in made.blocked] == ["index:by-day"]


VECTORS = [
    {
        "IndexName": "by-meaning",
        "IndexStatus": "ACTIVE",
        "SearchSchema": [
            {"AttributeName": "shop", "SearchSchemaElementType": "HASH"},
            {"AttributeName": "colour", "SearchSchemaElementType": "INLINE_FILTER"},
        ],
        "VectorAttribute": {"AttributeName": "meaning"},
    }
]


def test_a_table_with_vectors_stays_on_demand():
    """The service knows vector indexes of on-demand tables only: the plan says so beforehand."""
    spec = changed(BARE, billing=Provisioned(1, 1), stream=None)
    made = planned(spec, VectorIndexes=VECTORS)
    assert [step.name for step in made.steps] == ["stream"]
    (blocked,) = made.blocked
    assert (blocked.name, blocked.found) == ("billing", "OnDemand(max_read=40)")
    assert blocked.remedy.startswith("a table with a vector index is billed on demand")
    assert "billing" in [step.name for step in planned(spec).steps]


def test_a_new_index_defines_the_attributes_of_vector_indexes():
    """UpdateTable wants all definitions: the HASH and the filters of a vector index have some."""
    new = [{"AttributeName": name, "AttributeType": "S"} for name in ("shop", "colour")]
    spec = changed(BARE, indexes=(IndexSpec("by-shop", (KeyAttribute("shop", "S"),)),))
    definitions = [*RAW["AttributeDefinitions"], *new]
    (step,) = planned(spec, VectorIndexes=VECTORS, AttributeDefinitions=definitions).steps
    names = {item["AttributeName"] for item in step.payload["AttributeDefinitions"]}
    assert names == {"customer", "number", "status", "day", "shop", "colour"}
    clash = changed(BARE, indexes=(IndexSpec("by-shop", (KeyAttribute("shop", "N"),)),))
    (blocked,) = planned(clash, VectorIndexes=VECTORS, AttributeDefinitions=definitions).blocked
    assert blocked.found == "shop as S, in the key of index by-meaning"
    assert "allow=('index:by-meaning',)" in blocked.remedy


def test_expiry_is_renamed_in_two_runs():
    """One attribute is turned off; the other can be turned on an hour later."""
    off, on = planned(changed(FULL, time_to_live="until")).steps
    assert [(s.name, s.kind) for s in (off, on)] == [
        ("ttl:expires", "destructive"),
        ("ttl", "destructive"),
    ]
    assert (off.after, on.after) == (0.0, 3600.0)
    leaving = Settings({"ttl": TimeToLiveDescription("DISABLING", "expires")})
    (on,) = planned(changed(BARE, time_to_live="expires"), settings=leaving).steps
    assert on.after == 3600.0


@pytest.mark.parametrize(
    ("declared", "kind", "days"),
    [(7, "destructive", 7), (35, "safe", 35), (False, "destructive", None)],
)
def test_recovery(declared, kind, days):
    """More days are safe; fewer, or none, lose what one could recover."""
    (step,) = planned(changed(FULL, point_in_time_recovery=declared)).steps
    assert step.kind == kind
    assert members(step.payload)[RECOVERY].get("RecoveryPeriodInDays") == days


def test_recovery_for_any_days():
    """`True` is satisfied with whatever number of days."""
    assert planned(changed(FULL, point_in_time_recovery=True)).steps == ()


@pytest.mark.parametrize(
    "found",
    [
        ContinuousBackupsDescription("ENABLED"),
        ContinuousBackupsDescription("ENABLED", PointInTimeRecoveryDescription("DISABLED")),
    ],
)
def test_recovery_that_is_off(found):
    """`ContinuousBackupsStatus` is always ENABLED: what counts is the recovery's own status."""
    settings = Settings({"point_in_time_recovery": found})
    (step,) = planned(changed(BARE, point_in_time_recovery=True), settings=settings).steps
    assert step.change == "False -> True"
    assert planned(changed(BARE, point_in_time_recovery=False), settings=settings).steps == ()


def test_recovery_without_days_is_for_35():
    """An endpoint that tells no days means the service's default."""
    on = ContinuousBackupsDescription("ENABLED", PointInTimeRecoveryDescription("ENABLED"))
    assert on.recovery_days == 35


def test_tags_are_set_in_one_request():
    """New and changed tags are one step; others are left, and those of AWS are not even listed."""
    made = planned(changed(FULL, tags={"team": "web", "new": ""}))
    (step,) = made.steps
    assert (step.name, step.kind, step.change) == ("tags", "safe", "team=web, new=")
    assert [item.name for item in made.undeclared] == ["tag:cost"]


@pytest.mark.parametrize(
    "found",
    [
        {**POLICY, "Statement": POLICY["Statement"][0]},
        {
            "Statement": [
                {
                    **POLICY["Statement"][0],  # type: ignore[dict-item]  # a list of dicts
                    "Principal": {"AWS": ["111122223333"]},
                    "Action": ["dynamodb:PutItem", "dynamodb:GetItem"],
                    "Resource": [ARN],
                }
            ],
            "Version": "2012-10-17",
        },
    ],
)
def test_policies_are_compared_by_what_they_say(found):
    """The service may write a policy in another way: order, lists of one, accounts."""
    settings = policy_found(json.encode(found).decode())
    assert planned(changed(BARE, resource_policy=POLICY), settings=settings).steps == ()


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, "safe"),
        ("{}", "destructive"),
        ("no JSON", "destructive"),
        (json.encode({**POLICY, "Version": "2008-10-17"}).decode(), "destructive"),
    ],
)
def test_another_policy_is_replaced(found, kind):
    """To put a policy where there is none is safe; to replace one needs consent."""
    settings = policy_found(found)
    (step,) = planned(
        changed(BARE, resource_policy=json.encode(POLICY).decode()), settings=settings
    ).steps
    assert (step.kind, step.operation) == (kind, "PutResourcePolicy")
    assert step.payload["ExpectedRevisionId"] == ("NO_POLICY" if found is None else "7")
    assert json.decode(step.payload["Policy"]) == POLICY
    (step,) = planned(changed(FULL, resource_policy=None)).steps
    assert (step.kind, step.operation) == ("destructive", "DeleteResourcePolicy")
    assert step.payload["ExpectedRevisionId"] == "7"


def test_only_what_is_declared_is_asked_for():
    """What DescribeTable does not tell is wanted where it is declared or named, and only there."""
    assert compared_settings(BARE) == ()
    assert compared_settings(BARE, ["tag:a", "ttl"]) == ("ttl", "tags")
    assert compared_settings(FULL) == ("ttl", "point_in_time_recovery", "tags", "resource_policy")


def test_drift_tells_settings_too():
    """Differences come with those of expiry, recovery, tags and policy."""
    spec = changed(
        FULL,
        stream=None,
        time_to_live=None,
        point_in_time_recovery=False,
        tags={"team": "web"},
        resource_policy=None,
    )
    table = json.decode(json.encode(RAW), type=TableDescription)
    told = [str(difference) for difference in drift(spec, table, SETTINGS)]
    assert told[:4] == [
        "stream: declared nothing, found NEW_IMAGE",
        "ttl: declared nothing, found expires",
        "point_in_time_recovery: declared False, found 14",
        "tag:team: declared web, found shop",
    ]
    assert drift(spec, table, Settings())[1:] == ()


def test_a_plan_is_a_table_for_a_person():
    """One line for each thing: what kind it is, its name, and what happens."""
    spec = changed(FULL, stream=None, tags={"team": "web"}, indexes=(BY_STATUS,))
    made = make_plan(
        changed(spec, sort_key=None),
        json.decode(json.encode(RAW), type=TableDescription),
        Settings({"tags": SETTINGS.answers["tags"]}, unsupported=("ttl",)),
    )
    assert str(made).splitlines() == [
        "orders: 2 steps",
        "  -  destructive  stream        turn NEW_IMAGE off (UpdateTable, waits until ACTIVE)",
        "  ~  safe         tags          team=web (TagResource, done at once)",
        (
            "     blocked      key           declared partition key customer (S), found partition "
            "key customer (S), sort key number (N): a key cannot be changed: make a new table and "
            "copy the items into it"
        ),
        "     left alone   index:by-day  local index",
        "     left alone   tag:cost      1",
        "     unsupported  ttl           this endpoint does not know it",
        "Plan: 0 to create, 1 to change, 1 to destroy",
    ]


def test_a_plan_is_read_like_terraforms():
    """`+` is made, `~` changed, `-` removed, `-/+` replaced; the last line counts them."""
    by_status = IndexSpec("by-status", (STATUS,), (), "ALL")
    fresh = IndexSpec("fresh", (DAY,))
    spec = changed(FULL, indexes=(BY_DAY, by_status, fresh), billing=OnDemand(max_read=50))
    lines = str(planned(spec, "index:by-status")).splitlines()
    signs = [line.split()[:3] for line in lines[1:-1]]
    assert signs == [
        ["~", "safe", "billing"],
        ["-/+", "destructive", "index:by-status"],
        ["-/+", "slow", "index:by-status"],
        ["+", "slow", "index:fresh"],
    ]
    assert lines[-1] == "Plan: 2 to create, 1 to change, 1 to destroy"


def test_a_plan_encodes_as_json():
    """Everything of a plan is in its JSON, the declaration and each request included."""
    body = json.decode(json.encode(planned(changed(FULL, stream=None, time_to_live="x"))))
    assert body["table"] == "orders"
    assert [step["name"] for step in body["steps"]] == ["stream", "ttl:expires", "ttl"]
    assert body["steps"][0]["payload"]["StreamSpecification"] == {"StreamEnabled": False}
    assert body["spec"]["indexes"][1]["projection"] == ["note", "total"]


@given(specs(), st.booleans())
@settings(max_examples=25)
def test_a_plan_is_the_same_after_json(spec, missing):
    """Decoded as a `Plan`, the JSON of one is equal to it, whatever its table declares."""
    spec = changed(spec, ignore=["stream"])
    table = json.decode(json.encode(RAW), type=TableDescription)
    made = create_plan(spec, ("ttl",), HERE) if missing else make_plan(spec, table, SETTINGS)
    assert json.decode(json.encode(made), type=Plan) == made
    assert not missing or made.steps


def test_plans_of_another_format_are_refused():
    """A plan says the version of its form; one of another version is not guessed at."""
    body = planned(FULL).to_dict()
    assert body["format_version"] == 1
    with pytest.raises(Refused, match="format_version 2, where 1 is known"):
        json.decode(json.encode({**body, "format_version": 2}), type=Plan)


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["stream"], ["stream"]),
        (["index:by-status"], ["index:by-status", "index:by-status"]),
        (["index:*", "tag:team"], ["index:by-status", "index:by-status", "tags"]),
        (["ttl", "tags"], ["ttl:expires", "ttl", "tags", "tag:cost"]),
        (["ttl:expires"], []),
        (["table_class", "tag:cost"], ["tag:cost"]),
    ],
)
def test_only_what_is_named_is_compared(only, names):
    """`only` leaves out the steps, the undeclared and the blocked that it does not name."""
    spec = changed(
        FULL,
        sort_key=None,
        indexes=(IndexSpec("by-status", (STATUS,)),),
        stream=None,
        time_to_live="until",
        tags={"team": "web"},
    )
    table = json.decode(json.encode(RAW), type=TableDescription)
    made = make_plan(spec, table, SETTINGS, ("tag:cost",), only=tuple(only))
    assert [step.name for step in made.steps] == names
    assert made.blocked == ()
    assert {item.name for item in made.undeclared} <= {"index:by-day"}


def test_the_nearest_name():
    """A misspelt name is answered with the one that was meant."""
    with pytest.raises(Refused, match=r"allow= has \['steam'\]: .*; did you mean stream\?"):
        checked_names(["ttl:old", "steam"], "allow")


@pytest.mark.parametrize("unsupported", [None, "ignore", True])
def test_what_to_do_with_the_unsupported(unsupported):
    """Anything but the two words is refused before anything is sent."""
    subjects = {dynamorm.plan: BARE, dynamorm.update_table: BARE, dynamorm.apply: planned(BARE)}
    for operation, subject in subjects.items():
        with pytest.raises(ValueError, match='unsupported= takes "raise" or "skip"'):
            dynamorm.run(operation(subject, unsupported=unsupported), Script())


@pytest.mark.parametrize("given", [TableSpec, BARE, "orders", b"{}"])
def test_only_plans_are_applied(given):
    """A model is answered with what takes one, and JSON with how to read it."""
    with pytest.raises(
        TypeError, match=r"json\.decode\(.*type=Plan\).*; update_table takes a model"
    ):
        dynamorm.run(dynamorm.apply(given), Script())


@pytest.mark.parametrize("allow", ["ttl", ["index"], ["indx:by-x"], [None], [[]], 3, {"ttl": 1}])
def test_names_that_cannot_be_meant(allow):
    """A misspelt name, or a string in place of names, is refused and not passed over."""
    with pytest.raises(Refused, match="allow="):
        checked_names(allow, "allow")


def test_one_name_is_written_as_a_tuple():
    """A string in place of names is answered with that string, ready to be copied."""
    with pytest.raises(Refused, match=r"write only=\('stream',\), not 'stream'"):
        checked_names("stream", "only")


def test_a_refusal_says_how_to_allow():
    """The error lists the steps, and what to write for each, unless that would not help."""
    made = planned(changed(FULL, stream=None, sort_key=None, indexes=(BY_STATUS,)))
    assert PlanRefused(made.steps).text == (
        "stream is destructive: turn NEW_IMAGE off; to do this, say allow=('stream',)"
    )
    assert PlanRefused(made.steps, blocked=made.blocked).text == (
        "stream is destructive: turn NEW_IMAGE off; key is blocked: a key cannot be "
        "changed: make a new table and copy the items into it"
    )
