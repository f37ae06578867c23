"""What users are told of a copy, by `progress=`, by `checkpoint_file=`, by `report` of errors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Generic, TypeVar

from msgspec import UNSET, structs, to_builtins

from ..api.bulk_errors import BulkErrors
from ..model import Readable
from ..operations import Steps
from .checkpoint import Checkpoint, Counts, save, total
from .segment import Segment

J = TypeVar("J")
R = TypeVar("R")
T = TypeVar("T")

PROGRESS_EVERY = 0.25
"""Seconds between two reports at least."""

SAVE_EVERY = 1.0
"""Seconds between two times that the file is written at least: each waits for the disk."""


class CopyReport(Readable, frozen=True, kw_only=True):
    """What a copy has done, runs before its checkpoint included; true if it is done."""

    done: bool
    """Whether every item has been read and dealt with, and both tables are still there."""
    read: int
    written: int
    """Items of the source, or made of them, that are in the target: not writes."""
    skipped: int
    """Source items for which the transform gave nothing."""
    failed: int
    """Items that `on_error` has taken."""
    collisions: int
    """Items that another one with the same key replaced; `collisions="last"` allows it."""
    kept: int = 0
    """Items that were not written, since the target had another one with their key."""
    unchecked: int = 0
    """Items whose key was not compared with all those before: `collisions="error"` could not."""
    bytes: int = 0
    """Of the items that were read, as JSON."""
    retried: int
    """Writes that had to be sent again: the service was too busy, or its answer was lost."""
    read_units: float
    write_units: float
    seconds: float
    estimated_total: int | None = None
    """Items to read, by DescribeTable's count, which is some six hours old; `None` if unknown."""
    rate: float = 0.0
    """Items read a second, over the time of all runs."""
    percent: float | None = None
    """How much of `estimated_total` has been read, from 0 to 100."""
    time_left: float | None = None
    """Seconds to the end at the rate so far; `None` where the total is not known."""
    prefixes: tuple[str, ...] = ()
    """With `via="s3"`: where in S3 the export, the uploaded items and the report of errors are, and
    stay."""
    errors: BulkErrors | None = None
    """With `via="s3"`: what the bulk put could not put."""
    checkpoint: dict[str, Any]
    """JSON-safe; pass it as `resume=` to resume. Holds names, ARNs, counts, at most one key of an
    item for each segment, and digests of keys."""

    def __bool__(self) -> bool:
        return self.done

    def counts(self) -> Counts:
        """Return what has been done with items."""
        return Counts(*(getattr(self, name) for name in Counts.__struct_fields__))

    def __str__(self) -> str:
        total = f" of about {self.estimated_total:,}" if self.estimated_total else ""
        others = ("skipped", "failed", "collisions", "kept", "unchecked", "retried")
        more = "".join(f", {name} {n:,}" for name in others if (n := getattr(self, name)))
        state = "done" if self.done else "not done"
        left = f", {self.time_left:,.0f} s left" if self.time_left else ""
        return f"{state}: read {self.read:,}{total}, written {self.written:,}{more}{left}"


def report(
    checkpoint: Checkpoint, segments: list[Segment], seconds: float, items: int | None = None
) -> CopyReport:
    """Sum up all segments; `items` is how many there are to read by the service's estimate."""
    points = [segment.resumable() for segment in segments]
    counts = total(segment.counts() for segment in segments)
    costs = [point.costs for point in points]
    s3 = checkpoint.s3
    prefixes: tuple[str, ...] = ()
    if s3 is not UNSET:
        # The service counts what it puts: of items with one key, each.
        counts.written = max(0, s3.written - counts.collisions)
        counts.failed += s3.failed
        if s3.export:
            prefixes = tuple(map(s3.place, ("AWSDynamoDB", "items", "errors")))
    done = checkpoint.done and all(point.done for point in points)
    read = counts.read
    # DescribeTable's figure is old: more may have been read than there should be.
    of = read if done else max(items, read) if items else None
    left = None if of is None or not read else (of - read) * seconds / read
    resumable = structs.replace(checkpoint, segments=points, seconds=seconds)
    return CopyReport(
        done=done,
        **structs.asdict(counts),
        retried=sum(cost.retried for cost in costs),
        read_units=sum(cost.read_units for cost in costs),
        write_units=sum(cost.write_units for cost in costs),
        seconds=seconds,
        estimated_total=of,
        rate=read / seconds if seconds else 0.0,
        percent=100.0 * read / of if of else 100.0 if done else None,
        time_left=left,
        prefixes=prefixes,
        checkpoint=to_builtins(resumable),
    )


def report_before(checkpoint: Checkpoint) -> CopyReport:
    """Return the report of a run that has done nothing yet."""
    segments = [Segment(point) for point in checkpoint.segments]
    return report(checkpoint, segments, checkpoint.seconds)


_INTERRUPTS = ("KeyboardInterrupt", "CancelledError")


def carried_out(
    making: Steps[J], perform: Callable[[J], Steps[T]], before: Callable[[], T]
) -> Steps[T]:
    """Perform a job; every error that ends it early gets its report, or that of `before`."""
    job: Any = None
    try:
        job = yield from making
        return (yield from perform(job))
    except BaseException as error:  # a callback's own and an interrupt too: all would be in vain
        # Before there is a job, there is at least what the checkpoint had.
        report = job.telling.stopped(error) if job else before()
        with suppress(AttributeError):  # a frozen exception takes none
            error.report = report  # type: ignore[attr-defined]  # any other may have it
        raise


class Telling(Generic[R]):
    """Tells what has been done so far, from whatever segment's thread."""

    def __init__(
        self,
        settings: Any,
        report: Callable[[], R],
        started: float,
        keep: Callable[[R], None] | None = None,
    ) -> None:
        self._progress = settings.progress
        self._file = settings.checkpoint_file
        self._report = report
        self._keep = keep
        self._reported = self._saved = started
        self._lock = Lock()

    def tell(self, moment: float) -> bool:
        """Save the checkpoint and call `progress`, unless that was done a moment ago.

        One thread at a time, in the order of the reports; the others need not wait for it. Returns
        whether it may have taken long.
        """
        nobody = self._progress is None and self._file is None
        # Without waiting: a slow `progress` slows down the segment that calls it, and no other.
        if nobody or not self._lock.acquire(blocking=False):
            return False
        try:
            if moment - self._saved >= SAVE_EVERY:
                self._saved = moment
                self.save()
            if self._progress is not None and moment - self._reported >= PROGRESS_EVERY:
                self._reported = moment
                self._progress(self._report())
        finally:
            self._lock.release()
        return True

    def last(self) -> R:
        """Save the checkpoint of the last report, and tell and return it."""
        self.save()
        final = self._report()
        if self._progress is not None:
            self._progress(final)
        return final

    def stopped(self, error: BaseException) -> R:
        """Save the checkpoint, and return the report that `error` is to carry."""
        try:
            self.save()
        except OSError as trouble:
            # It must not hide what ended the operation.
            with suppress(AttributeError):  # new in Python 3.11
                error.add_note(f"the checkpoint could not be saved: {trouble}")  # type: ignore[attr-defined,unused-ignore]  # see above
        else:
            # Told by name: asyncio is not imported only to look.
            if type(error).__name__ in _INTERRUPTS and not error.args:
                again = f"run it again with checkpoint_file={str(self._file)!r}"
                how = "pass this exception's report as resume=" if self._file is None else again
                error.args = (f"interrupted: {how} to resume",)
        return self._report()

    @property
    def keeps(self) -> bool:
        """Whether there is where a checkpoint can be kept."""
        return self._keep is not None or self._file is not None

    def keep(self) -> None:
        """Save the checkpoint at once."""
        # Waits for its turn, unlike `tell`: what is done next relies on it.
        with self._lock:
            self.save()
            if self._keep is not None:  # pragma: no cover - in another process
                self._keep(self._report())

    def save(self) -> None:
        """Save the checkpoint, where there is a file for it."""
        if self._file is not None:
            now: Any = self._report()
            save(self._file, now.checkpoint)
