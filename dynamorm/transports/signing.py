"""Signature Version 4, written for this one service, and requests that are signed by it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from hashlib import sha256
from math import inf

from ..errors import ServiceError
from . import Credentials, Hidden, HiddenHeaders, HiddenItems, HiddenText
from .credential_source import CredentialSource
from .endpoints import Endpoint, split_path
from .exchange import Answer, Headers, judged
from .routes import without_frames

Pairs = tuple[tuple[str, str], ...]
"""Names and values of headers."""

SERVICE = "dynamodb"

BLOCK = 64
"""Bytes that SHA-256 takes at once, and that a key is as long as."""


def sign(
    credentials: Credentials,
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
        second: int,
        place: tuple[str, str, str],
        access: HiddenItems,
        headers: Pairs,
        unsigned: Pairs,
    ) -> None:
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        url, region, service = place
        base, path = split_path(url)
        signed = HiddenHeaders(headers)
        signed |= {"Host": _host(base), "X-Amz-Date": timestamp}
        if access[2]:
            signed["X-Amz-Security-Token"] = access[2]
        scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
        lines = sorted((name.lower(), value) for name, value in signed.items())
        names = ";".join(name for name, _ in lines)
        canonical = "".join(f"{name}:{value}\n" for name, value in lines)
        self.headers = HiddenHeaders((*signed.items(), *unsigned))
        self.lines = self.headers.lines()
        self.request = sha256(f"POST\n{_normal(path)}\n\n{canonical}\n{names}\n".encode())
        self.text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n"
        self.key = _key(access[1], scope)
        self.authorization = (
            f"AWS4-HMAC-SHA256 Credential={access[0]}/{scope}, SignedHeaders={names}, Signature="
        )


_same = lru_cache(maxsize=16)(_Same)


def _host(url: str) -> str:
    """Return the Host header, which has no port where it is the scheme's own."""
    scheme, _, host = url.partition("://")
    return host.removesuffix(":443" if scheme == "https" else ":80")


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


class Signer:
    """Signs requests to one endpoint, by a clock that it sets by the service's when they differ."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: CredentialSource,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self.credentials = credentials
        self._clock = clock
        self._offset = 0.0

    def signed(self, operation: str, body: bytes, credentials: Credentials) -> Signed:
        """Return the headers of a request."""
        moment = self._clock() + self._offset
        return sign(credentials, self.endpoint, _asking(operation), body, moment, _UNSIGNED)

    def learn(self, error: ServiceError, used: Credentials, headers: Headers) -> bool:
        """Take from a refusal what a second signature can do better; `False` if nothing."""
        if error.code in _EXPIRED:
            return self.credentials.forget(used)
        if not _is_skew(error):
            return False
        moment = _seconds(headers.get("Date") or "")
        if moment is None:
            return False
        # Kept for all that follows: a clock that is wrong stays wrong.
        self._offset = moment - self._clock()
        return True


def target_headers(operation: str) -> dict[str, str]:
    """Return the headers that say what a request asks for, and how its body is written."""
    return {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }


@lru_cache(maxsize=64)
def _asking(operation: str) -> Pairs:
    if not (operation.isascii() and operation.isalnum()):
        # It becomes a header, in which a line break would begin another one.
        raise ValueError(f"an operation is a word of letters and digits, not {operation!r:.50}")
    return tuple(target_headers(operation).items())


# The checksum is over the bytes before they are decompressed. A proxy may rewrite these two.
_UNSIGNED = (("Accept-Encoding", "identity"), ("User-Agent", "dynamorm"))
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})


def _is_skew(error: ServiceError) -> bool:
    # InvalidSignatureException says "Signature expired: ..." or "Signature not yet current: ...".
    return error.code in ("RequestExpired", "RequestTimeTooSkewed") or (
        error.code == "InvalidSignatureException"
        and ("expired" in error.message or "not yet current" in error.message)
    )


def _seconds(date: str) -> float | None:
    from datetime import timezone
    from email.utils import parsedate_to_datetime

    try:
        # Always GMT: https://www.rfc-editor.org/rfc/rfc9110#name-date
        return parsedate_to_datetime(date).replace(tzinfo=timezone.utc).timestamp()
    except (OverflowError, ValueError):
        return None


async def exchanged(
    signer: Signer,
    post: Callable[[str, Signed, bytes, float], Awaitable[Answer]],
    operation: str,
    body: bytes,
    until: float = inf,
) -> bytes:
    """Ask one thing of the service; sign it again, once, when clock or session token were off.

    `post` is given the operation, the headers, the body and the moment `until` of the monotonic
    clock, by which credentials are looked up too.
    """
    again = False
    while True:
        used = signer.credentials.get(until)
        try:
            answer = await post(operation, signer.signed(operation, body, used), body, until)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            # The frames further in hold the headers as text.
            raise without_frames(error) from error.__cause__
        verdict = judged(operation, answer, signer.endpoint.url)
        # Once: a service that goes on refusing is believed.
        if again or not isinstance(verdict, ServiceError):
            break
        if not signer.learn(verdict, used, answer.headers):
            break
        again = True
    del answer  # what was refused is not kept with its error
    if isinstance(verdict, bytes):
        return verdict
    try:
        raise verdict
    finally:
        del verdict  # its traceback holds this frame, which would hold the error
