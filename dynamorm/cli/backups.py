"""Commands that back up tables, and restore them to new ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import click

from . import arguments
from .models import model_of, model_or_name
from .session import Session, command

if TYPE_CHECKING:
    from ..database import Database


@command()
@click.argument("table", required=False, metavar="[TABLE|MODEL]")
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the backups of the table, or all.")
@click.option(
    "--delete",
    "arns",
    multiple=True,
    metavar="BACKUP_ARN",
    help='Delete this backup, after a "yes".',
)
@arguments.yes
@arguments.timeout(300)
def backup(
    session: Session,
    table: str | None,
    name: str | None,
    listed: bool,
    arns: tuple[str, ...],
    yes: bool,
    timeout: float,
) -> int:
    """Make an on-demand backup, called NAME, and wait for it.

    With --list or --delete, list or delete backups instead.
    """
    _check((table, name), listed, arns)
    subject = model_or_name(table) if table else None
    with session.database() as db:
        if arns:
            return _delete(session, db, tuple(dict.fromkeys(arns)), sure=yes)
        if listed:
            backups = db.list_backups(subject)
        else:
            backups = (db.create_backup(subject, name, timeout=timeout),)  # type: ignore[arg-type]  # _check has seen both
    lines = (f"{item.backup_name}: {item.status}, {item.arn}" for item in backups)
    session.output.told("backup", lines, backups=backups)
    return 0


def _check(given: tuple[str | None, str | None], listed: bool, arns: tuple[str, ...]) -> None:
    """Refuse arguments that do not name exactly one of the three actions and its subject."""
    table, name = given
    problem = ""
    if listed + bool(arns) + (name is not None) > 1 or (arns and table):
        problem = "Give TABLE NAME, or --list [TABLE], or --delete BACKUP_ARN."
    elif not listed and not arns and name is None:
        problem = f"Missing argument '{'NAME' if table else 'TABLE'}'."
    if problem:
        raise click.UsageError(problem, click.get_current_context())
    if arns:
        from ..tables.backups import backup_arn

        for arn in arns:
            backup_arn(arn)


def _delete(session: Session, db: Database, arns: tuple[str, ...], *, sure: bool) -> int:
    if not session.confirm(f"Delete {', '.join(arns)}", sure=sure):
        return 1
    for arn in arns:
        db.delete_backup(arn)
        session.output.text(f"deleted {arn}")
    session.output.document("backup", deleted=arns)
    return 0


def moment(text: str) -> datetime:
    """Parse a time in ISO 8601; it needs an offset from UTC."""
    found = None
    with suppress(ValueError):
        # Python 3.10 does not read the Z.
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found is None or found.tzinfo is None:
        raise click.BadParameter(f"{text!r} is not a time in UTC: write 2026-11-26T02:30:00Z")
    return found


@command()
@click.argument("model")
@click.argument("backup_arn", required=False)
@click.option("--from", "source", metavar="TABLE", help="Restore this table to a point in time.")
@click.option("--at", type=moment, metavar="TIME", help="The point in time; otherwise the latest.")
@click.option("--name", metavar="NAME", help="Name of the new table, if not that of the model.")
@arguments.timeout(3600)
def restore(
    session: Session,
    model: str,
    backup_arn: str | None,
    source: str | None,
    at: datetime | None,
    name: str | None,
    timeout: float,
) -> None:
    """Restore a backup, or a table with PITR, to a new table.

    Then sets what MODEL declares and a restore loses: TTL, tags, stream, PITR and others.
    """
    target = model_of(model)
    if (backup_arn is None) == (source is None):
        raise click.UsageError("Give BACKUP_ARN or --from TABLE.", click.get_current_context())
    with session.database() as db:
        if backup_arn is not None:
            table = db.restore_backup(target, backup_arn, name=name, timeout=timeout)
        else:
            origin = model_or_name(str(source))
            table = db.restore_to_point_in_time(target, origin, at=at, name=name, timeout=timeout)
    lines = [f"{table.table_name}: {table.table_status}"]
    session.output.told("restore", lines, table=table)


COMMANDS = (backup, restore)
