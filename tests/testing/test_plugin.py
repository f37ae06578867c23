"""The pytest plugin: each test here runs a suite of its own, in which warnings are errors."""

from __future__ import annotations

import socket
import sys
from itertools import pairwise
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from aids.httpserver import Server, answer, serving

import dynamorm
from dynamorm.testing import FakeService

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["dynamorm.testing.plugin"]\n'

PRELUDE = """
from typing import Annotated

import dynamorm
import pytest
from dynamorm import PartitionKey, TransportError, table
from dynamorm.errors import service_error
from msgspec import Struct

@table("orders")
class Order(Struct):
    id: Annotated[str, PartitionKey()]

@table("customers")
class Customer(Struct):
    email: Annotated[str, PartitionKey()]

DELETING = {"status": 400, "operation": "DeleteTable"}
BUSY = service_error("ResourceInUseException", "busy", **DELETING)
MANY = service_error("LimitExceededException", "simultaneous", **DELETING)
DENIED = service_error("AccessDeniedException", "no", **DELETING)
CUT = TransportError("cut", operation="CreateTable", maybe_applied=True, transient=False)
"""


class Shared:
    """What the suites have in common with the test that runs them."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.service = FakeService()
        self.loaded: dict[str, ModuleType] = {}

    def tables(self) -> list[str]:
        """Name what is there once all that was deleted is gone."""
        self.service.clock.sleep(self.service.delete_seconds)
        return list(dynamorm.connect(transport=self.service).list_tables())

    @pytest.fixture
    def shared(self):
        return self

    def pytest_sessionfinish(self) -> None:
        self.loaded = dict(sys.modules)

    def keep_modules(self) -> None:
        """Undo that pytester forgets what was loaded: a class would be there twice."""
        theirs = ("conftest", "test_", "dynamorm.testing.plugin")
        kept = {name: m for name, m in self.loaded.items() if not name.startswith(theirs)}
        sys.modules.update(kept)


@pytest.fixture
def shared():
    return Shared()


@pytest.fixture
def suite(pytester, monkeypatch, shared):
    """Write a suite of these tests, to be run in this process."""
    for name in ("DYNAMORM_ENDPOINT", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)

    def run(tests, *arguments, conftest="", ini=""):
        # Old botocore on Python 3.12 and later.
        old = "ignore:datetime\\.datetime\\.utc:DeprecationWarning:botocore"
        pytester.makeini(f"[pytest]\nfilterwarnings =\n    error\n    {old}\n{ini}")
        pytester.makeconftest(CONFTEST + conftest)
        pytester.makepyfile(PRELUDE + tests)
        # One that is merely installed warns of settings that it wants.
        unwanted = () if "asyncio" in ini else ("-p", "no:asyncio")
        given = ("-rA", *unwanted, *arguments)
        result = pytester.runpytest_inprocess(*given, plugins=[shared])
        shared.keep_modules()
        return result

    return run


OVER_THE_FAKE = """
import dynamorm
import pytest

@pytest.fixture
def dynamorm_db(shared):
    return dynamorm.connect(transport=shared.service)
"""

PASSED = {"passed": 1}
FAILED = {"failed": 1}
NOT_DROPPED = {"passed": 1, "errors": 1}

TABLES = {
    "passing": ("make(Order, Customer)", PASSED, []),
    "failing": ("make(Order); raise LookupError", FAILED, []),
    "several times": ("make(Order); make(Order); make(Customer)", PASSED, []),
    "deleted by the test": ("make(Order); drop(Order)", PASSED, []),
    "made by the test": ("create(Order); make(Order, Customer)", PASSED, ["orders"]),
    "being deleted": ("create(Order); drop(Order, wait=False); make(Order)", PASSED, []),
    "busy": ("make(Order); fail('DeleteTable', BUSY)", PASSED, []),
    "too many at once": ("make(Order); fail('DeleteTable', MANY)", PASSED, []),
    "unanswered": ("fail('CreateTable', CUT, after_effect=True); make(Order)", FAILED, []),
    "protected": ("make(Order, deletion_protection=True)", NOT_DROPPED, ["orders"]),
    "not allowed": ("make(Order, Customer); fail('DeleteTable', DENIED)", NOT_DROPPED, ["orders"]),
}


@pytest.mark.parametrize(("body", "outcome", "left"), TABLES.values(), ids=TABLES)
def test_tables_are_dropped_after_their_test(suite, shared, body, outcome, left):
    """Exactly those that were made for it, however it ends; only what is refused is waited for.

    It is so for a `dynamorm_db` of the suite's own, too.
    """
    tests = f"""
def test(dynamorm_tables, dynamorm_db, shared):
    make, fail = dynamorm_tables, shared.service.fail
    create, drop = dynamorm_db.create_table, dynamorm_db.delete_table
    {body}
"""
    result = suite(tests, conftest=OVER_THE_FAKE)
    result.assert_outcomes(**outcome)
    looks = any(words in body for words in ("BUSY", "CUT", "MANY", "drop(Order)"))
    assert shared.service.sent[-1] == ("DescribeTable" if looks else "DeleteTable")
    assert shared.tables() == left
    if outcome is NOT_DROPPED:
        result.stdout.fnmatch_lines(["*deletion_protection=False*", "*at orders, DeleteTable"])


def test_a_protected_table_is_released_by_an_option(suite, shared):
    """Options are for the tables of this test, whatever the model declares."""
    tests = """
@table("kept", deletion_protection=True)
class Kept(Struct):
    id: Annotated[str, PartitionKey()]

def test(dynamorm_tables):
    (kept,) = dynamorm_tables(Kept, deletion_protection=False)
    assert kept.table_status == "ACTIVE"
"""
    suite(tests, conftest=OVER_THE_FAKE).assert_outcomes(passed=1)
    assert shared.tables() == []


@pytest.fixture
def served(shared):
    """Arguments that name an endpoint: the shared service, over HTTP."""
    with Server(serving(shared.service)) as server:
        yield f"--dynamorm-endpoint={server.url}"


def test_what_is_under_the_prefix_is_dropped(suite, shared, served):
    """Whoever has made it, the tested code or another client; and nothing else is."""
    shared.service.create_seconds = 0
    tests = """
def test_made(dynamorm_tables, dynamorm_db, shared):
    dynamorm_tables(Order)
    dynamorm_db.create_table(Customer, wait=False)
    dynamorm.connect(transport=shared.service).create_table(Order)

def test_protected(dynamorm_db):
    dynamorm_db.create_table(Customer, deletion_protection=True, wait=False)
"""
    result = suite(tests, served)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*deletion_protection=False*", "*at *customers, DeleteTable"])
    assert [name.rpartition("-")[2] for name in shared.tables()] == ["orders", "customers"]


ASYNC = {
    "pytest_asyncio": ("asyncio", "asyncio_default_fixture_loop_scope = function"),
    "anyio": ("anyio", ""),
}


@pytest.mark.parametrize("plugin", ASYNC)
def test_asynchronous_tests_have_a_database(suite, shared, served, plugin):
    """The place, prefix and tables of `dynamorm_db`, in the event loop of whichever plugin."""
    pytest.importorskip(plugin)
    mark, ini = ASYNC[plugin]
    tests = f"""
@pytest.mark.{mark}
async def test(dynamorm_tables, dynamorm_async_db):
    (orders,) = dynamorm_tables(Order)
    assert await dynamorm_async_db.describe_table(Order) == orders

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
    shared.service.create_seconds = 0
    suite(tests, served, ini=ini).assert_outcomes(passed=1)
    assert shared.tables() == []


def test_other_clients_find_the_place_in_the_environment(suite, shared, served, monkeypatch):
    """boto3, and what is built on botocore, with no argument but the name of the table."""
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    tests = """
import boto3

def test(dynamorm_tables):
    (orders,) = dynamorm_tables(Order)
    client = boto3.session.Session().client("dynamodb")
    assert client.describe_table(TableName=orders.table_name)["Table"]["TableStatus"] == "ACTIVE"
    client.close()
"""
    shared.service.create_seconds = 0
    suite(tests, served).assert_outcomes(passed=1)


def test_each_test_has_a_prefix_of_its_own(suite, shared, served, monkeypatch):
    """Tests that run at once in one account do not meet, whichever worker runs them."""
    tests = """
@pytest.mark.parametrize("number", range(3))
def test(dynamorm_db, shared, number):
    shared.seen.append(dynamorm_db.table_prefix)
"""
    for worker in ("gw0", "gw1"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        suite(tests, served).assert_outcomes(passed=3)
    assert len(set(shared.seen)) == 6
    assert all("-gw1-" in prefix for prefix in shared.seen[3:])


@pytest.mark.parametrize(
    ("option", "variable", "ini", "used"),
    [
        (["--dynamorm-endpoint=http://option:1"], "http://variable:1", "http://ini:1", "option"),
        ([], "http://variable:1", "http://ini:1", "variable"),
        ([], "", "http://ini:1", "ini"),
    ],
)
def test_an_endpoint_that_is_named_is_used(suite, shared, monkeypatch, option, variable, ini, used):
    """The option comes before the variable, and that before the ini file; nothing is started."""
    monkeypatch.setenv("DYNAMORM_ENDPOINT", variable)
    tests = "def test(dynamorm_endpoint, shared): shared.seen.append(dynamorm_endpoint)"
    suite(tests, *option, ini=f"dynamorm_endpoint = {ini}").assert_outcomes(passed=1)
    assert shared.seen == [f"http://{used}:1"]


@pytest.mark.parametrize(
    ("elsewhere", "key", "line"),
    [("", "test", "POST / "), ("http://dynamodb.test", "REAL", "POST http://dynamodb.test/ ")],
)
def test_made_up_keys_stay_on_this_machine_and_real_ones_away_from_it(
    suite, monkeypatch, elsewhere, key, line
):
    """Loopback is reached with keys of no worth and past proxies, any other place as always."""
    with Server(answer({"TableNames": []})) as server:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REAL")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("HTTP_PROXY", server.url)
        tests = f"""
import os

def test(dynamorm_db):
    assert list(dynamorm_db.list_tables()) == []
    assert os.environ["AWS_ACCESS_KEY_ID"] == "{key}"
"""
        suite(tests, f"--dynamorm-endpoint={elsewhere or server.url}").assert_outcomes(passed=1)
    for request in server.requests:
        assert request.line.startswith(line)
        assert f"Credential={key}/" in request.headers["authorization"]
    assert len(server.requests) == 2


def test_one_moto_server_serves_the_run(suite, shared):
    """It is started by the first test that needs it, quiet, for every transport, and stopped."""
    tests = """
import asyncio
import logging

def test_tables(dynamorm_tables, dynamorm_db, dynamorm_endpoint, shared, caplog):
    caplog.set_level(logging.INFO, "werkzeug")
    shared.seen.append(dynamorm_endpoint)
    (found,) = dynamorm_tables(Order)
    assert found.table_name == f"{dynamorm_db.table_prefix}orders"
    assert caplog.records == []

def test_asyncio(dynamorm_endpoint, shared):
    shared.seen.append(dynamorm_endpoint)
    place = {"endpoint": dynamorm_endpoint, "credentials": dynamorm.Credentials("test", "test")}

    async def listed():
        async with dynamorm.connect_async("us-east-1", transport="aio", **place) as adb:
            return await adb.run(dynamorm.list_tables())

    assert asyncio.run(listed()) == ()
"""
    suite(tests).assert_outcomes(passed=2)
    (url,) = set(shared.seen)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=10)


def test_moto_is_asked_for_where_it_is_missing(suite, monkeypatch):
    """What to install is told, and what would do without it."""
    monkeypatch.delitem(sys.modules, "dynamorm.testing.moto", raising=False)
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    result = suite("def test(dynamorm_db): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ['*pip install "dynamorm-micro[[]demo]", or name an endpoint: --dynamorm-endpoint=URL']
    )


@pytest.mark.once
def test_nothing_is_started_that_is_not_asked_for(pytester):
    """A suite that uses no fixture of the plugin has no server, and not even botocore loaded."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("""
        import sys
        import threading

        def test_nothing():
            assert not {"botocore", "moto"} & set(sys.modules)
            assert threading.active_count() == 1
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_script_has_to_be_used_up(suite):
    """A turn that was never asked for fails its test, and is named."""
    tests = """
def test_all(dynamorm_script):
    script = dynamorm_script(("ListTables", {"TableNames": ["orders"]}))
    assert list(dynamorm.connect(transport=script).list_tables()) == ["orders"]

def test_some(dynamorm_script):
    dynamorm_script()
    dynamorm_script(("ListTables", {}), ("DeleteTable", {}))
"""
    result = suite(tests)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_some*", "*ListTables, DeleteTable"])


def test_a_service_in_memory(suite):
    """`dynamorm_fake` and the database over it are one place, whose time is its own."""
    tests = """
def test(dynamorm_fake, dynamorm_fake_db):
    dynamorm_fake_db.create_table(Order)
    assert dynamorm_fake.sent[0] == "CreateTable"
    assert dynamorm_fake.clock.now() >= 5
"""
    suite(tests).assert_outcomes(passed=1)


def test_every_fixture_says_what_it_is(suite):
    """`pytest --fixtures` shows a line for each, and no name that others might have chosen."""
    lines = suite("", "--fixtures").outlines
    shown = {line: text for line, text in pairwise(lines) if "testing/plugin.py:" in line}
    assert len(shown) == 8
    assert all(line.startswith("dynamorm_") for line in shown)
    assert not any("no docstring" in text for text in shown.values())
