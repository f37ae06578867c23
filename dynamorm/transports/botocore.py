"""The default transport: botocore's signer, connection pool and credentials, not its client.

No service model, endpoint rule set or loader is read, so that it works, and starts fast, without
`botocore/data`.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from hashlib import sha256
from time import gmtime, strftime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # no stub

from botocore.auth import SigV4Auth
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
from botocore.httpsession import URLLib3Session

from ..credentials import CredentialsLike, CredentialSource, Given, profile_region
from ..endpoints import Endpoint, is_local, resolve
from ..errors import EndpointUnknown, TransportError
from ..exchange import UNREACHABLE, Answer, Signer, exchanging

__all__ = ["BotocoreTransport", "sign"]

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 10.0
MAX_CONNECTIONS = 64


class _Signed(NamedTuple):
    """What SigV4Auth's methods want of a request."""

    context: dict[str, str]


def sign(
    credentials: CredentialsLike,
    endpoint: Endpoint,
    headers: dict[str, str],
    body: bytes,
    moment: float,
) -> dict[str, str]:
    """Add what Signature Version 4 adds to the headers; all of them are signed.

    The canonical request is written here, not by `SigV4Auth.add_auth`: that is ten times slower,
    and writes the session token to the log.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    timestamp = strftime("%Y%m%dT%H%M%SZ", gmtime(moment))
    signed = {**headers, "Host": _host(endpoint.url), "X-Amz-Date": timestamp}
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    lines = sorted((name.lower(), value) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    canonical = "".join(f"{name}:{value}\n" for name, value in lines)
    digest = sha256(body).hexdigest()
    auth = SigV4Auth(credentials, "dynamodb", endpoint.region)
    request = _Signed({"timestamp": timestamp})
    text = auth.string_to_sign(request, f"POST\n/\n\n{canonical}\n{names}\n{digest}")
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, "
        f"Signature={auth.signature(text, request)}"
    )
    return signed


def _host(url: str) -> str:
    """Give the Host header, which has no port where it is the scheme's own."""
    scheme, _, host = url.partition("://")
    return host.removesuffix(":443" if scheme == "https" else ":80")


class BotocoreTransport:
    """Sends through botocore's URLLib3Session; threads may share one, and it works after a fork.

    Nothing is looked up before the first request. Variables are read from `environ`, by default
    the process's own. Time-outs are in seconds.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        credentials: Given | None = None,
        environ: Mapping[str, str] = os.environ,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._region = region
        self._url = endpoint
        self._credentials = credentials
        self._environ = environ
        self._timeout = (connect_timeout, read_timeout)
        self._lines: dict[int, _Line] = {}

    def __repr__(self) -> str:
        return f"BotocoreTransport(region={self._region!r})"

    @property
    def endpoint(self) -> Endpoint:
        return self._line().endpoint

    @property
    def local(self) -> bool:
        return self._line().local

    def send(self, operation: str, body: bytes) -> bytes:
        """Send one signed request.

        Raises `ServiceError`, `TransportError`, `CredentialsMissing`, `EndpointUnknown`.
        """
        line = self._line()
        exchange = exchanging(line.signer, operation, body)
        headers = next(exchange)
        while True:
            answer = line.post(operation, headers, body)
            try:
                headers = exchange.send(answer)
            except StopIteration as stop:
                return bytes(stop.value)

    def close(self) -> None:
        """Close idle connections; the transport can still be used."""
        for line in list(self._lines.values()):
            line.close()

    def _line(self) -> _Line:
        process = os.getpid()
        line = self._lines.get(process)
        if line is None:
            for parent in self._lines.keys() - {process}:
                self._lines.pop(parent, None)
            # No lock, which a fork could leave locked: of threads that come at once, one wins.
            line = self._lines.setdefault(process, self._new_line())
        return line

    def _new_line(self) -> _Line:
        environ = self._environ
        endpoint = resolve(self._region, self._url, environ, profile_region)
        bundle: Any = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE")
        http = URLLib3Session(
            verify=bundle or True,
            proxies=_proxies(endpoint.url, environ),
            timeout=self._timeout,
            max_pool_connections=MAX_CONNECTIONS,
            # Without it each request with a body waits 40 ms for an acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        return _Line(
            endpoint, Signer(endpoint, CredentialSource(self._credentials, environ), sign), http
        )


class _Request(AWSPreparedRequest):  # type: ignore[misc]  # botocore has no types
    """What is sent; botocore's errors keep it, and its own repr would show the session token."""

    __repr__: Any = object.__repr__


class _Line:
    """What one process sends with: a child that used its parent's sockets would mix up answers."""

    def __init__(self, endpoint: Endpoint, signer: Signer, http: URLLib3Session) -> None:
        self.endpoint = endpoint
        self.signer = signer
        self.local = is_local(endpoint.url)
        self._url = endpoint.url + "/"
        self._http = http
        self._answered = False

    def post(self, operation: str, headers: dict[str, str], body: bytes) -> Answer:
        request = _Request("POST", self._url, headers, body, False)
        try:
            response = self._http.send(request)
        except (CannotConnect, HTTPClientError) as error:
            raise self._failure(operation, error) from error
        self._answered = True
        return Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        self._answered = False
        self._http.close()

    def _failure(self, operation: str, error: BotoCoreError) -> TransportError:
        meaning = next(m for m in _MEANINGS if isinstance(error, m.error))
        cause = _cause(error)
        stale = self._answered and meaning.maybe_applied and isinstance(cause, _CLOSED)
        if stale:
            # The others in the pool were closed with it, by a time-out or a frozen Lambda.
            self.close()
        untrusted = isinstance(error, SSLError) and _is_untrusted(cause)
        return TransportError(
            f"{meaning.message} {self.endpoint.url}: {str(cause) or type(cause).__name__}"
            + (meaning.advice and f"; {meaning.advice}"),
            operation=operation,
            maybe_applied=meaning.maybe_applied and not untrusted,
            transient=not untrusted,
            stale=stale,
        )


class _Meaning(NamedTuple):
    error: type[Exception]
    maybe_applied: bool
    message: str
    advice: str = ""


_TRUST = "AWS_CA_BUNDLE names a file of CAs to trust; an endpoint without TLS begins with http://"

_MEANINGS = (
    _Meaning(EndpointConnectionError, False, "cannot connect to", UNREACHABLE),
    _Meaning(ConnectTimeoutError, False, "no connection in time to", UNREACHABLE),
    _Meaning(
        ProxyConnectionError,
        False,
        "no way through the proxy to",
        "HTTP_PROXY and HTTPS_PROXY name it, NO_PROXY the hosts that need none",
    ),
    _Meaning(SSLError, True, "no trusted connection to", _TRUST),
    _Meaning(ReadTimeoutError, True, "no answer in time from"),
    _Meaning(ConnectionClosedError, True, "connection closed by"),
    _Meaning(Exception, True, "no exchange with"),
)

_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _cause(error: BotoCoreError) -> BaseException:
    """Find what went wrong first: botocore wraps what urllib3 has wrapped, in several ways."""
    cause: BaseException = error
    inner: Any = error.kwargs.get("error")
    while inner is not None:
        cause = inner
        inner = cause.__cause__ or next((e for e in cause.args if isinstance(e, Exception)), None)
    return cause


def _is_untrusted(cause: BaseException) -> bool:
    """Whether TLS never began, and never will: a CA file or certificate that is no good, no TLS."""
    return not isinstance(cause, ssl.SSLError) or (
        cause.library in ("PEM", "X509")
        or cause.reason in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
    )


def _proxies(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the proxy that the variables name for this URL, by the rules of `urllib.request`.

    botocore's own `get_environ_proxies` knows no environment but the process's.
    """
    scheme, _, host = url.partition("://")
    name, proxy = _lower_first(f"{scheme}_proxy", environ)
    no_proxy = _lower_first("no_proxy", environ)[1]
    if not proxy or proxy_bypass_environment(host, {"no": no_proxy}):
        return {}
    _check_proxy(name, proxy)
    return {scheme: proxy}


def _lower_first(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    found = name if name in environ else name.upper()
    return found, environ.get(found, "")


def _check_proxy(name: str, proxy: str) -> None:
    """Refuse what urllib3 would refuse with all of it, the password too, in the message."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise EndpointUnknown(f"{name} is not the URL of a proxy: give http(s)://host:port")
