"""What is no item or no value, in copies and elsewhere, and keys that have unusual names."""

from __future__ import annotations

from typing import Any

import pytest
from aids.documents import ITEM, NEW, ORDERS, Fixed, run
from msgspec import Raw, Struct, json

import dynamorm
from dynamorm.items.keys import item_key
from dynamorm.items.limits import check_size
from dynamorm.items.mismatch import Misfit


def copying(**options: Any) -> Any:
    return dynamorm.copy_table("orders", "new", segments=1, **options)


NO_ITEM = b'{"Items":[{"id":{"S":"a"},"number":{"N":"1"},"x":{"S":5}}],"Count":1}'


def test_what_is_no_item_keeps_the_checkpoint_when_the_service_is_too_busy():
    """It cannot be handed back as attribute values, and the error has the report all the same."""
    item = json.decode(NO_ITEM, type=dict[str, Raw])["Items"]
    left = b'{"UnprocessedItems":{"new":[{"PutRequest":{"Item":%s}}]}}' % bytes(item)[1:-1]
    with pytest.raises(dynamorm.ItemError, match=r"at item\[\.\.\.\]\nSee ") as caught:
        run(copying(deadline=60), Fixed(Scan=NO_ITEM, BatchWriteItem=left))
    assert caught.value.report.checkpoint["segments"][0]["cursor"] is None
    assert not caught.value.report.done


def test_a_page_is_cut_where_an_item_has_a_key():
    """An item without one is no place to go on from, and none is left out for it."""
    items = [{**ITEM, "number": {"N": str(number)}} for number in range(5)]
    del items[1]["id"]
    fixed = Fixed(Scan={"Items": items, "Count": 5})
    report = run(copying(batch_size=2), fixed)
    assert (report.read, report.written, report.done) == (5, 5, True)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_a_key_may_have_a_name_that_no_field_can_have(name):
    """Quotes and control characters are DynamoDB's to take, and msgspec renames no field so."""
    schema = [{"AttributeName": name, "KeyType": "HASH"}]
    types = [{"AttributeName": name, "AttributeType": "S"}]
    tables = {
        f"DescribeTable {table['TableName']}": {
            "Table": {
                "TableName": table["TableName"],
                "TableStatus": "ACTIVE",
                "AttributeDefinitions": types,
                "KeySchema": schema,
            }
        }
        for table in (ORDERS, NEW)
    }
    items = [{name: {"S": value}} for value in ("one", "two")]
    left = {"UnprocessedItems": {"new": [{"PutRequest": {"Item": items[1]}}]}}
    fixed = Fixed(Scan={"Items": items, "Count": 2}, BatchWriteItem=left, **tables)
    with pytest.raises(dynamorm.CopyIncomplete) as caught:
        run(copying(transform=dynamorm.copy_all_fields(), deadline=1), fixed)
    assert caught.value.unwritten == ({name: {"S": "two"}},)
    numbers = Fixed(Scan={"Items": [{name: {"N": "1"}}], "Count": 1}, **tables)
    with pytest.raises(dynamorm.ItemError) as refused:
        run(copying(transform=dynamorm.copy_all_fields()), numbers)
    assert refused.value.path == f"new.{name}"


DEEP: Any = "bottom"
for _ in range(100_000):
    DEEP = [DEEP]


class Holder(Struct):
    value: Any


def test_what_nests_without_end_is_no_value():
    """It is told as any other misfit is, by a model and by a transform of attribute values."""
    with pytest.raises(dynamorm.ItemError, match=r"nested too deeply"):
        dynamorm.to_item(Holder(DEEP))
    deep: Any = {"S": "bottom"}
    for _ in range(100_000):
        deep = {"L": [deep]}
    deepened = dynamorm.attribute_transform(lambda item: {**item, "value": deep})
    with pytest.raises(dynamorm.ItemError, match=r"nested too deeply"):
        run(copying(transform=deepened), Fixed(Scan={"Items": [ITEM], "Count": 1}))


@pytest.mark.parametrize("number", ["1_0", "\u0663", "1e1_0"])
def test_a_number_is_spelt_as_dynamodb_does(number):
    """Python reads more than that as a number."""
    with pytest.raises(dynamorm.ItemError):
        dynamorm.from_item(Holder, {"value": {"N": number}})


def test_what_is_no_number_equals_itself():
    """Whatever a service makes of it, two keys that say the same are one."""
    one, same, other = (
        item_key(b'{"id":{"N":"1e%s"}}' % end, ("id",)) for end in (b"x", b"x", b"y")
    )
    assert one == same != other


def test_what_has_no_weight_is_no_item():
    """An attribute value has one type, and a number is one."""
    for value in (b"{}", b'{"S":"a","B":""}', b'{"N":"a"}'):
        with pytest.raises(Misfit, match="an attribute has an invalid value"):
            check_size(b'{"x":%s,"y":{"S":"%s"}}' % (value, b"a" * 500_000))


def key(kind: str, name: str = "id") -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


@pytest.mark.parametrize(
    "told",
    [
        {"AttributeDefinitions": []},
        {"KeySchema": []},
        {"KeySchema": [key("HASH"), key("\0")]},
        {"KeySchema": [key("HASH"), key("HASH")]},
        {"KeySchema": [key("RANGE")]},
    ],
)
def test_a_description_that_does_not_tell_the_keys_is_no_answer(told):
    """A copy that cannot know its keys does not begin."""
    fixed = Fixed(**{"DescribeTable orders": {"Table": {**ORDERS, **told}}})
    with pytest.raises(dynamorm.TransportError, match="does not tell the keys of orders"):
        run(copying(), fixed)
