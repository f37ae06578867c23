"""Changes a living table: plan, then apply, one kind of change at a time.

Each change begins with a new look at the table. So a run that was killed can be started again and
resumes where things are, and several processes can do the same at once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import structs

from ..api import TableDescription
from ..errors import PlanRefused
from ..model.declare import Model, table_spec
from ..model.options import check_word
from ..model.spec import TableSpec
from ..operations import Location, Steps, operation, where
from ..operations.waiting import Deadline, within
from . import describe_table, find_table
from .apply import Applied, Run, refuse, refuse_elsewhere
from .compare import drift
from .create import finish
from .lifecycle import find_or_create
from .plan import Binding, Plan, create_plan, make_plan
from .regions import refuse_creation
from .settings import checked_names, compared_settings, survey
from .steps import UNKNOWN
from .waits import until_active

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


Unsupported = Literal["raise", "skip"]


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
    spec = table_spec(model, name=name, **options)
    skip = _skips(unsupported)
    allowed, covered = checked_names(allow, "allow"), checked_names(only, "only")
    # With `only`, a missing table raises: a part of a table cannot be created.
    table = yield from (describe_table if only else find_table)(spec.name)
    location = yield from where()
    if table is None or (table.table_status == "DELETING" and not only):
        yield from refuse_creation(spec)
        return create_plan(spec, allowed, location)
    settings = yield from survey(spec, table, compared_settings(spec, allowed, covered), skip=skip)
    return make_plan(spec, table, settings, allowed, location, covered)


def _skips(unsupported: Unsupported) -> bool:
    check_word("unsupported", unsupported, get_args(Unsupported))
    return unsupported == "skip"


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
    skip = _skips(unsupported)
    if not isinstance(plan, Plan):
        kind = plan.__name__ if isinstance(plan, type) else type(plan).__name__
        raise TypeError(
            f"apply takes a Plan, of plan() or of msgspec.json.decode(..., type=Plan), not {kind}; "
            "update_table takes a model"
        )
    refuse(plan, (*plan.allow, *checked_names(allow, "allow")))
    return (yield from within(timeout, lambda deadline: _apply(plan, skip, deadline)))


def _apply(plan: Plan, skip: bool, deadline: Deadline) -> Steps[Applied]:
    location = yield from where()
    # Before any request: another place may have a table of this name, too.
    refuse_elsewhere(plan, location)
    if plan.creates:
        return (yield from _create(plan, skip, deadline, location))
    found = yield from describe_table(plan.spec)
    return (yield from Run(plan, location, deadline, skip, found).perform())


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
    spec = table_spec(model, name=name, **options)
    skip = _skips(unsupported)
    names = checked_names(allow, "allow"), checked_names(only, "only")
    return (yield from within(timeout, lambda deadline: update(spec, deadline, *names, skip=skip)))


def update(
    spec: TableSpec,
    deadline: Deadline,
    allow: tuple[str, ...],
    only: tuple[str, ...] = (),
    *,
    skip: bool = False,
    ours: Binding | None = None,
) -> Steps[Applied]:
    """Plan and apply at once; `ours` is the table that it has to be, if that is known."""
    found = yield from describe_table(spec)
    # A plan of a table that is still changing would not fit it any more when it is applied.
    table = yield from until_active(spec.name, deadline, found)
    location = yield from where()
    settings = yield from survey(spec, table, compared_settings(spec, allow, only), skip=skip)
    made = make_plan(spec, table, settings, allow, location, only)
    # A run that created a table changes only that one, even if another has taken its name.
    made = structs.replace(made, bound_to=ours or made.bound_to)
    refuse(made, allow)
    return (yield from Run(made, location, deadline, skip, table).perform(settings))


def _create(plan: Plan, skip: bool, deadline: Deadline, location: Location) -> Steps[Applied]:
    """Make a table as planned; one that is there by now is looked at, and not changed."""
    spec = plan.spec
    # JSON may have been edited: what is done has to be what was shown.
    if create_plan(spec, plan.allow, location).steps != plan.steps:
        raise PlanRefused((), reasons=(_OTHER_REQUESTS,))
    begun = yield from find_or_create(spec, deadline)
    ready = yield from until_active(spec.name, deadline, begun.table)
    if not begun.created:
        return (yield from _compare(plan, skip, ready))
    ready, left = yield from finish(spec, ready, deadline, strict=not skip)
    # What the endpoint does not know will not come by waiting, which pending is for.
    unknown = tuple(item.name for item in left if item.reason == UNKNOWN)
    return Applied(ready, plan.steps, tuple(i for i in left if i.reason != UNKNOWN), unknown)


_OTHER_REQUESTS = (
    "the plan's requests are not those that create what it declares: make another plan"
)


def _compare(plan: Plan, skip: bool, table: TableDescription) -> Steps[Applied]:
    """Return that nothing was to be done; raise if the table is not as it is declared."""
    # Another process may have applied the same plan: the second one has nothing to do.
    settings = yield from survey(plan.spec, table, compared_settings(plan.spec), skip=skip)
    differing = [item for item in drift(plan.spec, table, settings) if not item.unknown]
    if differing:
        reason = f"{table.table_name} was created after the plan was made: make another plan"
        raise PlanRefused((), reasons=(reason, *map(str, differing)))
    return Applied(table, (), (), settings.unsupported)
