"""Connections of our own, of threads and of event loops: kept, told apart, closed, in one way."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import socket
import ssl
import subprocess
import sys
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from aids.httpserver import Cut, Server, answer
from aids.rawserver import RawServer, Visit
from aids.tls import certified
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from test_transports import TRANSPORTS, Way, session

import dynamorm
from dynamorm import Credentials, DynamormError, TransportError
from dynamorm.operations.sending import without_waiting
from dynamorm.transports import HiddenText, routes
from dynamorm.transports import connection as sockets
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.connection import Wire, listener
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.http1 import Buffer, read_answer
from dynamorm.transports.routes import Proxy, Route, tls_context

TABLE = b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}'


@pytest.fixture(params=["http", "aio"])
def way(request) -> Iterator[Way]:
    made = Way(TRANSPORTS[request.param])
    yield made
    made.end()


@pytest.fixture(params=["http", "aio", "botocore"])
def signing(request) -> Iterator[Way]:
    made = Way(TRANSPORTS[request.param])
    yield made
    made.end()


# How long.


def test_the_documented_time_outs_are_those_of_every_transport():
    """Two seconds to connect, ten for each step of an exchange."""
    assert (Route("http://a").connect_timeout, Route("http://a").read_timeout) == (2.0, 10.0)
    for kind in (HttpTransport, AioTransport, BotocoreTransport):
        made = kind(region="eu-west-1", credentials=Credentials("k", "s"), environ={})
        assert made._timeouts == (2.0, 10.0)
    for connect in (dynamorm.connect, dynamorm.connect_async):
        parameters = inspect.signature(connect).parameters
        assert parameters["connect_timeout"].default == 2.0
        assert parameters["read_timeout"].default == 10.0


def test_time_outs_reach_the_socket():
    """The connect time-out until there is a connection, the read time-out from then on."""
    seen = []

    class Link:
        def settimeout(self, seconds: float | None) -> None:
            seen.append(seconds)

        def send(self, data: bytes) -> int:
            return len(data)

    for step in (10.0, float("inf"), 1e300):
        wire = Wire(Link())  # type: ignore[arg-type]  # as far as it is used
        wire.step = step
        for _ in range(3):
            without_waiting(wire.send(b"x" * 100_000))
    assert seen == [10.0, None, routes.LONGEST]


@pytest.mark.parametrize(("idle", "connections"), [(59, 1), (60, 2)])
@pytest.mark.parametrize("clock", [0, 1])
def test_a_connection_is_idle_for_a_minute_at_most(way, monkeypatch, idle, connections, clock):
    """By either clock of the machine: one of them stands still in a frozen process."""
    moments = [1000.0, 5000.0]
    monkeypatch.setattr(sockets, "moments", lambda: tuple(moments))
    with Server(answer(TABLE)) as server:
        way.to(server).send()
        moments[clock] += idle
        way.send()
        assert server.connections == connections


def test_others_are_closed_with_one_that_was_stale(way):
    """Two idle connections, both cut by a freeze, cost one request that fails and not two."""
    begun = threading.Barrier(2)

    def handle(visit: Visit) -> None:
        visit.request()
        if visit.number <= 2:
            begun.wait()
        visit.link.sendall(answer(TABLE))
        visit.request()
        if visit.number > 2:
            visit.link.sendall(answer(TABLE))

    with RawServer(handle) as server:
        way.to(server.url)
        two_at_once(way)
        with pytest.raises(TransportError) as caught:
            way.send()
        assert caught.value.stale
        assert way.send() == TABLE
        assert server.connections == 3


def two_at_once(way: Way) -> None:
    if isinstance(way.transport, AioTransport):

        async def both() -> None:
            await asyncio.gather(*(way.transport.send("DescribeTable", b"{}") for _ in range(2)))

        way._done(both())
        return
    threads = [threading.Thread(target=way.send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


UNCLOSED = """
import gc, sys, warnings
import dynamorm
from dynamorm import Credentials
def ask(url):
    db = dynamorm.connect(
        "eu-west-1", endpoint=url, credentials=Credentials("a", "b"), transport="http"
    )
    db.table_exists("orders")
    return db
ask(sys.argv[1])
gc.collect()
left = ask(sys.argv[1])
left.itself = [left]
del left
gc.collect()
kept = ask(sys.argv[1])
"""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_transport_that_is_dropped_needs_no_closing(scheme, authority, bundle):
    """As a boto3 client: no ResourceWarning, dropped, in a cycle, or kept to the end."""
    tls = certified(authority, "127.0.0.1") if scheme == "https" else None
    with Server(answer(TABLE), tls=tls) as server:
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", UNCLOSED, server.url]
        environ = {"AWS_CA_BUNDLE": bundle, "PYTHONPATH": ":".join(sys.path)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert server.connections == 3


@pytest.mark.parametrize("made", [HttpTransport, AioTransport, BotocoreTransport])
def test_each_region_has_a_transport_of_its_own(made):
    """It goes to the endpoint of that region, and is made once."""
    key = Credentials("key", "secret")
    own = made(region="eu-west-1", credentials=key, environ={})
    there = own.in_region("eu-west-2")
    assert (own.region, there.region) == ("eu-west-1", "eu-west-2")
    assert there.endpoint_url == "https://dynamodb.eu-west-2.amazonaws.com"
    assert own.in_region("eu-west-2") is there


def test_a_profile_is_read_once_for_all_regions(tmp_path):
    """What the first request found there holds for those to other regions too."""
    file = tmp_path / "config"
    file.write_text("[default]\nregion = eu-west-1\nuse_dualstack_endpoint = true\n")
    key = Credentials("key", "secret")
    files = {"AWS_CONFIG_FILE": str(file), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    own = HttpTransport(credentials=key, environ=files)
    assert own.region == "eu-west-1"
    file.unlink()
    assert own.in_region("eu-west-2").endpoint_url == "https://dynamodb.eu-west-2.api.aws"


def test_connections_to_other_regions_are_closed_too():
    """What was made for a replica's region goes with the transport that made it."""
    with Server(answer(TABLE)) as server:
        key = Credentials("key", "secret")
        own = HttpTransport(region="eu-west-1", endpoint=server.url, credentials=key, environ={})
        there = own.in_region("eu-west-2")
        there.send("DescribeTable", b"{}")
        own.close()
        there.send("DescribeTable", b"{}")
        assert server.connections == 2


# TLS.


def test_a_handshake_asks_for_http_1_1(way, authority, bundle):
    """A server that also speaks HTTP/2 must not choose it."""
    chosen = []
    tls = certified(authority, "127.0.0.1")
    tls.set_alpn_protocols(["h2", "http/1.1"])

    class Choosing(Server):
        def opened(self, connection: Any) -> int:
            connection.do_handshake()
            chosen.append(connection.selected_alpn_protocol())
            return super().opened(connection)

    with Choosing(answer(TABLE), tls=tls) as server:
        way.to(server, environ={"AWS_CA_BUNDLE": bundle}).send()
    assert chosen == ["http/1.1"]


def test_what_is_decrypted_already_came_unasked_too():
    """A TLS socket has bytes that the kernel does not know of any more."""
    decrypted = iter([0, 5])
    silent, other = socket.socketpair()
    with silent, other:
        link = SimpleNamespace(pending=lambda: next(decrypted), fileno=silent.fileno)
        heard = listener(link)
        assert [heard(), heard()] == [False, True]


def test_an_answer_and_what_comes_with_it_over_tls_are_told_apart(way, authority, bundle):
    """What is left of one record, after the answer, ends the connection."""
    turn = answer(TABLE) + answer(b'{"Table":{"TableName":"users","TableStatus":"ACTIVE"}}')
    with Server(turn, tls=certified(authority, "127.0.0.1")) as server:
        way.to(server, environ={"AWS_CA_BUNDLE": bundle})
        assert [way.send(), way.send()] == [TABLE, TABLE]
        assert server.connections == 2


def test_tls_contexts_are_shared_and_verify(bundle):
    """One for each bundle in a process, with the host's name checked."""
    context = tls_context(bundle)
    assert context is tls_context(bundle)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def itself(_: trustme.CA) -> ssl.SSLContext:
    """An authority serves with its own certificate."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.cert_pem.tempfile() as cert, authority.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    return context


HERE = "127.0.0.1"
NOW = datetime.now(timezone.utc)
PAST = {"not_before": NOW - timedelta(days=9), "not_after": NOW - timedelta(days=1)}
FUTURE = {"not_before": NOW + timedelta(days=1), "not_after": NOW + timedelta(days=9)}
CERTIFICATES: dict[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    "good": lambda trusted: certified(trusted, HERE),
    "good among others": lambda trusted: certified(trusted, "elsewhere.example", HERE),
    "of another host": lambda trusted: certified(trusted, "elsewhere.example"),
    "of another address": lambda trusted: certified(trusted, "127.0.0.2"),
    "of a host named like the address": lambda trusted: certified(trusted, f"{HERE}.example"),
    "expired": lambda trusted: certified(trusted, HERE, **PAST),
    "not valid yet": lambda trusted: certified(trusted, HERE, **FUTURE),
    "of an unknown authority": lambda _: certified(trustme.CA(), HERE),
    "signed by itself": itself,
    "of an authority between": lambda trusted: certified(trusted.create_child_ca(), HERE),
    "of a stranger's authority between": lambda _: certified(trustme.CA().create_child_ca(), HERE),
}
"""What a server may show, made by the authority that is trusted or by another."""


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_certificates_are_judged_as_boto3_judges_them(signing, certificate, authority, bundle):
    """The client of boto3 beside it trusts the same servers, and no others."""
    with Server(answer(TABLE), tls=CERTIFICATES[certificate](authority)) as server:
        theirs = session().client(
            "dynamodb",
            "eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            verify=bundle,
            endpoint_url=server.url,
            config=Config(retries={"total_max_attempts": 1}),
        )
        try:
            theirs.describe_table(TableName="orders")
            trusted = True
        except BotoCoreError:
            trusted = False
        theirs.close()
        signing.to(server, environ={"AWS_CA_BUNDLE": bundle})
        if trusted:
            assert signing.send() == TABLE
        else:
            with pytest.raises(TransportError, match="no trusted connection") as caught:
                signing.send()
            assert (caught.value.maybe_applied, caught.value.transient) == (False, False)
    assert trusted == certificate.startswith(("good", "of an authority between"))


# Proxies.


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_success_of_a_proxy_makes_a_tunnel(way, status, authority, bundle):
    """RFC 9110, 9.3.6: "any 2xx (Successful) response"."""
    with Server(answer(TABLE), tls=certified(authority, "127.0.0.1")) as server:
        with RawServer(tunnelling(status, server.server_address)) as proxy:
            environ = {"AWS_CA_BUNDLE": bundle, "HTTPS_PROXY": proxy.url}
            assert way.to(server, environ=environ).send() == TABLE
        assert len(server.requests) == 1


def tunnelling(status: int, target: Any) -> Any:
    import socket

    def handle(visit: Visit) -> None:
        visit.head()
        visit.link.sendall(b"HTTP/1.1 %d Yes\r\n\r\n" % status)
        with socket.create_connection(target) as service:
            back = threading.Thread(target=pump, args=(service, visit.link))
            back.start()
            pump(visit.link, service)
            back.join()

    return handle


def pump(source: Any, target: Any) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(1)
    except OSError:
        pass


REFUSALS = {
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "407": b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="a"\r\nContent-Length: 0\r\n\r\n',
    "502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"SSH-2.0\r\n\r\n",
    "nothing": b"",
}
SECRETS = ("pass-word", "cGFzcy13b3Jk", "dXNlcjpwYXNzLXdvcmQ=")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_no_error_shows_the_password_of_a_proxy(signing, scheme, refusal):
    """Neither its text nor that of its causes, nor a traceback with its lines."""

    def handle(visit: Visit) -> None:
        visit.head()
        visit.link.sendall(REFUSALS[refusal])

    with RawServer(handle) as proxy:
        url = f"http://user:pass-word@127.0.0.1:{proxy.port}"
        environ = {"HTTP_PROXY": url, "HTTPS_PROXY": url}
        with pytest.raises(DynamormError) as caught:
            signing.to(f"{scheme}://db.example", environ=environ).send()
    error: BaseException | None = caught.value
    shown = traceback.format_exception(type(error), error, error.__traceback__)
    while error is not None:
        shown += [repr(error), str(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    assert [text for text in shown if any(secret in text for secret in SECRETS)] == []


def test_a_proxy_shows_no_password():
    """Nor does the way that leads through it."""
    route = Route("http://a", proxy=Proxy("HTTP_PROXY", HiddenText("http://user:pass-word@b:1")))
    assert "pass-word" not in repr(route)


# Reading.


class CountingBuffer(Buffer):
    """Counts the bytes that it moves."""

    moved = 0

    def add(self, part: bytes) -> None:
        self.moved += len(self._data) - self._at + len(part)
        super().add(part)


def test_a_body_in_chunks_of_one_byte_is_moved_once():
    """Each byte that comes is copied a few times at most, and not once for each chunk after it."""
    count = 20_000
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * count
    data += b"0\r\n\r\n"
    places = itertools.count(0, 4096)

    async def receive(_buffer: Buffer, _most: int) -> bytes:
        place = next(places)
        return data[place : place + 4096]

    buffer = CountingBuffer(receive)
    received, _ = without_waiting(read_answer(buffer))
    assert received.body == b"x" * count
    assert buffer.moved < 2 * len(data)


def test_a_cut_body_of_another_connection_is_not_gone_on_with(way):
    """What one connection brought is not what the next one begins with."""
    half = Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + TABLE[:20])
    with Server(half, answer(TABLE)) as server:
        way.to(server)
        with pytest.raises(TransportError):
            way.send()
        assert way.send() == TABLE


def test_a_body_is_in_memory_once():
    """A page of items is gathered where it is given from, and not in pieces that are joined."""
    size = 1_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    coming = BytesIO(head + bytes(size))

    async def receive(_buffer: Buffer, most: int) -> bytes:
        return coming.read(most)

    tracemalloc.start()
    try:
        received, _ = without_waiting(read_answer(Buffer(receive)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received.body == bytes(size)
    assert peak < 1.5 * size
