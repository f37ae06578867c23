"""Reads tables for a comparison: at a pace, with patience, until time is up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from msgspec import Raw, Struct

from ..api.descriptions import Cursors
from ..api.items import Key, ScanOutput
from ..api.lookups import MAX_KEYS, BatchGetItemOutput, key_json
from ..errors import DynamormError, ItemError, service_error
from ..items.keys import item_key
from ..items.mismatch import STRANGE
from ..model.spec import KeyAttribute
from ..operations.effects import Sleep, Steps, call, now
from ..operations.middleware import Place, elsewhere
from ..operations.pace import Pace
from ..requests.items import batch_get_item, scan, units
from .time_left import TimeLeft
from .writer import BASE, CAP, ONCE, PATIENCE

T = TypeVar("T")
R = TypeVar("R", ScanOutput, BatchGetItemOutput)

UNIT = 4096
"""Bytes that one read unit reads consistently, and two bytes for one where reads may be stale."""


class End(Struct, frozen=True):
    """One of two tables: its name, its key attributes, and its database where that is another."""

    table: str
    key: tuple[KeyAttribute, ...]
    place: Place | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(attribute.name for attribute in self.key)

    def key_in(self, raw: bytes | Raw) -> Hashable:
        """Return an item's key here, equal for items that are one to DynamoDB."""
        return self.read(item_key, raw, self.names)

    def json_in(self, raw: bytes | Raw) -> bytes:
        """Return the JSON of an item's key here."""
        return self.read(key_json, raw, self.names)

    def read(self, function: Callable[..., T], *given: Any) -> T:
        """Call what reads an item; `ItemError` for what is none."""
        try:
            return function(*given)
        except STRANGE:
            message = "a page has an item that is not of attribute values, or without its key"
            raise ItemError(message, self.table) from None

    def fits(self, key: Any) -> bool:
        """Return whether `item_key`'s result can be a key here: complete, well-typed, not empty."""
        types = tuple(attribute.type for attribute in self.key)
        return types == tuple(tag for part in key for tag, value in part if value != "")

    def there(self, steps: Steps[R]) -> Steps[R]:
        return steps if self.place is None else elsewhere(steps, self.place)


class Reads:
    """What the segments of one comparison read by; they share the pace."""

    def __init__(self, left: TimeLeft, max_units: float | None, *, consistent: bool) -> None:
        self._left = left
        self._pace = Pace(max_units)
        self._consistent = consistent
        self._longest = 0.0
        """Seconds that an answer has taken; with fewer left, no page is begun."""

    def page(
        self, end: End, segment: int, of: int, start: Key | None, cursors: Cursors
    ) -> Steps[ScanOutput | None]:
        """Read the next page of a segment; `None` when time is up first."""
        if self._left.at((yield from now())) <= self._longest:
            return None
        payload = scan(
            end.table, segment=segment, of=of, start=start, consistent_read=self._consistent
        )
        request = partial(call, "Scan", payload, ScanOutput, until=ONCE)

        def check(reply: ScanOutput) -> float:
            cursors.onward(start, reply.last_evaluated_key)
            size = sum(map(len, reply.items))
            return units((reply.consumed_capacity,), lambda: self._units(size / UNIT))

        return (yield from self._ask(end, request, check))

    def look_up(
        self, end: End, keys: dict[Hashable, bytes], only: Iterable[str] = ()
    ) -> Steps[dict[Hashable, Raw] | None]:
        """Return the items of these keys, those that are there; `None` when time is up first.

        `only` are the attributes to give, key attributes among them.
        """
        found: dict[Hashable, Raw] = {}
        left = dict(keys)
        pauses = Pauses(self._left)
        while left:
            asked = dict(islice(left.items(), MAX_KEYS))
            payload = batch_get_item(
                end.table, list(asked.values()), consistent_read=self._consistent, only=only
            )
            request = partial(call, "BatchGetItem", payload, BatchGetItemOutput, until=ONCE)
            reply = yield from self._ask(end, request, partial(self._cost, len(asked)))
            if reply is None:
                return None
            found |= {end.key_in(raw): raw for raw in reply.items}
            unprocessed = _unprocessed(reply, asked, found, end.names)
            left = {key: left[key] for key in left if key not in asked or key in unprocessed}
            if len(unprocessed) < len(asked):
                pauses = Pauses(self._left)
            elif (yield from pauses.over()):
                raise _too_busy(end.table)
            if unprocessed and not (yield from pauses.next()):
                return None
        return found

    def _ask(
        self, end: End, request: Callable[[], Steps[R]], check: Callable[[R], float]
    ) -> Steps[R | None]:
        """Send a request until it is answered; `check` gives its units, or raises for no answer."""
        pauses = Pauses(self._left)
        while (left := self._left.at((yield from now()))) > 0:
            if not (yield from self._pace.ready(left)):
                break
            sent = yield from now()
            try:
                reply = yield from end.there(request())
                consumed = check(reply)
            except DynamormError as error:
                if not error.transient or (yield from pauses.over()):
                    raise
            else:
                moment = yield from now()
                self._longest = max(self._longest, moment - sent)
                self._pace.spent(consumed, moment)
                return reply
            if not (yield from pauses.next()):
                break
        return None

    def _cost(self, keys: int, reply: BatchGetItemOutput) -> float:
        """Return the units of a look-up: each item is rounded up, and a missing one costs one."""
        whole = sum(-(-len(raw) // UNIT) for raw in reply.items)
        missing = keys - len(reply.items) - len(reply.unprocessed)
        return units(reply.consumed_capacity, lambda: self._units(whole + missing))

    def _units(self, consistent: float) -> float:
        return consistent if self._consistent else consistent / 2


class Pauses:
    """Pauses that grow from one refusal to the next, for two minutes and not past the deadline."""

    def __init__(self, left: TimeLeft) -> None:
        self._left = left
        self._tries = 0
        self._since: float | None = None

    def over(self) -> Steps[bool]:
        """Say whether there has been no success for so long that there will be none."""
        moment = yield from now()
        self._since = moment if self._since is None else self._since
        return moment - self._since > PATIENCE

    def next(self) -> Steps[bool]:
        """Let the service rest; `False`, and no pause, when there is no time for that."""
        self._tries += 1
        longest = min(CAP, BASE * 2 ** min(self._tries, 10))
        if self._left.at((yield from now())) < longest:
            return False
        yield Sleep(0.0, spread=longest)
        return True


def _unprocessed(
    reply: BatchGetItemOutput,
    asked: dict[Hashable, bytes],
    found: dict[Hashable, Raw],
    names: tuple[str, ...],
) -> set[Hashable]:
    """Return the keys that are to be asked for again: all that were not found, if in doubt."""
    try:
        keys: set[Hashable] = {item_key(raw, names) for raw in reply.unprocessed}
    except STRANGE:
        keys = set()
    known = keys & asked.keys()
    return known if len(known) == len(reply.unprocessed) else asked.keys() - found.keys()


def _too_busy(table: str) -> Any:
    message = f"BatchGetItem has left every key of {table} unprocessed for {PATIENCE:.0f} s"
    code = "ProvisionedThroughputExceededException"
    return service_error(code, message, status=400, operation="BatchGetItem")
