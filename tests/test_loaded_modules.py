"""What is loaded, and when: adding a module to a cold start is a deliberate change of these lists.

Each list is what a fresh interpreter loads besides what it and msgspec have loaded already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aids.httpserver import Server, answer

import dynamorm

TABLE = answer({"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}})

MODEL = {
    "dynamorm.model.declare",
    "dynamorm.model.fields",
    "dynamorm.model.keys",
    "dynamorm.model.options",
    "dynamorm.model.spec",
}
"""What reads a model: a table that is named takes none of it."""
OPERATION = {
    "dynamorm",
    "dynamorm.api",
    "dynamorm.database",
    "dynamorm.database.connection",
    "dynamorm.errors",
    "dynamorm.model",
    "dynamorm.operations",
    "dynamorm.operations.drivers",
    "dynamorm.operations.middleware",
    "dynamorm.operations.sending",
    "dynamorm.operations.waiting",
    "dynamorm.tables",
}
ENSURE = {"dynamorm.tables.compare", "dynamorm.tables.lifecycle"}
"""What ensure_table takes for a table that is there: no plans, steps, settings or requests."""
SIGNED = {
    "dynamorm.transports.credential_source",
    "dynamorm.transports.endpoints",
    "dynamorm.transports.exchange",
    "dynamorm.transports.routes",
    "dynamorm.transports.http1",
    "dynamorm.transports.signing",
    "dynamorm.transports.connection",
    "dynamorm.transports",
    "dynamorm.transports.signed",
}
HTTP = OPERATION | SIGNED | {"dynamorm.transports.http"}
HTTP_STANDARD = {"array", "hashlib", "io", "selectors", "socket"}
"""Of the standard library, on the Python that needs most; those in C that these bring count not."""
OWN_SOCKETS = {"dynamorm.transports.connection", "dynamorm.transports.http1"}
BOTOCORE = OPERATION | SIGNED - OWN_SOCKETS | {"dynamorm.transports.botocore"}

NEVER_OVER_BOTOCORE = {
    "asyncio",
    "boto3",
    "botocore.auth",
    "botocore.client",
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.loaders",
    "botocore.model",
    "botocore.parsers",
    "botocore.session",
    "jmespath",
    "s3transfer",
}

FIRST_REQUEST = """
import dynamorm
db = dynamorm.connect("eu-west-1", endpoint={url!r}, transport={name!r})
assert db.describe_table("orders").table_status == "ACTIVE"
"""

TELL = """
import sys
sys.path[:0] = {paths!r}
import importlib, threading, msgspec
before = set(sys.modules)
{code}
print(*sorted(set(sys.modules) - before))
"""


def loaded(code: str) -> set[str]:
    """Run code in a fresh interpreter and give the modules that it has loaded by its end."""
    msgspec = sys.modules["msgspec"].__file__ or ""
    paths = [str(Path(dynamorm.__file__).parents[1]), str(Path(msgspec).parents[1])]
    script = TELL.format(paths=paths, code=code)
    environ = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    command = [sys.executable, "-s", "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] == "dynamorm"}


def test_importing_dynamorm_loads_dynamorm_alone():
    """Not even msgspec, which the names need that are loaded when they are used."""
    assert loaded("import dynamorm") == {"dynamorm"}


def test_a_model_loads_nothing_that_sends():
    """Declaring tables is free of drivers and transports."""
    modules = loaded("import dynamorm; dynamorm.table; dynamorm.PartitionKey; dynamorm.Index")
    assert modules == {"dynamorm", "dynamorm.errors", "dynamorm.model", *MODEL}


@pytest.fixture
def url():
    with Server(TABLE) as server:
        yield server.url


def test_the_first_request_over_http_loads_these_and_no_more(url):
    """Sockets, hashes and our own; no TLS without https, no email, http, urllib or asyncio."""
    modules = loaded(FIRST_REQUEST.format(url=url, name="http"))
    assert ours(modules) == HTTP
    standard = {name for name in modules - HTTP if not name.startswith("_")}
    in_c = {"errno", "math", "select", "zlib"}
    assert standard - in_c <= HTTP_STANDARD


ENSURED = """
import dynamorm, msgspec
from typing import Annotated

@dynamorm.table("orders")
class Order(msgspec.Struct):
    id: Annotated[str, dynamorm.PartitionKey()]

db = dynamorm.connect("eu-west-1", endpoint={url!r}, transport="http")
ensured = db.ensure_table(Order)
assert ensured.table.table_status == "ACTIVE" and not ensured.created and not ensured.drift
"""


def test_ensuring_a_table_that_is_there_loads_no_settings():
    """Where keys and indexes alone are declared, nothing is loaded that plans or changes."""
    told = answer({"Table": {"TableName": "orders", **KEYED}})
    with Server(told) as server:
        modules = loaded(ENSURED.format(url=server.url))
    assert ours(modules) == HTTP | MODEL | ENSURE


def test_the_first_request_over_botocore_loads_no_client(url):
    """Of ours these and no more; of botocore nothing that a client is made of."""
    modules = loaded(FIRST_REQUEST.format(url=url, name="botocore"))
    assert ours(modules) == BOTOCORE
    assert not modules & NEVER_OVER_BOTOCORE
    assert "botocore.httpsession" in modules


GIVEN = """
import dynamorm
key = dynamorm.Credentials("a", "b")
db = dynamorm.connect("eu-west-1", endpoint={url!r}, transport="http", credentials=key)
assert db.describe_table("orders").table_status == "ACTIVE"
"""
FROM_A_CONTAINER = """
import os
import dynamorm
os.environ.pop("AWS_ACCESS_KEY_ID"), os.environ.pop("AWS_SECRET_ACCESS_KEY")
os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = {url!r} + "/role"
db = dynamorm.connect("eu-west-1", endpoint={url!r}, transport="http")
assert db.describe_table("orders").table_status == "ACTIVE"
"""


BY_A_FUNCTION = """
import sys
sys.modules.pop("inspect", None)  # what msgspec takes from others may have loaded it
import dynamorm
def key(): ...
dynamorm.connect("eu-west-1", transport="http", credentials=key)
assert "inspect" not in sys.modules
"""


def test_a_function_as_credentials_loads_no_inspect():
    """It is for the messages of calls that are refused, and takes milliseconds to load."""
    assert "dynamorm.database.connection" in loaded(BY_A_FUNCTION)


@pytest.mark.parametrize("code", [GIVEN, FROM_A_CONTAINER], ids=["an argument", "a container"])
def test_http_never_loads_botocore(code):
    """Wherever credentials come from that need no profile: an argument, a container."""

    def turn(request):
        return answer(ROLE) if request.line.startswith("GET") else TABLE

    with Server(turn) as server:
        modules = loaded(code.format(url=server.url))
    assert not {name for name in modules if name.partition(".")[0] in ("botocore", "boto3")}


ROLE = {
    "AccessKeyId": "key",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "2099-01-01T00:00:00Z",
}


COPY = """
import dynamorm
db = dynamorm.connect("eu-west-1", endpoint={url!r}, transport="http")
assert db.copy_table("one", "two").done
"""


def test_a_copy_of_items_as_they_are_loads_no_codec():
    """Of what deals with items only that which reads their keys, and no requests about tables."""

    def turn(request):
        name = json.loads(request.body).get("TableName")
        if request.headers["x-amz-target"].endswith("DescribeTable"):
            return answer({"Table": {"TableName": name, **KEYED}})
        return answer({"Items": [], "Count": 0, "ScannedCount": 0})

    with Server(turn) as server:
        modules = ours(loaded(COPY.format(url=server.url)))
    items = {name for name in modules if name.startswith("dynamorm.items")}
    assert items == {"dynamorm.items", "dynamorm.items.keys"}
    assert "dynamorm.requests" not in modules


KEYED = {
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
