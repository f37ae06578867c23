"""Transforms: typed and of attributes; what they give is checked, and what they lose is told."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import pytest
from aids.converting import converter
from aids.things import one_more
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, Struct, UnsetType, defstruct, field

from dynamorm.errors import ItemError
from dynamorm.items.codec import to_item
from dynamorm.items.limits import MAX_ITEM, check_nesting, item_size
from dynamorm.items.mismatch import Misfit
from dynamorm.items.transforms import (
    add_field,
    attribute_transform,
    chain,
    copy_all_fields,
    qualified,
    remove_field,
    rename_field,
)
from dynamorm.items.values import attributes_of
from dynamorm.model.declare import table, table_spec
from dynamorm.model.fields import PartitionKey
from dynamorm.model.keys import IndexSpec, KeyAttribute
from dynamorm.model.spec import TableSpec

T = TypeVar("T")


@table("people")
class Person(Struct):
    id: Annotated[str, PartitionKey()]
    first: str
    last: str = ""


@table("users")
class User(Struct):
    id: Annotated[str, PartitionKey()]
    name: str
    group: Annotated[str | None, PartitionKey(index="by-group")] = None


class Plain(Struct):
    id: str


class Box(Struct, Generic[T]):
    id: T


def upgrade(person: Person) -> User:
    return User(person.id, f"{person.first} {person.last}")


USERS = table_spec(User)
RAW = b'{"id":{"S":"u1"},"first":{"S":"Ada"},"last":{"S":"L"}}'
MORE = b'{"id":{"S":"u1"},"first":{"S":"Ada"},"size":{"N":"1E5"},"old":{"M":{}}}'
KEYED = " (item id='u1')"


def converted(transform: Any, raw: bytes = RAW, **options: Any) -> list[Any]:
    """The items that a transform from Person to User gives, as attribute values."""
    convert = converter(Person, User, USERS, transform, **options)
    return [json.loads(bytes(item)) for item in convert(Raw(raw))]


def changed(transform: Any, item: dict[str, Any]) -> list[Any]:
    """The items that a transform of attributes gives."""
    convert = converter(None, None, None, transform)
    raw = json.dumps(item, separators=(",", ":")).encode()  # as the service writes it
    return [attributes_of(found) for found in convert(raw)]


def problem(transform: Any, raw: bytes = RAW, **options: Any) -> str:
    with pytest.raises(ItemError) as caught:
        converted(transform, raw, **options)
    assert caught.value.key == {"id": "u1"}
    return caught.value.text


def test_typed_transform():
    """A function from one model to another gives one item for one."""
    assert converted(upgrade) == [{"id": {"S": "u1"}, "name": {"S": "Ada L"}}]


def test_unmodelled_attributes_come_along():
    """What the source model does not know is kept by default, byte for byte."""
    (item,) = converter(Person, User, USERS, upgrade)(MORE)
    assert b'"size":{"N":"1E5"}' in item
    assert b'"old":{"M":{}}' in item


def test_unmodelled_attributes_can_go():
    """They are dropped only when that is asked for."""
    assert converted(upgrade, MORE, unmodelled="drop")[0].keys() == {"id", "name"}


def test_unmodelled_attributes_can_be_refused():
    """They can be an error that names the first of them."""
    told = problem(upgrade, MORE, unmodelled="error")
    assert told == f"the model does not know this attribute{KEYED} - at people.size"


class Sparing(Struct, omit_defaults=True):
    """A target that leaves out what is at its default, is UNSET, or cannot be stored."""

    id: str
    size: int = 0
    old: dict[str, int] | UnsetType = UNSET
    labels: set[str] = field(default_factory=set)


OLD = b'{"id":{"S":"u1"},"first":{"S":"A"},"size":{"N":"5"},"old":{"M":{}},"labels":{"SS":["x"]}}'


def test_the_transform_has_the_last_word():
    """An attribute that the target model knows is what the transform says, also when left out."""
    raw = b'{"id":{"S":"u1"},"first":{"S":"Ada"},"name":{"S":"Old"}}'
    assert converted(upgrade, raw)[0]["name"] == {"S": "Ada "}
    convert = converter(Person, Sparing, None, lambda person: Sparing(person.id))
    assert convert(OLD) == [b'{"id":{"S":"u1"}}']
    kept = converter(Person, None, None, lambda person: Sparing(person.id))
    assert kept(OLD[:-1] + b',"more":{"N":"1"}}') == [b'{"id":{"S":"u1"},"more":{"N":"1"}}']


def test_a_split_whose_parts_know_all_attributes():
    """What the target model knows need not go anywhere, and so does not stop a split."""
    convert = converter(Person, Sparing, None, lambda person: [Sparing("a"), Sparing("b", 7)])
    assert convert(OLD) == [b'{"id":{"S":"a"}}', b'{"id":{"S":"b"},"size":{"N":"7"}}']


def test_skip():
    """None leaves an item out."""
    assert converted(lambda person: None, MORE) == []


def split(person: Person) -> Iterator[User]:
    for number in range(2):
        yield User(f"{person.id}-{number}", person.first)


def test_split():
    """An iterable makes several items of one."""
    assert [item["id"]["S"] for item in converted(split)] == ["u1-0", "u1-1"]
    assert converted(lambda person: iter(())) == []


class Lines(Struct):
    id: Annotated[str, PartitionKey()]
    lines: list[str] = []


def grown(item: Any) -> Iterator[Any]:
    """Yield one and the same instance again and again, changed in between."""
    made = Lines("0")
    for number in range(3):
        made.id = str(number)
        made.lines.append(str(number))
        yield made
    made.lines.clear()


@attribute_transform
def grown_attributes(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one and the same item again and again, changed in between."""
    lines: list[Any] = []
    item = {"id": {"S": "0"}, "lines": {"L": lines}}
    for number in range(3):
        item["id"]["S"] = str(number)
        lines.append({"S": str(number)})
        yield item
    lines.clear()


def unchanged(item: Any) -> Any:
    return item


def several(item: Any) -> Iterator[Any]:
    yield item


GROWN = [Lines(str(number), [str(n) for n in range(number + 1)]) for number in range(3)]


@pytest.mark.parametrize(
    "transform", [grown, chain(grown), chain(grown, unchanged), chain(unchanged, grown, several)]
)
def test_each_item_is_as_it_was_when_it_was_yielded(transform):
    """A generator may go on with an instance that it has yielded, and with what is in it."""
    convert = converter(Person, Lines, None, transform)
    assert [json.loads(item) for item in convert(RAW)] == list(map(to_item, GROWN))


@pytest.mark.parametrize(
    "transform",
    [
        grown_attributes,
        chain(grown_attributes),
        chain(copy_all_fields(), grown_attributes, attribute_transform(several)),
    ],
)
def test_each_item_of_attributes_is_as_it_was_when_it_was_yielded(transform):
    """The same holds for attribute values."""
    convert = converter(None, None, None, transform)
    assert [json.loads(item) for item in convert(RAW)] == list(map(to_item, GROWN))


def test_a_chain_that_is_called_by_hand():
    """Called by hand, a chain gives a list of items, each as it was when it was yielded."""
    assert chain(grown, several)(Person("u1", "Ada")) == GROWN
    assert chain(grown_attributes)({}) == list(map(to_item, GROWN))


def test_what_is_added_to_an_item_is_its_own():
    """A transform may change what add_field has added, and no other item notices."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        item["more"]["L"].append({"N": "1"})
        return item

    convert = converter(None, None, None, chain(add_field("more", []), attribute_transform(change)))
    found = [json.loads(convert(RAW)[0])["more"] for _ in range(2)]
    assert found == [{"L": [{"N": "1"}]}] * 2


def test_split_with_unmodelled_attributes():
    """Nobody can tell to which part they belong: an error, unless they may go."""
    assert problem(split, MORE) == (
        "split into 2 items, and which of them gets size, old is not known: pass "
        f"unmodelled='drop'{KEYED} - at people"
    )
    assert len(converted(split, MORE, unmodelled="drop")) == 2
    assert "size" in converted(lambda person: [upgrade(person)], MORE)[0]


@pytest.mark.parametrize(
    ("transform", "gave"),
    [
        (lambda person: person, "Person, not User"),
        (lambda person: {}, "dict, not User"),
        (lambda person: "text", "str, not User"),
        (lambda person: 1, "int, not User"),
        (lambda person: [upgrade(person), None], "NoneType, not User"),
    ],
)
def test_wrong_result(transform, gave):
    """What is no instance of the target's model is an error that names the transform."""
    assert problem(transform) == f"transform <lambda> gave {gave}{KEYED} - at people"


class Cat(Struct, tag="cat"):
    id: Annotated[str, PartitionKey()]


class Dog(Struct, tag="dog"):
    id: Annotated[str, PartitionKey()]


def test_wrong_result_for_a_union():
    """What is of no class of the target's union is an error that names each class."""
    animals = table_spec(Cat | Dog, name="animals")
    with pytest.raises(ItemError) as caught:
        converter(Person, Cat | Dog, animals, lambda person: person)(RAW)
    assert caught.value.text == f"transform <lambda> gave Person, not Cat or Dog{KEYED} - at people"


@pytest.mark.parametrize("join", [chain, lambda transform: chain(chain(transform))])
def test_a_chain_stops_at_the_first_item_that_cannot_be_stored(join):
    """What it would have given after that is never made."""
    made = []

    def endless(person: Person) -> Iterator[User]:
        for number in range(1000):
            made.append(number)
            yield User(person.id, number)

    assert problem(join(endless)) == f"expected str, not int{KEYED} - at users.name"
    assert made == [0]


def broken(person: Person) -> User:
    raise RuntimeError(f"{person.first} is secret")


def late(person: Person) -> Iterator[User]:
    yield upgrade(person)
    raise KeyError(person.first)


class Mute(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError


def mute(person: Person) -> User:
    raise Mute


def silent(person: Person) -> User:
    raise ValueError


def wordy(person: Person) -> User:
    raise ValueError("line\n" * 1000)


@pytest.mark.parametrize(
    ("transform", "told", "cause"),
    [
        (broken, "broken raised RuntimeError: Ada is secret", RuntimeError),
        (late, "late raised KeyError: 'Ada'", KeyError),
        (silent, "silent raised ValueError", ValueError),
        (mute, "mute raised Mute", Mute),
        (wordy, "wordy raised ValueError: " + ("line " * 100), ValueError),
    ],
)
def test_failing_transform(transform, told, cause):
    """Whatever a transform raises is told in its words, with the item's key, and is the cause."""
    with pytest.raises(ItemError) as caught:
        converted(transform)
    assert caught.value.text == f"transform {told}{KEYED} - at people"
    assert isinstance(caught.value.__cause__, cause)


def test_source_that_does_not_fit():
    """An item that is not what its model says is told with its key and path."""
    raw = b'{"id":{"S":"u1"},"first":{"N":"1"}}'
    assert problem(upgrade, raw) == (
        f"a value of type N does not belong here{KEYED} - at people.first"
    )


def test_result_that_cannot_be_stored():
    """A result with a value of the wrong type is told with the source's key."""
    assert problem(lambda person: User(person.id, 1)) == (
        f"expected str, not int{KEYED} - at users.name"
    )


def test_an_item_is_named_by_the_key_of_its_own_table():
    """The error about an item has the key by which it is found in the source, not in the target."""
    source = TableSpec("by-number", KeyAttribute("number", "N"))
    target = TableSpec("by-name", KeyAttribute("name", "S"))
    convert = converter(None, None, target, remove_field("name"), source_spec=source)
    with pytest.raises(ItemError) as caught:
        convert(b'{"number":{"N":"1"},"name":{"S":"Ada"}}')
    assert caught.value.key == {"number": 1}
    named = converter(Person, None, target, lambda person: None)
    with pytest.raises(ItemError) as caught:
        named(b'{"id":{"S":"u1"},"name":{"S":"Ada"}}')
    assert caught.value.key == {"id": "u1"}


async def asynchronous(person: Person) -> User:
    return upgrade(person)


async def asynchronous_several(person: Person) -> Any:
    yield upgrade(person)


def downgrade(user: User) -> Person:
    return Person(user.id, user.name)


def stays(person: Person) -> Person:
    return person


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        (lambda: None, r"transform <lambda> is to take one item, not \(\)"),
        (lambda one, two: None, r"transform <lambda> is to take one item, not \(one, two\)"),
        (lambda *, one: None, r"transform <lambda> is to take one item"),
        (asynchronous, "transform asynchronous is async"),
        (asynchronous_several, "transform asynchronous_several is async"),
        (downgrade, "transform downgrade takes User; the source is Person"),
        (stays, "transform stays gives Person; the target is User"),
        ("upgrade", "transform= takes a function, not str"),
    ],
)
def test_signature_is_checked(transform, told):
    """A function that cannot do is refused before any item is read."""
    with pytest.raises(TypeError, match=told):
        converter(Person, User, USERS, transform)


def unknown_annotation(person: Nowhere) -> Nothing:  # noqa: F821  # never defined
    return upgrade(person)


class Upgrade:
    def __call__(self, person: Person, times: int = 1) -> User:
        return upgrade(person)


@pytest.mark.parametrize(
    "transform", [unknown_annotation, Upgrade(), lambda *persons: upgrade(*persons)]
)
def test_signature_that_will_do(transform):
    """What can be called with one item will do, annotated with whatever."""
    assert converted(transform) == converted(upgrade)


def test_a_typed_transform_without_its_model():
    """A typed transform needs the source's model; the error says so, and names the other way."""
    with pytest.raises(TypeError, match=r"transform upgrade .* mark .* @attribute_transform"):
        converter(None, User, None, upgrade)


def test_a_target_that_is_only_a_name():
    """Without a target model, instances of any are taken, each written by its own class."""

    def either(person: Person) -> Person | User:
        return person if person.last else upgrade(person)

    convert = converter(Person, None, None, either)
    given = [to_item(Person("1", "Ann", "Lee")), to_item(Person("2", "Bo"))]
    made = [json.loads(convert(json.dumps(item).encode())[0]) for item in given]
    assert made == [given[0], to_item(User("2", "Bo "))]


def test_models_without_tables():
    """Models that are no tables can be transformed too; the target's key tells the item then."""
    spec = TableSpec("numbers", KeyAttribute("id", "N"))
    convert = converter(Plain, Box[int], spec, lambda plain: Box(int(plain.id)))
    assert convert(b'{"id":{"S":"12"}}') == [b'{"id":{"N":"12"}}']
    with pytest.raises(ItemError, match=r"raised ValueError: .* \(item id='x'\) - at Plain\nSee "):
        convert(b'{"id":{"S":"x"}}')


def test_without_transform_items_stay_what_they_are():
    """Nothing to check is nothing to read: the very same object comes out."""
    raw = Raw(b"not even JSON")
    (found,) = converter(None, None, None, None)(raw)
    assert found is raw


def test_without_transform_only_keys_are_read():
    """The target's keys are checked; everything else may be anything."""
    raw = Raw(b'{"id":{"S":"x"},"other":{"Q":[1,2]}}')
    (found,) = converter(Person, User, USERS, None)(raw)
    assert found is raw


KEYS = TableSpec(
    "keyed",
    KeyAttribute("p", "S"),
    KeyAttribute("s", "B"),
    indexes=(
        IndexSpec("global", (KeyAttribute("n", "N"),), (KeyAttribute("p", "S"),)),
        IndexSpec("local", (), (KeyAttribute("t", "S"),)),
    ),
)
GOOD: dict[str, Any] = {"p": {"S": "a"}, "s": {"B": "AA=="}, "n": {"N": "1"}, "t": {"S": "x"}}


def base64_of(size: int) -> dict[str, str]:
    return {"B": base64.b64encode(bytes(size)).decode()}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"p": None}, "the attribute is missing - at keyed.p"),
        ({"s": None}, "the attribute is missing - at keyed.s"),
        ({"p": {"N": "1"}}, "a value of type N does not belong here - at keyed.p"),
        ({"p": {"S": ""}}, "Expected `str` of length >= 1 - at keyed.p"),
        ({"s": {"B": ""}}, "Expected `bytes` of length >= 1 - at keyed.s"),
        ({"s": base64_of(1025)}, "Expected `bytes` of length <= 1024 - at keyed.s"),
        ({"p": {"S": "x" * 1025}}, "Expected `str` of length <= 1024 - at keyed.p"),
        ({"p": {"S": "\u00e9" * 513}}, "a key has more than 1024 bytes - at keyed.p"),
        ({"p": {"S": "\U0001f600" * 257}}, "a key has more than 1024 bytes - at keyed.p"),
        ({"n": {"S": "1"}}, "a value of type S does not belong here - at keyed.n"),
        ({"t": {"NULL": True}}, "a value of type NULL does not belong here - at keyed.t"),
        ({"t": {"S": ""}}, "Expected `str` of length >= 1 - at keyed.t"),
    ],
)
def test_keys_are_checked(change, told):
    """A key that the service would refuse is told before it is sent, those of indexes too."""
    item = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ItemError) as caught:
        converter(None, None, KEYS, None)(json.dumps(item).encode())
    problem, _, place = told.partition(" - ")
    assert caught.value.text.startswith(problem)
    assert caught.value.text.endswith(place)
    assert caught.value.key.keys() == {"p", "s"} & item.keys()


@pytest.mark.parametrize(
    "change",
    [
        {"n": None, "t": None},
        {"p": {"S": "x" * 1024}},
        {"p": {"S": "\u00e9" * 512}},
        {"s": base64_of(1024)},
    ],
)
def test_keys_that_will_do(change):
    """Index keys may be missing, and keys as long as the service takes them."""
    item = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    raw = json.dumps(item).encode()
    assert converter(None, None, KEYS, None)(raw) == (raw,)


def test_keys_are_measured_in_bytes():
    """A partition key of 512 emoji is 2,048 bytes, as many as it may have; one of 600 is not."""
    for number in (512, 513, 600):
        raw = json.dumps({"id": {"S": "\U0001f600" * number}}).encode()
        if number == 512:
            assert converter(None, None, USERS, None)(raw) == (raw,)
        else:
            with pytest.raises(ItemError, match=r"^a key has more than 2048 bytes"):
                converter(None, None, USERS, None)(raw)


def test_size_is_not_looked_at_without_a_transform():
    """What was read is known to fit, and is not weighed again."""
    raw = json.dumps({"id": {"S": "u1"}, "data": {"S": "x" * (MAX_ITEM + 1)}}).encode()
    assert converter(None, None, USERS, None)(raw) == (raw,)
    with pytest.raises(ItemError, match="the item weighs"):
        converter(None, None, USERS, copy_all_fields())(raw)


def test_empty_key_made_by_a_transform():
    """What a transform gives is checked as well."""
    told = problem(lambda person: User("", "x"))
    assert told == f"Expected `str` of length >= 1{KEYED} - at users.id"


def test_item_that_is_too_large():
    """More than 400 KB is told with both numbers; as much as 400 KB goes."""
    name = len("id" + "u1" + "name")
    assert len(converted(lambda person: User("u1", "x" * (MAX_ITEM - name)))) == 1
    told = problem(lambda person: User("u1", "x" * (MAX_ITEM - name + 1)))
    assert told == f"the item weighs 409,601 bytes; the most is 409,600{KEYED} - at users"


def nested(kind: str, levels: int) -> Any:
    """A value on so many levels, itself included."""
    value: Any = {"N": "1"}
    for _ in range(levels - 1):
        value = {"L": [value]} if kind == "L" else {"M": {"a": value}}
    return value


@pytest.mark.parametrize("kind", ["L", "M"])
def test_item_that_is_nested_too_deep(kind: str):
    """As many levels as the service takes go, and one more does not."""
    item = {"id": {"S": "u1"}, "data": nested(kind, 32)}
    assert len(changed(copy_all_fields(), item)) == 1
    item["data"] = nested(kind, 33)
    with pytest.raises(ItemError, match=r"the most is 32 levels .*- at item\.data"):
        changed(copy_all_fields(), item)


class Chained(Struct):
    id: str
    inner: Chained | None = None


class Mapped(Struct):
    id: str
    entries: dict[str, int]


class Free(Struct):
    id: str
    value: Any


def chained(levels: int) -> Any:
    """An item on so many levels."""
    return Chained("x", chained(levels - 1)) if levels else None


class Kept(Struct):
    id: str
    value: Raw


def nested_list(levels: int) -> Any:
    return 1 if levels == 1 else [nested_list(levels - 1)]


def lists(levels: int) -> Any:
    """An instance of a model that says on how many levels it is."""
    annotation: Any = int
    value: Any = 1
    for _ in range(levels - 1):
        annotation, value = list[annotation], [value]
    return defstruct("Lists", [("id", str), ("value", tuple[annotation, int] | None)])(
        "x", (value, 1)
    )


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (chained(32), chained(33)),
        (Free("x", nested_list(32)), Free("x", nested_list(33))),
        (Mapped("x", {"a": 1}), Mapped("x", {"": 1})),
        (lists(31), lists(32)),
        (Kept("x", Raw(json.dumps(nested("L", 32)))), Kept("x", Raw(json.dumps(nested("L", 33))))),
    ],
)
def test_item_of_a_model_that_is_nested_too_deep(good: Any, bad: Any):
    """Items of models are as deep as others, whether or not their types say how deep."""
    assert len(converter(Plain, type(good), None, lambda plain: good)(b'{"id":{"S":"a"}}')) == 1
    with pytest.raises(ItemError, match=r"32 levels|name of an attribute is empty"):
        converter(Plain, type(bad), None, lambda plain: bad)(b'{"id":{"S":"a"}}')


def test_item_that_is_nested_beyond_reading():
    """An item that has more levels than Python reads is told in the same words."""
    raw = b'{"data":' + b'{"L":[' * 5000 + b'{"N":"1"}' + b"]}" * 5000 + b"}"
    with pytest.raises(Misfit, match="the most is 32 levels"):
        check_nesting(raw)


@pytest.mark.parametrize("name", ["", "a"])
def test_attribute_without_a_name(name: str):
    """No attribute and no entry of a map can be without a name; a name may look like it."""
    item = {"id": {"S": "u1"}, 'quoted"': {"S": '"":'}, "m": {"M": {name: {"S": ""}}}}
    if name:
        assert len(changed(copy_all_fields(), item)) == 1
    else:
        with pytest.raises(ItemError, match=r"the name of an attribute is empty .*- at item\.m"):
            changed(copy_all_fields(), item)


def test_size_is_not_the_size_of_the_json():
    """Binary and escapes weigh less than their JSON."""
    item = {"id": {"S": "u1"}, "data": base64_of(400_000), "text": {"S": "\n" * 9_000}}
    assert len(json.dumps(item)) > MAX_ITEM
    assert len(changed(copy_all_fields(), item)) == 1
    item["text"]["S"] *= 2
    with pytest.raises(ItemError, match=r"the item weighs 418,012 bytes.* - at item\nSee "):
        changed(copy_all_fields(), item)


def test_item_size():
    """Names, values and what lists and maps cost besides are counted as the service counts."""
    item = {
        "text": {"S": "é"},
        "number": {"N": "-123.450"},
        "zero": {"N": "0"},
        "binary": {"B": b"abc"},
        "truth": {"BOOL": True},
        "nothing": {"NULL": True},
        "list": {"L": [{"S": "a"}, {"NULL": True}]},
        "map": {"M": {"key": {"S": "ab"}}},
        "texts": {"SS": ["a", "bc"]},
        "numbers": {"NS": ["1", "200"]},
        "binaries": {"BS": [b"a", b"bc"]},
    }
    values = 2 + 5 + 1 + 3 + 1 + 1 + (3 + 2 + 2) + (3 + 1 + 3 + 2) + 3 + 4 + 3
    assert item_size(item) == sum(map(len, item)) + values


@pytest.mark.parametrize(
    ("value", "size"),
    [
        *(({"N": zero}, 1) for zero in ("0", "-0", "0.00", "0E5")),
        *(({"N": one}, 2) for one in ("1", "10", "0.1", "1e125", "1e-130", "12", "1200", "0012")),
        *(({"N": f"-{one}"}, 3) for one in ("1", "10", "0.1", "12")),
        ({"N": "1.23"}, 3),
        ({"N": "1" * 38}, 20),
        ({"N": "-" + "1" * 38}, 21),
        ({"NS": ["0", "-1", "123"]}, 1 + 3 + 3),
        ({"L": [{"N": "0"}] * 3}, 3 + 3 * 2),
        ({"L": []}, 3),
        ({"M": {}}, 3),
        ({"M": {"ab": {"N": "-1"}}}, 3 + 1 + 2 + 3),
        ({"M": {"\u00e9": {"S": ""}}}, 3 + 1 + 2),
        ({"S": "\U0001f600\u00e9"}, 6),
        ({"SS": ["ab", "\u00e9"]}, 4),
        ({"BS": [b"a", b"bc"]}, 3),
    ],
)
def test_size_of_a_value(value, size):
    """A value weighs what an engine measures: a zero 1, a minus sign 1 more, text its UTF-8."""
    assert item_size({"": value}) == size


@pytest.mark.once
@pytest.mark.parametrize(("number", "size"), [("0", 2), ("-7", 4)])
def test_the_longest_list_of_numbers(number: str, size: int):
    """As many numbers as fit into 400 KB go, and one more does not."""
    overhead = len("id" + "u1" + "data") + 3
    most = (MAX_ITEM - overhead) // size
    convert = converter(None, None, None, copy_all_fields())

    def item(count: int) -> Raw:
        numbers = b",".join([b'{"N":"%s"}' % number.encode()] * count)
        return Raw(b'{"id":{"S":"u1"},"data":{"L":[%s]}}' % numbers)

    assert len([*convert(item(most))]) == 1
    with pytest.raises(ItemError, match="the item weighs"):
        list(convert(item(most + 1)))


ITEM = {"id": {"S": "u1"}, "size": {"N": "12"}, "data": {"B": "AA=="}, "labels": {"SS": ["x"]}}
VALUES = {**ITEM, "data": {"B": b"\0"}}


def test_copy_all_fields():
    """An item comes out as it was."""
    assert changed(copy_all_fields(), ITEM) == [VALUES]


@pytest.mark.parametrize("transform", [copy_all_fields(), attribute_transform(unchanged)])
def test_bytes_that_are_no_item(transform: Any):
    """What is no item is told as such, whether or not its values are looked at."""
    with pytest.raises(ItemError, match=r" - at item\nSee "):
        converter(None, None, None, transform)(b'{"id":')


LATIN = b"\xe4"
LISTED = defstruct("Listed", [("id", str), ("names", list[str])])
KEPT = defstruct("Kept", [("id", str), ("text", Raw | None)])


@pytest.mark.parametrize(
    ("models", "transform", "raw", "place"),
    [
        ((Plain, Plain), unchanged, b'{"id":{"S":"%s"}}', "Plain.id"),
        ((LISTED,) * 2, unchanged, b'{"names":{"L":[{"S":"%s"}]},"id":{"S":"x"}}', "Listed.names"),
        ((KEPT, KEPT), unchanged, b'{"id":{"S":"x"},"text":{"S":"%s"}}', "Kept.text"),
        ((Plain, Plain), unchanged, b'{"id":{"S":"x"},"%s":{"S":"x"}}', "Plain"),
        ((None, None), attribute_transform(unchanged), b'{"id":{"S":"%s"}}', "item.id"),
        ((None, None), attribute_transform(unchanged), b'{"id":{"S":"x"},"%s":1}', "item"),
    ],
)
def test_text_that_is_not_utf_8(models: Any, transform: Any, raw: bytes, place: str):
    """An error names the attribute that has it; where that is the name, it names the item."""
    with pytest.raises(ItemError) as caught:
        converter(*models, None, transform)(raw % LATIN)
    assert (caught.value.problem, caught.value.path) == ("text that is not valid UTF-8", place)


@pytest.mark.parametrize("transform", [None, copy_all_fields()])
def test_a_key_that_is_not_utf_8(transform: Any):
    """It is told by its name too where nothing but keys is read."""
    with pytest.raises(ItemError) as caught:
        converter(None, None, USERS, transform)(b'{"id":{"S":"%s"},"a":{"S":"x"}}' % LATIN)
    assert (caught.value.problem, caught.value.path) == ("text that is not valid UTF-8", "users.id")


def test_rename_field():
    """An attribute gets another name, once, and keeps its value; without it nothing happens."""
    (item,) = changed(rename_field("size", "weight"), ITEM)
    assert item == {"weight" if name == "size" else name: v for name, v in VALUES.items()}
    assert changed(rename_field("none", "weight"), ITEM) == [VALUES]
    assert changed(rename_field("size", "size"), ITEM) == [VALUES]


def test_rename_field_onto_another():
    """Neither attribute is lost: it is an error, in a copy and when called by hand."""
    told = r"^the attribute that 'size' is to be renamed to exists already - at item\.data\nSee "
    with pytest.raises(ItemError, match=told):
        changed(rename_field("size", "data"), ITEM)
    with pytest.raises(ItemError, match=told):
        rename_field("size", "data")(ITEM)


def test_remove_field():
    """An attribute goes, if it is there."""
    assert changed(remove_field("size"), ITEM)[0].keys() == ITEM.keys() - {"size"}
    assert changed(remove_field("none"), ITEM) == [VALUES]


def test_add_field():
    """A plain value is added where there is none; what is there stays."""
    assert changed(add_field("more", {"a": [1, None]}), ITEM)[0]["more"] == {
        "M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}}
    }
    assert changed(add_field("size", 99), ITEM) == [VALUES]


def test_add_field_made_of_others():
    """A function gets plain values: exact numbers, bytes and sets."""
    found: list[Any] = []

    def value(item: dict[str, Any]) -> Any:
        found.append(item)
        return item["size"] * 2

    assert changed(add_field("double", value), ITEM)[0]["double"] == {"N": "24"}
    assert found == [{"id": "u1", "size": 12, "data": b"\0", "labels": {"x"}}]
    assert type(found[0]["size"]) is int


def test_add_field_that_cannot_be_stored():
    """A value that is none for DynamoDB is told at once; a made one, with the item."""
    with pytest.raises(
        ItemError, match=r"^DynamoDB stores neither NaN nor infinity - at more\nSee "
    ):
        add_field("more", Decimal("inf"))
    with pytest.raises(ItemError, match=r"object cannot be stored - at item\.more\[\.\.\.\]\nSee "):
        changed(add_field("more", lambda item: {"x": object()}), ITEM)


def test_transforms_that_do_not_look_at_values_do_not_touch_them():
    """A number stays in the spelling that it had."""
    raw = b'{"id":{"S":"u1"},"size":{"N":"1.50E+1"}}'
    transform = chain(rename_field("id", "key"), add_field("a", 1), remove_field("none"))
    (item,) = converter(None, None, None, transform)(raw)
    assert b'{"N":"1.50E+1"}' in item


@attribute_transform
def halves(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make two."""
    for part in ("a", "b"):
        yield {**item, "id": {"S": item["id"]["S"] + part}}


def test_attribute_transform():
    """A marked function gets and gives attribute values, binary as bytes."""
    found = changed(halves, ITEM)
    assert [item["id"]["S"] for item in found] == ["u1a", "u1b"]
    assert {json.dumps(item["data"]["B"].hex()) for item in found} == {'"00"'}
    assert changed(attribute_transform(lambda item: None), ITEM) == []


@pytest.mark.parametrize(
    ("function", "name"), [(asynchronous, "asynchronous"), (partial(asynchronous), "partial")]
)
def test_an_asynchronous_function_is_no_transform(function, name):
    """It is refused where it is marked, and where it is joined to others."""
    told = f"transform {name} is async: it would never run; give a plain function"
    for make in (attribute_transform, chain, lambda function: chain(stays, function)):
        with pytest.raises(TypeError) as caught:
            make(function)
        assert str(caught.value) == told


def test_marked_function_is_still_one():
    """It can be called as before, and keeps its name and docstring."""
    assert len(list(halves(ITEM))) == 2
    assert (halves.__name__, halves.__doc__) == ("halves", "Make two.")


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (1, r"transform <lambda> gave int, not dict \(item id='u1'\) - at users\nSee "),
        (["x"], r"transform <lambda> gave str, not dict"),
        ({"id": "u1"}, r"expected an attribute value.* - at users\.id\nSee "),
        ({"id": {"S": "u1"}, "n": {"NS": []}}, r"a set cannot be empty: .* - at users\.n\nSee "),
        (
            {"id": {"S": "u1"}, "b": {"B": "abcd"}},
            r"B does not hold .* type str .* - at users\.b\nSee ",
        ),
        (
            {"id": {"S": "u1"}, "b": {"L": [{"BS": [b"", "abcd"]}]}},
            r"B does not hold a value of type str .* - at users\.b\[0\]\[1\]\nSee ",
        ),
        ({"name": {"S": "u1"}}, r"the attribute is missing .* - at users\.id\nSee "),
        (
            {"id": {"S": type("Text", (str,), {})("u1")}},
            r"of type Text is unsupported .* - at users\nSee ",
        ),
    ],
)
def test_wrong_attributes(result, told):
    """What an attribute transform gives is checked like anything else."""
    convert = converter(None, None, USERS, attribute_transform(lambda item: result))
    with pytest.raises(ItemError, match=told):
        convert(RAW)


@pytest.mark.parametrize("transform", [None, copy_all_fields()])
def test_unmodelled_without_models(transform):
    """An option that would do nothing is refused."""
    with pytest.raises(TypeError, match="unmodelled='drop' goes with a transform of models"):
        converter(None, None, None, transform, "drop")


def test_chain():
    """Each transform gets what the one before it gave, item by item."""
    transform = chain(
        halves,
        rename_field("size", "weight"),
        attribute_transform(lambda item: item if item["id"]["S"] == "u1b" else None),
        halves,
    )
    assert [item["id"]["S"] for item in changed(transform, ITEM)] == ["u1ba", "u1bb"]
    assert transform({**ITEM, "id": {"S": "x"}}) == []
    assert changed(chain(), ITEM) == [VALUES]


def test_chain_of_typed_transforms():
    """Transforms of models can be joined as well; the last one gives the target's."""

    def older(person: Person) -> list[Person]:
        return [Person(f"{person.id}{part}", person.first, person.last) for part in "ab"]

    assert [item["id"]["S"] for item in converted(chain(older, upgrade))] == ["u1a", "u1b"]
    assert problem(chain(upgrade, lambda user: user.name)).startswith(
        "transform <lambda> gave str, not Struct"
    )
    assert problem(chain(stays, broken)).startswith("transform broken raised RuntimeError")


def test_chain_of_both_kinds():
    """Attribute values and instances do not mix."""
    with pytest.raises(TypeError) as caught:
        chain(upgrade, copy_all_fields())
    assert str(caught.value) == (
        "chain() takes attribute transforms or transforms of models, not both"
    )


OURS = "dynamorm.items.transforms:"


@pytest.mark.parametrize(
    ("make", "name", "touched"),
    [
        (copy_all_fields, "copy_all_fields()", set()),
        (lambda: rename_field("a", "b"), "rename_field('a', 'b')", {"a", "b"}),
        (lambda: remove_field("a"), "remove_field('a')", {"a"}),
        (lambda: add_field("a", {"x": 1}), "add_field('a', f952da939fd75df3)", {"a"}),
        (lambda: add_field("a", str), "add_field('a', builtins:str)", {"a"}),
        (chain, "chain()", set()),
        (
            lambda: chain(rename_field("a", "b"), remove_field("c")),
            f"chain({OURS}rename_field('a', 'b'), {OURS}remove_field('c'))",
            {"a", "b", "c"},
        ),
        (lambda: chain(remove_field("c"), one_more), f"chain({OURS}remove_field('c'), ", None),
    ],
)
def test_a_ready_transform_is_told_by_what_it_is_made_of(make, name, touched):
    """A checkpoint of an earlier version knows it again; a value, which may be secret, is hashed.

    What it may change is known where no function of somebody else's takes part.
    """
    transform = make()
    assert qualified(transform).startswith(OURS + name)
    assert transform.__name__ == name.partition("(")[0]
    assert transform.touched == touched


def test_a_function_is_told_by_module_and_name():
    """A lambda has no name of its own, and neither has an object."""
    assert qualified(upgrade) == f"{__name__}:upgrade"
    assert qualified(one_more) == "aids.things:one_more"
    assert qualified(lambda item: item) == qualified(Upgrade()) == "<lambda>"


@pytest.mark.parametrize(
    ("make", "opaque"),
    [
        (copy_all_fields, True),
        (lambda: rename_field("a", "b"), True),
        (lambda: remove_field("a"), True),
        (lambda: add_field("a", 1), True),
        (lambda: add_field("a", str), False),
        (lambda: one_more, False),
        (chain, True),
        (lambda: chain(copy_all_fields(), remove_field("a")), True),
        (lambda: chain(copy_all_fields(), one_more), False),
    ],
)
def test_values_are_read_only_for_whom_looks_at_them(make, opaque):
    """For all others, they stay the bytes that they are."""
    assert make().opaque is opaque


def test_ready_transforms_go_to_another_process():
    """They do there what they do here."""
    for transform in (
        one_more,
        copy_all_fields(),
        rename_field("a", "b"),
        remove_field("a"),
        add_field("a", {"x": 1}),
        chain(rename_field("a", "b"), one_more),
    ):
        there = pickle.loads(pickle.dumps(transform))
        values = {"a": {"S": "x"}, "n": {"N": "1"}}
        assert there(dict(values)) == transform(dict(values))
        assert there.touched == transform.touched
        assert qualified(there) == qualified(transform)


def test_what_adds_a_field_is_named_where_it_fails():
    """By the name of the function that made it."""
    with pytest.raises(ItemError, match=r"^transform add_field raised KeyError: 'none' "):
        changed(add_field("more", lambda item: item["none"]), ITEM)


names = st.sampled_from(["id", "first", "last", "size"])
steps = st.one_of(
    st.builds(rename_field, names, names),
    st.builds(remove_field, names),
    st.builds(add_field, names, st.integers()),
    st.builds(copy_all_fields),
)


@given(st.lists(steps, max_size=4))
def test_chains_do_by_hand_what_they_do_in_a_copy(transforms):
    """The ready-made ones give the same for attribute values and for unread bytes."""
    transform = chain(*transforms)
    item = to_item(Person("u1", "Ada"))
    try:
        (by_hand,) = transform(item)
    except ItemError:
        with pytest.raises(ItemError):
            changed(transform, item)
    else:
        assert changed(transform, item) == [by_hand]


DEEP = nested("L", 33)
TEXT = {"S": "x"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"new": DEEP}, r"the most is 32 levels - at item\.new"),
        (
            {"list": {"L": [{"M": {"": TEXT}}]}},
            r"the name of an attribute is empty - at item\.list",
        ),
        ({"": TEXT}, r"the name of an attribute is empty - at item"),
        ({"data": {"B": "eHk="}}, r"B does not hold a value of type str - at item\.data"),
        ({"set": {"BS": ["eHk="]}}, r"does not hold a value of type str - at item\.set"),
        ({1: TEXT}, "an attribute's name is a str, not int"),
        ({"new": {"S": object()}}, r"S does not hold a value of type object - at item\.new"),
        ({"new": {"N": 5}}, r"N does not hold a value of type int - at item\.new"),
        ({"new": None}, r"expected an attribute value, .* - at item\.new"),
        ({"flag": {"BOOL": 1}}, r"BOOL does not hold a value of type int - at item\.flag"),
        (
            {"list": {"L": [TEXT, {"NULL": 1.0}]}},
            r"NULL does not hold a value of type float - at item\.list\[1\]",
        ),
    ],
)
def test_what_a_function_changes_is_looked_at(change, told):
    """What it leaves has come out of a table; a str of base64 would pass for its bytes."""
    item = {
        "id": {"S": "u1"},
        "data": {"B": "eHk="},
        "set": {"BS": ["eHk="]},
        "flag": {"BOOL": True},
        "list": {"L": [TEXT, {"NULL": True}]},
    }
    transform = attribute_transform(lambda values: {**values, **change})
    with pytest.raises(ItemError, match=told):
        changed(transform, item)
    assert changed(attribute_transform(lambda values: values), item) == changed(
        copy_all_fields(), item
    )


@pytest.mark.parametrize("transform", [copy_all_fields(), attribute_transform(lambda item: item)])
@pytest.mark.parametrize(
    ("kind", "told"), [("", r"at users\.kind"), ("x" * 2049, r"length <= 2048 .* - at users\.kind")]
)
def test_keys_of_indexes_are_looked_at_too(transform, kind, told):
    """An empty one, or one that is too long, would fail the whole batch; one may be missing."""
    by_kind = IndexSpec("by-kind", (KeyAttribute("kind", "S"),))
    spec = TableSpec("users", KeyAttribute("id", "S"), indexes=(by_kind,))
    convert = converter(None, None, spec, transform)
    for good in ({}, {"kind": {"S": "new"}}):
        assert len(convert(json.dumps({"id": {"S": "u1"}, **good}).encode())) == 1
    with pytest.raises(ItemError, match=told):
        convert(json.dumps({"id": {"S": "u1"}, "kind": {"S": kind}}).encode())
