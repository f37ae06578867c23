"""Copies a table into another one: streaming, resumable, paced. Nothing here deletes anything.

Each segment is one operation. It reads a page, transforms it, and writes it in batches; a cursor
moves only behind what has been acknowledged. Puts are idempotent, so that writing an item again,
after a lost answer or a killed run, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Raw, json

from .batches import BASE, CAP, ONCE, PATIENCE, Writer
from .effects import Sleep, Steps, call, now, together
from .errors import DynamormError, ItemError
from .jobs import Job, prepare
from .model import Model
from .pages import Key, ScanOutput, scan, units
from .replies import onward
from .reports import CopyReport, Page, Segment
from .settings import CopySettings, check_segments
from .wire import UNREADABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import CopyOptions

__all__ = ["copy_segment", "copy_table"]

FLUSH_EVERY = 5.0
"""Seconds after which a batch is sent though it is not full: its items hold the cursor back."""


def copy_table(
    source: Model | str,
    target: Model | str,
    *,
    segments: int = 8,
    executor: Any = None,
    **options: Unpack[CopyOptions],
) -> Steps[CopyReport]:
    """Copy all items of `source` into `target`, which is there already and may hold others.

    Sends DescribeTable for both, then, for each of `segments` at once, Scan and BatchWriteItem.
    The options, with their defaults:

    - `transform=None`: a function from an instance of the source model to one of the target model,
      to several, or to `None`; or an attribute transform. Without one, items stay the bytes that
      they are.
    - `batch_size=25`: items in one BatchWriteItem at most.
    - `page_limit=None`: items in one Scan page at most; a page has 1 MB anyway.
    - `consistent_read=False`: read what has been written until now, for twice the read units.
    - `max_read_units=None`, `max_write_units=None`: capacity units a second, over all segments.
    - `deadline=None`: seconds, or a function that gives the seconds left; the copy stops in time,
      with `report.done` false.
    - `resume=None`: the `checkpoint` of a report; the copy goes on from there.
    - `progress=None`: called with a report, at most four times a second, from any segment's thread.
    - `on_error="raise"`: or a function that is called with a bad item's attribute values and the
      error, after which the copy goes on.
    - `unmodelled="keep"`: what becomes of attributes that the source model does not know, also
      "drop" or "error".
    - `in_place=False`: whether source and target may be one table.
    - `target_db=None`: the database that the target is in, if it is another one.

    Raises `Refused` before anything is read when the tables or the checkpoint do not fit,
    `CopyIncomplete` with the unwritten items when the service stays too busy, `ItemError` for an
    item that cannot be transformed or written. Every error that ends a copy which has begun has its
    `report`, and so the checkpoint to go on from. `executor` runs the segments in threads.
    """
    check_segments(segments)
    settings = CopySettings(**options)
    job = yield from prepare(source, target, settings, list(range(segments)), segments)
    yield from _perform(job, executor)
    return job.outcome((yield from now()))


def copy_segment(
    source: Model | str,
    target: Model | str,
    *,
    segment: int,
    of: int,
    **options: Unpack[CopyOptions],
) -> Steps[CopyReport]:
    """Copy segment `segment` of `of`; as `copy_table`, for whoever spreads segments over machines.

    Names, numbers and the checkpoint are JSON-safe, and so is the report.
    """
    check_segments(of)
    if type(segment) is not int or segment not in range(of):
        raise ValueError(f"segment= is a number from 0 to {of - 1}, not {segment!r}")
    settings = CopySettings(**options)
    job = yield from prepare(source, target, settings, [segment], of)
    yield from _perform(job, None)
    return job.outcome((yield from now()))


def _perform(job: Job, executor: Any) -> Steps[None]:
    """Run the segments that are not done; an error that ends them carries the report."""
    pending = tuple(
        _copy(job, segment, writer)
        for segment, writer in zip(job.segments, job.writers, strict=True)
        if not segment.point.done
    )
    try:
        if len(pending) == 1:
            yield from pending[0]
        elif pending:
            yield from together(pending, executor)
    except Exception as error:  # a callback's own too: without the checkpoint all was in vain
        found = job.report((yield from now()))
        with suppress(AttributeError):  # a frozen exception takes none
            error.report = found  # type: ignore[attr-defined]  # any other may have it
        raise


def _copy(job: Job, segment: Segment, writer: Writer) -> Steps[None]:
    """Copy one segment until it ends, or until there is no time for another page."""
    longest = 0.0
    more = True
    flushed = yield from now()
    while more:
        began = yield from now()
        left = job.left.at(began)
        if left <= longest:
            break
        yield from job.read_pace.ready(left)
        reply = yield from _read(job, segment)
        if reply is None:
            break
        more = bool(reply.last_evaluated_key)
        yield from _write(job, segment, writer, reply)
        moment = yield from now()
        if more and moment - flushed > FLUSH_EVERY:
            yield from writer.write(rest=True)
            segment.settle()
            flushed = moment
        longest = max(longest, moment - began)
        job.tell(moment)
        if writer.gave_up:
            return
    yield from writer.write(rest=True)
    segment.settle()


def _read(job: Job, segment: Segment) -> Steps[ScanOutput | None]:
    """Read the next page, as long as it takes; `None` when time is up first."""
    settings = job.settings
    # In place, a stale read put back would undo the write that it has not seen.
    consistent = settings.consistent_read or settings.in_place
    payload = scan(
        job.checkpoint.source,
        segment=segment.point.segment,
        of=job.checkpoint.of,
        start=segment.cursor,
        limit=settings.page_limit,
        consistent_read=consistent,
    )
    started = yield from now()
    tries = 0
    while job.left.at(moment := (yield from now())) > 0:
        try:
            reply = yield from call("Scan", payload, ScanOutput, until=ONCE)
            onward("Scan", segment.cursor, reply.last_evaluated_key)
        except DynamormError as error:
            if not error.transient or moment - started > PATIENCE:
                raise
        else:
            estimate = partial(_read_units, reply.items, consistent)
            consumed = units((reply.consumed_capacity,), estimate)
            segment.point.costs.read_units += consumed
            job.read_pace.spent(consumed, (yield from now()))
            return reply
        tries += 1
        longest = min(CAP, BASE * 2**tries)
        if job.left.at((yield from now())) < longest:
            break
        yield Sleep(0.0, spread=longest)
    return None


def _read_units(items: list[Raw], consistent: bool) -> float:
    """Estimate what reading items has cost: a unit for 4 KB, half of it where they may be stale."""
    return sum(map(len, items)) / (4096 if consistent else 8192)


def _parts(job: Job, reply: ScanOutput) -> Iterator[tuple[Key | None, list[Raw]]]:
    """Cut a page where a cursor can be: the key of any item is where a Scan can be gone on with.

    So that a copy whose deadline is too short for a whole page comes to an end all the same.
    """
    size = job.settings.batch_size
    names = [attribute.name for attribute in job.source.key]
    start = 0
    for end in range(size, len(reply.items), size):
        if (key := _key(reply.items[end - 1], names)) is not None:
            yield key, reply.items[start:end]
            start = end
    yield reply.last_evaluated_key or None, reply.items[start:]


def _key(raw: Raw, names: list[str]) -> Key | None:
    """Give an item's key; `None` for an item without one, of which nothing is known here."""
    try:
        attributes = _attributes(raw)
        return {name: _key_value(attributes[name]) for name in names}
    except (KeyError, *UNREADABLE):
        return None


_attributes = json.Decoder(dict[str, Raw]).decode
_key_value = json.Decoder(dict[str, str]).decode


def _write(job: Job, segment: Segment, writer: Writer, reply: ScanOutput) -> Steps[None]:
    """Queue what becomes of a page's items, sending full batches on the way."""
    for cursor, raws in _parts(job, reply):
        page = segment.begin_page(cursor, len(raws))
        if job.convert is None:
            writer.put(raws, page)
        else:
            for raw in raws:
                writer.put(_converted(job, raw, page), page)
        page.read_whole = True
    yield from writer.write()
    segment.settle()


def _converted(job: Job, raw: Raw, page: Page) -> Sequence[bytes | Raw]:
    assert job.convert is not None
    try:
        made = job.convert(raw)
    except ItemError as error:
        job.fail(raw, error)
        page.counts.failed += 1
        return ()
    page.counts.skipped += not made
    return made
