"""One comparison shared out: each of its walks over a segment is done elsewhere."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec import convert, structs

from .shares import Dividing, Luggage, Task, Terms
from .verified import Tally, Verified, VerifyPoint


class Walk(Task, frozen=True):
    """One walk of a comparison."""

    point: VerifyPoint
    """With nothing counted yet."""
    number: int


class Walks(Dividing):
    """A comparison whose walks are done elsewhere."""

    def __init__(self, comparison: Any, luggage: Luggage) -> None:
        reads = comparison.reads
        super().__init__(reads.left, reads.pace, reads.pace)
        self._comparison = comparison
        self._make = partial(Walk, luggage)
        self._tallies: dict[int, Tally] = {}

    def share_out(self, number: float) -> list[Walk]:
        """Return a task for each walk of this phase that is not done."""
        point = self._comparison.point
        self._before = point.tally
        self._numbers = point.pending()
        self._tallies = {}
        # Each walk counts for itself: the process that waits adds the earlier counts once.
        empty = structs.replace(point, tally=Tally())
        return [self._make(self._terms(i), empty, i) for i in self._numbers]

    def hear(self, number: int, said: Any) -> Terms:
        """Take note of how far a walk is; return its terms."""
        walk = self._numbers[number]
        if isinstance(said, Verified):
            # Each report has all that its walk has counted, and so takes the place of the one
            # before.
            theirs = convert(said.checkpoint, VerifyPoint)
            self._tallies[walk] = theirs.tally
            total = self._before
            for tally in self._tallies.values():
                total = total + tally
            self._comparison.hear(walk, theirs, total)
            self._comparison.telling.tell(self.moment)
        return self._terms(walk, said)

    def _terms(self, walk: int, said: Any = None) -> Terms:
        return self.terms({walk}, {*self._comparison.point.pending()}, said)
