"""What is looked at before a copy begins: both tables, the checkpoint, whether they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec import UNSET, Raw, UnsetType, structs

from ..api.descriptions import TableDescription
from ..errors import ItemError, Refused
from ..items.keys import item_key
from ..model.declare import Model
from ..model.named import table_name
from ..model.spec import TableSpec, key_names
from ..operations.effects import Steps
from ..operations.pace import Pace
from ..operations.waiting import Deadline
from ..tables.described import described_spec
from .checkpoint import CUT, Checkpoint, S3Point, new_checkpoint, read_checkpoint
from .identity import check_tables, is_same, work_of
from .job import Convert, Job, Paces
from .options import CopySettings, check_segments
from .pair import check_models, converter_of, find_again, find_both
from .report import CopyReport
from .time_left import TimeLeft
from .writer import Rule

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
        from .checkpoint_file import load

        origin = f"checkpoint_file= {settings.checkpoint_file}"
        given = load(settings.checkpoint_file)
    place = s3_point(settings)
    if given is None:
        return new_checkpoint(names, segments, of, work, place)
    given = given.checkpoint if isinstance(given, CopyReport) else given
    return read_checkpoint(given, names, segments, of, work, place, origin=origin)


def s3_point(settings: CopySettings) -> S3Point | UnsetType:
    """Return where a copy by S3 begins; `UNSET` for other copies."""
    return UNSET if settings.bucket is None else S3Point(settings.bucket, CUT, settings.prefix)


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
    if settings.resume is not None:
        open_checkpoint(source, target, settings, segments, of)


def check_pair(source: Model | str, target: Model | str, settings: CopySettings) -> None:
    """Refuse two tables that are one, or are of two models that only a transform can join.

    By S3 also a source of which the service makes no export.
    """
    names = table_name(source), table_name(target)
    same = names[0] == names[1] and settings.target_db is None
    _refuse_same(names[0], same, settings)
    check_models(source, target, settings)
    if settings.via == "s3":
        from .s3.options import check_source

        check_source(source)


def prepare(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    checkpoint: Checkpoint,
    started: float,
    *,
    whole: bool,
    paces: Paces | None = None,
    keep: Callable[[CopyReport], None] | None = None,
) -> Steps[Job]:
    """Refuse what does not fit, wait for the tables, and look their keys up.

    `whole`: whether all segments of the table are in this run.
    """
    deadline = Deadline(started, TimeLeft(settings.deadline, started).at(started))
    names = checkpoint.source, checkpoint.target
    ours, theirs = yield from find_both(names, settings.target_db, deadline)
    same = is_same(ours, theirs)
    _refuse_same(checkpoint.source, same, settings)
    checkpoint = check_tables(checkpoint, "copy", ours, theirs)
    here, there = described_spec(ours.table), described_spec(theirs.table)
    # The target has keys that the source never had to fit: items are checked, transform or not.
    changes_keys = here.key != there.key or not _keys(there) <= _keys(here)
    convert: Convert | None = None
    if settings.transform is not None or changes_keys:
        convert = converter_of(source, target, settings, here, there)
    if convert is not None and same:
        convert = _same_key(convert, there, settings)
    rule = None
    if convert is not None and not _unique(settings, here, there, same):
        rule = _rule(settings, there, checkpoint, alone=whole and not checkpoint.begun)
    items = ours.table.item_count
    if items is not None and not whole:
        # Scan spreads items over segments by a hash, so that each has about the same number.
        items //= checkpoint.of
    paces = paces or Paces(
        Pace(settings.max_read_units), Pace(settings.max_write_units, _cold(theirs.table))
    )
    return Job(
        here,
        there,
        settings,
        convert,
        checkpoint,
        started,
        paces,
        rule=rule,
        same=same,
        keep=keep,
        items=items,
    )


COLD = 4000.0
"""Write units a second that an on-demand table takes from the beginning."""


def _cold(table: TableDescription) -> float | None:
    """Return the rate that a table takes without having been used; `None` if it has its own."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    if table.billing_mode != "PAY_PER_REQUEST":
        return None
    warm = table.warm_throughput
    return float((warm and warm.write_units_per_second) or COLD)


def confirm(job: Job) -> Steps[None]:
    """Look whether both tables are those that the copy began with, when it has come to its end.

    One that was deleted and created again on the way lacks what was copied before.
    """
    ended = job.checkpoint.is_put and all(segment.point.done for segment in job.segments)
    if job.checkpoint.done or not ended:
        return
    names = job.checkpoint.source, job.checkpoint.target
    found = yield from find_again(names, job.settings.target_db, job.left)
    job.checkpoint = structs.replace(check_tables(job.checkpoint, "copy", *found), done=True)


def _refuse_same(name: str, same: bool, settings: CopySettings) -> None:
    if same and not settings.in_place:
        raise Refused((f"source and target are the same table, {name}: say in_place=True",))


def _keys(spec: TableSpec) -> set[Any]:
    """Return all key attributes, those of indexes too: a source with the same has checked them."""
    return {*spec.key, *(attribute for index in spec.indexes for attribute in index.key)}


def _unique(settings: CopySettings, source: TableSpec, target: TableSpec, same: bool) -> bool:
    """Return whether no two items can get one key: the source's key becomes the target's unchanged.

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
    return Forbidding(keys, checkpoint.target, key_names(target), alone=alone)


def _same_key(convert: Convert, table: TableSpec, settings: CopySettings) -> Convert:
    """Refuse a transform that moves an item within the table that is being read, or splits one."""
    from ..items.limits import key_of

    names = key_names(table)

    def checked(raw: Raw) -> Iterable[bytes | Raw]:
        made = list(convert(raw))
        if any(item_key(item, names) != item_key(raw, names) for item in made):
            message = "in place, a transform cannot change an item's key: copy into another table"
            raise ItemError(message, ", ".join(names), key=key_of(raw, names))
        if len(made) > 1 and settings.collisions != "last":
            from .collisions import collision

            raise collision(made[1], table.name, names)
        return made

    return checked
