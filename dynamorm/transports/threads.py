"""Makes any transport an asynchronous one by sending in threads; needs nothing installed."""

from __future__ import annotations

import asyncio

from ..operations.sending import check_kind, sending
from ..operations.transport import Passing, Transport


class ThreadTransport(Passing):
    """Sends each request of `transport` in a thread of the loop's default executor.

    A cancelled request is not waited for: it ends in its thread, and its answer is dropped.
    """

    def __init__(self, transport: Transport) -> None:
        check_kind(transport, awaited=False)
        super().__init__(transport)

    def __repr__(self) -> str:
        return f"ThreadTransport({self.transport!r})"

    @property
    def endpoint_url(self) -> str:
        return str(getattr(self.transport, "endpoint_url", ""))

    @property
    def region(self) -> str:
        return str(getattr(self.transport, "region", ""))

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        sent: bytes = await asyncio.to_thread(sending, self.transport, operation, body, timeout)
        return sent

    def close(self) -> None:
        """Close idle connections."""
        close = getattr(self.transport, "close", None)
        if close is not None:
            close()
