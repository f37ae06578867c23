"""How values are read that have no others in them: strings, numbers, binary, enums.

What several spellings have is read from the text itself wherever two of them must not become one.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

from msgspec import Meta, Raw, inspect, json

from .attributes import LEAVES, SecondsType, alternatives, tag_of
from .mismatch import Misfit, decoder
from .moments import beyond_microseconds, read_exact_seconds, read_seconds
from .values import read_exact_float, read_float, read_integer, read_number
from .wire import Convert, Inside, compose

# DynamoDB sends numbers as strings. Of a string the parser makes a Decimal, exactly, but no int and
# no float.
_AS_TEXT = (inspect.IntType, inspect.FloatType)

_FRACTIONAL = (inspect.DateTimeType, inspect.TimeType, inspect.TimeDeltaType)

_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": (">", operator.gt),
    "ge": (">=", operator.ge),
    "lt": ("<", operator.lt),
    "le": ("<=", operator.le),
    "multiple_of": ("that is a multiple of", lambda value, factor: value % factor == 0),
}

_LIMITS = ("min_length", "max_length", "pattern", "tz")


def leaf(shapes: list[Any], *, exact: bool) -> Inside:
    """Read a type that has no others in it; several are numbers of different kinds.

    `exact`: what would not be written again with all its digits is a `Misfit`.
    """
    shape = shapes[0]
    if isinstance(shape, inspect.NoneType):
        return Inside(bool, lambda value: None)
    # Checked first: LEAVES has no row for it.
    if isinstance(shape, SecondsType):
        return Inside(str, read_exact_seconds if exact else read_seconds)
    if isinstance(shape, (inspect.LiteralType, inspect.EnumType)):
        return _listed(shape)
    if not isinstance(shape, _AS_TEXT) and len(shapes) == 1:
        annotation = limited(LEAVES[type(shape)][1], shape)
        # The parser rounds to microseconds in silence, so an exact reader looks at the text too.
        fractional = exact and isinstance(shape, _FRACTIONAL)
        return Inside(Raw, _kept(annotation)) if fractional else Inside(annotation)
    return Inside(str, _bounded(_number(set(map(type, shapes)), exact=exact), shapes))


def _number(kinds: set[type[inspect.Type]], *, exact: bool) -> Convert:
    """Return what reads numbers of one type or two."""
    if inspect.FloatType not in kinds:
        return read_integer if kinds == {inspect.IntType} else read_number
    read = read_exact_float if exact else read_float
    return read if len(kinds) == 1 else lambda text: read_number(text, read)


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


def _listed(shape: Any) -> Inside:
    """Tell how to read one of the values that a Literal or an enum lists."""
    if tag_of(shape) == "S":
        return Inside(key(shape))
    # Numbers arrive as strings, which the parser does not turn into members of an enum.
    values = [*shape.cls] if isinstance(shape, inspect.EnumType) else shape.values
    members = {getattr(value, "value", value): value for value in values}
    return Inside(str, compose(read_integer, lambda number: _choose(members, number)))


def _choose(members: dict[Any, Any], number: int) -> Any:
    if number not in members:
        raise Misfit("the value is not one that the model allows")
    return members[number]


def _bounded(read: Convert, shapes: list[Any]) -> Convert:
    """Hold numbers to the bounds of their type, which the parser cannot do for a string."""
    # By the class of the number: of `int | float` each may have bounds of its own.
    bounds = {
        LEAVES[type(shape)][1]: [
            (limit, *_BOUNDS[name])
            for name in _BOUNDS
            if (limit := getattr(shape, name, None)) is not None
        ]
        for shape in shapes
    }
    if not any(bounds.values()):
        return read

    def convert(text: str) -> Any:
        number = read(text)
        for limit, words, holds in bounds[type(number)]:
            if not holds(number, limit):
                raise Misfit(f"expected a number {words} {limit}")
        return number

    return convert


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
    return limited(str if isinstance(shape, inspect.AnyType) else LEAVES[type(shape)][1], shape)
