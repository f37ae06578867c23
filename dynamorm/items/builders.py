"""From a parsed record to an instance: one call of its class, made of the values of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, get_origin

from msgspec import UNSET, inspect

from ..model.fields import label
from .attributes import RecordType, fallback, has_own_factory, is_nested
from .compiled import compiled_record
from .mismatch import Misfit
from .values import real, whole
from .wire import Convert, Place


class Member(NamedTuple):
    """A field of a record: how the parser is told of it, and the code that takes it from `x`."""

    declared: tuple[Any, ...]
    nested: str
    """A statement that reads it, where it has places of its own."""
    value: str
    careful: str
    """The same, where something is wrong: it says so, or reads what is not written as most are."""
    names: dict[str, Any]


def member(i: int, step: str, field: inspect.Field, place: Place) -> Member:
    """Declare a field; `step` is the attribute, for errors."""
    key, convert = f"x.f{i}", f"convert{i}"
    dot = f".{place.member}" if place.member else ""
    names: dict[str, Any] = {convert: place.convert}
    declared: tuple[Any, ...] = (place.annotation,)
    taken, default = key + dot, ""
    if not field.required:
        declared, taken = (place.annotation, UNSET), f"w{dot}"
        supply, own = fallback(field), has_own_factory(field)
        names[f"supply{i}"] = _guarded(supply, "the default_factory") if own else supply
        default = f"supply{i}() if (w := {key}) is UNSET else "
    value = default + place.code.format(value=taken, convert=convert)
    if place.convert is not None and is_nested(field.type):
        return Member(declared, f"step = {step!r}; n{i} = {value}", f"n{i}", f"n{i}", names)
    careful = taken if place.convert is None else f"{convert}({taken})"
    if default:
        careful = f"supply{i}() if w is UNSET else {careful}"
        careful = f"at({step!r}, lambda w: {careful}, {key})"
    elif place.convert is not None:
        careful = f"at({step!r}, {convert}, {taken})"
    return Member(declared, "", value, careful, names)


def builder(shape: RecordType, members: Sequence[Member]) -> Convert:
    """Make what turns a parsed record into an instance: one call of its class.

    For an id, lines, which have places of their own, a total, and a note with a default::

        step = 'lines'; n1 = convert1(x.f1.L)
        return make(x.f0.S, n1, whole(x.f2.N), supply3() if (w := x.f3) is UNSET else w.S)
    """
    build: Convert = compiled_record(
        [member.nested for member in members if member.nested],
        f"make({_arguments(shape, [member.value for member in members])})",
        f"make({_arguments(shape, [member.careful for member in members])})",
        real=real,
        whole=whole,
        make=_maker(shape),
        **{name: value for member in members for name, value in member.names.items()},
    )
    return build


def _arguments(shape: RecordType, codes: list[str]) -> str:
    """Write the arguments of a record's class: by name those that it does not take by position."""
    cls = get_origin(shape.cls) or shape.cls
    by_position = [field.name for field in shape.fields]
    if isinstance(shape, (inspect.StructType, inspect.DataclassType)):
        by_position = [*getattr(cls, "__match_args__", ())]
    return ", ".join(
        code if field.name in by_position else f"**{{{field.name!r}: {code}}}"
        for field, code in zip(shape.fields, codes, strict=True)
    )


def _maker(shape: RecordType) -> Any:
    """Return what is called with a record's values."""
    if isinstance(shape, inspect.TypedDictType):
        names = [field.name for field in shape.fields]
        return lambda *values: {n: v for n, v in zip(names, values, strict=True) if v is not UNSET}
    cls: Any = get_origin(shape.cls) or shape.cls
    return _guarded(cls, f"{label(cls)}.__post_init__") if hasattr(cls, "__post_init__") else cls


def _guarded(function: Any, name: str) -> Any:
    """Return a function of the model's own, whose error is told without its words.

    They may have values of the item in them, which no error tells.
    """

    def make(*values: Any, **more: Any) -> Any:
        try:
            return function(*values, **more)
        except Exception as error:
            raise Misfit(f"{name} raised {type(error).__name__}") from error

    return make
