"""What a transport is, to type checkers: nothing at run time asks for these classes.

A transport needs one method, `send`. Attributes it may have: `local` tells that the service is on
this machine, where waits are shorter; `clock` is the time that passes there, if not the machine's;
`endpoint_url` and `region` say where requests go; `in_region` returns one of another region.
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
