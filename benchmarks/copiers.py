"""The contenders of `copies.py`: each copies the table `source` to the table `target`.

python benchmarks/copiers.py CONTENDER URL SEGMENTS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

ITEMS_A_PAGE = 1000


class Watch:
    """Counts from where it is started: after one request, which loads what is loaded once."""

    def start(self) -> None:
        self._begun = time.process_time(), time.perf_counter()

    def figures(self, items: int) -> dict[str, float]:
        cpu, wall = self._begun
        return {
            "items": items,
            "cpu": time.process_time() - cpu,
            "wall": time.perf_counter() - wall,
        }


WATCH = Watch()


def http(url: str, segments: int) -> int:
    return _through("http", url, segments)


def botocore(url: str, segments: int) -> int:
    return _through("botocore", url, segments)


def client(url: str, _segments: int) -> int:
    import boto3

    from dynamorm.transports.client import ClientTransport

    return _copied(transport=ClientTransport(boto3.client("dynamodb", endpoint_url=url)))


def _through(transport: str, url: str, segments: int) -> int:
    return _copied(transport=transport, endpoint=url, segments=segments)


def _copied(segments: int = 1, **connection: Any) -> int:
    import dynamorm

    with dynamorm.connect(**connection) as db:
        db.describe_table("source")
        WATCH.start()
        return db.copy_table("source", "target", segments=segments).written


def aio(url: str, segments: int) -> int:
    import asyncio

    import dynamorm

    async def main() -> int:
        async with dynamorm.connect_async(endpoint=url, transport="aio") as adb:
            await adb.run(dynamorm.describe_table("source"))
            WATCH.start()
            steps = dynamorm.copy_table("source", "target", segments=segments)
            return (await adb.run(steps)).written

    return asyncio.run(main())


def typed(url: str, segments: int) -> int:
    from customers import Customer, Upgraded, upgrade

    import dynamorm

    with dynamorm.connect(transport="http", endpoint=url) as db:
        db.describe_table("source")
        WATCH.start()
        report = db.copy_table(Customer, Upgraded, transform=upgrade, segments=segments)
        return report.written


def boto3_resource(url: str, _segments: int) -> int:
    import boto3

    resource = boto3.resource("dynamodb", endpoint_url=url)
    source, target = resource.Table("source"), resource.Table("target")
    source.load()
    WATCH.start()
    copied = 0
    start: dict[str, Any] = {}
    with target.batch_writer() as batch:
        while True:
            page = source.scan(**start)
            for item in page["Items"]:
                batch.put_item(Item=item)
            copied += len(page["Items"])
            if "LastEvaluatedKey" not in page:
                return copied
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def botocore_client(url: str, _segments: int) -> int:
    import botocore.session

    made = botocore.session.get_session().create_client("dynamodb", endpoint_url=url)
    made.describe_table(TableName="source")
    WATCH.start()
    copied = 0
    start: dict[str, Any] = {}
    while True:
        page = made.scan(TableName="source", **start)
        puts = [{"PutRequest": {"Item": item}} for item in page["Items"]]
        for first in range(0, len(puts), 25):
            left = {"target": puts[first : first + 25]}
            while left:
                left = made.batch_write_item(RequestItems=left)["UnprocessedItems"]
        copied += len(puts)
        if "LastEvaluatedKey" not in page:
            return copied
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def floor(url: str, _segments: int) -> int:
    """Send the same bytes through `http.client`, signed by nobody, and read the answers."""
    from http.client import HTTPConnection

    from canned import item

    batch = ",".join(
        '{"PutRequest":{"Item":' + json.dumps(item(number), separators=(",", ":")) + "}}"
        for number in range(25)
    )
    write = f'{{"RequestItems":{{"target":[{batch}]}},"ReturnConsumedCapacity":"TOTAL"}}'.encode()
    connection = HTTPConnection(url.removeprefix("http://"))
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "x" * 250,
        "X-Amz-Date": "20260131T120000Z",
    }

    def send(operation: str, body: bytes) -> bytes:
        target = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        connection.request("POST", "/", body, {**headers, **target})
        return connection.getresponse().read()

    send("DescribeTable", b'{"TableName":"source"}')
    WATCH.start()
    copied = 0
    start = ""
    while True:
        page = send("Scan", f'{{"TableName":"source"{start}}}'.encode())
        for _ in range(ITEMS_A_PAGE // 25):
            send("BatchWriteItem", write)
        copied += ITEMS_A_PAGE
        found = page.rpartition(b'"LastEvaluatedKey":')[2]
        if len(found) == len(page):
            return copied
        start = f',"ExclusiveStartKey":{found[:-1].decode()}'


COPIERS: dict[str, Callable[[str, int], int]] = {
    "floor": floor,
    "http": http,
    "aio": aio,
    "botocore": botocore,
    "client": client,
    "http, typed transform": typed,
    "botocore client": botocore_client,
    "boto3 resource": boto3_resource,
}


if __name__ == "__main__":
    name, url, segments = sys.argv[1:]
    print(json.dumps(WATCH.figures(COPIERS[name](url, int(segments)))))
