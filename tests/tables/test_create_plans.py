"""Plans of tables that are missing: shown, sent to another process, and applied."""

from __future__ import annotations

import pytest
from aids.worlds import World
from msgspec import json

import dynamorm
from dynamorm import (
    IndexSpec,
    KeyAttribute,
    Plan,
    PlanRefused,
    TableSpec,
    UnsupportedOperation,
    required_actions,
)
from dynamorm.model.spec import changed

NUMBER = KeyAttribute("number", "N")
PLAIN = TableSpec("orders", NUMBER)
FULL = changed(
    PLAIN,
    indexes=(IndexSpec("by-day", (KeyAttribute("day", "S"),)),),
    stream="NEW_IMAGE",
    tags={"team": "shop"},
    time_to_live="expires",
    point_in_time_recovery=True,
)
LATER = ["UpdateTimeToLive", "UpdateContinuousBackups"]


@pytest.fixture
def world():
    return World(recovery_seconds=0.0)


def test_a_missing_table_is_one_step(world):
    """It creates the table, with the requests that follow; nothing is sent but the question."""
    plan = world.run(dynamorm.plan(FULL), table_prefix="dev-")
    assert world.sent == ["DescribeTable"]
    assert plan
    (step,) = plan.steps
    assert (step.name, step.kind, step.operation) == ("table", "create", "CreateTable")
    assert step.payload["TableName"] == plan.bound_to.name == "dev-orders"
    assert step.payload["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert [further.operation for further in step.then] == LATER
    assert {further.payload["TableName"] for further in step.then} == {"dev-orders"}
    made = "create: partition key number (N), index:by-day, stream, tags"
    assert str(plan).splitlines() == [
        "orders: 1 step",
        f"  +  create  table                   {made} (CreateTable, waits until ACTIVE)",
        "     then    ttl                     turn TTL on, attribute expires (UpdateTimeToLive)",
        "     then    point_in_time_recovery  False -> True (UpdateContinuousBackups)",
        "Plan: 1 to create, 0 to change, 0 to destroy",
    ]


def test_a_planned_table_is_made_whole(world):
    """Also by another process that was sent the plan: then the next plan is empty."""
    plan = json.decode(json.encode(world.run(dynamorm.plan(FULL))), type=Plan)
    applied = world.run(dynamorm.apply(plan))
    assert applied.done == plan.steps
    assert world.changes == ["CreateTable", *LATER]
    assert applied.table.table_status == "ACTIVE"
    assert not world.run(dynamorm.plan(FULL))
    again = world.run(dynamorm.apply(plan))
    assert again.done == ()
    assert world.changes == ["ListTagsOfResource"]


def test_a_planned_table_waits_for_its_name():
    """One that is being deleted counts as missing, and is waited for."""
    world = World(PLAIN, delete_seconds=60)
    world.run(dynamorm.delete_table(PLAIN, wait=False))
    plan = world.run(dynamorm.plan(PLAIN))
    assert plan.creates
    assert world.run(dynamorm.describe_table(PLAIN)).table_status == "DELETING"
    assert world.run(dynamorm.apply(plan)).done == plan.steps


def test_a_plan_for_some_settings_creates_no_table():
    """Not even while the table is being deleted: `only` asks for changes, not for a new table."""
    world = World(PLAIN, delete_seconds=60)
    world.run(dynamorm.delete_table(PLAIN, wait=False))
    assert not world.run(dynamorm.plan(PLAIN, only=["stream"])).creates


def test_a_table_that_came_meanwhile_is_not_changed(world):
    """A plan to create one says nothing of a table that is there, and what is lost by changes."""
    plan = world.run(dynamorm.plan(FULL))
    world.run(dynamorm.create_table(PLAIN))
    with pytest.raises(PlanRefused, match=r"created after the plan was made.*stream: declared"):
        world.run(dynamorm.apply(plan))
    assert world.changes == ["ListTagsOfResource"]


def test_a_race_for_a_table_is_no_error(world):
    """Who comes second finds the table as declared, and has nothing to do."""
    plan = world.run(dynamorm.plan(PLAIN))
    first, send = [True], world.service.send

    def faster(operation, body, *, timeout=None):
        if operation == "CreateTable" and first:
            first.clear()
            world.service.send = send
            world.run(dynamorm.create_table(PLAIN))
        return send(operation, body, timeout=timeout)

    world.service.send = faster
    assert world.run(dynamorm.apply(plan)).done == ()


@pytest.mark.parametrize("elsewhere", [{"table_prefix": "dev-"}, {}])
def test_a_plan_to_create_is_for_one_place(world, elsewhere):
    """Another prefix is another table; and what is sent is what was shown."""
    plan = world.run(dynamorm.plan(PLAIN))
    if not elsewhere:
        body = plan.to_dict()
        body["steps"][0]["payload"]["DeletionProtectionEnabled"] = True
        plan = json.decode(json.encode(body), type=Plan)
    with pytest.raises(PlanRefused):
        world.run(dynamorm.apply(plan), **elsewhere)
    assert world.sent == []


def test_what_an_engine_lacks(world):
    """`unsupported="skip"` makes the table without it, and says so; otherwise it is an error."""
    world = World(recovery_seconds=0.0, unknown={"UpdateTimeToLive"})
    plan = world.run(dynamorm.plan(FULL))
    applied = world.run(dynamorm.apply(plan, unsupported="skip"))
    assert applied.unsupported == ("ttl",)
    assert applied.pending == ()
    with pytest.raises(UnsupportedOperation):
        world.run(dynamorm.apply(world.run(dynamorm.plan(FULL, name="others"))))


def test_permissions_of_a_plan_to_create(world):
    """They are those of `ensure_table`: one that has come meanwhile is read."""
    plan = world.run(dynamorm.plan(FULL))
    assert required_actions(plan) == required_actions("ensure_table", FULL)
