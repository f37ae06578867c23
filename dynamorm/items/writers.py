"""From Python values to the JSON of attribute values: the writers of whole models.

One form for each type: {"S": "text"}, {"N": "12"}, {"L": [...]}.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Hashable
from decimal import Decimal
from functools import cache, partial
from typing import Any, get_origin

from msgspec import Raw, Struct, inspect, json, to_builtins

from .attributes import ARRAYS, KINDS, LEAVES, RecordType, alternatives, read_shape, tag_of
from .leaves import NULL, Form, leaf_form
from .mismatch import UNFIT, Misfit, each, every, expected, raise_at
from .records import compiled_list, record_writer
from .scalars import CALL, Write, encode, only, write_moment, write_time
from .values import attribute_of, item_json, natural

Writers = dict[type, Write]


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
            forms = [self.position(field.type) for field in shape.fields]
            self._records[cls] = record_writer(shape, forms)
        return self._records[cls]

    def _later(self, cls: Any, value: Any) -> bytes:
        """Write a record whose writer is being made when it is asked for."""
        return self._records[cls](value)

    def position(self, shape: inspect.Type) -> Form:
        """Return the form of whatever can stand at one place."""
        shapes = alternatives(shape)
        if any(isinstance(inner, inspect.AnyType) for inner in shapes):
            return _ANY
        some = [inner for inner in shapes if not isinstance(inner, inspect.NoneType)]
        if not some:
            return leaf_form(shapes[0])
        form = self._one(some[0])
        if len(some) > 1:  # a value's class says which of the types writes it
            writers: Writers = {_class_of(inner): self._one(inner).whole for inner in some}
            form = Form(b"", partial(_by_class, writers, partial(_refuse, writers)), b"")
        return form if len(some) == len(shapes) else _optional(form)

    def _one(self, shape: Any) -> Form:
        """Return the form of a type that is no union."""
        if isinstance(shape, inspect.RawType):
            return _RAW
        if isinstance(shape, RecordType):
            return Form(b'{"%s":' % tag_of(shape).encode(), self.record(shape), b"}")
        if isinstance(shape, inspect.TupleType):
            return _tuple_form([self.position(inner) for inner in shape.item_types])
        if isinstance(shape, ARRAYS):
            member = self.position(shape.item_type)
            kind, tag = _class_of(shape), tag_of(shape)
            return _list_form(kind, member) if tag == "L" else _set_form(kind, member, tag[0])
        if isinstance(shape, inspect.DictType):
            return _map_form(self.position(shape.value_type))
        return leaf_form(shape)


def _class_of(shape: Any) -> Any:
    """Return the class that a value of this type has."""
    if isinstance(shape, inspect.LiteralType):
        return type(shape.values[0])
    cls = KINDS.get(type(shape), ("", None))[1] or shape.cls
    return get_origin(cls) or cls


def _by_class(writers: Writers, other: Write, value: Any) -> bytes:
    """Write a value by its own class, or by one that it inherits from."""
    # Exact classes first: True is also an int, and a datetime also a date.
    write = writers.get(type(value)) or next(
        (write for kind, write in writers.items() if isinstance(value, kind)), other
    )
    return write(value)


def _refuse(kinds: Writers, value: Any) -> bytes:
    raise expected(kinds, value)


def _optional(form: Form) -> Form:
    """Return the form of what may also be None."""
    whole = form.whole
    return Form(
        b"",
        lambda value: NULL if value is None else whole(value),
        b"",
        "NULL if (v := {value}) is None else {call}(v)",
    )


def _list_form(kind: Any, member: Form) -> Form:
    """Return the form of a list, or of what is written like one."""
    return Form(b'{"L":[', _collection(kind, member), b"]}")


def _set_form(kind: Any, member: Form, tag: str) -> Form:
    """Return the form of a set whose members are all strings, all numbers or all binary."""
    # A set has its tag once, in front: its members are written without a tag.
    skip, end = len(b'{"S":'), len(b"}")
    inner = member._replace(before=member.before[skip:], after=member.after[:-end])
    if not member.before:  # of several types, which say by themselves what comes before
        inner = Form(b"", lambda value: member.write(value)[skip:-end], b"")
    return Form(b'{"%sS":[' % tag.encode(), _collection(kind, inner, _NO_SET), b"]}")


_NO_SET = 'raise Misfit("no set can be empty: let the field be optional, or its default one")'


_OF_KIND = "if not isinstance(values, kind): raise expected((kind,), values)"


def _collection(kind: type, member: Form, empty: str = "return b''") -> Write:
    """Make what writes the members of a collection, which are all of one form."""
    quick = member.shortcut if member.before and member.shortcut != CALL else ""
    write: Write = compiled_list(
        quick.format(value="value", call="write"),
        check=f"{_OF_KIND}\n    if not values: {empty}",
        result="before + between.join(found) + after",
        kind=kind,
        before=member.before,
        between=member.after + b"," + member.before,
        after=member.after,
        write=member.write,
        members=every(member.write),
    )
    return write


def _tuple_form(members: list[Form]) -> Form:
    """Return the form of a tuple of a certain length."""

    def write(values: Any) -> bytes:
        if len(values) != len(members):
            raise Misfit(f"expected a tuple of {len(members)}, not of {len(values)}")
        return b",".join(write_each(values))

    write_each = each([member.whole for member in members])
    return Form(b'{"L":[', only(tuple, write), b"]}")


def _map_form(member: Form) -> Form:
    """Return the form of a dict."""

    def write(values: Any) -> bytes:
        try:
            entries = {_key(key): member.whole(value) for key, value in values.items()}
        except UNFIT as error:  # whose key is not told: it may be anybody's name
            raise_at("[...]", error)
        if len(entries) < len(values):
            raise Misfit("two keys of the map are the same once written")
        return b",".join(map(b"".join, entries.items()))

    return Form(b'{"M":{', only(dict, write), b"}}")


def _key(key: Any) -> bytes:
    if isinstance(key, str):
        return encode(key) + b":"
    if isinstance(key, enum.Enum):  # which msgspec 0.19 does not take as a key on Python 3.13
        return _key(key.value)
    # As values are written: msgspec would round a UTC offset that has seconds.
    if isinstance(key, (datetime.datetime, datetime.time)):
        return (write_moment(key) if isinstance(key, datetime.datetime) else write_time(key)) + b":"
    return encode({key: 0})[1:-2]  # what msgspec makes of other keys


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


_BY_CLASS: Writers = {}

write_any: Write = partial(_by_class, _BY_CLASS, _other)
"""Write a value by its own class; a set by its members'."""

_ANY = Form(b"", write_any, b"")

_BY_CLASS |= {
    type(None): lambda value: NULL,
    enum.Enum: lambda value: write_any(value.value),
    bool: leaf_form(inspect.BoolType()).whole,  # before int, of which it is one
    **{cls: leaf_form(kind()).whole for kind, (_, cls) in LEAVES.items()},
    Raw: _RAW.whole,
    list: _list_form(list, _ANY).whole,
    tuple: _list_form(tuple, _ANY).whole,
    dict: _map_form(_ANY).whole,
    set: _any_set,
    frozenset: _any_set,
    Struct: lambda value: _struct_form(value.__class__).whole(value),
}
