"""What can go wrong with an HTTP request to DynamoDB, each under a name of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from msgspec import Raw, json

from aids.httpserver import Cut, Silence, Turn, answer, checked, refusal


class Request(Protocol):
    """One request on its way."""

    operation: str
    body: bytes
    chance: Random

    def send(self, body: bytes | None = None, *, heard: bool = True) -> bytes:
        """Have the effect, of another body if one is given; `heard`: and let the client know."""


Trouble = Callable[[Request], Turn]


def passed_on(request: Request) -> Turn:
    return checked(request.send())


def refused(code: str, status: int = 400) -> Trouble:
    return lambda request: refusal(code, status=status)


def after(spoilt: Callable[[bytes], Turn]) -> Trouble:
    """Have the effect, and give something else in place of the answer."""
    return lambda request: spoilt(request.send(heard=False))


def slow(request: Request) -> Turn:
    time.sleep(0.002)
    return passed_on(request)


ANY: dict[str, Trouble] = {
    "throttled": refused("ProvisionedThroughputExceededException"),
    "throttled by rate": refused("ThrottlingException"),
    "throttled by account": refused("RequestLimitExceeded"),
    "broken": refused("InternalServerError", 500),
    "broken after": after(lambda reply: refusal("InternalServerError", status=500)),
    "unavailable": lambda request: answer(b"<html>busy</html>", 503),
    "cut before": lambda request: Cut(),
    "cut after": after(lambda reply: Cut()),
    "truncated": after(lambda reply: Cut(checked(reply)[:-9])),
    "damaged": after(lambda reply: checked(reply, wrong_by=1)),
    "half a JSON": after(lambda reply: checked(reply[:-9])),
    "no JSON": after(lambda reply: checked(b"<html>welcome</html>")),
    "no members": after(lambda reply: checked(b"{}")),
    "slow": slow,
    "late": after(lambda reply: Silence()),
}


def short_page(request: Request) -> Turn:
    """Lose items from the end of a page, which still says how many there were."""
    page = _members(request.send())
    items = json.decode(page["Items"], type=list[Raw])
    kept = items[: request.chance.randrange(len(items))] if items else []
    return checked(json.encode({**page, "Items": kept, "Count": len(items) or 1}))


def withheld(request: Request) -> Turn:
    """Write some of a batch's items at most, and give the others back."""
    [(table, requests)] = batches(request.body).items()
    left = request.chance.sample(range(len(requests)), request.chance.randint(1, len(requests)))
    return _partly(request, table, requests, set(left))


def all_withheld(request: Request) -> Turn:
    [(table, requests)] = batches(request.body).items()
    return _partly(request, table, requests, set(range(len(requests))))


def _partly(request: Request, table: str, requests: list[Raw], left: set[int]) -> Turn:
    sent = [put for number, put in enumerate(requests) if number not in left]
    unprocessed = [requests[number] for number in left]
    reply = b'{"UnprocessedItems":{}}'
    if sent:
        body = {**_members(request.body), "RequestItems": {table: sent}}
        reply = request.send(json.encode(body))
    unprocessed += leftovers(reply).get(table, [])
    return checked(json.encode({**_members(reply), "UnprocessedItems": {table: unprocessed}}))


def batches(body: bytes) -> dict[str, list[Raw]]:
    """Give the write requests of a BatchWriteItem by table."""
    return json.decode(_members(body)["RequestItems"], type=dict[str, list[Raw]])


def leftovers(reply: bytes) -> dict[str, list[Raw]]:
    """Give those that came back."""
    return json.decode(_members(reply)["UnprocessedItems"], type=dict[str, list[Raw]])


def _members(body: bytes) -> dict[str, Raw]:
    return json.decode(body, type=dict[str, Raw])


def shown(**members: Any) -> Trouble:
    """Describe the table otherwise than it is."""
    return lambda request: _described(request, lambda table: table.update(members))


def index_shown(**members: Any) -> Trouble:
    """Describe its indexes otherwise than they are."""

    def change(table: dict[str, Any]) -> None:
        for index in table.get("GlobalSecondaryIndexes", ()):
            index.update(members)

    return lambda request: _described(request, change)


def _described(request: Request, change: Callable[[dict[str, Any]], None]) -> Turn:
    reply = json.decode(request.send())
    change(reply["Table"])
    return checked(json.encode(reply))


SPECIAL: dict[str, dict[str, Trouble]] = {
    "Scan": {"short page": short_page},
    "BatchWriteItem": {"withheld": withheld, "all withheld": all_withheld},
    "DescribeTable": {
        "missing": refused("ResourceNotFoundException"),
        "creating": shown(TableStatus="CREATING"),
        "updating": shown(TableStatus="UPDATING"),
        "index creating": index_shown(IndexStatus="CREATING", Backfilling=False),
        "index backfilling": index_shown(IndexStatus="CREATING", Backfilling=True),
        "index not shown": shown(GlobalSecondaryIndexes=[]),
    },
}
"""What can go wrong with the requests of one operation only."""


def troubles(operation: str) -> dict[str, Trouble]:
    """Give all that can go wrong with a request."""
    return ANY | SPECIAL.get(operation, {})
