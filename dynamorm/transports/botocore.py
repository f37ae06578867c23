"""The default transport: botocore's connection pool and credentials, not its client.

No service model, endpoint rule set or loader is read, so that it works, and starts fast, without
`botocore/data`. The signature is ours: it is tested equal to that of botocore's `SigV4Auth`, which
takes ten times as long and writes the session token to the log.
"""

from __future__ import annotations

import ssl
import time
from contextlib import closing
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any

from botocore import awsrequest, exceptions, httpsession

from .exchange import MAX_DIGITS, Answer, Unreadable, check_size, room
from .routes import LONGEST, OPTIONS, Failed, Failure, Route, Why, without_frames
from .signed import SignedTransport

if TYPE_CHECKING:
    from .signed import Line
    from .signing import Signed

# Kept, not open, at most: urllib3 opens one for each thread, and drops those beyond these.
MAX_CONNECTIONS = 64


class BotocoreTransport(SignedTransport):
    """Sends through botocore's URLLib3Session; threads may share one, and it works after a fork.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request.
    """

    def _open(self, route: Route) -> Line:
        verify: Any = route.bundle or True
        http = httpsession.URLLib3Session(
            verify=verify,
            proxies={route.url.partition(":")[0]: route.proxy.url} if route.proxy else {},
            timeout=(route.connect_timeout, route.read_timeout),
            max_pool_connections=MAX_CONNECTIONS,
            socket_options=list(OPTIONS),
        )
        # The same object as that of its managers, those of proxies included.
        http._pool_classes_by_scheme.update(http=_Pool, https=_SecurePool)
        return _Session(route, http)


class _Body(BytesIO):
    """A request's body, sent piece by piece, and the seconds that each step of it may take.

    Of bytes that are no file, urllib3 sends all in one step, for which a new connection has the
    connect time-out: two seconds for as much as 16 MB.
    """

    def __init__(self, body: bytes, limits: httpsession.Timeout) -> None:
        super().__init__(body)
        self.limits = limits


class _Patient:
    """A connection that sends with the read time-out; urllib3 sets it only for the answer."""

    sock: Any
    _step: float | None = None

    def connect(self) -> None:
        # With the connect time-out still, which is for the TLS handshake too.
        super().connect()  # type: ignore[misc]  # of the class that this one is mixed with
        self.sock.settimeout(self._step)

    def request(self, method: str, url: str, body: Any = None, *given: Any, **named: Any) -> Any:
        self._step = body.limits.read_timeout
        # One that was kept has the time-out of the answer before.
        if self.sock is not None:
            self.sock.settimeout(self._step)
        return super().request(method, url, body, *given, **named)  # type: ignore[misc]


class _Connection(_Patient, awsrequest.AWSHTTPConnection):  # type: ignore[misc]  # botocore has no types
    pass


class _SecureConnection(_Patient, awsrequest.AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Timed:
    """A pool each of whose requests has its own time-outs."""

    def urlopen(self, *given: Any, body: _Body, **named: Any) -> Any:
        named["timeout"] = body.limits
        return super().urlopen(*given, body=body, **named)  # type: ignore[misc]


class _Pool(_Timed, awsrequest.AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _SecurePool(_Timed, awsrequest.AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


class _Request(awsrequest.AWSPreparedRequest):  # type: ignore[misc]  # botocore has no types
    """What is sent; botocore's errors keep it, and its own repr would show the session token."""

    __repr__: Any = object.__repr__


class _Session:
    """botocore's pool of connections to one endpoint."""

    def __init__(self, route: Route, http: httpsession.URLLib3Session) -> None:
        self._route = route
        self._url = f"{route.url}{route.path}"
        self._http = http
        self._answered = False

    async def post(self, operation: str, signed: Signed, body: bytes, until: float) -> Answer:
        """Send a request and return its answer, read whole by the moment `until`.

        Raises `TransportError`.
        """
        headers = signed.headers()
        headers["Content-Length"] = str(len(body))
        try:
            sent = _Body(body, self._limits(until))
            # The last argument leaves the answer's body unread: `_content` bounds it.
            response = self._http.send(_Request("POST", self._url, headers, sent, True))
            content = _content(response.raw, until)
        except (exceptions.ConnectionError, exceptions.HTTPClientError, *_READING) as error:
            failed = self._failed(without_frames(error))
            raise failed.error(self._route.url, operation) from failed.cause
        self._answered = True
        return Answer(response.status_code, response.headers, content)

    def _limits(self, until: float) -> httpsession.Timeout:
        """Return the time-outs of a request, shortened to the time that is left."""
        left = max(until - time.monotonic(), 0.001)  # not 0, which urllib3 refuses
        steps = (self._route.connect_timeout, self._route.read_timeout)
        limits = (min(step, left) for step in steps)
        connect, read = (min(limit, LONGEST) if limit < inf else None for limit in limits)
        return httpsession.Timeout(connect=connect, read=read)

    def close(self) -> None:
        self._answered = False
        self._http.close()

    def _failed(self, error: BaseException) -> Failed:
        failure = next(meant for kind, meant in _MEANINGS if isinstance(error, kind))
        cause = _cause(error)
        if isinstance(cause, TimeoutError) and failure is Why.CLOSED:
            failure = Why.NO_ANSWER  # which urllib3 does not tell apart while it sends
        # Before the first answer there is no connection that could have been kept.
        stale = self._answered and failure.maybe_applied and isinstance(cause, _CLOSED)
        if stale:
            # The others in the pool were closed with it, by a time-out or a frozen Lambda.
            self.close()
        return Failed(failure, cause, stale=stale)


def _content(raw: Any, until: float) -> bytes:
    """Read a body, which botocore itself would do without a bound."""
    # Only for the room: `exchange` judges whether the length is the right one.
    told = raw.headers.get("Content-Length", "")
    whole = room(int(told) if told.isdecimal() and len(told) < MAX_DIGITS else 0)
    with closing(raw):
        for part in raw.stream():
            check_size(whole.tell() + len(part))
            whole.write(part)
            # The time-out of urllib3 begins again with each piece.
            if time.monotonic() > until:
                raise TimeoutError("the time for the whole operation is over")
    whole.truncate()
    return whole.getvalue()


_READING = (
    httpsession.ProtocolError,
    TimeoutError,
    Unreadable,
    httpsession.URLLib3ReadTimeoutError,
    httpsession.URLLib3SSLError,
)

# The first that fits counts. What no other row names may have taken effect.
_MEANINGS: tuple[tuple[Any, Failure], ...] = (
    (exceptions.EndpointConnectionError, Why.NO_CONNECTION),
    (exceptions.ConnectTimeoutError, Why.TOO_LATE),
    (exceptions.ProxyConnectionError, Why.NO_PROXY),
    ((exceptions.SSLError, httpsession.URLLib3SSLError), Why.UNTRUSTED),
    (
        (exceptions.ReadTimeoutError, TimeoutError, httpsession.URLLib3ReadTimeoutError),
        Why.NO_ANSWER,
    ),
    ((exceptions.ConnectionClosedError, httpsession.ProtocolError), Why.CLOSED),
    (Exception, Why.BROKEN),
)

_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _cause(error: BaseException) -> BaseException:
    """Find what went wrong first: botocore wraps what urllib3 has wrapped, in several ways."""
    cause: BaseException = error
    inner: Any = error.kwargs.get("error") if isinstance(error, exceptions.BotoCoreError) else error
    while inner is not None:
        cause = inner
        inner = cause.__cause__ or next((e for e in cause.args if isinstance(e, Exception)), None)
    return cause
