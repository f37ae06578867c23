"""From Structs to specs: what the markers say, and every reason why a model cannot be a table."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime
import decimal
import enum
import pickle
import sys
import types
import uuid
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NewType,
    Optional,
    TypeVar,
    Union,
)

import msgspec
import pytest
from aids import strategies
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct, field, json

from dynamorm import (
    KEYS_ONLY,
    Include,
    Index,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    SortKey,
    TableSpec,
    TimeToLive,
    WarmThroughput,
    from_item,
    requests,
    table,
    table_spec,
    to_item,
)
from dynamorm.model import table_name

MSGSPEC = tuple(map(int, msgspec.__version__.split(".")[:2]))

T = TypeVar("T")

NO_KEY_TYPE = (
    "a key must be of one type: str, a number, bytes, or one that msgspec writes as a string; "
    "got {} - at {}"
)
NO_INDEX_KEY = (
    "index 'lost' has no key: mark fields with PartitionKey(index='lost') or "
    "SortKey(index='lost') - at Wrong"
)

CustomerId = NewType("CustomerId", str)
Id = Annotated[str, PartitionKey()]


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Ratio(enum.Enum):
    HALF = 0.5


class Mixed(enum.Enum):
    ONE = 1
    TWO = "two"


class Empty(enum.Enum):
    pass


class Text(str):
    __slots__ = ()


@table("orders", indexes=[Index("by-status", projection=Include("total"))])
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    created: Annotated[str, SortKey(index="by-status"), SortKey(index="by-date")]
    total: int
    expires: Annotated[int | None, TimeToLive()] = None


def problems(model: Any, **given: Any) -> tuple[str, ...]:
    with pytest.raises(ModelError) as caught:
        table_spec(model, **{"name": "orders", **given})
    return caught.value.problems


def keyed(kind: Any, *markers: Any, **settings: Any) -> type[Struct]:
    """A Struct with a good partition key, and a marked field of this type."""
    return defstruct(
        "Keyed",
        [("id", Annotated[str, PartitionKey()]), ("key", Annotated[(kind, *markers)])],
        **settings,
    )


@pytest.fixture
def module(monkeypatch):
    """Make a module of source code, as an import would."""

    def make(source: str, first: str = "") -> Any:
        made = types.ModuleType("models_of_a_test")
        monkeypatch.setitem(sys.modules, made.__name__, made)
        imports = (
            "from typing import Annotated, ClassVar, NewType",
            "from msgspec import Struct",
            "from dynamorm import PartitionKey, SortKey, table",
        )
        code = compile("\n".join((first, *imports, source)), made.__name__, "exec", 0, True)
        exec(code, vars(made))
        return made

    return make


def test_design():
    """Markers, indexes of both kinds, a projection and a time to live make one spec."""
    assert table_spec(Order) == TableSpec(
        "orders",
        KeyAttribute("customer", "S"),
        KeyAttribute("number", "N"),
        (
            IndexSpec(
                "by-status",
                (KeyAttribute("status", "S"),),
                (KeyAttribute("created", "S"),),
                Include("total"),
            ),
            IndexSpec("by-date", (), (KeyAttribute("created", "S"),)),
        ),
        "expires",
    )


@given(strategies.models())
def test_models_say_what_specs_say(generated):
    """Every table that can be written as a spec can be written as a Struct, and is the same."""
    model, spec = generated
    found = table_spec(model)
    order = {index.name: index for index in found.indexes}
    assert order == {index.name: index for index in spec.indexes}
    assert found.named(spec.name) == TableSpec(
        **{name: getattr(spec, name) for name in spec.__struct_fields__}
        | {"indexes": found.indexes}
    )


@pytest.mark.parametrize(
    ("kind", "letter"),
    [
        (str, "S"),
        (datetime.datetime, "S"),
        (datetime.date, "S"),
        (datetime.time, "S"),
        (datetime.timedelta, "S"),
        (uuid.UUID, "S"),
        (Colour, "S"),
        (Literal["a", "b"], "S"),
        (Literal[Colour.RED], "S"),
        (CustomerId, "S"),
        (Union[str, uuid.UUID], "S"),  # noqa: UP007 - another class than str | UUID has
        (Annotated[str, Meta(min_length=1)], "S"),
        (Final[str], "S"),
        (int, "N"),
        (float, "N"),
        (decimal.Decimal, "N"),
        (Level, "N"),
        (Literal[1, 2], "N"),
        (int | float, "N"),
        (bytes, "B"),
        (bytearray, "B"),
        (memoryview, "B"),
    ],
)
def test_key_types(kind, letter):
    """A key's type in the table is how msgspec writes the field's."""
    assert table_spec(keyed(kind, SortKey()), name="orders").sort_key == KeyAttribute("key", letter)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (bool, "bool"),
        (Any, "Any"),
        (object, "object"),
        (list[int], "list[int]"),
        (dict[str, int], "dict[str, int]"),
        (tuple[int, ...], "tuple[int, Ellipsis]"),
        (Order, "Order"),
        (Raw, "Raw"),
        (Text, "Text"),
        (Ratio, "Ratio"),
        (Mixed, "Mixed"),
        (Empty, "Empty"),
        (T, "T"),
        (None, "nothing"),
        (Literal[True], "bool"),
        (Literal["a", 1], "a number | a string"),
        (str | int, "a number | a string"),
        (bytes | str, "a string | bytes"),
        (str | list[int], "a string | list[int]"),
    ],
)
def test_no_key_types(kind, found):
    """What msgspec writes in several ways, or as no string, number or bytes, is no key."""
    (problem,) = problems(keyed(kind, SortKey(index="by-key"), PartitionKey(index="by-key")))[:1]
    assert problem == NO_KEY_TYPE.format(found, "Keyed.key")


@pytest.mark.parametrize(
    "kind",
    [
        str | None,
        Optional[str],  # noqa: UP045 - another class than str | None has
        str | UnsetType,
        Literal["a", None],
    ],
    ids=str,
)
def test_optional_keys(kind):
    """A key can be optional where it is an index's, which then has not every item."""
    model = keyed(kind, PartitionKey(index="by-key"))
    (index,) = table_spec(model, name="orders").indexes
    assert index.partition_key == (KeyAttribute("key", "S"),)
    (problem,) = problems(keyed(kind, SortKey(), PartitionKey(index="by-key")))
    assert problem == ("the table's own key cannot be optional, only an index's can - at Keyed.key")


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[str, SortKey(index="by-key")] | None,
        Annotated[Annotated[str, SortKey(index="by-key")] | None, Meta()],
        Annotated[Annotated[str, Meta(min_length=1)], SortKey(index="by-key")],
    ],
)
def test_markers_anywhere(kind):
    """`Annotated` may be inside a union, around it, and around another `Annotated`."""
    model = defstruct(
        "Nested",
        [("id", Annotated[str, PartitionKey()]), ("at", Annotated[int, SortKey()]), ("key", kind)],
    )
    (index,) = table_spec(model, name="orders").indexes
    assert index == IndexSpec("by-key", sort_key=(KeyAttribute("key", "S"),))


def test_several_markers():
    """One field can be the key of the table and of any number of indexes."""
    model = defstruct(
        "Busy",
        [
            ("id", Annotated[str, PartitionKey(), SortKey(index="by-kind")]),
            ("kind", Annotated[str, SortKey(), PartitionKey(index="by-kind")]),
        ],
    )
    spec = table_spec(model, name="orders")
    kind, key = KeyAttribute("kind", "S"), KeyAttribute("id", "S")
    assert spec.key == (key, kind)
    assert spec.indexes == (IndexSpec("by-kind", (kind,), (key,)),)


def test_renamed_fields():
    """Keys, projections and time to live have the names that msgspec encodes."""

    @table("orders", indexes=[Index("by-kind", projection=Include("unit_price", "id"))])
    class Renamed(Struct, rename="camel"):
        customer_id: Annotated[str, PartitionKey()]
        item_kind: Annotated[str, PartitionKey(index="by-kind")]
        unit_price: int
        expires_at: Annotated[int, TimeToLive()]
        id: Annotated[int, SortKey()] = field(name="#")

    spec = table_spec(Renamed)
    assert [part.name for part in spec.key] == ["customerId", "#"]
    assert spec.indexes[0].partition_key == (KeyAttribute("itemKind", "S"),)
    assert spec.indexes[0].projection == Include("unitPrice", "#")
    assert spec.time_to_live == "expiresAt"


def test_include_takes_field_names():
    """An encoded name is no field name: the error lists the fields."""
    model = keyed(str, PartitionKey(index="by-key"), rename="upper")
    (problem,) = problems(model, indexes=[Index("by-key", Include("ID", "key"))])
    assert problem == (
        "Include names 'ID', which is not a field: the fields are id, key - at Keyed, index by-key"
    )


@pytest.mark.parametrize(
    ("count", "problem"),
    [(0, "Include() names no field"), (21, "Include names 21 fields; the most is 20")],
)
def test_include_counts(count, problem):
    """Include of no field, or of more than 20, is refused."""
    fields = [f"field_{n}" for n in range(count)]
    model = defstruct(
        "Wide", [("id", Annotated[str, PartitionKey(), PartitionKey(index="by-id")]), *fields]
    )
    (found,) = problems(model, indexes=[Index("by-id", Include(*fields))])
    assert found.startswith(problem)
    assert found.endswith(" - at orders.by-id")


def test_include_counts_in_sum():
    """More than 100 included fields over all indexes are refused."""
    fields = [f"field_{n}" for n in range(17)]
    marked = Annotated[(str, PartitionKey(), *(PartitionKey(index=f"by-{n}") for n in range(6)))]
    model = defstruct("Wide", [("id", marked), *fields])
    (found,) = problems(model, indexes=[Index(f"by-{n}", Include(*fields)) for n in range(6)])
    assert found.startswith("102 included attributes over all indexes; the most is 100")


def test_index_options():
    """What `Index` says gets into the spec; an index that is not listed projects ALL."""
    model = defstruct(
        "Indexed",
        [
            ("id", Annotated[str, PartitionKey()]),
            ("a", Annotated[str, PartitionKey(index="by-a")]),
            ("b", Annotated[str, PartitionKey(index="by-b")]),
        ],
    )
    listed = Index("by-b", KEYS_ONLY, on_demand=OnDemand(5), warm=WarmThroughput(12000, 4000))
    first, second = table_spec(model, name="orders", indexes=[listed]).indexes
    assert first == IndexSpec("by-a", (KeyAttribute("a", "S"),))
    assert (second.projection, second.on_demand, second.warm) == (
        KEYS_ONLY,
        OnDemand(5),
        WarmThroughput(12000, 4000),
    )


@pytest.mark.parametrize(
    ("markers", "order"),
    [
        ([{}, {}, {}], "abc"),
        ([{"position": 3}, {"position": 1}, {"position": 2}], "bca"),
        ([{"position": 0}, {"position": -1}, {"position": 10}], "bac"),
    ],
)
@pytest.mark.parametrize("kind", [PartitionKey, SortKey])
def test_multi_attribute_keys(markers, order, kind):
    """Several markers of one kind are one key, in field order or in that of the positions."""
    parts = [
        (name, Annotated[str, kind(index="by-all", **given)])
        for name, given in zip("abc", markers, strict=True)
    ]
    other = SortKey if kind is PartitionKey else PartitionKey
    model = defstruct(
        "Parted", [("id", Annotated[str, PartitionKey(), other(index="by-all")]), *parts]
    )
    (index,) = table_spec(model, name="orders").indexes
    key = index.partition_key if kind is PartitionKey else index.sort_key
    assert "".join(part.name for part in key) == order


@pytest.mark.parametrize("positions", [(1, None), (1, 1), (None, 0)])
def test_positions_of_their_own(positions):
    """Positions are given to every part of a key, each another, or to none."""
    parts = [
        (name, Annotated[str, PartitionKey(index="by-all", position=position)])
        for name, position in zip("ab", positions, strict=True)
    ]
    model = defstruct("Parted", [("id", Annotated[str, PartitionKey()]), *parts])
    (problem,) = problems(model)
    assert problem == (
        "give every PartitionKey of index 'by-all' a position of its own, or none "
        "- at Parted.a, Parted.b"
    )


@pytest.mark.parametrize("kind", [PartitionKey, SortKey])
def test_no_position_in_the_tables_own_key(kind):
    """It would order nothing there, and so is a mistake: it was meant for an index's key."""
    (problem,) = problems(
        defstruct(
            "Placed",
            [
                ("id", Annotated[str, PartitionKey(position=0 if kind is PartitionKey else None)]),
                ("at", Annotated[int, SortKey(position=2 if kind is SortKey else None)]),
            ],
        )
    )
    field = "id" if kind is PartitionKey else "at"
    assert problem == (
        "position= orders the parts of an index's key: the table's own has one "
        f"{kind.__name__}, so leave it out - at Placed.{field}"
    )


@pytest.mark.parametrize("given", [{"index": 5}, {"position": "1"}, {"position": True}])
@pytest.mark.parametrize("kind", [PartitionKey, SortKey])
def test_markers_check_their_arguments(kind, given):
    """A marker that cannot mean anything is a TypeError where it is written."""
    with pytest.raises(TypeError, match="takes"):
        kind(**given)


@pytest.mark.parametrize("kind", [PartitionKey, SortKey])
def test_an_index_is_named_by_keyword(kind):
    """A name without its keyword is answered with what to write."""
    with pytest.raises(TypeError, match=rf"write {kind.__name__}\(index='by-status'\)"):
        kind("by-status")
    assert repr(kind()) == f"{kind.__name__}()"


def test_a_time_to_live_takes_nothing():
    """An argument of the marker that has none is answered with what to write."""
    with pytest.raises(TypeError, match=r"mark the field with TimeToLive\(\)"):
        TimeToLive("expires")
    assert TimeToLive() == TimeToLive()


@pytest.mark.parametrize(
    ("kind", "default", "written"),
    [
        (str, PartitionKey(), "PartitionKey()"),
        (str, PartitionKey(index="by-x"), "PartitionKey(index='by-x')"),
        (str, PartitionKey, "PartitionKey()"),
        (int, TimeToLive(), "TimeToLive()"),
    ],
)
def test_a_marker_is_no_default(kind, default, written):
    """`id: str = PartitionKey()` is answered with the annotation to write."""
    key = ("id", Annotated[str, PartitionKey()])
    model = defstruct("Plain", [key, ("field", kind, default)])
    assert problems(model)[0] == (
        f"a marker is no default, no type and no part of one: write field: Annotated[str, "
        f"{written}], or another type in place of str - at Plain.field"
    )


@pytest.mark.parametrize(
    "kind",
    [
        list[Annotated[str, PartitionKey(index="by-x")]],
        dict[str, list[Annotated[str, PartitionKey(index="by-x")] | None]] | None,
        tuple[Annotated[str, PartitionKey], ...],
    ],
)
def test_a_marker_inside_another_type_is_refused(kind):
    """It would mark nothing: the table would be made without the index."""
    model = defstruct("Plain", [("id", Annotated[str, PartitionKey()]), ("field", kind)])
    (problem,) = problems(model)
    assert problem.startswith("a marker is no default, no type and no part of one: write field: ")


def test_a_misplaced_marker_is_one_problem():
    """A marker in the wrong place still says what the field is: nothing follows from it."""
    assert len(problems(defstruct("Plain", [("id", str, PartitionKey())]))) == 1


def test_a_marker_is_no_type():
    """A marker in place of a type is answered with the annotation to write."""
    found = problems(defstruct("Plain", [("id", PartitionKey)]))
    assert "write id: Annotated[str, PartitionKey()]" in found[0]


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Annotated itself refuses a marker in place of a type"
)
def test_a_marker_is_not_annotated_with_a_type():
    """A marker and a type in each other's places are answered with the annotation to write."""
    found = problems(defstruct("Plain", [("id", Annotated[PartitionKey(), str])]))
    assert "write id: Annotated[str, PartitionKey()]" in found[0]


def test_every_problem_at_once():
    """A model's problems, its options' and its table's come in one error, each with its place."""

    @table(
        "!", indexes=[Index("lost"), Index("lost"), "by-x"], table_class="ALL", billing=OnDemand(1)
    )
    class Wrong(Struct):
        first: Annotated[list[str], SortKey(), SortKey(index="by-x")]
        second: Annotated[str | None, SortKey()]
        third: Annotated[str, TimeToLive()]
        fourth: Annotated[int, TimeToLive()]
        fifth: Annotated[int, PartitionKey]

    with pytest.raises(ModelError) as caught:
        table_spec(Wrong)
    expected = (
        "PartitionKey needs parentheses: write PartitionKey() - at Wrong.fifth",
        NO_KEY_TYPE.format("list[str]", "Wrong.first"),
        "the table's own key cannot be optional, only an index's can - at Wrong.second",
        "no partition key: mark one field with PartitionKey() - at Wrong",
        "2 fields are SortKey(), first, second: a table has one - at Wrong",
        NO_INDEX_KEY,
        "indexes= lists 'lost' twice - at Wrong",
        NO_INDEX_KEY,
        "indexes= takes Index(\"name\", ...), not 'by-x' - at Wrong",
        "a TTL field must be a number, in seconds since the epoch, or a datetime - at Wrong.third",
        "2 TTL fields, third, fourth: a table has one - at Wrong",
        "table name '!' must have 3 to 255 letters, digits, '_', '-' or '.' - at !",
        'table_class takes "STANDARD" or "STANDARD_INFREQUENT_ACCESS", not \'ALL\' - at !',
    )
    assert caught.value.problems == expected
    assert caught.value.text == "13 problems:\n- " + "\n- ".join(expected)


def test_one_problem():
    """A single problem is the whole message."""
    with pytest.raises(ModelError) as caught:
        table_spec(defstruct("Keyless", ["id"]), name="orders")
    (problem,) = caught.value.problems
    assert caught.value.text == problem
    assert problem == "no partition key: mark one field with PartitionKey() - at Keyless"


def test_pickled_problems():
    """A ModelError comes out of a process as it went in."""
    with pytest.raises(ModelError) as caught:
        table_spec(defstruct("Keyless", ["id"]), name="!")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)


@pytest.mark.parametrize("count", [2, 3])
def test_one_partition_key(count):
    """A table has one partition key."""
    fields = [(f"id{n}", Annotated[str, PartitionKey(position=n)]) for n in range(count)]
    (problem,) = problems(defstruct("Many", fields))
    assert problem.startswith(f"{count} fields are PartitionKey(), id0, id1")


def test_local_index_without_sort_key():
    """A sort key alone on an index means a local one, which such a table cannot have."""
    (problem,) = problems(keyed(str, SortKey(index="by-key")))
    assert problem == (
        "a local index needs a table with a sort key: mark one with SortKey(), "
        "or give this index a PartitionKey of its own - at orders.by-key"
    )


def test_long_attribute_names():
    """An encoded name that the service would not take for a key is refused."""
    (problem,) = problems(keyed(str, SortKey(), rename={"key": "k" * 256}))
    assert "must have 1 to 255 bytes of UTF-8" in problem


def test_throughput_and_billing():
    """An index's capacity has to go with the table's billing, wherever that is given."""
    model = keyed(str, PartitionKey(index="by-key"))
    indexes = [Index("by-key", throughput=Provisioned(1, 1))]
    (problem,) = problems(model, indexes=indexes)
    assert problem.startswith("throughput on an on-demand table")
    spec = table_spec(model, name="orders", indexes=indexes, billing=Provisioned(5, 5))
    assert spec.indexes[0].throughput == Provisioned(1, 1)


def test_inherited_declaration():
    """A subclass is the same table with its own fields as well."""

    class Special(Order):
        extra_key: Annotated[str, PartitionKey(index="by-extra")] = ""

    spec = table_spec(Special)
    assert spec.name == "orders"
    assert [index.name for index in spec.indexes] == ["by-status", "by-date", "by-extra"]
    assert [index.name for index in table_spec(Order).indexes] == ["by-status", "by-date"]


def test_declared_again():
    """A subclass can be another table; its base stays the one that it was."""

    @table("archive", stream=None)
    class Archived(Order):
        pass

    spec = table_spec(Archived)
    assert (spec.name, spec.stream) == ("archive", None)
    assert spec.indexes[0].projection == Include("total")
    assert (table_spec(Order).name, table_spec(Order).stream) == ("orders", UNSET)


def test_a_class_is_one_table():
    """A second `@table` on a class raises, says what to write, and leaves the class as it was."""
    before = table_spec(Order)
    again = table("staging", stream=None)
    with pytest.raises(ModelError, match=r"table_spec\(Order, name='staging'\)") as caught:
        again(Order)
    (problem,) = caught.value.problems
    assert problem == (
        "Order is the table 'orders' already: for another table of the same class use "
        "table_spec(Order, name='staging') - at Order"
    )
    assert table_spec(Order) is before
    assert table_name(Order) == "orders"
    staging = table_spec(Order, name="staging")
    assert (staging.name, staging.model) == ("staging", Order)


@table(
    "users",
    indexes=[Index("by-name", KEYS_ONLY), Index("by-age", Include("name"))],
    deletion_protection=True,
    stream="NEW_IMAGE",
    point_in_time_recovery=True,
    tags={"team": "shop"},
)
class User(Struct):
    id: Annotated[str, PartitionKey()]
    name: Annotated[str, PartitionKey(index="by-name")]
    age: Annotated[int, PartitionKey(index="by-age")]


class Between(User):
    email: Annotated[str, PartitionKey(index="by-email")] = ""


def test_a_subclass_inherits_its_parents_options():
    """`@table` on a subclass loses nothing that its parents declare, over any number of levels."""

    @table("eu")
    class Eu(Between):
        pass

    inherited, parent = table_spec(Eu), table_spec(User)
    assert inherited.indexes[:2] == parent.indexes
    assert [index.name for index in inherited.indexes] == ["by-name", "by-age", "by-email"]
    for option in TableSpec.__struct_fields__:
        if option not in ("name", "indexes"):
            assert getattr(inherited, option) == getattr(parent, option)


def test_a_subclass_overrides_options_one_by_one():
    """An option of the subclass counts, `None`, `False` and UNSET included; indexes go by name."""

    @table("eu", stream=None, deletion_protection=False, tags={"team": "eu"})
    class Eu(Between):
        pass

    @table("de", indexes=[Index("by-age", KEYS_ONLY), Index("by-email", KEYS_ONLY)], tags=UNSET)
    class De(Eu):
        pass

    spec = table_spec(De)
    assert [(index.name, index.projection) for index in spec.indexes] == [
        ("by-name", KEYS_ONLY),
        ("by-age", KEYS_ONLY),
        ("by-email", KEYS_ONLY),
    ]
    assert (spec.stream, spec.deletion_protection, spec.tags) == (None, False, UNSET)
    assert spec.point_in_time_recovery is True
    assert table_spec(Eu).tags == {"team": "eu"}
    assert table_spec(User).stream == "NEW_IMAGE"


def test_the_nearest_parent_counts():
    """With several parents, options come in the order in which Python looks attributes up."""

    class Mixin(Struct):
        pass

    @table("archived", stream=None, encryption=None)
    class Archived(Struct):
        pass

    class Both(Mixin, Archived, User):
        pass

    spec = table_spec(Both)
    assert (spec.name, spec.stream, spec.encryption) == ("archived", None, None)
    assert (spec.tags, spec.indexes) == ({"team": "shop"}, table_spec(User).indexes)


def test_an_inherited_index_can_lose_its_markers():
    """A subclass that marks a field otherwise has fewer indexes; what is listed for them falls."""

    class Plain(User):
        age: int  # type: ignore[misc]  # as a model may: it is no key here

    @table("named")
    class Named(Plain):
        pass

    for model in (Plain, Named):
        assert [index.name for index in table_spec(model).indexes] == ["by-name"]


def test_a_wrong_index_of_a_parent_is_told():
    """What a parent lists wrongly is a problem of its subclasses as well."""

    @table("parents", indexes=["by-x"])
    class Parent(Struct):
        id: Annotated[str, PartitionKey()]

    @table("children")
    class Child(Parent):
        pass

    class Heir(Parent):
        pass

    for model in (Parent, Child, Heir):
        (problem,) = problems(model, name=None)
        assert problem.startswith("indexes= takes Index(\"name\", ...), not 'by-x'")


def test_a_generic_parent():
    """A version of a generic table inherits what the generic one declares."""

    @table("numbered")
    class Numbered(Page[int]):
        pass

    spec = table_spec(Numbered)
    assert (spec.name, spec.partition_key) == ("numbered", KeyAttribute("id", "N"))
    assert table_spec(Page[int], name="other").model == Page[int]


def test_a_spec_remembers_its_model():
    """The class stays known through every copy of the spec; it is neither compared nor encoded."""
    spec = table_spec(User, name="staging", stream=None)
    plain = TableSpec(**{name: getattr(spec, name) for name in spec.__struct_fields__})
    assert plain.model is None
    assert spec == plain
    assert json.encode(spec) == json.encode(plain)
    assert repr(spec) == repr(plain)
    for kept in (
        table_spec(User),
        spec,
        spec.named("other"),
        table_spec(spec, name="other", tags={}),
        pickle.loads(pickle.dumps(spec)),
        copy.copy(spec),
        copy.deepcopy(spec),
    ):
        assert kept.model is User
    assert copy.deepcopy(spec) == copy.copy(spec) == pickle.loads(pickle.dumps(spec)) == spec


def test_fields_from_a_plain_base():
    """Keys can be in a base that is no table, and a subclass can mark a field otherwise."""

    class Keys(Struct):
        id: Annotated[str, PartitionKey()]
        at: Annotated[int, SortKey()]

    @table("events")
    class Event(Keys):
        at: str  # type: ignore[assignment]  # as a model may: it is no key here

    assert table_spec(Event).key == (KeyAttribute("id", "S"),)


@table("pages")
class Page(Struct, Generic[T]):
    id: Annotated[T, PartitionKey()]
    body: list[T]


def test_generics():
    """A generic model is one table for each argument, and says so when it has none."""
    assert table_spec(Page[int]).partition_key == KeyAttribute("id", "N")
    assert table_spec(Page[str]).partition_key == KeyAttribute("id", "S")
    assert table_spec(Page[str], name="other").name == "other"
    assert problems(Page)[0].endswith("got T - at Page.id")
    assert problems(Page[list[datetime.date]])[0].endswith(
        "got list[date] - at Page[list[date]].id"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"frozen": True},
        {"tag": True},
        {"tag": "order", "tag_field": "kind"},
        {"kw_only": True},
        {"omit_defaults": True},
        {"eq": False},
        {"gc": False},
        {"forbid_unknown_fields": True},
    ],
    ids=str,
)
def test_struct_settings(settings):
    """How a Struct is made otherwise makes no other table of it."""
    model = keyed(str, SortKey(), **settings)
    assert table_spec(table("orders")(model)).key == (
        KeyAttribute("id", "S"),
        KeyAttribute("key", "S"),
    )


def test_class_variables():
    """What is no field of the Struct is no attribute, whatever it is annotated with."""

    class Counted(Struct):
        id: Annotated[str, PartitionKey()]
        made: ClassVar[Annotated[int, SortKey()]] = 0

    assert table_spec(Counted, name="counted").sort_key is None


FUTURE = "from __future__ import annotations"


@pytest.mark.parametrize("first", ["", FUTURE])
def test_forward_references(module, first):
    """A model is read when it is first used: what its fields name may come later in the module."""
    made = module(
        """
@table("orders")
class Order(Struct):
    id: "Annotated[Id, PartitionKey()]"
    lines: "list[Line]"

Id = NewType("Id", str)

class Line(Struct):
    number: int
""",
        first,
    )
    assert table_spec(made.Order).partition_key == KeyAttribute("id", "S")


@pytest.mark.parametrize("first", ["", FUTURE])
def test_unresolvable_references(module, first):
    """Every field whose annotation names what is not there is told, inherited ones too."""
    made = module(
        """
class Base(Struct):
    id: "Annotated[Id, PartitionKey()]"

@table("orders")
class Order(Base):
    kind: "str"
    lines: "list[Line]"
    made: "ClassVar[int]" = 1
""",
        first,
    )
    expected = {
        f"{name!r} cannot be found: define or import it at module level - at Order.{where}"
        for name, where in (("Id", "id"), ("Line", "lines"))
    }
    assert set(problems(made.Order)) == expected
    made.Id, made.Line = str, int
    assert table_spec(made.Order).name == "orders"


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("str[", "SyntaxError: "),
        ("types.Missing", "AttributeError: "),
        ("str | 'Later'", "TypeError: "),
        ("Annotated[str, PartitionKey(index=5)]", "TypeError: index= takes the name of an index"),
    ],
)
def test_annotations_that_raise(module, annotation, reason):
    """Nothing is read at class creation; an annotation that raises is a problem at its field."""
    made = module(
        f"""
import types

@table("orders")
class Order(Struct):
    id: Annotated[str, PartitionKey()]
    bad: {annotation!r}
""",
        FUTURE,
    )
    (problem,) = problems(made.Order)
    assert problem.startswith(f"its type cannot be read: {reason}")
    assert problem.endswith(" - at Order.bad")


def test_unreadable_model(module):
    """An error that no field alone makes is a problem of the model."""
    made = module(
        """
class Turn:
    count = 0
    def __class_getitem__(cls, item):
        cls.count += 1
        if cls.count == 1:
            raise ValueError("once")
        return str

@table("orders")
class Order(Struct):
    id: Turn[0]
""",
        FUTURE,
    )
    assert problems(made.Order) == ("its type cannot be read: ValueError: once - at Order",)


def test_nothing_is_read_at_class_creation(module):
    """Decorating evaluates no annotation, and reading happens once."""
    made = module(
        """
read = []
def Key():
    read.append(1)
    return str

@table("orders")
class Order(Struct):
    id: Annotated[Key(), PartitionKey()]
""",
        FUTURE,
    )
    assert made.read == []
    assert table_spec(made.Order) is table_spec(made.Order)
    assert made.read == [1]


def test_annotations_that_python_puts_off(module):
    """From Python 3.14 on, a name may be defined after the model that uses it, without quotes."""
    if sys.version_info < (3, 14) or MSGSPEC < (0, 22):
        pytest.skip("needs Python 3.14, and a msgspec that knows it")
    made = module(
        """
@table("orders")
class Order(Struct):
    id: Annotated[Id, PartitionKey()]
    line: Line
    before: Order | None = None

@table("broken")
class Broken(Struct):
    id: Annotated[str, PartitionKey()]
    lost: Annotated[Missing, SortKey()]

Id = str

class Line(Struct):
    count: int
"""
    )
    assert table_spec(made.Order).key == (KeyAttribute("id", "S"),)
    order = made.Order("b", made.Line(2), made.Order("a", made.Line(1)))
    assert from_item(made.Order, to_item(order)) == order
    (problem,) = problems(made.Broken)
    assert problem == (
        "'Missing' cannot be found: define or import it at module level - at Broken.lost"
    )


class TypeAliasType:
    """What typing has from Python 3.12 on, and typing_extensions before."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def __value__(self) -> Any:
        return self._value()

    def __getitem__(self, argument: Any) -> Any:
        return types.GenericAlias(self, argument)


def test_type_aliases_from_elsewhere():
    """An alias need not be Python's own; it is read as late, and may raise what it likes."""
    at, lost = TypeAliasType(lambda: Annotated[T, SortKey()]), TypeAliasType(lambda: 1 / 0)
    model = defstruct("Aliased", [("id", TypeAliasType(lambda: Id)), ("at", at[int])])
    assert table_spec(model, name="orders").key == (
        KeyAttribute("id", "S"),
        KeyAttribute("at", "N"),
    )
    (problem,) = problems(defstruct("Broken", [("id", Id), ("lost", lost)]))
    assert problem == (
        "its type cannot be read: ZeroDivisionError: division by zero - at Broken.lost"
    )


def test_type_aliases(module):
    """An alias with markers in it is as good as what it stands for, and is read as late."""
    if sys.version_info < (3, 12):
        pytest.skip("`type X = ...` is new in Python 3.12")
    made = module(
        """
type Id = Annotated[str, PartitionKey()]
type At[X] = Annotated[X, SortKey()]
type Lost = Annotated[Missing, SortKey(index="by-lost")]

@table("orders")
class Order[X](Struct):
    id: Id
    at: At[X]
    note: X

@table("lost")
class Broken(Struct):
    id: Id
    lost: Lost
"""
    )
    assert table_spec(made.Order[int]).sort_key == KeyAttribute("at", "N")
    (problem,) = problems(made.Broken)
    assert problem == (
        "'Missing' cannot be found: define or import it at module level - at Broken.lost"
    )


def test_type_parameters(module):
    """In a generic class of the new syntax, an annotation that fails is found all the same."""
    if sys.version_info < (3, 12):
        pytest.skip("`class X[T]` is new in Python 3.12")
    made = module(
        """
@table("orders")
class Order[X](Struct):
    id: "Annotated[X, PartitionKey()]"
    line: "Line"
"""
    )
    (problem,) = problems(made.Order[str])
    assert problem.startswith("'Line' cannot be found")
    assert problem.endswith(" - at Order[str].line")


def test_the_class_stays_as_it_is():
    """`@table` gives back the same class with one attribute more, which is its spec."""

    class Plain(Struct):
        id: Annotated[str, PartitionKey()]

    before = dict(vars(Plain))
    assert table("plain")(Plain) is Plain
    added = {name for name in vars(Plain) if name not in before}
    assert added == {"__table_spec__"}
    assert all(vars(Plain)[name] is value for name, value in before.items())
    assert Plain.__table_spec__ is table_spec(Plain)
    assert Plain("a").__table_spec__ is table_spec(Plain)


def test_overridden_declaration():
    """Name, indexes and options given to `table_spec` stand in place of the model's own."""
    spec = table_spec(Order, name="other", indexes=[Index("by-date", KEYS_ONLY)], stream=None)
    assert (spec.name, spec.stream) == ("other", None)
    assert [index.projection for index in spec.indexes] == ["ALL", "KEYS_ONLY"]
    assert table_spec(Order).name == "orders"


def test_an_option_can_be_undeclared():
    """UNSET takes back what the model declares."""

    @table("orders", stream="NEW_IMAGE", billing=OnDemand())
    class Streamed(Struct):
        id: Annotated[str, PartitionKey()]

    spec = table_spec(Streamed, stream=UNSET)
    assert (spec.stream, spec.billing) == (UNSET, OnDemand())


def test_specs_are_models():
    """A spec stands for itself; name and options can be given, indexes cannot."""
    spec = table_spec(Order)
    assert table_spec(spec) == spec
    assert table_spec(spec, name="other", stream=None).stream is None
    assert table_spec(spec, name="other") == spec.named("other")
    with pytest.raises(TypeError, match="a TableSpec has its own"):
        table_spec(spec, indexes=[])
    with pytest.raises(ModelError, match="table name '' must have"):
        table_spec(spec, name="")


def test_no_name():
    """A Struct that is declared nowhere needs a name."""
    with pytest.raises(ModelError) as caught:
        table_spec(keyed(int, SortKey()))
    assert caught.value.problems == (
        'no table name: decorate with @table("...") or pass name="..." - at Keyed',
    )


@dataclasses.dataclass
class Classic:
    id: str


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("orders", "the name 'orders': this needs the keys, which only a model says"),
        (int, "<class 'int'>"),
        (None, "None"),
        (5, "5"),
        (list[Order], "list["),
        (Order("a", 1, "b", "c", 2), "an instance of Order: pass the class"),
        ([Order, User], "a list: pass each model by itself, as in auto_migrate(A, B)"),
        ((Order,), "a tuple: pass each model by itself"),
        (Classic, "Classic'>: write class Classic(msgspec.Struct)"),
        (Classic("a"), "an instance of Classic: pass the class"),
    ],
    ids=str,
)
def test_no_model(model, advice):
    """What is neither a Struct class nor a spec is a TypeError that says what to write."""
    with pytest.raises(TypeError, match="expected a msgspec Struct class or a TableSpec") as caught:
        table_spec(model, name="orders")
    assert advice in str(caught.value)


def test_no_values_in_errors():
    """An instance in place of its class is named, and not shown: it may hold secrets."""
    with pytest.raises(TypeError) as caught:
        table_spec(Order("s3cr3t", 1, "b", "c", 2))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("indexes", ["by-x", Index("by-x"), 5])
def test_indexes_are_a_list(indexes):
    """One index in place of a list of them is a TypeError where it is written."""
    for call in (
        lambda: table("orders", indexes=indexes),
        lambda: table_spec(Order, indexes=indexes),
    ):
        with pytest.raises(TypeError, match="indexes= takes a list of Index"):
            call()


@pytest.mark.parametrize("subject", [int, 5, Classic, TableSpec("orders", KeyAttribute("id", "S"))])
def test_only_structs_are_tables(subject):
    """`@table` on anything but a Struct class is a TypeError."""
    with pytest.raises(TypeError, match="@table declares a msgspec Struct class"):
        table("orders")(subject)


def test_table_needs_a_name():
    """`@table` without its name is a TypeError that shows how to write it."""
    with pytest.raises(TypeError, match=r'write @table\("orders"\)'):
        table(Order)


def test_table_name():
    """A name is a name; a model gives its own unless another is given."""
    assert table_name("orders") == "orders"
    assert table_name("orders", name="other") == "other"
    assert table_name(Order) == "orders"
    assert table_name(Order, name="other") == "other"
    assert requests.describe_table(Order).table_name == "orders"


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "indexes",
                "billing",
                "stream",
                "encryption",
                "tags",
                "warm",
                "table_class",
                "deletion_protection",
                "extra",
            ]
        ),
        strategies.anything,
        min_size=1,
    )
)
def test_anything(values):
    """Whatever is thrown at `table_spec`, it ends in a spec, a ModelError or a TypeError."""
    for model in (Order, table_spec(Order)):
        with contextlib.suppress(ModelError, TypeError):
            assert isinstance(table_spec(model, **values), TableSpec)
