"""How an endpoint is reached: its address, a proxy on the way, whom to trust, how long to wait.

And what can go wrong on the way, and what each of it means. Several transports make sockets of
their own: the options that all of these get are here too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from .. import errors
from ..errors import TransportError, shown
from ..operations.sending import CONNECT_TIMEOUT, READ_TIMEOUT
from . import HiddenBytes, HiddenText, Profile, Variables, real_path
from .endpoints import is_url

if TYPE_CHECKING:
    import ssl


LONGEST = 1e8
"""Seconds, three years: from 9e9 on a socket's time-out is an OverflowError."""

UNSENT = 128 << 10
"""Bytes that the kernel may hold unsent. What it holds is still on its way when the wait for the
answer begins: of megabytes a slow line would send too little within the read time-out."""

# Linux and macOS have the second one, Windows has not.
_NAMES = {"TCP_NODELAY": 1, "TCP_NOTSENT_LOWAT": UNSENT}

OPTIONS = tuple(
    (socket.IPPROTO_TCP, getattr(socket, name), value)
    for name, value in _NAMES.items()
    if hasattr(socket, name)
)
"""Without the first a request that takes two packets waits 40 ms for an acknowledgement."""


class Proxy(Struct, frozen=True):
    """Where a proxy is, and what it wants to be told."""

    variable: str
    """Which names it."""
    url: HiddenText
    """It may hold a password."""

    def address(self) -> tuple[str, int]:
        """Return host and port."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    def head(self) -> HiddenText:
        """Write the line that says who asks, which is none where the URL has no login."""
        login, at, _ = map(HiddenText, self.url.partition("://")[2].rpartition("@"))
        if not at:
            return login
        from base64 import b64encode
        from urllib.parse import unquote

        # Without a colon, the password is empty.
        plain = HiddenText(unquote(login if ":" in login else f"{login}:"))
        told = b64encode(plain.encode()).decode()
        return HiddenText(f"Proxy-Authorization: Basic {told}\r\n")


class Route(Struct, frozen=True):
    """How to reach a URL; time-outs in seconds, for each step."""

    url: str
    bundle: str = ""
    """A file of authorities to trust instead of the system's."""
    proxy: Proxy | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    path: str = "/"
    """What is asked for; the URL ends before it."""

    @property
    def tls(self) -> bool:
        return self.url.startswith("https:")

    def address(self) -> tuple[str, int]:
        """Return host and port, without the brackets of an IPv6 address."""
        host, colon, port = self.url.partition("://")[2].rpartition(":")
        # Without a port, the last colon, if any, is one of the IPv6 address.
        if not colon or "]" in port:
            return f"{host}{colon}{port}".strip("[]"), 443 if self.tls else 80
        return host.strip("[]"), int(port)

    def head(self, method: str, lines: HiddenText, length: int) -> HiddenBytes:
        """Write a request as far as its body; a proxy is told the whole URL."""
        target, own = self.path, ""
        # Through a tunnel the endpoint reads this, and must not see the proxy's password.
        if self.proxy is not None and not self.tls:
            target, own = f"{self.url}{self.path}", self.proxy.head()
        text = f"{method} {target} HTTP/1.1\r\n{lines}{own}Content-Length: {length}\r\n\r\n"
        return HiddenBytes(text.encode("latin-1"))

    def connect_head(self, proxy: Proxy) -> HiddenBytes:
        """Write what asks a proxy for a tunnel."""
        host, port = self.address()
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proxy.head()}\r\n"
        return HiddenBytes(lines.encode("latin-1"))


def bundle(url: str, environ: Variables, profile: Profile) -> str:
    """Name the file of authorities to trust; empty for those that the system trusts.

    As boto3, it takes an empty value for a mistake, which others take for "trust anybody".
    """
    sources = (
        ("AWS_CA_BUNDLE", environ.get("AWS_CA_BUNDLE")),
        (f"ca_bundle of {profile}", profile.get("ca_bundle")),
        ("REQUESTS_CA_BUNDLE", environ.get("REQUESTS_CA_BUNDLE")),
    )
    for source, value in sources:
        if value is not None:
            if not value.strip():
                raise errors.EndpointUnknown(f"{source} is empty: name a file of authorities")
            return real_path(value, environ)
    return _usual_bundle() if url.startswith("https:") else ""


def _usual_bundle() -> str:
    """Find the authorities that botocore would trust, without loading a package."""
    from importlib.util import find_spec

    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        path = os.path.join(os.path.dirname((spec and spec.origin) or ""), "cacert.pem")
        if spec is not None and os.path.isfile(path):
            return path
    return ""


@cache
def tls_context(bundle: str) -> ssl.SSLContext:
    """Make what verifies certificates, once for a process: reading the authorities takes long."""
    import ssl

    class Socket(ssl.SSLSocket):
        """As the plain one: nobody has to close it."""

        def __del__(self) -> None:
            self.close()

    context = ssl.create_default_context(cafile=bundle or None)
    # A server that prefers HTTP/2 must not choose it.
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = Socket
    return context


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that a variable names for this URL.

    The rules are those of `urllib.request`, of which nothing is imported where no variable names
    one.
    """
    scheme, _, host = url.partition("://")
    name, proxy = _lower_first(f"{scheme}_proxy", environ)
    if not proxy or _bypassed(host, environ):
        return None
    whole = HiddenText(proxy if "://" in proxy else f"http://{proxy}")
    if not _is_proxy(whole):
        # Others would refuse it with all of it, the password too, in the message.
        raise errors.EndpointUnknown(f"{name} is not the URL of a proxy: give http(s)://host:port")
    return Proxy(name, whole)


def _bypassed(host: str, environ: Mapping[str, str]) -> bool:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # no stub

    return bool(proxy_bypass_environment(host, {"no": _lower_first("no_proxy", environ)[1]}))


def _lower_first(name: str, environ: Mapping[str, str]) -> tuple[str, HiddenText]:
    # An empty one hides the other, too: so a proxy is turned off.
    found = name if environ.get(name) is not None else name.upper()
    return found, HiddenText(environ.get(found, ""))


def _is_proxy(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    login, _, place = rest.rpartition("@")
    plain = login.isascii() and login.isprintable() and _NOT_PLAIN.isdisjoint(login)
    return plain and is_url(f"{scheme}://{place}")


_NOT_PLAIN = frozenset(" #/?@[\\]")


UNREACHABLE = "is the region's name right, and is the service (or the emulator) there?"
"""What to ask oneself when a connection cannot be made."""


class Failure(Struct, frozen=True):
    """A way to fail: whether the request may have taken effect, and what to look at."""

    maybe_applied: bool
    message: str
    advice: str = ""


class Why:
    """The ways to fail."""

    NO_CONNECTION = Failure(False, "cannot connect to", UNREACHABLE)
    TOO_LATE = Failure(False, "no connection in time to", UNREACHABLE)
    NO_TURN = Failure(False, "no connection was free in time to")

    NO_PROXY = Failure(
        False,
        "no way through the proxy to",
        "HTTP_PROXY and HTTPS_PROXY name it, NO_PROXY the hosts that need none",
    )

    # TLS may fail after the request has left, too; `is_untrusted` tells when it has not.
    UNTRUSTED = Failure(
        True,
        "no trusted connection to",
        "AWS_CA_BUNDLE names a file of CAs to trust; an endpoint without TLS begins with http://",
    )

    NO_ANSWER = Failure(True, "no answer in time from")
    CLOSED = Failure(True, "connection closed by")
    BROKEN = Failure(True, "no exchange with")


class Failed(Exception):
    """An exchange that brought back no answer, and the error that says why."""

    def __init__(self, failure: Failure, cause: BaseException, *, stale: bool = False) -> None:
        self.failure = failure
        self.cause = without_frames(cause)
        self.stale = stale
        super().__init__(failure.message)

    def error(self, url: str, operation: str) -> TransportError:
        """Put it into words."""
        failure, cause = self.failure, self.cause
        untrusted = failure is Why.UNTRUSTED and is_untrusted(cause)
        return TransportError(
            f"{failure.message} {url}: {shown(str(cause)) or type(cause).__name__}"
            + (failure.advice and f"; {failure.advice}"),
            operation=operation,
            maybe_applied=failure.maybe_applied and not untrusted,
            transient=not untrusted,
            stale=self.stale,
        )


def without_frames(error: BaseException) -> BaseException:
    """Return an error that, and whose causes, let go of what was read before it.

    The frames of a traceback hold half an answer, perhaps of hundreds of megabytes, for as long as
    somebody keeps the error.
    """
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        # One without a traceback has been here: what led to an error may lead in a circle.
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            left += [link.__cause__, link.__context__]
    return error


def is_untrusted(cause: BaseException) -> bool:
    """Return whether TLS cannot begin: a bad CA file or certificate, or no TLS over there."""
    import ssl

    # What is not of TLS is about the file of authorities, which could not be read.
    return not isinstance(cause, ssl.SSLError) or (
        cause.library in ("PEM", "X509")
        or cause.reason in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
    )
