"""`auto_migrate_with_options` brings items into a new shape and destroys nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids.worlds import DRIVERS, Driver, beside, stocked
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


@pytest.fixture(autouse=True)
def performed(driver: Driver) -> Iterator[None]:
    """Every `migrate` here holds under both drivers."""
    DRIVER.append(driver)
    yield
    DRIVER.pop()


DRIVER: list[Driver] = []


def migrate(fake: Any, model: Any = User, **options: Any) -> Any:
    return DRIVER[-1](dynamorm.auto_migrate_with_options(model, **options), fake)


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
        ({"backup_table": "users"}, "is the table itself"),
        ({"backup_table": "users-2", "target_model": User2}, "is the table itself"),
        ({"backup_table": "no name"}, "backup name"),
        ({"data_copy": True}, "in_place"),
        ({"data_copy": True, "transform": with_name}, "in_place"),
        ({"transform": with_name, "target_model": User2}, "transform: has no effect"),
        ({"batch_size": 5}, "batch_size: has no effect"),
        ({"backup_table": "taken"}, "a table named taken exists"),
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
    target_db = beside(DRIVER[-1], there, "eu-")
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


OTHERS: Any = {"source": "x", "target": "y", "of": 1, "segments": []}
"""The checkpoint of another copy."""


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"resume": OTHERS, "transform": with_name}, Refused),
        ({"segments": 0}, ValueError),
        ({"data_copy": "no"}, TypeError),
        ({"target_model": False}, TypeError),
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


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("copy.json", Refused, "checkpoint's source is 'x'"),
        ("missing/copy.json", FileNotFoundError, "missing"),
    ],
)
def test_a_checkpoint_file_that_does_not_do_is_told_before_the_backup(
    name: str, error: type[Exception], told: str, tmp_path: Path
) -> None:
    """One that is of something else, or in a folder that is not there."""
    fake = service()
    file = tmp_path / name
    (tmp_path / "copy.json").write_text(json.dumps(OTHERS))
    options = {"target_model": User2, "transform": with_name, "data_copy": True}
    with pytest.raises(error, match=told):
        migrate(fake, **options, backup_table="backup", checkpoint_file=file)
    assert writes(fake) == []


@pytest.mark.parametrize("segments", [0, 1.5, "8"])
def test_a_number_of_segments_is_checked_for_a_backup_too(segments: Any) -> None:
    """Else an endpoint that knows no backups would be left an empty table of the backup's name."""
    fake = service(backups=False)
    with pytest.raises(ValueError, match="the number of segments"):
        migrate(fake, backup_table="backup", segments=segments)
    assert fake.sent == []


def test_a_backup_by_copy_reads_what_has_been_written() -> None:
    """A backup made of eventually consistent reads could lack the last writes before it."""
    recorder = Recorder(service(backups=False))
    migrate(recorder, backup_table="backup", segments=1)
    [scan] = [body for operation, body in recorder.sent if operation == "Scan"]
    assert scan["ConsistentRead"] is True


@pytest.mark.parametrize("options", [{}, {"backup_table": "users-backup"}])
def test_a_missing_source_makes_no_target(options: dict[str, Any]) -> None:
    """The source is looked at before the target is made, here or in another database."""
    fake = service()
    gone = dynamorm.table_spec(User, name="gone")
    with pytest.raises(TableNotFound, match="gone"):
        migrate(fake, gone, target_model=User2, data_copy=True, **options)
    there = FakeService()
    target_db = beside(DRIVER[-1], there)
    with pytest.raises(TableNotFound, match="gone"):
        migrate(fake, gone, data_copy=True, target_db=target_db, **options)
    assert writes(fake) == writes(there) == []


DECLARED = dynamorm.table_spec(User2, stream="NEW_IMAGE")


@pytest.mark.parametrize("backup", [None, "users-backup"])
def test_a_target_that_is_not_as_declared_gets_no_items(backup: str | None) -> None:
    """It is refused before the backup, and the differences are named."""
    fake = service()
    dynamorm.run(dynamorm.create_table(User2), fake)
    fake.sent.clear()
    with pytest.raises(Refused, match="users-2 is not as declared: stream: declared NEW_IMAGE"):
        migrate(
            fake, target_model=DECLARED, data_copy=True, backup_table=backup, transform=with_name
        )
    assert writes(fake) == []
    assert not migrate(fake, target_model=DECLARED, backup_table=backup).target.created


def test_a_target_that_somebody_else_makes_in_the_meantime_is_looked_at_too() -> None:
    """Between the backup and the copy another table may take the name."""
    fake = service()

    class Racing:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "CreateBackup":
                dynamorm.run(dynamorm.create_table(User2), fake)
            return fake.send(operation, body)

    with pytest.raises(Refused, match="not as declared"):
        migrate(
            Racing(),
            target_model=DECLARED,
            backup_table="kept",
            data_copy=True,
            transform=with_name,
        )
    assert fake.items("users-2") == []


def test_a_target_that_is_not_ready_is_waited_for() -> None:
    """One that is being created, and one that is being deleted and has to be made again."""
    fake = service(delete_seconds=20)
    options: dict[str, Any] = {"target_model": User2, "data_copy": True, "transform": with_name}
    dynamorm.run(dynamorm.create_table(User2, wait=False), fake)
    assert migrate(fake, **options).copy.written == 40
    dynamorm.run(dynamorm.delete_table(User2, wait=False), fake)
    fake.sent.clear()
    done = migrate(fake, **options, backup_table="kept")
    assert (done.target.created, done.copy.written) == (True, 40)
    assert writes(fake)[:2] == ["CreateBackup", "CreateTable"]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("status", ["DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"])
def test_a_source_that_cannot_be_read_makes_no_target(status: str, there: bool) -> None:
    """A status that does not become ACTIVE ends it before the first write, target or not."""
    fake = service()
    if there:
        dynamorm.run(dynamorm.ensure_table(User2), fake)
        fake.sent.clear()

    class Changed:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            answer = fake.send(operation, body)
            if operation == "DescribeTable" and json.loads(body)["TableName"] == "users":
                return answer.replace(b'"ACTIVE"', json.dumps(status).encode())
            return answer

    with pytest.raises(TableFailed, match=status):
        migrate(Changed(), target_model=User2, data_copy=True, transform=with_name)
    assert writes(fake) == []


def test_a_database_of_the_other_kind_is_refused_before_anything_is_sent() -> None:
    """One for asyncio in a thread, or the reverse."""
    here, there = service(), FakeService()
    [other] = [given for given in DRIVERS.values() if given is not DRIVER[-1]]
    options: dict[str, Any] = {"backup_table": "kept", "data_copy": True}
    with pytest.raises(TypeError, match="asyncio"):
        migrate(here, **options, target_db=beside(other, there))
    assert here.sent == there.sent == []
