"""Attribute values as boto3's low-level client has them, {"S": "text"}: what they mean.

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
from functools import partial
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, convert, json, to_builtins

from .mismatch import UNFIT, Misfit, decoder

AttributeValue = dict[str, Any]
"""One tag of S, N, B, BOOL, NULL, L, M, SS, NS, BS and its value; binary is bytes."""

Item = dict[str, AttributeValue]

# 38 significant digits, 1E-130 to 9.99...E+125; nothing is rounded. Zeros at the end do not count.
# Numbers nearer to zero are subnormal with this Emin, and trapped.
_NUMBERS = Context(
    prec=38, Emin=-130, Emax=125, traps=[Inexact, InvalidOperation, Overflow, Subnormal]
)

fitted = _NUMBERS.plus
"""The same number with at most 38 digits; raises `ArithmeticError` where it has more."""

_ALL_DIGITS = 10**38
_MOST_BITS = 420  # of a whole number below 1E+126
_RANGE = "the number does not fit: DynamoDB takes 38 significant digits and 1E-130 to 9.99E+125"
_is_number = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_SURE_DIGITS = 15  # as many as any float keeps
_FINITE = "DynamoDB stores neither NaN nor infinity"


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


encode = json.Encoder().encode
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


def integer_text(value: int) -> str:
    """Write a whole number; `Misfit` if DynamoDB has no room for it."""
    # A longer number may still fit if it ends in zeros.
    if not -_ALL_DIGITS < value < _ALL_DIGITS:
        # Checked first: Python takes long to write out a huge int, or refuses to.
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


def plain_text(value: Decimal) -> str:
    """Write a number in the one way that a key has: no exponent, and no zeros that say nothing."""
    decimal_text(value)  # for what it raises
    return format(_NUMBERS.normalize(value), "f") if value else "0"


# Stricter than `int` and `float`, and twice as fast.
whole = json.Decoder(int).decode
real = json.Decoder(float).decode


def read_number(text: str, other: Callable[[str], Any] | None = None) -> Any:
    """Read a number exactly: as a whole one where it is written as one, or as an `other`."""
    try:
        return whole(text)
    except UNFIT:
        return (other or exact_number)(text)


def read_float(text: str) -> float:
    """Read the float that is nearest."""
    try:
        return real(text)
    except UNFIT:
        return float(exact_number(text))


def read_exact_float(text: str) -> float:
    """Read a float that is written again with the same digits; `Misfit` where it would not be."""
    found = read_float(text)
    if len(text) > _SURE_DIGITS and exact_number(text) != Decimal(float.__repr__(found)):
        raise Misfit(
            f"{text} would be written as {found!r}, for a float has no more digits: "
            "declare the field as Decimal or msgspec.Raw"
        )
    return found


def read_integer(text: str) -> int:
    """Read a whole number exactly, in whatever way it is written."""
    try:
        return whole(text)
    except UNFIT:
        pass
    number = exact_number(text)
    if number != number.to_integral_value():
        raise Misfit("expected a whole number")
    return int(number)


def exact_number(text: str) -> Decimal:
    """Read any number that DynamoDB can hold; `Misfit` for what is none."""
    try:
        number = _NUMBERS.create_decimal(text)
    except DecimalException:
        raise Misfit(_RANGE) from None
    if not number.is_finite():
        raise Misfit(_FINITE)
    if not _is_number(text):  # Python takes "1_0" for 10, and the digits of any script
        raise Misfit(_RANGE)
    return number


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
