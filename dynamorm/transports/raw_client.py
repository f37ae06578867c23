"""Sends through a client without its serializer and parser, which cost most of the time.

Its events, signer, endpoint, retries and connections stay in use. Where somebody watches what is
serialized or parsed - a Stubber, a handler of parameters, a tracer - the client is called as usual.
"""

from __future__ import annotations

from enum import IntEnum
from operator import is_not
from types import FunctionType
from typing import Any

from botocore import xform_name

from .unparsed import Unparsed

OPERATIONS = frozenset(
    {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"}
)
"""Those whose requests or answers are large: of the others the client checks the parameters."""

_IN_ARNS = b":dynamodb:"
"""What every ARN of a table has, and few bodies.

In 25 KB it is found missing in 3 us from the end, and in 9 from the beginning; `"arn:` takes 28.
"""

_PARTS = {"_endpoint", "_ruleset_resolver", "_serializer"}
_WATCHED = (
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
)
_HARMLESS = ("botocore.", "boto3.dynamodb.")
"""Modules whose handlers find no parameter and no member to change."""

_ATTEMPTING = ("make_request", "_send_request", "_get_response", "_do_get_response")
"""What an endpoint does around an attempt, and that a tracer may stand in for."""

_IDLE: dict[str, tuple[str, ...]] = {
    "before-call": ("botocore.handlers",),
    "before-parse": (),
    "response-received": (),
    "needs-retry": ("botocore.retryhandler", "botocore.retries.standard"),
    "after-call-error": (),
}
"""Modules whose handlers have nothing to do where an attempt succeeds."""


class _Way(IntEnum):
    """How a request is sent."""

    METHOD = 0
    """By the client's method."""
    UNPARSED = 1
    """By what the client's method does, without serializer and parser."""
    ALONE = 2
    """By no more of it than one attempt needs; what fails, as above."""


class RawClient:
    """Sends bodies as they are; `takes` tells whether it may."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._state: tuple[Any, ...] = (None, None, None)
        self._ways: dict[str, _Way] = {}
        self._unparsed: Unparsed | None = None

    def takes(self, operation: str, body: bytes) -> bool:
        """Return whether a request may bypass serializer and parser.

        A table's ARN may lead to another endpoint, which the client finds in the parameters.
        """
        if operation not in OPERATIONS or body.rfind(_IN_ARNS) >= 0:
            return False
        # botocore makes a new cache whenever a handler is registered or unregistered. Look at the
        # handlers again then, and when somebody has replaced a method.
        client = self._client
        endpoint = type(vars(client).get("_endpoint"))
        state = (
            _emitter(client, "_lookup_cache"),
            _function(client),
            getattr(endpoint, "make_request", None),
        )
        if any(map(is_not, state, self._state)):
            self._state, self._ways = state, {}
        ways = self._ways  # another thread may make new ones
        if operation not in ways:
            ways[operation] = _way(client, operation)
        return ways[operation] is not _Way.METHOD

    def send(self, operation: str, body: bytes) -> bytes:
        """Send, and give the body that has come; refusals are raised as the client raises them."""
        unparsed = self._unparsed
        if unparsed is None:
            unparsed = self._unparsed = Unparsed(self._client)
        alone = self._ways.get(operation) is _Way.ALONE
        return unparsed.attempt(operation, body) if alone else unparsed.send(operation, body)


def _emitter(client: Any, name: str) -> Any:
    """Return a part of what emits the client's events, which may be wrapped once."""
    events = client.meta.events
    return getattr(getattr(events, "_emitter", events), name, None)


def _function(client: Any) -> Any:
    return vars(client).get("_make_api_call") or getattr(type(client), "_make_api_call", None)


def _way(client: Any, operation: str) -> _Way:
    """Return how the requests of an operation can be sent, by who watches them."""
    handlers = _emitter(client, "_handlers")
    own = vars(client)
    # Private parts: where another version has none of that name, the method is called.
    plain = _is_of(_function(client), "botocore.client") and own.keys() >= _PARTS
    if not plain or xform_name(operation) in own or handlers is None:
        return _Way.METHOD

    def modules(event: str) -> set[str]:
        found = handlers.prefix_search(f"{event}.dynamodb.{operation}")
        return {getattr(handler, "__module__", None) or "" for handler in found}

    watching = set().union(*map(modules, _WATCHED))
    # A Stubber is botocore's own, and yet it answers in place of the service.
    if not all(name.startswith(_HARMLESS) for name in watching) or "botocore.stub" in watching:
        return _Way.METHOD
    endpoint, session = type(client._endpoint), type(client._endpoint.http_session)
    alone = all(_is_of(getattr(endpoint, n, None), "botocore.endpoint") for n in _ATTEMPTING)
    # Another session may look for headers by names in any case, which a dict cannot.
    alone = alone and session.__module__ == "botocore.httpsession"
    if alone and all(modules(event) <= {*idle} for event, idle in _IDLE.items()):
        return _Way.ALONE
    return _Way.UNPARSED


def _is_of(function: Any, module: str) -> bool:
    """Return whether a function is botocore's own: whoever watches calls puts another in place."""
    return isinstance(function, FunctionType) and function.__module__ == module
