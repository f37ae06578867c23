"""Each rule of the service that can be decided offline is kept before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from msgspec import defstruct

import dynamorm
from dynamorm import (
    KMS,
    Include,
    IndexSpec,
    ItemError,
    KeyAttribute,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    Refused,
    SortKey,
    Steps,
    TableSpec,
    TimeToLive,
    attribute_transform,
    table,
)
from dynamorm.testing import FakeService

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
A, B, C, D, E = (KeyAttribute(name, "S") for name in "abcde")
BY_A = IndexSpec("by-a", (A,), (B,))
ORDERS = TableSpec("orders", ID, AT, (BY_A,))

Break = Callable[[], Steps[Any]]


def spec(*indexes: IndexSpec, **values: Any) -> Break:
    """Create a table that is right but for what is given."""
    whole = {"name": "orders", "partition_key": ID, "sort_key": AT, "indexes": indexes, **values}
    return lambda: dynamorm.create_table(TableSpec(**whole))


def by_x(partition_key: tuple[KeyAttribute, ...] = (A,), **values: Any) -> IndexSpec:
    return IndexSpec("by-x", partition_key, **values)


def several(number: int, **values: Any) -> list[IndexSpec]:
    return [IndexSpec(f"by-{n:03}", **values) for n in range(number)]


def fields(**annotations: Any) -> Break:
    """Create the table of a Struct with these fields."""
    return lambda: dynamorm.create_table(table("orders")(defstruct("Order", annotations.items())))


def option(**options: Any) -> Break:
    return lambda: dynamorm.update_table(ORDERS, **options)


def item(**attributes: Any) -> Break:
    """Copy an item that a transform has given these attributes."""
    changed = attribute_transform(lambda found: {**found, **attributes})
    return lambda: dynamorm.copy_table("old", ORDERS, transform=changed, segments=1)


def nested(levels: int) -> Any:
    return {"L": [nested(levels - 1)]} if levels > 1 else {"S": ""}


def copied(**options: Any) -> Break:
    return lambda: dynamorm.copy_table("old", ORDERS, **options)


def backup(name: str) -> Break:
    return lambda: dynamorm.auto_migrate_with_options(ORDERS, backup_table=name)


PARTITION = Annotated[str, PartitionKey()]
SORT = Annotated[str, SortKey()]
EXPIRY = Annotated[int, TimeToLive()]
RULES: dict[str, list[tuple[Any, ...]]] = {
    "developerguide/HowItWorks.NamingRulesDataTypes": [
        ("a table's name has 3 characters", spec(name="ab"), "'ab'"),
        ("a table's name has at most 255", spec(name="a" * 256), "- at aaa"),
        ("a name is of letters, digits, _, - and .", spec(name="a b"), "'a b'"),
        ("an index's name has 3 characters", spec(IndexSpec("ab", (A,))), "- at orders.ab"),
        ("a key attribute's name has 1 byte", spec(sort_key=KeyAttribute("", "S")), "name ''"),
        (
            "a key attribute's name has at most 255",
            spec(sort_key=KeyAttribute("é" * 128, "S")),
            "255 bytes",
        ),
        (
            "a projected attribute's name has at most 255",
            spec(by_x(projection=Include("x" * 256))),
            "orders.by-x",
        ),
        ("any operation's table has a good name", lambda: dynamorm.delete_table("ab"), "'ab'"),
        (
            "a name that is given is a good one",
            lambda: dynamorm.create_table(ORDERS, name="ab"),
            "'ab'",
        ),
    ],
    "APIReference/API_CreateTable": [
        (
            "no two indexes have one name",
            spec(by_x(), by_x()),
            "'by-x': give each a name of its own - at orders",
        ),
        (
            "nor a global and a local one",
            spec(by_x(), by_x((), sort_key=(A,))),
            "'by-x': give each a name of its own - at orders",
        ),
        ("a table has a partition key", fields(id=str), "PartitionKey() - at Order"),
        (
            "a table has one partition key",
            fields(id=PARTITION, b=PARTITION),
            "id, b: a table has one",
        ),
        ("a table has one sort key", fields(id=PARTITION, b=SORT, c=SORT), "b, c: a table has one"),
        (
            "partition key and sort key are two attributes",
            spec(sort_key=ID),
            "'id' is 2 times in one key",
        ),
        ("a key is of type S, N or B", spec(sort_key=KeyAttribute("x", "BOOL")), "'x' has type"),
        (
            "a model's key is a str, a number or bytes",
            fields(id=Annotated[bool, PartitionKey()]),
            "Order.id",
        ),
        (
            "an attribute has one type in all keys",
            spec(by_x((KeyAttribute("id", "N"),))),
            "'id' has more than one",
        ),
        (
            "on demand, an index has no throughput",
            spec(by_x(throughput=Provisioned(1, 1))),
            "orders.by-x",
        ),
        (
            "provisioned, an index has no maximum",
            spec(by_x(on_demand=OnDemand(1)), billing=Provisioned(1, 1)),
            "by-x",
        ),
        ("a table has one of 2 classes", option(table_class="CHEAP"), "table_class takes"),
        ("a member of CreateTable is said once", option(extra={"KeySchema": []}), "'KeySchema'"),
    ],
    "APIReference/API_TimeToLiveSpecification": [
        ("an expiry's name has 1 byte", spec(time_to_live=""), "''"),
    ],
    "developerguide/time-to-live-ttl-before-you-start": [
        (
            "an expiry is a number",
            fields(id=PARTITION, until=Annotated[str, TimeToLive()]),
            "Order.until",
        ),
        (
            "a table has one expiry",
            fields(id=PARTITION, a=EXPIRY, b=EXPIRY),
            "a, b: a table has one",
        ),
    ],
    "developerguide/ServiceQuotas": [
        ("a table has 20 global indexes", spec(*several(21, partition_key=(A,))), "21 global"),
        ("a table has 5 local indexes", spec(*several(6, sort_key=(A,))), "6 local"),
    ],
    "developerguide/GSI.DesignPattern.MultiAttributeKeys": [
        ("a partition key has 4 attributes", spec(by_x((A, B, C, D, E))), "5 partition key"),
        ("a sort key has 4 attributes", spec(by_x(sort_key=(B, C, D, E, AT))), "5 sort key"),
        ("a key has an attribute once", spec(by_x(sort_key=(A,))), "'a' is 2 times in one key"),
    ],
    "developerguide/LSI": [
        ("a local index sorts by one attribute", spec(by_x((), sort_key=(A, B))), "not 2"),
        ("a local index sorts by something", spec(by_x(())), "not 0 - at orders.by-x"),
        (
            "a local index does not sort by the partition key",
            spec(by_x((), sort_key=(ID,))),
            "- at orders.by-x",
        ),
        (
            "a local index is on a table with a sort key",
            spec(by_x((), sort_key=(A,)), sort_key=None),
            "by-x",
        ),
        (
            "a local index has no capacity",
            spec(by_x((), sort_key=(A,), on_demand=OnDemand(1))),
            "by-x",
        ),
    ],
    "APIReference/API_Projection": [
        (
            "a projection has 20 attributes",
            spec(by_x(projection=Include(*map(str, range(21))))),
            "21",
        ),
        (
            "all projections have 100 attributes",
            spec(*several(6, partition_key=(A,), projection=Include(*map(str, range(17))))),
            "102 included attributes",
        ),
        ("INCLUDE has an attribute", spec(by_x(projection=Include())), "- at orders.by-x"),
        (
            "INCLUDE has an attribute once",
            spec(by_x(projection=Include("x", "x"))),
            "- at orders.by-x",
        ),
        ("a projection is ALL, KEYS_ONLY or INCLUDE", spec(by_x(projection="SOME")), "'SOME'"),
    ],
    "APIReference/API_ProvisionedThroughput": [
        (
            "provisioned throughput is 1 at least",
            lambda: option(billing=Provisioned(0, 1))(),
            "read",
        ),
    ],
    "APIReference/API_OnDemandThroughput": [
        ("a maximum is 1 at least", lambda: option(billing=OnDemand(0))(), "max_read"),
    ],
    "developerguide/TaggingRestrictions": [
        ("a table has 50 tags", option(tags={f"{n}": "" for n in range(51)}), "tags takes"),
        ("a tag has a key", option(tags={"": ""}), "- at orders"),
        ("a tag's key has at most 128 characters", option(tags={"k" * 129: ""}), "- at orders"),
        ("a tag's value has at most 256", option(tags={"k": "v" * 257}), "- at orders"),
        ("a tag is not AWS's own", option(tags={"AWS:k": ""}), "- at orders"),
        ("a tag is of letters, digits, spaces and +-=._:/", option(tags={"k": "?"}), "- at orders"),
    ],
    "APIReference/API_StreamSpecification": [
        ("a stream has one of 4 views", option(stream="ALL"), "stream takes"),
    ],
    "APIReference/API_PointInTimeRecoverySpecification": [
        ("recovery goes back 1 day", option(point_in_time_recovery=0), "orders"),
        ("recovery goes back at most 35 days", option(point_in_time_recovery=36), "orders"),
    ],
    "developerguide/rbac-considerations": [
        ("a policy has 20 KB", option(resource_policy={"Id": "x" * 20480}), "orders"),
        ("a policy is JSON", option(resource_policy="{"), "resource_policy takes"),
        ("a policy says something", option(resource_policy={}), "resource_policy takes"),
    ],
    "APIReference/API_SSESpecification": [
        ("an encryption key has an id", lambda: option(encryption=KMS(""))(), "KMS"),
    ],
    "APIReference/API_BatchWriteItem": [
        ("a batch has at most 25 items", copied(batch_size=26), "batch_size= takes", ValueError),
        ("a batch has an item", copied(batch_size=0), "batch_size= takes", ValueError),
    ],
    "APIReference/API_Scan": [
        (
            "a scan has at most a million segments",
            copied(segments=1_000_001),
            "segments takes",
            ValueError,
        ),
        ("a scan has a segment", copied(segments=0), "segments takes", ValueError),
        ("a page has an item", copied(page_limit=0), "page_limit= takes", ValueError),
    ],
    "APIReference/API_CreateBackup": [
        ("a backup has a good name", backup("ab"), "'ab'", Refused),
    ],
}
"""By page of https://docs.aws.amazon.com/amazondynamodb/latest/: a rule, what breaks it, what is
told, and the error where it is no ModelError."""

ITEMS: dict[str, list[tuple[Any, ...]]] = {
    "developerguide/Constraints": [
        ("an item has its key", item(id={"N": "1"}), "orders.id"),
        ("a key is not empty", item(id={"S": ""}), "orders.id"),
        ("a partition key has at most 2,048 bytes", item(id={"S": "é" * 1025}), "orders.id"),
        ("a sort key has at most 1,024 bytes", item(b={"S": "x" * 1025}), "orders.b"),
        ("an index's key is not empty", item(a={"S": ""}), "orders.a"),
        ("an index's key is of its type", item(a={"NULL": True}), "orders.a"),
        ("an item has at most 400 KB", item(x={"S": "x" * 409_600}), "- at orders"),
        ("an item has at most 32 levels", item(x=nested(33)), "- at orders.x"),
    ],
    "developerguide/HowItWorks.NamingRulesDataTypes": [
        ("an attribute has a name", item(x={"M": {"": {"S": ""}}}), "- at orders.x"),
        ("a set is not empty", item(x={"SS": []}), "- at orders.x"),
        ("a set has each string once", item(x={"SS": ["a", "a"]}), "- at orders.x"),
        ("a set has each number once", item(x={"NS": ["1", "1.0"]}), "- at orders.x"),
        ("a set has each binary once", item(x={"BS": [b"a", "YQ=="]}), "- at orders.x"),
        ("a number has at most 38 digits", item(x={"N": "1" * 39}), "- at orders.x"),
        ("a number is 1E-130 at least", item(x={"N": "1E-131"}), "- at orders.x"),
        ("a number is 9.99E+125 at most", item(x={"N": "-1E+126"}), "- at orders.x"),
        ("a number is not nan", item(x={"N": "NaN"}), "- at orders.x"),
        ("a number is not infinite", item(x={"N": "Infinity"}), "- at orders.x"),
    ],
}


class Untouched:
    """A transport that fails on every request."""

    def send(self, operation: str, body: bytes) -> bytes:
        raise AssertionError(f"{operation} was sent")


class ReadOnly:
    """A service with two tables and an item, which fails on every request that writes."""

    def __init__(self) -> None:
        self.service = FakeService(create_seconds=0.0)
        for spec in (ORDERS, ORDERS.named("old")):
            dynamorm.run(dynamorm.create_table(spec), self.service)
        self.service.put("old", b'{"id": {"S": "1"}, "at": {"N": "1"}}')

    def send(self, operation: str, body: bytes) -> bytes:
        assert operation in ("DescribeTable", "Scan"), f"{operation} was sent"
        return self.service.send(operation, body)


def rules(pages: dict[str, list[tuple[Any, ...]]], error: type[Exception]) -> list[Any]:
    every = [rule for page in pages.values() for rule in page]
    return [pytest.param(*(*more, error)[:3], id=words) for words, *more in every]


@pytest.mark.parametrize(("breaks", "told", "error"), rules(RULES, ModelError))
def test_a_rule_is_kept_before_anything_is_sent(breaks, told, error):
    """What breaks a rule of the documentation is refused with its place, and nothing is sent."""
    with pytest.raises(error, match=re.escape(told)):
        dynamorm.run(breaks(), Untouched())


@pytest.mark.parametrize(("breaks", "told", "error"), rules(ITEMS, ItemError))
def test_a_rule_of_items_is_kept_before_anything_is_written(breaks, told, error):
    """An item that breaks a rule is refused with the path to what breaks it; nothing is written."""
    with pytest.raises(error, match=re.escape(told)):
        dynamorm.run(breaks(), ReadOnly())


def test_what_the_rules_break_is_right_otherwise():
    """The table that all the rules begin with is taken, and the item too."""
    service = ReadOnly().service
    dynamorm.run(spec(BY_A, name="another")(), service)
    assert dynamorm.run(item(x=nested(32), y={"N": "9.99E+125"})(), service).written == 1
