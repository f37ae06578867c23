"""What counts as an answer: all that its reply always has, about the table that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import json

from .effects import Call
from .errors import TransportError, shown
from .facets import NoOutput
from .wire import UNREADABLE

__all__ = ["decoded"]

_decoder: Callable[[Any], json.Decoder[Any]] = cache(json.Decoder)

_NOTHING = (b"", b'""')
"""What TagResource and UntagResource answer with: the service no body, dynalite an empty text."""


def decoded(effect: Call[Any], transport: Any, body: bytes) -> Any:
    """Read an answer that came over a transport; raise `TransportError` for what is not one."""
    if effect.reply_type is NoOutput and body in _NOTHING:
        return NoOutput()
    try:
        reply = _decoder(effect.reply_type).decode(body)
    except UNREADABLE as error:
        problem = shown(str(error), 300)  # and not the error, which may hold all of the body
    else:
        problem = _misdirected(effect.payload, reply)
        if not problem:
            return reply
    del body
    url = getattr(transport, "endpoint_url", "")
    place = f" from {url}" if url else ""
    raise TransportError(
        f"the answer{place} is not a whole {effect.operation} reply: {problem}",
        operation=effect.operation,
        maybe_applied=True,
    )


def _misdirected(payload: Any, reply: Any) -> str:
    """Say that an answer is about another table: it is a late one, to an earlier request."""
    asked = getattr(payload, "table_name", None)
    table = getattr(reply, "table", None) or getattr(reply, "table_description", None)
    if not isinstance(asked, str) or table is None or table.table_name == _name_in(asked):
        return ""
    return f"it is about {shown(table.table_name, 300)}, and {asked} was asked for"


def _name_in(name: str) -> str:
    """Give a table's name, which may be said as its ARN."""
    return name.partition(":table/")[2].partition("/")[0] if name.startswith("arn:") else name
