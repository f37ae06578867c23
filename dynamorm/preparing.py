"""What is looked at before a copy begins: both tables, the checkpoint, whether they agree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar, get_args, get_origin

from msgspec import Raw, structs
from msgspec.structs import fields

from .batches import Rule, TimeLeft
from .canonical import item_key
from .checkpoints import Checkpoint, check_tables, new_checkpoint, read_checkpoint
from .described import described_spec
from .effects import Call, Effect, Steps, now, through, where
from .errors import ItemError, Refused, TableFailed, WaitTimeout
from .fields import label
from .identities import Found, is_same, work_of
from .jobs import Convert, Job
from .model import Model, table_name
from .prefixing import elsewhere
from .reports import CopyReport
from .settings import CopySettings, check_segments
from .spec import TableSpec
from .tables import describe_table
from .waiting import Deadline, pause, polling

__all__ = ["check_copy", "check_pair", "confirm", "open_checkpoint", "prepare"]

T = TypeVar("T")


def open_checkpoint(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    segments: list[int] | None,
    of: int | None,
) -> Checkpoint:
    """Return the checkpoint of `resume=` or of the file, or a new one."""
    names = table_name(source), table_name(target)
    work = work_of(source, target, settings.transform, settings.unmodelled)
    origin = "resume="
    given: Any = settings.resume
    if settings.checkpoint_file is not None:
        from .checkpoint_files import load

        origin = f"checkpoint_file= {settings.checkpoint_file}"
        given = load(settings.checkpoint_file)
    if given is None:
        return new_checkpoint(names, segments, of, work)
    given = given.checkpoint if isinstance(given, CopyReport) else given
    return read_checkpoint(given, names, segments, of, work, origin=origin)


def check_copy(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    segments: list[int] | None,
    of: int | None,
) -> None:
    """Raise what `prepare` would, as far as that can be told without asking the service."""
    check_segments(of)
    check_pair(source, target, settings)
    if settings.transform is not None:
        _converter(source, target, None, settings, None)
    if settings.resume is not None:
        open_checkpoint(source, target, settings, segments, of)


def check_pair(source: Model | str, target: Model | str, settings: CopySettings) -> None:
    """Refuse two tables that are one, or are of two models that only a transform can join."""
    names = table_name(source), table_name(target)
    same = names[0] == names[1] and settings.target_db is None
    _refuse_same(names[0], same, settings)
    if same or settings.transform is not None:
        return
    shapes = [_shape(model) for model in (source, target)]
    if None not in shapes and shapes[0] != shapes[1]:
        reason = (
            f"{label(source)} and {label(target)} have different fields: give transform=, or the "
            "names of the tables to copy items as they are"
        )
        raise Refused((reason,))


def _shape(model: Any) -> dict[str, Any] | None:
    """Give the attributes of a model's items with their types, markers left out."""
    if isinstance(model, str | TableSpec):
        return None
    return {
        field.encode_name: get_args(field.type)[0]
        if get_origin(field.type) is Annotated
        else field.type
        for field in fields(model)
    }


def prepare(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    checkpoint: Checkpoint,
    started: float,
    *,
    whole: bool,
) -> Steps[Job]:
    """Refuse what does not fit, wait for the tables, and look their keys up.

    `whole`: whether all segments of the table are in this run.
    """
    until = started + TimeLeft(settings.deadline, started).at(started)
    ours, theirs = yield from _find(checkpoint, settings, Deadline(started, until - started))
    same = is_same(ours, theirs)
    _refuse_same(checkpoint.source, same, settings)
    checkpoint = check_tables(checkpoint, ours, theirs)
    here, there = described_spec(ours.table), described_spec(theirs.table)
    changes_keys = here.key != there.key or not _keys(there) <= _keys(here)
    convert: Convert | None = None
    if settings.transform is not None or changes_keys:
        convert = _converter(source, target, there, settings, here)
    if convert is not None and same:
        convert = _same_key(convert, there, settings)
    rule = None
    if convert is not None and not _unique(settings, here, there, same):
        rule = _rule(settings, there, checkpoint, alone=whole and not checkpoint.begun)
    items = ours.table.item_count
    if items is not None and not whole:
        items //= checkpoint.of
    return Job(
        here, there, settings, convert, checkpoint, started, rule=rule, same=same, items=items
    )


def confirm(job: Job, moment: float) -> Steps[None]:
    """Look whether both tables are those that the copy began with, when it has come to its end.

    One that was deleted and created again on the way lacks what was copied before.
    """
    if job.checkpoint.done or not all(segment.point.done for segment in job.segments):
        return
    # Whatever is left of the deadline, one attempt: without it the copy would not be done.
    found = yield from _find(job.checkpoint, job.settings, Deadline(moment, 0.0))
    job.checkpoint = structs.replace(check_tables(job.checkpoint, *found), done=True)


def _find(
    checkpoint: Checkpoint, settings: CopySettings, deadline: Deadline
) -> Steps[tuple[Found, Found]]:
    """Describe both tables, when they are ready."""
    ours = yield from _no_later(deadline, _ready(checkpoint.source, deadline))
    there = _no_later(deadline, _ready(checkpoint.target, deadline))
    if settings.target_db is None:
        return ours, structs.replace((yield from there), place=ours.place)
    return ours, (yield from elsewhere(there, settings.target_db))


def _ready(name: str, deadline: Deadline) -> Steps[Found]:
    """Wait for a table that is being created; one that is being changed takes reads and writes."""
    schedule = polling()
    while True:
        table = yield from describe_table(name)
        if table.table_status in ("ACTIVE", "UPDATING"):
            return Found(table, name, (yield from where()))
        if table.table_status != "CREATING":
            raise TableFailed(table.table_name, table.table_status)
        if not (yield from pause(schedule, deadline)):
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(table.table_name, waited, table.table_status)


def _converter(
    source: Model | str,
    target: Model | str,
    spec: TableSpec | None,
    settings: CopySettings,
    source_spec: TableSpec | None,
) -> Convert:
    from .converting import converting

    return converting(
        None if isinstance(source, str | TableSpec) else source,
        None if isinstance(target, str | TableSpec) else target,
        spec,
        settings.transform,
        settings.unmodelled,
        source_spec=source_spec,
    )


def _refuse_same(name: str, same: bool, settings: CopySettings) -> None:
    if same and not settings.in_place:
        raise Refused((f"source and target are the same table, {name}: say in_place=True",))


def _no_later(deadline: Deadline, steps: Steps[T]) -> Steps[T]:
    """Perform `steps` without an attempt after the deadline."""
    until = deadline.started + deadline.timeout

    def perform(effect: Effect) -> Steps[Any]:
        return (yield structs.replace(effect, until=until) if isinstance(effect, Call) else effect)

    return (yield from through(steps, perform))


def _keys(spec: TableSpec) -> set[Any]:
    """Give all key attributes, those of indexes too: a source with the same has checked them."""
    return {*spec.key, *(attribute for index in spec.indexes for attribute in index.key)}


def _unique(settings: CopySettings, source: TableSpec, target: TableSpec, same: bool) -> bool:
    """Whether no two items can get one key: that of the source goes, unchanged, into the target's.

    In place a transform cannot change it.
    """
    if same:
        return settings.collisions != "last"
    transform = settings.transform
    touched: Any = () if transform is None else getattr(transform, "touched", None)
    if touched is None or not {attribute.name for attribute in target.key}.isdisjoint(touched):
        return False
    return set(source.key) <= set(target.key)


def _rule(
    settings: CopySettings, target: TableSpec, checkpoint: Checkpoint, *, alone: bool
) -> Rule | None:
    from .collisions import Forbidding, Keys, Replacing

    if settings.collisions == "check":
        return None
    if settings.collisions == "last":
        return Replacing(Keys(settings.collision_keys), alone=alone)
    keys = Keys(settings.collision_keys, checkpoint.collided)
    return Forbidding(keys, checkpoint.target, _names(target), alone=alone)


def _names(spec: TableSpec) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in spec.key)


def _same_key(convert: Convert, table: TableSpec, settings: CopySettings) -> Convert:
    """Refuse a transform that moves an item within the table that is being read, or splits one."""
    names = _names(table)

    def checked(raw: Raw) -> Iterable[bytes | Raw]:
        made = list(convert(raw))
        if any(item_key(item, names) != item_key(raw, names) for item in made):
            raise ItemError("in place, a transform cannot change an item's key", ", ".join(names))
        if len(made) > 1 and settings.collisions != "last":
            from .collisions import collision

            raise collision(made[1], table.name, names)
        return made

    return checked
