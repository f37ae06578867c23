"""Commands that describe, list, create and delete tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import arguments
from .models import model_or_name
from .session import Session, command

if TYPE_CHECKING:
    from ..api import TableDescription
    from ..model.keys import KeyAttribute
    from ..tables.lifecycle import OnDrift


@command()
@arguments.models
@click.option(
    "--on-drift",
    type=click.Choice(["report", "raise", "raise-blocked"]),
    default="report",
    show_default=True,
    help="What to do about a difference.",
)
@arguments.timeout(300)
def ensure(session: Session, models: tuple[str, ...], on_drift: OnDrift, timeout: float) -> None:
    """Create the tables that are missing; report how others differ.

    Never changes an existing table: see apply.
    """
    found = session.models(models)
    with session.database() as db:
        ensured = db.auto_migrate(*found, on_drift=on_drift, timeout=timeout)
    session.output.told("ensure", ensured, tables=ensured)


@command()
@arguments.tables
def describe(session: Session, tables: tuple[str, ...]) -> None:
    """Describe tables, each in one DescribeTable."""
    found = [model_or_name(name) for name in tables]
    with session.database() as db:
        described = [db.describe_table(table) for table in found]
    session.output.told("describe", map(_text, described), tables=described)


def _text(table: TableDescription) -> str:
    """Return the facts that people look for; JSON has all of them."""
    from msgspec import UNSET

    from ..model.options import Options
    from ..model.spec import TableSpec

    spec = TableSpec.of(table)
    facts = {"key": _key(spec.key)}
    for index in spec.indexes:
        kind = "index" if index.kind == "global" else f"{index.kind} index"
        vector = index.vector
        told = f"{vector.name} of {vector.dimensions} ({vector.distance})" if vector else ""
        parts = filter(None, (_key(index.defined), told, str(index.projection)))
        facts[f"{kind} {index.name}"] = "; ".join(parts)
    options = {name: getattr(spec, name) for name in Options.__struct_fields__}
    facts |= {name: str(value) for name, value in options.items() if value is not UNSET}
    items, size = table.item_count or 0, table.table_size_bytes or 0
    facts |= {
        "items": f"{items:,}, {size:,} bytes (counted every six hours)",
        "ARN": str(table.table_arn),
    }
    width = max(map(len, facts))
    lines = (f"  {name:{width}}  {fact}" for name, fact in facts.items())
    return "\n".join((f"{table.table_name}: {table.table_status}", *lines))


def _key(parts: tuple[KeyAttribute, ...]) -> str:
    return ", ".join(f"{part.name} ({part.type})" for part in parts)


@command("list")
@click.argument("start", default="")
def list_(session: Session, start: str) -> None:
    """Print the names of tables, or those that begin with START."""
    with session.database() as db:
        names = db.list_tables(start)
    session.output.told("list", names, tables=names)


@command()
@arguments.tables
@arguments.yes
@click.option("--missing-ok", is_flag=True, help="Ignore tables that do not exist.")
@arguments.timeout(300)
def delete(
    session: Session, tables: tuple[str, ...], yes: bool, missing_ok: bool, timeout: float
) -> int:
    """Delete tables with all their items, after a "yes".

    Never turns deletion protection off.
    """
    found = [model_or_name(name) for name in tables]
    with session.database() as db:
        names = [db.table_name(table) for table in found]
        if not session.confirm(f"Delete {', '.join(names)} with all items", sure=yes):
            return 1
        db.delete_tables(*found, missing_ok=missing_ok, timeout=timeout)
        # Before Python 3.12, tracing loses what follows a program that has caught an error.
        return _deleted(session, names, missing_ok)  # pragma: no cover


def _deleted(session: Session, names: list[str], missing_ok: bool) -> int:
    # Which of them were there, nobody has asked: a table that leaves answers as a missing one.
    what = "deleted, or was missing" if missing_ok else "deleted"
    session.output.told("delete", (f"{name}: {what}" for name in names), tables=names)
    return 0


COMMANDS = (ensure, describe, list_, delete)
