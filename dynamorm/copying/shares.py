"""One copy shared out: what each process or machine is to do, and how one rate is divided.

Whoever waits has the one job, with its checkpoint, its progress and its clock. The others copy a
share of its segments each. They tell it how far they are, and are told in turn how fast they may
go and how long.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct, structs

from ..errors import DynamormError
from ..operations.effects import Home, Steps, Waiting
from .checkpoint import Checkpoint
from .job import Job, Paces
from .report import CopyReport

ASK_EVERY = 0.25
"""Seconds after which what one was told may have changed."""


class Terms(Struct, frozen=True):
    """What a share is told: units a second for all of its segments, and the seconds left."""

    read: float | None
    write: float | None
    left: float


class Share(Struct, frozen=True):
    """Segments that one process copies, and where; it is pickled."""

    db: Any
    source: Any
    target: Any
    options: dict[str, Any]
    checkpoint: Checkpoint
    terms: Terms
    asks: bool
    """Whether a bad item is for `on_error`."""


Ask = Callable[[Any], Terms]
"""Tells a report, an item for `on_error`, or nothing, and gives the terms."""


def home_of(source: Any, target: Any, settings: Any) -> Steps[Any]:
    """Return the database to take along; raise `TypeError` for what cannot be."""
    home = yield Home()
    if home is None:
        raise TypeError("processes= needs a database: db.copy_table(..., processes=2)")
    options = _options(settings)
    for name, value in {"": home, "source": source, "target": target, **options}.items():
        try:
            pickle.dumps(value)
        except Exception as error:  # whatever a class of the user's raises
            what = f"{name}={value!r:.100}" if name else "this database"
            raise TypeError(f"{what} cannot be sent to another process: {error}") from error
    return home


_STAYS = ("progress", "on_error", "deadline", "resume", "checkpoint_file")
"""Options that are for whoever waits: the others ask."""


def _options(settings: Any) -> dict[str, Any]:
    given = structs.asdict(settings)
    options = {name: value for name, value in given.items() if name not in _STAYS}
    return options | {"max_read_units": None, "max_write_units": None}


class Shares:
    """A job whose segments are copied elsewhere: what each share is, tells, and is told."""

    def __init__(self, job: Job, home: Any, source: Any, target: Any, started: float) -> None:
        self._job = job
        self._make = partial(Share, home, source, target, _options(job.settings))
        self._behind = started - time.monotonic()
        self._segments: list[set[int]] = []
        self.over = False

    def share_out(self, number: int) -> list[Share]:
        """Divide the segments that are not done into so many shares at most, of equal size."""
        points = [s.resumable() for s in self._job.segments if not s.point.done]
        parts = [part for i in range(number) if (part := points[i::number])]
        self._segments = [{point.segment for point in part} for part in parts]
        asks = self._job.settings.on_error != "raise"
        return [
            self._make(structs.replace(self._job.checkpoint, segments=part), self.terms(i), asks)
            for i, part in enumerate(parts)
        ]

    def hear(self, number: int, said: Any) -> Terms:
        """Take note of what a share tells; return its terms."""
        if isinstance(said, CopyReport):
            self._job.hear(said)
            self._job.tell(self.moment)
        elif said is not None:
            values, error = said
            on_error: Any = self._job.settings.on_error
            on_error(values, error)
        return self.terms(number)

    @property
    def moment(self) -> float:
        return time.monotonic() + self._behind

    def terms(self, number: int) -> Terms:
        """Divide the rate over the segments that are under way; one that ends gives it back."""
        job, moment = self._job, self.moment
        going = {s.point.segment for s in job.segments if not s.point.done}
        part = len(going & self._segments[number]) / len(going) if going else 1.0
        rates = (pace.rate(moment) for pace in (job.paces.read, job.paces.write))
        read, write = (rate and max(rate * part, 1e-9) for rate in rates)
        return Terms(read, write, 0.0 if self.over else job.left.at(moment))


def copy_apart(
    shares: Shares, processes: int, executor: Any, perform: Callable[[Share, Ask], CopyReport]
) -> Steps[None]:
    """Copy in processes, and wait for them."""
    tasks = shares.share_out(processes)

    def wait(stopped: Callable[[], bool]) -> None:
        from ..operations.processes import in_processes

        in_processes(executor, perform, tasks, shares.hear, stopped)

    if tasks:
        yield Waiting(wait)


class Told:
    """The terms of a share, as they were told a moment ago."""

    def __init__(self, terms: Terms, ask: Ask, paces: Paces) -> None:
        self._ask = ask
        self._paces = paces
        self._take(terms)

    def _take(self, terms: Terms) -> None:
        self._terms, self._heard_at = terms, time.monotonic()
        self._paces.read.limit, self._paces.write.limit = terms.read, terms.write

    def tell(self, said: Any) -> None:
        self._take(self._ask(said))

    def left(self) -> float:
        """Return the seconds left; what was told long ago is asked again."""
        if time.monotonic() - self._heard_at > ASK_EVERY:
            self.tell(None)
        return self._terms.left - (time.monotonic() - self._heard_at)

    def on_error(self, values: dict[str, Any], error: DynamormError) -> None:
        self.tell((values, error))
