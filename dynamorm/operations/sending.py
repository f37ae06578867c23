"""What drivers and a transport owe each other: one method, the seconds left, a whole answer.

A transport has `send(operation, body, *, timeout=None)`, from a JSON body to a JSON answer, raising
`ServiceError` or `TransportError`. `timeout` is the seconds in which the answer must be there; a
transport without this parameter is never given it.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from msgspec import json

from ..api import DescribeTableOutput, encode, read_described
from ..errors import UNREADABLE, TransportError, shown
from . import Call, ForkLock, InRegion, Location, Where

T = TypeVar("T")


def without_waiting(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of what never waits for an event loop: outside of one it blocks instead.

    So what waits is written once, for threads and for event loops.
    """
    try:
        while True:
            work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result


class UnlessGiven(float):
    """A default, which tells whether somebody has given the same number."""

    __slots__ = ()


# Seconds, for functions that have few of them: botocore's default is 60 for both.
CONNECT_TIMEOUT = UnlessGiven(2.0)
READ_TIMEOUT = UnlessGiven(10.0)


def answered(body: bytes, status: int | None, request_id: str | None) -> bytes:
    """Return a body that says status and request id once anybody has observed; else as it is."""
    # Loaded by whoever observes, and by nobody for this.
    observing = sys.modules.get(_OBSERVING)
    return body if observing is None else observing.observed_body(body, status, request_id)


_OBSERVING = f"{__name__.rpartition('.')[0]}.observing"


def sending(transport: Any, operation: str, body: bytes, timeout: float | None) -> Any:
    """Call `send`, with the time that is left where there is a limit and the transport knows one.

    Gives what `send` gives: an answer, or what is to be awaited.
    """
    # A transport of a user's may have been written before there was a time limit.
    if timeout is None or not takes_timeout(transport.send):
        return transport.send(operation, body)
    return transport.send(operation, body, timeout=timeout)


# Flags of code objects: https://docs.python.org/3/library/inspect.html#code-objects-bit-flags
_ANY_KEYWORD = 0x08
_COROUTINE = 0x80


def takes_timeout(send: Any) -> bool:
    """Return whether a function takes `timeout`; a wrapper takes what the function in it takes."""
    code = _code(send)
    if code is None:
        return False
    if "timeout" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return True
    wrapped = getattr(send, "__wrapped__", None)
    return bool(code.co_flags & _ANY_KEYWORD) and (wrapped is None or takes_timeout(wrapped))


def at_once(transport: Any, request: Call[Any], timeout: float | None) -> bytes:
    """Return what `send` answers; raise `TypeError` for what would have to be awaited."""
    sent: bytes = sending(transport, request.operation, encode(request.payload), timeout)
    if hasattr(sent, "__await__"):
        if close := getattr(sent, "close", None):  # a coroutine, which would warn of that
            close()
        raise _wrong(transport, awaited=False)
    return sent


def later(transport: Any, request: Call[Any], timeout: float | None) -> Awaitable[bytes]:
    """Return what `send` promises; raise `TypeError` for what cannot be awaited."""
    check_kind(transport, awaited=True)
    promised: Awaitable[bytes]
    promised = sending(transport, request.operation, encode(request.payload), timeout)
    if not hasattr(promised, "__await__"):
        raise _wrong(transport, awaited=True)
    return promised


def check_kind(transport: Any, *, awaited: bool) -> None:
    """Raise `TypeError`, before anything is sent, for a transport that is of the other kind.

    A `send` that is no `async def` and does not say that it gives something to await is not for
    asyncio: called to find out, it would have sent the request.
    """
    is_wrong = _answers_at_once if awaited else is_coroutine_function
    if is_wrong(transport.send):
        raise _wrong(transport, awaited=awaited)


def _wrong(transport: Any, *, awaited: bool) -> TypeError:
    blocking = (
        "is not for asyncio: wrap it, dynamorm.transports.threads.ThreadTransport(...), or in "
        "tests dynamorm.testing.Async(...); one that is for asyncio has `async def send`, or the "
        "annotation `-> Awaitable[bytes]`"
    )
    problem = blocking if awaited else "is for asyncio: use connect_async or arun"
    return TypeError(f"{type(transport).__name__} {problem}")


def _code(function: Any) -> Any:
    """Return what Python makes of a function's source; `None` for what is written in C."""
    # `inspect`, which knows all this, takes as long to import as connecting does.
    if hasattr(function, "__code__"):  # a method has that of its function
        return function.__code__
    # A partial keeps its function in `func`; another object is called by its class.
    inner = getattr(function, "func", type(function).__call__)
    return getattr(inner, "__code__", None)


def is_coroutine_function(send: Any) -> bool:
    """Return whether a function is an `async def`, without importing `inspect`."""
    code = _code(send)
    return code is not None and bool(code.co_flags & _COROUTINE)


def _answers_at_once(send: Any) -> bool:
    """Return whether this is a plain function, or a wrapper of one, that gives nothing to await."""
    code = _code(send)
    if code is None or is_coroutine_function(send) or hasattr(send, _MARK):
        return False
    promised = str(getattr(send, "__annotations__", {}).get("return", ""))
    if any(word in promised for word in _AWAITABLE):
        return False
    wrapped = getattr(send, "__wrapped__", None)
    return wrapped is None or _answers_at_once(wrapped)


_MARK = "_is_coroutine_marker"
"""What `inspect.markcoroutinefunction` leaves, from Python 3.12 on."""

_AWAITABLE = ("Any", "Awaitable", "Coroutine", "Future", "Task")


def told_of(transport: Any, effect: Where | InRegion, *, awaited: bool) -> Any:
    """Return where a transport sends to, or the one that does so in another region."""
    # The caller is about to send there; a database of the other kind is refused before that.
    check_kind(transport, awaited=awaited)
    if isinstance(effect, Where):
        return Location(getattr(transport, "endpoint_url", ""), getattr(transport, "region", ""))
    make = getattr(transport, "in_region", None)
    return make and make(effect.region)


_decoders: dict[Any, json.Decoder[Any]] = {}
_making = ForkLock()

MOST_DECODERS = 200
"""How many are kept: the API's own shapes are fewer, those that a program asks for may be any."""

_NOTHING = (b"", b'""')
"""What TagResource and UntagResource answer with: the service no body, dynalite an empty text."""


def decoded(effect: Call[Any], transport: Any, body: bytes) -> Any:
    """Read an answer that came over a transport; raise `TransportError` for what is not one."""
    if body in _NOTHING and not getattr(effect.reply_type, "__struct_fields__", True):
        return effect.reply_type()
    try:
        if effect.reply_type is DescribeTableOutput:
            reply = read_described(body, decoder_of)
        else:
            reply = decoder_of(effect.reply_type).decode(body)
    except UNREADABLE as error:
        problem = shown(str(error), 300)  # and not the error, which may hold all of the body
    else:
        problem = _misdirected(effect.payload, reply)
        if not problem:
            return reply
    # The error's traceback holds this frame, which must not hold megabytes.
    del body
    url = getattr(transport, "endpoint_url", "")
    place = f" from {url}" if url else ""
    raise TransportError(
        f"the answer{place} is not a whole {effect.operation} reply: {problem}",
        operation=effect.operation,
        maybe_applied=True,
    )


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
