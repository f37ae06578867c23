"""What a transport is, to type checkers, and what stands in front of one.

A transport needs one method, `send`. Optional attributes: `local` says that the service is on this
machine, where waits are shorter; `clock` replaces the machine's clock; `endpoint_url` and `region`
say where requests go; `in_region` returns the transport of another region.
"""

from __future__ import annotations

from typing import Any, Protocol


class Transport(Protocol):
    """Sends one request and gives the body of its answer."""

    def send(self, operation: str, body: bytes, /) -> bytes: ...


class AsyncTransport(Protocol):
    """The same, awaited."""

    async def send(self, operation: str, body: bytes, /) -> bytes: ...


class Client(Protocol):
    """A client of boto3, botocore, aiobotocore or aioboto3, or a resource of boto3."""

    @property
    def meta(self) -> Any: ...


class DatabaseLike(Protocol):
    """A database, as far as operations need to know it."""

    @property
    def transport(self) -> Any: ...
    @property
    def table_prefix(self) -> str: ...


class Passing:
    """A transport in front of another one; it has that one's place, clock and regions."""

    # A transport needs nothing but `send`: what else one may say of itself is passed on if it does.
    def __init__(self, transport: Any) -> None:
        self.transport = transport

    @property
    def local(self) -> bool:
        return bool(getattr(self.transport, "local", False))

    @property
    def clock(self) -> Any:
        return getattr(self.transport, "clock", None)

    def in_region(self, region: str) -> Any:
        """Return the same in front of the transport of another region, if it knows any."""
        make = getattr(self.transport, "in_region", None)
        return make and type(self)(make(region))
