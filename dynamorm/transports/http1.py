"""Reads one HTTP/1.1 answer; what is not one to the letter is refused, never guessed at.

The parser of `http.client` costs a fresh process as much CPU as all of dynamorm's own modules do
twice, and every request ten times what this one takes. https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from .buffer import MAX_DIGITS, MAX_HEAD, Buffer, Reading, Unreadable, check_size

MAX_INTERIM = 10

LINES = 4 << 10
"""Bytes to ask for where lines are to come."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_DIGITS = b"0123456789"
_HEX_DIGITS = b"0123456789abcdefABCDEF"


class Fields:
    """Header fields, by their names in any case."""

    def __init__(self, by_name: dict[str, str]) -> None:
        self._by_name = by_name

    def get(self, name: str, /) -> str | None:
        return self._by_name.get(name.lower())


class Received(Struct, frozen=True):
    """An answer, and whether its connection can be used for another one."""

    status: int
    headers: Fields
    body: bytes
    reusable: bool


def read_answer(buffer: Buffer, *, bodiless: bool = False) -> Reading[Received]:
    """Read the answer to a POST or GET, interim ones passed over; of `bodiless` ones the head."""
    for _ in range(MAX_INTERIM):
        if buffer.empty:
            buffer.add((yield LINES))
        # An empty line is no head: `_begun` refuses it.
        lines = buffer.plain_head() or (yield from _lines(buffer)) or [b""]
        version, status = _begun(lines[0])
        fields = _fields(lines[1:])
        if status >= 200:
            break
    else:
        raise Unreadable("too many interim answers")
    count = 0 if bodiless or status in (204, 304) else _count(fields)
    if count is None:
        body, delimited = yield from _unmeasured(buffer, fields)
    else:
        body, delimited = buffer.take(count), True
        if len(body) < count:
            body = yield from buffer.exactly(count, body)
    # HTTP/1.0 closes after an answer. What came behind one would pass for the next.
    kept = version == b"HTTP/1.1" and not _closes(fields.get("connection", ""))
    return Received(status, Fields(fields), body, kept and delimited and buffer.empty)


# Most lines are those of the answer before: what has been looked at once is not looked at again.
@lru_cache(maxsize=8)
def _begun(line: bytes) -> tuple[bytes, int]:
    """Return version and status of an answer's first line."""
    version, _, rest = line.partition(b" ")
    status, _, _ = rest.partition(b" ")
    # Nobody has asked for another protocol, to which 101 would change.
    known = version in (b"HTTP/1.1", b"HTTP/1.0") and len(status) == 3
    if not known or status.strip(_DIGITS) or status < b"100" or status == b"101":
        raise Unreadable("the answer does not begin as one of HTTP/1.1 does")
    return version, int(status)


def _lines(buffer: Buffer) -> Reading[list[bytes]]:
    """Read the lines before the next empty one, which end in whatever way is allowed."""
    lines: list[bytes] = []
    size = 0
    while True:
        while (line := buffer.head_line()) is None:
            buffer.add((yield LINES))
        if not line:
            return lines
        size += len(line)
        if size > MAX_HEAD:
            raise Unreadable("the answer's head is too long")
        lines.append(line)


def _fields(lines: list[bytes]) -> dict[str, str]:
    try:
        fields = dict(map(_field, lines))
    except Unreadable:  # as a line that continues the one before is, by itself
        return _joined(lines)
    return fields if len(fields) == len(lines) else _joined(lines)


def _joined(lines: list[bytes]) -> dict[str, str]:
    """Read fields of which some have several lines, or come several times."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[0] in b" \t" and name:  # a folded line continues the one before
            fields[name] += f" {line.decode('latin-1').strip(_SPACE)}"
            continue
        name, value = _field(line)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


@lru_cache(maxsize=64)
def _field(line: bytes) -> tuple[str, str]:
    """Return a field's name in small letters, and its value."""
    given, colon, value = line.decode("latin-1").partition(":")
    name = given.lower()
    if not colon or not name or not _TOKEN.issuperset(name):
        raise Unreadable("the answer has an invalid header line")
    return name, value.strip(_SPACE)


_SPACE = " \t"


def _closes(said: str) -> bool:
    """Return whether the other side closes the connection after its answer."""
    return said != "" and "close" in [option.strip(_SPACE) for option in said.lower().split(",")]


def _count(fields: dict[str, str]) -> int | None:
    """Return how many bytes the body has, where that is known before it comes."""
    if "transfer-encoding" in fields:
        return None
    length = fields.get("content-length")
    return None if length is None else _length(length)


def _unmeasured(buffer: Buffer, fields: dict[str, str]) -> Reading[tuple[bytes, bool]]:
    """Read the body, and tell whether its end was marked by anything but the connection's."""
    coding = fields.get("transfer-encoding")
    if coding is None:
        return (yield from buffer.rest()), False
    # Two readers of such bytes could see two answers:
    # https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    if coding.lower() != "chunked" or "content-length" in fields:
        raise Unreadable("the answer does not say where its body ends, or says it twice")
    return (yield from _chunks(buffer)), True


@lru_cache(maxsize=8)
def _length(text: str) -> int:
    lengths = {part.strip(_SPACE) for part in text.split(",")}  # several, if they are the same
    length = lengths.pop()
    digits = length.encode("latin-1")
    if lengths or not digits or digits.strip(_DIGITS):
        raise Unreadable("the answer's Content-Length is not a number")
    # A bound, since Python's own on the digits of a number is no answer for a caller; no cut,
    # which would make another number of a long one.
    if len(digits) > MAX_DIGITS:
        raise Unreadable("the answer's Content-Length has too many digits")
    return check_size(int(digits))


def _chunks(buffer: Buffer) -> Reading[bytes]:
    parts: list[bytes] = []
    size = 0
    # One loop, and a program of its own only for what has not come yet: a body may be of chunks of
    # one byte each.
    while count := _chunk_size((yield from _chunk_line(buffer))):
        size = check_size(size + count)
        part = buffer.take(count)
        if len(part) < count:
            part = yield from buffer.exactly(count, part)
        parts.append(part)
        if (yield from _chunk_line(buffer)):
            raise Unreadable("a chunk of the answer is longer than it says")
    # Trailers say nothing that counts, but the next answer begins after them.
    _fields((yield from _lines(buffer)))
    return b"".join(parts)


def _chunk_line(buffer: Buffer) -> Reading[bytes]:
    while (line := buffer.ended_line()) is None:
        buffer.add((yield LINES))
    if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
        raise Unreadable("a line between chunks of the answer does not end as it must")
    return line[:-1]


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(b" \t")
    if not digits or len(digits) > 16 or digits.strip(_HEX_DIGITS):
        raise Unreadable("a chunk of the answer does not say how long it is")
    return int(digits, 16)
