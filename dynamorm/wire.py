"""How the API spells a field's name, and what reading raises where JSON is none of the API's."""

from __future__ import annotations

from msgspec import DecodeError

__all__ = ["UNREADABLE", "wire_name"]

UNREADABLE = (DecodeError, RecursionError, UnicodeError)
"""What msgspec raises for bytes that are not what was asked for, or that nest without end."""

_ACRONYMS = {"kms": "KMS", "sse": "SSE"}


def wire_name(field: str) -> str:
    """Give `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    return "".join(_ACRONYMS.get(word) or word.capitalize() for word in field.split("_"))
