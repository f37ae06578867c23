"""The transport for the smallest cold start: sockets, `hashlib` and msgspec, and no botocore.

It has as many connections as threads have sent at once. botocore is imported only where neither
argument, environment nor container has credentials, or nothing but a profile names the region.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

from .. import errors
from ..errors import TransportError
from . import HiddenBytes, HiddenText
from .connection import Connection, Kept, dial
from .exchange import Answer
from .routes import Failed, Proxy, Route
from .signed import Place, SignedTransport

if TYPE_CHECKING:
    from .signed import Line
    from .signing import Signed


class HttpTransport(SignedTransport):
    """Sends through sockets of its own; threads may share one, and it works after a fork.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request.
    """

    def _open(self, place: Place) -> Line:
        return _Pool(place)


C = TypeVar("C", bound=Kept)


class Pool(Generic[C]):
    """Connections that are idle; the one that was used last is used next."""

    def __init__(self, place: Place) -> None:
        self.route = route_to(place)
        self.idle: list[C] = []

    def head(self, signed: Signed, body: bytes) -> HiddenBytes:
        return self.route.head("POST", self.route.path, signed.lines(), len(body))

    def take(self) -> C | None:
        """Return a connection that can be used again."""
        while connection := _pop(self.idle):
            if connection.alive():
                return connection
            connection.close()
        return None

    def give(self, idle: list[C], connection: C, kept: bool) -> None:
        """Take a connection back among those that were idle when it was taken."""
        if kept:
            idle.append(connection)
        else:
            connection.close()
        if idle is not self.idle:
            # Closed in the meantime: nobody would ever come for it.
            _close_all(idle)

    def error(self, failed: Failed, operation: str) -> TransportError:
        """Put a failure into words."""
        if failed.stale:
            # The others were closed with it, by a time-out or a frozen Lambda.
            _close_all(self.idle)
        return failed.error(self.route.url, operation)

    def close(self) -> None:
        """Close what is idle now, and what is under way once it is back."""
        # Swapped before any is closed: who comes meanwhile takes none of these.
        idle, self.idle = self.idle, []
        _close_all(idle)


class _Pool(Pool[Connection]):
    def post(self, operation: str, signed: Signed, body: bytes, until: float = inf) -> Answer:
        try:
            return self._exchange(self.head(signed, body), body, until)
        except Failed as failed:
            raise self.error(failed, operation) from failed.cause

    def _exchange(self, head: bytes, body: bytes, until: float) -> Answer:
        # `close` puts another list in its place, into which this connection does not go back.
        idle = self.idle
        connection = self.take() or dial(self.route, until)
        received, kept = connection.exchange(head, body, until)
        self.give(idle, connection, kept)
        return Answer(received.status, received.headers, received.body)


def _close_all(idle: list[C]) -> None:
    while connection := _pop(idle):
        connection.close()


def _pop(idle: list[C]) -> C | None:
    # Not after a look at its length: another thread may take the last one in between.
    try:
        return idle.pop()
    except IndexError:
        return None


def route_to(place: Place) -> Route:
    """Return the way of our own connections to a place."""
    proxy = _proxy(place.proxy_variable, place.proxy) if place.proxy else None
    timeouts = (place.connect_timeout, place.read_timeout)
    return Route(place.url, place.bundle, proxy, *timeouts, place.path)


def _proxy(variable: str, url: HiddenText) -> Proxy:
    if not url.lower().startswith("http:"):
        raise errors.EndpointUnknown(
            f'{variable} names a proxy behind TLS, which transport="http" cannot: '
            'take transport="botocore"'
        )
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    authorization = ""
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(login.encode()).decode()}"
    return Proxy(parts.hostname or "", parts.port or 80, HiddenText(authorization))
