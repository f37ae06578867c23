"""Commands that write models in another language, and tables as models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import arguments
from .models import model_or_name
from .plans import all_steps
from .session import Session, command

if TYPE_CHECKING:
    from ..model.declare import Model

out = click.option("--out", metavar="FILE", help="Write to a file instead of standard output.")


@command()
@arguments.models
@click.option(
    "--deletion-policy",
    type=click.Choice(["Retain", "Delete", "RetainExceptOnCreate"]),
    default="Retain",
    show_default=True,
    help="What to do with a table that leaves the stack.",
)
@out
def cloudformation(
    session: Session, models: tuple[str, ...], deletion_policy: str, out: str | None
) -> None:
    """Write a CloudFormation template: JSON, with outputs."""
    from ..export import cloudformation

    found = session.models(models)
    _write(cloudformation(*found, prefix=session.prefix, deletion_policy=deletion_policy), out)


@command()
@arguments.models
@out
def terraform(session: Session, models: tuple[str, ...], out: str | None) -> None:
    """Write Terraform JSON for the AWS provider, as tables.tf.json."""
    from ..export import terraform

    found = session.models(models)
    _write(terraform(*found, prefix=session.prefix), out)


@command()
@arguments.models
@out
def requests(session: Session, models: tuple[str, ...], out: str | None) -> None:
    """Write the requests that create the tables, in order."""
    from ..model.declare import table_spec
    from ..operations import Location
    from ..tables.plan import create_plan

    # The plan for a table that does not exist yet; no request is sent.
    here = Location(table_prefix=session.prefix)
    plans = (create_plan(table_spec(model), (), here) for model in session.models(models))
    steps = [step for plan in plans for step in all_steps(plan.steps)]
    _write([{"operation": step.operation, "body": step.payload} for step in steps], out)


@command()
@click.argument("operations", metavar="OPERATION,...")
@click.argument("tables", nargs=-1, metavar="[TABLE|MODEL]...")
@arguments.allow
@click.option("--account", default="*", metavar="NUMBER", help="Account; otherwise any.")
@click.option("--bucket", default="*", metavar="NAME", help="Bucket; otherwise any.")
@out
def permissions(
    session: Session,
    operations: str,
    tables: tuple[str, ...],
    allow: tuple[str, ...],
    account: str,
    bucket: str,
    out: str | None,
) -> None:
    """Write the IAM policy that operations need, and no more.

    An OPERATION is a method of the library: plan, update_table, ensure_table, copy_table; several
    are separated by commas. The models are those of the project if none is named.
    """
    from ..database.permissions import required_actions
    from ..export import iam_policy

    named = [model_or_name(table) for table in tables] or session.models(())
    found = [_prefixed(table, session.prefix) for table in named]
    arn = f"arn:aws:dynamodb:{session.given['region'] or '*'}:{account}"
    needed = [
        permission
        for operation in operations.split(",")
        for permission in required_actions(operation, *found, allow=allow, bucket=bucket, arn=arn)
    ]
    _write(iam_policy(needed), out)


def _prefixed(table: Model | str, prefix: str) -> Model | str:
    from ..model import table_name, whole_name
    from ..model.declare import table_spec

    name = whole_name(prefix, table_name(table))
    return name if isinstance(table, str) else table_spec(table, name=name)


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
    """Write a value as JSON, to a file or to standard output."""
    from msgspec import json

    _save(json.format(json.encode(value), indent=2) + b"\n", out)


def _save(content: bytes, out: str | None) -> None:
    # As bytes, since text would get other line ends on Windows.
    with click.open_file(out or "-", "wb") as file:
        file.write(content)


@click.group(commands=[cloudformation, terraform, requests])
def export() -> None:
    """Write the models for CloudFormation, Terraform, or as requests."""


COMMANDS = (pull, export, permissions)
