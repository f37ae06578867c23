"""S3 in memory, as far as a copy and a report of errors need it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any
from zlib import crc32

from .faults import Fault, failing

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
PAGE = 1000


class ClientError(Exception):
    """A stand-in for botocore's `ClientError`, with the same attributes."""

    def __init__(self, code: str, status: int, method: str) -> None:
        super().__init__(f"An error occurred ({code}) when calling {method}")
        self.response = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


class FakeS3:
    """An S3 client for `s3=`, over `FakeService.objects`, with botocore's methods."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects
        self._faults: list[Fault] = []
        self.sent: list[tuple[str, str]] = []
        """The method of every request, in order, with its key or prefix."""

    def fail(
        self, method: str, error: BaseException, *, times: int = 1, after_effect: bool = False
    ) -> None:
        """Let the next calls of `method` raise `error`, `after_effect` once they are done."""
        self._faults += [(method, error, after_effect)] * times

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803 - S3's
        Key: str,  # noqa: N803 - S3's
        Range: str = "",  # noqa: N803 - S3's
        IfMatch: str = "",  # noqa: N803 - S3's
    ) -> dict[str, Any]:
        with self._request("get_object", Key):
            held = self._objects.get(f"{Bucket}/{Key}")
            if held is None:
                raise ClientError("NoSuchKey", 404, "GetObject")
            answer: dict[str, Any] = {"ETag": f'"{crc32(held):08x}-{len(held)}"'}
            if IfMatch and IfMatch != answer["ETag"]:
                raise ClientError("PreconditionFailed", 412, "GetObject")
            if Range:
                first, _, last = Range.removeprefix("bytes=").partition("-")
                if int(first) >= len(held):
                    raise ClientError("InvalidRange", 416, "GetObject")
                answer["ContentRange"] = f"bytes {first}-{last}/{len(held)}"
                held = held[int(first) : int(last) + 1]
        return {**answer, "Body": BytesIO(held), "ContentLength": len(held)}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:  # noqa: N803 - S3's
        with self._request("put_object", Key):
            self._objects[f"{Bucket}/{Key}"] = bytes(Body)
        return {}

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803 - S3's
        Prefix: str = "",  # noqa: N803 - S3's
        ContinuationToken: str = "",  # noqa: N803 - S3's
    ) -> dict[str, Any]:
        start = f"{Bucket}/{Prefix}"
        with self._request("list_objects_v2", Prefix):
            keys = [key.partition("/")[2] for key in sorted(self._objects) if key.startswith(start)]
        # The token is the last key: what is written meanwhile neither repeats nor hides one.
        keys = [key for key in keys if key > ContinuationToken]
        more = {"NextContinuationToken": keys[PAGE - 1]} if keys[PAGE:] else {}
        return {"Contents": [{"Key": key} for key in keys[:PAGE]], **more}

    def _request(self, method: str, key: str) -> AbstractContextManager[None]:
        """Note a request; let it fail, before its effect or after it, where it is to."""
        self.sent.append((method, key))
        return failing(self._faults, method)
