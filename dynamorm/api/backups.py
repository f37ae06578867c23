"""On-demand backups, and what is restored from them or to a point in time.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from . import KeySchemaElement, Reply, Request, moment, parts, tables


class CreateBackupInput(Request, frozen=True):
    table_name: str
    backup_name: str


class DescribeBackupInput(Request, frozen=True):
    backup_arn: str


class DeleteBackupInput(Request, frozen=True):
    backup_arn: str


class ListBackupsInput(Request, frozen=True):
    table_name: str | None = None
    limit: int | None = None
    time_range_lower_bound: float | None = None
    time_range_upper_bound: float | None = None
    exclusive_start_backup_arn: str | None = None
    backup_type: str | None = None


class RestoreTableFromBackupInput(Request, frozen=True):
    """Overrides differ from the backup; everything else is restored as it was.

    No builder overrides local indexes: one that is left out of a restore can never be made again.
    """

    target_table_name: str
    backup_arn: str
    billing_mode_override: str | None = None
    global_secondary_index_override: tuple[tables.GlobalSecondaryIndex, ...] | None = None
    local_secondary_index_override: tuple[tables.LocalSecondaryIndex, ...] | None = None
    provisioned_throughput_override: tables.ProvisionedThroughput | None = None
    on_demand_throughput_override: parts.OnDemandThroughput | None = None
    sse_specification_override: tables.SSESpecification | None = None
    vector_index_override: tuple[tables.NewVectorIndex, ...] | None = None


class RestoreTableToPointInTimeInput(Request, frozen=True, kw_only=True):
    """The source is given by name or ARN; without a time, the latest moment is restored."""

    source_table_arn: str | None = None
    source_table_name: str | None = None
    target_table_name: str
    use_latest_restorable_time: bool | None = None
    restore_date_time: float | None = None
    billing_mode_override: str | None = None
    global_secondary_index_override: tuple[tables.GlobalSecondaryIndex, ...] | None = None
    local_secondary_index_override: tuple[tables.LocalSecondaryIndex, ...] | None = None
    provisioned_throughput_override: tables.ProvisionedThroughput | None = None
    on_demand_throughput_override: parts.OnDemandThroughput | None = None
    sse_specification_override: tables.SSESpecification | None = None
    vector_index_override: tuple[tables.NewVectorIndex, ...] | None = None


class BackupDetails(Reply, frozen=True):
    """A backup as CreateBackup and DescribeBackup tell it: of its table, the ARN alone."""

    backup_arn: str
    backup_name: str
    backup_status: str
    backup_type: str | None = None
    created: float | None = field(default=None, name="BackupCreationDateTime")
    backup_size_bytes: int | None = None
    """Some six hours old, as all sizes."""
    expires: float | None = field(default=None, name="BackupExpiryDateTime")
    """For a backup that the service makes when a table with PITR is deleted: 35 days later."""


class Backup(BackupDetails, frozen=True):
    """An on-demand backup, and the table that it is of (the API's BackupSummary)."""

    # In a list the service tells them; of a single backup only its ARN does, which has no id.
    table_name: str | None = None
    table_id: str | None = None
    table_arn: str | None = None

    @property
    def arn(self) -> str:
        return self.backup_arn

    @property
    def name(self) -> str:
        return self.backup_name

    @property
    def status(self) -> str:
        """CREATING, AVAILABLE or DELETED."""
        return self.backup_status

    @property
    def backup_creation_date_time(self) -> datetime | None:
        return moment(self.created)

    @property
    def backup_expiry_date_time(self) -> datetime | None:
        """When the service deletes it; `None` if it stays until you delete it."""
        return moment(self.expires)


class SourceTableDetails(Reply, frozen=True):
    """The table as it was when it was backed up; its keys without their types."""

    table_name: str
    key_schema: tuple[KeySchemaElement, ...] = ()
    billing_mode: str | None = None


class SourceTableFeatureDetails(Reply, frozen=True):
    """What the table had besides its keys; TTL, stream and encryption are not read."""

    local_secondary_indexes: tuple[parts.LocalSecondaryIndexDescription, ...] = ()
    global_secondary_indexes: tuple[parts.GlobalSecondaryIndexDescription, ...] = ()
    vector_indexes: tuple[parts.VectorIndexDescription, ...] = ()


class BackupDescription(Reply, frozen=True):
    backup_details: BackupDetails
    source_table_details: SourceTableDetails | None = None
    source_table_feature_details: SourceTableFeatureDetails = SourceTableFeatureDetails()


class CreateBackupOutput(Reply, frozen=True):
    backup_details: BackupDetails


class DescribeBackupOutput(Reply, frozen=True):
    backup_description: BackupDescription


DeleteBackupOutput = DescribeBackupOutput


class ListBackupsOutput(Reply, frozen=True):
    backup_summaries: tuple[Backup, ...] = ()
    last_evaluated_backup_arn: str | None = None
