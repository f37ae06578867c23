"""How values are read and written that have no others in them: strings, numbers, binary, enums.

What several spellings have is read from the text itself wherever two of them must not become one.
Forms give bytes, not objects for an encoder to walk through once more. Where msgspec has its own
way of writing a value as a JSON string (datetime, UUID, bytes, ...), that is left to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import partial
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple, Union

from msgspec import Meta, Raw, ValidationError, convert, inspect, json

from .attributes import KINDS, SecondsType, tag_of
from .mismatch import Convert, Misfit, complaint, decoder
from .scalars import (
    CALL,
    WRITERS,
    Write,
    beyond_microseconds,
    encode,
    only,
    read_exact_float,
    read_exact_seconds,
    read_float,
    read_integer,
    read_number,
    read_seconds,
    write_integer,
)

NULL = b'{"NULL":true}'


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


def leaf_form(shape: Any) -> Form:
    """Return the form of a type that has no other types in it."""
    if isinstance(shape, inspect.NoneType):
        return Form(b"", lambda value: NULL, b"")
    tag = tag_of(shape)
    # What writes a Decimal writes the quotes too, as msgspec does.
    quote = b'"' if tag == "N" and type(shape) is not inspect.DecimalType else b""
    before, after = b'{"%s":%s' % (tag.encode(), quote), quote + b"}"
    if isinstance(shape, _LISTED):
        text: Write = encode if tag == "S" else write_integer
        texts = {member: text(value) for value, member in _members(shape).items()}
        choose: Write = partial(_choose, texts)
        cls = getattr(shape, "cls", None)  # of an enum
        return Form(before, only(cls, choose) if cls else choose, after)
    default = only(KINDS[type(shape)][1], encode), CALL
    write, shortcut = WRITERS.get(type(shape), default)
    return Form(before, write, after, shortcut)


_LISTED = (inspect.EnumType, inspect.LiteralType)


def _members(shape: Any) -> dict[Any, Any]:
    """Return what a Literal or an enum lists, by the values that are stored."""
    members = shape.cls if isinstance(shape, inspect.EnumType) else shape.values
    return {getattr(member, "value", member): member for member in members}


def _choose(table: dict[Any, Any], value: Any) -> Any:
    if value not in table:
        raise Misfit("the value is not one that the model allows")
    return table[value]


_FRACTIONAL = (inspect.DateTimeType, inspect.TimeType, inspect.TimeDeltaType)


def leaf(shapes: list[Any], *, exact: bool) -> Inside:
    """Read a type that has no others in it; several are numbers of different kinds.

    `exact`: what would not be written again with all its digits is a `Misfit`.
    """
    shape = shapes[0]
    if isinstance(shape, inspect.NoneType):
        return Inside(bool, lambda value: None)
    if isinstance(shape, SecondsType):
        return Inside(str, read_exact_seconds if exact else read_seconds)
    if isinstance(shape, _LISTED) and tag_of(shape) == "N":
        # Numbers arrive as strings, which the parser does not turn into members of an enum.
        members = _members(shape)
        return Inside(str, lambda text: _choose(members, read_integer(text)))
    annotation = annotated(shapes)
    floats = any(isinstance(one, inspect.FloatType) for one in shapes)
    # DynamoDB sends numbers as strings. Of a string the parser makes a Decimal, exactly, but no int
    # and no float.
    if not floats and not any(isinstance(one, inspect.IntType) for one in shapes):
        # The parser rounds to microseconds in silence, so an exact reader looks at the text too.
        fractional = exact and isinstance(shape, _FRACTIONAL)
        return Inside(Raw, _kept(annotation)) if fractional else Inside(annotation)
    read: Convert = read_integer
    if floats:
        read = read_exact_float if exact else read_float
    if len(shapes) > 1:
        read = partial(read_number, other=read if floats else None)
    plain: Any = Union[tuple(KINDS[type(one)][1] for one in shapes)]  # noqa: UP007  # of a tuple
    return Inside(str, read if annotation == plain else _held(read, annotation))


def _held(read: Convert, annotation: Any) -> Convert:
    """Hold numbers to the bounds of their type, which the parser cannot do for a string."""

    def held(text: str) -> Any:
        try:
            return convert(read(text), annotation)
        except ValidationError as error:
            raise complaint(error) from None

    return held


def is_its_own_spelling(shapes: Iterable[Any]) -> bool:
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
        check_kept(raw, value)
        return value

    return read


_MOMENTS = (datetime.datetime, datetime.time, datetime.timedelta)


def check_kept(text: Raw | bytes, value: Any) -> None:
    """Raise `Misfit` if what is read of a text would be written with fewer digits."""
    if type(value) is float:
        read_exact_float(bytes(text).decode())
    if isinstance(value, _MOMENTS) and beyond_microseconds(text):
        written = json.decode(json.encode(value))
        found = bytes(text).decode().strip('"')
        raise Misfit(
            f"{found} would be written as {written}, without its nanoseconds: "
            "declare the field as str or msgspec.Raw"
        )


_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "tz")


def limited(annotation: Any, shape: Any) -> Any:
    """Let the parser hold a value to what Meta says of it."""
    found = {name: limit for name in _LIMITS if (limit := getattr(shape, name, None)) is not None}
    return Annotated[annotation, Meta(**found)] if found else annotation


def annotated(shapes: Iterable[Any]) -> Any:
    """Read what has none in it, such as a map's keys, as the parser does by itself."""
    return Union[tuple(map(_annotated, shapes))]  # noqa: UP007  # of a tuple


def _annotated(shape: Any) -> Any:
    if isinstance(shape, inspect.LiteralType):
        return Literal[shape.values]
    if isinstance(shape, inspect.EnumType):
        return shape.cls
    return limited(str if isinstance(shape, inspect.AnyType) else KINDS[type(shape)][1], shape)
