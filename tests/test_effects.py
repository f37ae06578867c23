"""Effects are values, and asking for them is typed."""

from __future__ import annotations

import asyncio

import boto3
import pytest

import dynamorm
from dynamorm import Database, Now
from dynamorm.effects import Location, now, where
from dynamorm.prefixing import elsewhere
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.threads import ThreadTransport


def test_asking_for_the_time_gives_what_the_driver_sends() -> None:
    """`now` returns the answer to its one effect."""
    asking = now()
    assert next(asking) == Now()
    with pytest.raises(StopIteration) as stop:
        asking.send(3.5)
    assert stop.value.value == 3.5


PLACED = {"endpoint_url": "http://127.0.0.1:8000", "region": "eu-west-1"}


class _Placed:
    """A transport that says where it sends, and sends nothing."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        self.endpoint_url = endpoint_url
        self.region = region

    def send(self, operation: str, body: bytes) -> bytes:
        raise AssertionError(operation)


class _Silent:
    """A transport that says nothing about itself."""

    def send(self, operation: str, body: bytes) -> bytes:
        raise AssertionError(operation)


def test_an_operation_is_told_where_its_requests_go() -> None:
    """`where` gives endpoint, region and prefix without a request; nothing is made up."""
    placed = Database(_Placed(**PLACED), table_prefix="dev-")
    assert placed.run(where()) == Location("http://127.0.0.1:8000", "eu-west-1", "dev-")
    assert Database(_Silent()).run(where()) == Location("", "", "")


def test_an_operation_in_another_database_is_told_of_that_one() -> None:
    """`elsewhere` answers with the other endpoint and prefix, under a database's own prefix too."""
    other = Database(_Placed("http://127.0.0.1:9000", "eu-north-1"), table_prefix="eu-")
    here = Database(_Placed(**PLACED), table_prefix="dev-")
    found = here.run(elsewhere(where(), other))
    assert found == Location("http://127.0.0.1:9000", "eu-north-1", "eu-")


@pytest.mark.parametrize("kind", ["botocore", "http", "client"])
def test_transports_say_where_they_send(kind: str) -> None:
    """Each transport knows its endpoint and region; in threads as well."""
    if kind == "client":
        client = boto3.client(
            "dynamodb",
            region_name=PLACED["region"],
            endpoint_url=PLACED["endpoint_url"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        db = dynamorm.connect(transport=ClientTransport(client))
    else:
        db = dynamorm.connect(PLACED["region"], endpoint=PLACED["endpoint_url"], transport=kind)
    assert db.run(where()) == Location(endpoint=PLACED["endpoint_url"], region="eu-west-1")
    adb = dynamorm.connect_async(transport=ThreadTransport(db.transport), table_prefix="x-")
    assert asyncio.run(adb.run(where())).endpoint == PLACED["endpoint_url"]
    assert asyncio.run(adb.run(where())).region == "eu-west-1"
    db.close()
    if kind == "client":
        client.close()
