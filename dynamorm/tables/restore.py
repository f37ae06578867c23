"""Restores a table under a new name, and sets what a restore, or an import, does not carry.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Restore.Tutorial.html
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET, json

from .. import requests
from ..api import BillingModeSummary, Request, TableDescription
from ..api.backups import BackupDetails
from ..api.parts import GlobalSecondaryIndexDescription, VectorIndexDescription
from ..api.tables import CreateTableOutput, GlobalSecondaryIndex, NewVectorIndex
from ..errors import Refused, WaitTimeout
from ..model import table_name
from ..model.arguments import seconds_at
from ..model.declare import Model, table_spec
from ..model.options import Options, Provisioned, check_flags
from ..model.spec import TableSpec, changed
from ..operations import Steps, now, operation, where
from ..operations.waiting import Deadline, pause, polling, when_free, within
from ..requests.tables import definitions, units_shape
from . import describe_table
from .backups import backup_arn, contents, describe, of_its_table
from .changes import TableComparison
from .compare import differences
from .create import made_by
from .plan import Binding
from .replicas import REPLICA_SETTINGS
from .steps import Settings, operation_of
from .update import update
from .waits import until_active, until_done

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions

Found = TypeVar("Found", GlobalSecondaryIndexDescription, VectorIndexDescription)


@operation
def restore_backup(
    model: Model,
    backup: BackupDetails | str,
    *,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 3600,
    **options: Unpack[TableOptions],
) -> Steps[TableDescription]:
    """Restore a backup to a new table, wait for it, and make it what the model declares.

    Billing and encryption of the model, where it declares them, go with the restore. A restore
    loses class, stream, TTL, tags, PITR, policy and deletion protection: they are set afterwards,
    and indexes that the backup lacks, or that differ in it, are built, one at a time. Replicas are
    left to the next plan: what is restored is a table of one region. Sends one
    DescribeBackup, one RestoreTableFromBackup, DescribeTable, and the requests of `update_table`.

    Raises before it restores: `Refused` for a backup with another key or other local indexes than
    the model's, and with `wait` off for what nobody would set afterwards; `TableExists`.
    """
    check_flags(wait=wait)
    arn = backup_arn(backup)
    spec = of_one_region(table_spec(model, name=name, **options), "a restore", wait)

    def restore(deadline: Deadline) -> Steps[TableDescription]:
        # A restore takes minutes or hours: what no update could mend is told before it begins.
        there = yield from _contents(spec, arn, deadline)
        kept = _kept(spec, there, wait) if there else {}
        request = requests.restore_table_from_backup(spec, arn, **kept)
        return (yield from _restore(spec, arn, request, deadline, wait))

    return (yield from within(timeout, restore))


@operation
def restore_to_point_in_time(
    model: Model,
    source: Model | str,
    *,
    at: datetime | None = None,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 3600,
    **options: Unpack[TableOptions],
) -> Steps[TableDescription]:
    """Restore a table as it was `at` a moment, or latest, to a new table; as `restore_backup`.

    The source needs PITR. It is looked at as it is now, in one DescribeTable.
    """
    check_flags(wait=wait)
    moment = seconds_at(at, "at")
    spec = of_one_region(table_spec(model, name=name, **options), "a restore", wait)
    origin = table_name(source)
    if origin == spec.name:
        reason = "source and target are the same table: restore to a new one with name="
        raise Refused((f"{reason} - at {spec.name}",))

    def restore(deadline: Deadline) -> Steps[TableDescription]:
        # Whatever moment is restored, indexes and billing are those that the source has now:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
        there = yield from describe_table(origin)
        kept = _kept(spec, there, wait)
        request = requests.restore_table_to_point_in_time(spec, origin, at=moment, **kept)
        return (yield from _restore(spec, there.table_arn, request, deadline, wait))

    return (yield from within(timeout, restore))


def _contents(spec: TableSpec, arn: str, deadline: Deadline) -> Steps[TableDescription | None]:
    """Return a backup as the table that it would become; `None` where it tells no keys."""
    backup = yield from contents(arn)
    yield from until_done(of_its_table(backup.backup_details), describe, deadline)
    source, features = backup.source_table_details, backup.source_table_feature_details
    if source is None:
        return None
    return TableDescription(
        table_name=source.table_name,
        table_status="ACTIVE",
        # A backup does not tell types: one that differs is found when the table is there.
        attribute_definitions=definitions(spec.defined),
        key_schema=source.key_schema,
        billing_mode_summary=BillingModeSummary(source.billing_mode or "PAY_PER_REQUEST"),
        local_secondary_indexes=features.local_secondary_indexes,
        global_secondary_indexes=features.global_secondary_indexes,
        vector_indexes=features.vector_indexes,
    )


def _restore(
    spec: TableSpec, source: str | None, request: Request, deadline: Deadline, wait: bool
) -> Steps[TableDescription]:
    """Send a restore, wait for its table and complete it; without `wait`, only send it."""
    kind = operation_of(request)
    sending = when_free(kind, request, CreateTableOutput, deadline, wait=wait)

    def shows(table: TableDescription) -> bool:
        # A table that somebody has created meanwhile has the keys and the age, and no items.
        summary = table.restore_summary
        if summary is None:
            return False
        return source in (summary.source_backup_arn, summary.source_table_arn)

    # What a lost answer has made may lack indexes: keys, age and source tell whose it is.
    bare = changed(spec, indexes=(), index_insights=UNSET)
    made = yield from made_by(sending, bare, deadline, shows)
    return (yield from complete(spec, made, deadline)) if wait else made


def _kept(spec: TableSpec, there: TableDescription, wait: bool) -> dict[str, Any]:
    """Return the indexes to restore of what is there, without those that differ; `None` for all.

    All that differ are left out: to restore an index and then replace it would build it twice.
    Raises `Refused` for what no update could mend.
    """
    # What is ignored later is declared of a new table all the same.
    if blocked := TableComparison(changed(spec, ignore=UNSET), there, Settings()).blocked():
        reasons = (f"{b.name}: declared {b.declared}, found {b.found}" for b in blocked)
        raise Refused((*reasons, f"nothing was restored to {spec.name}"))
    # An index can be left out of a restore, but not added or changed by it:
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html
    names = {item.name for item in differences(spec, there)}
    found, vectors = there.global_secondary_indexes, there.vector_indexes
    kept, same = _alike(found, names), _alike(vectors, names)
    built = {index.name for index in spec.indexes if not index.local}
    built -= {index.index_name for index in kept} | {index.index_name for index in same}
    if built and not wait:
        reason = f"index {', '.join(sorted(built))} has to be built after the restore"
        raise Refused((f"{reason}, and with wait=False nobody does it - at {spec.name}",))
    # Each index has figures of its own, or none, as the table is billed.
    every = len(kept) == len(found) and (spec.billing is UNSET or not found)
    # Nothing of a vector index can be changed.
    named = (json.decode(json.encode(index), type=NewVectorIndex) for index in same)
    return {
        "indexes": None if every else tuple(_override(index, spec) for index in kept),
        "vectors": None if len(same) == len(vectors) else tuple(named),
    }


def _alike(found: Iterable[Found], names: Container[str]) -> list[Found]:
    """Return the indexes that stay, and are not among what differs."""
    staying = (index for index in found if index.index_status != "DELETING")
    return [index for index in staying if f"index:{index.index_name}" not in names]


def _override(index: GlobalSecondaryIndexDescription, spec: TableSpec) -> GlobalSecondaryIndex:
    """Name an index that the backup has, with the capacity that it is to have."""
    units, own = index.provisioned_throughput, None
    if isinstance(spec.billing, Provisioned):
        declared = {i.name: i.throughput for i in spec.indexes}
        own = declared.get(index.index_name) or spec.billing
    # A restore is billed as its source, unless it is declared: then each index has its own figures.
    elif spec.billing is UNSET and units and units.read_capacity_units:
        own = Provisioned(units.read_capacity_units, units.write_capacity_units or 1)
    return GlobalSecondaryIndex(
        index.index_name, index.key_schema, index.projection, units_shape(own)
    )


_CARRIED = {"billing", "encryption", "extra", "ignore"}
"""What the request has members for, and what is not a setting of the table."""


def of_one_region(spec: TableSpec, what: str, wait: bool) -> TableSpec:
    """Return what a restore or an import makes: its request has no replicas, a plan adds them.

    Raises `Refused` for a table that is named by its ARN, and for declared settings that nobody
    would set, because nobody waits.
    """
    if spec.name.startswith("arn:"):
        raise Refused((f"{what} takes the name of a new table, no ARN - at {spec.name}",))
    left = [row.name for row in REPLICA_SETTINGS]
    # A stream that nobody declares is there for the replicas, and comes with them.
    if spec.stream is UNSET:
        left.append("stream_policy")
    spec = changed(spec, **dict.fromkeys(left, UNSET))
    settings = (name for name in Options.__struct_fields__ if name not in _CARRIED)
    later = [name for name in (*settings, "time_to_live") if getattr(spec, name)]
    if later and not wait:
        reason = f"{what} does not carry {', '.join(later)}, and with wait=False nobody sets it"
        raise Refused((f"{reason}: wait, or use update_table later - at {spec.name}",))
    return spec


def complete(
    spec: TableSpec, made: TableDescription, deadline: Deadline
) -> Steps[TableDescription]:
    """Wait for a table that this run has made, and give it all that is declared.

    This is part of its creation: turning TTL on needs no consent, and `ignore` does not apply.
    Raises `PlanRefused` or `TableNotFound` if another table has taken its place, and leaves that
    one as it is.
    """
    # DescribeTable reads stale, and an update of a table that is not seen would be TableNotFound.
    ready = yield from until_active(spec.name, deadline, made)
    ours = Binding.to(ready, (yield from where()))
    schedule = polling()
    # A plan and all its checks again, and no second way to set things: a restore may have brought
    # some of them, and lost others. What stays pending is tried again until the time is over.
    whole = changed(spec, ignore=UNSET)
    allow = ("ttl",) * bool(spec.time_to_live)
    while True:
        applied = yield from update(whole, deadline, allow, ours=ours)
        if not applied.pending:
            return applied.table
        if not (yield from pause(schedule, deadline)):
            names = ", ".join(item.name for item in applied.pending)
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(spec.name, waited, f"without {names}")
