"""Puts items one by one, each only if the target has none with its key."""

from __future__ import annotations

from msgspec import Raw

from ..api.items import GetItemInput, GetItemOutput, PutItemInput, PutItemOutput
from ..errors import ConditionFailed, ItemError
from ..items.keys import item_hash, raw_key
from ..items.limits import key_of
from ..items.mismatch import STRANGE
from ..operations import Steps
from .segment import Part
from .writer import Answer, Writer


class ConditionalWriter(Writer):
    """A writer that never replaces an item.

    An equal item that is there counts as written: a put whose answer was lost has made it, or a run
    before this one. Another one is kept or, where it is to be told, an `ItemError`.
    """

    # One a request: BatchWriteItem takes no conditions, a transaction costs twice the units.
    most = 1

    def _attempt(self, batch: list[Part]) -> Steps[Answer]:
        """Put one item where there is none with its key; compare it with what is there."""
        [raw] = batch[0].raws
        payload = PutItemInput(self._table, Raw(raw), {"#key": self._names[0]})
        try:
            reply = yield from self._ask("PutItem", payload, PutItemOutput)
        except ConditionFailed as error:
            there = error.item
        else:
            return Answer(batch, consumed=(reply.consumed_capacity,))
        if there is None:  # DynamoDB Local before 2.0, dynalite: the error does not have it
            looked_up = GetItemInput(self._table, raw_key(raw, self._names))
            found = yield from self._ask("GetItem", looked_up, GetItemOutput)
            there = bytes(found.item)
        if not there:  # it has been deleted in between
            return Answer([], refused=batch)
        # By value: the service may have written 1.0 as 1.
        if _equal(raw, there):
            return Answer(batch)
        if self._job.settings.existing == "keep":
            return Answer(batch, kept=True)
        raise ItemError(
            "the target has another item with this key: the transform gives it to two items, or it "
            'was there before; collisions="last" would replace it',
            self._table,
            key=key_of(raw, self._names),
        )


def _equal(one: bytes | Raw, other: bytes) -> bool:
    try:
        return item_hash(one) == item_hash(other)
    except STRANGE:
        return False
