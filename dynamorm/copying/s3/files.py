"""The files of an export and the objects that they become: read, transformed, written, in parts.

A cursor says which bundle of files is under way, and how many parts of it have been written. A part
has the same items whenever it is read, and the same name.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from gzip import compress
from itertools import islice
from typing import TypeVar
from zlib import crc32

from msgspec import Raw, Struct, field, json, structs

from ...api.items import Key
from ...errors import UNREADABLE, ItemError, Refused, S3Error
from ...items.keys import Made, item_key
from ...operations import Steps, Waiting, now
from ...operations.parallel import Stop, Stopped
from ...tables.buckets import BLOCK, Bucket, Lines, blocking
from ..asking import Late, Pauses
from ..job import Job
from ..pages import TOGETHER
from ..segment import Page, Part, Segment

T = TypeVar("T")

AT_ONCE = 16
"""Files that are read in turn. All items of a file are of one partition of the source, so that
those of one file alone would go to one partition of a target with the same keys."""

SLICE = 2 << 20
"""Bytes of each of them in a part: 32 MB at most. A terabyte has 31,000 of these, and a bulk put
reads 50,000 objects at most: BulkPutItems.BestPractices. Another number is another `CUT`."""

LARGEST = 32 << 20
"""Bytes of lines in an object, before they are compressed. A bulk put reads objects in parallel,
best of about the same size: BulkPutItems.BestPractices."""

LEVEL = 1
"""The bytes stay within one region, where a smaller object is worth less than the time for it."""


class DataFile(Struct, frozen=True):
    """A file of exported items, as a line of the manifest has it."""

    key: str = field(name="dataFileS3Key")
    items: int = field(name="itemCount")


class _Line(Struct):
    Item: Raw


_files = json.Decoder(DataFile)
_items = json.Decoder(_Line)


def data_files(bucket: Bucket, folder: str) -> list[DataFile]:
    """Return the files that have items, in an order that has nothing to do with that of the keys.

    The order is always the same: a resumed copy counts files.
    """
    # In parts, so that an answer that was cut is no shorter list: each says how long the whole is.
    lines = Lines(bucket, f"{folder}manifest-files.json")
    listed: list[DataFile] = []
    while text := lines.take(BLOCK):
        listed += _decoded(_files, text, "the manifest of the export", folder)
    # Whether these keys begin with the prefix is shown in both ways: the file is known by its name.
    files = [
        structs.replace(one, key=f"{folder}data/{one.key.rpartition('/')[2]}")
        for one in listed
        if one.items
    ]
    return sorted(files, key=lambda file: (crc32(file.key.encode()), file.key))


def _decoded(decoder: json.Decoder[T], lines: bytes, what: str, where: str) -> list[T]:
    try:
        return decoder.decode_lines(lines)
    except UNREADABLE as error:
        raise Refused((f"{what} cannot be read: {error} - at {where}",)) from error


class Reading:
    """A file that is being read."""

    def __init__(self, bucket: Bucket, file: DataFile) -> None:
        self._file = file
        self._lines = Lines(bucket, file.key)
        self._found = 0

    def part(self) -> list[Raw]:
        """Return the next items, none at the end. After an error it can be called again."""
        text = self._lines.take(SLICE)
        items = [
            line.Item for line in _decoded(_items, text, "a file of the export", self._file.key)
        ]
        self._found += len(items)
        # Against the manifest, since a cut answer that ends between two lines looks like a whole
        # one.
        if not items and self._found != self._file.items:
            reason = f"a file of the export has {self._found} items, not {self._file.items}"
            raise Refused((f"{reason} - at {self._file.key}",))
        return items


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
    if job.convert is None:
        page.counts.written += 1
        yield raw
        return
    first = True
    # Some at a time, as in a direct copy: a transform that fails among the first leaves none.
    try:
        made = job.convert(raw)
        known = made.key if isinstance(made, Made) else None
        several = iter(made)
        while some := list(islice(several, TOGETHER)):
            first = False
            for one in some:
                if job.rule is None:
                    page.counts.written += 1
                else:
                    key = known or item_key(one, job.target_key)
                    part = Part((one,), page, len(one), key)
                    job.rule.queued(part, None)
                    job.rule.written(part)
                yield one
    except ItemError as error:
        job.fail(raw, error, page.counts)
    else:
        page.counts.skipped += first


def _packed(lines: list[bytes]) -> bytes:
    """Compress lines, in an order that has nothing to do with keys, and is always the same.

    In the order of the source, all items in a row would go to one partition.
    """
    return compress(b"".join(sorted(lines, key=crc32)), LEVEL, mtime=0)


class Transform:
    """What becomes of the files of an export; all segments share it."""

    def __init__(self, job: Job, bucket: Bucket, files: list[DataFile], folder: str) -> None:
        self._job = job
        self._bucket = bucket
        self._files = files
        self._folder = folder

    def steps(self, segment: Segment) -> Steps[None]:
        """Transform the files of a segment until there is no time for another part."""
        with suppress(Late):
            yield from self._bundles(segment)

    def _bundles(self, segment: Segment) -> Steps[None]:
        # In turn, so that segments have about the same number of files whatever their order.
        own = self._files[segment.point.segment :: self._job.checkpoint.of]
        first, done = _place(segment.cursor)
        for start in range(first * AT_ONCE, len(own), AT_ONCE):
            bundle = [Reading(self._bucket, file) for file in own[start : start + AT_ONCE]]
            # A compressed file has no place to start from but its beginning.
            for _ in range(done):
                if self._job.left.at((yield from now())) <= 0:
                    return
                yield from self._part(bundle)
            if not (yield from self._parts(segment, bundle, start // AT_ONCE, done)):
                return
            done = 0
        # An empty page at the table's end, as a Scan's last one: it is what makes a segment done.
        segment.begin_page(None).read_whole = True
        segment.settle()

    def _parts(
        self, segment: Segment, bundle: list[Reading], number: int, done: int
    ) -> Steps[bool]:
        """Transform a bundle from this part on; `False` if time is up first."""
        slowest = 0.0
        while True:
            began = yield from now()
            if self._job.left.at(began) <= slowest:
                return False
            items = yield from self._part(bundle)
            if not items:
                return True
            yield from self._write(segment, items, number, done)
            done += 1
            moment = yield from now()
            slowest = max(slowest, moment - began)
            self._job.tell(moment)

    def _part(self, bundle: list[Reading]) -> Steps[list[Raw]]:
        """Return the items of the next part: whole lines of each file that has not ended."""
        items: list[Raw] = []
        for file in tuple(bundle):
            more = yield from patiently(self._job, file.part)
            items += more
            if not more:
                bundle.remove(file)
        return items

    def _write(self, segment: Segment, items: list[Raw], number: int, part: int) -> Steps[None]:
        """Write the objects of a part; the cursor may pass it afterwards."""
        page = segment.begin_page(_cursor(number, part + 1))
        objects = yield Waiting(partial(objects_of, self._job, items, page))
        name = f"{self._folder}{segment.point.segment:04}-{number:05}-{part:05}"
        for count, body in enumerate(objects):
            key = f"{name}-{count:03}.json.gz"
            yield from patiently(self._job, self._bucket.write, key, body)
        # Only now: a cursor behind an object that was not written would lose its items.
        page.read_whole = True
        segment.settle()


def _cursor(bundle: int, parts: int) -> Key:
    """Return where a segment can be resumed, in the form that a cursor of Scan has."""
    return {"bundle": {"N": f"{bundle}"}, "parts": {"N": f"{parts}"}}


def _place(cursor: Key | None) -> tuple[int, int]:
    """Return the bundle, and its parts that are written; refuse a cursor of a direct copy."""
    if cursor is None:
        return 0, 0
    try:
        return int(cursor["bundle"]["N"]), int(cursor["parts"]["N"])
    except (LookupError, ValueError) as error:
        reason = "the checkpoint has a cursor that is none of a copy by S3"
        raise Refused((f"{reason}: start over without it - at {cursor!r:.200}",)) from error


def patiently(job: Job, function: Callable[..., T], *given: object) -> Steps[T]:
    """Call S3 until it answers, with retries; raise `Late` when time is up first."""
    # botocore's client retries too, a few times within seconds; this goes on for two minutes.
    pauses = Pauses(job.left)
    while True:
        try:
            return (yield from blocking(function, *given))
        except S3Error as error:
            if not (yield from pauses.again(error)):
                raise Late from error
