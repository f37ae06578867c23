"""Looks up items of one table in the other by key, and returns what differs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from msgspec import Raw, json

from ..api.items import Key
from ..items.keys import item_hash
from ..operations.effects import Steps
from .reads import End, Item, Reads
from .verified import Tally

Keyed = tuple[Hashable, Item]
"""An item, and its key in the target."""


class LookUps:
    """Both tables, and how they are read."""

    def __init__(self, source: End, target: End, reads: Reads) -> None:
        self._source = source
        self._target = target
        self._reads = reads

    def expected(self, made: list[Keyed]) -> Steps[tuple[Tally, dict[Hashable, Raw]] | None]:
        """Look up what the target should have; return what differs, and what there is.

        `None` when time is up first.
        """
        source, target = self._source, self._target
        tally = Tally()
        keys = {key: target.json_in(item) for key, item in made if target.fits(key)}
        found = yield from self._reads.look_up(target, keys)
        if found is None:
            return None
        for key, item in made:
            if key not in keys:  # an item that has no place in the target, as it is
                tally.missing += 1
                tally.missing_keys.append(read_key(item, source))
            elif key not in found:
                tally.missing += 1
                tally.missing_keys.append(read_key(item, target))
            elif not self.agree(item, found[key]):
                tally.different += 1
                tally.different_keys.append(read_key(item, target))
        return tally, found

    def extras(self, items: Iterable[Item]) -> Steps[tuple[Tally, list[Item]] | None]:
        """Look up items of the target in the source; return what is extra, and all others."""
        source, target = self._source, self._target
        wanted = [(source.key_in(item), item) for item in items]
        keys = {key: source.json_in(item) for key, item in wanted if source.fits(key)}
        only = dict.fromkeys((*source.names, *target.names))
        found = yield from self._reads.look_up(source, keys, only)
        if found is None:
            return None
        tally = Tally()
        others: list[Item] = []
        for key, item in wanted:
            # Under another key of the target, it is what the source's item has been before.
            own = target.key_in(item)
            if key in found and target.key_in(found[key]) == own:
                others.append(item)
            else:
                tally.extra += 1
                tally.extra_keys.append(read_key(item, target))
        return tally, others

    def agree(self, one: Item, there: Item, hashed: int | None = None) -> bool:
        """Return whether DynamoDB holds two items equal: one of the source, and one of the target.

        `hashed` is the hash of the first one, if it is known.
        """
        if bytes(one) == bytes(there):
            return True
        hashed = self._source.read(item_hash, one) if hashed is None else hashed
        return hashed == self._target.read(item_hash, there)


def read_key(item: Item, end: End) -> Key:
    """Return an item's key as a cursor and a result have it."""
    key: Key = json.decode(end.json_in(item))
    return key
