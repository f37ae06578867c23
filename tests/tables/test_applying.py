"""What plan, apply and update_table send, wait for, give and raise."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from aids.worlds import World
from msgspec import json, structs

import dynamorm
from dynamorm import (
    KMS,
    AccessDenied,
    IndexSpec,
    KeyAttribute,
    LimitExceeded,
    ModelError,
    PlanRefused,
    Provisioned,
    Refused,
    TableBusy,
    TableNotFound,
    TableSpec,
    TransportError,
    UnsupportedOperation,
    ValidationFailed,
    WaitTimeout,
    requests,
)
from dynamorm.errors import service_error
from dynamorm.model.spec import changed
from dynamorm.testing import Async, FakeService

ID = KeyAttribute("id", "S")
BY_A = IndexSpec("by-a", (KeyAttribute("a", "S"),))
BY_B = IndexSpec("by-b", (KeyAttribute("b", "S"),))
PLAIN = TableSpec("orders", ID)
INDEXED = TableSpec("orders", ID, indexes=(BY_A, BY_B))
SET = TableSpec(
    "orders",
    ID,
    time_to_live="expires",
    point_in_time_recovery=True,
    tags={"team": "shop"},
    resource_policy={"Version": "2012-10-17", "Statement": []},
)
READS = [
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
    "ListTagsOfResource",
    "GetResourcePolicy",
]


@pytest.fixture
def world() -> World:
    return World(PLAIN)


def trouble(operation: str, code: str, message: str = "") -> Any:
    return service_error(code, message, status=400, operation=operation)


def test_a_plan_costs_one_request(world):
    """Planning is one DescribeTable where nothing else is declared."""
    assert [step.name for step in world.run(dynamorm.plan(INDEXED)).steps] == [
        "index:by-a",
        "index:by-b",
    ]
    assert world.sent == ["DescribeTable"]


def test_a_plan_asks_for_what_is_declared_only(world):
    """TTL, recovery, tags and policy are one read each, where they are declared or named."""
    world.run(dynamorm.plan(SET))
    assert world.sent == ["DescribeTable", *READS]
    world.run(dynamorm.plan(PLAIN, allow=["ttl", "tag:x"]))
    assert world.sent == ["DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"]


def test_a_missing_table_is_not_made_by_an_update(world):
    """Only a plan shows that a table will be made; a part of a missing one cannot be compared."""
    for operation in (
        dynamorm.update_table(PLAIN, name="another"),
        dynamorm.plan(PLAIN, name="another", only=["ttl"]),
    ):
        with pytest.raises(TableNotFound):
            world.run(operation)
    assert world.changes == []


def test_options_given_to_a_plan(world):
    """Options of the call take the place of the model's."""
    (step,) = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE")).steps
    assert step.name == "stream"


@pytest.mark.parametrize("operation", [dynamorm.plan, dynamorm.update_table])
def test_bad_models_and_names_are_refused_before_any_request(world, operation):
    """Whatever can be told to be wrong is told before anything is sent."""
    with pytest.raises(ModelError):
        operation(PLAIN, name="a b")
    with pytest.raises(Refused):
        operation(PLAIN, allow="ttl")


def test_nothing_to_do_costs_one_request(world):
    """A table that is as declared is described once."""
    applied = world.update(PLAIN)
    assert (applied.done, applied.pending, applied.unsupported) == ((), (), ())
    assert world.sent == ["DescribeTable"]
    plan = world.run(dynamorm.plan(PLAIN))
    world.run(dynamorm.apply(plan))
    assert world.sent == ["DescribeTable"]


def test_indexes_are_made_one_after_the_other(world):
    """Each index is waited for until it is filled, and only then the next is begun."""
    applied = world.update(INDEXED)
    assert [step.name for step in applied.done] == ["index:by-a", "index:by-b"]
    assert world.changes == ["UpdateTable", "UpdateTable"]
    assert {i.index_status for i in applied.table.global_secondary_indexes} == {"ACTIVE"}


def test_settings_cost_their_reads_and_their_writes():
    """Each declared setting is read, and again before its write where another came between."""
    world = World(PLAIN, recovery_seconds=0.0)
    applied = world.update(SET, "ttl")
    writes = ["UpdateTimeToLive", "UpdateContinuousBackups", "TagResource", "PutResourcePolicy"]
    assert [step.operation for step in applied.done] == writes
    assert world.sent == [
        *("DescribeTable", *READS),
        "UpdateTimeToLive",
        *("DescribeTable", "DescribeContinuousBackups", "UpdateContinuousBackups"),
        *("DescribeTable", "ListTagsOfResource", "TagResource"),
        *("DescribeTable", "GetResourcePolicy", "PutResourcePolicy"),
    ]
    world.update(SET)
    assert world.sent == ["DescribeTable", *READS]


def test_an_applied_plan_reads_only_what_it_changes(world):
    """`apply` looks at what its steps are about, before each of them, and at nothing else."""
    spec = changed(SET, tags={}, point_in_time_recovery=False)
    plan = world.run(dynamorm.plan(spec, allow=["ttl"]))
    world.run(dynamorm.apply(plan))
    assert world.sent == [
        "DescribeTable",
        "GetResourcePolicy",
        "DescribeTimeToLive",
        "UpdateTimeToLive",
        "DescribeTable",
        "GetResourcePolicy",
        "PutResourcePolicy",
    ]


def test_many_tags_come_in_pages():
    """All tags are read, however many requests that takes."""
    tags = {f"tag-{n}": "x" for n in range(25)}
    world = World(changed(PLAIN, tags=tags))
    assert world.run(dynamorm.plan(PLAIN, tags=tags)).steps == ()
    assert world.sent == ["DescribeTable", *["ListTagsOfResource"] * 3]


def test_destruction_is_refused_before_any_write():
    """`PlanRefused` lists what is destructive and not allowed, before a single change."""
    world = World(INDEXED)
    other = structs.replace(BY_A, projection="KEYS_ONLY")
    declared = changed(INDEXED, indexes=(other, BY_B), stream="NEW_IMAGE")
    with pytest.raises(PlanRefused) as caught:
        world.update(declared)
    assert [step.name for step in caught.value.steps] == ["index:by-a"]
    assert world.sent == ["DescribeTable"]
    plan = world.run(dynamorm.plan(declared))
    with pytest.raises(PlanRefused):
        dynamorm.apply(plan, allow=["index:by-b"])
    done = world.run(dynamorm.apply(plan, allow=["index:by-a"])).done
    assert [step.name for step in done] == ["stream", "index:by-a", "index:by-a"]


def test_what_cannot_be_changed_is_refused(world):
    """A blocked change refuses the whole plan."""
    with pytest.raises(PlanRefused) as caught:
        world.update(changed(INDEXED, sort_key=KeyAttribute("at", "N")))
    assert [item.name for item in caught.value.blocked] == ["key"]
    assert world.changes == []


def test_a_plan_never_does_more_than_it_says(world):
    """What has come to differ since the plan was made is left to the next plan."""
    plan = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE", tags={"a": "b"}))
    world.update(changed(PLAIN, deletion_protection=True, stream="NEW_IMAGE"))
    applied = world.run(dynamorm.apply(plan))
    assert [step.name for step in applied.done] == ["tags"]


def test_consent_is_asked_for_again_when_the_table_has_changed():
    """A step that has become destructive in the meantime is refused."""
    world = World(PLAIN)
    plan = world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE"))
    world.update(changed(PLAIN, stream="OLD_IMAGE"))
    with pytest.raises(PlanRefused):
        world.run(dynamorm.apply(plan))
    assert world.changes == []


def test_a_plan_of_a_table_that_is_not_ready():
    """Applying waits first until the table is ACTIVE."""
    world = World(PLAIN)
    world.run(dynamorm.delete_table(PLAIN))
    world.run(dynamorm.create_table(PLAIN, wait=False))
    assert world.update(changed(PLAIN, stream="NEW_IMAGE")).table.table_status == "ACTIVE"


def test_an_index_in_the_making_is_picked_up(world):
    """A run that was killed while an index was filled is gone on with, and nothing made twice."""
    new = requests.update_table(PLAIN, attributes=(ID, *BY_A.key), create=BY_A)
    world.service.send("UpdateTable", requests.encode(new))
    world.clock.sleep(5.0)
    applied = world.update(INDEXED)
    assert [step.name for step in applied.done] == ["index:by-b"]


def test_a_wait_ends_with_its_deadline():
    """An index that is not filled in time is a time-out; the next run waits on."""
    world = World(PLAIN, index_seconds=500.0)
    with pytest.raises(WaitTimeout) as caught:
        world.update(changed(PLAIN, indexes=(BY_A,)), timeout=60)
    assert caught.value.indexes == {"by-a": "CREATING"}
    assert world.update(changed(PLAIN, indexes=(BY_A,))).done == ()


def test_changes_are_seen_through_stale_reads():
    """A DescribeTable that lags behind makes no step done twice, and none left out."""
    world = World(PLAIN, lag=4.0, update_seconds=1.0, index_seconds=1.0)
    applied = world.update(changed(INDEXED, stream="NEW_IMAGE", tags={"a": "b"}))
    assert [s.name for s in applied.done] == ["stream", "index:by-a", "index:by-b", "tags"]
    world.clock.sleep(10.0)
    assert world.run(dynamorm.plan(INDEXED, stream="NEW_IMAGE", tags={"a": "b"})).steps == ()


@pytest.mark.parametrize(
    "error",
    [
        trouble("UpdateTable", "ResourceInUseException"),
        trouble("UpdateTable", "LimitExceededException", "Subscriber limit: 500 simultaneously"),
        trouble("UpdateTable", "ValidationException", "Table already has an enabled stream"),
        TransportError("cut", operation="UpdateTable", maybe_applied=True),
    ],
)
@pytest.mark.parametrize("after_effect", [False, True])
def test_refusals_that_pass_are_waited_out(world, error, after_effect):
    """Busy tables, simultaneous operations and lost answers end in the table that is declared."""
    world.service.fail("UpdateTable", error, after_effect=after_effect)
    world.update(changed(PLAIN, stream="NEW_IMAGE"))
    assert world.run(dynamorm.plan(PLAIN, stream="NEW_IMAGE")).steps == ()


@pytest.mark.parametrize(
    ("code", "message", "kind", "requests_sent"),
    [
        ("LimitExceededException", "at most 20 indexes", LimitExceeded, 1),
        ("AccessDeniedException", "no", AccessDenied, 1),
        ("ValidationException", "no such key", ValidationFailed, 1),
        ("ValidationException", "already has a stream", ValidationFailed, 7),
        ("ResourceInUseException", "for ever", TableBusy, 21),
    ],
)
def test_refusals_that_stay_are_raised(world, code, message, kind, requests_sent):
    """A quota or a permission at once, what may be read stale after some looks."""
    world.service.fail("UpdateTable", trouble("UpdateTable", code, message), times=100)
    with pytest.raises(kind):
        world.update(changed(PLAIN, stream="NEW_IMAGE"))
    assert len(world.changes) == requests_sent


def test_a_busy_table_leaves_time_for_stale_reads(world):
    """Only refusals of one kind in a row count: the looks begin when the table is not busy."""
    for code in ("ResourceInUseException", "ValidationException"):
        world.service.fail("UpdateTable", trouble("UpdateTable", code, "already"), times=6)
    assert len(world.update(changed(PLAIN, stream="NEW_IMAGE")).done) == 1


def test_a_busy_table_is_an_error_at_the_deadline(world):
    """The time-out ends the waiting for others, with the error that they caused."""
    busy = trouble("UpdateTable", "LimitExceededException", "simultaneously")
    world.service.fail("UpdateTable", busy, times=1000)
    with pytest.raises(LimitExceeded):
        world.update(changed(PLAIN, stream="NEW_IMAGE"), timeout=30)


class Deaf:
    """A service that takes an UpdateTable and does nothing, as some emulators do."""

    def __init__(self, service: FakeService) -> None:
        self.service = service

    def send(self, operation: str, body: bytes) -> bytes:
        if operation != "UpdateTable":
            return self.service.send(operation, body)
        name = json.decode(body)["TableName"]
        table = json.decode(self.service.send("DescribeTable", json.encode({"TableName": name})))
        return json.encode({"TableDescription": table["Table"]})


def test_a_change_that_does_not_show_is_no_success(world):
    """What was taken and is not to be seen afterwards is told as pending."""
    steps = dynamorm.update_table(PLAIN, stream="NEW_IMAGE")
    applied = dynamorm.run(steps, Deaf(world.service), clock=world.clock)
    assert [(item.name, "does not show" in item.reason) for item in applied.pending] == [
        ("stream", True)
    ]


def test_a_change_that_does_not_show_is_waited_for_once(world):
    """What comes after it is done all the same, and does not wait for it again."""
    steps = dynamorm.update_table(PLAIN, stream="NEW_IMAGE", tags={"team": "shop"})
    applied = dynamorm.run(steps, Deaf(world.service), clock=world.clock)
    assert [step.name for step in applied.done] == ["stream", "tags"]
    assert [item.name for item in applied.pending] == ["stream"]


@pytest.mark.parametrize("message", ["At least one of ... is required", "Nothing to update"])
def test_a_member_that_an_emulator_does_not_know(world, message):
    """An answer that the request has no change in it means that the endpoint does not know it."""
    unknown = trouble("UpdateTable", "ValidationException", message)
    world.service.fail("UpdateTable", unknown)
    with pytest.raises(UnsupportedOperation, match="does not know a member"):
        world.update(changed(PLAIN, encryption=KMS()))
    world.service.fail("UpdateTable", unknown)
    applied = world.update(changed(PLAIN, encryption=KMS(), tags={"a": "b"}), unsupported="skip")
    assert applied.unsupported == ("encryption",)
    assert [step.name for step in applied.done] == ["tags"]


READ_OF = dict(
    zip(("ttl", "point_in_time_recovery", "tags", "resource_policy"), READS, strict=True)
)


@pytest.mark.parametrize("setting", READ_OF)
def test_an_endpoint_that_does_not_know_a_setting(setting):
    """It is an error, or skipped and reported."""
    world = World(PLAIN, unknown={READ_OF[setting]})
    with pytest.raises(UnsupportedOperation):
        world.update(SET, "ttl")
    assert world.run(dynamorm.plan(SET, unsupported="skip")).unsupported == (setting,)
    applied = world.update(SET, "ttl", unsupported="skip")
    assert applied.unsupported == (setting,)
    assert len(applied.done) == 3


def test_an_endpoint_that_can_read_a_setting_only():
    """A write that the endpoint does not know is an error, or skipped and reported, too."""
    world = World(PLAIN, unknown={"UpdateTimeToLive"})
    with pytest.raises(UnsupportedOperation):
        world.update(SET, "ttl")
    applied = world.update(SET, "ttl", unsupported="skip")
    assert applied.unsupported == ("ttl",)
    assert len(applied.done) == 3
    plan = world.run(dynamorm.plan(changed(SET, time_to_live="other"), allow=["ttl"]))
    world.service.unknown = {"DescribeTimeToLive"}
    assert world.run(dynamorm.apply(plan, unsupported="skip")).unsupported == ("ttl",)


def test_an_endpoint_without_arns(world):
    """Tags and policies belong to an ARN; where none is told, they are not supported."""
    answer = json.decode(world.service.send("DescribeTable", b'{"TableName":"orders"}'))
    del answer["Table"]["TableArn"]
    script = dynamorm.testing.Script(("DescribeTable", answer))
    plan = dynamorm.run(dynamorm.plan(PLAIN, tags={"a": "b"}, unsupported="skip"), script)
    assert plan.unsupported == ("tags",)


def test_expiry_is_renamed_in_two_runs(world):
    """The service takes one change in an hour: the second half is pending, and done later."""
    world.update(changed(PLAIN, time_to_live="old"), "ttl")
    world.clock.sleep(3600)
    renamed = changed(PLAIN, time_to_live="new")
    for too_little in ((), ("ttl",), ("ttl:old",), ("ttl", "ttl:new")):
        with pytest.raises(PlanRefused):
            world.update(renamed, *too_little)
    first = world.update(renamed, "ttl", "ttl:old")
    assert [step.change for step in first.done] == ["turn TTL off, attribute old"]
    assert [(item.name, item.retry_after) for item in first.pending] == [("ttl", 3600)]
    assert world.update(renamed, "ttl").pending == first.pending
    world.clock.sleep(3600)
    second = world.update(renamed, "ttl")
    assert [step.change for step in second.done] == ["turn TTL on, attribute new"]
    assert second.pending == ()


def test_one_plan_renames_expiry_in_two_runs():
    """The plan that was applied is applied again an hour later, and does the rest."""
    world = World(changed(PLAIN, time_to_live="old"))
    world.clock.sleep(3600)
    renamed = changed(PLAIN, time_to_live="new")
    plan = world.run(dynamorm.plan(renamed, allow=["ttl", "ttl:old"]))
    first, early = (world.run(dynamorm.apply(plan)) for _ in range(2))
    assert [item.name for item in first.pending] == ["ttl"]
    assert early.pending == first.pending
    world.clock.sleep(3600)
    second = world.run(dynamorm.apply(plan))
    assert [step.name for step in second.done] == ["ttl"]
    assert second.pending == ()


def test_an_expiry_that_goes_at_once_is_not_renamed_in_the_same_hour():
    """The second half is not even sent: the service counts its hour from the first."""
    world = World(changed(PLAIN, time_to_live="old"), ttl_seconds=0.0)
    world.clock.sleep(3600)
    (pending,) = world.update(changed(PLAIN, time_to_live="new"), "ttl", "ttl:old").pending
    assert (pending.name, pending.retry_after) == ("ttl", 3600)
    assert world.changes == ["UpdateTimeToLive"]


def test_a_second_change_of_expiry_in_an_hour_is_pending():
    """What the service refuses for now is told with the time after which it can be done."""
    world = World(PLAIN, ttl_seconds=0.0)
    world.update(changed(PLAIN, time_to_live="a"), "ttl")
    applied = world.update(PLAIN, "ttl:a")
    (pending,) = applied.pending
    assert pending.retry_after == 3600
    assert "fixed interval" in pending.reason


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_lost_answer_about_a_setting_is_resolved(world, after_effect):
    """Where the setting is as declared after all, the refusal of the second attempt is success."""
    lost = TransportError("cut", operation="UpdateTimeToLive", maybe_applied=True)
    world.service.fail("UpdateTimeToLive", lost, after_effect=after_effect)
    applied = world.update(changed(PLAIN, time_to_live="x"), "ttl")
    assert [step.name for step in applied.done] == ["ttl"]
    assert applied.pending == ()


def test_a_setting_that_is_refused_is_raised(world):
    """A refusal that stands is no success."""
    refused = trouble("TagResource", "ValidationException", "Too many tags")
    world.service.fail("TagResource", refused)
    with pytest.raises(ValidationFailed):
        world.update(changed(PLAIN, tags={"a": "b"}))


def test_recovery_that_is_not_available_yet_is_waited_for():
    """Straight after a create the service has no continuous backups; that passes, or is pending."""
    world = World(PLAIN, recovery_seconds=30.0)
    assert world.update(changed(PLAIN, point_in_time_recovery=7)).pending == ()
    world = World(PLAIN, recovery_seconds=1e9)
    (pending,) = world.update(changed(PLAIN, point_in_time_recovery=7), timeout=60).pending
    assert (pending.name, pending.retry_after) == ("point_in_time_recovery", None)


def test_a_setting_waits_for_its_turn(world):
    """Too many control-plane operations at once are waited out for settings too; a quota is not."""
    busy = trouble("TagResource", "LimitExceededException", "too many simultaneously")
    world.service.fail("TagResource", busy)
    assert len(world.update(changed(PLAIN, tags={"a": "b"})).done) == 1
    quota = trouble("TagResource", "LimitExceededException", "too many tags")
    world.service.fail("TagResource", quota)
    with pytest.raises(LimitExceeded):
        world.update(changed(PLAIN, tags={"a": "c"}))


def test_billing_both_ways(world):
    """The switch and its figures, there and back."""
    provisioned = changed(INDEXED, billing=Provisioned(3, 4))
    world.update(INDEXED)
    table = world.update(provisioned).table
    figures = {i.provisioned_throughput.read_capacity_units for i in table.global_secondary_indexes}
    assert figures == {3}
    assert world.update(changed(INDEXED, billing=dynamorm.OnDemand(5))).table.billing_mode == (
        "PAY_PER_REQUEST"
    )
    assert world.run(dynamorm.plan(INDEXED, billing=dynamorm.OnDemand(5))).steps == ()


def test_names_get_their_prefix(world):
    """Under a prefix, the requests about a table's settings go to the prefixed table too."""
    spec = changed(SET, name="ders")
    applied = world.run(dynamorm.update_table(spec, allow=["ttl"]), table_prefix="or")
    assert len(applied.done) == 4
    assert world.run(dynamorm.plan(SET)).steps == ()


async def _under_asyncio(world: World) -> Any:
    steps = dynamorm.update_table(SET, allow=["ttl"])
    return await dynamorm.arun(steps, Async(world.service), clock=world.clock)


def test_the_same_under_asyncio(world):
    """An operation does the same whoever performs it."""
    import asyncio

    assert len(asyncio.run(_under_asyncio(world)).done) == 4


def test_the_methods_of_a_database(world):
    """Each method is the function of the same name, performed."""
    db = dynamorm.connect(transport=world.service)
    db.update_table(PLAIN, stream="NEW_IMAGE")
    plan = db.plan(PLAIN, allow=["stream"])
    assert [step.name for step in plan.steps] == ["stream"]
    assert [step.name for step in db.apply(plan, allow=["stream"]).done] == ["stream"]


def test_indexes_that_have_to_go_first_all_come_again() -> None:
    """One attribute changes its type, so that no index comes before the last has gone.

    The first removal frees the attribute; the others are still what the plan shows.
    """

    def index(name: str, key: str, kind: Literal["S", "N"]) -> IndexSpec:
        return IndexSpec(name, (KeyAttribute(key, kind),))

    old = (index("by-a", "a", "N"), index("by-b", "b", "S"), index("by-c", "c", "S"))
    new = (index("by-a", "d", "S"), index("by-b", "d", "S"), index("by-c", "a", "S"))
    world = World(changed(PLAIN, indexes=old))
    wanted = changed(PLAIN, indexes=new)
    plan = world.run(dynamorm.plan(wanted, allow=["index:*"]))
    assert [step.kind for step in plan.steps] == ["destructive"] * 3 + ["slow"] * 3
    applied = world.run(dynamorm.apply(plan))
    assert applied.done == plan.steps
    assert not world.run(dynamorm.plan(wanted))


def test_a_new_index_is_as_the_table_is_billed() -> None:
    """Where billing is ignored, and somebody has made it on demand, figures are left out."""
    index = IndexSpec("by-c", (KeyAttribute("c", "S"),), throughput=Provisioned(1, 2))
    spec = changed(PLAIN, billing=Provisioned(5, 6), ignore=("billing",))
    world = World(PLAIN)
    wanted = changed(spec, indexes=(index,))
    (step,) = world.run(dynamorm.update_table(wanted)).done
    (update,) = step.payload["GlobalSecondaryIndexUpdates"]
    assert "ProvisionedThroughput" not in update["Create"]
    assert not world.run(dynamorm.plan(wanted))


def test_an_index_alone_is_made_as_the_table_stays() -> None:
    """Where `only` leaves out a change of billing, the index gets no figures yet."""
    index = IndexSpec("by-c", (KeyAttribute("c", "S"),), throughput=Provisioned(1, 2))
    world = World(PLAIN)
    wanted = changed(PLAIN, billing=Provisioned(5, 6), indexes=(index,))
    (step,) = world.run(dynamorm.update_table(wanted, only=["index:by-c"])).done
    (update,) = step.payload["GlobalSecondaryIndexUpdates"]
    assert "ProvisionedThroughput" not in update["Create"]
    assert [step.name for step in world.run(dynamorm.plan(wanted)).steps] == ["billing"]


@pytest.mark.parametrize("name", ["ttl", "ttl:expires"])
def test_either_name_of_ttl_restricts_to_it(name: str) -> None:
    """The name of the step that turns TTL off is not one that nothing has."""
    world = World(changed(PLAIN, time_to_live="expires"))
    wanted = changed(PLAIN, time_to_live=None)
    assert not world.run(dynamorm.check(wanted, only=[name]))
    (step,) = world.run(dynamorm.plan(wanted, only=[name])).steps
    assert step.name == "ttl:expires"
