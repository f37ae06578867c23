"""How far a copy is: per page, per segment, and as the checkpoint and the report that users see.

A cursor moves only when every write before it has been acknowledged, so that whoever goes on from
a checkpoint may write an item again but never leaves one out.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any

from msgspec import Struct, convert, field, json, structs, to_builtins

from .errors import Refused
from .pages import Key
from .wire import UNREADABLE

__all__ = [
    "Checkpoint",
    "CopyReport",
    "Costs",
    "Page",
    "Segment",
    "SegmentPoint",
    "identified",
    "read_checkpoint",
    "report",
]


class CopyReport(Struct, frozen=True):
    """What a copy has done, runs before its checkpoint included."""

    done: bool
    """Whether every item has been read and dealt with."""
    read: int
    written: int
    skipped: int
    """Source items for which the transform gave nothing."""
    failed: int
    """Items that `on_error` has taken."""
    collisions: int
    """Items that another one with the same key replaced before it was sent."""
    retried: int
    """Writes that had to be sent again: the service was too busy, or its answer was lost."""
    read_units: float
    write_units: float
    seconds: float
    checkpoint: dict[str, Any]
    """JSON-safe; give it as `resume=` to go on. Holds table names, counts and at most one key of
    an item for each segment."""


class Counts(Struct):
    """What has been done with items."""

    read: int = 0
    written: int = 0
    skipped: int = 0
    failed: int = 0
    collisions: int = 0

    def __add__(self, other: Counts) -> Counts:
        pairs = zip(structs.astuple(self), structs.astuple(other), strict=True)
        return Counts(*(one + another for one, another in pairs))


class Costs(Struct):
    """What a segment has taken, the repetitions included."""

    retried: int = 0
    read_units: float = 0.0
    write_units: float = 0.0


class SegmentPoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a segment can be gone on with: after `cursor`, or at its beginning."""

    segment: int
    done: bool = False
    cursor: Key | None = None
    counts: Counts = field(default_factory=Counts)
    costs: Costs = field(default_factory=Costs)


class Checkpoint(Struct, forbid_unknown_fields=True):
    """All that a copy needs to go on; JSON-safe as builtins."""

    source: str
    target: str
    of: int
    segments: list[SegmentPoint]
    seconds: float = 0.0
    source_id: str = ""
    target_id: str = ""
    """Which tables the names stood for; empty where the service does not say."""


class Page(Struct, eq=False):
    """Items that one Scan has given, until all that became of them is acknowledged."""

    cursor: Key | None
    counts: Counts
    open: int = 0
    """Items to be written and not acknowledged yet."""
    read_whole: bool = False


class Segment:
    """One segment under way: its checkpoint, and the pages after it.

    Only the thread that copies it changes it; others look at it for reports.
    """

    def __init__(self, point: SegmentPoint) -> None:
        self.point = point
        self._pages: deque[Page] = deque()
        self._lock = Lock()

    @property
    def cursor(self) -> Key | None:
        """The place to read from next."""
        return self._pages[-1].cursor if self._pages else self.point.cursor

    def begin_page(self, cursor: Key | None, items: int) -> Page:
        """Take up a page that ends at `cursor`, the last one if that is `None`."""
        page = Page(cursor, Counts(read=items))
        with self._lock:
            self._pages.append(page)
        return page

    def settle(self) -> None:
        """Move the cursor behind the pages of which nothing is open any more."""
        pages = self._pages
        while pages and pages[0].read_whole and not pages[0].open:
            page = pages[0]
            settled = structs.replace(
                self.point,
                cursor=page.cursor,
                done=page.cursor is None,
                counts=self.point.counts + page.counts,
            )
            with self._lock:
                self.point = settled
                pages.popleft()

    def counts(self) -> Counts:
        """Give what has been done, behind the cursor and before it."""
        with self._lock:
            return sum((page.counts for page in self._pages), self.point.counts)


def read_checkpoint(
    value: Any, source: str, target: str, segments: list[int], of: int
) -> Checkpoint:
    """Give the checkpoint to go on from; refuse one that belongs to another copy."""
    if value is None:
        return Checkpoint(source, target, of, [SegmentPoint(segment) for segment in segments])
    try:
        checkpoint = convert(value, Checkpoint)
        json.encode(checkpoint)  # what JSON cannot hold has not come from a report
    except UNREADABLE as error:
        raise Refused((f"resume= is no checkpoint of a copy: {error}",)) from error
    pairs = (
        ("source", checkpoint.source, source),
        ("target", checkpoint.target, target),
        ("number of segments", checkpoint.of, of),
        ("segments", sorted(point.segment for point in checkpoint.segments), segments),
    )
    reasons = [
        f"the checkpoint's {what} is {theirs!r}, this copy's is {ours!r}"
        for what, theirs, ours in pairs
        if theirs != ours
    ]
    if reasons:
        raise Refused(tuple(reasons))
    return checkpoint


def identified(checkpoint: Checkpoint, source: str | None, target: str | None) -> Checkpoint:
    """Note which tables these are; refuse others of the same names, which lack what was copied."""
    pairs = (
        ("source", checkpoint.source_id, source),
        ("target", checkpoint.target_id, target),
    )
    reasons = [
        f"the {what} is not the table that the checkpoint was made with, but another of its name"
        for what, theirs, ours in pairs
        if theirs and ours and theirs != ours
    ]
    if reasons:
        raise Refused(tuple(reasons))
    return structs.replace(checkpoint, source_id=source or "", target_id=target or "")


def report(checkpoint: Checkpoint, segments: list[Segment], seconds: float) -> CopyReport:
    """Sum up all segments."""
    points = [segment.point for segment in segments]
    counts = sum((segment.counts() for segment in segments), Counts())
    costs = [point.costs for point in points]
    return CopyReport(
        done=all(point.done for point in points),
        **structs.asdict(counts),
        retried=sum(cost.retried for cost in costs),
        read_units=sum(cost.read_units for cost in costs),
        write_units=sum(cost.write_units for cost in costs),
        seconds=seconds,
        checkpoint=to_builtins(structs.replace(checkpoint, segments=points, seconds=seconds)),
    )
