"""A copy in several processes does and tells what one in threads does."""

from __future__ import annotations

import _thread
import asyncio
import functools
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import AuthenticationError
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from aids.things import (
    TARGET,
    Thing,
    batches_of,
    mortal,
    moved,
    odd,
    one_more,
    over_http,
    process_name,
    things,
)
from msgspec import json

import dynamorm
from dynamorm import (
    CopyReport,
    ItemError,
    Refused,
    attribute_transform,
)
from dynamorm.copying import shares
from dynamorm.copying.asking import TimeLeft
from dynamorm.operations import processes
from dynamorm.operations.pace import Pace
from dynamorm.operations.processes import in_processes


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


class Here(ProcessPoolExecutor):
    """Does in threads of this process what is for others; what is sent is pickled all the same."""

    def __init__(self, most: int = 2) -> None:
        self._max_workers = most
        self._threads = ThreadPoolExecutor(most)

    def submit(self, function: Any, *given: Any) -> Any:  # type: ignore[override]  # shorter
        return self._threads.submit(function, *pickle.loads(pickle.dumps(given)))


def test_processes_copy_together(tmp_path: Path) -> None:
    """Progress and the checkpoint reach the caller; keys are not compared across processes."""
    fake = things(300)
    file = tmp_path / "copy.json"
    seen: list[CopyReport] = []
    with over_http(fake) as db:
        report = db.copy_table(
            Thing,
            TARGET,
            transform=moved,
            segments=4,
            processes=2,
            page_limit=20,
            progress=seen.append,
            checkpoint_file=file,
        )
        assert (report.done, report.read, report.written, report.unchecked) == (True, 300, 300, 300)
        assert (report.estimated_total, report.percent) == (300, 100.0)
        assert len(fake.items("target")) == 300
        assert seen[-1] == report
        assert json.decode(file.read_bytes()) == report.checkpoint
        # Both tables are looked at by this process, by each share, and once more by this one.
        assert fake.sent.count("DescribeTable") == 8
        fake.sent.clear()
        again = {"processes": 2, "checkpoint_file": file}
        assert db.copy_table(Thing, TARGET, transform=moved, **again).done
        assert set(fake.sent) == {"DescribeTable"}


@pytest.mark.once
def test_a_process_that_is_killed_ends_the_copy_with_a_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever kills it: the error says so, and what resumes from its report leaves nothing out."""
    fake = things(100)
    options: dict[str, Any] = {"transform": mortal, "segments": 4, "page_limit": 5}
    monkeypatch.setenv("MORTAL", "yes")
    with over_http(fake) as db:
        with pytest.raises(BrokenProcessPool) as caught:
            db.copy_table(Thing, TARGET, processes=2, **options)
        monkeypatch.delenv("MORTAL")
        report = caught.value.report  # type: ignore[attr-defined]
        assert not report.done
        assert db.copy_table(Thing, TARGET, resume=report, **options).done
    assert len(fake.items("target")) == 100


def test_a_process_begins_from_nothing() -> None:
    """A fork would copy the locks that other threads hold, and never get them."""
    (name,) = in_processes(None, process_name, [0], lambda number, said: None, lambda: False)
    assert name.startswith("SpawnProcess-")


def test_tables_that_do_not_fit_are_refused_at_the_call() -> None:
    """As without processes: before it is looked what can be sent to them."""
    with pytest.raises(Refused, match="source and target are the same table, one"):
        dynamorm.copy_table("one", "one", processes=2)


@pytest.mark.parametrize("function", [dynamorm.copy_table, dynamorm.verify_copy])
def test_what_is_no_executor_is_refused_where_it_is_given(function: Any) -> None:
    """A number of threads, say; it is not found out in the middle of a copy."""
    with pytest.raises(TypeError, match=r"executor= takes one of concurrent\.futures, not 4"):
        function("a", "b", executor=4)


def test_a_comparison_takes_no_executor_of_processes() -> None:
    """It is told who compares in processes, where a generator could not be pickled."""
    processes = ProcessPoolExecutor(1)  # starts none: nothing is submitted
    with pytest.raises(TypeError, match=r"takes one of threads: dynamorm\.distributed"):
        dynamorm.verify_copy("a", "b", executor=processes)


@pytest.mark.parametrize("deadline", [0.3, "function"])
def test_a_deadline_holds_in_all_of_them(deadline: Any) -> None:
    """The rest is copied by a run that resumes, with another number of processes."""
    fake = things(300)
    left = iter([1e4] * 8)
    with over_http(fake) as db:
        given = (lambda: next(left, 0.0)) if deadline == "function" else deadline
        options: dict[str, Any] = {"segments": 4, "page_limit": 10, "max_write_units": 200}
        report = db.copy_table("source", "target", executor=Here(), deadline=given, **options)
        assert 0 < report.written < 300
        assert not report.done
        assert report.written == len(fake.items("target"))
        report = db.copy_table("source", "target", executor=Here(3), resume=report)
    assert (report.done, report.written, report.unchecked) == (True, 300, 0)
    assert sorted(fake.items("target")) == sorted(fake.items("source"))


def test_in_place_the_file_knows_of_each_batch_before_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing is transformed twice when all processes are killed at once."""
    fake = things(100)
    file = tmp_path / "copy.json"
    batches = batches_of(fake, file, monkeypatch)
    options: dict[str, Any] = {"in_place": True, "checkpoint_file": file, "executor": Here()}
    with over_http(fake) as db:
        report = db.copy_table("source", "source", transform=one_more, segments=2, **options)
    assert (report.done, report.written) == (True, 100)
    assert all(size <= noted for size, noted in batches)


def test_errors_come_as_from_threads() -> None:
    """With the report of all processes; `on_error` is asked here, and may end the copy."""
    fake = things(100)
    taken: list[Any] = []
    options: dict[str, Any] = {"transform": odd, "executor": Here(), "segments": 2}

    def once(values: Any, error: Any) -> None:
        taken.append(values)
        if len(taken) > 1:
            raise LookupError

    with over_http(fake) as db:
        with pytest.raises(ItemError, match="odd") as caught:
            db.copy_table(Thing, TARGET, **options)
        assert caught.value.report is not None
        with pytest.raises(LookupError) as other:
            db.copy_table(Thing, TARGET, on_error=once, **options)
        report = other.value.report  # type: ignore[attr-defined]  # whatever ended the copy
        assert report.failed == 1
        more = db.copy_table(
            Thing, TARGET, on_error=lambda v, e: taken.append(v), resume=report, **options
        )
    assert (more.done, more.written, more.failed) == (True, 50, 50)
    assert len(taken) >= 51


async def cancelled(url: str, **options: Any) -> None:
    """Cancel a copy that is under way."""
    adb = dynamorm.connect_async("eu-west-1", endpoint=url, transport="http")
    copy = dynamorm.copy_table("source", "target", executor=Here(), **options)
    copying = asyncio.ensure_future(adb.run(copy))
    await asyncio.sleep(0.4)
    copying.cancel()
    await copying


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C is heard: a shell has its background jobs ignore it, and what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupt_stops_all_of_them(interrupt: Any, tmp_path: Path) -> None:
    """The checkpoint is saved, and the copy can be resumed."""
    fake = things(400)
    file = tmp_path / "copy.json"
    options: dict[str, Any] = {"page_limit": 5, "max_write_units": 300, "checkpoint_file": file}
    with over_http(fake) as db:

        def copy() -> None:
            if interrupt is asyncio.CancelledError:
                asyncio.run(cancelled(db.transport.endpoint.url, **options))
            stop = {"progress": lambda report: _thread.interrupt_main()}
            db.copy_table("source", "target", executor=Here(), **options, **stop)

        with pytest.raises(interrupt):
            copy()
        saved = json.decode(file.read_bytes())
        written = sum(point["counts"].get("written", 0) for point in saved["segments"])
        assert 0 < written == len(fake.items("target")) < 400
        assert db.copy_table("source", "target", checkpoint_file=file).written == 400


def test_what_cannot_go_to_another_process_is_told_before_anything_is_sent() -> None:
    """By its name; so is a copy that no database runs, and an executor of threads."""
    fake = things(1)
    copy = functools.partial(dynamorm.copy_table, "source", "target", processes=2)
    with over_http(fake) as db:
        with pytest.raises(TypeError, match=r"transform=.* cannot be sent to another process"):
            db.run(copy(transform=attribute_transform(lambda values: values)))
        with pytest.raises(TypeError, match="transform="):
            db.copy_table(Thing, TARGET, transform=lambda thing: thing, processes=2)
        secretive = functools.partial(lambda token, thing: thing, "token-1")
        with pytest.raises(TypeError, match="transform=partial cannot") as caught:
            db.copy_table(Thing, TARGET, transform=secretive, processes=2)
        assert "token-1" not in str(caught.value)
    with pytest.raises(TypeError, match=r"this database cannot be sent .* transport object"):
        dynamorm.connect(transport=fake).run(copy())
    with pytest.raises(TypeError, match=r"db\.copy_table"):
        dynamorm.run(copy(), fake)
    with pytest.raises(TypeError, match="executor of processes"):
        copy(executor=ThreadPoolExecutor(1))
    with pytest.raises(ValueError, match="processes="):
        dynamorm.copy_table("source", "target", processes=0)
    assert fake.sent == []


def test_what_was_told_long_ago_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds left run on between two answers; a quarter of a second later they are asked."""
    moments = iter([0.0, 0.2, 0.2, 0.5, 0.5, 0.5])
    monkeypatch.setattr(shares.time, "monotonic", lambda: next(moments))
    asked: list[Any] = []

    def ask(said: Any) -> shares.Terms:
        asked.append(said)
        return shares.Terms(None, None, 7.0)

    told = shares.Told(shares.Terms(None, None, 10.0), ask)
    assert (told.left(), asked) == (9.8, [])
    assert (told.left(), asked) == (7.0, [None])


def job_of_one_segment(left: TimeLeft, write: Pace) -> Any:
    return SimpleNamespace(
        left=left,
        read_pace=Pace(None),
        write_pace=write,
        going=lambda: {0},
        shared=lambda number: ([None], [{0}]),
        hear=lambda *told: None,
    )


NOTHING = shares.Luggage(None, None, None, {}, asks=False)


def test_what_has_passed_before_counts_towards_the_deadline() -> None:
    """Waiting for a target that is being created, say: shares are told what is left after it."""
    left: list[float] = []

    def wait(shared: shares.Shares, stopped: Any) -> None:
        left.extend(task.terms.left for task in shared.share_out(1))

    steps = shares.apart(wait, NOTHING, job_of_one_segment(TimeLeft(10.0, 0.0), Pace(None)))
    next(steps)
    waiting: Any = steps.send(4.0)
    waiting.function(lambda: False)
    assert left == [pytest.approx(6.0, abs=0.5)]
    steps.close()


def test_throttling_of_one_share_slows_what_is_lent_to_all() -> None:
    """What is lent after a loan that tells of throttling is less; nothing else makes it so."""
    shared = shares.Shares(job_of_one_segment(TimeLeft(None, 0.0), Pace(100.0)), NOTHING)
    shared.share_out(1)
    calm, throttled = (shares.Loan("write", 0.0, told) for told in (False, True))
    for loan, lent in ((calm, 10.0), (throttled, 10.0), (calm, 7.0)):
        assert shared.hear(0, loan).write == pytest.approx(lent, rel=0.05)


def same(task: Any, ask: Any) -> Any:
    return task


def done_in_time() -> list[Any]:
    """What has come of a task `7`, if it has come within 20 seconds."""
    found: list[Any] = []
    work = (Here(1), same, [7], lambda number, said: None, lambda: False)
    # In a thread: what waits for ever would keep the tests from ending.
    waiting = Thread(target=lambda: found.append(processes.in_processes(*work)), daemon=True)
    waiting.start()
    waiting.join(20)
    return found


def test_a_process_that_ends_at_once_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where it has ended before the thread that has let it in looks for others."""
    over = Event()

    class Late(Thread):
        def start(self) -> None:
            super().start()
            over.wait()

    def threads(**given: Any) -> Thread:
        accepts = isinstance(given["args"][0], processes.Listener)
        return (Thread if accepts else Late)(**given)

    def hanging_up(address: Any, authkey: bytes | None = None) -> Any:
        if authkey is None:
            over.set()
        else:
            client(address).close()  # one that has died at once
        return client(address, authkey=authkey)

    client = processes.Client
    monkeypatch.setattr(processes, "Thread", threads)
    monkeypatch.setattr(processes, "Client", hanging_up)
    assert done_in_time() == [[7]]


def test_a_stranger_without_the_key_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else connects is turned away, and the processes of this one are let in after it."""

    def after_a_stranger(address: Any, authkey: bytes | None = None) -> Any:
        if authkey is not None:
            with pytest.raises(AuthenticationError):
                client(address, authkey=b"of another one")
        return client(address, authkey=authkey)

    client = processes.Client
    monkeypatch.setattr(processes, "Client", after_a_stranger)
    assert done_in_time() == [[7]]
