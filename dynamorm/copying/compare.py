"""Compares the items of two tables: all at once by sums of hashes, and by key where these differ.

The sums cost one Scan of each table. A look-up costs a read unit or more for each item, so that
items are looked up only where the sums have shown that there is something to find. No table is held
in memory: a page, and a hundred items looked up, for each segment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any

from msgspec import Raw, json, structs

from ..api.descriptions import Cursors
from ..api.items import Key, ScanOutput
from ..api.lookups import MAX_KEYS
from ..items.keys import item_hash
from ..operations.effects import Steps, now, together
from .collisions import Keys, digest
from .identity import Found, check_tables
from .options import CopySettings
from .progress import Telling
from .reads import End, Reads
from .verified import MODULUS, Cursor, Phase, Tally, Verified, VerifyPoint

MOST_KEYS = 2_000_000
"""How many are remembered where several source items may make one of the target: 16 bytes each."""

WHOLE = 1_000_000
"""More items than a page of a megabyte has."""

Raws = Iterable[bytes | Raw]
Look = Callable[[list[Raw]], Steps[Tally | None]]


class Comparison:
    """What the segments of one comparison share."""

    def __init__(
        self,
        source: End,
        target: End,
        reads: Reads,
        point: VerifyPoint,
        *,
        convert: Callable[[Raw], Raws] | None,
        settings: CopySettings,
        started: float,
    ) -> None:
        self.source = source
        self.target = target
        self.point = point
        self.reads = reads
        self._convert = convert
        # Several items can only become one where something else makes the key.
        self._merges = convert is not None or source.names != target.names
        self.telling = Telling(settings, self.verified, started)
        self._lock = Lock()
        self._met = Keys(MOST_KEYS)
        # What an earlier run has met is not known any more.
        self._merged = self._merges and any(cursor != Cursor() for cursor in point.cursors)

    def perform(self, walk: Callable[[], Steps[None]]) -> Steps[bool]:
        """Compare until all is compared, or until time is up; `walk` does a phase."""
        while self.point.phase != "end":
            yield from walk()
            if not all(cursor.done for cursor in self.point.cursors):
                return False
            self._next_phase()
        return True

    def walk(self, executor: Any) -> Steps[None]:
        """Read the segments of a phase that are not done."""
        pending = [i for i, cursor in enumerate(self.point.cursors) if not cursor.done]
        yield from together(tuple(map(self.walk_one, pending)), executor)

    def hear(self, number: int, theirs: VerifyPoint, tally: Tally) -> None:
        """Take over how far a walk is that is done elsewhere, and what all have counted."""
        with self._lock:
            # What each has met, the others do not know.
            self._move(number, theirs.cursors[number], tally, merged=self._merges)

    def finish(self, source: Found, target: Found) -> None:
        """Take note that all is compared; raise if a table is another one by now."""
        self.point = structs.replace(
            check_tables(self.point, "comparison", source, target), done=True
        )

    def verified(self) -> Verified:
        """Return the result so far."""
        with self._lock:
            return self.point.verified()

    def _next_phase(self) -> None:
        """Begin the next phase that is still needed; after the last one comes the end."""
        tally = self.point.tally
        phase: Phase = "end"
        if self.point.phase == "sums" and tally.balance != "0":
            phase = "lookups"
        elif self.point.phase == "lookups" and self.point.sample == 1:
            if self._convert is None:
                phase = "extras"
            else:
                tally.extra = max(0, tally.target_items - tally.found)
        self.point = self.point.at(phase)
        self._met, self._merged = Keys(MOST_KEYS), False

    def _is_new(self, digested: bytes) -> bool:
        """Return whether this has not been met yet, as far as that is known."""
        new = not self._merges or self._met.add(digested)
        self._merged = self._merged or new is None
        return new is not False

    def walk_one(self, number: int) -> Steps[None]:
        """Read a segment from its cursor on, and count what is made of each part of a page."""
        end, look, size = self._task(number)
        segment, of = number % self.point.of, self.point.of
        cursors = Cursors("Scan")
        while not (cursor := self.point.cursors[number]).done:
            page = yield from self.reads.page(end, segment, of, cursor.after, cursors)
            if page is None:
                return
            for after, raws in _parts(page, end, size):
                tally = yield from look(raws)
                if tally is None:
                    return
                self._settle(number, Cursor(after is None, after), tally)
                self.telling.tell((yield from now()))

    def _task(self, number: int) -> tuple[End, Look, int]:
        """Return the table to read, what to do with its items, and how many to take at once."""
        if self.point.phase == "sums":
            if number < self.point.of:
                return self.source, partial(_at_once, self._sum_of_source), WHOLE
            return self.target, partial(_at_once, self._sum_of_target), WHOLE
        if self.point.phase == "lookups":
            return self.source, self._look_up_expected, MAX_KEYS
        return self.target, self._look_up_found, MAX_KEYS

    def _settle(self, number: int, cursor: Cursor, tally: Tally) -> None:
        with self._lock:
            self._move(number, cursor, self.point.tally + tally, merged=self._merged)

    def _move(self, number: int, cursor: Cursor, tally: Tally, *, merged: bool) -> None:
        cursors = [*self.point.cursors]
        cursors[number] = cursor
        merged = self.point.merged or merged
        self.point = structs.replace(self.point, cursors=cursors, tally=tally, merged=merged)

    def _sum_of_source(self, raws: list[Raw]) -> Tally:
        total = 0
        for raw in raws:
            for item in self._expected(raw):
                hashed = self.source.read(item_hash, item)
                if self._is_new(hashed.to_bytes(16, "big")):
                    total += hashed
        return Tally(source_items=len(raws), balance=f"{total % MODULUS:x}")

    def _sum_of_target(self, raws: list[Raw]) -> Tally:
        total = sum(self.target.read(item_hash, raw) for raw in raws)
        return Tally(target_items=len(raws), balance=f"{-total % MODULUS:x}")

    def _look_up_expected(self, raws: list[Raw]) -> Steps[Tally | None]:
        """Look up in the target what these items of the source should have become."""
        sample = self.point.sample
        if sample < 1:
            raws = [raw for raw in raws if _is_drawn(self.source.key_in(raw), sample)]
        tally = Tally()
        made: list[tuple[Hashable, bytes | Raw]] = []
        for raw in raws:
            for item in self._expected(raw):
                key = self.target.key_in(item)
                if self.target.fits(key):
                    made.append((key, item))
                else:  # an item that has no place in the target, as it is
                    tally.missing += 1
                    tally.missing_keys.append(_key_of(raw, self.source))
        found = yield from self.reads.look_up(
            self.target, {key: self.target.json_in(item) for key, item in made}
        )
        if found is None:
            return None
        for key, item in made:
            if key not in found:
                tally.missing += 1
                tally.missing_keys.append(_key_of(item, self.target))
            elif not self._agree(item, found[key]):
                tally.different += 1
                tally.different_keys.append(_key_of(item, self.target))
        tally.found = sum(self._is_new(digest(key)) for key in found)
        if sample < 1:
            tally.source_items, tally.target_items = len(raws), tally.found
        return tally

    def _look_up_found(self, raws: list[Raw]) -> Steps[Tally | None]:
        """Look up in the source what these items of the target are copies of."""
        wanted = [(self.source.key_in(raw), raw) for raw in raws]
        keys = {key: self.source.json_in(raw) for key, raw in wanted if self.source.fits(key)}
        only = dict.fromkeys((*self.source.names, *self.target.names))
        found = yield from self.reads.look_up(self.source, keys, only)
        if found is None:
            return None
        tally = Tally()
        for key, raw in wanted:
            # Under another key of the target, it is what the source's item has been before.
            own = self.target.key_in(raw)
            if key not in found or self.target.key_in(found[key]) != own:
                tally.extra += 1
                tally.extra_keys.append(_key_of(raw, self.target))
        return tally

    def _agree(self, one: bytes | Raw, there: Raw) -> bool:
        """Return whether DynamoDB holds two items equal."""
        equal: bool = bytes(one) == bytes(there)
        return equal or item_hash(one) == self.target.read(item_hash, there)

    def _expected(self, raw: Raw) -> Raws:
        return (raw,) if self._convert is None else self._convert(raw)


def _at_once(count: Callable[[list[Raw]], Tally], raws: list[Raw]) -> Steps[Tally | None]:
    """Count without asking for anything."""
    yield from ()
    return count(raws)


def _parts(page: ScanOutput, end: End, size: int) -> Iterator[tuple[Key | None, list[Raw]]]:
    """Cut a page where a cursor can be: a Scan can start after any item's key."""
    items = page.items
    start = 0
    for stop in range(size, len(items), size):
        yield _key_of(items[stop - 1], end), items[start:stop]
        start = stop
    yield page.last_evaluated_key or None, items[start:]


def _key_of(raw: bytes | Raw, end: End) -> Key:
    key: Key = json.decode(end.json_in(raw))
    return key


def _is_drawn(key: Hashable, share: float) -> bool:
    """Return whether an item is in the sample, by its key: the same ones in every run."""
    return int.from_bytes(digest(key)[:8], "big") < share * 2**64
