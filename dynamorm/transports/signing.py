"""Signature Version 4 for DynamoDB: pure, and written for this one service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from typing import TYPE_CHECKING

from . import Hidden, HiddenHeaders, HiddenItems, HiddenText
from .endpoints import Endpoint, split_path

if TYPE_CHECKING:
    from . import CredentialsLike

Pairs = tuple[tuple[str, str], ...]
"""Names and values of headers."""

SERVICE = "dynamodb"

BLOCK = 64
"""Bytes that SHA-256 takes at once, and that a key is as long as."""


def sign(
    credentials: CredentialsLike,
    endpoint: Endpoint,
    headers: Pairs,
    body: bytes,
    moment: float,
    unsigned: Pairs = (),
) -> Signed:
    """Sign these headers, and those that a signature adds, but not the last ones."""
    access = HiddenItems((credentials.access_key, credentials.secret_key, credentials.token))
    place = (endpoint.url, endpoint.region, SERVICE)
    same = _same(int(moment), place, access, headers, unsigned)
    # Of a copy: requests of this second that follow begin with the same hash.
    request = same.request.copy()
    request.update(sha256(body).hexdigest().encode())
    text = f"{same.text}{request.hexdigest()}".encode()
    return Signed(same, f"{same.authorization}{same.key.mac(text).hex()}")


class Signed(Hidden):
    """The headers of one request."""

    __slots__ = ("_authorization", "_same")

    def __init__(self, same: _Same, authorization: str) -> None:
        self._same = same
        self._authorization = authorization

    def headers(self) -> HiddenHeaders:
        made = HiddenHeaders(self._same.headers)
        made["Authorization"] = self._authorization
        return made

    def lines(self) -> HiddenText:
        """Write them as a request has them."""
        return HiddenText(f"{self._same.lines}Authorization: {self._authorization}\r\n")


class _Same(Hidden):
    """What requests of one second have in common, but for their bodies."""

    __slots__ = ("authorization", "headers", "key", "lines", "request", "text")

    def __init__(
        self,
        timestamp: str,
        scope: str,
        access: HiddenItems,
        signed: HiddenHeaders,
        unsigned: Pairs,
        path: str,
    ) -> None:
        lines = sorted((name.lower(), value) for name, value in signed.items())
        names = ";".join(name for name, _ in lines)
        canonical = "".join(f"{name}:{value}\n" for name, value in lines)
        self.headers = HiddenHeaders((*signed.items(), *unsigned))
        self.lines = self.headers.lines()
        self.request = sha256(f"POST\n{path}\n\n{canonical}\n{names}\n".encode())
        self.text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n"
        self.key = _key(access[1], scope)
        self.authorization = (
            f"AWS4-HMAC-SHA256 Credential={access[0]}/{scope}, SignedHeaders={names}, Signature="
        )


@lru_cache(maxsize=16)
def _same(
    second: int, place: tuple[str, str, str], access: HiddenItems, headers: Pairs, unsigned: Pairs
) -> _Same:
    timestamp = strftime("%Y%m%dT%H%M%SZ", gmtime(second))
    url, region, service = place
    host, path = _target(url)
    signed = HiddenHeaders(headers)
    signed |= {"Host": host, "X-Amz-Date": timestamp}
    if access[2]:
        signed["X-Amz-Security-Token"] = access[2]
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    return _Same(timestamp, scope, access, signed, unsigned, path)


@lru_cache(maxsize=4)
def _target(url: str) -> tuple[str, str]:
    """Return the Host header and the path as it is signed."""
    base, path = split_path(url)
    return _host(base), _normal(path)


def _normal(path: str) -> str:
    """Remove the slashes that follow a slash, as all services but S3 sign a path."""
    words = "/".join(filter(None, path.split("/")))
    return f"/{words}/" if words and path.endswith("/") else f"/{words}"


_INNER = int.from_bytes(b"\x36" * BLOCK, "big")
_OUTER = int.from_bytes(b"\x5c" * BLOCK, "big")


class _Key(Hidden):
    """HMAC-SHA256 by one key, of which the first half of the work is done once.

    `hmac.digest` does it for each message, and takes three times as long for short ones.
    https://www.rfc-editor.org/rfc/rfc2104
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        short = key if len(key) <= BLOCK else sha256(key).digest()
        number = int.from_bytes(short.ljust(BLOCK, b"\0"), "big")
        self._inner = sha256((number ^ _INNER).to_bytes(BLOCK, "big"))
        self._outer = sha256((number ^ _OUTER).to_bytes(BLOCK, "big"))

    def mac(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@lru_cache(maxsize=4)
def _key(secret: str, scope: str) -> _Key:
    """Derive the key of a day, region and service."""
    key = _Key(f"AWS4{secret}".encode())
    for part in scope.split("/"):
        key = _Key(key.mac(part.encode()))
    return key


def _host(url: str) -> str:
    """Return the Host header, which has no port where it is the scheme's own."""
    scheme, _, host = url.partition("://")
    return host.removesuffix(":443" if scheme == "https" else ":80")
