"""Commands that back up tables, and restore them to new ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import click

from . import arguments
from .models import model_of, model_or_name
from .session import Session, command


@command()
@click.argument("table", metavar="TABLE|MODEL")
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the backups of the table.")
@arguments.timeout(300)
def backup(session: Session, table: str, name: str | None, listed: bool, timeout: float) -> None:
    """Make an on-demand backup, called NAME, and wait for it."""
    subject = model_or_name(table)
    with session.database() as db:
        if listed:
            backups = db.list_backups(subject)
        elif name is not None:
            backups = (db.create_backup(subject, name, timeout=timeout),)
        else:
            raise click.UsageError("Missing argument 'NAME'.", click.get_current_context())
    lines = (f"{item.backup_name}: {item.status}, {item.arn}" for item in backups)
    session.output.text("\n".join(lines))
    session.output.document("backup", backups=backups)


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
    session.output.text(f"{table.table_name}: {table.table_status}")
    session.output.document("restore", table=table)


COMMANDS = (backup, restore)
