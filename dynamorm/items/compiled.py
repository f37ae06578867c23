"""Functions made for one model: written as one expression, they cost half of what closures do.

A source is made of names that this package chose, of literals, and of fields' names where these
are plain identifiers. Values never come near it.
"""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

from msgspec import UNSET

from .mismatch import UNFIT, Misfit, at, expected, raise_at

_NAMES = {
    "Misfit": Misfit,
    "UNFIT": UNFIT,
    "UNSET": UNSET,
    "at": at,
    "expected": expected,
    "raise_at": raise_at,
}

# A value that is nested tells where in it something is wrong, and `step` where it stands. Without a
# `step` one of the others is wrong, or no common case: `careful` goes through them one by one.
_RECORD = """
def made(x):
    {check}
    step = None
    try:
        {nested}
        step = None
        return {value}
    except UNFIT as error:
        if step is not None:
            raise_at(step, error)
        return {careful}
"""


def compiled(source: str, **names: Any) -> Any:
    """Run a source, and give what it calls `made`."""
    names |= _NAMES
    exec(source, names)
    return names["made"]


def compiled_record(
    nested: Iterable[str], value: str, careful: str, check: str = "", **names: Any
) -> Any:
    """Make what turns a record `x` into a value, written as one expression.

    Before it come statements for the fields with places of their own, each of which notes in `step`
    where it is: so nothing nested is gone through again where something is wrong. `careful` is the
    expression that tells where, among the other fields, or makes the value all the same.
    """
    source = _RECORD.format(
        check=check, nested="\n        ".join(nested), value=value, careful=careful
    )
    return compiled(source, **names)


def access(field: str) -> str:
    """Write how to get a field of `x`."""
    # Python normalizes the letters of a name in a source, if they are not ASCII.
    plain = field.isascii() and field.isidentifier() and not iskeyword(field)
    return f"x.{field}" if plain else f"getattr(x, {field!r})"
