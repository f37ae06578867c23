"""A transport that answers from memory within the process, so that nothing else needs a processor.

Its tables have any number of items and are stored nowhere: each page is the first one with other
keys. A `Database` of it can be sent to another process, which makes its own.
"""

from __future__ import annotations

import time
from typing import Any

from canned import DESCRIPTION, page
from customers import Customer, upgrade
from msgspec import json

import dynamorm

PAGE = 1000
"""Items on a page, each of a kilobyte."""

KEYS = b"customer-%06d"
"""What the keys of a page begin with; three digits follow."""


class Within:
    """Answers after `delay` seconds, in which it sleeps.

    The table `upgraded` has what the transform of `customers.py` makes of the others' items;
    `fewer` lacks the first item of each page.
    """

    def __init__(self, pages: int, delay: float = 0.0) -> None:
        self._made_of = pages, delay
        self._bodies: dict[str, bytes] = {}

    def _body(self, table: str) -> bytes:
        """Give the first page of a table, which is made once."""
        if table not in self._bodies:
            items = json.decode(page(0, last=True))["Items"]
            if table == "upgraded":
                made = [upgrade(dynamorm.from_item(Customer, item)) for item in items]
                items = [dynamorm.to_item(customer) for customer in made]
            items = items[1:] if table == "fewer" else items
            body = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
            self._bodies[table] = json.encode(body)[:-1]
        return self._bodies[table]

    def send(self, operation: str, body: bytes) -> bytes:
        pages, delay = self._made_of
        time.sleep(delay)
        if operation == "BatchWriteItem":
            return b'{"UnprocessedItems":{}}'
        asked = json.decode(body)
        if operation == "BatchGetItem":
            found: dict[str, Any] = {name: [] for name in asked["RequestItems"]}
            return json.encode({"Responses": found, "UnprocessedKeys": {}})
        if operation == "DescribeTable":
            return json.encode({"Table": {"TableName": asked["TableName"], **DESCRIPTION}})
        start, of = asked.get("ExclusiveStartKey"), asked["TotalSegments"]
        # Of 8 segments, the third one has the pages 2, 10, 18 and so on.
        number = int(start["id"]["S"].rpartition("-")[2][:6]) + of if start else asked["Segment"]
        if number >= pages:
            return b'{"Items":[],"Count":0}'
        answer = self._body(asked["TableName"]).replace(KEYS % 0, KEYS % number)
        if number + of >= pages:
            return answer + b"}"
        return answer + b',"LastEvaluatedKey":{"id":{"S":"%s999"}}}' % (KEYS % number)


class Database(dynamorm.Database):
    """A database of such a transport."""

    def __init__(self, pages: int, delay: float = 0.0) -> None:
        super().__init__(Within(pages, delay))
        self._made_of = pages, delay

    def __reduce__(self) -> tuple[Any, ...]:
        return Database, self._made_of
