"""On-demand backups: made by name, and waited for.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

from .effects import Steps, call, now
from .errors import TableFailed, WaitTimeout
from .payloads import Request
from .replies import Reply
from .waiting import Deadline, pause, polling

__all__ = [
    "BackupDetails",
    "CreateBackupInput",
    "CreateBackupOutput",
    "DescribeBackupInput",
    "DescribeBackupOutput",
    "back_up",
]


class CreateBackupInput(Request, frozen=True):
    table_name: str
    backup_name: str


class DescribeBackupInput(Request, frozen=True):
    backup_arn: str


class BackupDetails(Reply, frozen=True):
    backup_arn: str
    backup_name: str
    backup_status: str
    backup_type: str | None = None
    backup_creation_date_time: float | None = None
    backup_size_bytes: int | None = None
    backup_expiry_date_time: float | None = None


class BackupDescription(Reply, frozen=True):
    backup_details: BackupDetails


class CreateBackupOutput(Reply, frozen=True):
    backup_details: BackupDetails


class DescribeBackupOutput(Reply, frozen=True):
    backup_description: BackupDescription


def back_up(table: str, backup: str, deadline: Deadline) -> Steps[BackupDetails]:
    """Make a backup and wait until it is AVAILABLE; raises `TableFailed` if it gets deleted."""
    request = CreateBackupInput(table, backup)
    details = (yield from call("CreateBackup", request, CreateBackupOutput)).backup_details
    schedule = polling()
    while details.backup_status != "AVAILABLE":
        if details.backup_status == "DELETED":
            raise TableFailed(f"{table}, backup {backup}", details.backup_status)
        if not (yield from pause(schedule, deadline)):
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(f"{table}, backup {backup}", waited, details.backup_status)
        asked = DescribeBackupInput(details.backup_arn)
        reply = yield from call("DescribeBackup", asked, DescribeBackupOutput)
        details = reply.backup_description.backup_details
    return details
