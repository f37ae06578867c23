"""Brings a table's items into a new shape: backup, target table, copy. Nothing here deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .backups import BackupDetails, back_up
from .copying import copy_table
from .described import described_spec
from .effects import Steps, operation
from .errors import Refused, UnsupportedOperation
from .model import Model, table_spec
from .names import name_problem
from .options import TableOptions
from .prefixing import elsewhere
from .preparing import check_copy
from .reports import CopyReport
from .settings import CopyOptions, CopySettings
from .tables import Ensured, create_table, describe_table, ensure_table, table_exists
from .waiting import seconds_of, within

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

__all__ = ["Migrated", "auto_migrate_with_options"]


class Migrated(Struct, frozen=True):
    """What `auto_migrate_with_options` has done; what was not asked for is `None`."""

    target: Ensured
    backup: BackupDetails | None
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
    """Back the model's table up, ensure the target table, copy the items into it: what is asked.

    `backup_table` makes an on-demand backup of that name and waits for it; an endpoint that does
    not know backups gets a copy in a new table of that name instead. The other options are those
    of the target table, where it is created, and of `copy_table`. `timeout`, in seconds, is for
    each wait and not for the copy. To go on with a copy that did not end, give its checkpoint as
    `resume=` and no `backup_table`.

    Raises `Refused` before the first write: a backup name that is the name of a table, a target
    that is the source without `in_place`, an option of the copy without `data_copy`. Deletes
    nothing.
    """
    seconds_of(timeout)
    copying = {name: value for name, value in options.items() if name in _COPY_OPTIONS}
    table_options: Any = {k: v for k, v in options.items() if k not in _COPY_OPTIONS}
    source, target = table_spec(model), table_spec(target_model or model, **table_options)
    settings = CopySettings(**copying)  # type: ignore[arg-type]  # a part of the typed options
    _refuse(source.name, target.name, backup_table, copying if not data_copy else None, settings)
    copied_into = target if target_model is None else target_model
    if data_copy:
        check_copy(model, copied_into, settings, list(range(segments)), segments)
    backup, backup_copy = None, None
    if backup_table is not None:
        existing = _refuse_existing(source.name, backup_table)
        yield from within(timeout, lambda _: existing)
        backup, backup_copy = yield from _back_up(source.name, backup_table, segments, timeout)
    ensuring = ensure_table(target, timeout=timeout)
    there = settings.target_db
    ensured = yield from ensuring if there is None else elsewhere(ensuring, there)
    copied = None
    if data_copy:
        copied = yield from copy_table(
            model,
            copied_into,
            segments=segments,
            **copying,  # type: ignore[arg-type]  # a part of the typed options
        )
    return Migrated(ensured, backup, backup_copy, copied)


_COPY_OPTIONS = frozenset(CopySettings.__struct_fields__)


def _refuse(
    source: str,
    target: str,
    backup_table: str | None,
    unused: dict[str, Any] | None,
    settings: CopySettings,
) -> None:
    """Raise for what can be told to be wrong before anything is asked."""
    reasons = []
    if backup_table in (source, target):
        reasons.append(f"the backup cannot have the name of the table, {backup_table}")
    elif backup_table is not None and (problem := name_problem(backup_table, "backup")):
        reasons.append(problem)
    if unused:
        reasons.append(f"{', '.join(sorted(unused))}: does nothing without data_copy=True")
    same = source == target and settings.target_db is None
    if unused is None and same and not settings.in_place:
        reasons.append(f"source and target are the same table, {source}: say in_place=True")
    if reasons:
        raise Refused(tuple(reasons))


def _refuse_existing(source: str, backup_table: str) -> Steps[None]:
    yield from describe_table(source)
    # Before Python 3.12, tracing loses what follows a program that has caught an error.
    if (yield from table_exists(backup_table)):  # pragma: no branch
        raise Refused((f"there is a table of the backup's name, {backup_table}: name another",))


def _back_up(
    source: str, backup_table: str, segments: int, timeout: float | timedelta | None
) -> Steps[tuple[BackupDetails | None, CopyReport | None]]:
    try:
        making = within(timeout, lambda deadline: back_up(source, backup_table, deadline))
        return (yield from making), None
    except UnsupportedOperation:
        described = yield from describe_table(source)
    spec = described_spec(described).named(backup_table)
    # Created, not ensured: a table that has come in the meantime is somebody else's.
    yield from create_table(spec, timeout=timeout)
    copying = copy_table(source, backup_table, segments=segments, consistent_read=True)
    return None, (yield from copying)
