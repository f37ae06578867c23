"""Copies a table into another one: streaming, resumable, paced. Nothing here deletes anything.

Each segment is one operation. It reads a page, transforms it, and writes it in batches; a cursor
moves only behind what has been acknowledged. Puts are idempotent, so that writing an item again,
after a lost answer or a killed run, changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..model.declare import Model
from ..operations import Steps, now, operation, together
from .job import Job, check_pair, open_checkpoint, prepare
from .options import check_processes, check_segments, check_whole, settings_of
from .pages import Pages
from .pair import Pair
from .report import CopyReport, carried_out, report_before

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..operations.parallel import Stop
    from .options import CopyOptions, PlainCopyOptions, S, Source, TypedTransform
    from .shares import Ask, Away, Shares, Task, Told


@operation
def copy_table(
    source: Source[S],
    target: Model | str,
    *,
    segments: int | None = None,
    processes: int = 1,
    executor: Any = None,
    transform: TypedTransform[S] = None,
    **options: Unpack[PlainCopyOptions],
) -> Steps[CopyReport]:
    """Copy all items of `source` into `target`, an existing table that may hold other items.

    Sends DescribeTable for both, then Scan and BatchWriteItem for all segments at once, and at the
    end DescribeTable for both again. `segments` defaults to the checkpoint's number, else to 8. The
    options, with their defaults:

    - `transform=None`: a function from an instance of the source model to one of the target model,
      to several, or to `None`; or an attribute transform. Without one, items stay the bytes that
      they are.
    - `batch_size=25`: items in one BatchWriteItem at most.
    - `page_limit=None`: items in one Scan page at most; a page has 1 MB anyway.
    - `consistent_read=True`: read what has been written until now. `False` costs half the read
      units and may miss what was written a moment before.
    - `max_read_units=None`, `max_write_units=None`: capacity units a second, over all segments.
    - `deadline=None`: seconds, or a function that returns the seconds left; the copy stops in time,
      in the middle of a page too, with `report.done` false.
    - `resume=None`: a report or its `checkpoint`; the copy resumes from there.
    - `checkpoint_file=None`: a file to resume from, if it is there, and to save the checkpoint in.
    - `progress=None`: called with a report, at most four times a second, from any segment's thread,
      one call after the other.
    - `on_error="raise"`: or a function that is called with a bad item's attribute values and the
      error, after which the copy continues.
    - `unmodelled="keep"`: what becomes of attributes that no model knows, also "drop" or "error".
    - `collisions="error"`: two items that the transform gives one key end the copy; the keys of
      `collision_keys=2_000_000` items are remembered, `report.unchecked` counts what was not
      compared. "check" writes on the condition that there is no other item, one request for each.
      "last" lets the last one win.
    - `existing="overwrite"`: or "keep", to write items only where the target has none with the key.
    - `in_place=False`: whether source and target may be one table.
    - `target_db=None`: the database that the target is in, if it is another one.
    - `via="direct"`: read by Scan, write by BatchWriteItem or PutItem. "s3" exports the source to
      `bucket=` under `prefix=`, transforms its items here, and has the target put them in bulk;
      `s3=` is a client of botocore or boto3. The source needs PITR; the items are those of the
      moment when the copy begins. Nothing in the bucket is deleted: `report.prefixes`.

    Raises `Refused` before anything is read when the tables or the checkpoint do not fit, and in
    the end if one of the tables has been replaced; `CopyIncomplete` with the unwritten items when
    the service stays too busy; `ItemError` for an item that cannot be transformed or written. Every
    error that ends the copy has its `report`, and so the checkpoint to resume from; so have
    KeyboardInterrupt and CancelledError.

    `executor` runs the segments in its threads or processes. `processes=4` copies in so many new
    processes: models and transforms must be of modules, the database one that can be pickled.
    """
    settings = settings_of(
        "copy_table", {**options, "transform": transform}, "segments", "processes", "executor"
    )
    check_segments(segments)
    pair = Pair(source, target, settings)
    packing: Steps[Away] | None = None
    if processes := check_processes(processes, executor):
        from ..operations.processes import in_processes
        from .shares import pack

        def wait(shares: Shares, stopped: Stop) -> None:
            if tasks := shares.share_out(processes):
                in_processes(executor, copy_share, tasks, shares.hear, stopped)

        packing = pack(pair, wait)
    return (yield from copied(pair, None, segments, executor, packing))


@operation
def copy_segment(
    source: Model | str,
    target: Model | str,
    *,
    segment: int,
    of: int,
    **options: Unpack[CopyOptions],
) -> Steps[CopyReport]:
    """Copy segment `segment` of `of`; as `copy_table`, to spread segments over machines.

    Names, numbers and the checkpoint are JSON-safe, and so is the report.
    """
    check_segments(of)
    check_whole("segment=", segment, of - 1, least=0)
    settings = settings_of("copy_segment", options, "segment", "of")
    settings.refuse_bulk()
    return (yield from copied(Pair(source, target, settings), [segment], of))


def copied(
    pair: Pair,
    segments: list[int] | None,
    of: int | None,
    executor: Any = None,
    packing: Steps[Away] | None = None,
) -> Steps[CopyReport]:
    """Copy the segments of a new checkpoint, or of the one to resume; with `packing`, elsewhere."""
    check_pair(pair)
    # For its errors, at the call; a file is read by each run.
    if pair.settings.resume is not None:
        open_checkpoint(pair, segments, of)
    away = None if packing is None else (yield from packing)
    started = yield from now()
    checkpoint = open_checkpoint(pair, segments, of)
    making = prepare(pair, checkpoint, started, whole=segments is None or checkpoint.of == 1)
    perform = away or partial(_copy, executor=executor)
    if pair.settings.via == "s3":
        from .s3 import by_s3  # loaded for this alone

        perform = partial(by_s3, executor=executor)

    def steps(job: Job) -> Steps[CopyReport]:
        # A file that cannot be written ends the copy before it has copied anything.
        job.telling.save()
        yield from perform(job)
        yield from job.confirm()
        return job.outcome((yield from now()))

    return (yield from carried_out(making, steps, partial(report_before, checkpoint)))


def copy_share(task: Task, ask: Ask) -> CopyReport:
    """Copy a share in the process that it was sent to."""

    def copy(job: Job) -> Steps[CopyReport]:
        # Whether both tables are still there in the end is for the process that waits to see.
        yield from _copy(job)
        return job.outcome((yield from now()))

    def steps(pair: Pair, told: Told) -> Steps[CopyReport]:
        making = prepare(pair, task.point, (yield from now()), told=told)
        return (yield from carried_out(making, copy, partial(report_before, task.point)))

    return task.do(ask, steps)


def _copy(job: Job, executor: Any = None) -> Steps[None]:
    """Copy the segments that are not done, here."""
    copies = tuple(Pages(job, segment).copy() for segment in job.pending())
    yield from together(copies, executor)
