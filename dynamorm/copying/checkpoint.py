"""Where a copy can be resumed: what a checkpoint holds, and whether it belongs to this copy.

How a checkpoint is read, compared and kept in a file is the same for a comparison's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Annotated, Any, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, convert, field, json, structs

from ..api.items import Key
from ..errors import UNREADABLE, Refused

P = TypeVar("P", bound=Any)
"""A checkpoint, of a copy or of a comparison."""

SEGMENTS = 8
"""How many there are where nobody says a number."""

MAX_SEGMENTS = 1_000_000
"""As many as one Scan can have: API_Scan, TotalSegments."""

Segments = Annotated[int, Meta(ge=1, le=MAX_SEGMENTS)]

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


class TableMark(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the service tells a table by; one that was deleted and created again has another."""

    arn: str = ""
    id: str = ""
    created: float | None = None
    """CreationDateTime, to the millisecond: transports read its later digits differently."""


class Work(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a copy does with each item, by name."""

    transform: str | None = None
    source_model: str | None = None
    target_model: str | None = None
    unmodelled: str = "keep"

    @property
    def facts(self) -> dict[str, Any]:
        return {name.replace("_", " "): value for name, value in structs.asdict(self).items()}


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """All that a copy needs to be resumed; JSON-safe as builtins."""

    source: str
    target: str
    of: Segments
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

    @property
    def facts(self) -> dict[str, Any]:
        """What every run of one copy has in common, by name."""
        numbers = sorted(point.segment for point in self.segments)
        ends = {"source": self.source, "target": self.target}
        # A direct copy has UNSET here, which has none of these.
        place = {name: getattr(self.s3, name, None) for name in ("bucket", "prefix", "cut")}
        return (
            {**ends, "number of segments": self.of, "segments": numbers} | self.work.facts | place
        )


def resumed(
    kind: type[P], of: str, settings: Any, number: int | None, begin: Callable[[int], P]
) -> P:
    """Return the checkpoint of `resume=` or of a file, or that of `begin` where there is neither.

    `number` of segments; by default it is the checkpoint's, or else 8. Refuses a checkpoint that is
    none, or is of something else than `begin` gives. A file is read by each run, and not when the
    operation is made: a second run resumes from what the first has saved.
    """
    origin, given = "resume=", settings.resume
    if (path := settings.checkpoint_file) is not None:
        origin, given = f"checkpoint_file= {path}", load(path)
    if given is None:
        return begin(number or SEGMENTS)
    try:
        # A whole report will do, as it is what a caller has at hand.
        point: P = convert(getattr(given, "checkpoint", given), kind)
        json.encode(point)  # what JSON cannot hold has not come from a report
    except UNREADABLE as error:
        raise Refused((f"{origin} is not a checkpoint of a {of}: {error}",)) from error
    then, now = point.facts, begin(number or point.of).facts
    reasons = [
        f"the checkpoint's {what} is {then.get(what)!r}, this {of}'s is {now.get(what)!r}"
        for what in then | now
        if then.get(what) != now.get(what)
    ]
    if reasons:
        raise Refused((*reasons, "resume with the same arguments, or start over without it"))
    return point


def load(path: str | os.PathLike[str]) -> Any:
    """Return what is in the file, `None` if there is none; refuse one that is no JSON.

    Raises `FileNotFoundError` for a missing folder, in which nothing could be saved later.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        os.stat(os.path.dirname(os.path.realpath(path)))
        return None
    try:
        return json.decode(content)
    except UNREADABLE as error:
        raise Refused((f"{os.fspath(path)} is not a checkpoint of a copy: {error}",)) from error


def save(path: str | os.PathLike[str], checkpoint: dict[str, Any]) -> None:
    """Put a checkpoint into the file, whole or not at all; only its owner may read it.

    It holds keys of items and ARNs.
    """
    # A link stays a link: what it leads to is replaced.
    target = os.path.realpath(path)
    beside = f"{target}.{os.getpid()}.part"
    # Left by a process of the same number that was killed.
    with suppress(FileNotFoundError):
        os.unlink(beside)
    # 0600 from its first moment: a chmod would come after others could have opened it.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.encode(checkpoint))
            file.flush()
            # Without it, a crash of the machine may leave the new name and no content.
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
