"""Credentials from the endpoint that ECS, EKS and Lambda SnapStart give a container.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from math import inf
from typing import Annotated

from msgspec import Meta, Struct, field, json

from ..errors import UNREADABLE, CredentialsMissing
from ..operations import ForkLock
from ..operations.sending import without_waiting
from . import CONTAINERS, Hidden, HiddenBytes, HiddenHeaders, HiddenText, is_word
from .connection import Wire, connected
from .endpoints import is_local, is_url, split_path
from .exchange import Answer
from .routes import Failed, Route

RELATIVE, FULL = CONTAINERS
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"

# As in the AWS SDKs: a token must not go in the clear to any host that a variable names.
HOSTS = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23")
"""Of ECS, and of EKS Pod Identity by IPv4 and IPv6."""

TIMEOUT = 2.0
"""Seconds to connect, and for each piece of an answer; as botocore."""

IN_ALL = 5.0
"""Seconds for a whole look-up, for which other threads wait."""

EARLY = 300.0
"""Seconds before they expire at which credentials are renewed."""

AGAIN = 30.0
"""Seconds from a renewal that failed, while what is there is still good, to the next."""


class Temporary(Hidden, Struct, frozen=True, rename="pascal"):
    """What the endpoint gives."""

    access_key: str = field(name="AccessKeyId")
    secret_key: str = field(name="SecretAccessKey")
    token: str
    expiration: Annotated[datetime, Meta(tz=True)]
    account_id: str | None = None


def from_container(
    environ: Mapping[str, str], clock: Callable[[], float] = time.time
) -> Container | None:
    """Return what asks the container's endpoint; `None` where no variable names one."""
    # As botocore, which passes the other one over where both are set.
    if relative := environ.get(RELATIVE):
        return Container(RELATIVE, f"http://{HOSTS[0]}{relative}", environ, clock)
    full = environ.get(FULL)
    return Container(FULL, full, environ, clock) if full else None


class Container(Hidden):
    """Gives credentials that are good now; asks the endpoint for others before they expire."""

    def __init__(
        self, variable: str, url: str, environ: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        base, path = split_path(url)
        self._route = Route(base, connect_timeout=TIMEOUT, read_timeout=TIMEOUT, path=path)
        if not (is_word(url) and _is_allowed(self._route)):
            raise CredentialsMissing(
                f"{variable} is not a URL of this machine, of ECS or EKS, or one with https: "
                "credentials are not asked for elsewhere"
            )
        self._environ = environ
        self._clock = clock
        self._kept: Temporary | None = None
        self._renew_at = 0.0
        self._lock = ForkLock()

    def __call__(self) -> Temporary:
        return self.found_by(inf)

    def found_by(self, until: float) -> Temporary:
        """Return them by a moment of the monotonic clock."""
        # Held during the request: threads that come meanwhile need what it brings.
        with self._lock:
            # By the clock of the wall: the monotonic one stands still in a frozen Lambda.
            now = self._clock()
            kept = self._kept
            if kept is None or now >= self._renew_at:
                kept = self._kept = self._renewed(kept, now, until)
            return kept

    def _renewed(self, kept: Temporary | None, now: float, until: float) -> Temporary:
        """Return new ones; without these, those that are kept and have not expired."""
        try:
            fresh = self._ask(until)
            ends = fresh.expiration.timestamp()
            # The endpoint may be behind, and has others at the next try.
            if ends <= now:
                raise _failure("those that it returned have expired", transient=True)
        except CredentialsMissing:
            # They are renewed minutes before they expire: until then one failure does no harm.
            if kept is None or now >= kept.expiration.timestamp():
                raise
            self._renew_at = now + AGAIN
            return kept
        # What does not last that long is not asked for again with each request.
        self._renew_at = max(ends - EARLY, min(now + AGAIN, ends))
        return fresh

    def _ask(self, until: float) -> Temporary:
        """Ask the endpoint once; raise `CredentialsMissing` for what is no credentials."""
        status, body = self._answered(until)
        if status != 200:
            # For the retries of the driver: nothing is tried again here.
            transient = status >= 500 or status == 429
            raise _failure(f"it answered with status {status}", transient=transient)
        try:
            return _temporary.decode(body)
        except UNREADABLE:
            raise _failure("its answer is not one of credentials", transient=False) from None

    def _answered(self, until: float) -> tuple[int, HiddenBytes]:
        """Return the status and the body of the endpoint's answer."""
        host = self._route.url.partition("://")[2]
        headers = HiddenHeaders(Host=host, Accept="application/json", Connection="close")
        if token := self._token():
            headers["Authorization"] = token
        request = self._route.head("GET", headers.lines(), 0)
        try:
            until = min(until, time.monotonic() + IN_ALL)
            answer = without_waiting(self._exchanged(request, until))
        except Failed as failed:
            why = str(failed.cause)
        else:
            return answer.status, HiddenBytes(answer.body)
        # Outside of the handler, whose error has frames that hold the token.
        raise _failure(why, transient=True)

    async def _exchanged(self, request: HiddenBytes, until: float) -> Answer:
        connection = await connected(Wire(), self._route, until)
        answer, _ = await connection.exchange(request, until=until)
        connection.close()
        return answer

    def _token(self) -> HiddenText:
        """Read the token each time: in EKS its file changes."""
        token = HiddenText(self._environ.get(TOKEN) or "")
        if path := self._environ.get(f"{TOKEN}_FILE"):
            try:
                # Takes any byte, so that a wrong one is refused below, by the variable's name.
                with open(path, encoding="latin-1") as file:
                    token = HiddenText(file.read())
            except (OSError, ValueError) as error:
                raise _failure(f"{TOKEN}_FILE cannot be read: {error}", transient=False) from None
        # A line break would add a header, as botocore refuses it too.
        if not (token.isascii() and token.isprintable()):
            raise _failure(
                f"{TOKEN} has characters that an HTTP header cannot have", transient=False
            )
        return token


_temporary = json.Decoder(Temporary)


def _failure(reason: str, *, transient: bool) -> CredentialsMissing:
    error = CredentialsMissing(f"no credentials from the endpoint of the container: {reason}")
    error.transient = transient
    return error


def _is_allowed(route: Route) -> bool:
    """Return whether a token may be sent there: to this machine, by https, to ECS or EKS."""
    if not is_url(route.url):
        return False
    return route.tls or is_local(route.url) or route.address()[0] in HOSTS
