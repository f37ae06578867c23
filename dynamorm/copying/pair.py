"""The two tables of a copy or a comparison: found, and whether their models agree."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args, get_origin

from msgspec import Struct, structs
from msgspec.structs import fields

from ..api import TableDescription
from ..errors import Refused, TableFailed, WaitTimeout
from ..model import table_name
from ..model.declare import Model, model_of
from ..model.fields import label, union_members
from ..model.spec import TableSpec
from ..operations import Steps, changing, now, through, where
from ..operations.middleware import elsewhere
from ..operations.waiting import Deadline, pause, polling
from ..tables import describe_table
from .identity import Found, Work, work_of
from .job import Convert
from .options import CopySettings, TimeLeft

T = TypeVar("T")

LAST_LOOK = 60.0
"""Seconds for the last look at most: a table that is CREATING then is another one."""


class Pair(Struct, frozen=True):
    """Both ends as the caller names them, and what is to be done with the items between them."""

    source: Model | str
    target: Model | str
    settings: CopySettings

    @property
    def names(self) -> tuple[str, str]:
        return table_name(self.source), table_name(self.target)

    @property
    def work(self) -> Work:
        return work_of(self.source, self.target, self.settings)

    def check(self) -> None:
        """Refuse a transform that does not fit the models, or two that only one can join."""
        if self.settings.transform is not None:
            self.converter(None, None)
        else:
            _check_shapes(self.source, self.target)

    def converter(self, source: TableSpec | None, target: TableSpec | None) -> Convert:
        """Return what the copy does with an item."""
        from ..items.convert import converting

        return converting(
            model_of(self.source),
            model_of(self.target),
            target,
            self.settings.transform,
            self.settings.unmodelled,
            source_spec=source,
        )

    def find(self, left: TimeLeft) -> Steps[tuple[Found, Found]]:
        """Describe both tables, when they are ready."""
        return self._find(Deadline(left.started, left.at(left.started)))

    def find_again(self, left: TimeLeft) -> Steps[tuple[Found, Found]]:
        """Describe both once more, at the end: in what is left of the time, or in one attempt.

        Without it, a copy that has come to its end would not count as done.
        """
        moment = yield from now()
        # Never below 0: a time that is up still has the first attempt.
        seconds = min(max(left.at(moment), 0.0), LAST_LOOK)
        return (yield from self._find(Deadline(moment, seconds)))

    def _find(self, deadline: Deadline) -> Steps[tuple[Found, Found]]:
        """Describe source and target, each as soon as it can be read and written."""
        (ours, theirs), place = self.names, self.settings.target_db
        here = yield from where()
        # A database that is not for this driver is refused here, before anything is sent.
        there = here if place is None else (yield from elsewhere(where(), place))
        source = yield from _no_later(deadline, _ready(ours, deadline))
        looking = _no_later(deadline, _ready(theirs, deadline))
        target = yield from elsewhere(looking, place)
        return Found(source, ours, here), Found(target, theirs, there)


def _check_shapes(source: Model | str, target: Model | str) -> None:
    """Refuse two models whose items differ; what has no model is not looked at."""
    tables: tuple[Any, Any] = source, target
    if any(isinstance(table, str | TableSpec) for table in tables):
        return
    # Of types and not of markers: another key is what many copies are for.
    if _shapes(source) != _shapes(target):
        one, other = map(label, tables)
        reason = (
            f"{one} and {other} have different fields: give transform=, or the "
            "names of the tables to take items as they are"
        )
        raise Refused((reason,))


def _shapes(model: Any) -> dict[Any, dict[str, Any]]:
    """Return the attributes of a model's items, or of those of a union by their tags."""
    members = union_members(model)
    return {one.__struct_config__.tag: _shape(one) for one in members} or {None: _shape(model)}


def _shape(model: Any) -> dict[str, Any]:
    """Return attributes with their types, markers left out."""
    return {
        field.encode_name: get_args(field.type)[0]
        if get_origin(field.type) is Annotated
        else field.type
        for field in fields(model)
    }


def _ready(name: str, deadline: Deadline) -> Steps[TableDescription]:
    """Wait for a table that is being created; one that is being changed takes reads and writes."""
    schedule = polling()
    while True:
        table = yield from describe_table(name)
        # While an index is built or the capacity changes, a table serves reads and writes as
        # before.
        if table.table_status in ("ACTIVE", "UPDATING"):
            return table
        if table.table_status != "CREATING":
            raise TableFailed(table.table_name, table.table_status)
        if not (yield from pause(schedule, deadline)):
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(table.table_name, waited, table.table_status)


def _no_later(deadline: Deadline, steps: Steps[T]) -> Steps[T]:
    """Perform `steps` without an attempt after the deadline."""
    # Otherwise a look that fails at the end would be retried past it.
    until = deadline.started + deadline.timeout
    return through(steps, changing(lambda request: structs.replace(request, until=until)))
