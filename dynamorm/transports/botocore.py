"""The default transport: botocore's connection pool and credentials, not its client.

No service model, endpoint rule set or loader is read, so that it works, and starts fast, without
`botocore/data`. The signature is ours: it is tested equal to that of botocore's `SigV4Auth`, which
takes ten times as long and writes the session token to the log.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.exceptions import ConnectionError as CannotConnect
from botocore.httpsession import (
    ProtocolError,
    URLLib3ReadTimeoutError,
    URLLib3Session,
    URLLib3SSLError,
)

from .. import failures
from ..errors import TransportError
from ..exchange import Answer
from ..failures import Failure, transport_error
from ..reading import Unreadable, check_size
from .signed import Line, Place, SignedTransport

__all__ = ["BotocoreTransport"]

MAX_CONNECTIONS = 64


class BotocoreTransport(SignedTransport):
    """Sends through botocore's URLLib3Session; threads may share one, and it works after a fork.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request.
    """

    def _open(self, place: Place) -> Line:
        verify: Any = place.bundle or True
        http = URLLib3Session(
            verify=verify,
            proxies={place.url.partition(":")[0]: place.proxy} if place.proxy else {},
            timeout=(place.connect_timeout, place.read_timeout),
            max_pool_connections=MAX_CONNECTIONS,
            # Without it each request with a body waits 40 ms for an acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        return _Session(place.url, http)


class _Request(AWSPreparedRequest):  # type: ignore[misc]  # botocore has no types
    """What is sent; botocore's errors keep it, and its own repr would show the session token."""

    __repr__: Any = object.__repr__


class _Session:
    """botocore's pool of connections to one endpoint."""

    def __init__(self, url: str, http: URLLib3Session) -> None:
        self._url = url
        self._http = http
        self._answered = False

    def post(self, operation: str, headers: dict[str, str], body: bytes) -> Answer:
        request = _Request("POST", f"{self._url}/", headers, body, True)
        try:
            response = self._http.send(request)
            content = _content(response.raw)
        except (CannotConnect, HTTPClientError, *_READING) as error:
            raise self._failed(operation, error) from error
        self._answered = True
        return Answer(response.status_code, response.headers, content)

    def close(self) -> None:
        self._answered = False
        self._http.close()

    def _failed(self, operation: str, error: Exception) -> TransportError:
        failure = next(meant for kind, meant in _MEANINGS if isinstance(error, kind))
        cause = _cause(error)
        stale = self._answered and failure.maybe_applied and isinstance(cause, _CLOSED)
        if stale:
            # The others in the pool were closed with it, by a time-out or a frozen Lambda.
            self.close()
        return transport_error(failure, cause, url=self._url, operation=operation, stale=stale)


def _content(raw: Any) -> bytes:
    """Read a body, which botocore itself would do without a bound."""
    parts: list[bytes] = []
    size = 0
    with closing(raw):
        for part in raw.stream():
            parts.append(part)
            size = check_size(size + len(part))
    return b"".join(parts)


_READING = (ProtocolError, Unreadable, URLLib3ReadTimeoutError, URLLib3SSLError)

_MEANINGS: tuple[tuple[Any, Failure], ...] = (
    (EndpointConnectionError, failures.NO_CONNECTION),
    (ConnectTimeoutError, failures.TOO_LATE),
    (ProxyConnectionError, failures.NO_PROXY),
    ((SSLError, URLLib3SSLError), failures.UNTRUSTED),
    ((ReadTimeoutError, URLLib3ReadTimeoutError), failures.NO_ANSWER),
    ((ConnectionClosedError, ProtocolError), failures.CLOSED),
    (Exception, failures.BROKEN),
)

_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _cause(error: Exception) -> BaseException:
    """Find what went wrong first: botocore wraps what urllib3 has wrapped, in several ways."""
    cause: BaseException = error
    inner: Any = error.kwargs.get("error") if isinstance(error, BotoCoreError) else error
    while inner is not None:
        cause = inner
        inner = cause.__cause__ or next((e for e in cause.args if isinstance(e, Exception)), None)
    return cause
