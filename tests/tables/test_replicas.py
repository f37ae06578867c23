"""Replicas of a global table: created one by one, compared, changed in their regions, removed."""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import World
from msgspec import json, structs

import dynamorm
from dynamorm import (
    KMS,
    IndexSpec,
    KeyAttribute,
    Plan,
    Provisioned,
    Replica,
    TableSpec,
    ensure_table,
    required_actions,
)
from dynamorm.errors import (
    AccessDenied,
    PlanRefused,
    Refused,
    TableBusy,
    TableFailed,
    ValidationFailed,
    WaitTimeout,
    service_error,
)
from dynamorm.model.spec import changed
from dynamorm.operations.middleware import elsewhere
from dynamorm.testing import Async, FakeService, Recorder, Script
from dynamorm.transports.threads import ThreadTransport

pytestmark = pytest.mark.once

BARE = TableSpec("orders", KeyAttribute("number", "N"))
IRELAND = Replica("eu-west-1")
LONDON = Replica("eu-west-2", point_in_time_recovery=7, deletion_protection=True, tags={"a": "b"})
GLOBAL = changed(BARE, replicas=(IRELAND, LONDON))
STRONG = changed(BARE, replicas=(Replica("us-east-2"),), witness="us-west-2", consistency="STRONG")


def names(made: Any) -> list[tuple[str, str]]:
    return [(step.name, step.kind) for step in made.steps]


def test_a_new_table_gets_its_replicas_one_after_the_other():
    """Each by an UpdateTable with one Create, waited for; then what its own region is asked for."""
    world = World()
    ensured = world.run(ensure_table(GLOBAL))
    assert ensured.pending == ()
    assert world.changes == [
        "CreateTable",
        "UpdateTable",
        "UpdateTable",
        "UpdateContinuousBackups",
        "UpdateContinuousBackups",  # the first is refused while backups are being enabled
        "UpdateTable",
        "TagResource",
    ]
    table = world.run(dynamorm.describe_table(GLOBAL))
    assert [(one.region_name, one.replica_status) for one in table.replicas] == [
        ("eu-west-1", "ACTIVE"),
        ("eu-west-2", "ACTIVE"),
    ]
    assert table.stream_specification.stream_view_type == "NEW_AND_OLD_IMAGES"
    there = world.service.in_region("eu-west-2")
    told = json.decode(there.send("DescribeTable", b'{"TableName":"orders"}'))["Table"]
    assert told["DeletionProtectionEnabled"] is True
    assert told["TableArn"].startswith("arn:aws:dynamodb:eu-west-2:")


def test_a_plan_of_a_missing_table_lists_what_comes_after_creation():
    """`then` has a request for each replica, and for each setting of its region."""
    (step,) = World().run(dynamorm.plan(GLOBAL)).steps
    assert [(one.name, one.region) for one in step.then] == [
        ("replica:eu-west-1", ""),
        ("replica:eu-west-2", ""),
        ("replica:eu-west-2:point_in_time_recovery", "eu-west-2"),
        ("replica:eu-west-2:deletion_protection", "eu-west-2"),
        ("replica:eu-west-2:tags", "eu-west-2"),
    ]
    assert step.payload["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_reads_in_a_region_are_those_of_what_is_declared_there():
    """Of a replica of which nothing regional is declared, DescribeTable tells all."""
    world = World(GLOBAL)
    assert not world.run(dynamorm.plan(GLOBAL))
    regional = ["DescribeContinuousBackups", "DescribeTable", "ListTagsOfResource"]
    assert world.sent == ["DescribeTable", *regional]
    assert not world.run(dynamorm.plan(changed(BARE, replicas=(IRELAND,))))
    assert world.sent == ["DescribeTable"]
    few = Replica("eu-west-2", point_in_time_recovery=7)
    assert not world.run(dynamorm.plan(changed(BARE, replicas=(few,))))
    assert world.sent == ["DescribeTable", "DescribeContinuousBackups"]


def test_a_table_with_replicas_is_never_planned_as_if_it_had_none():
    """What a model does not mention is left alone, and shown; a check that is strict is false."""
    world = World(GLOBAL)
    made = world.run(dynamorm.plan(BARE))
    assert not made
    assert [(item.name, item.found) for item in made.undeclared] == [
        ("stream", "NEW_AND_OLD_IMAGES"),
        ("replica:eu-west-1", "ACTIVE"),
        ("replica:eu-west-2", "ACTIVE"),
    ]
    assert world.sent == ["DescribeTable"]
    assert world.run(dynamorm.check(BARE))
    assert not world.run(dynamorm.check(BARE, strict=True))
    assert [item.name for item in world.run(dynamorm.plan(changed(BARE, replicas=()))).undeclared]


def test_adding_is_slow_and_removing_is_destructive_by_name():
    """A replica leaves only where `allow` names it, or all of its kind."""
    world = World(changed(BARE, replicas=(IRELAND,)))
    made = world.run(dynamorm.plan(BARE, replicas=(Replica("eu-west-3"),)))
    assert names(made) == [("replica:eu-west-3", "slow")]
    assert [item.name for item in made.undeclared] == ["replica:eu-west-1"]
    for allow in (["replica:eu-west-1"], ["replica:*"]):
        gone = world.run(dynamorm.plan(BARE, replicas=(), allow=allow))
        assert names(gone) == [("replica:eu-west-1", "destructive")]
        assert gone.steps[0].payload["ReplicaUpdates"] == [{"Delete": {"RegionName": "eu-west-1"}}]
    assert world.run(dynamorm.apply(gone)).done == gone.steps
    assert world.run(dynamorm.describe_table(BARE)).replicas == ()
    with pytest.raises(dynamorm.TableNotFound):
        dynamorm.run(dynamorm.describe_table(BARE), world.service.in_region("eu-west-1"))


def test_what_update_table_carries_is_one_request_each():
    """Key, class and reads of a replica and its indexes change by an Update of that member."""
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    spec = changed(BARE, indexes=(index,), encryption=KMS("k"), replicas=(IRELAND,))
    world = World(spec)
    key = "arn:aws:kms:eu-west-1:000000000000:key/abc"
    other = Replica(
        "eu-west-1",
        kms_key=key,
        table_class="STANDARD_INFREQUENT_ACCESS",
        max_read=7,
        index_max_read={"by-x": 3},
    )
    made = world.run(dynamorm.plan(spec, replicas=(other,)))
    members = [step.payload["ReplicaUpdates"][0]["Update"] for step in made.steps]
    assert members == [
        {"RegionName": "eu-west-1", "KMSMasterKeyId": key},
        {"RegionName": "eu-west-1", "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"},
        {"RegionName": "eu-west-1", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 7}},
        {
            "RegionName": "eu-west-1",
            "GlobalSecondaryIndexes": [
                {"IndexName": "by-x", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 3}}
            ],
        },
    ]
    assert [step.name.rpartition(":")[2] for step in made.steps] == [
        "kms_key",
        "table_class",
        "max_read",
        "index_max_read",
    ]
    applied = world.run(dynamorm.apply(json.decode(json.encode(made), type=Plan)))
    assert len(applied.done) == 4
    assert not world.run(dynamorm.plan(spec, replicas=(other,)))
    short = structs.replace(other, kms_key="abc")
    assert not world.run(dynamorm.plan(spec, replicas=(short,)))


def test_an_alias_of_a_replicas_key_cannot_be_compared():
    """Only KMS knows the key of an alias: neither a difference nor as declared."""
    spec = changed(BARE, encryption=KMS("k"), replicas=(Replica("eu-west-1", kms_key="abc"),))
    world = World(spec)
    table = world.run(dynamorm.describe_table(spec))
    (replica,) = table.replicas
    key = "arn:aws:kms:eu-west-1:000000000000:key/abc"
    told = structs.replace(table, replicas=(structs.replace(replica, kms_master_key_id=key),))
    named = changed(spec, replicas=(Replica("eu-west-1", kms_key="alias/ours"),))
    script = Script(("DescribeTable", {"Table": told}))
    made = dynamorm.run(dynamorm.plan(named, only=["replicas"]), script)
    assert not made
    assert [(item.name, item.found) for item in made.unknown] == [
        ("replica:eu-west-1:kms_key", key)
    ]


def test_reads_of_a_provisioned_table():
    """`read` and `index_read` are compared with the override, or with the owner's own capacity."""
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    replica = Replica("eu-west-1", read=5, index_read={"by-x": 2})
    spec = changed(
        BARE, billing=Provisioned(5, 5), ignore=("billing",), indexes=(index,), replicas=(replica,)
    )
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    told: dict[str, Any] = {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        "TableArn": "arn:aws:dynamodb:us-east-1:1:table/orders",
        "AttributeDefinitions": [
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "x", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "number", "KeyType": "HASH"}],
        "ProvisionedThroughput": units,
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-x",
                "IndexStatus": "ACTIVE",
                "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "ProvisionedThroughput": units,
            }
        ],
        "Replicas": [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}],
    }
    made = dynamorm.run(dynamorm.plan(spec), Script(("DescribeTable", {"Table": told})))
    (step,) = made.steps
    assert (step.name, step.found) == ("replica:eu-west-1:index_read", "{'by-x': 5}")
    told["Replicas"][0]["GlobalSecondaryIndexes"] = [
        {"IndexName": "by-x", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 2}}
    ]
    assert not dynamorm.run(dynamorm.plan(spec), Script(("DescribeTable", {"Table": told})))
    told["Replicas"][0]["ProvisionedThroughputOverride"] = {"ReadCapacityUnits": 9}
    (step,) = dynamorm.run(dynamorm.plan(spec), Script(("DescribeTable", {"Table": told}))).steps
    assert (step.name, step.change) == ("replica:eu-west-1:read", "9 -> 5")


def test_settings_of_a_region_are_changed_there():
    """What is turned off there is destructive; tags are added, and others are left."""
    world = World(changed(BARE, replicas=(LONDON,)))
    other = Replica(
        "eu-west-2", point_in_time_recovery=False, deletion_protection=False, tags={"c": "d"}
    )
    made = world.run(dynamorm.plan(BARE, replicas=(other,)))
    assert [(s.name, s.kind, s.operation, s.region) for s in made.steps] == [
        (f"replica:eu-west-2:{name}", kind, operation, "eu-west-2")
        for name, kind, operation in (
            ("point_in_time_recovery", "destructive", "UpdateContinuousBackups"),
            ("deletion_protection", "destructive", "UpdateTable"),
            ("tags", "safe", "TagResource"),
        )
    ]
    with pytest.raises(PlanRefused):
        world.run(dynamorm.apply(made))
    assert len(world.run(dynamorm.apply(made, allow=["replica:*"])).done) == 3
    assert not world.run(dynamorm.plan(BARE, replicas=(other,)))
    assert world.run(dynamorm.plan(BARE, replicas=(LONDON,))).steps[0].kind == "safe"


def test_tags_of_a_replica_are_set_on_the_table_of_its_region():
    """By the ARN of that one: the table's own would be tagged in its place."""
    world = World(changed(BARE, replicas=(IRELAND,)))
    tagged = Replica("eu-west-1", tags={"a": "b"})
    (step,) = world.run(dynamorm.plan(BARE, replicas=(tagged,))).steps
    assert step.payload["ResourceArn"].startswith("arn:aws:dynamodb:eu-west-1:")


def test_tags_of_a_replica_are_read_by_the_arn_of_its_region():
    """Its region does not know the ARN of the table in another one."""
    asked = []

    class Watching(Recorder):
        def send(self, operation, body, *, timeout=None):
            if operation == "ListTagsOfResource":
                asked.append(json.decode(body)["ResourceArn"])
            return super().send(operation, body, timeout=timeout)

    world = World(GLOBAL)
    dynamorm.run(dynamorm.plan(GLOBAL), Watching(world.service), clock=world.clock)
    assert asked == ["arn:aws:dynamodb:eu-west-2:000000000000:table/orders"]


def test_a_transport_object_of_one_region_is_refused_before_anything_is_sent():
    """What is set in a region needs a transport of that region; what UpdateTable says does not."""

    class Fixed:
        def __init__(self, service: FakeService) -> None:
            self.send = service.send

    service = FakeService()
    for operation in (dynamorm.create_table, ensure_table, dynamorm.plan):
        service.sent.clear()
        with pytest.raises(Refused, match="connect with region=, profile= and credentials="):
            dynamorm.run(operation(GLOBAL), Fixed(service), clock=service.clock)
        assert "CreateTable" not in service.sent
    spec = changed(BARE, replicas=(IRELAND,))
    dynamorm.run(dynamorm.create_table(spec), Fixed(service), clock=service.clock)
    with pytest.raises(Refused, match="point_in_time_recovery, deletion_protection, tags"):
        dynamorm.run(dynamorm.plan(GLOBAL), Fixed(service), clock=service.clock)


def test_transports_in_front_of_another_one_have_its_regions():
    """A recorder, a thread's and an asynchronous one; none where that one has none."""
    service = FakeService()
    assert isinstance(Recorder(service).in_region("eu-west-1"), Recorder)
    assert isinstance(Async(service).in_region("eu-west-1"), Async)
    assert isinstance(ThreadTransport(service).in_region("eu-west-1"), ThreadTransport)
    assert Recorder(Script()).in_region("eu-west-1") is None
    assert ThreadTransport(Script()).in_region("eu-west-1") is None


def test_an_operation_that_is_taken_elsewhere_has_the_regions_of_that_place():
    """Another database's prefix and transport hold in all regions of its tables."""
    here = World()
    there = FakeService(here.clock)
    place = dynamorm.connect(transport=there, table_prefix="dev-")
    made = here.run(elsewhere(ensure_table(GLOBAL), place))
    assert (made.table.table_name, here.sent) == ("dev-orders", [])
    assert "TagResource" in there.sent


@pytest.mark.parametrize("made", [True, False])
def test_strong_consistency_is_one_request(made):
    """Replicas and witness come together, at creation or on a table that is empty."""
    world = World(BARE if made else None)
    plan = world.run(dynamorm.plan(STRONG))
    (step,) = plan.steps if made else plan.steps[0].then
    assert step.name == "consistency"
    assert step.payload == {
        "TableName": "orders",
        "ReplicaUpdates": [{"Create": {"RegionName": "us-east-2"}}],
        "MultiRegionConsistency": "STRONG",
        "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "us-west-2"}}],
    }
    world.run(dynamorm.apply(plan))
    assert not world.run(dynamorm.plan(STRONG))
    told = [str(item) for item in world.run(dynamorm.plan(BARE)).undeclared]
    assert len(told) == 3
    two = changed(BARE, replicas=(Replica("us-east-2"), Replica("us-west-2")), consistency="STRONG")
    other = World(two)
    assert not other.run(dynamorm.plan(two))


def test_what_a_global_table_cannot_be_given_is_blocked():
    """Another consistency, another witness, single replicas of a strong table, items."""
    world = World(STRONG)
    for options, blocked in (
        ({"consistency": "EVENTUAL", "witness": None, "replicas": ()}, {"consistency", "witness"}),
        (
            {"witness": None, "replicas": (Replica("us-east-2"), Replica("us-west-2"))},
            {"witness", "replica:us-west-2"},
        ),
    ):
        plan = world.run(dynamorm.plan(STRONG, **options))
        assert {item.name for item in plan.blocked} == blocked
        assert not plan.steps
    removal = world.run(dynamorm.plan(BARE, allow=["replica:*", "witness"]))
    assert {item.name for item in removal.blocked} == {"replica:us-east-2", "witness"}
    eventual = World(changed(BARE, replicas=(IRELAND,)))
    plan = eventual.run(dynamorm.plan(STRONG))
    assert {item.name for item in plan.blocked} == {"consistency", "witness", "replica:us-east-2"}
    assert not plan.steps


def test_a_global_table_does_not_become_provisioned():
    """Its writes would need auto scaling, which no request of a plan sets up."""
    made = World(GLOBAL).run(dynamorm.plan(BARE, billing=Provisioned(1, 1)))
    assert not made.steps
    (blocked,) = made.blocked
    assert blocked.name == "billing"
    assert "the writes of a global table need auto scaling" in blocked.remedy


def test_only_an_empty_table_becomes_strong():
    """A table that is known to have items is blocked; the service judges the others."""
    told = structs.replace(World(BARE).run(dynamorm.describe_table(BARE)), item_count=3)
    plan = dynamorm.run(dynamorm.plan(STRONG), Script(("DescribeTable", {"Table": told})))
    assert [item.name for item in plan.blocked] == ["consistency"]
    assert "only an empty table" in plan.blocked[0].remedy


def test_the_tables_own_entry_among_its_replicas_is_never_removed():
    """A description may have one: whoever removes all replicas means those elsewhere."""
    told = World(changed(BARE, replicas=(IRELAND,))).run(dynamorm.describe_table(BARE))
    own = structs.replace(told.replicas[0], region_name="us-east-1")
    script = Script(
        ("DescribeTable", {"Table": structs.replace(told, replicas=(own, *told.replicas))})
    )
    made = dynamorm.run(dynamorm.plan(BARE, replicas=(), allow=["replica:*"]), script)
    assert (names(made), made.blocked) == ([("replica:eu-west-1", "destructive")], ())


def test_the_tables_own_region_is_no_replica():
    """Known from its ARN where it is there, and otherwise from where requests go."""
    world = World(BARE)
    own = changed(BARE, replicas=(Replica("us-east-1"),))
    (blocked,) = world.run(dynamorm.plan(own)).blocked
    assert (blocked.name, "leave it out" in blocked.remedy) == ("replica:us-east-1", True)
    service = FakeService()
    service.region = "us-east-1"
    for operation in (dynamorm.create_table, dynamorm.plan):
        with pytest.raises(Refused, match="own region"):
            dynamorm.run(operation(own), service, clock=service.clock)
    assert "CreateTable" not in service.sent


def test_replicas_of_a_new_provisioned_table_are_refused():
    """Its writes have no auto scaling yet: nothing is made that would stay half done."""
    spec = changed(BARE, billing=Provisioned(1, 1), ignore=("billing",), replicas=(IRELAND,))
    world = World()
    with pytest.raises(Refused, match="auto scaling"):
        world.run(ensure_table(spec))
    assert world.changes == []


def test_a_replica_that_does_not_work_is_blocked():
    """Waiting does not mend it; its own entry among the replicas is none of them."""
    told = World(changed(BARE, replicas=(IRELAND,))).run(dynamorm.describe_table(BARE))
    (replica,) = told.replicas
    broken = structs.replace(
        replica, replica_status="REGION_DISABLED", replica_status_description="disabled"
    )
    own = structs.replace(replica, region_name="us-east-1")
    leaving = structs.replace(replica, region_name="eu-west-3", replica_status="DELETING")
    for one, expected in (
        (broken, ["replica:eu-west-1:status"]),
        (structs.replace(broken, replica_status_description=None), ["replica:eu-west-1:status"]),
        (replica, []),
    ):
        table = structs.replace(told, replicas=(own, one))
        script = Script(("DescribeTable", {"Table": table}))
        plan = dynamorm.run(dynamorm.plan(BARE, replicas=(IRELAND,)), script)
        assert [item.name for item in plan.blocked] == expected
        assert plan.steps == ()
    table = structs.replace(told, replicas=(replica, leaving))
    spec = changed(BARE, replicas=(IRELAND, Replica("eu-west-3")))
    plan = dynamorm.run(dynamorm.plan(spec), Script(("DescribeTable", {"Table": table})))
    assert names(plan) == [("replica:eu-west-3", "slow")]


@pytest.mark.parametrize("status", ["CREATION_FAILED", "REGION_DISABLED"])
def test_the_region_of_a_replica_that_does_not_work_is_not_asked(status):
    """It may take no requests: the plan is of what is known, with the reason of the service."""
    world = World(GLOBAL)
    told = world.run(dynamorm.describe_table(GLOBAL))
    ireland, london = told.replicas
    broken = structs.replace(london, replica_status=status, replica_status_description="why")
    table = structs.replace(told, replicas=(ireland, broken))
    script = Script(("DescribeTable", {"Table": table}))
    other = structs.replace(LONDON, tags={"c": "d"}, point_in_time_recovery=False)
    spec = changed(BARE, replicas=(IRELAND, other))
    script.in_region = lambda _: script
    plan = dynamorm.run(dynamorm.plan(spec), script)
    assert [(item.name, item.remedy) for item in plan.blocked] == [
        (
            "replica:eu-west-2:status",
            "why: leave it out of replicas, and name it to remove it: allow=('replica:eu-west-2',)",
        )
    ]
    assert plan.steps == ()
    script = Script(("DescribeTable", {"Table": table}))
    removal = changed(BARE, replicas=(IRELAND,))
    gone = dynamorm.run(dynamorm.plan(removal, allow=["replica:eu-west-2"]), script)
    assert (names(gone), gone.blocked) == ([("replica:eu-west-2", "destructive")], ())


def test_a_replica_that_fails_while_it_is_waited_for_is_an_error():
    """It was asked for, and is not there: no success. One that had failed before is no news."""
    world = World(changed(BARE, replicas=(IRELAND,)))
    told = world.run(dynamorm.describe_table(BARE))

    def as_if(*statuses: str) -> Script:
        (replica,) = told.replicas
        turns = [structs.replace(replica, replica_status=status) for status in statuses]
        tables = (structs.replace(told, replicas=(one,)) for one in turns)
        return Script(*(("DescribeTable", {"Table": table}) for table in tables))

    def wait(script: Script) -> None:
        dynamorm.run(dynamorm.wait_until_active(BARE), script, clock=world.clock)

    with pytest.raises(TableFailed, match="replica eu-west-1 CREATION_FAILED"):
        wait(as_if("CREATING", "CREATION_FAILED"))
    wait(as_if("CREATING", "ACTIVE"))
    wait(as_if("REGION_DISABLED"))


def test_a_denied_read_of_a_region_says_that_it_is_of_the_regions():
    """A table that is ensured is as declared as far as may be read; the rest is pending."""
    world = World(GLOBAL)
    denied = service_error(
        "AccessDeniedException", "no", status=400, operation="ListTagsOfResource"
    )
    world.service.fail("ListTagsOfResource", denied, times=9)
    ensured = world.run(ensure_table(GLOBAL))
    assert ensured.drift == ()
    (left,) = ensured.pending
    assert (left.name, left.reason) == (
        "replicas",
        (
            "it may not be read: allow dynamodb:ListTagsOfResource on orders "
            "in the regions of its replicas"
        ),
    )


def test_a_refusal_in_the_region_of_a_replica_names_that_region():
    """The table is there where the user looks: it is the replica that may not be read or set."""
    world = World(GLOBAL)
    for operation in ("DescribeTable", "ListTagsOfResource"):
        denied = service_error("AccessDeniedException", "no", status=400, operation=operation)
        world.service.fail(operation, denied)
    with pytest.raises(AccessDenied) as raised:
        world.run(dynamorm.plan(GLOBAL))
    assert raised.value.region == ""
    with pytest.raises(AccessDenied, match="ListTagsOfResource in eu-west-2") as raised:
        world.run(dynamorm.plan(GLOBAL))
    assert raised.value.region == "eu-west-2"


def test_disassociation_protection_waits_for_the_first_replica():
    """A table without any has none to protect: nothing is sent, which the service would refuse."""
    spec = changed(BARE, disassociation_protection=False)
    world = World()
    world.run(dynamorm.apply(world.run(dynamorm.plan(spec))))
    assert world.changes == ["CreateTable"]
    assert not world.run(dynamorm.plan(spec))
    plan = World(changed(BARE, replicas=(IRELAND,))).run(dynamorm.plan(spec))
    assert names(plan) == [("disassociation_protection", "destructive")]


def test_disassociation_protection_is_alone_in_its_request():
    """The service has it on by itself; off is destructive, and comes after the replicas."""
    world = World(BARE)
    spec = changed(BARE, replicas=(IRELAND,), disassociation_protection=False)
    made = world.run(dynamorm.plan(spec))
    assert names(made) == [
        ("stream", "safe"),
        ("replica:eu-west-1", "slow"),
        ("disassociation_protection", "destructive"),
    ]
    assert made.steps[-1].payload == {
        "TableName": "orders",
        "DisassociationProtectionEnabled": False,
    }
    world.run(dynamorm.apply(made, allow=["disassociation_protection"]))
    assert not world.run(dynamorm.plan(spec))
    on = changed(spec, disassociation_protection=True)
    assert names(world.run(dynamorm.plan(on))) == [("disassociation_protection", "safe")]
    assert World().run(ensure_table(spec)).pending == ()


def test_waits_are_for_replicas_too():
    """A table is ready when its replicas are; what is late is named with its region."""
    world = World(changed(BARE, replicas=(IRELAND,)))
    told = world.run(dynamorm.describe_table(BARE))
    (replica,) = told.replicas
    coming = structs.replace(told, replicas=(structs.replace(replica, replica_status="CREATING"),))
    script = Script(("DescribeTable", {"Table": coming}), ("DescribeTable", {"Table": told}))
    dynamorm.run(dynamorm.wait_until_active(BARE), script, clock=world.clock)
    assert not script.turns
    script = Script(("DescribeTable", {"Table": coming}))
    dynamorm.run(dynamorm.wait_until_active(BARE, indexes=False), script, clock=world.clock)
    script = Script(*[("DescribeTable", {"Table": coming})] * 3)
    with pytest.raises(WaitTimeout, match="replica eu-west-1 CREATING") as raised:
        dynamorm.run(dynamorm.wait_until_active(BARE, timeout=1), script, clock=world.clock)
    assert raised.value.replicas == {"eu-west-1": "CREATING"}
    checked = dynamorm.run(dynamorm.check(BARE), Script(("DescribeTable", {"Table": coming})))
    assert [item.name for item in checked.tables[0].pending] == ["replica:eu-west-1"]


def test_a_loser_of_a_race_waits_for_the_replicas_of_a_young_table():
    """What its creator is still making is waited for, and no drift."""
    world = World(changed(BARE, stream="NEW_AND_OLD_IMAGES"))
    update = b'{"TableName":"orders","ReplicaUpdates":[{"Create":{"RegionName":"eu-west-1"}}]}'
    send, looks = world.service.send, 0

    def later(operation, body, *, timeout=None):
        nonlocal looks
        looks += operation == "DescribeTable"
        if looks == 3:
            send("UpdateTable", update)
        return send(operation, body, timeout=timeout)

    world.service.send = later
    spec = changed(BARE, replicas=(IRELAND,))
    assert world.run(ensure_table(spec)).drift == ()


def test_a_refused_replica_of_a_new_table_is_looked_at_again():
    """A lost answer of our own attempt may have made it: then it is there, and no error."""
    world = World()
    lost = service_error("InternalServerError", "gone", status=500, operation="UpdateTable")
    world.service.fail("UpdateTable", lost, after_effect=True)
    assert world.run(ensure_table(changed(BARE, replicas=(IRELAND,)))).pending == ()
    refused = service_error("ValidationException", "no", status=400, operation="UpdateTable")
    world = World()
    world.service.fail("UpdateTable", refused)
    with pytest.raises(ValidationFailed):
        world.run(ensure_table(changed(BARE, replicas=(IRELAND,))))


def test_permissions_are_those_of_both_regions():
    """Making, reading, setting and removing replicas, each where it is done; and a role."""
    needs = {(p.action, p.resource) for p in required_actions("update_table", GLOBAL)}
    there = "arn:aws:dynamodb:eu-west-2:*:table/orders"
    for action in ("CreateTableReplica", "Scan", "TagResource", "ListTagsOfResource"):
        assert (f"dynamodb:{action}", there) in needs
    role = "role/aws-service-role/replication.dynamodb.amazonaws.com/"
    (created,) = (where for action, where in needs if action == "iam:CreateServiceLinkedRole")
    assert role in created
    reads = {p.action for p in required_actions("plan", GLOBAL) if p.resource == there}
    assert reads == {
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:ListTagsOfResource",
    }
    gone = required_actions("update_table", BARE, allow=["replica:eu-west-3"])
    assert ("dynamodb:DeleteTableReplica", "arn:aws:dynamodb:eu-west-3:*:table/orders") in {
        (p.action, p.resource) for p in gone
    }
    arn = "arn:aws:dynamodb:us-east-1:1:table/orders"
    named = required_actions("create_table", GLOBAL.named(arn))
    assert arn.replace("us-east-1", "eu-west-1") in {p.resource for p in named}


def test_permissions_of_a_plan():
    """A plan that removes a replica, or turns something of it off, needs what does that."""
    world = World(GLOBAL)
    off = structs.replace(LONDON, deletion_protection=False)
    made = world.run(dynamorm.plan(BARE, replicas=(off,), allow=["replica:*"]))
    needs = {(p.action.removeprefix("dynamodb:"), p.resource) for p in required_actions(made)}
    london, ireland = (
        f"arn:aws:dynamodb:{region}:*:table/orders" for region in ("eu-west-2", "eu-west-1")
    )
    assert ("DeleteTableReplica", ireland) in needs
    assert ("UpdateTable", london) in needs
    assert ("DeleteTableReplica", london) not in needs


def test_permissions_of_a_plan_that_makes_replicas():
    """It needs what makes a replica in its region, and what sets its tags there alone."""
    made = World(BARE).run(dynamorm.plan(changed(BARE, replicas=(Replica("eu-west-2"),))))
    needs = {(p.action.removeprefix("dynamodb:"), p.resource) for p in required_actions(made)}
    assert ("CreateTableReplica", "arn:aws:dynamodb:eu-west-2:*:table/orders") in needs
    world = World(changed(BARE, replicas=(Replica("eu-west-2"),)))
    tagged = Replica("eu-west-2", tags={"a": "b"})
    made = world.run(dynamorm.plan(changed(BARE, replicas=(tagged,))))
    needs = {(p.action.removeprefix("dynamodb:"), p.resource) for p in required_actions(made)}
    assert {where for action, where in needs if action == "TagResource"} == {
        "arn:aws:dynamodb:eu-west-2:*:table/orders"
    }


def test_a_protected_region_is_busy_while_it_changes():
    """A setting of a region is insisted on while the replica is being changed there."""
    world = World(changed(BARE, replicas=(IRELAND,)))
    busy = TableBusy("ResourceInUseException", "changing", status=400, operation="TagResource")
    world.service.fail("TagResource", busy)
    spec = changed(BARE, replicas=(Replica("eu-west-1", tags={"a": "b"}),))
    (step,) = world.update(spec).done
    assert step.name == "replica:eu-west-1:tags"
