"""One engine, reached by one transport, with tables that nobody else has."""

from __future__ import annotations

import asyncio
import inspect
import os
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import boto3
from botocore.config import Config

import dynamorm
from dynamorm.operations import Steps
from dynamorm.operations.drivers import Clock
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.http import HttpTransport

T = TypeVar("T")

ACCOUNT = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
"""What the environment says of the endpoint that DYNAMORM_ENDPOINT stands for."""

ANYBODY = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "anybody",
    "AWS_SECRET_ACCESS_KEY": "anybody",
}


class Hurried(Clock):
    """Its seconds are short: an engine on this machine is done long before the service would be."""

    def __init__(self, haste: float) -> None:
        self._haste = haste

    def now(self) -> float:
        return super().now() * self._haste

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._haste)

    async def asleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._haste)


def boto3_client(engine: str, url: str | None) -> Any:
    """A client that does not retry, and leaves that to whoever calls it."""
    environ = environ_of(engine)
    return boto3.session.Session().client(
        "dynamodb",
        endpoint_url=url,
        region_name=environ.get("AWS_REGION"),
        aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=environ.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )


def environ_of(engine: str) -> dict[str, str]:
    return ACCOUNT if engine == "endpoint" else ANYBODY


TRANSPORTS: dict[str, Callable[..., Any]] = {
    "botocore": BotocoreTransport,
    "http": HttpTransport,
    "aio": AioTransport,
    "client": ClientTransport,
}


class World:
    """Performs operations, and looks at what has come of them through boto3."""

    def __init__(self, engine: str, url: str | None, client: Any, transport: str) -> None:
        given = {"endpoint": url, "environ": environ_of(engine)}
        made = TRANSPORTS[transport]
        self.transport = ClientTransport(client) if made is ClientTransport else made(**given)
        self.clock = Clock() if engine in ("dynamodb-local", "endpoint") else Hurried(10)
        self.prefix = f"dynamorm-{secrets.token_hex(4)}-"
        self.client = client
        self._loop = asyncio.new_event_loop()

    def run(self, steps: Steps[T]) -> T:
        given = {"table_prefix": self.prefix, "clock": self.clock}
        if inspect.iscoroutinefunction(self.transport.send):
            return self._done(dynamorm.arun(steps, self.transport, **given))
        return dynamorm.run(steps, self.transport, **given)

    def put(self, table: str, items: Iterable[dict[str, Any]]) -> None:
        puts = [{"PutRequest": {"Item": item}} for item in items]
        for first in range(0, len(puts), 25):
            self.write(table, puts[first : first + 25])

    def write(self, table: str, requests: list[dict[str, Any]]) -> None:
        """Send one BatchWriteItem, all of which has to be done."""
        reply = self.client.batch_write_item(RequestItems={self.prefix + table: requests})
        assert not reply["UnprocessedItems"]

    def items(self, table: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.prefix + table, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def end(self) -> None:
        """Delete the tables that were made here, and close what was opened."""
        try:
            for name in self.run(dynamorm.list_tables()):
                self.run(dynamorm.delete_table(name))
        finally:
            close = getattr(self.transport, "aclose", getattr(self.transport, "close", None))
            if close is not None and inspect.isawaitable(closing := close()):
                self._done(closing)
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def _done(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)
