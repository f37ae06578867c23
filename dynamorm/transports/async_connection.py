"""One HTTP/1.1 connection of an event loop, read by the same rules as in `connection`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import Any, TypeVar

from .buffer import Buffer, Incomplete, Reading, Unreadable
from .connection import (
    Kept,
    check_tunnel,
    readable,
    set_options,
    unconnected,
    unsecured,
)
from .http1 import Received, read_answer
from .routes import LONGEST, NO_PROXY, UNTRUSTED, Failed, Proxy, Route, tls_context

T = TypeVar("T")

PIECE = 64 << 10
"""Bytes that are handed over at once: the time counts for each piece that leaves."""

MUCH = 1 << 20
"""Bytes that have come and not been asked for, from which on the socket is not read."""


class AsyncConnection(Kept):
    """What the event loop brings and takes; for one task at a time."""

    def __init__(self, link: Link, step: float) -> None:
        super().__init__()
        self._link = link
        self._step = step

    def __repr__(self) -> str:
        return f"AsyncConnection({self._link.transport!r})"

    async def exchange(self, head: bytes, body: bytes, until: float) -> tuple[Received, bool]:
        """Send a request, and give its answer and whether the connection can go on.

        The answer must be there by the moment `until` of the monotonic clock. Raises `Failed`,
        after which the connection is closed, as it is when the task is cancelled.
        """
        try:
            received, kept = await self._exchange(head, body, until)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            raise self._failed(error) from None
        self._done()
        return received, kept

    def close(self) -> None:
        self._link.transport.abort()

    def _silent(self) -> bool:
        return self._link.silent()

    async def _exchange(self, head: bytes, body: bytes, until: float) -> tuple[Received, bool]:
        # From here on: a close before the first byte of this answer means a stale connection.
        self._buffer.begun = False
        sent = await self._link.send(head, body, self._step, until)
        received = await self._link.read(read_answer(self._buffer), self._step, until)
        return received, sent and received.reusable


class Link(asyncio.Protocol):
    """What the event loop brings, for one task to wait for."""

    transport: Any

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._full = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        # The rest waits in the kernel, which holds the other side back.
        if self._size > MUCH:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        # Returns nothing, on which the loop closes the connection: half of one is of no use here.
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    def silent(self) -> bool:
        """Return whether nothing has come, and nothing waits in the kernel for the loop to read."""
        if self._ended or self._parts or self.transport.is_closing():
            return False
        return not readable(self.transport.get_extra_info("socket"))

    async def send(self, head: bytes, body: bytes, step: float, until: float) -> bool:
        """Send a request; `False` if the other side has not let all of it come."""
        if len(body) <= PIECE:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            left = memoryview(body)
            while left and not self._ended:
                self.transport.write(left[:PIECE])
                left = left[PIECE:]
                await self._writable(step, until)
        await self._writable(step, until)
        # An answer may be there all the same: what is too large is refused before all of it came.
        return not self._ended

    async def read(self, reading: Reading[T], step: float, until: float) -> T:
        """Perform a reading."""
        try:
            next(reading)
            while True:
                reading.send(await self._received(step, until))
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _writable(self, step: float, until: float) -> None:
        while self._full and not self._ended:
            await self._wait(step, until)

    async def _received(self, step: float, until: float) -> bytes:
        """Return what has come since the last time; nothing at the end."""
        while not self._parts:
            # After the parts: what came before a reset may be the whole answer.
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            await self._wait(step, until)
        data = b"".join(self._parts)
        self._parts.clear()
        # The size says whether reading was paused, so that it is forgotten after this look.
        if self._size > MUCH:
            self.transport.resume_reading()
        self._size = 0
        # Also where nothing had to be waited for: a server that drips is never silent.
        if until < inf:
            seconds_left(step, until)
        return data

    async def _wait(self, step: float, until: float) -> None:
        """Wait until the loop tells something, for a step at most and until the moment."""
        waiter = self._waiter = self._loop.create_future()
        seconds = seconds_left(step, until)
        timer = self._loop.call_later(seconds, _expire, waiter) if seconds < inf else None
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        waiter = self._waiter
        # Done is one that has timed out or was cancelled, before its task could go on.
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("timed out"))


def seconds_left(step: float, until: float) -> float:
    """Return the seconds that a step may take; raise `TimeoutError` when none are left."""
    if until == inf:
        return min(step, LONGEST) if step < inf else inf
    seconds = min(step, until - time.monotonic())
    if seconds <= 0:
        raise TimeoutError("the time for the whole operation is over")
    return seconds


async def open_connection(route: Route, until: float) -> AsyncConnection:
    """Connect, by the moment `until` of the monotonic clock; raises `Failed`."""
    link = await _connected(route, until)
    try:
        if route.tls:
            if route.proxy:
                await _tunnel(link, route, route.proxy, until)
            await _secure(link, route, until)
    # Of a cancelled task too: nobody else knows this connection.
    except BaseException:
        link.transport.abort()
        raise
    # What it holds unsent is still on its way when the wait for the answer begins.
    link.transport.set_write_buffer_limits(high=PIECE)
    return AsyncConnection(link, route.read_timeout)


async def _connected(route: Route, until: float) -> Link:
    """Connect to the endpoint or its proxy; raises `Failed`."""
    host, port = (route.proxy.host, route.proxy.port) if route.proxy else route.address()
    link = Link()
    loop = asyncio.get_running_loop()
    opening = partial(loop.create_connection, lambda: link, host, port)
    try:
        await in_time(opening, seconds_left(route.connect_timeout, until))
        set_options(link.transport.get_extra_info("socket"))
    except BaseException as error:
        # What is connected is known to nobody else, whether it was cancelled or takes no options.
        if hasattr(link, "transport"):
            link.transport.abort()
        if isinstance(error, OSError):
            raise unconnected(route, error) from None
        raise
    return link


async def in_time(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Await what a function returns, for so many seconds, then `TimeoutError`; `inf` is no limit.

    It is called only here: where no second is left there is no coroutine that nobody awaits.
    `asyncio.wait_for` loses a cancellation that comes together with the result, before Python 3.12.
    """
    task: Any = asyncio.current_task()
    rung: list[bool] = []

    def ring() -> None:
        rung.append(True)
        task.cancel()

    alarm = asyncio.get_running_loop().call_later(min(seconds, LONGEST), ring)
    try:
        return await work()
    except asyncio.CancelledError:
        # From Python 3.11 on, a task counts who else has cancelled it.
        # On 3.10 nobody counts: a cancellation after the alarm is taken for the alarm's.
        if not rung or getattr(task, "uncancel", int)() > 0:
            raise
        raise TimeoutError("timed out") from None
    finally:
        alarm.cancel()


async def _tunnel(link: Link, route: Route, proxy: Proxy, until: float) -> None:
    """Have the proxy connect to the endpoint; raises `Failed`."""
    # One limit for it all, as for a handshake: a head sent byte by byte gets no new time for each.
    ends = min(until, time.monotonic() + route.connect_timeout)
    try:
        await link.send(route.connect_head(proxy), b"", inf, ends)
        answer = await link.read(read_answer(Buffer(), bodiless=True), inf, ends)
    except (OSError, Incomplete, Unreadable) as error:
        raise Failed(NO_PROXY, error) from None
    check_tunnel(answer.status)


async def _secure(link: Link, route: Route, until: float) -> None:
    """Begin TLS on a connection; raises `Failed`."""
    try:
        context = tls_context(route.bundle)
    except OSError as error:
        raise Failed(UNTRUSTED, error) from None
    loop, name = asyncio.get_running_loop(), route.address()[0]
    starting = partial(loop.start_tls, link.transport, link, context, server_hostname=name)
    try:
        # In here, since no time left is a TimeoutError: a connection that came too late.
        left = seconds_left(route.connect_timeout, until)
        link.transport = await in_time(starting, left)
    except OSError as error:
        raise unsecured(error) from None
