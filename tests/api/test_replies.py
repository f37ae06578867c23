"""Replies: what an answer needs to be one, and what it may have that nobody knows."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone

import pytest
from msgspec import DecodeError, json

from dynamorm import TableDescription
from dynamorm.api import tables


def described(**members) -> TableDescription:
    body = {"TableName": "orders", "TableStatus": "ACTIVE", **members}
    return json.decode(json.encode(body), type=TableDescription)


def test_smallest_description():
    """Name and status make a description; whatever else is missing is empty or None."""
    table = described()
    assert (table.table_name, table.table_status) == ("orders", "ACTIVE")
    assert table.attribute_definitions == table.global_secondary_indexes == ()
    assert table.item_count is None
    assert repr(table) == "TableDescription(table_name='orders', table_status='ACTIVE')"


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (b"{}", tables.DescribeTableOutput),
        (b'{"Table":{}}', tables.DescribeTableOutput),
        (b'{"Table":{"TableName":"orders"}}', tables.DescribeTableOutput),
        (b'{"TableDescription":null}', tables.CreateTableOutput),
        (b"{}", tables.DeleteTableOutput),
        (b"{}", tables.ListTablesOutput),
        (b"[]", tables.ListTablesOutput),
        (b'{"TableNames":["a', tables.ListTablesOutput),
    ],
)
def test_no_whole_answer(body, reply):
    """An answer without what its operation always has is none."""
    with pytest.raises(DecodeError):
        json.decode(body, type=reply)


@pytest.mark.parametrize(
    ("members", "mode"),
    [
        ({}, "PROVISIONED"),
        ({"BillingModeSummary": {}}, "PROVISIONED"),
        ({"BillingModeSummary": {"BillingMode": "PROVISIONED"}}, "PROVISIONED"),
        ({"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}, "PAY_PER_REQUEST"),
        ({"BillingModeSummary": {"BillingMode": "BRAND_NEW"}}, "BRAND_NEW"),
    ],
)
def test_billing_mode(members, mode):
    """A table without a summary of its billing is a provisioned one."""
    assert described(**members).billing_mode == mode


def test_descriptions_are_values():
    """Descriptions compare by what they say; they can be hashed, copied and pickled."""
    table = described(KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    again = pickle.loads(pickle.dumps(table))
    assert again == copy.deepcopy(table) == table
    assert hash(again) == hash(table)


def test_the_time_of_creation_is_aware():
    """Seconds come whole or with a fraction; a service that tells none has none."""
    made = described(CreationDateTime=1700000000.5).creation_date_time
    assert made == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=timezone.utc)
    assert described().creation_date_time is None
