"""Reads one HTTP/1.1 answer; what is not one to the letter is refused, never guessed at.

The parser of `http.client` costs a fresh process as much CPU as all of dynamorm's own modules do
twice, and every request ten times what this one takes. https://www.rfc-editor.org/rfc/rfc9112
Nothing here receives: a function is awaited for what has not come yet, so that a thread and an
event loop read by the same rules.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from io import SEEK_CUR

from .exchange import MAX_DIGITS, Answer, Unreadable, check_size, room

MAX_INTERIM = 10
MAX_LINE = 16 << 10
MAX_HEAD = 64 << 10

LINES = 4 << 10
"""Bytes to ask for where lines are to come."""

PIECE = 64 << 10
"""Bytes to ask for at once: the allocator maps more than this each time, at four times the CPU."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
_DIGITS = b"0123456789"
_HEX_DIGITS = b"0123456789abcdefABCDEF"


class Incomplete(Exception):
    """The other side closed the connection; `begun` tells whether anything had come."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun
        super().__init__("it ended in the middle of the answer" if begun else "without an answer")


class Buffer:
    """What has come on a connection and is not read yet, within bounds.

    `receive` is told how many bytes are wanted at most, and gives some, or none at the end. What is
    more than was wanted stays here.
    """

    def __init__(self, receive: Callable[[Buffer, int], Awaitable[bytes]]) -> None:
        self._receive = receive
        self._data = b""
        self._at = 0
        self.begun = False
        """Whether anything of the answer has come."""
        self.space: memoryview | None = None
        """Where the next bytes can be put instead of being given, so that they are copied once."""
        self.put = 0
        """How many have been put there."""

    @property
    def empty(self) -> bool:
        """Whether all that has come has been read."""
        return self._at == len(self._data)

    async def more(self) -> None:
        """Wait for what comes next."""
        self.add(await self._receive(self, LINES))

    def add(self, part: bytes) -> None:
        """Append what has come; raise `Incomplete` for no bytes, the end of the connection."""
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

    def plain_head(self) -> list[bytes] | None:
        """Return the lines of a head that has come at once, if each of them ends as it should."""
        end = self._data.find(b"\r\n\r\n", self._at)
        # What is odd is left to the reader of single lines, which knows what is allowed.
        if not 0 <= end - self._at <= MAX_HEAD:
            return None
        head = self._data[self._at : end]
        lines = head.split(b"\r\n")
        if not head.count(b"\n") == len(lines) - 1 == head.count(b"\r") or b"\0" in head:
            return None
        self._at = end + 4
        return lines

    async def line(self) -> bytes:
        """Return the bytes before the next line feed."""
        while (end := self._data.find(b"\n", self._at)) < 0:
            if len(self._data) - self._at > MAX_LINE:
                raise Unreadable("a line of the answer is too long")
            await self.more()
        line = self._data[self._at : end]
        self._at = end + 1
        return line

    async def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        taken = self.take(count)
        missing = count - len(taken)
        if not missing:
            return taken
        whole = room(count)
        whole.write(taken)
        while missing > 0:
            # Held only while bytes are received: BytesIO cannot grow under a view of it.
            with whole.getbuffer() as reserved, reserved[whole.tell() :] as self.space:
                part = await self._receive(self, min(missing, PIECE))
            self.space = None
            if self.put:
                whole.seek(self.put, SEEK_CUR)
                missing -= self.put
                self.put = 0
                continue
            # No part is the end, for which `add` raises.
            if not part or len(part) > missing:
                self.add(part)
                part = self.take(missing)
            whole.write(part)
            missing -= len(part)
        return whole.getvalue()

    async def rest(self) -> bytes:
        """Read until the other side closes."""
        parts = [self.take(len(self._data))]
        size = check_size(len(parts[0]))
        while part := await self._receive(self, PIECE):
            parts.append(part)
            size = check_size(size + len(part))
        return b"".join(parts)


class Fields:
    """Header fields, by their names in any case."""

    def __init__(self, by_name: dict[str, str]) -> None:
        self._by_name = by_name

    def get(self, name: str, /) -> str | None:
        return self._by_name.get(name.lower())


async def read_answer(buffer: Buffer, *, bodiless: bool = False) -> tuple[Answer, bool]:
    """Read the answer to a POST or GET, and tell whether its connection can be used again.

    Interim ones are passed over; of `bodiless` ones the head is read.
    """
    for _ in range(MAX_INTERIM):
        if buffer.empty:
            await buffer.more()
        # An empty line is no head: `_begun` refuses it.
        lines = buffer.plain_head() or await _lines(buffer) or [b""]
        version, status = _begun(lines[0])
        fields = _fields(lines[1:])
        if status >= 200:
            break
    else:
        raise Unreadable("too many interim answers")
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    delimited = True
    if bodiless or status in (204, 304):
        body = b""
    elif coding is not None:
        # Two readers of such bytes could see two answers:
        # https://www.rfc-editor.org/rfc/rfc9112#section-6.3
        if coding.lower() != "chunked" or length is not None:
            raise Unreadable("the answer does not say where its body ends, or says it twice")
        body = await _chunks(buffer)
    elif length is not None:
        body = await buffer.exactly(check_size(_length(length)))
    else:
        body, delimited = await buffer.rest(), False
    # HTTP/1.0 closes after an answer. What came behind one would pass for the next.
    kept = version == b"HTTP/1.1" and not _closes(fields.get("connection", ""))
    return Answer(status, Fields(fields), body), kept and delimited and buffer.empty


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


async def _lines(buffer: Buffer) -> list[bytes]:
    """Read the lines before the next empty one, which end in whatever way is allowed."""
    lines: list[bytes] = []
    size = 0
    while line := (await buffer.line()).removesuffix(b"\r"):
        if b"\r" in line or b"\0" in line:
            raise Unreadable("a line of the answer's head has a character that it may not have")
        size += len(line)
        if size > MAX_HEAD:
            raise Unreadable("the answer's head is too long")
        lines.append(line)
    return lines


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
    return int(digits)


async def _chunks(buffer: Buffer) -> bytes:
    parts: list[bytes] = []
    size = 0
    while count := _chunk_size(await _chunk_line(buffer)):
        size = check_size(size + count)
        parts.append(await buffer.exactly(count))
        if await _chunk_line(buffer):
            raise Unreadable("a chunk of the answer is longer than it says")
    # Trailers say nothing that counts, but the next answer begins after them.
    _fields(await _lines(buffer))
    return b"".join(parts)


async def _chunk_line(buffer: Buffer) -> bytes:
    line = await buffer.line()
    if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
        raise Unreadable("a line between chunks of the answer does not end as it must")
    return line[:-1]


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(b" \t")
    if not digits or len(digits) > 16 or digits.strip(_HEX_DIGITS):
        raise Unreadable("a chunk of the answer does not say how long it is")
    return int(digits, 16)
