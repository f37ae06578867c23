"""One HTTP/1.1 connection: made, used for one request after the other, told when it is dead."""

from __future__ import annotations

import socket
import time
from functools import cache
from select import select
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from . import failures
from .failures import Failure, is_untrusted
from .reading import Incomplete, Received, Stream, Unreadable, read_answer, read_head

if TYPE_CHECKING:
    import ssl

__all__ = ["Connection", "Failed", "Proxy", "Route", "dial", "tls_context"]

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 10.0
MAX_IDLE = 60.0


class Failed(Exception):
    """An exchange that brought back no answer; its cause is the error that says why."""

    def __init__(self, failure: Failure, *, stale: bool = False) -> None:
        self.failure = failure
        self.stale = stale
        super().__init__(failure.message)


class Proxy(Struct, frozen=True):
    """Where a proxy is, and what it wants to be told; spoken to without TLS."""

    host: str
    port: int
    authorization: str = ""

    def head(self) -> str:
        return f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""


class Route(Struct, frozen=True):
    """How to reach a URL; time-outs in seconds."""

    url: str
    bundle: str = ""
    """A file of authorities to trust instead of the system's."""
    proxy: Proxy | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT

    @property
    def tls(self) -> bool:
        return self.url.startswith("https:")

    def address(self) -> tuple[str, int]:
        """Give host and port, without the brackets of an IPv6 address."""
        host, colon, port = self.url.partition("://")[2].rpartition(":")
        if not colon or "]" in port:
            return f"{host}{colon}{port}".strip("[]"), 443 if self.tls else 80
        return host.strip("[]"), int(port)

    def head(self, method: str, path: str, headers: dict[str, str], length: int) -> bytes:
        """Write a request as far as its body; a proxy is told the whole URL."""
        through = self.proxy if not self.tls else None
        target = f"{self.url}{path}" if through else path
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        own = through.head() if through else ""
        text = f"{method} {target} HTTP/1.1\r\n{lines}{own}Content-Length: {length}\r\n\r\n"
        return text.encode("latin-1")


class Connection:
    """A socket on which one answer follows one request; for one thread at a time."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._stream = Stream(link.recv)
        self._answered = False
        self._used = (0.0, 0.0)

    def __repr__(self) -> str:
        return f"Connection(fd={self._link.fileno()})"

    def exchange(self, request: bytes) -> tuple[Received, bool]:
        """Send a request, and give its answer and whether the connection can go on.

        Raises `Failed`, after which the connection is closed.
        """
        try:
            received, kept = self._exchange(request)
        except TimeoutError as error:
            raise self._failed(failures.NO_ANSWER) from error
        except (Incomplete, OSError) as error:
            stale = self._answered and not self._stream.begun
            raise self._failed(failures.CLOSED, stale=stale) from error
        except Unreadable as error:
            raise self._failed(failures.BROKEN) from error
        except BaseException:
            self.close()
            raise
        self._answered = True
        self._used = _moment()
        return received, kept

    def alive(self) -> bool:
        """Whether it may be used again: not idle for long, and nothing has come in meanwhile."""
        # The monotonic clock stands still in a frozen Lambda, the other one does not.
        idle = max(now - then for now, then in zip(_moment(), self._used, strict=True))
        return idle < MAX_IDLE and self._stream.empty and not _readable(self._link)

    def close(self) -> None:
        self._link.close()

    def _exchange(self, request: bytes) -> tuple[Received, bool]:
        self._stream.begun = False
        sent = True
        try:
            self._link.sendall(request)
        except ConnectionError:
            # What is too large is refused before all of it is sent.
            sent = False
        received = read_answer(self._stream)
        return received, sent and received.reusable

    def _failed(self, failure: Failure, *, stale: bool = False) -> Failed:
        self.close()
        return Failed(failure, stale=stale)


def _moment() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _readable(link: socket.socket) -> bool:
    """Whether the other side has closed, or has said something without being asked."""
    decrypted = getattr(link, "pending", None)
    try:
        return bool((decrypted and decrypted()) or select([link], (), (), 0)[0])
    except ValueError:  # more than 1024 files are open: the next exchange will tell
        return False


def dial(route: Route) -> Connection:
    """Connect; raises `Failed`."""
    link = _connected(route)
    try:
        if route.tls:
            if route.proxy:
                _tunnel(link, route, route.proxy)
            link = _secured(link, route)
        link.settimeout(route.read_timeout)
    except BaseException:
        link.close()
        raise
    return Connection(link)


def _connected(route: Route) -> socket.socket:
    host, port = (route.proxy.host, route.proxy.port) if route.proxy else route.address()
    # As bytes, since a string would have Python load its tables of international names.
    address: Any = (host.encode(), port)
    try:
        link = socket.create_connection(address, route.connect_timeout)
    except OSError as error:
        late = failures.TOO_LATE if isinstance(error, TimeoutError) else failures.NO_CONNECTION
        raise Failed(failures.NO_PROXY if route.proxy else late) from error
    # Without it a request that takes two packets waits 40 ms for an acknowledgement.
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _tunnel(link: socket.socket, route: Route, proxy: Proxy) -> None:
    host, port = route.address()
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proxy.head()}\r\n"
    try:
        link.sendall(request.encode("latin-1"))
        _, status, _ = read_head(Stream(link.recv))
        if not 200 <= status < 300:
            raise Unreadable(f"the proxy answered with status {status}")
    except (OSError, Incomplete, Unreadable) as error:
        raise Failed(failures.NO_PROXY) from error


def _secured(link: socket.socket, route: Route) -> socket.socket:
    from ssl import SSLError

    try:
        context = tls_context(route.bundle)
    except OSError as error:
        raise Failed(failures.UNTRUSTED) from error
    try:
        return context.wrap_socket(link, server_hostname=route.address()[0])
    except TimeoutError as error:
        raise Failed(failures.TOO_LATE) from error
    except SSLError as error:
        raise Failed(
            failures.UNTRUSTED if is_untrusted(error) else failures.NO_CONNECTION
        ) from error
    except OSError as error:
        raise Failed(failures.NO_CONNECTION) from error


@cache
def tls_context(bundle: str) -> ssl.SSLContext:
    """Make what verifies certificates, once for a process: reading the authorities takes long."""
    import ssl

    context = ssl.create_default_context(cafile=bundle or None)
    context.set_alpn_protocols(["http/1.1"])
    return context
