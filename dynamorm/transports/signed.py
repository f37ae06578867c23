"""What the transports that sign for themselves have in common: settings, and a line a process.

Settings are what arguments, environment variables and shared files say together.
"""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from .. import errors
from ..operations.sending import CONNECT_TIMEOUT, READ_TIMEOUT, without_waiting
from ..operations.waiting import seconds_of
from . import HiddenText, Profile, Variables, find_profile
from .credential_source import CredentialSource, Held
from .endpoints import Endpoint, for_account, is_local, resolve, split_path
from .exchange import Answer
from .routes import Route, bundle, proxy_for
from .signing import Signed, Signer, exchanged

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Protocol

    from . import Given

    S = TypeVar("S", bound="Settings")

    class Line(Protocol):
        """What one process or event loop sends with."""

        async def post(self, operation: str, signed: Signed, body: bytes, until: float) -> Answer:
            """Send, and give what has come by the moment `until` of the monotonic clock."""
            ...

        def close(self) -> None: ...


class Config:
    """Where requests go and whom to trust; nothing is read before it is asked for."""

    __slots__ = ("_endpoint", "_name", "_profile", "_region", "_url", "environ")

    def __init__(
        self, region: str | None, endpoint: str | None, profile: str | None, environ: Variables
    ) -> None:
        self._region = region
        self._url = endpoint if endpoint is None else HiddenText(endpoint)
        self._name = profile
        self.environ = environ
        self._profile: Profile | None = None
        self._endpoint: Endpoint | None = None

    def __repr__(self) -> str:
        return f"region={self._region!r}"

    def in_region(self, region: str) -> Config:
        """Return the same with another region; an endpoint that was given stays."""
        other = Config(region, self._url, self._name, self.environ)
        # A profile that was read is for all regions: its files are not read once more for each.
        other._profile = self._profile
        return other

    def profile(self) -> Profile:
        """Return the profile, which is looked for once."""
        found = self._profile
        if found is None:
            found = self._profile = find_profile(self._name, self.environ)
        return found

    def endpoint(self) -> Endpoint:
        """Return where requests go, which is settled by the first of them."""
        # Without a lock: threads that come at once find the same.
        found = self._endpoint
        if found is None:
            found = resolve(self._region, self._url, self.environ, self.profile())
            self._endpoint = found
        return found

    def look_up_credentials(self) -> Held | None:
        """Ask botocore, with the region that requests go to."""
        from .profiles import from_chain

        return from_chain(self.profile(), self.endpoint().region, self.environ)


class Settings(ABC):
    """Where to send and how to sign. Nothing is looked up before the first request.

    Variables are read from `environ`, by default the process's own. Time-outs are seconds, a
    `timedelta`, or `None` for no limit.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        profile: str | None = None,
        credentials: Given | None = None,
        environ: Mapping[str, str] | None = None,
        connect_timeout: float | timedelta | None = CONNECT_TIMEOUT,
        read_timeout: float | timedelta | None = READ_TIMEOUT,
    ) -> None:
        config = Config(region, endpoint, profile, Variables(environ))
        self._config = config
        # One for all processes, threads and event loops: they share what it finds.
        self._credentials = CredentialSource(
            credentials, config.environ, config.look_up_credentials, config.profile
        )
        self._timeouts = (
            _seconds("connect_timeout", connect_timeout),
            _seconds("read_timeout", read_timeout),
        )
        self._lines: dict[Any, Any] = {}
        self._regions: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a transport cannot be pickled: pickle a database that names its transport")

    def __copy__(self: S) -> S:
        """Return the transport itself, which everybody may share."""
        return self

    def __deepcopy__(self: S, _memo: object) -> S:
        return self

    def in_region(self: S, region: str) -> S:
        """Return the transport of another region: with the same credentials, and its own lines."""
        if (made := self._regions.get(region)) is None:
            made = object.__new__(type(self))
            config = self._config.in_region(region)
            vars(made).update(vars(self), _config=config, _lines={}, _regions={})
            # Of threads that come at once, all take that of the first.
            made = self._regions.setdefault(region, made)
        found: S = made
        return found

    @property
    def endpoint(self) -> Endpoint:
        return self._config.endpoint()

    @property
    def endpoint_url(self) -> str:
        """The service's or the given URL; that of an account is found when a request is signed."""
        return self.endpoint.url

    @property
    def region(self) -> str:
        return self.endpoint.region

    @property
    def local(self) -> bool:
        return is_local(self.endpoint.url)

    def _here(self, until: float = inf) -> Endpoint:
        """Return the endpoint, or that of the account, which only the credentials tell."""
        endpoint = self.endpoint
        # An emulator over http is not AWS, and is asked all the same.
        if "moto" in sys.modules and endpoint.url.startswith("https:") and _is_mocked():
            raise errors.Refused((f"{type(self).__name__} {_UNSEEN}",))
        if endpoint.accounts == "disabled":
            return endpoint
        return for_account(endpoint, self._credentials.account(until))

    async def _asked(self, operation: str, body: bytes, timeout: float | None) -> bytes:
        until = inf if timeout is None else time.monotonic() + timeout
        signer, line = self._line(until)
        return await exchanged(signer, line.post, operation, body, until)

    def _line(self, until: float = inf) -> tuple[Signer, Line]:
        """Return what is this process's or loop's own; others are given up when it is made."""
        endpoint = self._here(until)
        here = (self._home(), endpoint.url)
        found = self._lines.get(here)
        if found is None:
            # No lock, which a fork could leave locked: of threads that come at once, one wins.
            made = (Signer(endpoint, self._credentials), self._open(self._route(endpoint)))
            for left in [key for key in self._lines if self._is_left(key[0])]:
                # Where another thread was first, `made` is closed, which has no connection yet.
                self._lines.pop(left, made)[1].close()
            found = self._lines.setdefault(here, made)
        line: tuple[Signer, Line] = found
        return line

    @abstractmethod
    def _home(self) -> Any:
        """Return the process or the loop that asks."""

    @abstractmethod
    def _is_left(self, home: Any) -> bool:
        """Return whether nobody in there will ask again."""

    @abstractmethod
    def _open(self, route: Route) -> Line:
        """Make what sends, and connect later."""

    def _route(self, endpoint: Endpoint) -> Route:
        url, path = split_path(endpoint.url)
        trusted = bundle(url, self._config.environ, self._config.profile())
        return Route(url, trusted, proxy_for(url, self._config.environ), *self._timeouts, path)


_UNSEEN = (
    "would send to AWS, and moto's mock_aws, which is active, does not see it: use "
    'connect(transport=boto3.client("dynamodb"))'
)


def _is_mocked() -> bool:
    stubber = getattr(sys.modules.get("moto.core.models"), "botocore_stubber", None)
    return bool(getattr(stubber, "enabled", False))


def _seconds(name: str, value: Any) -> float:
    seconds = seconds_of(value, name)
    if seconds == 0:
        raise ValueError(f"{name}= takes seconds as a number, more than 0, not {value!r}")
    return seconds


class SignedTransport(Settings):
    """Sends in the thread that asks; threads may share one, and it works after a fork."""

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Send one signed request.

        Raises `ServiceError`, `TransportError`, `CredentialsMissing`, `EndpointUnknown`.
        """
        return without_waiting(self._asked(operation, body, timeout))

    def close(self) -> None:
        """Close idle connections, and others once they are; the transport can still be used."""
        # A list, since another thread may open a line meanwhile.
        for _, line in list(self._lines.values()):
            line.close()
        for other in list(self._regions.values()):
            other.close()

    def _home(self) -> int:
        # With its parent's sockets a child would mix up answers; it closes its descriptors alone.
        return os.getpid()

    def _is_left(self, home: int) -> bool:
        return home != os.getpid()
