"""A bucket through a client of botocore: what is asked of it, and what its errors become."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from gzip import compress
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from dynamorm import S3Error
from dynamorm.tables.buckets import BLOCK, Bucket, Lines
from dynamorm.testing import FakeS3

pytestmark = pytest.mark.once


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = get_session().create_client("s3", region_name="us-east-1")
        made.create_bucket(Bucket="bucket")
        yield made


def test_objects_are_written_listed_and_read(client: Any) -> None:
    """Whole or in part; a part says how long the whole is."""
    bucket = Bucket(client, "bucket")
    for number in range(3):
        bucket.write(f"in/{number:04}", b"0123456789")
    assert bucket.keys("in/") == [f"in/{number:04}" for number in range(3)]
    assert bucket.keys("out/") == []
    part, size, version = bucket.read("in/0000", 3)
    assert (part, size) == (b"3456789", 10)
    assert bucket.read("in/0000", 0, version) == (b"0123456789", 10, version)


def test_lines_are_read_in_parts(client: Any) -> None:
    """Of objects compressed once, in several members or not at all; no line is cut."""
    bucket = Bucket(client, "bucket")
    text = b"".join(b'{"number":%d}\n' % number for number in range(100_000))
    members = compress(text[:1000]) + compress(text[1000:])
    objects = {"plain": text, "packed": compress(text), "members": members, "empty": b""}
    for key, held in objects.items():
        bucket.write(key, held)
        lines, parts = Lines(bucket, key), []
        while part := lines.take(BLOCK):
            assert part.endswith(b"\n")
            parts.append(part)
        assert b"".join(parts) == (text if held else b"")
        assert max(map(len, parts), default=0) < 2 * BLOCK + 20


def test_what_was_compressed_well_is_not_in_memory_at_once() -> None:
    """A part of it is, whatever a few bytes may become."""
    held = compress(b"%063d\n" % 0 * (1 << 19))
    lines = Lines(Bucket(FakeS3({"bucket/packed": held}), "bucket"), "packed")
    tracemalloc.start()
    try:
        size = 0
        while part := lines.take(BLOCK):
            size += len(part)
        assert size == 32 << 20
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_what_is_not_there_is_an_error(client: Any) -> None:
    """With S3's code, and where it was."""
    with pytest.raises(S3Error, match="at get_object s3://bucket/none") as caught:
        Bucket(client, "bucket").read("none")
    assert (caught.value.code, caught.value.transient) == ("NoSuchKey", False)
    with pytest.raises(S3Error, match="at list_objects_v2 s3://other/x") as caught:
        Bucket(client, "other").keys("x")
    assert caught.value.code == "NoSuchBucket"
