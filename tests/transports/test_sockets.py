"""Connections of the http transport: when they are kept, how proxies and TLS are passed."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from types import SimpleNamespace

import pytest
from aids.httpserver import Cut, Server, answer
from aids.tls import certified

from dynamorm import Credentials, EndpointUnknown, TransportError
from dynamorm.operations.sending import without_waiting
from dynamorm.transports import connection as sockets
from dynamorm.transports.connection import Connection, Wire, connected, listener
from dynamorm.transports.exchange import Answer
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.routes import LONGEST, Failed, Failure, Route, Why, tls_context

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


def transport(url: str, **environ: str) -> HttpTransport:
    return HttpTransport(
        region="eu-west-1", endpoint=url, credentials=Credentials("k", "s"), environ=environ
    )


def send(made: HttpTransport, times: int = 1) -> None:
    for _ in range(times):
        assert made.send("ListTables", b"{}") == b"{}"


def dial(route: Route) -> Connection:
    return without_waiting(connected(Wire(), route))


def asked(connection: Connection) -> tuple[Answer, bool]:
    return without_waiting(connection.exchange(REQUEST))


def wire(link: object, step: float = 1.0, until: float = inf) -> Wire:
    """Make a wire of what is a socket as far as it is used."""
    made = Wire(link)  # type: ignore[arg-type]
    made.step, made.until = step, until
    return made


class Clock:
    """Both clocks of the machine, to be put forward."""

    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.wall = 5000.0

    def __call__(self) -> tuple[float, float]:
        return self.monotonic, self.wall


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(sockets, "moments", made)
    return made


@pytest.mark.parametrize(
    ("monotonic", "wall", "connections"), [(59, 59, 1), (60, 60, 2), (0, 3600, 2), (0, -30, 1)]
)
def test_a_connection_is_dropped_after_a_minute(clock, monotonic, wall, connections):
    """A frozen Lambda's monotonic clock stands still: then the other one tells."""
    with Server(answer()) as server:
        made = transport(server.url)
        send(made)
        clock.monotonic += monotonic
        clock.wall += wall
        send(made)
        made.close()
        assert server.connections == connections


def test_a_connection_that_was_closed_meanwhile_is_not_used():
    """The request is spared, and nobody has to guess whether it took effect."""
    with Server(answer()) as server:
        made = transport(server.url)
        send(made)
        server.hang_up()
        send(made)
        made.close()
        assert [request.connection for request in server.requests] == [1, 2]


@pytest.mark.parametrize("last", [answer(connection="close"), answer(content_length=None)])
def test_a_connection_that_has_ended_is_not_kept(last):
    """The answer says so, or has no other end."""
    turn = Cut(last)
    with Server(turn) as server:
        send(transport(server.url), 2)
        assert server.connections == 2


def test_a_connection_with_something_left_on_it_is_not_kept():
    """The next answer would be read from the rest of this one."""
    with Server(answer() + b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"wrong"') as server:
        send(transport(server.url), 2)
        assert server.connections == 2


def test_an_answer_before_the_end_of_the_request_is_read():
    """The service refuses what is too large before all of it has come, and closes."""

    class Closed:
        """A socket whose other side has answered and gone."""

        def __init__(self) -> None:
            self.left = [answer(status=413), b""]

        def settimeout(self, _seconds: float) -> None: ...

        def send(self, _data: bytes) -> int:
            raise BrokenPipeError

        def recv(self, _most: int) -> bytes:
            return self.left.pop(0)

    received, kept = asked(Connection(wire(Closed())))
    assert (received.status, kept) == (413, False)


def test_an_interrupt_closes_the_connection():
    """What would come on it next is an answer that nobody waits for."""

    class Interrupted:
        closed = False

        def settimeout(self, _seconds: float) -> None: ...

        def send(self, _data: bytes) -> int:
            raise KeyboardInterrupt

        def recv(self, _most: int) -> bytes:
            return b""

        def close(self) -> None:
            self.closed = True

    link = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        asked(Connection(wire(link)))
    assert link.closed


class Link:
    """A socket that notes what is done to it, and brings what it is given, or fails with it."""

    closed = False

    def __init__(self, *turns: bytes | BaseException) -> None:
        self.turns = list(turns)
        self.sent: list[bytes] = []
        self.limits: list[float | None] = []

    def settimeout(self, seconds: float | None) -> None:
        self.limits.append(seconds)

    def send(self, data: bytes) -> int:
        self.sent.append(bytes(data))
        return len(data)

    def recv(self, _most: int) -> bytes:
        turn = self.turns.pop(0)
        if isinstance(turn, bytes):
            return turn
        raise turn

    def recv_into(self, space: memoryview) -> int:
        part = self.recv(len(space))
        space[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self.closed = True


def encrypted(link: Link) -> Wire:
    made = wire(link)
    context = SimpleNamespace(wrap_socket=lambda link, server_hostname: link)
    without_waiting(made.secure(context, "db.example"))  # type: ignore[arg-type]
    return made


class Streaming(Link):
    """A socket with so many bytes ready at any time, which notes how many it is asked for."""

    def __init__(self, data: bytes, ready: int) -> None:
        super().__init__()
        self.data, self.ready = data, ready
        self.asked: list[int] = []

    def recv(self, most: int) -> bytes:
        self.asked.append(most)
        part, self.data = self.data[: min(most, self.ready)], self.data[min(most, self.ready) :]
        return part


@pytest.mark.parametrize("size", [5000, 1_000_000, 2 << 20, (2 << 20) + 1, 3_000_000])
@pytest.mark.parametrize("ready", [4096, 200_000, 10_000_000])
def test_a_body_that_is_received_where_it_is_given_from_is_whole(size, ready):
    """Up to two megabytes of it are; each byte is what was sent."""
    body = bytes(range(250)) * (size // 250) + bytes(size % 250)
    link = Streaming(answer(body), ready)
    received, kept = asked(Connection(wire(link)))
    assert (received.body, kept) == (body, True)


def test_a_page_that_is_there_is_received_by_two_calls():
    """One for the head and what comes with it, and one for all of the rest."""
    link = Streaming(answer(bytes(1_000_000)), 10_000_000)
    asked(Connection(wire(link)))
    assert link.asked == [4096, len(answer(bytes(1_000_000))) - 4096]


@pytest.mark.parametrize("size", [5000, 3_000_000])
def test_a_body_that_ends_early_is_none(size):
    """Wherever its bytes were put."""
    link = Streaming(answer(bytes(size))[:-1], 10_000_000)
    with pytest.raises(Failed) as caught:
        asked(Connection(wire(link)))
    assert (caught.value.failure, caught.value.stale) == (Why.CLOSED, False)


GARBAGE = b"SSH-2.0-OpenSSH\r\n\r\n"
ENDS: dict[str, tuple[tuple[bytes | BaseException, ...], Failure, bool, str]] = {
    "nothing in time": ((TimeoutError("late"),), Why.NO_ANSWER, False, "late"),
    "nothing": ((b"",), Why.CLOSED, True, "without an answer"),
    "a reset": ((ConnectionResetError("reset"),), Why.CLOSED, True, "reset"),
    "a reset in the middle": (
        (answer()[:9], ConnectionResetError("reset")),
        Why.CLOSED,
        False,
        "reset",
    ),
    "half an answer": (
        (answer()[:-1], b""),
        Why.CLOSED,
        False,
        "it ended in the middle of the answer",
    ),
    "no answer": (
        (GARBAGE,),
        Why.BROKEN,
        False,
        "the answer does not begin as one of HTTP/1.1 does",
    ),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("before", [0, 1])
def test_an_exchange_that_ends_in_another_way_says_how(end, before):
    """It is stale where an idle connection was closed: answered before, and nothing has come."""
    turns, failure, stale, said = ENDS[end]
    link = Link(*[answer()] * before, *turns)
    connection = Connection(wire(link))
    for _ in range(before):
        assert asked(connection)[1]
    with pytest.raises(Failed) as caught:
        asked(connection)
    assert caught.value.failure is failure
    assert caught.value.stale is (stale and before == 1)
    assert str(caught.value.cause) == said
    assert link.closed


def test_an_idle_connection_on_which_nothing_can_be_sent_is_stale():
    """Nothing of an answer has come, whatever came of the one before."""

    class Lost(Link):
        def send(self, data: bytes) -> int:
            if self.sent:
                raise OSError("no route to host")
            return super().send(data)

    connection = Connection(wire(Lost(answer())))
    assert asked(connection)[1]
    with pytest.raises(Failed) as caught:
        asked(connection)
    assert (caught.value.failure, caught.value.stale) == (Why.CLOSED, True)


@pytest.mark.parametrize(("kind", "pieces"), [(wire, [65_539, 34_464]), (encrypted, [16_384] * 6)])
def test_a_body_leaves_in_pieces(kind, pieces):
    """A short one together with its head; under TLS in records, each with a time of its own."""
    link = Link()
    without_waiting(kind(link).send(b"abc", b"x" * 100_000))
    assert b"".join(link.sent) == b"abc" + b"x" * 100_000
    assert max(map(len, link.sent)) == pieces[0]
    assert len(link.sent) >= len(pieces)
    short = Link()
    without_waiting(kind(short).send(b"abc", b"x" * 100))
    assert short.sent == [b"abc" + b"x" * 100]


@pytest.mark.parametrize(
    ("step", "until", "limit"),
    [
        (10.0, 1005.0, 5.0),
        (10.0, 1020.0, 10.0),
        (10.0, float("inf"), 10.0),
        (float("inf"), 1020.0, 20.0),
        (float("inf"), float("inf"), None),
        (float("inf"), 1e300, LONGEST),
        (1e300, float("inf"), LONGEST),
    ],
)
def test_a_step_ends_with_its_time_out_or_with_the_operation(monkeypatch, step, until, limit):
    """With whichever is first, and no socket is given more than it can take."""
    monkeypatch.setattr(sockets, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    link = Link()
    without_waiting(wire(link, step, until).send(b"abc"))
    assert link.limits == [limit]


@pytest.mark.parametrize("until", [1000.0, 999.0])
def test_no_step_begins_after_the_operation(monkeypatch, until):
    """Nothing leaves any more, and the error says which time is over."""
    monkeypatch.setattr(sockets, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    link = Link()
    with pytest.raises(TimeoutError, match=r"^the time for the whole operation is over$"):
        without_waiting(wire(link, 10.0, until).send(b"abc"))
    assert link.sent == []


@pytest.mark.parametrize("poll", [True, False])
def test_what_came_unasked_is_seen(monkeypatch, poll):
    """A byte, or the end; with `select` on Windows, where there is no `poll`."""
    if not poll:
        monkeypatch.delattr(sockets.select, "poll")
    one, other = socket.socketpair()
    with one:
        with other:
            assert listener(one)() is False
            other.send(b"x")
            assert listener(one)() is True
            one.recv(1)
            assert listener(one)() is False
        assert listener(one)() is True


def test_a_name_without_an_address_is_told(monkeypatch):
    """Some systems give none in place of an error."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    with pytest.raises(TransportError, match=r"cannot connect .*: the host's name has no address;"):
        transport("http://db.example").send("ListTables", b"{}")


def test_addresses_are_tried_in_turn(monkeypatch):
    """The next one where the first refuses; of a refusal by all, the last one is told."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()
    with Server(answer()) as server:
        somebody = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        asked: list[tuple[object, ...]] = []

        def look_up(*given: object) -> list[tuple[object, ...]]:
            asked.append(given)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", to) for to in (nobody, somebody)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        made = transport("http://db.example:8000")
        send(made)
        made.close()
        assert asked == [(b"db.example", 8000, 0, socket.SOCK_STREAM)]
        assert server.connections == 1
    monkeypatch.undo()


ADDRESSES = {
    "http://localhost": ("localhost", 80),
    "https://localhost": ("localhost", 443),
    "http://localhost:8000": ("localhost", 8000),
    "http://[::1]": ("::1", 80),
    "https://[::1]:8000": ("::1", 8000),
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_url_has_a_host_and_a_port(url):
    """The scheme's own where none is written."""
    assert Route(url).address() == ADDRESSES[url]


# TLS and proxies.


def test_a_context_is_made_once_for_a_process(authority, bundle):
    """Two transports share it, and connections under TLS are kept like others."""
    with Server(answer(), tls=certified(authority, "127.0.0.1", "::1")) as server:
        first, second = (transport(server.url, AWS_CA_BUNDLE=bundle) for _ in range(2))
        before = tls_context.cache_info().misses
        send(first, 2)
        send(second)
        assert tls_context.cache_info().misses == before + 1
        assert server.connections == 2
        first.close()
        second.close()
    context = tls_context(bundle)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


class Tunnel(threading.Thread):
    """A proxy for one connection: reads CONNECT, answers, and passes bytes on both ways."""

    def __init__(self, reply: bytes) -> None:
        super().__init__()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._reply = reply
        self.url = f"http://us%65r:w%3Ard@127.0.0.1:{self._server.getsockname()[1]}"
        self.request = b""

    def run(self) -> None:
        client, _ = self._server.accept()
        with client:
            while not self.request.endswith(b"\r\n\r\n"):
                self.request += client.recv(1)
            client.sendall(self._reply)
            if b" 200 " not in self._reply:
                return
            host, _, port = self.request.split()[1].decode().rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as service:
                back = threading.Thread(target=pump, args=(service, client))
                back.start()
                pump(client, service)
                back.join()

    @property
    def head(self) -> list[str]:
        return self.request.decode().split("\r\n")


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def tunnel(reply: bytes) -> Iterator[Tunnel]:
    made = Tunnel(reply)
    made.start()
    yield made
    made.join()
    made._server.close()


def test_https_goes_through_a_proxy_in_a_tunnel(authority, bundle):
    """The proxy learns host and port, and its own password; the rest is between the two ends."""
    reply = b"HTTP/1.1 200 Connection established\r\nX-A: b\r\n\r\n"
    with (
        Server(answer(), tls=certified(authority, "127.0.0.1", "::1")) as server,
        tunnel(reply) as proxy,
    ):
        made = transport(server.url, AWS_CA_BUNDLE=bundle, HTTPS_PROXY=proxy.url)
        send(made, 2)
        made.close()
    target = server.url.removeprefix("https://")
    assert proxy.head[:2] == [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    assert proxy.head[2] == "Proxy-Authorization: Basic dXNlcjp3OnJk"
    assert "proxy-authorization" not in server.requests[0].headers
    assert server.requests[0].line == "POST / HTTP/1.1"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 403 No\r\n\r\n", "the proxy answered with status 403"),
        (b"HTTP/1.1 300 Choose\r\n\r\n", "the proxy answered with status 300"),
        (b"SSH-2.0\r\n", "it ended in the middle of the answer"),
        (b"HTTP/1.1 2", "it ended in the middle of the answer"),
    ],
)
def test_a_tunnel_that_is_not_made_says_that_nothing_was_sent(reply, said):
    """Refused, no proxy at all, or gone in the middle."""
    with tunnel(reply) as proxy:
        made = transport("https://[::1]:8000", HTTPS_PROXY=proxy.url)
        with pytest.raises(TransportError, match="no way through the proxy") as caught:
            made.send("ListTables", b"{}")
    assert not caught.value.maybe_applied
    assert f"8000: {said}; HTTP_PROXY and" in str(caught.value)
    assert proxy.head[0] == "CONNECT [::1]:8000 HTTP/1.1"
    assert "w:rd" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://db.example:8000", "http://db.example:8000"])
def test_a_proxy_that_is_not_there_is_the_one_that_is_told(url):
    """Nobody listens on its port: the endpoint may be as well as ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
    made = transport(url, HTTP_PROXY=proxy, HTTPS_PROXY=proxy)
    with pytest.raises(TransportError, match="no way through the proxy to") as caught:
        made.send("ListTables", b"{}")
    assert not caught.value.maybe_applied


@pytest.mark.parametrize(
    ("text", "told"), [(None, "No such file"), ("nothing", "(?i)no certificate or crl")]
)
def test_a_bundle_that_cannot_be_read_is_told(tmp_path, text, told):
    """Missing, or something else: nothing was sent, and trying again will not help."""
    path = tmp_path / "authorities.pem"
    if text is not None:
        path.write_text(text)
    with Server(answer()) as server:
        made = transport(server.url.replace("http:", "https:"), AWS_CA_BUNDLE=str(path))
        with pytest.raises(
            TransportError, match=r"no trusted connection to .*AWS_CA_BUNDLE"
        ) as caught:
            made.send("ListTables", b"{}")
    assert re.search(told, caught.value.text)
    assert (caught.value.maybe_applied, caught.value.transient) == (False, False)


def test_a_certificate_that_is_not_trusted_is_told_with_its_fault(authority):
    """In the words of the TLS library."""
    tls = certified(authority, "127.0.0.1", "::1")
    with Server(answer(), tls=tls) as server, pytest.raises(Failed) as caught:
        dial(Route(server.url))
    assert caught.value.failure is Why.UNTRUSTED
    assert isinstance(caught.value.cause, ssl.SSLCertVerificationError)


def test_a_proxy_behind_tls_is_refused():
    """TLS in TLS is for the other transport, and the message says so."""
    made = transport("https://db.example", HTTPS_PROXY="https://user:word@proxy.example")
    with pytest.raises(EndpointUnknown, match=r'HTTPS_PROXY .* transport="botocore"') as caught:
        made.send("ListTables", b"{}")
    assert "word" not in str(caught.value)


def hang_up(server: socket.socket) -> None:
    """Reset the second connection that comes; the first one was given up."""
    server.accept()[0].close()
    client, _ = server.accept()
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_a_handshake_that_ends_is_tried_again(authority):
    """Closed, refused by the other side, or never answered: nothing was sent."""

    def failed(url: str, connect_timeout: float = 60.0) -> Failed:
        with pytest.raises(Failed) as caught:
            dial(Route(url, connect_timeout=connect_timeout))
        return caught.value

    with Server(answer(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as server:
        assert failed(server.url).failure is Why.NO_CONNECTION
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"https://127.0.0.1:{held.getsockname()[1]}"
        late = failed(url, 0.05)
        assert late.failure is Why.TOO_LATE
        assert "timed out" in str(late.cause)
        reset = threading.Thread(target=hang_up, args=(held,))
        reset.start()
        assert failed(url).failure is Why.NO_CONNECTION
        reset.join()


def test_a_connection_that_is_late_says_so(monkeypatch):
    """The region's name may be wrong, or the network closed."""

    def late(*_: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(sockets._Socket, "connect", late)
    with pytest.raises(TransportError, match="no connection in time") as caught:
        transport("http://127.0.0.1:1").send("ListTables", b"{}")
    assert (caught.value.maybe_applied, caught.value.transient) == (False, True)
