"""On-demand backups: made, listed, and deleted where they are named.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from .. import requests
from ..api import backups as shapes
from ..api.backups import Backup, BackupDescription, BackupDetails, CreateBackupInput
from ..errors import ServiceError
from ..model import table_name
from ..model.arguments import check_progress
from ..model.declare import Model
from ..model.options import check_flags
from ..operations import Steps, call, operation, where
from ..operations.waiting import Deadline, when_free, within
from . import pages
from .waits import Progress, until_done

if TYPE_CHECKING:
    from datetime import timedelta


@operation
def create_backup(
    model: Model | str,
    backup_name: str,
    *,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    progress: Progress[Backup] | None = None,
) -> Steps[Backup]:
    """Make an on-demand backup of a table, and wait until it is AVAILABLE.

    Sends one CreateBackup and, unless `wait` is off, DescribeBackup until it is done; `progress` is
    called with each description. Several backups may have one name: where the answer was lost and
    the request is sent again, there may be two. Raises `TableNotFound`, `WaitTimeout`.
    """
    check_flags(wait=wait)
    check_progress(progress)
    request = requests.create_backup(table_name(model, name=name), backup_name)
    making = within(timeout, lambda deadline: back_up(request, deadline, wait, progress))
    return (yield from making)


def back_up(
    request: CreateBackupInput,
    deadline: Deadline,
    wait: bool = True,
    progress: Progress[Backup] | None = None,
) -> Steps[Backup]:
    """Send the request as soon as the table is free for it, and wait until it is AVAILABLE.

    With `wait` off, only for the table: the backup may be CREATING then.
    """
    # A lost answer is not resolved: to take an earlier backup of this name for ours would lose what
    # was written since, and two backups lose nothing.
    reply = yield from when_free(
        "CreateBackup", request, shapes.CreateBackupOutput, deadline, wait=wait
    )
    made = of_its_table(reply.backup_details)
    return (yield from until_done(made, describe, deadline, wait=wait, progress=progress))


def describe(arn: str) -> Steps[Backup]:
    """Look at a backup."""
    return of_its_table((yield from contents(arn)).backup_details)


def contents(arn: str) -> Steps[BackupDescription]:
    """Look at a backup, and at what is in it."""
    reply = yield from call(
        "DescribeBackup", requests.describe_backup(arn), shapes.DescribeBackupOutput
    )
    return reply.backup_description


def of_its_table(details: BackupDetails) -> Backup:
    """Add what the ARN tells: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/backup/ID.

    In lists the service names the table, elsewhere it does not.
    """
    table = details.backup_arn.rpartition("/backup/")[0]
    return Backup(
        **structs.asdict(details), table_name=table.rpartition("/")[2], table_arn=table or None
    )


@operation
def list_backups(model: Model | str | None = None) -> Steps[tuple[Backup, ...]]:
    """Return the on-demand backups of one table, or of all in this account, region and prefix.

    Sends one ListBackups for every 100 of them.
    """
    # ListBackups knows no prefix, and a database with one does not see the tables of others. A
    # table that is named may be gone: its backups outlive it.
    prefix = "" if model is not None else (yield from where()).table_prefix
    every = yield from pages(
        "ListBackups",
        lambda start: requests.list_backups(model, start_after=start),
        shapes.ListBackupsOutput,
        lambda page: page.last_evaluated_backup_arn,
    )
    backups = (backup for page in every for backup in page.backup_summaries)
    return tuple(backup for backup in backups if (backup.table_name or "").startswith(prefix))


@operation
def delete_backup(backup: BackupDetails | str) -> Steps[None]:
    """Delete a backup, given as a `Backup` or by its ARN, in one DeleteBackup."""
    request = requests.delete_backup(backup_arn(backup))
    try:
        yield from call("DeleteBackup", request, shapes.DeleteBackupOutput)
    except ServiceError as error:
        # An earlier attempt, whose answer was lost, has deleted it.
        if error.code != "BackupNotFoundException" or not error.maybe_applied:
            raise


def backup_arn(backup: object) -> str:
    """Return the ARN of a backup; raise `TypeError` for what has none."""
    # Not its name: several backups may have the same one.
    arn = backup.backup_arn if isinstance(backup, BackupDetails) else backup
    if not isinstance(arn, str) or "/backup/" not in arn:
        written = "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/backup/ID"
        raise TypeError(f"a backup is a Backup or its ARN, {written}, not {arn!r:.300}")
    return arn
