"""Work shared out: what each process or machine is to do, and how one rate is divided.

The process that waits has the one job, with its checkpoint, its progress and its clock. Each of the
others does a share of its segments. They report how far they are, and are told how fast they may go
and for how long.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

from msgspec import Struct, structs

from ..errors import DynamormError
from ..operations import Home, Steps, Waiting, now
from ..operations.pace import Lent, Pace
from ..operations.parallel import Stop
from .checkpoint import Checkpoint
from .job import Job
from .options import CopySettings, TimeLeft
from .pair import Pair
from .report import CopyReport

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


class Shares(Protocol):
    """All shares of one job, for whatever has them done."""

    at_once: float
    """How many segments are under way at the same time, at most."""
    lend: float
    """Seconds of the rate that are lent at a time."""

    def set_clock(self, moment: float) -> None: ...
    def share_out(self, number: float) -> list[Any]: ...
    def hear(self, number: int, said: Any) -> Terms: ...  # one call at a time


Wait = Callable[[Any, Stop], None]
"""Has `Shares` done elsewhere, and returns when they are."""


def apart(wait: Wait, shares: Shares) -> Steps[None]:
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


class Dividing:
    """Lends what one rate allows to the segments that are under way, and tells them the time."""

    def __init__(self, left: TimeLeft, read: Pace, write: Pace) -> None:
        self._left = left
        self._behind = 0.0
        self._paces = {"read": read, "write": write}
        self.at_once = float("inf")
        self.lend = LEND

    def set_clock(self, moment: float) -> None:
        """Go on from a moment of the job's clock, which in tests is one that somebody moves."""
        self._behind = moment - time.monotonic()

    @property
    def moment(self) -> float:
        return time.monotonic() + self._behind

    def terms(self, own: set[int], going: set[int], said: Any = None) -> Terms:
        """Return the terms of a share, for a loan too, by its segments among those under way."""
        moment = self.moment
        # By segments that are under way: what a share no longer needs is lent to the others.
        part = min(1.0, len(own & going) / max(1.0, min(len(going), self.at_once)))
        rates = [pace.rate(moment) for pace in self._paces.values()]
        read, write = (rate and rate * part * self.lend for rate in rates)
        wait = 0.0
        if isinstance(said, Loan):
            pace = self._paces[said.which]
            if said.throttled:
                pace.throttled(moment)
            wait = pace.lend(said.units, moment)
        return Terms(read, write, self._left.at(moment), wait)


class Task(Struct, frozen=True):
    """What is done elsewhere; it is pickled."""

    luggage: Luggage
    terms: Terms


class Share(Task, frozen=True):
    """Segments of a copy that one process does."""

    checkpoint: Checkpoint
    asks: bool
    """Whether a bad item is for `on_error`."""


class CopyShares(Dividing):
    """A job whose segments are copied elsewhere."""

    def __init__(self, job: Job, luggage: Luggage) -> None:
        super().__init__(job.left, job.paces.read, job.paces.write)
        self._job = job
        self._make = partial(Share, luggage)
        self._segments: list[set[int]] = []

    def share_out(self, number: float) -> list[Share]:
        """Divide the segments that are not done into so many shares at most, of equal size."""
        points = [s.resumable() for s in self._job.segments if not s.point.done]
        # `number` is infinite where each segment is a share.
        size = min(number, len(points))
        parts = [points[i :: int(size)] for i in range(int(size))]
        self._segments = [{point.segment for point in part} for part in parts]
        asks = self._job.settings.on_error != "raise"
        return [
            self._make(self._terms(i), structs.replace(self._job.checkpoint, segments=part), asks)
            for i, part in enumerate(parts)
        ]

    def hear(self, number: int, said: Any) -> Terms:
        """Take note of what a share tells; return its terms."""
        if isinstance(said, CopyReport):
            self._job.hear(said)
            if self._job.items.once:  # the file is to know of a batch before it is sent
                self._job.telling.keep()
            self._job.tell(self.moment)
        elif isinstance(said, tuple):
            on_error: Any = self._job.settings.on_error
            on_error(*said)
        return self._terms(number, said)

    def _terms(self, number: int, said: Any = None) -> Terms:
        going = (s.point.segment for s in self._job.segments if not s.point.done)
        return self.terms(self._segments[number], {*going}, said)


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
