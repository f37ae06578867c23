"""BatchGetItem: up to a hundred items by their keys, left as the bytes that they are.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import UNSET, Raw, UnsetType

from . import Reply, Request
from .items import ConsumedCapacity

MAX_KEYS = 100
"""Keys in one request at most; an answer holds 16 MB, and hands the other keys back."""


class KeysAndAttributes(Request, frozen=True):
    """What is asked for in one table; the keys are joined already."""

    keys: Raw
    consistent_read: bool | UnsetType = UNSET
    projection_expression: str | UnsetType = UNSET
    expression_attribute_names: dict[str, str] | UnsetType = UNSET


class BatchGetItemInput(Request, frozen=True):
    """Keys by table."""

    request_items: dict[str, KeysAndAttributes]
    return_consumed_capacity: str | UnsetType = UNSET


class UnprocessedKeys(Reply, frozen=True):
    keys: list[Raw]


class BatchGetItemOutput(Reply, frozen=True):
    """What was found, and what is still to be asked for."""

    responses: dict[str, list[Raw]]
    unprocessed_keys: dict[str, UnprocessedKeys]
    consumed_capacity: tuple[ConsumedCapacity, ...] = ()

    @property
    def items(self) -> list[Raw]:
        """The items that were found, of whatever table, in no order that means anything."""
        return [item for items in self.responses.values() for item in items]

    @property
    def unprocessed(self) -> list[Raw]:
        """The keys that were not looked up, of whatever table; an empty list is none."""
        return [key for left in self.unprocessed_keys.values() for key in left.keys]


def batch_get_item(
    table: str,
    keys: Sequence[bytes | Raw],
    *,
    consistent_read: bool = False,
    only: Iterable[str] = (),
) -> BatchGetItemInput:
    """Build BatchGetItem for these keys, each the JSON of its attribute values.

    Without `only`, the names of attributes, items are given whole. It saves bytes, not read units.
    """
    # By substitutes, since a name may be a reserved word, or have a dot in it:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
    names = {f"#{number}": name for number, name in enumerate(only)}
    asked = KeysAndAttributes(
        Raw(b"[" + b",".join(keys) + b"]"),
        consistent_read=consistent_read or UNSET,
        projection_expression=",".join(names) or UNSET,
        expression_attribute_names=names or UNSET,
    )
    return BatchGetItemInput({table: asked}, return_consumed_capacity="TOTAL")
