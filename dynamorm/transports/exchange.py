"""What came back from DynamoDB, however it was sent: whether it counts, and what it means.

An answer counts only when it is whole: its length, its checksum and its JSON must agree.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Protocol

from msgspec import Raw, Struct, field

from .. import errors
from ..errors import UNREADABLE, DynamormError, TransportError
from ..operations.sending import answered, decoder_of

MAX_BODY = 256 << 20
"""Bytes; DynamoDB's own largest answers have some 16 MB before JSON escapes."""

MAX_DIGITS = 20
"""Of a Content-Length; leading zeros count."""

RESERVED = 2 << 20
"""Bytes to get in advance at most, whatever a Content-Length says: a page of items has 1 MB, and
what JSON adds."""


class Unreadable(Exception):
    """What came is no HTTP/1.1 answer, or one that nobody should send."""


class Headers(Protocol):
    """Response headers; names in any case."""

    def get(self, name: str, /) -> str | None: ...


class Answer(Struct, frozen=True):
    """What came back, whole or not."""

    status: int
    headers: Headers
    body: bytes


def room(count: int) -> BytesIO:
    """Make what a body of so many bytes is gathered in.

    It gives them without another copy. Where there are two copies of a page at once, the C library
    may give their memory back after each page and get it again, for three times the CPU.
    """
    whole = BytesIO()
    if count:
        # Reserved by its last byte: what BytesIO is given, it copies before it writes.
        whole.seek(min(count, RESERVED) - 1)
        whole.write(b"\0")
        whole.seek(0)
    return whole


def check_size(size: int) -> int:
    """Return the size of a body, or of what has come of it; raises `Unreadable` past the bound."""
    if size > MAX_BODY:
        raise Unreadable("the answer is too long")
    return size


class _ErrorBody(Struct):
    type: str = field(name="__type")
    message: str | None = None
    capital_message: str | None = field(default=None, name="Message")
    item: Raw = field(default=Raw(), name="Item")
    """What was there when a condition failed, if the request asked for it."""


def read_answer(operation: str, answer: Answer) -> bytes:
    """Return the body of a whole, successful answer; raise what any other one means."""
    verdict = judged(operation, answer)
    del answer  # what was refused is not kept with its error
    if isinstance(verdict, bytes):
        return verdict
    try:
        raise verdict
    finally:
        del verdict  # its traceback holds this frame, which would hold the error


def judged(operation: str, answer: Answer, url: str = "") -> bytes | DynamormError:
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
