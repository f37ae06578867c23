"""From Python values to the JSON of attribute values: the writers of whole models."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Iterator
from decimal import Decimal
from functools import cache, partial
from typing import Any, NamedTuple, get_origin

from msgspec import NODEFAULT, UNSET, Struct, inspect, json, to_builtins

from .compiled import access, compiled
from .forms import (
    NAMES,
    NULL,
    Form,
    Write,
    classes_of,
    expected,
    leaf,
    list_form,
    map_form,
    set_form,
    tuple_form,
)
from .misfits import Misfit, at
from .shapes import (
    ARRAYS,
    RECORDS,
    RecordType,
    alternatives,
    fallback,
    is_nested,
    is_sparse,
    read_shape,
    struct_tag,
    tag_of,
)

__all__ = ["item_writer", "write_any"]

_encode = json.Encoder().encode


def item_writer(shape: inspect.StructType) -> Write:
    """Make what writes instances of a model as items."""
    return _Writers().record(shape)


class _Entry(NamedTuple):
    """A field of a record, and how it is written."""

    step: str
    name: bytes
    """`"name":`, or nothing in an array."""
    value: str
    """Code that gets the value from `x`."""
    form: Form
    nested: bool
    left_out: Callable[[Any], bool] | None
    """What says that a value need not be written, if there may be such."""

    def whole(self, value: Any) -> bytes:
        return self.name + self.form.whole(value)

    def unless_left_out(self, value: Any) -> bytes:
        """Write it with a comma, or nothing."""
        return b"" if self.leaves_out(value) else self.whole(value) + b","

    @property
    def located(self) -> Write:
        """What generated code calls; it adds its step to what goes wrong in places of its own."""
        write = self.form.write if self.left_out is None else self.unless_left_out
        return partial(at, self.step, write) if self.nested else write

    def leaves_out(self, value: Any) -> bool:
        unset = value is UNSET and self.name != b""  # in an array, others would take its place
        return unset or (self.left_out is not None and self.left_out(value))


class _Writers:
    """The writers of one model; a type that contains itself finds its own writer here."""

    def __init__(self) -> None:
        self._records: dict[Any, Write] = {}

    def record(self, shape: RecordType) -> Write:
        """Make a writer of a record, from brace to brace."""
        cls = shape.cls
        if cls not in self._records:
            self._records[cls] = partial(self._later, cls)
            self._records[cls] = _record(shape, [*self._entries(shape)])
        return self._records[cls]

    def _later(self, cls: Any, value: Any) -> bytes:
        """Write a record whose writer is being made when it is asked for."""
        return self._records[cls](value)

    def _entries(self, shape: RecordType) -> Iterator[_Entry]:
        array = tag_of(shape) == "L"
        omit_defaults = not array and _omits_defaults(shape)
        get = "x.get({!r}, UNSET)" if isinstance(shape, inspect.TypedDictType) else None
        for position, field in enumerate(shape.fields):
            yield _Entry(
                f"[{position}]" if array else field.encode_name,
                b"" if array else _encode(field.encode_name) + b":",
                get.format(field.name) if get else access(field.name),
                self.position(field.type),
                is_nested(field.type),
                None if array else _left_out(field, omit_defaults=omit_defaults),
            )

    def position(self, shape: inspect.Type) -> Form:
        """Give the form of whatever can stand at one place."""
        shapes = alternatives(shape)
        if any(isinstance(inner, inspect.AnyType) for inner in shapes):
            return Form(b"", write_any, b"")
        some = [inner for inner in shapes if not isinstance(inner, inspect.NoneType)]
        form = self._one(some[0]) if len(some) == 1 else self._choice(some or list(shapes))
        return form if len(some) in (0, len(shapes)) else _optional(form)

    def _choice(self, shapes: list[inspect.Type]) -> Form:
        if len(shapes) == 1:
            return self._one(shapes[0])
        writers = [(classes_of(shape), self._one(shape).whole) for shape in shapes]
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
        return leaf(shape)


def _optional(form: Form) -> Form:
    whole = form.whole
    return Form(
        b"",
        lambda value: NULL if value is None else whole(value),
        b"",
        "NULL if (v := {value}) is None else {write}(v)",
    )


def _omits_defaults(shape: RecordType) -> bool:
    config = getattr(get_origin(shape.cls) or shape.cls, "__struct_config__", None)
    return config is not None and config.omit_defaults


def _left_out(field: inspect.Field, *, omit_defaults: bool) -> Callable[[Any], bool] | None:
    """Make what says that a value need not be written: reading gives it back all the same.

    So an empty set, which cannot be written, is no error where it is the default.
    """
    if is_sparse(field):
        return lambda value: value is None
    if field.required:
        return None
    plain = field.default_factory in (NODEFAULT, list, dict, set, frozenset)
    default = fallback(field)() if plain else UNSET
    if isinstance(default, (set, frozenset)) and not default:
        return lambda value: isinstance(value, (set, frozenset)) and not value
    if omit_defaults or default is UNSET:
        return lambda value: type(value) is type(default) and bool(value == default)
    return None


_SOURCE = """
def values(x):
    return [{values}]

def made(x):
    if x.__class__ is not cls:
        raise expected((cls,), x)
    try:
        return {joined}
    except UNFIT as error:
        return stepwise(error, values(x))
"""


def _record(shape: RecordType, entries: list[_Entry]) -> Write:
    """Make a record's writer: one expression that joins constants and values."""
    opening, closing = (b"[", b"]") if tag_of(shape) == "L" else (b"{", b"}")
    opening += _head(shape)
    cls = dict if isinstance(shape, inspect.TypedDictType) else get_origin(shape.cls) or shape.cls
    made: Write = compiled(
        _SOURCE.format(
            values=", ".join(entry.value for entry in entries),
            joined=_joined(opening, entries, closing),
        ),
        **NAMES,
        **{f"write{i}": entry.located for i, entry in enumerate(entries)},
        cls=cls,
        join=b"".join,
        stepwise=partial(_stepwise, opening, entries, closing),
    )
    return partial(_closed, made, shape) if isinstance(shape, inspect.TypedDictType) else made


def _joined(opening: bytes, entries: list[_Entry], closing: bytes) -> str:
    """Write the expression. Where what comes last can be left out, a comma may have to go too."""
    parts: list[str] = []
    constant = opening
    for i, entry in enumerate(entries):
        if entry.left_out is None:
            code = entry.form.shortcut.format(value=entry.value, write=f"write{i}")
            parts += [repr(constant + entry.name + entry.form.before), code]
            constant = entry.form.after + b","
        else:
            parts += [repr(constant), f"write{i}({entry.value})"]
            constant = b""
    last = constant[:-1] + closing if constant.endswith(b",") else constant
    code = f"join(({', '.join([*parts, repr(last)])},))"
    return code if last is not constant else f"{code}.rstrip(b',') + {closing!r}"


def _stepwise(
    opening: bytes, entries: list[_Entry], closing: bytes, error: Exception, values: list[Any]
) -> bytes:
    """Find what does not fit, or leave out what is UNSET where the model did not foresee it."""
    if isinstance(error, Misfit) and error.steps:
        raise error
    written = (
        at(entry.step, entry.whole, value)
        for entry, value in zip(entries, values, strict=True)
        if not entry.leaves_out(value)
    )
    return (opening + b",".join(written)).rstrip(b",") + closing


def _closed(write: Write, shape: inspect.TypedDictType, value: Any) -> bytes:
    """Write a TypedDict, which must not have what would be lost."""
    names = {field.name for field in shape.fields}
    if isinstance(value, dict) and not value.keys() <= names:
        raise Misfit("a key that the TypedDict does not have")
    return write(value)


def _head(shape: RecordType) -> bytes:
    """Write the tag of a tagged Struct, with a comma."""
    tag_field, tag = struct_tag(shape)
    if tag is None:
        return b""
    name = b"" if tag_of(shape) == "L" else _encode(tag_field) + b":"
    return name + leaf(inspect.LiteralType((tag,))).whole(tag) + b","


def write_any(value: Any) -> bytes:
    """Write a value by its own class; a set by its members'."""
    write = _BY_CLASS.get(type(value)) or next(
        (write for kind, write in _BY_CLASS.items() if isinstance(value, kind)), _other
    )
    return write(value)


def _any_set(values: Any) -> bytes:
    texts = [write_any(value) for value in values]
    tags = {text.split(b'"', 2)[1] for text in texts}
    if len(tags) != 1 or not tags <= {b"S", b"N", b"B"}:
        raise Misfit("a set has in it only strings, only numbers or only binary, and never nothing")
    return b'{"%sS":[%s]}' % (tags.pop(), b",".join(text[5:-1] for text in texts))


def _other(value: Any) -> bytes:
    """Write a value as msgspec would, if it is of a class that it knows."""
    try:
        found = to_builtins(value, builtin_types=(bytes, bytearray, memoryview, Decimal))
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
    str: leaf(inspect.StrType()).whole,
    bool: leaf(inspect.BoolType()).whole,
    int: leaf(inspect.IntType()).whole,
    float: leaf(inspect.FloatType()).whole,
    Decimal: leaf(inspect.DecimalType()).whole,
    bytes: leaf(inspect.BytesType()).whole,
    bytearray: leaf(inspect.ByteArrayType()).whole,
    memoryview: leaf(inspect.MemoryViewType()).whole,
    list: list_form(list, _ANY).whole,
    tuple: list_form(tuple, _ANY).whole,
    dict: map_form(_ANY).whole,
    set: _any_set,
    frozenset: _any_set,
    Struct: lambda value: _struct_form(value.__class__).whole(value),
}
