"""Many tasks on one database, and tasks that are cancelled in the middle of a copy."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aids.httpserver import Request, Server, Silence, answer, refusal, serving
from aids.leaks import nothing_left, other_tasks
from aids.worlds import Order

import dynamorm
from dynamorm import AsyncDatabase, Clock, Credentials
from dynamorm.testing import FakeService
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.threads import ThreadTransport

TRANSPORTS: dict[str, Callable[..., Any]] = {
    "aio": AioTransport,
    "botocore": lambda **given: ThreadTransport(BotocoreTransport(**given)),
    "http": lambda **given: ThreadTransport(HttpTransport(**given)),
}
every_transport = pytest.mark.parametrize("transport", TRANSPORTS)


def database(transport: str, url: str, timeout: float = 10.0) -> AsyncDatabase:
    """Connect; a thread waits out its time-out when its task has been cancelled."""
    made = TRANSPORTS[transport](
        region="eu-west-1",
        endpoint=url,
        credentials=Credentials("key", "secret"),
        environ={},
        connect_timeout=timeout,
        read_timeout=timeout,
    )
    return dynamorm.connect_async(transport=made)


@every_transport
def test_two_hundred_tasks_share_a_database(transport: str) -> None:
    """Each gets what it has asked for, over 64 connections at most."""

    async def live(adb: AsyncDatabase, number: int) -> None:
        name = f"orders-{number}"
        assert (await adb.run(dynamorm.ensure_table(Order, name=name))).created
        assert (await adb.run(dynamorm.describe_table(name))).table_name == name
        if number % 50 == 0:
            report = await adb.run(dynamorm.copy_table("orders", name, segments=4))
            assert report.written == 100

    async def main(url: str) -> None:
        async with database(transport, url) as adb:
            await asyncio.gather(*(live(adb, number) for number in range(200)))
        assert other_tasks() == set()

    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(Order), service)
    service.put("orders", *(b'{"number":{"N":"%d"}}' % number for number in range(100)))
    with nothing_left(), Server(serving(service)) as server:
        asyncio.run(main(server.url))
        assert server.connections <= 64
    assert len(dynamorm.run(dynamorm.list_tables(), service)) == 201


# A copy that would stay where it is for ever is cancelled there.


class Pausing(Clock):
    """Pauses that never end."""

    def __init__(self) -> None:
        self.pausing = asyncio.Event()

    async def asleep(self, seconds: float) -> None:
        self.pausing.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def connecting() -> AsyncIterator[Stuck]:
    """The other side takes the connection, and never answers the TLS handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        links: list[socket.socket] = []

        async def accept() -> None:
            link, _ = await asyncio.get_running_loop().sock_accept(listener)
            links.append(link)

        yield f"https://127.0.0.1:{listener.getsockname()[1]}", accept(), Clock()
        links[0].close()


@asynccontextmanager
async def reading() -> AsyncIterator[Stuck]:
    """No page comes."""
    come = asyncio.Event()
    loop = asyncio.get_running_loop()

    def silent(_request: Request) -> Silence:
        loop.call_soon_threadsafe(come.set)
        return Silence()

    with Server(DESCRIBED, DESCRIBED, silent) as server:
        yield server.url, come.wait(), Clock()


@asynccontextmanager
async def sleeping() -> AsyncIterator[Stuck]:
    """Pages are refused for now, and the pause before the next try has no end."""
    clock = Pausing()
    with Server(DESCRIBED, DESCRIBED, refusal("ThrottlingException")) as server:
        yield server.url, clock.pausing.wait(), clock


Stuck = tuple[str, Awaitable[Any], Clock]
"""A URL, what to wait for until the copy is stuck, and its clock."""

DESCRIBED = answer(
    {
        "Table": {
            "TableName": "orders",
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": "number", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "number", "AttributeType": "N"}],
        }
    }
)


async def cancelled(copying: Work, stuck: Awaitable[Any]) -> None:
    task = asyncio.create_task(copying)
    await stuck
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancelled_twice(copying: Work, stuck: Awaitable[Any]) -> None:
    task = asyncio.create_task(copying)
    await stuck
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def waited_for(copying: Work, stuck: Awaitable[Any]) -> None:
    task = asyncio.create_task(copying)
    await stuck
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(task, 0)


async def timed_out(copying: Work, stuck: Awaitable[Any]) -> None:
    async def copy() -> None:
        async with asyncio.timeout(None) as scope:
            waiting = asyncio.ensure_future(stuck)
            waiting.add_done_callback(lambda _: scope.reschedule(0))
            await copying

    with pytest.raises(TimeoutError):
        await copy()


async def grouped(copying: Work, stuck: Awaitable[Any]) -> None:
    async def copy() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(copying)
            await stuck
            raise LookupError("lost")

    with pytest.raises(Exception, match="unhandled errors in a TaskGroup"):
        await copy()


Work = Coroutine[Any, Any, object]

new_in_3_11 = pytest.mark.skipif(sys.version_info < (3, 11), reason="new in Python 3.11")


@every_transport
@pytest.mark.parametrize("at", [connecting, reading, sleeping])
@pytest.mark.parametrize(
    "end",
    [
        cancelled,
        cancelled_twice,
        waited_for,
        pytest.param(timed_out, marks=new_in_3_11),
        pytest.param(grouped, marks=new_in_3_11),
    ],
)
def test_a_cancelled_copy_leaves_nothing_behind(transport: str, at: Any, end: Any) -> None:
    """No task after the cancelling, no socket after the closing, no thread after the loop."""

    async def main() -> None:
        async with at() as (url, stuck, clock), database(transport, url, timeout=0.05) as adb:
            copying = dynamorm.copy_table("orders", "orders-2", segments=3)
            await end(dynamorm.arun(copying, adb.transport, clock=clock), stuck)
            assert other_tasks() == set()

    with nothing_left():
        asyncio.run(main())
