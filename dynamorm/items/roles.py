"""What attributes are to their table, and what follows for the way in which they are stored.

An index holds only items that have its key attributes, or its vector, and no NULL in them; a key is
found by its one spelling; the time to live is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_origin

from msgspec import UNSET, inspect, structs

from ..model.fields import TimeToLive, Vector, read_fields
from .attributes import (
    DecimalKeyType,
    FloatKeyType,
    MomentKeyType,
    RecordType,
    SecondsType,
    alternatives,
    fallback,
    has_own_factory,
    tag_of,
)
from .mismatch import Misfit


# As with types: what a field is to its table is the class of what is said about its type.
class TableKey(inspect.Metadata):
    """Of the table's own key, which every item has."""


class IndexKey(inspect.Metadata):
    """In the key of an index, or an inline filter of one: an item may lack it."""


class Searched(inspect.Metadata):
    """What a vector index searches: no key, but an item may lack it too."""


class TTL(inspect.Metadata):
    """The attribute that says when an item expires."""


_IN_SECONDS: dict[type[inspect.Type], type[inspect.Type]] = {inspect.DateTimeType: SecondsType}

_AS_KEYS: dict[type[inspect.Type], type[inspect.Type]] = {
    inspect.DateTimeType: MomentKeyType,
    inspect.FloatType: FloatKeyType,
    inspect.DecimalType: DecimalKeyType,
}


def with_roles(shape: inspect.StructType, model: Any) -> inspect.StructType:
    """Describe a model with its keys marked and of one spelling, the time to live as a number."""
    markers = {field.attribute: field.markers for field in read_fields(model, [])}

    def placed(field: inspect.Field) -> inspect.Field:
        """Return a field with the type that its place in the table asks for."""
        found = markers.get(field.encode_name, ())
        indexes = {m.index for m in found if not isinstance(m, TimeToLive | Vector)}
        kinds = {type(marker) for marker in found}
        if not found:
            return field
        role: type[inspect.Metadata] = TTL
        if None in indexes:
            role = TableKey
        elif indexes or Vector in kinds:
            role = IndexKey if indexes else Searched
            if field.required and _is_nullable(field):
                field = structs.replace(field, required=False, default=None)
        kind = _replaced(field.type, _IN_SECONDS) if TimeToLive in kinds else field.type
        return structs.replace(field, type=role(_replaced(kind, _AS_KEYS)))

    return structs.replace(shape, fields=tuple(map(placed, shape.fields)))


def _replaced(shape: Any, kinds: dict[type[inspect.Type], type[inspect.Type]]) -> inspect.Type:
    if isinstance(shape, inspect.Metadata):
        return structs.replace(shape, type=_replaced(shape.type, kinds))
    if isinstance(shape, inspect.UnionType):
        types = tuple(_replaced(inner, kinds) for inner in shape.types)
        return structs.replace(shape, types=types)
    kind = kinds.get(type(shape))
    return kind(**structs.asdict(shape)) if kind else shape


def _is_nullable(field: inspect.Field) -> bool:
    return any(isinstance(inner, inspect.NoneType) for inner in alternatives(field.type))


def left_out(shape: RecordType, field: inspect.Field) -> Callable[[Any], bool] | None:
    """Make what says that a value need not be written: reading gives it back all the same.

    So an empty set, which cannot be written, is no error where it is the default. Keys are always
    written: what they are not in, an index does not have. In an array, others would move up.
    """
    if isinstance(field.type, (IndexKey, Searched)):
        return _left_out_of_index(field)
    if field.required or isinstance(field.type, TableKey) or tag_of(shape) == "L":
        return None
    # What such a factory makes may be another each time, such as a time or an id.
    default = UNSET if has_own_factory(field) else fallback(field)()
    if isinstance(default, (set, frozenset)) and not default:
        return lambda value: isinstance(value, (set, frozenset)) and not value
    config = getattr(get_origin(shape.cls) or shape.cls, "__struct_config__", None)
    if default is UNSET or (config is not None and config.omit_defaults):
        # 1 == 1.0 == True, and what is read back has to be of the same class.
        return lambda value: type(value) is type(default) and bool(value == default)
    return None


def _left_out_of_index(field: inspect.Field) -> Callable[[Any], bool] | None:
    """Return a test for values that keep an item out of an index: NULL, or an empty value."""
    default = None if field.required else fallback(field)()
    nullable = _is_nullable(field)
    # DynamoDB refuses an item with an empty key of an index; without the attribute it takes it, and
    # the default is what is read.
    empty = isinstance(default, (str, bytes, list, tuple)) and not default
    if not nullable and default is None:
        return None

    def absent(value: Any) -> bool:
        """Return whether the attribute is left out of the item."""
        if (value is None and nullable) or value is UNSET:
            if value is not default and default is not None:
                raise Misfit(
                    "the key of an index cannot be NULL, and where it is missing, its default is "
                    "read: let the default be None"
                )
            return True
        return empty and value == default

    return absent
