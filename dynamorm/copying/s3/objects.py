"""Turns a part of an export into objects: items transformed, shuffled and compressed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
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


def objects_of(job: Job, items: list[Raw], page: Page, stopped: Stop) -> list[bytes]:
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
        for made in _made_of(job, raw, page):
            lines.append(b'{"Item":%b}\n' % bytes(made))
            size += len(lines[-1])
            if size >= LARGEST:
                objects.append(_packed(lines))
                lines, size = [], 0
    return [*objects, _packed(lines)] if lines else objects


def _made_of(job: Job, raw: Raw, page: Page) -> Iterator[bytes | Raw]:
    """Yield what becomes of an item, counted as on its way."""
    convert = job.items.convert
    if convert is None:
        page.counts.written += 1
        yield raw
        return
    first = True
    # Some at a time, as in a direct copy: a transform that fails among the first leaves none.
    try:
        made = convert(raw)
        key = made.key if isinstance(made, Made) else None
        several = iter(made)
        while some := list(islice(several, TOGETHER)):
            first = False
            for one in some:
                _count(job, one, key, page)
                yield one
    except ItemError as error:
        job.fail(raw, error)
        page.counts.failed += 1
    else:
        page.counts.skipped += first


def _count(job: Job, raw: bytes | Raw, key: Hashable, page: Page) -> None:
    """Count an item as one that is on its way; raise for one whose key another one has."""
    rule = job.items.rule
    if rule is None:
        page.counts.written += 1
        return
    part = Part((raw,), page, len(raw), key or item_key(raw, job.items.target))
    rule.queued(part, None)
    rule.written(part)


def _packed(lines: list[bytes]) -> bytes:
    """Compress lines, in an order that has nothing to do with keys, and is always the same.

    In the order of the source, all items in a row would go to one partition.
    """
    return compress(b"".join(sorted(lines, key=crc32)), LEVEL, mtime=0)
