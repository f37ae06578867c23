"""The two tables of a copy or a comparison: found, and whether their models agree."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args, get_origin

from msgspec import structs
from msgspec.structs import fields

from ..api.descriptions import TableDescription
from ..errors import Refused, TableFailed, WaitTimeout
from ..model.declare import Model, model_of
from ..model.fields import label, union_members
from ..model.spec import TableSpec
from ..operations.effects import Steps, changing, now, through, where
from ..operations.middleware import DatabaseLike, elsewhere
from ..operations.waiting import Deadline, pause, polling
from ..tables.find import describe_table
from .identity import Found
from .job import Convert
from .options import CopySettings
from .time_left import TimeLeft

T = TypeVar("T")

LAST_LOOK = 60.0
"""Seconds for the last look at most: a table that is CREATING then is another one."""


def check_models(source: Model | str, target: Model | str, settings: CopySettings) -> None:
    """Refuse a transform that does not fit the models, or two that only a transform can join."""
    if settings.transform is not None:
        converter_of(source, target, settings, None, None)
    else:
        _check_shapes(source, target)


def _check_shapes(source: Model | str, target: Model | str) -> None:
    tables: tuple[Any, Any] = source, target
    if any(isinstance(table, str | TableSpec) for table in tables):
        return
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


def find_both(
    names: tuple[str, str], place: DatabaseLike | None, deadline: Deadline
) -> Steps[tuple[Found, Found]]:
    """Describe both tables, when they are ready; the second one where `place` is, if it is given.

    A database that is not for this driver is refused before anything is sent.
    """
    here = yield from where()
    there = here if place is None else (yield from elsewhere(where(), place))
    source = yield from _no_later(deadline, _ready(names[0], deadline))
    looking = _no_later(deadline, _ready(names[1], deadline))
    target = yield from elsewhere(looking, place)
    return Found(source, names[0], here), Found(target, names[1], there)


def _ready(name: str, deadline: Deadline) -> Steps[TableDescription]:
    """Wait for a table that is being created; one that is being changed takes reads and writes."""
    schedule = polling()
    while True:
        table = yield from describe_table(name)
        if table.table_status in ("ACTIVE", "UPDATING"):
            return table
        if table.table_status != "CREATING":
            raise TableFailed(table.table_name, table.table_status)
        if not (yield from pause(schedule, deadline)):
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(table.table_name, waited, table.table_status)


def converter_of(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    source_spec: TableSpec | None,
    target_spec: TableSpec | None,
) -> Convert:
    """Return what the copy does with an item."""
    from ..items.convert import converting

    return converting(
        model_of(source),
        model_of(target),
        target_spec,
        settings.transform,
        settings.unmodelled,
        source_spec=source_spec,
    )


def find_again(
    names: tuple[str, str], place: DatabaseLike | None, left: TimeLeft
) -> Steps[tuple[Found, Found]]:
    """Describe both tables once more, at the end: in what is left of the time, or in one attempt.

    Without it, a copy that has come to its end would not count as done.
    """
    moment = yield from now()
    seconds = min(max(left.at(moment), 0.0), LAST_LOOK)
    return (yield from find_both(names, place, Deadline(moment, seconds)))


def _no_later(deadline: Deadline, steps: Steps[T]) -> Steps[T]:
    """Perform `steps` without an attempt after the deadline."""
    until = deadline.started + deadline.timeout
    return through(steps, changing(lambda request: structs.replace(request, until=until)))
