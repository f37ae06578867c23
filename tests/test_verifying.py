"""Two tables hold the same items, or `verify_copy` says so."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from aids.faults import Inline
from aids.worlds import stocked
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import dynamorm
from dynamorm import PartitionKey, table
from dynamorm.canonical import item_hash, item_key
from dynamorm.testing import FakeService, Recorder


@table("one")
class Thing(Struct):
    id: Annotated[str, PartitionKey()]


def service(one: list[Any], two: list[Any]) -> FakeService:
    return stocked(Thing, one=one, two=two)


def verify(one: list[Any], two: list[Any], **options: Any) -> Any:
    steps = dynamorm.verify_copy("one", "two", segments=3, executor=Inline(), **options)
    return dynamorm.run(steps, service(one, two))


def thing(number: int, **attributes: Any) -> dict[str, Any]:
    return {"id": {"S": f"id-{number}"}, **attributes}


THINGS = [thing(number, x={"N": str(number)}) for number in range(50)]


def test_equal_tables_are_the_same() -> None:
    """Equal items in any order give equal counts and hashes, one Scan for each segment."""
    verified = verify(THINGS, THINGS[::-1])
    assert verified.same
    assert verified.source == verified.target
    assert verified.source.items == 50


@pytest.mark.parametrize(
    "other",
    [
        THINGS[1:],
        [*THINGS, thing(99)],
        [thing(0, x={"N": "0.1"}), *THINGS[1:]],
        [thing(0, x={"S": "0"}), *THINGS[1:]],
        [thing(0, x={"N": "0"}, y={"NULL": True}), *THINGS[1:]],
    ],
)
def test_any_difference_is_seen(other: list[Any]) -> None:
    """An item more or less, another value, type or attribute: not the same."""
    assert not verify(THINGS, other).same


def test_no_writes_are_sent_and_each_item_is_read_once() -> None:
    """Verifying reads both tables, consistently unless it is told not to, and nothing else."""
    for consistent in (True, False):
        recorder = Recorder(service(THINGS, THINGS))
        steps = dynamorm.verify_copy("one", "two", segments=3, consistent_read=consistent)
        dynamorm.run(steps, recorder)
        assert recorder.operations == ["Scan"] * 6
        read = {(body["TableName"], body.get("ConsistentRead", False)) for _, body in recorder.sent}
        assert read == {("one", consistent), ("two", consistent)}


def test_pages_are_followed() -> None:
    """A table of many megabytes is read to its end."""
    big = [thing(number, x={"S": "x" * 300_000}) for number in range(20)]
    assert verify(big, big).source.items == 20
    assert not verify(big, big[:-1]).same


def test_a_copy_in_another_database_is_verified() -> None:
    """The target may be elsewhere, under its own prefix."""
    here, there = service(THINGS, []), FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(Thing, name="eu-one"), there)
    there.put("eu-one", *(json.dumps(item).encode() for item in THINGS))
    target_db = dynamorm.connect(transport=there, table_prefix="eu-")
    verified = dynamorm.connect(transport=here).run(
        dynamorm.verify_copy("one", "one", target_db=target_db, segments=2)
    )
    assert verified.same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"N": "1.0"}),
        ({"N": "1e2"}, {"N": "100"}),
        ({"N": "+0.010"}, {"N": "1E-2"}),
        ({"N": "-0"}, {"N": "0.00"}),
        ({"NS": ["1", "2.50"]}, {"NS": ["2.5", "1.0"]}),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
        ({"BS": ["QQ==", "Qg=="]}, {"BS": ["Qg==", "QQ=="]}),
        ({"L": [{"N": "1"}]}, {"L": [{"N": "1.0"}]}),
        ({"M": {"a": {"N": "1"}, "b": {"S": "x"}}}, {"M": {"b": {"S": "x"}, "a": {"N": "01"}}}),
    ],
)
def test_what_dynamodb_holds_equal_has_one_hash(one: Any, other: Any) -> None:
    """Numbers count by value, sets and maps without order."""
    left, right = ({"id": {"S": "x"}, "v": value} for value in (one, other))
    assert item_hash(json.dumps(left).encode()) == item_hash(json.dumps(right).encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"N": "-1"}, {"N": "1"}),
        ({"N": "10"}, {"N": "1"}),
        ({"S": "1"}, {"S": "1.0"}),
        ({"S": "QQ=="}, {"B": "QQ=="}),
    ],
)
def test_what_dynamodb_tells_apart_has_two_hashes(one: Any, other: Any) -> None:
    """Lists have an order, strings are not numbers."""
    left, right = ({"id": {"S": "x"}, "v": value} for value in (one, other))
    assert item_hash(json.dumps(left).encode()) != item_hash(json.dumps(right).encode())


@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000),
    zeros=st.integers(0, 5),
)
def test_a_key_is_one_however_its_number_is_spelt(number: Any, zeros: int) -> None:
    """`item_key` is equal for spellings of one number and differs for the next number."""

    def key(text: str) -> Any:
        return item_key(json.dumps({"other": {"S": "x"}, "n": {"N": text}}).encode(), ("n",))

    spelt = f"{number:f}"
    longer = spelt + ("0" * zeros if "." in spelt else "." + "0" * zeros)
    assert key(spelt) == key(longer) == key(f"{number:E}")
    assert key(spelt) != key(f"{number + 1:f}")
    assert key(spelt) != item_key(b"{}", ("n",))


@pytest.mark.parametrize("segments", [0, -1])
def test_tables_that_nobody_has_read_are_not_the_same(segments: int) -> None:
    """A number of segments that Scan does not take proves nothing, and is refused."""
    fake = service(THINGS, [])
    with pytest.raises(ValueError, match="segments"):
        dynamorm.run(dynamorm.verify_copy("one", "two", segments=segments), fake)
