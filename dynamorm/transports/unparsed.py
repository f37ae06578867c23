"""What a client does with a request, but for the serializer and the parser.

Most requests need one attempt and no more: it is made with the client's own endpoint, signer and
events, without what botocore does around it. One that was refused, damaged or not answered is
handed to the client's own retries, as the first of their attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.hooks import first_non_none_response
from msgspec import Raw, Struct, json

from ..errors import UNREADABLE, DynamormError, TransportError
from .exchange import Answer, read_answer
from .signing import target_headers


class Unparsed:
    """Sends the bodies of requests through a client, and gives those of the answers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._known: dict[str, _Known] = {}
        self._made = self._without_codec(client._endpoint._event_emitter)

    def send(self, operation: str, body: bytes) -> bytes:
        """Send as the client does; refusals are raised as it raises them."""
        return _sent(self._made, operation, body)

    def attempt(self, operation: str, body: bytes) -> bytes:
        """Send once, and as the client does where that does not succeed.

        The first time too, which shows what the client makes of such a request.
        """
        if (known := self._known.get(operation)) is None:
            return self.send(operation, body)
        client, name = self._client, f"dynamodb.{operation}"
        emit, endpoint, signer = client.meta.events.emit, client._endpoint, client._request_signer
        context, headers = {**known.context}, {**known.request["headers"]}
        asked = {**known.request, "headers": headers, "body": body, "context": context}
        told = {"model": known.model, "context": context}
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
        made._serializer = _Serializer()
        made._endpoint = copy(client._endpoint)
        made._endpoint._event_emitter = events
        made._endpoint._response_parser_factory = _Parsers(
            client._endpoint._response_parser_factory
        )
        made._resolve_endpoint_ruleset = self._resolved_once(made)
        return made

    def _resolved_once(self, made: Any) -> Callable[..., tuple[Any, ...]]:
        """Return a function that resolves an operation's endpoint, once if it is the client's own.

        The endpoint of an account is resolved for each request: the credentials may change, and
        with them the account.
        """
        client, known = self._client, self._known

        def resolve(model: Any, members: Any, context: Any, *more: Any) -> tuple[Any, ...]:
            if model.name in known:
                return known[model.name].endpoint
            found: tuple[Any, ...] = client._resolve_endpoint_ruleset(
                model, members, context, *more
            )
            if found[0] == client.meta.endpoint_url and not any(found[1:]):
                request = made._convert_to_request_dict(_Members(), model, found[0], {}, {})
                known[model.name] = _Known(found, model, {**context}, request)
            return found

        return resolve


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


class _Known(Struct):
    """What is the same for all requests of an operation."""

    endpoint: tuple[Any, ...]
    """Its URL and headers, and properties where botocore knows of any."""
    model: Any
    context: dict[str, Any]
    request: dict[str, Any]


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
        came = self._came
        if came is not None and name.startswith("request-created."):
            return []
        if came is not None and name.startswith("before-send."):
            self._came = None
            if isinstance(came, Exception):
                raise came
            return [(self, came)]
        return self._events.emit(name, **told)


class _Members(dict[str, Any]):
    """No parameters but one that the endpoint's rules ask for, and the body that goes out."""

    def __init__(self, body: bytes = b"") -> None:
        super().__init__(RequestItems={})
        self.body = body


class _Serializer:
    """Makes a request of a body that is JSON already."""

    def serialize_to_request(self, members: _Members, operation: Any) -> dict[str, Any]:
        path = {"url_path": "/", "query_string": "", "method": "POST"}
        return {**path, "headers": target_headers(operation.name), "body": members.body}


class _Parsers:
    """Makes parsers that read nothing but refusals."""

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
