"""Sends through a client without its serializer and parser, which cost most of the time.

Its events, signer, endpoint, retries and connections stay in use. Where somebody watches what is
serialized or parsed - a Stubber, a handler of parameters, a tracer - the client is called as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from operator import is_not
from types import FunctionType
from typing import Any

from botocore import xform_name

from .exchange import Answer, target_headers

OPERATIONS = frozenset(
    {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"}
)
"""Those whose requests or answers are large: of the others the client checks the parameters."""

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


class RawClient:
    """Sends bodies as they are; `takes` tells whether it may."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._state: tuple[Any, Any] = (None, None)
        self._taken: dict[str, bool] = {}
        self._made: Any = None

    def takes(self, operation: str, body: bytes) -> bool:
        """Return whether a request may bypass serializer and parser.

        A table's ARN may lead to another endpoint, which the client finds in the parameters.
        """
        if operation not in OPERATIONS or b'"arn:' in body:
            return False
        # botocore makes a new cache whenever a handler is registered or unregistered. Look at the
        # handlers again then, and when somebody has replaced the client's method.
        state = (_emitter(self._client, "_lookup_cache"), _function(self._client))
        if any(map(is_not, state, self._state)):
            self._state, self._taken = state, {}
        if operation not in self._taken:
            self._taken[operation] = not _is_watched(self._client, operation)
        return self._taken[operation]

    def send(self, operation: str, body: bytes) -> Answer:
        """Send, and give what has come; refusals are raised as the client raises them."""
        if self._made is None:
            self._made = _without_codec(self._client)
        answer: Answer = self._made._make_api_call(operation, _Members(body))["Answer"]
        return answer


def _emitter(client: Any, name: str) -> Any:
    """Return a part of what emits the client's events, which may be wrapped once."""
    events = client.meta.events
    return getattr(getattr(events, "_emitter", events), name, None)


def _function(client: Any) -> Any:
    return vars(client).get("_make_api_call") or getattr(type(client), "_make_api_call", None)


def _is_watched(client: Any, operation: str) -> bool:
    function, handlers = _function(client), _emitter(client, "_handlers")
    plain = isinstance(function, FunctionType) and function.__module__ == "botocore.client"
    own = vars(client)
    if not plain or xform_name(operation) in own or not own.keys() >= _PARTS or handlers is None:
        return True
    return any(
        not _is_harmless(handler)
        for event in _WATCHED
        for handler in handlers.prefix_search(f"{event}.dynamodb.{operation}")
    )


def _is_harmless(handler: Any) -> bool:
    module = getattr(handler, "__module__", None) or ""
    return module.startswith(_HARMLESS) and module != "botocore.stub"


def _without_codec(client: Any) -> Any:
    """Return the same client with another serializer, and an endpoint with another parser."""
    made = object.__new__(type(client))  # `copy` would ask it for attributes before it has any
    vars(made).update(vars(client))
    made._serializer = _Serializer()
    made._endpoint = copy(client._endpoint)
    made._endpoint._response_parser_factory = _Parsers(client._endpoint._response_parser_factory)
    made._resolve_endpoint_ruleset = _resolved_once(client)
    return made


def _resolved_once(client: Any) -> Callable[..., tuple[Any, ...]]:
    """Return a function that resolves an operation's endpoint, once if it is the client's own.

    The endpoint of an account is resolved for each request: the credentials may change, and with
    them the account.
    """
    known: dict[str, tuple[Any, ...]] = {}

    def resolve(operation: Any, *given: Any, **named: Any) -> tuple[Any, ...]:
        if operation.name in known:
            return known[operation.name]
        found: tuple[Any, ...] = client._resolve_endpoint_ruleset(operation, *given, **named)
        if found[0] == client.meta.endpoint_url and not any(found[1:]):
            known[operation.name] = found
        return found

    return resolve


class _Members(dict[str, Any]):
    """No parameters but one that the endpoint's rules ask for, and the body that goes out."""

    def __init__(self, body: bytes = b"") -> None:
        super().__init__(RequestItems={})
        self.body = body


class _Serializer:
    def serialize_to_request(self, members: _Members, operation: Any) -> dict[str, Any]:
        path = {"url_path": "/", "query_string": "", "method": "POST"}
        return {**path, "headers": target_headers(operation.name), "body": members.body}


class _Parsers:
    def __init__(self, parsers: Any) -> None:
        self._parsers = parsers

    def create_parser(self, protocol: str) -> _Parser:
        return _Parser(self._parsers.create_parser(protocol))


class _Parser:
    """Reads what was refused; hands on what was answered."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        status = response["status_code"]
        if status >= 300:
            refused: dict[str, Any] = self._parser.parse(response, shape)
            return refused
        answer = Answer(status, response["headers"], response["body"])
        return {"ResponseMetadata": {"HTTPStatusCode": status}, "Answer": answer}
