"""One signed HTTP exchange with DynamoDB, without the HTTP: what to send, what came back.

An answer counts only when it is whole: its length, its checksum and its JSON must agree.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Generator
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Protocol

from msgspec import Raw, Struct, field

from .. import errors
from ..errors import UNREADABLE, DynamormError, ServiceError, TransportError
from ..operations.sending import answered, decoder_of
from . import Credentials
from .credential_source import CredentialSource
from .endpoints import Endpoint

if TYPE_CHECKING:
    from . import CredentialsLike
    from .signing import Pairs, Signed

    Sign = Callable[[CredentialsLike, Endpoint, Pairs, bytes, float, Pairs], Signed]
    """From credentials, endpoint, headers, body, seconds since the epoch, and headers that are not
    signed."""


class Headers(Protocol):
    """Response headers; names in any case."""

    def get(self, name: str, /) -> str | None: ...


class Answer(Struct, frozen=True):
    """What came back, whole or not."""

    status: int
    headers: Headers
    body: bytes


Exchange = Generator["Signed", Answer, bytes]
"""Yields the headers of a request, is sent its answer, returns the answer's body."""


class Signer:
    """Signs requests to one endpoint, by a clock that it sets by the service's when they differ."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: CredentialSource,
        sign: Sign,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self.credentials = credentials
        self._sign = sign
        self._clock = clock
        self._offset = 0.0

    def signed(self, operation: str, body: bytes, credentials: Credentials) -> Signed:
        """Return the headers of a request."""
        moment = self._clock() + self._offset
        return self._sign(credentials, self.endpoint, _asking(operation), body, moment, _UNSIGNED)

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


def exchanging(signer: Signer, operation: str, body: bytes, until: float = inf) -> Exchange:
    """Ask one thing of the service; sign it again, once, when clock or session token were off.

    Credentials are looked up by the moment `until` of the monotonic clock.
    """
    used = signer.credentials.get(until)
    answer = yield signer.signed(operation, body, used)
    verdict = _judged(operation, answer, signer.endpoint.url)
    # Once: a service that goes on refusing is believed.
    if isinstance(verdict, ServiceError) and signer.learn(verdict, used, answer.headers):
        answer = yield signer.signed(operation, body, signer.credentials.get(until))
        verdict = _judged(operation, answer, signer.endpoint.url)
    del answer
    if isinstance(verdict, bytes):
        return verdict
    try:
        raise verdict
    finally:
        del verdict  # its traceback holds this frame, which would hold the error


class _ErrorBody(Struct):
    type: str = field(name="__type")
    message: str | None = None
    capital_message: str | None = field(default=None, name="Message")
    item: Raw = field(default=Raw(), name="Item")
    """What was there when a condition failed, if the request asked for it."""


def read_answer(operation: str, answer: Answer) -> bytes:
    """Return the body of a whole, successful answer; raise what any other one means."""
    verdict = _judged(operation, answer, "")
    del answer  # what was refused is not kept with its error
    if isinstance(verdict, bytes):
        return verdict
    try:
        raise verdict
    finally:
        del verdict


def _judged(operation: str, answer: Answer, url: str) -> bytes | DynamormError:
    """Return the body, or the error that the answer means."""
    # Before the status: of an answer that was cut or damaged, nothing is believed.
    if flaw := _flaw(answer):
        return TransportError(flaw, operation=operation, maybe_applied=True)
    if answer.status == 200:
        if _is_page(answer):
            return foreign_answer(operation, 200, url)
        return answered(answer.body, 200, answer.headers.get("x-amzn-RequestId"))
    try:
        body = decoder_of(_ErrorBody).decode(answer.body)
    except UNREADABLE:
        return foreign_answer(operation, answer.status, url)
    error = errors.service_error(
        # "namespace#Code:http://...": https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
        body.type.partition(":")[0].rpartition("#")[2],
        body.message or body.capital_message or "",
        status=answer.status,
        request_id=answer.headers.get("x-amzn-RequestId") or "",
        operation=operation,
    )
    if isinstance(error, errors.ConditionFailed):
        error.item = bytes(body.item) or None
    return error


def _is_page(answer: Answer) -> bool:
    """Return whether another web server has answered, with a page of its own."""
    kind, first = answer.headers.get("Content-Type"), answer.body.lstrip()[:1]
    if not kind:
        return first == b"<"
    return "json" not in kind.lower() and first not in (b"", b"{", b'"')


def _flaw(answer: Answer) -> str | None:
    length = answer.headers.get("Content-Length")
    if length is not None and length != str(len(answer.body)):
        return f"the answer was cut: {len(answer.body)} of {length:.20} bytes came"
    checksum = answer.headers.get("x-amz-crc32")
    # As text: one that is no number, or is given twice, matches nothing.
    if checksum is not None and checksum != str(zlib.crc32(answer.body)):
        return "the answer was damaged: its CRC32 is not the one it came with"
    return None


def foreign_answer(operation: str, status: int, url: str = "") -> DynamormError:
    """Name an error that is not in DynamoDB's words: something else answered, or half of it did."""
    if status in (429, 500, 502, 503, 504):
        message = f"HTTP status {status} without DynamoDB's error body"
        return errors.service_error(
            "ServiceUnavailable", message, status=status, operation=operation
        )
    place = f" from {url}" if url else ""
    return TransportError(
        f"HTTP status {status}{place} and no answer of DynamoDB's: does the endpoint lead there, "
        "or to a proxy or another service?",
        operation=operation,
        # What greets with a page has made no table; a proxy may have put it in an answer's place.
        maybe_applied=status == 200,
        transient=False,
    )
