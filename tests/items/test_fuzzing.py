"""Whatever comes, reply, item, checkpoint or setting, ends in a value or in one of our errors."""

from __future__ import annotations

import json as plain_json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aids.damage import broken, damaged
from aids.documents import (
    BACKUP,
    CHECKPOINT,
    CREDENTIALS,
    ERROR,
    ITEM,
    LEFT,
    NEW,
    OPTIONS,
    ORDERS,
    PAGES,
    POLICY,
    RECOVERY,
    TAGS,
    TTL,
    Fixed,
    Order,
    meaning,
    only,
    page,
    run,
)
from aids.httpserver import Server, answer
from aids.laws import dear
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError, Raw, Struct, json

import dynamorm
from dynamorm import DynamormError
from dynamorm.transports.container import from_container
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.exchange import Answer, read_answer

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


def perform(steps: Any, **answers: Any) -> Any:
    """Perform an operation to its end, in no time, and look at what it gives."""
    result = run(steps, Fixed(**answers))
    assert repr(result) + str(result)
    return result


def copying(source: Any = "orders", **options: Any) -> Any:
    return dynamorm.copy_table(source, "new", segments=1, **options)


def same(order: Order) -> Order:
    return order


def passed_over(item: Any, error: DynamormError) -> None:
    assert isinstance(item, dict)
    assert str(error)


attributes = dynamorm.attribute_transform(lambda item: item)
COPIES: dict[str, Callable[[], Any]] = {
    "as they are": copying,
    "as they are, bad ones passed over": lambda: copying(on_error=passed_over),
    "at a pace": lambda: copying(max_read_units=5, deadline=60),
    "as instances": lambda: copying(Order, transform=same),
    "as instances, bad ones passed over": lambda: copying(
        Order, transform=same, on_error=passed_over
    ),
    "as modelled": lambda: copying(Order, transform=same, unmodelled="drop"),
    "as attribute values": lambda: copying(transform=attributes),
    "renamed": lambda: copying(transform=dynamorm.rename_field("status", "state")),
    "with a new field": lambda: copying(transform=dynamorm.add_field("x", lambda item: len(item))),
}


def planned(**options: Any) -> dynamorm.TableSpec:
    return dynamorm.table_spec(Order, indexes=[], **options)


def everything() -> Any:
    return dynamorm.plan(Order, allow=["index:local", "index:by-status"], **OPTIONS)


def with_policy(inside: bytes) -> None:
    policy = json.encode({"Policy": inside.decode("utf-8", "replace")})
    perform(dynamorm.plan(planned(resource_policy=POLICY)), GetResourcePolicy=policy)


def as_checkpoint(data: bytes, steps: Callable[[Any], Any]) -> None:
    """Python's own JSON reads what msgspec does not: nan, half of a surrogate pair."""
    try:
        value = plain_json.loads(data)
    except (ValueError, RecursionError):
        return
    found = perform(steps(value))
    json.encode(getattr(found, "copy", found).checkpoint)


def as_item(data: bytes) -> None:
    try:
        value = plain_json.loads(data)
    except (ValueError, RecursionError):
        return
    dynamorm.to_item(dynamorm.from_item(Order, value))


def as_error(data: bytes) -> None:
    for status in (400, 500):
        read_answer("Scan", Answer(status, {}, data))


def as_credentials(data: bytes) -> None:
    with Server(answer(data)) as server:
        made = from_container({FULL: server.url})
        CredentialSource(made, {}).get()


REPLIES: dict[str, tuple[tuple[Any, ...], Callable[[bytes], object]]] = {
    "a description": (
        ({"Table": ORDERS},),
        lambda data: perform(dynamorm.describe_table("orders"), **{"DescribeTable orders": data}),
    ),
    "a description to plan with": (
        ({"Table": ORDERS},),
        lambda data: json.encode(perform(everything(), **{"DescribeTable orders": data})),
    ),
    "a description to ensure": (
        ({"Table": ORDERS},),
        lambda data: perform(dynamorm.ensure_table(Order), **{"DescribeTable orders": data}),
    ),
    "a source": (
        ({"Table": ORDERS},),
        lambda data: perform(copying(), **{"DescribeTable orders": data}),
    ),
    "a target": (({"Table": NEW},), lambda data: perform(copying(), **{"DescribeTable new": data})),
    "a creation": (
        ({"TableDescription": ORDERS},),
        lambda data: perform(dynamorm.create_table(Order), CreateTable=data),
    ),
    "a deletion": (
        ({"TableDescription": ORDERS},),
        lambda data: perform(dynamorm.delete_table(Order), DeleteTable=data),
    ),
    "a list": (
        ({"TableNames": ["a"], "LastEvaluatedTableName": "a"}, {"TableNames": ["a"]}),
        lambda data: perform(dynamorm.list_tables(), ListTables=data),
    ),
    "a backup": (
        (BACKUP,),
        lambda data: perform(
            dynamorm.auto_migrate_with_options(Order, backup_table="bak"), CreateBackup=data
        ),
    ),
    "an expiry": (
        (TTL,),
        lambda data: perform(dynamorm.plan(planned(), allow=["ttl"]), DescribeTimeToLive=data),
    ),
    "a recovery": (
        (RECOVERY,),
        lambda data: perform(
            dynamorm.plan(planned(point_in_time_recovery=7)), DescribeContinuousBackups=data
        ),
    ),
    "tags": (
        (TAGS, {**TAGS, "NextToken": None}),
        lambda data: perform(dynamorm.plan(planned(tags={"a": "b"})), ListTagsOfResource=data),
    ),
    "a policy": (
        ({"Policy": json.encode(POLICY).decode(), "RevisionId": "1"},),
        lambda data: perform(
            dynamorm.plan(planned(resource_policy=POLICY)), GetResourcePolicy=data
        ),
    ),
    "the inside of a policy": ((POLICY,), with_policy),
    **{
        f"a page copied {how}": (PAGES, lambda data, copy=copy: perform(copy(), Scan=data))
        for how, copy in COPIES.items()
    },
    "a page verified": (
        PAGES,
        lambda data: perform(dynamorm.verify_copy("orders", "new", segments=1), Scan=data),
    ),
    "leftovers": ((LEFT,), lambda data: perform(copying(deadline=60), BatchWriteItem=data)),
    "leftovers of a transform": (
        (LEFT,),
        lambda data: perform(copying(transform=attributes, deadline=60), BatchWriteItem=data),
    ),
    "an error": ((ERROR,), as_error),
    "credentials": ((CREDENTIALS,), as_credentials),
    "an item": ((ITEM,), as_item),
    "a checkpoint": (
        (CHECKPOINT,),
        lambda data: as_checkpoint(data, lambda value: copying(resume=value)),
    ),
    "a segment's checkpoint": (
        ({**CHECKPOINT, "of": 3},),
        lambda data: as_checkpoint(
            data,
            lambda value: dynamorm.copy_segment("orders", "new", segment=0, of=3, resume=value),
        ),
    ),
}


@pytest.mark.parametrize("kind", REPLIES)
@dear
@given(data=st.data())
def test_whatever_comes_is_a_value_or_one_of_our_errors(kind, data):
    """Bytes of any kind, and good documents that were damaged in any place."""
    documents, reader = REPLIES[kind]
    whole = st.sampled_from([json.encode(document) for document in documents])
    with suppress(DynamormError):
        reader(data.draw(damaged(*documents) | whole.flatmap(broken) | st.binary(max_size=40)))


class Page(Struct):
    Items: Raw


@pytest.mark.parametrize("how", ["as instances", "as attribute values", "as they are", "renamed"])
@dear
@given(data=damaged(page(1, last=True)))
def test_an_attribute_is_copied_as_what_it_says_or_not_at_all(how, data):
    """A damaged item may still be one: then nothing but what is in it is written."""
    fixed = Fixed(Scan=data)
    with suppress(DynamormError):
        run(COPIES[how](), fixed)
    for operation, body in fixed.sent:
        if operation == "BatchWriteItem":
            with suppress(DecodeError, ValueError):  # which the service will refuse
                (item,) = json.decode(json.decode(data, type=Page).Items)
                (put,) = json.decode(body)["RequestItems"]["new"]
                compare(item, put["PutRequest"]["Item"])


def compare(item: Any, written: Any) -> None:
    if item == written:  # be it an item or, opaque, something else that the service will refuse
        return
    for name, attribute in item.items():
        try:
            tag, said = only(attribute)[0], meaning(*only(attribute))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue
        found = written.get({"status": "state"}.get(name, name), written.get(name))
        if tag == "NULL":
            assert found in (None, {"NULL": True}, attribute)
        elif name == "weight" and tag == "N":
            assert float(meaning(*only(found))) == float(said)
        else:
            assert (found and (only(found)[0], meaning(*only(found)))) == (tag, said)
