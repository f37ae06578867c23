"""Attribute values as boto3's low-level client has them, {"S": "text"}: checked and read.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, convert, defstruct, to_builtins

from ..errors import UNREADABLE
from .mismatch import Misfit, at, complaint, decoder, every
from .scalars import encode, exact_number, read_number

AttributeValue = dict[str, Any]
"""One tag of S, N, B, BOOL, NULL, L, M, SS, NS, BS and its value; binary is bytes."""

Item = dict[str, AttributeValue]


class Value(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Any attribute value, for msgspec to read."""

    S: str | UnsetType = UNSET
    N: str | UnsetType = UNSET
    B: bytes | UnsetType = UNSET
    BOOL: bool | UnsetType = UNSET
    NULL: bool | UnsetType = UNSET
    L: list[Value] | UnsetType = UNSET
    M: dict[str, Value] | UnsetType = UNSET
    SS: list[str] | UnsetType = UNSET
    NS: list[str] | UnsetType = UNSET
    BS: list[bytes] | UnsetType = UNSET


@cache
def wrapper(fields: tuple[tuple[str, Any], ...], *default: Any) -> type[Struct]:
    """Make the Struct of a place: of one tag or, with a default for those not there, of several."""
    # gc=False: one is made for each value of an item, and none can be part of a cycle.
    return defstruct(
        "AttributeValue",
        [(*field, *default) for field in fields],
        frozen=True,
        forbid_unknown_fields=True,
        gc=False,
    )


# Turn Structs into dicts and leave bytes as they are, as boto3 does.
_plain = partial(to_builtins, builtin_types=(bytes,))

attributes_of: Callable[[bytes | Raw], Item] = decoder(dict[str, Value], _plain)
"""Read the JSON of an item; `Misfit` if it is none."""

attributes_twice: Callable[[bytes | Raw], tuple[Item, Item]] = decoder(
    dict[str, Value], lambda found: (_plain(found), _plain(found))
)
"""Read the JSON of an item into two that share nothing: one to be changed, one to compare with."""

attribute_of: Callable[[bytes | Raw], AttributeValue] = decoder(Value, _plain)
"""Read the JSON of one attribute value; `Misfit` if it is none."""

raw_attributes: Callable[[bytes | Raw], dict[str, Raw]] = decoder(dict[str, Raw])
"""Read an item's JSON no further than its attributes' names; `Misfit` if it is none."""


def binary(value: bytes | str) -> bytes:
    """Read binary that may be base64, as in JSON."""
    return convert(value, bytes) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value


_NATURAL: dict[str, Callable[[Any], Any]] = {
    "S": _same,
    "N": read_number,
    "B": binary,
    "BOOL": _same,
    "NULL": lambda value: None,
    "L": lambda values: [natural(value) for value in values],
    "M": lambda values: {name: natural(value) for name, value in values.items()},
    "SS": set,
    "NS": lambda values: set(map(read_number, values)),
    "BS": lambda values: set(map(binary, values)),
}


def natural(value: AttributeValue) -> Any:
    """Return the Python value: numbers as int or Decimal, never float; sets as sets."""
    ((tag, inner),) = value.items()
    return _NATURAL[tag](inner)


_BYTES = (bytes, bytearray, memoryview)
_FROM_A_RESOURCE = ": take items from a boto3 client, not from a resource, which changes values"
_SET = (list, tuple, set, frozenset)


def item_json(item: Any, *, base64: bool = False) -> bytes:
    """Write attribute values, checked, as JSON; `base64`: where binary is a str, it is that.

    Otherwise such a str is refused: boto3 would store its UTF-8.
    """
    try:
        (_LOOSE if base64 else _STRICT).check_item(item)
        return encode(item)
    except UnicodeEncodeError:
        raise Misfit("text that is not valid Unicode: it has half of a surrogate pair") from None
    except (RecursionError, TypeError) as error:  # a subclass of str is no str to msgspec
        raise complaint(error) from None


def _check_null(value: bool) -> None:
    if not value:
        raise Misfit("the value of NULL can only be true")


def _bytes(value: Any) -> bytes:
    try:
        return bytes(binary(value))
    except UNREADABLE:
        raise Misfit("expected bytes, or a str of base64") from None


class _Checks:
    """Raises `Misfit` for what is no attribute value, with the place where it is not."""

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self._check_list = every(self._check)
        self._kinds: dict[str, tuple[Any, Callable[[Any], Any]]] = {
            "S": (str, _same),
            "N": (str, exact_number),
            "B": (kinds, _bytes),
            "BOOL": (bool, _same),
            "NULL": (bool, _check_null),
            "L": ((list, tuple), self._check_list),
            "M": (dict, self.check_item),
            "SS": (_SET, partial(self._check_set, "S")),
            "NS": (_SET, partial(self._check_set, "N")),
            "BS": (_SET, partial(self._check_set, "B")),
        }

    def check_item(self, item: Any) -> None:
        """Raise unless `item` is attribute values by their names, and nothing else."""
        if not isinstance(item, dict):
            raise Misfit(f"expected a dict of attribute values, not {type(item).__name__}")
        for name, value in item.items():
            if not isinstance(name, str):
                raise Misfit(f"an attribute's name is a str, not {type(name).__name__}")
            at(name, self._check, value)

    def _check(self, value: Any) -> None:
        if not isinstance(value, dict) or len(value) != 1 or not self._kinds.keys() >= value.keys():
            found = "" if isinstance(value, dict) else _FROM_A_RESOURCE
            raise Misfit(f'expected an attribute value, such as {{"S": "text"}}{found}')
        ((tag, inner),) = value.items()
        kinds, check = self._kinds[tag]
        if not isinstance(inner, kinds):
            raise Misfit(f"{tag} does not hold a value of type {type(inner).__name__}")
        check(inner)

    def _check_set(self, tag: str, values: Any) -> None:
        if not values:
            raise Misfit("a set cannot be empty: leave the attribute out")
        self._check_list([{tag: value} for value in values])
        # By what they mean, which the check of one gives back.
        if len(set(map(self._kinds[tag][1], values))) < len(values):
            raise Misfit("a set cannot hold a value twice")


_STRICT = _Checks(_BYTES)
_LOOSE = _Checks((*_BYTES, str))

check_item = _STRICT.check_item
"""Raise `Misfit` for what is no item, or has a `str` where binary is to be."""
