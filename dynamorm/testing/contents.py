"""The items of a fake table: Scan in segments and pages, batches with what the service refuses."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from msgspec import Raw, Struct, json

from ..items.keys import item_key
from .faults import Refusal

PAGE_BYTES = 1_000_000
MAX_BATCH = 25
MAX_KEYS = 100
MAX_BODY = 16 * 1024 * 1024
Key = tuple[Any, ...]

Place = tuple[bytes, bytes]
"""Where an item is in the order of Scan: the hash of its partition key, and of its whole key."""


class _Stored(Struct, frozen=True):
    place: Place
    raw: bytes


class Contents:
    """Items by key, in an order that has nothing to do with the keys."""

    def __init__(self, key: tuple[tuple[str, str], ...]) -> None:
        self._key = key
        self._names = tuple(name for name, _ in key)
        self._items: dict[Key, _Stored] = {}
        self._order: list[tuple[Place, Key]] = []

    def raws(self) -> list[bytes]:
        """Return the items as they are stored, in no order that means anything."""
        return [stored.raw for stored in self._items.values()]

    def put(self, raw: bytes | Raw) -> None:
        """Store an item, in the place of one with the same key."""
        self.check(raw)
        self.store(raw, item_key(raw, self._names))

    def store(self, raw: bytes | Raw, key: Key) -> None:
        """Store an item that has been checked, by its key."""
        # Replacing an item does not move it, so its place is computed once.
        known = self._items.get(key)
        place = known.place if known else _place(key)
        self._items[key] = _Stored(place, bytes(raw))
        if known is None:
            insort(self._order, (place, key))

    def discard(self, key: Key) -> None:
        """Delete the item that has this key, if there is one."""
        known = self._items.pop(key, None)
        if known is not None:
            del self._order[bisect_left(self._order, (known.place, key))]

    def check(self, raw: bytes | Raw) -> None:
        """Raise `Refusal` for an item without its key, or with another type of it."""
        item = json.decode(raw)
        for name, kind in self._key:
            value = item.get(name)
            if value is None:
                raise Refusal(f"One of the required keys was not given a value: {name}")
            if list(value) != [kind]:
                raise Refusal(f"Type mismatch for key {name} expected: {kind}")
            if value[kind] == "":
                raise Refusal(f"An AttributeValue may not contain an empty value. Key: {name}")

    def held(self, raw: bytes | Raw) -> bytes | None:
        """Return the item that has the key of this one."""
        stored = self._items.get(item_key(raw, self._names))
        return None if stored is None else stored.raw

    def keys(self, raws: list[Raw]) -> list[Key]:
        """Return a batch's keys; raise `Refusal` for a batch that the service refuses whole."""
        if not 1 <= len(raws) <= MAX_BATCH:
            raise Refusal("1 to 25 write requests")
        return self._distinct(raws)

    def _distinct(self, raws: list[Raw]) -> list[Key]:
        for raw in raws:
            self.check(raw)
        keys = [item_key(raw, self._names) for raw in raws]
        if len(set(keys)) < len(keys):
            raise Refusal("Provided list of item keys contains duplicates")
        return keys

    def get(self, asked: dict[str, Any], left: int) -> tuple[list[Raw], list[Raw], float]:
        """Answer a BatchGetItem, but for its first `left` keys and those that it cannot hold.

        Gives the items, the keys that are left over, and the read units that it took.
        """
        raws = [Raw(json.encode(key)) for key in asked["Keys"]]
        if not 1 <= len(raws) <= MAX_KEYS:
            raise Refusal("1 to 100 keys")
        if any(key.keys() != set(self._names) for key in asked["Keys"]):
            raise Refusal("The provided key element does not match the schema")
        only = set(asked.get("ExpressionAttributeNames", {}).values())
        found: list[Raw] = []
        over = raws[:left]
        size = units = 0
        for wanted, key in list(zip(raws, self._distinct(raws), strict=True))[left:]:
            raw = self._items[key].raw if key in self._items else b""
            if size + len(raw) > MAX_BODY:
                over.append(wanted)
                continue
            size += len(raw)
            # A unit for each 4 KB begun, also for a key without an item; half of it is asked for by
            # default: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
            units += max(1, -(-len(raw) // 4096))
            if raw:
                found.append(Raw(_projected(raw, only)))
        return found, over, units if asked.get("ConsistentRead") else units / 2

    def scan(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a Scan: a page of one segment, cut at `Limit` or at a megabyte."""
        items: list[Raw] = []
        size = 0
        limit = payload.get("Limit", len(self._order))
        for stored in self._segment(payload):
            # A page has at least one item, even one that alone exceeds its size.
            if items and (len(items) >= limit or size + len(stored.raw) > PAGE_BYTES):
                last = json.decode(items[-1])
                key = {name: last[name] for name in self._names}
                return {**_counted(items, size, payload), "LastEvaluatedKey": key}
            items.append(Raw(stored.raw))
            size += len(stored.raw)
        return _counted(items, size, payload)

    def _segment(self, payload: dict[str, Any]) -> Iterator[_Stored]:
        segment, of = payload.get("Segment", 0), payload.get("TotalSegments", 1)
        start = 0
        if after := payload.get("ExclusiveStartKey"):
            place = _place(item_key(json.encode(after), self._names))
            start = bisect_right(self._order, place, key=lambda entry: entry[0])
        # By the hash of the partition key: all of its items are in one segment, as in the service.
        for place, key in self._order[start:]:
            if int.from_bytes(place[0], "big") % of == segment:
                yield self._items[key]


def _projected(raw: bytes, only: set[str]) -> bytes:
    if not only:
        return raw
    attributes = json.decode(raw, type=dict[str, Raw])
    return json.encode({name: value for name, value in attributes.items() if name in only})


def _place(key: Key) -> Place:
    partition = _hash(key[:1])
    return partition, _hash(key) if len(key) > 1 else partition


def _hash(key: Key) -> bytes:
    return blake2b(repr(key).encode(), digest_size=8).digest()


def _counted(items: list[Raw], size: int, payload: dict[str, Any]) -> dict[str, Any]:
    # A unit for each 4 KB, and half of one where a read may be stale.
    units = max(1.0, size / 4096)
    consumed = {"CapacityUnits": units if payload.get("ConsistentRead") else units / 2}
    return {
        "Items": items,
        "Count": len(items),
        "ScannedCount": len(items),
        "ConsumedCapacity": consumed,
    }
