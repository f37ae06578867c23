"""The Python source of a model for a table that is there, or that somebody else has described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from msgspec import UNSET, Struct

from ..model.spec import TableSpec, changed
from ..operations import Operation, Steps
from ..tables import describe_table
from ..tables.settings import SETTINGS, survey
from ..tables.steps import Change
from .python import model_source


@overload
def source(table: str) -> Operation[str]: ...
@overload
def source(table: Struct | Mapping[str, Any]) -> str: ...


def source(table: Any) -> Operation[str] | str:
    """Return the Python source of a model: imports, and one class called like the table.

    For a table's name or ARN it is an operation, whose result is the source: it sends DescribeTable
    and a read each of TTL, point-in-time recovery, tags and all else that is not in it. What the
    caller may not read is left out, and a comment says so; what the endpoint does not know cannot
    be set there. A plan for the table straight afterwards is empty. For a description, a
    CreateTable request or its dict, a CloudFormation resource, or a `TableSpec`, it is the source
    at once.

    Keys that are numbers become `int`: write `Decimal` where they have fractions. Other attributes
    are declared only where an index includes them, as `Any`. Raises `ModelError` for a table that
    no model can stand for.
    """
    if isinstance(table, str):
        return Operation(_pulled, (table,), {})
    return model_source(TableSpec.of(table))


def _pulled(table: str) -> Steps[str]:
    found = yield from describe_table(table)
    wanted = [row.name for row in SETTINGS.values() if row.read]
    # Asked for under the given name, which may be an ARN of another account.
    spec = TableSpec.of(found, name=table)
    settings = yield from survey(spec, found, wanted, skip=True, denied_ok=True)
    spec = spec.named(found.table_name) if table.startswith("arn:") else spec
    told = {}
    # Each row finds its setting as it does for a plan, which then has nothing to do.
    for name, answer in settings.answers.items():
        row = SETTINGS[name]
        told[row.field or name] = row.found(Change(name, UNSET, None, spec, found, answer)) or UNSET
    denied = settings.denied.items()
    notes = [f"{name} was not read: dynamodb:{action} is denied." for name, action in denied]
    return model_source(changed(spec, **told), notes)


# The name that a repr shows, and the warning about an operation that was never run.
_pulled.__name__ = source.__name__
