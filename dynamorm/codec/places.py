"""How msgspec's parser reads what can stand at one place of an item, and what is left to do then.

For each place there is a Struct of the tags that it can have. The parser reads what is in them
wherever it does that exactly; a number stays a string until it is made an int or a float.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple, Union
from uuid import UUID

from msgspec import UNSET, Meta, Struct, defstruct, inspect, to_builtins

from .misfits import STRANGE, UNFIT, Misfit, located
from .shapes import alternatives, tag_of
from .values import Value, natural, read_float, read_integer, read_number

__all__ = [
    "ANYTHING",
    "CALL",
    "Convert",
    "Inside",
    "Place",
    "chain",
    "entries",
    "key",
    "leaf",
    "limited",
    "nullable",
    "one_of_several",
    "only_one",
    "wrapper",
]

Convert = Callable[[Any], Any]

CALL = "{convert}({value})"
_KEEP = "{value}"
# What generated code tries first; whatever it cannot read goes through the function after all.
_SHORTCUTS: dict[Convert, str] = {
    read_integer: "whole({value})",
    read_float: "real({value})",
}

_PARSED: dict[type[inspect.Type], Any] = {
    inspect.StrType: str,
    inspect.DateTimeType: datetime.datetime,
    inspect.DateType: datetime.date,
    inspect.TimeType: datetime.time,
    inspect.TimeDeltaType: datetime.timedelta,
    inspect.UUIDType: UUID,
    inspect.DecimalType: Decimal,
    inspect.BytesType: bytes,
    inspect.ByteArrayType: bytearray,
    inspect.MemoryViewType: memoryview,
    inspect.BoolType: bool,
}
_KEYS: dict[type[inspect.Type], Any] = {
    **_PARSED,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.AnyType: str,
}

_NUMBERS: dict[frozenset[type[inspect.Type]], Convert] = {
    frozenset({inspect.IntType}): read_integer,
    frozenset({inspect.FloatType}): read_float,
    frozenset({inspect.IntType, inspect.FloatType}): lambda text: read_number(text, read_float),
    frozenset({inspect.IntType, inspect.DecimalType}): read_number,
}
_CLASSES = {inspect.IntType: int, inspect.FloatType: float, inspect.DecimalType: Decimal}

_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": (">", operator.gt),
    "ge": (">=", operator.ge),
    "lt": ("<", operator.lt),
    "le": ("<=", operator.le),
    "multiple_of": ("that is a multiple of", lambda value, factor: value % factor == 0),
}
_LIMITS = ("min_length", "max_length", "pattern", "tz")


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
    nullable: bool = False

    @property
    def unwrap(self) -> Convert:
        """All that is to be done after parsing."""
        if self.convert is None:
            return attrgetter(self.member)
        return chain(attrgetter(self.member), self.convert) if self.member else self.convert


def chain(first: Convert, second: Convert) -> Convert:
    """Give what does one after the other."""
    return lambda value: second(first(value))


@cache
def wrapper(fields: tuple[tuple[str, Any], ...], *default: Any) -> type[Struct]:
    """Make the Struct of a place: of one tag or, with a default for those not there, of several."""
    return defstruct(
        "AttributeValue",
        [(*field, *default) for field in fields],
        frozen=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def only_one(tag: str, inside: Inside) -> Place:
    """Read a place that always has the same tag."""
    annotation = wrapper(((tag, inside.annotation),))
    return Place(annotation, tag, inside.convert, _code(inside.convert))


def nullable(tag: str, inside: Inside) -> Place:
    """Read a place that has either a certain tag or NULL."""
    annotation = wrapper(((tag, inside.annotation), ("NULL", bool)), None)
    convert = inside.convert
    if convert is None:
        return Place(annotation, tag, None, _KEEP, nullable=True)
    code = "None if (v := {value}) is None else " + _code(convert).replace("{value}", "v")
    return Place(annotation, tag, _unless_none(convert), code, nullable=True)


def _code(convert: Convert | None) -> str:
    return _KEEP if convert is None else _SHORTCUTS.get(convert, CALL)


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def one_of_several(insides: dict[str, Inside]) -> Place:
    """Read a place whose tag says which of several types it is."""

    def convert(found: Any) -> Any:
        for tag, inside in insides.items():
            if (value := getattr(found, tag)) is not UNSET:
                return value if inside.convert is None else inside.convert(value)
        raise Misfit("not an attribute value")

    fields = tuple((tag, inside.annotation) for tag, inside in insides.items())
    return Place(wrapper(fields, UNSET), "", convert)


def _anything(value: Value) -> Any:
    try:
        return natural(to_builtins(value, builtin_types=(bytes,)))
    except STRANGE:
        raise Misfit("not an attribute value") from None


ANYTHING = Place(Value, "", _anything)
"""Read whatever an attribute can be."""


def leaf(shapes: list[Any]) -> Inside:
    """Read a type that has no others in it; several are numbers of different kinds."""
    shape = shapes[0]
    if isinstance(shape, inspect.NoneType):
        return Inside(bool, lambda value: None)
    if isinstance(shape, (inspect.LiteralType, inspect.EnumType)):
        return _listed(shape)
    if type(shape) in _PARSED and len(shapes) == 1:
        return Inside(limited(_PARSED[type(shape)], shape))
    read = _NUMBERS[frozenset(map(type, shapes))]
    return Inside(str, _bounded(read, shapes))


def _listed(shape: Any) -> Inside:
    if tag_of(shape) == "S":
        return Inside(key(shape))
    values = [*shape.cls] if isinstance(shape, inspect.EnumType) else shape.values
    members = {getattr(value, "value", value): value for value in values}
    return Inside(str, chain(read_integer, lambda number: _choose(members, number)))


def _choose(members: dict[Any, Any], number: int) -> Any:
    if number not in members:
        raise Misfit("none of the values that the model allows")
    return members[number]


def _bounded(read: Convert, shapes: list[Any]) -> Convert:
    """Hold numbers to the bounds of their type, which the parser cannot do for a string."""
    bounds = {
        _CLASSES[type(shape)]: [
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
    return limited(_KEYS[type(shape)], shape)


def entries(unwrap: Convert) -> Convert:
    """Give what reads the values of a map. Their keys are not told: they may be anybody's names."""

    def convert(values: dict[Any, Any]) -> dict[Any, Any]:
        try:
            return {name: unwrap(value) for name, value in values.items()}
        except UNFIT as error:
            outer = located(error, "[...]")
            raise outer from outer.__cause__

    return convert
