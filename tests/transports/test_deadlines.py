"""Time-outs count for each piece, and one deadline holds down to the last of them."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from aids.httpserver import Server, answer, refusal
from aids.rawserver import RawServer, Visit
from botocore.config import Config
from test_transports import TRANSPORTS, Way, session

import dynamorm
from dynamorm import CredentialsMissing, TransportError
from dynamorm.transports import connection as sockets
from dynamorm.transports import container as containers
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.http import HttpTransport

TABLE = b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=["http", "aio", "botocore"])
def way(request) -> Iterator[Way]:
    made = Way(TRANSPORTS[request.param])
    yield made
    made.end()


own = pytest.mark.parametrize("way", ["http", "aio"], indirect=True)


def send(way: Way, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
    sent: bytes = way._done(way.transport.send("DescribeTable", body, timeout=timeout))
    return sent


# Sending.


def slow_reader(pieces: int, pause: float) -> Callable[[Visit], None]:
    """Take a body a little at a time, with pauses, then answer."""

    def handle(visit: Visit) -> None:
        lines = visit.head().lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        step = -(-length // pieces)
        got = 0
        while got < length:
            visit.over.wait(pause)
            taken = 0
            while taken < step and got < length:
                part = visit.link.recv(step - taken)
                if not part:  # the sender has gone: there is nobody to answer
                    return
                taken += len(part)
                got += len(part)
        visit.link.sendall(answer(TABLE))

    return handle


def test_a_body_that_takes_longer_than_any_time_out_arrives(way):
    """Both time-outs count for each piece that is sent, also on a connection that is new."""
    # Thirty pauses of 30 ms each are longer than both, and each is much shorter.
    with RawServer(slow_reader(30, 0.03), receive_buffer=16 << 10) as server:
        way.to(server, connect_timeout=0.7, read_timeout=0.7)
        assert send(way, b"x" * (8 << 20)) == TABLE


def test_what_the_kernel_holds_does_not_count_as_sent(way):
    """The wait for the answer begins when little is left to be sent, and not megabytes."""
    with RawServer(lambda visit: visit.over.wait(), receive_buffer=16 << 10) as server:
        way.to(server, read_timeout=0.1)
        with pytest.raises(TransportError, match=r"no answer in time"):
            send(way, b"x" * (8 << 20))


def test_a_body_that_does_not_move_is_given_up(way):
    """A piece that is not taken in the read time-out ends the request."""
    with RawServer(lambda visit: visit.over.wait(), receive_buffer=16 << 10) as server:
        way.to(server, connect_timeout=0.1, read_timeout=0.1)
        with pytest.raises(TransportError) as caught:
            send(way, b"x" * (8 << 20))
    assert caught.value.maybe_applied


def test_a_body_that_moves_ends_with_its_deadline(way):
    """The time for the whole operation holds for the pieces that are sent, too."""
    with RawServer(slow_reader(100_000, 0.01), receive_buffer=16 << 10) as server:
        way.to(server)
        with pytest.raises(TransportError):
            send(way, b"x" * (8 << 20), timeout=0.2)


# Receiving.


def dripping(first: bytes, piece: bytes) -> Callable[[Visit], None]:
    def handle(visit: Visit) -> None:
        visit.request()
        visit.link.sendall(first)
        visit.drip(itertools.repeat(piece))

    return handle


DRIPS = {
    "a body": dripping(HEAD + b"\r\n", b"x"),
    "a head": dripping(HEAD, b"X"),
    "header lines": dripping(HEAD, b"X-A: b\r\n"),
    "trailers": dripping(CHUNKED + b"0\r\n", b"X-A: b\r\n"),
    "chunks": dripping(CHUNKED, b"1\r\nx\r\n"),
    "until the end": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "interim answers": dripping(b"", b"HTTP/1.1 103 Early Hints\r\nX-A: b"),
}


@own
@pytest.mark.parametrize("drip", DRIPS)
def test_an_answer_that_has_no_end_has_a_deadline(way, drip):
    """Each piece comes long before the read time-out, and all of it does not last for ever."""
    with RawServer(DRIPS[drip]) as server:
        way.to(server)
        with pytest.raises(TransportError, match="no answer in time") as caught:
            send(way, timeout=0.2)
    assert caught.value.maybe_applied


def test_botocores_own_reader_has_the_deadline_too():
    """It gives a body chunk by chunk, each long before the read time-out."""
    way = Way(TRANSPORTS["botocore"])
    with RawServer(DRIPS["chunks"]) as server:
        way.to(server)
        with pytest.raises(TransportError, match="no answer in time") as caught:
            send(way, timeout=0.2)
    way.end()
    assert caught.value.maybe_applied


def test_an_operations_time_ends_a_request_that_is_under_way(way):
    """`timeout=` of an operation reaches the socket, whichever transport it is."""
    spec = dynamorm.TableSpec(name="orders", partition_key=dynamorm.KeyAttribute("id", "S"))
    steps = dynamorm.ensure_table(spec, timeout=0.2)
    with RawServer(lambda visit: visit.over.wait()) as server:
        way.to(server)
        driver = dynamorm.arun if isinstance(way.transport, AioTransport) else dynamorm.run
        with pytest.raises(TransportError):
            way._done(driver(steps, way.transport, retries=1))


def test_a_deadline_does_not_outlive_its_request(way):
    """The next request on the connection has its own time, or none."""
    with Server(answer(TABLE)) as server:
        way.to(server)
        assert send(way, timeout=0.5) == TABLE
        assert send(way, timeout=60) == TABLE
        assert send(way) == TABLE
        assert server.connections == 1


# On the way.


def silent(visit: Visit) -> None:
    visit.over.wait()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_deadline_shortens_the_time_to_connect(way, scheme):
    """A handshake that nobody answers ends with the operation, not with the connect time-out."""
    with RawServer(silent) as server:
        way.to(server.url.replace("http", scheme), connect_timeout=60, read_timeout=60)
        with pytest.raises(TransportError):
            send(way, timeout=0.2)


@own
@pytest.mark.parametrize("limit", [{"timeout": 0.2}, {}])
def test_a_proxy_that_drips_has_a_deadline(way, limit):
    """The tunnel is made within the connect time-out in all, and within the operation's."""

    def drip(visit: Visit) -> None:
        visit.head()
        visit.drip(itertools.repeat(b"H"))

    with RawServer(drip) as proxy:
        way.to(
            "https://db.example",
            environ={"HTTPS_PROXY": proxy.url},
            connect_timeout=60 if limit else 0.2,
        )
        with pytest.raises(TransportError, match="no way through the proxy") as caught:
            send(way, **limit)
    assert not caught.value.maybe_applied


@own
def test_a_handshake_that_drips_has_a_deadline(way):
    """As the tunnel, and as an answer."""

    def drip(visit: Visit) -> None:
        visit.link.recv(1)
        # The beginning of a record of TLS, which is never all there.
        visit.link.sendall(b"\x16\x03\x03\x40\x00")
        visit.drip(itertools.repeat(b"\x02"))

    with RawServer(drip) as server:
        way.to(server.url.replace("http", "https"), connect_timeout=60)
        with pytest.raises(TransportError, match="no connection in time"):
            send(way, timeout=0.2)


def test_every_address_of_a_name_shares_the_deadline(monkeypatch):
    """A name with many addresses is not tried for many times the time that is left."""
    moments = iter([time.monotonic(), time.monotonic() + 10])
    tried: list[Any] = []

    def connect(_link: Any, address: Any) -> None:
        tried.append(address)
        raise TimeoutError("timed out")

    clock = SimpleNamespace(monotonic=lambda: next(moments))
    monkeypatch.setattr(sockets, "time", clock)
    monkeypatch.setattr(sockets._Socket, "connect", connect)
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [address] * 2)
    way = Way(TRANSPORTS["http"]).to("http://db.example", connect_timeout=60)
    with pytest.raises(TransportError, match="no connection in time"):
        send(way, timeout=5)
    monkeypatch.undo()
    assert len(tried) == 1
    way.end()


def test_waiting_for_a_free_connection_has_a_deadline():
    """Sixty-four requests that hang do not keep the next one for ever."""
    import asyncio

    transport = TRANSPORTS["aio"]
    begun = threading.Semaphore(0)

    def hang(visit: Visit) -> None:
        begun.release()
        visit.over.wait()

    async def main(url: str) -> None:
        made = transport(url)
        hanging = [asyncio.ensure_future(made.send("ListTables", b"{}")) for _ in range(64)]
        await asyncio.to_thread(lambda: [begun.acquire() for _ in range(64)])
        with pytest.raises(TransportError, match="no connection was free in time") as caught:
            await made.send("ListTables", b"{}", timeout=0.05)
        assert not caught.value.maybe_applied
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await made.aclose()

    with RawServer(hang) as server:
        asyncio.run(main(server.url))


def test_without_any_time_out_a_request_waits():
    """`inf` is no limit: the socket blocks, and the answer comes."""
    for name in ("http", "aio", "botocore"):
        way = Way(TRANSPORTS[name])
        with Server(answer(TABLE)) as server:
            way.to(server, connect_timeout=float("inf"), read_timeout=float("inf"))
            assert send(way) == TABLE
        way.end()
        way = Way(TRANSPORTS[name])
        with Server(answer(TABLE)) as server:
            way.to(server, connect_timeout=1e300, read_timeout=1e300)
            assert send(way, timeout=1e300) == TABLE
        way.end()


# Before the request.


def test_a_containers_endpoint_that_drips_has_the_operations_deadline(way):
    """Credentials are a part of the request that waits for them."""

    def drip(visit: Visit) -> None:
        visit.head()
        visit.drip(itertools.repeat(b"H"))

    with RawServer(drip) as container, Server(answer(TABLE)) as server:
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/creds"}
        way.to(server, credentials=None, environ=uri)
        with pytest.raises(CredentialsMissing, match="container"):
            send(way, timeout=0.2)
        assert server.requests == []


def test_a_containers_endpoint_that_drips_is_given_up(way, monkeypatch):
    """Other threads wait for what one looks up: it takes five seconds at most."""
    assert containers.IN_ALL == 5.0
    monkeypatch.setattr(containers, "IN_ALL", 0.1)

    def drip(visit: Visit) -> None:
        visit.head()
        visit.drip(itertools.repeat(b"H"))

    with RawServer(drip) as container, Server(answer(TABLE)) as server:
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/creds"}
        with pytest.raises(CredentialsMissing, match="container"):
            send(way.to(server, credentials=None, environ=uri))


# A wrapped client.


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_a_wrapped_client_starts_no_attempt_after_the_deadline(mode, monkeypatch):
    """Its own retries end there, whatever it would try."""
    with Server(refusal("InternalServerError", status=500)) as server:
        # A minute has passed when the first answer comes.
        clock = SimpleNamespace(monotonic=lambda: 60.0 if server.requests else 0.0)
        monkeypatch.setattr("dynamorm.transports.client.time", clock)
        config = Config(retries={"max_attempts": 50, "mode": mode})
        client = session().client(
            "dynamodb",
            "eu-west-1",
            endpoint_url=server.url,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=config,
        )
        made = ClientTransport(client)
        with pytest.raises(TransportError, match="the client tried until") as caught:
            made.send("DescribeTable", b'{"TableName":"orders"}', timeout=30)
        client.close()
        assert len(server.requests) == 1
        assert caught.value.maybe_applied


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize(
    ("given", "wrong"), [("5", TypeError), (True, TypeError), (-1, ValueError), (0, ValueError)]
)
def test_a_time_out_that_is_none_is_refused_where_it_is_given(name, given, wrong):
    """With the parameter's name and what it takes."""
    for kind in (HttpTransport, AioTransport, BotocoreTransport):
        with pytest.raises(wrong, match=f"{name}= takes seconds as a number"):
            kind(region="eu-west-1", **{name: given})


@pytest.mark.parametrize("given", [2, 2.0, timedelta(seconds=2), Decimal(2)])
def test_a_time_out_is_a_number_or_a_timedelta(given):
    """All of them mean the same; None is no limit."""
    for kind in (HttpTransport, AioTransport, BotocoreTransport):
        made = kind(region="eu-west-1", connect_timeout=given, read_timeout=None)
        assert made._timeouts == (2.0, float("inf"))
