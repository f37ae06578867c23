"""Changes a living table: plan, then apply, one kind of change at a time.

Each change begins with a new look at the table. So a run that was killed can be started again and
resumes where things are, and several processes can do the same at once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from ..api.descriptions import TableDescription
from ..errors import PlanRefused
from ..model import Readable
from ..model.declare import Model, table_spec
from ..model.spec import TableSpec
from ..operations.effects import Location, Steps, operation, where
from ..operations.waiters import until_active
from ..operations.waiting import Deadline, within
from .apply import Run, refuse, refuse_elsewhere
from .lifecycle import describe_table
from .plan import Plan, make_plan
from .settings import checked_allow, compared_settings
from .steps import Pending, Settings, Step
from .survey import survey

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.options import TableOptions


Unsupported = Literal["raise", "skip"]


class Applied(Readable, frozen=True):
    """What `apply` has done."""

    table: TableDescription
    done: tuple[Step, ...]
    pending: tuple[Pending, ...]
    """What could not be done yet, or does not show; the same plan can be applied again."""
    unsupported: tuple[str, ...] = ()
    """What the endpoint does not know, with `unsupported="skip"`."""

    def __str__(self) -> str:
        done = (f"done {step.name}: {step.change}" for step in self.done)
        left = (f"pending {item.name}: {item.reason}" for item in self.pending)
        return "\n  ".join((f"{self.table.table_name}: {len(self.done)} done", *done, *left))


@operation
def plan(
    model: Model,
    *,
    name: str | None = None,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    **options: Unpack[TableOptions],
) -> Steps[Plan]:
    """Compare a table with its model, and return the steps that would change it. Sends no write.

    Sends one DescribeTable, and one more read for each of TTL, point-in-time recovery, tags and
    policy that is declared or in `allow`. What the table has and the model does not mention is
    left alone unless its name is in `allow`, which the plan remembers. Raises `TableNotFound`.
    """
    spec = table_spec(model, name=name, **options)
    names = checked_allow(allow)
    _check_unsupported(unsupported)
    location = yield from where()
    table = yield from describe_table(spec)
    settings = yield from _settings(spec, table, names, unsupported)
    return make_plan(spec, table, settings, names, location)


@operation
def apply(
    plan: Plan,
    *,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    timeout: float | timedelta | None = 3600,
) -> Steps[Applied]:
    """Perform the steps of a plan, and wait for each; do nothing that the plan does not show.

    `allow` adds to what the plan remembers. Raises `PlanRefused`, before anything is sent, for a
    destructive step that neither names, for what is blocked, and for another place than the
    plan's; before the first write, for another table, and where what was found has changed. Reads
    the table before each step, and skips a step that is no longer needed. Running again after an
    error or a kill is safe. `timeout` is in seconds, for all of it.
    """
    _check_unsupported(unsupported)
    if not isinstance(plan, Plan):
        kind = plan.__name__ if isinstance(plan, type) else type(plan).__name__
        raise TypeError(f"apply takes a Plan, as plan() makes it, not {kind}: see update_table")
    refuse(plan, (*plan.allow, *checked_allow(allow)))
    steps = within(timeout, lambda deadline: _begin(plan, unsupported, deadline))
    return (yield from steps)


def _begin(plan: Plan, unsupported: Unsupported, deadline: Deadline) -> Steps[Applied]:
    location = yield from where()
    refuse_elsewhere(plan, location)
    found = yield from describe_table(plan.spec)
    return (yield from _apply(plan, unsupported, deadline, location, found, None))


@operation
def update_table(
    model: Model,
    *,
    name: str | None = None,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    timeout: float | timedelta | None = 3600,
    **options: Unpack[TableOptions],
) -> Steps[Applied]:
    """Plan, then apply: change a table to what its model declares; remove only what is allowed.

    Waits first until the table is ACTIVE; then as `plan` and `apply`.
    """
    spec = table_spec(model, name=name, **options)
    names = checked_allow(allow)
    _check_unsupported(unsupported)
    steps = within(timeout, lambda deadline: _update(spec, names, unsupported, deadline))
    return (yield from steps)


def _update(
    spec: TableSpec, allow: tuple[str, ...], unsupported: Unsupported, deadline: Deadline
) -> Steps[Applied]:
    location = yield from where()
    found = yield from describe_table(spec)
    # A plan of a table that is still changing would not fit it any more when it is applied.
    table = yield from until_active(spec.name, deadline, found)
    settings = yield from _settings(spec, table, allow, unsupported)
    made = make_plan(spec, table, settings, allow, location)
    refuse(made, allow)
    return (yield from _apply(made, unsupported, deadline, location, table, settings))


def _check_unsupported(unsupported: object) -> None:
    if unsupported not in ("raise", "skip"):
        raise ValueError(f'unsupported= takes "raise" or "skip", not {unsupported!r:.200}')


def _settings(
    spec: TableSpec, table: TableDescription, allow: tuple[str, ...], unsupported: Unsupported
) -> Steps[Settings]:
    wanted = compared_settings(spec, allow)
    return (yield from survey(spec.name, table, wanted, skip=unsupported == "skip"))


def _apply(
    plan: Plan,
    unsupported: Unsupported,
    deadline: Deadline,
    location: Location,
    table: TableDescription,
    settings: Settings | None,
) -> Steps[Applied]:
    run = Run(plan, location, deadline, unsupported == "skip")
    try:
        yield from run.perform(table, settings)
    except PlanRefused as error:
        error.done = tuple(run.done)
        raise
    unknown = tuple(dict.fromkeys(run.unsupported))
    return Applied(run.table, tuple(run.done), tuple(run.pending), unknown)
