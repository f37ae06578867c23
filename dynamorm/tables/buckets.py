"""A bucket of S3, through the client that the caller gives: botocore's, boto3's, or one like them.

Nothing here imports a client. Its three methods are those of botocore: GetObject, PutObject,
ListObjectsV2. They block, so that an operation calls them by `blocking`, under asyncio in a thread.
https://docs.aws.amazon.com/botocore/latest/reference/services/s3.html
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..api.cursors import Cursors
from ..errors import S3Error
from ..operations import Steps, Waiting
from ..operations.sending import is_coroutine_function
from .tags_and_policies import ACCOUNT_DIGITS

T = TypeVar("T")

BLOCK = 1 << 20
"""Bytes of an object in one request: one that breaks costs little, and memory is bounded."""

LONGEST = 64 << 20
"""Bytes of a line: an item of 400 KB has a few megabytes as JSON, and a report may be one array."""

GZIP = 31
"""https://docs.python.org/3/library/zlib.html#zlib.decompress: the header and trailer of gzip."""

METHODS = ("get_object", "put_object", "list_objects_v2")


def blocking(function: Callable[..., T], *given: Any) -> Steps[T]:
    """Call a blocking function, and return what it returns; under asyncio, in a thread."""
    called = partial(function, *given)
    answer: T = yield Waiting(lambda _: called())
    return answer


def check_client(s3: object) -> None:
    """Raise `TypeError` for anything that is not an S3 client, and for one of asyncio."""
    methods = [getattr(s3, name, None) for name in METHODS]
    if not all(map(callable, methods)):
        raise TypeError(f's3= takes a client, as botocore makes for "s3", not {s3!r:.200}')
    if any(map(is_coroutine_function, methods)):
        raise TypeError(f"{type(s3).__name__} {_BLOCKING}")


_BLOCKING = (
    "is for asyncio: s3= takes a client that blocks, of botocore or boto3, and calls it in a thread"
)


def check_place(
    bucket: object,
    prefix: object,
    owner: object = None,
    *,
    kms_key: object = None,
    of: str = "",
) -> None:
    """Raise for what cannot be a bucket's name, the beginning of keys, an account or a KMS key.

    The arguments are named as such; with `of` "errors_" as `errors_bucket=` and `errors_prefix=`.
    `s3://bucket/folder` and `bucket/folder` are the usual mistakes; S3 judges the rest of a name.
    """
    if not isinstance(bucket, str) or not bucket or {*bucket} & {*"/:"}:
        written = f'"my-bucket", {of}prefix="folder/"'
        named = f"{of}bucket=" if of else "bucket"
        raise ValueError(f"{named} takes the name of one, as in {written}, not {bucket!r:.200}")
    if not isinstance(prefix, str):
        raise TypeError(f"{of}prefix= takes the beginning of keys, a str, not {prefix!r:.200}")
    # A number is a usual mistake too, and may have lost the zeros that it began with.
    if owner is not None and not (isinstance(owner, str) and len(owner) == ACCOUNT_DIGITS):
        raise ValueError(f"bucket_owner= takes an account, twelve digits in a str, not {owner!r}")
    # True would be sent as a key of this name, and an empty text would leave the encryption out.
    if kms_key is not None and not (isinstance(kms_key, str) and kms_key):
        raise TypeError(f"kms_key= takes the id, alias or ARN of a key, not {kms_key!r:.200}")


class Bucket:
    """A bucket: reads, writes and lists its objects."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def read(self, key: str, start: int = 0, version: str = "") -> tuple[bytes, int, str]:
        """Return a part of an object, how many bytes the object has, and its ETag.

        With the ETag of a part that was read before, an object that was changed is an error.
        """
        given = {"Range": f"bytes={start}-{start + BLOCK - 1}"}
        if version:
            given["IfMatch"] = version
        try:
            body, answer = self._call("get_object", _body, Key=key, **given)
        except S3Error as error:
            if error.code != "InvalidRange":
                raise
            return b"", 0, version  # an empty object has no first byte
        # "bytes 0-1048575/5000000". Without it the body is all that there is.
        _, _, total = str(answer.get("ContentRange", "")).partition("/")
        return body, int(total or len(body)), str(answer.get("ETag", version))

    def write(self, key: str, body: bytes) -> None:
        """Write an object; it replaces one with the same key."""
        self._call("put_object", dict, Key=key, Body=body)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the objects under a prefix, a request for every thousand."""
        found: list[str] = []
        cursors = Cursors("ListObjectsV2")
        token: str | None = None
        while True:
            more = {} if token is None else {"ContinuationToken": token}
            page = self._call("list_objects_v2", dict, Prefix=prefix, **more)
            found += (held["Key"] for held in page.get("Contents", ()))
            token = cursors.onward(token, page.get("NextContinuationToken"))
            if token is None:
                return found

    def _call(self, method: str, read: Callable[[Any], T], **members: Any) -> T:
        """Send a request, and read its answer: an error of either is an `S3Error` of the object."""
        where = f"s3://{self.name}/{members.get('Key', members.get('Prefix', ''))}"
        try:
            answer = getattr(self._client, method)(Bucket=self.name, **members)
            if not hasattr(answer, "__await__"):
                return read(answer)
        except Exception as error:  # each client has errors of its own
            raise S3Error(method, where, error) from error
        if hasattr(answer, "close"):  # a coroutine, which would warn that nobody has awaited it
            answer.close()
        raise TypeError(f"{type(self._client).__name__} {_BLOCKING}")


def _body(answer: Any) -> tuple[bytes, Any]:
    # A stream of the connection: what breaks while it is read has to be an `S3Error` as well.
    return answer["Body"].read(), answer


_CHANGED = "the object was changed while it was read"


class Lines:
    """The lines of an object, compressed by gzip or not, read in parts of a size."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._start = 0
        self._total: int | None = None
        self._version = ""
        self._inflating: Any = None
        self._packed = b""
        """Bytes that were read but not inflated: a megabyte may become a gigabyte."""
        self._rest = b""
        """The beginning of a line."""

    def take(self, size: int) -> bytes:
        """Return the lines that begin within the next `size` bytes, whole; none at the end.

        Which these are does not depend on how the object was compressed, or read. After an error it
        can be called again.
        """
        text = bytearray(self._rest)
        # The last line that begins within `size` bytes ends at the first newline from there on.
        while (end := text.find(b"\n", size - 1)) < 0:
            if len(text) > size + LONGEST:
                raise self._damaged(ValueError(f"a line has more than {LONGEST >> 20} MB"))
            # Kept before the read, which may fail: nothing of the object is lost, nor read twice.
            self._rest = bytes(text)
            more = self._next()
            if more is None:
                self._rest = b""
                return bytes(text)
            text += more
        self._rest = bytes(text[end + 1 :])
        return bytes(text[: end + 1])

    def _next(self) -> bytes | None:
        """Return what follows, a megabyte at most; `None` at the end."""
        packed = self._packed
        if not packed:
            if self._start == self._total:
                # The rest of gzip that was cut off would be missing without a word.
                if self._inflating is not None and not self._inflating.eof:
                    raise self._damaged(EOFError("the compressed text has no end"))
                return None
            first = self._total is None
            try:
                packed, total, self._version = self._bucket.read(
                    self._key, self._start, self._version
                )
            except S3Error as error:
                if error.code != "PreconditionFailed":
                    raise
                raise self._damaged(EOFError(_CHANGED)) from error
            # By its size where no ETag was told. An object that has become shorter has nothing
            # here, however often it is read.
            if (not first and total != self._total) or (total and not packed):
                raise self._damaged(EOFError(_CHANGED))
            self._total = total
            self._start += len(packed)
            if first and packed.startswith(b"\x1f\x8b"):
                self._inflating = zlib.decompressobj(GZIP)
        if self._inflating is None:
            return packed
        return self._inflate(packed)

    def _inflate(self, packed: bytes) -> bytes:
        """Return some of the text of a compressed part; the rest of the part is kept."""
        if self._inflating.eof:  # a file of several members, as tools make that append
            self._inflating = zlib.decompressobj(GZIP)
        try:
            # A megabyte at most: the rest stays packed until it is asked for.
            text: bytes = self._inflating.decompress(packed, BLOCK)
        except zlib.error as error:
            raise self._damaged(error) from error
        self._packed = self._inflating.unconsumed_tail or self._inflating.unused_data
        return text

    def _damaged(self, error: Exception) -> S3Error:
        return S3Error("get_object", f"s3://{self._bucket.name}/{self._key}", error, damaged=True)
