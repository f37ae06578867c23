"""A proxy on loopback that brings trouble upon what passes through it, and counts what it sees."""

from __future__ import annotations

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from random import Random
from typing import Protocol

from aids.httpserver import Cut, Request, Server, Turn, refusal
from aids.troubles import SPECIAL, batches, leftovers, passed_on, troubles
from dynamorm import Credentials, ServiceError, TransportError
from dynamorm.transports.http import HttpTransport


class Upstream(Protocol):
    """What answers in the end: a fake service, or a transport to a real one."""

    def send(self, operation: str, body: bytes, /) -> bytes: ...


class Passage:
    """One request on its way through a proxy."""

    def __init__(self, proxy: Proxy, operation: str, body: bytes, before: int) -> None:
        self.operation = operation
        self.body = body
        self.before = before
        """How often the same bytes have come before."""
        self.chance = Random(zlib.crc32(body) << 40 | proxy.seed << 8 | before)
        """Drawn from the bytes, not from the order in which threads happen to take turns."""
        self._proxy = proxy

    def send(self, body: bytes | None = None, *, heard: bool = True) -> bytes:
        sent = self.body if body is None else body
        reply = self._proxy.upstream.send(self.operation, sent)
        if self.operation == "BatchWriteItem":
            self._proxy.count(_size(batches(sent)) - _size(leftovers(reply)), heard=heard)
        return reply


Plan = Callable[[Passage], str]
"""From a request to the name of its trouble, empty for none."""


def in_turn(*names: str) -> Plan:
    """Let the first requests meet these troubles in turn, and all others none."""
    left = list(names)
    return lambda passage: left.pop(0) if left else ""


def at_random(share: float, leave_out: Collection[str] = (), patience: int = 5) -> Plan:
    """Let a share of the requests meet any trouble; the same bytes, `patience` times at most."""
    left_out = {"late", *leave_out}
    names = {
        operation: sorted(troubles(operation).keys() - left_out) for operation in ("", *SPECIAL)
    }

    def plan(passage: Passage) -> str:
        if passage.before >= patience or passage.chance.random() >= share:
            return ""
        return passage.chance.choice(names.get(passage.operation, names[""]))

    return plan


class Proxy:
    """Passes requests on, to a service in memory or to an engine's URL, with a plan's troubles."""

    def __init__(self, upstream: Upstream | str, plan: Plan = in_turn(), *, seed: int = 0) -> None:
        self.upstream = _transport(upstream) if isinstance(upstream, str) else upstream
        self.seed = seed
        self.requests: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.most_in_flight = 0
        self.batches: list[int] = []
        """The items that each BatchWriteItem has written."""
        self.unheard = 0
        """Of these, the ones of which the client was not told."""
        self._plan = plan
        self._in_flight = 0
        self._seen: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()
        self._server = Server(self._turn)

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Proxy:
        self._server.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.__exit__(*raised)
        if isinstance(self.upstream, HttpTransport):
            self.upstream.close()

    def count(self, items: int, *, heard: bool) -> None:
        with self._lock:
            self.batches.append(items)
            self.unheard += 0 if heard else items

    def _turn(self, request: Request) -> Turn:
        operation = request.headers["x-amz-target"].rpartition(".")[2]
        passage, name = self._begin(operation, request.body)
        try:
            turn = (troubles(operation)[name] if name else passed_on)(passage)
        except ServiceError as error:
            return refusal(error.code, error.message, error.status)
        except TransportError:
            return Cut()
        finally:
            with self._lock:
                self._in_flight -= 1
        if name:
            with self._lock:
                self.troubles[name] += 1
        return turn

    def _begin(self, operation: str, body: bytes) -> tuple[Passage, str]:
        bytes_sent = operation, zlib.crc32(body)
        with self._lock:
            self.requests[operation] += 1
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            passage = Passage(self, operation, body, self._seen[bytes_sent])
            self._seen[bytes_sent] += 1
            return passage, self._plan(passage)


def _transport(url: str) -> HttpTransport:
    return HttpTransport(
        region="eu-west-1", endpoint=url, credentials=Credentials("anybody", "anybody")
    )


def _size(requests: dict[str, list[object]]) -> int:
    return sum(map(len, requests.values()))
