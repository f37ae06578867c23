"""The requests for items that a fake service knows: what copies and comparisons send."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from ..errors import ConditionFailed
from .tables import Account, Part, Payload


class Items(Part):
    """Answers what is about items, and leaves some undone where it is told to."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.withheld: list[int] = []
        """How many items each of the next BatchWriteItems leaves unprocessed."""
        self.withheld_keys: list[int] = []
        """How many keys each of the next BatchGetItems leaves unprocessed."""

    def scan(self, payload: Payload) -> Payload:
        return self._account.contents(payload["TableName"]).scan(payload)

    def get_item(self, asked: _GetItem) -> Payload:
        found = self._account.contents(asked.TableName).held(asked.Key)
        return {} if found is None else {"Item": Raw(found)}

    def put_item(self, asked: _PutItem) -> Payload:
        """Put an item; the one condition that there is here is that no other has its key."""
        contents = self._account.contents(asked.TableName)
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

    def batch_get_item(self, payload: Payload) -> Payload:
        responses: Payload = {}
        unprocessed: Payload = {}
        consumed: list[Payload] = []
        for name, asked in payload["RequestItems"].items():
            contents = self._account.contents(name)
            held = _next_of(self.withheld_keys, len(asked["Keys"]))
            responses[name], left, units = contents.get(asked, held)
            consumed.append({"TableName": name, "CapacityUnits": units})
            if left:
                unprocessed[name] = {**asked, "Keys": left}
        return {
            "Responses": responses,
            "UnprocessedKeys": unprocessed,
            "ConsumedCapacity": consumed,
        }

    def batch_write_item(self, asked: _BatchWriteItem) -> Payload:
        unprocessed: Payload = {}
        written = 0.0
        for name, requests in asked.RequestItems.items():
            contents = self._account.contents(name)
            raws = [request.raw for request in requests]
            keys = contents.keys(raws)
            left = _next_of(self.withheld, len(raws))
            for request, key in zip(requests[left:], keys[left:], strict=True):
                if request.PutRequest is None:
                    contents.discard(key)
                else:
                    contents.store(request.raw, key)
                written += max(1.0, len(request.raw) / 1024)
            if left:
                unprocessed[name] = requests[:left]
        return {"UnprocessedItems": unprocessed, "ConsumedCapacity": [{"CapacityUnits": written}]}


class _GetItem(Struct):
    TableName: str
    Key: Raw


class _PutItem(Struct):
    TableName: str
    Item: Raw
    ConditionExpression: str | None = None
    ReturnValuesOnConditionCheckFailure: str = "NONE"


class _Put(Struct):
    Item: Raw


class _Delete(Struct):
    Key: Raw


class _Write(Struct, omit_defaults=True):
    PutRequest: _Put | None = None
    DeleteRequest: _Delete | None = None

    @property
    def raw(self) -> Raw:
        """The item to put, or the key of the one to delete."""
        if self.PutRequest is not None:
            return self.PutRequest.Item
        assert self.DeleteRequest is not None
        return self.DeleteRequest.Key


class _BatchWriteItem(Struct):
    RequestItems: dict[str, list[_Write]]


SHAPES: dict[str, Any] = {
    "BatchWriteItem": _BatchWriteItem,
    "GetItem": _GetItem,
    "PutItem": _PutItem,
}
"""What the requests decode to that have items or keys, which stay the bytes that they are."""


def _next_of(counts: list[int], most: int) -> int:
    return min(counts.pop(0), most) if counts else 0
