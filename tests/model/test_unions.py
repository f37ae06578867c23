"""Single-table design: a union of tagged Structs is one table, with the indexes of all."""

from __future__ import annotations

import pickle
from typing import Annotated, Union

import pytest
from aids.worlds import World
from msgspec import Struct, field
from typing_extensions import TypeAliasType

import dynamorm
from dynamorm import (
    Include,
    Index,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    PartitionKey,
    SortKey,
    TableSpec,
    TimeToLive,
    table,
    table_spec,
)

PK, SK = KeyAttribute("pk", "S"), KeyAttribute("sk", "S")


@table("app", indexes=[Index("by-status", projection=Include("total"))], stream="NEW_IMAGE")
class Order(Struct, tag=True):
    pk: Annotated[str, PartitionKey()]
    sk: Annotated[str, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    total: int


@table("app", indexes=[Index("by-status", projection=Include("name"))], tags={"team": "a"})
class Customer(Struct, tag=True):
    pk: Annotated[str, PartitionKey()]
    sk: Annotated[str, SortKey()]
    name: str
    status: Annotated[str | None, PartitionKey(index="by-status")] = None
    expires: Annotated[int | None, TimeToLive()] = None
    email: Annotated[str | None, SortKey(index="by-email")] = None


SPEC = TableSpec(
    "app",
    PK,
    SK,
    (
        IndexSpec("by-status", (KeyAttribute("status", "S"),), projection=Include("total", "name")),
        IndexSpec("by-email", (), (KeyAttribute("email", "S"),)),
    ),
    time_to_live="expires",
    stream="NEW_IMAGE",
    tags={"team": "a"},
)


def test_a_union_is_one_table_with_the_indexes_and_options_of_all():
    """What one model declares holds for the table; several `Include` project what all name."""
    assert table_spec(Order | Customer) == table_spec(Union[Order, Customer]) == SPEC  # noqa: UP007
    assert table_spec(Customer | Order, name="b", stream=None).stream is None
    spec = table_spec(Order | Customer)
    assert spec.model == pickle.loads(pickle.dumps(spec)).model == Order | Customer


def test_operations_take_a_union_in_place_of_a_model():
    """As it is, or as a spec that remembers it."""
    world = World()
    assert world.db.ensure_table(Order | Customer).created
    assert [one.created for one in world.db.auto_migrate(Order | Customer)] == [False]
    assert world.db.check(Order | Customer)
    assert not world.db.plan(table_spec(Order | Customer, name="app"))
    assert dynamorm.requests.describe_table(Order | Customer).table_name == "app"


def test_an_alias_stands_for_its_union():
    """`type Entity = Order | Customer`, as Python 3.12 has it."""
    assert table_spec(TypeAliasType("Entity", Order | Customer)) == SPEC


class Bare(Struct, tag="bare"):
    pk: Annotated[str, PartitionKey()]
    sk: Annotated[str, SortKey()]


class Number(Struct, tag="number"):
    pk: Annotated[int, PartitionKey()]
    status: str


class Unmarked(Bare, tag="unmarked"):
    status: str


class Twin(Bare, tag="Order"):
    pass


class Elsewhere(Bare, tag="else", tag_field="kind"):
    pass


class Untagged(Struct):
    pk: Annotated[str, PartitionKey()]


class Keyless(Struct, tag="keyless"):
    pk: Annotated[str | None, PartitionKey()]
    sk: Annotated[str, SortKey()]


@table("app", indexes=[Index("by-status", Include("name"), on_demand=OnDemand(max_read=1))])
class Capped(Bare, tag="capped"):
    status: Annotated[str, PartitionKey(index="by-status")]
    name: str


@table("other", stream=None, indexes=[Index("by-status")])
class Other(Struct, tag="other"):
    pk: Annotated[str, PartitionKey()]
    sk: Annotated[str, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]


@pytest.mark.parametrize(
    ("union", "problems"),
    [
        (Order | None, ["a union on one table takes Structs, not NoneType"]),
        (
            Order | Untagged,
            [
                (
                    "no attribute shows which model an item is of: write class Untagged(Struct, "
                    "tag=True) - at Untagged"
                )
            ],
        ),
        (Order | Twin, ["the tag 'Order' is also that of Order: give each its own - at Twin"]),
        (
            Order | Elsewhere,
            [
                (
                    "the tag must be in one attribute, not in 'kind', 'type': give all of them "
                    "one tag_field="
                )
            ],
        ),
        (
            Bare | Twin,
            [
                (
                    'no table name: decorate with @table("...") and one name, or pass name="..." '
                    "- at Bare | Twin"
                )
            ],
        ),
        (
            Order | Number,
            [
                "'pk' is S in Order, and N in Number: a key has one type - at Number.pk",
                "'sk' is missing: each model needs the table's key - at Number",
                (
                    "'status' is a key in another model: mark it here too, with "
                    "PartitionKey(index='by-status') - at Number.status"
                ),
            ],
        ),
        (
            Order | Keyless,
            ["the table's own key cannot be optional, only an index's can - at Order.pk"],
        ),
        (
            Order | Capped,
            [
                (
                    "index 'by-status' is declared differently in another model of the union "
                    "- at Capped"
                ),
            ],
        ),
        (
            Unmarked | Order,
            [
                (
                    "'status' is a key in another model: mark it here too, with "
                    "PartitionKey(index='by-status') - at Unmarked.status"
                ),
            ],
        ),
        (
            Order | Other,
            [
                (
                    "tables 'app' and 'other': decorate with @table(\"...\") and one name, or pass "
                    'name="..." - at Order | Other'
                ),
                (
                    "index 'by-status' is declared differently in another model of the union "
                    "- at Other"
                ),
                "stream is 'NEW_IMAGE' in another model, None here: use one value - at Other",
            ],
        ),
    ],
    ids=str,
)
def test_what_does_not_agree_is_told_all_at_once(union, problems):
    """Keys, types, indexes, options, names; and items that nothing would tell apart."""
    with pytest.raises(ModelError) as caught:
        table_spec(union)
    assert [p for p in problems if p not in caught.value.problems] == []


class Priced(Struct, tag="priced"):
    pk: Annotated[str, PartitionKey()]
    kind: Annotated[str, PartitionKey(index="by-kind")]
    amount: int = field(name="price")


class Weighed(Struct, tag="weighed"):
    pk: Annotated[str, PartitionKey()]
    kind: Annotated[str, PartitionKey(index="by-kind")]
    amount: int = field(name="weight")
    cost: int = field(name="price", default=0)


def test_what_an_index_includes_is_named_by_the_fields_of_each_model():
    """One name may stand for two attributes, and two names for one."""

    def projection(*models, **options):
        return table_spec(Priced | Weighed, name="abc", **options).indexes[0].projection

    assert projection() == "ALL"
    given = [Index("by-kind", projection=Include("amount", "cost"))]
    assert projection(indexes=given) == Include("price", "weight")
    table("abc", indexes=[Index("by-kind", projection=Include("amount"))])(Priced)
    table("abc", indexes=[Index("by-kind", projection=Include("amount"))])(Weighed)
    assert projection() == Include("price", "weight")
    with pytest.raises(ModelError, match="Include names 'nothing', which is not a field"):
        projection(indexes=[Index("by-kind", projection=Include("nothing"))])
    with pytest.raises(ModelError, match="indexes= takes Index"):
        projection(indexes=["by-kind"])


def test_what_is_given_counts_before_what_the_models_say():
    """A name, the indexes and an option settle what models disagree about."""
    given = {"name": "abc", "stream": None, "indexes": [Index("by-status")]}
    spec = table_spec(Order | Other, **given)
    assert (spec.name, spec.stream, spec.indexes[0].projection) == ("abc", None, "ALL")
