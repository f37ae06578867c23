"""One copy: what its segments share, made once both tables' keys are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Raw, Struct, convert, structs

from ..api.bulk_errors import BulkErrors
from ..errors import CopyIncomplete, DynamormError, ItemError
from ..items.keys import item_digest
from ..operations.pace import Pace
from .asking import Asking
from .checkpoint import Checkpoint, Counts, total
from .collisions import Collision, Rule
from .options import CopySettings, TimeLeft
from .progress import Telling
from .queue import Part
from .report import CopyReport, Segment, report
from .writer import Writer, Writing

Convert = Callable[[Raw], Iterable[bytes | Raw]]


class Paces(Struct, frozen=True):
    """The rates at which a copy reads and writes."""

    read: Pace
    write: Pace


class Items(Struct, frozen=True):
    """The items of a copy: their keys, what becomes of them, and how many there are."""

    source: tuple[str, ...]
    """The key attributes in the source, partition key first."""
    target: tuple[str, ...]
    convert: Convert | None
    """`None` where they stay the bytes that they are."""
    rule: Rule | None
    same: bool
    """Whether both tables are one."""
    number: int | None
    """How many there are to read, by the service's estimate."""

    @property
    def once(self) -> bool:
        """Whether nothing that is written may be transformed again: it is what would be read."""
        return self.same and self.convert is not None


class Job:
    """What the segments of one copy share."""

    def __init__(
        self,
        settings: CopySettings,
        checkpoint: Checkpoint,
        items: Items,
        left: TimeLeft,
        paces: Paces,
        keep: Callable[[CopyReport], None] | None,
    ) -> None:
        self.settings = settings
        self.checkpoint = checkpoint
        self.items = items
        self.left = left
        self.reads = Asking(left, paces.read)
        self.paces = paces
        self.errors: BulkErrors | None = None
        """What a bulk put could not put."""
        self.telling = Telling(settings, self.report, left.started, keep)
        self.segments = [Segment(point, items.source) for point in checkpoint.segments]
        self.writers = self._writers()
        # As if all runs had been one: `seconds` and `rate` are those of the whole copy.
        self._started = left.started - checkpoint.seconds
        self._latest = left.started

    def _writers(self) -> list[Writer]:
        """Return a writer for each segment."""
        settings, items = self.settings, self.items
        kind, keep, batch_size = Writer, settings.existing == "keep", settings.batch_size
        # In place no two items can come to one key, so that there is nothing to check.
        if keep or (settings.collisions == "check" and not items.same):
            from .conditional import ConditionalWriter

            kind, batch_size = ConditionalWriter, 1
        writing = Writing(
            self.checkpoint.target,
            items.target,
            settings.target_db,
            pace=self.paces.write,
            left=self.left,
            batch_size=batch_size,
            keep=keep,
            rule=items.rule,
            alone=items.once,
            on_poison=self.fail,
            on_batch=self.tell,
            on_send=self._note if items.once and self.telling.keeps else None,
        )
        return [kind(writing, segment.point.costs) for segment in self.segments]

    def report(self) -> CopyReport:
        """Return how far the copy is."""
        checkpoint = self.checkpoint
        rule = self.items.rule
        if rule is not None and rule.collided:
            # Those of earlier runs too: this one may have ended before it met them again.
            collided = sorted({*checkpoint.collided, *rule.collided})
            checkpoint = structs.replace(checkpoint, collided=collided)
        found = report(checkpoint, self.segments, self._latest - self._started, self.items.number)
        return found if self.errors is None else structs.replace(found, errors=self.errors)

    def hear(self, told: CopyReport) -> None:
        """Take over what another process or machine tells of its segments."""
        theirs = convert(told.checkpoint, Checkpoint)
        self.checkpoint = structs.replace(
            self.checkpoint, collided=sorted({*self.checkpoint.collided, *theirs.collided})
        )
        points = {point.segment: point for point in theirs.segments}
        # Known for all of its segments together: it is counted with the first of them.
        under_way = told.counts() - total(point.counts for point in theirs.segments)
        for segment in self.segments:
            if (point := points.get(segment.point.segment)) is not None:
                segment.hear(point, under_way)
                under_way = Counts()

    def tell(self, moment: float) -> bool:
        """Save the checkpoint and call `progress`, unless that was done a moment ago."""
        self._latest = max(self._latest, moment)
        return self.telling.tell(moment)

    def _note(self, batch: list[Part]) -> None:
        """Keep what is about to be written: a copy that is killed then will know it again."""
        # One save for the whole batch: each waits for the disk.
        for part in batch:
            part.page.sent = item_digest(part.raws[0])
        self.telling.keep()

    def fail(self, raw: bytes | Raw, error: DynamormError) -> None:
        """Hand a bad item to `on_error`, or raise."""
        if self.settings.on_error == "raise" or isinstance(error, Collision):
            raise error
        given: Any = self.settings.on_error(_attributes(raw), error)
        # Whatever makes a coroutine without being a coroutine function is known by what it returns.
        if hasattr(given, "__await__"):
            if hasattr(given, "close"):
                given.close()
            raise TypeError("on_error= is async: it would never run; give a plain function")

    def outcome(self, moment: float) -> CopyReport:
        """Return the last report; raise when items could not be written."""
        self._latest = moment
        final = self.telling.last()
        given_up = [writer for writer in self.writers if writer.refused or writer.gave_up]
        # A copy whose time was up between two batches has been refused nothing, and only stops.
        if given_up and not final.done:
            unwritten = [item for writer in self.writers for item in writer.unwritten()]
            trouble = next((w.trouble for w in given_up if w.trouble is not None), None)
            raise CopyIncomplete(final, tuple(map(_attributes, unwritten))) from trouble
        return final


def _attributes(raw: bytes | Raw) -> dict[str, Any]:
    """Return an item as boto3's low-level client has it, with binary as bytes."""
    from ..items.mismatch import Misfit
    from ..items.values import attributes_of

    try:
        return attributes_of(raw)
    except Misfit as misfit:
        raise ItemError(misfit.problem, misfit.path("item")) from None
