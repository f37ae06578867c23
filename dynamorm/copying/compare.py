"""Compares the items of two tables: in pairs, where both come in one order, and else by sums.

Both cost one Scan of each table. What is left without a counterpart in one pass is looked up by its
key, a read unit or more for each. Where that would be much, since the orders differ, the hashes of
both tables are summed up instead, and only if the sums differ are all items looked up. No table is
held in memory: a few pages for each segment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from threading import Lock
from typing import Any

from msgspec import Raw, convert, structs

from ..api.cursors import Cursors
from ..api.items import MAX_KEYS
from ..items.keys import item_hash
from ..operations import Steps, now, together
from .asking import Late
from .collisions import Keys, digest
from .join import Hashed, Join, Side
from .options import CopySettings
from .pair import Found, check_tables
from .reads import End, Item, Keyed, Reads
from .report import Telling
from .segment import cuts
from .verified import MODULUS, NAMED, Cursor, Phase, Tally, Verified, VerifyPoint

MOST_KEYS = 2_000_000
"""How many are remembered where several source items may make one of the target: 16 bytes each."""

SETTLE_EVERY = 5.0
"""Seconds after which skipped items are looked up: while they wait, no cursor can move on."""

Raws = Iterable[Item]


class Comparison:
    """What the segments of one comparison share."""

    def __init__(
        self,
        reads: Reads,
        point: VerifyPoint,
        *,
        convert: Callable[[Raw], Raws] | None,
        settings: CopySettings,
    ) -> None:
        self.point = point
        self.reads = reads
        self.left = reads.left
        self.read_pace = self.write_pace = reads.pace
        self.source, self.target = source, target = reads.source, reads.target
        self._convert = convert
        # Several items can only become one where something else makes the key.
        self._merges = convert is not None or source.names != target.names
        self.telling: Telling[Verified] = Telling(settings, self.verified, reads.left.started)
        self._lock = Lock()
        self._before = Tally()
        self._tallies: dict[int, Tally] = {}
        """What was counted before this phase, and by each walk of it that is done elsewhere."""
        self._met = Keys(MOST_KEYS)
        self._in_order = True
        """Whether both tables have returned their items in the same order so far."""
        # What an earlier run has met is not known any more.
        self._merged = self._merges and any(cursor != Cursor() for cursor in point.cursors)

    def perform(self, walk: Callable[[], Steps[None]]) -> Steps[bool]:
        """Compare until all is compared, or until time is up; `walk` does a phase."""
        while self.point.phase != "end":
            yield from walk()
            # A walk that ended early has met the deadline.
            if self.point.pending():
                return False
            self._next_phase()
        return True

    def walk(self, executor: Any) -> Steps[None]:
        """Read the segments of a phase that are not done."""
        yield from together(tuple(map(self.walk_one, self.point.pending())), executor)

    def going(self) -> set[int]:
        """Number the walks of this phase that are not done."""
        return {*self.point.pending()}

    def shared(self, _number: float) -> tuple[list[VerifyPoint], list[set[int]]]:
        """Make each walk of this phase that is not done a share."""
        self._before, self._tallies = self.point.tally, {}
        walks = [{walk} for walk in self.point.pending()]
        # Each walk counts for itself: the process that waits adds the earlier counts once.
        return [structs.replace(self.point, tally=Tally())] * len(walks), walks

    def hear(self, said: Any, own: set[int], moment: float) -> None:
        """Take over how far a walk is that is done elsewhere."""
        if not isinstance(said, Verified):
            return
        [walk] = own
        theirs = convert(said.checkpoint, VerifyPoint)
        # Each report has all that its walk has counted, and so takes the place of the one before.
        self._tallies[walk] = theirs.tally
        with self._lock:
            moved = {i: theirs.cursors[i] for i in theirs.cursors_of(walk)}
            # What each has met, the others do not know.
            self._move(moved, sum(self._tallies.values(), self._before), merged=self._merges)
        self.telling.tell(moment)

    def finish(self, found: tuple[Found, Found]) -> None:
        """Take note that all is compared; raise if a table is another one by now."""
        self.point = check_tables(self.point, "comparison", *found, done=True)

    def verified(self) -> Verified:
        """Return the result so far."""
        with self._lock:
            return self.point.verified()

    def _next_phase(self) -> None:
        """Begin the next phase that is still needed; after the last one comes the end."""
        tally = self.point.tally
        phase: Phase = "end"
        # Equal sums of hashes of 128 bits: what has no counterpart in reading order has one all the
        # same.
        if self.point.phase == "sums" and tally.balance != "0":
            phase = "lookups"
            tally.forget()
        # A part of the source says nothing about what the target has besides.
        elif self.point.phase == "lookups" and self.point.sample == 1:
            if self._convert is None:
                phase = "extras"
            else:
                # A transform cannot be turned round, so that extra items can only be counted.
                tally.extra = max(0, tally.target_items - tally.found)
        self.point = self.point.at(phase)
        # What is to be recognized is another in each phase: items in the sums, keys in look-ups.
        self._met, self._merged = Keys(MOST_KEYS), False

    def _is_new(self, digested: bytes) -> bool:
        """Return whether this has not been met yet, as far as that is known."""
        new = not self._merges or self._met.add(digested)
        # `None` is room for no more: from then on nobody knows.
        self._merged = self._merged or new is None
        return new is not False

    def walk_one(self, number: int) -> Steps[None]:
        """Read a segment from its cursor on, and count what is made of each part of a page."""
        # Its cursors stay before what there is no time for: a resumed comparison reads it again.
        with suppress(Late):
            yield from self._pair(number) if self.point.phase == "sums" else self._look_up(number)

    def _look_up(self, number: int) -> Steps[None]:
        """Read a segment of one table; look up in the other what is made of each part of a page."""
        extras = self.point.phase == "extras"
        end = self.target if extras else self.source
        cursors = Cursors("Scan")
        while not (cursor := self.point.cursors[number]).done:
            page = yield from self.reads.page(end, number, self.point.of, cursor.after, cursors)
            # A Scan can start after any item's key.
            for last, raws in cuts(page.items, MAX_KEYS):
                after = page.last_evaluated_key if last is None else end.cursor_at(last)
                if extras:
                    tally, _ = yield from self.reads.extras(raws)
                else:
                    tally = yield from self._look_up_expected(raws)
                self._settle({number: Cursor(not after, after or None)}, tally)
                self.telling.tell((yield from now()))

    def _pair(self, number: int) -> Steps[None]:
        """Read a segment of both tables; count, name or sum up what has no equal in the other."""
        of, names = self.point.of, self.target.names
        here, there = self.point.cursors[number], self.point.cursors[number + of]
        join = Join(Side(self.source, names, here), Side(self.target, names, there))
        # The tally has what was counted since the cursors moved, and goes into the checkpoint with
        # them.
        tally, moved, late, done = Tally(), False, False, (0, 0)
        moved_at = yield from now()
        while not late and (side := join.next()) is not None:
            after = side.cursor.after
            try:
                page = yield from self.reads.page(side.end, number, of, after, side.cursors)
            except Late:
                late = True
            else:
                side.take(page, self._once_expected if side is join.source else _itself)
                del page  # not held in memory while the next one is read
                passed = (yield from now()) - moved_at > SETTLE_EVERY
                tally = tally + self._differing(join)
                left, late = yield from self._left_over(join, passed=passed)
                tally = tally + left
            # What was read since the cursors moved is read again by the run that resumes.
            if late and moved:
                return
            if late:  # even a run without time for more must make some progress
                tally = tally + self._summed(self.source, *join.left_over(whole=True))
            ours, theirs = join.source.resumable(), join.target.resumable()
            if ours is not None and theirs is not None:
                tally = tally + Tally(ours[1] - done[0], theirs[1] - done[1])
                done = ours[1], theirs[1]
                self._settle({number: ours[0], number + of: theirs[0]}, tally)
                moved = moved or tally != Tally()
                tally = Tally()
                moved_at = yield from now()
                self.telling.tell(moved_at)

    def _differing(self, join: Join) -> Tally:
        """Count the pairs that can be made now and whose items differ."""
        agree = self.reads.agree
        pairs = ((one.item, there.item, one.hashed) for one, there in join.pairs())
        found = [pair[0] for pair in pairs if not agree(*pair)]
        keys = [self.target.cursor_at(one) for one in found[:NAMED]]
        return Tally(different=len(found), different_keys=keys)

    def _left_over(self, join: Join, *, passed: bool) -> Steps[tuple[Tally, bool]]:
        """Look up what has not met its counterpart, or sum it up where the orders differ.

        What there is no time for is summed up, too; then the second value is true.
        """
        # A look-up costs a request for up to a hundred keys, so that it waits until it is full.
        if not (passed or join.over or join.source.crowded or join.target.crowded):
            return Tally(), False
        self._in_order = self._in_order and not join.scattered
        ours, theirs = join.left_over(passed=passed, whole=not self._in_order)
        summed = self._summed(self.source, ours, theirs)  # always: what is no item is an error
        if not self._in_order:
            return summed, False
        try:
            tally, found = yield from self.reads.expected(ours)
            if self._convert is None:
                extra, others = yield from self.reads.extras([item for _, item in theirs])
                tally, theirs = tally + extra, [(None, item) for item in others]
        except Late:
            return summed, True
        # What both tables have in another order is left over on both sides.
        return tally + self._summed(self.target, found.items(), theirs), False

    def _summed(self, end: End, ours: Iterable[Keyed], theirs: Iterable[Keyed]) -> Tally:
        """Sum up the hashes of what is at an end less those of what is in the target."""
        one = sum(end.read(item_hash, item) for _, item in ours)
        other = sum(self.target.read(item_hash, item) for _, item in theirs)
        return Tally(balance=f"{(one - other) % MODULUS:x}")

    # Cursors and counts move together, so that a resumed comparison counts each item once.
    def _settle(self, cursors: dict[int, Cursor], tally: Tally) -> None:
        with self._lock:
            self._move(cursors, self.point.tally + tally, merged=self._merged)

    def _move(self, moved: dict[int, Cursor], tally: Tally, *, merged: bool) -> None:
        cursors = [moved.get(i, cursor) for i, cursor in enumerate(self.point.cursors)]
        merged = self.point.merged or merged
        self.point = structs.replace(self.point, cursors=cursors, tally=tally, merged=merged)

    def _once_expected(self, raw: bytes) -> Iterable[Hashed]:
        """Return what the target should have of an item, less what is equal to one before."""
        if not self._merges:
            return _itself(raw)
        hashes = ((item, self.source.read(item_hash, item)) for item in self._expected(raw))
        return [one for one in hashes if self._is_new(one[1].to_bytes(16, "big"))]

    def _look_up_expected(self, raws: list[Raw]) -> Steps[Tally]:
        """Look up in the target what these items of the source should have become."""
        sample = self.point.sample
        if sample < 1:
            raws = [raw for raw in raws if _is_drawn(self.source.key_in(raw), sample)]
        made = [(self.target.key_in(item), item) for raw in raws for item in self._expected(raw)]
        tally, found = yield from self.reads.expected(made)
        tally.found = sum(self._is_new(digest(key)) for key in found)
        # No pass over both tables has counted them before.
        if sample < 1:
            tally.source_items, tally.target_items = len(raws), tally.found
        return tally

    def _expected(self, raw: Item) -> Raws:
        return (raw,) if self._convert is None else self._convert(Raw(raw))


def _itself(raw: bytes) -> Iterable[Hashed]:
    return ((raw, None),)


def _is_drawn(key: Hashable, share: float) -> bool:
    """Return whether an item is in the sample, by its key: the same ones in every run."""
    return int.from_bytes(digest(key)[:8], "big") < share * 2**64
