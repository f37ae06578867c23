"""The fake service refuses what DynamoDB refuses of replicas, and knows who has left."""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import World
from msgspec import json

import dynamorm
from dynamorm import KeyAttribute, Provisioned, Replica, TableSpec
from dynamorm.errors import ValidationFailed
from dynamorm.model.spec import changed

pytestmark = pytest.mark.once

BARE = TableSpec("orders", KeyAttribute("number", "N"))
ONE = changed(BARE, replicas=(Replica("eu-west-1"),))
STRONG = changed(BARE, replicas=(Replica("us-east-2"), Replica("us-west-2")), consistency="STRONG")


def updates(*actions: tuple[str, str], **members: Any) -> dict[str, Any]:
    told = [{action: {"RegionName": region}} for action, region in actions]
    return {"ReplicaUpdates": told, **members} if told else members


@pytest.mark.parametrize(
    ("spec", "update", "message"),
    [
        (ONE, updates(("Create", "eu-west-1")), "Replica in eu-west-1 already exists"),
        (BARE, updates(("Delete", "eu-west-1")), "Replica in eu-west-1 does not exist"),
        (BARE, updates(("Create", "eu-west-1"), ("Create", "eu-west-2")), "Only one replica"),
        (BARE, updates(("Create", "us-east-2"), MultiRegionConsistency="STRONG"), "three Regions"),
        (STRONG, updates(("Delete", "us-east-2")), "removed together"),
        (changed(BARE, billing=Provisioned(1, 1)), updates(("Create", "eu-west-1")), "AutoScaled"),
        (changed(BARE, stream="KEYS_ONLY"), updates(("Create", "eu-west-1")), "NEW_AND_OLD_IMAGES"),
        (BARE, updates(DisassociationProtectionEnabled=False), "for the replica"),
    ],
)
def test_what_the_service_refuses_is_refused(spec, update, message):
    """So that a test of an application does not pass where the service would say no."""
    world = World(spec)
    body = json.encode({"TableName": "orders", **update})
    with pytest.raises(ValidationFailed, match=message):
        world.service.send("UpdateTable", body)


def test_a_replica_that_is_deleted_in_its_region_has_left():
    """The others stay; the source itself cannot be deleted for a day."""
    world = World(ONE)
    with pytest.raises(ValidationFailed, match="in the last 24 hours"):
        world.run(dynamorm.delete_table(BARE))
    there = world.service.in_region("eu-west-1")
    dynamorm.run(dynamorm.delete_table(BARE), there, clock=world.clock)
    assert world.run(dynamorm.describe_table(BARE)).replicas == ()
    world.run(dynamorm.delete_table(BARE))
