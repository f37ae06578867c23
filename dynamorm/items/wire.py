"""How msgspec's parser reads what can stand at one place of an item, and what is left to do then.

For each place there is a Struct of the tags that it can have. The parser reads what is in them
wherever it does that exactly; a number stays a string until it is made an int or a float. No two
members of a set, and no two keys of a map, become one without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import UNSET, Raw, Struct, json, to_builtins

from .leaves import Inside, Place, check_kept, compose
from .mismatch import STRANGE, UNFIT, Convert, Misfit, decoder, every, raise_at
from .records import compiled_list
from .scalars import CALL, read_exact_float, read_float, read_integer
from .values import Value, natural, wrapper

_KEEP = "{value}"

# What generated code tries first; whatever it cannot read goes through the function after all.
_SHORTCUTS: dict[Convert, str] = {
    read_integer: "whole({value})",
    read_float: "real({value})",
    # Fifteen characters have at most fifteen digits, as many as any float keeps.
    read_exact_float: "real(v) if len(v := {value}) < 16 else {call}(v)",
}


def only_one(tag: str, inside: Inside) -> Place:
    """Read a place that always has the same tag."""
    annotation = wrapper(((tag, inside.annotation),))
    return Place(annotation, tag, inside.convert, _code(inside.convert))


def nullable(tag: str, inside: Inside) -> Place:
    """Read a place that has either a certain tag or NULL."""
    # NULL leaves the other tag at its default, which is None as well.
    annotation = wrapper(((tag, inside.annotation), ("NULL", bool)), None)
    convert = inside.convert
    if convert is None:
        return Place(annotation, tag, None, _KEEP)
    # Bound to `v`, so that the attribute is not read twice.
    code = "None if (v := {value}) is None else " + _code(convert).replace("{value}", "v")
    return Place(annotation, tag, lambda value: None if value is None else convert(value), code)


def _code(convert: Convert | None) -> str:
    return _KEEP if convert is None else _SHORTCUTS.get(convert, CALL)


def one_of_several(insides: dict[str, Inside]) -> Place:
    """Read a place whose tag says which of several types it is."""

    def convert(found: Any) -> Any:
        # An attribute value has one tag: the first that is there is it.
        for tag, inside in insides.items():
            if (value := getattr(found, tag)) is not UNSET:
                return value if inside.convert is None else inside.convert(value)
        raise Misfit("not an attribute value")

    fields = tuple((tag, inside.annotation) for tag, inside in insides.items())
    return Place(wrapper(fields, UNSET), "", convert)


def _anything(value: Value) -> Any:
    """Return what an attribute value means, whatever it is."""
    try:
        return natural(to_builtins(value, builtin_types=(bytes,)))
    except STRANGE:
        raise Misfit("not an attribute value") from None


ANYTHING = Place(Value, "", _anything)
"""Read whatever an attribute can be."""


AS_IT_IS = Place(Raw, "", lambda raw: raw, _KEEP)
"""Keep the bytes of an attribute value."""

AS_IT_IS_OR_NONE = Place(Raw, "", lambda raw: None if json.decode(raw) == {"NULL": True} else raw)
"""Keep them, but for those of NULL."""


def members(make: type, place: Place) -> Convert:
    """Return what reads the members of a list into whatever `make` makes."""
    read: Convert
    if place.convert in _SHORTCUTS:
        code = place.code.format(value="value" + place.dotted, call="call")
        read = compiled_list(code, members=every(place.unwrap), call=place.convert)
    elif place.member and place.convert:
        read = compose(partial(map, attrgetter(place.member)), every(place.convert))
    else:
        read = every(place.unwrap)
    if make is list:
        return read
    return compose(read, make) if make is tuple else members_of_set(make, read)


def members_of_set(make: type, read: Convert) -> Convert:
    """Return what makes a set of the members that `read` reads."""

    def collect(values: Collection[Any]) -> Any:
        found = read(values)
        made = make(found)
        if len(made) < len(values):
            raise _merged(values, found, "member of the set")
        return made

    return collect


def _merged(spellings: Iterable[Any], values: Iterable[Any], what: str) -> Misfit:
    """Name the first two spellings that are read as one value."""
    firsts: dict[Any, int] = {}
    places = [(firsts.setdefault(value, place), place) for place, value in enumerate(values)]
    twins = next(pair for pair in places if pair[0] != pair[1])
    one, other = map(_spelled, map(list(spellings).__getitem__, twins))
    return Misfit(
        f"{one} and {other} are read as one {what}: declare them as str or "
        "Decimal, or the field as msgspec.Raw"
    )


def _spelled(spelling: Any) -> str:
    if isinstance(spelling, Struct):
        return json.encode(spelling).decode()
    return str(json.decode(spelling) if isinstance(spelling, Raw) else spelling)


def entries(unwrap: Convert, annotation: Any, *, exact: bool) -> Convert:
    """Return what reads a map, whose keys are as `annotation` says; None: texts, as they are.

    Places in it are told without their keys, which may be anybody's names.
    """
    read_keys = None if annotation is None else _keys(annotation, exact=exact)

    def convert(values: dict[str, Any]) -> dict[Any, Any]:
        names = values if read_keys is None else read_keys(values)
        try:
            found = list(map(unwrap, values.values()))
        except UNFIT as error:
            raise_at("[...]", error)
        return dict(zip(names, found, strict=True))

    return convert


def _keys(annotation: Any, *, exact: bool) -> Convert:
    """Return what reads the keys of a map, in their order."""
    # msgspec converts keys only inside an object, so they are put into one.
    decode = decoder(dict[annotation, int])

    def read(values: dict[str, Any]) -> Collection[Any]:
        names = dict.fromkeys(values, 0)
        found: Collection[Any] = decode(json.encode(names))
        if len(found) < len(names):
            # One by one, to find out which two have become one.
            alone = [next(iter(decode(json.encode({name: 0})))) for name in names]
            raise _merged(names, alone, "key of the map")
        if exact:
            for name, key in zip(names, found, strict=True):
                check_kept(name.encode(), key)
        return found

    return read
