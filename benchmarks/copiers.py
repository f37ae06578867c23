"""The contenders of `copies.py`: each copies the table `source` to the table `target`.

python benchmarks/copiers.py CONTENDER URL SEGMENTS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

BATCH = 25


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
        for first in range(0, len(puts), BATCH):
            left = {"target": puts[first : first + BATCH]}
            while left:
                left = made.batch_write_item(RequestItems=left)["UnprocessedItems"]
        copied += len(puts)
        if "LastEvaluatedKey" not in page:
            return copied
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def aiodynamo(url: str, _segments: int) -> int:
    import asyncio

    from aiodynamo.client import Client
    from aiodynamo.credentials import Credentials
    from aiodynamo.http.aiohttp import AIOHTTP
    from aiodynamo.models import BatchWriteRequest
    from aiohttp import ClientSession
    from yarl import URL

    async def main() -> int:
        async with ClientSession() as session:
            made = Client(AIOHTTP(session), Credentials.auto(), "us-east-1", URL(url))
            source = made.table("source")
            await source.describe()
            WATCH.start()
            copied = 0
            batch: list[Any] = []

            async def flush(items: list[Any]) -> None:
                while items:
                    put = BatchWriteRequest(items_to_put=items)
                    left = (await made.batch_write({"target": put})).get("target")
                    items = list(left.items_to_put) if left else []

            async for found in source.scan():
                batch.append(found)
                copied += 1
                if len(batch) == BATCH:
                    await flush(batch)
                    batch = []
            await flush(batch)
            return copied

    return asyncio.run(main())


def pydynox(url: str, _segments: int) -> int:
    from pydynox import DynamoDBClient

    made = DynamoDBClient("us-east-1", "benchmark", "benchmark", endpoint_url=url)
    made.sync_table_exists("source")
    WATCH.start()
    copied = 0
    batch: list[dict[str, Any]] = []
    for found in made.sync_scan("source"):
        batch.append(found)
        copied += 1
        if len(batch) == BATCH:
            made.sync_batch_write("target", put_items=batch)
            batch = []
    made.sync_batch_write("target", put_items=batch)
    return copied


def pynamodb(url: str, _segments: int) -> int:
    from pynamodb.connection import Connection

    made = Connection(region="us-east-1", host=url)
    for name in ("source", "target"):
        made.describe_table(name)
    WATCH.start()
    copied = 0
    start: Any = None
    while True:
        page = made.scan("source", exclusive_start_key=start)
        for first in range(0, len(page["Items"]), BATCH):
            made.batch_write_item("target", put_items=page["Items"][first : first + BATCH])
        copied += len(page["Items"])
        start = page.get("LastEvaluatedKey")
        if not start:
            return copied


def floor(url: str, _segments: int) -> int:
    from floor import copy

    return copy(url, WATCH.start)


COPIERS: dict[str, Callable[[str, int], int]] = {
    "floor": floor,
    "dynamorm http": http,
    "dynamorm aio": aio,
    "dynamorm botocore": botocore,
    "dynamorm, wrapped boto3 client": client,
    "dynamorm http, typed transform": typed,
    "pydynox (Rust)": pydynox,
    "aiodynamo": aiodynamo,
    "PynamoDB": pynamodb,
    "botocore client": botocore_client,
    "boto3 resource": boto3_resource,
}


if __name__ == "__main__":
    name, url, segments = sys.argv[1:]
    print(json.dumps(WATCH.figures(COPIERS[name](url, int(segments)))))
