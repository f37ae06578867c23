"""Reads one HTTP/1.1 answer; what is not one to the letter is refused, never guessed at.

The parser of `http.client` costs a fresh process as much CPU as all of dynamorm's own modules do
twice, and every request ten times what this one takes. https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

__all__ = [
    "Fields",
    "Incomplete",
    "Received",
    "Stream",
    "Unreadable",
    "check_size",
    "read_answer",
    "read_head",
]

MAX_LINE = 16 << 10
MAX_HEAD = 64 << 10
MAX_BODY = 256 << 20
"""Bytes; DynamoDB's own largest answers have some 16 MB before JSON escapes."""
MAX_INTERIM = 10
PIECE = 64 << 10
"""Bytes to ask for at once: more than this is mapped anew each time, at four times the CPU."""

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


class Stream:
    """Bytes as they come in; `receive(n)` gives at most `n` of them, and none at the end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = b""
        self.begun = False

    @property
    def empty(self) -> bool:
        """Whether all that has come has been read."""
        return not self._buffer

    def line(self) -> bytes:
        """Read up to the next line feed, and give what is before it and its carriage return."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE:
                raise Unreadable("a line of the answer's head is too long")
            self._buffer += self._more(4096)
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        line = line.removesuffix(b"\r")
        if b"\r" in line or b"\0" in line:
            raise Unreadable("a line of the answer's head has a character that it may not have")
        return line

    def exactly(self, count: int) -> bytes:
        missing = count - len(self._buffer)
        if missing <= 0:
            taken, self._buffer = self._buffer[:count], self._buffer[count:]
            return taken
        parts = [self._buffer]
        self._buffer = b""
        while missing > 0:
            parts.append(self._more(min(missing, PIECE)))
            missing -= len(parts[-1])
        return b"".join(parts)

    def rest(self) -> bytes:
        """Read until the other side closes."""
        parts = [self._buffer]
        size = len(self._buffer)
        self._buffer = b""
        while part := self._receive(PIECE):
            parts.append(part)
            size += len(part)
            check_size(size)
        return b"".join(parts)

    def _more(self, most: int) -> bytes:
        part = self._receive(most)
        if not part:
            raise Incomplete(begun=self.begun)
        self.begun = True
        return part


def read_answer(stream: Stream) -> Received:
    """Read the answer to a POST or GET, interim ones passed over."""
    stream.begun = not stream.empty
    for _ in range(MAX_INTERIM):
        version, status, fields = read_head(stream)
        if status >= 200:
            break
    else:
        raise Unreadable("too many interim answers")
    body, delimited = _body(stream, status, fields)
    options = (fields.get("connection") or "").lower().replace(" ", "").split(",")
    kept = version == b"HTTP/1.1" and "close" not in options
    return Received(status, fields, body, kept and delimited and stream.empty)


def read_head(stream: Stream) -> tuple[bytes, int, Fields]:
    """Read version, status and header fields, and the empty line after them."""
    line = stream.line()
    version, _, rest = line.partition(b" ")
    status, _, _ = rest.partition(b" ")
    known = version in (b"HTTP/1.1", b"HTTP/1.0") and len(status) == 3
    if not known or status.strip(_DIGITS) or status < b"100" or status == b"101":
        raise Unreadable("the answer does not begin as one of HTTP/1.1 does")
    return version, int(status), _fields(stream)


def _fields(stream: Stream) -> Fields:
    fields: dict[str, str] = {}
    name = ""
    size = 0
    while line := stream.line():
        size += len(line)
        if size > MAX_HEAD:
            raise Unreadable("the answer's head is too long")
        text = line.decode("latin-1")
        if text[0] in " \t" and name:  # a folded line goes on with the one before
            fields[name] = f"{fields[name]} {text.strip(_SPACE)}"
            continue
        name, colon, value = text.partition(":")
        name = name.lower()
        if not (colon and name and _TOKEN.issuperset(name)):
            raise Unreadable("the answer has a header line that is none")
        value = value.strip(_SPACE)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return Fields(fields)


_SPACE = " \t"


def _body(stream: Stream, status: int, fields: Fields) -> tuple[bytes, bool]:
    """Read the body, and tell whether its end was marked by anything but the connection's."""
    coding = fields.get("transfer-encoding")
    length = fields.get("content-length")
    if status in (204, 304):
        return b"", True
    if coding is None and length is None:
        return stream.rest(), False
    if coding is None:
        return stream.exactly(_length(length or "")), True
    if coding.lower() != "chunked" or length is not None:
        raise Unreadable("where the answer's body ends is not said, or said twice")
    return _chunks(stream), True


def _length(text: str) -> int:
    lengths = {part.strip(_SPACE) for part in text.split(",")}  # several, if they are the same
    length = lengths.pop()
    digits = length.encode("latin-1")
    if lengths or not digits or digits.strip(_DIGITS):
        raise Unreadable("the answer's Content-Length is no number")
    return check_size(int(length[:20]))


def _chunks(stream: Stream) -> bytes:
    parts: list[bytes] = []
    size = 0
    while count := _chunk_size(stream.line()):
        size = check_size(size + count)
        parts.append(stream.exactly(count))
        if stream.line():
            raise Unreadable("a chunk of the answer is longer than it says")
    _fields(stream)
    return b"".join(parts)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(b" \t")
    if not digits or len(digits) > 16 or digits.strip(_HEX_DIGITS):
        raise Unreadable("a chunk of the answer does not say how long it is")
    return int(digits, 16)


def check_size(size: int) -> int:
    """Give the size of a body, or of what has come of it; raises `Unreadable` past the bound."""
    if size > MAX_BODY:
        raise Unreadable("the answer is too long")
    return size
