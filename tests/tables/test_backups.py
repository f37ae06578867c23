"""Backups: made, listed and deleted; what is sent, and what ends a wait."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import (
    Backup,
    ModelError,
    PartitionKey,
    ServiceError,
    TableFailed,
    TableNotFound,
    TransportError,
    WaitTimeout,
    table,
)
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock, Script


@table("orders")
class Order(Struct):
    number: Annotated[int, PartitionKey()]


@pytest.fixture
def world() -> World:
    return World(dynamorm.table_spec(Order), create_seconds=0)


def test_a_backup_is_made_and_waited_for(world: World) -> None:
    """CreateBackup, then DescribeBackup until it is AVAILABLE; each look is progress."""
    seen: list[str] = []
    backup = world.run(
        dynamorm.create_backup(Order, "before", progress=lambda b: seen.append(b.status))
    )
    assert (backup.name, backup.status, backup.table_name) == (
        "before",
        "AVAILABLE",
        "orders",
    )
    assert world.sent == ["CreateBackup", *["DescribeBackup"] * (len(world.sent) - 1)]
    assert seen == ["CREATING"] * (len(seen) - 1) + ["AVAILABLE"]
    assert len(seen) == len(world.sent)


def test_a_backup_without_waiting_is_one_request(world: World) -> None:
    """It is told as it is then; a table's name or ARN will do."""
    for asked in ("orders", "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"):
        backup = world.run(dynamorm.create_backup(asked, "before", wait=False))
        assert backup.status == "CREATING"
        assert world.sent == ["CreateBackup"]


def test_backups_are_listed_by_table_and_by_prefix(driver: Any) -> None:
    """All pages of them; under a prefix only those of its tables; a backup is passed on as JSON."""
    world = World(create_seconds=0)
    for name in ("orders", "dev-orders"):
        world.run(dynamorm.create_table(Order, name=name))
        for _ in range(101 if name == "orders" else 1):
            world.run(dynamorm.create_backup(name, "daily", wait=False))
    listed = driver(dynamorm.list_backups(), world.service)
    assert len(listed) == 102
    assert world.sent[-2:] == ["ListBackups"] * 2
    only = driver(dynamorm.list_backups(model=Order), world.service, table_prefix="dev-")
    assert only == driver(dynamorm.list_backups(), world.service, table_prefix="dev-")
    assert [backup.table_name for backup in only] == ["dev-orders"]
    assert json.decode(json.encode(only[0]), type=Backup) == only[0]
    assert only[0].to_dict()["BackupName"] == "daily"


def test_only_the_backup_that_is_named_is_deleted(world: World) -> None:
    """By itself or by its ARN, in one request; one that is gone is an error."""
    backups = [world.run(dynamorm.create_backup(Order, "same")) for _ in range(3)]
    world.run(dynamorm.delete_backup(backups[0]))
    assert world.sent == ["DeleteBackup"]
    world.run(dynamorm.delete_backup(backups[2].arn))
    assert world.run(dynamorm.list_backups()) == (world.run(dynamorm.list_backups(Order))[0],)
    with pytest.raises(ServiceError, match="BackupNotFound"):
        world.run(dynamorm.delete_backup(backups[0]))
    lost = TransportError("cut", operation="DeleteBackup", maybe_applied=True)
    world.service.fail("DeleteBackup", lost, after_effect=True)
    world.run(dynamorm.delete_backup(backups[1]))
    assert world.run(dynamorm.list_backups()) == ()


@pytest.mark.parametrize("wrong", [None, 5, "before-launch", Order])
def test_what_is_no_backup_is_refused(world: World, wrong: Any) -> None:
    """A backup's name is not its own: only its ARN says which one is meant."""
    world.sent.clear()
    for operation in (dynamorm.delete_backup, lambda arn: dynamorm.restore_backup(Order, arn)):
        with pytest.raises(TypeError, match="a backup is a Backup or its ARN"):
            operation(wrong)
    assert world.sent == []


def test_bad_arguments_are_refused_before_anything_is_sent(world: World) -> None:
    """A name that no backup can have, a function that is none, a flag that is text."""
    world.sent.clear()
    with pytest.raises(ModelError, match="backup name 'a b'"):
        dynamorm.create_backup(Order, "a b")
    with pytest.raises(TypeError, match="progress= takes a function"):
        dynamorm.create_backup(Order, "abc", progress="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="wait= takes True or False"):
        dynamorm.create_backup(Order, "abc", wait="no")  # type: ignore[arg-type]
    with pytest.raises(TableNotFound):
        world.run(dynamorm.create_backup("missing", "abc"))


def test_a_table_that_is_not_ready_for_a_backup_is_waited_for() -> None:
    """One that is being created, and a service that is still preparing backups for it."""
    world = World(create_seconds=5)
    world.run(dynamorm.create_table(Order, wait=False))
    code = "ContinuousBackupsUnavailableException"
    early = service_error(code, "", status=400, operation="CreateBackup")
    world.service.fail("CreateBackup", early)
    assert world.run(dynamorm.create_backup(Order, "abc")).status == "AVAILABLE"
    world.service.fail("CreateBackup", early)
    with pytest.raises(ServiceError, match=code):
        world.run(dynamorm.create_backup(Order, "abc", wait=False))


def details(status: str) -> dict[str, str]:
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/backup/1"
    return {"BackupArn": arn, "BackupName": "abc", "BackupStatus": status}


def test_a_wait_ends_with_the_time_or_with_the_backup() -> None:
    """A busy service is waited out meanwhile; one that stays so is the cause of the time-out."""
    begun = ("CreateBackup", {"BackupDetails": details("CREATING")})
    busy = ("DescribeBackup", service_error("ThrottlingException", "", status=400, operation="x"))
    gone = ("DescribeBackup", {"BackupDescription": {"BackupDetails": details("DELETED")}})
    denied = service_error("AccessDeniedException", "", status=400, operation="DescribeBackup")
    ends: list[tuple[list[Any], type[Exception]]] = [
        ([busy] * 10 + [gone], TableFailed),
        ([busy] * 1000, WaitTimeout),
        ([("DescribeBackup", denied)], dynamorm.AccessDenied),
    ]
    for turns, error in ends:
        script = Script(begun, *turns)
        with pytest.raises(error):
            dynamorm.run(dynamorm.create_backup(Order, "abc"), script, clock=FakeClock())
    world = World(dynamorm.table_spec(Order), create_seconds=0)
    with pytest.raises(WaitTimeout) as caught:
        world.run(dynamorm.create_backup(Order, "abc", timeout=2))
    assert (caught.value.waited, caught.value.last_status) == (2, "CREATING")


def test_the_times_of_a_backup_are_aware() -> None:
    """When it was made, and when the service deletes it, if ever."""
    backup = json.decode(
        json.encode({**details("AVAILABLE"), "BackupCreationDateTime": 1.5}), type=Backup
    )
    made = backup.backup_creation_date_time
    assert (made.timestamp(), made.utcoffset().total_seconds()) == (1.5, 0)
    assert backup.backup_expiry_date_time is None
