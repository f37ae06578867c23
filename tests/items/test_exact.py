"""Items that a copy reads to write again: none is changed, merged or taken for another kind."""

from __future__ import annotations

import datetime as dt
import enum
import json
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import pytest
from aids.converting import converter
from aids.instances import structs, types
from aids.laws import dear
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Meta, Raw, Struct, defstruct

from dynamorm.errors import ItemError
from dynamorm.items.codec import codec, from_item, to_item
from dynamorm.items.keys import item_key
from dynamorm.items.limits import check_nesting
from dynamorm.items.mismatch import Misfit
from dynamorm.model.declare import table
from dynamorm.model.fields import PartitionKey, SortKey, TimeToLive, Vector
from dynamorm.model.keys import IndexSpec, KeyAttribute
from dynamorm.model.options import VectorIndex
from dynamorm.model.spec import TableSpec


def same(item: Any) -> Any:
    return item


@cache
def holder(annotation: Any) -> Any:
    return defstruct("Holder", [("id", str, ""), ("value", annotation)], kw_only=True)


@cache
def keyed(annotation: Any) -> Any:
    return defstruct("Keyed", [("id", Annotated[annotation, PartitionKey()])])


@cache
def identity(model: Any, **options: Any) -> Any:
    return converter(model, model, None, same, **options)


def copied(model: Any, item: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The item that comes of an item in a copy whose transform changes nothing."""
    (found,) = identity(model, **options)(json.dumps(item).encode())
    return dict(json.loads(bytes(found)))


def refused(model: Any, item: dict[str, Any], **options: Any) -> str:
    with pytest.raises(ItemError) as caught:
        copied(model, item, **options)
    return caught.value.text


def meaning(value: dict[str, Any]) -> Any:
    """What an attribute value means, whatever the order of a set that is stored as a list."""
    ((tag, inner),) = value.items()
    if tag == "M":
        return {name: meaning(attribute) for name, attribute in inner.items()}
    if tag == "L":
        return sorted(map(meaning, inner), key=repr)
    if tag in ("N", "NS"):
        return sorted(Decimal(text) for text in ([inner] if tag == "N" else inner))
    return tag, sorted(inner) if tag in ("SS", "BS") else inner


@dear
@given(st.data())
def test_identity(data):
    """A transform that changes nothing changes nothing: every attribute and every digit stays."""
    model, instances = data.draw(structs(types))
    assume("more" not in model.__struct_encode_fields__)
    raw = codec(model).encode(data.draw(instances), {"more": Raw(b'{"N":"1.50E+1"}')})
    if model.__struct_config__.forbid_unknown_fields:
        raw = codec(model).encode(data.draw(instances))
    try:
        check_nesting(raw)
    except Misfit:  # an entry of a map has no name, which no item can have
        assume(False)
    (found,) = converter(model, model, None, same)(raw)
    assert meaning({"M": json.loads(bytes(found))}) == meaning({"M": json.loads(raw)})
    assert (b'{"N":"1.50E+1"}' in bytes(found)) is (b'{"N":"1.50E+1"}' in raw)


# The texts that are read as one type, in more spellings than one.

digits = st.text("0123456789", min_size=1, max_size=38)


@st.composite
def numbers(draw: Any) -> str:
    """A number that DynamoDB can hold, in any spelling."""
    whole = draw(digits)
    point = draw(st.integers(0, len(whole)))
    text = draw(st.sampled_from(["", "-"])) + (whole[:point] or "0") + "." + (whole[point:] or "0")
    text = text.removesuffix(".0") if draw(st.booleans()) else text
    return text + draw(st.sampled_from(["", "E1", "e-20", "E+60"]))


few = st.sampled_from(["0.1", "0.10", "1E-1", "0.10000000000000001", "1", "1.0", "1e0", "-0", "0"])
zones = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+01:00", "+0000"])
fractions = st.sampled_from(["", ".0", ".5", ".500000", ".000000", ".0000001", ".123456789"])
moments = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["2020-01-01T00:00:00", "2020-01-01 00:00:00", "2020-01-01t01:00:00"]),
    fractions,
    zones | st.just(""),
    st.just(""),
)
times = st.builds("12:00:00{}{}".format, fractions, zones | st.just(""))
durations = st.builds(
    "{}{}".format,
    st.sampled_from(["", "-"]),
    st.sampled_from(["P1D", "PT24H", "PT1440M", "PT0S", "P0D", "PT1.5H", "PT90M", "PT0.0000001S"]),
)
uuids = st.builds(
    lambda value, write: write(str(value)),
    st.sampled_from([UUID(int=10), UUID(int=11)]),
    st.sampled_from([str, str.upper, lambda text: text.replace("-", "")]),
)


class Loose(enum.Enum):
    """An enum that is read in more than one way."""

    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> Loose | None:
        return cls(value.lower()) if isinstance(value, str) and value != value.lower() else None


SPELLINGS: list[tuple[Any, str, st.SearchStrategy[str]]] = [
    (float, "N", numbers() | few),
    (int | float, "N", numbers() | few),
    (Decimal, "N", numbers() | few),
    (dt.datetime, "S", moments),
    (dt.time, "S", times),
    (dt.timedelta, "S", durations),
    (UUID, "S", uuids),
    (Loose, "S", st.sampled_from(["red", "RED", "Red"])),
]
spellings = pytest.mark.parametrize(("annotation", "tag", "texts"), SPELLINGS)


@spellings
def test_two_keys_never_become_one(annotation, tag, texts):
    """Items with different keys have different keys afterwards, or the copy stops at one."""
    model = keyed(annotation)

    @given(st.lists(texts, min_size=2, max_size=5, unique=True))
    def keys_stay_apart(keys):
        raws = [json.dumps({"id": {tag: text}}).encode() for text in keys]
        before = {item_key(raw, ("id",)) for raw in raws}
        convert = identity(model)
        try:
            after = {item_key(convert(raw)[0], ("id",)) for raw in raws}
        except ItemError as error:
            assert error.path == "Keyed.id"  # noqa: PT017  # the law is about both ends
        else:
            assert after == before

    keys_stay_apart()


@spellings
def test_values_keep_their_digits(annotation, tag, texts):
    """A value that is no key may be spelled differently, and means the same, or the copy stops."""
    model = holder(annotation)
    exact = Decimal if tag == "N" else annotation

    @given(texts)
    def value_stays(text):
        item = {"id": {"S": "a"}, "value": {tag: text}}
        try:
            found = copied(model, item)
        except ItemError as error:
            assert error.path == "Holder.value"  # noqa: PT017  # the law is about both ends
            assert text in error.problem  # noqa: PT017
        else:
            plain = holder(exact)
            assert from_item(plain, found) == from_item(plain, item)
            assert tag == "N" or not text.rstrip("Z").endswith(("0000001", "456789"))

    value_stays()


@spellings
def test_members_and_keys_of_maps_never_become_one(annotation, tag, texts):
    """A set has as many members afterwards, and a map as many keys, or the copy stops."""
    several = st.lists(texts, min_size=1, max_size=4, unique=True)

    @given(several)
    def all_stay(found):
        if tag == "N":
            found = list({Decimal(text): text for text in found}.values())
        item = {"value": {f"{tag}S": found}}
        for read in (
            lambda: to_item(from_item(holder(set[annotation]), item)),
            lambda: copied(holder(set[annotation]), {"id": {"S": ""}, **item}),
        ):
            try:
                written = read()
            except ItemError as error:
                assert error.path.startswith("Holder.value")  # noqa: PT017
            else:
                assert len(written["value"][f"{tag}S"]) == len(found)

    @given(several)
    def keys_stay(found):
        item = {"id": {"S": ""}, "value": {"M": {text: {"N": "1"} for text in found}}}
        model = holder(dict[annotation, int])
        for read in (lambda: to_item(from_item(model, item)), lambda: copied(model, item)):
            try:
                written = read()
            except ItemError as error:
                assert error.path.startswith("Holder.value")  # noqa: PT017
            else:
                assert len(written["value"]["M"]) == len(found)

    all_stay()
    if annotation not in (int | float, Decimal):
        keys_stay()


DATE = "2020-01-31T12:00:00"
ONE, OTHER = str(UUID(int=10)), str(UUID(int=10)).upper()


@pytest.mark.parametrize(
    ("annotation", "text", "written"),
    [
        (dt.datetime, f"{DATE}.000658+0000", f"{DATE}.000658Z"),
        (dt.datetime, f"{DATE}Z", f"{DATE}.000000Z"),
        (dt.datetime, f"{DATE}.5+02:00", "2020-01-31T10:00:00.500000Z"),
        (UUID, OTHER, ONE),
        (UUID, ONE.replace("-", ""), ONE),
        (dt.time, "12:00:00.000000", "12:00:00"),
        (dt.time, "12:00:00+00:00", "12:00:00Z"),
        (dt.timedelta, "PT24H", "P1D"),
        (Loose, "RED", "red"),
    ],
)
def test_a_key_in_another_spelling(annotation, text, written):
    """A key that would be written differently is an error that has both spellings and the name."""
    told = refused(keyed(annotation), {"id": {"S": text}})
    assert told.startswith(f"the key {text!r} would be written as {written!r}, ")
    assert told.endswith(" - at Keyed.id")
    assert to_item(from_item(keyed(annotation), {"id": {"S": text}})) == {"id": {"S": written}}
    assert copied(keyed(annotation), {"id": {"S": written}}) == {"id": {"S": written}}


@pytest.mark.parametrize("text", ["1", "1.0", "1e0", "100E-2", "0.01e2"])
@pytest.mark.parametrize("annotation", [int, float, Decimal, int | float])
def test_a_number_is_one_key_in_every_spelling(annotation, text):
    """DynamoDB knows 1, 1.0 and 1e0 as one key, so that each may be written as 1."""
    assert copied(keyed(annotation), {"id": {"N": text}}) == {"id": {"N": "1"}}


@pytest.mark.parametrize("text", ["0.10000000000000001", "9007199254740993", "1234567890123456.78"])
def test_a_float_key_of_many_digits(text):
    """A key that no float holds is an error that has both numbers, and says Decimal."""
    told = refused(keyed(float), {"id": {"N": text}})
    assert told.startswith(f"{text} would be written as {float(text)!r}, ")
    assert "Decimal" in told
    assert told.endswith(" - at Keyed.id")
    assert copied(keyed(Decimal), {"id": {"N": text}}) == {"id": {"N": text}}
    assert from_item(keyed(float), {"id": {"N": text}}).id == float(text)


LONG = "1234567890123456.789012"
NANOSECONDS = f"{DATE}.123456789Z"


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (float, {"N": LONG}, f"{LONG} would be written as 1234567890123456.8, "),
        (float | None, {"N": LONG}, f"{LONG} would be written as 1234567890123456.8, "),
        (int | float, {"N": LONG}, f"{LONG} would be written as 1234567890123456.8, "),
        (dt.datetime, {"S": NANOSECONDS}, f"{NANOSECONDS} would be written as {DATE}.123457Z, "),
        (dt.time, {"S": "12:00:00.0000001"}, "12:00:00.0000001 would be written as 12:00:00, "),
        (dt.timedelta, {"S": "PT0.0000001S"}, "PT0.0000001S would be written as P0D, "),
    ],
)
def test_digits_that_would_be_lost(annotation, value, told):
    """A value that would lose digits is an error with its place, wherever in an item it is."""
    item = {"id": {"S": "a"}}
    for model, wrapped, place in (
        (holder(annotation), value, "value"),
        (holder(list[annotation]), {"L": [value]}, "value[0]"),
        (holder(dict[str, annotation]), {"M": {"a": value}}, "value[...]"),
        (holder(defstruct("Inner", [("x", annotation)])), {"M": {"x": value}}, "value.x"),
    ):
        found = refused(model, {**item, "value": wrapped})
        assert found.startswith(told)
        assert "msgspec.Raw" in found
        assert found.endswith(f" - at Holder.{place}")
        assert copied(holder(Raw), {**item, "value": wrapped})["value"] == wrapped
        from_item(model, {**item, "value": wrapped})


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (set[float], {"NS": ["1", LONG]}),
        (set[dt.datetime], {"SS": [NANOSECONDS]}),
        (dict[float, int], {"M": {LONG: {"N": "1"}}}),
        (dict[dt.datetime, int], {"M": {NANOSECONDS: {"N": "1"}}}),
    ],
)
def test_digits_that_would_be_lost_in_sets_and_keys(annotation, value):
    """So is a member of a set, and the key of a map."""
    told = refused(holder(annotation), {"id": {"S": "a"}, "value": value})
    assert "would be written as" in told
    assert " - at Holder.value" in told


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (set[float], {"NS": ["0.1", "0.10000000000000001"]}, "0.1 and 0.10000000000000001"),
        (frozenset[dt.datetime], {"SS": [f"{DATE}Z", f"{DATE}+00:00"]}, f"{DATE}Z and {DATE}+00"),
        (set[UUID], {"SS": [ONE, OTHER]}, f"{ONE} and {OTHER}"),
        (set[Loose], {"SS": ["red", "RED"]}, "red and RED"),
        (set[int | str], {"L": [{"N": "1"}, {"N": "1.0"}]}, '{"N":"1"} and {"N":"1.0"}'),
        (dict[UUID, int], {"M": {ONE: {"N": "1"}, OTHER: {"N": "2"}}}, f"{ONE} and {OTHER}"),
        (dict[float, int], {"M": {"1": {"N": "1"}, "1.0": {"N": "2"}}}, "1 and 1.0"),
        (dict[int, int], {"M": {"0": {"N": "1"}, "-0": {"N": "2"}}}, "0 and -0"),
    ],
)
def test_two_that_are_read_as_one(annotation, value, told):
    """Members of a set, or keys of a map, that would be one are an error that names both."""
    model = holder(annotation)
    with pytest.raises(ItemError) as caught:
        from_item(model, {"value": value})
    assert str(caught.value).startswith(f"{told}")
    assert " are read as one " in str(caught.value)
    assert caught.value.path == "Holder.value"
    with pytest.raises(ItemError):
        copied(model, {"id": {"S": "a"}, "value": value})


def test_maps_keep_their_entries_in_order():
    """Keys that are no plain text belong to their values still."""
    value = {"M": {"3": {"N": "30"}, "1": {"N": "10"}, "2": {"N": "20"}}}
    assert from_item(holder(dict[int, int]), {"value": value}).value == {3: 30, 1: 10, 2: 20}


def test_a_key_that_is_no_text_of_its_type():
    """What is no key of the map's type is told without the key."""
    with pytest.raises(ItemError, match=r"^Invalid UUID - at Holder\.value\nSee "):
        from_item(holder(dict[UUID, int]), {"value": {"M": {"secret": {"N": "1"}}}})


class Shouting(Struct):
    """A model that changes its own key."""

    number: Annotated[int, SortKey()]
    id: Annotated[str, PartitionKey()]

    def __post_init__(self) -> None:
        self.id = self.id.lower()
        self.number = abs(self.number)


@pytest.mark.parametrize(("text", "number"), [("A", "1.0"), ("a", "-1.0")])
def test_a_model_that_changes_its_key(text, number):
    """A key that `__post_init__` changes could become another item's, and so is an error."""
    told = refused(Shouting, {"id": {"S": text}, "number": {"N": number}})
    assert "which can be the key of another item" in told
    assert told.endswith(" - at Shouting.number" if text == "a" else " - at Shouting.id")
    kept = {"id": {"S": "a"}, "number": {"N": "1"}}
    assert copied(Shouting, {**kept, "number": {"N": "1.0"}}) == kept


@table("events")
class Event(Struct):
    id: Annotated[str, PartitionKey()]
    at: Annotated[dt.datetime | None, PartitionKey(index="by-at")] = None
    seen: dt.datetime | None = None


@table("pictures", indexes=[VectorIndex("by-look", dimensions=2)])
class Picture(Struct):
    id: Annotated[str, PartitionKey()]
    look: Annotated[list[float] | None, Vector(index="by-look")] = None

    def __post_init__(self) -> None:
        """Stay as it is."""


def test_a_vector_is_no_key():
    """It may be spelled in another way by what a model makes of it, and be missing or NULL."""
    there = {"id": {"S": "a"}, "look": {"L": [{"N": "1"}, {"N": "2.50"}]}}
    assert copied(Picture, there)["look"] == {"L": [{"N": "1.0"}, {"N": "2.5"}]}
    assert copied(Picture, {"id": {"S": "a"}, "look": {"NULL": True}}) == {"id": {"S": "a"}}


def test_keys_of_indexes():
    """An index key keeps its spelling too; where it is missing or NULL, there is none."""
    assert refused(Event, {"id": {"S": "a"}, "at": {"S": f"{DATE}Z"}}).endswith(" - at events.at")
    kept = {"id": {"S": "a"}, "seen": {"S": f"{DATE}Z"}}
    assert copied(Event, kept) == kept
    assert copied(Event, {**kept, "at": {"NULL": True}}) == kept
    late = {**kept, "at": {"S": f"{DATE}.000000Z"}}
    assert copied(Event, late) == late


@pytest.mark.parametrize("side", ["source_spec", "target_spec"])
def test_keys_that_only_the_table_knows(side):
    """An attribute that is a key of the source's or the target's table is one without a marker."""
    by_seen = IndexSpec("by-seen", (KeyAttribute("seen", "S"),))
    spec = TableSpec("events", KeyAttribute("id", "S"), indexes=(by_seen,))
    specs = {"source_spec": spec, "target_spec": None}
    if side == "target_spec":
        specs = {"source_spec": None, "target_spec": spec}
    convert = converter(Event, Event, specs["target_spec"], same, source_spec=specs["source_spec"])
    raw = json.dumps({"id": {"S": "a"}, "seen": {"S": f"{DATE}+00:00"}}).encode()
    with pytest.raises(ItemError, match=r" - at events\.seen\nSee "):
        convert(raw)
    good = json.dumps({"id": {"S": "a"}, "seen": {"S": f"{DATE}Z"}}).encode()
    assert json.loads(convert(good)[0]) == json.loads(good)


@pytest.mark.parametrize(("text", "kept"), [("15", "15"), ("1.5e1", "15"), ("15.5", None)])
def test_time_to_live(text, kept):
    """Whole seconds stay what they are; a fraction, which would be rounded, is an error."""
    item = {"pk": {"S": "a"}, "until": {"N": text}}
    if kept is None:
        told = "15.5 would be rounded up: declare the field as Decimal or msgspec.Raw"
        assert refused(Expiring, item) == f"{told} - at Expiring.until"
    else:
        assert copied(Expiring, item)["until"] == {"N": kept}


class Expiring(Struct):
    pk: Annotated[str, PartitionKey()]
    until: Annotated[dt.datetime, TimeToLive()]


class User(Struct):
    """A model with defaults everywhere."""

    pk: Annotated[str, PartitionKey()]
    gsi: Annotated[str | None, PartitionKey(index="gsi")] = None
    name: str = ""
    expires: Annotated[int | None, TimeToLive()] = None


class TaggedUser(Struct, tag="user", tag_field="kind"):
    pk: Annotated[str, PartitionKey()]
    name: str = ""


class PatternUser(Struct):
    pk: Annotated[str, PartitionKey(), Meta(pattern="^USER#")]
    name: str = ""


class LeanUser(Struct, omit_defaults=True):
    pk: Annotated[str, PartitionKey()]
    name: str = ""


ORDER = {"pk": {"S": "ORDER#1"}, "gsi": {"S": "x"}, "total": {"N": "5"}, "expires": {"N": "1"}}
KIND = (
    "the item has no attribute of User but the keys, and has total: it is an item of another kind"
)


@pytest.mark.parametrize("unmodelled", ["keep", "drop", "error"])
def test_an_item_of_another_kind(unmodelled):
    """Where a table has items of several kinds, those of another kind do not become this one."""
    told = refused(User, ORDER, unmodelled=unmodelled)
    if unmodelled != "error":
        assert told == f"{KIND} - at User"
    kept = {"pk": {"S": "USER#1"}, "name": {"S": "Ada"}, "more": {"N": "1"}}
    assert copied(User, kept, unmodelled="keep").items() >= kept.items()
    bare = {"pk": {"S": "USER#1"}}
    assert copied(User, bare, unmodelled=unmodelled).items() >= bare.items()


def test_an_item_of_another_kind_by_its_tag():
    """A model with a tag takes only items with that tag, and none without."""
    kept = {"kind": {"S": "user"}, "pk": {"S": "1"}, "name": {"S": "Ada"}}
    assert copied(TaggedUser, kept) == kept
    for kind in ({"kind": {"S": "order"}}, {}):
        for unmodelled in ("keep", "drop", "error"):
            item = {"pk": {"S": "1"}, "name": {"S": "Ada"}, **kind}
            assert refused(TaggedUser, item, unmodelled=unmodelled).endswith(".kind")


def test_an_item_of_another_kind_by_its_key():
    """A pattern on the key tells kinds apart."""
    assert refused(PatternUser, ORDER).endswith(" - at PatternUser.pk")


def test_an_item_without_defaults_is_of_the_kind():
    """A model that omits defaults, and one of keys only, take items that have nothing else."""
    bare = {"pk": {"S": "1"}, "more": {"N": "1"}}
    assert copied(LeanUser, bare) == bare
    assert copied(defstruct("Keys", [("pk", Annotated[str, PartitionKey()])]), bare) == bare


def test_raw_keeps_its_bytes():
    """A field of type Raw is written as the very bytes that were read."""
    raw = b'{"id":{"S":"a"},"value":{"N":"1.50E+1"}}'
    model = holder(Raw)
    assert converter(model, model, None, same)(raw) == [raw]
