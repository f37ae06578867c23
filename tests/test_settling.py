"""What `create_table`, `ensure_table`, `auto_migrate` set besides, and what is left pending."""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import World
from msgspec import json

import dynamorm
from dynamorm import (
    AccessDenied,
    IndexSpec,
    KeyAttribute,
    ServiceError,
    TableSpec,
    UnsupportedOperation,
)
from dynamorm.errors import service_error
from dynamorm.spec import changed
from dynamorm.testing import FakeService

ID = KeyAttribute("id", "S")
PLAIN = TableSpec("orders", ID)
EXPIRING = TableSpec("orders", ID, time_to_live="expires", point_in_time_recovery=7)
SET = changed(EXPIRING, tags={"team": "shop"}, resource_policy={"Statement": []})
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
    """Expiry and recovery are one request each after CreateTable, which has tags and policy."""
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


def test_create_without_waiting_only_creates():
    """A table in the making takes no settings, and nobody waits."""
    world = prompt(create_seconds=5.0)
    world.run(dynamorm.create_table(SET, wait=False))
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


def test_ensure_reads_only_what_is_declared(world):
    """A table that is there costs one read for each declared setting."""
    world.run(dynamorm.create_table(PLAIN))
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
    applied = world.run(dynamorm.update_table(SET))
    assert [step.name for step in applied.done] == ["ttl", "point_in_time_recovery"]


def test_ensure_goes_on_with_a_table_in_the_making():
    """Killed while the table was being made and started again, it is finished all the same."""
    world = prompt(create_seconds=5.0)
    world.run(dynamorm.create_table(SET, wait=False))
    ensured = world.run(dynamorm.ensure_table(SET))
    assert (ensured.created, ensured.drift, ensured.pending) == (False, (), ())
    assert [operation for operation in world.sent if operation in WRITES] == WRITES


def test_ensure_leaves_the_table_that_somebody_else_is_making():
    """A table in the making that is another one than was declared is not touched."""
    world = prompt(create_seconds=5.0)
    by_x = IndexSpec("by-x", (KeyAttribute("x", "S"),))
    world.run(dynamorm.create_table(PLAIN, wait=False))
    ensured = world.run(dynamorm.ensure_table(changed(EXPIRING, indexes=(by_x,))))
    assert [difference.name for difference in ensured.drift] == [
        "index:by-x",
        "ttl",
        "point_in_time_recovery",
    ]
    assert not set(world.sent) & set(WRITES)


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
