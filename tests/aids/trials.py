"""Copies on trial: through a proxy's troubles, killed and gone on with, and then judged."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from msgspec import Struct, structs, to_builtins

import dynamorm
from aids.faults import Killed, Ticking
from aids.proxy import Proxy, Upstream, at_random
from dynamorm import CopyReport, Credentials, DynamormError
from dynamorm.items.keys import item_key
from dynamorm.transports.http import HttpTransport


class Trial(Struct, frozen=True):
    """How a copy is made, and after how many requests its process is killed, time and again."""

    seed: int
    segments: int
    batch_size: int
    page_limit: int | None
    changed: bool
    """Whether it has a transform."""
    share: float
    """Of the requests, those that meet trouble."""
    kills: tuple[int, ...]


def drawn(seed: int, items: int) -> Trial:
    """Draw a trial from a seed, for a table of so many items."""
    chance = Random(seed)
    return Trial(
        seed,
        segments=chance.randint(1, 8),
        batch_size=chance.choice([10, 17, 25, 25, 25]),
        page_limit=chance.choice([None, 1000, 300, 100]),
        changed=chance.random() < 0.3,
        share=chance.choice([0.05, 0.2, 0.4]),
        kills=tuple(chance.randint(1, items // 30) for _ in range(chance.randint(0, 3))),
    )


class Tally(Struct):
    """What trials have shown, counted in items where nothing else is said."""

    plans: int = 1
    requests: int = 0
    troubles: int = 0
    kills: int = 0
    errors: int = 0
    """Errors that ended a copy, which was gone on with from their report."""
    compared: int = 0
    lost: int = 0
    corrupted: int = 0
    silently_short: int = 0
    """Copies that said that they were done, and were not."""
    repeated: int = 0
    """Written again since the answer to the first time did not come, or not whole."""
    unneeded: int = 0
    """Written again though the answer had come, since the process was killed after it."""

    def __add__(self, other: Tally) -> Tally:
        both = zip(structs.astuple(self), structs.astuple(other), strict=True)
        return Tally(*(one + another for one, another in both))

    def __str__(self) -> str:
        share = self.unneeded / self.compared * 100
        return (
            f"{self.plans} plans, {self.compared:,} items compared: lost {self.lost}, "
            f"corrupted {self.corrupted}, silently short {self.silently_short}, "
            f"written without need {self.unneeded:,} ({share:.2f} %); "
            f"{self.requests:,} requests, {self.troubles:,} troubles, {self.kills} kills"
        )

    @property
    def facts(self) -> dict[str, int]:
        facts: dict[str, int] = to_builtins(self)
        return facts


def summary(reports: Iterable[Any]) -> Iterator[str]:
    """Say what the trials of each test together have shown."""
    found: dict[str, Tally] = {}
    for report in reports:
        test = report.location[2].partition("[")[0].removeprefix("test_").replace("_", " ")
        for name, facts in report.user_properties:
            if name == "faults":
                found[test] = found.get(test, Tally(plans=0)) + Tally(**facts)
    return (f"{test}: {tally}" for test, tally in found.items())


class Mortal:
    """A transport whose process is killed when one of its requests has been answered."""

    def __init__(self, transport: HttpTransport, lives: float) -> None:
        self._transport = transport
        self._lives = lives
        self._lock = threading.Lock()

    def send(self, operation: str, body: bytes) -> bytes:
        with self._lock:
            self._lives -= 1
            left = self._lives
        if left < 0:
            raise Killed
        answer = self._transport.send(operation, body)
        if left == 0:
            raise Killed
        return answer


def copied(
    trial: Trial,
    url: str,
    tally: Tally,
    *,
    table_prefix: str = "",
    source: Any = "source",
    target: Any = "target",
    **options: Any,
) -> CopyReport:
    """Copy `source` to `target`, gone on with from what `progress` or an error has told."""
    kills = list(trial.kills)
    checkpoint = None
    for _ in range(100):
        told: list[CopyReport] = []
        transport = HttpTransport(
            region="eu-west-1",
            endpoint=url,
            credentials=Credentials("key", "secret"),
            read_timeout=120.0,  # a busy machine is no trouble of the plan's
        )
        steps = dynamorm.copy_table(
            source,
            target,
            segments=trial.segments,
            batch_size=trial.batch_size,
            page_limit=trial.page_limit,
            progress=told.append,
            resume=checkpoint,
            **options,
        )
        mortal = Mortal(transport, kills.pop(0) if kills else float("inf"))
        try:
            return dynamorm.run(steps, mortal, table_prefix=table_prefix, clock=Ticking(0.03))
        except Killed:
            tally.kills += 1
            checkpoint = told[-1].checkpoint if told else checkpoint
        except DynamormError as error:
            if error.report is None:
                raise
            tally.errors += 1
            checkpoint = error.report.checkpoint
        finally:
            transport.close()
    raise AssertionError("this copy does not come to an end")


def tried(trial: Trial, upstream: Upstream | str, **options: Any) -> Tally:
    """Copy through a proxy; what has arrived is still to be judged."""
    tally = Tally()
    # A table that is not there ends a copy, and so it should.
    plan = at_random(trial.share, leave_out={"missing"})
    with Proxy(upstream, plan, seed=trial.seed) as proxy:
        report = copied(trial, proxy.url, tally, **options)
    assert report.done
    assert proxy.most_in_flight <= trial.segments
    tally.requests = proxy.requests.total()
    tally.troubles = proxy.troubles.total()
    tally.repeated = proxy.unheard
    tally.unneeded = sum(proxy.batches) - report.written - proxy.unheard
    return tally


def judge(tally: Tally, wanted: set[bytes], found: set[bytes], key: tuple[str, ...]) -> None:
    """Compare every item."""
    strange = found - wanted
    keys = {item_key(raw, key) for raw in strange}
    missing = [raw for raw in wanted - found if item_key(raw, key) not in keys]
    tally.compared = len(wanted)
    tally.lost = len(missing)
    tally.corrupted = len(strange)
    tally.silently_short = int(bool(missing))


def hold(trial: Trial, tally: Tally) -> None:
    """Nothing is lost, changed or left out; a kill costs a few batches of each segment at most."""
    assert (tally.lost, tally.corrupted, tally.silently_short) == (0, 0, 0), trial
    few = 10 * trial.batch_size
    assert 0 <= tally.unneeded <= tally.kills * trial.segments * few, trial
