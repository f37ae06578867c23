"""One HTTP/1.1 connection: made, used for one request after the other, told when it is dead."""

from __future__ import annotations

import select
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, TypeVar

from .buffer import PIECE, Buffer, Incomplete, Reading, Unreadable, pull
from .http1 import Received, read_answer
from .routes import (
    BROKEN,
    CLOSED,
    LONGEST,
    MAX_IDLE,
    NO_ANSWER,
    NO_CONNECTION,
    NO_PROXY,
    OPTIONS,
    TOO_LATE,
    UNTRUSTED,
    Failed,
    Proxy,
    Route,
    is_untrusted,
    tls_context,
)

T = TypeVar("T")

RECORD = 16 << 10
"""Bytes that TLS encrypts at once: sending more counts as one step, however long it takes."""


class Kept(ABC):
    """A connection on which one answer follows one request, be it read by a thread or a task."""

    def __init__(self) -> None:
        self._buffer = Buffer()
        self._answered = False
        self._used = (0.0, 0.0)

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _silent(self) -> bool:
        """Return whether the other side has neither closed nor said something unasked."""

    def alive(self) -> bool:
        """Return whether it may be used again: not idle for long, and nothing came in meanwhile."""
        # The monotonic clock stands still in a frozen Lambda, the other one does not.
        (now, today), (then, day) = moments(), self._used
        # Asked even of one that was just used: a late answer would be taken for the next one.
        fresh = now - then < MAX_IDLE and today - day < MAX_IDLE
        return fresh and self._buffer.empty and self._silent()

    def _done(self) -> None:
        self._answered = True
        self._used = moments()

    def _failed(self, error: BaseException) -> BaseException:
        """Close, and return what an exchange that ended in this error raises."""
        self.close()
        # Before OSError, which it is too.
        if isinstance(error, TimeoutError):
            return Failed(NO_ANSWER, error)
        if isinstance(error, Incomplete | OSError):
            stale = self._answered and not self._buffer.begun
            return Failed(CLOSED, error, stale=stale)
        return Failed(BROKEN, error) if isinstance(error, Unreadable) else error


class Connection(Kept):
    """A socket; for one thread at a time."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self._heard: Callable[[], bool] | None = None

    def __repr__(self) -> str:
        return f"Connection(fd={self._wire.link.fileno()})"

    def exchange(self, head: bytes, body: bytes = b"", until: float = inf) -> tuple[Received, bool]:
        """Send a request, and give its answer and whether the connection can go on.

        The answer must be there by the moment `until` of the monotonic clock. Raises `Failed`,
        after which the connection is closed.
        """
        wire, buffer = self._wire, self._buffer
        wire.until = until
        # From here on: a close before the first byte of this answer means a stale connection.
        buffer.begun = False
        try:
            sent = wire.send(head, body)
            received = wire.read(read_answer(buffer), buffer)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            raise self._failed(error) from None
        self._done()
        return received, sent and received.reusable

    def close(self) -> None:
        self._wire.link.close()

    def _silent(self) -> bool:
        # Kept: making a poll object takes as long as asking it.
        if self._heard is None:
            self._heard = listener(self._wire.link)
        return not self._heard()


class Wire:
    """A socket each of whose steps takes at most `step` seconds and ends by the moment `until`."""

    def __init__(self, link: socket.socket, step: float, until: float = inf) -> None:
        self.link = link
        self.until = until
        self._step = min(step, LONGEST) if step < inf else None
        self._set: float | None = -1.0
        self._record = RECORD if hasattr(link, "do_handshake") else None

    def send(self, head: bytes, body: bytes = b"") -> bool:
        """Send a request; `False` if the other side has not let all of it come.

        The time counts for each piece that leaves, as that for each that comes.
        """
        try:
            # Megabytes are not copied for the few bytes before them.
            self._send(memoryview(head + body[:PIECE]))
            if len(body) > PIECE:
                self._send(memoryview(body)[PIECE:])
        except ConnectionError:
            # What is too large is refused before all of it is sent.
            return False
        return True

    def _send(self, left: memoryview) -> None:
        while left:
            self.arm()
            left = left[self.link.send(left[: self._record]) :]

    def read(self, reading: Reading[T], buffer: Buffer) -> T:
        """Perform a reading of what comes into this buffer."""
        return pull(reading, partial(self._receive, buffer))

    def arm(self) -> None:
        """Set the socket's time-out for the next step; raise `TimeoutError` if there is none."""
        wanted = self._step
        if self.until < inf:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time for the whole operation is over")
            wanted = min(left, LONGEST if wanted is None else wanted)
        if wanted != self._set:
            self.link.settimeout(wanted)
            self._set = wanted

    def _receive(self, buffer: Buffer, most: int) -> bytes:
        self.arm()
        # Empty, too, once a body is longer than the room that was reserved.
        if not buffer.space:
            return self.link.recv(most)
        buffer.put = self.link.recv_into(buffer.space)
        return b""


def moments() -> tuple[float, float]:
    """Return the time by both clocks of the machine."""
    return time.monotonic(), time.time()


def readable(link: Any) -> bool:
    """Return whether the other side has closed, or has said something without being asked."""
    return listener(link)()


def listener(link: Any) -> Callable[[], bool]:
    """Return what tells whether a socket is `readable`, to be asked many times."""
    decrypted = getattr(link, "pending", int)  # no bytes where there is no TLS
    if not hasattr(select, "poll"):  # on Windows, where select() counts sockets and not numbers
        return lambda: bool(decrypted() or select.select([link], (), (), 0)[0])
    poll = select.poll()
    poll.register(link, select.POLLIN)
    return lambda: bool(decrypted() or poll.poll(0))


class _Socket(socket.socket):
    """A socket that nobody has to close: a transport that is dropped takes its own along."""

    def __del__(self) -> None:
        self.close()


def dial(route: Route, until: float = inf) -> Connection:
    """Connect, by the moment `until` of the monotonic clock; raises `Failed`."""
    link = _connected(route, until)
    try:
        if route.tls:
            if route.proxy:
                _tunnel(link, route, route.proxy, until)
            link = _secured(link, route, until)
    except BaseException:
        link.close()
        raise
    return Connection(Wire(link, route.read_timeout))


def _connected(route: Route, until: float) -> socket.socket:
    host, port = (route.proxy.host, route.proxy.port) if route.proxy else route.address()
    try:
        # As bytes, since a string would have Python load its tables of international names.
        found = socket.getaddrinfo(host.encode(), port, 0, socket.SOCK_STREAM)
        return _first_connected(found, route.connect_timeout, until)
    except OSError as error:
        raise unconnected(route, error) from None


def unconnected(route: Route, error: OSError) -> Failed:
    """Return what a connection that could not be made raises."""
    late = TOO_LATE if isinstance(error, TimeoutError) else NO_CONNECTION
    return Failed(NO_PROXY if route.proxy else late, error)


def unsecured(error: OSError) -> Failed:
    """Return what a TLS handshake that failed raises."""
    from ssl import SSLError

    if isinstance(error, SSLError) and is_untrusted(error):
        return Failed(UNTRUSTED, error)
    late = TOO_LATE if isinstance(error, TimeoutError) else NO_CONNECTION
    return Failed(late, error)


def check_tunnel(status: int) -> None:
    """Raise `Failed` for the answer of a proxy that opens no tunnel."""
    if not 200 <= status < 300:
        refused = Unreadable(f"the proxy answered with status {status}")
        raise Failed(NO_PROXY, refused)


def _first_connected(found: list[Any], step: float, until: float) -> socket.socket:
    """Try the addresses in turn; raise the last one's error."""
    failed = OSError("the host's name has no address")
    for family, kind, protocol, _, address in found:
        link = _Socket(family, kind, protocol)
        try:
            Wire(link, step, until).arm()
            link.connect(address)
            set_options(link)
        except OSError as error:
            link.close()
            failed = error
        else:
            return link
    try:
        raise failed
    finally:
        del failed  # its traceback holds this frame, which would hold the error


def set_options(link: Any) -> None:
    """Set on a TCP socket what requests need."""
    for option in OPTIONS:
        link.setsockopt(*option)


def _tunnel(link: socket.socket, route: Route, proxy: Proxy, until: float) -> None:
    # One limit for it all, as for a handshake: a head sent byte by byte gets no new time for each.
    ends = min(until, time.monotonic() + route.connect_timeout)
    wire = Wire(link, route.connect_timeout, ends)
    try:
        wire.send(route.connect_head(proxy))
        buffer = Buffer()
        answer = wire.read(read_answer(buffer, bodiless=True), buffer)
    except (OSError, Incomplete, Unreadable) as error:
        raise Failed(NO_PROXY, error) from None
    check_tunnel(answer.status)


def _secured(link: socket.socket, route: Route, until: float) -> socket.socket:
    try:
        context = tls_context(route.bundle)
    except OSError as error:
        raise Failed(UNTRUSTED, error) from None
    try:
        Wire(link, route.connect_timeout, until).arm()
        return context.wrap_socket(link, server_hostname=route.address()[0])
    except OSError as error:
        raise unsecured(error) from None
