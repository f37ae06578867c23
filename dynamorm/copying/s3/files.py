"""The files of an export: their list, and their items, a part of each file at a time.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

from __future__ import annotations

from zlib import crc32

from msgspec import Raw, Struct, field, json

from ...errors import UNREADABLE, Refused
from ...tables.buckets import BLOCK, Bucket, Lines

TOGETHER = 16
"""Files that are read in turn. All items of a file are of one partition of the source, so that
those of one file alone would go to one partition of a target with the same keys."""

SLICE = 2 << 20
"""Bytes of each of them in a part: 32 MB at most. A terabyte has 31,000 of these, and a bulk put
reads 50,000 objects at most: BulkPutItems.BestPractices. Another number is another `CUT`."""


class DataFile(Struct, frozen=True):
    """A file of exported items."""

    key: str
    items: int


class _Listed(Struct):
    """A line of the manifest."""

    key: str = field(name="dataFileS3Key")
    items: int = field(name="itemCount")


class _Line(Struct):
    Item: Raw


_files = json.Decoder(_Listed)
_items = json.Decoder(_Line)


def data_files(bucket: Bucket, folder: str) -> list[DataFile]:
    """Return the files that have items, in an order that has nothing to do with that of the keys.

    The order is always the same: a resumed copy counts files.
    """
    # In parts, so that an answer that was cut is no shorter list: each says how long the whole is.
    lines = Lines(bucket, f"{folder}manifest-files.json")
    listed: list[_Listed] = []
    try:
        while text := lines.take(BLOCK):
            listed += _files.decode_lines(text)
    except UNREADABLE as error:
        raise Refused(
            (f"the manifest of the export cannot be read: {error} - at {folder}",)
        ) from error
    # Whether these keys begin with the prefix is shown in both ways: the file is known by its name.
    files = [
        DataFile(f"{folder}data/{one.key.rpartition('/')[2]}", one.items)
        for one in listed
        if one.items
    ]
    return sorted(files, key=lambda file: (crc32(file.key.encode()), file.key))


def bundles_of(files: list[DataFile], segment: int, of: int) -> list[list[DataFile]]:
    """Return the files of a segment, in bundles whose files are read in turn."""
    # In turn, so that segments have about the same number of files whatever their order.
    own = files[segment::of]
    return [own[first : first + TOGETHER] for first in range(0, len(own), TOGETHER)]


class Bundle:
    """Some files, read in turn: a part has whole lines of each of them."""

    def __init__(self, bucket: Bucket, files: list[DataFile]) -> None:
        self._files = [(file, Lines(bucket, file.key)) for file in files]
        self._texts: list[bytes] = []
        self._found = {file.key: 0 for file in files}

    def part(self) -> list[Raw]:
        """Return the items of the next part, none at the end.

        After an error it can be called again, and goes on where that was.
        """
        # What was read before an error is kept: a file is decompressed in one direction only.
        while len(self._texts) < len(self._files):
            _, lines = self._files[len(self._texts)]
            self._texts.append(lines.take(SLICE))
        texts, self._texts = self._texts, []
        items: list[Raw] = []
        for (file, _), text in zip(self._files, texts, strict=True):
            more = _items_in(file, text)
            items += more
            found = self._found[file.key] = self._found[file.key] + len(more)
            # Against the manifest, since a cut answer that ends between two lines looks like a
            # whole one.
            if not text and found != file.items:
                reason = f"a file of the export has {found} items, not {file.items}"
                raise Refused((f"{reason} - at {file.key}",))
        self._files = [file for file, text in zip(self._files, texts, strict=True) if text]
        return items


def _items_in(file: DataFile, text: bytes) -> list[Raw]:
    try:
        return [line.Item for line in _items.decode_lines(text)]
    except UNREADABLE as error:
        raise Refused((f"a file of the export cannot be read: {error} - at {file.key}",)) from error
