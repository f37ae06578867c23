"""`connect`: its arguments, made into a transport, and kept for a pickle without a secret."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..operations.sending import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    UnlessGiven,
    check_kind,
    is_coroutine_function,
)
from ..operations.waiting import Retries
from ..transports import Hidden
from . import INSTEAD, AsyncDatabase, Database

if TYPE_CHECKING:
    from datetime import timedelta

    from ..operations.observing import Observe
    from ..operations.transport import AsyncTransport, Client, Transport
    from ..transports import Given

P = ParamSpec("P")
T = TypeVar("T")


def _explained(function: Callable[P, T]) -> Callable[P, T]:
    """Answer an argument that the function does not take with what to write instead."""
    code = function.__code__
    first, *names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def connecting(*given: P.args, **named: P.kwargs) -> T:
        # By name alone: the values may be secrets.
        if given[1:]:
            from ..model.arguments import refuse_positions

            refuse_positions(function.__name__, f"the {first}", names)
        if unknown := [name for name in named if name not in (first, *names)]:
            from ..model.arguments import refuse_keywords

            refuse_keywords(function.__name__, unknown, (first, *names))
        return function(*given, **named)

    return connecting


@_explained
def connect(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: Transport | Client | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float | timedelta | None = CONNECT_TIMEOUT,
    read_timeout: float | timedelta | None = READ_TIMEOUT,
    observe: Observe | None = None,
) -> Database:
    """Return a `Database`; nothing is looked up or sent before the first operation.

    `region`: this one, AWS_DEFAULT_REGION, the profile's, AWS_REGION. `endpoint`: this one,
    AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's, the region's. `profile`: this one,
    AWS_DEFAULT_PROFILE, AWS_PROFILE, "default". `credentials`: these (or a function that returns
    them), the environment's (without `profile`), the profile's, a container's, an instance's.
    `transport`: "botocore", "http" (small cold start), a client or resource of boto3, or a
    `Transport`; the latter know all of these themselves. `table_prefix` is put before every table
    name. `retries` is a `Retries`, or a number of attempts. The time-outs are seconds, a
    `timedelta` or `None` for no limit, counted for each piece that is sent or received. `observe`
    is called with an `Event` for each request, retry, wait and page of a copy.
    """
    # The signature is the one list of what can be given: a copy of it could lack a name.
    return _connected(Database, connect, **locals())


@_explained
def connect_async(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: AsyncTransport | Client | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float | timedelta | None = CONNECT_TIMEOUT,
    read_timeout: float | timedelta | None = READ_TIMEOUT,
    observe: Observe | None = None,
) -> AsyncDatabase:
    """Return an `AsyncDatabase`, for asyncio; otherwise as `connect`.

    `transport` may be "aio", which sends in the event loop and is closed by `async with`, a client
    of aiobotocore or aioboto3, or an `AsyncTransport`. "botocore", the default, "http" and the
    clients of boto3 send in threads.
    """
    return _connected(AsyncDatabase, connect_async, **locals())


D = TypeVar("D", Database, AsyncDatabase)


def _connected(
    kind: type[D],
    function: Callable[..., D],
    *,
    transport: Any,
    table_prefix: str,
    retries: Retries | int,
    observe: Observe | None,
    **given: Any,
) -> D:
    """Return a database, which is pickled as these arguments if its transport has a name."""
    _check(**given)
    # A default that somebody wrote is kept: beside a transport object it is refused, too.
    place = {
        name: value
        for name, value in given.items()
        if value is not None and not isinstance(value, UnlessGiven)
    }
    made = _transport(transport, place, awaited=kind.awaited)
    check_kind(made, awaited=kind.awaited)
    db = kind(made, table_prefix=table_prefix, retries=retries, observe=observe)
    # A transport object may hold sockets and credentials.
    if isinstance(transport, str | None):
        db.given = Arguments(function, transport, place)
    return db


class Arguments(Hidden):
    """What `connect` was given; it may hold credentials, and shows nothing."""

    __slots__ = ("_connect", "_place", "_transport")

    def __init__(self, connect: Callable[..., Any], transport: str | None, place: Any) -> None:
        self._connect = connect
        self._transport = transport
        self._place = place

    def pickled(self, **own: Any) -> tuple[Any, ...]:
        """Return how a pickle connects again; raise `TypeError` for what none can or must hold."""
        if not _is_module_level(self._place.get("credentials")):
            raise TypeError(f"a database with credentials= cannot be pickled, {INSTEAD}")
        if not _is_module_level(own["observe"]):
            raise TypeError(f"observe= can be pickled only as a module-level function, {INSTEAD}")
        # A URL may be http://user:password@host; a pickle is often a file.
        if "@" in self._place.get("endpoint", ""):
            raise TypeError(f"a password in endpoint= cannot be pickled, {INSTEAD}")
        return partial(self._connect, transport=self._transport, **self._place, **own), ()


def _transport(asked: Any, place: dict[str, Any], *, awaited: bool) -> Any:
    """Return the transport that is asked for, by its name or as an object."""
    made: Any
    if asked == "aio" and awaited:
        from ..transports.aio import AioTransport

        return AioTransport(**place)
    if asked is None or asked == "botocore":
        from ..transports.botocore import BotocoreTransport

        made = BotocoreTransport(**place)
    elif asked == "http":
        from ..transports.http import HttpTransport

        made = HttpTransport(**place)
    else:
        # What sends by itself is a transport, whatever else it has.
        client = hasattr(asked, "meta") and not hasattr(type(asked), "send")
        made = _wrapped(asked, awaited=awaited) if client else asked
        if not callable(getattr(made, "send", None)):
            raise TypeError(f"transport= takes {_KNOWN}, not {made!r:.200}{_advice(made)}")
        if place:
            names = ", ".join(f"{name}=" for name in place)
            raise TypeError(
                "a transport object has its own region, endpoint, profile, credentials and "
                f"time-outs: give {names} to the transport"
            )
        return made
    return _in_threads(made) if awaited else made


def _in_threads(transport: Any) -> Any:
    from ..transports.threads import ThreadTransport

    return ThreadTransport(transport)


def _check(*, credentials: Any, **given: Any) -> None:
    """Check what no transport looks at before its first request."""
    if callable(credentials):
        from ..model.arguments import check_plain

        check_plain("credentials=", credentials)
    # Not their kinds: botocore's own credentials are a named tuple.
    if type(credentials) in (tuple, list, dict, str):
        kind = type(credentials).__name__
        raise TypeError(f"credentials= takes Credentials(access_key, secret_key), not a {kind}")
    for name in ("region", "endpoint", "profile"):
        if not isinstance(given[name], str | None):
            raise TypeError(f"{name}= takes a str or None, not {given[name]!r:.200}")


_KNOWN = (
    '"botocore", "http", with connect_async "aio", a client of boto3, botocore, aioboto3 or '
    "aiobotocore, or an object with send()"
)


def _wrapped(given: Any, *, awaited: bool) -> Any:
    """Return the transport of a client or resource; what is neither is given back."""
    if type(given).__module__ == "unittest.mock":
        raise TypeError(
            "a mock answers with mocks: pass dynamorm.testing.Script or FakeService as transport="
        )
    client = given if hasattr(given.meta, "service_model") else getattr(given.meta, "client", None)
    if client is None:
        return given
    methods = (getattr(client, name, None) for name in ("_make_api_call", "describe_table"))
    # What only stands before a client need not be entered, so that its methods tell, too.
    if hasattr(client, "__aenter__") or any(map(is_coroutine_function, methods)):
        if not awaited:
            raise TypeError(f"{type(client).__name__} is a client for asyncio: use connect_async")
        from ..transports.client import AsyncClientTransport

        return AsyncClientTransport(given)
    from ..transports.client import ClientTransport

    # The resource as it is: so the transport knows that its client rewrites items.
    made = ClientTransport(given)
    return _in_threads(made) if awaited else made


def _advice(given: Any) -> str:
    """Say what to give instead of a session, or of a client that has not been entered."""
    if hasattr(given, "create_client"):
        return ': give its client, session.create_client("dynamodb")'
    if hasattr(given, "client"):
        return ': give its client, session.client("dynamodb")'
    entered = hasattr(given, "__aenter__")
    return ": give what is entered, `async with ... as client`" if entered else ""


def _is_module_level(function: Any) -> bool:
    """Return whether a pickle would hold only the function's name, nothing that it closes over."""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for name in getattr(function, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return function is None or found is function
