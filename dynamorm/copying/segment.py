"""What of a segment is under way: the pages that it has read, and what of them is to be written.

A cursor moves only when every write before it has been acknowledged, so that a copy which resumes
from a checkpoint may write an item again but never leaves one out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from threading import RLock

from msgspec import Raw, Struct, field, json, structs

from ..api.cursors import Cursors
from ..api.items import Key
from ..errors import UNREADABLE
from ..items.keys import raw_key
from .checkpoint import Counts, SegmentPoint, total

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BODY = 15_500_000
"""Bytes of items in one request. The service takes 16 MB of JSON, which can be six times the size
that items count as: control characters are escaped, and binary values are base64."""


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
        if self.last is not None:
            with suppress(KeyError, *UNREADABLE):
                self.cursor, self.last = cursor_at(self.last, names), None
        return self.last is None


class Segment:
    """One segment under way: its checkpoint, and the pages after it.

    Only the thread that copies it adds pages; others look at them for reports.
    """

    def __init__(self, point: SegmentPoint, names: tuple[str, ...] = ()) -> None:
        self.cursors = Cursors("Scan")
        self._names = names
        self._lock = RLock()
        self._begin(point)

    def _begin(self, point: SegmentPoint, *pages: Page) -> None:
        self.point = point
        self.ahead = set(point.ahead)
        """Items after the cursor that a run before has written, and this one has not met yet."""
        self.sent = {both[:16]: both[16:] for both in point.sent}
        """Those that it may have written, with the hash of what they are then."""
        self._pages = deque(pages)

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
            # Open, so that it is counted and moves no cursor: the other side does that.
            self._begin(point, Page(counts=under_way, open=1))

    def settle(self) -> None:
        """Move the cursor behind the pages of which nothing is open any more."""
        with self._lock:
            # An unbroken run from the front, and no page behind the first that waits: what lies
            # before the cursor is in the target.
            ready = [*takewhile(lambda page: page.read_whole and not page.open, self._pages)]
            while ready and not ready[-1].ends(self._names):
                ready.pop()
            if not ready:
                return
            end = ready[-1].cursor
            counts = total((self.point.counts, *(page.counts for page in ready)))
            self.point = structs.replace(self.point, cursor=end, done=end is None, counts=counts)
            for _ in ready:
                self._pages.popleft()

    def detach(self) -> None:
        """Settle, and read the other cursors: an item would hold its whole page in memory."""
        with self._lock:
            self.settle()
            for page in self._pages:
                page.ends(self._names)

    def counts(self) -> Counts:
        """Return what has been done, behind the cursor and before it."""
        with self._lock:
            return total((self.point.counts, *(page.counts for page in self._pages)))

    def resumable(self) -> SegmentPoint:
        """Return the point to resume from, which also tells what is written ahead of its cursor."""
        with self._lock:
            self.settle()
            # What is acknowledged behind a page that waits: the cursor cannot tell of it.
            written = {p.digest for p in self._pages if p.digest and p.counts.written}
            sent = self.sent | {p.digest: p.sent for p in self._pages if p.sent and p.open}
            # Sorted, so that the same state is the same file.
            both = sorted(key + hashed for key, hashed in sent.items())
            return structs.replace(self.point, ahead=sorted(self.ahead | written), sent=both)


def cursor_at(raw: bytes | Raw, names: tuple[str, ...]) -> Key:
    """Return an item's key as a cursor has it."""
    return _key(json.encode(raw_key(raw, names)))


_key = json.Decoder(Key).decode


def cuts(items: list[Raw], size: int) -> Iterator[tuple[Raw | None, list[Raw]]]:
    """Cut a page; yield each part with its last item, the last part with `None`."""
    for start in range(0, max(len(items), 1), size):
        end = start + size
        yield items[end - 1] if end < len(items) else None, items[start:end]


class Part(Struct, eq=False):
    """Items of one page on their way: each alone where keys are watched, or one was refused."""

    raws: Sequence[bytes | Raw]
    page: Page
    size: int
    """Bytes of the items."""
    key: Hashable = None
    older: Part | None = None
    """One with the same key that this one stands for: it falls when this one is acknowledged."""
    replaced: bool = False
    """Whether another one stands for it."""

    def cut(self, number: int) -> tuple[Part, Part]:
        """Return the first items, so many of them, and the others."""
        first = self.raws[:number]
        size = size_of(first)
        rest = Part(self.raws[number:], self.page, self.size - size)
        return Part(first, self.page, size), rest


class Queue:
    """Parts in the order in which they are to be sent; what was refused comes first again."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.items = 0

    def __iter__(self) -> Iterator[bytes | Raw]:
        """Give the items that no other one stands for."""
        for part in tuple(self._parts):
            yield from () if part.replaced else part.raws

    def put(self, part: Part) -> None:
        """Queue a part, unless a transform has left nothing of it."""
        if number := len(part.raws):
            self._parts.append(part)
            self.items += number

    def detach(self) -> None:
        """Hold the items apart from the pages that they are parts of."""
        for part in self._parts:
            part.raws = [bytes(raw) for raw in part.raws]

    def put_back(self, parts: list[Part]) -> None:
        self._parts.extendleft(reversed(parts))
        self.items += count(parts)

    def take(self, most: int) -> list[Part]:
        """Take the next items, as many as one request can hold, and `most`."""
        batch, left, parts = [], most, self._parts
        while left and parts:
            part = parts.popleft()
            number = len(part.raws)
            if number > left:
                part, rest = part.cut(left)
                number = left
                parts.appendleft(rest)
            left -= number
            # Dropped only here: to take it out of the middle of the queue would be a search.
            if not part.replaced:
                batch.append(part)
        self.items -= most - left
        # One item always fits: of 400 KB, escaped, it has 2.4 MB.
        if _size(batch) > MAX_BODY:
            batch = singly(batch)
            while len(batch) > 1 and _size(batch) > MAX_BODY:
                self.put_back([batch.pop()])
        return batch


def count(parts: list[Part]) -> int:
    """Return the number of items in parts."""
    return sum([len(part.raws) for part in parts])


def singly(parts: list[Part]) -> list[Part]:
    """Return parts of one item each."""
    return [
        part if len(part.raws) == 1 else Part((raw,), part.page, len(raw))
        for part in parts
        for raw in part.raws
    ]


def size_of(raws: Sequence[bytes | Raw]) -> int:
    """Return the bytes of items."""
    return sum(map(len, raws))


def whole_units(parts: list[Part]) -> int:
    """Estimate the write units of items: one for each begun kilobyte of each."""
    return -sum([-len(raw) // 1024 for part in parts for raw in part.raws])


def _size(parts: list[Part]) -> int:
    return sum([part.size for part in parts])
