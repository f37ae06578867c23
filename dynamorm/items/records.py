"""How a record is written: one expression that joins constants and values, made for its class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, get_origin

from msgspec import UNSET, inspect

from .attributes import RecordType, alternatives, fallback, has_own_factory, struct_tag, tag_of
from .compiled import compiled_record
from .forms import NAMES, Form, Write, leaf_form
from .mismatch import Misfit
from .roles import is_index_key, is_table_key
from .values import encode


class Entry(NamedTuple):
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
    owed: bool
    """Whether every item has it, so that even UNSET is no reason to leave it out."""

    def part(self, value: Any) -> bytes:
        """Write it with a comma, or nothing."""
        if self.left_out is not None and self.left_out(value):
            return b""
        if value is UNSET and self.name and not self.owed:  # in an array, others would move up
            return b""
        return self.name + self.form.whole(value) + b","


def omits_defaults(shape: RecordType) -> bool:
    """Return whether the class says that values which are at their default are left out."""
    config = getattr(get_origin(shape.cls) or shape.cls, "__struct_config__", None)
    return config is not None and config.omit_defaults


def left_out(field: inspect.Field, *, omit_defaults: bool) -> Callable[[Any], bool] | None:
    """Make what says that a value need not be written: reading gives it back all the same.

    So an empty set, which cannot be written, is no error where it is the default. Keys are always
    written: what they are not in, an index does not have.
    """
    if is_table_key(field):
        return None
    if is_index_key(field):
        return _left_out_of_index(field)
    if field.required:
        return None
    # What such a factory makes may be another each time, such as a time or an id.
    default = UNSET if has_own_factory(field) else fallback(field)()
    if isinstance(default, (set, frozenset)) and not default:
        return lambda value: isinstance(value, (set, frozenset)) and not value
    if omit_defaults or default is UNSET:
        # 1 == 1.0 == True, and what is read back has to be of the same class.
        return lambda value: type(value) is type(default) and bool(value == default)
    return None


def _left_out_of_index(field: inspect.Field) -> Callable[[Any], bool] | None:
    """Return a test for values that keep an item out of an index: NULL, or an empty value."""
    default = None if field.required else fallback(field)()
    nullable = any(isinstance(inner, inspect.NoneType) for inner in alternatives(field.type))
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


def record_writer(shape: RecordType, entries: list[Entry]) -> Write:
    """Make a record's writer: one expression that joins constants and values.

    For an id, lines, which have places of their own, and a note that can be null::

        step = 'lines'; n1 = write1(x.lines)
        return join((b'{"id":{"S":', encode(v) if (v := x.id).__class__ is str else write0(v),
                     b'},"lines":{"L":[', n1, b']},"note":',
                     NULL if (v := x.note) is None else write2(v), b'}'))
    """
    opening, closing = (b"[", b"]") if tag_of(shape) == "L" else (b"{", b"}")
    opening += _head(shape)
    cls = dict if isinstance(shape, inspect.TypedDictType) else get_origin(shape.cls) or shape.cls
    writes = [entry.form.write if entry.left_out is None else entry.part for entry in entries]
    careful = ", ".join([repr(opening), *_careful(entries)])
    made: Write = compiled_record(
        [
            f"step = {entry.step!r}; n{i} = write{i}({entry.value})"
            for i, entry in enumerate(entries)
            if entry.nested
        ],
        _joined(opening, entries, closing),
        f"join(({careful},)).rstrip(b',') + {closing!r}",
        # Not isinstance: a subclass may have fields of its own, which would be lost.
        "if x.__class__ is not cls: raise expected((cls,), x)",
        **NAMES,
        **{f"write{i}": write for i, write in enumerate(writes)},
        **{f"part{i}": entry.part for i, entry in enumerate(entries)},
        cls=cls,
        join=b"".join,
    )
    return partial(_closed, made, shape) if isinstance(shape, inspect.TypedDictType) else made


def _joined(opening: bytes, entries: list[Entry], closing: bytes) -> str:
    """Write the expression. Where what comes last can be left out, a comma may have to go too."""
    parts: list[str] = []
    # Constants in a row become one: what ends a value, what separates it, what begins the next.
    constant = opening
    for i, entry in enumerate(entries):
        code = f"n{i}" if entry.nested else f"write{i}({entry.value})"
        if entry.left_out is None:
            if not entry.nested:
                code = entry.form.shortcut.format(value=entry.value, write=f"write{i}")
            parts += [repr(constant + entry.name + entry.form.before), code]
            constant = entry.form.after + b","
        else:
            parts += [repr(constant), code]
            constant = b""
    last = constant[:-1] + closing if constant.endswith(b",") else constant
    code = f"join(({', '.join([*parts, repr(last)])},))"
    return code if last is not constant else f"{code}.rstrip(b',') + {closing!r}"


def _careful(entries: list[Entry]) -> Iterator[str]:
    """Write what finds a value that does not fit, or leaves out one that is UNSET unforeseen."""
    for i, entry in enumerate(entries):
        if not entry.nested:
            yield f"at({entry.step!r}, part{i}, {entry.value})"
        elif entry.left_out is None:
            yield f"{entry.name + entry.form.before!r}, n{i}, {entry.form.after + b','!r}"
        else:
            yield f"n{i}"


def _closed(write: Write, shape: inspect.TypedDictType, value: Any) -> bytes:
    """Write a TypedDict, which must not have what would be lost."""
    names = {field.name for field in shape.fields}
    if isinstance(value, dict) and not value.keys() <= names:
        raise Misfit("the TypedDict has no such key")
    return write(value)


def _head(shape: RecordType) -> bytes:
    """Write the tag of a tagged Struct, with a comma."""
    tag_field, tag = struct_tag(shape)
    if tag is None:
        return b""
    name = b"" if tag_of(shape) == "L" else encode(tag_field) + b":"
    return name + leaf_form(inspect.LiteralType((tag,))).whole(tag) + b","
