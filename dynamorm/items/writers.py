"""From Python values to the JSON of attribute values: the writers of whole models."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Hashable, Iterator
from decimal import Decimal
from functools import cache, partial
from typing import Any

from msgspec import Raw, Struct, inspect, json, to_builtins

from .attributes import (
    ARRAYS,
    LEAVES,
    RECORDS,
    RecordType,
    alternatives,
    is_nested,
    read_shape,
    tag_of,
)
from .compiled import access
from .forms import (
    NULL,
    Form,
    Write,
    classes_of,
    leaf_form,
    list_form,
    map_form,
    only,
    set_form,
    tuple_form,
)
from .mismatch import Misfit, expected
from .natural import item_json
from .records import Entry, left_out, omits_defaults, record_writer
from .roles import is_table_key
from .values import attribute_of, encode, natural


def item_writer(shape: inspect.StructType) -> Write:
    """Make what writes instances of a model as items."""
    return _Writers().record(shape)


class _Writers:
    """The writers of one model; a type that contains itself finds its own writer here."""

    def __init__(self) -> None:
        self._records: dict[Any, Write] = {}

    def record(self, shape: RecordType) -> Write:
        """Make a writer of a record, from brace to brace."""
        cls = shape.cls
        if cls not in self._records:
            self._records[cls] = partial(self._later, cls)
            self._records[cls] = record_writer(shape, [*self._entries(shape)])
        return self._records[cls]

    def _later(self, cls: Any, value: Any) -> bytes:
        """Write a record whose writer is being made when it is asked for."""
        return self._records[cls](value)

    def _entries(self, shape: RecordType) -> Iterator[Entry]:
        array = tag_of(shape) == "L"
        omit_defaults = not array and omits_defaults(shape)
        # A TypedDict may lack keys; an instance has all of its fields.
        get = "x.get({!r}, UNSET)" if isinstance(shape, inspect.TypedDictType) else None
        for position, field in enumerate(shape.fields):
            yield Entry(
                f"[{position}]" if array else field.encode_name,
                b"" if array else encode(field.encode_name) + b":",
                get.format(field.name) if get else access(field.name),
                self.position(field.type),
                is_nested(field.type),
                None if array else left_out(field, omit_defaults=omit_defaults),
                is_table_key(field),
            )

    def position(self, shape: inspect.Type) -> Form:
        """Return the form of whatever can stand at one place."""
        shapes = alternatives(shape)
        if any(isinstance(inner, inspect.AnyType) for inner in shapes):
            return Form(b"", write_any, b"")
        if any(isinstance(inner, inspect.RawType) for inner in shapes):
            return _optional(_RAW) if len(shapes) > 1 else _RAW
        some = [inner for inner in shapes if not isinstance(inner, inspect.NoneType)]
        form = self._one(some[0]) if len(some) == 1 else self._choice(some or list(shapes))
        return form if len(some) in (0, len(shapes)) else _optional(form)

    def _choice(self, shapes: list[inspect.Type]) -> Form:
        """Return the form of a union: a value's class says which of the types writes it."""
        if len(shapes) == 1:
            return self._one(shapes[0])
        writers = [(classes_of(shape), self._one(shape).whole) for shape in shapes]
        # Exact classes first: True is also an int, and a datetime also a date.
        exact = {kind: write for kinds, write in writers for kind in kinds}

        def write(value: Any) -> bytes:
            found = exact.get(type(value)) or next(
                (write for kinds, write in writers if isinstance(value, kinds)), None
            )
            if found is None:
                raise expected(exact, value)
            return found(value)

        return Form(b"", write, b"")

    def _one(self, shape: Any) -> Form:
        """Return the form of a type that is no union."""
        if isinstance(shape, RECORDS):
            return Form(b'{"%s":' % tag_of(shape).encode(), self.record(shape), b"}")
        if isinstance(shape, inspect.TupleType):
            return tuple_form([self.position(inner) for inner in shape.item_types])
        if isinstance(shape, ARRAYS):
            member = self.position(shape.item_type)
            (kind,), tag = classes_of(shape), tag_of(shape)
            return list_form(kind, member) if tag == "L" else set_form(kind, member, tag[0])
        if isinstance(shape, inspect.DictType):
            return map_form(self.position(shape.value_type))
        return leaf_form(shape)


def _optional(form: Form) -> Form:
    """Return the form of what may also be None."""
    whole = form.whole
    return Form(
        b"",
        lambda value: NULL if value is None else whole(value),
        b"",
        "NULL if (v := {value}) is None else {write}(v)",
    )


def write_any(value: Any) -> bytes:
    """Write a value by its own class; a set by its members'."""
    write = _BY_CLASS.get(type(value)) or next(
        (write for kind, write in _BY_CLASS.items() if isinstance(value, kind)), _other
    )
    return write(value)


def _write_raw(value: Raw) -> bytes:
    """Write the bytes as they are, if they are those of an attribute value and nothing else."""
    try:
        item_json({"Raw": attribute_of(value)})
    except Misfit as misfit:
        raise Misfit(f"this Raw is not one attribute value: {misfit.problem}") from None
    return bytes(value)


_RAW = Form(b"", only(Raw, _write_raw), b"")


def _any_set(values: Any) -> bytes:
    """Write a set of which no type is known: its members say what kind of set it is."""
    texts = [write_any(value) for value in values]
    tags = {text.split(b'"', 2)[1] for text in texts}
    if len(tags) != 1 or not tags <= {b"S", b"N", b"B"}:
        raise Misfit(
            "a set holds only strings, only numbers or only binary values, and cannot be empty"
        )
    # By what they mean: 1 and Decimal("1.0") are one number to DynamoDB.
    if len({natural(json.decode(text)) for text in texts}) < len(texts):
        raise Misfit("two members of the set are the same once written")
    # What is between `{"S":` and `}`.
    return b'{"%sS":[%s]}' % (tags.pop(), b",".join(text[5:-1] for text in texts))


_KNOWN = (bytes, bytearray, memoryview, Decimal, datetime.datetime, datetime.time)


def _other(value: Any) -> bytes:
    """Write a value as msgspec would, if it is of a class that it knows."""
    try:
        found = to_builtins(value, builtin_types=_KNOWN)
    except TypeError:
        raise Misfit(f"{type(value).__name__} cannot be stored") from None
    return write_any(found)


@cache
def _struct_form(cls: Hashable) -> Form:
    return _Writers().position(read_shape(cls))


_ANY = Form(b"", write_any, b"")

_BY_CLASS: dict[type, Write] = {
    type(None): lambda value: NULL,
    enum.Enum: lambda value: write_any(value.value),
    bool: leaf_form(inspect.BoolType()).whole,  # before int, of which it is one
    **{cls: leaf_form(kind()).whole for kind, (_, cls) in LEAVES.items()},
    Raw: _RAW.whole,
    list: list_form(list, _ANY).whole,
    tuple: list_form(tuple, _ANY).whole,
    dict: map_form(_ANY).whole,
    set: _any_set,
    frozenset: _any_set,
    Struct: lambda value: _struct_form(value.__class__).whole(value),
}
