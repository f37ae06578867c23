"""Sends through a client of aiobotocore or aioboto3 that the caller has made and entered."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from ..errors import TransportError
from .aio import in_time
from .client import (
    RAISED,
    WrappedClient,
    body_of,
    check_probe,
    check_service,
    meant,
    plain,
    prepared,
    probed,
)


class AsyncClientTransport(WrappedClient):
    """Wraps what `session.client("dynamodb")` gives once it is entered; its retries come first."""

    def __init__(self, client: Any) -> None:
        if not hasattr(client.meta, "service_model"):
            raise TypeError("an aioboto3 resource rewrites items: pass session.client(...)")
        check_service(client)
        self._client = client
        # Asked before the first request and not here: what aiobotocore emits has to be awaited.
        # What only stands before a client may emit nothing.
        self._probed = not hasattr(client.meta, "events")

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Await the client's method, `timeout` at most; its exceptions are raised as ours."""
        if not self._probed:
            answer: dict[str, Any] = {}
            emitted = probed(self._client, answer)
            if hasattr(emitted, "__await__"):
                await emitted
            check_probe(answer)
            self._probed = True
        method, members = prepared(self._client, operation, body)
        try:
            seconds = inf if timeout is None else timeout
            reply = await in_time(partial(method, **members), seconds)
            return body_of(operation, reply)
        except TimeoutError as error:
            # Cancelling the attempt does not call back what had been sent.
            message = f"the client gave no answer in {timeout} s: give more as timeout="
            raise TransportError(message, operation=operation, maybe_applied=True) from error
        except RAISED as error:
            raise meant(operation, error) from plain(error)
