"""What every transport promises, and what each promises besides, against a loopback server."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import formatdate
from functools import cache
from pathlib import Path
from time import time
from typing import Any, cast

import boto3
import botocore
import botocore.session
import pytest
from aids.httpserver import Cut, Request, Server, Silence, answer, checked, refusal
from aids.laws import dear
from aids.leaks import nothing_left
from aids.tls import certified
from aids.worlds import Order
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from msgspec import json

import dynamorm
from dynamorm import (
    AccessDenied,
    Credentials,
    CredentialsMissing,
    Database,
    DynamormError,
    EndpointUnknown,
    Retries,
    ServerError,
    ServiceError,
    Throttled,
    TransportError,
    UnsupportedOperation,
    ValidationFailed,
)
from dynamorm.errors import CredentialsRejected, answers, service_error
from dynamorm.testing import FakeClock
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.threads import ThreadTransport

KEY = Credentials("the-key", "the-secret", "the-token")
TABLE = b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}'
NAMED = b'{"TableName":"orders"}'
ONCE = Retries(attempts=1)


def keyed(kind: Callable[..., Any]) -> Callable[..., Any]:
    given = {"region": "eu-west-1", "credentials": KEY, "environ": {}}
    return lambda url, **options: kind(endpoint=url, **given | options)


def clients(url: str, connect_timeout: float = 2, read_timeout: float = 10) -> ClientTransport:
    """A client that does not retry: what it makes of one answer is what is judged."""
    return ClientTransport(client(url, connect_timeout=connect_timeout, read_timeout=read_timeout))


def client(url: str, **config: Any) -> Any:
    return session().client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=KEY.access_key,
        aws_secret_access_key=KEY.secret_key,
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, **config),
    )


@cache
def session() -> boto3.session.Session:
    """Not boto3's own, which would be kept for whoever comes after."""
    return boto3.session.Session()


def threaded(url: str, **options: Any) -> ThreadTransport:
    return ThreadTransport(TRANSPORTS["botocore"](url, **options))


# A further transport needs one line here, be its send() awaited or not.
TRANSPORTS: dict[str, Callable[..., Any]] = {
    "botocore": keyed(BotocoreTransport),
    "http": keyed(HttpTransport),
    "aio": keyed(AioTransport),
    "client": clients,
    "threads": threaded,
}
SIGNING = [name for name in TRANSPORTS if name != "client"]  # those whose HTTP is ours
SENDING = [name for name in SIGNING if name != "threads"]  # what is not only another's wrapping

signing = pytest.mark.parametrize("way", SIGNING, indirect=True)
sending = pytest.mark.parametrize("way", SENDING, indirect=True)
blocking = pytest.mark.parametrize("way", ["botocore", "http"], indirect=True)


class Way:
    """One way to send, driven from synchronous tests: awaited if it has to be."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._made: list[Any] = []
        self._loop = asyncio.new_event_loop()

    def to(self, server: Server | str, **options: Any) -> Way:
        url = server if isinstance(server, str) else server.url
        self.transport = self._make(url, **options)
        self._made.append(self.transport)
        return self

    def send(self, operation: str = "DescribeTable", body: bytes = NAMED) -> bytes:
        sent: bytes = self._done(self.transport.send(operation, body))
        return sent

    def describe(self, retries: Retries = ONCE, clock: FakeClock | None = None) -> Any:
        """Perform a whole operation, decoding included."""
        driver = dynamorm.run
        if inspect.iscoroutinefunction(self.transport.send):
            driver = dynamorm.arun
        steps = dynamorm.describe_table("orders")
        return self._done(
            driver(steps, self.transport, retries=retries, clock=clock or FakeClock())
        )

    def close(self) -> None:
        self._done(closing(self.transport)())

    def end(self) -> None:
        for transport in self._made:
            self._done(closing(transport)())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _done(self, result: Any) -> Any:
        return self._loop.run_until_complete(result) if inspect.isawaitable(result) else result


def closing(transport: Any) -> Callable[[], Any]:
    names = [name for name in ("close", "aclose") if hasattr(transport, name)]
    close = getattr(transport, names[0]) if names else transport._client.close
    return cast("Callable[[], Any]", close)


@pytest.fixture(params=TRANSPORTS)
def way(request) -> Iterator[Way]:
    made = Way(TRANSPORTS[request.param])
    yield made
    made.end()


def failing(way: Way) -> TransportError:
    """Send, and give the error, which must say where it was and what can be done."""
    with pytest.raises(TransportError) as caught:
        way.describe()
    assert caught.value.text.endswith("- at DescribeTable")
    return caught.value


# The contract.


def test_a_request_is_a_signed_post_and_its_answer_is_given_as_it_came(way):
    """Path, target, type and body are what the API's reference asks for."""
    with Server(answer(TABLE)) as server:
        assert json.decode(way.to(server).send()) == json.decode(TABLE)
    (request,) = server.requests
    assert request.line == "POST / HTTP/1.1"
    assert json.decode(request.body) == {"TableName": "orders"}
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.DescribeTable"
    assert request.headers["content-length"] == str(len(request.body))
    assert request.headers["host"] == server.url.removeprefix("http://")
    scope = "Credential=the-key/"
    assert request.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 {scope}")


def test_a_connection_is_kept(way):
    """Requests one after the other share one."""
    with Server(answer(TABLE)) as server:
        way.to(server)
        for _ in range(3):
            way.send()
        assert server.connections == 1


def test_no_request_waits_for_an_acknowledgement(way):
    """TCP_NODELAY is set: without it a request with a body takes 40 ms more."""
    with Server(answer(TABLE)) as server:
        way.to(server).send()
        sockets = [
            found
            for found in gc.get_objects()
            if issubclass(type(found), socket.socket) and is_connected_to(found, server)
        ]
        assert sockets
        for found in sockets:
            assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def is_connected_to(found: socket.socket, server: Server) -> bool:
    try:
        return bool(found.getpeername() == server.server_address)
    except OSError:
        return False


def test_every_error_class_is_told_by_its_code(way):
    """The code, the message, the status and the request's id arrive with each."""
    codes = [*sorted(answers._BY_CODE), "SomethingNew"]
    refusals = [refusal(code, "because", x_amzn_RequestId="R1") for code in codes]
    with Server(*refusals) as server:
        way.to(server)
        for code in codes:
            with pytest.raises(ServiceError) as caught:
                way.send()
            error = caught.value
            known = service_error(code, "because", status=400, operation="DescribeTable")
            assert type(error) is type(known)
            assert (error.code, error.message, error.status) == (code, "because", 400)
            assert (error.request_id, error.operation) == ("R1", "DescribeTable")


def test_throttling_is_waited_out(way):
    """It is an error of the transport, and the driver's retries end it."""
    busy = refusal("ThrottlingException")
    with Server(busy, busy, answer(TABLE)) as server:
        way.to(server)
        with pytest.raises(Throttled) as caught:
            way.send()
        assert caught.value.transient
        assert way.describe(Retries()).table_name == "orders"
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_without_json_is_a_server_error(way, status):
    """A load balancer says so in HTML."""
    page = answer(b"<html>Bad</html>", status, content_type="text/html")
    with Server(page) as server, pytest.raises(ServerError) as caught:
        way.to(server).send()
    assert (caught.value.transient, caught.value.maybe_applied) == (True, True)


@pytest.mark.parametrize("status", [403, 404])
def test_a_wrong_endpoint_is_told_by_its_answer(way, status):
    """Another service's page is no error of DynamoDB's, and not worth another try."""
    page = answer(b"<html>Not here</html>", status, content_type="text/html")
    with Server(page) as server:
        error = failing(way.to(server))
    assert (error.transient, error.maybe_applied) == (False, False)
    assert "does the endpoint lead there" in str(error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused(way, status):
    """A signed request goes to nobody but the endpoint."""
    with Server(answer(TABLE)) as other:
        moved = answer(b"", status, location=other.url)
        with Server(moved) as server:
            error = failing(way.to(server))
    assert not error.transient
    assert other.requests == []


BROKEN = {
    "cut": Cut(answer(TABLE)[:-5]),
    "cut in the headers": Cut(b"HTTP/1.1 200 OK\r\nContent-"),
    "cut in a chunk": Cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"),
    "empty": answer(b""),
    "an empty object": answer(b"{}"),
    "a page": answer(b"<html>Welcome</html>"),
    "half an object": answer(TABLE[:-1]),
    "a list": answer(b"[]"),
    "not text": answer(b'{"Table": "\xff"}'),
    "other members": answer(b'{"TableNames": []}'),
    "too deep": answer(b'{"Table":' + b"[" * 100_000),
    "closed before the answer": Cut(),
    "not HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_answer_that_is_not_whole_is_not_taken_for_one(way, broken):
    """Not even on the last attempt; the request may have taken effect and can be sent again."""
    with Server(BROKEN[broken]) as server:
        error = failing(way.to(server))
    assert (error.transient, error.maybe_applied) == (True, True)


def test_a_checksum_that_is_right_is_no_obstacle(way):
    """DynamoDB sends one with every answer."""
    with Server(checked(TABLE)) as server:
        assert way.to(server).describe().table_name == "orders"


def test_no_answer_in_time_is_an_error_that_may_have_taken_effect(way):
    """The read time-out ends the wait."""
    with Server(Silence()) as server:
        # The connect time-out is longer than the test may take: it is not the one that ends it.
        error = failing(way.to(server, connect_timeout=1000, read_timeout=0.05))
    assert (error.transient, error.maybe_applied, error.stale) == (True, True, False)


def test_a_refused_connection_says_that_nothing_was_sent_and_what_to_look_at(way):
    """The name of the region may be wrong, or the emulator not running."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
    error = failing(way.to(url))
    assert (error.transient, error.maybe_applied) == (True, False)
    assert url in str(error)
    assert "is the region's name right" in str(error)


def test_a_region_that_does_not_exist_says_so(way, monkeypatch):
    """Its host has no address, which may also be the network's fault."""

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failing(way.to("https://dynamodb.eu-wst-1.amazonaws.com"))
    assert "dynamodb.eu-wst-1.amazonaws.com" in str(error)
    assert "is the region's name right" in str(error)
    assert not error.maybe_applied


def test_text_arrives_as_it_is(way):
    """Requests and answers are UTF-8, whatever is in them."""
    text = 'zażółć 🐍 \u2028 \\ " \x00'
    body = {"TableName": "orders", "Item": {text: {"S": text}}}
    with Server(answer({"Attributes": {text: {"S": text}}})) as server:
        got = way.to(server).send("PutItem", json.encode(body))
    assert json.decode(got) == {"Attributes": {text: {"S": text}}}
    assert server.bodies == [body]


def test_a_large_request_arrives_whole(way):
    """16 MB is what BatchWriteItem takes."""
    body = {"TableName": "orders", "Item": {"k": {"S": "x" * (16 << 20)}}}
    with Server(answer(b"{}")) as server:
        way.to(server).send("PutItem", json.encode(body))
    assert server.bodies == [body]


def test_a_large_answer_arrives_whole(way):
    """Longer than any buffer on the way, and than a page of a Scan."""
    page = json.encode({"Items": [{"k": {"S": "x" * 1000}}] * 4000, "Count": 4000})
    with Server(checked(page)) as server:
        assert json.decode(way.to(server).send("Scan")) == json.decode(page)


def test_threads_share_a_transport(way):
    """Each gets the answer to its own question."""

    def echo(request: Request) -> bytes:
        name = json.decode(request.body)["TableName"]
        return checked(json.encode({"Table": {"TableName": name, "TableStatus": "ACTIVE"}}))

    with Server(echo) as server:
        way.to(server)
        if inspect.iscoroutinefunction(way.transport.send):
            way._done(many_tasks(way.transport))
        else:
            many_threads(way.transport)
        assert server.connections <= 8
        assert len(server.requests) == 8 * 10


def ask(worker: int, number: int) -> tuple[bytes, str]:
    name = f"table-{worker}-{number}"
    return json.encode({"TableName": name}), name


def many_threads(transport: Any) -> None:
    wrong: list[str] = []

    def work(worker: int) -> None:
        for number in range(10):
            body, name = ask(worker, number)
            got = json.decode(transport.send("DescribeTable", body))["Table"]["TableName"]
            wrong.extend([name] if got != name else [])

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


async def many_tasks(transport: Any) -> None:
    async def work(worker: int) -> None:
        for number in range(10):
            body, name = ask(worker, number)
            got = json.decode(await transport.send("DescribeTable", body))
            assert got["Table"]["TableName"] == name

    await asyncio.gather(*(work(worker) for worker in range(8)))


def test_a_transport_knows_a_service_on_this_machine(way):
    """Waits are shorter there."""
    assert way.to("http://127.0.0.1:8000").transport.local
    assert not way.to("https://dynamodb.eu-west-1.amazonaws.com").transport.local


def test_a_transport_shows_what_it_is_and_no_secret(way):
    """Its repr can be logged."""
    shown = repr(way.to("http://127.0.0.1:8000").transport)
    assert type(way.transport).__name__ in shown
    assert "the-" not in shown


# What is promised where the HTTP is ours.


@signing
def test_a_damaged_answer_is_not_taken_for_one(way):
    """The checksum says so, on the last attempt too; a client hands it on."""
    with Server(checked(TABLE, wrong_by=1)) as server:
        error = failing(way.to(server))
    assert (error.transient, error.maybe_applied) == (True, True)


@signing
def test_a_stale_connection_is_replaced_without_spending_a_retry(way):
    """A kept-alive connection that the other side has closed says nothing about the service."""
    with Server(answer(TABLE), Cut(), answer(TABLE)) as server:
        way.to(server).describe()
        clock = FakeClock()
        assert way.describe(ONCE, clock).table_name == "orders"
    assert clock.slept == []
    assert [request.connection for request in server.requests] == [1, 1, 2]


@signing
def test_a_connection_that_was_new_is_not_called_stale(way):
    """Closing it before an answer is a failure of the service's, and costs an attempt."""
    with Server(Cut()) as server:
        assert not failing(way.to(server)).stale
    with Server(answer(TABLE), Cut()) as server:
        way.to(server).describe()
        assert not failing(way).stale
    assert len(server.requests) == 3


@signing
def test_an_answer_that_breaks_off_is_not_a_stale_connection(way):
    """It had begun, so that the connection was alive."""
    with Server(answer(TABLE), BROKEN["cut in a chunk"]) as server:
        way.to(server).describe()
        assert not failing(way).stale


@signing
def test_a_clock_that_is_off_costs_one_more_request(way):
    """The service's Date is learnt from, once: what it refuses again is raised."""
    service_time = time() + 3600
    date = {"Date": formatdate(service_time, usegmt=True)}
    skewed = refusal("InvalidSignatureException", "Signature expired: now", **date)
    with Server(skewed, answer(TABLE)) as server:
        assert way.to(server).describe().table_name == "orders"
    moments = [signed_at(request) for request in server.requests]
    assert moments[1] - service_time == pytest.approx(0, abs=60)
    with Server(skewed) as server, pytest.raises(CredentialsRejected):
        way.to(server).send()
    assert len(server.requests) == 2


def signed_at(request: Request) -> float:
    return seconds(request.headers["x-amz-date"])


def seconds(timestamp: str) -> float:
    return datetime.strptime(timestamp + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()


@signing
def test_an_expired_token_is_looked_up_again_once(way):
    """A function that gives credentials is asked again, and its next answer sent."""
    tokens = iter(["old", "new", "newer"])
    expired = refusal("ExpiredTokenException")
    with Server(expired, answer(TABLE)) as server:
        way.to(server, credentials=lambda: Credentials("key", "secret", next(tokens)))
        assert way.describe().table_name == "orders"
    sent = [request.headers["x-amz-security-token"] for request in server.requests]
    assert sent == ["old", "new"]


@signing
def test_missing_credentials_are_told_before_anything_is_sent(way):
    """And what to do about it."""
    with Server(answer(TABLE)) as server, pytest.raises(CredentialsMissing, match="AWS_PROFILE"):
        way.to(server, credentials=None).send()
    assert server.connections == 0


@signing
def test_a_missing_permission_names_the_action(way):
    """So that it can be copied into a policy."""
    message = "User: arn:aws:iam::123456789012:user/me is not authorized"
    allow = pytest.raises(AccessDenied, match="allow dynamodb:DescribeTable on orders")
    with Server(refusal("AccessDeniedException", message)) as server, allow:
        way.to(server).describe()
    assert len(server.requests) == 1


@signing
def test_idle_connections_can_be_closed_and_opened_again(way):
    """A closed transport goes on working, on a new connection."""
    with Server(answer(TABLE)) as server:
        way.to(server).close()
        way.send()
        way.close()
        way.send()
        assert server.connections == 2


@blocking
def test_a_connection_that_is_under_way_at_the_close_is_not_kept(way):
    """Nobody would close it: whoever closes a transport may have left threads that still send."""

    def turn(_request: Request) -> bytes:
        way.close()
        return answer(TABLE)

    with nothing_left(), Server(turn) as server:
        way.to(server)
        for _ in range(2):
            assert way.describe().table_name == "orders"
        assert server.connections == 2


@sending
def test_the_headers_of_a_request_are_these_and_no_more(way):
    """A proxy may change what is not signed; everything that DynamoDB reads is signed."""
    with Server(answer(TABLE)) as server:
        way.to(server).send()
    headers = server.requests[0].headers
    assert sorted(headers) == [
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-target",
    ]
    signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
    assert f"SignedHeaders={signed}," in headers["authorization"]
    assert headers["accept-encoding"] == "identity"


@sending
def test_nothing_shows_a_secret(way, caplog):
    """No log record at any level, no repr, no message and no traceback holds one."""
    caplog.set_level(logging.DEBUG)
    shown = []
    turns = [
        answer(TABLE),
        refusal("UnrecognizedClientException"),
        refusal("ExpiredTokenException"),
        answer(b"<html>", 404),
        BROKEN["cut in a chunk"],
        Cut(),
    ]
    with Server(*turns, Silence()) as server:
        for _ in range(len(turns) + 1):
            shown += trace(way.to(server, read_timeout=0.05), server.url)
    with Server(answer(TABLE), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as server:
        shown += trace(way.to(server), server.url)
    shown += trace(way.to(server), server.url)
    parts = {"access_key": "the-key", "secret_key": "the-secret", "token": "the-token"}
    for part, value in parts.items():
        broken = Credentials(**parts | {part: value + "\n"})
        shown += trace(way.to(server, credentials=broken), server.url)
    shown += [repr(KEY), str(KEY), repr(CredentialSource(KEY, {}))]
    shown += [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    assert len(shown) > 40
    assert not [text for text in shown if "the-secret" in text or "the-token" in text]
    assert not [text for text in shown if "AWS4-HMAC-SHA256" in text]


def trace(way: Way, url: str) -> Iterator[str]:
    """Give everything that an operation could show of itself when it ends."""
    yield repr(Database(way.transport))
    try:
        yield repr(way.describe())
    except DynamormError as error:
        yield from (repr(error), str(error), repr(vars(error)))
        yield from traceback.format_exception(type(error), error, error.__traceback__)
        yield repr(getattr(error.__cause__, "__dict__", ""))


# TLS.


@sending
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_is_trusted_by_the_bundle_that_a_variable_names(
    way, authority, bundle, variable
):
    """As boto3 does, so that a company's own authority works."""
    with Server(answer(TABLE), tls=certified(authority, "127.0.0.1")) as server:
        way.to(server, environ={variable: bundle})
        assert way.describe().table_name == "orders"


@sending
def test_a_certificate_of_a_stranger_is_refused(way, authority):
    """Nothing was sent, no retry will help, and the advice is the bundle."""
    with Server(answer(TABLE), tls=certified(authority, "127.0.0.1")) as server:
        untrusted(failing(way.to(server)), "certificate")
    assert server.requests == []


@sending
def test_a_certificate_for_another_host_is_refused(way, authority, bundle):
    """Its authority is trusted, and it is still not this server's."""
    with Server(answer(TABLE), tls=certified(authority, "elsewhere.example")) as server:
        untrusted(failing(way.to(server, environ={"AWS_CA_BUNDLE": bundle})), "127.0.0.1")
    assert server.requests == []


@sending
def test_a_server_without_tls_is_told_from_one_that_is_not_trusted(way):
    """https:// for an emulator that speaks http is a common slip."""
    with Server(answer(TABLE)) as server:
        url = server.url.replace("http:", "https:")
        untrusted(failing(way.to(url)), "begins with http://")


@sending
@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nno\n"])
def test_a_bundle_that_is_none_is_refused(way, authority, tmp_path, content):
    """A file that is missing or holds no certificate is named before anything is sent."""
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with Server(answer(TABLE), tls=certified(authority, "127.0.0.1")) as server:
        untrusted(failing(way.to(server, environ={"AWS_CA_BUNDLE": str(path)})), "AWS_CA_BUNDLE")
    assert server.requests == []


def untrusted(error: TransportError, word: str) -> None:
    assert (error.transient, error.maybe_applied) == (False, False)
    assert word in str(error)
    assert "AWS_CA_BUNDLE" in str(error)


# Proxies.


@sending
def test_a_proxy_is_used_where_a_variable_names_it(way):
    """The request goes to the proxy, with the endpoint's whole URL and signed for its host."""
    with Server(answer(TABLE)) as proxy:
        environ = {"HTTP_PROXY": f"http://user:word@{proxy.url.removeprefix('http://')}"}
        way.to("http://db.example:8000", environ=environ).describe()
    (request,) = proxy.requests
    assert request.line == "POST http://db.example:8000/ HTTP/1.1"
    assert request.headers["host"] == "db.example:8000"
    assert request.headers["proxy-authorization"].startswith("Basic ")


@sending
@pytest.mark.parametrize(
    "environ",
    [
        {"NO_PROXY": "other.example, 127.0.0.1"},
        {"no_proxy": "*", "NO_PROXY": ""},
        {"http_proxy": ""},
        {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": ""},
    ],
)
def test_a_proxy_is_passed_by_where_the_variables_say_so(way, environ):
    """NO_PROXY lists hosts, a lower-case name comes before its upper-case one, schemes differ."""
    with Server(answer(TABLE)) as server:
        way.to(server, environ={"HTTP_PROXY": "http://127.0.0.1:1"} | environ)
        assert way.describe().table_name == "orders"


@sending
def test_the_process_environment_does_not_count_where_another_is_given(way, monkeypatch):
    """`environ` is the only one that is read."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with Server(answer(TABLE)) as server:
        assert way.to(server, environ={}).describe().table_name == "orders"


@sending
def test_a_proxy_that_is_not_there_says_that_nothing_was_sent(way):
    """The variables that name it are what to look at."""
    gone = failing(way.to("https://db.example", environ={"HTTPS_PROXY": "http://127.0.0.1:1"}))
    assert not gone.maybe_applied
    assert "HTTPS_PROXY" in str(gone)


@sending
def test_a_proxy_that_wants_a_password_says_so(way):
    """Its own answer is in the message; nothing reached the service."""
    with Server(answer(b"", 407)) as proxy:
        wanted = failing(way.to("https://db.example", environ={"HTTPS_PROXY": proxy.url}))
    assert not wanted.maybe_applied
    assert "407" in str(wanted)
    del wanted
    with warnings.catch_warnings():
        # In Python 3.10 http.client leaves the answer to CONNECT open.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@sending
@pytest.mark.parametrize(
    "proxy", ["http://user:word@host:port", "socks5://user:word@host", "http://", "u:word@:1"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(way, proxy):
    """It may hold a password."""
    with pytest.raises(EndpointUnknown, match="HTTP_PROXY is not the URL of a proxy") as caught:
        way.to("http://db.example", environ={"HTTP_PROXY": proxy}).send()
    assert "word" not in "".join(traceback.format_exception(type(caught.value), caught.value, None))


# Processes.


@pytest.mark.parametrize("name", ["botocore.BotocoreTransport", "http.HttpTransport"])
def test_a_child_process_does_not_use_its_parents_connection(name):
    """After a fork both go on, each on its own; answers cannot be mixed up."""
    module, _, kind = name.partition(".")
    code = f"""
import os, sys
from dynamorm import Credentials
from dynamorm.transports.{module} import {kind}
transport = {kind}(
    region="eu-west-1", endpoint=sys.argv[1], credentials=Credentials("a", "b"), environ={{}}
)
transport.send("DescribeTable", b'{{"TableName": "before"}}')
child = os.fork()
if not child:
    transport.send("DescribeTable", b'{{"TableName": "child"}}')
    transport.send("DescribeTable", b'{{"TableName": "child"}}')
    os._exit(0)
status = os.waitpid(child, 0)[1]
transport.send("DescribeTable", b'{{"TableName": "after"}}')
sys.exit(status)
"""
    with Server(answer(TABLE)) as server:
        subprocess.run([sys.executable, "-c", code, server.url], check=True)
    by_name = [(r.connection, json.decode(r.body)["TableName"]) for r in server.requests]
    assert by_name == [(1, "before"), (2, "child"), (2, "child"), (1, "after")]


@blocking
def test_what_a_parent_process_has_opened_is_dropped(way, monkeypatch):
    """The child's copies of the sockets are closed; the parent keeps its own."""
    with Server(answer(TABLE)) as server:
        way.to(server).send()
        monkeypatch.setattr(os, "getpid", lambda: -1)
        way.send()
        assert server.connections == 2
        monkeypatch.undo()
        way.send()
        assert server.connections == 3


def test_the_endpoint_can_be_asked_for():
    """As it was found, without a request."""
    environ = {"AWS_REGION": "eu-north-1"}
    found = BotocoreTransport(environ=environ).endpoint
    assert (found.url, found.region) == (
        "https://dynamodb.eu-north-1.amazonaws.com",
        "eu-north-1",
    )


WHOLE_LIFE = """
import sys
from typing import Annotated
import botocore
from msgspec import Struct
import dynamorm
assert botocore.__file__.startswith(sys.argv[1]), botocore.__file__

@dynamorm.table("orders")
class Order(Struct):
    number: Annotated[int, dynamorm.PartitionKey()]

db = dynamorm.connect()
print(db.create_table(Order).table_name, db.describe_table(Order).table_status)
db.delete_table(Order)
"""


@pytest.fixture
def pruned(tmp_path) -> dict[str, str]:
    """An environment whose botocore has no data."""
    kept = shutil.ignore_patterns("data", "__pycache__")
    shutil.copytree(Path(botocore.__file__).parent, tmp_path / "botocore", ignore=kept)
    package = Path(dynamorm.__file__).parents[1]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(package)]),
        "AWS_REGION": "eu-west-1",
    }


def run_pruned(code: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    first = environ["PYTHONPATH"].partition(os.pathsep)[0]
    command = [sys.executable, "-c", code, first]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_a_table_lives_and_dies_without_botocores_data(pruned):
    """Almost all of botocore's size can be deleted: created, described, deleted all the same."""
    made = answer({"TableDescription": {"TableName": "orders", "TableStatus": "ACTIVE"}})
    gone = refusal("ResourceNotFoundException")
    with Server(made, answer(TABLE), made, gone) as server:
        variables = {
            "AWS_ENDPOINT_URL_DYNAMODB": server.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        done = run_pruned(WHOLE_LIFE, pruned | variables)
    assert (done.stdout, done.stderr) == ("orders ACTIVE\n", "")
    operations = [request.headers["x-amz-target"].partition(".")[2] for request in server.requests]
    assert operations == ["CreateTable", "DescribeTable", "DeleteTable", "DescribeTable"]


def test_profiles_need_no_data_either(pruned, tmp_path):
    """The resolver of botocore reads the shared files without it."""
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nregion = eu-north-1\n"
        "aws_access_key_id = from-file\naws_secret_access_key = secret\n"
    )
    code = """
from dynamorm.transports.http import HttpTransport
transport = HttpTransport()
print(transport._credentials.get().access_key, transport.region)
"""
    done = run_pruned(code, pruned | {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "work"})
    assert (done.stdout, done.stderr) == ("from-file eu-north-1\n", "")


# The wrapped client.


@pytest.fixture
def wrapped() -> Iterator[Way]:
    made = Way(clients)
    yield made
    made.end()


def test_motos_decorator_sees_every_request():
    """A table is made, found and deleted in moto's memory."""
    with mock_aws():
        mocked = boto3.session.Session(region_name="eu-west-1").client("dynamodb")
        database = dynamorm.connect(transport=ClientTransport(mocked))
        assert database.create_table(Order).table_status == "ACTIVE"
        created = database.describe_table("orders").creation_date_time
        assert created.timestamp() == pytest.approx(time(), abs=60)
        assert mocked.list_tables()["TableNames"] == ["orders"]
        database.delete_table(Order)
        assert not database.table_exists(Order)
        mocked.close()


def test_botocores_stubber_sees_every_request(wrapped):
    """With the parameters that the caller meant; its answers and its errors are ours."""
    stubbed = wrapped.to("http://127.0.0.1:1").transport
    reply = {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}
    with Stubber(stubbed._client) as stubber:
        stubber.add_response("describe_table", reply, {"TableName": "orders"})
        stubber.add_client_error("describe_table", "ResourceNotFoundException", "no", 400)
        assert wrapped.describe().table_name == "orders"
        with pytest.raises(dynamorm.TableNotFound):
            wrapped.describe()
        ClientTransport(stubbed._client)
        stubber.assert_no_pending_responses()
    assert reply == {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}


def attributes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["B", "BS", "M", "L", "N", "S"]) | st.text()
    return st.dictionaries(names, values, max_size=4)


ITEMS = st.recursive(
    st.one_of(
        st.builds(lambda value: {"S": value}, st.text()),
        st.builds(
            lambda value: {"N": str(value)}, st.decimals(allow_nan=False, allow_infinity=False)
        ),
        st.builds(lambda value: {"B": value}, st.binary()),
        st.builds(lambda value: {"BS": value}, st.lists(st.binary(), min_size=1)),
        st.builds(lambda value: {"SS": value}, st.lists(st.text(), min_size=1)),
        st.builds(
            lambda value: {"NS": [str(n) for n in value]}, st.lists(st.integers(), min_size=1)
        ),
        st.builds(lambda value: {"BOOL": value}, st.booleans()),
        st.just({"NULL": True}),
    ),
    lambda values: st.one_of(
        st.builds(lambda value: {"L": value}, st.lists(values)),
        st.builds(lambda value: {"M": value}, attributes(values)),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def echoing() -> Iterator[ClientTransport]:
    """A client whose service gives back each item that it is sent."""

    def echo(request: Request) -> bytes:
        return answer({"Attributes": json.decode(request.body)["Item"]})

    with Server(echo) as server:
        transport = clients(server.url)
        yield transport
        transport._client.close()


@dear
@given(item=attributes(ITEMS))
def test_items_pass_a_client_unchanged(echoing, item):
    """Binary values at any depth, attributes of any name, and every digit of a number."""
    body = json.encode({"TableName": "orders", "Item": item})
    got = echoing.send("PutItem", body)
    assert json.decode(got) == {"Attributes": json.decode(json.encode(item))}


def test_the_client_of_a_resource_is_refused():
    """It would rewrite each item into another; so would whoever else registers its handlers."""
    resource = session().resource("dynamodb", "eu-west-1", config=Config(user_agent_extra="mine"))
    with pytest.raises(TypeError, match=r"rewrites items.* not resource\.meta\.client"):
        ClientTransport(resource.meta.client)
    resource.meta.client.close()


def test_the_client_of_another_service_is_refused():
    """Its methods have other names."""
    other = session().client("sts", "eu-west-1")
    with pytest.raises(TypeError, match='not of "sts"'):
        ClientTransport(other)
    other.close()


def test_a_client_that_is_too_old_says_so(wrapped):
    """What it does not know cannot be sent through it."""
    with pytest.raises(UnsupportedOperation, match="older than InventTable: update botocore"):
        wrapped.to("http://127.0.0.1:1").send("InventTable")


def test_a_client_without_credentials_says_so(monkeypatch):
    """And is not tried again."""
    bare = botocore.session.Session().create_client(
        "dynamodb", "eu-west-1", endpoint_url="http://127.0.0.1:1"
    )
    with pytest.raises(CredentialsMissing, match="the client has no credentials"):
        ClientTransport(bare).send("DescribeTable", NAMED)
    bare.close()


def test_a_clients_own_validation_is_the_services(wrapped):
    """It refuses before it sends."""
    with pytest.raises(ValidationFailed, match="TableName"):
        wrapped.to("http://127.0.0.1:1").send("DescribeTable", b"{}")


def test_a_cut_answer_of_a_batch_is_not_taken_for_one_without_leftovers(wrapped):
    """A client gives it without members, which would mean that everything was written."""
    leftovers = b'{"UnprocessedItems": {"orders": []}}'
    body = b'{"RequestItems": {"orders": [{"DeleteRequest": {"Key": {"k": {"S": "v"}}}}]}}'
    with Server(answer(leftovers[:-1]), answer(b""), answer(b"{}")) as server:
        wrapped.to(server)
        for _ in range(2):
            with pytest.raises(TransportError, match="cut or damaged") as caught:
                wrapped.send("BatchWriteItem", body)
            assert caught.value.maybe_applied
        assert wrapped.send("BatchWriteItem", body) == b"{}"


# Threads.


def test_only_a_transport_with_connections_is_closed():
    """A bare object with send() is enough of a transport."""

    class Bare:
        def send(self, operation: str, body: bytes) -> bytes:
            return b"{}"

    bare = ThreadTransport(Bare())
    bare.close()
    assert not bare.local
    assert asyncio.run(bare.send("ListTables", b"{}")) == b"{}"
