"""Where a copy can be resumed: what a checkpoint holds, and whether it belongs to this copy.

How a checkpoint is read and compared is the same for a comparison's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, convert, field, json, structs

from ..api.items import Key
from ..errors import UNREADABLE, Refused
from .identity import TableMark, Work

T = TypeVar("T")

SEGMENTS = 8
"""How many there are where nobody says a number."""

MAX_SEGMENTS = 1_000_000
"""As many as one Scan can have: API_Scan, TotalSegments."""

Digest = Annotated[bytes, Meta(min_length=16, max_length=16)]
"""Of a key; as JSON it is base64."""


Sent = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""The digest of a key, and the hash of what its item becomes."""


class Counts(Struct, omit_defaults=True):
    """What has been done with items."""

    read: int = 0
    written: int = 0
    skipped: int = 0
    failed: int = 0
    collisions: int = 0
    kept: int = 0
    unchecked: int = 0
    bytes: int = 0

    def __sub__(self, other: Counts) -> Counts:
        pairs = zip(structs.astuple(self), structs.astuple(other), strict=True)
        return Counts(*(one - another for one, another in pairs))


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts, of at least one."""
    return Counts(*map(sum, zip(*map(structs.astuple, counts), strict=True)))


class Costs(Struct):
    """What a segment has taken, the repetitions included."""

    retried: int = 0
    read_units: float = 0.0
    write_units: float = 0.0


# Unknown members are refused everywhere here: a checkpoint of a later version may hold what this
# one would not honor, and copying on without it could lose items.
class SegmentPoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a segment can be resumed: after `cursor`, or at its beginning."""

    segment: int
    done: bool = False
    cursor: Key | None = None
    counts: Counts = field(default_factory=Counts)
    costs: Costs = field(default_factory=Costs)
    # Digests, not keys: the file has one key for each segment at most, whatever is in the table.
    ahead: list[Digest] = []
    """In place: items after the cursor that have been written, each by a digest of its key."""
    sent: list[Sent] = []
    """In place: items that may have been written, each by a digest of its key and its hash."""


CUT = 1
"""Another number when files are cut in another way: older cursors mean other items then."""


class S3Point(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a copy by S3 can be resumed; the segments are those of the exported files."""

    bucket: str
    cut: int
    """The way in which files are cut into parts, which cursors count: so far only `CUT`."""
    prefix: str = ""
    stage: Literal["export", "transform", "put", "check", "done"] = "export"
    token: str = ""
    """The token by which the service recognizes a stage that may have begun."""
    export: str = ""
    """The ARN of the export, once it has begun."""
    bulk: str = ""
    """The ARN of the bulk put, once it has begun."""
    written: int = 0
    failed: int = 0
    """How many items the bulk put has put, and how many it has not."""

    def folder(self, name: str) -> str:
        """Return the beginning of keys: the export's, or one of those that this copy writes."""
        start = f"{self.prefix.strip('/')}/".lstrip("/")
        # The id of the export, so that two copies under one prefix do not put each other's objects.
        own = self.export.rpartition("/")[2]
        if name == "AWSDynamoDB":
            return f"{start}{name}/{own}/"
        return f"{start}dynamorm/{own}/{name}/"

    def place(self, name: str) -> str:
        """Return a folder as a URL."""
        return f"s3://{self.bucket}/{self.folder(name)}"


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """All that a copy needs to be resumed; JSON-safe as builtins."""

    source: str
    target: str
    of: Annotated[int, Meta(ge=1, le=MAX_SEGMENTS)]
    segments: list[SegmentPoint]
    seconds: float = 0.0
    source_table: TableMark = TableMark()
    target_table: TableMark = TableMark()
    work: Work = Work()
    collided: list[Digest] = []
    """Digests of target keys that ended the copy, since two items had them: they still have."""
    done: bool = False
    """Whether every segment has ended, and both tables were still the same then."""
    # Left out of a direct copy, so that its checkpoint is what it was before there was this way.
    s3: S3Point | UnsetType = UNSET

    @property
    def is_put(self) -> bool:
        """Whether the items of finished segments are in the target."""
        return self.s3 is UNSET or self.s3.stage == "done"

    @property
    def begun(self) -> bool:
        """Whether an earlier run has copied anything."""
        return any(p.done or p.cursor is not None or p.ahead or p.sent for p in self.segments)


def new_checkpoint(
    names: tuple[str, str],
    segments: list[int] | None,
    of: int,
    work: Work,
    s3: S3Point | UnsetType = UNSET,
) -> Checkpoint:
    """Return the checkpoint of a copy that has done nothing yet."""
    numbers = range(of) if segments is None else segments
    return Checkpoint(*names, of, [SegmentPoint(number) for number in numbers], work=work, s3=s3)


def check_resumed(checkpoint: Checkpoint, wanted: Checkpoint) -> None:
    """Refuse a checkpoint that belongs to another copy than the new one that is wanted."""
    found = sorted(point.segment for point in checkpoint.segments)
    pairs = [
        ("source", checkpoint.source, wanted.source),
        ("target", checkpoint.target, wanted.target),
        ("number of segments", checkpoint.of, wanted.of),
        ("segments", found, [point.segment for point in wanted.segments]),
        *(
            (name.replace("_", " "), getattr(checkpoint.work, name), getattr(wanted.work, name))
            for name in Work.__struct_fields__
        ),
        # A direct copy has UNSET here, which has none of these.
        *(
            (name, getattr(checkpoint.s3, name, None), getattr(wanted.s3, name, None))
            for name in ("bucket", "prefix", "cut")
        ),
    ]
    check_same("copy", pairs)


def read_point(given: Any, kind: type[T], of: str, origin: str) -> T:
    """Return the checkpoint that a report has, or a file; refuse what is none."""
    try:
        # A whole report will do, as it is what a caller has at hand.
        point = convert(getattr(given, "checkpoint", given), kind)
        json.encode(point)  # what JSON cannot hold has not come from a report
    except UNREADABLE as error:
        raise Refused((f"{origin} is not a checkpoint of a {of}: {error}",)) from error
    return point


def check_same(of: str, facts: Iterable[tuple[str, Any, Any]]) -> None:
    """Refuse to resume what was begun otherwise: facts by name, of the checkpoint and of now."""
    reasons = [
        f"the checkpoint's {what} is {theirs!r}, this {of}'s is {ours!r}"
        for what, theirs, ours in facts
        if theirs != ours
    ]
    if reasons:
        raise Refused((*reasons, "resume with the same arguments, or start over without it"))
