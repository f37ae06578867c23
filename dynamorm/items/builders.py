"""From a parsed record to an instance: one call of its class, made of the values of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, get_origin

from msgspec import NODEFAULT, UNSET, inspect
from msgspec import field as struct_field

from ..model.fields import label
from .attributes import RecordType, fallback, is_nested
from .compiled import compiled
from .mismatch import UNFIT, Misfit, at
from .values import read_exact_float, read_float, read_integer, real, whole
from .wire import CALL, Convert, Place


class Member(NamedTuple):
    """A field of a record: how the parser is told of it, and what is to be done with the value."""

    step: str
    declared: tuple[Any, ...]
    path: str
    convert: Convert | None
    code: str
    nested: bool

    @property
    def located(self) -> Convert | None:
        """The conversion, adding its step to what goes wrong in places of its own."""
        return (
            partial(at, self.step, self.convert) if self.nested and self.convert else self.convert
        )


def member(key: str, step: str, field: inspect.Field, place: Place) -> Member:
    """Declare a field; where an attribute is missing, the parser puts the default if it can."""
    found = Member(
        step,
        (place.annotation,),
        f"{key}.{place.member}" if place.member else key,
        place.convert,
        place.code,
        is_nested(field.type),
    )
    if field.required:
        return found
    supply = fallback(field)
    if field.default_factory is NODEFAULT and (wire := _wire_default(supply(), place)) is not None:
        return found._replace(declared=(place.annotation, wire))
    if place.convert is None and place.member:
        wrap = place.annotation
        return found._replace(declared=(wrap, struct_field(default_factory=lambda: wrap(supply()))))
    unwrap = place.unwrap
    return found._replace(
        declared=(place.annotation, UNSET),
        path=key,
        convert=lambda value: supply() if value is UNSET else unwrap(value),
        code=CALL,
    )


_AS_TEXT = ((int, read_integer), (float, read_float), (float, read_exact_float))


def _wire_default(default: Any, place: Place) -> Any:
    """Return what the parser can put in place of a missing attribute to be read as the default."""
    if place.nullable and default is None:
        return place.annotation(None)
    if place.convert is None and place.member:
        return place.annotation(default)
    if (type(default), place.convert) in _AS_TEXT:
        return place.annotation(repr(default))
    return None


_SOURCE = """
def values(p):
    return [{values}]

def construct(values):
    return make({found})

def made(p):
    try:
        return make({arguments})
    except UNFIT as error:
        return construct(stepwise(error, values(p)))
"""


def builder(shape: RecordType, members: Sequence[Member]) -> Convert:
    """Make what turns a parsed record into an instance: one call of its class."""
    paths = [f"p.{member.path}" for member in members]
    codes = [
        member.code.format(value=path, convert=f"convert{i}")
        for i, (member, path) in enumerate(zip(members, paths, strict=True))
    ]
    source = _SOURCE.format(
        values=", ".join(paths),
        found=_arguments(shape, [f"values[{i}]" for i in range(len(members))]),
        arguments=_arguments(shape, codes),
    )
    build: Convert = compiled(
        source,
        UNFIT=UNFIT,
        real=real,
        whole=whole,
        make=_maker(shape),
        stepwise=partial(_stepwise, members),
        **{f"convert{i}": member.located for i, member in enumerate(members)},
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


def _stepwise(members: Sequence[Member], error: Exception, values: list[Any]) -> list[Any]:
    """Find what does not fit, or read a number that is not written as most are."""
    if isinstance(error, Misfit) and error.steps:
        raise error
    return [
        value if member.convert is None else at(member.step, member.convert, value)
        for member, value in zip(members, values, strict=True)
    ]


def _maker(shape: RecordType) -> Any:
    """Return what is called with a record's values."""
    if isinstance(shape, inspect.TypedDictType):
        names = [field.name for field in shape.fields]
        return lambda *values: {n: v for n, v in zip(names, values, strict=True) if v is not UNSET}
    cls: Any = get_origin(shape.cls) or shape.cls
    return _guarded(cls) if hasattr(cls, "__post_init__") else cls


def _guarded(cls: Any) -> Any:
    def make(*values: Any, **more: Any) -> Any:
        try:
            return cls(*values, **more)
        except Exception as error:  # whatever the model's own code raises
            problem = f"{label(cls)}.__post_init__ raised {type(error).__name__}"
            raise Misfit(problem) from error

    return make
