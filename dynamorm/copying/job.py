"""One copy: what is looked at before it begins, and what its segments share."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, convert, structs

from ..api import TableDescription
from ..api.bulk_errors import BulkErrors
from ..errors import CopyIncomplete, DynamormError, Refused
from ..items.keys import item_digest
from ..model.declare import table_spec
from ..model.spec import TableSpec, key_names
from ..operations import Steps
from ..operations.pace import Pace
from .asking import Asking, TimeLeft
from .checkpoint import (
    CUT,
    Checkpoint,
    Counts,
    S3Point,
    SegmentPoint,
    resumed,
    total,
)
from .collisions import Collision, Rule, rule_of, same_key
from .options import Convert, CopySettings
from .pair import LAST_LOOK, Found, Pair, check_tables, is_same
from .report import CopyReport, Telling, report
from .segment import Part, Segment

COLD = 4000.0
"""Write units a second that an on-demand table takes from the beginning."""


def open_checkpoint(pair: Pair, segments: list[int] | None, of: int | None) -> Checkpoint:
    """Return the checkpoint of `resume=` or of the file, or a new one.

    `segments` and `of` are the checkpoint's where they are `None`.
    """
    bucket, prefix = pair.settings.bucket, pair.settings.prefix
    s3 = UNSET if bucket is None else S3Point(bucket, CUT, prefix)

    def begin(of: int) -> Checkpoint:
        """Return the checkpoint of a copy that has done nothing yet."""
        points = [SegmentPoint(i) for i in (range(of) if segments is None else segments)]
        return Checkpoint(*pair.names, of, points, work=pair.work, s3=s3)

    return resumed(Checkpoint, "copy", pair.settings, of, begin)


def check_pair(pair: Pair) -> None:
    """Refuse two tables that are one, or are of two models that only a transform can join.

    By S3 also a source of which the service makes no export.
    """
    name, other = pair.names
    _refuse_same(name, name == other and pair.settings.target_db is None, pair.settings)
    pair.check()
    if pair.settings.via == "s3" and not isinstance(pair.source, str):
        spec = table_spec(pair.source)
        if spec.point_in_time_recovery is not UNSET and not spec.point_in_time_recovery:
            raise Refused((no_recovery(spec.name),))


def no_recovery(table: str) -> str:
    """Say what to do about a table without PITR."""
    advice = "update_table(..., point_in_time_recovery=True) turns it on"
    return f"an export needs PITR, which is off: {advice}; or copy directly - at {table}"


def _refuse_same(name: str, same: bool, settings: CopySettings) -> None:
    if same and not settings.in_place:
        raise Refused((f"source and target are the same table, {name}: say in_place=True",))


def prepare(
    pair: Pair,
    checkpoint: Checkpoint,
    started: float,
    *,
    whole: bool = False,
    told: Any = None,
) -> Steps[Job]:
    """Wait for both tables, refuse what does not fit, and look their keys up.

    `whole`: whether all segments of the table are in this run. `told`: what a share is told.
    """
    left = TimeLeft(pair.settings.deadline, started)
    found = yield from pair.find(left)
    return Job(pair, checkpoint, found, left, whole, told)


class Job:
    """What the segments of one copy share."""

    def __init__(
        self,
        pair: Pair,
        checkpoint: Checkpoint,
        found: tuple[Found, Found],
        left: TimeLeft,
        whole: bool,
        told: Any,
    ) -> None:
        settings = pair.settings
        here, there = (one.spec for one in found)
        self.same = is_same(*found)
        """Whether both tables are one."""
        _refuse_same(checkpoint.source, self.same, settings)
        self.pair = pair
        self.settings = settings
        self.checkpoint = check_tables(checkpoint, "copy", *found)
        self.source_key, self.target_key = key_names(here), key_names(there)
        self.convert = self._converter(here, there)
        """What becomes of an item; `None` where they stay the bytes that they are."""
        self.rule: Rule | None = None
        if self.convert is not None:
            self.rule = rule_of(settings, here, there, checkpoint, same=self.same, whole=whole)
        self.once = self.same and self.convert is not None
        """Whether nothing that is written may be transformed again: it is what would be read."""
        number = found[0].table.item_count
        # Scan spreads items over segments by a hash, so that each has about the same number.
        self._number = number if number is None or whole else number // checkpoint.of
        """How many items there are to read. Some six hours old: good for an estimate alone."""
        self.read_pace: Pace = told.read if told else Pace(settings.max_read_units)
        cold = _cold(found[1].table)
        self.write_pace: Pace = told.write if told else Pace(settings.max_write_units, cold)
        self.left = left
        self.reads = Asking(left, self.read_pace)
        self.errors: BulkErrors | None = None
        """What a bulk put could not put."""
        self.segments = [Segment(point, self.source_key) for point in checkpoint.segments]
        self.unwritten: list[bytes] = []
        """What the segments that have ended have read, and not written."""
        self.troubles: list[DynamormError | None] = []
        """The last error of each segment that could not write all."""
        self.telling: Telling[CopyReport] = Telling(
            settings, self.report, left.started, told and told.tell
        )
        # As if all runs had been one: `seconds` and `rate` are those of the whole copy.
        self._started = left.started - checkpoint.seconds
        self._latest = left.started

    def _converter(self, source: TableSpec, target: TableSpec) -> Convert | None:
        # The target has keys that the source never had to fit: items are checked, transform or not.
        changes_keys = source.key != target.key or not {*target.defined} <= {*source.defined}
        if self.settings.transform is None and not changes_keys:
            return None
        made = self.pair.converter(source, target)
        return same_key(made, target, self.settings) if self.same else made

    def pending(self) -> list[Segment]:
        """Return the segments that are not done."""
        return [segment for segment in self.segments if not segment.point.done]

    def report(self) -> CopyReport:
        """Return how far the copy is."""
        checkpoint = self.checkpoint
        if self.rule is not None and self.rule.collided:
            # Those of earlier runs too: this one may have ended before it met them again.
            collided = sorted({*checkpoint.collided, *self.rule.collided})
            checkpoint = structs.replace(checkpoint, collided=collided)
        found = report(checkpoint, self.segments, self._latest - self._started, self._number)
        return found if self.errors is None else structs.replace(found, errors=self.errors)

    def going(self) -> set[int]:
        """Number the segments that are not done."""
        return {segment.point.segment for segment in self.pending()}

    def shared(self, number: float) -> tuple[list[Checkpoint], list[set[int]]]:
        """Divide what is not done into so many shares at most, with equal numbers of segments."""
        points = [segment.resumable() for segment in self.pending()]
        # `number` is infinite where each segment is a share.
        size = int(min(number, len(points)))
        parts = [points[i::size] for i in range(size)]
        whole = [structs.replace(self.checkpoint, segments=part) for part in parts]
        return whole, [{point.segment for point in part} for part in parts]

    def hear(self, said: Any, _own: set[int], moment: float) -> None:
        """Add the report of a share to those of the others; pass a bad item to `on_error`."""
        if isinstance(said, CopyReport):
            self._take_over(said)
            if self.once:  # the file is to know of a batch before it is sent
                self.telling.keep()
            self.tell(moment)
        elif isinstance(said, tuple):
            on_error: Any = self.settings.on_error
            on_error(*said)

    def _take_over(self, told: CopyReport) -> None:
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

    def note(self, batch: list[Part]) -> None:
        """Keep what is about to be written: a copy that is killed then will know it again."""
        # One save for the whole batch: each waits for the disk.
        for part in batch:
            part.page.sent = item_digest(part.raws[0])
        self.telling.keep()

    def fail(self, raw: bytes | Raw, error: DynamormError, counts: Counts) -> None:
        """Hand a bad item to `on_error` and count it, or raise: then it has not been dealt with."""
        if self.settings.on_error == "raise" or isinstance(error, Collision):
            raise error
        given: Any = self.settings.on_error(_attributes(raw), error)
        # Whatever makes a coroutine without being a coroutine function is known by what it returns.
        if hasattr(given, "__await__"):
            if hasattr(given, "close"):
                given.close()
            raise TypeError("on_error= is async: it would never run; give a plain function")
        counts.failed += 1

    def confirm(self) -> Steps[None]:
        """Look whether both tables are those that the copy began with, when it has come to its end.

        One that was deleted and created again on the way lacks what was copied before.
        """
        if self.checkpoint.is_put and not self.pending() and not self.checkpoint.done:
            found = yield from self.pair.find(self.left, LAST_LOOK)
            self.checkpoint = check_tables(self.checkpoint, "copy", *found, done=True)

    def outcome(self, moment: float) -> CopyReport:
        """Return the last report; raise when items could not be written."""
        self._latest = moment
        final = self.telling.last()
        # A copy whose time was up between two batches has been refused nothing, and only stops.
        if self.troubles and not final.done:
            trouble = next(filter(None, self.troubles), None)
            raise CopyIncomplete(final, tuple(map(_attributes, self.unwritten))) from trouble
        return final


def _cold(table: TableDescription) -> float | None:
    """Return the rate that a table takes without having been used; `None` if it has its own."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    if table.billing_mode != "PAY_PER_REQUEST":
        return None
    warm = table.warm_throughput
    return float((warm and warm.write_units_per_second) or COLD)


def _attributes(raw: bytes | Raw) -> dict[str, Any]:
    """Return an item as boto3's low-level client has it, with binary as bytes."""
    from ..items.mismatch import Misfit
    from ..items.values import attributes_of

    try:
        return attributes_of(raw)
    except Misfit as misfit:
        raise misfit.error("item") from None
