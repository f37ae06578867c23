"""Clients that a caller has made, given to `connect`, and what goes past their codec."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.client
import botocore.endpoint
import botocore.session
import pytest
from aids.httpserver import Cut, Server, answer, checked, refusal
from aids.worlds import Order
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws
from msgspec import json

import dynamorm
from dynamorm import Refused, TableNotFound, Throttled, TransportError, ValidationFailed
from dynamorm.testing import Script
from dynamorm.transports.client import ClientTransport

PUT = json.encode({"TableName": "orders", "Item": {"number": {"N": "1"}}})
KEYS = {"aws_access_key_id": "the-key", "aws_secret_access_key": "the-secret"}
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


@cache
def session() -> boto3.session.Session:
    """One that reads the service's model once for all tests."""
    return boto3.session.Session(region_name="eu-west-1", **KEYS)


def made(kind: str, url: str | None = None, config: Config = ONCE) -> Any:
    """Make a client or a resource that signs for nobody."""
    return getattr(session(), kind)("dynamodb", endpoint_url=url, config=config)


def closed(given: Any) -> None:
    getattr(given.meta, "client", given).close()


@pytest.mark.parametrize("kind", ["client", "resource"])
@mock_aws
def test_a_client_or_resource_is_given_as_it_is(kind):
    """Table operations and a copy go through it, and moto sees each request."""
    given = made(kind)
    db = dynamorm.connect(transport=given)
    db.auto_migrate(Order, dynamorm.table_spec(Order, name="orders-2"))
    client = made("client")
    client.put_item(TableName="orders", Item={"number": {"N": "12345678901234567890.5"}})
    assert db.copy_table("orders", "orders-2", segments=1).written == 1
    assert client.scan(TableName="orders-2")["Items"] == [
        {"number": {"N": "12345678901234567890.5"}}
    ]
    closed(given)
    client.close()


@mock_aws
def test_what_moto_lacks_is_unsupported():
    """As over its server: what can do without it does, and all else raises an error of ours."""
    given = made("client")
    db = dynamorm.connect(transport=given)
    db.create_table(Order)
    assert db.check(Order, strict=True)
    with pytest.raises(dynamorm.UnsupportedOperation, match=r"has not been .*DescribeKinesis"):
        db.plan(Order, allow=("kinesis",))
    closed(given)


def test_a_client_sends_in_threads_under_asyncio():
    """As the other transports that block."""

    async def main() -> list[str]:
        async with dynamorm.connect_async(transport=given) as adb:
            return list(await adb.list_tables())

    with Server(answer({"TableNames": ["orders"]})) as server:
        given = made("client", server.url)
        assert asyncio.run(main()) == ["orders"]
        closed(given)


@pytest.mark.parametrize(
    ("make", "client"),
    [(boto3.session.Session, "client"), (botocore.session.Session, "create_client")],
)
def test_a_session_is_answered_with_what_to_give(make, client):
    """It is no client, and could make many."""
    for connect in (dynamorm.connect, dynamorm.connect_async):
        with pytest.raises(TypeError) as caught:
            connect(transport=make())
        assert str(caught.value).endswith(f': give its client, session.{client}("dynamodb")')


@pytest.mark.parametrize("transport", ["botocore", "http", "aio"])
@mock_aws
def test_a_transport_that_moto_cannot_see_says_so(transport):
    """Instead of reaching for AWS; an emulator that is named is still asked."""

    async def main(**endpoint: str) -> Any:
        async with dynamorm.connect_async("eu-west-1", transport=transport, **endpoint) as adb:
            return await adb.list_tables()

    with pytest.raises(Refused, match=r'connect\(transport=boto3\.client\("dynamodb"\)\)'):
        asyncio.run(main())
    with Server(answer({"TableNames": []})) as server:
        assert list(asyncio.run(main(endpoint=server.url))) == []


# Past serializer and parser.


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(checked(b'{"Attributes":{"number":{"N":"1"}}, "New": 1}')) as running:
        yield running


def test_requests_for_items_go_out_as_they_are(server):
    """Signed by the client, on its connections; the answer comes back byte for byte."""
    given = made("client", server.url)
    seen: list[str] = []
    given.meta.events.register(
        "before-send.dynamodb", lambda request, **_: seen.append(request.url)
    )
    transport = ClientTransport(given)
    for _ in range(3):
        assert transport.send("PutItem", PUT) == server.script[0].partition(b"\r\n\r\n")[2]
    for request in server.requests:
        assert request.body == PUT
        assert request.headers["x-amz-target"] == "DynamoDB_20120810.PutItem"
        assert "Credential=the-key/" in request.headers["authorization"]
        assert "Boto3" in request.headers["user-agent"]
        assert request.headers["amz-sdk-request"].startswith("attempt=1")
    assert {request.connection for request in server.requests} == {1}
    assert seen == [f"{server.url}/"] * 3
    closed(given)


def test_a_clients_own_retries_come_first(monkeypatch):
    """What it gives up on is an error of ours, with the service's words."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    busy = refusal("ThrottlingException", "slow down")
    with Server(busy, checked(b"{}"), busy) as server:
        given = made("client", server.url, config)
        sent: list[str] = []
        for event in ("request-created", "before-send"):
            given.meta.events.register(
                f"{event}.dynamodb", lambda event_name, **_: sent.append(event_name)
            )
        transport = ClientTransport(given)
        assert transport.send("PutItem", PUT) == b"{}"
        with pytest.raises(Throttled, match="slow down"):
            transport.send("PutItem", PUT)
        assert len(server.requests) == 4
        assert sent == ["request-created.dynamodb.PutItem", "before-send.dynamodb.PutItem"] * 4
        closed(given)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_a_client_retries_what_was_lost_or_damaged(monkeypatch, mode):
    """In each of its modes: an answer that was cut or garbled, and one that never came."""
    for module in ("endpoint", "retries.adaptive", "retries.bucket"):
        monkeypatch.setattr(f"botocore.{module}.time", SimpleNamespace(**CLOCK), raising=False)
    config = Config(retries={"total_max_attempts": 3, "mode": mode})
    lost = (Cut(), answer(b"", 500), checked(b"{}"))
    with Server(checked(b"{}"), *lost, checked(b"{}", wrong_by=1), checked(b"{}")) as server:
        given = made("client", server.url, config)
        transport = ClientTransport(given)
        assert [transport.send("PutItem", PUT) for _ in range(3)] == [b"{}"] * 3
        assert len(server.requests) == 6
        closed(given)


CLOCK = {"sleep": lambda _: None, "time": time.time, "monotonic": time.monotonic}


def test_what_a_handler_answers_is_not_sent(server):
    """As moto does."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    transport.send("PutItem", PUT)
    given.meta.events.register(
        "before-send.dynamodb",
        lambda request, **_: AWSResponse(request.url, 200, {}, Body()),
    )
    assert [transport.send("PutItem", PUT) for _ in range(3)] == [b"{}"] * 3
    assert len(server.requests) == 1
    closed(given)


def test_who_waits_for_the_end_of_a_call_is_told(server):
    """Of success and of failure; a quota of retries is filled up again so."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    told: list[str] = []

    def released(event_name: str, **_: Any) -> None:
        told.append(event_name)

    released.__module__ = "botocore.retries.standard"
    given.meta.events.register("after-call.dynamodb", released)
    for _ in range(3):
        transport.send("PutItem", PUT)
    assert told == ["after-call.dynamodb.PutItem"] * 3
    given.meta.events.register("after-call-error.dynamodb", released)
    server.script[:] = [Cut()]
    with pytest.raises(TransportError):
        transport.send("PutItem", PUT)
    assert told[3:] == ["after-call-error.dynamodb.PutItem"]
    closed(given)


def test_what_is_damaged_is_noticed(server):
    """By its checksum, as over a transport of ours."""
    server.script[:] = [answer(b"{}", x_amz_crc32="1"), checked(b"{}")]
    given = made("client", server.url)
    transport = ClientTransport(given)
    with pytest.raises(TransportError, match="CRC32"):
        transport.send("PutItem", PUT)
    assert transport.send("PutItem", PUT) == b"{}"
    closed(given)


def test_who_watches_parameters_or_answers_sees_them(server):
    """From the moment on when they begin, until they end: handlers and a Stubber."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    seen: list[Any] = []

    def watch(params: Any, **_: Any) -> None:
        seen.append(params)

    expected = {"Attributes": {"number": {"N": "1"}}}
    assert "New" in json.decode(transport.send("PutItem", PUT))
    given.meta.events.register("before-parameter-build.dynamodb.PutItem", watch)
    assert json.decode(transport.send("PutItem", PUT)) == expected
    given.meta.events.unregister("before-parameter-build.dynamodb.PutItem", watch)
    assert "New" in json.decode(transport.send("PutItem", PUT))
    assert seen == [{"TableName": "orders", "Item": {"number": {"N": "1"}}}]
    with Stubber(given) as stubber:
        stubber.add_response(
            "put_item", {}, {"TableName": "orders", "Item": {"number": {"N": "1"}}}
        )
        assert transport.send("PutItem", PUT) == b"{}"
    assert len(server.requests) == 3
    closed(given)


def test_who_watches_parameters_sees_binary_as_bytes(server):
    """As a caller of the client would give it; what is no base64 is refused before it is sent."""
    given = made("client", server.url)
    seen: list[Any] = []
    given.meta.events.register(
        "before-parameter-build.dynamodb.PutItem", lambda params, **_: seen.append(params["Item"])
    )
    transport = ClientTransport(given)
    item = {"number": {"N": "1"}, "raw": {"B": "aGk="}, "many": {"L": [{"BS": ["aGk=", "eW8="]}]}}
    transport.send("PutItem", json.encode({"TableName": "orders", "Item": item}))
    many = {"L": [{"BS": [b"hi", b"yo"]}]}
    assert seen == [{"number": {"N": "1"}, "raw": {"B": b"hi"}, "many": many}]
    wrong = json.encode({"TableName": "orders", "Item": {"number": {"B": "?"}}})
    with pytest.raises(ValidationFailed, match="not base64"):
        transport.send("PutItem", wrong)
    assert len(server.requests) == 1
    closed(given)


class Body:
    """What has come over a connection that was never opened."""

    def stream(self):
        yield b"{}"


def test_an_accounts_own_endpoint_is_found_each_time():
    """The client takes it from the credentials of the moment."""
    if "aws_account_id" not in inspect.signature(boto3.session.Session.client).parameters:
        pytest.skip("this boto3 knows no endpoints of accounts")
    given = session().client("dynamodb", **KEYS, aws_account_id="123456789012", config=ONCE)
    seen: list[str] = []

    def answered(request: Any, **_: Any) -> AWSResponse:
        seen.append(request.url)
        return AWSResponse(request.url, 200, {}, Body())

    given.meta.events.register("before-send.dynamodb", answered)
    transport = ClientTransport(given)
    for _ in range(2):
        assert transport.send("PutItem", PUT) == b"{}"
    assert seen == ["https://123456789012.ddb.eu-west-1.amazonaws.com/"] * 2
    closed(given)


@pytest.mark.parametrize(
    ("event", "member"), [("response-received", "parsed_response"), ("needs-retry", "response")]
)
def test_who_watches_attempts_sees_what_each_has_answered(server, event, member):
    """As a handler does that counts units, or retries by what an answer says."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    seen: list[Any] = []
    transport.send("PutItem", PUT)
    given.meta.events.register(f"{event}.dynamodb", lambda **told: seen.append(told[member]))
    transport.send("PutItem", PUT)
    answers = [one[1] if isinstance(one, tuple) else one for one in seen]
    assert [one["Attributes"] for one in answers] == [{"number": {"N": "1"}}]
    closed(given)


def test_a_tracer_sees_each_call(server, monkeypatch):
    """One that stands in for `_make_api_call`, on the class or on the client, or for a method."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    called = botocore.client.BaseClient._make_api_call
    seen: list[str] = []

    def traced(client: Any, operation: str, members: Any) -> Any:
        seen.append(operation)
        return called(client, operation, members)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", traced)
        transport.send("PutItem", PUT)
    transport.send("PutItem", PUT)
    given.put_item = lambda **members: {"Attributes": members["Item"]}
    fresh = ClientTransport(given)
    assert json.decode(fresh.send("PutItem", PUT)) == {"Attributes": {"number": {"N": "1"}}}
    assert seen == ["PutItem"]
    closed(given)


def test_a_tracer_that_equals_what_is_in_it_sees_each_call(server, monkeypatch):
    """As the wrappers of `wrapt` do, by which X-Ray and OpenTelemetry trace, however late."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    called = botocore.client.BaseClient._make_api_call
    seen: list[str] = []

    class Wrapper:
        def __call__(self, operation: str, members: Any) -> Any:
            seen.append(operation)
            return called(given, operation, members)

        def __eq__(self, other: object) -> bool:
            return other is called

        __hash__ = None  # type: ignore[assignment]

    for _ in range(2):
        transport.send("PutItem", PUT)
    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", Wrapper())
        for _ in range(2):
            transport.send("PutItem", PUT)
    transport.send("PutItem", PUT)
    assert seen == ["PutItem"] * 2
    closed(given)


@pytest.mark.parametrize(
    "name", ["make_request", "_send_request", "_get_response", "_do_get_response"]
)
def test_a_tracer_of_endpoints_sees_each_request(server, monkeypatch, name):
    """One that stands in for a method of an endpoint's class, from when it does until it ends."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    called = getattr(botocore.endpoint.Endpoint, name)
    seen: list[Any] = []

    def traced(endpoint: Any, *told: Any, **named: Any) -> Any:
        seen.append(name)
        return called(endpoint, *told, **named)

    for _ in range(2):
        transport.send("PutItem", PUT)
    with monkeypatch.context() as patched:
        patched.setattr(botocore.endpoint.Endpoint, name, traced)
        for _ in range(2):
            transport.send("PutItem", PUT)
    transport.send("PutItem", PUT)
    assert seen == [name] * 2
    closed(given)


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("name", ["make_request", "_send_request"])
def test_a_tracer_of_one_endpoint_sees_each_request(server, name, before):
    """One that stands in for a method of the client's own, before the first request or later."""
    given = made("client", server.url)
    transport = ClientTransport(given)
    called, seen = getattr(given._endpoint, name), []

    def traced(*told: Any, **named: Any) -> Any:
        seen.append(name)
        return called(*told, **named)

    for _ in range(before):
        transport.send("PutItem", PUT)
    setattr(given._endpoint, name, traced)
    for _ in range(2):
        assert json.decode(transport.send("PutItem", PUT)) == {"Attributes": {"number": {"N": "1"}}}
    assert seen == [name] * 2
    closed(given)


def test_another_http_session_gets_what_botocore_gives_it(server):
    """Headers that are found by their names in any case."""
    given = made("client", server.url)
    session, seen = given._endpoint.http_session, []

    class Session:
        def send(self, request: Any) -> Any:
            seen.append(request.headers["x-amz-target"])
            return session.send(request)

    given._endpoint.http_session = Session()
    transport = ClientTransport(given)
    for _ in range(2):
        transport.send("PutItem", PUT)
    assert seen == [b"DynamoDB_20120810.PutItem"] * 2
    session.close()


def test_a_resource_that_somebody_watches_is_refused(server):
    """Its items would be rewritten on the way; nothing is sent."""
    given = made("resource", server.url)
    transport = ClientTransport(given)
    given.meta.client.meta.events.register("after-call.dynamodb", lambda **_: None)
    with pytest.raises(Refused, match=r"keep it from being replaced: pass boto3\.client"):
        transport.send("PutItem", PUT)
    assert server.requests == []
    closed(given)


def test_a_table_by_its_arn_goes_the_usual_way(server):
    """Its account may have an endpoint of its own, which the client finds in the parameters."""
    given = made("client", server.url)
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    body = json.encode({"TableName": arn, "Item": {"number": {"N": "1"}}})
    assert json.decode(ClientTransport(given).send("PutItem", body)) == {
        "Attributes": {"number": {"N": "1"}}
    }
    closed(given)


# Clients that are awaited.


class Meta:
    """What every client says of itself."""

    events: Any

    def __init__(self, service: str = "dynamodb") -> None:
        self.endpoint_url = "http://127.0.0.1:1"
        self.region_name = "eu-west-1"
        model = {"service_name": service, "operation_model": lambda *_: None}
        self.service_model = type("Model", (), model)()


class AwaitedClient:
    """As a client of aiobotocore: its methods are awaited, and it is entered."""

    def __init__(self, *answers: Any, service: str = "dynamodb") -> None:
        self.meta = Meta(service)
        self.answers = list(answers)
        self.called: list[Any] = []

    async def __aenter__(self) -> AwaitedClient:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def describe_table(self, **members: Any) -> Any:
        self.called.append(members)
        given = self.answers.pop(0)
        if given is None:
            await asyncio.Event().wait()
        if isinstance(given, BaseException):
            raise given
        return given


def describe(client: Any) -> Any:
    async def main() -> Any:
        adb = dynamorm.connect_async(transport=client, retries=1)
        assert (adb.transport.region, adb.transport.local) == ("eu-west-1", True)
        assert "AwaitedClient" in repr(adb)
        return await adb.describe_table("orders")

    return asyncio.run(main())


def test_a_client_of_aiobotocore_is_awaited():
    """Its answers and its errors become ours."""
    told = {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}
    missing = {"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}
    lost = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    client = AwaitedClient(told, ClientError(missing, "DescribeTable"), lost)
    assert describe(client).table_name == "orders"
    with pytest.raises(TableNotFound):
        describe(client)
    with pytest.raises(TransportError, match="had no effect"):
        describe(client)
    assert client.called == [{"TableName": "orders"}] * 3


@pytest.mark.parametrize("length", ["0", "1", "3"])
def test_an_awaited_client_that_lost_an_answer_is_not_taken_for_one_that_wrote(length):
    """It gives a body that is empty or cut as one without members, as `{}` is."""

    def told(length: str) -> dict[str, Any]:
        return {"ResponseMetadata": {"HTTPHeaders": {"content-length": length}}}

    client = AwaitedClient(told(length), told("2"), {}, told("0"))
    client.put_item = client.tag_resource = client.describe_table
    send = dynamorm.connect_async(transport=client).transport.send
    with pytest.raises(TransportError, match="cut or damaged") as caught:
        asyncio.run(send("PutItem", PUT))
    assert caught.value.maybe_applied
    for operation in ("PutItem", "PutItem", "TagResource"):
        assert asyncio.run(send(operation, PUT)) == b"{}"


def test_a_client_that_stands_before_another_is_told_by_its_methods():
    """Whatever it passes on is awaited, or is not."""

    class Before:
        def __init__(self, client: Any) -> None:
            self.client = client
            self.meta = client.meta

        def __getattr__(self, name: str) -> Any:
            async def awaited(**members: Any) -> Any:
                return getattr(self.client, name)(**members)

            if name.startswith("__"):
                raise AttributeError(name)
            return awaited

    async def main() -> Any:
        return await dynamorm.connect_async(transport=Before(given)).list_tables()

    with Server(answer({"TableNames": ["orders"]})) as server:
        given = made("client", server.url)
        assert list(asyncio.run(main())) == ["orders"]
        closed(given)


@pytest.mark.parametrize("rewrites", [False, True])
def test_an_awaited_client_that_rewrites_items_is_refused(rewrites):
    """That of an aioboto3 resource does; its handlers are asked once, before anything is sent."""
    told = {"TableNames": ["orders"]}
    client = AwaitedClient(told, told)
    client.meta.events = AwaitedEvents(rewrites=rewrites)
    client.list_tables = client.describe_table
    if rewrites:
        with pytest.raises(TypeError, match="this client rewrites items"):
            asyncio.run(dynamorm.connect_async(transport=client).list_tables())
        assert client.called == []
        return
    adb = dynamorm.connect_async(transport=client)
    for _ in range(2):
        assert list(asyncio.run(adb.list_tables())) == ["orders"]
    assert client.meta.events.emitted == 1


class AwaitedEvents:
    """As aiobotocore's: what it emits has to be awaited."""

    def __init__(self, *, rewrites: bool) -> None:
        self.rewrites = rewrites
        self.emitted = 0

    async def emit(self, name: str, *, parsed: dict[str, Any], **_: Any) -> None:
        self.emitted += 1
        if self.rewrites:
            parsed["Item"] = {"probe": "text"}


def test_a_client_of_aiobotocore_is_waited_for_in_time():
    """No longer than `timeout`."""
    transport = dynamorm.connect_async(transport=AwaitedClient(None)).transport
    with pytest.raises(TransportError, match=r"gave no answer in 0\.01 s"):
        asyncio.run(transport.send("DescribeTable", b'{"TableName": "orders"}', timeout=0.01))


def test_an_awaited_client_is_for_asyncio():
    """And one of another service, or of a resource, is for nobody."""
    with pytest.raises(TypeError, match='not of "sts"'):
        dynamorm.connect_async(transport=AwaitedClient(service="sts"))
    resource = type("Resource", (), {"meta": type("", (), {"client": AwaitedClient()})})()
    with pytest.raises(TypeError, match="an aioboto3 resource rewrites items"):
        dynamorm.connect_async(transport=resource)


@pytest.mark.parametrize("sign", ["__aenter__", "_make_api_call", "describe_table"])
def test_one_sign_is_enough_to_tell_an_awaited_client(sign):
    """Wrappers of clients leave out the others."""

    async def awaited() -> None: ...

    client = type("Odd", (), {"meta": Meta("dynamodb"), sign: staticmethod(awaited)})()
    with pytest.raises(TypeError, match=r"^Odd is a client for asyncio: use connect_async$"):
        dynamorm.connect(transport=client)


def test_a_transport_that_has_a_meta_is_no_client():
    """It sends by itself, whatever else it has."""

    class Own(Script):
        meta = Meta("dynamodb")

    transport = Own(("ListTables", {"TableNames": ["orders"]}))
    assert list(dynamorm.connect(transport=transport).list_tables()) == ["orders"]


def test_what_is_no_client_is_answered_with_what_to_give():
    """A client that has not been entered; a mock; anything else that has a `meta`."""
    mock = type("MagicMock", (), {"__module__": "unittest.mock", "meta": None})()
    with pytest.raises(TypeError, match=r"pass dynamorm\.testing\.Script or FakeService"):
        dynamorm.connect(transport=mock)
    unentered = type("Context", (), {"__aenter__": None})()
    with pytest.raises(TypeError, match="give what is entered, `async with"):
        dynamorm.connect_async(transport=unentered)
    with pytest.raises(TypeError, match=r"^transport= takes .* not <.* at 0x\w+>$"):
        dynamorm.connect(transport=type("Odd", (), {"meta": None})())
