"""Copies a table into another one: streaming, resumable, paced. Nothing here deletes anything.

Each segment is one operation. It reads a page, transforms it, and writes it in batches; a cursor
moves only behind what has been acknowledged. Puts are idempotent, so that writing an item again,
after a lost answer or a killed run, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from msgspec import Raw, json

from .batches import BASE, CAP, PATIENCE, TimeLeft, Writer
from .canonical import item_key
from .described import described_spec
from .effects import Sleep, Steps, call, now, together
from .errors import CopyIncomplete, DynamormError, ItemError, Refused
from .model import Model, table_name
from .pace import Pace
from .pages import ScanOutput, scan, units
from .prefixing import elsewhere
from .reports import Checkpoint, CopyReport, Page, Segment, read_checkpoint, report
from .settings import CopySettings, check_segments
from .spec import TableSpec
from .tables import describe_table
from .transforms import converter

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import CopyOptions

__all__ = ["copy_segment", "copy_table"]

PROGRESS_EVERY = 0.25
"""Seconds between two reports at least."""

Convert = Callable[[Raw], Sequence[bytes | Raw]]


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
    item that cannot be transformed or written. Every error that ends a copy has its `report`, and
    so the checkpoint to go on from.
    """
    check_segments(segments)
    settings = CopySettings(**options)
    job = yield from _prepare(source, target, settings, list(range(segments)), segments)
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
    if segment not in range(of):
        raise ValueError(f"segment= is a number from 0 to {of - 1}, not {segment!r}")
    settings = CopySettings(**options)
    job = yield from _prepare(source, target, settings, [segment], of)
    yield from _perform(job, None)
    return job.outcome((yield from now()))


class _Job:
    """What the segments of one copy share."""

    def __init__(
        self,
        source: TableSpec,
        target: TableSpec,
        settings: CopySettings,
        convert: Convert | None,
        checkpoint: Checkpoint,
        started: float,
    ) -> None:
        self.source = source
        self.target = target
        self.settings = settings
        self.convert = convert
        self.checkpoint = checkpoint
        self.left = TimeLeft(settings.deadline, started)
        self.read_pace = Pace(settings.max_read_units)
        self.write_pace = Pace(settings.max_write_units)
        self.segments = [Segment(point) for point in checkpoint.segments]
        self.writers = [self._writer(segment) for segment in self.segments]
        self._started = started - checkpoint.seconds
        self._reported = started
        self._lock = Lock()

    def _writer(self, segment: Segment) -> Writer:
        elsewhere_too = self.settings.target_db
        return Writer(
            self.target.name,
            tuple(attribute.name for attribute in self.target.key),
            segment.point,
            self.write_pace,
            self.left,
            batch_size=self.settings.batch_size,
            unique=self.convert is None,
            on_poison=self.fail,
            on_batch=self.tell,
            wrap=lambda steps: elsewhere(steps, elsewhere_too) if elsewhere_too else steps,
        )

    def report(self, moment: float) -> CopyReport:
        return report(self.checkpoint, self.segments, moment - self._started)

    def tell(self, moment: float) -> None:
        """Call `progress`, unless that was done a moment ago."""
        if self.settings.progress is None:
            return
        with self._lock:
            if moment - self._reported < PROGRESS_EVERY:
                return
            self._reported = moment
        self.settings.progress(self.report(moment))

    def fail(self, raw: bytes | Raw, error: DynamormError) -> None:
        """Hand a bad item to `on_error`, or raise."""
        if self.settings.on_error == "raise":
            raise error
        self.settings.on_error(json.decode(raw), error)

    def outcome(self, moment: float) -> CopyReport:
        """Give the last report; raise when items could not be written."""
        final = self.report(moment)
        if self.settings.progress is not None:
            self.settings.progress(final)
        given_up = [writer for writer in self.writers if writer.refused or writer.gave_up]
        if given_up and not final.done:
            unwritten = [item for writer in self.writers for item in writer.unwritten()]
            trouble = next((w.trouble for w in given_up if w.trouble is not None), None)
            raise CopyIncomplete(final, tuple(map(json.decode, unwritten))) from trouble
        return final


def _prepare(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    segments: list[int],
    of: int,
) -> Steps[_Job]:
    """Refuse what does not fit, and look both tables' keys up."""
    started = yield from now()
    names = table_name(source), table_name(target)
    if names[0] == names[1] and settings.target_db is None and not settings.in_place:
        raise Refused((f"source and target are the same table, {names[0]}: say in_place=True",))
    checkpoint = read_checkpoint(settings.resume, *names, segments, of)
    described = yield from describe_table(names[0])
    there = describe_table(names[1])
    found = yield from elsewhere(there, settings.target_db) if settings.target_db else there
    ours, theirs = described_spec(described, names[0]), described_spec(found, names[1])
    changes_keys = ours.key != theirs.key or not _keys(theirs) <= _keys(ours)
    convert: Convert | None = None
    if settings.transform is not None or changes_keys:
        convert = converter(
            None if isinstance(source, str | TableSpec) else source,
            None if isinstance(target, str | TableSpec) else target,
            theirs,
            settings.transform,
            settings.unmodelled,
        )
    if convert is not None and settings.in_place:
        convert = _same_key(convert, tuple(attribute.name for attribute in ours.key))
    return _Job(ours, theirs, settings, convert, checkpoint, started)


def _keys(spec: TableSpec) -> set[Any]:
    """Give all key attributes, those of indexes too: a source with the same has checked them."""
    return {*spec.key, *(attribute for index in spec.indexes for attribute in index.key)}


def _same_key(convert: Convert, names: tuple[str, ...]) -> Convert:
    """Refuse a transform that moves an item within the table that is being read."""

    def checked(raw: Raw) -> Sequence[bytes | Raw]:
        made = convert(raw)
        if any(item_key(item, names) != item_key(raw, names) for item in made):
            raise ItemError("in place, a transform cannot change an item's key", ", ".join(names))
        return made

    return checked


def _perform(job: _Job, executor: Any) -> Steps[None]:
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
    except DynamormError as error:
        error.report = job.report((yield from now()))
        raise


def _copy(job: _Job, segment: Segment, writer: Writer) -> Steps[None]:
    """Copy one segment until it ends, or until there is no time for another page."""
    longest = 0.0
    cursor_known = True
    while cursor_known:
        began = yield from now()
        left = job.left.at(began)
        if left <= longest:
            break
        yield from job.read_pace.ready(left)
        reply = yield from _read(job, segment)
        if reply is None:
            break
        page = segment.begin_page(reply.last_evaluated_key or None, len(reply.items))
        cursor_known = page.cursor is not None
        yield from _write(job, segment, writer, page, reply.items)
        moment = yield from now()
        longest = max(longest, moment - began)
        job.tell(moment)
        if writer.gave_up:
            return
    yield from writer.write(rest=True)
    segment.settle()


def _read(job: _Job, segment: Segment) -> Steps[ScanOutput | None]:
    """Read the next page, as long as it takes; `None` when time is up first."""
    settings = job.settings
    payload = scan(
        job.source.name,
        segment=segment.point.segment,
        of=job.checkpoint.of,
        start=segment.cursor,
        limit=settings.page_limit,
        consistent_read=settings.consistent_read,
    )
    started = yield from now()
    tries = 0
    while (left := job.left.at(moment := (yield from now()))) > 0:
        try:
            reply = yield from call("Scan", payload, ScanOutput, until=moment + left)
        except DynamormError as error:
            if not error.transient or moment - started > PATIENCE:
                raise
        else:
            size = sum(map(len, reply.items))
            consumed = units((reply.consumed_capacity,), size / 8192)
            segment.point.read_units += consumed
            job.read_pace.spent(consumed, (yield from now()))
            return reply
        tries += 1
        yield Sleep(0.0, spread=min(CAP, BASE * 2**tries, left))
    return None


def _write(
    job: _Job, segment: Segment, writer: Writer, page: Page, items: list[Raw]
) -> Steps[None]:
    """Queue what becomes of a page's items, sending full batches on the way."""
    if job.convert is None:
        writer.put(items, page)
    else:
        for raw in items:
            writer.put(_converted(job, raw, page), page)
    page.read_whole = True
    yield from writer.write()
    segment.settle()


def _converted(job: _Job, raw: Raw, page: Page) -> Sequence[bytes | Raw]:
    assert job.convert is not None
    try:
        made = job.convert(raw)
    except ItemError as error:
        job.fail(raw, error)
        page.counts.failed += 1
        return ()
    page.counts.skipped += not made
    return made
