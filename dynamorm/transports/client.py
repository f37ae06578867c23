"""Sends through a botocore or boto3 client that the caller has made.

So moto's decorators, botocore's Stubber and X-Ray's patches see every request, and the client's own
configuration holds; its retries come before ours.

A client hands an answer on that was cut, or was no JSON, as one without members. Such an answer is
a `TransportError` here. A damaged one is noticed only where the client checks its CRC32.
"""

from __future__ import annotations

import time
from datetime import datetime
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

from ..errors import (
    UNREADABLE,
    ConditionFailed,
    CredentialsMissing,
    DynamormError,
    TransportError,
    UnsupportedOperation,
    ValidationFailed,
    service_error,
    shown,
)
from .endpoints import is_local
from .exchange import foreign_answer
from .failures import UNREACHABLE, without_frames
from .routes import DEADLINE

_STRANGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError)
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)


class ClientTransport:
    """Wraps `boto3.client("dynamodb")` or its like; not the client of a boto3 *resource*.

    A resource's client rewrites items: it is refused with a `TypeError`.
    """

    def __init__(self, client: Any) -> None:
        service = client.meta.service_model.service_name
        if service != "dynamodb":
            raise TypeError(f'expected a client of "dynamodb", not of "{service}"')
        if _rewrites_items(client):
            raise TypeError(
                "this client rewrites items, as that of a boto3 resource does: "
                'pass boto3.client("dynamodb"), not resource.meta.client'
            )
        self._client = client
        client.meta.events.register(
            "before-send.dynamodb", _start_in_time, unique_id="dynamorm-deadline"
        )

    def __repr__(self) -> str:
        return f"ClientTransport({self._client!r})"

    @property
    def endpoint_url(self) -> str:
        return str(self._client.meta.endpoint_url)

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name)

    @property
    def local(self) -> bool:
        return is_local(self.endpoint_url)

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        """Call the client's method; its exceptions are raised as ours.

        After `timeout` seconds the client starts no further attempt; one that is under way has its
        own time-outs.
        """
        outer = DEADLINE.set(inf if timeout is None else time.monotonic() + timeout)
        try:
            return self._send(operation, body)
        finally:
            DEADLINE.reset(outer)

    def _send(self, operation: str, body: bytes) -> bytes:
        method = getattr(self._client, xform_name(operation), None)
        if method is None:
            message = f"this client is older than {operation}: update botocore"
            raise UnsupportedOperation("UnknownOperation", message, status=0, operation=operation)
        try:
            members = _to_client(json.decode(body))
        except UNREADABLE:
            message = "the request has an invalid value, such as binary that is not base64"
            raise ValidationFailed(
                "SerializationException", message, status=0, operation=operation
            ) from None
        try:
            return json.encode(_from_client(_whole(operation, method(**members))))
        except ParamValidationError as error:
            # What follows shows the value.
            message = str(error).partition(", value: ")[0]
            raise ValidationFailed(
                "ParamValidation", message, status=0, operation=operation
            ) from None
        except (BotoCoreError, ClientError) as error:
            raise _translated(operation, error) from _plain(error)
        except _STRANGE as error:
            # What botocore's parser makes of an answer that is no text, or no object.
            raise _unread(operation) from error


def _plain(error: Exception) -> BaseException:
    """Drop the request that botocore's error keeps, and the frames that hold its headers."""
    vars(error).pop("request", None)
    return without_frames(error)


def _start_in_time(**_: Any) -> None:
    """Let the client start no attempt of its own after the time for the whole operation."""
    if time.monotonic() > DEADLINE.get():
        raise TransportError(
            "the client tried until the time for the whole operation was over: give more as "
            "timeout=, or let the client retry less",
            operation="ClientTransport",
            maybe_applied=True,
        )


def _rewrites_items(client: Any) -> bool:
    """Let the client's own handlers see an answer, and look whether it is still the same.

    A resource is told from nothing public but by what its handlers do. They listen to every
    operation, so that the made-up name keeps away the handlers that wait for a certain one.
    """
    answer = {"Item": {"probe": {"S": "text"}}}
    client.meta.events.emit(
        "after-call.dynamodb.DynamormProbe",
        http_response=None,
        parsed=answer,
        model=client.meta.service_model.operation_model("GetItem"),
        context={},
    )
    return answer != {"Item": {"probe": {"S": "text"}}}


def _whole(operation: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Take an answer without its metadata; refuse one whose members were lost on the way."""
    members = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    headers = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if not members and int(headers.get("content-length", 0)) > len("{}"):
        raise _unread(operation)
    return members


def _unread(operation: str) -> TransportError:
    message = "the answer was cut or damaged, or is not DynamoDB's: the client cannot read it"
    return TransportError(message, operation=operation, maybe_applied=True)


def _translated(operation: str, error: Exception) -> DynamormError:
    if isinstance(error, ClientError):
        return _refusal(operation, error)
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsMissing(f"the client has no credentials: {error}")
    if isinstance(error, _NOT_SENT):
        message = f"{shown(str(error))}; {UNREACHABLE}"
        return TransportError(message, operation=operation, maybe_applied=False)
    return TransportError(shown(str(error)), operation=operation, maybe_applied=True)


def _refusal(operation: str, error: ClientError) -> DynamormError:
    answer, facts = error.response, error.response.get("ResponseMetadata", {})
    said, status = answer.get("Error", {}), facts.get("HTTPStatusCode", 0)
    code, message = _text(said.get("Code")), _text(said.get("Message"))
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
    if isinstance(refusal, ConditionFailed) and answer.get("Item"):
        refusal.item = json.encode(_from_client(answer["Item"]))
    return refusal


def _text(told: object) -> str:
    """Return what a service says; botocore passes on whatever JSON stands in its place."""
    return told if isinstance(told, str) else ""


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
