"""What counts as an answer: all that its reply always has, about the table that was asked for."""

from __future__ import annotations

from typing import Any

from msgspec import json

from ..api.descriptions import DescribeTableOutput, read_described
from ..errors import UNREADABLE, TransportError, shown
from . import ForkLock
from .effects import Call

_decoders: dict[Any, json.Decoder[Any]] = {}
_making = ForkLock()

MOST_DECODERS = 200
"""How many are kept: an answer of DescribeTable has one for each set of rare members."""

_NOTHING = (b"", b'""')
"""What TagResource and UntagResource answer with: the service no body, dynalite an empty text."""


def decoded(effect: Call[Any], transport: Any, body: bytes) -> Any:
    """Read an answer that came over a transport; raise `TransportError` for what is not one."""
    if body in _NOTHING and not getattr(effect.reply_type, "__struct_fields__", True):
        return effect.reply_type()
    try:
        reply = _read(effect.reply_type, body)
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


def _read(reply_type: Any, body: bytes) -> Any:
    if reply_type is DescribeTableOutput:
        return read_described(body, decoder_of)
    return decoder_of(reply_type).decode(body)


def decoder_of(reply_type: Any) -> json.Decoder[Any]:
    """Return the decoder of a reply, made once.

    One at a time: msgspec fills in what it knows of a Struct while other threads run, and a thread
    that meets one half filled crashes the interpreter.
    """
    found = _decoders.get(reply_type)
    if found is None:
        with _making:
            # All at once: which one is the oldest is not worth keeping a list for.
            if len(_decoders) > MOST_DECODERS:
                _decoders.clear()
            found = _decoders.get(reply_type) or json.Decoder(reply_type)
            _decoders[reply_type] = found
    return found


def _misdirected(payload: Any, reply: Any) -> str:
    """Say that an answer is about another table: it is a late one, to an earlier request."""
    # Asked of the classes: a value that lacks an attribute takes its time to say so.
    if not hasattr(type(payload), "table_name"):
        return ""
    asked = payload.table_name
    table = getattr(reply, "table", None) or getattr(reply, "table_description", None)
    if not isinstance(asked, str) or table is None or table.table_name == _name_in(asked):
        return ""
    return f"it is about {shown(table.table_name, 300)}, and {asked} was asked for"


def _name_in(name: str) -> str:
    """Return a table's name, which may be said as its ARN."""
    return name.partition(":table/")[2].partition("/")[0] if name.startswith("arn:") else name
