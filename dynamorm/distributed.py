"""Copies and compares tables on a dask cluster: each segment is a task, where a worker is free.

A task puts its checkpoint on the scheduler before it goes on, so that it goes on from there on
another worker when its own is lost. What it tells comes to the caller through a queue; what it may
use, of one rate and of the time, comes back in a variable.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from msgspec import convert, structs

from .copying.options import VerifyOptions, check_database, check_segments, settings_of
from .copying.pair import Pair
from .copying.report import CopyReport
from .copying.shares import ASK_EVERY, Away, Loan, Shares, Terms, pack
from .copying.table import copied, copy_share
from .copying.verified import Verified
from .copying.verify import compare_walk, compared
from .model.declare import Model
from .operations import Steps
from .operations.parallel import Stop, Stopped, finished

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .copying.options import CopyOptions

__all__ = ["copy_table", "verify_copy"]

R = TypeVar("R")

LOOK_EVERY = 0.05
"""Seconds between two looks at what tasks have told."""

LEND = 0.5
"""Seconds of the rate that tasks are lent at a time, at least."""

MOST_LOANS = 50
"""In a second, of all tasks together."""

SILENCE = 60.0
"""Seconds without a word from the caller after which a task ends."""


def copy_table(
    client: Any,
    source: Model | str,
    target: Model | str,
    *,
    segments: int,
    db: Any,
    **options: Unpack[CopyOptions],
) -> CopyReport:
    """Copy all items of `source` into `target` on the workers of a `distributed.Client`.

    Otherwise as `Database.copy_table`, whose options these are: progress, the checkpoint,
    `on_error`, errors and Ctrl-C come to the caller, and a rate is that of all workers together.
    Workers connect as `db` does, which is pickled: credentials are found where the worker is. A
    worker that is lost costs what its segments have done since their last checkpoint, a quarter of
    a second. Keys are not compared over segments: `report.unchecked` counts what was not.
    """
    pair = Pair(source, target, settings_of("copy_table", options, "segments", "db"))
    check_segments(segments)
    whole = partial(copied, pair, None, segments, None)
    return _run(client, db, pair, whole, copy_share)


def verify_copy(
    client: Any,
    source: Model | str,
    target: Model | str,
    *,
    segments: int | None = None,
    db: Any,
    sample: float = 1.0,
    **options: Unpack[VerifyOptions],
) -> Verified:
    """Compare the items of two tables on the workers; otherwise as `Database.verify_copy`."""
    known = VerifyOptions.__annotations__
    settings = settings_of("verify_copy", options, "segments", "db", "sample", known=known)
    pair = Pair(source, target, settings)
    whole = partial(compared, pair, segments, sample, None)
    return _run(client, db, pair, whole, compare_walk)


def _run(
    client: Any,
    db: Any,
    pair: Pair,
    whole: Callable[[Steps[Away]], Steps[R]],
    share: Callable[..., R],
) -> R:
    """Run an operation whose shares are done by `share` on the workers."""
    check_database("db=", db)
    if not hasattr(client, "submit"):
        raise TypeError(f"client= takes a distributed.Client, not {client!r:.200}")
    # Dask sends functions that have no name, too.
    from distributed.protocol.pickle import dumps

    packing = pack(pair, partial(_on_cluster, client, share), dumps)
    result: R = finished(db.run(whole(packing)))
    return result


def _on_cluster(
    client: Any, function: Callable[[Any, Any], Any], shares: Shares, stopped: Stop
) -> None:
    """Have a task done for each share, and answer the tasks."""
    # A task for each segment: that is all that is done again when a worker is lost.
    if tasks := shares.share_out(float("inf")):
        _Cluster(client, shares, len(tasks)).serve(function, tasks, stopped)


class _Cluster:
    """The end of the caller: what tasks tell, and what they are told."""

    def __init__(self, client: Any, shares: Shares, number: int) -> None:
        from distributed import Queue, Variable

        self._client = client
        self._shares = shares
        self._name = f"dynamorm-{uuid4().hex}"
        self._told: Any = Queue(f"{self._name}-told", client=client)
        names = [f"{self._name}-{i}" for i in range(number)]
        self._terms = [Variable(name, client=client) for name in names]
        self._points = [Variable(f"{name}-point", client=client) for name in names]
        self._answered: dict[int, tuple[str, float]] = {}
        """The last message of a task, and how long the task must wait after it."""
        self._error: BaseException | None = None

    def serve(self, function: Callable[[Any, Any], Any], tasks: list[Any], stopped: Stop) -> None:
        """Have all tasks done; raise the first error when they have ended."""
        self._count_threads()
        # Before the tasks: each reads both variables first of all.
        for number, point in enumerate(self._points):
            point.set({})
            self._say(number)
        futures = [
            self._client.submit(
                _work, self._name, number, function, task, key=f"{self._name}-{number}"
            )
            for number, task in enumerate(tasks)
        ]
        try:
            self._answer(futures, stopped)
            self._error = self._error or Stopped()
        except BaseException as error:  # noqa: BLE001  # an interrupt too: the tasks are to end first
            self._error = self._error or error
        # Until every task has ended: one that goes on writing would do so behind the caller's back.
        self._answer(futures, lambda: False)
        for variable in (*self._terms, *self._points):
            variable.delete()
        self._told.close()
        if not isinstance(self._error, Stopped):
            raise self._error

    def _answer(self, futures: list[Any], stopped: Stop) -> None:
        """Answer until all tasks have ended, or until the caller is to stop."""
        said_at = 0.0
        while not stopped():
            left = [number for number, future in enumerate(futures) if not future.done()]
            # A pickle, which a cluster trusts anyway: its workers run what its clients send.
            for number, key, said in self._told.get(batch=True):
                self._hear(number, key, pickle.loads(said))
                self._say(number)
            for future in futures:
                if future.status in ("error", "cancelled"):
                    # Whoever cancels a task, or restarts the cluster, leaves no exception.
                    self._error = self._error or future.exception() or CancelledError()
            # Looked at before the messages were read: what a task told last has been heard.
            if not left:
                return
            if time.monotonic() - said_at > ASK_EVERY:
                said_at = time.monotonic()
                threads = self._count_threads()
                for number in left:
                    self._say(number)
                ends = self._error is not None or self._shares.hear(left[0], None).left <= 0
                if ends and not threads:
                    # No task will hear of it before there is a worker again.
                    self._error = self._error or Stopped()
                    self._client.cancel([futures[number] for number in left])
            time.sleep(LOOK_EVERY)

    def _hear(self, number: int, key: str, said: Any) -> None:
        """Take note of what a task has told; an error is kept until all tasks have ended."""
        try:
            # With its key: a task that took over from a lost one is not answered for that one.
            self._answered[number] = key, self._shares.hear(number, said).wait
        except BaseException as error:  # noqa: BLE001  # raised when the tasks have ended
            self._error = self._error or error

    def _say(self, number: int) -> None:
        """Tell a task its terms, whether it is to end, and which of its messages was the last."""
        answered, wait = self._answered.get(number, ("", 0.0))
        terms: list[Any] = []
        # A task that is to end needs none, and a deadline that raises would do so again.
        if not (over := self._error is not None):
            terms += structs.astuple(structs.replace(self._shares.hear(number, None), wait=wait))
        said = {
            "terms": terms,
            "answered": answered,
            "over": over,
            # By it a task sees that the caller is still there, though nothing else has changed.
            "said": uuid4().hex,
        }
        self._terms[number].set(said)

    def _count_threads(self) -> int:
        """Return the number of the workers' threads, and lend units to as many tasks at once."""
        threads: int = sum(self._client.nthreads().values())
        # The other tasks wait for a worker, and use nothing of the rate.
        self._shares.at_once = float(threads or 1)
        # A loan takes as long as two looks, and each goes through the one scheduler.
        self._shares.lend = max(LEND, threads / MOST_LOANS)
        return threads


def _work(name: str, number: int, function: Callable[[Any, Any], Any], task: Any) -> None:
    """Do a share on a worker, from the last checkpoint that it has put on the scheduler."""
    # The caller has to have heard an item for `on_error` and a loan before anything else is done,
    # and in place a report: its file is to know of a batch before that is sent.
    in_place = task.luggage.options["in_place"]
    line = _Line(name, number, (tuple, Loan, CopyReport) if in_place else (tuple, Loan))
    with suppress(Stopped):  # the caller knows
        function(line.resumed(task), line.ask)


class _Line:
    """The end of a task."""

    def __init__(self, name: str, number: int, waits_for: tuple[type, ...]) -> None:
        from distributed import Queue, Variable

        self._number = number
        self._waits_for = waits_for
        """Kinds of messages that the caller has to have heard before anything else is done."""
        self._told: Any = Queue(f"{name}-told")
        self._terms: Any = Variable(f"{name}-{number}")
        self._point = Variable(f"{name}-{number}-point")
        self._said = ""
        self._heard_at = time.monotonic()

    def resumed(self, task: Any) -> Any:
        """Return the task as a lost worker has left it."""
        if left := self._point.get():  # pragma: no cover - in another process
            task = structs.replace(task, point=convert(left, type(task.point)))
        return task

    def ask(self, said: Any) -> Terms:
        """Tell something, or nothing; return the terms. Raises `Stopped` where the caller ends."""
        if isinstance(said, CopyReport | Verified):
            # Before it is told: a worker that takes over may know more than the caller, and never
            # less.
            self._point.set(said.checkpoint)
        key = uuid4().hex
        if said is not None:
            self._told.put((self._number, key, pickle.dumps(said)))
        terms, answered = self._get()
        # A report needs no answer: a segment does not wait for the caller after each page.
        while isinstance(said, self._waits_for) and answered != key:
            time.sleep(LOOK_EVERY)
            terms, answered = self._get()
        return terms

    def _get(self) -> tuple[Terms, str]:
        """Return the terms, and the last message of this task that was heard."""
        told = self._terms.get(timeout=SILENCE)
        # By the clock of this machine: those of worker and caller may be apart.
        if told["said"] != self._said:
            self._said, self._heard_at = told["said"], time.monotonic()
        if told["over"] or time.monotonic() - self._heard_at > SILENCE:
            raise Stopped
        return Terms(*told["terms"]), told["answered"]
