"""Moments and times of day as attribute values: strings, keys that sort, seconds since the epoch.

RFC 3339 has no seconds in the offset of a time zone, and msgspec rounds them. So a datetime in such
a zone is written in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, timezone

from .mismatch import Misfit
from .values import encode, exact_number

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)

beyond_microseconds = re.compile(rb"\.\d{6}\d*[1-9]").search
"""Find a fraction that no datetime can hold."""


def write_moment(value: datetime) -> bytes:
    """Write a datetime as JSON."""
    if value.tzinfo in (None, timezone.utc):
        return encode(value)
    offset = value.utcoffset()
    if offset is not None and offset % _MINUTE:
        value = value.astimezone(timezone.utc)
    return encode(value)


def write_time(value: time) -> bytes:
    """Write a time of day as JSON."""
    if value.tzinfo is None:
        return encode(value)
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
    number = exact_number(text)
    if number != number.to_integral_value():
        raise Misfit(f"{text} would be rounded up: declare the field as Decimal or msgspec.Raw")
    return read_seconds(text)
