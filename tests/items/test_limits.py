"""What the service would refuse in an item: levels, names, sizes and keys, to the last one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import defstruct, inspect, json

from dynamorm.items.limits import MAX_ITEM, check_nesting, check_size, is_bounded, key_check
from dynamorm.items.mismatch import Misfit
from dynamorm.model.keys import IndexSpec, KeyAttribute
from dynamorm.model.spec import TableSpec

NAMES = ["id", 'quo"te', "back\\slash", "tab\t"]


def nested(kind: str, levels: int) -> Any:
    value: Any = {"S": "x"}
    for _ in range(levels - 1):
        value = {"L": [value]} if kind == "L" else {"M": {"a": value}}
    return value


@pytest.mark.parametrize("kind", ["L", "M"])
def test_the_worst_of_two_faults_is_the_one_that_is_there(kind: str) -> None:
    """What is deep, but not too deep, is not complained of beside a name that is missing."""
    with pytest.raises(Misfit, match="the name of an attribute is empty"):
        check_nesting(json.encode({"deep": nested(kind, 32), "": {"S": "x"}}))
    with pytest.raises(Misfit, match="the most is 32 levels"):
        check_nesting(json.encode({"deep": nested(kind, 33), "": {"S": "x"}}))


def model(levels: int, how: str) -> Any:
    """A type whose one attribute has so many levels."""
    value: Any = str
    for number in range(levels - 1):
        value = {
            "list": list[value],
            "tuple": tuple[int, value],
            "record": defstruct(f"Level{number}", [("a", value)]),
        }[how]
    return inspect.type_info(defstruct("Item", [("data", value)]))


@pytest.mark.parametrize("how", ["list", "tuple", "record"])
def test_types_say_how_deep_items_can_be(how: str) -> None:
    """An item of a type that allows 32 levels is not looked at; one that allows more is."""
    assert [is_bounded(model(levels, how)) for levels in (1, 31, 32, 33)] == [True] * 3 + [False]


@pytest.mark.parametrize("kind", ["L", "M"])
def test_one_level_too_many_is_told_whatever_holds_it(kind: str) -> None:
    """A value on 32 levels is taken, and one on 33 is not, be they lists or maps."""
    check_nesting(json.encode({"deep": nested(kind, 32)}))
    with pytest.raises(Misfit) as caught:
        check_nesting(json.encode({"deep": nested(kind, 33)}))
    assert caught.value.problem == "nested too deeply: the most is 32 levels"
    assert caught.value.steps[0] == "deep"


@pytest.mark.parametrize("raw", [b'"M"' + b"{" * 32, b'"S"' + b"{" * 33])
def test_an_item_with_few_values_or_none_inside_others_is_not_read(raw: bytes) -> None:
    """Most items are flat, and cost two searches: even one that is no JSON passes."""
    check_nesting(raw)
    with pytest.raises(Misfit):
        check_nesting(b'"M"' + b"{" * 33)


def test_an_item_of_the_most_bytes_of_json_is_not_read() -> None:
    """It cannot weigh more than its JSON has bytes: even one that is no JSON passes."""
    check_size(b"x" * 409_600)
    with pytest.raises(Misfit):
        check_size(b"x" * 409_601)


def test_what_cannot_be_weighed_is_told() -> None:
    """An item that is too long to be sent may not be an item at all."""
    raw = b'{"data":{"N":"%s"}}' % (b"x" * MAX_ITEM)
    with pytest.raises(Misfit, match=r"^an attribute has an invalid value"):
        check_size(raw)


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_looked_at_whatever_they_are_called(name: str) -> None:
    """Missing, of another type, empty or too long: the attribute is named, and no other is read."""
    check = key_check(TableSpec("orders", KeyAttribute(name, "S"), KeyAttribute("at", "N")))
    good = {name: {"S": "x" * 2048}, "at": {"N": "1"}}
    check(json.encode({**good, "other": 7}))
    check(json.encode({**good, name: {"S": "é" * 1024}}))
    for value, told in (
        ({"N": "1"}, "type N"),
        ({"S": ""}, ">= 1"),
        ({"S": "x" * 2049}, "<= 2048"),
        ({"S": "é" * 1025}, "2048 bytes"),
    ):
        with pytest.raises(Misfit) as caught:
            check(json.encode({**good, name: value}))
        assert caught.value.steps == (name,)
        assert told in caught.value.problem
    with pytest.raises(Misfit):
        check(json.encode({"at": {"N": "1"}}))
    with pytest.raises(Misfit) as caught:
        check(json.encode({**good, "at": {"S": "1"}}))
    assert caught.value.steps[0] == "at"
    with pytest.raises(Misfit):
        check(b'{"id":')


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_an_index_may_be_missing(name: str) -> None:
    """An item without it is not in the index; with an empty one it would be refused."""
    index = IndexSpec("by-second", (KeyAttribute(name + "2", "S"),))
    check = key_check(TableSpec("orders", KeyAttribute(name, "S"), indexes=(index,)))
    check(json.encode({name: {"S": "x"}}))
    with pytest.raises(Misfit):
        check(json.encode({name: {"S": "x"}, name + "2": {"S": ""}}))
