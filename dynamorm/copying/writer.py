"""Puts items until the service has acknowledged them. None is dropped, whatever comes back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from itertools import compress, repeat
from typing import Any, TypeVar

from msgspec import Raw, Struct

from ..api.items import BatchWriteItemOutput, ConsumedCapacity, batch_write_item, units
from ..errors import UNREADABLE, DynamormError, ValidationFailed
from ..items.keys import item_key
from ..operations import NOW, Call, Steps, asked
from ..operations.middleware import elsewhere
from .asking import ONCE, PATIENCE, Late, let_rest
from .checkpoint import Costs
from .job import Job
from .options import MAX_BATCH
from .segment import Page, Part, Queue, count, singly, size_of, whole_units

R = TypeVar("R")


class Answer(Struct):
    """What a request to write a batch has come to."""

    written: list[Part]
    refused: list[Part] = []
    """What is still to be written."""
    consumed: tuple[ConsumedCapacity | None, ...] = ()
    kept: bool = False
    """Whether the target's own item was left as it is."""


class Writer:
    """The queue of one segment: items that are to be written, those that were refused first."""

    most = MAX_BATCH
    """Items in one request, whatever `batch_size=` says."""

    def __init__(self, job: Job, costs: Costs) -> None:
        self._job = job
        self._costs = costs
        # Looked up once, as they are needed for each item or batch.
        self._left, self._pace, self._rule = job.left, job.write_pace, job.rule
        self._names, self._table = job.target_key, job.checkpoint.target
        self._size = min(self.most, job.settings.batch_size)
        self.queue = Queue()
        self._by_key: dict[Hashable, Part] = {}
        self._returned = 0
        self._refusals = 0
        self._trouble: DynamormError | None = None
        """The last error that a batch came back with whole."""
        self.gave_up = False
        self._notes = job.once and job.telling.keeps
        """Whether a batch is noted before it is sent."""
        self.answered: float | None = None
        """The moment of the last answer, while that is as good as now."""

    @property
    def full(self) -> bool:
        """Whether there is enough for a batch."""
        return self.queue.items >= self._size

    def put(
        self, raws: Sequence[bytes | Raw], page: Page, keys: Iterable[Hashable] = repeat(None)
    ) -> int:
        """Queue items of a page and return their bytes; `keys` are theirs, where they are known."""
        page.open += len(raws)
        size = size_of(raws)
        if (rule := self._rule) is None:
            self.queue.put(Part(raws, page, size))
            return size
        for raw, known in zip(raws, keys, strict=False):
            key = known or item_key(raw, self._names)
            part = Part((raw,), page, len(raw), key)
            waiting = self._by_key.get(key)
            rule.queued(part, waiting)
            # BatchWriteItem refuses two items with one key. The older one is passed over in the
            # queue, and let go when the newer one is acknowledged.
            if waiting is not None:
                part.older = waiting
                waiting.replaced = True
            self._by_key[key] = part
            self.queue.put(part)
        return size

    def write(self, *, rest: bool = False, moment: float | None = None) -> Steps[None]:
        """Send full batches, and with `rest` what is left too; raise `Late` when time is up first.

        `moment` is that of the call, where it is known.
        """
        busy = 0.0  # seconds in which every item came back
        while self.queue.items and (rest or self.full):
            sent_at: float = (yield NOW) if moment is None else moment
            until = sent_at + self._left.at(sent_at)
            self.gave_up = busy > PATIENCE
            if until <= sent_at or self.gave_up:
                raise Late
            # In place what came back is sent alone, so that few items are written ahead of it.
            alone = self._job.once and self._returned
            batch = self.queue.take(alone or self._size)
            paid = 0.0
            if self._pace.limit is not None:
                ready = yield from self._pace.ready(self._left.at, whole_units(batch))
                if ready is None:
                    self.queue.put_back(batch)
                    raise Late
                paid, sent_at = ready, (yield NOW)
            # Last of all: what is noted here counts as sent when a killed copy is resumed.
            if self._notes:
                self._job.note(batch)
            refused = yield from self._send(batch, until, paid)
            if not refused:
                self._returned = self._refusals = 0
                busy, moment = 0.0, self.answered
                continue
            self._returned = count(refused)
            self.queue.put_back(refused)
            self._costs.retried += self._returned
            self._refusals += 1
            if not (yield from let_rest(self._refusals, until - (yield NOW))):
                self.gave_up = True
                raise Late
            all_back = self._returned >= count(batch)
            moment = again_at = yield NOW
            busy = busy + again_at - sent_at if all_back else 0.0

    def end(self) -> Steps[None]:
        """Send what is left, while there is time; tell the job what was not written."""
        if not self.gave_up:
            with suppress(Late):
                yield from self.write(rest=True)
        self._job.unwritten.extend([bytes(raw) for raw in self.queue])
        # Otherwise nothing was refused: the copy only stops.
        if self._refusals or self.gave_up:
            self._job.troubles.append(self._trouble)

    def _send(self, batch: list[Part], until: float, paid: float = 0.0) -> Steps[list[Part]]:
        """Send one batch; give what is still to be written."""
        self.answered = None
        if not batch:
            return []
        try:
            answer = yield from self._attempt(batch)
        except ValidationFailed as error:
            return (yield from self._narrow(singly(batch), until, error))
        except DynamormError as error:
            if not error.transient:
                raise
            moment = yield NOW
            self._pace.spent(0.0, paid, moment)
            self._pace.throttled(moment)
            self._trouble = error
            return batch
        self._acknowledge(answer)
        consumed = units(answer.consumed, lambda: whole_units(answer.written))
        self._costs.write_units += consumed
        moment = yield NOW
        self._pace.spent(consumed, paid, moment)
        # Unprocessed items are mostly throttling that is no error: API_BatchWriteItem.
        if answer.refused:
            self._pace.throttled(moment)
        self.answered = None if self._job.tell(moment) else moment
        return answer.refused

    def _attempt(self, batch: list[Part]) -> Steps[Answer]:
        """Send the request, once."""
        raws = batch[0].raws if len(batch) == 1 else [raw for part in batch for raw in part.raws]
        payload = batch_write_item(self._table, raws)
        reply = yield from self._ask("BatchWriteItem", payload, BatchWriteItemOutput)
        # `UnprocessedItems` may name the table, with an empty list.
        if reply.unprocessed_items and (unprocessed := reply.unprocessed):
            return Answer(*self._told(singly(batch), unprocessed), reply.consumed_capacity)
        return Answer(batch, consumed=reply.consumed_capacity)

    def _ask(self, operation: str, payload: Any, reply_type: type[R]) -> Steps[R]:
        request = Call(operation, payload, reply_type, until=ONCE, finish=True)
        return elsewhere(asked(request), self._job.settings.target_db)

    def _narrow(
        self, batch: list[Part], until: float, error: ValidationFailed
    ) -> Steps[list[Part]]:
        """Find the items that the service does not take: one of them fails the whole batch."""
        # The service does not say which one it is. Halves find it among 25 in about ten requests.
        if len(batch) > 1:
            middle = len(batch) // 2
            refused: list[Part] = []
            for half in (batch[:middle], batch[middle:]):
                if (yield NOW) < until:
                    refused += yield from self._send(half, until)
                else:
                    self.queue.put_back(half)
            return refused
        from ..items.limits import key_of

        [item] = batch
        [raw] = item.raws
        error.key = key_of(raw, self._names)
        self._job.fail(raw, error, item.page.counts)
        item.page.open -= 1
        self._by_key.pop(item.key, None)
        if (older := item.older) is not None:
            # It was to fall for an item that has turned out to be none.
            older.replaced = False
            self._by_key[older.key] = older
            self.queue.put_back([older])
        return []

    def _told(self, batch: list[Part], unprocessed: list[Raw]) -> tuple[list[Part], list[Part]]:
        """Tell which items were written and which came back: all, where that cannot be told.

        The service may have spelt their numbers in its own way.
        """
        try:
            keys = {item_key(raw, self._names) for raw in unprocessed}
            back = [item_key(part.raws[0], self._names) in keys for part in batch]
        except UNREADABLE:
            return [], batch
        # All again then, which changes nothing for those that were written.
        if sum(back) != len(keys):
            return [], batch
        written = [part for part, is_back in zip(batch, back, strict=True) if not is_back]
        return written, list(compress(batch, back))

    def _acknowledge(self, answer: Answer) -> None:
        """Count what has been written."""
        rule, kept = self._rule, answer.kept
        for part in answer.written:
            page, number = part.page, len(part.raws)
            if kept:
                page.counts.kept += number
            elif rule is None:
                page.counts.written += number
            else:
                rule.written(part)
            # After the counts: another segment's thread may report at any moment, and a page with
            # nothing open is summed up and left behind.
            page.open -= number
            if rule is not None:
                self._by_key.pop(part.key, None)
                # Those go for which this one has been acknowledged.
                older = part.older
                while older is not None:
                    older.page.counts.collisions += 1
                    older.page.open -= 1
                    older = older.older
