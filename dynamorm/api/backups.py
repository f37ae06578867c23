"""On-demand backups: made by name, and waited for.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html
"""

from __future__ import annotations

from . import Reply, Request


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
