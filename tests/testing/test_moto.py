"""What moto's decorators see of dynamorm, as docs/testing.md says."""

from __future__ import annotations

import boto3
import pytest
from aids import emulator
from aids.httpserver import Server, answer
from moto import mock_aws

import dynamorm
from dynamorm import Credentials, KeyAttribute, TableSpec, UnsupportedOperation
from dynamorm.transports.client import ClientTransport

ORDERS = TableSpec(name="orders", partition_key=KeyAttribute("id", "S"))


def over_client(**place):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("dynamodb", region_name="eu-west-1", **keys, **place)
    return dynamorm.connect(transport=ClientTransport(client))


def test_a_client_is_seen():
    """One that is made inside `mock_aws`, or once moto is imported, stays in this process."""
    early = over_client()
    with mock_aws():
        early.create_table(ORDERS)
        assert list(over_client().list_tables()) == ["orders"]


def test_a_client_of_an_endpoint_is_not_seen():
    """A client that was given an endpoint sends to it, inside `mock_aws` too."""
    with Server(answer({"TableNames": ["elsewhere"]})) as server, mock_aws():
        assert list(over_client(endpoint_url=server.url).list_tables()) == ["elsewhere"]


def test_the_decorators_empty_a_server_of_the_same_process():
    """Entering `mock_aws` forgets the tables of a moto server that runs in this process."""
    keys = Credentials("test", "test")
    with (
        emulator.moto() as url,
        dynamorm.connect("eu-west-1", endpoint=url, credentials=keys) as db,
    ):
        db.create_table(ORDERS)
        with mock_aws():
            assert list(db.list_tables()) == []


def test_what_moto_does_not_know_is_told_at_once():
    """Not as a service that is down, which would be asked until the time for that is over."""
    keys = Credentials("test", "test")
    with (
        emulator.moto() as url,
        dynamorm.connect("eu-west-1", endpoint=url, credentials=keys, retries=1) as db,
    ):
        db.create_table(ORDERS)
        with pytest.raises(UnsupportedOperation, match="describe_contributor_insights"):
            db.run(dynamorm.plan(ORDERS, contributor_insights=True))
