"""Pairs the items of two tables, one segment of each: in one pass over both, without look-ups.

Equal numbers of segments divide two tables alike where an engine spreads keys by a hash, and give
them in one order. That is what DynamoDB has been seen to do, and not what it promises. So an item
waits for its counterpart while two more pages are read. One that has not met it until then is left
over: it is to be looked up by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import chain, takewhile
from math import inf

from msgspec import Struct

from ..api.cursors import Cursors
from ..api.items import MAX_KEYS, ScanOutput
from ..items.keys import item_key
from .reads import End, Item, Keyed
from .verified import Cursor

Hashed = tuple[Item, int | None]
"""What the target should have, and its hash where that is known."""


class SideEntry(Struct, gc=False):
    """An item that has not met its counterpart yet."""

    item: bytes
    place: int
    """How many entries of its side came before."""
    number: int
    """How many items of its table came before."""
    before: bytes | Cursor | None
    """What a Scan that begins with it continues after; `None` within what was made of one item."""
    hashed: int | None
    """Its hash, where that is known already."""
    key: Hashable = None
    """In the target, once it has been read."""

    def cursor(self, end: End) -> Cursor | None:
        """Return where a Scan that begins with it continues."""
        if isinstance(self.before, bytes):
            self.before = Cursor(after=end.cursor_at(self.before))
        return self.before


class Side:
    """One segment of one of the tables."""

    def __init__(self, end: End, names: tuple[str, ...], cursor: Cursor) -> None:
        self.end = end
        self.cursor = cursor
        """Where the next page begins."""
        self.cursors = Cursors("Scan")
        self.fresh: dict[Hashable, SideEntry] = {}
        """Items whose keys have not been read yet, by their bytes, in the order of reading."""
        self.waiting: dict[Hashable, SideEntry] = {}
        """Earlier items that wait for their counterparts, by key, in the order of reading."""
        self._names = names
        """The key attributes of the target."""
        # An item that a transform makes several of is one item and several places, or none.
        self._items = 0
        self._places = 0
        self.passed = 0
        """The place after the last entry that has met its counterpart."""
        self._pages = 0, 0
        """The places at which the last two pages begin."""
        self._left = 0
        """How many entries have been left over."""

    @property
    def tail(self) -> int:
        """How many entries follow the last one that has met its counterpart."""
        return self._places - self.passed

    @property
    def unmet(self) -> int:
        return len(self.waiting) + len(self.fresh)

    @property
    def never_met(self) -> int:
        """How many entries have not met their counterparts, including those left over."""
        return self._left + self.unmet

    @property
    def crowded(self) -> bool:
        """Whether enough entries have waited for two pages to fill one look-up."""
        return len(self._before(self._pages[0])) >= MAX_KEYS

    def take(self, page: ScanOutput, expected: Callable[[bytes], Iterable[Hashed]]) -> None:
        """Add a page, as the items that the target should have."""
        self._pages = self._pages[1], self._places
        # Two pages old: from here on the entry is found by its key alone.
        self.wait(self._pages[0])
        before: bytes | Cursor | None = self.cursor
        fresh, place = self.fresh, self._places
        # A Scan can be resumed before the first of what an item becomes, and not between these: the
        # others have no place of their own, `None`.
        for raw in page.items:
            # Held alone: a part of a page holds all of that in memory.
            text = bytes(raw)
            for item, hashed in expected(text):
                alone = bytes(item)
                if alone not in fresh:  # equal items that a transform makes are one in the target
                    fresh[alone] = SideEntry(alone, place, self._items, before, hashed)
                    place += 1
                    before = None
            self._items += 1
            before = text
        self._places = place
        after = page.last_evaluated_key or None
        self.cursor = Cursor(after is None, after)

    def wait(self, place: float = inf) -> None:
        """Let all before a place wait, by key."""
        for name in [name for name, entry in self.fresh.items() if entry.place < place]:
            entry = self.fresh.pop(name)
            entry.key = self.end.read(item_key, entry.item, self._names)
            entry.cursor(self.end)  # it would hold the item before it in memory
            # The second item with a key is looked up: who meets it would not meet the first.
            if self.waiting.setdefault(entry.key, entry) is not entry:
                self.waiting[object()] = entry

    def meet(self, among: dict[Hashable, SideEntry], names: list[Hashable]) -> list[SideEntry]:
        """Take out entries: they have met their counterparts."""
        met = list(map(among.pop, names))
        # The counterpart of a later one may have come first.
        self.passed = max([self.passed, *[entry.place + 1 for entry in met]])
        return met

    def left_over(self, *, passed: bool, whole: bool) -> list[Keyed]:
        """Take out those that have waited for two pages, as many as fill look-ups.

        With `passed` it is all that hold a cursor back: those before the tail, and the rest of what
        was made of one item. With `whole` it is everything.
        """
        if whole:
            self.wait()
            self.passed = self._places
            return self._take_out([*self.waiting])
        old = self._before(self._pages[0])
        # Whole hundreds: a look-up of one key costs a request as one of a hundred does.
        if not passed:
            return self._take_out(old[: len(old) - len(old) % MAX_KEYS])
        self.wait()
        # The tail after the last pair holds nothing back: a resumed comparison reads it again.
        place = max(self._pages[0], self.passed)
        tail = (one for one in self.waiting.values() if one.place >= place)
        place += sum(1 for _ in takewhile(lambda one: one.before is None, tail))
        return self._take_out(self._before(place))

    def _before(self, place: int) -> list[Hashable]:
        """Name what waits and came before a place."""
        # In the order of reading: the first one that came later ends the search.
        earlier = takewhile(lambda both: both[1].place < place, self.waiting.items())
        return [name for name, _ in earlier]

    def _take_out(self, names: list[Hashable]) -> list[Keyed]:
        self._left += len(names)
        left = map(self.waiting.pop, names)
        return [(entry.key, entry.item) for entry in left]

    def resumable(self) -> tuple[Cursor, int] | None:
        """Return where to resume, and how many items of the table come before.

        `None` if some that come after have met their counterparts already.
        """
        first = next(chain(self.waiting.values(), self.fresh.values()), None)
        if first is None:
            return self.cursor, self._items
        # Every entry from the first one on is still unmet. If one behind it had met its
        # counterpart, a resumed comparison would look for that again, and in vain.
        if self._places - first.place != self.unmet or (cursor := first.cursor(self.end)) is None:
            return None
        return cursor, first.number


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
        whole = whole or self.over
        ours, theirs = self.source.left_over, self.target.left_over
        return ours(passed=passed, whole=whole), theirs(passed=passed, whole=whole)

    def pairs(self) -> list[tuple[SideEntry, SideEntry]]:
        """Pair all entries that can be paired; return the pairs that differ in any byte."""
        source, target = self.source, self.target
        # Without keys, which cost more to read than the items themselves to compare.
        self._meet(source.fresh, target.fresh)
        for side in (source, target):
            side.wait(side.passed)
        # Where the orders part, the keys decide; at the end there is nothing more to come.
        if self.over or (source.fresh and target.fresh):
            source.wait()
            target.wait()
        return self._meet(source.waiting, target.waiting)

    def _meet(
        self, ours: dict[Hashable, SideEntry], theirs: dict[Hashable, SideEntry]
    ) -> list[tuple[SideEntry, SideEntry]]:
        """Take out and return what has one name on both sides."""
        names = [name for name in ours if name in theirs]
        self._met += len(names)
        both = self.source.meet(ours, names), self.target.meet(theirs, names)
        return list(zip(*both, strict=True))
