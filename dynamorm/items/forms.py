"""The JSON of attribute values, one form for each type: {"S": "text"}, {"N": "12"}, {"L": [...]}.

Forms give bytes, not objects for an encoder to walk through once more. Where msgspec has its own
way of writing a value as a JSON string (datetime, UUID, bytes, ...), that is left to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, NamedTuple, get_origin

from msgspec import inspect

from .attributes import (
    KINDS,
    DecimalKeyType,
    FloatKeyType,
    MomentKeyType,
    SecondsType,
    tag_of,
)
from .compiled import compiled
from .mismatch import UNFIT, Misfit, each, every, expected, raise_at
from .moments import write_key_moment, write_moment, write_seconds, write_time
from .numbers import write_decimal, write_float, write_integer, write_key_decimal, write_key_float
from .values import encode, fitted

Write = Callable[[Any], bytes]
"""Gives JSON; raises `Misfit`, or another of `UNFIT`, for a value that it is not made for."""

NULL = b'{"NULL":true}'

_CALL = "{write}({value})"

# What generated code tries before it calls a writer.
_SHORTCUTS: dict[type[inspect.Type], str] = {
    kind: f"{code} if (v := {{value}}).__class__ is {test} else {{write}}(v)"
    for kind, code, test in (
        (inspect.StrType, "encode(v)", "str"),
        # A longer one may have more digits than DynamoDB keeps, so its writer looks at it.
        (inspect.IntType, "encode(v)", "int and -0x8000000000000000 <= v <= 0x7fffffffffffffff"),
        # Within these bounds msgspec writes a float as Python does.
        (inspect.FloatType, "encode(v)", "float and (1e-4 < v < 1e15 or -1e15 < v < -1e-4)"),
        (inspect.BoolType, "encode(v)", "bool"),
        (inspect.BytesType, "encode(v)", "bytes"),
        (inspect.DecimalType, "encode(fitted(v))", "Decimal and v.is_finite()"),
    )
}


class Form(NamedTuple):
    """How a type is written: what comes before and after the part that depends on the value."""

    before: bytes
    write: Write
    after: bytes
    shortcut: str = _CALL
    """An expression that does the same, sooner where it can."""

    def whole(self, value: Any) -> bytes:
        """Write all of it."""
        return self.before + self.write(value) + self.after


NAMES = {"Decimal": Decimal, "NULL": NULL, "encode": encode, "fitted": fitted}
"""What shortcuts, and other generated code, make use of."""


def only(kind: type, write: Write) -> Write:
    """Make a writer that takes instances of one class."""

    def checked(value: Any) -> bytes:
        if isinstance(value, kind):
            return write(value)
        raise expected((kind,), value)

    return checked


_WRITERS: dict[type[inspect.Type], Write] = {
    inspect.IntType: write_integer,
    inspect.FloatType: write_float,
    inspect.DecimalType: write_decimal,
    FloatKeyType: write_key_float,
    DecimalKeyType: write_key_decimal,
    inspect.DateTimeType: only(datetime.datetime, write_moment),
    MomentKeyType: only(datetime.datetime, write_key_moment),
    SecondsType: only(datetime.datetime, write_seconds),
    inspect.TimeType: only(datetime.time, write_time),
}


def leaf_form(shape: inspect.Type) -> Form:
    """Return the form of a type that has no other types in it."""
    if isinstance(shape, inspect.NoneType):
        return Form(b"", lambda value: NULL, b"")
    tag = tag_of(shape)
    # What writes a Decimal writes the quotes too, as msgspec does.
    quote = b'"' if tag == "N" and type(shape) is not inspect.DecimalType else b""
    before, after = b'{"%s":%s' % (tag.encode(), quote), quote + b"}"
    if isinstance(shape, inspect.EnumType):
        table = {member: _listed(member.value) for member in shape.cls}
        return Form(before, only(shape.cls, table.__getitem__), after)
    if isinstance(shape, inspect.LiteralType):
        return Form(before, partial(_choose, {v: _listed(v) for v in shape.values}), after)
    write = _WRITERS.get(type(shape)) or only(KINDS[type(shape)][1], encode)
    return Form(before, write, after, _SHORTCUTS.get(type(shape), _CALL))


def _choose(table: dict[Any, bytes], value: Any) -> bytes:
    if value not in table:
        raise Misfit("the value is not one that the Literal lists")
    return table[value]


def _listed(value: Any) -> bytes:
    return encode(value) if isinstance(value, str) else write_integer(value)


def classes_of(shape: Any) -> tuple[type, ...]:
    """Return the class that a value of this type has, where its writer is to be found by it."""
    if isinstance(shape, inspect.LiteralType):
        return (type(shape.values[0]),)
    cls = KINDS.get(type(shape), ("", None))[1] or shape.cls
    return (get_origin(cls) or cls,)


def list_form(kind: Any, member: Form) -> Form:
    """Return the form of a list, or of what is written like one."""
    return Form(b'{"L":[', _collection(kind, member), b"]}")


def set_form(kind: Any, member: Form, tag: str) -> Form:
    """Return the form of a set whose members are all strings, all numbers or all binary."""
    # A set has its tag once, in front: its members are written without a tag.
    skip, end = len(b'{"S":'), len(b"}")
    inner = member._replace(before=member.before[skip:], after=member.after[:-end])
    if not member.before:  # of several types, which say by themselves what comes before
        inner = Form(b"", lambda value: member.write(value)[skip:-end], b"")
    return Form(b'{"%sS":[' % tag.encode(), _collection(kind, inner, empty=_NO_SET), b"]}")


_NO_SET = 'raise Misfit("no set can be empty: let the field be optional, or its default one")'


_SOURCE = """
def made(values):
    if not isinstance(values, kind):
        raise expected((kind,), values)
    if not values:
        {empty}
    {members}
    return before + between.join(found) + after
"""

_NESTED = "found = members(values)"

# Try the shortcut for all members; if one does not fit it, write all again, with places.
_PLAIN = """try:
        found = [{member} for value in values]
    except UNFIT:
        found = members(values)"""


def _collection(kind: type, member: Form, *, empty: str = 'return b""') -> Write:
    """Make what writes the members of a collection, which are all of one form."""
    plain = member.shortcut in _SHORTCUTS.values()
    code = _PLAIN.format(member=member.shortcut.format(value="value", write="write"))
    write: Write = compiled(
        _SOURCE.format(empty=empty, members=code if plain else _NESTED),
        **NAMES,
        kind=kind,
        before=member.before,
        between=member.after + b"," + member.before,
        after=member.after,
        write=member.write,
        members=every(member.write),
    )
    return write


def tuple_form(members: list[Form]) -> Form:
    """Return the form of a tuple of a certain length."""

    def write(values: Any) -> bytes:
        if len(values) != len(members):
            raise Misfit(f"expected a tuple of {len(members)}, not of {len(values)}")
        return b",".join(write_each(values))

    write_each = each([member.whole for member in members])
    return Form(b'{"L":[', only(tuple, write), b"]}")


def map_form(member: Form) -> Form:
    """Return the form of a dict."""

    def write(values: Any) -> bytes:
        try:
            entries = {_key(key): member.whole(value) for key, value in values.items()}
        except UNFIT as error:  # whose key is not told: it may be anybody's name
            raise_at("[...]", error)
        if len(entries) < len(values):
            raise Misfit("two keys of the map are the same once written")
        return b",".join(map(b"".join, entries.items()))

    return Form(b'{"M":{', only(dict, write), b"}}")


def _key(key: Any) -> bytes:
    if isinstance(key, str):
        return encode(key) + b":"
    if isinstance(key, Enum):  # which msgspec 0.19 does not take as a key on Python 3.13
        return _key(key.value)
    # As values are written: msgspec would round a UTC offset that has seconds.
    if isinstance(key, (datetime.datetime, datetime.time)):
        return (write_moment(key) if isinstance(key, datetime.datetime) else write_time(key)) + b":"
    return encode({key: 0})[1:-2]  # what msgspec makes of other keys
