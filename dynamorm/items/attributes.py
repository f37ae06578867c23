"""The types of a model as DynamoDB sees them: which of S, N, B, ... each is stored as, if any.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, get_origin
from uuid import UUID

from msgspec import NODEFAULT, UNSET, Struct, inspect, structs

from ..errors import ModelError
from ..model.declare import not_a_model
from ..model.fields import label, read_fields


# What a field is to its table changes how its type is written. So it is a type of its own here, and
# the tables below need no second question.
class SecondsType(inspect.DateTimeType):
    """A datetime that is stored as seconds since the epoch: the time to live."""


class MomentKeyType(inspect.DateTimeType):
    """A datetime that is a key, and so has one spelling."""


class FloatKeyType(inspect.FloatType):
    """A float that is a key."""


class DecimalKeyType(inspect.DecimalType):
    """A Decimal that is a key."""


RecordType = (
    inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType
)

SETS = (inspect.SetType, inspect.FrozenSetType)
ARRAYS = (inspect.ListType, inspect.VarTupleType, *SETS)
_ENDLESS = "a type that is nested without end cannot be read; a Struct that contains itself can"
_is_unreadable = re.compile(r'["\\\x00-\x1f\ud800-\udfff]').search

LEAVES: dict[type[inspect.Type], tuple[str, Any]] = {
    inspect.StrType: ("S", str),
    inspect.DateTimeType: ("S", datetime.datetime),
    inspect.DateType: ("S", datetime.date),
    inspect.TimeType: ("S", datetime.time),
    inspect.TimeDeltaType: ("S", datetime.timedelta),
    inspect.UUIDType: ("S", UUID),
    inspect.IntType: ("N", int),
    inspect.FloatType: ("N", float),
    inspect.DecimalType: ("N", Decimal),
    inspect.BytesType: ("B", bytes),
    inspect.ByteArrayType: ("B", bytearray),
    inspect.MemoryViewType: ("B", memoryview),
    inspect.BoolType: ("BOOL", bool),
}
"""Tags and classes of values that have no others in them."""

KINDS: dict[type[inspect.Type], tuple[str, Any]] = {
    **LEAVES,
    SecondsType: ("N", datetime.datetime),
    MomentKeyType: ("S", datetime.datetime),
    FloatKeyType: ("N", float),
    DecimalKeyType: ("N", Decimal),
    inspect.NoneType: ("NULL", type(None)),
    inspect.ListType: ("L", list),
    inspect.VarTupleType: ("L", tuple),
    inspect.TupleType: ("L", tuple),
    inspect.NamedTupleType: ("L", None),
    inspect.DictType: ("M", dict),
    inspect.TypedDictType: ("M", dict),
    inspect.DataclassType: ("M", None),
    inspect.SetType: ("", set),
    inspect.FrozenSetType: ("", frozenset),
    inspect.AnyType: ("", None),
    inspect.RawType: ("", None),
}
"""Of every type: its tag, where it has one whatever is in it, and its class, where that is one."""


def read_shape(model: Any) -> inspect.StructType:
    """Describe a model; raises `ModelError` with every field that an attribute cannot hold."""
    origin = get_origin(model) or model
    if not isinstance(origin, type) or not issubclass(origin, Struct):
        raise not_a_model(model, "a msgspec Struct class")
    # Called for its error, which names every field whose annotation fails; msgspec names none.
    read_fields(model, [])
    try:
        shape = inspect.type_info(model)
    except (TypeError, RecursionError) as error:
        unsupported = tuple(_unsupported(model)) or (f"{error} - at {label(model)}",)
        raise ModelError(unsupported) from None
    assert isinstance(shape, inspect.StructType)
    problems = tuple(dict.fromkeys(_record_problems(shape, label(model), set())))
    if shape.array_like:
        problem = "an array_like Struct has no attribute names: leave array_like out"
        problems += (f"{problem} - at {label(model)}",)
    if problems:
        raise ModelError(problems)
    return shape


def _unsupported(model: Any) -> Iterator[str]:
    """Find the fields whose types msgspec itself does not take."""
    for field in structs.fields(model):
        try:
            inspect.type_info(field.type)
        except (TypeError, RecursionError) as error:
            problem = _ENDLESS if isinstance(error, RecursionError) else error
            yield f"{problem} - at {label(model)}.{field.encode_name}"


def alternatives(shape: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types that are told apart by their tags: several Literals of a union are one."""
    if isinstance(shape, inspect.Metadata):
        return alternatives(shape.type)
    if isinstance(shape, inspect.LiteralType):
        return tuple(_literals(shape))
    if not isinstance(shape, inspect.UnionType):
        return (shape,)
    return tuple(inner for member in shape.types for inner in alternatives(member))


def _literals(shape: inspect.LiteralType) -> Iterator[inspect.Type]:
    # A Literal may list both, which are stored under two tags.
    for kind in (str, int):
        if values := tuple(value for value in shape.values if isinstance(value, kind)):
            yield inspect.LiteralType(values)
    if None in shape.values:
        yield inspect.NoneType()


def tag_of(shape: inspect.Type) -> str:
    """Name the one tag that a value of this type has; "" where it can be any."""
    if isinstance(shape, inspect.StructType):
        return "L" if shape.array_like else "M"
    if isinstance(shape, inspect.LiteralType):
        return "S" if isinstance(shape.values[0], str) else "N"
    if isinstance(shape, inspect.EnumType):
        return "S" if all(isinstance(member.value, str) for member in shape.cls) else "N"
    if isinstance(shape, SETS):
        tags = {tag_of(inner) for inner in alternatives(shape.item_type)}
        return f"{tags.pop()}S" if tags in ({"S"}, {"N"}, {"B"}) else "L"
    return KINDS[type(shape)][0]


def struct_tag(shape: RecordType) -> tuple[str, str | int | None]:
    """Name the attribute that tells a tagged Struct, and what it has in it; `None` if untagged."""
    if isinstance(shape, inspect.StructType):
        return shape.tag_field or "", shape.tag
    return "", None


def is_nested(shape: inspect.Type) -> bool:
    """Return whether a value of this type can have others in it, and so places of its own."""
    return any(isinstance(inner, inspect.AnyType) or parts(inner) for inner in alternatives(shape))


def fallback(field: inspect.Field) -> Callable[[], Any]:
    """Return what makes the value of a field that is not required and that an item lacks."""
    if field.default_factory is not NODEFAULT:
        return field.default_factory  # type: ignore[no-any-return]  # msgspec says Any
    # msgspec leaves a default out here that is UNSET, and what a TypedDict may lack.
    default = UNSET if field.default is NODEFAULT else field.default
    return lambda: default


def has_own_factory(field: inspect.Field) -> bool:
    """Return whether the model's own code makes that value: it may raise, or differ each time."""
    return field.default_factory not in (NODEFAULT, list, dict, set, frozenset)


def _record_problems(shape: RecordType, place: str, seen: set[Any]) -> Iterator[str]:
    # A type is looked at once, wherever it is used: it may contain itself.
    if shape.cls not in seen:
        seen.add(shape.cls)
        yield from _name_problems(shape, place)
        if isinstance(shape, (inspect.DataclassType, inspect.NamedTupleType)):
            yield from _call_problems(shape, place)
        for field in shape.fields:
            yield from _problems(field.type, f"{place}.{field.encode_name}", seen)


def _name_problems(shape: RecordType, place: str) -> Iterator[str]:
    """Say which attributes have names that msgspec's parser cannot be told."""
    names = [field.encode_name for field in shape.fields]
    if "" in names:
        yield f"the name of an attribute is empty - at {place}"
    for name in (struct_tag(shape)[0], *names):
        if _is_unreadable(name):
            yield (
                f"an attribute's name cannot have a quote, a backslash, a control character or "
                f"half of a surrogate pair in it: {name!r:.50} - at {place}"
            )


def _call_problems(shape: Any, place: str) -> Iterator[str]:
    """Say if a class cannot be called with its fields, as a dataclass with `init=False` in it."""
    from inspect import Parameter, signature

    parameters = signature(shape.cls).parameters.values()
    names = {field.name for field in shape.fields}
    taken = {parameter.name for parameter in parameters}
    wanted = {parameter.name for parameter in parameters if parameter.default is Parameter.empty}
    if not wanted <= names <= taken:
        differing = ", ".join(sorted((names - taken) | (wanted - names)))
        yield (
            f"{label(shape.cls)} is not made of its fields alone: see {differing} (init=False, "
            f"InitVar, another __init__) - at {place}"
        )


def _problems(shape: inspect.Type, place: str, seen: set[Any]) -> Iterator[str]:
    """Say what in a type no attribute can hold, or could not be read back."""
    shapes = alternatives(shape)
    strange = [inner for inner in shapes if not _known(inner)]
    yield from (f"{_name(inner)} cannot be stored - at {place}" for inner in strange)
    for inner in shapes:
        if isinstance(inner, RecordType):
            yield from _record_problems(inner, place, seen)
            continue
        # Keys become attribute names, which are text; numbers are written as text.
        for key in alternatives(inner.key_type) if isinstance(inner, inspect.DictType) else ():
            if not isinstance(key, inspect.AnyType) and (
                not _known(key) or tag_of(key) not in ("S", "N")
            ):
                yield f"{_name(key)} cannot be the key of a map - at {place}"
        if isinstance(inner, SETS) and isinstance(inner.item_type, inspect.RawType):
            yield f"Raw cannot be in a set: declare list[Raw], or the field as Raw - at {place}"
        for part in parts(inner):
            yield from _problems(part, place, seen)
    if not strange and len(shapes) > 1:
        yield from _union_problems(shapes, place)


def _known(shape: inspect.Type) -> bool:
    """Return whether an attribute can hold it; of an enum, all values are of one kind."""
    if isinstance(shape, inspect.EnumType):
        values = [member.value for member in shape.cls]
        return all(isinstance(v, str) for v in values) or all(type(v) is int for v in values)
    return type(shape) in KINDS or isinstance(shape, (inspect.StructType, inspect.LiteralType))


def parts(shape: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types of what is in a record, a list, a set, a tuple or a map."""
    if isinstance(shape, RecordType):
        return tuple(field.type for field in shape.fields)
    if isinstance(shape, ARRAYS):
        return (shape.item_type,)
    if isinstance(shape, inspect.TupleType):
        return shape.item_types
    return (shape.value_type,) if isinstance(shape, inspect.DictType) else ()


def _union_problems(shapes: tuple[inspect.Type, ...], place: str) -> Iterator[str]:
    """Say which types of a union an attribute's tag cannot tell apart."""
    # Any accepts every attribute value, whatever types stand beside it.
    if any(isinstance(shape, inspect.AnyType) for shape in shapes):
        return
    rest = [inner for inner in shapes if not isinstance(inner, inspect.NoneType)]
    if len(rest) > 1 and any(isinstance(inner, inspect.RawType) for inner in rest):
        yield f"Raw holds any attribute value, so declare it alone or with None - at {place}"
        return
    by_tag: dict[str, list[inspect.Type]] = {}
    for shape in shapes:
        by_tag.setdefault(tag_of(shape), []).append(shape)
    for tag, rivals in by_tag.items():
        if len(rivals) > 1 and set(map(type, rivals)) not in _DISTINCT:
            names = " and ".join(map(_name, rivals))
            yield f"{names} are both stored as {tag} and cannot be told apart - at {place}"


# By what says which of several types with one tag a value is: "12" reads as the int, "12.5" as the
# other type, and msgspec has seen to it that Structs are tagged.
_DISTINCT: tuple[set[Any], ...] = (
    {inspect.IntType, inspect.FloatType},
    {inspect.IntType, inspect.DecimalType},
    {inspect.StructType},
)


def _name(shape: inspect.Type) -> str:
    found = getattr(shape, "cls", None)
    return label(found) if found else type(shape).__name__.removesuffix("Type").lower()
