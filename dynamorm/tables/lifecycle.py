"""The life of a table, as operations: programs that send nothing until they are performed.

Nothing here changes a table that was there before, and only `delete_table` deletes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .. import requests
from ..api.descriptions import Cursors, TableDescription
from ..api.tables import DeleteTableInput, DeleteTableOutput, DescribeTableOutput, ListTablesOutput
from ..errors import LimitExceeded, MigrateNotSupported, ModelError, TableBusy, TableNotFound
from ..model.declare import Model, table_name, table_spec
from ..model.options import check_flags
from ..model.spec import TableSpec
from ..operations.effects import Steps, call, operation
from ..operations.waiters import find_table, until_gone
from ..operations.waiting import Deadline, pause, polling, within
from .create import Ensured, create_whole, find_or_create, finish, passes

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.options import TableOptions


@operation
def create_table(
    model: Model,
    *,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    **options: Unpack[TableOptions],
) -> Steps[TableDescription]:
    """Create a table and wait until it and all its indexes are ACTIVE.

    Sends one CreateTable and, unless `wait` is off, DescribeTable until the table is ready; then it
    turns on a declared TTL and point-in-time recovery. `timeout` is in seconds, for all of it.
    Raises `ModelError` before anything is sent, and `Refused` for TTL or recovery with `wait` off,
    which would never be turned on; `TableExists` for an existing table, `WaitTimeout`,
    `TableFailed`.
    """
    check_flags(wait=wait)
    spec = table_spec(model, name=name, **options)
    return (yield from within(timeout, lambda deadline: create_whole(spec, deadline, wait)))


@operation
def ensure_table(
    model: Model,
    *,
    name: str | None = None,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    **options: Unpack[TableOptions],
) -> Steps[Ensured]:
    """Create the table unless it exists; if it does, return how it differs from the model.

    Never changes a table that this call did not create, whatever its status. Sends one
    DescribeTable if the table is there and ACTIVE, and one more read for each of TTL, point-in-time
    recovery, tags and policy that is declared. Sends CreateTable only after the service has said
    that there is no such table, and first waits for a table that is being deleted, even with `wait`
    off. Several processes may call it at once: it waits up to half a minute for what another
    process may still be setting on its new table, before it reports that as drift.
    """
    check_flags(wait=wait)
    spec = table_spec(model, name=name, **options)
    (ensured,) = yield from within(timeout, lambda deadline: _ensure((spec,), deadline, wait))
    return ensured


@operation
def auto_migrate(
    *models: Model, wait: bool = True, timeout: float | timedelta | None = 300
) -> Steps[tuple[Ensured, ...]]:
    """Create all missing tables, then wait for all of them; otherwise as `ensure_table`.

    Checks every model before anything is sent: `ModelError` has the problems of all of them.
    """
    check_flags(wait=wait)
    specs = _specs(models)
    return (yield from within(timeout, lambda deadline: _ensure(specs, deadline, wait)))


def _ensure(
    specs: Sequence[TableSpec], deadline: Deadline, wait: bool
) -> Steps[tuple[Ensured, ...]]:
    begun = []
    # Every CreateTable is sent before any wait: the service creates tables side by side.
    for spec in specs:
        begun.append((yield from find_or_create(spec, deadline)))  # noqa: PERF401 - yields
    ready = []
    for spec, ensured in zip(specs, begun, strict=True):
        ready.append((yield from finish(spec, ensured, deadline, wait)))
    return tuple(ready)


@operation
def describe_table(
    model_or_name: Model | str, *, name: str | None = None
) -> Steps[TableDescription]:
    """Describe a table in one DescribeTable; raises `TableNotFound`."""
    payload = requests.describe_table(table_name(model_or_name, name=name))
    return (yield from call("DescribeTable", payload, DescribeTableOutput)).table


@operation
def table_exists(model_or_name: Model | str, *, name: str | None = None) -> Steps[bool]:
    """Return whether the table exists, in any status, even while it is being deleted.

    Returns `False` only if the service says that there is no such table; raises any other error.
    """
    return (yield from find_table(table_name(model_or_name, name=name))) is not None


@operation
def delete_table(
    model_or_name: Model | str,
    *,
    name: str | None = None,
    missing_ok: bool = False,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
) -> Steps[None]:
    """Delete a table with all its items, and wait until it is gone.

    Raises `TableNotFound` for a missing table unless `missing_ok`. Waits for a table that is being
    created or changed. Never turns deletion protection off: a protected table raises
    `ValidationFailed`.
    """
    check_flags(missing_ok=missing_ok, wait=wait)
    payload = requests.delete_table(table_name(model_or_name, name=name))
    yield from within(timeout, lambda deadline: _delete(payload, missing_ok, wait, deadline))


def _delete(
    payload: DeleteTableInput, missing_ok: bool, wait: bool, deadline: Deadline
) -> Steps[None]:
    schedule = polling()
    maybe_applied = False
    while True:
        try:
            reply = yield from call("DeleteTable", payload, DeleteTableOutput)
            break
        except TableNotFound as error:
            # An earlier attempt, whose answer was lost or was an error, may have deleted it.
            if missing_ok or error.maybe_applied or maybe_applied:
                return
            raise
        except (TableBusy, LimitExceeded) as error:
            maybe_applied = error.maybe_applied or maybe_applied
            if not wait or not passes(error) or not (yield from pause(schedule, deadline)):
                raise
    if wait:
        yield from until_gone(payload.table_name, deadline, reply.table_description)


@operation
def list_tables(prefix: str = "") -> Steps[tuple[str, ...]]:
    """Return the names of all tables of the account and region that begin with `prefix`.

    Sends one ListTables for every 100 tables of the account.
    """
    if not isinstance(prefix, str):
        raise TypeError(f"list_tables takes what names begin with, a str, not {prefix!r:.200}")
    names: list[str] = []
    start_after: str | None = None
    cursors = Cursors("ListTables")
    while True:
        payload = requests.list_tables(start_after)
        page = yield from call("ListTables", payload, ListTablesOutput)
        # ListTables knows no filter: finding a prefix takes every page of the account.
        names += (name for name in page.table_names if name.startswith(prefix))
        start_after = cursors.onward(start_after, page.last_evaluated_table_name)
        if start_after is None:
            return tuple(names)


def migrate(*_models: Any, **_options: Any) -> NoReturn:
    """Raise `MigrateNotSupported`: production schemas belong to infrastructure as code."""
    raise MigrateNotSupported(
        "dynamorm keeps no history of a schema and does not migrate it. In production let AWS CDK, "
        "Terraform or CloudFormation own the table; in development and tests use create_table or "
        "ensure_table, and auto_migrate for several models. Read on: docs/environments, "
        "https://docs.aws.amazon.com/prescriptive-guidance/latest/choose-iac-tool/introduction.html"
    )


def _specs(models: tuple[Model, ...]) -> list[TableSpec]:
    specs: list[TableSpec] = []
    problems: list[str] = []
    for model in models:
        try:
            spec = table_spec(model)
        except ModelError as error:
            problems += error.problems
            continue
        if spec.name in (other.name for other in specs):
            problems.append(f"two models have this table name - at {spec.name}")
        specs.append(spec)
    if problems:
        raise ModelError(tuple(problems))
    return specs
