"""The transport for the smallest cold start: sockets, `hashlib` and msgspec, and no botocore.

It has as many connections as threads have sent at once. botocore is imported only where neither
argument, environment nor container has credentials, or nothing but a profile names the region.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import errors
from .connection import Connection, Link, Wire, connected
from .exchange import Answer
from .routes import Failed, Route
from .signed import SignedTransport

if TYPE_CHECKING:
    from .signing import Signed


class HttpTransport(SignedTransport):
    """Sends through sockets of its own; threads may share one, and it works after a fork.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request.
    """

    def _open(self, route: Route) -> Pool:
        return Pool(route, Wire)


class Pool:
    """Connections that are idle; the one that was used last is used next."""

    def __init__(self, route: Route, link: Callable[[], Link]) -> None:
        proxy = route.proxy
        if proxy is not None and not proxy.url.lower().startswith("http:"):
            raise errors.EndpointUnknown(
                f'{proxy.variable} names a proxy behind TLS, which transport="http" cannot: '
                'take transport="botocore"'
            )
        self.route = route
        self.link = link
        self.idle: list[Connection] = []

    async def post(self, operation: str, signed: Signed, body: bytes, until: float) -> Answer:
        """Send one request; raises `TransportError`."""
        head = self.route.head("POST", signed.lines(), len(body))
        try:
            return await self.exchange(head, body, until)
        except Failed as failed:
            if failed.stale:
                # The others were closed with it, by a time-out or a frozen Lambda.
                _close_all(self.idle)
            raise failed.error(self.route.url, operation) from failed.cause

    async def exchange(self, head: bytes, body: bytes, until: float) -> Answer:
        # `close` puts another list in its place, into which this connection does not go back.
        idle = self.idle
        connection = self.take() or await connected(self.link(), self.route, until)
        answer, kept = await connection.exchange(head, body, until)
        if kept:
            idle.append(connection)
        else:
            connection.close()
        if idle is not self.idle:
            # Closed in the meantime: nobody would ever come for it.
            _close_all(idle)
        return answer

    def take(self) -> Connection | None:
        """Return a connection that can be used again."""
        while connection := _pop(self.idle):
            if connection.alive():
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """Close what is idle now, and what is under way once it is back."""
        # Swapped before any is closed: who comes meanwhile takes none of these.
        idle, self.idle = self.idle, []
        _close_all(idle)


def _close_all(idle: list[Connection]) -> None:
    while connection := _pop(idle):
        connection.close()


def _pop(idle: list[Connection]) -> Connection | None:
    # Not after a look at its length: another thread may take the last one in between.
    try:
        return idle.pop()
    except IndexError:
        return None
