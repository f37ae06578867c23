"""Replies: what an answer needs to be one, and what it may have that nobody knows."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, strategies
from msgspec import DecodeError, defstruct, json

from dynamorm import Call, Steps, TableDescription, TransportError, describe_table, run
from dynamorm.api import tables
from dynamorm.operations import sending
from dynamorm.testing import Script


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


RARE = {
    "LocalSecondaryIndexes": [{"IndexName": "by-size", "Projection": {"ProjectionType": "ALL"}}],
    "GlobalSecondaryIndexes": [{"IndexName": "by-age", "WarmThroughput": {"Status": "ACTIVE"}}],
    "StreamSpecification": {"StreamEnabled": True},
    "Replicas": [{"RegionName": "eu-west-1", "GlobalSecondaryIndexes": [{"IndexName": "a"}]}],
    "GlobalTableWitnesses": [{"RegionName": "eu-west-2"}],
    "RestoreSummary": {"RestoreDateTime": 1.5, "RestoreInProgress": False},
    "SSEDescription": {"Status": "ENABLED"},
    "ArchivalSummary": {"ArchivalReason": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"},
    "TableClassSummary": {"TableClass": "STANDARD"},
    "OnDemandThroughput": {"MaxReadRequestUnits": 5},
    "VectorIndexes": [{"IndexName": "by-likeness", "VectorAttribute": {"AttributeName": "v"}}],
}
"""Members whose shapes are made only for an answer that has them."""


def answered(**members) -> TableDescription:
    """Describe a table over a service that answers with these members."""
    table = {"TableName": "orders", "TableStatus": "ACTIVE", **members}
    script = Script(("DescribeTable", {"Table": table}))
    return run(describe_table("orders"), script, retries=1)


@given(strategies.fixed_dictionaries({}, optional={n: strategies.just(RARE[n]) for n in RARE}))
def test_a_description_has_what_was_answered(members):
    """Whichever of its members are there, and whichever were in answers before."""
    common = {"ItemCount": 3, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    table = answered(**common, **members)
    assert table == described(**common, **members)
    assert table.to_dict() == {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        **common,
        **members,
    }


def test_what_is_kept_to_read_answers_has_a_bound():
    """A program that makes ever other shapes of answers does not fill the memory with decoders."""

    def asking(kind: Any) -> Steps[Any]:
        return (yield Call("DescribeLimits", {}, kind))

    for number in range(sending.MOST_DECODERS + 9):
        script = Script(("DescribeLimits", {}))
        run(asking(defstruct(f"Answer{number}", [])), script, retries=1)
    assert len(sending._decoders) <= sending.MOST_DECODERS + 1


@pytest.mark.parametrize("name", RARE)
@pytest.mark.parametrize("value", [5, [5]])
def test_no_member_of_a_description_may_be_of_another_kind(name, value):
    """What is read only where it is there is judged as strictly as the rest."""
    with pytest.raises(TransportError, match=rf"not a whole DescribeTable reply.*Table\.{name}"):
        answered(**{name: value})


@pytest.mark.parametrize("lacking", ["TableName", "TableStatus"])
def test_a_description_has_a_name_and_a_status(lacking):
    """An answer of DescribeTable without one of them is none, whatever else it tells."""
    table = {"TableName": "orders", "TableStatus": "ACTIVE", "ItemCount": 3}
    script = Script(("DescribeTable", {"Table": {k: v for k, v in table.items() if k != lacking}}))
    with pytest.raises(TransportError, match=r"not a whole DescribeTable reply.*TableName"):
        run(describe_table("orders"), script, retries=1)


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
