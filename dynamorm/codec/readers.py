"""From an item's JSON to instances of a model: Structs by which msgspec's parser unwraps it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_origin

from msgspec import NODEFAULT, UNSET, Raw, Struct, defstruct, inspect, json
from msgspec import field as struct_field

from ..fields import label
from ..wire import UNREADABLE
from .compiled import compiled
from .misfits import UNFIT, Misfit, at, complaint, each, every
from .places import (
    ANYTHING,
    CALL,
    Convert,
    Inside,
    Place,
    chain,
    entries,
    key,
    leaf,
    limited,
    nullable,
    one_of_several,
    only_one,
    wrapper,
)
from .shapes import RECORDS, RecordType, alternatives, fallback, is_nested, struct_tag, tag_of
from .values import read_float, read_integer, real, whole

__all__ = ["Readers", "Record"]

_MAKERS: dict[type[inspect.Type], Any] = {
    inspect.ListType: list,
    inspect.VarTupleType: tuple,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
}


class Record:
    """How to read a Struct, or what is written like one."""

    def __init__(self, wire: type[Struct], build: Convert) -> None:
        self.wire = wire
        self.build = build

    @cached_property
    def _decode(self) -> Convert:
        return json.Decoder(self.wire).decode

    def read(self, raw: bytes | Raw) -> Any:
        """Read one from its JSON, {"name": {"S": "text"}}."""
        try:
            return self.build(self._decode(raw))
        except Misfit:
            raise
        except UNREADABLE as error:
            raise complaint(error) from None


class Readers:
    """The readers of one model. A strict one refuses what the model does not know, at any depth."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._records: dict[Any, Record | None] = {}

    def record(self, shape: RecordType) -> Record:
        """Give the reader of a record, made once."""
        found = self._records.get(shape.cls)
        if found is None:
            self._records[shape.cls] = None
            forbid = self._strict or getattr(shape, "forbid_unknown_fields", False)
            found = self._records[shape.cls] = self.root(shape, forbid=forbid)
        return found

    def root(self, shape: RecordType, *, forbid: bool) -> Record:
        """Make the reader of a record; `forbid`: it refuses attributes of its own too many."""
        array = tag_of(shape) == "L"
        tag_field, tag = struct_tag(shape)
        head = [] if tag is None else [("tag", *_tag(tag, required=array))]
        members = [
            _member(
                f"f{i}", f"[{i}]" if array else field.encode_name, field, self.position(field.type)
            )
            for i, field in enumerate(shape.fields)
        ]
        names = {f"f{i}": field.encode_name for i, field in enumerate(shape.fields)}
        wire = defstruct(
            label(shape.cls),
            [*head, *((f"f{i}", *member.declared) for i, member in enumerate(members))],
            rename={"tag": tag_field, **names},
            kw_only=True,
            forbid_unknown_fields=forbid,
            array_like=array,
            gc=False,
        )
        return Record(wire, _builder(shape, members))

    def position(self, shape: inspect.Type) -> Place:
        """Tell how to read wherever a value of this type can stand."""
        shapes = alternatives(shape)
        if any(isinstance(inner, inspect.AnyType) for inner in shapes):
            return ANYTHING
        rivals: dict[str, list[Any]] = {}
        for inner in shapes:
            rivals.setdefault(tag_of(inner), []).append(inner)
        insides = {tag: self._inside(some) for tag, some in rivals.items()}
        if len(insides) == 1:
            return only_one(*insides.popitem())
        if len(insides) == 2 and "NULL" in insides:
            del insides["NULL"]
            return nullable(*insides.popitem())
        return one_of_several(insides)

    def _inside(self, shapes: list[Any]) -> Inside:
        """Tell how to read what is in a tag; several types are numbers, or tagged Structs."""
        shape = shapes[0]
        if isinstance(shape, RECORDS):
            return self._record(shape) if len(shapes) == 1 else self._tagged(shapes)
        if isinstance(shape, inspect.TupleType):
            return self._tuple(shape)
        if type(shape) in _MAKERS:
            return self._collection(shape)
        if isinstance(shape, inspect.DictType):
            place = self.position(shape.value_type)
            annotation = _of(dict, key(shape.key_type), place.annotation)
            return Inside(limited(annotation, shape), entries(place.unwrap))
        return leaf(shapes)

    def _record(self, shape: RecordType) -> Inside:
        if self._records.get(shape.cls, self) is None:  # it is being made: it contains itself
            return Inside(Raw, partial(self._read, shape))
        record = self.record(shape)
        return Inside(record.wire, record.build)

    def _read(self, shape: RecordType, raw: Raw) -> Any:
        return self.record(shape).read(raw)

    def _tagged(self, shapes: list[inspect.StructType]) -> Inside:
        """Read Structs that a tag tells apart: the tag first, then all of it."""
        tag_field, tag = struct_tag(shapes[0])
        place = self.position(inspect.StrType() if isinstance(tag, str) else inspect.IntType())
        peek = defstruct(
            "Tagged",
            [("tag", place.annotation)],
            rename={"tag": tag_field},
            array_like=tag_of(shapes[0]) == "L",
        )
        tag_in = Record(peek, chain(attrgetter("tag"), place.unwrap)).read
        known = {struct_tag(shape)[1]: partial(self._read, shape) for shape in shapes}

        def read(raw: Raw) -> Any:
            found = known.get(tag_in(raw))
            if found is None:
                raise Misfit("the tag is of none of the Structs in the union")
            return found(raw)

        return Inside(Raw, read)

    def _tuple(self, shape: inspect.TupleType) -> Inside:
        places = [self.position(inner) for inner in shape.item_types]
        annotation = _of(tuple, *(place.annotation for place in places))
        return Inside(annotation, chain(each([place.unwrap for place in places]), tuple))

    def _collection(self, shape: Any) -> Inside:
        make = _MAKERS[type(shape)]
        if tag_of(shape) == "L":
            place = self.position(shape.item_type)
            return Inside(limited(_of(list, place.annotation), shape), _into(make, _members(place)))
        member = self._inside(list(alternatives(shape.item_type)))
        if member.convert is None:
            return Inside(limited(_of(make, member.annotation), shape))
        return Inside(
            limited(_of(list, member.annotation), shape), _into(make, every(member.convert))
        )


def _of(generic: Any, *arguments: Any) -> Any:
    return generic[arguments]


def _into(make: Any, read: Convert) -> Convert:
    return read if make is list else chain(read, make)


def _members(place: Place) -> Convert:
    if place.convert is None or not place.member:
        return every(place.unwrap)
    read, take = every(place.convert), attrgetter(place.member)
    return lambda values: read(map(take, values))


def _tag(tag: str | int, *, required: bool) -> tuple[Any, ...]:
    annotation = wrapper((("S" if isinstance(tag, str) else "N", Literal[str(tag)]),))
    return (annotation,) if required else (annotation, UNSET)


class _Member(NamedTuple):
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


def _member(key: str, step: str, field: inspect.Field, place: Place) -> _Member:
    """Declare a field; where an attribute is missing, the parser puts the default if it can."""
    found = _Member(
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


def _wire_default(default: Any, place: Place) -> Any:
    """Give what the parser can put in place of a missing attribute to be read as the default."""
    if place.nullable and default is None:
        return place.annotation(None)
    if place.convert is None and place.member:
        return place.annotation(default)
    if (type(default), place.convert) in ((int, read_integer), (float, read_float)):
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


def _builder(shape: RecordType, members: Sequence[_Member]) -> Convert:
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


def _stepwise(members: Sequence[_Member], error: Exception, values: list[Any]) -> list[Any]:
    """Find what does not fit, or read a number that is not written as most are."""
    if isinstance(error, Misfit) and error.steps:
        raise error
    return [
        value if member.convert is None else at(member.step, member.convert, value)
        for member, value in zip(members, values, strict=True)
    ]


def _maker(shape: RecordType) -> Any:
    """Give what is called with a record's values."""
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
