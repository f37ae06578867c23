"""Sends through a client without its serializer and parser, which cost most of the time.

Its events, signer, endpoint, retries and connections stay in use. Where somebody watches what is
serialized or parsed - a Stubber, a handler of parameters, a tracer - the client is called as usual.

Most requests need one attempt and no more, which is made without what botocore does around it. One
that does not succeed is handed to the client's own retries, as the first of their attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from types import FunctionType, SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.awsrequest import AWSRequest
from botocore.hooks import first_non_none_response
from msgspec import Raw, json

from ..errors import UNREADABLE, DynamormError, TransportError
from .exchange import Answer, read_answer
from .signing import target_headers

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

_ATTEMPTING = {"make_request", "_send_request", "_get_response", "_do_get_response"}
"""What an endpoint does around an attempt, and that a tracer may stand in for."""

_IDLE: dict[str, tuple[str, ...]] = {
    "before-call": ("botocore.handlers",),
    "before-parse": (),
    "response-received": (),
    "needs-retry": ("botocore.retryhandler", "botocore.retries.standard"),
    "after-call-error": (),
}
"""Modules whose handlers have nothing to do where an attempt succeeds."""


class RawClient:
    """Sends bodies as they are, where nobody watches."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._cache: Any = None
        self._methods: tuple[Any, ...] = ()
        self._ways: dict[str, _Way | None] = {}
        self._made: Any = None
        self._known: dict[str, tuple[Any, ...]] = {}
        """What is the same for all requests of an operation: endpoint, model, context, request."""

    def send(self, operation: str, body: bytes) -> bytes | None:
        """Send, and give the body that has come; refusals are raised as the client raises them.

        Sends nothing, and gives `None`, where serializer and parser may not be bypassed. A table's
        ARN may lead to another endpoint, which the client finds in the parameters.
        """
        if operation not in OPERATIONS or body.rfind(_IN_ARNS) >= 0:
            return None
        # botocore makes a new cache whenever a handler is registered or unregistered. Look again
        # then, and when a method was replaced: a tracer's wrapper equals what it stands in for.
        client = self._client
        cache, methods = _emitter(client, "_lookup_cache"), _methods(client)
        if cache is not self._cache or [*map(id, methods)] != [*map(id, self._methods)]:
            self._cache, self._methods, self._ways, self._made = cache, methods, {}, None
        ways = self._ways  # another thread may make new ones
        if operation not in ways:
            ways[operation] = _way(client, operation)
        way = ways[operation]
        return way and way(self, operation, body)

    def _unparsed(self, operation: str, body: bytes) -> bytes:
        """Send by what the client's method does, without serializer and parser."""
        made = self._made
        if made is None:
            made = self._made = self._without_codec(self._client._endpoint._event_emitter)
        return _sent(made, operation, body)

    def _alone(self, operation: str, body: bytes) -> bytes:
        """Send once, by no more than one attempt needs; as above where that does not succeed.

        The first time too, which shows what the client makes of such a request.
        """
        if (known := self._known.get(operation)) is None:
            return self._unparsed(operation, body)
        _, model, context, usual = known
        client, name = self._client, f"dynamodb.{operation}"
        emit, endpoint, signer = client.meta.events.emit, client._endpoint, client._request_signer
        context, headers = {**context}, {**usual["headers"]}
        asked = {**usual, "headers": headers, "body": body, "context": context}
        told = {"model": model, "context": context}
        emit(f"before-call.{name}", params=asked, request_signer=signer, **told)
        # Before `request-created`, whose handler writes the number of the attempt into a header.
        endpoint._update_retries_context(context, 1)
        request = _Request(asked["method"], asked["url"], asked["headers"], asked["body"])
        request.context = context
        emit(f"request-created.{name}", request=request, operation_name=operation)
        prepared = endpoint.prepare_request(request)
        try:
            came = first_non_none_response(emit(f"before-send.{name}", request=prepared))
            if came is None:
                # For urllib3, which copies a dict in a tenth of the time, and looks for no name in
                # another case.
                prepared.headers = dict(prepared.headers)
                came = endpoint._send(prepared)
            answer = Answer(came.status_code, came.headers, came.content)
        except Exception as error:  # noqa: BLE001 - the client's retries say what it means
            return self._again(operation, body, error)
        try:
            read = _whole(operation, answer)
        except DynamormError:
            return self._again(operation, body, came)
        # The client's own quota of retries is filled up by this.
        emit(f"after-call.{name}", http_response=came, parsed={}, **told)
        return read

    def _again(self, operation: str, body: bytes, came: Any) -> bytes:
        """Let the client judge what has come of a first attempt, and retry."""
        events = _Attempted(self._client._endpoint._event_emitter, came)
        return _sent(self._without_codec(events), operation, body)

    def _without_codec(self, events: Any) -> Any:
        """Return the same client with another serializer, and an endpoint with another parser."""
        client = self._client
        made = object.__new__(type(client))  # `copy` would ask for attributes before it has any
        vars(made).update(vars(client))
        made._serializer = SimpleNamespace(serialize_to_request=_serialized)
        made._endpoint = copy(client._endpoint)
        made._endpoint._event_emitter = events
        parsers = client._endpoint._response_parser_factory
        made._endpoint._response_parser_factory = SimpleNamespace(
            create_parser=lambda protocol: _without_reading(parsers.create_parser(protocol))
        )
        made._resolve_endpoint_ruleset = partial(self._resolved, made)
        return made

    def _resolved(
        self, made: Any, model: Any, members: Any, context: Any, *more: Any
    ) -> tuple[Any, ...]:
        """Resolve an operation's endpoint, once if it is the client's own and of no account."""
        client, known = self._client, self._known
        if model.name in known:
            return tuple(known[model.name][0])
        found: tuple[Any, ...] = client._resolve_endpoint_ruleset(model, members, context, *more)
        if found[0] == client.meta.endpoint_url and not any(found[1:]):
            request = made._convert_to_request_dict(_Members(), model, found[0], {}, {})
            known[model.name] = (found, model, {**context}, request)
        return found


_Way = Callable[[RawClient, str, bytes], bytes]
"""How a request is sent."""


def _emitter(client: Any, name: str) -> Any:
    """Return a part of what emits the client's events, which may be wrapped once."""
    events = client.meta.events
    return getattr(getattr(events, "_emitter", events), name, None)


def _methods(client: Any) -> tuple[Any, ...]:
    """Return what makes a call, the endpoint, and what makes its attempts."""
    call = vars(client).get("_make_api_call") or getattr(type(client), "_make_api_call", None)
    endpoint = vars(client).get("_endpoint")
    kind = type(endpoint)
    # A method that was replaced on this one object calls the object itself: a copy would not do.
    if not _ATTEMPTING.isdisjoint(getattr(endpoint, "__dict__", ())):
        return call, endpoint
    return call, endpoint, *[getattr(kind, name, None) for name in _ATTEMPTING]


def _way(client: Any, operation: str) -> _Way | None:
    """Return how requests can be sent, by who watches them; `None` is by the client's method."""
    handlers = _emitter(client, "_handlers")
    own = vars(client)
    # Private parts: where another version has none of that name, the method is called.
    call, endpoint, *attempts = _methods(client)
    plain = _is_of(call, "botocore.client") and attempts and own.keys() >= _PARTS
    if not plain or xform_name(operation) in own or handlers is None:
        return None

    def modules(event: str) -> set[str]:
        found = handlers.prefix_search(f"{event}.dynamodb.{operation}")
        return {getattr(handler, "__module__", None) or "" for handler in found}

    watching = set().union(*map(modules, _WATCHED))
    # A Stubber is botocore's own, and yet it answers in place of the service.
    if not all(name.startswith(_HARMLESS) for name in watching) or "botocore.stub" in watching:
        return None
    alone = all(_is_of(function, "botocore.endpoint") for function in attempts)
    # Another session may look for headers by names in any case, which a dict cannot.
    alone = alone and type(endpoint.http_session).__module__ == "botocore.httpsession"
    if alone and all(modules(event) <= {*idle} for event, idle in _IDLE.items()):
        return RawClient._alone
    return RawClient._unparsed


def _is_of(function: Any, module: str) -> bool:
    """Return whether a function is botocore's own: tools that watch calls replace it."""
    return isinstance(function, FunctionType) and function.__module__ == module


def unread(operation: str) -> TransportError:
    """Return the error for an answer that says nothing, or half of something."""
    message = "the answer was cut or damaged, or is not DynamoDB's: the client cannot read it"
    return TransportError(message, operation=operation, maybe_applied=True)


def _sent(made: Any, operation: str, body: bytes) -> bytes:
    return _whole(operation, made._make_api_call(operation, _Members(body))["Answer"])


def _whole(operation: str, answer: Answer) -> bytes:
    """Return the body of an answer; raise what any but a whole and successful one means."""
    body = read_answer(operation, answer)
    if answer.headers.get("x-amz-crc32") is None:  # which would have shown that it is whole
        try:
            json.decode(body, type=Raw)
        except UNREADABLE:
            raise unread(operation) from None
    return body


class _Request(AWSRequest):  # type: ignore[misc]  # botocore has no types
    """A request whose body is bytes, and need not be prepared for a look at it."""

    @property
    def body(self) -> Any:
        return self.data


class _Attempted:
    """Emits a client's events but those of one attempt, which has been made: it gives what came."""

    def __init__(self, events: Any, came: Any) -> None:
        self._events = events
        self._came = came

    def emit(self, name: str, **told: Any) -> Any:
        if self._came is None or not name.startswith(("request-created.", "before-send.")):
            return self._events.emit(name, **told)
        if name.startswith("request-created."):
            return []
        came, self._came = self._came, None
        if isinstance(came, Exception):
            raise came
        return [(self, came)]


class _Members(dict[str, Any]):
    """No parameters but one that the endpoint's rules ask for, and the body that goes out."""

    def __init__(self, body: bytes = b"") -> None:
        super().__init__(RequestItems={})
        self.body = body


def _serialized(members: _Members, operation: Any) -> dict[str, Any]:
    """Make a request of a body that is JSON already."""
    path = {"url_path": "/", "query_string": "", "method": "POST"}
    return {**path, "headers": target_headers(operation.name), "body": members.body}


def _without_reading(parser: Any) -> Any:
    """Return a parser that reads what was refused, and hands on what was answered."""

    def parse(response: dict[str, Any], shape: Any) -> dict[str, Any]:
        status = response["status_code"]
        if status >= 300:
            refused: dict[str, Any] = parser.parse(response, shape)
            return refused
        answer = Answer(status, response["headers"], response["body"])
        return {"ResponseMetadata": {"HTTPStatusCode": status}, "Answer": answer}

    return SimpleNamespace(parse=parse)
