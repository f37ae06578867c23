"""What a segment has still to write: whole slices of pages, cut only where a request ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence

from msgspec import Raw, Struct

from .report import Page

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BODY = 15_500_000
"""Bytes of items in one request. The service takes 16 MB of JSON, which can be six times the size
that items count as: control characters are escaped, and binary values are base64."""


class Part(Struct, eq=False):
    """Items of one page on their way: each alone where keys are watched, or one was refused."""

    raws: Sequence[bytes | Raw]
    page: Page
    size: int
    """Bytes of the items."""
    key: Hashable = None
    older: Part | None = None
    """One with the same key that this one stands for: it falls when this one is acknowledged."""
    replaced: bool = False
    """Whether another one stands for it."""

    def singly(self) -> list[Part]:
        """Return a part for each item."""
        if len(self.raws) == 1:
            return [self]
        return [Part((raw,), self.page, len(raw)) for raw in self.raws]

    def cut(self, number: int) -> tuple[Part, Part]:
        """Return the first items, so many of them, and the others."""
        first = self.raws[:number]
        size = size_of(first)
        rest = Part(self.raws[number:], self.page, self.size - size)
        return Part(first, self.page, size), rest


class Queue:
    """Parts in the order in which they are to be sent; what was refused comes first again."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.items = 0

    def __iter__(self) -> Iterator[bytes | Raw]:
        """Give the items that no other one stands for."""
        for part in tuple(self._parts):
            yield from () if part.replaced else part.raws

    def put(self, part: Part) -> None:
        """Queue a part, unless a transform has left nothing of it."""
        if number := len(part.raws):
            self._parts.append(part)
            self.items += number

    def detach(self) -> None:
        """Hold the items apart from the pages that they are parts of."""
        for part in self._parts:
            part.raws = [bytes(raw) for raw in part.raws]

    def put_back(self, parts: list[Part]) -> None:
        self._parts.extendleft(reversed(parts))
        self.items += count(parts)

    def take(self, most: int) -> list[Part]:
        """Take the next items, as many as one request can hold, and `most`."""
        batch, left, parts = [], most, self._parts
        while left and parts:
            part = parts.popleft()
            number = len(part.raws)
            if number > left:
                part, rest = part.cut(left)
                number = left
                parts.appendleft(rest)
            left -= number
            # Dropped only here: to take it out of the middle of the queue would be a search.
            if not part.replaced:
                batch.append(part)
        self.items -= most - left
        # One item always fits: of 400 KB, escaped, it has 2.4 MB.
        if _size(batch) > MAX_BODY:
            batch = singly(batch)
            while len(batch) > 1 and _size(batch) > MAX_BODY:
                self.put_back([batch.pop()])
        return batch


def count(parts: list[Part]) -> int:
    """Return the number of items in parts."""
    return sum([len(part.raws) for part in parts])


def singly(parts: list[Part]) -> list[Part]:
    """Return parts of one item each."""
    return [one for part in parts for one in part.singly()]


def size_of(raws: Sequence[bytes | Raw]) -> int:
    """Return the bytes of items."""
    return sum(map(len, raws))


def whole_units(parts: list[Part]) -> int:
    """Estimate the write units of items: one for each begun kilobyte of each."""
    return -sum([-len(raw) // 1024 for part in parts for raw in part.raws])


def _size(parts: list[Part]) -> int:
    return sum([part.size for part in parts])
