"""Backups and restores."""

from __future__ import annotations

import pytest


@pytest.fixture
def orders(run):
    run.change('"orders"', '"orders", stream="NEW_IMAGE", point_in_time_recovery=True')
    run("ensure shop:Order")
    return run


def test_a_backup_is_made_listed_and_restored(orders):
    """The new table is what the model declares, stream included."""
    made = orders("backup shop:Order daily").stdout
    assert made.startswith("daily: AVAILABLE, arn:aws:dynamodb:")
    assert orders("backup orders --list").stdout == made
    (told,) = orders.json("backup orders --list")["backups"]
    line = f"restore shop:Order {told['BackupArn']} --name again"
    assert orders(line).stdout == "again: ACTIVE\n"
    assert orders.json("describe again")["tables"][0]["StreamSpecification"]["StreamEnabled"]


def test_backups_of_all_tables_are_listed(orders):
    """Without a table, those of the whole account."""
    orders("backup orders daily")
    assert orders("backup --list").stdout == orders("backup orders --list").stdout


def test_a_backup_is_deleted_only_after_a_yes(orders):
    """By its ARN; nothing else is an answer, and without a terminal it takes --yes."""
    orders("backup orders daily")
    orders("backup orders weekly")
    daily, weekly = (told["BackupArn"] for told in orders.json("backup --list")["backups"])
    orders.service.sent.clear()
    assert "pass --yes" in orders(f"backup --delete {daily}", exits=1).stderr
    assert orders(f"backup --delete {daily}", answer="no", exits=1).stdout == ""
    assert orders.service.sent == []
    done = orders(f"backup --delete {daily}", answer="yes")
    assert done.stdout == f"deleted {daily}\n"
    assert f"Delete {daily}? Only 'yes' is accepted" in done.stderr
    assert orders.json(f"backup --delete {weekly} --yes")["deleted"] == [weekly]
    assert orders("backup --list").stdout == ""


def test_a_backup_that_is_named_twice_is_deleted_once(orders):
    """The second time, it would be one that is not there."""
    orders("backup orders daily")
    (told,) = orders.json("backup --list")["backups"]
    arn = told["BackupArn"]
    assert orders.json(f"backup --delete {arn} --delete {arn} --yes")["deleted"] == [arn]


def test_a_table_is_restored_as_it_was(orders):
    """The latest moment, or the one that is named."""
    assert orders("restore shop:Order --from orders --name latest").stdout == "latest: ACTIVE\n"
    told = orders.json("restore shop:Order --from orders --at 1970-01-01T00:00:30Z --name then")
    assert told["table"]["TableName"] == "then"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("backup orders", "Missing argument 'NAME'."),
        ("backup", "Missing argument 'TABLE'."),
        ("backup orders daily --list", "Give TABLE NAME, or --list [TABLE], or --delete"),
        ("backup orders --delete some-arn", "Give TABLE NAME, or --list [TABLE], or --delete"),
        ("backup --list --delete some-arn", "Give TABLE NAME, or --list [TABLE], or --delete"),
        ("backup --delete some-arn --yes", "a backup is a Backup or its ARN"),
        ("restore shop:Order", "Give BACKUP_ARN or --from TABLE."),
        ("restore shop:Order some-arn --from orders", "Give BACKUP_ARN or --from TABLE."),
        ("restore shop:Order some-arn", "a backup is a Backup or its ARN"),
        ("restore shop:Order --from orders --at now", "write 2026-11-26T02:30:00Z"),
        ("restore shop:Order --from orders --at 2026-11-26T02:30:00", "is not a time in UTC"),
    ],
)
def test_what_is_missing_is_named(run, line, told):
    """Before anything is sent."""
    assert told in run(line, exits=1).stderr
    assert run.service.sent == []
