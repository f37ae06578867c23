"""How far a copy is: per page, per segment, and as the report that users see.

A cursor moves only when every write before it has been acknowledged, so that a copy which resumes
from a checkpoint may write an item again but never leaves one out.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from threading import Lock
from typing import Any

from msgspec import UNSET, Raw, Struct, field, json, structs, to_builtins

from ..api.bulk_errors import BulkErrors
from ..api.cursors import Cursors
from ..api.items import Key
from ..errors import UNREADABLE
from ..items.keys import raw_key
from ..model import Readable
from .checkpoint import Checkpoint, Counts, SegmentPoint, total


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


class Page(Struct, eq=False):
    """Items in a row that one Scan has given, until all that became of them is acknowledged."""

    cursor: Key | None = None
    last: Raw | None = None
    """The last item, where its key is the cursor: read only if a checkpoint is to have it."""
    counts: Counts = field(default_factory=Counts)
    open: int = 0
    """Items to be written and not acknowledged yet."""
    read_whole: bool = False
    digest: bytes = b""
    """Of the key of its one item, where the checkpoint is to say that this one is written."""
    sent: bytes = b""
    """The hash of what that item is becoming: it may be that already."""

    def ends(self, names: tuple[str, ...]) -> bool:
        """Find the cursor; an item without a key, of which nothing is known here, is none."""
        if self.last is not None and (key := key_in(self.last, names)) is not None:
            self.cursor, self.last = key, None
        return self.last is None


class Segment:
    """One segment under way: its checkpoint, and the pages after it.

    Only the thread that copies it adds pages; others look at them for reports.
    """

    def __init__(self, point: SegmentPoint, names: tuple[str, ...] = ()) -> None:
        self.point = point
        self.ahead = set(point.ahead)
        """Items after the cursor that a run before has written, and this one has not met yet."""
        self.sent = {both[:16]: both[16:] for both in point.sent}
        """Those that it may have written, with the hash of what they are then."""
        self.cursors = Cursors("Scan")
        self._names = names
        self._pages: deque[Page] = deque()
        self._lock = Lock()

    @property
    def cursor(self) -> Key | None:
        """The place to read from next."""
        return self._pages[-1].cursor if self._pages else self.point.cursor

    def begin_page(self, cursor: Key | None, last: Raw | None = None) -> Page:
        """Take up items that end at `cursor` or `last`; at the table's end if both are `None`."""
        page = Page(cursor, last)
        with self._lock:
            self._pages.append(page)
        return page

    def hear(self, point: SegmentPoint, under_way: Counts) -> None:
        """Take over where the segment stands elsewhere, and what is done there after its cursor."""
        with self._lock:
            self.point = point
            self.ahead = set(point.ahead)
            self.sent = {both[:16]: both[16:] for both in point.sent}
            # Open, so that it is counted and moves no cursor: the other side does that.
            self._pages = deque([Page(counts=under_way, open=1)])

    def settle(self) -> None:
        """Move the cursor behind the pages of which nothing is open any more."""
        with self._lock:
            self._settle()

    def detach(self) -> None:
        """Settle, and read the other cursors: an item would hold its whole page in memory."""
        with self._lock:
            self._settle()
            for page in self._pages:
                page.ends(self._names)

    def _settle(self) -> None:
        """Move the cursor; for who holds the lock."""
        # An unbroken run from the front, and no page behind the first that waits: what lies before
        # the cursor is in the target.
        ready = [*takewhile(lambda page: page.read_whole and not page.open, self._pages)]
        while ready and not ready[-1].ends(self._names):
            ready.pop()
        if not ready:
            return
        cursor = ready[-1].cursor
        counts = total((self.point.counts, *(page.counts for page in ready)))
        self.point = structs.replace(self.point, cursor=cursor, done=cursor is None, counts=counts)
        for _ in ready:
            self._pages.popleft()

    def counts(self) -> Counts:
        """Return what has been done, behind the cursor and before it."""
        with self._lock:
            return total((self.point.counts, *(page.counts for page in self._pages)))

    def resumable(self) -> SegmentPoint:
        """Return the point to resume from, which also tells what is written ahead of its cursor."""
        with self._lock:
            self._settle()
            # What is acknowledged behind a page that waits: the cursor cannot tell of it.
            written = {p.digest for p in self._pages if p.digest and p.counts.written}
            sent = self.sent | {p.digest: p.sent for p in self._pages if p.sent and p.open}
            # Sorted, so that the same state is the same file.
            both = sorted(key + hashed for key, hashed in sent.items())
            return structs.replace(self.point, ahead=sorted(self.ahead | written), sent=both)


_key_value = json.Decoder(dict[str, str]).decode


def key_in(raw: Raw, names: tuple[str, ...]) -> Key | None:
    """Return an item's key as a cursor has it; `None` for an item without one."""
    try:
        return {name: _key_value(value) for name, value in raw_key(raw, names).items()}
    except (KeyError, *UNREADABLE):
        return None


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
