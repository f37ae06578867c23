"""Items: what is written is what is read, whatever the type; what does not fit is told where."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, TypedDict
from uuid import UUID

import msgspec
import pytest
from aids.instances import (
    LEAVES,
    SETTABLE,
    Cat,
    Color,
    Dog,
    Extra,
    Level,
    Note,
    One,
    Pair,
    Point,
    Size,
    Tree,
    integers,
    natural,
    structs,
    texts,
    types,
)
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct, field

from dynamorm.errors import ItemError, ModelError
from dynamorm.items.codec import codec, from_item, to_item
from dynamorm.model.declare import table, table_spec
from dynamorm.model.fields import PartitionKey, SortKey, TimeToLive


class Number(enum.Enum):
    ONE = 1


MSGSPEC = tuple(map(int, msgspec.__version__.split(".")[:2]))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_round_trip(data):
    """Any instance of any model is read back equal, from attribute values and from JSON."""
    model, instances = data.draw(structs(types))
    instance = data.draw(instances)
    item = to_item(instance)
    assert from_item(model, item) == instance
    raw = codec(model).encode(instance)
    assert codec(model).decode(raw) == (instance, {})
    assert codec(model).decode(Raw(raw), "error") == (instance, {})
    assert from_item(model, json.loads(raw)) == instance


@pytest.mark.parametrize(("annotation", "values"), LEAVES)
def test_round_trip_of_each_type(annotation, values):
    """Each type is read back equal, alone and in a list."""
    model = defstruct("Model", [("value", annotation), ("more", list[annotation])])

    @settings(max_examples=15, deadline=None)
    @given(values)
    def read_back(value):
        instance = model(value, [value])
        assert from_item(model, to_item(instance)) == instance

    read_back()


class Holder(Struct):
    value: Any


@given(natural)
def test_boto3_reads_what_is_written(value):
    """boto3's TypeDeserializer finds the plain Python value again."""
    assert TypeDeserializer().deserialize(to_item(Holder(value))["value"]) == value


@given(natural)
def test_what_boto3_writes_is_read(value):
    """boto3's TypeSerializer and this library write the same plain Python value alike."""
    item = {"value": TypeSerializer().serialize(value)}
    assert from_item(Holder, item) == Holder(value)
    assert from_item(Holder, item) == from_item(Holder, to_item(Holder(value)))


@pytest.mark.skipif(MSGSPEC < (0, 22), reason="this msgspec cannot describe such a Literal")
@pytest.mark.parametrize(("value", "tag"), [("a", "S"), (1, "N"), (None, "NULL")])
def test_literal_of_several_types(value, tag):
    """Each value of a Literal has the tag of its own type."""
    model = holder(Literal["a", 1, None])
    assert to_item(model(value))["value"].keys() == {tag}
    assert from_item(model, to_item(model(value))) == model(value)


@given(texts, integers, st.binary(max_size=8))
def test_keys_are_what_the_service_takes(text, number, binary):
    """A string, a number and binary are S, N as a string, and B as bytes."""
    item = to_item(defstruct("Model", ["s", "n", "b"])(text, number, binary))
    assert item == {"s": {"S": text}, "n": {"N": str(number)}, "b": {"B": binary}}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.0", 1),
        ("12E1", 120),
        ("9007199254740993.0", 9007199254740993),
        ("1.2345678901234567890123E+22", 12345678901234567890123),
        ("1E+125", 10**125),
    ],
)
def test_whole_number_in_any_spelling(text, number):
    """A whole number is read exactly, however it is written, and never by way of a float."""
    model = defstruct("Model", [("n", int), ("more", list[int], []), ("few", set[int], UNSET)])
    value = {"N": text}
    item = {"n": value, "more": {"L": [value]}, "few": {"NS": [text]}}
    assert from_item(model, item) == model(number, [number], {number})


def test_numbers_of_any_are_exact():
    """Where any type may stand, a number is an int or a Decimal, never a float."""
    found = from_item(Holder, {"value": {"L": [{"N": "1"}, {"N": "0.1"}]}}).value
    assert [(type(number), number) for number in found] == [(int, 1), (Decimal, Decimal("0.1"))]


def test_values_of_any_class():
    """What stands where any type may, is written by its own class, and else as msgspec would."""
    values = [Color.RED, Level.HIGH, 1.5, (1,), UUID(int=1), bytearray(b"x"), Cat(3), Note("n")]
    assert from_item(Holder, to_item(Holder(values))).value == [
        "red",
        20,
        Decimal("1.5"),
        [1],
        str(UUID(int=1)),
        b"x",
        {"type": "cat", "lives": 3},
        {"text": "n", "stars": 3},
    ]


def test_numbers_of_neighbouring_types():
    """An int does for a float or a Decimal field, and an IntEnum's member for an int one."""
    model = defstruct("Model", [("f", float), ("d", Decimal), ("i", int)])
    written = to_item(model(3, 4, Level.HIGH))
    assert written == {"f": {"N": "3"}, "d": {"N": "4"}, "i": {"N": "20"}}


@pytest.mark.parametrize(("kind", "name"), [(Color, "red"), (Level, "1"), (int, "7"), (str, "a")])
def test_keys_of_a_map(kind, name):
    """The key of a map is written as its text, an enum's member as its value."""
    model = defstruct("Model", [("names", dict[kind, int])])
    key = next(iter(kind), None) if issubclass(kind, enum.Enum) else kind(name)
    written = {"names": {"M": {name: {"N": "1"}}}}
    assert to_item(model({key: 1})) == written
    assert from_item(model, written) == model({key: 1})


class Defaults(Struct, omit_defaults=True):
    number: int = 300
    text: str | None = "x"
    labels: list[str] = []
    made: list[int] = field(default_factory=lambda: [1])


def test_defaults_are_left_out():
    """With omit_defaults, a field that is at its default is not written; others are."""
    assert to_item(Defaults()) == {"made": {"L": [{"N": "1"}]}}
    assert to_item(Defaults(3, None, ["a"])).keys() == {"number", "text", "labels", "made"}
    assert from_item(Defaults, {}) == Defaults()


class Sets(Struct):
    some: set[str] = field(default_factory=set)
    more: frozenset[int] = frozenset()
    maybe: set[bytes] | None = None


def test_empty_set_that_is_the_default():
    """An empty set, which cannot be stored, is left out where reading gives it back."""
    assert to_item(Sets()) == {"maybe": {"NULL": True}}
    assert from_item(Sets, to_item(Sets())) == Sets()
    assert to_item(Sets({"a"}, frozenset({1}))).keys() == {"some", "more", "maybe"}


class Odd(Struct):
    always: int | UnsetType
    extra: Extra


def test_unset_is_absent():
    """A field that is UNSET is not written, even one that must be there to be read."""
    assert to_item(Odd(UNSET, {})) == {"extra": {"M": {}}}
    with pytest.raises(ItemError, match=r"the attribute is missing - at Odd\.always\nSee "):
        from_item(Odd, {"extra": {"M": {}}})


@table("events")
class Event(Struct):
    id: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    owner: Annotated[str | None, PartitionKey(index="by-owner")]
    label: Annotated[str | None, PartitionKey(index="by-label")] = "none"
    expires: Annotated[int | None, TimeToLive()] = None


NO_KEY = (
    "the key of an index cannot be NULL, and where it is missing, its default is read: "
    "let the default be None"
)


def test_index_key_that_is_none():
    """A None in an index key is an absent attribute: the service takes no NULL there."""
    event = Event("a", 1, None)
    assert to_item(event) == {
        "id": {"S": "a"},
        "number": {"N": "1"},
        "label": {"S": "none"},
        "expires": {"NULL": True},
    }
    assert from_item(Event, to_item(event)) == event
    told = problem(lambda: to_item(Event("a", 1, "x", None)))
    assert told == f"{NO_KEY} - at events.label"


class Indexed(Struct, omit_defaults=True):
    """A model that omits defaults, with every kind of key in an index."""

    id: Annotated[str, PartitionKey()] = "x"
    status: Annotated[str, PartitionKey(index="by-status")] = "new"
    owner: Annotated[str | None, PartitionKey(index="by-owner")] = "nobody"
    place: Annotated[str, PartitionKey(index="by-place")] = ""
    group: Annotated[str | UnsetType | None, PartitionKey(index="by-group")] = UNSET
    score: Annotated[float | None, SortKey(index="by-group")] = None
    since: Annotated[str | UnsetType, SortKey(index="by-owner")] = UNSET


def test_keys_are_written_also_at_their_defaults():
    """A key is written whenever it has a value, under omit_defaults too."""
    always = {"id": {"S": "x"}, "status": {"S": "new"}, "owner": {"S": "nobody"}}
    assert to_item(Indexed()) == always
    some = Indexed(place="here", group="a", score=0.0, since="1")
    more = {"place": {"S": "here"}, "group": {"S": "a"}, "score": ZERO, "since": {"S": "1"}}
    assert to_item(some) == always | more
    assert to_item(Indexed(score=2))["score"] == {"N": "2"}
    for instance in (Indexed(), some):
        assert from_item(Indexed, to_item(instance)) == instance


ZERO = {"N": "0"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"owner": None}, f"{NO_KEY} - at Indexed.owner"),
        ({"group": None}, f"{NO_KEY} - at Indexed.group"),
        ({"status": UNSET}, f"{NO_KEY} - at Indexed.status"),
        ({"status": None}, "expected str, not NoneType - at Indexed.status"),
        ({"id": UNSET}, "expected str, not UnsetType - at Indexed.id"),
        ({"id": None}, "expected str, not NoneType - at Indexed.id"),
    ],
)
def test_a_key_that_would_not_come_back(values, told):
    """A key is never NULL, and never left out where reading would bring something else."""
    assert problem(lambda: to_item(Indexed(**values))) == told
    assert to_item(Indexed(score=UNSET)).keys() == {"id", "status", "owner"}


class Moment(Struct):
    at: Annotated[dt.datetime, PartitionKey()]


class Numbered(Struct):
    number: Annotated[float | int, PartitionKey()]
    exact: Annotated[Decimal, SortKey()] = Decimal(0)


offsets = st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23))
aware = st.builds(
    lambda moment, offset: moment.replace(tzinfo=dt.timezone(offset)),
    st.datetimes(dt.datetime.fromisoformat("0001-01-03"), dt.datetime.fromisoformat("9999-12-29")),
    offsets,
)


# A float above 2**53 is read by an `int | float` as the int that has its digits.
UNEQUAL = (dt.datetime, int | float, tuple[int, bool], Point)
KEYS = [
    (annotation, values.filter(lambda value: value not in ("", b"")))
    for annotation, values in SETTABLE
    if annotation not in UNEQUAL
]


@st.composite
def keyed(draw: Any) -> Any:
    """A model with a key of any type, in the table or in an index, and an instance of it."""
    annotation, values = draw(st.sampled_from([*KEYS, (dt.datetime, aware)]))
    index = draw(st.sampled_from([None, "by-key"]))
    if index is not None and draw(st.booleans()):
        annotation, values = annotation | None, st.none() | values
    declared: list[Any] = ["key", Annotated[annotation, PartitionKey(index=index)]]
    if draw(st.booleans()):
        default = draw(values)
        declared.append(field(default_factory=lambda: default))
    model = defstruct("Model", [tuple(declared)], omit_defaults=draw(st.booleans()))
    return model, model(draw(values))


@given(keyed())
def test_keys_of_every_type(drawn):
    """A key that has a value is written, never as NULL, and read back; None may be refused."""
    model, instance = drawn
    try:
        item = to_item(instance)
    except ItemError as error:
        assert error.problem == NO_KEY  # noqa: PT017  # the law is about both ends
        assert instance.key is None
        assert model().key is not None
    else:
        assert from_item(model, item) == instance
        assert ("key" in item) is (instance.key is not None)
        assert {"NULL": True} not in item.values()


@given(aware, aware)
def test_datetime_keys_are_in_order_of_time(one, other):
    """Keys sort as their moments do: in UTC, and with six digits; and are read back."""
    keys = [to_item(Moment(moment))["at"]["S"] for moment in (one, other)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (one < other, one == other)
    assert all(len(key) == len("0001-01-01T00:00:00.000000Z") for key in keys)
    assert from_item(Moment, {"at": {"S": keys[0]}}).at == one


def test_a_float_key_takes_floats_and_whole_numbers():
    """A Decimal has digits that the field would not give back."""
    model = defstruct("Floating", [("number", Annotated[float, PartitionKey()])])
    assert to_item(model(1.5)) == {"number": {"N": "1.5"}}
    assert to_item(model(2)) == {"number": {"N": "2"}}
    assert "not Decimal" in problem(lambda: to_item(model(Decimal("1.5"))))


def test_a_key_with_a_description_is_spelled_as_a_key():
    """What msgspec is told besides about a type does not hide it."""
    described = Annotated[dt.datetime, PartitionKey(), Meta(description="when")]
    moment = dt.datetime(2025, 1, 2, tzinfo=dt.timezone.utc)
    item = to_item(defstruct("Described", [("at", described)])(moment))
    assert item == {"at": {"S": "2025-01-02T00:00:00.000000Z"}}


AMSTERDAM = dt.timezone(dt.timedelta(minutes=19, seconds=32))


@pytest.mark.parametrize("made", [[1, 2], (1, 2)], ids=repr)
def test_members_come_back_in_what_the_model_says(made):
    """A list of DynamoDB's becomes a list or a tuple."""
    inner = (int, ...) if isinstance(made, tuple) else int
    model = defstruct("Model", [("value", type(made)[inner])])
    assert from_item(model, {"value": {"L": [{"N": "1"}, {"N": "2"}]}}).value == made


@given(aware)
@example(dt.datetime(1900, 1, 1, tzinfo=AMSTERDAM))
def test_datetimes_are_never_off(moment):
    """A datetime is read back as the same moment, in whatever zone, and wherever it is stored."""
    model = defstruct("Model", [("v", dt.datetime), ("any", Any), ("keys", dict[dt.datetime, int])])
    found = from_item(model, to_item(model(moment, [moment], {moment: 1})))
    assert found.v == moment
    assert found.keys == {moment: 1}
    assert dt.datetime.fromisoformat(found.any[0].replace("Z", "+00:00")) == moment


class Undated(dt.tzinfo):
    """A zone whose offset depends on the date."""

    def utcoffset(self, moment: dt.datetime | None) -> dt.timedelta | None:
        return dt.timedelta(hours=1) if moment else None

    def dst(self, moment: dt.datetime | None) -> dt.timedelta | None:
        return None


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (dt.time, dt.time(1, tzinfo=AMSTERDAM), "a time in a zone whose offset has seconds"),
        (dt.time, dt.time(1, tzinfo=Undated()), "a time whose zone has no offset without a date"),
    ],
)
def test_times_of_no_fixed_zone(annotation, value, told):
    """A time of day that would come back without its zone, or off, is refused everywhere."""
    for model, held in (
        (holder(annotation), value),
        (holder(Any), [value]),
        (holder(dict[annotation, int]), {value: 1}),
    ):
        assert problem(lambda model=model, held=held: to_item(model(held))).startswith(told)
    assert to_item(holder(Any)(dt.time(1, tzinfo=dt.timezone.utc)))["value"] == {"S": "01:00:00Z"}


def test_naive_datetimes():
    """A naive datetime is stored as such, but for a key or the time to live it has no moment."""
    naive = dt.datetime.fromisoformat("2020-01-31T00:00:00")
    assert to_item(holder(dt.datetime)(naive)) == {"value": {"S": "2020-01-31T00:00:00"}}
    told = "a naive datetime cannot be {}: give it a time zone - at {}"
    assert problem(lambda: to_item(Moment(naive))) == told.format("a key", "Moment.at")
    expiring = Expiring("a", naive)
    assert problem(lambda: to_item(expiring)) == told.format("the time to live", "expiring.until")
    undated = naive.replace(tzinfo=Undated())
    assert to_item(Moment(undated)) == {"at": {"S": "2020-01-30T23:00:00.000000Z"}}
    assert to_item(holder(dt.datetime)(undated))["value"] == {"S": "2020-01-31T00:00:00+01:00"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (1, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (123.45, "123.45"),
        (10**38, "1" + "0" * 38),
    ],
)
def test_number_keys_have_one_spelling(number, text):
    """A number that is a key has no exponent and no zeros at its end, whatever its type."""
    exact = Decimal(repr(number)).scaleb(2).scaleb(-2)
    assert to_item(Numbered(number, exact)) == {"number": {"N": text}, "exact": {"N": text}}
    assert to_item(Numbered(1, 5))["exact"] == {"N": "5"}


@table("expiring")
class Expiring(Struct):
    id: Annotated[str, PartitionKey()]
    until: Annotated[dt.datetime, TimeToLive()]
    more: dt.datetime | None = None


@given(aware)
def test_time_to_live(moment):
    """A datetime is stored in whole seconds since the epoch, not before its time, and read back."""
    number = int(to_item(Expiring("a", moment))["until"]["N"])
    found = from_item(Expiring, {"id": {"S": "a"}, "until": {"N": str(number)}})
    assert dt.timedelta(0) <= found.until - moment < dt.timedelta(seconds=1)
    assert number == found.until.timestamp()
    assert to_item(found)["until"] == {"N": str(number)}
    assert table_spec(Expiring).time_to_live == "until"


@pytest.mark.parametrize(
    ("text", "until"),
    [("1.5e1", 15), ("15.0", 15), ("-1", -1), ("1.000001", 1.000001), ("1.0000001", 1)],
)
def test_time_to_live_in_any_spelling(text, until):
    """What others have written is read, fractions of seconds included."""
    found = from_item(Expiring, {"id": {"S": "a"}, "until": {"N": text}}).until
    assert found == dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(seconds=until)


@pytest.mark.parametrize("text", ["1700000000000", "1e30", "-1e60"])
def test_time_to_live_in_milliseconds(text):
    """Seconds beyond the years of a datetime are none."""
    told = problem(lambda: from_item(Expiring, {"id": {"S": "a"}, "until": {"N": text}}))
    assert told.startswith("expected seconds since the epoch")
    assert told.endswith(" - at expiring.until")


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (dict[int | str, int], {1: 1, "1": 2}, "two keys of the map are the same once written"),
        (Any, {1: 1, "1": 2}, "two keys of the map are the same once written"),
        (Any, {UUID(int=1), str(UUID(int=1))}, "two members of the set are the same once written"),
        (Any, {Color.RED, "red"}, "two members of the set are the same once written"),
        (Any, {Number.ONE, 1}, "two members of the set are the same once written"),
    ],
)
def test_two_that_are_written_alike(annotation, value, told):
    """Two keys of a map, or members of a set, that would be one are an error."""
    assert problem(lambda: to_item(holder(annotation)(value))) == f"{told} - at Holder.value"


RAWS = [b'{"N":"1.50E+1"}', b'{"L":[{"NULL":true},{"B":"AA=="}]}', b' {"SS":["a"]} ']


@pytest.mark.parametrize("raw", RAWS)
def test_raw_is_kept(raw):
    """A field of type Raw has the JSON of its attribute, and is written byte for byte."""
    for annotation, value in ((Raw, raw), (Raw | None, raw)):
        model = holder(annotation)
        assert codec(model).encode(model(Raw(value))) == b'{"value":' + value + b"}"
        found, _ = codec(model).decode(b'{"value":' + value.strip() + b"}")
        assert bytes(found.value) == value.strip()
    model = holder(dict[str, Raw])
    assert to_item(model({"a": Raw(raw)})) == {
        "value": {"M": {"a": to_item(holder(Any)(Raw(raw)))["value"]}}
    }


def test_raw_that_can_be_none():
    """None is NULL, and NULL None."""
    model = holder(Raw | None)
    assert to_item(model(None)) == {"value": {"NULL": True}}
    assert from_item(model, {"value": {"NULL": True}}) == model(None)
    assert from_item(defstruct("Model", [("value", Raw | None, None)]), {}).value is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"1",
        b'{"S":1}',
        b'{"S":"a","N":"1"}',
        b'{"S":"a"},"more":{"S":"b"}',
        b'{"L":[{}]}',
        b'{"N":"x"}',
    ],
)
def test_raw_that_is_no_attribute_value(raw):
    """Bytes that are anything else than one attribute value are never written."""
    told = problem(lambda: to_item(holder(Raw)(Raw(raw))))
    assert told.startswith("this Raw is not one attribute value: ")
    assert told.endswith(" - at Holder.value")
    told = problem(lambda: to_item(holder(Raw)(raw)))
    assert told == "expected Raw, not bytes - at Holder.value"


def test_names_that_are_no_plain_identifiers():
    """Fields may be named like keywords or in other scripts, and attributes like anything."""
    names = ["class", "ﬁ", "größe"]
    model = defstruct(
        "Model", [(name, int) for name in names], rename=lambda name: f"{{{name}}} %s"
    )
    plain = defstruct("Model", [("class", int), ("ok", int)], kw_only=True)
    assert from_item(model, to_item(model(1, 2, 3))) == model(1, 2, 3)
    assert from_item(plain, to_item(plain(**{"class": 1, "ok": 2}))) == plain(
        **{"class": 1, "ok": 2}
    )


class Checked(Struct):
    low: int
    high: int = 9

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is secret")


def test_post_init_is_run():
    """What `__post_init__` raises is told without its words, and is the cause."""
    assert from_item(Checked, {"low": {"N": "1"}}) == Checked(1)
    with pytest.raises(ItemError, match=r"^Checked\.__post_init__ raised ValueError") as caught:
        from_item(list_of(Checked), {"value": {"L": [{"M": {"low": {"N": "10"}}}]}})
    assert caught.value.path == "Holder.value[0]"
    assert isinstance(caught.value.__cause__, ValueError)
    assert "secret" not in str(caught.value)


def missing() -> Any:
    raise KeyError("secret")


@pytest.mark.parametrize("annotation", [int, list[str], Checked])
def test_a_default_factory_that_raises_is_told_of(annotation):
    """What it raises is told with its field, without its words, and is the cause."""
    model = defstruct("Model", [("x", annotation, field(default_factory=missing))])
    with pytest.raises(ItemError, match=r"^the default_factory raised KeyError") as caught:
        from_item(model, {})
    assert caught.value.path == "Model.x"
    assert isinstance(caught.value.__cause__, KeyError)
    assert "secret" not in str(caught.value)


def list_of(annotation: Any) -> Any:
    return defstruct("Holder", [("value", list[annotation])])


def holder(annotation: Any) -> Any:
    return defstruct("Holder", [("value", annotation)])


def problem(work: Callable[[], object]) -> str:
    with pytest.raises(ItemError) as caught:
        work()
    assert caught.value.text == f"{caught.value.problem} - at {caught.value.path}"
    return caught.value.text


class Address(Struct, forbid_unknown_fields=True):
    city: str
    zip: int | None = None


NUMBER = "the number does not fit: DynamoDB takes 38 significant digits and 1E-130 to 9.99E+125"
FINITE = "DynamoDB stores neither NaN nor infinity"
NO_VALUE = 'expected an attribute value, such as {"S": "text"} - at Holder.value'
OF_A_RESOURCE = NO_VALUE.replace(
    " -", ": take items from a boto3 client, not from a resource, which changes values -"
)
WRONG = "a value of type {} does not belong here - at Holder.value{}"


@pytest.mark.parametrize(
    ("annotation", "attribute", "told"),
    [
        (str, {"N": "1"}, WRONG.format("N", "")),
        (int, {"S": "1"}, WRONG.format("S", "")),
        (Address, {"M": {"city": {"N": "1"}}}, WRONG.format("N", ".city")),
        (Address, {"M": {}}, "the attribute is missing - at Holder.value.city"),
        (
            Address,
            {"M": {"city": {"S": ""}, "secret": {"S": ""}}},
            "the model does not know this attribute - at Holder.value.secret",
        ),
        (
            dict[str, Address],
            {"M": {"secret": {"M": {"city": {"S": ""}, "zip": {"N": "1.5"}}}}},
            "expected a whole number - at Holder.value[...].zip",
        ),
        (list[int], {"L": [{"N": "1"}, {"S": "x"}]}, WRONG.format("S", "[1]")),
        (
            list[int],
            {"L": [{"N": "1"}, {"N": "1.5"}]},
            "expected a whole number - at Holder.value[1]",
        ),
        (
            tuple[int, str],
            {"L": [{"N": "0.5"}, {"S": ""}]},
            "expected a whole number - at Holder.value[0]",
        ),
        (set[int], {"NS": ["1", "0.5"]}, "expected a whole number - at Holder.value[1]"),
        (Color, {"S": "secret"}, "Invalid enum value - at Holder.value"),
        (Literal["a"], {"S": "secret"}, "Invalid enum value - at Holder.value"),
        (Level, {"N": "77"}, "the value is not one that the model allows - at Holder.value"),
        (
            Cat | Dog,
            {"M": {"type": {"S": "secret"}}},
            "the value of the tag names none of the Structs in the union - at Holder.value",
        ),
        (Cat | Dog, {"M": {"type": {"S": "cat"}, "lives": {"S": ""}}}, WRONG.format("S", ".lives")),
        (
            Cat,
            {"M": {"type": {"S": "secret"}, "lives": {"N": "1"}}},
            "Invalid enum value - at Holder.value.type",
        ),
        (
            Tree,
            {"M": {"value": {"N": "1"}, "children": {"L": [{"M": {"value": {"N": "0.1"}}}]}}},
            "expected a whole number - at Holder.value.children[0].value",
        ),
        (int | None, {"S": ""}, WRONG.format("S", "")),
        (int | str, {"BOOL": True}, WRONG.format("BOOL", "")),
        (dt.datetime, {"S": "secret"}, "Invalid RFC3339 encoded datetime - at Holder.value"),
        (
            dict[int, int],
            {"M": {"secret": {"N": "1"}}},
            "Expected `int`, got `str` - at Holder.value",
        ),
        (Size, {"L": []}, "Expected `array` of at least length 1, got 0 - at Holder.value"),
        (Annotated[int, Meta(ge=5)], {"N": "4"}, "Expected `int` >= 5 - at Holder.value"),
        (
            Annotated[int, Meta(multiple_of=5)],
            {"N": "4"},
            "Expected `int` that's a multiple of 5 - at Holder.value",
        ),
        (Annotated[float, Meta(lt=5)], {"N": "5"}, "Expected `float` < 5.0 - at Holder.value"),
        (
            Annotated[int, Meta(ge=5)] | Annotated[float, Meta(lt=5)],
            {"N": "5.5"},
            "Expected `float` < 5.0 - at Holder.value",
        ),
        (
            dict[Annotated[int, Meta(ge=5)], str],
            {"M": {"4": {"S": "x"}}},
            "Expected `int` >= 5 - at Holder.value",
        ),
        (
            Annotated[str, Meta(max_length=1, title="x")],
            {"S": "secret"},
            "Expected `str` of length <= 1 - at Holder.value",
        ),
        (
            Annotated[str, Meta(pattern="^a$")],
            {"S": "secret"},
            "Expected `str` matching regex '^a$' - at Holder.value",
        ),
        (
            Annotated[list[int], Meta(min_length=1)],
            {"L": []},
            "Expected `array` of length >= 1 - at Holder.value",
        ),
        (str, "secret", OF_A_RESOURCE),
        (str, {}, NO_VALUE),
        (str, {"S": "", "N": ""}, NO_VALUE),
        (str, {"T": ""}, NO_VALUE),
        (bool, {"BOOL": "true"}, "BOOL does not hold a value of type str - at Holder.value"),
        (None, {"NULL": False}, "the value of NULL can only be true - at Holder.value"),
        (bytes, {"B": "secret"}, "expected bytes, or a str of base64 - at Holder.value"),
        (set[str], {"SS": []}, "a set cannot be empty: leave the attribute out - at Holder.value"),
        (set[str], {"SS": ["a", 1]}, "S does not hold a value of type int - at Holder.value[1]"),
        (
            Any,
            {"L": [{"N": "secret"}]},
            f"{NUMBER} - at Holder.value[0]",
        ),
        (float, {"N": "nan"}, "DynamoDB stores neither NaN nor infinity - at Holder.value"),
        (dict, {"M": {1: {"S": ""}}}, "an attribute's name is a str, not int - at Holder.value"),
    ],
)
def test_attribute_that_does_not_fit(annotation, attribute, told):
    """What does not fit its field is told with its path, and without what is in it."""
    assert problem(lambda: from_item(holder(annotation), {"value": attribute})) == told
    assert "secret" not in told.partition(" - at ")[0]


def test_not_an_item():
    """What is no dict at all is told so."""
    assert (
        problem(lambda: from_item(Holder, []))
        == "expected a dict of attribute values, not list - at Holder"
    )


class Stranger:
    """A class that nobody knows how to store."""


MIXED = "a set holds only strings, only numbers or only binary values, and cannot be empty"
EMPTY = "no set can be empty: let the field be optional, or its default one"


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (str, 1, "expected str, not int - at Holder.value"),
        (str, "\ud800", "the value cannot be stored (UnicodeEncodeError) - at Holder.value"),
        (int, "1", "expected int, not str - at Holder.value"),
        (int, True, "expected int, not bool - at Holder.value"),
        (int, 10**38 + 1, f"{NUMBER} - at Holder.value"),
        (int, 10**126, f"{NUMBER} - at Holder.value"),
        (int, 10**4000, f"{NUMBER} - at Holder.value"),
        (float, float("nan"), f"{FINITE} - at Holder.value"),
        (float, float("-inf"), f"{FINITE} - at Holder.value"),
        (float, 1e-131, f"{NUMBER} - at Holder.value"),
        (float, 1e126, f"{NUMBER} - at Holder.value"),
        (float, 5e126, f"{NUMBER} - at Holder.value"),
        (float, -5e126, f"{NUMBER} - at Holder.value"),
        (float, "x", "expected int, not str - at Holder.value"),
        (Decimal, Decimal("NaN"), f"{FINITE} - at Holder.value"),
        (Decimal, Decimal("1." + "1" * 38), f"{NUMBER} - at Holder.value"),
        (Decimal, Decimal("1E126"), f"{NUMBER} - at Holder.value"),
        (Decimal, 0.5, "expected int, not float - at Holder.value"),
        (bytes, "x", "expected bytes, not str - at Holder.value"),
        (bool, 1, "expected bool, not int - at Holder.value"),
        (Color, "red", "expected Color, not str - at Holder.value"),
        (Literal["a"], "secret", "the value is not one that the model allows - at Holder.value"),
        (str | None, 1, "expected str, not int - at Holder.value"),
        (int | str, 1.5, "expected int or str, not float - at Holder.value"),
        (int | str, True, "expected int, not bool - at Holder.value"),
        (list[int], (1,), "expected list, not tuple - at Holder.value"),
        (list[int], [1, 2, "x"], "expected int, not str - at Holder.value[2]"),
        (
            list[Address],
            [Address("a"), Address(1)],
            "expected str, not int - at Holder.value[1].city",
        ),
        (tuple[int, str], (1,), "expected a tuple of 2, not of 1 - at Holder.value"),
        (tuple[int, str], (1, 2), "expected str, not int - at Holder.value[1]"),
        (dict[str, int], {"secret": "x"}, "expected int, not str - at Holder.value[...]"),
        (Address, Cat(1), "expected Address, not Cat - at Holder.value"),
        (Address, Address("a", "b"), "expected int, not str - at Holder.value.zip"),
        (Size, Size(1, UNSET), "expected str, not UnsetType - at Holder.value[1]"),
        (Extra, {"secret": 1}, "the TypedDict has no such key - at Holder.value"),
        (Extra, [], "expected dict, not list - at Holder.value"),
        (set[str], set(), f"{EMPTY} - at Holder.value"),
        (set[str], ["a"], "expected set, not list - at Holder.value"),
        (list[set[str]], [{"a"}, set()], f"{EMPTY} - at Holder.value[1]"),
        (Any, Stranger(), "Stranger cannot be stored - at Holder.value"),
        (
            Any,
            [1, {1, "a"}],
            f"{MIXED} - at Holder.value[1]",
        ),
        (
            Any,
            set(),
            f"{MIXED} - at Holder.value",
        ),
        (
            Tree,
            Tree(1, [Tree(2), Tree("x")]),
            "expected int, not str - at Holder.value.children[1].value",
        ),
    ],
)
def test_value_that_cannot_be_stored(annotation, value, told):
    """What cannot be stored, or is of another type than its field, is told with its path."""
    assert problem(lambda: to_item(holder(annotation)(value))) == told


def test_deep_trouble_is_found_once():
    """A mistake thirty levels down costs no more than reading as far."""
    tree = Tree("wrong")
    for value in range(30):
        tree = Tree(value, [tree])
    assert problem(lambda: to_item(tree)).endswith(" - at Tree" + ".children[0]" * 30 + ".value")
    attribute = {"M": {"value": {"N": "0.5"}}}
    for _ in range(30):
        attribute = {"M": {"value": {"N": "1"}, "parent": attribute}}
    told = problem(lambda: from_item(Tree, attribute["M"]))
    assert told.endswith(" - at Tree" + ".parent" * 30 + ".value")


NOTHING = "not an attribute value - at Holder.value"


def test_malformed_json():
    """Bytes that are no item are an error like others."""
    assert problem(lambda: codec(Holder).decode(b"{")).endswith(" - at Holder")
    told = problem(lambda: codec(Holder).decode(b'{"value":{"Q":1}}'))
    assert told == "a value of type Q does not belong here - at Holder.value"
    assert problem(lambda: codec(holder(int | str)).decode(b'{"value":{}}')) == NOTHING
    assert problem(lambda: codec(Holder).decode(b'{"value":{}}')) == NOTHING
    told = problem(lambda: codec(holder(set[float])).decode(b'{"value":{"NS":["1","1"]}}'))
    assert told.startswith("1 and 1 are read as one member of the set")
    told = problem(lambda: codec(holder(float)).decode(b'{"value":{"N":"x"}}'))
    assert told == f"{NUMBER} - at Holder.value"


class Known(Struct):
    id: str
    address: Address | None = None
    any: Any = None


RAW = b'{"id":{"S":"a"},"size":{"N":"1E1"},"address":{"M":{"city":{"S":"x"}}}}'
NESTED = b'{"id":{"S":"a"},"any":{"S":"b"},"address":{"M":{"city":{"S":"x"},"more":{"S":"y"}}}}'


class Loose(Struct):
    city: str


def test_unmodelled_attributes_are_kept():
    """Attributes that the model does not know come along as the bytes that they were."""
    instance, more = codec(Known).decode(RAW)
    assert instance == Known("a", Address("x"))
    assert {name: bytes(raw) for name, raw in more.items()} == {"size": b'{"N":"1E1"}'}
    written = json.loads(codec(Known).encode(instance, more))
    assert written.keys() == {"id", "address", "any", "size"}
    assert written["size"] == {"N": "1E1"}
    nothing = defstruct("Nothing", [])
    assert codec(nothing).encode(nothing(), more) == b'{"size":{"N":"1E1"}}'


def test_unmodelled_attributes_are_dropped_or_refused():
    """They can be dropped without a word, or refused by name."""
    assert codec(Known).decode(RAW, "drop") == (Known("a", Address("x")), {})
    told = problem(lambda: codec(Known).decode(RAW, "error"))
    assert told == "the model does not know this attribute - at Known.size"


def test_unmodelled_attributes_inside():
    """Inside a nested Struct there is no place to keep them: that is an error, or they go."""
    model = defstruct("Known", [("address", Loose)])
    raw = b'{"address":{"M":{"city":{"S":"x"},"more":{"S":"y"}}}}'
    told = "the model does not know this attribute - at Known.address.more"
    assert problem(lambda: codec(model).decode(raw)) == told
    assert codec(model).decode(raw, "drop") == (model(Loose("x")), {})
    assert from_item(model, json.loads(raw)) == model(Loose("x"))
    assert problem(lambda: codec(Known).decode(NESTED, "drop")).startswith(
        "the model does not know"
    )


def test_an_attribute_that_a_model_knows_is_the_instances_alone():
    """Of other attributes, none is written that the model knows, though the instance lacks it."""
    other = defstruct("Other", [("id", str), ("size", int, 0)])
    lean = defstruct("Lean", [("id", str), ("size", int, 0)], omit_defaults=True)
    tagged = defstruct("Tagged", [("id", str)], tag="x", tag_field="size")
    _, more = codec(Known).decode(RAW)
    assert codec(other).encode(other("a"), more) == b'{"id":{"S":"a"},"size":{"N":"0"}}'
    assert codec(lean).encode(lean("a"), more) == b'{"id":{"S":"a"}}'
    assert codec(tagged).encode(tagged("a"), more) == b'{"size":{"S":"x"},"id":{"S":"a"}}'


def test_path_begins_with_the_table():
    """Errors of a declared model begin with its table's name."""
    told = problem(lambda: from_item(Event, {"id": {"S": "a"}}))
    assert told == "the attribute is missing - at events.number"


def test_wrong_tag_is_told():
    """An item of another Struct's tag is not read as this one."""
    assert problem(lambda: from_item(One, {"kind": {"N": "2"}, "value": {"S": ""}})).endswith(
        " - at One.kind"
    )


class Half(Struct):
    value: Forgotten  # noqa: F821  # never defined


@dataclasses.dataclass
class Uncalled:
    """A dataclass with a field that it cannot be called with."""

    now: int
    later: int = dataclasses.field(init=False, default=3)


@dataclasses.dataclass(init=False)
class Called:
    """A dataclass that is called with something else than its fields."""

    text: str

    def __init__(self, more: str) -> None:
        self.text = more


NOT_ITS_FIELDS = "is not made of its fields alone: see {} (init=False, InitVar, another __init__)"
NAMES = ['a"b', "a\\b", "a\nb", "a\0b", "a\ud800"]
NAME = (
    "an attribute's name cannot have a quote, a backslash, a control character or half of a "
    "surrogate pair in it"
)
NO_SET = "Raw cannot be in a set: declare list[Raw], or the field as Raw"
ALONE = "Raw holds any attribute value, so declare it alone or with None"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (holder(Stranger), "Stranger cannot be stored - at Holder.value"),
        (holder(list[Stranger]), "Stranger cannot be stored - at Holder.value"),
        (holder(tuple[int, Stranger]), "Stranger cannot be stored - at Holder.value"),
        (holder(dict[str, Stranger]), "Stranger cannot be stored - at Holder.value"),
        (holder(Stranger | None), "Stranger cannot be stored - at Holder.value"),
        (
            holder(Pair[Raw | int]),
            f"{ALONE} - at Holder.value.first",
        ),
        (
            holder(float | Decimal),
            "float and decimal are both stored as N and cannot be told apart - at Holder.value",
        ),
        (holder(dict[bytes, int]), "bytes cannot be the key of a map - at Holder.value"),
        (holder(dict[Raw, int]), "raw cannot be the key of a map - at Holder.value"),
        (Point, "an array_like Struct has no attribute names: leave array_like out - at Point"),
        (
            holder(set[Raw]),
            "Raw cannot be in a set: declare list[Raw], or the field as Raw - at Holder.value",
        ),
        (holder(Uncalled), f"Uncalled {NOT_ITS_FIELDS.format('later')} - at Holder.value"),
        (holder(list[Uncalled]), f"Uncalled {NOT_ITS_FIELDS.format('later')} - at Holder.value"),
        (holder(Called), f"Called {NOT_ITS_FIELDS.format('more, text')} - at Holder.value"),
        *(
            (holder(TypedDict("Odd", {name: int})), f"{NAME}: {name!r} - at Holder.value")
            for name in NAMES
        ),
        (defstruct("Tagged", ["a"], tag="x", tag_field='a"b'), f"{NAME}: 'a\"b' - at Tagged"),
        (
            holder(TypedDict("Odd", {"": int})),
            "the name of an attribute is empty - at Holder.value",
        ),
        (Half, "'Forgotten' cannot be found: define or import it at module level - at Half.value"),
    ],
)
def test_model_that_cannot_be_stored(model, told):
    """A type that no attribute can hold is told when the model is first used, with its field."""
    with pytest.raises(ModelError) as caught:
        codec(model)
    assert told in caught.value.problems


def test_type_that_msgspec_refuses():
    """What msgspec itself does not take is told with the field, or the model, that has it."""
    with pytest.raises(ModelError, match=r"more than one str-like type.* - at Holder\.value\nSee "):
        codec(holder(str | bytes))
    inner = defstruct("Inner", [("value", str | bytes)])
    with pytest.raises(ModelError, match=r"str-like type.* - at Holder\.value\nSee "):
        codec(holder(inner))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` aliases came with Python 3.12")
def test_an_alias_that_contains_itself():
    """Such a type cannot be described, and is told when the model is first used."""
    source = "type Rec = list[Rec] | int\nclass Holder(Struct):\n    ok: int\n    value: Rec"
    names: dict[str, Any] = {"Struct": Struct, "__name__": __name__}
    exec(compile(source, "recursive", "exec", dont_inherit=True), names)
    with pytest.raises(ModelError) as caught:
        codec(names["Holder"])
    assert caught.value.problems == (f"{ENDLESS} - at Holder.value",)


def test_a_new_type_that_contains_itself():
    """So is any other type that can be written but not described."""
    endless: Any = NewType("endless", int)
    endless.__supertype__ = list[endless]
    with pytest.raises(ModelError) as caught:
        codec(defstruct("Holder", [("ok", int), ("value", endless)]))
    assert caught.value.problems == (f"{ENDLESS} - at Holder.value",)


ENDLESS = "a type that is nested without end cannot be read; a Struct that contains itself can"


def test_only_structs_are_models():
    """Another class is refused as such."""
    with pytest.raises(TypeError, match="expected a msgspec Struct class"):
        from_item(dict, {})


def test_every_problem_is_listed():
    """All fields that cannot be stored are told at once, each once."""
    model = defstruct(
        "Model", [("a", Stranger), ("b", list[Raw | int]), ("c", Stranger), ("t", Tree)]
    )
    with pytest.raises(ModelError) as caught:
        codec(model)
    assert len(caught.value.problems) == 3


def test_sets_of_two_kinds_of_numbers():
    """Members that say by themselves what they are end up in one number set."""
    held = defstruct("Held", [("values", set[int | float])])({1, 2.5})
    assert sorted(to_item(held)["values"]["NS"]) == ["1", "2.5"]


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (set[str], {"SS": ["a", "a"]}, "a set cannot hold a value twice - at Holder.value"),
        (set[int], {"NS": ["1", "1.0"]}, "a set cannot hold a value twice - at Holder.value"),
        (
            str,
            {"S": "a\ud800"},
            "text that is not valid Unicode: it has half of a surrogate pair - at Holder",
        ),
    ],
)
def test_an_attribute_value_that_dynamodb_does_not_hold(annotation, value, told):
    """A set with a member twice, however that is spelled, and invalid text are refused."""
    assert problem(lambda: from_item(holder(annotation), {"value": value})) == told


def test_the_codec_is_loaded_by_the_package_that_it_is_in():
    """`from dynamorm.items import to_item` is all; what it does not have is no attribute."""
    import dynamorm.items as package
    from dynamorm.items import codec

    assert package.to_item is codec.to_item
    for name in ("_read", "nothing"):
        with pytest.raises(AttributeError, match=name):
            getattr(package, name)


class Counted(Struct):
    """A record in itself, and how many were made."""

    child: Counted | None
    number: int
    made = 0

    def __post_init__(self) -> None:
        type(self).made += 1


def test_what_is_nested_is_read_once(monkeypatch):
    """However deep it is, and in whatever way the numbers are written."""
    monkeypatch.setattr(Counted, "made", 0)
    item: dict[str, Any] = {"child": {"NULL": True}, "number": {"N": "1E0"}}
    for _ in range(11):
        item = {"child": {"M": item}, "number": {"N": "1E0"}}
    assert from_item(Counted, item).number == 1
    assert Counted.made == 12


class Grove(Struct):
    """A record with a list of its own kind."""

    leaf: Counted
    children: list[Grove]


def test_what_does_not_fit_is_looked_for_once(monkeypatch):
    """What stands beside it is read no second time, however deep it is in lists."""
    monkeypatch.setattr(Counted, "made", 0)
    leaf = {"M": {"child": {"NULL": True}, "number": {"N": "1"}}}
    item: dict[str, Any] = {"leaf": {"M": {}}, "children": {"L": []}}
    for _ in range(11):
        item = {"leaf": leaf, "children": {"L": [{"M": item}]}}
    told = problem(lambda: codec(Grove).decode(json.dumps(item).encode(), "error"))
    assert told.endswith(" - at Grove" + ".children[0]" * 11 + ".leaf.child")
    assert Counted.made == 11


class Walked(list[Any]):
    """A list that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Any:
        self.times += 1
        return super().__iter__()


class Chained(Struct):
    """A record in itself, with a field that can be UNSET though the model does not say so."""

    child: Chained | None
    numbers: list[int]
    other: int


def test_what_is_nested_is_written_once():
    """However deep it is, and though fields are left out that the model does not foresee."""
    numbers, chained = Walked([1]), None
    for _ in range(12):
        chained = Chained(chained, numbers, UNSET)  # type: ignore[arg-type]  # this is the point
    assert chained is not None
    found: Any = to_item(chained)
    assert "other" not in found
    assert numbers.times == 12
