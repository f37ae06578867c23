"""Only what a plan shows is done, whatever somebody else does between plan, apply and its steps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aids.laws import dear
from aids.worlds import World
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

import dynamorm
from dynamorm import (
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Plan,
    PlanRefused,
    Provisioned,
    TableNotFound,
    TableSpec,
)
from dynamorm.errors import service_error
from dynamorm.model.spec import changed
from dynamorm.tables.plan import Binding

pytestmark = pytest.mark.once

ID = KeyAttribute("id", "S")
PLAIN = TableSpec("orders", ID)
ALL_KINDS = [
    *("stream", "deletion_protection", "point_in_time_recovery", "resource_policy"),
    *("ttl", "ttl:x", "ttl:y", "index:*", "tag:*"),
]
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
READS = ("Describe", "List", "Get")


def by(attribute: str, **options: Any) -> IndexSpec:
    return IndexSpec(f"by-{attribute}", (KeyAttribute(attribute, "S"),), **options)


BY_A, BY_B = by("a"), by("b")
OTHER_BY_A = by("a", projection="KEYS_ONLY")
POLICIES = [{"Version": "2012-10-17", "Id": name, "Statement": []} for name in ("1", "2")]
INDEXES = [(), (BY_A,), (OTHER_BY_A,), (BY_B,), (BY_A, BY_B), (BY_B, OTHER_BY_A)]
OPTIONS: dict[str, list[Any]] = {
    "billing": [OnDemand(), OnDemand(5, 5), Provisioned(1, 1), Provisioned(2, 2)],
    "stream": [None, "NEW_IMAGE", "OLD_IMAGE"],
    "deletion_protection": [False, True],
    "table_class": ["STANDARD", "STANDARD_INFREQUENT_ACCESS"],
    "time_to_live": [None, "x", "y"],
    "point_in_time_recovery": [False, 7, 14],
    "resource_policy": [None, *POLICIES],
    "tags": [{}, {"t": "1"}, {"t": "2"}, {"t": "1", "u": "1"}],
}
declared = st.builds(
    lambda indexes, options: TableSpec("orders", ID, indexes=indexes, **options),
    st.sampled_from(INDEXES),
    st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in OPTIONS.items()}),
)
"""Declarations that have so little to choose from that they often mean the same thing."""


def aged(spec: TableSpec) -> World:
    """Give a world in which everything about this table was done hours ago."""
    world = World(spec)
    world.clock.sleep(7200.0)
    return world


def facts(world: World) -> dict[str, Any]:
    """Everything that a plan may change, by the name of its step, as the service tells it."""
    table = world.ask("DescribeTable", TableName="orders")["Table"]
    ttl = world.ask("DescribeTimeToLive", TableName="orders")["TimeToLiveDescription"]
    on_demand = "BillingModeSummary" in table
    units = table.get("OnDemandThroughput") if on_demand else table["ProvisionedThroughput"]
    stream = table.get("StreamSpecification", {})
    arn = table["TableArn"]
    tags = world.ask("ListTagsOfResource", ResourceArn=arn)["Tags"]
    backups = world.ask("DescribeContinuousBackups", TableName="orders")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    on = ttl["TimeToLiveStatus"].startswith("ENABL")
    try:
        policy = world.ask("GetResourcePolicy", ResourceArn=arn)["Policy"]
    except dynamorm.ServiceError:
        policy = None
    return {
        "billing": (on_demand, units),
        "stream": stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        "deletion_protection": table.get("DeletionProtectionEnabled", False),
        "table_class": table.get("TableClassSummary"),
        "ttl": ttl["AttributeName"] if on else None,
        "point_in_time_recovery": recovery.get("RecoveryPeriodInDays", 0),
        "resource_policy": policy,
        **{f"tag:{tag['Key']}": tag["Value"] for tag in tags},
        **{
            f"index:{index['IndexName']}": (index["KeySchema"], index["Projection"])
            for index in table["GlobalSecondaryIndexes"]
        },
    }


def shown(plan: Plan) -> set[str]:
    names = set()
    for step in plan.steps:
        names |= {f"tag:{key}" for key in step.declared} if step.name == "tags" else {step.name}
    return {"ttl" if name.startswith("ttl:") else name for name in names}


def writes(world: World) -> list[str]:
    return [operation for operation in world.sent if not operation.startswith(READS)]


@dear
@given(declared, declared, declared)
def test_apply_changes_only_what_was_shown_from_where_it_was_shown(old, new, other):
    """Somebody else's change between plan and apply is refused before any write, or kept."""
    world = aged(old)
    plan = world.run(dynamorm.plan(new, allow=ALL_KINDS))
    if plan.blocked:
        return
    before = facts(world)
    world.run(dynamorm.update_table(other, allow=ALL_KINDS))
    world.clock.sleep(7200.0)
    found = facts(world)
    world.sent.clear()
    try:
        world.run(dynamorm.apply(plan))
    except PlanRefused:
        assert writes(world) == []
        return
    after = facts(world)
    moved = {name for name in {*found, *after} if found.get(name) != after.get(name)}
    assert moved <= shown(plan)
    for name in moved:
        # A step in the middle of two begins where the one before it ends.
        half_way = (before.get(name), None, (True, None))
        assert found.get(name) in half_way


class Watching:
    """A service that keeps the bodies of all writes, and lets somebody else in before a read."""

    def __init__(self, world: World, at: int, intrude: Callable[[], object]) -> None:
        self.world = world
        self.left = at
        self.intrude = intrude
        self.bodies: list[tuple[str, Any]] = []

    def send(self, operation: str, body: bytes) -> bytes:
        if operation.startswith(READS):
            self.left -= 1
            if self.left == 0:
                self.intrude()
        else:
            self.bodies.append((operation, json.decode(body)))
        return self.world.service.send(operation, body)


@dear
@given(declared, declared, declared, st.integers(1, 30))
def test_every_request_of_apply_is_one_that_was_shown(old, new, other, at):
    """Whenever somebody else changes the table, no body is sent that the plan does not have."""
    world = aged(old)
    plan = world.run(dynamorm.plan(new, allow=ALL_KINDS))
    if plan.blocked:
        return
    watching = Watching(world, at, lambda: tried(world, other))
    with suppress(PlanRefused, dynamorm.ServiceError):
        dynamorm.run(dynamorm.apply(plan), watching, clock=world.clock)
    left = [(step.operation, step.payload) for step in plan.steps]
    for body in watching.bodies:
        assert body in left


def tried(world: World, other: TableSpec) -> None:
    with suppress(dynamorm.DynamormError):
        world.run(dynamorm.update_table(other, allow=ALL_KINDS))


@dear
@given(declared, declared, st.data())
def test_two_applies_of_one_plan_end_as_one(old, new, data):
    """Neither fails the other, and the table is as if one alone had run."""
    alone, world = aged(old), aged(old)
    plan = alone.run(dynamorm.plan(new, allow=ALL_KINDS))
    if plan.blocked:
        return
    alone.run(dynamorm.apply(plan))
    at = data.draw(st.integers(1, 40))
    watching = Watching(world, at, lambda: world.run(dynamorm.apply(plan)))
    dynamorm.run(dynamorm.apply(plan), watching, clock=world.clock)
    if watching.left > 0:
        world.run(dynamorm.apply(plan))
    for each in (alone, world):
        each.clock.sleep(7200.0)
    assert facts(world) == facts(alone)
    again = world.run(dynamorm.plan(new, allow=ALL_KINDS))
    assert [step.name for step in again.steps if step.name != "ttl"] == []


FIVE = Provisioned(5, 5)
CHANGES: list[tuple[Any, Any, Any]] = [
    ({}, {"billing": OnDemand(), "indexes": (BY_A,)}, {"billing": FIVE}),
    ({"indexes": (BY_B,)}, {"indexes": (BY_B, BY_A)}, {"indexes": ()}),
    (
        {"billing": FIVE},
        {"billing": Provisioned(10, 10)},
        {"billing": Provisioned(9, 9)},
    ),
    ({"billing": FIVE}, {"billing": Provisioned(6, 6)}, {"billing": OnDemand()}),
    ({}, {"stream": "NEW_IMAGE"}, {"stream": "OLD_IMAGE"}),
    ({"stream": "NEW_IMAGE"}, {"stream": None}, {"stream": "OLD_IMAGE"}),
    ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, {"tags": {"a": "3"}}),
    ({"tags": {"t": "1"}}, {"tags": {}}, {"tags": {"t": "2"}}),
    ({}, {"time_to_live": "x"}, {"time_to_live": "y"}),
    ({"time_to_live": "x"}, {"time_to_live": None}, {"time_to_live": "y"}),
    ({}, {"resource_policy": POLICIES[0]}, {"resource_policy": POLICIES[1]}),
    ({"point_in_time_recovery": 7}, {"point_in_time_recovery": 14}, {"point_in_time_recovery": 35}),
    ({"point_in_time_recovery": 35}, {"point_in_time_recovery": 7}, {"point_in_time_recovery": 14}),
    ({"indexes": (BY_A,)}, {"indexes": (OTHER_BY_A,)}, {"indexes": (by("a", sort_key=(ID,)),)}),
    ({}, {"indexes": (BY_A,)}, {"indexes": (OTHER_BY_A,)}),
    ({}, {"indexes": (BY_A,)}, {"indexes": (), "billing": Provisioned(1, 1)}),
    ({"indexes": (BY_A,)}, {"indexes": (OTHER_BY_A,)}, {"billing": Provisioned(1, 1)}),
    (
        {"billing": FIVE, "indexes": (by("a", throughput=Provisioned(1, 1)),)},
        {"billing": FIVE, "indexes": (by("a", throughput=Provisioned(2, 2)),)},
        {"billing": OnDemand(), "indexes": (BY_A,)},
    ),
]


@pytest.mark.parametrize(("old", "new", "other"), CHANGES)
def test_what_has_become_another_change_is_refused(old, new, other):
    """The table differs from what the plan found: nothing is written, and the error says why."""
    world = aged(changed(PLAIN, **old))
    plan = world.run(dynamorm.plan(changed(PLAIN, **new), allow=ALL_KINDS))
    assert plan.steps
    for spec in (changed(PLAIN, **other), changed(PLAIN, **other)):
        world.run(dynamorm.update_table(spec, allow=ALL_KINDS))
        world.clock.sleep(7200.0)
    with pytest.raises(PlanRefused, match="has changed since the plan was made"):
        world.run(dynamorm.apply(plan))
    assert writes(world) == []


def test_what_somebody_else_has_done_is_left_out():
    """A step that is not needed any more is skipped, and the others are done."""
    world = aged(PLAIN)
    spec = changed(PLAIN, stream="NEW_IMAGE", tags={"a": "1", "b": "2"}, indexes=(BY_A,))
    plan = world.run(dynamorm.plan(spec))
    world.run(dynamorm.update_table(PLAIN, stream="NEW_IMAGE", tags={"a": "1"}))
    done = world.run(dynamorm.apply(plan)).done
    assert [step.name for step in done] == ["index:by-a", "tags"]
    assert done[1] == plan.steps[-1]


def test_a_change_between_two_steps_is_refused_at_its_step():
    """What was done stays, and the step whose start has changed is not sent."""
    world = aged(PLAIN)
    spec = changed(PLAIN, indexes=(BY_A,), deletion_protection=True, tags={"a": "1"})
    plan = world.run(dynamorm.plan(spec))
    other = dynamorm.update_table(PLAIN, tags={"a": "2"})
    watching = Watching(world, 9, lambda: world.run(other))
    with pytest.raises(PlanRefused, match="tags") as caught:
        dynamorm.run(dynamorm.apply(plan), watching, clock=world.clock)
    assert [step.name for step in caught.value.done] == ["deletion_protection", "index:by-a"]
    assert [operation for operation, _ in watching.bodies] == ["UpdateTable", "UpdateTable"]


def test_what_somebody_else_does_between_two_steps_is_not_done_twice():
    """All that is left of a step may be nothing by the time that its turn comes."""
    world = aged(PLAIN)
    plan = world.run(dynamorm.plan(PLAIN, deletion_protection=True, tags={"a": "1"}))
    other = dynamorm.update_table(PLAIN, tags={"a": "1"})
    watching = Watching(world, 4, lambda: world.run(other))
    applied = dynamorm.run(dynamorm.apply(plan), watching, clock=world.clock)
    assert [step.name for step in applied.done] == ["deletion_protection"]
    assert [operation for operation, _ in watching.bodies] == ["UpdateTable"]


def test_a_stale_look_is_no_other_change():
    """A plan may have seen what the first look of `apply` does not see yet."""
    world = World(PLAIN, lag=0.0, update_seconds=1.0)
    world.run(dynamorm.update_table(PLAIN, stream="OLD_IMAGE"))
    plan = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE", allow=["stream"]))
    world.run(dynamorm.update_table(PLAIN, stream=None, allow=["stream"]))
    rest = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE"))
    assert [step.change for step in rest.steps] == ["turn NEW_IMAGE on"]
    world.service.lag = 3.0
    assert [step.change for step in world.run(dynamorm.apply(rest)).done] == ["turn NEW_IMAGE on"]
    assert len(plan.steps) == 2


TAGGED = changed(PLAIN, tags={"a": "1"})


@pytest.mark.parametrize(
    ("spec", "edited"),
    [
        (TAGGED, {"operation": "DeleteTable", "payload": {"TableName": "orders"}}),
        (TAGGED, {"payload": {"ResourceArn": ARN, "Tags": [{"Key": "b", "Value": "1"}]}}),
        (TAGGED, {"payload": {"ResourceArn": f"{ARN}2", "Tags": [{"Key": "a", "Value": "1"}]}}),
        (TAGGED, {"change": "a=2"}),
        (changed(PLAIN, stream="NEW_IMAGE"), {"change": "turn OLD_IMAGE on"}),
        (changed(PLAIN, stream="NEW_IMAGE"), {"operation": "DeleteTable"}),
    ],
)
def test_a_step_that_was_edited_is_refused(spec, edited):
    """What is sent is what the step's name, values and text say."""
    world = aged(PLAIN)
    plan = world.run(dynamorm.plan(spec))
    plan = structs.replace(plan, steps=(structs.replace(plan.steps[0], **edited),))
    with pytest.raises(PlanRefused, match="the plan does not show this change"):
        world.run(dynamorm.apply(plan))
    assert all(operation.startswith(READS) for operation in world.sent)


def test_a_plan_that_shows_another_name_is_refused():
    """The table in the head of the text is the one that is changed."""
    world = aged(PLAIN)
    plan = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE"))
    with pytest.raises(PlanRefused, match="the plan is of another table"):
        world.run(dynamorm.apply(structs.replace(plan, table="others")))
    assert world.sent == []


def test_a_plan_whose_json_was_sorted_is_applied():
    """The order of members means nothing in JSON."""
    world = aged(PLAIN)
    plan = world.run(dynamorm.plan(PLAIN, tags={"b": "1", "a": "2"}))
    ordered = json.decode(json.encode(plan, order="sorted"), type=Plan)
    assert len(world.run(dynamorm.apply(ordered)).done) == 1


def test_a_table_that_is_named_by_its_arn_is_changed_by_its_arn():
    """Its bare name would be a table of one's own account; no prefix is put before an ARN."""
    spec = changed(PLAIN.named(ARN), stream="NEW_IMAGE", time_to_live="x", tags={"a": "1"})
    recovered = {"point_in_time_recovery": True, "contributor_insights": True}
    world = aged(PLAIN)
    streams = {"kinesis": "arn:aws:kinesis:us-east-1:000000000000:stream/changes"}
    plan = world.run(dynamorm.plan(spec, allow=["ttl"], **recovered, **streams))
    for step in plan.steps:
        assert step.payload.get("TableName", ARN) == ARN
    assert world.run(dynamorm.apply(plan), table_prefix="dev-").done == plan.steps
    new = PLAIN.named(f"{ARN}2")
    missing = world.run(dynamorm.plan(new), table_prefix="dev-")
    assert missing.bound_to.name == "orders2"
    assert len(world.run(dynamorm.apply(missing), table_prefix="dev-").done) == 1


def test_consent_is_remembered_and_added_to():
    """What `plan` was allowed needs no second consent; what `apply` is allowed comes on top."""
    old = changed(PLAIN, stream="NEW_IMAGE", indexes=(BY_A, BY_B), tags={"t": "1"})
    spec = changed(PLAIN, stream=None)
    world = aged(old)
    plan = world.run(dynamorm.plan(spec, allow=["index:by-a", "tag:t"]))
    assert plan.allow == ("index:by-a", "tag:t")
    world.sent.clear()
    with pytest.raises(PlanRefused, match=r"allow=\('stream',\)"):
        world.run(dynamorm.apply(plan))
    assert world.sent == []
    done = world.run(dynamorm.apply(plan, allow=["stream", "index:by-b"])).done
    assert [step.name for step in done] == ["stream", "index:by-a", "tag:t"]
    assert "index:by-b" in facts(world)


@pytest.mark.parametrize(
    ("allow", "names", "left"),
    [
        (["index:*"], ["index:by-a", "index:by-b"], []),
        (["tag:*"], ["tag:t", "tag:u"], ["index:by-a", "index:by-b"]),
        (["index:by-a", "tag:u"], ["index:by-a", "tag:u"], ["index:by-b", "tag:t"]),
        (["ttl", "ttl:y"], [], ["index:by-a", "index:by-b", "ttl:x"]),
        (["ttl:x"], ["ttl:x"], ["index:by-a", "index:by-b"]),
    ],
)
def test_wildcards_name_all_of_a_kind(allow, names, left):
    """`index:*` and `tag:*` stand for every one; TTL is named by its attribute alone."""
    tags = {"t": "1", "u": "2"}
    world = aged(changed(PLAIN, indexes=(BY_A, BY_B), tags=tags, time_to_live="x"))
    plan = world.run(dynamorm.plan(PLAIN, allow=allow))
    assert [step.name for step in plan.steps] == names
    assert [item.name for item in plan.undeclared] == left
    assert world.run(dynamorm.apply(plan)).done == plan.steps


def test_a_wildcard_consents_to_replacing_an_index():
    """`index:*` is consent for the declared ones too, and for nothing else."""
    world = aged(changed(PLAIN, indexes=(BY_A,), stream="NEW_IMAGE"))
    spec = changed(PLAIN, indexes=(OTHER_BY_A,))
    assert len(world.update(spec, "index:*").done) == 2
    with pytest.raises(PlanRefused):
        world.update(changed(spec, stream=None), "index:*", "tag:*")


def test_a_plan_is_true_if_there_is_something_to_do():
    """Steps count and so does what is blocked; what is left alone does not."""
    world = aged(changed(PLAIN, indexes=(BY_A,)))
    assert not world.run(dynamorm.plan(PLAIN))
    assert world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE"))
    assert world.run(dynamorm.plan(changed(PLAIN, sort_key=KeyAttribute("at", "N"))))


def test_a_step_is_what_json_can_hold():
    """Each step comes back from its JSON as it was, request and found values included."""
    world = aged(changed(PLAIN, **{k: v[-1] for k, v in OPTIONS.items()}, indexes=(BY_A,)))
    spec = changed(PLAIN, **{k: v[0] for k, v in OPTIONS.items()}, indexes=(OTHER_BY_A,))
    steps = world.run(dynamorm.plan(spec, allow=ALL_KINDS)).steps
    assert len(steps) > 8
    for step in steps:
        assert json.decode(json.encode(step), type=type(step)) == step


class Place:
    """A service in a region, at an endpoint."""

    def __init__(self, world: World, region: str = "", endpoint: str = "") -> None:
        self.service = world.service
        self.region = region
        self.endpoint_url = endpoint

    def send(self, operation: str, body: bytes) -> bytes:
        return self.service.send(operation, body)


HOME = {"region": "eu-west-1", "endpoint": "https://dynamodb.eu-west-1.amazonaws.com"}


def planned_at_home(world: World) -> Plan:
    steps = dynamorm.plan(PLAIN, stream="NEW_IMAGE")
    plan: Plan = dynamorm.run(steps, Place(world, **HOME), clock=world.clock)
    return plan


@pytest.mark.parametrize(
    ("place", "prefix", "told"),
    [
        ({"region": "eu-west-2"}, "", "the region was eu-west-1, and is eu-west-2"),
        ({"endpoint": "http://localhost:8000"}, "", "the endpoint was"),
        ({}, "dev-", "the name was orders, and is dev-orders"),
    ],
)
def test_a_plan_for_another_place_is_refused(place, prefix, told):
    """Another region, endpoint or prefix is refused before anything is sent."""
    world = aged(PLAIN)
    world.run(dynamorm.create_table(PLAIN, name="dev-orders"))
    plan = planned_at_home(world)
    world.sent.clear()
    elsewhere = Place(world, **{**HOME, **place})
    with pytest.raises(PlanRefused, match=told):
        dynamorm.run(dynamorm.apply(plan), elsewhere, clock=world.clock, table_prefix=prefix)
    assert world.sent == []


@pytest.mark.parametrize(
    "place",
    [
        HOME,
        {},
        {"region": "eu-west-1"},
        {**HOME, "endpoint": "https://dynamodb-fips.eu-west-1.amazonaws.com/"},
        {**HOME, "endpoint": "https://dynamodb.eu-west-1.api.aws"},
    ],
)
def test_a_plan_for_the_same_place_is_applied(place):
    """What is not told differs from nothing, and a region is one place at all its endpoints."""
    world = aged(PLAIN)
    plan = planned_at_home(world)
    applied = dynamorm.run(dynamorm.apply(plan), Place(world, **place), clock=world.clock)
    assert len(applied.done) == 1


def test_a_plan_for_another_table_is_refused():
    """A table that was deleted and created again is another one, whatever its name."""
    world = aged(PLAIN)
    plan = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE"))
    world.run(dynamorm.delete_table(PLAIN))
    with pytest.raises(TableNotFound):
        world.run(dynamorm.apply(plan))
    world.run(dynamorm.create_table(PLAIN))
    with pytest.raises(PlanRefused, match="the table's id was"):
        world.run(dynamorm.apply(plan))
    assert world.sent == ["DescribeTable"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"arn": "arn:aws:dynamodb:eu-west-1:2:table/orders"}, "the ARN was"),
        ({"table_id": "2"}, "the table's id was 1, and is 2"),
        ({"created": 2.0}, "the creation time was 1.0, and is 2.0"),
        ({"name": "users"}, "the name was orders, and is users"),
    ],
)
def test_each_fact_tells_tables_apart(other, told):
    """An account is in the ARN; an engine without ids has creation times."""
    arn = "arn:aws:dynamodb:eu-west-1:1:table/orders"
    bound = Binding(name="orders", arn=arn, table_id="1", created=1.0)
    assert tuple(bound.contradictions(bound)) == ()
    (contradiction,) = bound.contradictions(structs.replace(bound, **other))
    assert contradiction.startswith(told)
    unknown = dict.fromkeys(other, None if "created" in other else "")
    assert tuple(bound.contradictions(structs.replace(bound, **unknown))) == ()


def test_a_table_that_is_replaced_while_a_plan_is_applied_is_left():
    """The table is known again at every look, not only at the first one."""
    world = aged(PLAIN)
    spec = changed(PLAIN, stream="NEW_IMAGE", tags={"a": "1"})
    plan = world.run(dynamorm.plan(spec))

    def replace() -> None:
        world.run(dynamorm.delete_table(PLAIN))
        world.run(dynamorm.create_table(PLAIN))

    watching = Watching(world, 6, replace)
    with pytest.raises((PlanRefused, TableNotFound)):
        dynamorm.run(dynamorm.apply(plan), watching, clock=world.clock)
    assert [operation for operation, _ in watching.bodies] == ["UpdateTable"]


def test_extra_stands_beside_an_allowed_absence():
    """What `extra` says is for the creation, and keeps nobody from removing it later."""
    spec = changed(PLAIN, extra={"StreamSpecification": {"StreamEnabled": False}})
    world = aged(changed(PLAIN, stream="NEW_IMAGE"))
    (step,) = world.run(dynamorm.plan(spec, allow=["stream"])).steps
    assert (step.name, step.change) == ("stream", "turn NEW_IMAGE off")


def test_pauses_begin_again_with_each_step():
    """However long one step had to wait, the first pause of the next one is a second."""
    world = aged(PLAIN)
    busy = service_error("ResourceInUseException", "", status=400, operation="UpdateTable")
    world.service.fail("UpdateTable", busy, times=8)
    spec = changed(PLAIN, stream="NEW_IMAGE", deletion_protection=True)
    world.clock.slept.clear()
    watching = Waiting(world, busy)
    dynamorm.run(dynamorm.update_table(spec), watching, clock=world.clock)
    longest, first = watching.pauses
    assert (longest > 4.0, first) == (True, 1.0)


class Waiting:
    """A service whose second change meets a busy table once; keeps the pause before each change."""

    def __init__(self, world: World, busy: Any) -> None:
        self.world = world
        self.busy = busy
        self.pauses: list[float] = []
        self.changes = 0

    def send(self, operation: str, body: bytes) -> bytes:
        answer = b""
        if operation == "UpdateTable":
            slept = self.world.clock.slept
            answer = self.world.service.send(operation, body)
            self.pauses.append(slept[-1])
            self.changes += 1
            if self.changes == 1:
                self.world.service.fail("UpdateTable", self.busy)
            return answer
        return self.world.service.send(operation, body)
