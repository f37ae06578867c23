"""Work shared out: what each process or machine is to do, and how one rate is divided.

The process that waits has the one job, with its checkpoint, its progress and its clock. Each of the
others does a share of its segments. They report how far they are, and are told how fast they may go
and for how long.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Literal, TypeVar

from msgspec import Struct, structs

from ..errors import DynamormError
from ..operations import Home, Steps, Waiting, now
from ..operations.pace import Lent
from ..operations.parallel import Stop, finished
from .options import CopySettings
from .pair import Pair

R = TypeVar("R")

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


Wait = Callable[["Shares", Stop], None]
"""Has all shares of one job done elsewhere, and returns when they are."""


def apart(wait: Wait, luggage: Luggage, job: Any) -> Steps[None]:
    """Have the shares of a job done elsewhere."""
    shares = Shares(job, luggage)
    # By now the tables have been looked at, which may have taken a while: that counts.
    shares.set_clock((yield from now()))
    yield Waiting(partial(wait, shares))


Away = Callable[[Any], Steps[None]]
"""Has the job that it is given done elsewhere: `apart`, with who waits and what is to be taken."""


_STAYS = ("progress", "on_error", "deadline", "resume", "checkpoint_file")
"""Options for the process that waits: the others ask it."""


class Luggage(Struct, frozen=True):
    """What every share takes along; it is pickled."""

    db: Any
    source: Any
    target: Any
    options: dict[str, Any]
    asks: bool
    """Whether a bad item is for `on_error` of the waiting process: else an error ends a share."""

    def pair(self, told: Told) -> Pair:
        """Return the work to do there; `told` gets what the waiting process must know."""
        on_error: Any = told.on_error if self.asks else "raise"
        asked = {"progress": told.tell, "deadline": told.left, "on_error": on_error}
        return Pair(self.source, self.target, CopySettings(**self.options, **asked))


def pack(pair: Pair, wait: Wait, dumps: Callable[[Any], Any] = pickle.dumps) -> Steps[Away]:
    """Return what has a job done elsewhere; raise `TypeError` for what cannot be taken along."""
    pair.settings.refuse_bulk()
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
    asks = pair.settings.on_error != "raise"
    return partial(apart, wait, Luggage(home, pair.source, pair.target, options, asks))


class Task(Struct, frozen=True):
    """What is done elsewhere; it is pickled."""

    luggage: Luggage
    terms: Terms
    point: Any
    """Where it begins: a checkpoint."""
    segments: set[int]
    """Those that are to be done."""

    def do(self, ask: Ask, steps: Callable[[Pair, Told], Steps[R]]) -> R:
        """Perform steps in the process that it was sent to."""
        told = Told(self.terms, ask)
        try:
            result: R = finished(self.luggage.db.run(steps(self.luggage.pair(told), told)))
            # What it has borrowed and not used is for the shares that are still under way.
            told.read.give_back()
            told.write.give_back()
        except BaseException as error:
            with suppress(Exception):  # nobody may hear it any more
                told.tell(error.report)  # type: ignore[attr-defined]  # whatever ended the share
            raise
        return result


class Shares:
    """All shares of one job: lends what its rates allow to who is under way, and tells the time."""

    def __init__(self, job: Any, luggage: Luggage) -> None:
        self._job = job
        """A copy or a comparison: what it has in parts, and who takes note of what is told."""
        self._luggage = luggage
        self._behind = 0.0
        self._paces = {"read": job.read_pace, "write": job.write_pace}
        self._own: list[set[int]] = []
        """The segments of each share."""
        self.at_once = float("inf")
        """How many segments are under way at the same time, at most."""
        self.lend = LEND
        """Seconds of the rate that are lent at a time."""

    def share_out(self, number: float) -> list[Task]:
        """Return a task for each share, so many at most; its number is its place in the list."""
        points, self._own = self._job.shared(number)
        shares = enumerate(zip(points, self._own, strict=True))
        return [Task(self._luggage, self.terms(i), point, own) for i, (point, own) in shares]

    def hear(self, number: int, said: Any) -> Terms:
        """Take note of what a share tells; return its terms. One call at a time."""
        self._job.hear(said, self._own[number], self.moment)
        return self.terms(number, said)

    def set_clock(self, moment: float) -> None:
        """Go on from a moment of the job's clock, which in tests is one that somebody moves."""
        self._behind = moment - time.monotonic()

    @property
    def moment(self) -> float:
        return time.monotonic() + self._behind

    def terms(self, number: int, said: Any = None) -> Terms:
        """Return the terms of a share, for a loan too."""
        moment, going = self.moment, self._job.going()
        # By segments that are under way: what a share no longer needs is lent to the others.
        own = len(self._own[number] & going)
        part = min(1.0, own / max(1.0, min(len(going), self.at_once)))
        rates = [pace.rate(moment) for pace in self._paces.values()]
        read, write = (rate and rate * part * self.lend for rate in rates)
        wait = 0.0
        if isinstance(said, Loan):
            pace = self._paces[said.which]
            if said.throttled:
                pace.throttled(moment)
            wait = pace.lend(said.units, moment)
        return Terms(read, write, self._job.left.at(moment), wait)


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

    def left(self) -> float:
        """Return the seconds left; what was told long ago is asked again."""
        if time.monotonic() - self._heard_at > ASK_EVERY:
            self.tell(None)
        # What was told were the seconds of then.
        return self._terms.left - (time.monotonic() - self._heard_at)

    def on_error(self, values: dict[str, Any], error: DynamormError) -> None:
        self.tell((values, error))
