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


def test_a_table_is_restored_as_it_was(orders):
    """The latest moment, or the one that is named."""
    assert orders("restore shop:Order --from orders --name latest").stdout == "latest: ACTIVE\n"
    told = orders.json("restore shop:Order --from orders --at 1970-01-01T00:00:30Z --name then")
    assert told["table"]["TableName"] == "then"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("backup orders", "Missing argument 'NAME'."),
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
