"""Changes a living table: plan, then apply, one kind of change at a time.

Each change begins with a new look at the table. So a run that was killed can be started again and
resumes where things are, and several processes can do the same at once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct, structs

from ..api import TableDescription
from ..errors import PlanRefused, TableExists
from ..model import Readable
from ..model.declare import Model, table_spec
from ..model.options import check_word
from ..model.spec import TableSpec
from ..operations import Location, Steps, operation, where
from ..operations.waiting import Deadline, within
from . import describe_table, find_table
from .apply import Run, refuse, refuse_elsewhere
from .binding import Binding
from .compare import Pending, drift
from .create import create
from .plan import Plan, create_plan, make_plan
from .regions import refuse_creation
from .selection import checked_names, compared_settings
from .settle import finish_all, finish_possible
from .steps import UNKNOWN, Settings, Step
from .survey import survey
from .waits import until_active, until_gone

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


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
    only: Collection[str] = (),
    unsupported: Unsupported = "raise",
    **options: Unpack[TableOptions],
) -> Steps[Plan]:
    """Compare a table with its model, and return the steps that would change it. Sends no write.

    Sends one DescribeTable, and one more read for each of TTL, point-in-time recovery, tags and
    policy that is declared or in `allow`. What the table has and the model does not mention is
    left alone unless its name is in `allow`, which the plan remembers. For a missing table, or one
    that is being deleted, the plan has one step, "create". `only` restricts the comparison to the
    settings, indexes and tags that it names; then a missing table raises `TableNotFound`.
    """
    asked = _asked(table_spec(model, name=name, **options), allow, only, unsupported)
    location = yield from where()
    # With `only`, a missing table raises: a part of a table cannot be created.
    table = yield from (describe_table if asked.only else find_table)(asked.spec.name)
    if table is None or (table.table_status == "DELETING" and not asked.only):
        yield from refuse_creation(asked.spec)
        return create_plan(asked.spec, asked.allow, location)
    settings = yield from _settings(asked, table)
    return make_plan(asked.spec, table, settings, asked.allow, location, asked.only)


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
    the table before each step, and skips a step that is no longer needed. A table that was missing
    is created with all that is declared; if it has been created meanwhile and is not as declared,
    that is `PlanRefused` too. Running again after an error or a kill is safe. `timeout` is in
    seconds, for all of it.
    """
    check_word("unsupported", unsupported, get_args(Unsupported))
    if not isinstance(plan, Plan):
        kind = plan.__name__ if isinstance(plan, type) else type(plan).__name__
        raise TypeError(
            f"apply takes a Plan, of plan() or of msgspec.json.decode(..., type=Plan), not {kind}; "
            "update_table takes a model"
        )
    refuse(plan, (*plan.allow, *checked_names(allow, "allow")))
    steps = within(timeout, lambda deadline: _begin(plan, unsupported, deadline))
    return (yield from steps)


def _begin(plan: Plan, unsupported: Unsupported, deadline: Deadline) -> Steps[Applied]:
    location = yield from where()
    # Before any request: another place may have a table of this name, too.
    refuse_elsewhere(plan, location)
    if plan.creates:
        return (yield from _create(plan, unsupported == "skip", deadline, location))
    found = yield from describe_table(plan.spec)
    return (yield from _apply(plan, unsupported, deadline, location, found, None))


@operation
def update_table(
    model: Model,
    *,
    name: str | None = None,
    allow: Collection[str] = (),
    only: Collection[str] = (),
    unsupported: Unsupported = "raise",
    timeout: float | timedelta | None = 3600,
    **options: Unpack[TableOptions],
) -> Steps[Applied]:
    """Plan, then apply: change a table to what its model declares; remove only what is allowed.

    Waits first until the table is ACTIVE; then as `plan` and `apply`. Creates no table: a missing
    one raises `TableNotFound`.
    """
    asked = _asked(table_spec(model, name=name, **options), allow, only, unsupported)
    return (yield from within(timeout, lambda deadline: _update(asked, deadline)))


def update(
    spec: TableSpec, allow: tuple[str, ...], deadline: Deadline, ours: Binding
) -> Steps[Applied]:
    """Change a table as `update_table` does, if it is still this one."""
    return (yield from _update(_Asked(spec, allow, (), "raise"), deadline, ours))


def _update(asked: _Asked, deadline: Deadline, ours: Binding | None = None) -> Steps[Applied]:
    """Plan and apply at once; `ours` is the table that it has to be, if that is known."""
    location = yield from where()
    found = yield from describe_table(asked.spec)
    # A plan of a table that is still changing would not fit it any more when it is applied.
    table = yield from until_active(asked.spec.name, deadline, found)
    settings = yield from _settings(asked, table)
    made = make_plan(asked.spec, table, settings, asked.allow, location, asked.only)
    # A run that created a table changes only that one, even if another has taken its name.
    made = structs.replace(made, bound_to=ours or made.bound_to)
    refuse(made, asked.allow)
    return (yield from _apply(made, asked.unsupported, deadline, location, table, settings))


class _Asked(Struct, frozen=True):
    """What is to be compared with a table, and what may be done about it."""

    spec: TableSpec
    allow: tuple[str, ...]
    only: tuple[str, ...]
    unsupported: Unsupported


def _asked(spec: TableSpec, allow: object, only: object, unsupported: Unsupported) -> _Asked:
    check_word("unsupported", unsupported, get_args(Unsupported))
    return _Asked(spec, checked_names(allow, "allow"), checked_names(only, "only"), unsupported)


def _settings(asked: _Asked, table: TableDescription) -> Steps[Settings]:
    wanted = compared_settings(asked.spec, asked.allow, asked.only)
    skip = asked.unsupported == "skip"
    return (yield from survey(asked.spec, table, wanted, skip=skip))


def _create(plan: Plan, skip: bool, deadline: Deadline, location: Location) -> Steps[Applied]:
    """Make a table as planned; one that is there by now is looked at, and not changed."""
    spec = plan.spec
    # JSON may have been edited: what is done has to be what was shown.
    if create_plan(spec, plan.allow, location).steps != plan.steps:
        raise PlanRefused((), reasons=(_OTHER_REQUESTS,))
    made = yield from _make(spec, deadline)
    if made is None:
        return (yield from _compare(plan, skip, deadline))
    ready = yield from until_active(spec.name, deadline, made)
    if not skip:
        ready = yield from finish_all(spec, ready, deadline)
        return Applied(ready, plan.steps, ())
    ready, left = yield from finish_possible(spec, ready, deadline, wait=True)
    # What the endpoint does not know will not come by waiting, which pending is for.
    unknown = tuple(item.name for item in left if item.reason == UNKNOWN)
    return Applied(ready, plan.steps, tuple(i for i in left if i.reason != UNKNOWN), unknown)


_OTHER_REQUESTS = (
    "the plan's requests are not those that create what it declares: make another plan"
)


def _make(spec: TableSpec, deadline: Deadline) -> Steps[TableDescription | None]:
    """Create a table; return `None` where there is one, and nothing was done."""
    found = yield from find_table(spec.name)
    if found is not None:
        if found.table_status != "DELETING":
            return None
        yield from until_gone(spec.name, deadline, found)
    # Before Python 3.12, tracing loses what follows a program that has caught an error.
    try:  # pragma: no cover
        return (yield from create(spec, deadline))
    except TableExists:
        return None


def _compare(plan: Plan, skip: bool, deadline: Deadline) -> Steps[Applied]:
    """Return that nothing was to be done; raise if the table is not as it is declared."""
    # Another process may have applied the same plan: the second one has nothing to do.
    found = yield from describe_table(plan.spec)
    table = yield from until_active(plan.spec.name, deadline, found)
    wanted = compared_settings(plan.spec)
    settings = yield from survey(plan.spec, table, wanted, skip=skip)
    differing = [item for item in drift(plan.spec, table, settings) if not item.unknown]
    if differing:
        reason = f"{table.table_name} was created after the plan was made: make another plan"
        raise PlanRefused((), reasons=(reason, *map(str, differing)))
    return Applied(table, (), (), settings.unsupported)


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
        # What was done before the refusal stays done: the caller is told.
        error.done = tuple(run.done)
        raise
    unknown = tuple(dict.fromkeys(run.unsupported))
    return Applied(run.table, tuple(run.done), tuple(run.pending), unknown)
