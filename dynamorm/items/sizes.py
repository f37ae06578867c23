"""What an item weighs towards the service's limit of 400 KB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .values import AttributeValue, Item, exact_number


def item_size(item: Item) -> int:
    """Weigh an item, in bytes: names and values, and what lists and maps cost besides."""
    return sum(_text_size(name) + _size(value) for name, value in item.items())


def _size(value: AttributeValue) -> int:
    ((tag, inner),) = value.items()
    return _SIZES[tag](inner)


def _text_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _number_size(text: str) -> int:
    """Weigh a number; that zero is lighter, and a minus sign heavier, is seen on the engines.

    dynalite adds a byte where the two digits of a pair are of different hundreds, as in 120;
    dynoxide and the documentation do not. In doubt, the service is asked.
    """
    sign, digits, _ = exact_number(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return (len(significant) + 1) // 2 + 1 + sign if significant else 1


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _text_size,
    "N": _number_size,
    "B": len,
    "BOOL": lambda value: 1,
    "NULL": lambda value: 1,
    # Three bytes for a list or a map, and one for each element.
    "L": lambda values: 3 + sum(1 + _size(value) for value in values),
    "M": lambda values: 3 + len(values) + item_size(values),
    "SS": lambda values: sum(map(_text_size, values)),
    "NS": lambda values: sum(map(_number_size, values)),
    "BS": lambda values: sum(map(len, values)),
}
