"""A copy on a dask cluster does and tells what one here does, and survives its workers."""

from __future__ import annotations

import inspect
import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest
from aids.things import TARGET, Thing, batches_of, moved, odd, one_more, over_http, things

import dynamorm
from dynamorm import CopyReport, Database, ItemError
from dynamorm.copying.options import VerifyOptions

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore::Warning:distributed")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def cluster(**options: Any) -> Any:
    return distributed.LocalCluster(dashboard_address=None, threads_per_worker=2, **options)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Workers that are threads of this process: what is promised does not depend on where."""
    with cluster(n_workers=1, processes=False) as made, distributed.Client(made) as client:
        yield client


def copy(client: Any, db: Database, **options: Any) -> CopyReport:
    from dynamorm.distributed import copy_table

    given = {"source": "source", "target": "target", "segments": 4, "page_limit": 20}
    report: CopyReport = copy_table(client, db=db, **{**given, **options})
    return report


def test_a_cluster_copies_and_compares(client: Any) -> None:
    """A lambda is a transform there; keys are not compared over segments."""
    from dynamorm.distributed import verify_copy

    fake = things(200)
    seen: list[CopyReport] = []
    transform = lambda thing: moved(thing)  # noqa: E731  # dask sends what has no name
    with over_http(fake) as db:
        report = copy(
            client, db, source=Thing, target=TARGET, transform=transform, progress=seen.append
        )
        assert (report.done, report.written, report.unchecked) == (True, 200, 200)
        assert seen[-1] == report
        verified = verify_copy(client, Thing, TARGET, db=db, transform=transform, segments=2)
        assert verified
        fake.put("target", b'{"id":{"S":"new-id-7"},"n":{"N":"8"}}')
        verified = verify_copy(client, Thing, TARGET, db=db, transform=transform, segments=2)
        assert (verified.done, verified.same, verified.different) == (True, False, 1)
        assert verified.different_keys == ({"id": "new-id-7"},)
        assert copy(
            client, db, source=Thing, target=TARGET, transform=transform, resume=report
        ).done


def test_who_only_asks_for_its_terms_tells_nothing(client: Any) -> None:
    """They are on the scheduler; the queue is for what the caller has to hear."""
    from dynamorm.copying.shares import Terms
    from dynamorm.distributed import _Line

    told = {"said": "1", "over": False, "terms": (None, None, 7.0), "answered": ""}
    distributed.Variable("asking-0", client).set(told)
    assert _Line("asking", 0, ()).ask(None) == Terms(None, None, 7.0)
    assert distributed.Queue("asking-told", client).qsize() == 0


def test_what_is_no_client_or_no_database_is_refused() -> None:
    """The address of a scheduler, say, or the name of a region: nothing is sent or submitted."""
    from dynamorm.distributed import copy_table

    fake = things(1)
    with over_http(fake) as db:
        with pytest.raises(TypeError, match=r"takes a distributed\.Client, not 'tcp://one:8786'"):
            copy_table("tcp://one:8786", "source", "target", segments=1, db=db)
        with pytest.raises(TypeError, match=r"db= takes a database, .* not 'eu-west-1'"):
            copy_table(distributed, "source", "target", segments=1, db="eu-west-1")
    assert fake.sent == []


def test_a_comparison_takes_its_options_and_no_others(client: Any) -> None:
    """What is for writing is refused before anything is sent, and so is an executor."""
    from dynamorm.distributed import verify_copy

    fake = things(10)
    with over_http(fake) as db:
        for name in ("max_write_units", "in_place", "executor", "processes"):
            with pytest.raises(TypeError, match=rf"verify_copy\(\) takes no {name}=.*sample"):
                verify_copy(client, "source", "target", db=db, **{name: 1})  # type: ignore[arg-type]  # the point of it
    assert fake.sent == []
    here = inspect.signature(dynamorm.verify_copy).parameters
    given = {*VerifyOptions.__annotations__, "segments", "sample", "executor"}
    assert {*here} - {"source", "target"} == given


def test_in_place_the_file_knows_of_each_batch_before_it_is_sent(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing is transformed twice when the caller is killed."""
    fake = things(40)
    file = tmp_path / "copy.json"
    batches = batches_of(fake, file, monkeypatch)
    options: dict[str, Any] = {"target": "source", "in_place": True, "checkpoint_file": file}
    with over_http(fake) as db:
        report = copy(client, db, transform=one_more, segments=1, **options)
    assert (report.done, report.written) == (True, 40)
    assert all(size <= noted for size, noted in batches)


def test_errors_come_to_the_caller(client: Any) -> None:
    """With the report of all segments; `on_error` is asked here."""
    fake = things(40)
    taken: list[Any] = []

    def once(values: Any, error: Any) -> None:
        taken.append(values)
        if len(taken) > 1:
            raise LookupError

    with over_http(fake) as db:
        given = {"source": Thing, "target": TARGET, "transform": odd, "segments": 2}
        with pytest.raises(ItemError, match="odd") as caught:
            copy(client, db, **given)
        assert caught.value.report is not None
        with pytest.raises(LookupError):
            copy(client, db, on_error=once, **given)
        taken.clear()
        report = copy(client, db, on_error=lambda values, error: taken.append(values), **given)
    assert (report.done, report.failed, len(taken)) == (True, 20, 20)


def test_a_deadline_that_raises_ends_all_tasks_first(client: Any) -> None:
    """However often it is asked: no task goes on writing behind the caller's back."""
    fake = things(200)

    def deadline() -> float:
        if "BatchWriteItem" in fake.sent:
            raise LookupError
        return 1e4

    with over_http(fake) as db:
        with pytest.raises(LookupError):
            copy(client, db, max_write_units=60, deadline=deadline)
        assert not any(client.processing().values())


@pytest.mark.parametrize("connect", [dynamorm.connect, dynamorm.connect_async])
def test_ctrl_c_stops_all_tasks(client: Any, connect: Any, tmp_path: Path) -> None:
    """The caller's checkpoint is saved, and has all that was written."""
    fake = things(200)
    file = tmp_path / "copy.json"
    # A shell has its background jobs ignore it, and what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with over_http(fake) as db:
        there = connect("eu-west-1", endpoint=db.transport.endpoint.url, transport="http")
        threading.Timer(0.7, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt) as caught:
            copy(client, there, max_write_units=60, checkpoint_file=file)
        signal.signal(signal.SIGINT, before)
        if connect is dynamorm.connect:  # asyncio.run raises another one
            report = caught.value.report  # type: ignore[attr-defined]  # whatever ended the copy
            assert 0 < report.written == len(fake.items("target")) < 200
            assert json.loads(file.read_bytes()) == report.checkpoint
        assert copy(client, db, checkpoint_file=file).written == 200


def test_a_task_that_somebody_cancels_ends_the_copy_with_an_error(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a cluster that is restarted: what is not done does not look like an early end."""
    monkeypatch.setattr("dynamorm.distributed.SILENCE", 1.0)
    fake = things(200)

    def cancel(report: CopyReport) -> None:
        keys = [key for key in client.futures if str(key).startswith("dynamorm-")]
        client.cancel([distributed.Future(key, client=client) for key in keys])

    with over_http(fake) as db:
        with pytest.raises(CancelledError, match="report as resume=") as caught:
            copy(client, db, max_write_units=60, progress=cancel)
        report = caught.value.report  # type: ignore[attr-defined]  # whatever ended the copy
        assert not report.done
        assert copy(client, db, resume=report).written == 200
    assert sorted(fake.items("target")) == sorted(fake.items("source"))


def test_without_any_worker_the_deadline_and_an_interrupt_end_the_copy() -> None:
    """Tasks that nobody does would hear of neither."""
    fake = things(10)
    with (
        cluster(n_workers=0, processes=False) as made,
        distributed.Client(made) as client,
        over_http(fake) as db,
    ):
        assert not copy(client, db, deadline=0.3).done
        threading.Timer(0.3, signal.pthread_kill, (threading.get_ident(), signal.SIGINT)).start()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt, match="report as resume="):
            copy(client, db)
        signal.signal(signal.SIGINT, before)
    assert fake.items("target") == []


def test_a_worker_that_is_killed_loses_nothing() -> None:
    """Its segments go on from their last checkpoint; in place, nothing is transformed twice."""
    fake = things(600)
    before = {bytes(raw) for raw in fake.items("source")}
    killed: list[int] = []
    with cluster(n_workers=2) as made, distributed.Client(made) as client:

        def kill(report: CopyReport) -> None:
            if not killed and report.written > 100:
                [pid, *_] = client.run(os.getpid).values()
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

        with over_http(fake) as db:
            options: dict[str, Any] = {"target": "source", "in_place": True, "transform": one_more}
            report = copy(client, db, progress=kill, max_write_units=400, **options)
    assert killed
    assert (report.done, report.written) == (True, 600)
    wanted = {json.dumps(one_more(json.loads(raw))).encode() for raw in before}
    assert {json.dumps(json.loads(raw)).encode() for raw in fake.items("source")} == wanted
