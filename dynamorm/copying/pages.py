"""Copies one segment: reads a page, cuts it where a cursor can stand, has its parts written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from msgspec import Raw

from ..api.items import ScanOutput, scan
from ..errors import UNREADABLE, ItemError
from ..items.keys import Made, item_digest, item_key
from ..operations import Steps, now
from .asking import Late
from .collisions import digest
from .job import Job
from .segment import Page, Segment, cuts
from .writer import Writer

FLUSH_EVERY = 5.0
"""Seconds after which a batch is sent though it is not full: its items hold the cursor back."""

TOGETHER = 25
"""Items that are made of one before any of them is queued: a transform that fails leaves none."""


class Pages:
    """Copies one segment page by page, while there is time."""

    def __init__(self, job: Job, segment: Segment) -> None:
        self._job = job
        self._segment = segment
        self._names = job.source_key
        kind = Writer
        # In place no two items can come to one key, so that there is nothing to check.
        checks = job.settings.collisions == "check" and not job.same
        if checks or job.settings.existing == "keep":
            from .conditional import ConditionalWriter

            kind = ConditionalWriter
        self._writer = kind(job, segment.point.costs)
        self._flushed = self._moment = 0.0
        # Seconds: the slowest reading of a page, and the slowest dealing with an item.
        self._reading = self._step = 0.0
        self._hurried = False
        """Whether time is to be looked at before each item that is transformed."""

    def copy(self) -> Steps[None]:
        """Copy the segment until it ends, or until there is no time for another page."""
        self._flushed = yield from now()
        self._hurried = self._job.left.at(self._flushed) < float("inf")
        with suppress(Late):
            while (yield from self._page()):
                # What is left of it is held alone: a part of a page holds all of that in memory.
                self._writer.queue.detach()
                self._segment.detach()
                self._job.tell((yield from now()))
        # Also where time is up for another page: the writer itself sends nothing past the deadline.
        yield from self._writer.end()
        self._segment.settle()

    def _page(self) -> Steps[bool]:
        """Copy a page; return whether there is another one, and time for it."""
        job, segment = self._job, self._segment
        began = yield from now()
        # A page of which not one item could be written in time would be paid for in vain.
        if job.left.at(began) <= self._reading + self._step:
            return False
        # In place, a stale read put back would undo the write that it has not seen.
        payload = scan(
            job.checkpoint.source,
            segment=segment.point.segment,
            of=job.checkpoint.of,
            start=segment.cursor,
            limit=job.settings.page_limit,
            consistent_read=job.settings.consistent_read or job.settings.in_place,
        )
        reply = yield from job.reads.scan(payload, segment.cursors, segment.point.costs)
        self._moment = yield from now()
        self._reading = max(self._reading, self._moment - began)
        if job.convert is None:
            yield from self._take_as_it_is(reply)
        else:
            for page, raws in self._parts(reply):
                yield from self._convert(page, raws)
        return bool(reply.last_evaluated_key)

    def _take_as_it_is(self, reply: ScanOutput) -> Steps[None]:
        """Queue a page's items; when time is up the others too, which cost nothing to keep.

        So that an error can tell all that was read and not written.
        """
        late = False
        moment: float | None = self._moment
        for page, raws in self._parts(reply):
            page.counts.read = len(raws)
            page.counts.bytes = self._writer.put(raws, page)
            page.read_whole = True
            if self._writer.full and not late:
                try:
                    yield from self._writer.write(moment=moment)
                except Late:
                    late = True
                moment = self._writer.answered
        if late:
            raise Late
        yield from self._flush((yield from now()))

    def _parts(self, reply: ScanOutput) -> Iterator[tuple[Page, list[Raw]]]:
        """Cut a page where a cursor can be: a Scan can be resumed at the key of any item.

        So that a copy whose deadline is too short for a whole page comes to an end all the same.
        """
        # In place an item alone: `digest` and `sent` of a page are those of its one item.
        size = 1 if self._job.once else self._job.settings.batch_size
        for last, raws in cuts(reply.items, size):
            cursor = reply.last_evaluated_key or None if last is None else None
            yield self._segment.begin_page(cursor, last), raws

    def _convert(self, page: Page, raws: list[Raw]) -> Steps[None]:
        """Queue what the transform makes of a part; where time is up, cut it there."""
        if self._job.once and self._is_written(page, raws):
            return
        convert, writer, counts = self._job.convert, self._writer, page.counts
        assert convert is not None
        ready: list[Made] = []
        for number, raw in enumerate(raws):
            # A part that is cut here ends at the item before, or where it begins: nothing of this
            # one has been done.
            if (number == 0 or self._hurried) and (yield from self._is_late()):
                self._put(ready, page)
                page.last = raws[number - 1] if number else None
                page.cursor, page.read_whole = None, number > 0
                raise Late
            counts.read += 1
            counts.bytes += len(raw)
            try:
                made = convert(raw)
            except ItemError as error:
                self._job.fail(raw, error, counts)
                continue
            if isinstance(made, Made):
                ready.append(made)
                continue
            self._put(ready, page)
            ready = []
            yield from self._several(page, raw, iter(made))
        self._put(ready, page)
        # Not before: while nothing of a part is queued yet, nothing of it is open.
        page.read_whole = True
        if writer.full:
            yield from writer.write()
        yield from self._flush(self._moment)

    def _put(self, ready: list[Made], page: Page) -> None:
        """Queue what has become of items, one of each."""
        self._writer.put([one.raw for one in ready], page, [one.key for one in ready])

    def _is_written(self, page: Page, raws: list[Raw]) -> bool:
        """Return whether a run before this one has written this item, after its last cursor."""
        if len(raws) != 1:  # none, or several of which one has no key
            return False
        with suppress(*UNREADABLE):
            page.digest = digest(item_key(raws[0], self._names))
        segment, key = self._segment, page.digest
        hashed = segment.sent.get(key)
        known = key in segment.ahead or (hashed is not None and item_digest(raws[0]) == hashed)
        if known:
            page.counts.read = page.counts.written = 1
            page.counts.bytes = len(raws[0])
            page.read_whole = True
        # Only now: another segment's thread may save a checkpoint at any moment, and one without it
        # would have it transformed again.
        segment.ahead.discard(key)
        segment.sent.pop(key, None)
        return known

    def _is_late(self) -> Steps[bool]:
        """Return whether there is no time for another item, by the slowest so far."""
        moment = yield from now()
        self._step = max(self._step, moment - self._moment)
        self._moment = moment
        return self._job.left.at(moment) <= self._step

    def _several(self, page: Page, raw: Raw, made: Iterator[bytes | Raw]) -> Steps[None]:
        """Queue what becomes of an item: very many are written before their end is known."""
        first = True
        while True:
            try:
                some = list(islice(made, TOGETHER))
            except ItemError as error:
                self._job.fail(raw, error, page.counts)
                return
            page.counts.skipped += first and not some
            first = False
            self._writer.put(some, page)
            if self._writer.full:
                yield from self._writer.write()
            if len(some) < TOGETHER:
                return

    def _flush(self, moment: float) -> Steps[None]:
        """Send a batch that is not full, where it has waited for long."""
        if moment - self._flushed > FLUSH_EVERY:
            self._flushed = moment
            yield from self._writer.write(rest=True)
