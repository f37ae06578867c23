"""Makes any transport an asynchronous one by sending in threads; needs nothing installed."""

from __future__ import annotations

import asyncio

from ..operations.drivers import Clock
from ..operations.sending import check_kind, sending
from ..operations.transport import Transport


class ThreadTransport:
    """Sends each request of `transport` in a thread of the loop's default executor.

    A cancelled request is not waited for: it ends in its thread, and its answer is dropped.
    """

    def __init__(self, transport: Transport) -> None:
        check_kind(transport, awaited=False)
        # One of a user's needs nothing but `send`: what else it may say is passed on, if it does.
        self._transport = transport

    def __repr__(self) -> str:
        return f"ThreadTransport({self._transport!r})"

    @property
    def local(self) -> bool:
        return bool(getattr(self._transport, "local", False))

    @property
    def endpoint_url(self) -> str:
        return str(getattr(self._transport, "endpoint_url", ""))

    @property
    def region(self) -> str:
        return str(getattr(self._transport, "region", ""))

    @property
    def clock(self) -> Clock | None:
        return getattr(self._transport, "clock", None)

    def in_region(self, region: str) -> ThreadTransport | None:
        """Return that of another region; `None` where the transport that sends knows none."""
        make = getattr(self._transport, "in_region", None)
        return make and ThreadTransport(make(region))

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        # It takes the context along, by which `sending` sees whether somebody observes.
        sent: bytes = await asyncio.to_thread(sending, self._transport, operation, body, timeout)
        return sent

    def close(self) -> None:
        """Close idle connections."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()
