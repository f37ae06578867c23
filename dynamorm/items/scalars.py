"""Scalars as attribute values: numbers and moments exactly, and keys in their one spelling.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html

RFC 3339 has no seconds in the offset of a time zone, and msgspec rounds them. So a datetime in such
a zone is written in UTC.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal, DecimalException
from typing import Any

from msgspec import inspect, json

from .attributes import DecimalKeyType, FloatKeyType, MomentKeyType, SecondsType
from .mismatch import UNFIT, Misfit, expected

# 38 significant digits, 1E-130 to 9.99...E+125; nothing is rounded. Zeros at the end do not count.
# Numbers nearer to zero are subnormal with this Emin, and trapped.
_TRAPS = [decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.Subnormal]
_NUMBERS = decimal.Context(prec=38, Emin=-130, Emax=125, traps=_TRAPS)

fitted = _NUMBERS.plus
"""The same number with at most 38 digits; raises `ArithmeticError` where it has more."""

_ALL_DIGITS = 10**38
_MOST_BITS = 420  # of a whole number below 1E+126
_RANGE = "the number does not fit: DynamoDB takes 38 significant digits and 1E-130 to 9.99E+125"
_FINITE = "DynamoDB stores neither NaN nor infinity"
_is_number = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_SURE_DIGITS = 15  # as many as any float keeps
# Floats within these bounds need no closer look.
_SMALLEST, _TOO_LARGE = 1e-130, 1e126

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)

encode = json.Encoder().encode


def write_integer(value: Any) -> bytes:
    """Write a whole number, without the quotes; `Misfit` if DynamoDB has no room for it."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise expected((int,), value)
    # A longer number may still fit if it ends in zeros.
    if not -_ALL_DIGITS < value < _ALL_DIGITS:
        # Checked first: Python takes long to write out a huge int, or refuses to.
        if value.bit_length() > _MOST_BITS:
            raise Misfit(_RANGE)
        _fit(Decimal(value))
    return b"%d" % value


def write_float(value: Any) -> bytes:
    """Write the shortest number that is read as the same float, without the quotes."""
    if not isinstance(value, float):
        return write_integer(value)
    # A subclass of float may have a repr that is no number.
    text = float.__repr__(value)
    if not _SMALLEST <= value < _TOO_LARGE and not -_TOO_LARGE < value <= -_SMALLEST:
        text = str(_fit(Decimal(text)))
    return text.encode()


def write_decimal(value: Any) -> bytes:
    """Write a number exactly, with the quotes, as msgspec does in the shortcut."""
    return encode(_fit(value)) if isinstance(value, Decimal) else b'"%s"' % write_integer(value)


def write_key_float(value: Any) -> bytes:
    """Write a float as a key, without the quotes."""
    if not isinstance(value, float):
        return write_integer(value)
    return write_key_decimal(Decimal(float.__repr__(value)))


def write_key_decimal(value: Any) -> bytes:
    """Write a number as a key, without the quotes: no exponent, no zeros that say nothing."""
    if not isinstance(value, Decimal):
        return write_integer(value)
    return format(_NUMBERS.normalize(_fit(value)), "f").encode() if value else b"0"


def _fit(value: Decimal) -> Decimal:
    """Return a number without rounding it; `Misfit` if DynamoDB has no room for it."""
    if not value.is_finite():
        raise Misfit(_FINITE)
    try:
        return fitted(value)
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
        return int(_integral(text, "expected a whole number"))


def _integral(text: str, problem: str) -> Decimal:
    number = exact_number(text)
    if number != number.to_integral_value():
        raise Misfit(problem)
    return number


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


beyond_microseconds = re.compile(rb"\.\d{6}\d*[1-9]").search
"""Find a fraction that no datetime can hold."""


def write_moment(value: datetime) -> bytes:
    """Write a datetime as JSON."""
    if value.tzinfo not in (None, timezone.utc):
        offset = value.utcoffset()
        if offset is not None and offset % _MINUTE:
            value = value.astimezone(timezone.utc)
    return encode(value)


def write_time(value: time) -> bytes:
    """Write a time of day as JSON."""
    if value.tzinfo is not None:
        offset = value.utcoffset()
        if offset is None:
            raise Misfit("a time whose zone has no offset without a date: store a datetime")
        if offset % _MINUTE:
            raise Misfit("a time in a zone whose offset has seconds: store a datetime")
    return encode(value)


def write_key_moment(value: datetime) -> bytes:
    """Write a datetime as a key, in UTC and always as long, so that keys are in order of time."""
    moment = _aware(value, "a key").astimezone(timezone.utc).replace(tzinfo=None)
    return b'"%sZ"' % moment.isoformat(timespec="microseconds").encode()


def write_seconds(value: datetime) -> bytes:
    """Write the seconds since the epoch, without the quotes; a begun second is a whole one.

    An item does not expire before its time.
    """
    # Rounded up: the floor of the negated difference, negated again.
    return b"%d" % -((_EPOCH - _aware(value, "the time to live")) // _SECOND)


def _aware(value: datetime, what: str) -> datetime:
    if value.utcoffset() is None:
        raise Misfit(f"a naive datetime cannot be {what}: give it a time zone")
    return value


def read_seconds(text: str) -> datetime:
    """Read seconds since the epoch; fractions beyond microseconds are rounded."""
    try:
        return _EPOCH + timedelta(microseconds=round(exact_number(text) * 10**6))
    except OverflowError:
        raise Misfit("expected seconds since the epoch, within the years of a datetime") from None


def read_exact_seconds(text: str) -> datetime:
    """Read whole seconds since the epoch, which are written again as they are read."""
    _integral(text, f"{text} would be rounded up: declare the field as Decimal or msgspec.Raw")
    return read_seconds(text)


Write = Callable[[Any], bytes]
"""Gives JSON; raises `Misfit`, or another of `UNFIT`, for a value that it is not made for."""

CALL = "{call}({value})"


def only(kind: type, write: Write) -> Write:
    """Make a writer that takes instances of one class."""

    def checked(value: Any) -> bytes:
        if isinstance(value, kind):
            return write(value)
        raise expected((kind,), value)

    return checked


_SOONER = "{0} if (v := {{value}}).__class__ is {1} else {{call}}(v)".format

# How a type is written, and what generated code tries before it calls that.
WRITERS: dict[type[inspect.Type], tuple[Write, str]] = {
    inspect.StrType: (only(str, encode), _SOONER("encode(v)", "str")),
    inspect.BoolType: (only(bool, encode), _SOONER("encode(v)", "bool")),
    inspect.BytesType: (only(bytes, encode), _SOONER("encode(v)", "bytes")),
    inspect.IntType: (
        write_integer,
        # A longer one may have more digits than DynamoDB keeps, so its writer looks at it.
        _SOONER("encode(v)", "int and -0x8000000000000000 <= v <= 0x7fffffffffffffff"),
    ),
    inspect.FloatType: (
        write_float,
        # Within these bounds msgspec writes a float as Python does.
        _SOONER("encode(v)", "float and (1e-4 < v < 1e15 or -1e15 < v < -1e-4)"),
    ),
    inspect.DecimalType: (
        write_decimal,
        _SOONER("encode(fitted(v))", "Decimal and v.is_finite()"),
    ),
    FloatKeyType: (write_key_float, CALL),
    DecimalKeyType: (write_key_decimal, CALL),
    inspect.DateTimeType: (only(datetime, write_moment), CALL),
    MomentKeyType: (only(datetime, write_key_moment), CALL),
    SecondsType: (only(datetime, write_seconds), CALL),
    inspect.TimeType: (only(time, write_time), CALL),
}
