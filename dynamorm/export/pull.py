"""The Python source of a model for a table that is there, or that somebody else has described."""

from __future__ import annotations

from typing import Any, overload

from msgspec import UNSET, json

from ..api.settings import DEFAULT_RECOVERY_DAYS, Settings
from ..model.spec import TableSpec, changed
from ..operations.effects import Operation, Steps, operation
from ..tables.drift import SETTINGS
from ..tables.lifecycle import describe_table
from ..tables.settings import survey
from .python import model_source


@overload
def source(table: str) -> Operation[str]: ...
@overload
def source(table: Any) -> str: ...


def source(table: Any) -> Operation[str] | str:
    """Return the Python source of a model: imports, and one class called like the table.

    For a table's name or ARN it is an operation, whose result is the source: it sends DescribeTable
    and a read each of TTL, point-in-time recovery, tags and policy. What the caller may not read,
    or the endpoint does not know, is left out, and a comment says so. A plan for the table straight
    afterwards is empty. For a description, a CreateTable request or its dict, a CloudFormation
    resource, or a `TableSpec`, it is the source at once.

    Keys that are numbers become `int`: write `Decimal` where they have fractions. Other attributes
    are declared only where an index includes them, as `Any`. Raises `ModelError` for a table that
    no model can stand for.
    """
    return _pulled(table) if isinstance(table, str) else model_source(TableSpec.of(table))


@operation
def _pulled(table: str) -> Steps[str]:
    found = yield from describe_table(table)
    settings = yield from survey(table, found, tuple(SETTINGS), skip=True, denied_ok=True)
    name = found.table_name if table.startswith("arn:") else table
    notes = [f"{setting} was not read: {why}." for setting, why in _unread(settings)]
    return model_source(changed(TableSpec.of(found, name=name), **_read(settings)), notes)


def _unread(settings: Settings) -> list[tuple[str, str]]:
    unknown = [(name, "this endpoint does not know it") for name in settings.unsupported]
    denied = [(n, f"dynamodb:{action} is denied") for n, action in settings.denied.items()]
    return unknown + denied


def _read(settings: Settings) -> dict[str, Any]:
    """Return what is on, as options."""
    told: dict[str, Any] = {"tags": settings.tags or UNSET}
    if settings.time_to_live is not UNSET:
        told["time_to_live"] = settings.time_to_live.attribute or UNSET
    if settings.point_in_time_recovery is not UNSET:
        days = settings.point_in_time_recovery.recovery_days
        told["point_in_time_recovery"] = True if days == DEFAULT_RECOVERY_DAYS else days or UNSET
    if settings.resource_policy:
        told["resource_policy"] = json.decode(settings.resource_policy)
    return told
