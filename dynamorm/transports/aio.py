"""The transport for asyncio: aiohttp's connections, and the signature and judgement of the others.

Measured against httpx, aiohttp takes a quarter of the CPU for a request, and a tenth with sixteen
at once.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

from .. import failures
from ..exchange import Answer, Signer, exchanging
from ..failures import Failure, is_untrusted, transport_error
from ..reading import Unreadable, check_size
from ..sockets import tls_context
from .signed import Place, Settings

try:
    import aiohttp
except ImportError as missing:
    raise ImportError(
        'transport="aio" needs aiohttp: pip install "dynamorm-micro[aio]"'
    ) from missing

__all__ = ["AioTransport"]

MAX_CONNECTIONS = 64
MAX_IDLE = 60.0
LARGE = 1 << 20


class AioTransport(Settings):
    """Sends through aiohttp; tasks may share one, and each event loop has its own connections.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request;
    what is then looked up may block the loop, where it is not in argument or environment.

    Await `aclose()` before the loop ends, or leave that to `async with connect_async(...)`.
    """

    async def send(self, operation: str, body: bytes) -> bytes:
        """Send one signed request; cancelling closes its connection."""
        signer, line = self._line()
        exchange = exchanging(signer, operation, body)
        headers = next(exchange)
        while True:
            answer = await line.post(operation, headers, body)
            try:
                headers = exchange.send(answer)
            except StopIteration as stop:
                return bytes(stop.value)

    async def aclose(self) -> None:
        """Close the connections of this event loop; the transport can still be used."""
        found = self._lines.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose()

    def _line(self) -> tuple[Signer, _Session]:
        """Give this loop's own: what one loop waits for, another cannot."""
        here = asyncio.get_running_loop()
        line: tuple[Signer, _Session] | None = self._lines.get(here)
        if line is None:
            for ended in [loop for loop in self._lines if loop.is_closed()]:
                del self._lines[ended]
            line = self._signer(), _Session(self._place())
            self._lines[here] = line
        return line


class _Session:
    """aiohttp's pool of connections to one endpoint."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._http: aiohttp.ClientSession | None = None

    async def post(self, operation: str, headers: dict[str, str], body: bytes) -> Answer:
        url = self._place.url
        try:
            http = self._http = self._http or _opened(self._place)
        except OSError as error:
            raise transport_error(
                failures.UNTRUSTED, error, url=url, operation=operation
            ) from error
        connection = _Used()
        try:
            async with http.post(
                f"{url}/",
                # aiohttp writes a file piece by piece, so that other tasks have their turn.
                data=BytesIO(body) if len(body) > LARGE else body,
                headers=headers,
                skip_auto_headers=("Accept",),
                allow_redirects=False,
                proxy=self._place.proxy or None,
                trace_request_ctx=connection,
            ) as response:
                connection.again = False
                return Answer(response.status, response.headers, await _content(response))
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError, Unreadable) as error:
            failure = next(meant for kind, meant in _MEANINGS if isinstance(error, kind))
            cause = error.__cause__ or error
            if failure is failures.UNTRUSTED and not is_untrusted(cause):
                failure = failures.NO_CONNECTION
            stale = connection.again and failure is failures.CLOSED
            raise transport_error(
                failure, cause, url=url, operation=operation, stale=stale
            ) from error

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.close()


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, which aiohttp itself would do without a bound."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        parts.append(part)
        size = check_size(size + len(part))
    return b"".join(parts)


class _Used:
    """Whether a request went through a connection that had been used before."""

    again = False


async def _reused(_http: Any, context: Any, _params: Any) -> None:
    context.trace_request_ctx.again = True


def _opened(place: Place) -> aiohttp.ClientSession:
    tls: Any = tls_context(place.bundle) if place.url.startswith("https:") else True
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_reused)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=MAX_CONNECTIONS, keepalive_timeout=MAX_IDLE),
        timeout=aiohttp.ClientTimeout(
            sock_connect=place.connect_timeout, sock_read=place.read_timeout
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=[trace],
    )


_MEANINGS: tuple[tuple[type[BaseException], Failure], ...] = (
    (aiohttp.ClientProxyConnectionError, failures.NO_PROXY),
    (aiohttp.ClientHttpProxyError, failures.NO_PROXY),
    (aiohttp.ConnectionTimeoutError, failures.TOO_LATE),
    (aiohttp.ClientSSLError, failures.UNTRUSTED),
    (aiohttp.ClientConnectorError, failures.NO_CONNECTION),
    (asyncio.TimeoutError, failures.NO_ANSWER),
    (aiohttp.ServerDisconnectedError, failures.CLOSED),
    (aiohttp.ClientPayloadError, failures.CLOSED),
    (aiohttp.ClientResponseError, failures.BROKEN),
    (OSError, failures.CLOSED),
    (Exception, failures.BROKEN),
)
