"""The one spelling of attribute values that DynamoDB holds equal: numbers by value, sets unordered.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

from msgspec import Raw, defstruct, json

__all__ = ["item_hash", "item_key"]


def item_key(raw: bytes | Raw, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Give the values of the key attributes, equal for items that are one to DynamoDB.

    An attribute that the item does not have is an empty tuple.
    """
    found = _reader(names).decode(raw)
    return tuple(
        tuple((tag, _number(value) if tag == "N" else value) for tag, value in attribute.items())
        for attribute in (getattr(found, name) for name in found.__struct_fields__)
    )


@cache
def _reader(names: tuple[str, ...]) -> json.Decoder[Any]:
    """Make a decoder that reads these attributes and passes over all others."""
    spelt = {f"key{number}": name for number, name in enumerate(names)}
    fields: Any = [(field, dict[str, Any], {}) for field in spelt]
    return json.Decoder(defstruct("Key", fields, rename=spelt))


def item_hash(raw: bytes | Raw) -> int:
    """Give 128 bits that equal items share."""
    text = json.encode(_map(json.decode(raw)), order="deterministic")
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(attribute: dict[str, Any]) -> dict[str, Any]:
    return {tag: _SPELL[tag](value) if tag in _SPELL else value for tag, value in attribute.items()}


def _number(text: str) -> str:
    """Spell a number without what does not change it: 1, 1.0 and 1e0 are one, as are 0 and -0."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    digits = (whole + fraction).lstrip("0")
    short = digits.rstrip("0")
    if not short:
        return "0"
    power = int(exponent or 0) - len(fraction) + len(digits) - len(short)
    return f"{'-' * mantissa.startswith('-')}{short}e{power}"


_SPELL: dict[str, Any] = {
    "N": _number,
    "NS": lambda numbers: sorted(map(_number, numbers)),
    "SS": sorted,
    "BS": sorted,
    "L": lambda values: [_value(value) for value in values],
    "M": _map,
}
