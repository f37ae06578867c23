"""How values are read and written that have no others in them: strings, numbers, binary, enums.

What several spellings have is read from the text itself wherever two of them must not become one.
Forms give bytes, not objects for an encoder to walk through once more. Where msgspec has its own
way of writing a value as a JSON string (datetime, UUID, bytes, ...), that is left to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple, Union

from msgspec import Meta, Raw, inspect, json

from .attributes import (
    KINDS,
    DecimalKeyType,
    FloatKeyType,
    MomentKeyType,
    SecondsType,
    alternatives,
    tag_of,
)
from .mismatch import Convert, Misfit, decoder, expected
from .scalars import (
    beyond_microseconds,
    bounded,
    encode,
    read_exact_float,
    read_exact_seconds,
    read_float,
    read_integer,
    read_number,
    read_seconds,
    write_decimal,
    write_float,
    write_integer,
    write_key_decimal,
    write_key_float,
    write_key_moment,
    write_moment,
    write_seconds,
    write_time,
)

Write = Callable[[Any], bytes]
"""Gives JSON; raises `Misfit`, or another of `UNFIT`, for a value that it is not made for."""

NULL = b'{"NULL":true}'

CALL = "{call}({value})"


class Inside(NamedTuple):
    """How to read what is in a tag: the parser's part, then ours, if there is one."""

    annotation: Any
    convert: Convert | None = None


class Place(NamedTuple):
    """How to read a value where it stands: parse, take `member` if there is one, convert that."""

    annotation: Any
    member: str
    convert: Convert | None
    code: str = CALL
    """The conversion, for generated code."""

    @property
    def dotted(self) -> str:
        return f".{self.member}" if self.member else ""

    @property
    def unwrap(self) -> Convert:
        """All that is to be done after parsing."""
        if self.convert is None:
            return attrgetter(self.member)
        return compose(attrgetter(self.member), self.convert) if self.member else self.convert


def compose(first: Convert, second: Convert) -> Convert:
    """Return what does one after the other."""
    return lambda value: second(first(value))


class Form(NamedTuple):
    """How a type is written: what comes before and after the part that depends on the value."""

    before: bytes
    write: Write
    after: bytes
    shortcut: str = CALL
    """An expression that does the same, sooner where it can."""

    def whole(self, value: Any) -> bytes:
        """Write all of it."""
        return self.before + self.write(value) + self.after


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

# What generated code tries before it calls a writer.
SHORTCUTS: dict[type[inspect.Type], str] = {
    kind: f"{code} if (v := {{value}}).__class__ is {test} else {{call}}(v)"
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
    return Form(before, write, after, SHORTCUTS.get(type(shape), CALL))


def _choose(table: dict[Any, Any], value: Any) -> Any:
    if value not in table:
        raise Misfit("the value is not one that the model allows")
    return table[value]


def _listed(value: Any) -> bytes:
    return encode(value) if isinstance(value, str) else write_integer(value)


_LIMITS = ("min_length", "max_length", "pattern", "tz")


def leaf(shapes: list[Any], *, exact: bool) -> Inside:
    """Read a type that has no others in it; several are numbers of different kinds.

    `exact`: what would not be written again with all its digits is a `Misfit`.
    """
    shape = shapes[0]
    if isinstance(shape, inspect.NoneType):
        return Inside(bool, lambda value: None)
    if isinstance(shape, SecondsType):
        return Inside(str, read_exact_seconds if exact else read_seconds)
    if isinstance(shape, (inspect.LiteralType, inspect.EnumType)):
        if tag_of(shape) == "S":
            return Inside(key(shape))
        # Numbers arrive as strings, which the parser does not turn into members of an enum.
        values = [*shape.cls] if isinstance(shape, inspect.EnumType) else shape.values
        members = {getattr(value, "value", value): value for value in values}
        return Inside(str, lambda text: _choose(members, read_integer(text)))
    kinds = {KINDS[type(one)][1] for one in shapes}
    # DynamoDB sends numbers as strings. Of a string the parser makes a Decimal, exactly, but no int
    # and no float.
    if kinds.isdisjoint((int, float)):
        (kind,) = kinds
        annotation = limited(kind, shape)
        # The parser rounds to microseconds in silence, so an exact reader looks at the text too.
        fractional = exact and issubclass(kind, _MOMENTS)
        return Inside(Raw, _kept(annotation)) if fractional else Inside(annotation)
    read: Convert = read_integer
    if float in kinds:
        read = read_exact_float if exact else read_float
    if len(kinds) > 1:
        read = partial(read_number, other=read if float in kinds else None)
    return Inside(str, bounded(read, {KINDS[type(one)][1]: one for one in shapes}))


def is_its_own_spelling(shapes: list[Any]) -> bool:
    """Return whether no two texts are read as one value."""
    return all(
        isinstance(shape, (inspect.StrType, inspect.BytesType, inspect.AnyType))
        or (isinstance(shape, inspect.LiteralType) and tag_of(shape) == "S")
        for shape in shapes
    )


def _kept(annotation: Any) -> Convert:
    """Return what reads a moment, and refuses one that would be written with fewer digits."""
    decode = decoder(annotation)

    def read(raw: Raw) -> Any:
        value = decode(raw)
        if beyond_microseconds(raw):
            raise _cut(json.decode(raw), value)
        return value

    return read


def check_kept(text: str, value: Any) -> None:
    """Raise `Misfit` if a map's key would be written with fewer digits than it is read with."""
    if type(value) is float:
        read_exact_float(text)
    if isinstance(value, _MOMENTS) and beyond_microseconds(text.encode()):
        raise _cut(text, value)


_MOMENTS = (datetime.datetime, datetime.time, datetime.timedelta)


def _cut(text: str, value: Any) -> Misfit:
    written = json.decode(json.encode(value))
    return Misfit(
        f"{text} would be written as {written}, without its nanoseconds: "
        "declare the field as str or msgspec.Raw"
    )


def limited(annotation: Any, shape: Any) -> Any:
    """Let the parser hold a value to what Meta says of it."""
    found = {name: limit for name in _LIMITS if (limit := getattr(shape, name, None)) is not None}
    return Annotated[annotation, Meta(**found)] if found else annotation


def key(shape: inspect.Type) -> Any:
    """Read a map's keys, or a value that is one of a list, as the parser does by itself."""
    return Union[tuple(map(_key, alternatives(shape)))]  # noqa: UP007  # of a tuple


def _key(shape: Any) -> Any:
    if isinstance(shape, inspect.LiteralType):
        return Literal[shape.values]
    if isinstance(shape, inspect.EnumType):
        return shape.cls
    return limited(str if isinstance(shape, inspect.AnyType) else KINDS[type(shape)][1], shape)
