"""Performs the steps of a plan, one after the other, and nothing that the plan does not show."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from msgspec import Struct

from .. import errors
from ..api import TableDescription
from ..api.tables import UpdateTableOutput
from ..errors import ServiceError
from ..model import Readable
from ..operations import Location, Steps
from ..operations.waiting import Deadline, pause, polling
from . import describe_table
from .changes import Review, TableComparison
from .compare import Pending
from .create import LOOKS, insist, pending
from .plan import Binding, Plan
from .settings import is_read, setting_of, survey
from .steps import Settings, Step, consents
from .tags_and_policies import on_stream
from .waits import until_active


def refuse(plan: Plan, allow: Collection[str]) -> None:
    """Raise `PlanRefused` for destructive steps that nobody allowed, and for what is blocked."""
    steps = tuple(
        step for step in plan.steps if step.kind == "destructive" and not consents(allow, step.name)
    )
    if steps or plan.blocked:
        raise errors.PlanRefused(steps, blocked=plan.blocked)


def refuse_elsewhere(plan: Plan, location: Location) -> None:
    """Raise `PlanRefused` if requests go elsewhere than to the place that the plan is for."""
    if plan.table != plan.spec.name:
        reason = f"the plan is of another table than its spec, {plan.spec.name}: make another plan"
        raise errors.PlanRefused((), reasons=(reason,))
    _refuse_other(plan, Binding.at(plan.spec.name, location))


def _refuse_other(plan: Plan, here: Binding) -> None:
    if differing := tuple(plan.bound_to.contradictions(here)):
        advice = f"the plan was made for another table than this {plan.table}: make another plan"
        raise errors.PlanRefused((), reasons=(advice, *differing))


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


class Run(Struct):
    """One performance of a plan: what it sees, what it has done and what it had to leave."""

    plan: Plan
    location: Location
    deadline: Deadline
    skip: bool
    table: TableDescription
    """What has just been looked at."""
    unsupported: list[str] = []
    settings: Settings = Settings()
    done: list[Step] = []
    pending: list[Pending] = []
    unseen: list[Step] = []
    # A look costs a request, and what another process does between a look and a write nobody can
    # see.
    fresh: set[str] = set()
    """The settings, and "table", that have been looked at since the last write."""
    review: Review | None = None

    def perform(self, settings: Settings | None = None) -> Steps[Applied]:
        """Perform all steps; `settings`, if given, have just been looked at."""
        try:
            yield from self._perform_all(settings)
        except errors.PlanRefused as error:
            # What was done before the refusal stays done: the caller is told.
            error.done = tuple(self.done)
            raise
        unknown = tuple(dict.fromkeys((*self.plan.unsupported, *self.unsupported)))
        return Applied(self.table, tuple(self.done), tuple(self.pending), unknown)

    def _perform_all(self, settings: Settings | None) -> Steps[None]:
        yield from self._settle(self.table)
        asked = {setting_of(step.name) for step in self.plan.steps if is_read(step.name)}
        if settings is None:
            yield from self._survey(sorted(asked))
        else:
            self._see(settings, asked)
        # All is judged before the first write: what has changed by now leaves the table as it is.
        steps = []
        for step in self.plan.steps:
            if (yield from self._judge(step)):
                steps.append(step)  # noqa: PERF401 - yields
        for step in steps:
            # What has a request of its own may be about what an UpdateTable has just made, as a new
            # stream's policy is: it has to show first.
            if step.operation != "UpdateTable":
                yield from self._until_shown()
            yield from self._look(step)
            if (yield from self._judge(step)):
                yield from self._perform(step)
        yield from self._until_shown()

    def _judge(self, step: Step) -> Steps[bool]:
        """Return whether a step is to be done; refuse it only after several reads.

        A plan may have seen what a later look does not see yet.
        """
        schedule = islice(polling(), LOOKS)
        while True:
            if setting_of(step.name) in self.settings.unsupported:
                self.unsupported.append(step.name)
                return False
            try:
                return self._reviewed().needs(step)
            except errors.PlanRefused as error:
                refused = error
            if not (yield from pause(schedule, self.deadline)):
                raise refused
            self.fresh.clear()
            yield from self._look(step)

    def _reviewed(self) -> Review:
        """Compare the plan with what was seen last: once a look, however many steps ask."""
        if self.review is None:
            spec, allow, only = self.plan.spec, self.plan.allow, self.plan.only
            found = TableComparison(spec, self.table, self.settings, allow, only)
            self.review = Review(found, self.plan.steps)
        return self.review

    def _perform(self, step: Step) -> Steps[None]:
        """Send a step, or say why it has to wait for another run."""
        if step.after and self._is_early(step):
            self.pending.append(Pending(step.name, _TOO_SOON, step.after))
            return
        try:
            yield from self._send(step)
        except errors.UnsupportedOperation:
            if not self.skip:
                raise
            self.unsupported.append(step.name)
        except ServiceError as error:
            # Later steps may build on an UpdateTable; every other request stands for itself.
            if step.operation == "UpdateTable":
                raise
            self.pending.append(pending(step.name, error))

    def _is_early(self, step: Step) -> bool:
        """Return whether its time has not come; the plan may be as old as it wants to wait."""
        begun = any(setting_of(done.name) == setting_of(step.name) for done in self.done)
        fresh = self._reviewed().again(step)
        return begun or bool(fresh and fresh.after)

    def _send(self, step: Step) -> Steps[None]:
        """Send a step until it is taken; note it as done if this run may have done it."""
        lost = False
        step = on_stream(step, self.table.latest_stream_arn)

        def needed(trouble: ServiceError) -> Steps[bool]:
            """Return whether the step is still to be sent, now that an attempt has failed."""
            # Another process, or a lost attempt of our own, may have done it.
            nonlocal lost
            lost = lost or trouble.maybe_applied
            if isinstance(trouble, errors.ValidationFailed) and trouble.message.startswith(
                _NOTHING_LEFT
            ):
                raise _unsupported(trouble) from trouble
            self.fresh.clear()
            yield from self._look(step)
            return (yield from self._judge(step))

        reply = yield from insist(step, self.deadline, needed)
        # Nothing was sent that was taken: somebody else has done it, and it is not ours to report.
        if reply is None and not lost:
            return
        self.done.append(step)
        # The next step looks again: the write may have changed what was seen.
        self.fresh.clear()
        # The answer says UPDATING, where a stale read could still say ACTIVE.
        if isinstance(reply, UpdateTableOutput) and not step.region:
            yield from self._settle(reply.table_description)

    def _look(self, step: Step) -> Steps[None]:
        """Look at what a step is about, unless that has been done since the last write."""
        if "table" not in self.fresh:
            yield from self._settle((yield from describe_table(self.plan.spec)))
        setting = setting_of(step.name)
        if is_read(setting) and setting not in self.fresh:
            yield from self._survey([setting])

    def _settle(self, seen: TableDescription) -> Steps[None]:
        """Wait until the table is ACTIVE; refuse another one of its name."""
        # Before the wait, which would be for a stranger, and after it: the name may be another's.
        _refuse_other(self.plan, Binding.to(seen, self.location))
        self.table = yield from until_active(self.plan.spec.name, self.deadline, seen)
        _refuse_other(self.plan, Binding.to(self.table, self.location))
        self.fresh.add("table")
        self.review = None

    def _survey(self, wanted: Collection[str]) -> Steps[None]:
        spec = self.plan.spec
        self._see((yield from survey(spec, self.table, wanted, skip=self.skip)), wanted)

    def _see(self, settings: Settings, wanted: Collection[str]) -> None:
        # Only these are known then: what is judged next is about them, or about the table itself.
        self.settings, self.fresh, self.review = settings, {"table", *wanted}, None

    def _until_shown(self) -> Steps[None]:
        """Look until the table shows what it took: it may be read stale."""
        schedule = islice(polling(), LOOKS)
        while unseen := [step for step in self.done if self._is_unseen(step)]:
            if not (yield from pause(schedule, self.deadline)):
                self.pending += (Pending(step.name, _UNSEEN) for step in unseen)
                self.unseen += unseen
                return
            self.fresh.clear()
            yield from self._look(unseen[0])

    def _is_unseen(self, step: Step) -> bool:
        # What did not show is not waited for again: an emulator may never show it. A request of its
        # own is done when it is taken; only UpdateTable goes on afterwards.
        told = step in self.unseen or step.operation != "UpdateTable"
        return not told and bool(self._reviewed().again(step))


_UNSEEN = "the service took the change, and it does not show: perhaps it does not know it"
_TOO_SOON = "the service takes one change of a table's TTL in an hour: apply again later"

_NOTHING_LEFT = ("At least one of", "Nothing to update")
"""What emulators answer to an UpdateTable of which they know no member."""


def _unsupported(error: ServiceError) -> ServiceError:
    text = f"this endpoint does not know a member of the request: {error.message}"
    facts = {name: getattr(error, name) for name in ("status", "request_id", "operation")}
    return errors.service_error("UnknownOperationException", text, **facts)
