"""What is an attribute value as boto3's low-level client has it, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from ..errors import UNREADABLE
from .limits import check_nesting
from .mismatch import Misfit, at, complaint, every
from .values import Item, binary, encode, exact_number

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


def changed_json(item: dict[str, Any], before: Item) -> bytes:
    """Write attribute values as JSON, of which only those are checked that were not there before.

    What is equal is the same: bytes and a str of base64 are not, though they have the same JSON.
    """
    try:
        text = encode(item)
        changed = {n: value for n, value in item.items() if before.get(n, UNSET) != value}
    except (TypeError, ValueError, RecursionError):
        return item_json(item)  # which says what is wrong, and where
    if _is_no_bool(text):
        changed = item
    if changed:
        _STRICT.check_item(changed)
        check_nesting(encode(changed))
    return text


_is_no_bool = re.compile(rb'L(?<="BOOL|"NULL)":[^tf]').search
"""Find what equals true or false, as 1 does, and is neither."""


def _anything(value: Any) -> Any:
    return value


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
        self._kinds: dict[str, tuple[Any, Callable[[Any], object]]] = {
            "S": (str, _anything),
            "N": (str, exact_number),
            "B": (kinds, _bytes),
            "BOOL": (bool, _anything),
            "NULL": (bool, _check_null),
            "L": ((list, tuple), every(self._check)),
            "M": (dict, self.check_item),
            "SS": (_SET, self._members("S", _anything)),
            "NS": (_SET, self._members("N", exact_number)),
            "BS": (_SET, self._members("B", _bytes)),
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

    def _members(self, tag: str, meaning: Callable[[Any], Any]) -> Callable[[Any], None]:
        check_list = every(self._check)

        def check(values: Any) -> None:
            if not values:
                raise Misfit("a set cannot be empty: leave the attribute out")
            check_list([{tag: value} for value in values])
            if len(set(map(meaning, values))) < len(values):
                raise Misfit("a set cannot hold a value twice")

        return check


_STRICT = _Checks(_BYTES)
_LOOSE = _Checks((*_BYTES, str))
