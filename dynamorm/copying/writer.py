"""Puts items until the service has acknowledged them. None is dropped, whatever comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Raw, Struct

from ..api.items import BatchWriteItemOutput, ConsumedCapacity
from ..errors import UNREADABLE, DynamormError, ValidationFailed
from ..items.keys import item_key
from ..operations.effects import Call, Sleep, Steps, now
from ..operations.pace import Pace
from ..requests.items import batch_write_item, units
from .checkpoint import Costs
from .report import Page
from .time_left import TimeLeft

R = TypeVar("R")

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BODY = 15_500_000
"""Bytes of items in one request. The service takes 16 MB of JSON, which can be six times the size
that items count as: control characters are escaped, and binary values are base64."""

PATIENCE = 120.0
"""Seconds of sending without one acknowledged item, pauses included, until a writer gives up."""

BASE, CAP = 0.05, 5.0

ONCE = float("-inf")
"""As `until`, no moment for a second attempt: a copy retries for minutes on one schedule of pauses,
and would begin with the short ones again and again if each attempt had a schedule of its own."""


class Item(Struct, eq=False):
    """An item on its way."""

    raw: bytes | Raw
    page: Page
    key: Hashable = None
    older: Item | None = None
    """One with the same key that this one stands for: it falls when this one is acknowledged."""
    replaced: bool = False
    """Whether another one stands for it."""


class Rule(Protocol):
    """What is done about items with one key."""

    def queued(self, item: Item, waiting: Item | None) -> None:
        """Take note of an item, before it is queued; `waiting` has its key and is not sent yet."""

    def written(self, item: Item) -> None:
        """Count an item that was acknowledged."""


class Answer(Struct):
    """What a request to write a batch has come to."""

    refused: list[Item]
    """Items that are still to be written."""
    consumed: tuple[ConsumedCapacity | None, ...] = ()
    kept: bool = False
    """Whether the target's own item was left as it is."""


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
        rule: Rule | None,
        alone: bool,
        on_poison: Callable[[bytes | Raw, ValidationFailed], None],
        on_batch: Callable[[float], None],
        wrap: Callable[[Steps[Any]], Steps[Any]],
    ) -> None:
        self.table = table
        self.key_names = key_names
        self._costs = costs
        self._pace = pace
        self._left = left
        self._batch_size = batch_size
        self._rule = rule
        """`None` where no two items can have one key, so that nobody need look."""
        self._alone = alone
        """Whether what came back is sent without new items, so that few are written ahead of it."""
        self._on_poison = on_poison
        self._on_batch = on_batch
        self._wrap = wrap
        self._queue: deque[Item] = deque()
        self._by_key: dict[Hashable, Item] = {}
        self._returned = 0
        self._refusals = 0
        self.trouble: DynamormError | None = None
        """The last error that a batch came back with whole."""
        self.gave_up = False

    @property
    def full(self) -> bool:
        """Whether there is enough for a batch; after `write`, whether it has stopped early."""
        return len(self._queue) >= self._batch_size

    @property
    def refused(self) -> bool:
        """Whether the last thing that the service said was that it is too busy."""
        return self._refusals > 0

    def unwritten(self) -> list[bytes]:
        return [bytes(item.raw) for item in tuple(self._queue) if not item.replaced]

    def put(self, raws: Sequence[bytes | Raw], page: Page) -> None:
        """Queue items of a page."""
        if self._rule is None:
            page.open += len(raws)
            self._queue.extend([Item(raw, page) for raw in raws])
            return
        for raw in raws:
            item = Item(raw, page, item_key(raw, self.key_names))
            waiting = self._by_key.get(item.key)
            self._rule.queued(item, waiting)
            if waiting is not None:
                item.older = waiting
                waiting.replaced = True
            page.open += 1
            self._by_key[item.key] = item
            self._queue.append(item)

    def write(self, *, rest: bool = False) -> Steps[None]:
        """Send full batches, and with `rest` what is left too, until time is up."""
        busy = 0.0
        while self._queue and (rest or self.full):
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
        most = self._returned if self._alone and self._returned else self._batch_size
        taken = [queue.popleft() for _ in range(min(most, len(queue)))]
        batch = [item for item in taken if not item.replaced]
        while len(batch) > 1 and sum(len(item.raw) for item in batch) > MAX_BODY:
            queue.appendleft(batch.pop())
        return batch

    def _requeue(self, refused: list[Item], until: float) -> Steps[bool]:
        """Put what was not written at the head of the queue, and let the service rest.

        `False` when there is no time for that: pauses cut short would come ever faster at the end.
        """
        self._returned = len(refused)
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
        try:
            answer = yield from self._attempt(batch)
        except ValidationFailed as error:
            return (yield from self._narrow(batch, until, error))
        except DynamormError as error:
            if not error.transient:
                self._queue.extendleft(reversed(batch))
                raise
            self.trouble = error
            return batch
        written = self._acknowledge(batch, answer)
        consumed = units(answer.consumed, lambda: _whole_units(written))
        self._costs.write_units += consumed
        moment = yield from now()
        self._pace.spent(consumed, moment)
        self._on_batch(moment)
        return answer.refused

    def _attempt(self, batch: list[Item]) -> Steps[Answer]:
        """Send the request, once."""
        payload = batch_write_item(self.table, [item.raw for item in batch])
        reply = yield from self._ask("BatchWriteItem", payload, BatchWriteItemOutput)
        return Answer(self._refused(batch, reply.unprocessed), reply.consumed_capacity)

    def _ask(self, operation: str, payload: Any, reply_type: type[R]) -> Steps[R]:
        request = _asking(Call(operation, payload, reply_type, until=ONCE, finish=True))
        reply: R = yield from self._wrap(request)
        return reply

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
        from ..items.limits import key_of

        [item] = batch
        error.key = key_of(item.raw, self.key_names)
        self._on_poison(item.raw, error)
        item.page.counts.failed += 1
        item.page.open -= 1
        self._by_key.pop(item.key, None)
        if (older := item.older) is not None:
            # It was to fall for an item that has turned out to be none.
            older.replaced = False
            self._by_key[older.key] = older
            self._queue.appendleft(older)
        return []

    def _refused(self, batch: list[Item], unprocessed: list[Raw]) -> list[Item]:
        """Tell which items came back: all, where that cannot be told.

        The service may have spelt their numbers in its own way.
        """
        if not unprocessed:
            return []
        try:
            keys = {item_key(raw, self.key_names) for raw in unprocessed}
            refused = [item for item in batch if item_key(item.raw, self.key_names) in keys]
        except UNREADABLE:
            return batch
        return refused if len(refused) == len(keys) else batch

    def _acknowledge(self, batch: list[Item], answer: Answer) -> list[Item]:
        """Count what has been written, and give it."""
        written = batch
        if answer.refused:
            left = set(map(id, answer.refused))
            written = [item for item in batch if id(item) not in left]
        for item in written:
            if answer.kept:
                item.page.counts.kept += 1
            elif self._rule is None:
                item.page.counts.written += 1
            else:
                self._rule.written(item)
            item.page.open -= 1
            if self._rule is not None:
                self._by_key.pop(item.key, None)
                self._drop(item.older)
        return written

    def _drop(self, older: Item | None) -> None:
        """Let those go for which another item has been acknowledged."""
        while older is not None:
            older.page.counts.collisions += 1
            older.page.open -= 1
            older = older.older


def _asking(request: Call[R]) -> Steps[R]:
    reply: R = yield request
    return reply


def _whole_units(items: list[Item]) -> int:
    """Estimate the write units of items: one for each begun kilobyte of each."""
    return sum(-(-len(item.raw) // 1024) for item in items)
