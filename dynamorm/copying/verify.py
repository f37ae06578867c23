"""Proves that a table holds what was copied into it, or names what differs. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from ..model.declare import Model
from ..operations import Steps, now, operation
from ..operations.pace import Pace
from ..operations.transport import DatabaseLike
from .asking import TimeLeft
from .checkpoint import resumed
from .compare import Comparison
from .options import CopySettings, Unmodelled, check_segments, is_of_processes
from .pair import LAST_LOOK, Pair, check_tables, is_same
from .reads import End, Reads
from .report import carried_out
from .verified import Phase, Verified, VerifyPoint

if TYPE_CHECKING:
    from os import PathLike

    from .options import S, Source, TypedTransform
    from .shares import Ask, Away, Task, Told


@operation
def verify_copy(
    source: Source[S],
    target: Model | str,
    *,
    transform: TypedTransform[S] = None,
    unmodelled: Unmodelled = "keep",
    segments: int | None = None,
    consistent_read: bool = True,
    max_read_units: float | None = None,
    deadline: float | Callable[[], float] | None = None,
    resume: dict[str, Any] | Verified | None = None,
    checkpoint_file: str | PathLike[str] | None = None,
    progress: Callable[[Verified], object] | None = None,
    sample: float = 1.0,
    target_db: DatabaseLike | None = None,
    executor: Any = None,
) -> Steps[Verified]:
    """Compare the items of two tables; the result says whether `target` is a copy of `source`.

    Items are equal if DynamoDB holds them equal: numbers by value, sets in any order. The result is
    true only if no item is missing, different or extra, and everything was compared. It has the
    number of each, and the first hundred keys; extra items of a copy with a transform are counted
    only. Writes in the meantime make a difference, or hide one.

    Sends DescribeTable for both tables, before and after, and reads each once with Scan, equal
    segments side by side. Items that have no counterpart within three pages are looked up with
    BatchGetItem, a read unit at least for each. Where the two tables come in different orders, sums
    are compared instead; if these differ, or there are extra items and a transform, the source is
    read again and each item looked up; without a transform then also the target's in the source.

    - `transform`, `unmodelled`: those of the copy, if it had any. The transform is called for each
      item of the source, twice where the tables differ.
    - `segments`: how many are compared at once; the checkpoint's number, otherwise 8.
    - `consistent_read`: of both tables. Without it a read costs half, and may miss what was written
      a moment before.
    - `max_read_units`: a second, of both tables together, over all segments.
    - `deadline`: seconds, or a function that gives the seconds left; the comparison stops in time,
      with `done` false.
    - `resume`: a result that is not done, or its `checkpoint`; the comparison resumes from there.
    - `checkpoint_file`: where the checkpoint is kept; one that is there is resumed, unless it is
      that of a comparison which is done: this one begins again.
    - `progress`: called with a result so far, at most four times a second, from any thread.
    - `sample`: the share of the source's items that are looked up in the target, drawn by a hash of
      the key; below 1, extra items are not looked for.
    - `target_db`: the database that the target is in, if it is another one.

    Raises `Refused` before anything is read when the tables, their models or the checkpoint do not
    fit, or afterwards, when a table was deleted and created again in the meantime; `ItemError` for
    an item that the transform does not take. An error that ends a comparison which has begun has
    its `report`, and so the checkpoint.
    """
    settings = CopySettings(
        transform=transform,
        unmodelled=unmodelled,
        consistent_read=consistent_read,
        max_read_units=max_read_units,
        deadline=deadline,
        resume=resume,  # type: ignore[arg-type]  # of another kind of report
        progress=progress,  # type: ignore[arg-type]  # called with another kind of report
        target_db=target_db,
        checkpoint_file=checkpoint_file,
    )
    if is_of_processes(executor):
        raise TypeError(
            "executor= takes one of threads: dynamorm.distributed.verify_copy compares in processes"
        )
    pair = Pair(source, target, settings)
    return (yield from compared(pair, segments, sample, executor))


def compared(
    pair: Pair,
    segments: int | None,
    sample: float,
    executor: Any = None,
    packing: Steps[Away] | None = None,
) -> Steps[Verified]:
    """Compare from the beginning, or from a checkpoint; with `packing`, elsewhere."""
    check_segments(segments)
    is_number = isinstance(sample, int | float) and not isinstance(sample, bool)
    if not is_number or not 0 < sample <= 1:
        raise ValueError(f"sample= takes a share above 0 and up to 1, not {sample!r}")
    pair.check()
    # For its errors, at the call; a file is read by each run.
    if pair.settings.resume is not None:
        _open(pair, segments, sample)
    away = None if packing is None else (yield from packing)
    started = yield from now()
    point = _open(pair, segments, sample)

    def steps(comparison: Comparison) -> Steps[Verified]:
        walk = partial(away or partial(Comparison.walk, executor=executor), comparison)
        # Looked at once more, as after a copy: a table that was replaced has not been compared.
        if (yield from comparison.perform(walk)):
            comparison.finish((yield from pair.find(comparison.left, LAST_LOOK)))
        return comparison.telling.last()

    making = _prepared(pair, point, started, Pace(pair.settings.max_read_units))
    return (yield from carried_out(making, steps, point.verified))


def _open(pair: Pair, segments: int | None, sample: float) -> VerifyPoint:
    """Return the checkpoint to resume, or a new one; refuse that of another comparison."""
    # What is drawn from the source has no counterpart among the sums of the target.
    phase: Phase = "sums" if sample == 1 else "lookups"

    def begin(of: int) -> VerifyPoint:
        """Return the checkpoint of a comparison that has not begun."""
        return VerifyPoint(*pair.names, of, sample, pair.work).at(phase)

    point = resumed(VerifyPoint, "comparison", pair.settings, segments, begin)
    # What a file says has once been true may not be so any more.
    return begin(point.of) if point.done and pair.settings.resume is None else point


def compare_walk(task: Task, ask: Ask) -> Verified:
    """Do one walk in the process that it was sent to."""

    def steps(pair: Pair, told: Told) -> Steps[Verified]:
        started = yield from now()
        comparison = yield from _prepared(pair, task.point, started, told.read)
        for walk in task.segments:
            yield from comparison.walk_one(walk)
        return comparison.telling.last()

    return task.do(ask, steps)


def _prepared(pair: Pair, point: VerifyPoint, started: float, pace: Pace) -> Steps[Comparison]:
    """Describe both tables, and refuse them if they do not fit."""
    settings = pair.settings
    left = TimeLeft(settings.deadline, started)
    found = yield from pair.find(left)
    # With a transform a table may well be compared with itself: a copy in place has made it so.
    if is_same(*found) and settings.transform is None:
        raise Refused((f"source and target are the same table, {point.source}: name another",))
    point = check_tables(point, "comparison", *found)
    here, there = (one.spec for one in found)
    ends = End(point.source, here.key), End(point.target, there.key, settings.target_db)
    return Comparison(
        Reads(*ends, left, pace, consistent=settings.consistent_read),
        point,
        convert=None if settings.transform is None else pair.converter(here, there),
        settings=settings,
    )
