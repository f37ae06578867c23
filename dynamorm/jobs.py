"""One copy: what its segments share, made once both tables' keys are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

from msgspec import Raw, structs

from .batches import TimeLeft, Writer
from .canonical import item_key
from .described import described_spec
from .effects import Call, Effect, Steps, now, through
from .errors import CopyIncomplete, DynamormError, ItemError, Refused
from .model import Model, table_name
from .pace import Pace
from .prefixing import elsewhere
from .reports import Checkpoint, CopyReport, Segment, identified, read_checkpoint, report
from .settings import CopySettings, check_segments
from .spec import TableSpec
from .tables import describe_table

__all__ = ["Job", "check_copy", "prepare"]

PROGRESS_EVERY = 0.25
"""Seconds between two reports at least."""

T = TypeVar("T")

Convert = Callable[[Raw], Sequence[bytes | Raw]]


class Job:
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
            self.checkpoint.target,
            tuple(attribute.name for attribute in self.target.key),
            segment.point.costs,
            self.write_pace,
            self.left,
            batch_size=self.settings.batch_size,
            unique=self.convert is None,
            on_poison=self.fail,
            on_batch=lambda moment: self._settle(segment, moment),
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

    def _settle(self, segment: Segment, moment: float) -> None:
        """Take note of what a batch has got done, before the page that it is of has ended."""
        segment.settle()
        self.tell(moment)

    def fail(self, raw: bytes | Raw, error: DynamormError) -> None:
        """Hand a bad item to `on_error`, or raise."""
        if self.settings.on_error == "raise":
            raise error
        given: Any = self.settings.on_error(_attributes(raw), error)
        if hasattr(given, "__await__"):
            if hasattr(given, "close"):
                given.close()
            raise TypeError("on_error= is async: it would never run; give a plain function")

    def outcome(self, moment: float) -> CopyReport:
        """Give the last report; raise when items could not be written."""
        final = self.report(moment)
        if self.settings.progress is not None:
            self.settings.progress(final)
        given_up = [writer for writer in self.writers if writer.refused or writer.gave_up]
        if given_up and not final.done:
            unwritten = [item for writer in self.writers for item in writer.unwritten()]
            trouble = next((w.trouble for w in given_up if w.trouble is not None), None)
            try:
                items = tuple(map(_attributes, unwritten))
            except ItemError as error:
                error.report = final
                raise
            raise CopyIncomplete(final, items) from trouble
        return final


def _attributes(raw: bytes | Raw) -> dict[str, Any]:
    """Give an item as boto3's low-level client has it, with binary as bytes."""
    from .codec.misfits import Misfit
    from .codec.values import attributes_of

    try:
        return attributes_of(raw)
    except Misfit as misfit:
        raise ItemError(misfit.problem, misfit.path("item")) from None


def prepare(
    source: Model | str,
    target: Model | str,
    settings: CopySettings,
    segments: list[int],
    of: int,
) -> Steps[Job]:
    """Refuse what does not fit, and look both tables' keys up."""
    started = yield from now()
    names = table_name(source), table_name(target)
    same = names[0] == names[1] and settings.target_db is None
    _refuse_same(names[0], same, settings)
    checkpoint = read_checkpoint(settings.resume, *names, segments, of)
    until = started + TimeLeft(settings.deadline, started).at(started)
    described = yield from _no_later(until, describe_table(names[0]))
    there = _no_later(until, describe_table(names[1]))
    found = yield from elsewhere(there, settings.target_db) if settings.target_db else there
    same = same or described.table_id == found.table_id is not None
    _refuse_same(names[0], same, settings)
    checkpoint = identified(checkpoint, described.table_id, found.table_id)
    ours, theirs = described_spec(described), described_spec(found)
    changes_keys = ours.key != theirs.key or not _keys(theirs) <= _keys(ours)
    convert: Convert | None = None
    if settings.transform is not None or changes_keys:
        convert = _converter(source, target, theirs, settings, ours)
    if convert is not None and same:
        convert = _same_key(convert, tuple(attribute.name for attribute in ours.key))
    return Job(ours, theirs, settings, convert, checkpoint, started)


def check_copy(
    source: Model, target: Model, settings: CopySettings, segments: list[int], of: int
) -> None:
    """Raise what `prepare` would, as far as that can be told without asking the service."""
    check_segments(of)
    read_checkpoint(settings.resume, table_name(source), table_name(target), segments, of)
    if settings.transform is not None:
        _converter(source, target, None, settings, None)


def _converter(
    source: Model | str,
    target: Model | str,
    spec: TableSpec | None,
    settings: CopySettings,
    source_spec: TableSpec | None,
) -> Convert:
    from .converting import converter

    return converter(
        None if isinstance(source, str | TableSpec) else source,
        None if isinstance(target, str | TableSpec) else target,
        spec,
        settings.transform,
        settings.unmodelled,
        source_spec=source_spec,
    )


def _refuse_same(name: str, same: bool, settings: CopySettings) -> None:
    if same and not settings.in_place:
        raise Refused((f"source and target are the same table, {name}: say in_place=True",))


def _no_later(until: float, steps: Steps[T]) -> Steps[T]:
    """Perform `steps` without an attempt after the moment `until`."""

    def perform(effect: Effect) -> Steps[Any]:
        return (yield structs.replace(effect, until=until) if isinstance(effect, Call) else effect)

    return (yield from through(steps, perform))


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
