"""What another server, a proxy or a late answer can send, and what must not come of it."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from aids.httpserver import Server, answer, checked, refusal
from aids.rawserver import RawServer, Visit
from test_transports import TRANSPORTS, Way

import dynamorm
from dynamorm import (
    Call,
    KeyAttribute,
    Retries,
    ServiceError,
    Steps,
    TableNotFound,
    TableSpec,
    TransportError,
)
from dynamorm.api import DescribeTableOutput
from dynamorm.api.cursors import Cursors
from dynamorm.requests import describe_table
from dynamorm.tables.settings import survey
from dynamorm.testing import FakeClock, Script

TABLE = b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}'
OTHER = b'{"Table":{"TableName":"users","TableStatus":"ACTIVE"}}'

every = ["http", "aio", "botocore"]


@pytest.fixture(params=every)
def way(request) -> Iterator[Way]:
    made = Way(TRANSPORTS[request.param])
    yield made
    made.end()


own = pytest.mark.parametrize("way", ["http", "aio"], indirect=True)


# Answers to somebody else's question.


def unasked(said: bytes, come: threading.Event, go: threading.Event) -> Callable[[Visit], None]:
    """Answer the first request of a connection, and later say something that nobody asked for."""

    def handle(visit: Visit) -> None:
        visit.request()
        visit.link.sendall(answer(TABLE))
        if visit.number == 1:
            go.wait()
            visit.link.sendall(said)
            come.set()
        while visit.request():
            visit.link.sendall(answer(TABLE))

    return handle


UNASKED = {
    "a late second answer": answer(OTHER),
    "a load balancer's time-out": answer(b"<html>", 408, connection="close"),
    "half of something": b"HTTP/1.1 ",
}


@pytest.mark.parametrize("said", UNASKED)
def test_what_came_unasked_is_no_answer(way, said):
    """A connection on which something has come meanwhile is dropped, and another one made."""
    come, go = threading.Event(), threading.Event()
    with RawServer(unasked(UNASKED[said], come, go)) as server:
        way.to(server.url)
        assert way.send() == TABLE
        go.set()
        come.wait()
        # The event loop has had no turn since then: only the kernel knows.
        assert way.send() == TABLE
        assert server.connections == 2


MANY_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from dynamorm import Credentials
from dynamorm.transports.http import HttpTransport
held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
made = HttpTransport(
    region="eu-west-1", endpoint=sys.argv[1], credentials=Credentials("a", "b"), environ={}
)
print(made.send("DescribeTable", b"{}").decode())
print(input())
print(made.send("DescribeTable", b"{}").decode())
made.close()
"""


def test_more_files_than_select_can_take_are_no_obstacle():
    """With 1,100 files open, what came unasked is still noticed."""
    come, go = threading.Event(), threading.Event()
    with RawServer(unasked(answer(OTHER), come, go)) as server:
        command = [sys.executable, "-c", MANY_FILES, server.url]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline().encode().strip() == TABLE
            go.set()
            come.wait()
            out, _ = child.communicate("go\n")
        assert out.splitlines()[1].encode() == TABLE


def describing(name: str) -> Steps[Any]:
    return (yield Call("DescribeTable", describe_table(name), DescribeTableOutput))


def told(name: str) -> dict[str, Any]:
    return {"Table": {"TableName": name, "TableStatus": "ACTIVE"}}


def test_the_description_of_another_table_is_not_taken_for_one():
    """Whatever brought it: the request is sent again, since the answer may have been a late one."""
    script = Script(("DescribeTable", told("orders")), ("DescribeTable", told("users")))
    found = dynamorm.run(describing("users"), script, clock=FakeClock())
    assert found.table.table_name == "users"
    with pytest.raises(TransportError, match="is about orders, and users was asked for"):
        dynamorm.run(describing("users"), Script(("DescribeTable", told("orders"))), retries=1)


@pytest.mark.parametrize(
    ("asked", "prefix"),
    [
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/dev-users", ""),
        ("users", "dev-"),
        ("dev-users", ""),
    ],
)
def test_a_name_may_be_an_arn_or_have_a_prefix(asked, prefix):
    """What is compared is the table's whole name."""
    script = Script(("DescribeTable", told("dev-users")))
    found = dynamorm.run(describing(asked), script, table_prefix=prefix)
    assert found.table.table_name == "dev-users"


SPEC = TableSpec(name="users", partition_key=KeyAttribute("id", "S"))


@pytest.mark.parametrize(
    ("operation", "steps"),
    [
        ("CreateTable", lambda: dynamorm.create_table(SPEC)),
        ("DeleteTable", lambda: dynamorm.delete_table("users")),
    ],
)
def test_nor_is_what_became_of_another_table(operation, steps):
    """CreateTable and DeleteTable answer with a description too."""
    description = {"TableDescription": told("orders")["Table"]}
    with pytest.raises(TransportError, match="is about orders") as caught:
        dynamorm.run(steps(), Script((operation, description)), retries=1)
    assert caught.value.maybe_applied


# Another server.


PAGES = {
    "a page": answer(b"<!doctype html><h1>It works!</h1>", content_type="text/html"),
    "a page of no type": answer(b"<h1>It works!</h1>", content_type=None),
    "words": answer(b"pong", content_type="text/plain; charset=utf-8"),
    "not found": answer(b"<h1>404</h1>", 404, content_type="text/html"),
    "another method": answer(b"<h1>501</h1>", 501, content_type="text/html"),
    "an API": answer({"detail": "Not Found"}, 404, content_type="application/json"),
}


@pytest.mark.parametrize("page", PAGES)
def test_another_web_server_is_asked_once_and_named(way, page):
    """The error has the URL and what to look at, and nobody waits for it to become DynamoDB."""
    clock = FakeClock()
    with Server(PAGES[page]) as server:
        with pytest.raises(TransportError, match="does the endpoint lead there") as caught:
            way.to(server).describe(Retries(), clock)
        assert server.url in str(caught.value)
        assert len(server.requests) == 1
    assert not caught.value.transient
    assert clock.slept == []


def test_an_answer_that_is_not_whole_names_the_endpoint(way):
    """JSON that is not DynamoDB's may be another service's."""
    with Server(answer({"hello": "world"})) as server:
        with pytest.raises(TransportError, match="not a whole DescribeTable reply") as caught:
            way.to(server).describe()
        assert server.url in str(caught.value)


# Text from outside.


@pytest.mark.parametrize("name", [*every, "client"])
def test_what_a_service_says_is_cut_and_moves_no_cursor(name):
    """A message of megabytes with escape sequences becomes two lines that can be printed."""
    said = "\x1b[2J\r\n\u202e\x07" + "x" * (1 << 20)
    way = Way(TRANSPORTS[name])
    with Server(refusal("ValidationException" + "Y" * 5000, said)) as server:
        with pytest.raises(ServiceError) as caught:
            way.to(server).send()
        error = caught.value
        assert len(str(error)) < 3000
        assert error.text.isprintable()
        assert error.message.startswith(r"\x1b[2J\r\n\u202e\x07xxx")
        assert "(1048584 characters)" in error.message
        assert len(error.code) < 200
    way.end()


def test_plain_text_is_shown_as_it_is(way):
    """In any language."""
    said = refusal("ValidationException", "zażółć 🐍: größer als 1")
    with Server(said) as server, pytest.raises(ServiceError) as caught:
        way.to(server).send()
    assert caught.value.message == "zażółć 🐍: größer als 1"


# What is kept.


@pytest.mark.parametrize("way", ["http", "botocore"], indirect=True)
def test_a_missing_table_leaves_nothing_to_collect(way):
    """No cycle of an error and a frame: what failed is gone when the error is."""
    with Server(refusal("ResourceNotFoundException")) as server:
        database = dynamorm.Database(way.to(server).transport)

        def ask() -> None:
            with suppress(TableNotFound):
                database.describe_table("orders")

        ask()
        with nothing_to_collect():
            for _ in range(5):
                ask()


def test_a_missing_table_leaves_nothing_to_collect_under_asyncio():
    """The same, in a task."""

    async def main(url: str) -> None:
        database = dynamorm.AsyncDatabase(TRANSPORTS["aio"](url))
        async with database:

            async def ask() -> None:
                with suppress(TableNotFound):
                    await database.run(dynamorm.describe_table("orders"))

            await ask()
            with nothing_to_collect():
                for _ in range(5):
                    await ask()

    with Server(refusal("ResourceNotFoundException")) as server:
        asyncio.run(main(server.url))


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Fail for errors and objects of ours that only the garbage collector finds afterwards."""
    gc.collect()
    gc.disable()
    try:
        yield
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        ours = [thing for thing in gc.garbage if _is_ours(thing)]
        assert ours == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _is_ours(thing: object) -> bool:
    return isinstance(thing, BaseException) or type(thing).__module__.startswith("dynamorm")


LARGE = 8 << 20
FAILED = {
    "cut": lambda: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * LARGE) + b"x" * LARGE,
    "cut in a chunk": lambda: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%X\r\n" % (2 * LARGE) + b"x" * LARGE
    ),
    "damaged": lambda: checked(b"{" + b"x" * LARGE, wrong_by=1),
    "an error": lambda: answer(b"<" + b"x" * LARGE, 503),
    "no JSON": lambda: answer(b"{" + b"x" * LARGE),
    "no text": lambda: answer(b'{"Table": "' + b"\xff" * LARGE + b'"}'),
}


@pytest.mark.parametrize("failed", FAILED)
def test_a_failed_answer_is_not_kept_with_its_error(way, failed):
    """Who keeps the error, as a retry does, does not keep the megabytes that it is about."""
    sent = FAILED[failed]()  # once, and before memory is looked at: the server is in this process

    def handle(visit: Visit) -> None:
        visit.request()
        visit.link.sendall(sent)

    def error() -> Exception:
        try:
            way.describe()
        except dynamorm.DynamormError as caught:
            return caught
        raise AssertionError("no error")

    with RawServer(handle) as server:
        way.to(server.url)
        error()
        gc.collect()
        tracemalloc.start()
        try:
            kept = [error() for _ in range(3)]
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(kept) == 3
        assert used < LARGE


# Pages without end.


def circle(lead: int, round_: int) -> Iterator[int]:
    """Give cursors that go on for a while and then the list would never end."""
    yield from range(lead)
    while True:
        yield from range(lead, lead + round_)


@pytest.mark.parametrize("lead", [0, 1, 5, 100])
@pytest.mark.parametrize("round_", [1, 2, 3, 7, 64, 100])
def test_a_circle_of_any_length_is_noticed(lead, round_):
    """Within three times the pages that lead into it and round it, with one cursor in memory."""
    cursors, came_from, followed = Cursors("Scan"), None, []

    def follow() -> None:
        nonlocal came_from
        for leads_to in circle(lead, round_):
            came_from = cursors.onward(came_from, leads_to)
            followed.append(came_from)

    with pytest.raises(TransportError, match="the list would never end") as caught:
        follow()
    assert len(followed) <= 3 * (lead + round_) + 2
    assert not caught.value.transient


def test_pages_that_end_are_no_circle():
    """However many they are."""
    cursors, came_from = Cursors("Scan"), None
    for leads_to in range(10_000):
        came_from = cursors.onward(came_from, leads_to)
    assert cursors.onward(came_from, None) is None


@pytest.mark.parametrize("round_", [1, 2, 5])
def test_a_listing_that_goes_round_ends(round_):
    """An error, after few requests and no pause; a copy's Scan is of the same kind."""
    for operation, steps, page in LISTINGS:
        turns = [(operation, page(number)) for number in range(round_)] * 10
        clock, script = FakeClock(), Script(*turns)
        with pytest.raises(TransportError, match="the list would never end"):
            dynamorm.run(steps(), script, clock=clock)
        assert clock.slept == []
        assert len(script.sent) <= 3 * round_ + 2


def tags() -> Steps[Any]:
    table = dynamorm.TableDescription("users", "ACTIVE", table_arn="arn:aws:dynamodb:::table/users")
    spec = dynamorm.TableSpec("users", dynamorm.KeyAttribute("id", "S"))
    return survey(spec, table, {"tags"}, skip=False)


LISTINGS: list[tuple[str, Callable[[], Steps[Any]], Callable[[int], Any]]] = [
    (
        "ListTables",
        dynamorm.list_tables,
        lambda number: {"TableNames": [], "LastEvaluatedTableName": f"table-{number}"},
    ),
    ("ListTagsOfResource", tags, lambda number: {"Tags": [], "NextToken": f"token-{number}"}),
]
