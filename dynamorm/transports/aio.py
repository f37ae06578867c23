"""The transport for asyncio: the event loop's own connections, and nothing to install.

It reads answers by the rules of the `http` transport: there is one reader for both.
"""

from __future__ import annotations

import asyncio
import time
from math import inf
from typing import TYPE_CHECKING

from .async_connection import AsyncConnection, in_time, open_connection, seconds_left
from .exchange import Answer, Signer, exchanging
from .http import Pool
from .routes import NO_TURN, Failed, without_frames
from .signed import Place, Settings

if TYPE_CHECKING:
    from .signing import Signed

MAX_CONNECTIONS = 64
"""Of one event loop: a request beyond these waits for its turn, until its deadline."""


class AioTransport(Settings):
    """Sends through the event loop; tasks may share one, and each loop has its own connections.

    Takes `region`, `endpoint`, `credentials`, `environ` (variables, by default the process's own),
    `connect_timeout` and `read_timeout` in seconds. Nothing is looked up before the first request;
    what is then looked up may block the loop, where it is not in argument or environment.

    Await `aclose()` before the loop ends, or leave that to `async with connect_async(...)`.
    """

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Send one signed request; cancelling closes its connection."""
        until = inf if timeout is None else time.monotonic() + timeout
        signer, line = self._line(until)
        exchange = exchanging(signer, operation, body, until)
        signed = next(exchange)
        while True:
            try:
                came = [await line.post(operation, signed, body, until)]
            except BaseException as error:  # noqa: BLE001 - it is raised again
                # The frames further in hold the headers as text.
                raise without_frames(error) from error.__cause__
            try:
                # Handed over: an answer that is refused does not live as long as its error.
                signed = exchange.send(came.pop())
            except StopIteration as stop:
                whole: bytes = stop.value
                return whole

    async def aclose(self) -> None:
        """Close the connections of this event loop; the transport can still be used."""
        here = asyncio.get_running_loop()
        # Another loop closes its own: what belongs to a loop is not for other threads.
        for key in [key for key in self._lines if key[0] is here]:
            self._lines.pop(key)[1].close()
        for other in list(self._regions.values()):
            await other.aclose()
        # The loop closes sockets in its next turn.
        await asyncio.sleep(0)

    def _line(self, until: float = inf) -> tuple[Signer, _Pool]:
        """Return this loop's own: what one loop waits for, another cannot."""
        endpoint = self._here(until)
        here = (asyncio.get_running_loop(), endpoint.url)
        line: tuple[Signer, _Pool] | None = self._lines.get(here)
        if line is None:
            # asyncio.run makes a loop each time: those that have ended would be kept for ever.
            for ended in [key for key in self._lines if key[0].is_closed()]:
                del self._lines[ended]
            # Nothing is awaited since the look: no other task of this loop has made one.
            line = self._signer(endpoint), _Pool(self._place(endpoint))
            self._lines[here] = line
        return line


class _Pool(Pool[AsyncConnection]):
    """As for threads, with a bound on the connections that are in use at once."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)

    async def post(self, operation: str, signed: Signed, body: bytes, until: float) -> Answer:
        """Send one request when it is its turn; raises `TransportError`."""
        head = self.head(signed, body)
        try:
            await self._turn(until)
            # Not `async with`: only the wait has a limit of its own.
            try:
                return await self._exchange(head, body, until)
            finally:
                self._turns.release()
        except Failed as failed:
            raise self.error(failed, operation) from failed.cause

    async def _turn(self, until: float) -> None:
        """Wait until fewer than the most connections are in use."""
        try:
            await in_time(self._turns.acquire, seconds_left(inf, until))
        except TimeoutError as error:
            raise Failed(NO_TURN, error) from None

    async def _exchange(self, head: bytes, body: bytes, until: float) -> Answer:
        idle = self.idle  # `close` puts another list in its place
        connection = self.take() or await open_connection(self.route, until)
        received, kept = await connection.exchange(head, body, until)
        self.give(idle, connection, kept)
        return Answer(received.status, received.headers, received.body)
