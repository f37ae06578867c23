"""Whatever a server sends, or a variable says, ends in an answer or in one of our errors."""

from __future__ import annotations

import asyncio
import inspect
import io
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from functools import cache
from typing import Any

import boto3
import pytest
from aids.damage import broken, damaged, misspelt
from aids.documents import ERROR, LEFT, ORDERS, PAGES
from aids.httpserver import Cut, Server, answer, checked
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from dynamorm import Credentials, DynamormError, EndpointUnknown
from dynamorm.errors import ConditionFailed, CredentialsRejected, TableNotFound, TransportError
from dynamorm.operations import Call
from dynamorm.operations.sending import decoded
from dynamorm.transports import Profile
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.container import from_container
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.endpoints import Endpoint, resolve
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.signing import Signer

WAYS: list[Any] = [AioTransport, BotocoreTransport, HttpTransport]
ways = pytest.mark.parametrize("way", WAYS)
NAMED = b'{"TableName":"orders"}'
TABLE = json.encode({"Table": ORDERS})
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n4\r\n{  }\r\n0\r\n\r\n"


def send(way: Any, **settings: Any) -> None:
    """Send one request by a transport of its own, awaited if it has to be."""
    given = {"region": "eu-west-1", "credentials": Credentials("key", "hidden"), "environ": {}}
    transport = way(**given | settings)

    async def awaited() -> None:
        try:
            await transport.send("DescribeTable", NAMED)
        finally:
            await transport.aclose()

    if inspect.iscoroutinefunction(transport.send):
        asyncio.run(awaited())
    else:
        try:
            transport.send("DescribeTable", NAMED)
        finally:
            transport.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Cut()) as made:
        yield made


@ways
@given(data=st.sampled_from([answer(TABLE), checked(TABLE), CHUNKED]).flatmap(broken))
def test_whatever_a_server_sends_is_an_answer_or_one_of_our_errors(server, way, data):
    """Damaged anywhere: status, headers, lengths, chunks, checksum, body."""
    server.script[:] = [Cut(data)]
    with suppress(DynamormError):
        send(way, endpoint=server.url)


class Body(io.BytesIO):
    """What urllib3 would have received."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@cache
def client() -> Any:
    """A client that does not send: its answer is in `client().answer`."""
    made = boto3.session.Session().client(
        "dynamodb",
        "eu-west-1",
        aws_access_key_id="key",
        aws_secret_access_key="hidden",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )

    def respond(request: Any, **_: Any) -> AWSResponse:
        status, headers, body = made.answer
        return AWSResponse(request.url, status, headers, Body(body))

    made.meta.events.register("before-send.dynamodb", respond)
    return made


CLIENTS = {
    "DescribeTable": (NAMED, {"Table": ORDERS}),
    "Scan": (NAMED, PAGES[0]),
    "BatchWriteItem": (b'{"RequestItems":{"new":[{"DeleteRequest":{"Key":{}}}]}}', LEFT),
    "ListTables": (b"{}", ERROR),
}


@pytest.mark.parametrize("operation", CLIENTS)
@given(data=st.data(), status=st.sampled_from([200, 400, 500]), length=st.none() | st.text())
def test_whatever_a_client_makes_of_an_answer_is_one_or_one_of_our_errors(
    operation, data, status, length
):
    """Botocore's parser raises what its helpers do; an item's values are in none of it."""
    request, document = CLIENTS[operation]
    body = data.draw(damaged(document))
    headers = {} if length is None else {"content-length": length}
    client().answer = status, headers, body
    with suppress(DynamormError):
        transport = ClientTransport(client())
        decoded(Call(operation, {}, dict), transport, transport.send(operation, request))


def test_a_time_beyond_all_calendars_is_an_answer_that_cannot_be_read():
    """Botocore raises a RuntimeError over it."""
    client().answer = 200, {}, b'{"Table":{"CreationDateTime":1e999}}'
    with pytest.raises(TransportError, match="the client cannot read it"):
        ClientTransport(client()).send("DescribeTable", NAMED)


def test_what_is_wrong_with_the_program_stays_its_own_error():
    """A RuntimeError that is not of an answer says what to mend, such as a loop that is closed."""

    def closed(**_: Any) -> None:
        raise RuntimeError("closed")

    client().answer = 200, {}, TABLE
    client().meta.events.register_first("before-send.dynamodb", closed)
    try:
        with pytest.raises(RuntimeError, match="closed"):
            ClientTransport(client()).send("DescribeTable", NAMED)
    finally:
        client().meta.events.unregister("before-send.dynamodb", closed)


@pytest.mark.parametrize("message", [b"null", b"[]", b"7"])
def test_a_refusal_that_a_client_cannot_word_is_one_of_its_code(message):
    """Botocore hands on whatever JSON stands in the place of the message."""
    body = b'{"__type":"com.amazonaws#ResourceNotFoundException","message":%s}' % message
    client().answer = 400, {}, body
    with pytest.raises(TableNotFound):
        ClientTransport(client()).send("DescribeTable", NAMED)


def test_a_condition_that_failed_brings_the_item_from_a_client_too():
    """As DynamoDB writes it, with binary as base64: `existing="keep"` compares it."""
    item = b'{"id":{"B":"aGk="}}'
    told = b'{"__type":"com.amazonaws#ConditionalCheckFailedException","message":"no","Item":%s}'
    client().answer = 400, {}, told % item
    with pytest.raises(ConditionFailed) as caught:
        ClientTransport(client()).send("PutItem", b'{"TableName":"new","Item":%s}' % item)
    assert caught.value.item == item


@given(damaged({"RequestItems": {"new": [{"PutRequest": {"Item": {"b": {"B": "aGk="}}}}]}}))
def test_whatever_a_client_is_given_to_send_is_sent_or_refused(body):
    """A copy passes items on as they are, be they none."""
    client().answer = 200, {}, b"{}"
    with suppress(DynamormError):
        ClientTransport(client()).send("BatchWriteItem", body)


DATES = formatdate(0, usegmt=True), "Fri, 31 Dec 9999 23:59:59 +0000", "Mon, 1 Jan 0001 0:0:0 GMT"


@given(misspelt(*DATES))
def test_whatever_the_date_is_the_next_request_can_be_signed(date):
    """A clock is set by a date, or left as it is."""
    source = CredentialSource(Credentials("key", "hidden"), {})
    signer = Signer(Endpoint("http://db.example", "eu-west-1"), source)
    error = CredentialsRejected("RequestExpired", "", status=400, operation="Scan")
    used = source.get()
    signer.learn(error, used, {"Date": date})
    assert signer.signed("Scan", b"{}", used)


@pytest.fixture
def nowhere(monkeypatch) -> None:
    """No name and no address leads anywhere."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)


def hides(shown: Callable[[], object]) -> None:
    """Do something; if it fails, then with one of our errors, which does not tell the password."""
    try:
        shown()
    except DynamormError as error:
        lines = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    else:
        return
    assert "pass-word" not in lines


PROXIES = "http://user:pass-word@proxy.example:3128", "user:pass-word@[::1]:1", "http://127.0.0.1"


@ways
@pytest.mark.usefixtures("nowhere")
@given(proxy=misspelt(*PROXIES), scheme=st.sampled_from(["http", "https"]))
def test_whatever_names_a_proxy_is_one_or_refused_without_its_password(way, proxy, scheme):
    """The variable may hold anything."""
    environ = {f"{scheme}_proxy": proxy}
    hides(lambda: send(way, endpoint=f"{scheme}://db.example:8000", environ=environ))


ENDPOINTS = "http://user:pass-word@db.example:80", "https://[::1]:8000", "http://127.0.0.1:80/"


@given(url=misspelt(*ENDPOINTS), region=st.none() | misspelt("eu-west-1", "us-gov-west-1"))
def test_whatever_names_an_endpoint_is_one_or_refused_without_its_password(url, region):
    """What has been accepted can stand in a header."""
    with suppress(EndpointUnknown):
        found = resolve(region, url, {}, Profile())
        assert (found.url + found.region).isascii()
        assert (found.url + found.region).isprintable()
    hides(lambda: resolve(region, url, {}, Profile()))


FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


@pytest.mark.usefixtures("nowhere")
@given(misspelt("http://169.254.170.2:80/a?b", "https://db.example/x", "http://localhost:80"))
def test_whatever_names_a_container_is_asked_or_refused(url):
    """Ports, paths and hosts that are none are no crash."""
    with suppress(DynamormError):
        found = from_container({FULL: url})
        assert found is None or found()
