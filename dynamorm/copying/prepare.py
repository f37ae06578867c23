"""What is looked at before a copy begins: both tables, the checkpoint, whether they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec import UNSET, Raw, structs

from ..api import TableDescription
from ..errors import ItemError, Refused
from ..items.keys import item_key
from ..model.spec import TableSpec, key_names
from ..operations import Steps
from ..operations.pace import Pace
from .checkpoint import (
    CUT,
    SEGMENTS,
    Checkpoint,
    S3Point,
    check_resumed,
    new_checkpoint,
    read_point,
)
from .collisions import Forbidding, Keys, Replacing, Rule, collision
from .identity import check_tables, is_same
from .job import Convert, Items, Job, Paces
from .options import CopySettings, TimeLeft
from .pair import Pair
from .report import CopyReport


def open_checkpoint(pair: Pair, segments: list[int] | None, of: int | None) -> Checkpoint:
    """Return the checkpoint of `resume=` or of the file, or a new one.

    `segments` and `of` are the checkpoint's where they are `None`.
    """
    settings = pair.settings
    origin, given = "resume=", settings.resume
    # Read by each run, and not when the operation is made: a second one resumes from what the first
    # has saved.
    if settings.checkpoint_file is not None:
        from .checkpoint_file import load

        origin = f"checkpoint_file= {settings.checkpoint_file}"
        given = load(settings.checkpoint_file)
    s3 = UNSET if settings.bucket is None else S3Point(settings.bucket, CUT, settings.prefix)
    begin = partial(new_checkpoint, pair.names, segments, work=pair.work, s3=s3)
    if given is None:
        return begin(of or SEGMENTS)
    checkpoint = read_point(given, Checkpoint, "copy", origin)
    check_resumed(checkpoint, begin(of or checkpoint.of))
    return checkpoint


def check_pair(pair: Pair) -> None:
    """Refuse two tables that are one, or are of two models that only a transform can join.

    By S3 also a source of which the service makes no export.
    """
    name, other = pair.names
    _refuse_same(name, name == other and pair.settings.target_db is None, pair.settings)
    pair.check()
    if pair.settings.via == "s3":
        from .s3.options import check_source

        check_source(pair.source)


def prepare(
    pair: Pair,
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
    settings = pair.settings
    left = TimeLeft(settings.deadline, started)
    ours, theirs = yield from pair.find(left)
    same = is_same(ours, theirs)
    _refuse_same(checkpoint.source, same, settings)
    checkpoint = check_tables(checkpoint, "copy", ours, theirs)
    here, there = ours.spec, theirs.spec
    # The target has keys that the source never had to fit: items are checked, transform or not.
    changes_keys = here.key != there.key or not _keys(there) <= _keys(here)
    convert: Convert | None = None
    if settings.transform is not None or changes_keys:
        convert = pair.converter(here, there)
    if convert is not None and same:
        convert = _same_key(convert, there, settings)
    rule = None
    if convert is not None and not _unique(settings, here, there, same):
        rule = _rule(settings, there, checkpoint, alone=whole and not checkpoint.begun)
    # Some six hours old: good for an estimate of the time, and for nothing else.
    number = ours.table.item_count
    if number is not None and not whole:
        # Scan spreads items over segments by a hash, so that each has about the same number.
        number //= checkpoint.of
    items = Items(key_names(here), key_names(there), convert, rule, same, number)
    paces = paces or Paces(
        Pace(settings.max_read_units), Pace(settings.max_write_units, _cold(theirs.table))
    )
    return Job(settings, checkpoint, items, left, paces, keep)


COLD = 4000.0
"""Write units a second that an on-demand table takes from the beginning."""


def _cold(table: TableDescription) -> float | None:
    """Return the rate that a table takes without having been used; `None` if it has its own."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    if table.billing_mode != "PAY_PER_REQUEST":
        return None
    warm = table.warm_throughput
    return float((warm and warm.write_units_per_second) or COLD)


def confirm(pair: Pair, job: Job) -> Steps[None]:
    """Look whether both tables are those that the copy began with, when it has come to its end.

    One that was deleted and created again on the way lacks what was copied before.
    """
    ended = job.checkpoint.is_put and all(segment.point.done for segment in job.segments)
    if job.checkpoint.done or not ended:
        return
    found = yield from pair.find_again(job.left)
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
    # But with "last" it may make several items of one, with its key.
    if same:
        return settings.collisions != "last"
    # An attribute transform says which attributes it touches; a function may touch any.
    transform = settings.transform
    touched: Any = () if transform is None else getattr(transform, "touched", None)
    if touched is None or not {attribute.name for attribute in target.key}.isdisjoint(touched):
        return False
    # Then two items with one key in the target would have had one in the source.
    return set(source.key) <= set(target.key)


def _rule(
    settings: CopySettings, target: TableSpec, checkpoint: Checkpoint, *, alone: bool
) -> Rule | None:
    """Return what is done about items that get one key; `None` where each write is conditional."""
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
        """Return what becomes of an item; raise `ItemError` if that has another key."""
        # All of them first: an item that is refused must leave none of its parts behind.
        made = list(convert(raw))
        if any(item_key(item, names) != item_key(raw, names) for item in made):
            message = "in place, a transform cannot change an item's key: copy into another table"
            raise ItemError(message, ", ".join(names), key=key_of(raw, names))
        if len(made) > 1 and settings.collisions != "last":
            raise collision(made[1], table.name, names)
        return made

    return checked
