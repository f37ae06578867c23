"""One HTTP/1.1 connection: made, used for one request after the other, told when it is dead.

What is done on it is written once, for threads and for event loops: a `Link` does all that may
have to wait, and is awaited. That of a thread, a `Wire`, blocks instead.
"""

from __future__ import annotations

import select
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from .exchange import Answer, Unreadable
from .http1 import PIECE, Buffer, Incomplete, read_answer
from .routes import LONGEST, OPTIONS, Failed, Failure, Proxy, Route, Why, is_untrusted, tls_context

if TYPE_CHECKING:
    import ssl

MAX_IDLE = 60.0

RECORD = 16 << 10
"""Bytes that TLS encrypts at once: sending more counts as one step, however long it takes."""


class Link(ABC):
    """What brings and takes bytes.

    A step that takes more than `step` seconds, or goes on after the moment `until` of the monotonic
    clock, is a `TimeoutError`.
    """

    step = inf
    until = inf

    @abstractmethod
    async def connect(self, host: str, port: int) -> None: ...

    @abstractmethod
    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Begin TLS with a host of this name."""

    @abstractmethod
    async def send(self, head: bytes, body: bytes = b"") -> bool:
        """Send a request; `False` if the other side has not let all of it come.

        What is too large is refused before all of it is sent.
        """

    @abstractmethod
    async def receive(self, buffer: Buffer, most: int, /) -> bytes:
        """Return what comes next, or put it where the buffer has space for it."""

    @abstractmethod
    def heard(self) -> bool:
        """Return whether the other side has closed, or has said something without being asked."""

    @abstractmethod
    def close(self) -> None: ...

    def left(self) -> float:
        """Return the seconds that the next step may take."""
        return seconds_left(self.step, self.until)


def seconds_left(step: float, until: float) -> float:
    """Return the seconds that a step may take; raise `TimeoutError` when none are left."""
    seconds = step if until == inf else min(step, until - time.monotonic())
    if seconds <= 0:
        raise TimeoutError("the time for the whole operation is over")
    return min(seconds, LONGEST) if seconds < inf else inf


class Connection:
    """One answer follows one request; for one thread or task at a time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._buffer = Buffer(link.receive)
        self._answered = False
        self._used = (0.0, 0.0)

    def alive(self) -> bool:
        """Return whether it may be used again: not idle for long, and nothing came in meanwhile."""
        # The monotonic clock stands still in a frozen Lambda, the other one does not.
        (now, today), (then, day) = moments(), self._used
        # Asked even of one that was just used: a late answer would be taken for the next one.
        fresh = now - then < MAX_IDLE and today - day < MAX_IDLE
        return fresh and self._buffer.empty and not self._link.heard()

    async def exchange(
        self, head: bytes, body: bytes = b"", until: float = inf
    ) -> tuple[Answer, bool]:
        """Send a request, and give its answer and whether the connection can go on.

        The answer must be there by the moment `until` of the monotonic clock. Raises `Failed`,
        after which the connection is closed, as it is when a task is cancelled.
        """
        link, buffer = self._link, self._buffer
        link.until = until
        # From here on: a close before the first byte of this answer means a stale connection.
        buffer.begun = False
        try:
            sent = await link.send(head, body)
            answer, reusable = await read_answer(buffer)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            self.close()
            raise self._failed(error) from None
        self._answered = True
        self._used = moments()
        return answer, sent and reusable

    def close(self) -> None:
        self._link.close()

    def _failed(self, error: BaseException) -> BaseException:
        """Return what an exchange that ended in this error raises."""
        # Before OSError, which it is too.
        if isinstance(error, TimeoutError):
            return Failed(Why.NO_ANSWER, error)
        if isinstance(error, Incomplete | OSError):
            stale = self._answered and not self._buffer.begun
            return Failed(Why.CLOSED, error, stale=stale)
        return Failed(Why.BROKEN, error) if isinstance(error, Unreadable) else error


def moments() -> tuple[float, float]:
    """Return the time by both clocks of the machine."""
    return time.monotonic(), time.time()


async def connected(link: Link, route: Route, until: float = inf) -> Connection:
    """Connect, by the moment `until` of the monotonic clock; raises `Failed`."""
    link.step, link.until = route.connect_timeout, until
    proxy = route.proxy
    try:
        try:
            host, port = (proxy or route).address()
            await link.connect(host, port)
        except OSError as error:
            raise Failed(Why.NO_PROXY if proxy else _unmade(error), error) from None
        if route.tls:
            if proxy:
                await _tunnel(link, route, proxy)
                link.until = until
            await _secure(link, route)
    except BaseException:  # of a cancelled task too: nobody else knows this connection
        link.close()
        raise
    link.step = route.read_timeout
    return Connection(link)


def _unmade(error: OSError) -> Failure:
    return Why.TOO_LATE if isinstance(error, TimeoutError) else Why.NO_CONNECTION


async def _tunnel(link: Link, route: Route, proxy: Proxy) -> None:
    """Have the proxy connect to the endpoint."""
    # One limit for it all, as for a handshake: a head sent byte by byte gets no new time for each.
    link.until = min(link.until, time.monotonic() + route.connect_timeout)
    try:
        await link.send(route.connect_head(proxy))
        answer, _ = await read_answer(Buffer(link.receive), bodiless=True)
        if not 200 <= answer.status < 300:
            raise Unreadable(f"the proxy answered with status {answer.status}")
    except (OSError, Incomplete, Unreadable) as error:
        raise Failed(Why.NO_PROXY, error) from None


async def _secure(link: Link, route: Route) -> None:
    from ssl import SSLError

    try:
        context = tls_context(route.bundle)
    except OSError as error:
        raise Failed(Why.UNTRUSTED, error) from None
    try:
        await link.secure(context, route.address()[0])
    except OSError as error:
        untrusted = isinstance(error, SSLError) and is_untrusted(error)
        raise Failed(Why.UNTRUSTED if untrusted else _unmade(error), error) from None


class Wire(Link):
    """A socket: a thread that asks it for something waits."""

    def __init__(self, link: socket.socket | None = None) -> None:
        self._link: Any = link
        self._set: float | None = -1.0
        self._record: int | None = None
        self._heard: Callable[[], bool] | None = None

    async def connect(self, host: str, port: int) -> None:
        """Try the addresses in turn; raise the last one's error."""
        # As bytes, since a string would have Python load its tables of international names.
        found = socket.getaddrinfo(host.encode(), port, 0, socket.SOCK_STREAM)
        failed = OSError("the host's name has no address")
        for family, kind, protocol, _, address in found:
            self._link = _Socket(family, kind, protocol)
            self._set = -1.0
            try:
                self._arm()
                self._link.connect(address)
                for option in OPTIONS:
                    self._link.setsockopt(*option)
            except OSError as error:
                self._link.close()
                failed = error
            else:
                return
        try:
            raise failed
        finally:
            del failed  # its traceback holds this frame, which would hold the error

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        self._arm()
        self._link = context.wrap_socket(self._link, server_hostname=name)
        self._record = RECORD

    async def send(self, head: bytes, body: bytes = b"") -> bool:
        try:
            # Megabytes are not copied for the few bytes before them.
            self._send(memoryview(head + body[:PIECE]))
            if len(body) > PIECE:
                self._send(memoryview(body)[PIECE:])
        except ConnectionError:
            return False
        return True

    def _send(self, left: memoryview) -> None:
        # The time counts for each piece that leaves, as that for each that comes.
        while left:
            self._arm()
            left = left[self._link.send(left[: self._record]) :]

    async def receive(self, buffer: Buffer, most: int, /) -> bytes:
        self._arm()
        # Empty, too, once a body is longer than the room that was reserved.
        if not buffer.space:
            part: bytes = self._link.recv(most)
            return part
        buffer.put = self._link.recv_into(buffer.space)
        return b""

    def heard(self) -> bool:
        # Kept: making a poll object takes as long as asking it.
        if self._heard is None:
            self._heard = listener(self._link)
        return self._heard()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _arm(self) -> None:
        """Set the socket's time-out for the next step."""
        if self.until == inf and self.step == self._set:  # as nearly always
            return
        left = self.left()
        wanted = left if left < inf else None
        if wanted != self._set:
            self._link.settimeout(wanted)
            self._set = wanted


def listener(link: Any) -> Callable[[], bool]:
    """Return what tells whether a socket has something to read, to be asked many times."""
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
