"""Misuse: what a newcomer may type is answered with what to write instead."""

from __future__ import annotations

import dataclasses
import functools
from decimal import Decimal
from typing import Annotated

import pytest
from aids.worlds import World
from msgspec import Struct

import dynamorm
from dynamorm import ItemError, ModelError, PartitionKey, TableSpec, from_item, table, to_item


@table("orders")
class Order(Struct):
    id: Annotated[str, PartitionKey()]
    total: int = 0


class Plain(Struct):
    id: Annotated[str, PartitionKey()]


@table("bad")
class Bad(Struct):
    id: str = PartitionKey()


@dataclasses.dataclass
class Record:
    """As pydantic's and attrs' are too, this is a class and no Struct."""

    id: str = ""


async def later(item):
    return item


async def many(item):
    yield item


DB = World().db
ITEM = {"id": {"S": "1"}}


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: DB.ensure_table(Record), r"not .*Record'>: write class Record\(msgspec.Struct\)"),
        (lambda: DB.ensure_table(Order("1")), "not an instance of Order: pass the class"),
        (
            lambda: DB.auto_migrate([Order]),
            r"a list: pass each model by itself, as in auto_migrate",
        ),
        (lambda: table("abc")(Record), r"write class Record\(msgspec.Struct\)"),
        (lambda: table("abc", streem=None), "did you mean stream?"),
        (lambda: table("abc", []), r"takes the name by position; give the rest by .* indexes="),
        (
            lambda: dynamorm.table_spec(Order, "abc"),
            "takes the model by position; .*, name=, index",
        ),
        (
            lambda: dynamorm.connect("eu-west-1", "http://k:s@h"),
            r"keyword, endpoint=.*retries=[^@]*$",
        ),
        (lambda: DB.create_table(Order, "abc"), r"2 were given: give the rest by keyword, name="),
        (lambda: DB.copy_table(Order, "b", str), r"by keyword, segments=, .* and options"),
        (lambda: DB.table_exists(Order, nam="b"), "argument 'nam'[;.] [Dd]id you mean '?name'?"),
        (lambda: DB.table_exists(), "missing 1 required positional argument"),
        (lambda: DB.copy_table(Order, "b", transform=later), "later is async"),
        (lambda: DB.verify_copy(Order, "b", transform=5), "transform= takes a function, not int"),
        (lambda: DB.copy_table(Order, "b", progress=later), "progress= is async"),
        (lambda: dynamorm.attribute_transform(many), "transform many is async"),
        (lambda: dynamorm.chain(later), "transform later is async"),
        (
            lambda: dynamorm.connect(credentials=functools.partial(later, 1)),
            "credentials= is async",
        ),
        (
            lambda: dynamorm.connect(credentials=("key", "secret")),
            r"takes Credentials\(access_key, secret_key\), not a tuple",
        ),
        (lambda: PartitionKey("by-x"), r"write PartitionKey\(index='by-x'\)"),
        (lambda: from_item(ITEM, Order), r"the model comes first: write from_item\(Order, item\)"),
        (lambda: from_item(Order("1"), ITEM), "not an instance of Order: pass the class"),
        (lambda: from_item(Record, ITEM), r"write class Record\(msgspec.Struct\)"),
        (lambda: to_item(Order), r"expected an instance, not the class: write Order\(...\)"),
        (lambda: to_item({"id": "1"}), "expected an instance of a msgspec Struct, not of dict"),
        (lambda: TableSpec.of(Order), "a model goes to table_spec"),
    ],
)
def test_a_wrong_call_is_answered_with_a_right_one(call, answer):
    """At once, by a TypeError; values that may be secrets are not in it."""
    with pytest.raises(TypeError, match=answer):
        call()


@pytest.mark.parametrize(
    ("call", "error", "answer"),
    [
        (
            lambda: DB.ensure_table(Plain),
            ModelError,
            r'decorate with @table\("..."\) or pass name=',
        ),
        (lambda: DB.ensure_table(Bad), ModelError, r"write id: Annotated\[str, PartitionKey\(\)\]"),
        (
            lambda: from_item(Order, {"id": "1"}),
            ItemError,
            "from a boto3 client, not from a resourc",
        ),
        (lambda: from_item(Order, {"id": {}}), ItemError, r'such as {"S": "text"} - at orders.id'),
        (
            lambda: from_item(Order, {**ITEM, "total": Decimal(5)}),
            ItemError,
            r"not from a resource, which changes values - at orders.total",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(call, error, answer):
    """Models, and items of boto3's resource in place of its client's."""
    with pytest.raises(error, match=answer):
        call()


@pytest.mark.parametrize(
    ("get", "meant"),
    [
        (
            lambda: DB.ensure_tabel,
            "Database has no attribute 'ensure_tabel'; did you mean ensure_t",
        ),
        (lambda: dynamorm.ensure_tabel, "did you mean ensure_table?"),
        (lambda: DB.ensure_table(Order).table.arn, "did you mean table_arn?"),
        (lambda: DB.ensure_table(Order)._dirft, "did you mean drift?"),
        (lambda: dynamorm.__wrapped__, "no attribute '__wrapped__'$"),
        (lambda: DB.put_item, "no attribute 'put_item'$"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(get, meant):
    """Of the module, of a database and of a result."""
    with pytest.raises(AttributeError, match=meant):
        get()
