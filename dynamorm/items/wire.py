"""How msgspec's parser reads what can stand at one place of an item, and what is left to do then.

For each place there is a Struct of the tags that it can have. The parser reads what is in them
wherever it does that exactly; a number stays a string until it is made an int or a float.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import UNSET, Raw, Struct, defstruct, json, to_builtins

from .mismatch import STRANGE, Misfit
from .values import Value, natural, read_exact_float, read_float, read_integer

Convert = Callable[[Any], Any]
CALL = "{convert}({value})"
_KEEP = "{value}"

# What generated code tries first; whatever it cannot read goes through the function after all.
_SHORTCUTS: dict[Convert, str] = {
    read_integer: "whole({value})",
    read_float: "real({value})",
    # Fifteen characters have at most fifteen digits, as many as any float keeps.
    read_exact_float: "real(v) if len(v := {value}) < 16 else {convert}(v)",
}


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
    def unwrap(self) -> Convert:
        """All that is to be done after parsing."""
        if self.convert is None:
            return attrgetter(self.member)
        return compose(attrgetter(self.member), self.convert) if self.member else self.convert


def compose(first: Convert, second: Convert) -> Convert:
    """Return what does one after the other."""
    return lambda value: second(first(value))


@cache
def wrapper(fields: tuple[tuple[str, Any], ...], *default: Any) -> type[Struct]:
    """Make the Struct of a place: of one tag or, with a default for those not there, of several."""
    # gc=False: one is made for each value of an item, and none can be part of a cycle.
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
    # NULL leaves the other tag at its default, which is None as well.
    annotation = wrapper(((tag, inside.annotation), ("NULL", bool)), None)
    convert = inside.convert
    if convert is None:
        return Place(annotation, tag, None, _KEEP)
    # Bound to `v`, so that the attribute is not read twice.
    code = "None if (v := {value}) is None else " + _code(convert).replace("{value}", "v")
    return Place(annotation, tag, _unless_none(convert), code)


def _code(convert: Convert | None) -> str:
    return _KEEP if convert is None else _SHORTCUTS.get(convert, CALL)


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def one_of_several(insides: dict[str, Inside]) -> Place:
    """Read a place whose tag says which of several types it is."""

    def convert(found: Any) -> Any:
        # An attribute value has one tag: the first that is there is it.
        for tag, inside in insides.items():
            if (value := getattr(found, tag)) is not UNSET:
                return value if inside.convert is None else inside.convert(value)
        raise Misfit("not an attribute value")

    fields = tuple((tag, inside.annotation) for tag, inside in insides.items())
    return Place(wrapper(fields, UNSET), "", convert)


def _anything(value: Value) -> Any:
    """Return what an attribute value means, whatever it is."""
    try:
        return natural(to_builtins(value, builtin_types=(bytes,)))
    except STRANGE:
        raise Misfit("not an attribute value") from None


ANYTHING = Place(Value, "", _anything)
"""Read whatever an attribute can be."""


def _unless_null(raw: Raw) -> Raw | None:
    """Keep the bytes, but for those of NULL."""
    return None if json.decode(raw) == {"NULL": True} else raw


AS_IT_IS = Place(Raw, "", lambda raw: raw, _KEEP)
"""Keep the bytes of an attribute value."""

AS_IT_IS_OR_NONE = Place(Raw, "", _unless_null)
