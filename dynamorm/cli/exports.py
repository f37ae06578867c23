"""Commands that write models in another language, and tables as models."""

from __future__ import annotations

from typing import Any

import click

from . import arguments
from .plans import all_steps
from .session import Session, command

out = click.option("--out", metavar="FILE", help="Write it to a file, not to standard output.")


@command()
@arguments.models
@click.option(
    "--deletion-policy",
    type=click.Choice(["Retain", "Delete", "RetainExceptOnCreate"]),
    default="Retain",
    show_default=True,
    help="What becomes of a table that leaves the stack.",
)
@out
def cloudformation(
    session: Session, models: tuple[str, ...], deletion_policy: str, out: str | None
) -> None:
    """Write a CloudFormation template: JSON, with outputs."""
    from ..export import cloudformation

    prefix = session.given["prefix"] or ""
    found = session.models(models)
    _write(cloudformation(*found, prefix=prefix, deletion_policy=deletion_policy), out)


@command()
@arguments.models
@out
def terraform(session: Session, models: tuple[str, ...], out: str | None) -> None:
    """Write Terraform JSON for the AWS provider, as tables.tf.json."""
    from ..export import terraform

    found = session.models(models)
    _write(terraform(*found, prefix=session.given["prefix"] or ""), out)


@command()
@arguments.models
@out
def requests(session: Session, models: tuple[str, ...], out: str | None) -> None:
    """Write the requests that create the tables, in order."""
    from ..model.declare import table_spec
    from ..operations.effects import Location
    from ..tables.plan import create_plan

    here = Location(table_prefix=session.given["prefix"] or "")
    plans = (create_plan(table_spec(model), (), here) for model in session.models(models))
    steps = [step for plan in plans for step in all_steps(plan.steps)]
    _write([{"operation": step.operation, "body": step.payload} for step in steps], out)


@command()
@click.argument("table", metavar="TABLE")
@out
def pull(session: Session, table: str, out: str | None) -> None:
    """Write the Python source of a model for a table."""
    from ..export import source

    with session.database() as db:
        _show(session, table, db.run(source(table)), out)


def _show(session: Session, table: str, text: str, out: str | None) -> None:
    session.output.document("pull", table=table, source=text)
    if out or not session.output.as_json:
        _save(text.encode(), out)


def _write(value: Any, out: str | None) -> None:
    """Write JSON where it is wanted."""
    from msgspec import json

    _save(json.format(json.encode(value), indent=2) + b"\n", out)


def _save(content: bytes, out: str | None) -> None:
    with click.open_file(out or "-", "wb") as file:
        file.write(content)


@click.group(commands=[cloudformation, terraform, requests])
def export() -> None:
    """Write the models for CloudFormation, Terraform, or as requests."""


COMMANDS = (pull, export)
