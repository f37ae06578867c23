"""Attribute values as boto3's low-level client has them, {"S": "text"}: what they mean and weigh.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, convert, json, to_builtins

from ..wire import UNREADABLE
from .misfits import UNFIT, Misfit, at, complaint, every

__all__ = [
    "AttributeValue",
    "Item",
    "Value",
    "attributes_of",
    "check_item",
    "decimal_text",
    "fitted",
    "integer_text",
    "item_json",
    "item_size",
    "natural",
    "raw_attributes",
    "read_float",
    "read_integer",
    "read_number",
    "real",
    "whole",
]

AttributeValue = dict[str, Any]
"""One tag of S, N, B, BOOL, NULL, L, M, SS, NS, BS and its value; binary is bytes."""

Item = dict[str, AttributeValue]

# 38 significant digits, 1E-130 to 9.99...E+125; nothing is rounded. Zeros at the end do not count.
_NUMBERS = Context(
    prec=38, Emin=-130, Emax=125, traps=[Inexact, InvalidOperation, Overflow, Subnormal]
)
fitted = _NUMBERS.plus
"""Give the same number with at most 38 digits; raises `ArithmeticError` where it has more."""
_ALL_DIGITS = 10**38
_MOST_BITS = 420  # of a whole number below 1E+126
_RANGE = "a number has at most 38 significant digits and a magnitude of 1E-130 to 9.99E+125"
_is_number = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_FINITE = "nan and infinity are no numbers in DynamoDB"


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


_decode = json.Decoder(dict[str, Value]).decode
_encode = json.Encoder().encode
_split = json.Decoder(dict[str, Raw]).decode


def attributes_of(raw: bytes | Raw) -> Item:
    """Read the JSON of an item; `Misfit` if it is none."""
    try:
        item: Item = to_builtins(_decode(raw), builtin_types=(bytes,))
    except UNREADABLE as error:
        raise complaint(error) from None
    return item


def raw_attributes(raw: bytes | Raw) -> dict[str, Raw]:
    """Read an item's JSON no further than its attributes' names; `Misfit` if it is none."""
    try:
        return _split(raw)
    except UNREADABLE as error:
        raise complaint(error) from None


def item_json(item: Any) -> bytes:
    """Write attribute values, checked, as JSON."""
    try:
        check_item(item)
        return _encode(item)
    except UnicodeEncodeError:
        raise Misfit("a text that is no Unicode: it has half of a surrogate pair") from None
    except RecursionError as error:
        raise complaint(error) from None


def integer_text(value: int) -> str:
    """Write a whole number; `Misfit` if DynamoDB has no room for it."""
    if not -_ALL_DIGITS < value < _ALL_DIGITS:
        if value.bit_length() > _MOST_BITS:
            raise Misfit(_RANGE)
        decimal_text(Decimal(value))
    return str(value)


def decimal_text(value: Decimal) -> str:
    """Write a number without rounding it; `Misfit` if DynamoDB has no room for it."""
    if not value.is_finite():
        raise Misfit(_FINITE)
    try:
        return str(fitted(value))
    except DecimalException:
        raise Misfit(_RANGE) from None


# Stricter than `int` and `float`, and twice as fast.
whole = json.Decoder(int).decode
real = json.Decoder(float).decode


def read_number(text: str, other: Callable[[str], Any] | None = None) -> Any:
    """Read a number exactly: as a whole one where it is written as one, or as an `other`."""
    try:
        return whole(text)
    except UNFIT:
        return (other or _decimal)(text)


def read_float(text: str) -> float:
    """Read the float that is nearest."""
    try:
        return real(text)
    except UNFIT:
        return float(_decimal(text))


def read_integer(text: str) -> int:
    """Read a whole number exactly, in whatever way it is written."""
    try:
        return whole(text)
    except UNFIT:
        pass
    number = _decimal(text)
    if number != number.to_integral_value():
        raise Misfit("expected a whole number")
    return int(number)


def _decimal(text: str) -> Decimal:
    try:
        number = _NUMBERS.create_decimal(text)
    except DecimalException:
        raise Misfit(_RANGE) from None
    if not number.is_finite():
        raise Misfit(_FINITE)
    if not _is_number(text):  # Python takes "1_0" for 10, and the digits of any script
        raise Misfit(_RANGE)
    return number


def _binary(value: bytes | str) -> bytes:
    return convert(value, bytes) if isinstance(value, str) else value


def _bytes(value: Any) -> bytes:
    return bytes(_binary(value))


def _same(value: Any) -> Any:
    return value


_NATURAL: dict[str, Callable[[Any], Any]] = {
    "S": _same,
    "N": read_number,
    "B": _binary,
    "BOOL": _same,
    "NULL": lambda value: None,
    "L": lambda values: [natural(value) for value in values],
    "M": lambda values: {name: natural(value) for name, value in values.items()},
    "SS": set,
    "NS": lambda values: set(map(read_number, values)),
    "BS": lambda values: set(map(_binary, values)),
}


def natural(value: AttributeValue) -> Any:
    """Give the Python value: numbers as int or Decimal, never float; sets as sets."""
    ((tag, inner),) = value.items()
    return _NATURAL[tag](inner)


def check_item(item: Any) -> None:
    """Raise `Misfit` unless `item` is attribute values by their names, and nothing else."""
    if not isinstance(item, dict):
        raise Misfit(f"expected a dict of attribute values, not {type(item).__name__}")
    for name, value in item.items():
        if not isinstance(name, str):
            raise Misfit(f"an attribute's name is a str, not {type(name).__name__}")
        at(name, _check, value)


def _check(value: Any) -> None:
    if not isinstance(value, dict) or len(value) != 1 or not _CHECKS.keys() >= value.keys():
        raise Misfit('expected an attribute value, such as {"S": "text"}')
    ((tag, inner),) = value.items()
    kinds, check = _CHECKS[tag]
    if not isinstance(inner, kinds):
        raise Misfit(f"{tag} does not hold a value of type {type(inner).__name__}")
    check(inner)


def _check_null(value: bool) -> None:
    if not value:
        raise Misfit("NULL is always true")


def _check_binary(value: bytes | str) -> None:
    try:
        _binary(value)
    except UNREADABLE:
        raise Misfit("expected bytes, or a str of base64") from None


def _check_members(tag: str, meaning: Callable[[Any], Any]) -> Callable[[Any], None]:
    check_list = every(_check)

    def check(values: Any) -> None:
        if not values:
            raise Misfit("a set cannot be empty")
        check_list([{tag: value} for value in values])
        if len(set(map(meaning, values))) < len(values):
            raise Misfit("a set has each value once")

    return check


_BINARY = (bytes, bytearray, memoryview, str)
_SET = (list, tuple, set, frozenset)

_CHECKS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "S": (str, _same),
    "N": (str, _decimal),
    "B": (_BINARY, _check_binary),
    "BOOL": (bool, _same),
    "NULL": (bool, _check_null),
    "L": ((list, tuple), every(_check)),
    "M": (dict, check_item),
    "SS": (_SET, _check_members("S", _same)),
    "NS": (_SET, _check_members("N", _decimal)),
    "BS": (_SET, _check_members("B", _bytes)),
}


def item_size(item: Item) -> int:
    """Weigh an item, in bytes, as the service does for its limit of 400 KB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(_text_size(name) + _size(value) for name, value in item.items())


def _size(value: AttributeValue) -> int:
    ((tag, inner),) = value.items()
    return _SIZES[tag](inner)


def _text_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _number_size(text: str) -> int:
    digits = Decimal(text).normalize(_NUMBERS).as_tuple().digits
    return (len(digits) + 1) // 2 + 1


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text_size,
    "N": _number_size,
    "B": len,
    "BOOL": lambda value: 1,
    "NULL": lambda value: 1,
    "L": lambda values: 3 + sum(1 + _size(value) for value in values),
    "M": lambda values: 3 + len(values) + item_size(values),
    "SS": lambda values: sum(map(_text_size, values)),
    "NS": lambda values: sum(map(_number_size, values)),
    "BS": lambda values: sum(map(len, values)),
}
