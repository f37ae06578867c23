"""A DynamoDB in memory that enforces the service's rules about tables, and fails on request.

It is for tests, not for storage: states change by its clock, DescribeTable can lag, and any request
can be made to fail before or after its effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from threading import RLock
from typing import Any

from msgspec import json

from ..errors import DynamormError, service_error
from ..operations.drivers import Clock
from . import replicas
from .backups import Backups
from .buckets import FakeS3
from .contents import MAX_BODY
from .faults import Fault, Refusal, failing
from .items import SHAPES, Items
from .scripted import FakeClock
from .settings import Settings
from .tables import Account, Answer, Payload, not_found, plain_name
from .transfers import Transfers
from .updates import Updates


class FakeService:
    """Answers as DynamoDB does; the delays are in seconds of `clock`.

    `lag` is how long DescribeTable does not see a change. Without `backups` it is like the
    emulators that do not support them; `unknown` are operations that it does not support.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        create_seconds: float = 5.0,
        delete_seconds: float = 3.0,
        lag: float = 0.0,
        page: int = 100,
        backups: bool = True,
        update_seconds: float = 4.0,
        index_seconds: float = 20.0,
        ttl_seconds: float = 1800.0,
        recovery_seconds: float = 2.0,
        unknown: Collection[str] = (),
        objects: dict[str, bytes] | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.create_seconds = create_seconds
        self.delete_seconds = delete_seconds
        self.lag = lag
        self.page = page
        self.sent: list[str] = []
        """The operation of every request, in order."""
        self.objects: dict[str, bytes] = {} if objects is None else objects
        """The objects in S3: lines of DynamoDB JSON, by `bucket/key`. Services may share it."""
        self.s3 = FakeS3(self.objects)
        """A client of that S3, for `s3=`."""
        self._faults: list[Fault] = []
        # A copy sends from several threads, and a request is done as a whole.
        self._lock = RLock()
        self.unknown = frozenset(unknown)
        # Each part brings its operations in a table of its own: a new one is a line here.
        self._parts: tuple[Callable[[Account], Any], ...] = (
            partial(Updates, seconds=update_seconds, index_seconds=index_seconds),
            partial(Settings, ttl_seconds=ttl_seconds, recovery_seconds=recovery_seconds),
            *([partial(Backups, seconds=create_seconds)] if backups else ()),
        )
        self._open(Account(self.clock))

    def _open(self, account: Account) -> None:
        """Answer for the tables of an account in a region."""
        self._account = account
        self._items = Items(account)
        self._operations: dict[str, Answer] = {
            "CreateTable": self._create_table,
            "DeleteTable": self._delete_table,
            "DescribeTable": self._describe_table,
            "ListTables": self._list_tables,
            **self._items.operations,
            **Transfers(account, self.objects, self._create_table).operations,
        }
        for part in self._parts:
            self._operations |= part(account).operations

    def in_region(self, region: str) -> FakeService:
        """Return the service in another region, where the replicas of global tables are.

        It has its own tables, and all else in common: requests go to the one list `sent`.
        """
        made = copy(self)
        made._open(self._account.elsewhere(region))
        return made

    def fail(
        self, operation: str, error: DynamormError, *, times: int = 1, after_effect: bool = False
    ) -> None:
        """Let the next requests of `operation` raise `error`, `after_effect` once they are done."""
        self._faults += [(operation, error, after_effect)] * times

    def withhold(self, *counts: int) -> None:
        """Let each of the next BatchWriteItems leave that many of its items unprocessed.

        Replaces what was asked for before: without `counts`, no items are left.
        """
        self._items.withheld[:] = counts

    def withhold_keys(self, *counts: int) -> None:
        """Let each of the next BatchGetItems leave that many of its keys unprocessed, as above."""
        self._items.withheld_keys[:] = counts

    def items(self, table: str) -> list[bytes]:
        """Return the items of a table as they are stored, in no order that means anything."""
        with _answering("Scan"):
            return self._account.require(table).contents.raws()

    def put(self, table: str, *items: bytes) -> None:
        """Store items without a request, each as the JSON of its attribute values."""
        with _answering("PutItem"):
            for item in items:
                self._account.require(table).contents.put(item)

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        with self._lock:
            self.sent.append(operation)
            # Faults are raised outside `_answering`: they are errors of the test, not refusals.
            with failing(self._faults, operation), _answering(operation):
                answer = self._operation(operation)(_decoded(operation, body))
            return b"" if answer is None else json.encode(answer)

    def _operation(self, operation: str) -> Answer:
        if operation in self.unknown or operation not in self._operations:
            raise Refusal(f"no {operation} here", "UnknownOperationException")
        return self._operations[operation]

    def _create_table(self, payload: Payload) -> Payload:
        payload["TableName"] = name = plain_name(payload["TableName"])
        if self._account.find(name) is not None:
            raise Refusal(f"Table already exists: {name}", "ResourceInUseException")
        made = self._account.add(payload, self.create_seconds)
        return {"TableDescription": made.describe(made.made_at)}

    def _delete_table(self, payload: Payload) -> Payload:
        found = self._account.require(payload["TableName"])
        now = self._account.now
        if found.status(now) in ("CREATING", "UPDATING"):
            raise Refusal("Table is being changed", "ResourceInUseException")
        if found.at(now).payload.get("DeletionProtectionEnabled"):
            raise Refusal(
                "Resource cannot be deleted as it is currently protected against deletion"
            )
        if replicas.is_source(found, now):
            raise Refusal(
                "Replica cannot be deleted because it has acted as a source region for new "
                "replica(s) being added to the table in the last 24 hours."
            )
        if found.deleted_at is None:
            replicas.forget(self._account, payload["TableName"], now)
            found.deleted_at = now
            found.gone_at = now + self.delete_seconds
        return {"TableDescription": found.describe(now)}

    def _describe_table(self, payload: Payload) -> Payload:
        # DescribeTable alone reads stale here; all that changes something sees what is there.
        seen_at = self._account.now - self.lag
        found = self._account.tables.get(plain_name(payload["TableName"]))
        if found is None or seen_at < found.made_at or found.gone(seen_at):
            raise not_found(f"Table: {payload['TableName']}")
        return {"Table": found.describe(seen_at)}

    def _list_tables(self, payload: Payload) -> Payload:
        after = payload.get("ExclusiveStartTableName", "")
        names = sorted(
            name for name in self._account.tables if name > after and self._account.find(name)
        )
        page = names[: self.page]
        last = {"LastEvaluatedTableName": page[-1]} if len(names) > len(page) else {}
        return {"TableNames": page, **last}


def _decoded(operation: str, body: bytes) -> Any:
    if len(body) > MAX_BODY:
        raise Refusal(f"{MAX_BODY} bytes at most")
    return json.decode(body, type=SHAPES.get(operation, Any))


@contextmanager
def _answering(operation: str) -> Iterator[None]:
    """Answer with an error where a request is refused."""
    try:
        yield
    except Refusal as refusal:
        code, message = refusal.code, str(refusal)
        answer = service_error(code, message, status=400, request_id="fake", operation=operation)
        raise answer from None
