"""What the service would refuse in an item: looked at before it is sent, as cheaply as can be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from math import inf
from operator import attrgetter
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, defstruct, inspect, json

from ..errors import UNREADABLE
from ..model.keys import KeyAttribute
from ..model.spec import TableSpec
from .attributes import RecordType, alternatives, parts
from .mismatch import MAX_LEVELS, STRANGE, TOO_DEEP, UNFIT, Misfit, at, decoder
from .scalars import exact_number
from .values import AttributeValue, Item, attributes_of, natural, raw_attributes, wrapper

Check = Callable[[bytes | Raw], None]
MAX_ITEM = 400 * 1024
MAX_PARTITION_KEY = 2048
MAX_SORT_KEY = 1024


def check_size(raw: bytes) -> None:
    """Raise `Misfit` for an item of more than 400 KB. JSON is never shorter than what it weighs."""
    # Texts have quotes besides, a number weighs half its digits, binary three quarters of base64.
    if len(raw) <= MAX_ITEM:
        return
    item = attributes_of(raw)
    try:
        size = item_size(item)
    except UNFIT:
        raise Misfit("an attribute has an invalid value") from None
    if size > MAX_ITEM:
        raise Misfit(f"the item weighs {size:,} bytes; the most is {MAX_ITEM:,}")


def item_size(item: Item) -> int:
    """Weigh an item, in bytes: names and values, and what lists and maps cost besides.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(_text_size(name) + _size(value) for name, value in item.items())


def _size(value: AttributeValue) -> int:
    ((tag, inner),) = value.items()
    return _SIZES[tag](inner)


def _text_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _number_size(text: str) -> int:
    """Weigh a number; that zero is lighter, and a minus sign heavier, is seen on the engines.

    dynalite adds a byte where the two digits of a pair are of different hundreds, as in 120;
    dynoxide and the documentation do not. In doubt, the service is asked.
    """
    sign, digits, _ = exact_number(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return (len(significant) + 1) // 2 + 1 + sign if significant else 1


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text_size,
    "N": _number_size,
    "B": len,
    "BOOL": lambda value: 1,
    "NULL": lambda value: 1,
    # Three bytes for a list or a map, and one for each element.
    "L": lambda values: 3 + sum(1 + _size(value) for value in values),
    "M": lambda values: 3 + len(values) + item_size(values),
    "SS": lambda values: sum(map(_text_size, values)),
    "NS": lambda values: sum(map(_number_size, values)),
    "BS": lambda values: sum(map(len, values)),
}


def check_nesting(raw: bytes) -> None:
    """Raise `Misfit` for values on more than 32 levels, and for an attribute without a name."""
    # Each level has a brace, and each above the last a list's tag or a map's. A text may have them
    # too, which is only a reason to look closer.
    flat = raw.count(b"{") <= MAX_LEVELS or not (b'"M"' in raw or b'"L"' in raw)
    if flat and raw.rfind(b'""') < 0:  # in half the time of `in`
        return  # so few values, or no maps and no lists, and nothing without a name
    try:
        _shallow()(raw)
    except UNREADABLE:
        _check_names(attributes_of(raw), MAX_LEVELS)


@cache
def _shallow() -> Callable[[bytes], object]:
    """Make what reads no item but a good one, and much faster than it can be told where it is bad.

    Each level is a Struct of its own, and the lists and maps of the last one are empty.
    """
    name: Any = Annotated[str, Meta(min_length=1)]
    empty = Meta(max_length=0)
    level: Any = _level(Annotated[list[Raw], empty], Annotated[dict[str, Raw], empty])
    for _ in range(MAX_LEVELS - 1):
        level = _level(list[level], dict[name, level])
    return json.Decoder(dict[name, level]).decode


def _level(values: Any, entries: Any) -> Any:
    return defstruct("Level", [("L", values, UNSET), ("M", entries, UNSET)])


def _check_names(item: Item, levels: int) -> None:
    for name, value in item.items():
        if not name:
            raise Misfit("the name of an attribute is empty")
        at(name, partial(_check_levels, levels), value)


def _check_levels(levels: int, value: AttributeValue) -> None:
    if levels == 0:
        raise Misfit(TOO_DEEP)
    _check_names(value.get("M", {}), levels - 1)
    for inner in value.get("L", ()):
        _check_levels(levels - 1, inner)


def is_bounded(shape: inspect.StructType) -> bool:
    """Return whether `check_nesting` cannot find anything in an item of a model: then skip it.

    What else an item has beside the model's attributes came out of a table as it is.
    """
    # `_levels` counts the item itself, which is not one of the 32.
    return _levels(shape, frozenset()) <= MAX_LEVELS + 1


def _levels(shape: inspect.Type, above: frozenset[Any]) -> float:
    """Return the most levels that a value of this type has, itself included."""
    most = 1.0
    for inner in alternatives(shape):
        cls = inner.cls if isinstance(inner, RecordType) else None
        if isinstance(inner, _ENDLESS) or cls in above:
            return inf
        within = above if cls is None else above | {cls}
        most = max([most, *(1 + _levels(part, within) for part in parts(inner))])
    return most


_ENDLESS = (inspect.AnyType, inspect.RawType, inspect.DictType)


def key_check(spec: TableSpec) -> Check:
    """Make what raises `Misfit` unless an item has the keys that the table and its indexes ask for.

    Nothing but key attributes is read. Those of indexes may be missing; none may be empty.
    """
    limits = key_limits(spec)
    fields = {f"key{i}": attribute for i, attribute in enumerate(limits)}
    members: list[Any] = [
        (field, _annotation(a, limits[a]), *(() if a in spec.key else (UNSET,)))
        for field, a in fields.items()
    ]
    names = {field: attribute.name for field, attribute in fields.items()}
    try:
        kind, told = defstruct("Key", members, rename=names), names
    except ValueError:  # a quote, a backslash, a control character: msgspec renames no field so
        kind, told = defstruct("Key", members), {field: field for field in fields}
    texts = [
        (told[field], attrgetter(field), limits[attribute])
        for field, attribute in fields.items()
        if attribute.type == "S"
    ]

    def measure(found: Any) -> None:
        for name, read, limit in texts:
            value = read(found)
            # The parser has counted characters, and of ASCII each is a byte.
            if value is not UNSET and not value.S.isascii() and len(value.S.encode()) > limit:
                raise Misfit(f"a key has more than {limit} bytes", name)

    check: Check = decoder(kind, measure)
    return check if told is names else partial(_check_renamed, names, check)


def _check_renamed(names: dict[str, str], check: Check, raw: bytes | Raw) -> None:
    """Check key attributes under names that msgspec takes."""
    found = raw_attributes(raw)
    known = {field: found[name] for field, name in names.items() if name in found}
    try:
        check(json.encode(known))
    except Misfit as misfit:
        raise Misfit(misfit.problem, *map(names.__getitem__, misfit.steps)) from None


def key_limits(spec: TableSpec) -> dict[KeyAttribute, int]:
    """Return the most bytes of each key attribute, by the strictest of the keys that it is in."""
    sort_keys = {*spec.key[1:], *(a for index in spec.indexes for a in index.sort_key)}
    every = dict.fromkeys((*spec.key, *(a for index in spec.indexes for a in index.key)))
    return {a: MAX_SORT_KEY if a in sort_keys else MAX_PARTITION_KEY for a in every}


def _annotation(attribute: KeyAttribute, limit: int) -> Any:
    kind: Any = {"S": str, "B": bytes}.get(attribute.type)
    text = Annotated[kind, Meta(min_length=1, max_length=limit)] if kind else str
    return wrapper(((attribute.type, text),))


def key_of(raw: bytes | Raw, names: Iterable[str]) -> dict[str, Any]:
    """Return the key attributes of an item as natural values, in order, those that can be read."""
    # This is for an error message: key attributes that cannot be read are left out.
    found: dict[str, Any] = {}
    with suppress(*STRANGE):
        attributes = raw_attributes(raw)
        for name in names:
            if name in attributes:
                found[name] = natural(json.decode(attributes[name]))
    return found
