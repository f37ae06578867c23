"""One segment of a copy by S3: its files read, transformed, and written for the bulk put.

A cursor says which bundle of files is under way, and how many parts of it have been written. A part
has the same items whenever it is read, and the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from msgspec import Raw

from ...api.items import Key
from ...errors import Refused, S3Error
from ...operations import Steps, Waiting, now
from ...tables.buckets import Bucket, blocking
from ..asking import Pauses
from ..job import Job
from ..report import Segment
from .files import Bundle, DataFile, bundles_of
from .objects import objects_of

T = TypeVar("T")


class Transform:
    """What becomes of the files of an export; all segments share it."""

    def __init__(self, job: Job, bucket: Bucket, files: list[DataFile], folder: str) -> None:
        self._job = job
        self._bucket = bucket
        self._files = files
        self._folder = folder

    def steps(self, segment: Segment) -> Steps[None]:
        """Transform the files of a segment until there is no time for another part."""
        bundles = bundles_of(self._files, segment.point.segment, self._job.checkpoint.of)
        first, done = _place(segment.cursor)
        for number, files in enumerate(bundles[first:], first):
            bundle = Bundle(self._bucket, files)
            # A compressed file has no place to start from but its beginning.
            for _ in range(done):
                if self._job.left.at((yield from now())) <= 0:
                    return
                yield from patiently(self._job, bundle.part)
            if not (yield from self._parts(segment, bundle, number, done)):
                return
            done = 0
        # An empty page at the table's end, as a Scan's last one: it is what makes a segment done.
        segment.begin_page(None).read_whole = True
        segment.settle()

    def _parts(self, segment: Segment, bundle: Bundle, number: int, done: int) -> Steps[bool]:
        """Transform a bundle from this part on; `False` if time is up first."""
        slowest = 0.0
        while True:
            began = yield from now()
            if self._job.left.at(began) <= slowest:
                return False
            items = yield from patiently(self._job, bundle.part)
            if not items:
                return True
            yield from self._write(segment, items, number, done)
            done += 1
            moment = yield from now()
            slowest = max(slowest, moment - began)
            self._job.tell(moment)

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
    """Call S3 until it answers, with retries, while there is time."""
    # botocore's client retries too, a few times within seconds; this goes on for two minutes.
    pauses = Pauses(job.left)
    while True:
        try:
            return (yield from blocking(function, *given))
        except S3Error as error:
            if not error.transient or (yield from pauses.over()):
                raise
            trouble = error
        if not (yield from pauses.next()):
            raise trouble
