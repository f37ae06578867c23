"""BatchGetItem asks for whole or partial items, and its answer tells what is still to be asked."""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import Order, stocked
from msgspec import Raw, ValidationError, json

import dynamorm
from dynamorm import Throttled, ValidationFailed
from dynamorm.api.items import BatchGetItemOutput, batch_get_item
from dynamorm.items.keys import raw_key
from dynamorm.operations import call
from dynamorm.requests import encode
from dynamorm.testing import FakeService


def order(number: int, **attributes: Any) -> dict[str, Any]:
    return {"number": {"N": str(number)}, **attributes}


def key(number: int) -> bytes:
    return json.encode(order(number))


def get(fake: FakeService, *numbers: int, **options: Any) -> BatchGetItemOutput:
    payload = batch_get_item("orders", [key(number) for number in numbers], **options)
    reply: BatchGetItemOutput = dynamorm.run(
        call("BatchGetItem", payload, BatchGetItemOutput), fake, table_prefix="dev-"
    )
    return reply


def numbers(raws: list[Raw]) -> list[int]:
    return sorted(int(json.decode(raw)["number"]["N"]) for raw in raws)


def service(*items: dict[str, Any]) -> FakeService:
    return stocked(Order, **{"dev-orders": items})


def test_items_are_found_by_their_keys_under_the_prefix() -> None:
    """What is there is given whole, and what is not there is in no list."""
    reply = get(service(*(order(number, x={"S": "y"}) for number in range(5))), 1, 3, 77)
    assert numbers(reply.items) == [1, 3]
    assert all(b'"x"' in bytes(raw) for raw in reply.items)
    assert reply.unprocessed == []


def test_attributes_that_nobody_asks_for_stay_away() -> None:
    """`only` names the attributes that are given, reserved words included."""
    fake = service(order(1, name={"S": "y"}, size={"N": "3"}))
    reply = get(fake, 1, 77, only=("number", "size"))
    assert [json.decode(raw) for raw in reply.items] == [order(1, size={"N": "3"})]


@pytest.mark.parametrize(("consistent", "units"), [(True, 4.0), (False, 2.0)])
def test_a_look_up_costs_a_unit_for_each_4_kb_of_each_item(consistent: bool, units: float) -> None:
    """Each item is rounded up by itself, one that is not there counts as one, stale reads half."""
    fake = service(order(1, x={"S": "y" * 5000}), order(2))
    reply = get(fake, 1, 2, 3, consistent_read=consistent)
    assert [consumed.capacity_units for consumed in reply.consumed_capacity] == [units]


def test_keys_that_are_held_back_are_in_the_answer() -> None:
    """The service may leave any keys unprocessed, all of them included."""
    fake = service(*map(order, range(4)))
    fake.withhold_keys(3, 99)
    reply = get(fake, 0, 1, 2, 3)
    assert (numbers(reply.items), numbers(reply.unprocessed)) == ([3], [0, 1, 2])
    reply = get(fake, 0, 1)
    assert (numbers(reply.items), numbers(reply.unprocessed)) == ([], [0, 1])
    assert get(fake, 0).unprocessed == []


def test_an_answer_holds_16_megabytes() -> None:
    """The keys of what does not go into it come back."""
    big = [order(number, x={"S": "y" * 390_000}) for number in range(60)]
    reply = get(service(*big), *range(60))
    assert 0 < len(reply.items) <= 43
    assert numbers(reply.items + reply.unprocessed) == list(range(60))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([], "1 to 100 keys"),
        ([key(number) for number in range(101)], "1 to 100 keys"),
        ([key(1), b'{"number":{"N":"1.0"}}'], "duplicates"),
        ([b'{"number":{"S":"1"}}'], "Type mismatch"),
        ([b'{"number":{"N":"1"},"x":{"N":"1"}}'], "does not match the schema"),
    ],
)
def test_the_fake_refuses_the_keys_that_the_service_refuses(keys: list[bytes], reason: str) -> None:
    """Too many, none, one twice, of another type, or with more than the key in them."""
    steps = call("BatchGetItem", batch_get_item("dev-orders", keys), BatchGetItemOutput)
    with pytest.raises(ValidationFailed, match=reason):
        dynamorm.run(steps, service())


def test_a_look_up_can_be_made_to_fail() -> None:
    """As any request of the fake service."""
    fake = service()
    trouble = Throttled("ThrottlingException", "slow down", status=400, operation="BatchGetItem")
    fake.fail("BatchGetItem", trouble)
    with pytest.raises(Throttled):
        dynamorm.run(
            call("BatchGetItem", batch_get_item("dev-orders", [key(1)]), BatchGetItemOutput),
            fake,
            retries=dynamorm.Retries(attempts=1),
        )


def test_an_answer_without_the_keys_that_are_left_is_none() -> None:
    """What lacks Responses or UnprocessedKeys would pass for a table without the items."""
    for body in (b"{}", b'{"Responses":{}}', b'{"UnprocessedKeys":{}}'):
        with pytest.raises(ValidationError, match="missing required field"):
            json.decode(body, type=BatchGetItemOutput)


@pytest.mark.parametrize("name", ["number", 'a"b\\c\n', "ключ"])
def test_a_key_is_cut_out_of_an_item_as_it_is_spelt(name: str) -> None:
    """Names of any letters, and values byte for byte."""
    raw = json.encode({"x": {"S": "y"}, name: {"N": "1.0"}, "sort": {"B": "QQ=="}})
    found = {name: bytes(value) for name, value in raw_key(raw, (name, "sort")).items()}
    assert found == {name: b'{"N":"1.0"}', "sort": b'{"B":"QQ=="}'}
    with pytest.raises(KeyError):
        raw_key(raw, ("other",))


def test_a_request_names_its_attributes_by_placeholders() -> None:
    """The key's own names may be reserved words, which no expression takes."""
    payload = batch_get_item("orders", [key(1), key(2)], consistent_read=True, only=("number",))
    assert json.decode(encode(payload)) == {
        "RequestItems": {
            "orders": {
                "Keys": [order(1), order(2)],
                "ConsistentRead": True,
                "ProjectionExpression": "#0",
                "ExpressionAttributeNames": {"#0": "number"},
            }
        },
        "ReturnConsumedCapacity": "TOTAL",
    }
