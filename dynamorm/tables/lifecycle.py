"""The life of a table, as operations: programs that send nothing until they are performed.

Nothing here changes a table that was there before, or deletes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from .. import errors
from ..api.descriptions import TableDescription
from ..errors import DOCS, DynamormError
from ..model.declare import Model, table_spec
from ..model.options import check_flags
from ..model.spec import TableSpec
from ..operations.effects import Steps, operation
from ..operations.waiting import Deadline, within

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions
    from .ensured import Ensured

OnDrift = Literal["report", "raise", "raise-blocked"]


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
    from .create import create_whole

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
    on_drift: OnDrift = "report",
    **options: Unpack[TableOptions],
) -> Steps[Ensured]:
    """Create the table unless it exists; if it does, return how it differs from the model.

    Never changes a table that this call did not create, whatever its status. Sends one
    DescribeTable if the table is there and ACTIVE, and one more read for each of TTL, point-in-time
    recovery, tags and policy that is declared. Sends CreateTable only after the service has said
    that there is no such table, and first waits for a table that is being deleted, even with `wait`
    off. Several processes may call it at once: it waits up to half a minute for what another
    process may still be setting on its new table, before it reports that as drift.

    With `on_drift="raise"` a difference raises `Drifted`; with "raise-blocked" only one that a
    living table cannot be given, such as another key.
    """
    check_flags(wait=wait)
    _check_on_drift(on_drift)
    spec = table_spec(model, name=name, **options)
    steps = within(timeout, lambda deadline: _ensure((spec,), deadline, wait, on_drift))
    (ensured,) = yield from steps
    return ensured


@operation
def auto_migrate(
    *models: Model,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
    on_drift: OnDrift = "report",
) -> Steps[tuple[Ensured, ...]]:
    """Create all missing tables, then wait for all of them; otherwise as `ensure_table`.

    Checks every model before anything is sent: `ModelError` has the problems of all of them. Unless
    `on_drift` is "report", describes all tables, and raises `Drifted` before it creates any. After
    an error on one table it creates no other, completes those that it has created, and raises.
    """
    check_flags(wait=wait)
    _check_on_drift(on_drift)
    specs = checked_specs(models)
    return (yield from within(timeout, lambda deadline: _ensure(specs, deadline, wait, on_drift)))


ensure_tables = auto_migrate


def _check_on_drift(on_drift: object) -> None:
    if on_drift not in ("report", "raise", "raise-blocked"):
        values = '"report", "raise" or "raise-blocked"'
        raise ValueError(f"on_drift= takes {values}, not {on_drift!r:.200}")


def _ensure(
    specs: Sequence[TableSpec], deadline: Deadline, wait: bool, on_drift: OnDrift
) -> Steps[tuple[Ensured, ...]]:
    if on_drift == "report":
        done = yield from _ensure_all(specs, deadline, wait)
        return tuple(done[spec.name] for spec in specs)
    from . import drifted

    there = yield from drifted.compare_first(specs, deadline, wait, on_drift)
    missing = [spec for spec in specs if spec.name not in there]
    done = there | (yield from _ensure_all(missing, deadline, wait))
    drifted.refuse_drifted(done.values(), on_drift)
    return tuple(done[spec.name] for spec in specs)


def _ensure_all(
    specs: Sequence[TableSpec], deadline: Deadline, wait: bool
) -> Steps[dict[str, Ensured]]:
    from .ensured import find_or_create

    begun: list[tuple[TableSpec, Ensured]] = []
    done: dict[str, Ensured] = {}
    trouble: DynamormError | None = None
    try:
        # Every CreateTable is sent before any wait: the service creates tables side by side.
        for spec in specs:
            begun.append((spec, (yield from find_or_create(spec, deadline))))  # noqa: PERF401 - yields
    except DynamormError as error:
        # Where one cannot be created, neither are those that would have come with it.
        trouble = error
    for spec, ensured in begun:
        # What this call has created is completed, whatever becomes of the others.
        if trouble is None or ensured.created:
            try:
                done[spec.name] = yield from _finish(spec, ensured, deadline, wait, bool(done))
            except DynamormError as error:
                trouble = trouble or error
    if trouble is not None:
        try:
            raise trouble
        finally:
            del trouble  # its traceback holds this frame, which would hold the error
    return done


def _finish(
    spec: TableSpec, begun: Ensured, deadline: Deadline, wait: bool, at_once: bool
) -> Steps[Ensured]:
    from .ensured import finish

    ensured = yield from finish(spec, begun, deadline, wait, at_once)
    if not ensured.drift:
        return ensured
    from .drifted import mark

    return mark(spec, ensured)


def migrate(*_models: Any, **_options: Any) -> NoReturn:
    """Raise `MigrateNotSupported`: production schemas belong to infrastructure as code."""
    raise errors.MigrateNotSupported(
        "dynamorm keeps no history of a schema and does not migrate it: in production, let AWS "
        "CDK, Terraform or CloudFormation own the table, or use plan and apply; in development and "
        "tests, use create_table, ensure_table or auto_migrate. "
        f"{DOCS}environments.html compares them"
    )


def checked_specs(models: tuple[Model, ...]) -> list[TableSpec]:
    """Return the specs of several models; `ModelError` has the problems of all of them."""
    specs: list[TableSpec] = []
    problems: list[str] = []
    for model in models:
        try:
            spec = table_spec(model)
        except errors.ModelError as error:
            problems += error.problems
            continue
        # Which of the two would be created, and which found different, the order would decide.
        if spec.name in (other.name for other in specs):
            problems.append(f"two models have this table name - at {spec.name}")
        specs.append(spec)
    if problems:
        raise errors.ModelError(tuple(problems))
    return specs
