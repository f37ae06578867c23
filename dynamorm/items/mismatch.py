"""A value that does not fit its place, and how to say where in an item that is.

A record notes down which of its fields with places of their own it is at; what comes out of one
gets another step. Where something is wrong among the others, it goes through these once more, one
by one. So nothing that is nested is gone through twice, at whatever depth it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from msgspec import DecodeError, Raw, json

from ..errors import UNREADABLE, ItemError
from ..model.fields import label

Convert = Callable[[Any], Any]
"""Gives what becomes of a value; raises `Misfit`, or another of `UNFIT`, for what does not fit."""

UNFIT = (ArithmeticError, DecodeError, LookupError, TypeError, ValueError)
"""What a function raises that is given a value it is not made for; `Misfit` is among it."""

STRANGE = (*UNFIT, AttributeError, RecursionError)
"""What it raises that is given JSON of any kind for that of an item."""

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_LEVELS = 32
TOO_DEEP = f"nested too deeply: the most is {MAX_LEVELS} levels"

# How msgspec ends and words its errors.
_PLACE = re.compile(r" - at `(?:key` in `)?\$(.*)`$", re.DOTALL)
# An index with its brackets, or a name up to the next bracket or dot: `$.lines.L[2].M.sku.S`.
_STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")
_NAMED = re.compile(r"Object (contains unknown|missing required) field `(.*)`$", re.DOTALL)
_VALUE = re.compile(r"^(Invalid (?:enum )?value) .*", re.DOTALL)

_PROBLEMS = {
    # At an attribute's name, the object is its value and the fields are tags.
    ("contains unknown", True): "a value of type {} does not belong here",
    ("missing required", True): "a value of type {} belongs here",
    ("contains unknown", False): "the model does not know this attribute",
    ("missing required", False): "the attribute is missing",
}


class Misfit(ValueError):
    """A value that is not what its place asks for; `steps` lead from the item to that place."""

    def __init__(self, problem: str, *steps: str) -> None:
        self.problem = problem
        self.steps = steps
        super().__init__(problem)

    def path(self, place: str) -> str:
        """Write the steps from `place` on: `users.addresses[2].city`."""
        return place + "".join(s if s.startswith("[") else f".{s}" for s in self.steps)

    def error(self, place: str) -> ItemError:
        """Tell the caller, with what is wrong at which place of an item of `place`."""
        return ItemError(self.problem, self.path(place))


def raise_at(step: str, error: Exception) -> NoReturn:
    """Raise for one of `UNFIT` what was wrong, seen from one level further out."""
    if isinstance(error, UnicodeDecodeError):
        error = complaint(error)
    if isinstance(error, Misfit):
        raise Misfit(error.problem, step, *error.steps) from error.__cause__
    raise Misfit(f"the value cannot be stored ({type(error).__name__})", step) from None


def at(step: str, function: Convert, value: Any) -> Any:
    """Apply a function at a place."""
    try:
        return function(value)
    except UNFIT as error:
        raise_at(step, error)


def every(function: Convert) -> Callable[[Iterable[Any]], list[Any]]:
    """Return what applies a function to all values."""

    def apply(values: Iterable[Any]) -> list[Any]:
        """Return the results; a `Misfit` tells the place of the first that fails."""
        done: list[Any] = []
        try:
            done.extend(map(function, values))
        except UNFIT as error:  # what came before it is there
            raise_at(f"[{len(done)}]", error)
        return done

    return apply


def each(functions: Sequence[Convert]) -> Callable[[Iterable[Any]], list[Any]]:
    """Return what applies each function to the value in its place."""
    steps = [f"[{position}]" for position in range(len(functions))]
    return lambda values: list(map(at, steps, functions, values))


def decoder(annotation: Any, convert: Convert | None = None) -> Callable[[bytes | Raw], Any]:
    """Return what the parser does, and `convert` after it; `Misfit` for what it cannot read."""
    decode = json.Decoder(annotation).decode

    def read(raw: bytes | Raw) -> Any:
        try:
            return decode(raw) if convert is None else convert(decode(raw))
        except Misfit:  # a ValueError too, which says all there is to say
            raise
        except UNREADABLE as error:
            raise complaint(error, raw) from None

    return read


def complaint(error: Exception, raw: bytes | Raw = b"") -> Misfit:
    """Put what msgspec's parser says of an item's JSON in an item's terms, without its values."""
    if isinstance(error, RecursionError):
        return Misfit(TOO_DEEP)
    if isinstance(error, UnicodeDecodeError):
        return Misfit("text that is not valid UTF-8", *_not_utf8(raw))
    problem, path, _ = (*_PLACE.split(str(error)), "", "")[:3]
    steps = _STEP.findall(path)
    of_value = len(steps) % 2 == 1
    steps = steps[::2]  # every second one is a tag: `$.address.M.city.S`
    if found := _NAMED.match(problem):
        kind, name = found.groups()
        problem = _PROBLEMS[kind, of_value].format(name)
        steps += [] if of_value else [name]
    # msgspec's message about an enum ends with the value, and no error may show values.
    return Misfit(_VALUE.sub(r"\1", problem), *steps)


def _not_utf8(raw: bytes | Raw) -> Iterator[str]:
    """Name the attribute with such a text, which the parser does not; none if it is the name."""
    with suppress(*UNREADABLE):
        for name, value in json.decode(raw, type=dict[str, Raw]).items():
            try:
                json.decode(value)
            except UnicodeDecodeError:
                yield name
                return


def expected(kinds: Iterable[Any], value: Any) -> Misfit:
    """Say what a value should have been."""
    names = " or ".join(label(kind) for kind in kinds)
    return Misfit(f"expected {names}, not {type(value).__name__}")
