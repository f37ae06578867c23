"""Puts items until the service has acknowledged them. None is dropped, whatever comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from msgspec import Raw, Struct

from .canonical import item_key
from .effects import Sleep, Steps, call, now
from .errors import DynamormError, ValidationFailed
from .pace import Pace
from .pages import BatchWriteItemOutput, batch_write_item, units
from .reports import Costs, Page
from .wire import UNREADABLE

__all__ = ["TimeLeft", "Writer"]

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BODY = 15_500_000
"""Bytes of items in one request. The service takes 16 MB of JSON, which can be six times the size
that items count as: control characters are escaped, and binary values are base64."""

PATIENCE = 120.0
"""Seconds of sending without one acknowledged item, pauses included, until a writer gives up."""

BASE, CAP = 0.05, 5.0

ONCE = float("-inf")
"""As `until`, no moment for a second attempt: whoever goes on for minutes keeps one schedule of
pauses, and would begin with the short ones again and again if each attempt had one of its own."""


class TimeLeft:
    """The seconds that are left of a deadline: a number of them, or whatever a function says."""

    def __init__(self, deadline: float | Callable[[], float] | None, started: float) -> None:
        self._deadline = deadline
        self._started = started

    def at(self, moment: float) -> float:
        if self._deadline is None:
            return float("inf")
        if callable(self._deadline):
            return self._deadline()
        return self._started + self._deadline - moment


class Item(Struct, eq=False):
    """An item on its way; without `raw`, another one has taken its place."""

    raw: bytes | Raw | None
    page: Page
    key: Hashable = None


class Writer:
    """The queue of one segment: items that are to be written, those that were refused first."""

    def __init__(
        self,
        table: str,
        key_names: tuple[str, ...],
        costs: Costs,
        pace: Pace,
        left: TimeLeft,
        *,
        batch_size: int,
        unique: bool,
        on_poison: Callable[[bytes | Raw, ValidationFailed], None],
        on_batch: Callable[[float], None],
        wrap: Callable[[Steps[Any]], Steps[Any]],
    ) -> None:
        self._table = table
        self._key_names = key_names
        self._costs = costs
        self._pace = pace
        self._left = left
        self._batch_size = batch_size
        self._unique = unique
        self._on_poison = on_poison
        self._on_batch = on_batch
        self._wrap = wrap
        self._queue: deque[Item] = deque()
        self._by_key: dict[Hashable, Item] = {}
        self._refusals = 0
        self.trouble: DynamormError | None = None
        """The last error that a batch came back with whole."""
        self.gave_up = False

    @property
    def refused(self) -> bool:
        """Whether the last thing that the service said was that it is too busy."""
        return self._refusals > 0

    def unwritten(self) -> list[bytes]:
        return [bytes(item.raw) for item in tuple(self._queue) if item.raw is not None]

    def put(self, raws: Sequence[bytes | Raw], page: Page) -> None:
        """Queue items of a page."""
        page.open += len(raws)
        if self._unique:
            self._queue.extend([Item(raw, page) for raw in raws])
            return
        for raw in raws:
            item = Item(raw, page, item_key(raw, self._key_names))
            replaced = self._by_key.get(item.key)
            if replaced is not None:
                replaced.raw = None
                replaced.page.open -= 1
                replaced.page.counts.collisions += 1
            self._by_key[item.key] = item
            self._queue.append(item)

    def write(self, *, rest: bool = False) -> Steps[None]:
        """Send full batches, and with `rest` what is left too, until time is up."""
        busy = 0.0
        while self._queue and (rest or len(self._queue) >= self._batch_size):
            moment = yield from now()
            left = self._left.at(moment)
            self.gave_up = busy > PATIENCE
            if left <= 0 or self.gave_up or not (yield from self._pace.ready(left)):
                return
            batch = self._take()
            sent_at = yield from now()
            refused = yield from self._send(batch, moment + left)
            if not (yield from self._requeue(refused, moment + left)):
                self.gave_up = True
                return
            busy = 0.0 if len(refused) < len(batch) else busy + (yield from now()) - sent_at

    def _take(self) -> list[Item]:
        """Take the next items, as many as one request can hold, out of the queue."""
        queue = self._queue
        taken = [queue.popleft() for _ in range(min(self._batch_size, len(queue)))]
        batch = [item for item in taken if item.raw is not None]
        while len(batch) > 1 and sum(len(item.raw or b"") for item in batch) > MAX_BODY:
            queue.appendleft(batch.pop())
        return batch

    def _requeue(self, refused: list[Item], until: float) -> Steps[bool]:
        """Put what was not written at the head of the queue, and let the service rest.

        `False` when there is no time for that: pauses cut short would come ever faster at the end.
        """
        if not refused:
            self._refusals = 0
            return True
        self._queue.extendleft(reversed(refused))
        self._costs.retried += len(refused)
        self._refusals += 1
        longest = min(CAP, BASE * 2 ** min(self._refusals, 10))
        if until - (yield from now()) < longest:
            return False
        yield Sleep(0.0, spread=longest)
        return True

    def _send(self, batch: list[Item], until: float) -> Steps[list[Item]]:
        """Send one batch; give the items that are still to be written."""
        if not batch:
            return []
        raws = [item.raw for item in batch if item.raw is not None]
        payload = batch_write_item(self._table, raws)
        request = call("BatchWriteItem", payload, BatchWriteItemOutput, until=ONCE)
        try:
            reply = yield from self._wrap(request)
        except ValidationFailed as error:
            return (yield from self._narrow(batch, until, error))
        except DynamormError as error:
            if not error.transient:
                self._queue.extendleft(reversed(batch))
                raise
            self.trouble = error
            return batch
        refused = self._refused(batch, reply.unprocessed)
        written = self._acknowledge(batch, refused)
        consumed = units(reply.consumed_capacity, lambda: _whole_units(written))
        self._costs.write_units += consumed
        moment = yield from now()
        self._pace.spent(consumed, moment)
        self._on_batch(moment)
        return refused

    def _narrow(
        self, batch: list[Item], until: float, error: ValidationFailed
    ) -> Steps[list[Item]]:
        """Find the items that the service does not take: one of them fails the whole batch."""
        if len(batch) > 1:
            middle = len(batch) // 2
            refused: list[Item] = []
            for half in (batch[:middle], batch[middle:]):
                if (yield from now()) < until:
                    refused += yield from self._send(half, until)
                else:
                    self._queue.extendleft(reversed(half))
            return refused
        [item] = batch
        self._on_poison(item.raw or b"", error)
        item.page.counts.failed += 1
        self._close(item)
        return []

    def _refused(self, batch: list[Item], unprocessed: list[Raw]) -> list[Item]:
        """Tell which items came back: all, where that cannot be told.

        The service may have spelt their numbers in its own way.
        """
        if not unprocessed:
            return []
        try:
            keys = {item_key(raw, self._key_names) for raw in unprocessed}
            refused = [
                item for item in batch if item.raw and item_key(item.raw, self._key_names) in keys
            ]
        except UNREADABLE:
            return batch
        return refused if len(refused) == len(keys) else batch

    def _acknowledge(self, batch: list[Item], refused: list[Item]) -> list[Item]:
        """Count what has been written, and give it."""
        left = set(map(id, refused))
        written = [item for item in batch if id(item) not in left]
        for item in written:
            item.page.counts.written += 1
            self._close(item)
        return written

    def _close(self, item: Item) -> None:
        item.page.open -= 1
        self._by_key.pop(item.key, None)


def _whole_units(items: list[Item]) -> int:
    """Estimate the write units of items: one for each begun kilobyte of each."""
    return sum(-(-len(item.raw or b"") // 1024) for item in items)
