"""How sets, lists and maps are read of which the parser has read the parts.

No two members of a set, and no two keys of a map, become one without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import Raw, Struct, json

from .compiled import compiled
from .leaves import check_kept
from .mismatch import UNFIT, Misfit, decoder, every, raise_at
from .values import read_float, read_integer, real, whole
from .wire import Convert, Place, compose

_ADVICE = "declare them as str or Decimal, or the field as msgspec.Raw"


def members(make: type, place: Place) -> Convert:
    """Return what reads the members of a list into whatever `make` makes."""
    sooner = _SOONER.get(place.convert)
    if sooner:
        read = _numbers(place, sooner)
    elif place.member and place.convert:
        read = compose(partial(map, attrgetter(place.member)), every(place.convert))
    else:
        read = every(place.unwrap)
    if make is list:
        return read
    if make is tuple:
        return compose(read, make)
    return members_of_set(make, read)


_NUMBERS = """
def made(values):
    try:
        return [sooner(value.{member}) for value in values]
    except UNFIT:
        return careful(values)
"""


def _numbers(place: Place, sooner: Convert) -> Convert:
    """Return what reads numbers, all in the way that most are written if they are."""
    careful = every(place.unwrap)
    read: Convert = compiled(_NUMBERS.format(member=place.member), sooner=sooner, careful=careful)
    return read


_SOONER: dict[Convert | None, Convert] = {read_integer: whole, read_float: real}


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
    return Misfit(f"{one} and {other} are read as one {what}: {_ADVICE}")


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
                check_kept(name, key)
        return found

    return read
