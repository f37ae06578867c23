"""How a field's name is spelt in the API."""

from __future__ import annotations

__all__ = ["wire_name"]

_ACRONYMS = {"kms": "KMS", "sse": "SSE"}


def wire_name(field: str) -> str:
    """Give `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    return "".join(_ACRONYMS.get(word) or word.capitalize() for word in field.split("_"))
