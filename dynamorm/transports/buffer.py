"""What has come on a connection and is not read yet, within bounds.

Nothing here receives: a reading is a program that yields the most bytes that it wants next and is
sent what has come, so that a thread and an event loop read by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import SEEK_CUR, BytesIO
from typing import TypeVar

T = TypeVar("T")

Reading = Generator[int, bytes, T]
"""Yields how many bytes it wants at most, is sent some, or none at the end, and returns what it
has read. What is more than it wanted stays in the buffer."""

MAX_LINE = 16 << 10
MAX_HEAD = 64 << 10

MAX_BODY = 256 << 20
"""Bytes; DynamoDB's own largest answers have some 16 MB before JSON escapes."""

MAX_DIGITS = 20
"""Of a Content-Length; leading zeros count."""

RESERVED = 2 << 20
"""Bytes to get in advance at most, whatever a Content-Length says: a page of items has 1 MB, and
what JSON adds."""

PIECE = 64 << 10
"""Bytes to ask for at once: the allocator maps more than this each time, at four times the CPU."""


class Unreadable(Exception):
    """What came is no HTTP/1.1 answer, or one that nobody should send."""


class Incomplete(Exception):
    """The other side closed the connection; `begun` tells whether anything had come."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun
        super().__init__("it ended in the middle of the answer" if begun else "without an answer")


class Buffer:
    """What has come on a connection and is not read yet."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0
        self.begun = False
        """Whether anything of the answer has come."""
        self.space: memoryview | None = None
        """Where the next bytes can be put instead of being sent, so that they are copied once."""
        self.put = 0
        """How many have been put there."""

    @property
    def empty(self) -> bool:
        """Whether all that has come has been read."""
        return self._at == len(self._data)

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

    def head_line(self) -> bytes | None:
        """Return the next line of a head, without its end, if that has come."""
        line = self.ended_line()
        if line is None:
            return None
        line = line.removesuffix(b"\r")
        if b"\r" in line or b"\0" in line:
            raise Unreadable("a line of the answer's head has a character that it may not have")
        return line

    def exactly(self, count: int, taken: bytes) -> Reading[bytes]:
        """Read so many bytes, of which the first have been taken and the others have not come."""
        whole = room(count)
        whole.write(taken)
        missing = count - len(taken)
        while missing > 0:
            # Held only while bytes are received: BytesIO cannot grow under a view of it.
            with whole.getbuffer() as reserved, reserved[whole.tell() :] as self.space:
                part = yield min(missing, PIECE)
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
    whole = BytesIO()
    if count:
        # Reserved by its last byte: what BytesIO is given, it copies before it writes.
        whole.seek(min(count, RESERVED) - 1)
        whole.write(b"\0")
        whole.seek(0)
    return whole


def pull(reading: Reading[T], receive: Callable[[int], bytes]) -> T:
    """Perform a reading with a function that gives at most so many bytes, and none at the end."""
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(receive(wanted))
    except StopIteration as stop:
        result: T = stop.value
        return result


def check_size(size: int) -> int:
    """Return the size of a body, or of what has come of it; raises `Unreadable` past the bound."""
    if size > MAX_BODY:
        raise Unreadable("the answer is too long")
    return size
