"""`required_actions` holds exactly the requests that operations are seen to send."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json

import dynamorm
from dynamorm import (
    IndexSpec,
    KeyAttribute,
    Permission,
    Refused,
    Steps,
    TableSpec,
    required_actions,
)
from dynamorm.errors import TransportError
from dynamorm.spec import changed
from dynamorm.testing import FakeClock, FakeService

ID = KeyAttribute("id", "S")
PLAIN = TableSpec("orders", ID)
SET = TableSpec(
    "orders",
    ID,
    time_to_live="expires",
    point_in_time_recovery=True,
    tags={"team": "shop"},
    resource_policy={"Statement": []},
)
OTHER = PLAIN.named("others")
ARN = "arn:aws:dynamodb:*:*"


class Watched:
    """A fake service that keeps each request's IAM action and resource."""

    def __init__(self, **delays: Any) -> None:
        self.clock = FakeClock()
        self.service = FakeService(self.clock, **delays)
        self.seen: set[Permission] = set()

    def send(self, operation: str, body: bytes) -> bytes:
        for resource in _resources(json.decode(body)):
            self.seen.add(Permission(resource, f"dynamodb:{operation}"))
        if operation == "CreateTable":
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
            extra = {"Tags": "TagResource", "ResourcePolicy": "PutResourcePolicy"}
            actions = (action for member, action in extra.items() if member in json.decode(body))
            self.seen |= {Permission(resource, f"dynamodb:{action}") for action in actions}
        return self.service.send(operation, body)

    def run(self, *programs: Steps[Any]) -> tuple[Permission, ...]:
        """Perform programs; give what only the last of them has needed."""
        for program in programs:
            self.seen = set()
            self.clock.sleep(3600)
            dynamorm.run(program, self, clock=self.clock)
        return tuple(sorted(self.seen))


def _resources(payload: Any) -> list[str]:
    names = [payload["TableName"]] if "TableName" in payload else []
    names += payload.get("RequestItems", {})
    arns = [f"{ARN}:table/{name}" for name in names]
    if "ResourceArn" in payload:
        arns.append(f"{ARN}:table/{payload['ResourceArn'].rpartition('/')[2]}")
    if "BackupArn" in payload:
        arns.append(f"{ARN}:table/{payload['BackupArn'].rpartition('/')[0]}/*")
    return arns or ["*"]


def lost(operation: str) -> TransportError:
    return TransportError("cut", operation=operation, maybe_applied=True)


def asked_again(service: FakeService, *operations: str) -> None:
    """Let answers be lost, so that the operation has to look at what has become of its request."""
    for operation in operations:
        service.fail(operation, lost(operation), after_effect=True)


CREATING = [
    ("create_table", dynamorm.create_table, PLAIN, {}),
    ("create_table", dynamorm.create_table, PLAIN, {"wait": False}),
    ("create_table", dynamorm.create_table, SET, {}),
    ("ensure_table", dynamorm.ensure_table, PLAIN, {}),
    ("auto_migrate", dynamorm.auto_migrate, PLAIN, {}),
]


@pytest.mark.parametrize(("name", "operation", "spec", "options"), CREATING)
def test_creating(name, operation, spec, options):
    """A new table needs what is declared of it, and a look at it when an answer was lost."""
    watched = Watched(ttl_seconds=0.0)
    asked_again(watched.service, "CreateTable", "UpdateTimeToLive")
    seen = set(watched.run(operation(spec, **options)))
    needed = set(required_actions(name, spec, **options))
    # A read of recovery follows only on a refusal that the service is not known to give.
    assert needed - seen <= {
        Permission(f"{ARN}:table/orders", "dynamodb:DescribeContinuousBackups")
    }
    assert seen <= needed


@pytest.mark.parametrize("name", ["ensure_table", "auto_migrate"])
def test_ensuring(name):
    """Creating and finding together need exactly what is told."""
    operation = getattr(dynamorm, name)
    watched = Watched()
    seen = {*watched.run(operation(SET)), *watched.run(operation(SET))}
    assert sorted(seen) == list(required_actions(name, SET))


REMOVED = ["ttl:expires", "tag:team", "point_in_time_recovery", "resource_policy"]
FEWER = changed(SET, resource_policy=None, tags={})


@pytest.mark.parametrize(
    ("old", "new", "allow"),
    [
        (PLAIN, PLAIN, []),
        (PLAIN, SET, ["ttl"]),
        (SET, PLAIN, REMOVED),
        (SET, FEWER, ["tag:team", "resource_policy"]),
        (PLAIN, changed(PLAIN, indexes=(IndexSpec("by-x", (KeyAttribute("x", "N"),)),)), []),
    ],
)
def test_planning_and_updating(old, new, allow):
    """Plan, apply and update need their reads, and the writes that they come to."""
    watched = Watched()
    create = dynamorm.create_table(old)
    seen = watched.run(create, dynamorm.plan(new, allow=allow))
    assert seen == required_actions("plan", new, allow=allow)
    plan = dynamorm.run(dynamorm.plan(new, allow=allow), watched, clock=watched.clock)
    seen = watched.run(dynamorm.apply(plan, allow=allow))
    assert seen == required_actions(plan)
    assert set(seen) <= set(required_actions("update_table", new, allow=allow))


def test_updating_needs_no_more():
    """Every action that updating is said to need is seen to be sent."""
    new = changed(SET, stream="NEW_IMAGE", tags={"other": "x"})
    watched = Watched()
    seen = watched.run(
        dynamorm.create_table(changed(PLAIN, tags={"team": "shop"})),
        dynamorm.update_table(new, allow=["ttl", "tag:team"]),
    )
    assert seen == required_actions("update_table", new, allow=["ttl", "tag:team"])


@pytest.mark.parametrize(
    ("name", "options"),
    [("describe_table", {}), ("table_exists", {}), ("delete_table", {})],
)
def test_one_table(name, options):
    """What is about one table needs its requests on that table; a name will do."""
    seen = Watched().run(dynamorm.create_table(PLAIN), getattr(dynamorm, name)("orders"))
    assert seen == required_actions(name, "orders") == required_actions(name, PLAIN)


def test_deleting_without_waiting():
    """Who does not wait needs no look."""
    watched = Watched()
    seen = watched.run(dynamorm.create_table(PLAIN), dynamorm.delete_table(PLAIN, wait=False))
    assert seen == required_actions("delete_table", PLAIN, wait=False)


def test_listing():
    """ListTables is about no table."""
    assert Watched().run(dynamorm.list_tables()) == required_actions("list_tables")
    assert required_actions("list_tables") == (Permission("*", "dynamodb:ListTables"),)


COPIES = [
    ("copy_table", {}, {}),
    ("copy_segment", {"segment": 0, "of": 1}, {}),
    ("verify_copy", {}, {}),
]


@pytest.mark.parametrize(("name", "options", "told"), COPIES)
def test_copying(name, options, told):
    """A copy reads its source and writes its target; a comparison reads both."""
    watched = Watched()
    create = (dynamorm.create_table(PLAIN), dynamorm.create_table(OTHER))
    for program in create:
        watched.run(program)
    watched.service.put("orders", b'{"id":{"S":"a"}}')
    seen = watched.run(getattr(dynamorm, name)(PLAIN, OTHER, **options))
    assert seen == required_actions(name, PLAIN, OTHER, **told)


def test_migrating():
    """Backup, target table and copy together."""
    watched = Watched()
    watched.run(dynamorm.create_table(PLAIN))
    watched.service.put("orders", b'{"id":{"S":"a"}}')
    options = {"backup_table": "safe-copy", "data_copy": True}
    seen = watched.run(dynamorm.auto_migrate_with_options(PLAIN, target_model=OTHER, **options))
    assert seen == required_actions("auto_migrate_with_options", PLAIN, OTHER, **options)
    without = required_actions("auto_migrate_with_options", PLAIN, OTHER)
    assert without == required_actions("ensure_table", OTHER)


def test_account_and_region():
    """The resources begin with the ARN that is given."""
    (permission,) = required_actions(
        "describe_table", "orders", arn="arn:aws-cn:dynamodb:cn-north-1:111122223333"
    )
    assert permission.resource == "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders"


def test_what_is_no_operation():
    """A misspelt operation or name is an error."""
    with pytest.raises(ValueError, match="no operation 'create'"):
        required_actions("create", PLAIN)
    with pytest.raises(Refused):
        required_actions("plan", PLAIN, allow="ttl")
