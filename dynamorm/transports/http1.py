"""Reads one HTTP/1.1 answer; what is not one to the letter is refused, never guessed at.

Nothing here receives: the reader is a program that yields the most bytes that it wants next and is
sent what has come, so that a thread and an event loop read by the same rules.

The parser of `http.client` costs a fresh process as much CPU as all of dynamorm's own modules do
twice, and every request ten times what this one takes. https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import BytesIO
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")

Reading = Generator[int, bytes, T]
"""Yields how many bytes it wants at most, is sent some, or none at the end, and returns what it
has read. What is more than it wanted stays in the buffer."""

MAX_LINE = 16 << 10
MAX_HEAD = 64 << 10

MAX_BODY = 256 << 20
"""Bytes; DynamoDB's own largest answers have some 16 MB before JSON escapes."""

MAX_INTERIM = 10

MAX_DIGITS = 20
"""Of a Content-Length; leading zeros count."""

RESERVED = 2 << 20
"""Bytes to get in advance at most, whatever a Content-Length says: a page of items has 1 MB, and
what JSON adds."""

LINES = 4 << 10
"""Bytes to ask for where lines are to come."""

PIECE = 64 << 10
"""Bytes to ask for at once: the allocator maps more than this each time, at four times the CPU."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_DIGITS = b"0123456789"
_HEX_DIGITS = b"0123456789abcdefABCDEF"


class Unreadable(Exception):
    """What came is no HTTP/1.1 answer, or one that nobody should send."""


class Incomplete(Exception):
    """The other side closed the connection; `begun` tells whether anything had come."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun
        super().__init__("it ended in the middle of the answer" if begun else "without an answer")


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


class Buffer:
    """What has come on a connection and is not read yet."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self.begun = False
        """Whether anything of the answer has come."""

    @property
    def empty(self) -> bool:
        """Whether all that has come has been read."""
        return self._at == len(self._data)

    def add(self, part: bytes) -> None:
        if not part:
            raise Incomplete(begun=self.begun)
        self.begun = True
        self._data = self._data[self._at :] + part
        self._at = 0

    def take(self, most: int) -> bytes:
        """Return at most so many bytes of what is there."""
        begin = self._at
        self._at = min(begin + most, len(self._data))
        return self._data[begin : self._at]

    def ended_line(self) -> bytes | None:
        """Return the bytes before the next line feed, if that has come."""
        end = self._data.find(b"\n", self._at)
        if end < 0:
            if len(self._data) - self._at > MAX_LINE:
                raise Unreadable("a line of the answer is too long")
            return None
        line = self._data[self._at : end]
        self._at = end + 1
        return line

    def head_line(self) -> bytes | None:
        """Return the next line of a head, without its end, if that has come."""
        line = self.ended_line()
        if line is None:
            return None
        line = line.removesuffix(b"\r")
        if b"\r" in line or b"\0" in line:
            raise Unreadable("a line of the answer's head has a character that it may not have")
        return line

    def exactly(self, count: int) -> Reading[bytes]:
        taken = self.take(count)
        missing = count - len(taken)
        if not missing:
            return taken
        whole = room(count)
        whole.write(taken)
        while missing > 0:
            part = yield min(missing, PIECE)
            if not part or len(part) > missing:
                self.add(part)
                part = self.take(missing)
            whole.write(part)
            missing -= len(part)
        return whole.getvalue()

    def rest(self) -> Reading[bytes]:
        """Read until the other side closes."""
        parts = [self.take(len(self._data))]
        size = check_size(len(parts[0]))
        while part := (yield PIECE):
            parts.append(part)
            size = check_size(size + len(part))
        return b"".join(parts)


def room(count: int) -> BytesIO:
    """Make what a body of so many bytes is gathered in.

    It gives them without another copy. With two at once of a page of items, the C library may give
    their memory back after each page and get it again, for three times the CPU.
    """
    return BytesIO(bytes(min(count, RESERVED)))


def pull(reading: Reading[T], receive: Callable[[int], bytes]) -> T:
    """Perform a reading with a function that gives at most so many bytes, and none at the end."""
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(receive(wanted))
    except StopIteration as stop:
        result: T = stop.value
        return result


def read_answer(buffer: Buffer) -> Reading[Received]:
    """Read the answer to a POST or GET, interim ones passed over."""
    buffer.begun = not buffer.empty
    for _ in range(MAX_INTERIM):
        version, status, fields = yield from read_head(buffer)
        if status >= 200:
            break
    else:
        raise Unreadable("too many interim answers")
    body, delimited = yield from _body(buffer, status, fields)
    options = (fields.get("connection") or "").lower().split(",")
    kept = version == b"HTTP/1.1" and "close" not in [option.strip(_SPACE) for option in options]
    return Received(status, fields, body, kept and delimited and buffer.empty)


def read_head(buffer: Buffer) -> Reading[tuple[bytes, int, Fields]]:
    """Read version, status and header fields, and the empty line after them."""
    while (line := buffer.head_line()) is None:
        buffer.add((yield LINES))
    version, _, rest = line.partition(b" ")
    status, _, _ = rest.partition(b" ")
    known = version in (b"HTTP/1.1", b"HTTP/1.0") and len(status) == 3
    if not known or status.strip(_DIGITS) or status < b"100" or status == b"101":
        raise Unreadable("the answer does not begin as one of HTTP/1.1 does")
    return version, int(status), (yield from _fields(buffer))


def _fields(buffer: Buffer) -> Reading[Fields]:
    fields: dict[str, str] = {}
    name = ""
    size = 0
    while True:
        while (line := buffer.head_line()) is None:
            buffer.add((yield LINES))
        if not line:
            return Fields(fields)
        size += len(line)
        if size > MAX_HEAD:
            raise Unreadable("the answer's head is too long")
        text = line.decode("latin-1")
        if text[0] in " \t" and name:  # a folded line continues the one before
            fields[name] = f"{fields[name]} {text.strip(_SPACE)}"
            continue
        name, colon, value = text.partition(":")
        name = name.lower()
        if not (colon and name and _TOKEN.issuperset(name)):
            raise Unreadable("the answer has an invalid header line")
        value = value.strip(_SPACE)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value


_SPACE = " \t"


def _body(buffer: Buffer, status: int, fields: Fields) -> Reading[tuple[bytes, bool]]:
    """Read the body, and tell whether its end was marked by anything but the connection's."""
    coding = fields.get("transfer-encoding")
    length = fields.get("content-length")
    if status in (204, 304):
        return b"", True
    if coding is None and length is None:
        return (yield from buffer.rest()), False
    if coding is None:
        return (yield from buffer.exactly(_length(length or ""))), True
    if coding.lower() != "chunked" or length is not None:
        raise Unreadable("where the answer's body ends is not said, or said twice")
    return (yield from _chunks(buffer)), True


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
            part += yield from buffer.exactly(count - len(part))
        parts.append(part)
        if (yield from _chunk_line(buffer)):
            raise Unreadable("a chunk of the answer is longer than it says")
    yield from _fields(buffer)
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


def check_size(size: int) -> int:
    """Return the size of a body, or of what has come of it; raises `Unreadable` past the bound."""
    if size > MAX_BODY:
        raise Unreadable("the answer is too long")
    return size
