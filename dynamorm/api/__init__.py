"""DynamoDB's own shapes, each once: here what all of them share."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from msgspec import json

from ..model import Readable

_ACRONYMS = {"kms": "KMS", "sse": "SSE"}


def wire_name(field: str) -> str:
    """Return `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    return "".join(_ACRONYMS.get(word) or word.capitalize() for word in field.split("_"))


class Request(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API; as a dict it is what boto3's client takes, binary as bytes."""

    _kept: ClassVar[tuple[type, ...]] = (bytes,)


encode = json.Encoder().encode
"""The JSON body of a request."""

T = TypeVar("T")


class Reply(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API."""
