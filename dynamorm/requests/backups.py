"""Requests about backups: made, listed, deleted, and restored from. They send nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ..api import backups
from ..api.tables import GlobalSecondaryIndex, NewVectorIndex
from ..errors import ModelError
from ..model import name_problem, table_name
from ..model.declare import Model, table_spec
from ..model.spec import TableSpec
from .tables import create_table, encryption_change

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


def create_backup(model_or_name: Model | str, backup_name: str) -> backups.CreateBackupInput:
    """Build CreateBackup; several backups may have the same name."""
    # The rule is that of tables' names, which a name made of a time with colons does not keep.
    if problem := name_problem(backup_name, "backup"):
        raise ModelError((f"{problem} - at {backup_name}",))
    return backups.CreateBackupInput(table_name(model_or_name), backup_name)


def describe_backup(arn: str) -> backups.DescribeBackupInput:
    """Build DescribeBackup."""
    return backups.DescribeBackupInput(arn)


def delete_backup(arn: str) -> backups.DeleteBackupInput:
    """Build DeleteBackup."""
    return backups.DeleteBackupInput(arn)


def list_backups(
    model_or_name: Model | str | None = None, *, start_after: str | None = None
) -> backups.ListBackupsInput:
    """Build ListBackups for a page of backups of all types, of one table or of all."""
    # Without a type, the service leaves out what it has made itself of deleted tables with PITR.
    return backups.ListBackupsInput(
        None if model_or_name is None else table_name(model_or_name),
        exclusive_start_backup_arn=start_after,
        backup_type="ALL",
    )


def restore_table_from_backup(
    model: Model,
    arn: str,
    *,
    name: str | None = None,
    indexes: Iterable[GlobalSecondaryIndex] | None = None,
    vectors: Iterable[NewVectorIndex] | None = None,
    **options: Unpack[TableOptions],
) -> backups.RestoreTableFromBackupInput:
    """Build RestoreTableFromBackup: billing and encryption of the model where it declares them.

    `indexes` are the global indexes of the backup that are restored, and `vectors` the vector
    indexes; all of them if they are left out.
    """
    spec = table_spec(model, name=name, **options)
    return backups.RestoreTableFromBackupInput(spec.name, arn, **_overrides(spec, indexes, vectors))


def restore_table_to_point_in_time(
    model: Model,
    source: Model | str,
    *,
    at: float | None = None,
    name: str | None = None,
    indexes: Iterable[GlobalSecondaryIndex] | None = None,
    vectors: Iterable[NewVectorIndex] | None = None,
    **options: Unpack[TableOptions],
) -> backups.RestoreTableToPointInTimeInput:
    """Build RestoreTableToPointInTime, to `at`, in seconds since the epoch, or the latest moment.

    Otherwise as `restore_table_from_backup`.
    """
    spec = table_spec(model, name=name, **options)
    origin = table_name(source)
    # Two members of the API, of which exactly one is given; most others take both forms in one.
    by_arn = origin.startswith("arn:")
    return backups.RestoreTableToPointInTimeInput(
        source_table_arn=origin if by_arn else None,
        source_table_name=None if by_arn else origin,
        target_table_name=spec.name,
        use_latest_restorable_time=True if at is None else None,
        restore_date_time=at,
        **_overrides(spec, indexes, vectors),
    )


def _overrides(
    spec: TableSpec,
    indexes: Iterable[GlobalSecondaryIndex] | None,
    vectors: Iterable[NewVectorIndex] | None,
) -> dict[str, Any]:
    """Return what is to differ from the backup: only what is declared."""
    # CreateTable is billed on demand unless the model says otherwise; a restore is as its backup.
    made = create_table(spec)
    billing = made if spec.billing is not UNSET else None
    return {
        "billing_mode_override": billing and billing.billing_mode,
        "global_secondary_index_override": None if indexes is None else tuple(indexes),
        "provisioned_throughput_override": billing and billing.provisioned_throughput,
        "on_demand_throughput_override": billing and billing.on_demand_throughput,
        # An empty list is not left out: it restores no index, and nothing restores all.
        "vector_index_override": None if vectors is None else tuple(vectors),
        "sse_specification_override": made.sse_specification or encryption_change(spec.encryption),
    }
