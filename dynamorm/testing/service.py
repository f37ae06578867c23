"""A DynamoDB in memory that keeps the service's rules about tables, and fails when it is told to.

It is for testing programs, not for storing: states change by its clock, DescribeTable can lag, and
any request can be made to fail before or after its effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import RLock

from msgspec import Raw, Struct, json

from ..api.items import WriteRequest
from ..errors import ConditionFailed, DynamormError
from ..operations.drivers import Clock
from .backups import Backups
from .changing import Changing
from .contents import MAX_BODY, Refusal
from .facets import Facets
from .living import Payload, Table, error, plain_name
from .scripted import FakeClock

Fault = tuple[str, DynamormError, bool]


class FakeService:
    """Answers as DynamoDB does, after the delays (in seconds of `clock`) that it is given.

    `lag` is for how long DescribeTable does not see what has just happened. Without `backups` it
    is like the emulators that do not know them; `unknown` are operations that it does not know.
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
    ) -> None:
        self.clock = clock or FakeClock()
        self.create_seconds = create_seconds
        self.delete_seconds = delete_seconds
        self.lag = lag
        self.page = page
        self.sent: list[str] = []
        """The operation of every request, in order."""
        self._tables: dict[str, Table] = {}
        self._withheld: list[int] = []
        self._withheld_keys: list[int] = []
        self._faults: list[Fault] = []
        self._lock = RLock()
        changing = Changing(
            self.clock, self._require, seconds=update_seconds, index_seconds=index_seconds
        )
        facets = Facets(
            self.clock, self._require, ttl_seconds=ttl_seconds, recovery_seconds=recovery_seconds
        )
        self._unknown = frozenset(unknown)
        self._operations: dict[str, Callable[[bytes], Payload | None]] = {
            **facets.operations,
            "BatchGetItem": self._batch_get_item,
            "BatchWriteItem": self._batch_write_item,
            "CreateTable": self._create_table,
            "DeleteTable": self._delete_table,
            "DescribeTable": self._describe_table,
            "GetItem": self._get_item,
            "ListTables": self._list_tables,
            "PutItem": self._put_item,
            "Scan": self._scan,
            "UpdateTable": changing.update_table,
        }
        if backups:
            made = Backups(self.clock, lambda name: self._require(name, "CreateBackup"))
            self._operations |= {"CreateBackup": made.create, "DescribeBackup": made.describe}

    def fail(
        self, operation: str, error: DynamormError, *, times: int = 1, after_effect: bool = False
    ) -> None:
        """Let the next requests of `operation` end in `error`; `after_effect`: having done it."""
        self._faults += [(operation, error, after_effect)] * times

    def withhold(self, *counts: int) -> None:
        """Let each of the next BatchWriteItems leave so many of its items unprocessed."""
        self._withheld += counts

    def withhold_keys(self, *counts: int) -> None:
        """Let each of the next BatchGetItems leave so many of its keys unprocessed."""
        self._withheld_keys += counts

    def items(self, table: str) -> list[bytes]:
        """Return the items of a table as they are stored, in no order that means anything."""
        return self._require(table, "Scan").contents.raws()

    def put(self, table: str, *items: bytes) -> None:
        """Store items, each the JSON of its attribute values, without a request."""
        for item in items:
            self._require(table, "PutItem").contents.put(item)

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        with self._lock:
            self.sent.append(operation)
            fault = next((f for f in self._faults if f[0] == operation), None)
            if fault:
                self._faults.remove(fault)
            if fault and not fault[2]:
                raise fault[1]
            answer = self._operation(operation)(body)
            if fault:
                raise fault[1]
            return b"" if answer is None else json.encode(answer)

    def _operation(self, operation: str) -> Callable[[bytes], Payload | None]:
        if operation in self._unknown or operation not in self._operations:
            raise error("UnknownOperationException", f"no {operation} here", operation)
        return self._operations[operation]

    def _create_table(self, body: bytes) -> Payload:
        payload = json.decode(body)
        payload["TableName"] = name = plain_name(payload["TableName"])
        if self._find(name) is not None:
            raise error("ResourceInUseException", f"Table already exists: {name}", "CreateTable")
        for problem in _create_problems(payload):
            raise error("ValidationException", problem, "CreateTable")
        now = self.clock.now()
        made = Table(payload, now, now + self.create_seconds)
        self._tables[name] = made
        return {"TableDescription": made.describe(now)}

    def _delete_table(self, body: bytes) -> Payload:
        payload = json.decode(body)
        found = self._require(payload["TableName"], "DeleteTable")
        now = self.clock.now()
        if found.status(now) in ("CREATING", "UPDATING"):
            raise error("ResourceInUseException", "Table is being changed", "DeleteTable")
        if found.at(now).payload.get("DeletionProtectionEnabled"):
            message = "Resource cannot be deleted as it is currently protected against deletion"
            raise error("ValidationException", message, "DeleteTable")
        if found.deleted_at is None:
            found.deleted_at = now
            found.gone_at = now + self.delete_seconds
        return {"TableDescription": found.describe(now)}

    def _describe_table(self, body: bytes) -> Payload:
        payload = json.decode(body)
        seen_at = self.clock.now() - self.lag
        found = self._tables.get(plain_name(payload["TableName"]))
        if found is None or seen_at < found.made_at or found.gone(seen_at):
            raise _not_found(payload["TableName"], "DescribeTable")
        return {"Table": found.describe(seen_at)}

    def _list_tables(self, body: bytes) -> Payload:
        payload = json.decode(body)
        after = payload.get("ExclusiveStartTableName", "")
        names = sorted(name for name in self._tables if name > after and self._find(name))
        page = names[: self.page]
        last = {"LastEvaluatedTableName": page[-1]} if len(names) > len(page) else {}
        return {"TableNames": page, **last}

    def _scan(self, body: bytes) -> Payload:
        payload = json.decode(body)
        return self._writable(payload["TableName"], "Scan").contents.scan(payload)

    def _get_item(self, body: bytes) -> Payload:
        asked = json.decode(body, type=_GetItem)
        found = self._writable(asked.TableName, "GetItem").contents.held(asked.Key)
        return {} if found is None else {"Item": Raw(found)}

    def _put_item(self, body: bytes) -> Payload:
        """Put an item; the one condition that there is here is that no other has its key."""
        asked = json.decode(body, type=_PutItem)
        contents = self._writable(asked.TableName, "PutItem").contents
        with _judging("PutItem"):
            contents.check(asked.Item)
        there = contents.held(asked.Item)
        if there is not None and asked.ConditionExpression is not None:
            failed = ConditionFailed(
                "ConditionalCheckFailedException",
                "The conditional request failed",
                status=400,
                request_id="fake",
                operation="PutItem",
            )
            if asked.ReturnValuesOnConditionCheckFailure == "ALL_OLD":
                failed.item = there
            raise failed
        contents.put(asked.Item)
        return {"ConsumedCapacity": {"CapacityUnits": max(1.0, len(asked.Item) / 1024)}}

    def _batch_get_item(self, body: bytes) -> Payload:
        responses: Payload = {}
        unprocessed: Payload = {}
        consumed: list[Payload] = []
        for name, asked in json.decode(body)["RequestItems"].items():
            contents = self._writable(name, "BatchGetItem").contents
            held = _next_of(self._withheld_keys, len(asked["Keys"]))
            with _judging("BatchGetItem"):
                responses[name], left, units = contents.get(asked, held)
            consumed.append({"TableName": name, "CapacityUnits": units})
            if left:
                unprocessed[name] = {**asked, "Keys": left}
        return {
            "Responses": responses,
            "UnprocessedKeys": unprocessed,
            "ConsumedCapacity": consumed,
        }

    def _batch_write_item(self, body: bytes) -> Payload:
        if len(body) > MAX_BODY:
            raise error("ValidationException", "16777216 bytes at most", "BatchWriteItem")
        batches = json.decode(body, type=_BatchWriteItem).RequestItems
        unprocessed: Payload = {}
        written = 0.0
        for name, requests in batches.items():
            contents = self._writable(name, "BatchWriteItem").contents
            raws = [request.put_request.item for request in requests]
            with _judging("BatchWriteItem"):
                keys = contents.keys(raws)
            left = _next_of(self._withheld, len(raws))
            for raw, key in zip(raws[left:], keys[left:], strict=True):
                contents.store(raw, key)
                written += max(1.0, len(raw) / 1024)
            if left:
                unprocessed[name] = requests[:left]
        return {"UnprocessedItems": unprocessed, "ConsumedCapacity": [{"CapacityUnits": written}]}

    def _find(self, name: str) -> Table | None:
        found = self._tables.get(plain_name(name))
        return None if found is None or found.gone(self.clock.now()) else found

    def _require(self, name: str, operation: str) -> Table:
        found = self._find(name)
        if found is None:
            raise _not_found(name, operation)
        return found

    def _writable(self, name: str, operation: str) -> Table:
        """Find a table whose items can be read and written: one that is being created has none."""
        found = self._require(name, operation)
        if found.status(self.clock.now()) == "CREATING":
            raise _not_found(name, operation)
        return found


class _GetItem(Struct):
    TableName: str
    Key: Raw


class _PutItem(Struct):
    TableName: str
    Item: Raw
    ConditionExpression: str | None = None
    ReturnValuesOnConditionCheckFailure: str = "NONE"


class _BatchWriteItem(Struct):
    RequestItems: dict[str, list[WriteRequest]]


def _next_of(counts: list[int], most: int) -> int:
    return min(counts.pop(0), most) if counts else 0


@contextmanager
def _judging(operation: str) -> Iterator[None]:
    """Answer as the service does to a batch that it refuses."""
    try:
        yield
    except Refusal as refusal:
        raise error("ValidationException", str(refusal), operation) from None


def _create_problems(payload: Payload) -> Iterator[str]:
    """Return what the service answers to a CreateTable that it refuses."""
    indexes = [
        *payload.get("GlobalSecondaryIndexes", ()),
        *payload.get("LocalSecondaryIndexes", ()),
    ]
    defined = [item["AttributeName"] for item in payload["AttributeDefinitions"]]
    used = {part["AttributeName"] for owner in (payload, *indexes) for part in owner["KeySchema"]}
    if len(set(defined)) != len(defined) or set(defined) != used:
        yield (
            "Number of attributes in KeySchema does not exactly match number of attributes "
            "defined in AttributeDefinitions"
        )
    if len({index["IndexName"] for index in indexes}) != len(indexes):
        yield "Duplicate index name"
    owners = (payload, *payload.get("GlobalSecondaryIndexes", ()))
    provisioned = payload.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    if any(("ProvisionedThroughput" in owner) != provisioned for owner in owners):
        yield "ProvisionedThroughput goes with BillingMode PROVISIONED, on the table and each index"


def _not_found(name: str, operation: str) -> DynamormError:
    message = f"Requested resource not found: Table: {name} not found"
    return error("ResourceNotFoundException", message, operation)
