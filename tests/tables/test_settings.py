"""The rows of settings: one row is all that a setting takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aids.worlds import World
from msgspec import UNSET, UnsetType, json, structs

import dynamorm
from dynamorm import (
    IndexSpec,
    KeyAttribute,
    Kinesis,
    ModelError,
    PlanRefused,
    Refused,
    Step,
    Steps,
    TableSpec,
    ensure_table,
    requests,
    required_actions,
)
from dynamorm.api import Reply, Request
from dynamorm.errors import service_error
from dynamorm.export import source
from dynamorm.model.option_rules import IGNORABLE
from dynamorm.model.spec import changed
from dynamorm.operations import call
from dynamorm.tables.settings import SETTINGS
from dynamorm.tables.steps import Change, Setting
from dynamorm.testing import FakeService


class Wider(TableSpec, frozen=True):
    """A declaration with one setting more, which this library has never heard of."""

    repair: bool | UnsetType = UNSET


class DescribeRepairInput(Request, frozen=True):
    table_name: str


class UpdateRepairInput(Request, frozen=True):
    table_name: str
    enabled: bool


class RepairOutput(Reply, frozen=True):
    enabled: bool = False


def read_repair(spec: TableSpec, _table: Any) -> Steps[RepairOutput]:
    return (yield from call("DescribeRepair", DescribeRepairInput(spec.name), RepairOutput))


def repair_steps(change: Change) -> Iterator[Step]:
    request = UpdateRepairInput(change.table.table_name, bool(change.declared))
    yield change.step(request, str(change), "safe" if change.declared else "destructive")


REPAIR = Setting(
    name="repair",
    absent=False,
    found=lambda told: told.answer is not None and told.answer.enabled,
    steps=repair_steps,
    read=read_repair,
    actions=("DescribeRepair", "UpdateRepair"),
    with_create=False,
)

PLAIN = Wider("orders", KeyAttribute("number", "N"))
ON = structs.replace(PLAIN, repair=True)


class Repairing(FakeService):
    """A service that repairs tables, too."""

    repaired = False

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        if not operation.endswith("Repair"):
            return super().send(operation, body, timeout=timeout)
        self.sent.append(operation)
        if operation == "UpdateRepair":
            self.repaired = json.decode(body)["Enabled"]
        return json.encode(RepairOutput(self.repaired))


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setitem(SETTINGS, "repair", REPAIR)
    world = World()
    world.service = Repairing(world.clock)
    return world


def test_a_row_is_set_after_creation_and_compared(world):
    """A new table gets it when it is ACTIVE; later it is read where declared, and is drift."""
    assert world.run(ensure_table(ON)).pending == ()
    assert world.sent[-1] == "UpdateRepair"
    assert world.service.repaired
    assert world.run(ensure_table(ON)).drift == ()
    (difference,) = world.run(ensure_table(structs.replace(PLAIN, repair=False))).drift
    assert str(difference) == "repair: declared False, found True"
    world.run(ensure_table(PLAIN))
    assert world.sent == ["DescribeTable"]


def test_a_row_is_planned_and_applied(world):
    """Turned on, it is a safe step; off, one that `allow` has to name; undeclared, left alone."""
    world.run(dynamorm.create_table(PLAIN))
    made = world.run(dynamorm.plan(ON))
    assert [(step.name, step.kind) for step in made.steps] == [("repair", "safe")]
    assert world.run(dynamorm.apply(made)).done == made.steps
    off = structs.replace(PLAIN, repair=False)
    with pytest.raises(PlanRefused, match=r"allow=\('repair',\)"):
        world.update(off)
    assert world.run(dynamorm.plan(PLAIN)).undeclared == ()
    (step,) = world.update(PLAIN, "repair").done
    assert (step.kind, step.found, step.declared) == ("destructive", True, False)
    assert not world.service.repaired


def test_a_row_is_a_name_and_a_permission(world):
    """`allow` knows it, and `required_actions` lists what reads and writes it."""
    with pytest.raises(Refused, match=r"did you mean repair\?"):
        world.update(PLAIN, "repare")
    actions = {"DescribeRepair", "UpdateRepair"}
    for needs in (
        required_actions("create_table", ON),
        required_actions("ensure_table", ON),
        required_actions("update_table", ON),
        required_actions("update_table", PLAIN, allow=["repair"]),
    ):
        assert actions <= {item.action.removeprefix("dynamodb:") for item in needs}
    for operation in ("create_table", "plan", "update_table"):
        assert not any("Repair" in item.action for item in required_actions(operation, PLAIN))
    world.run(dynamorm.create_table(PLAIN))
    plan = world.run(dynamorm.plan(ON))
    needs = {item.action for item in required_actions(plan)}
    assert needs == {f"dynamodb:{name}" for name in ("DescribeTable", *actions)}


def test_rows_and_models_agree():
    """Every setting has its field, and what a model can ignore are the settings."""
    for row in SETTINGS.values():
        assert row.declared(TableSpec("orders", KeyAttribute("number", "N"))) is UNSET
    assert set(IGNORABLE) == set(SETTINGS)


def policy(sid: str) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


STREAM, OTHER = (f"arn:aws:kinesis:eu-west-1:123456789012:stream/{n}" for n in ("one", "other"))
BARE = TableSpec("orders", KeyAttribute("number", "N"))


def test_a_stream_of_kinesis_and_insights():
    """Both are turned on after a creation, compared, and turned off only where they are named."""
    world = World()
    spec = changed(BARE, kinesis=STREAM, contributor_insights=True)
    assert world.run(ensure_table(spec)).pending == ()
    assert world.changes == [
        "CreateTable",
        "EnableKinesisStreamingDestination",
        "UpdateContributorInsights",
    ]
    assert not world.run(dynamorm.plan(spec))
    gone = changed(BARE, kinesis=None, contributor_insights=False)
    told = [str(item) for item in world.run(ensure_table(gone)).drift]
    assert told == [
        f"kinesis: declared nothing, found {STREAM}",
        "contributor_insights: declared False, found True",
    ]
    with pytest.raises(PlanRefused, match=r"allow=\('kinesis', 'contributor_insights',\)"):
        world.update(gone)
    off, on = world.update(BARE, "kinesis", kinesis=OTHER).done
    assert [(s.name, s.kind, s.found, s.declared) for s in (off, on)] == [
        ("kinesis", "destructive", STREAM, None),
        ("kinesis", "safe", None, OTHER),
    ]
    assert len(world.update(BARE, "kinesis", "contributor_insights").done) == 2
    assert not world.run(dynamorm.plan(gone))


def test_the_precision_of_a_stream():
    """It is set with the stream, changed by a request of its own, and compared where declared."""
    world = World(changed(BARE, kinesis=Kinesis(STREAM, "MICROSECOND")))
    assert not world.run(dynamorm.plan(BARE, kinesis=STREAM))
    (step,) = world.update(BARE, kinesis=Kinesis(STREAM, "MILLISECOND")).done
    assert (step.operation, step.kind, step.change) == (
        "UpdateKinesisStreamingDestination",
        "safe",
        f"{STREAM}, MICROSECOND -> {STREAM}, MILLISECOND",
    )
    assert not world.run(dynamorm.plan(BARE, kinesis=Kinesis(STREAM, "MILLISECOND")))
    other = Kinesis(OTHER, "MILLISECOND")
    assert len(world.update(BARE, "kinesis", kinesis=other).done) == 2
    declared = "".join(world.run(source("orders")).split())
    assert f'kinesis=Kinesis("{OTHER}",precision="MILLISECOND",)' in declared


def test_a_stream_that_is_still_being_turned_off():
    """The service refuses another one until then, which is waited out."""
    world = World(changed(BARE, kinesis=STREAM))
    enable = "EnableKinesisStreamingDestination"
    message = "Table is not in a valid state to enable Kinesis Streaming Destination"
    busy = service_error("ValidationException", message, status=400, operation=enable)
    world.service.fail(enable, busy, times=5)
    assert len(world.update(BARE, "kinesis", kinesis=OTHER).done) == 2
    assert world.sent.count(enable) == 6
    assert not world.run(dynamorm.plan(BARE, kinesis=OTHER))


def test_what_insights_count():
    """The mode is compared where it is declared; fewer graphs than there are need consent."""
    world = World(changed(BARE, contributor_insights=True))
    assert not world.run(dynamorm.plan(BARE, contributor_insights=EVERY_KEY))
    with pytest.raises(PlanRefused, match=r"allow=\('contributor_insights',\)"):
        world.update(BARE, contributor_insights=THROTTLED)
    world.update(BARE, "contributor_insights", contributor_insights=THROTTLED)
    assert not world.run(dynamorm.plan(BARE, contributor_insights=True))
    (step,) = world.update(BARE, contributor_insights=EVERY_KEY).done
    assert (step.kind, step.change) == ("safe", f"{THROTTLED} -> {EVERY_KEY}")


EVERY_KEY, THROTTLED = "ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"


def test_insights_of_indexes():
    """Each global index is asked about, set, compared and turned off by its name."""
    index, other = (IndexSpec(f"by-{n}", (KeyAttribute(n, "S"),)) for n in ("x", "y"))
    spec = changed(BARE, indexes=(index, other), index_insights={"by-x": True, "by-y": THROTTLED})
    world = World()
    assert world.run(ensure_table(spec)).pending == ()
    assert world.changes == ["CreateTable", *["UpdateContributorInsights"] * 2]
    assert not world.run(dynamorm.plan(spec))
    assert world.sent == ["DescribeTable", *["DescribeContributorInsights"] * 2]
    fewer = changed(spec, index_insights={"by-x": False})
    plan = world.run(dynamorm.plan(fewer, allow=["index_insights:by-x"]))
    assert [(step.name, step.kind) for step in plan.steps] == [
        ("index_insights:by-x", "destructive")
    ]
    assert [str(left.name) for left in plan.undeclared] == ["index_insights:by-y"]
    assert len(world.update(fewer, "index_insights:*").done) == 2
    assert not world.run(dynamorm.plan(fewer, allow=["index_insights:*"]))


def test_a_new_index_is_counted_in_the_same_plan():
    """Its insights are turned on when it is there."""
    world = World(BARE)
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    spec = changed(BARE, indexes=(index,), index_insights={"by-x": True})
    names = [step.name for step in world.update(spec).done]
    assert names == ["index:by-x", "index_insights:by-x"]
    assert not world.run(dynamorm.plan(spec))


def test_a_replaced_index_is_counted_again():
    """Insights go with the index that they are of: the plan that replaces it turns them on."""
    x, y = (IndexSpec("by-x", (KeyAttribute(name, "S"),)) for name in ("x", "y"))
    world = World(changed(BARE, indexes=(x,), index_insights={"by-x": THROTTLED}))
    spec = changed(BARE, indexes=(y,), index_insights={"by-x": THROTTLED})
    done = world.update(spec, "index:by-x").done
    assert [(step.name, step.kind) for step in done] == [
        ("index:by-x", "destructive"),
        ("index:by-x", "slow"),
        ("index_insights:by-x", "safe"),
    ]
    assert not world.run(dynamorm.plan(spec))


def test_insights_of_a_removed_index_are_no_change_of_their_own():
    """They go with it, and are neither turned off nor left alone."""
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    world = World(changed(BARE, indexes=(index,), index_insights={"by-x": True}))
    bare = changed(BARE, index_insights={})
    for allow in (["index:by-x"], ["index:*", "index_insights:*"]):
        made = world.run(dynamorm.plan(bare, allow=allow))
        assert [step.name for step in made.steps] == ["index:by-x"]
        assert made.undeclared == ()


def test_consent_alone_does_not_take_the_insights_of_an_index():
    """An index that stays as it is keeps them, whatever `allow` names."""
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    spec = changed(BARE, indexes=(index,), index_insights={"by-x": True})
    assert not World(spec).run(dynamorm.plan(spec, allow=["index:by-x"]))


def test_an_index_that_is_being_deleted_is_not_asked_about():
    """It may be gone before it is asked, which would be taken for a table that is missing."""
    index = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    world = World(changed(BARE, indexes=(index,)))
    world.run(call("UpdateTable", requests.update_table("orders", delete="by-x"), Reply))
    assert not world.run(dynamorm.plan(BARE, index_insights={}))
    assert world.sent == ["DescribeTable"]


def test_a_policy_of_a_stream_is_told_as_it_is():
    """Whatever is declared of the stream: a plan that leaves that alone leaves its policy too."""
    world = World(changed(BARE, stream="KEYS_ONLY", stream_policy=policy("ours")))
    other = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"))
    assert not world.run(dynamorm.plan(other, only=["stream_policy"]))
    (drift,) = world.run(dynamorm.check(other)).tables[0].drift
    assert drift.name == "stream"


def test_a_policy_of_a_new_stream():
    """It is put when the stream is there, whose ARN nobody knows before: on a new table, too."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"))
    world = World()
    made = world.run(dynamorm.plan(spec))
    (put,) = made.steps[0].then
    assert put.payload["ResourceArn"] == "orders/stream/*"
    assert world.run(dynamorm.apply(made)).pending == ()
    assert world.changes == ["CreateTable", "PutResourcePolicy"]
    assert not world.run(dynamorm.plan(spec))
    world = World(BARE)
    plan = world.run(dynamorm.plan(spec))
    assert [step.name for step in plan.steps] == ["stream", "stream_policy"]
    done = world.run(dynamorm.apply(plan)).done
    arn = world.run(dynamorm.describe_table(BARE)).latest_stream_arn
    assert [step.payload.get("ResourceArn") for step in done] == [None, arn]
    assert not world.run(dynamorm.plan(spec))


def test_a_policy_of_a_stream_that_is_replaced():
    """The new stream gets it: a policy goes with the stream that it is about."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"))
    world = World(spec)
    other = changed(spec, stream="KEYS_ONLY")
    plan = world.run(dynamorm.plan(other, allow=["stream"]))
    kinds = [(step.name, step.kind) for step in plan.steps]
    assert kinds == [("stream", "destructive"), ("stream", "safe"), ("stream_policy", "safe")]
    assert len(world.run(dynamorm.apply(plan)).done) == 3
    assert not world.run(dynamorm.plan(other))
    gone = changed(BARE, stream=None, stream_policy=None)
    assert [step.name for step in world.update(gone, "stream").done] == ["stream"]
    assert not world.run(dynamorm.plan(gone))


def test_a_consent_alone_replaces_no_stream():
    """Where the stream stays, so does its policy, and a plan has nothing to put."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"))
    world = World(spec)
    assert not world.run(dynamorm.plan(spec, allow=["stream"]))


@pytest.mark.parametrize(
    ("options", "only"), [({"ignore": ("stream",)}, []), ({}, ["stream_policy"])]
)
def test_a_policy_of_a_stream_that_nothing_turns_on_is_blocked(options, only):
    """The stream is ignored, or left out by `only`: there is nothing to put a policy on."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"), **options)
    (blocked,) = World(BARE).run(dynamorm.plan(spec, only=only)).blocked
    assert blocked.name == "stream_policy"
    assert blocked.remedy == "there is no stream, and this plan makes none"


def test_a_policy_of_a_stream_is_compared_and_replaced():
    """Equal policies are no change; another one is replaced, or deleted, where that is named."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"))
    world = World(spec)
    theirs = {"stream_policy": json.encode(policy("theirs")).decode()}
    with pytest.raises(PlanRefused, match=r"allow=\('stream_policy',\)"):
        world.update(spec, **theirs)
    (step,) = world.update(spec, "stream_policy", **theirs).done
    assert (step.name, step.operation) == ("stream_policy", "PutResourcePolicy")
    free = changed(spec, stream=UNSET, stream_policy=UNSET)
    (step,) = world.update(free, "stream_policy").done
    assert step.operation == "DeleteResourcePolicy"
    assert not world.run(dynamorm.plan(free, allow=["stream_policy"]))


def test_a_stream_that_is_ignored_keeps_its_policy():
    """What somebody else manages is not expected to change."""
    spec = changed(BARE, stream="NEW_IMAGE", stream_policy=policy("ours"), ignore=("stream",))
    world = World(changed(spec, stream="KEYS_ONLY"))
    assert not world.run(dynamorm.plan(spec))


def test_an_emulator_without_policies_of_streams():
    """A stream that it does not find as a resource has no policy."""
    world = World(changed(BARE, stream="NEW_IMAGE"))
    unknown = service_error("ResourceNotFoundException", "?", status=400, operation=READ)
    world.service.fail(READ, unknown)
    assert not world.run(dynamorm.plan(BARE, stream="NEW_IMAGE", allow=["stream_policy"]))


READ = "GetResourcePolicy"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"stream_policy": policy("ours")}, "declare stream too"),
        ({"stream_policy": "no JSON", "stream": "NEW_IMAGE"}, "stream_policy takes a policy"),
        ({"index_insights": {"by-x": True}}, "'by-x', which is no global index"),
        ({"index_insights": True}, "index_insights takes a dict of global indexes"),
        ({"contributor_insights": "ALL"}, 'or "THROTTLED_KEYS", not'),
        ({"kinesis": Kinesis(STREAM, "SECOND")}, "Kinesis\\(stream, precision\\) or None"),
        ({"kinesis": (STREAM, OTHER)}, "kinesis takes the ARN of a Kinesis data stream"),
    ],
)
def test_what_a_table_cannot_have_is_refused(options, problem):
    """A model that the service would refuse says so, with what to do."""
    with pytest.raises(ModelError, match=problem):
        changed(BARE, **options)


def test_permissions_of_other_services():
    """Kinesis wants to be asked, and the first table of an account makes a role."""
    needs = {(p.action, p.resource) for p in required_actions("create_table", BARE, kinesis=STREAM)}
    assert ("kinesis:PutRecords", STREAM) in needs
    assert ("kinesis:ListStreams", "*") in needs
    assert ("dynamodb:EnableKinesisStreamingDestination", f"{ARN}:table/orders") in needs
    for declared in ({"kinesis": STREAM}, {"contributor_insights": True}):
        needs = required_actions("update_table", BARE, **declared)
        (role,) = (p.resource for p in needs if p.action == "iam:CreateServiceLinkedRole")
        assert role.startswith("arn:aws:iam::*:role/aws-service-role/")


ARN = "arn:aws:dynamodb:*:*"


@pytest.mark.parametrize("there", [None, "first"])
def test_a_policy_that_came_meanwhile_is_not_undone(there):
    """A policy is put only in place of the one that was seen, or where there was none."""
    world = World(BARE)
    if there:
        world.update(BARE, resource_policy=policy(there))
    plan = world.run(dynamorm.plan(BARE, allow=["resource_policy"], resource_policy=policy("ours")))
    send = world.service.send

    def somebody_else_first(operation, body, *, timeout=None):
        if operation == "PutResourcePolicy":
            world.service.send = send
            other = {"resource_policy": policy("theirs")}
            dynamorm.run(
                dynamorm.update_table(BARE, allow=["resource_policy"], **other), world.service
            )
        return send(operation, body, timeout=timeout)

    world.service.send = somebody_else_first
    with pytest.raises(PlanRefused, match="theirs"):
        world.run(dynamorm.apply(plan))
    assert not world.run(dynamorm.plan(BARE, resource_policy=policy("theirs")))
