"""What the asyncio transport promises besides the contract: cancelling, loops, the extra."""

from __future__ import annotations

import asyncio
import gc
import selectors
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aids.httpserver import Cut, Server, Silence, answer
from aids.rawserver import RawServer, Visit

import dynamorm
from dynamorm import Credentials, Retries, TransportError
from dynamorm.transports import aio
from dynamorm.transports.aio import AioTransport, LoopLink
from dynamorm.transports.connection import connected
from dynamorm.transports.routes import Failed, Route

TABLE = answer({"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}})


def transport(server: Server, **options: Any) -> AioTransport:
    key = Credentials("key", "secret")
    given: dict[str, Any] = {"region": "eu-west-1", "credentials": key, "environ": {}}
    return AioTransport(endpoint=server.url, **given | options)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come true in time")


def own_sockets(server: Server) -> list[socket.socket]:
    found = []
    for thing in gc.get_objects():
        if issubclass(type(thing), socket.socket) and thing.fileno() >= 0:
            try:
                if thing.getpeername() == server.server_address:
                    found.append(thing)
            except OSError:
                continue
    return found


async def cancelled(work: Awaitable[object], server: Server, requests: int) -> None:
    task = asyncio.ensure_future(work)
    await until(lambda: len(server.requests) == requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Late(selectors.DefaultSelector):
    """Tells a loop of what has come a hundred seconds later, as one that was busy elsewhere."""

    lost = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(timeout)
        self.lost += 100.0 if found else 0.0
        return found


class LateLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.late = Late()
        super().__init__(self.late)

    def time(self) -> float:
        return super().time() + self.late.lost


def test_an_answer_that_a_busy_loop_finds_together_with_the_end_of_its_time_is_taken():
    """The loop sees both in one round, the answer first."""
    loop, told = LateLoop(), []
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    try:
        with Server(answer({"TableNames": []})) as server:
            made = transport(server, connect_timeout=1e300, read_timeout=10)
            assert loop.run_until_complete(made.send("ListTables", b"{}")) == b'{"TableNames":[]}'
            loop.run_until_complete(made.aclose())
    finally:
        loop.close()
    assert told == []


def test_cancelling_leaves_no_request_socket_or_task_behind():
    """Nothing is sent after it, the connection is closed, and the next request has a new one."""

    async def main(server: Server) -> None:
        mine = transport(server)
        adb = dynamorm.connect_async(transport=mine)
        async with adb:
            await adb.run(dynamorm.describe_table("orders"))
            work = adb.run(dynamorm.table_exists("orders"))
            await cancelled(work, server, requests=2)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await until(lambda: own_sockets(server) == [])
            assert len(server.requests) == 2
            await adb.run(dynamorm.describe_table("orders"))
        await until(lambda: own_sockets(server) == [])

    with Server(TABLE, Silence(), TABLE) as server:
        asyncio.run(main(server))
        assert [request.connection for request in server.requests] == [1, 1, 2]


def test_cancelling_one_of_many_leaves_the_others_alone():
    """Each request has a connection of its own."""

    def turn(request: Any) -> Any:
        return Silence() if b"silent" in request.body else TABLE

    async def main(server: Server) -> None:
        mine = transport(server)
        others = [mine.send("DescribeTable", b'{"TableName":"orders"}') for _ in range(5)]
        going = asyncio.gather(*others)
        silent = asyncio.ensure_future(mine.send("DescribeTable", b'{"TableName":"silent"}'))
        await until(lambda: len(server.requests) == 6)
        silent.cancel()
        assert len(await going) == 5
        await mine.aclose()

    with Server(turn) as server:
        asyncio.run(main(server))


def test_one_transport_serves_one_loop_after_the_other():
    """A handler that calls asyncio.run each time can keep it."""
    with Server(TABLE) as server:
        adb = dynamorm.connect_async(transport=transport(server))

        async def main() -> str:
            async with adb:
                return (await adb.run(dynamorm.describe_table("orders"))).table_name

        assert [asyncio.run(main()) for _ in range(3)] == ["orders"] * 3
        assert server.connections == 3


def test_a_loop_that_has_ended_is_forgotten():
    """What it left open is not kept alive by the transport."""

    async def look(mine: AioTransport) -> int:
        mine._line()
        return len(mine._lines)

    with Server(TABLE) as server:
        mine = transport(server)
        assert [asyncio.run(look(mine)) for _ in range(3)] == [1, 1, 1]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # as the loop was told to expect
def test_what_an_ended_loop_has_left_open_is_in_nobodys_way():
    """It cannot be closed any more, and the next loop has a connection of its own."""
    with Server(TABLE) as server:
        mine = transport(server)
        for _ in range(3):
            assert b"orders" in asyncio.run(mine.send("DescribeTable", b"{}"))
        assert server.connections == 3
        del mine
        gc.collect()


def test_closing_before_the_first_request_does_nothing():
    """There is nothing to close, whether anything was looked up or not."""

    async def main(mine: AioTransport) -> None:
        await mine.aclose()
        mine._line()
        await mine.aclose()

    with Server(TABLE) as server:
        asyncio.run(main(transport(server)))
        assert server.connections == 0


def test_a_stale_connection_is_replaced_under_asyncio_too():
    """Without a pause and without an attempt."""

    async def main(server: Server) -> None:
        adb = dynamorm.connect_async(transport=transport(server), retries=Retries(attempts=1))
        async with adb:
            for _ in range(2):
                await adb.run(dynamorm.describe_table("orders"))

    with Server(TABLE, Cut(), TABLE) as server:
        asyncio.run(main(server))
        assert [request.connection for request in server.requests] == [1, 1, 2]


def test_it_can_be_had_by_its_name(monkeypatch):
    """`connect_async(transport="aio")`, with region and credentials from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    async def main(url: str) -> str:
        async with dynamorm.connect_async(endpoint=url, transport="aio") as adb:
            return (await adb.run(dynamorm.describe_table("orders"))).table_status

    with Server(TABLE) as server:
        assert asyncio.run(main(server.url)) == "ACTIVE"


def test_what_is_under_way_when_it_is_closed_is_answered_first():
    """Then its connection is closed, for which nobody would ever come."""
    go = threading.Event()

    def turn(_request: Any) -> Any:
        go.wait()
        return TABLE

    async def main(server: Server) -> None:
        mine = transport(server)
        work = asyncio.ensure_future(mine.send("DescribeTable", b"{}"))
        await until(lambda: len(server.requests) == 1)
        await mine.aclose()
        go.set()
        assert b"orders" in await work
        await until(lambda: own_sockets(server) == [])

    with Server(turn) as server:
        asyncio.run(main(server))


def raw_transport(url: str) -> AioTransport:
    key = Credentials("key", "secret")
    return AioTransport(region="eu-west-1", endpoint=url, credentials=key, environ={})


def test_a_handshake_that_is_reset_says_that_nothing_was_sent():
    """As whatever else keeps a connection from being made."""

    def reset(visit: Visit) -> None:
        visit.link.recv(1)
        visit.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with RawServer(reset) as server:
        mine = raw_transport(server.url.replace("http:", "https:"))
        with pytest.raises(TransportError, match="cannot connect to") as caught:
            asyncio.run(mine.send("DescribeTable", b"{}"))
    assert not caught.value.maybe_applied


async def late(route: Route) -> None:
    await connected(LoopLink(), route, time.monotonic())


def test_time_that_is_up_leaves_nothing_that_nobody_awaits():
    """Neither a turn nor a connection is begun: a warning would say so when it is collected."""
    with Server(TABLE) as server:
        with pytest.raises(TransportError, match="the time for the whole operation is over"):
            asyncio.run(transport(server).send("DescribeTable", b"{}", timeout=0))
        with pytest.raises(Failed):
            asyncio.run(late(Route(server.url)))
        gc.collect()
        assert server.connections == 0


def test_a_connection_that_takes_no_options_is_closed(monkeypatch):
    """As in a thread: it could not be made, and leaves no socket behind."""

    async def main(server: Server) -> None:
        with pytest.raises(TransportError, match="cannot connect to"):
            await transport(server).send("DescribeTable", b"{}")
        await asyncio.sleep(0)  # the loop closes it in its next turn
        assert own_sockets(server) == []

    monkeypatch.setattr(aio, "OPTIONS", ((-1, -1, 1),))
    with Server(TABLE) as server:
        asyncio.run(main(server))


def test_an_answer_that_comes_before_its_request_has_gone_waits_in_the_socket():
    """A megabyte of it is taken at most; the rest is read when all is sent."""
    reply = b"{}" + b" " * (1 << 20)
    request = b"x" * (4 << 20)

    def early(visit: Visit) -> None:
        visit.head()
        visit.link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(reply) + reply)
        left = len(request)
        while left and (part := visit.link.recv(left)):
            left -= len(part)

    async def main(url: str) -> bytes:
        mine = raw_transport(url)
        answered = await mine.send("DescribeTable", request)
        await mine.aclose()
        return answered

    with RawServer(early, receive_buffer=16 << 10) as server:
        assert asyncio.run(main(server.url)) == reply


def test_connections_to_other_regions_are_closed_too():
    """What was made for a replica's region goes with the transport that made it."""

    async def main() -> None:
        own = transport(server)
        there = own.in_region("eu-west-2")
        await there.send("DescribeTable", b"{}")
        assert len(own_sockets(server)) == 1
        await own.aclose()
        assert own_sockets(server) == []

    with Server(TABLE) as server:
        asyncio.run(main())
