"""Reads two tables for a comparison: page by page, and by the keys of the other one's items."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from msgspec import Raw, Struct, json

from ..api.cursors import Cursors
from ..api.items import (
    MAX_KEYS,
    BatchGetItemOutput,
    Key,
    ScanOutput,
    batch_get_item,
    scan,
    units,
)
from ..errors import ItemError, service_error
from ..items.keys import item_hash, item_key, raw_key
from ..items.mismatch import STRANGE
from ..model.keys import KeyAttribute
from ..operations import Steps, now
from ..operations.pace import Pace
from ..operations.transport import DatabaseLike
from .asking import PATIENCE, UNIT, Asking, Late, TimeLeft, let_rest
from .segment import cursor_at
from .verified import Tally

T = TypeVar("T")

Item = bytes | Raw

Keyed = tuple[Hashable, Item]
"""An item, and its key in the target."""


class End(Struct, frozen=True):
    """One of two tables: its name, its key attributes, and its database where that is another."""

    table: str
    key: tuple[KeyAttribute, ...]
    place: DatabaseLike | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(attribute.name for attribute in self.key)

    def key_in(self, raw: Item) -> Hashable:
        """Return an item's key here, equal for items that are one to DynamoDB."""
        return self.read(item_key, raw, self.names)

    def json_in(self, raw: Item) -> bytes:
        """Return the JSON of an item's key here."""
        return json.encode(self.read(raw_key, raw, self.names))

    def cursor_at(self, raw: Item) -> Key:
        """Return an item's key as a cursor and a result have it."""
        return self.read(cursor_at, raw, self.names)

    def read(self, function: Callable[..., T], *given: Any) -> T:
        """Call what reads an item; `ItemError` for what is none."""
        try:
            return function(*given)
        except STRANGE:
            message = (
                "a page of Scan has an item without its key, or with what is not an attribute value"
            )
            raise ItemError(message, self.table) from None

    def fits(self, key: Any) -> bool:
        """Return whether `item_key`'s result can be a key here: complete, well-typed, not empty."""
        types = tuple(attribute.type for attribute in self.key)
        # A key attribute cannot be an empty string or binary: HowItWorks.NamingRulesDataTypes.
        return types == tuple(tag for part in key for tag, value in part if value != "")


class Reads(Asking):
    """Reads both tables of one comparison, for all of its segments."""

    def __init__(
        self, source: End, target: End, left: TimeLeft, pace: Pace, *, consistent: bool
    ) -> None:
        super().__init__(left, pace)
        self.source = source
        self.target = target
        self._consistent = consistent

    def page(
        self, end: End, segment: int, of: int, start: Key | None, cursors: Cursors
    ) -> Steps[ScanOutput]:
        """Read the next page of a segment; raise `Late` when time is up first."""
        if self.left.at((yield from now())) <= self.longest:
            raise Late
        payload = scan(
            end.table, segment=segment, of=of, start=start, consistent_read=self._consistent
        )
        return (yield from self.scan(payload, cursors, place=end.place))

    def look_up(
        self, end: End, keys: dict[Hashable, bytes], only: Iterable[str] = ()
    ) -> Steps[dict[Hashable, Raw]]:
        """Return the items of these keys, those that are there; raise `Late` when time is up first.

        `only` are the attributes to give, key attributes among them.
        """
        found: dict[Hashable, Raw] = {}
        left = dict(keys)
        while left:
            asked = dict(islice(left.items(), MAX_KEYS))
            payload = batch_get_item(
                end.table, list(asked.values()), consistent_read=self._consistent, only=only
            )
            check = partial(self._cost, end, asked)
            reply = yield from self.ask(
                "BatchGetItem", payload, BatchGetItemOutput, check, end.place
            )
            found |= {end.key_in(raw): raw for raw in reply.items}
            again = _unanswered(end, asked, reply)
            left = {key: left[key] for key in left if key not in asked or key in again}
            # What has answered a part may be asked soon: patience begins anew.
            if again and not (yield from let_rest(1, self.left.at((yield from now())))):
                raise Late
        return found

    def _cost(self, end: End, asked: Collection[Hashable], reply: BatchGetItemOutput) -> float:
        """Return the units of a look-up: each item is rounded up, and a missing one costs one.

        Raises for an answer that has left out every key: it is asked for again, with patience.
        """
        if len(_unanswered(end, asked, reply)) == len(asked):
            message = (
                f"BatchGetItem has left every key of {end.table} unprocessed for {PATIENCE:.0f} s"
            )
            code = "ProvisionedThroughputExceededException"
            raise service_error(code, message, status=400, operation="BatchGetItem")
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
        whole = sum(-(-len(raw) // UNIT) for raw in reply.items)
        missing = len(asked) - len(reply.items) - len(reply.unprocessed)
        part = 1.0 if self._consistent else 0.5
        return units(reply.consumed_capacity, lambda: (whole + missing) * part)

    def expected(self, made: list[Keyed]) -> Steps[tuple[Tally, dict[Hashable, Raw]]]:
        """Look up what the target should have; return what differs, and what there is."""
        source, target = self.source, self.target
        tally = Tally()
        keys = {key: target.json_in(item) for key, item in made if target.fits(key)}
        found = yield from self.look_up(target, keys)
        for key, item in made:
            if key not in found:
                # As it is, it may have no place in the target.
                end = target if key in keys else source
                tally.missing += 1
                tally.missing_keys.append(end.cursor_at(item))
            elif not self.agree(item, found[key]):
                tally.different += 1
                tally.different_keys.append(target.cursor_at(item))
        return tally, found

    def extras(self, items: Iterable[Item]) -> Steps[tuple[Tally, list[Item]]]:
        """Look up items of the target in the source; return what is extra, and all others."""
        source, target = self.source, self.target
        wanted = [(source.key_in(item), item) for item in items]
        keys = {key: source.json_in(item) for key, item in wanted if source.fits(key)}
        only = dict.fromkeys((*source.names, *target.names))
        found = yield from self.look_up(source, keys, only)
        tally = Tally()
        others: list[Item] = []
        for key, item in wanted:
            # Under another key of the target, it is what the source's item has been before.
            own = target.key_in(item)
            if key in found and target.key_in(found[key]) == own:
                others.append(item)
            else:
                tally.extra += 1
                tally.extra_keys.append(target.cursor_at(item))
        return tally, others

    def agree(self, one: Item, there: Item, hashed: int | None = None) -> bool:
        """Return whether DynamoDB holds two items equal; `hashed` is the first one's, if known."""
        if bytes(one) == bytes(there):
            return True
        hashed = self.source.read(item_hash, one) if hashed is None else hashed
        return hashed == self.target.read(item_hash, there)


def _unanswered(
    end: End, asked: Collection[Hashable], reply: BatchGetItemOutput
) -> Collection[Hashable]:
    """Return the keys that are to be asked for again: all that were not found, if in doubt."""
    if not reply.unprocessed:
        return ()
    with suppress(*STRANGE):
        back = {item_key(raw, end.names) for raw in reply.unprocessed}
        if back <= {*asked}:
            return back
    return {*asked} - {end.key_in(raw) for raw in reply.items}
