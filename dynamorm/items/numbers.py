"""How numbers are written: exactly, and those of keys in the one spelling that a key has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .mismatch import expected
from .values import decimal_text, integer_text, plain_text

# Floats within these bounds need no closer look.
_SMALLEST, _TOO_LARGE = 1e-130, 1e126


def write_integer(value: Any) -> bytes:
    """Write a whole number, without the quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return integer_text(int(value)).encode()
    raise expected((int,), value)


def write_float(value: Any) -> bytes:
    """Write the shortest number that is read as the same float, without the quotes."""
    if not isinstance(value, float):
        return write_integer(value)
    # A subclass of float may have a repr that is no number.
    text = float.__repr__(value)
    if not _SMALLEST <= value < _TOO_LARGE and not -_TOO_LARGE < value <= -_SMALLEST:
        text = decimal_text(Decimal(text))
    return text.encode()


def write_decimal(value: Any) -> bytes:
    """Write a number exactly, with the quotes, as msgspec does in the shortcut."""
    if isinstance(value, Decimal):
        return b'"%s"' % decimal_text(value).encode()
    return b'"%s"' % write_integer(value)


def write_key_float(value: Any) -> bytes:
    """Write a float as a key, without the quotes."""
    if isinstance(value, float):
        return plain_text(Decimal(float.__repr__(value))).encode()
    return write_integer(value)


def write_key_decimal(value: Any) -> bytes:
    """Write a Decimal as a key, without the quotes."""
    return plain_text(value).encode() if isinstance(value, Decimal) else write_integer(value)
