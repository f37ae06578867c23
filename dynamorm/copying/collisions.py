"""Remembers target keys, so that two items with one key are noticed over all segments of a run.

A source item is read once in a run, so that a key that comes again is that of another item. What an
earlier run has written is not remembered: what it wrote again after a kill is no collision.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from hashlib import sha256
from threading import Lock
from typing import Any

from msgspec import Raw, json

from ..errors import ItemError
from ..items.keys import item_key
from ..model.spec import TableSpec, key_names
from .checkpoint import Checkpoint
from .options import Convert, CopySettings
from .segment import Part

BUCKETS = 1 << 13

LENGTH = 14
"""Bytes of a digest in its bucket. The number of the bucket has 13 bits more, which makes 125: two
of two million keys share them once in 10**25 copies."""

_encode = json.Encoder().encode


def digest(key: Hashable) -> bytes:
    """Return 16 bytes for a key, as `item_key` gives it."""
    # A third faster than blake2b where the processor has instructions for it.
    return sha256(_encode(key)).digest()[:16]


class Keys:
    """A set of digests, in buckets that are searched by `find`; segments share it.

    Each bucket is replaced by one that is longer by a digest. These need 16 bytes a key of the
    process; bytearrays, which grow by an eighth in advance and leave gaps behind, need 19.
    """

    def __init__(self, most: int, known: Iterable[bytes] = ()) -> None:
        self._left = most
        self._lock = Lock()
        # A set of 16-byte values would take some 90 bytes for each.
        self._buckets = [b""] * BUCKETS
        # Without counting: a checkpoint has but the few keys that have collided.
        for digested in known:
            self._buckets[_place(digested)] += digested[2:]

    def add(self, digested: bytes) -> bool | None:
        """Remember a digest: whether it is new, or `None` where there is no room for it."""
        part = digested[2:]
        place = _place(digested)
        # Search and add in one go: two segments may be at the same key.
        with self._lock:
            bucket = self._buckets[place]
            found = bucket.find(part)
            # The end of one digest and the beginning of the next are none.
            while found > 0 and found % LENGTH:
                found = bucket.find(part, found + 1)
            if found >= 0:
                return False
            if not self._left:
                return None
            self._left -= 1
            self._buckets[place] = bucket + part
        return True


def _place(digested: bytes) -> int:
    return (digested[0] << 8 | digested[1]) % BUCKETS


class Collision(ItemError):
    """Two items have one key; `on_error` is not asked, since the first one may be written."""


def collision(raw: bytes | Raw, table: str, names: tuple[str, ...]) -> Collision:
    """Return the error that names the key of `raw` in the target."""
    from ..items.limits import key_of

    return Collision(
        "the transform gives this key to two items: let it give each its own, or pass "
        'collisions="last" to keep the one that is written last',
        table,
        key=key_of(raw, names),
    )


class Rule:
    """What is done about items with one key."""

    def __init__(self, keys: Keys, table: str, names: tuple[str, ...], *, alone: bool) -> None:
        self._keys = keys
        self._table = table
        self._names = names
        self._alone = alone
        """Whether this run has seen all keys: no other has written any, or does at this time."""
        self.collided: list[bytes] = []
        """What a checkpoint is to remember, so that a resumed copy does not pass it over."""

    def queued(self, item: Part, waiting: Part | None) -> None:
        """Take note of an item, before it is queued; `waiting` has its key and is not sent yet."""

    def written(self, item: Part) -> None:
        """Count an item that was acknowledged."""
        item.page.counts.written += 1


class Forbidding(Rule):
    """A collision is an error, raised before the second item is queued."""

    def queued(self, item: Part, waiting: Part | None) -> None:
        digested = digest(item.key)
        new = self._keys.add(digested)
        # Beyond the limit on keys, two items in the queue are still told apart.
        if new is False or waiting is not None:
            self.collided.append(digested)
            raise collision(item.raws[0], self._table, self._names)
        if new is None or not self._alone:
            item.page.counts.unchecked += 1


class Replacing(Rule):
    """The last item of a key wins; those that are remembered are told from new ones."""

    def written(self, item: Part) -> None:
        # Counted when acknowledged: an item that was replaced in the queue has never been in the
        # target.
        new = self._keys.add(digest(item.key))
        counts = item.page.counts
        if new is False:
            counts.collisions += 1
            return
        counts.written += 1
        counts.unchecked += new is None or not self._alone


def rule_of(
    settings: CopySettings,
    source: TableSpec,
    target: TableSpec,
    checkpoint: Checkpoint,
    *,
    same: bool,
    whole: bool,
) -> Rule | None:
    """Return what is done about items that get one key; `None` where nothing need be.

    `same`: both tables are one. `whole`: all segments of the table are in this run.
    """
    if settings.collisions == "check" or _unique(settings, source, target, same):
        return None  # each write is conditional, or no two items can get one key
    names, alone = key_names(target), whole and not checkpoint.begun
    if settings.collisions == "last":
        return Replacing(Keys(settings.collision_keys), checkpoint.target, names, alone=alone)
    keys = Keys(settings.collision_keys, checkpoint.collided)
    return Forbidding(keys, checkpoint.target, names, alone=alone)


def _unique(settings: CopySettings, source: TableSpec, target: TableSpec, same: bool) -> bool:
    """Return whether no two items can get one key: the source's key becomes the target's unchanged.

    In place a transform cannot change it.
    """
    # But with "last" it may make several items of one, with its key.
    if same:
        return settings.collisions != "last"
    # An attribute transform says which attributes it touches; a function may touch any.
    transform = settings.transform
    touched: Any = () if transform is None else getattr(transform, "touched", None)
    if touched is None or not {attribute.name for attribute in target.key}.isdisjoint(touched):
        return False
    # Then two items with one key in the target would have had one in the source.
    return set(source.key) <= set(target.key)


def same_key(convert: Convert, table: TableSpec, settings: CopySettings) -> Convert:
    """Refuse a transform that moves an item within the table that is being read, or splits one."""
    from ..items.limits import key_of

    names = key_names(table)

    def checked(raw: Raw) -> Iterable[bytes | Raw]:
        """Return what becomes of an item; raise `ItemError` if that has another key."""
        # All of them first: an item that is refused must leave none of its parts behind.
        made = list(convert(raw))
        if any(item_key(item, names) != item_key(raw, names) for item in made):
            message = "in place, a transform cannot change an item's key: copy into another table"
            raise ItemError(message, ", ".join(names), key=key_of(raw, names))
        if len(made) > 1 and settings.collisions != "last":
            raise collision(made[1], table.name, names)
        return made

    return checked
