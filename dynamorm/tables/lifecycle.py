"""Makes tables that are missing, and says how others differ; several processes may do so at once.

Nothing here changes a table that was there before, or deletes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args

from msgspec import UNSET

from .. import errors
from ..api import TableDescription
from ..errors import DOCS, DynamormError
from ..model import Readable
from ..model.declare import Model, checked_specs, table_spec
from ..model.options import check_flags, check_word
from ..model.spec import TableSpec, declares_settings
from ..operations import Steps, operation
from ..operations.waiting import Deadline, pause, polling, within
from . import find_table, is_ready
from .compare import Difference, Pending, drift

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions

OnDrift = Literal["report", "raise", "raise-blocked"]


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
    check_word("on_drift", on_drift, get_args(OnDrift))
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
    check_word("on_drift", on_drift, get_args(OnDrift))
    specs = checked_specs(models)
    return (yield from within(timeout, lambda deadline: _ensure(specs, deadline, wait, on_drift)))


ensure_tables = auto_migrate


def _ensure(
    specs: Sequence[TableSpec], deadline: Deadline, wait: bool, on_drift: OnDrift
) -> Steps[tuple[Ensured, ...]]:
    there: dict[str, Ensured] = {}
    for spec in () if on_drift == "report" else specs:
        found = yield from find_table(spec.name)
        # Before Python 3.12, tracing loses what follows a program that has caught an error.
        if found is not None and found.table_status != "DELETING":  # pragma: no branch
            begun = Ensured(False, found, ())
            there[spec.name] = yield from _finish(spec, begun, deadline, wait, False)
    # Before any is created: what raises here leaves nothing half made.
    _refuse_drifted(there.values(), on_drift)
    missing = [spec for spec in specs if spec.name not in there]
    done = there | (yield from _ensure_all(missing, deadline, wait))
    # Another process may have made one of them meanwhile, in another way.
    _refuse_drifted(done.values(), on_drift)
    return tuple(done[spec.name] for spec in specs)


def _refuse_drifted(every: Iterable[Ensured], on_drift: OnDrift) -> None:
    """Raise `Drifted` for differences; with "raise-blocked" only for those that no update ends."""
    counted = {"report": (), "raise": (False, True), "raise-blocked": (True,)}[on_drift]
    found = {
        ensured.table.table_name: tuple(
            item for item in ensured.drift if not item.unknown and item.blocked in counted
        )
        for ensured in every
    }
    if drifted := {name: drift for name, drift in found.items() if drift}:
        raise errors.Drifted(drifted)


def _ensure_all(
    specs: Sequence[TableSpec], deadline: Deadline, wait: bool
) -> Steps[dict[str, Ensured]]:
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
                # While the first was waited for, the others were being made: look at those at once.
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
    """Wait for a table, set what is declared if it is new, and otherwise compare it."""
    table = begun.table
    differing: tuple[Difference, ...] = ()
    left: tuple[Pending, ...] = ()
    if wait and not is_ready(table):
        from .waits import until_active

        table = yield from until_active(spec.name, deadline, table, at_once=at_once)
    # Only what this call has created is set; of another one's table it is only said.
    if begun.created and _declares_read(spec):
        from .create import finish

        table, left = yield from finish(spec, table, deadline, wait=wait)
    elif _declares_read(spec):
        from .check import compare

        making = begun.table.table_status == "CREATING"
        differing, left = yield from compare(spec, table, deadline, wait=wait, making=making)
    elif not begun.created:
        differing = drift(spec, table)
    if differing:
        from .changes import marked

        differing = marked(spec, table, differing)
    return Ensured(begun.created, table, differing, left)


def migrate(*_models: Any, **_options: Any) -> NoReturn:
    """Raise `MigrateNotSupported`: production schemas belong to infrastructure as code."""
    raise errors.MigrateNotSupported(
        "dynamorm keeps no history of a schema and does not migrate it: in production, let AWS "
        "CDK, Terraform or CloudFormation own the table, or use plan and apply; in development and "
        "tests, use create_table, ensure_table or auto_migrate. "
        f"{DOCS}environments.html compares them"
    )


class Ensured(Readable, frozen=True):
    """What `ensure_table` found or made."""

    created: bool
    """Whether this call created the table."""
    table: TableDescription
    drift: tuple[Difference, ...]
    """How a table that was there already differs from what is declared; left as it is."""
    pending: tuple[Pending, ...] = ()
    """Declared settings that could not be set or compared yet; `update_table` does it later."""

    def __str__(self) -> str:
        found = ("differs" if self.drift else "as declared") if not self.created else "created"
        left = (f"pending {item.name}: {item.reason}" for item in self.pending)
        return "\n  ".join((f"{self.table.table_name}: {found}", *map(str, self.drift), *left))


def find_or_create(spec: TableSpec, deadline: Deadline) -> Steps[Ensured]:
    """Find a table, or create it if the service says that there is none."""
    schedule = polling()
    while True:
        found = yield from find_table(spec.name)
        if found is not None and found.table_status != "DELETING":
            return Ensured(False, found, ())
        try:
            # Before Python 3.12, tracing loses what follows a program that has caught an error.
            if found is not None:  # pragma: no branch
                from .waits import until_gone

                yield from until_gone(spec.name, deadline, found)
            from .create import create

            return Ensured(True, (yield from create(spec, deadline)), ())
        except errors.TableExists:
            # Another process was faster, or what DescribeTable answered was stale.
            if not (yield from pause(schedule, deadline)):
                raise


def _declares_read(spec: TableSpec) -> bool:
    """Return whether anything is declared that DescribeTable does not tell."""
    if not declares_settings(spec):
        return False
    # A table that declares no settings is ensured without importing what there is to know of them.
    from .settings import SETTINGS

    return any(row.read and row.declared(spec) is not UNSET for row in SETTINGS.values())
