"""Pairs the items of two tables, one segment of each: in one pass over both, without look-ups.

Equal numbers of segments divide two tables alike where an engine spreads keys by a hash, and give
them in one order. That is what DynamoDB has been seen to do, and not what it promises. So an item
waits for its counterpart while two more pages are read. One that has not met it until then is left
over: it is to be looked up by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, takewhile

from msgspec import Raw, Struct

from ..api.cursors import Cursors
from ..api.items import MAX_KEYS, ScanOutput
from ..items.keys import item_key
from .reads import End, Item, Keyed
from .verified import Cursor

NEAR = 8
"""How many items in a row may lack a counterpart before the keys of all are read."""

Hashed = tuple[Item, int | None]
"""What the target should have, and its hash where that is known."""


class SideEntry(Struct):
    """An item that has not met its counterpart yet."""

    item: Item
    place: int
    """How many entries of its side came before."""
    number: int
    """How many items of its table came before."""
    before: Raw | Cursor | None
    """What a Scan that begins with it continues after; `None` within what was made of one item."""
    hashed: int | None
    """Its hash, where that is known already."""

    def cursor(self, end: End) -> Cursor | None:
        """Return where a Scan that begins with it continues."""
        if isinstance(self.before, Raw):
            self.before = Cursor(after=end.cursor_at(self.before))
        return self.before

    def detach(self, end: End) -> None:
        """Hold the item alone: a part of a page holds all of that in memory."""
        self.item = bytes(self.item)
        self.cursor(end)


class Side:
    """One segment of one of the tables."""

    def __init__(self, end: End, names: tuple[str, ...], cursor: Cursor) -> None:
        self.end = end
        self.cursor = cursor
        """Where the next page begins."""
        self.cursors = Cursors("Scan")
        self.fresh: list[SideEntry] = []
        """Items that have not been compared with the other side yet, in order."""
        self.waiting: dict[Hashable, SideEntry] = {}
        """Earlier items that wait for their counterparts, by key, in the order of reading."""
        self._doubles: list[tuple[Hashable, SideEntry]] = []
        """Items with the same key as one that waits."""
        self._names = names
        """The key attributes of the target."""
        # An item that a transform makes several of is one item and several places, or none.
        self._items = 0
        self._places = 0
        self._passed = 0
        """The place after the last entry that has met its counterpart."""
        self._pages = 0, 0
        """The places at which the last two pages begin."""
        self._left = 0
        """How many entries have been left over."""
        self._done = 0
        """How many items a cursor has passed for good."""

    @property
    def tail(self) -> int:
        """How many entries follow the last one that has met its counterpart."""
        return self._places - self._passed

    @property
    def unmet(self) -> int:
        return len(self.waiting) + len(self.fresh) + len(self._doubles)

    @property
    def never_met(self) -> int:
        """How many entries have not met their counterparts, including those left over."""
        return self._left + self.unmet

    @property
    def crowded(self) -> bool:
        """Whether enough entries have waited for two pages to fill one look-up."""
        return len(self._before(self._pages[0])) >= MAX_KEYS

    def take(self, page: ScanOutput, expected: Callable[[Raw], Iterable[Hashed]]) -> None:
        """Add a page, as the items that the target should have."""
        self._pages = self._pages[1], self._places
        # Two pages old: from here on the entry is found by its key alone.
        self.wait(sum(1 for entry in self.fresh if entry.place < self._pages[0]))
        for _, entry in self._before(self._pages[0]):
            entry.detach(self.end)
        before: Raw | Cursor | None = self.cursor
        # A Scan can be resumed before the first of what an item becomes, and not between these: the
        # others have no place of their own, `None`.
        for raw in page.items:
            for item, hashed in expected(raw):
                self.fresh.append(SideEntry(item, self._places, self._items, before, hashed))
                self._places += 1
                before = None
            self._items += 1
            before = raw
        after = page.last_evaluated_key or None
        self.cursor = Cursor(after is None, after)

    def _key_in(self, item: Item) -> Hashable:
        return self.end.read(item_key, item, self._names)

    def wait(self, number: int) -> None:
        """Move this many entries among those that wait, by key."""
        for entry in self.fresh[:number]:
            key = self._key_in(entry.item)
            if self.waiting.setdefault(key, entry) is not entry:
                self._doubles.append((key, entry))
        del self.fresh[:number]

    def go_on(self, number: int, skipped: list[SideEntry]) -> None:
        """Drop this many entries that have met their counterparts; let the skipped ones wait."""
        if number:
            self._passed = self.fresh[number - 1].place + 1
            for entry in skipped:
                entry.detach(self.end)
            # In the order of reading, so that `waiting` keeps it: the first entry there is the one
            # that holds the cursor back.
            self.fresh[:number] = skipped
            self.wait(len(skipped))

    def meet(self, key: Hashable) -> SideEntry:
        """Take out the entry of a key: it has met its counterpart."""
        entry = self.waiting.pop(key)
        # The counterpart of a later one may have come first.
        self._passed = max(self._passed, entry.place + 1)
        return entry

    def left_over(self, *, passed: bool) -> list[Keyed]:
        """Take out those that have waited for two pages, as many as fill look-ups.

        With `passed` it is all that hold a cursor back: those before the tail, and the rest of what
        was made of one item.
        """
        old = self._before(self._pages[0])
        # Whole hundreds: a look-up of one key costs a request as one of a hundred does.
        if not passed:
            return self._take_out(old[: len(old) - len(old) % MAX_KEYS])
        self.wait(len(self.fresh))
        # The tail after the last pair holds nothing back: a resumed comparison reads it again.
        place = max(self._pages[0], self._passed)
        tail = (one for one in self.waiting.values() if one.place >= place)
        place += sum(1 for _ in takewhile(lambda one: one.before is None, tail))
        return self._take_out(self._before(place))

    def all(self) -> list[Keyed]:
        """Take out all entries."""
        self.wait(len(self.fresh))
        self._passed = self._places
        return self._take_out(self._before(self._places))

    def _before(self, place: int) -> list[tuple[Hashable, SideEntry]]:
        # In the order of reading: the first one that came later ends the search.
        waiting = takewhile(lambda both: both[1].place < place, self.waiting.items())
        return [*self._doubles, *waiting]

    def _take_out(self, left: list[tuple[Hashable, SideEntry]]) -> list[Keyed]:
        """Take out entries that `_before` gave, from the first one on."""
        # `_before` has put the doubles first, and `left` may be a part of what it gave.
        doubles, self._doubles = len(self._doubles), self._doubles[len(left) :]
        for key, _ in left[doubles:]:
            del self.waiting[key]
        self._left += len(left)
        return [(key, entry.item) for key, entry in left]

    def resumable(self) -> tuple[Cursor, int] | None:
        """Return where to resume, and how many items of the table come before.

        `None` if some that come after have met their counterparts already.
        """
        # Two items with one key: where the second one was read is not kept.
        if self._doubles:
            return None
        first = next(chain(self.waiting.values(), self.fresh), None)
        if first is None:
            return self.cursor, self._items
        # Every entry from the first one on is still unmet. If one behind it had met its
        # counterpart, a resumed comparison would look for that again, and in vain.
        if self._places - first.place != self.unmet or (cursor := first.cursor(self.end)) is None:
            return None
        return cursor, first.number

    def settle(self, cursor: Cursor, number: int) -> tuple[Cursor, int]:
        """Record that this many items are done; return how many of them are new."""
        before, self._done = self._done, number
        return cursor, number - before


class Join:
    """The two sides."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target
        self._met = 0

    @property
    def over(self) -> bool:
        """Whether both have been read to their ends."""
        return self.source.cursor.done and self.target.cursor.done

    @property
    def crowded(self) -> bool:
        """Whether enough entries have waited for two pages to fill one look-up."""
        return self.source.crowded or self.target.crowded

    @property
    def scattered(self) -> bool:
        """Whether the tables have different orders: many entries of both have not met."""
        # In one order, what differs is left over on one side: missing in the target, or extra
        # there. In two orders everything is left over on both.
        least = min(self.source.never_met, self.target.never_met)
        return least > max(MAX_KEYS, self._met // 10)

    def next(self) -> Side | None:
        """Return the side to read next: the one that is behind."""
        # The longer tail waits for the other side: reading that one is what can shorten it.
        sides = [side for side in (self.source, self.target) if not side.cursor.done]
        return min(sides, key=lambda side: side.tail, default=None)

    def left_over(
        self, *, passed: bool = False, whole: bool = False
    ) -> tuple[list[Keyed], list[Keyed]]:
        """Take out of both sides what waits no longer; with `whole`, or at the end, everything."""
        if whole or self.over:
            return self.source.all(), self.target.all()
        return self.source.left_over(passed=passed), self.target.left_over(passed=passed)

    def resumable(self) -> tuple[tuple[Cursor, int], tuple[Cursor, int]] | None:
        """Return where to resume, and how many items of each table are done since the last time."""
        here, there = self.source.resumable(), self.target.resumable()
        if here is None or there is None:
            return None
        return self.source.settle(*here), self.target.settle(*there)

    def pairs(self) -> Iterator[tuple[SideEntry, SideEntry]]:
        """Pair all entries that can be paired; yield the pairs that differ in any byte."""
        ours, theirs = self.source.fresh, self.target.fresh
        skipped: tuple[list[SideEntry], list[SideEntry]] = [], []
        i = j = 0
        # Without keys, which cost ten times as much to read, where little differs.
        while i < len(ours) and j < len(theirs):
            if not _is_same(ours, i, theirs, j):
                if (found := _next_same(ours, i, theirs, j)) is None:
                    break
                skipped[0].extend(ours[i : found[0]])
                skipped[1].extend(theirs[j : found[1]])
                i, j = found
            self._met += 1
            i, j = i + 1, j + 1
        lost = i < len(ours) and j < len(theirs)
        for side, number, some in zip((self.source, self.target), (i, j), skipped, strict=True):
            side.go_on(number, some)
            # Where the orders part, the keys decide; at the end there is nothing more to come.
            if lost or self.over:
                side.wait(len(side.fresh))
        source, target = self.source, self.target
        for key in [key for key in source.waiting if key in target.waiting]:
            self._met += 1
            yield source.meet(key), target.meet(key)


def _is_same(ours: list[SideEntry], i: int, theirs: list[SideEntry], j: int) -> bool:
    return bytes(ours[i].item) == bytes(theirs[j].item)


def _next_same(
    ours: list[SideEntry], i: int, theirs: list[SideEntry], j: int
) -> tuple[int, int] | None:
    """Return where both sides agree again, if few entries on either side are skipped."""
    # The nearest first: as many on both sides that differ, or some that one side lacks.
    for n in range(1, NEAR):
        for a, b in ((i + n, j + n), (i + n, j), (i, j + n)):
            if a < len(ours) and b < len(theirs) and _is_same(ours, a, theirs, b):
                return a, b
    return None
