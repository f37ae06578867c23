"""What attributes are to their table, and what follows for the way in which they are stored.

An index holds only items that have its key attributes, or its vector, and no NULL in them; a key is
found by its one spelling; the time to live is a number.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import inspect, structs

from ..model.fields import TimeToLive, Vector, read_fields
from .attributes import DecimalKeyType, FloatKeyType, MomentKeyType, SecondsType, alternatives

# Known by their identity: no `Meta(extra=...)` of a model is one of these, whatever is in it.
_TABLE_KEY = {"key of": "the table"}
_INDEX_KEY = {"key of": "an index"}
_IN_SECONDS: dict[type[inspect.Type], type[inspect.Type]] = {inspect.DateTimeType: SecondsType}

_AS_KEYS: dict[type[inspect.Type], type[inspect.Type]] = {
    inspect.DateTimeType: MomentKeyType,
    inspect.FloatType: FloatKeyType,
    inspect.DecimalType: DecimalKeyType,
}


class Roles(NamedTuple):
    """The attributes of a model that are more than values, by name."""

    table_key: frozenset[str]
    index_keys: frozenset[str]
    """Fields that are only in the key of an index, or are an inline filter of one."""
    seconds: frozenset[str]
    """The time to live."""
    vectors: frozenset[str]
    """Fields that vector indexes search: not keys, but as sparse."""

    @property
    def keys(self) -> frozenset[str]:
        return self.table_key | self.index_keys


def read_roles(model: Any) -> Roles:
    """Read them from the markers."""
    marked = [(field.attribute, mark) for field in read_fields(model, []) for mark in field.markers]
    seconds = frozenset(name for name, mark in marked if isinstance(mark, TimeToLive))
    vectors = frozenset(name for name, mark in marked if isinstance(mark, Vector))
    keys = {(name, m.index) for name, m in marked if not isinstance(m, TimeToLive | Vector)}
    table_key = frozenset(name for name, index in keys if index is None)
    return Roles(table_key, frozenset(name for name, _ in keys) - table_key, seconds, vectors)


def with_roles(shape: inspect.StructType, roles: Roles) -> inspect.StructType:
    """Describe a model with its keys marked, and with the time to live as a number."""

    def placed(field: inspect.Field) -> inspect.Field:
        """Return a field with the type that its place in the table asks for."""
        name = field.encode_name
        if name in roles.seconds:
            field = structs.replace(field, type=_replaced(field.type, _IN_SECONDS))
        if name in roles.table_key:
            return _marked(field, _TABLE_KEY)
        # A vector is no key, but an item without it is as absent from its index.
        sparse = name in roles.index_keys or name in roles.vectors
        return _sparse(_marked(field, _INDEX_KEY)) if sparse else field

    return structs.replace(shape, fields=tuple(map(placed, shape.fields)))


def with_key_types(shape: inspect.StructType) -> inspect.StructType:
    """Describe a model as it is written: its keys in the one spelling that they have."""
    return structs.replace(
        shape,
        fields=tuple(
            structs.replace(field, type=_replaced(field.type, _AS_KEYS))
            if is_table_key(field) or is_index_key(field)
            else field
            for field in shape.fields
        ),
    )


def _replaced(shape: Any, kinds: dict[type[inspect.Type], type[inspect.Type]]) -> inspect.Type:
    if isinstance(shape, inspect.Metadata):
        return structs.replace(shape, type=_replaced(shape.type, kinds))
    if isinstance(shape, inspect.UnionType):
        types = tuple(_replaced(inner, kinds) for inner in shape.types)
        return structs.replace(shape, types=types)
    kind = kinds.get(type(shape))
    return kind(**structs.asdict(shape)) if kind else shape


def _marked(field: inspect.Field, mark: dict[str, str]) -> inspect.Field:
    return structs.replace(field, type=inspect.Metadata(field.type, extra=mark))


def _sparse(field: inspect.Field) -> inspect.Field:
    """Let an index's attributes be missing from an item where they can be None."""
    nullable = any(isinstance(inner, inspect.NoneType) for inner in alternatives(field.type))
    if not field.required or not nullable:
        return field
    return structs.replace(field, required=False, default=None)


def is_table_key(field: inspect.Field) -> bool:
    """Return whether the field is of the table's own key, which every item has."""
    return isinstance(field.type, inspect.Metadata) and field.type.extra is _TABLE_KEY


def is_index_key(field: inspect.Field) -> bool:
    """Return whether the field is part of an index's key or its vector, which an item may lack."""
    return isinstance(field.type, inspect.Metadata) and field.type.extra is _INDEX_KEY
