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
from .attributes import ARRAYS, RECORDS, alternatives
from .mismatch import MAX_LEVELS, STRANGE, TOO_DEEP, UNFIT, Misfit, at, complaint
from .sizes import item_size
from .values import AttributeValue, Item, attributes_of, natural, raw_attributes
from .wire import wrapper

Check = Callable[[bytes | Raw], None]
MAX_ITEM = 400 * 1024
MAX_PARTITION_KEY = 2048
MAX_SORT_KEY = 1024
_TYPES: dict[str, Any] = {"S": str, "B": bytes}


def check_size(raw: bytes) -> None:
    """Raise `Misfit` for an item of more than 400 KB. JSON is never shorter than what it weighs."""
    # Texts have quotes besides, a number weighs half its digits, binary three quarters of base64.
    if len(raw) > MAX_ITEM and (size := _weigh(raw)) > MAX_ITEM:
        raise Misfit(f"the item weighs {size:,} bytes; the most is {MAX_ITEM:,}")


def _weigh(raw: bytes) -> int:
    item = attributes_of(raw)
    try:
        return item_size(item)
    except UNFIT:
        raise Misfit("an attribute has an invalid value") from None


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
        parts: Iterable[inspect.Type] = ()
        within = above
        if isinstance(inner, (inspect.AnyType, inspect.RawType, inspect.DictType)):
            return inf
        if isinstance(inner, RECORDS):
            if inner.cls in above:
                return inf
            within = above | {inner.cls}
            parts = (field.type for field in inner.fields)
        elif isinstance(inner, inspect.TupleType):
            parts = inner.item_types
        elif isinstance(inner, ARRAYS):
            parts = (inner.item_type,)
        most = max([most, *(1 + _levels(part, within) for part in parts)])
    return most


def key_check(spec: TableSpec) -> Check:
    """Make what raises `Misfit` unless an item has the keys that the table and its indexes ask for.

    Nothing but key attributes is read. Those of indexes may be missing; none may be empty.
    """
    limits = key_limits(spec)
    required = {attribute.name for attribute in spec.key}
    fields = {f"key{i}": attribute for i, attribute in enumerate(limits)}
    members: list[Any] = [
        (field, _annotation(a, limits[a]), *(() if a.name in required else (UNSET,)))
        for field, a in fields.items()
    ]
    decode = _decoder(members, {field: attribute.name for field, attribute in fields.items()})
    texts = [
        (attribute.name, attrgetter(field), limits[attribute])
        for field, attribute in fields.items()
        if attribute.type == "S"
    ]

    def check(raw: bytes | Raw) -> None:
        """Raise `Misfit` for a key attribute that DynamoDB would refuse."""
        try:
            found = decode(raw)
        except UNREADABLE as error:
            raise complaint(error) from None
        for name, read, limit in texts:
            value = read(found)
            # The parser has counted characters, and of ASCII each is a byte.
            if value is not UNSET and not value.S.isascii() and len(value.S.encode()) > limit:
                raise Misfit(f"a key has more than {limit} bytes", name)

    return check


def _decoder(members: list[Any], names: dict[str, str]) -> Callable[[bytes | Raw], Any]:
    """Make what reads these attributes and passes over all others."""
    try:
        return json.Decoder(defstruct("Key", members, rename=names)).decode
    except ValueError:  # a quote, a backslash, a control character: msgspec renames no field so
        decode = json.Decoder(defstruct("Key", members)).decode

    def renamed(raw: bytes | Raw) -> Any:
        """Read these attributes under names that msgspec takes."""
        found = raw_attributes(raw)
        known = {field: found[name] for field, name in names.items() if name in found}
        try:
            return decode(json.encode(known))
        except UNREADABLE as error:
            misfit = complaint(error)
            steps = [names[step] for step in misfit.steps]
            raise Misfit(misfit.problem, *steps) from None

    return renamed


def key_limits(spec: TableSpec) -> dict[KeyAttribute, int]:
    """Return the most bytes of each key attribute, by the strictest of the keys that it is in."""
    sort_keys = {*spec.key[1:], *(a for index in spec.indexes for a in index.sort_key)}
    every = dict.fromkeys((*spec.key, *(a for index in spec.indexes for a in index.key)))
    return {a: MAX_SORT_KEY if a in sort_keys else MAX_PARTITION_KEY for a in every}


def _annotation(attribute: KeyAttribute, limit: int) -> Any:
    tag = attribute.type
    if tag == "N":
        return wrapper((("N", str),))
    return wrapper(((tag, Annotated[_TYPES[tag], Meta(min_length=1, max_length=limit)]),))


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
