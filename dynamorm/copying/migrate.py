"""Brings a table's items into a new shape: backup, target table, copy. Nothing here deletes."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .. import requests
from ..api.backups import Backup
from ..errors import Refused, TableFailed, UnsupportedOperation
from ..model import Readable, name_problem
from ..model.declare import Model, table_spec
from ..model.keywords import TableOptions
from ..model.options import Options, check_flags
from ..operations import Steps, operation, where
from ..operations.middleware import elsewhere
from ..operations.waiting import seconds_of, within
from ..tables import describe_table, find_table, table_exists
from ..tables.backups import back_up
from ..tables.create import create_table
from ..tables.lifecycle import Ensured, ensure_table
from .job import check_pair, open_checkpoint
from .options import CopyOptions, check_segments, settings_of
from .pair import Pair, described_spec
from .report import CopyReport
from .table import copy_table

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack


class Migrated(Readable, frozen=True):
    """What `auto_migrate_with_options` has done; what was not asked for is `None`."""

    target: Ensured
    backup: Backup | None
    """The on-demand backup, where the endpoint knows backups."""
    backup_copy: CopyReport | None
    """The copy into a new table, where it does not."""
    copy: CopyReport | None


class MigrateOptions(TableOptions, CopyOptions, total=False):
    """The keywords of `auto_migrate_with_options` that are options of the table or of the copy."""


@operation
def auto_migrate_with_options(
    model: Model,
    *,
    target_model: Model | None = None,
    backup_table: str | None = None,
    data_copy: bool = False,
    segments: int = 8,
    timeout: float | timedelta | None = 300,
    **options: Unpack[MigrateOptions],
) -> Steps[Migrated]:
    """Back up the model's table, ensure the target table, copy the items: each only if asked for.

    `backup_table` makes an on-demand backup of that name and waits for it; an endpoint that does
    not know backups gets a copy in a new table of that name instead. The other options are those
    of the target table, where it is created, and of `copy_table`. `timeout`, in seconds, is for
    each wait and not for the copy. To resume a copy that did not end, pass its checkpoint as
    `resume=` and no `backup_table`.

    Raises before the first write: `TableNotFound` for a missing source; `Refused` for a backup name
    that is the name of a table, a target that is the source without `in_place`, an existing target
    that differs from what is declared, an option of the copy without `data_copy`. Waits for a
    target that is being created or changed. Deletes nothing.
    """
    seconds_of(timeout)  # raises for what is no limit, before anything is sent
    check_segments(segments)
    check_flags(data_copy=data_copy)
    of_table = Options.__struct_fields__
    table_options: Any = {k: value for k, value in options.items() if k in of_table}
    copying: Any = {k: value for k, value in options.items() if k not in of_table}
    settings = settings_of("auto_migrate_with_options", copying, *_OWN, *of_table)
    source = table_spec(model).name  # raises for what is no model
    target = table_spec(model if target_model is None else target_model, **table_options)
    pair = Pair(model, target if target_model is None else target_model, settings)
    _refuse(pair.names, backup_table, () if data_copy else copying)
    if data_copy:
        check_pair(pair)
        open_checkpoint(pair, None, segments)  # raises for one that is of another copy
    if settings.target_db is not None:
        # One that is not for this driver is refused here, before anything is sent.
        yield from elsewhere(where(), settings.target_db)

    def ensuring() -> Steps[Ensured]:
        return elsewhere(ensure_table(target, timeout=timeout), settings.target_db)

    ensured = None
    # Only a target that is there can differ: a missing one is created after the backup.
    # What cannot be copied is refused before a backup is made, which is paid for.
    if data_copy and (yield from within(timeout, lambda _: _is_there(pair))):
        _refuse_drift(ensured := (yield from ensuring()))
    backup, backup_copy = None, None
    if backup_table is not None:
        yield from within(timeout, lambda _: _refuse_existing(source, backup_table))
        backup, backup_copy = yield from _back_up(source, backup_table, segments, timeout)
    if ensured is None:
        ensured = yield from ensuring()
    copied = None
    if data_copy:
        # Once more: another process may have created the target during the backup.
        _refuse_drift(ensured)
        copied = yield from copy_table(pair.source, pair.target, segments=segments, **copying)
    return Migrated(ensured, backup, backup_copy, copied)


_OWN = ("target_model", "backup_table", "data_copy", "segments", "timeout")


def _refuse(names: tuple[str, str], backup_table: str | None, unused: Collection[str]) -> None:
    """Raise for what can be told to be wrong before anything is asked."""
    reasons = []
    if backup_table in names:
        reasons.append(f"backup_table= is the table itself, {backup_table}: pass another name")
    elif backup_table is not None and (problem := name_problem(backup_table, "backup")):
        reasons.append(problem)
    if unused:
        reasons.append(f"{', '.join(sorted(unused))}: has no effect without data_copy=True")
    if reasons:
        raise Refused(tuple(reasons))


def _is_there(pair: Pair) -> Steps[bool]:
    """Say whether there is a target; refuse a source that cannot be read."""
    source, target = pair.names
    found = yield from describe_table(source)
    there = yield from elsewhere(find_table(target), pair.settings.target_db)
    if found.table_status not in ("ACTIVE", "UPDATING", "CREATING"):
        # One that is being archived or has lost its KMS key does not come back by waiting.
        raise TableFailed(found.table_name, found.table_status)
    return there is not None and there.table_status != "DELETING"


def _refuse_drift(target: Ensured) -> None:
    """Raise for a table that is not what the copied items are for."""
    if target.drift:
        name = target.table.table_name
        reasons = [f"{name} is not as declared: {difference}" for difference in target.drift]
        advice = "nothing was copied: change the table with update_table, or the declaration"
        raise Refused((*reasons, advice))


def _refuse_existing(source: str, backup_table: str) -> Steps[None]:
    """Refuse a backup table that is there; raise `TableNotFound` for a missing source."""
    yield from describe_table(source)
    # Before Python 3.12, tracing loses what follows a program that has caught an error.
    if (yield from table_exists(backup_table)):  # pragma: no branch
        raise Refused((f"a table named {backup_table} exists: pass another name as backup_table=",))


def _back_up(
    source: str, backup_table: str, segments: int, timeout: float | timedelta | None
) -> Steps[tuple[Backup | None, CopyReport | None]]:
    """Make an on-demand backup, or a copy where the endpoint knows none; the other is `None`."""
    request = requests.create_backup(source, backup_table)
    try:
        making = within(timeout, lambda deadline: back_up(request, deadline))
        return (yield from making), None
    except UnsupportedOperation:  # an emulator, of which several know no backups
        described = yield from describe_table(source)
    spec = described_spec(described).named(backup_table)
    # Created, not ensured: a table that has come in the meantime is somebody else's.
    yield from create_table(spec, timeout=timeout)
    copying = copy_table(source, backup_table, segments=segments, consistent_read=True)
    return None, (yield from copying)
