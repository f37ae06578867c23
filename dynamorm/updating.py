"""Changes a living table: plan, then apply, one kind of change at a time.

Before every change the table is looked at anew. So a run that was killed can be started again and
goes on where things are, and several processes can do the same at once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from .drift import declared_settings
from .effects import Steps, call
from .errors import (
    LimitExceeded,
    PlanRefused,
    ServiceError,
    TableBusy,
    TableNotFound,
    UnsupportedOperation,
    ValidationFailed,
    service_error,
)
from .facets import Settings, UpdateTableOutput
from .model import Model, table_spec
from .planning import make_plan
from .plans import Pending, Plan, Step, checked_allow
from .replies import TableDescription
from .settling import pending, setting_of, settle
from .spec import TableSpec
from .surveying import survey
from .tables import describe_table
from .waiting import Deadline, pause, polling, until_active, within

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from .options import TableOptions

__all__ = ["Applied", "apply", "plan", "update_table"]

Unsupported = Literal["raise", "skip"]

LOOKS = 6
"""How often, a second apart or more, a table is looked at anew before a refusal counts.

DescribeTable reads stale: "wait for a few seconds".
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
"""

BUSY = 20
"""How often a table may be busy that says that it is ACTIVE."""


class Applied(Struct, frozen=True):
    """What `apply` has done."""

    table: TableDescription
    done: tuple[Step, ...]
    pending: tuple[Pending, ...]
    """What could not be done yet, or does not show; the same plan can be applied again."""
    unsupported: tuple[str, ...] = ()
    """What the endpoint does not know, with `unsupported="skip"`."""


def plan(
    model: Model,
    *,
    name: str | None = None,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    **options: Unpack[TableOptions],
) -> Steps[Plan]:
    """Compare a table with its model, and say what would be done. Writes nothing.

    Sends one DescribeTable, and one read more for each of expiry, point-in-time recovery, tags and
    policy that is declared or in `allow`. What the table has and the model does not mention is
    left alone unless its name is in `allow`. Raises `TableNotFound`.
    """
    spec = table_spec(model, name=name, **options)
    names = checked_allow(allow)
    table = yield from describe_table(spec)
    settings = yield from _settings(spec, table, names, unsupported)
    return make_plan(spec, table, settings, names)


def apply(
    plan: Plan,
    *,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    timeout: float | timedelta | None = 3600,
) -> Steps[Applied]:
    """Do what is in a plan, and wait for each step; do nothing that is not in it.

    Raises `PlanRefused`, before anything is sent, for a destructive step whose name is not in
    `allow` and for what cannot be changed. A step that is not needed any more is left out, and
    running again after an error or a kill is safe. `timeout` is in seconds, for all of it.
    """
    names = checked_allow(allow)
    _refuse(plan, names)
    return (yield from within(timeout, lambda deadline: _begin(plan, names, unsupported, deadline)))


def _begin(
    plan: Plan, allow: tuple[str, ...], unsupported: Unsupported, deadline: Deadline
) -> Steps[Applied]:
    found = yield from describe_table(plan.spec)
    table = yield from until_active(plan.spec.name, deadline, found)
    return (yield from _apply(plan, allow, unsupported, deadline, table, None))


def update_table(
    model: Model,
    *,
    name: str | None = None,
    allow: Collection[str] = (),
    unsupported: Unsupported = "raise",
    timeout: float | timedelta | None = 3600,
    **options: Unpack[TableOptions],
) -> Steps[Applied]:
    """Plan, then apply: make a table what its model declares; remove nothing but what is allowed.

    Waits first until the table is ACTIVE; then as `plan` and `apply`.
    """
    spec = table_spec(model, name=name, **options)
    names = checked_allow(allow)
    return (
        yield from within(timeout, lambda deadline: _update(spec, names, unsupported, deadline))
    )


def _update(
    spec: TableSpec, allow: tuple[str, ...], unsupported: Unsupported, deadline: Deadline
) -> Steps[Applied]:
    found = yield from describe_table(spec)
    table = yield from until_active(spec.name, deadline, found)
    settings = yield from _settings(spec, table, allow, unsupported)
    made = make_plan(spec, table, settings, allow)
    _refuse(made, allow)
    return (yield from _apply(made, allow, unsupported, deadline, table, settings))


def _settings(
    spec: TableSpec, table: TableDescription, allow: tuple[str, ...], unsupported: Unsupported
) -> Steps[Settings]:
    wanted = declared_settings(spec, allow)
    return (yield from survey(spec.name, table, wanted, skip=unsupported == "skip"))


def _refuse(plan: Plan, allow: Collection[str]) -> None:
    steps = _refused(plan.steps, allow)
    if steps or plan.blocked:
        raise PlanRefused(steps, blocked=plan.blocked)


def _refused(steps: Collection[Step], allow: Collection[str]) -> tuple[Step, ...]:
    return tuple(step for step in steps if step.kind == "destructive" and step.name not in allow)


def _apply(
    plan: Plan,
    allow: tuple[str, ...],
    unsupported: Unsupported,
    deadline: Deadline,
    table: TableDescription,
    settings: Settings | None,
) -> Steps[Applied]:
    run = _Run(plan, allow, deadline, unsupported == "skip")
    if any(step.operation == "UpdateTable" for step in plan.steps):
        table, settings = (yield from run.change_table(table)), None
    if any(step.operation != "UpdateTable" for step in plan.steps):
        yield from run.change_settings(table, settings)
    unknown = dict.fromkeys((*plan.unsupported, *(step.name for step in run.unsupported)))
    return Applied(table, tuple(run.done), tuple(run.pending), tuple(unknown))


class _Run:
    """One performance of a plan: what it has done and what it had to leave."""

    def __init__(self, plan: Plan, allow: tuple[str, ...], deadline: Deadline, skip: bool) -> None:
        self.plan = plan
        self.allow = allow
        self.deadline = deadline
        self.skip = skip
        self.names = {step.name for step in plan.steps}
        self.done: list[Step] = []
        self.pending: list[Pending] = []
        self.unsupported: list[Step] = []
        self.refusals = 0
        """How often in a row the same has come in the place of progress."""
        self.trouble: ServiceError | None = None
        """What that was: a refusal, or `None` where a change that was taken did not show."""

    def needed(self, table: TableDescription, settings: Settings | None = None) -> list[Step]:
        """Plan anew; give what is still to be done, of the table itself or of its settings.

        Consent is asked for again: somebody else may have changed the table meanwhile.
        """
        fresh = make_plan(self.plan.spec, table, settings or Settings(), self.plan.allow)
        steps = [
            step
            for step in fresh.steps
            if step.name in self.names
            and step not in self.unsupported
            and (step.operation == "UpdateTable") == (settings is None)
        ]
        if refused := _refused([step for step in steps if step not in self.done], self.allow):
            raise PlanRefused(refused)
        return steps

    def change_table(self, table: TableDescription) -> Steps[TableDescription]:
        schedule = polling()
        while steps := self.needed(table):
            step = next((step for step in steps if step not in self.done), None)
            answer = yield from self._change(step)
            if answer is not None:
                schedule = polling()
                table = yield from until_active(self.plan.spec.name, self.deadline, answer)
                continue
            # Where all was taken, what still differs may only be read stale.
            over = self.trouble is None and self.refusals > LOOKS
            if over or not (yield from pause(schedule, self.deadline)):
                self._give_up(steps)
                break
            table = yield from self._look()
        return table

    def _give_up(self, steps: list[Step]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.pending += (Pending(step.name, _UNSEEN) for step in steps)

    def _change(self, step: Step | None) -> Steps[TableDescription | None]:
        """Send a step; `None` where none was taken and the table has to be looked at anew."""
        if step is None:
            self._count(None)
            return None
        try:
            reply = yield from call("UpdateTable", step.payload, UpdateTableOutput)
        except ServiceError as error:
            # Another process, or a lost attempt of our own, may have done it.
            self._count(error)
            if _is_unknown(error):
                self._leave(step, error)
            elif not _may_pass(error, self.refusals):
                raise
            return None
        self.refusals, self.trouble = 0, None
        self.done.append(step)
        return reply.table_description

    def _count(self, trouble: ServiceError | None) -> None:
        self.refusals = self.refusals + 1 if type(trouble) is type(self.trouble) else 1
        self.trouble = trouble

    def _leave(self, step: Step, error: ServiceError) -> None:
        if not self.skip:
            raise service_error(
                "UnknownOperationException",
                f"this endpoint does not know a member of the request: {error.message}",
                status=error.status,
                request_id=error.request_id,
                operation=error.operation,
            ) from error
        self.unsupported.append(step)

    def _look(self) -> Steps[TableDescription]:
        found = yield from describe_table(self.plan.spec)
        return (yield from until_active(self.plan.spec.name, self.deadline, found))

    def change_settings(self, table: TableDescription, settings: Settings | None) -> Steps[None]:
        spec, steps = self.plan.spec, self.plan.steps
        if settings is None:
            wanted = dict.fromkeys(setting_of(s) for s in steps if s.operation != "UpdateTable")
            settings = yield from survey(spec.name, table, wanted, skip=self.skip)
        self.unsupported += (s for s in steps if setting_of(s) in settings.unsupported)
        for step in self.needed(table, settings):
            if step.after:
                self.pending.append(Pending(step.name, _TOO_SOON, step.after))
                continue
            try:
                yield from settle(step, spec, table, self.deadline)
                self.done.append(step)
            except UnsupportedOperation:
                if not self.skip:
                    raise
                self.unsupported.append(step)
            except ServiceError as error:
                self.pending.append(pending(step.name, error))


_UNSEEN = "the service took the change, and it does not show: perhaps it does not know it"
_TOO_SOON = "the service takes one change of a table's expiry in an hour: apply again later"


def _is_unknown(error: ServiceError) -> bool:
    """Whether an emulator has passed over the member that the request was about."""
    return isinstance(error, ValidationFailed) and error.message.startswith(_NOTHING_LEFT)


_NOTHING_LEFT = ("At least one of", "Nothing to update")


def _may_pass(error: ServiceError, refusals: int) -> bool:
    if isinstance(error, LimitExceeded):
        return error.simultaneous
    if isinstance(error, TableBusy):
        return refusals <= BUSY
    return isinstance(error, TableNotFound | ValidationFailed) and refusals <= LOOKS
