"""On-demand backups: made by name, and waited for.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

from ..api.backups import (
    BackupDetails,
    CreateBackupInput,
    CreateBackupOutput,
    DescribeBackupInput,
    DescribeBackupOutput,
)
from ..errors import TableFailed, WaitTimeout
from ..operations.effects import Steps, call, now
from ..operations.waiting import Deadline, pause, polling


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
