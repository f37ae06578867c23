"""What the transports that sign for themselves have in common: settings, and a line a process."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import inf
from typing import Any, Protocol

from msgspec import Struct

from ..credentials import CredentialSource, Given, profile_region
from ..endpoints import Endpoint, is_local, resolve
from ..exchange import Answer, Signer, exchanging
from ..proxies import proxy_for
from ..routes import CONNECT_TIMEOUT, READ_TIMEOUT
from ..signing import sign

__all__ = ["Line", "Place", "Settings", "SignedTransport"]


class Place(Struct, frozen=True):
    """What was found out about where requests go."""

    url: str
    proxy_variable: str
    proxy: str
    """A URL, or empty; it may hold a password."""
    bundle: str
    """A file of authorities to trust, or empty for those that the system trusts."""
    connect_timeout: float
    read_timeout: float


class Line(Protocol):
    """What one process sends with."""

    def post(self, operation: str, headers: dict[str, str], body: bytes, until: float) -> Answer:
        """Send, and give what has come by the moment `until` of the monotonic clock."""

    def close(self) -> None: ...


class Settings:
    """Where to send and how to sign. Nothing is looked up before the first request.

    Variables are read from `environ`, by default the process's own. Time-outs are in seconds.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        credentials: Given | None = None,
        environ: Mapping[str, str] = os.environ,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._region = region
        self._url = endpoint
        self._credentials = credentials
        self._environ = environ
        self._timeouts = (connect_timeout, read_timeout)
        self._found: Endpoint | None = None
        self._lines: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(region={self._region!r})"

    @property
    def endpoint(self) -> Endpoint:
        found = self._found
        if found is None:
            found = resolve(self._region, self._url, self._environ, profile_region)
            self._found = found
        return found

    @property
    def endpoint_url(self) -> str:
        return self.endpoint.url

    @property
    def region(self) -> str:
        return self.endpoint.region

    @property
    def local(self) -> bool:
        return is_local(self.endpoint.url)

    def _signer(self) -> Signer:
        return Signer(self.endpoint, CredentialSource(self._credentials, self._environ), sign)

    def _place(self) -> Place:
        environ = self._environ
        variable, proxy = proxy_for(self.endpoint.url, environ)
        bundle = environ.get("AWS_CA_BUNDLE") or environ.get("REQUESTS_CA_BUNDLE") or ""
        return Place(self.endpoint.url, variable, proxy, bundle, *self._timeouts)


class SignedTransport(Settings, ABC):
    """Sends in the thread that asks; threads may share one, and it works after a fork."""

    @abstractmethod
    def _open(self, place: Place) -> Line:
        """Make what sends, and connect later."""

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Send one signed request.

        Raises `ServiceError`, `TransportError`, `CredentialsMissing`, `EndpointUnknown`.
        """
        until = inf if timeout is None else time.monotonic() + timeout
        signer, line = self._line()
        exchange = exchanging(signer, operation, body)
        headers = next(exchange)
        while True:
            try:
                headers = exchange.send(line.post(operation, headers, body, until))
            except StopIteration as stop:
                return bytes(stop.value)

    def close(self) -> None:
        """Close idle connections, and others once they are; the transport can still be used."""
        for _, line in list(self._lines.values()):
            line.close()

    def _line(self) -> tuple[Signer, Line]:
        """Give this process's own: a child that used its parent's sockets would mix up answers."""
        process = os.getpid()
        found = self._lines.get(process)
        if found is None:
            # No lock, which a fork could leave locked: of threads that come at once, one wins.
            made = (self._signer(), self._open(self._place()))
            for parent in self._lines.keys() - {process}:
                self._lines.pop(parent, made)[1].close()
            found = self._lines.setdefault(process, made)
        line: tuple[Signer, Line] = found
        return line
