"""Turns a part of an export into objects: items transformed, shuffled and compressed."""

from __future__ import annotations

from collections.abc import Iterator
from gzip import compress
from itertools import islice
from zlib import crc32

from msgspec import Raw

from ...errors import ItemError
from ...items.keys import Made, item_key
from ...operations.parallel import Stop, Stopped
from ..job import Job
from ..pages import TOGETHER
from ..queue import Part
from ..report import Page

LARGEST = 32 << 20
"""Bytes of lines in an object, before they are compressed. A bulk put reads objects in parallel,
best of about the same size: BulkPutItems.BestPractices."""

LEVEL = 1
"""The bytes stay within one region, where a smaller object is worth less than the time for it."""


class Objects:
    """Makes objects of items; all segments share it."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def made_of(self, items: list[Raw], page: Page, stopped: Stop) -> list[bytes]:
        """Return the objects that a part becomes, and count its items as those of a page."""
        objects: list[bytes] = []
        lines: list[bytes] = []
        size = 0
        for raw in items:
            # Before each item: a transform may take seconds for one.
            if stopped():
                raise Stopped
            page.counts.read += 1
            page.counts.bytes += len(raw)
            for made in self._lines_of(raw, page):
                lines.append(made)
                size += len(made)
                if size >= LARGEST:
                    objects.append(_packed(lines))
                    lines, size = [], 0
        return [*objects, _packed(lines)] if lines else objects

    def _lines_of(self, raw: Raw, page: Page) -> Iterator[bytes]:
        """Yield the lines of what becomes of an item."""
        convert = self._job.items.convert
        if convert is None:
            page.counts.written += 1
            yield b'{"Item":%b}\n' % bytes(raw)
            return
        first = True
        try:
            made = convert(raw)
            key = made.key if isinstance(made, Made) else None
            several = iter(made)
            while some := list(islice(several, TOGETHER)):
                first = False
                for one in some:
                    self._count(one, key, page)
                    yield b'{"Item":%b}\n' % bytes(one)
        except ItemError as error:
            self._job.fail(raw, error)
            page.counts.failed += 1
        else:
            page.counts.skipped += first

    def _count(self, raw: bytes | Raw, key: object, page: Page) -> None:
        """Count an item as one that is on its way; raise for one whose key another one has."""
        rule = self._job.items.rule
        if rule is None:
            page.counts.written += 1
            return
        part = Part((raw,), page, key or item_key(raw, self._job.items.target))
        rule.queued(part, None)
        rule.written(part)


def _packed(lines: list[bytes]) -> bytes:
    """Compress lines, in an order that has nothing to do with keys, and is always the same.

    In the order of the source, all items in a row would go to one partition.
    """
    return compress(b"".join(sorted(lines, key=crc32)), LEVEL, mtime=0)
