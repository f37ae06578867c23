"""Work shared out: what each process or machine is to do, and how one rate is divided.

The process that waits has the one job, with its checkpoint, its progress and its clock. Each of the
others does a share of its segments. They report how far they are, and are told how fast they may go
and for how long.
"""

from __future__ import annotations

import pickle
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal

from msgspec import Struct, convert, structs

from ..errors import DynamormError
from ..operations import Home, Steps, Waiting, now
from ..operations.pace import Lent, Pace
from ..operations.parallel import Stop
from .asking import TimeLeft
from .checkpoint import Checkpoint
from .job import Job
from .options import CopySettings
from .pair import Pair
from .report import CopyReport
from .verified import Tally, Verified, VerifyPoint

ASK_EVERY = 0.25
"""Seconds after which what one was told may have changed."""

LEND = 0.1
"""Seconds of the rate that are lent at a time, to all segments together."""


class Terms(Struct, frozen=True):
    """The answer to a share: how many units it may borrow at a time, and the seconds left."""

    read: float | None
    write: float | None
    left: float
    wait: float = 0.0
    """Seconds until it may use the units that it has just borrowed."""


class Loan(Struct, frozen=True):
    """What a share asks for: units to read or to write with, or less of them for all."""

    which: Literal["read", "write"]
    units: float
    """Below zero, they are given back."""
    throttled: bool


Ask = Callable[[Any], Terms]
"""Tells a report, a loan, an item for `on_error`, or nothing, and gives the terms."""


Wait = Callable[["Dividing", Stop], None]
"""Has all shares of one job done elsewhere, and returns when they are."""


def apart(wait: Wait, shares: Dividing) -> Steps[None]:
    """Have the shares done elsewhere."""
    # By now the tables have been looked at, which may have taken a while: that counts.
    shares.set_clock((yield from now()))
    yield Waiting(partial(wait, shares))


_STAYS = ("progress", "on_error", "deadline", "resume", "checkpoint_file")
"""Options for the process that waits: the others ask it."""


class Luggage(Struct, frozen=True):
    """What every share takes along; it is pickled."""

    db: Any
    source: Any
    target: Any
    options: dict[str, Any]

    def pair(self, told: Told, **more: Any) -> Pair:
        """Return the work to do there; `told` gets what the waiting process must know."""
        settings = CopySettings(**self.options, progress=told.tell, deadline=told.left, **more)
        return Pair(self.source, self.target, settings)


def pack(pair: Pair, dumps: Callable[[Any], Any] = pickle.dumps) -> Steps[Luggage]:
    """Return what to take along; raise `TypeError` for what cannot be."""
    home = yield Home()
    if home is None:
        raise TypeError("processes= needs a database: db.copy_table(..., processes=2)")
    given = structs.asdict(pair.settings)
    options = {name: value for name, value in given.items() if name not in _STAYS}
    # The rates are those of all shares together: each borrows what it uses.
    options |= {"max_read_units": None, "max_write_units": None}
    for name, value in {"": home, "source": pair.source, "target": pair.target, **options}.items():
        try:
            dumps(value)
        except Exception as error:  # whatever a class of the user's raises
            # Not its repr: a partial, say, would show what it is given.
            called = getattr(value, "__qualname__", type(value).__qualname__)
            what = f"{name}={called}" if name else "this database"
            raise TypeError(f"{what} cannot be sent to another process: {error}") from error
    return Luggage(home, pair.source, pair.target, options)


class Task(Struct, frozen=True):
    """What is done elsewhere; it is pickled."""

    luggage: Luggage
    terms: Terms


class Dividing(ABC):
    """All shares of one job: lends what its rates allow to who is under way, and tells the time."""

    segments: Sequence[set[int]]
    """Those of each share, when it is shared out."""

    def __init__(
        self, left: TimeLeft, read: Pace, write: Pace, going: Callable[[], Iterable[int]]
    ) -> None:
        self._left = left
        self._behind = 0.0
        self._paces = {"read": read, "write": write}
        self._going = going
        """Gives the segments that are under way or to be begun."""
        self.at_once = float("inf")
        """How many segments are under way at the same time, at most."""
        self.lend = LEND
        """Seconds of the rate that are lent at a time."""

    @abstractmethod
    def share_out(self, number: float) -> list[Any]:
        """Return a task for each share, so many at most; its number is its place in the list."""

    @abstractmethod
    def take(self, number: int, said: Any) -> None:
        """Take note of what a share tells."""

    def hear(self, number: int, said: Any) -> Terms:
        """Take note of what a share tells; return its terms. One call at a time."""
        self.take(number, said)
        return self.terms(number, said)

    def set_clock(self, moment: float) -> None:
        """Go on from a moment of the job's clock, which in tests is one that somebody moves."""
        self._behind = moment - time.monotonic()

    @property
    def moment(self) -> float:
        return time.monotonic() + self._behind

    def terms(self, number: int, said: Any = None) -> Terms:
        """Return the terms of a share, for a loan too."""
        moment, going = self.moment, {*self._going()}
        # By segments that are under way: what a share no longer needs is lent to the others.
        own = len(self.segments[number] & going)
        part = min(1.0, own / max(1.0, min(len(going), self.at_once)))
        rates = [pace.rate(moment) for pace in self._paces.values()]
        read, write = (rate and rate * part * self.lend for rate in rates)
        wait = 0.0
        if isinstance(said, Loan):
            pace = self._paces[said.which]
            if said.throttled:
                pace.throttled(moment)
            wait = pace.lend(said.units, moment)
        return Terms(read, write, self._left.at(moment), wait)


class Share(Task, frozen=True):
    """Segments of a copy that one process does."""

    checkpoint: Checkpoint
    asks: bool
    """Whether a bad item is for `on_error`."""


class CopyShares(Dividing):
    """A copy whose segments are copied elsewhere."""

    def __init__(self, job: Job, luggage: Luggage) -> None:
        super().__init__(
            job.left,
            job.read_pace,
            job.write_pace,
            lambda: (segment.point.segment for segment in job.pending()),
        )
        self._job = job
        self._luggage = luggage

    def share_out(self, number: float) -> list[Share]:
        """Divide the segments that are not done into so many shares at most, of equal size."""
        job = self._job
        points = [segment.resumable() for segment in job.pending()]
        # `number` is infinite where each segment is a share.
        size = int(min(number, len(points)))
        parts = [points[i::size] for i in range(size)]
        self.segments = [{point.segment for point in part} for part in parts]
        asks = job.settings.on_error != "raise"
        checkpoints = [structs.replace(job.checkpoint, segments=part) for part in parts]
        make = partial(Share, self._luggage)
        return [make(self.terms(i), point, asks) for i, point in enumerate(checkpoints)]

    def take(self, number: int, said: Any) -> None:
        """Add a report to those of the others; pass a bad item to `on_error`."""
        job = self._job
        if isinstance(said, CopyReport):
            job.hear(said)
            if job.once:  # the file is to know of a batch before it is sent
                job.telling.keep()
            job.tell(self.moment)
        elif isinstance(said, tuple):
            on_error: Any = job.settings.on_error
            on_error(*said)


class Walk(Task, frozen=True):
    """One walk of a comparison over a segment."""

    point: VerifyPoint
    """With nothing counted yet."""
    number: int


class Walks(Dividing):
    """A comparison whose walks are done elsewhere."""

    def __init__(self, comparison: Any, luggage: Luggage) -> None:
        reads = comparison.reads
        super().__init__(reads.left, reads.pace, reads.pace, comparison.pending)
        self._comparison = comparison
        self._luggage = luggage
        self._tallies: dict[int, Tally] = {}

    def share_out(self, number: float) -> list[Walk]:
        """Return a task for each walk of this phase that is not done."""
        point = self._comparison.point
        self._before = point.tally
        self._numbers = point.pending()
        self._tallies = {}
        self.segments = [{walk} for walk in self._numbers]
        # Each walk counts for itself: the process that waits adds the earlier counts once.
        empty = structs.replace(point, tally=Tally())
        make = partial(Walk, self._luggage)
        return [make(self.terms(i), empty, walk) for i, walk in enumerate(self._numbers)]

    def take(self, number: int, said: Any) -> None:
        """Take note of how far a walk is."""
        if isinstance(said, Verified):
            walk = self._numbers[number]
            # Each report has all that its walk has counted, and so takes the place of the one
            # before.
            theirs = convert(said.checkpoint, VerifyPoint)
            self._tallies[walk] = theirs.tally
            self._comparison.hear(walk, theirs, sum(self._tallies.values(), self._before))
            self._comparison.telling.tell(self.moment)


class Told:
    """The terms of a share, as they were told a moment ago."""

    def __init__(self, terms: Terms, ask: Ask) -> None:
        self._ask = ask
        self.read = Lent(terms.read, partial(self._borrow, "read"))
        self.write = Lent(terms.write, partial(self._borrow, "write"))
        self._take(terms)

    def _take(self, terms: Terms) -> None:
        self._terms, self._heard_at = terms, time.monotonic()
        self.read.limit, self.write.limit = terms.read, terms.write

    def _borrow(self, which: Literal["read", "write"], units: float, throttled: bool) -> float:
        terms = self._ask(Loan(which, units, throttled))
        self._take(terms)
        return terms.wait

    def tell(self, said: Any) -> None:
        self._take(self._ask(said))

    def end(self) -> None:
        """Give back what has not been used, now that the share has ended."""
        self.read.give_back()
        self.write.give_back()

    def left(self) -> float:
        """Return the seconds left; what was told long ago is asked again."""
        if time.monotonic() - self._heard_at > ASK_EVERY:
            self.tell(None)
        # What was told were the seconds of then.
        return self._terms.left - (time.monotonic() - self._heard_at)

    def on_error(self, values: dict[str, Any], error: DynamormError) -> None:
        self.tell((values, error))
