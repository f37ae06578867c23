"""Records, in both directions: functions made for one class, as source that is compiled.

Written as one expression, they cost half of what closures do. A source is made of names that this
package chose, of literals, and of fields' names where these are plain identifiers. Values never
come near it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from keyword import iskeyword
from typing import Any, NamedTuple, get_origin

from msgspec import UNSET, inspect

from ..model.fields import label
from .attributes import (
    RecordType,
    fallback,
    has_own_factory,
    is_nested,
    struct_tag,
    tag_of,
)
from .leaves import NULL, Form, Place, leaf_form
from .mismatch import UNFIT, Convert, Misfit, at, expected, raise_at
from .roles import TableKey, left_out
from .scalars import Write, encode, fitted, real, whole

_NAMES = {
    "Decimal": Decimal,
    "Misfit": Misfit,
    "NULL": NULL,
    "UNFIT": UNFIT,
    "UNSET": UNSET,
    "at": at,
    "encode": encode,
    "expected": expected,
    "fitted": fitted,
    "raise_at": raise_at,
    "real": real,
    "whole": whole,
}

# A value that is nested tells where in it something is wrong, and `step` where it stands. Without a
# `step` one of the others is wrong, or a rare case: `careful` goes through them one by one.
_RECORD = """
def made(x):
    {check}
    step = None
    try:
        {nested}
        step = None
        return {quick}
    except UNFIT as error:
        if step is not None:
            raise_at(step, error)
        return {careful}
"""

_LIST = """
def made(values):
    {check}
    {members}
    return {result}
"""

# If `code` does not fit one of them, all are gone through again, with places.
_QUICK = """try:
        found = [{code} for value in values]
    except UNFIT:
        found = members(values)"""


def compiled(source: str, **names: Any) -> Any:
    """Run a source, and give what it calls `made`."""
    names |= _NAMES
    exec(source, names)
    return names["made"]


def compiled_list(code: str, *, check: str = "", result: str = "found", **names: Any) -> Any:
    """Make what goes through values: by `members`, or sooner by `code` if there is such."""
    members = _QUICK.format(code=code) if code else "found = members(values)"
    return compiled(_LIST.format(check=check, members=members, result=result), **names)


def access(field: str) -> str:
    """Write how to get a field of `x`."""
    # Python normalizes the letters of a name in a source, if they are not ASCII.
    plain = field.isascii() and field.isidentifier() and not iskeyword(field)
    return f"x.{field}" if plain else f"getattr(x, {field!r})"


class _Part(NamedTuple):
    """A field of a record: the code that reads it from `x`, or writes it."""

    nested: str
    """A statement that does it, where it has places of its own."""
    quick: str
    careful: str
    """The same, for when that fails: it says what is wrong, or does what is seldom needed."""
    names: dict[str, Any]


def _compiled_record(
    parts: Sequence[_Part], quick: str, careful: str, check: str = "", **names: Any
) -> Any:
    """Make what turns a record `x` into a value, written as one expression.

    Before it come statements for the fields with places of their own, each of which notes in `step`
    where it is: so nothing nested is gone through again where something is wrong. `careful` is the
    expression that tells where, among the other fields, or makes the value all the same.
    """
    nested = "\n        ".join(part.nested for part in parts if part.nested)
    source = _RECORD.format(check=check, nested=nested, quick=quick, careful=careful)
    return compiled(source, **names, **{n: v for part in parts for n, v in part.names.items()})


def _step(shape: RecordType, i: int) -> str:
    return f"[{i}]" if tag_of(shape) == "L" else shape.fields[i].encode_name


def record_reader(shape: RecordType, places: Iterable[Place]) -> Convert:
    """Make what turns a parsed record into an instance: one call of its class.

    For an id, lines, which have places of their own, a total, and a note with a default::

        step = 'lines'; n1 = call1(x.f1.L)
        return make(x.f0.S, n1, whole(x.f2.N), supply3() if (w := x.f3) is UNSET else w.S)
    """
    cls: Any = get_origin(shape.cls) or shape.cls
    make, names = cls, [field.name for field in shape.fields]
    by_position = names
    if isinstance(shape, inspect.TypedDictType):
        make = partial(_dict, names)
    elif hasattr(cls, "__post_init__"):
        make = _guarded(cls, f"{label(cls)}.__post_init__")
    if isinstance(shape, (inspect.StructType, inspect.DataclassType)):
        by_position = [*getattr(cls, "__match_args__", ())]
    parts = [_read(i, shape, place) for i, place in enumerate(places)]
    # By name those that the class does not take by position.
    quick, careful = (
        ", ".join(
            code if name in by_position else f"**{{{name!r}: {code}}}"
            for name, code in zip(names, codes, strict=True)
        )
        for codes in ([part.quick for part in parts], [part.careful for part in parts])
    )
    build: Convert = _compiled_record(parts, f"make({quick})", f"make({careful})", make=make)
    return build


def _dict(names: Iterable[str], *values: Any) -> dict[str, Any]:
    return {n: v for n, v in zip(names, values, strict=True) if v is not UNSET}


def _read(i: int, shape: RecordType, place: Place) -> _Part:
    field, step = shape.fields[i], _step(shape, i)
    given, taken, careful = f"x.f{i}", f"x.f{i}{place.dotted}", place.unwrap
    names: dict[str, Any] = {f"call{i}": place.convert, f"careful{i}": careful}
    default = ""
    if not field.required:
        supply = fallback(field)
        if has_own_factory(field):
            supply = _guarded(supply, "the default_factory")
        names |= {
            f"supply{i}": supply,
            f"careful{i}": lambda value: supply() if value is UNSET else careful(value),
        }
        default, taken = f"supply{i}() if (w := {given}) is UNSET else ", f"w{place.dotted}"
    code = default + place.code.format(value=taken, call=f"call{i}")
    if place.convert is not None and is_nested(field.type):
        return _Part(f"step = {step!r}; n{i} = {code}", f"n{i}", f"n{i}", names)
    return _Part("", code, f"at({step!r}, careful{i}, {given})", names)


def _guarded(function: Any, name: str) -> Any:
    """Return a function of the model's own, whose error is told without its words.

    They may have values of the item in them, which no error tells.
    """

    def make(*values: Any, **more: Any) -> Any:
        try:
            return function(*values, **more)
        except Exception as error:
            raise Misfit(f"{name} raised {type(error).__name__}") from error

    return make


def record_writer(shape: RecordType, forms: Sequence[Form]) -> Write:
    """Make a record's writer: one expression that joins constants and values.

    For an id, lines, which have places of their own, and a note that can be null::

        step = 'lines'; n1 = call1(x.lines)
        return join((b'{' b'"id":{"S":', encode(v) if (v := x.id).__class__ is str else call0(v),
                     b'},' b'"lines":{"L":[', n1, b']},' b'"note":',
                     NULL if (v := x.note) is None else call2(v), b'}'))
    """
    array = tag_of(shape) == "L"
    opening, closing = (b"[", b"]") if array else (b"{", b"}")
    tag_field, tag = struct_tag(shape)
    if tag is not None:
        name = b"" if array else encode(tag_field) + b":"
        opening += name + leaf_form(inspect.LiteralType((tag,))).whole(tag) + b","
    absent = [left_out(shape, field) for field in shape.fields]
    parts = [_written(i, shape, form, absent[i]) for i, form in enumerate(forms)]
    # Constants in a row are one to the compiler: what ends a value, and what begins the next.
    quick = " ".join([repr(opening), *(part.quick for part in parts)])
    careful = " ".join([repr(opening), *(part.careful for part in parts)])
    # Where what comes last can be left out, a comma may have to go too.
    stripped = f",)).rstrip(b',') + {closing!r}"
    certain = absent and absent[-1] is None
    # Not isinstance: a subclass may have fields of its own, which would be lost.
    cls = get_origin(shape.cls) or shape.cls
    check = "if x.__class__ is not cls: raise expected((cls,), x)"
    if isinstance(shape, inspect.TypedDictType):
        cls = dict
        check += "\n    if not x.keys() <= known: raise Misfit('the TypedDict has no such key')"
    write: Write = _compiled_record(
        parts,
        f"join(({quick}" + (f" {closing!r},))" if certain else stripped),
        f"join(({careful}" + stripped,
        check,
        cls=cls,
        join=b"".join,
        known={field.name for field in shape.fields},
    )
    return write


def _written(i: int, shape: RecordType, form: Form, absent: Callable[[Any], bool] | None) -> _Part:
    field, step = shape.fields[i], _step(shape, i)
    name = b"" if tag_of(shape) == "L" else encode(field.encode_name) + b":"
    # A TypedDict may lack keys; an instance has all of its fields.
    given = access(field.name)
    if isinstance(shape, inspect.TypedDictType):
        given = f"x.get({field.name!r}, UNSET)"

    def careful(value: Any) -> bytes:
        """Write it with a comma, or nothing: not even UNSET is a reason to leave out a key."""
        if absent is not None and absent(value):
            return b""
        # In an array, others would move up.
        if value is UNSET and name and not isinstance(field.type, TableKey):
            return b""
        return name + form.whole(value) + b","

    code, before, after = f"careful{i}({given})", b"", b""
    if absent is None:
        code = form.shortcut.format(value=given, call=f"call{i}")
        before, after = name + form.before, form.after
        if i < len(shape.fields) - 1:
            after += b","
    names = {f"call{i}": form.write, f"careful{i}": careful}
    if is_nested(field.type):
        quick = f"{before!r}, n{i}, {after!r}"
        return _Part(f"step = {step!r}; n{i} = {code}", quick, quick, names)
    care = f"b'', at({step!r}, careful{i}, {given}), b''"
    return _Part("", f"{before!r}, {code}, {after!r}", care, names)
