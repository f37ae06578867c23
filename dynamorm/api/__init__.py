"""DynamoDB's own shapes, each once: here what all of them share."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

_ACRONYMS = {"kms": "KMS", "sse": "SSE"}


def wire_name(field: str) -> str:
    """Return `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    return "".join(_ACRONYMS.get(word) or word.capitalize() for word in field.split("_"))


class Request(Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API."""


T = TypeVar("T")


class Reply(Struct, frozen=True, rename=wire_name, omit_defaults=True, repr_omit_defaults=True):
    """A structure of the API."""
