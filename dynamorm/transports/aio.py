"""The transport for asyncio: the event loop's own connections, and nothing to install.

What is sent and how answers are read is the same as over `http`: here is what the loop brings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from .connection import Link, listener, seconds_left
from .exchange import Answer
from .http import Pool
from .routes import LONGEST, OPTIONS, Failed, Route, Why
from .signed import Settings

if TYPE_CHECKING:
    import ssl

    from .http1 import Buffer

T = TypeVar("T")

MAX_CONNECTIONS = 64
"""Of one event loop: a request beyond these waits for its turn, until its deadline."""

PIECE = 64 << 10
"""Bytes that are handed over at once: the time counts for each piece that leaves."""

MUCH = 1 << 20
"""Bytes that have come before anybody asked: beyond these the socket is not read."""


class AioTransport(Settings):
    """Sends through the event loop; tasks may share one, and each loop has its own connections.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request;
    what is then looked up may block the loop, where it is not in argument or environment.

    Await `aclose()` before the loop ends, or leave that to `async with connect_async(...)`.
    """

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Send one signed request; cancelling closes its connection."""
        return await self._asked(operation, body, timeout)

    async def aclose(self) -> None:
        """Close the connections of this event loop; the transport can still be used."""
        here = self._home()
        # Another loop closes its own: what belongs to a loop is not for other threads.
        for key in [key for key in self._lines if key[0] is here]:
            self._lines.pop(key)[1].close()
        for other in list(self._regions.values()):
            await other.aclose()
        # The loop closes sockets in its next turn.
        await asyncio.sleep(0)

    def _home(self) -> asyncio.AbstractEventLoop:
        # What one loop waits for, another cannot.
        return asyncio.get_running_loop()

    def _is_left(self, home: asyncio.AbstractEventLoop) -> bool:
        # asyncio.run makes a loop each time: those that have ended would be kept for ever.
        return home.is_closed()

    def _open(self, route: Route) -> Pool:
        return _Pool(route, LoopLink)


class _Pool(Pool):
    """As for threads, with a bound on the connections that are in use at once."""

    def __init__(self, route: Route, link: Callable[[], Link]) -> None:
        super().__init__(route, link)
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)

    async def exchange(self, head: bytes, body: bytes, until: float) -> Answer:
        try:
            # Not `async with`: only the wait has a limit of its own.
            await in_time(self._turns.acquire, seconds_left(inf, until))
        except TimeoutError as error:
            raise Failed(Why.NO_TURN, error) from None
        try:
            return await super().exchange(head, body, until)
        finally:
            self._turns.release()


class LoopLink(Link, asyncio.Protocol):
    """What an event loop brings, for one task to wait for."""

    def __init__(self) -> None:
        self.transport: Any = None
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._full = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        # What it holds unsent is still on its way when the wait for the answer begins.
        transport.set_write_buffer_limits(high=PIECE)

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

    async def connect(self, host: str, port: int) -> None:
        await in_time(partial(self._loop.create_connection, lambda: self, host, port), self.left())
        for option in OPTIONS:
            self.transport.get_extra_info("socket").setsockopt(*option)

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        starting = partial(
            self._loop.start_tls, self.transport, self, context, server_hostname=name
        )
        self.connection_made(await in_time(starting, self.left()))

    def heard(self) -> bool:
        # The loop may not have read yet what waits in the kernel.
        if self._ended or self._parts or self.transport.is_closing():
            return True
        return listener(self.transport.get_extra_info("socket"))()

    def close(self) -> None:
        if self.transport is not None and not self._loop.is_closed():
            self.transport.abort()

    async def send(self, head: bytes, body: bytes = b"") -> bool:
        if len(body) <= PIECE:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            left = memoryview(body)
            while left and not self._ended:
                self.transport.write(left[:PIECE])
                left = left[PIECE:]
                await self._writable()
        await self._writable()
        # An answer may be there all the same: what is too large is refused before all of it came.
        return not self._ended

    async def _writable(self) -> None:
        while self._full and not self._ended:
            await self._wait()

    async def receive(self, _buffer: Buffer, _most: int, /) -> bytes:
        """Return what has come since the last time; nothing at the end."""
        while not self._parts:
            # After the parts: what came before a reset may be the whole answer.
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            await self._wait()
        data = b"".join(self._parts)
        self._parts.clear()
        # The size says whether reading was paused, so that it is forgotten after this look.
        if self._size > MUCH:
            self.transport.resume_reading()
        self._size = 0
        # Also where nothing had to be waited for: a server that drips is never silent.
        if self.until < inf:
            self.left()
        return data

    async def _wait(self) -> None:
        """Wait until the loop reports something, or the time of the step or of all is over."""
        waiter = self._waiter = self._loop.create_future()
        seconds = self.left()
        timer = self._loop.call_later(seconds, _expire, waiter) if seconds < inf else None
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        waiter = self._waiter
        # It is done if it has timed out or was cancelled, and its task has not gone on yet.
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("timed out"))


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
