"""`auto_migrate_with_options` brings items into a new shape and destroys nothing."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from aids.worlds import stocked
from msgspec import Struct

import dynamorm
from dynamorm import (
    AccessDenied,
    PartitionKey,
    Refused,
    TableFailed,
    TableNotFound,
    WaitTimeout,
    attribute_transform,
    table,
)
from dynamorm.errors import service_error
from dynamorm.testing import FakeService, Recorder


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]


@table("users-2")
class User2(Struct):
    email: Annotated[str, PartitionKey()]
    name: str


@attribute_transform
def with_name(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "name": {"S": values["email"]["S"].partition("@")[0]}}


READS = {"DescribeTable", "DescribeBackup", "Scan"}


def service(**options: Any) -> FakeService:
    emails = [f"user{number}@example.org" for number in range(40)]
    fake = FakeService(create_seconds=1, **options)
    return stocked(User, fake, users=({"email": {"S": email}} for email in emails))


def migrate(fake: Any, model: Any = User, **options: Any) -> Any:
    return dynamorm.run(dynamorm.auto_migrate_with_options(model, **options), fake)


def writes(fake: FakeService) -> list[str]:
    return [operation for operation in fake.sent if operation not in READS]


def test_all_that_can_be_asked_for_in_order() -> None:
    """Backup, target table, copy through the transform: in this order, and waited for."""
    fake = service()
    done = migrate(
        fake, target_model=User2, backup_table="users-backup", data_copy=True, transform=with_name
    )
    assert (done.backup.backup_name, done.backup.backup_status) == ("users-backup", "AVAILABLE")
    assert done.backup_copy is None
    assert done.target.created
    assert (done.copy.done, done.copy.written) == (True, 40)
    assert writes(fake)[:2] == ["CreateBackup", "CreateTable"]
    assert set(writes(fake)[2:]) == {"BatchWriteItem"}
    assert all(b'"name"' in raw for raw in fake.items("users-2"))
    assert len(fake.items("users")) == 40


def named(user: User) -> User2:
    return User2(user.email, user.email.partition("@")[0])


def test_a_copy_in_it_can_be_gone_on_with() -> None:
    """Its report has the checkpoint, which the same call takes."""
    fake = service()
    options: dict[str, Any] = {"target_model": User2, "data_copy": True, "transform": named}
    stopped = migrate(fake, **options, deadline=0)
    assert (stopped.copy.done, stopped.copy.written) == (False, 0)
    done = migrate(fake, **options, resume=stopped.copy.checkpoint)
    assert (done.copy.done, done.copy.written) == (True, 40)


def test_only_what_is_asked_for_is_done() -> None:
    """Without options it ensures the model's own table, in one request when that is there."""
    fake = service()
    done = migrate(fake)
    assert (done.backup, done.backup_copy, done.copy) == (None, None, None)
    assert not done.target.created
    assert fake.sent == ["DescribeTable"]
    done = migrate(fake, target_model=User2, stream="NEW_IMAGE")
    assert done.target.table.stream_specification.stream_view_type == "NEW_IMAGE"
    assert fake.items("users-2") == []


def test_without_backups_the_items_go_into_a_new_table() -> None:
    """An endpoint that knows no backups gets a copy in a table of the backup's name."""
    fake = service(backups=False)
    done = migrate(fake, backup_table="users-backup")
    assert done.backup is None
    assert done.backup_copy.written == 40
    assert sorted(fake.items("users-backup")) == sorted(fake.items("users"))


def test_no_other_failure_of_a_backup_makes_a_copy() -> None:
    """A backup that is denied is an error; nothing is created or copied in its place."""
    fake = service()
    denied = service_error("AccessDeniedException", "", status=400, operation="CreateBackup")
    fake.fail("CreateBackup", denied)
    with pytest.raises(AccessDenied):
        migrate(fake, backup_table="users-backup", target_model=User2)
    assert writes(fake) == ["CreateBackup"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"backup_table": "users"}, "the name of the table"),
        ({"backup_table": "users-2", "target_model": User2}, "the name of the table"),
        ({"backup_table": "no name"}, "backup name"),
        ({"data_copy": True}, "in_place"),
        ({"data_copy": True, "transform": with_name}, "in_place"),
        ({"transform": with_name, "target_model": User2}, "transform: does nothing"),
        ({"batch_size": 5}, "batch_size: does nothing"),
        ({"backup_table": "taken"}, "there is a table of the backup's name"),
    ],
)
def test_what_could_do_harm_is_refused_before_the_first_write(
    options: dict[str, Any], reason: str
) -> None:
    """Names that are taken, a table copied onto itself, options that would do nothing."""
    fake = service()
    dynamorm.run(dynamorm.create_table(User, name="taken"), fake)
    fake.sent.clear()
    with pytest.raises(Refused, match=reason):
        migrate(fake, **options)
    assert writes(fake) == []
    assert len(fake.sent) <= 2


def test_a_missing_source_is_told_before_the_first_write() -> None:
    """What is not there can be neither backed up nor copied."""
    fake = service()
    gone = dynamorm.table_spec(User, name="gone")
    with pytest.raises(TableNotFound):
        migrate(fake, gone, backup_table="users-backup")
    assert writes(fake) == []


def test_in_place_changes_items_where_they_are() -> None:
    """Said aloud, a table may be its own target."""
    fake = service()
    done = migrate(fake, data_copy=True, transform=with_name, in_place=True)
    assert done.copy.written == 40
    assert all(b'"name"' in raw for raw in fake.items("users"))


def test_the_target_may_be_in_another_database() -> None:
    """The target table is ensured and filled where `target_db` is, under the same name too."""
    here, there = service(), FakeService(create_seconds=0)
    target_db = dynamorm.connect(transport=there, table_prefix="eu-")
    done = migrate(here, data_copy=True, target_db=target_db)
    assert done.target.created
    assert sorted(there.items("eu-users")) == sorted(here.items("users"))
    assert writes(here) == []


def details(status: str) -> dict[str, Any]:
    return {"BackupArn": "arn", "BackupName": "copy", "BackupStatus": status}


@pytest.mark.parametrize(
    ("status", "expected"), [("DELETED", TableFailed), ("CREATING", WaitTimeout)]
)
def test_a_backup_that_does_not_become_available_is_an_error(
    status: str, expected: type[Exception]
) -> None:
    """A backup is only taken for made when the service says AVAILABLE."""
    fake = service()

    class Stuck:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "CreateBackup":
                return json.dumps({"BackupDetails": details("CREATING")}).encode()
            if operation == "DescribeBackup":
                answer = {"BackupDescription": {"BackupDetails": details(status)}}
                return json.dumps(answer).encode()
            return fake.send(operation, body)

    with pytest.raises(expected):
        migrate(Stuck(), backup_table="users-backup", timeout=30)
    assert writes(fake) == []


def unchanged(user: User) -> User:
    return user


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"resume": {"source": "x", "target": "y", "of": 1, "segments": []}}, Refused),
        ({"segments": 0}, ValueError),
        ({"transform": lambda: None}, TypeError),
        ({"transform": unchanged}, TypeError),
    ],
)
def test_whatever_the_copy_would_refuse_is_refused_before_the_backup(
    options: dict[str, Any], error: type[Exception]
) -> None:
    """A checkpoint, a number or a transform that does not do is told before the first write."""
    fake = service()
    wanted = {"target_model": User2, "backup_table": "backup", "data_copy": True, **options}
    with pytest.raises(error):
        migrate(fake, **wanted)
    assert writes(fake) == []


def test_a_backup_by_copy_reads_what_has_been_written() -> None:
    """A backup made of eventually consistent reads could lack the last writes before it."""
    recorder = Recorder(service(backups=False))
    migrate(recorder, backup_table="backup", segments=1)
    [scan] = [body for operation, body in recorder.sent if operation == "Scan"]
    assert scan["ConsistentRead"] is True
