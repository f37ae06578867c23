"""The markers that make a Struct's fields the keys of a table."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, NewType, Union, get_args, get_origin

from msgspec import UNSET, Struct, UnsetType, structs

from .. import errors


class _Marker(Struct, frozen=True, repr_omit_defaults=True):
    """What all markers share: a positional argument is answered with what to write."""

    # Only a field sees a positional argument: a Struct has no `__init__` of its own.
    misplaced: UnsetType = UNSET


class _OfIndex(_Marker, frozen=True, kw_only=True):
    """A part of the table, or of `index`."""

    index: str | None = None

    def __post_init__(self) -> None:
        if self.misplaced is not UNSET:
            kind = type(self).__name__
            raise TypeError(f"an index is given by keyword: write {kind}(index={self.misplaced!r})")
        if not isinstance(self.index, str | None):
            raise TypeError(f"index= takes the name of an index, not {self.index!r}")


class _KeyMarker(_OfIndex, frozen=True, kw_only=True):
    """Part of the key of the table, or of `index`."""

    position: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.position is not None and type(self.position) is not int:
            raise TypeError(f"position= takes a whole number, not {self.position!r}")


class _SearchMarker(_OfIndex, frozen=True, kw_only=True):
    """Part of a vector index."""

    # Read of every marker; the parts of a vector index have no order.
    position: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.index is None:
            kind = type(self).__name__
            raise TypeError(f'{kind} is part of a vector index: write {kind}(index="...")')


class PartitionKey(_KeyMarker, frozen=True):
    """Marks a field as the partition key of the table, or of the global or vector index `index`.

    Several on one global index make a multi-attribute key: in field order or, where each has a
    `position`, in that order.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """


class SortKey(_KeyMarker, frozen=True):
    """Marks a field as the sort key of the table or of `index`.

    An index with a sort key only is a local one: it shares the table's partition key.
    """


class Vector(_SearchMarker, frozen=True):
    """Marks the field that the vector index `index` searches: a list or tuple of numbers.

    An item without it, or with `None` in it, is not in the index.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.html
    """


class InlineFilter(_SearchMarker, frozen=True):
    """Marks a field by which searches of the vector index `index` can filter; it has a key's type.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SearchSchemaElement.html
    """


class TimeToLive(_Marker, frozen=True):
    """Marks the field that holds, in seconds since the epoch, when an item expires."""

    def __post_init__(self) -> None:
        if self.misplaced is not UNSET:
            raise TypeError("TimeToLive takes no argument: mark the field with TimeToLive()")


Marker = PartitionKey | SortKey | TimeToLive | Vector | InlineFilter

# How msgspec writes a value decides what it can be as a key. Classes of the standard library that
# a model may not use are known by name, so that they need not be imported. Subclasses do not count:
# msgspec does not write them.
_KINDS = {
    "builtins.str": "S",
    "datetime.date": "S",
    "datetime.datetime": "S",
    "datetime.time": "S",
    "datetime.timedelta": "S",
    "uuid.UUID": "S",
    "builtins.int": "N",
    "builtins.float": "N",
    "decimal.Decimal": "N",
    "builtins.bytes": "B",
    "builtins.bytearray": "B",
    "builtins.memoryview": "B",
}

_KINDS_OF_EXPIRY = {**_KINDS, "datetime.datetime": "N"}  # in seconds since the epoch
# msgspec writes a member of an enum as its value, and takes enums of one of these types alone.
_ENUM_KINDS = {frozenset({str}): "S", frozenset({int}): "N"}


class Field(Struct, frozen=True):
    """A field as DynamoDB sees it."""

    name: str
    attribute: str
    """The name in the table: the Struct's encoded name."""
    place: str
    markers: tuple[Marker, ...]
    kinds: frozenset[str]
    """What the value can be as a key, "S", "N" or "B"; or the name of a type that can be none."""
    optional: bool
    """Whether the attribute can be missing or null."""
    numbers: bool = False
    """Whether the value is a list of numbers, as a vector has to be."""


def union_members(model: Any) -> tuple[Any, ...]:
    """Return the classes of a union of models; none for anything else."""
    # `type Entry = Order | Customer`, and aliases of aliases.
    while _is_alias(model):
        model = model.__value__
    return get_args(model) if get_origin(model) in (Union, UnionType) else ()


def label(model: Any) -> str:
    """Return the name by which errors call a model or a type: `Order`, `Page[int]`, `A | B`."""
    if members := union_members(model):
        return " | ".join(map(label, members))
    name = getattr(get_origin(model) or model, "__name__", None) or str(model)
    arguments = ", ".join(map(label, get_args(model)))
    return f"{name}[{arguments}]" if arguments else name


def read_fields(model: Any, problems: list[str]) -> tuple[Field, ...]:
    """Read the fields of a Struct class, or of a generic one with its arguments.

    Evaluating an annotation runs the model's own code, which may raise anything.
    """
    try:
        # Not `get_type_hints`: msgspec knows the encoded names, and the types of a generic class.
        infos = structs.fields(model)
    except Exception as error:
        from .arguments import reason, unreadable

        named = tuple(unreadable(get_origin(model) or model, label(model)))
        raise errors.ModelError(named or (reason(error, label(model)),)) from error
    fields = []
    for info in infos:
        place = f"{label(model)}.{info.name}"
        try:
            fields.append(_read(info, place, problems))
        except Exception as error:  # noqa: BLE001 - an alias (`type X = ...`) is evaluated here
            from .arguments import reason

            problems.append(reason(error, place))
    return tuple(fields)


def _read(info: structs.FieldInfo, place: str, problems: list[str]) -> Field:
    metadata: list[object] = []
    leaves = list(_leaves(info.type, metadata))
    # `id: str = PartitionKey()` and `id: PartitionKey()` are what people write first.
    # One further in, as in `list[Annotated[str, PartitionKey()]]`, would mark nothing.
    inside = (found for leaf in leaves for found in _inside(leaf))
    others = (info.default, info.default_factory, *leaves, *inside)
    misplaced = [found for found in others if _marks(found)]
    problems += [
        f"{marker.__name__} needs parentheses: write {marker.__name__}() - at {place}"
        for marker in _MARKERS
        if any(found is marker for found in metadata)
    ]
    problems += [_misplaced(info.name, marker, place) for marker in misplaced]
    absent = {NoneType, UnsetType}
    expires = any(isinstance(found, TimeToLive) for found in metadata)
    known = _KINDS_OF_EXPIRY if expires else _KINDS
    # What is null or absent has no type as a key: an item without it is not in the index.
    values = [leaf for leaf in leaves if leaf not in absent]
    return Field(
        name=info.name,
        attribute=info.encode_name,
        place=place,
        # A misplaced one counts too, so that its key is not also said to be missing.
        markers=tuple(found for found in (*metadata, info.default) if isinstance(found, Marker)),
        kinds=frozenset(_kind(leaf, known) for leaf in values),
        optional=not absent.isdisjoint(leaves),
        numbers=bool(values) and all(map(_has_numbers, values)),
    )


_MARKERS: tuple[Any, ...] = get_args(Marker)


def _marks(value: object) -> bool:
    return isinstance(value, Marker) or any(value is marker for marker in _MARKERS)


def _misplaced(name: str, marker: Any, place: str) -> str:
    written = f"{marker.__name__}()" if isinstance(marker, type) else repr(marker)
    return (
        f"a marker is no default, no type and no part of one: write {name}: Annotated[str, "
        f"{written}], or another type in place of str - at {place}"
    )


def _leaves(annotation: Any, metadata: list[object]) -> Iterator[Any]:
    """Return the classes that a value can have; what `Annotated` says on the way is collected."""
    origin = get_origin(annotation)
    if origin is Annotated:
        metadata += annotation.__metadata__
        yield from _leaves(annotation.__origin__, metadata)
    elif origin in (Union, UnionType, Final):
        for member in get_args(annotation):
            yield from _leaves(member, metadata)
    elif origin is Literal:
        yield from map(type, get_args(annotation))
    elif isinstance(annotation, NewType):
        yield from _leaves(annotation.__supertype__, metadata)
    elif _is_alias(annotation):
        yield from _leaves(annotation.__value__, metadata)
    elif _is_alias(origin):
        # `type Maybe[T] = T | None`, used as Maybe[str].
        yield from _leaves(origin.__value__[get_args(annotation)], metadata)
    else:
        yield annotation


def _inside(annotation: Any) -> Iterator[object]:
    """Yield what `Annotated` says of the parts of a type, such as the items of a list."""
    for part in get_args(annotation):
        yield from getattr(part, "__metadata__", ())
        # As it is written: an alias may contain itself.
        yield from _inside(part)


def _is_alias(annotation: Any) -> bool:
    # By name, for typing_extensions has one too where typing has none.
    return type(annotation).__name__ == "TypeAliasType"


def _kind(leaf: Any, known: dict[str, str]) -> str:
    if isinstance(leaf, enum.EnumMeta):
        return _ENUM_KINDS.get(_value_types(leaf)) or label(leaf)
    name = getattr(leaf, "__qualname__", "")
    return known.get(f"{leaf.__module__}.{name}") or label(leaf)


_LISTS = frozenset({"list", "tuple", "Sequence", "MutableSequence", "Collection"})
"""What msgspec writes as a list, by name: `collections.abc` need not be imported."""


def _has_numbers(leaf: Any) -> bool:
    if getattr(get_origin(leaf), "__name__", "") not in _LISTS:
        return False
    inner = [kind for kind in get_args(leaf) if kind is not ...]
    # Floats, ints and Decimals alike: the service stores a vector as numbers.
    return {_kind(one, _KINDS) for kind in inner for one in _leaves(kind, [])} == {"N"}


def _value_types(members: Any) -> frozenset[type]:
    return frozenset(type(member.value) for member in members)
