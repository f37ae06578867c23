"""Sends through a client of botocore, boto3, aiobotocore or aioboto3 that the caller has made.

So moto's decorators, botocore's Stubber and X-Ray's patches see every request, and the client's own
configuration holds; its retries come before ours.

A client passes on an answer that was cut, or is not JSON, as one without members. Such an answer
is a `TransportError` here. Requests for items bypass the client's serializer and parser (see
`raw_client`), and their answers are checked as over the other transports. Of other answers, damage
is noticed only where the client checks the CRC32.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from math import inf
from typing import Any

from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
)
from msgspec import convert, json

from .. import errors
from ..errors import UNREADABLE, DynamormError, TransportError, service_error, shown
from ..operations.sending import answered, without_waiting
from .endpoints import is_local
from .exchange import foreign_answer
from .raw_client import OPERATIONS, RawClient, unread
from .routes import UNREACHABLE, without_frames

_STRANGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_WATCHED_RESOURCE = (
    "the client of a boto3 resource rewrites items, and hooks on it keep it from being replaced: "
    'pass boto3.client("dynamodb")'
)

_RAISED = (BotoCoreError, ClientError, RuntimeError, *_STRANGE)
"""What a client's method raises, on purpose or not."""

_UNTIMELY = "Unable to calculate correct timezone offset"
"""What botocore's parser says, as a RuntimeError, of a time beyond all calendars."""

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=inf)
"""The moment of the monotonic clock after which a client starts no attempt. A handler looks at it,
which has no parameter for it."""

_NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError)
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


class _Wrapped:
    """What a transport that sends through a client says of itself."""

    def __init__(self, client: Any) -> None:
        service = client.meta.service_model.service_name
        if service != "dynamodb":
            raise TypeError(f'expected a client of "dynamodb", not of "{service}"')
        self._client = client

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client!r})"

    @property
    def endpoint_url(self) -> str:
        return str(self._client.meta.endpoint_url)

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name)

    @property
    def local(self) -> bool:
        return is_local(self.endpoint_url)


class ClientTransport(_Wrapped):
    """Wraps `boto3.client("dynamodb")` or its like, or a boto3 resource.

    The client of a resource rewrites items: passed by itself, it is refused with a `TypeError`.
    Pass the resource, and nothing is rewritten.
    """

    def __init__(self, client: Any) -> None:
        self._rewrites = not hasattr(client.meta, "service_model")
        super().__init__(client.meta.client if self._rewrites else client)
        if not self._rewrites:
            without_waiting(_check_handlers(client))
        self._raw = RawClient(self._client)
        # By its id it is registered once, however many transports there are of a client.
        self._client.meta.events.register(
            "before-send.dynamodb", _start_in_time, unique_id="dynamorm-deadline"
        )

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Call the client's method; its exceptions are raised as ours.

        After `timeout` seconds the client starts no further attempt; one that is under way has its
        own time-outs.
        """
        # Of the context and not of the transport: threads that share this one have their own.
        outer = _DEADLINE.set(inf if timeout is None else time.monotonic() + timeout)
        try:
            if (answer := self._raw.send(operation, body)) is not None:
                return answer
            # None of the package's other operations has items for a resource to rewrite.
            if self._rewrites and operation in OPERATIONS:
                raise errors.Refused((_WATCHED_RESOURCE,))
            method, members = _prepared(self._client, operation, body)
            return _body_of(operation, method(**members))
        except _RAISED as error:
            raise _meant(operation, error) from _plain(error)
        finally:
            _DEADLINE.reset(outer)


class AsyncClientTransport(_Wrapped):
    """Wraps the client that `session.client("dynamodb")` of aiobotocore or aioboto3 gives."""

    def __init__(self, client: Any) -> None:
        if not hasattr(client.meta, "service_model"):
            raise TypeError("an aioboto3 resource rewrites items: pass session.client(...)")
        super().__init__(client)
        # Asked before the first request and not here: what aiobotocore emits has to be awaited.
        # What only stands before a client may emit nothing.
        self._checked = not hasattr(client.meta, "events")

    async def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Await the client's method, `timeout` at most; its exceptions are raised as ours."""
        from .aio import in_time

        if not self._checked:
            await _check_handlers(self._client)
            self._checked = True
        try:
            method, members = _prepared(self._client, operation, body)
            reply = await in_time(partial(method, **members), inf if timeout is None else timeout)
            return _body_of(operation, reply)
        except TimeoutError as error:
            # Cancelling the attempt does not call back what had been sent.
            message = f"the client gave no answer in {timeout} s: give more as timeout="
            raise TransportError(message, operation=operation, maybe_applied=True) from error
        except _RAISED as error:
            raise _meant(operation, error) from _plain(error)


async def _check_handlers(client: Any) -> None:
    """Let the client's own handlers see an answer; raise `TypeError` where they rewrite items.

    A resource is told from nothing public but by what its handlers do. They listen to every
    operation, so that the made-up name keeps away the handlers that wait for a certain one.
    """
    answer = {"Item": {"probe": {"S": "text"}}}
    emitted = client.meta.events.emit(
        "after-call.dynamodb.DynamormProbe",
        http_response=None,
        parsed=answer,
        model=client.meta.service_model.operation_model("GetItem"),
        context={},
    )
    if hasattr(emitted, "__await__"):
        await emitted
    if answer != {"Item": {"probe": {"S": "text"}}}:
        raise TypeError(
            "this client rewrites items, as that of a boto3 resource does: pass the resource "
            'or boto3.client("dynamodb"), not resource.meta.client'
        )


def _prepared(client: Any, operation: str, body: bytes) -> tuple[Any, dict[str, Any]]:
    """Return the client's method, and what to call it with."""
    method = getattr(client, xform_name(operation), None)
    if method is None:
        raise NotImplementedError(f"this client is older than {operation}: update botocore")
    try:
        return method, _to_client(json.decode(body))
    except UNREADABLE:
        message = "the request has an invalid value: binary that is not base64, for example"
    raise errors.ValidationFailed("SerializationException", message, status=0, operation=operation)


def _body_of(operation: str, reply: dict[str, Any]) -> bytes:
    """Write a client's answer as the service has; refuse one whose members were lost on the way."""
    members = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    facts = reply.get("ResponseMetadata", {})
    length = facts.get("HTTPHeaders", {}).get("content-length")
    # What changes tags or settings may be answered with no body, a request for items never is.
    least = len("{}") if operation in OPERATIONS else 0
    # A stub tells no length, and is believed.
    if not members and length is not None and not least <= int(length) <= len("{}"):
        raise unread(operation)
    body = json.encode(_from_client(members))
    return answered(body, facts.get("HTTPStatusCode"), facts.get("RequestId"))


def _meant(operation: str, error: Exception) -> DynamormError:
    """Return an error of a client as ours; raise what is wrong with the program, or with moto."""
    if isinstance(error, ParamValidationError):
        # What follows shows the value.
        message = str(error).partition(", value: ")[0]
        return errors.ValidationFailed("ParamValidation", message, status=0, operation=operation)
    if isinstance(error, _STRANGE) or _UNTIMELY in str(error):
        # What botocore's parser makes of an answer that is no text, or no object.
        return unread(operation)
    if isinstance(error, NotImplementedError):
        # moto raises it, inside `mock_aws`, for what it lacks.
        return errors.UnsupportedOperation(
            "UnknownOperation", str(error), status=0, operation=operation
        )
    if isinstance(error, RuntimeError):
        raise error
    if isinstance(error, ClientError):
        return _refusal(operation, error)
    if isinstance(error, _NO_CREDENTIALS):
        return errors.CredentialsMissing(f"the client has no credentials: {error}")
    sent = not isinstance(error, _NOT_SENT)
    message = shown(str(error)) + ("" if sent else f"; {UNREACHABLE}")
    return TransportError(message, operation=operation, maybe_applied=sent)


def _plain(error: Exception) -> BaseException | None:
    """Drop the request that botocore's error keeps, and the frames that hold its headers.

    An error of parameters shows their values: it is dropped altogether.
    """
    vars(error).pop("request", None)
    return None if isinstance(error, ParamValidationError) else without_frames(error)


def _start_in_time(**_: Any) -> None:
    """Let the client start no attempt of its own after the time for the whole operation."""
    if time.monotonic() > _DEADLINE.get():
        raise TransportError(
            "the client tried until the time for the whole operation was over: give more as "
            "timeout=, or let the client retry less",
            operation="ClientTransport",
            maybe_applied=True,
        )


def _refusal(operation: str, error: ClientError) -> DynamormError:
    answer, facts = error.response, error.response.get("ResponseMetadata", {})
    said, status = answer.get("Error", {}), facts.get("HTTPStatusCode", 0)
    # botocore passes on whatever JSON stands in the place of text.
    told = (said.get("Code"), said.get("Message"))
    code, message = (text if isinstance(text, str) else "" for text in told)
    # Where the body has no code, botocore gives the status for one.
    if code == str(status):
        return foreign_answer(operation, status)
    refusal = service_error(
        code,
        message,
        status=status,
        request_id=facts.get("RequestId", ""),
        operation=operation,
    )
    if isinstance(refusal, errors.ConditionFailed) and answer.get("Item"):
        refusal.item = json.encode(_from_client(answer["Item"]))
    return refusal


def _to_client(value: Any) -> Any:
    """Decode binary attribute values, which a client takes as bytes.

    Nothing else is an object of one member "B" or "BS" with a string or strings in it: an
    attribute of that name holds an object.
    """
    match value:
        case list():
            return [_to_client(item) for item in value]
        case {"B": str(binary)} if len(value) == 1:
            return {"B": convert(binary, bytes)}
        case {"BS": list(binaries)} if len(value) == 1:
            return {"BS": [convert(item, bytes) for item in binaries]}
        case dict():
            return {name: _to_client(item) for name, item in value.items()}
    return value


def _from_client(value: Any) -> Any:
    match value:
        case list():
            return [_from_client(item) for item in value]
        case dict():
            return {name: _from_client(item) for name, item in value.items()}
        case datetime():
            return value.timestamp()
    return value
