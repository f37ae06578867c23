"""What `create_table`, `ensure_table`, `auto_migrate` set besides, and what is left pending."""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import World
from msgspec import json

import dynamorm
from dynamorm import (
    KMS,
    AccessDenied,
    CredentialsRejected,
    IndexSpec,
    KeyAttribute,
    Refused,
    ServiceError,
    Steps,
    TableNotFound,
    TableSpec,
    TransportError,
    UnsupportedOperation,
    ValidationFailed,
)
from dynamorm.errors import service_error
from dynamorm.model.spec import changed
from dynamorm.testing import FakeService, Script

ID = KeyAttribute("id", "S")
PLAIN = TableSpec("orders", ID)
EXPIRING = TableSpec("orders", ID, time_to_live="expires", point_in_time_recovery=7)
SET = changed(EXPIRING, tags={"team": "shop"}, resource_policy={"Statement": []})
BY_X = IndexSpec("by-x", (KeyAttribute("x", "S"),))
LATER = {"time_to_live": None, "point_in_time_recovery": False}
WRITES = ["UpdateTimeToLive", "UpdateContinuousBackups"]
READS = [
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
    "ListTagsOfResource",
    "GetResourcePolicy",
]


def prompt(**delays: Any) -> World:
    """Give a service that makes tables at once."""
    return World(**{"create_seconds": 0.0, "recovery_seconds": 0.0, **delays})


@pytest.fixture
def world() -> World:
    return prompt()


def test_create_sets_what_is_declared(world):
    """TTL and recovery are one request each after CreateTable, which has tags and policy."""
    world.run(dynamorm.create_table(SET))
    assert world.sent == ["CreateTable", *WRITES]
    assert world.run(dynamorm.plan(SET)).steps == ()


@pytest.mark.parametrize(
    "spec", [PLAIN, changed(SET, time_to_live=None, point_in_time_recovery=False)]
)
def test_create_sends_no_more_than_is_declared(world, spec):
    """What is not declared, or declared to be absent, costs a new table nothing."""
    world.run(dynamorm.create_table(spec))
    assert world.sent == ["CreateTable"]


@pytest.mark.parametrize("setting", [{"time_to_live": "x"}, {"point_in_time_recovery": 7}])
def test_create_without_waiting_refuses_what_nobody_would_set(world, setting):
    """What CreateTable cannot carry needs the wait: it is refused before anything is sent."""
    with pytest.raises(Refused, match=next(iter(setting))):
        world.run(dynamorm.create_table(changed(PLAIN, **setting), wait=False))
    assert world.sent == []
    absent = dict.fromkeys(setting, False if "point_in_time_recovery" in setting else None)
    world.run(dynamorm.create_table(changed(SET, **{**LATER, **absent}), wait=False))
    assert world.sent == ["CreateTable"]


def test_create_raises_what_it_cannot_set():
    """A description cannot say what is missing: it is an error, with the table made."""
    world = prompt(unknown={"UpdateTimeToLive"})
    with pytest.raises(UnsupportedOperation):
        world.run(dynamorm.create_table(SET))
    world = prompt(recovery_seconds=1e9)
    with pytest.raises(ServiceError) as caught:
        world.run(dynamorm.create_table(SET, timeout=30))
    assert caught.value.code == "ContinuousBackupsUnavailableException"
    assert world.clock.moment == 30


def test_ensure_sets_what_is_declared_on_a_new_table(world):
    """A table that it creates gets all that is declared; nothing is read back."""
    ensured = world.run(dynamorm.ensure_table(SET))
    assert (ensured.created, ensured.drift, ensured.pending) == (True, (), ())
    assert world.sent == ["DescribeTable", "CreateTable", *WRITES]
    again = world.run(dynamorm.ensure_table(SET))
    assert (again.created, again.drift, again.pending) == (False, (), ())
    assert world.sent == ["DescribeTable", *READS]


def test_what_is_ignored_is_set_at_creation(world):
    """A new table gets what its model ignores later; then nobody asks for it, or changes it."""
    spec = changed(SET, ignore=("ttl", "point_in_time_recovery", "tags", "resource_policy"))
    world.run(dynamorm.ensure_table(spec))
    assert world.run(dynamorm.plan(changed(spec, ignore=()))).steps == ()
    other = changed(spec, time_to_live="other", tags={"team": "b"}, point_in_time_recovery=1)
    assert world.run(dynamorm.ensure_table(other)).drift == ()
    assert world.sent == ["DescribeTable"]
    assert world.run(dynamorm.plan(other)).steps == ()
    assert world.sent == ["DescribeTable"]
    assert world.run(dynamorm.plan(changed(other, ignore=()))).steps != ()


def test_what_is_ignored_is_not_given_up_at_creation(world):
    """A refusal to set it at creation is an error, as for any other setting."""
    refused = service_error(
        "ValidationException", "no", status=400, request_id="", operation="UpdateTimeToLive"
    )
    world.service.fail("UpdateTimeToLive", refused, times=9)
    with pytest.raises(ValidationFailed):
        world.run(dynamorm.create_table(changed(SET, ignore=("ttl",))))


@pytest.mark.parametrize("spec", [PLAIN, SET])
def test_what_cannot_be_compared_is_drift_and_not_waited_for(world, spec):
    """Nobody may be setting it: a young table's key that only KMS could name is told at once."""
    world.run(dynamorm.create_table(changed(spec, encryption=KMS("11111111-2222"))))
    before = world.clock.moment
    ensured = world.run(dynamorm.ensure_table(changed(spec, encryption=KMS("alias/mine"))))
    (unknown,) = ensured.drift
    assert "cannot be compared, only KMS knows which key an alias stands for" in str(unknown)
    assert (ensured.pending, world.clock.moment) == ((), before)


def test_ensure_reads_only_what_is_declared(world):
    """A table that is there costs one read for each declared setting."""
    world.run(dynamorm.create_table(PLAIN))
    world.clock.sleep(60.0)
    drift = world.run(dynamorm.ensure_table(EXPIRING)).drift
    assert [difference.name for difference in drift] == ["ttl", "point_in_time_recovery"]
    assert world.sent == ["DescribeTable", *READS[:2]]


def test_ensure_without_waiting_says_what_is_pending():
    """A table in the making takes no settings: they are pending, and update_table sets them."""
    world = prompt(create_seconds=5.0)
    for created in (True, False):
        ensured = world.run(dynamorm.ensure_table(SET, wait=False))
        assert ensured.created == created
        assert [item.name for item in ensured.pending] == ["ttl", "point_in_time_recovery"]
        assert set(world.sent) <= {"DescribeTable", "CreateTable"}
    world.clock.sleep(5.0)
    applied = world.run(dynamorm.update_table(SET, allow=["ttl"]))
    assert [step.name for step in applied.done] == ["ttl", "point_in_time_recovery"]


def test_ensure_never_changes_a_table_that_somebody_else_is_making():
    """Whatever its status, a table that this call did not create is only waited for."""
    world = prompt(create_seconds=5.0)
    for spec in (SET, changed(EXPIRING, indexes=(BY_X,))):
        world.run(dynamorm.ensure_table(PLAIN.named(f"t-{len(spec.indexes)}"), wait=False))
        ensured = world.run(dynamorm.ensure_table(spec.named(f"t-{len(spec.indexes)}")))
        assert not ensured.created
        assert {"ttl", "point_in_time_recovery"} <= {item.name for item in ensured.drift}
        assert set(world.sent) <= {"DescribeTable", *READS}


def test_ensure_never_changes_a_table_that_is_being_restored(world):
    """A restore makes a table without the settings of its source: they are drift, not set."""
    restored = {"TableName": "orders", "TableStatus": "CREATING", **RESTORED}
    script = Script(
        ("DescribeTable", {"Table": restored}),
        ("DescribeTable", {"Table": {**restored, "TableStatus": "ACTIVE"}}),
        *[("DescribeTimeToLive", {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})] * 11,
    )
    steps = dynamorm.ensure_table(changed(PLAIN, time_to_live="x"))
    ensured = dynamorm.run(steps, script, clock=world.clock)
    assert (ensured.created, [item.name for item in ensured.drift]) == (False, ["ttl"])
    assert script.turns == []


RESTORED = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "RestoreSummary": {"RestoreDateTime": 1.0, "RestoreInProgress": True},
}


@pytest.mark.parametrize("age", [0.0, 59.0])
def test_ensure_waits_for_what_a_young_table_is_still_being_given(age):
    """Who finds a table that is seconds old reports no drift that its creator is about to end."""
    world = prompt()
    world.run(dynamorm.create_table(PLAIN))
    world.clock.sleep(age)
    creator = Later(world, 3.0, dynamorm.update_table(EXPIRING, allow=["ttl"]))
    ensured = dynamorm.run(dynamorm.ensure_table(EXPIRING), creator, clock=world.clock)
    assert (ensured.created, ensured.drift, ensured.pending) == (False, (), ())


def test_ensure_waits_longer_for_a_table_that_it_has_seen_in_the_making():
    """Recovery may come half a minute after the table itself."""
    world = prompt(create_seconds=5.0, recovery_seconds=15.0)
    creating = dynamorm.ensure_table(EXPIRING)
    world.run(dynamorm.ensure_table(EXPIRING, wait=False))
    creator = Later(world, 8.0, dynamorm.update_table(EXPIRING, allow=["ttl"]))
    ensured = dynamorm.run(creating, creator, clock=world.clock)
    assert (ensured.created, ensured.drift, ensured.pending) == (False, (), ())


def test_ensure_without_waiting_takes_a_young_table_for_unfinished(world):
    """What its creator may still set is pending, and neither drift nor waited for."""
    world.run(dynamorm.create_table(PLAIN))
    ensured = world.run(dynamorm.ensure_table(EXPIRING, wait=False))
    assert ensured.drift == ()
    assert [item.name for item in ensured.pending] == ["ttl", "point_in_time_recovery"]
    assert world.sent == ["DescribeTable", *READS[:2]]


def test_ensure_waits_for_no_setting_of_another_table(world):
    """A young table with another index is not the declared one: it differs at once."""
    world.run(dynamorm.create_table(PLAIN))
    drift = world.run(dynamorm.ensure_table(changed(EXPIRING, indexes=(BY_X,)))).drift
    assert [item.name for item in drift] == ["index:by-x", "ttl", "point_in_time_recovery"]
    assert world.sent == ["DescribeTable", *READS[:2]]


class Later:
    """A service at which another process does something when its time has come."""

    def __init__(self, world: World, at: float, steps: Steps[Any]) -> None:
        self.world = world
        self.due = world.clock.moment + at
        self.steps: Steps[Any] | None = steps

    def send(self, operation: str, body: bytes) -> bytes:
        if self.steps is not None and self.world.clock.moment >= self.due:
            steps, self.steps = self.steps, None
            self.world.run(steps)
        return self.world.service.send(operation, body)


NOT_FOUND = ["UpdateTimeToLive", "UpdateContinuousBackups"]


@pytest.mark.parametrize("operation", [*NOT_FOUND, *READS])
@pytest.mark.parametrize("times", [1, 6])
def test_a_new_table_that_is_not_found_is_read_stale(world, operation, times):
    """Straight after a create every request about a setting may miss the table; that passes."""
    missing = service_error("ResourceNotFoundException", "", status=400, operation=operation)
    world.service.fail(operation, missing, times=times)
    assert world.run(dynamorm.ensure_table(SET)).created
    ensured = world.run(dynamorm.ensure_table(SET))
    assert (ensured.drift, ensured.pending) == ((), ())
    assert world.run(dynamorm.plan(SET)).steps == ()


@pytest.mark.parametrize("operation", [*NOT_FOUND, *READS])
def test_a_new_table_that_stays_missing_is_an_error(world, operation):
    """Half a minute of not-found is no stale read; the error names the table."""
    missing = service_error("ResourceNotFoundException", "", status=400, operation=operation)
    world.service.fail(operation, missing, times=100)
    if operation in READS:
        world.run(dynamorm.create_table(SET))
    with pytest.raises(TableNotFound) as caught:
        world.run(dynamorm.ensure_table(SET))
    assert (caught.value.table, 25 < world.clock.moment < 60) == ("orders", True)


def test_a_new_table_that_is_not_found_is_pending_without_waiting(world):
    """With `wait` off nothing is waited for, and a stale read is no error either."""
    missing = service_error("ResourceNotFoundException", "", status=400, operation="UpdateTable")
    world.service.fail("UpdateTimeToLive", missing, times=1)
    (pending,) = world.run(dynamorm.ensure_table(SET, wait=False)).pending
    assert (pending.name, world.clock.moment) == ("ttl", 0)


READ_OF = dict(
    zip(("ttl", "point_in_time_recovery", "tags", "resource_policy"), READS, strict=True)
)


@pytest.mark.parametrize("setting", READ_OF)
def test_ensure_lists_what_the_caller_may_not_read(world, setting):
    """A missing permission to compare is pending, with the action; `plan` raises it."""
    world.run(dynamorm.create_table(SET))
    operation = READ_OF[setting]
    denied = service_error("AccessDeniedException", "no", status=400, operation=operation)
    world.service.fail(operation, denied)
    ensured = world.run(dynamorm.ensure_table(SET))
    assert ensured.drift == ()
    (pending,) = ensured.pending
    assert (pending.name, pending.action) == (setting, f"dynamodb:{operation}")
    assert f"allow dynamodb:{operation} on orders" in pending.reason
    world.service.fail(operation, denied)
    with pytest.raises(AccessDenied, match=f"allow dynamodb:{operation} on orders") as caught:
        world.run(dynamorm.plan(SET))
    assert caught.value.table == "orders"


def test_ensure_raises_credentials_that_are_not_taken(world):
    """Rejected credentials are no missing permission."""
    world.run(dynamorm.create_table(SET))
    expired = service_error("ExpiredTokenException", "", status=400, operation="DescribeTimeToLive")
    world.service.fail("DescribeTimeToLive", expired)
    with pytest.raises(CredentialsRejected):
        world.run(dynamorm.ensure_table(SET))


class Forgetful:
    """A service that passes over a member of CreateTable, as emulators do."""

    def __init__(self, service: FakeService) -> None:
        self.service = service

    def send(self, operation: str, body: bytes) -> bytes:
        members = json.decode(body)
        members.pop("DeletionProtectionEnabled", None)
        return self.service.send(operation, json.encode(members))


def test_ensure_sets_what_is_declared_on_a_table_that_became_another(world):
    """A table that it has made is its own, even if the endpoint has made something less of it."""
    spec = changed(EXPIRING, deletion_protection=True)
    ensured = dynamorm.run(dynamorm.ensure_table(spec), Forgetful(world.service))
    assert (ensured.created, ensured.pending) == (True, ())
    assert world.service.sent[-2:] == WRITES


def test_ensure_says_what_an_endpoint_does_not_know():
    """What cannot be set or compared is pending with its reason, and never taken for done."""
    world = prompt(unknown={"UpdateTimeToLive", "DescribeTimeToLive"})
    for _ in range(2):
        (pending,) = world.run(dynamorm.ensure_table(SET)).pending
        assert pending.name == "ttl"


def test_ensure_says_what_could_not_be_done_in_time():
    """Recovery that does not become available before the time-out is pending."""
    world = prompt(recovery_seconds=1e9)
    (pending,) = world.run(dynamorm.ensure_table(SET, timeout=30)).pending
    assert "retry later" in pending.reason
    assert world.clock.moment == 30


def test_ensure_without_waiting_waits_for_nothing():
    """Where the table is ACTIVE at once, its settings are tried once."""
    world = prompt(recovery_seconds=1e9)
    (pending,) = world.run(dynamorm.ensure_table(SET, wait=False)).pending
    assert pending.name == "point_in_time_recovery"
    assert world.clock.moment == 0


def test_ensure_raises_what_time_does_not_help(world):
    """A missing permission is an error, not something that is pending."""
    denied = service_error("AccessDeniedException", "no", status=400, operation="UpdateTimeToLive")
    world.service.fail("UpdateTimeToLive", denied)
    with pytest.raises(AccessDenied):
        world.run(dynamorm.ensure_table(SET))


def test_auto_migrate_finishes_all_tables():
    """Each of several tables gets what it declares."""
    world = prompt(create_seconds=5.0)
    results = world.run(dynamorm.auto_migrate(SET, PLAIN.named("plain")))
    assert [item.pending for item in results] == [(), ()]
    assert [operation for operation in world.sent if operation in WRITES] == WRITES
    begun = world.run(dynamorm.auto_migrate(SET.named("third"), wait=False))
    assert [item.name for item in begun[0].pending] == ["ttl", "point_in_time_recovery"]


def test_a_policy_whose_answer_was_lost_is_not_put_again() -> None:
    """The second attempt is refused, for there is a policy: the first attempt's own."""
    world = prompt()
    lost = TransportError("cut", operation="PutResourcePolicy", maybe_applied=True)
    world.service.fail("PutResourcePolicy", lost, after_effect=True)
    spec = changed(PLAIN, stream="NEW_IMAGE", stream_policy={"Statement": []})
    ensured = world.run(dynamorm.ensure_table(spec))
    assert (ensured.created, ensured.pending) == (True, ())
    assert world.sent.count("PutResourcePolicy") == 2
    assert not world.run(dynamorm.plan(spec))
