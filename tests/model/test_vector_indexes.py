"""Vector indexes of a model: what is declared, and each rule of the service before it is sent.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.Requirements.html
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import pytest
from msgspec import UNSET, Struct, UnsetType, defstruct, field, structs

import dynamorm
from dynamorm import (
    KEYS_ONLY,
    Include,
    Index,
    IndexSpec,
    InlineFilter,
    KeyAttribute,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    SortKey,
    TableSpec,
    Vector,
    VectorAttribute,
    VectorIndex,
    from_item,
    requests,
    table,
    table_spec,
    to_item,
)

pytestmark = pytest.mark.once

BY_LOOK = VectorIndex("by-look", dimensions=3, projection=Include("title"))


@table("things", indexes=[BY_LOOK, Index("by-brand", projection=KEYS_ONLY)])
class Thing(Struct, rename="camel"):
    id: Annotated[str, PartitionKey()]
    kind: Annotated[str | None, PartitionKey(index="by-look")] = None
    price: Annotated[int | None, InlineFilter(index="by-look")] = None
    brand: Annotated[str, InlineFilter(index="by-look"), PartitionKey(index="by-brand")] = "none"
    picture_look: Annotated[list[float] | None, Vector(index="by-look")] = None
    title: str = ""


ID = KeyAttribute("id", "S")
KIND, BRAND, PRICE = (
    KeyAttribute("kind", "S"),
    KeyAttribute("brand", "S"),
    KeyAttribute("price", "N"),
)
LOOK = VectorAttribute("look", 3, "COSINE")
PLAIN = IndexSpec("by-look", vector=LOOK)


def test_the_markers_make_the_index():
    """The HASH, the filters and the vector are fields, by their names in the table."""
    look, brand = table_spec(Thing).indexes
    assert look == IndexSpec(
        "by-look",
        (KIND,),
        projection=Include("title"),
        vector=VectorAttribute("pictureLook", 3, "COSINE"),
        filters=(PRICE, BRAND),
    )
    assert (look.kind, brand.kind) == ("vector", "global")
    assert look.filters == (BRAND, PRICE)


def test_create_table_has_the_index_and_defines_its_search_schema():
    """The HASH and the filters are defined as keys are, and the vector is not."""
    made = requests.create_table(Thing).to_dict()
    assert made["VectorIndexes"] == [
        {
            "IndexName": "by-look",
            "VectorAttribute": {"AttributeName": "pictureLook"},
            "SearchSchema": [
                {"AttributeName": "kind", "SearchSchemaElementType": "HASH"},
                {"AttributeName": "brand", "SearchSchemaElementType": "INLINE_FILTER"},
                {"AttributeName": "price", "SearchSchemaElementType": "INLINE_FILTER"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]},
            "Dimensions": 3,
            "DistanceFunction": "COSINE",
        }
    ]
    defined = [one["AttributeName"] for one in made["AttributeDefinitions"]]
    assert defined == ["id", "kind", "brand", "price"]
    assert [index["IndexName"] for index in made["GlobalSecondaryIndexes"]] == ["by-brand"]


def test_an_index_without_a_search_schema():
    """Neither a HASH nor a filter is needed."""
    (index,) = requests.create_table(TableSpec("things", ID, indexes=(PLAIN,))).vector_indexes
    assert index.to_dict() == {
        "IndexName": "by-look",
        "VectorAttribute": {"AttributeName": "look"},
        "Projection": {"ProjectionType": "ALL"},
        "Dimensions": 3,
        "DistanceFunction": "COSINE",
    }


@pytest.mark.parametrize(
    "kind",
    [
        list[float],
        list[int],
        list[Decimal] | None,
        tuple[float, ...],
        tuple[float, float, int],
        Sequence[float],
        Annotated[list[Annotated[float, "x"]], "y"],
    ],
)
def test_a_vector_is_a_list_or_tuple_of_numbers(kind: Any):
    """Everything that is written as a list of numbers can be a vector."""
    fields = [
        ("id", Annotated[str, PartitionKey()]),
        ("look", Annotated[kind, Vector(index="x-1")]),
    ]
    spec = table_spec(defstruct("M", fields), name="things", indexes=[VectorIndex("x-1", 3)])
    assert spec.indexes[0].vector == VectorAttribute("look", 3, "COSINE")


@pytest.mark.parametrize(
    "kind",
    [list, list[str], list[float | None], set[float], bytes, float, list[float] | float, None],
)
def test_what_is_no_vector(kind: Any):
    """A set, bytes, and a list of anything else are refused: the service takes lists of numbers."""
    fields = [
        ("id", Annotated[str, PartitionKey()]),
        ("look", Annotated[kind, Vector(index="x-1")]),
    ]
    with pytest.raises(ModelError) as caught:
        table_spec(defstruct("M", fields), name="things", indexes=[VectorIndex("x-1", 3)])
    assert caught.value.problems == ("a vector is a list or tuple of numbers - at M.look",)


def test_what_is_not_in_an_index_is_left_out_of_the_item():
    """A vector, HASH or filter of None is no attribute: as NULL, the service refuses it."""
    assert to_item(Thing("a")) == {
        "id": {"S": "a"},
        "brand": {"S": "none"},
        "title": {"S": ""},
    }
    thing = Thing("a", "x", 5, "y", [1.5, 2.0, -3.0], "z")
    item = to_item(thing)
    assert item["pictureLook"] == {"L": [{"N": "1.5"}, {"N": "2.0"}, {"N": "-3.0"}]}
    assert from_item(Thing, item) == thing


def test_an_empty_vector_that_is_the_default_is_left_out():
    """The service refuses a list of another length than the index has dimensions."""

    class Bare(Struct):
        id: Annotated[str, PartitionKey()]
        look: Annotated[list[float], Vector(index="by-look")] = field(default_factory=list)

    assert to_item(Bare("a")) == {"id": {"S": "a"}}
    assert from_item(Bare, to_item(Bare("a"))) == Bare("a")


def test_an_unset_vector_is_left_out():
    """A field that may be UNSET has no attribute as long as it is."""

    class Bare(Struct):
        id: Annotated[str, PartitionKey()]
        look: Annotated[list[float] | UnsetType, Vector(index="by-look")] = UNSET

    assert to_item(Bare("a")) == {"id": {"S": "a"}}
    assert from_item(Bare, {"id": {"S": "a"}}) == Bare("a")


def test_every_problem_of_a_model_is_told_at_once():
    """What the markers lack, and what is wrong with them, each with its index and field."""

    class Wrong(Struct):
        id: Annotated[str, PartitionKey()]
        look: Annotated[list[str], Vector(index="by-look")]
        a: Annotated[list[float], Vector(index="two")]
        b: Annotated[list[float], Vector(index="two")]
        c: Annotated[list[int], InlineFilter(index="by-look")]
        d: Annotated[list[float], Vector(index="unlisted")]
        e: Annotated[str, InlineFilter(index="as-global")]

    listed = [VectorIndex("by-look", 3), VectorIndex("two", 3), VectorIndex("none", 3)]
    with pytest.raises(ModelError) as caught:
        table_spec(Wrong, name="things", indexes=[*listed, Index("as-global")])
    assert caught.value.problems == (
        "a vector is a list or tuple of numbers - at Wrong.look",
        (
            "a key must be of one type: str, a number, bytes, or one that msgspec writes as a "
            "string; got list[int] - at Wrong.c"
        ),
        "index 'none' has no vector: mark fields with Vector(index='none') - at Wrong",
        (
            "vector index 'two' has one vector: mark one field with Vector(index='two'), not a, b "
            "- at Wrong"
        ),
        (
            "vector index 'unlisted' is not listed: add VectorIndex('unlisted', dimensions=...) to "
            "indexes= - at Wrong"
        ),
        (
            "vector index 'as-global' is not listed: add VectorIndex('as-global', dimensions=...) "
            "to indexes= - at Wrong"
        ),
    )


def test_a_vector_index_with_filters_alone_has_no_vector():
    """A listed index needs its vector, whatever else is marked."""

    class Half(Struct):
        id: Annotated[str, PartitionKey()]
        brand: Annotated[str, InlineFilter(index="by-look")]

    with pytest.raises(ModelError) as caught:
        table_spec(Half, name="things", indexes=[VectorIndex("by-look", 3)])
    assert caught.value.problems == (
        (
            "vector index 'by-look' has one vector: mark one field with Vector(index='by-look'), "
            "not none - at Half"
        ),
    )


def keys(count: int) -> tuple[KeyAttribute, ...]:
    return tuple(KeyAttribute(f"k{number:02}", "S") for number in range(count))


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        ({"vector": VectorAttribute("look", 0, "COSINE")}, "dimensions takes 1 to 4096, not 0"),
        (
            {"vector": VectorAttribute("look", 4097, "COSINE")},
            "dimensions takes 1 to 4096, not 4097",
        ),
        (
            {"vector": VectorAttribute("look", True, "COSINE")},
            "dimensions takes 1 to 4096, not True",
        ),
        (
            {"vector": VectorAttribute("look", 3, "MANHATTAN")},  # type: ignore[arg-type]
            "distance takes COSINE, DOT_PRODUCT, EUCLIDEAN, not 'MANHATTAN'",
        ),
        (
            {"vector": VectorAttribute("x" * 256, 3, "COSINE")},
            f"vector attribute name '{'x' * 49} must have 1 to 255 bytes of UTF-8",
        ),
        (
            {"sort_key": (KIND,)},
            "a vector index has no sort key: mark the field with InlineFilter(index=...)",
        ),
        (
            {"partition_key": (KIND, BRAND)},
            "2 partition key attributes; a vector index has at most 1",
        ),
        ({"filters": keys(19)}, "19 inline filters; the most is 18"),
        (
            {"partition_key": (KIND,), "filters": (KIND,)},
            "attribute 'kind' is 2 times in one search schema",
        ),
        (
            {"filters": (KeyAttribute("colour", "L"),)},  # type: ignore[arg-type]
            "key attribute 'colour' has type 'L', not S, N or B",
        ),
        (
            {"projection": Include(*"abcdefghijklmnopqr"), "filters": (BRAND, PRICE)},
            (
                "21 projected attributes, of which the vector and the inline filters are some; "
                "the most is 20: project ALL or KEYS_ONLY"
            ),
        ),
        (
            {"on_demand": OnDemand(5)},
            "a vector index has no capacity of its own: leave on_demand out",
        ),
        ({"projection": "SOME"}, "projection takes ALL, KEYS_ONLY or Include(...), not 'SOME'"),
    ],
)
def test_each_rule_of_an_index_is_kept(index: Any, problem: str):
    """An index that the service would refuse is named before anything is sent."""
    with pytest.raises(ModelError) as caught:
        TableSpec("things", ID, indexes=(structs.replace(PLAIN, **index),))
    assert caught.value.problems == (f"{problem} - at things.by-look",)


def searching(name: str, vector: str = "look", dimensions: int = 3, **values: Any) -> IndexSpec:
    return IndexSpec(name, vector=VectorAttribute(vector, dimensions, "COSINE"), **values)


@pytest.mark.parametrize(
    ("indexes", "problem"),
    [
        ([searching(f"by-{n}") for n in range(6)], "6 vector indexes; a table has at most 5"),
        (
            [searching("by-a"), IndexSpec("by-a", (KIND,))],
            "2 indexes are named 'by-a': give each a name of its own",
        ),
        (
            [searching("by-a", "kind"), IndexSpec("by-b", (KIND,))],
            "'kind' is a vector: it can be no key and no inline filter",
        ),
        (
            [searching("by-a", "kind"), searching("by-b", filters=(KIND,))],
            "'kind' is a vector: it can be no key and no inline filter",
        ),
        (
            [searching("by-a"), searching("by-b", dimensions=4)],
            "vector 'look' has 3, 4 dimensions: all its indexes have the same",
        ),
        (
            [searching("by-a", filters=(KIND,)), IndexSpec("by-b", (KeyAttribute("kind", "N"),))],
            "key attribute 'kind' has more than one type",
        ),
    ],
)
def test_each_rule_of_a_table_is_kept(indexes: list[IndexSpec], problem: str):
    """What does not go together is told of the table."""
    with pytest.raises(ModelError) as caught:
        TableSpec("things", ID, indexes=tuple(indexes))
    assert caught.value.problems == (f"{problem} - at things",)


def test_as_much_as_there_may_be():
    """Five indexes, 4,096 dimensions, a HASH and 18 filters are taken."""
    most = searching("by-1", "other", 4096, partition_key=(KIND,), filters=keys(18))
    assert TableSpec("things", ID, indexes=(most, *(searching(f"of-{n}") for n in range(4))))


def test_a_provisioned_table_has_no_vector_index():
    """The service knows vector indexes of on-demand tables alone."""
    with pytest.raises(ModelError) as caught:
        table_spec(Thing, billing=Provisioned(1, 1))
    assert caught.value.problems == (
        "a table with a vector index is billed on demand: declare OnDemand() - at things.by-look",
    )


def test_filters_go_with_a_vector():
    """No other kind of index has any."""
    with pytest.raises(ModelError, match="filters go with a vector: give the index one, or leave"):
        TableSpec("things", ID, indexes=(IndexSpec("by-a", (KIND,), filters=(BRAND,)),))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"vector": "look"}, "vector takes VectorAttribute(name, dimensions, distance) or None"),
        ({"vector": VectorAttribute(3, 3, "COSINE")}, "vector takes VectorAttribute("),  # type: ignore[arg-type]
        ({"filters": ["brand"]}, "filters takes a tuple of KeyAttribute"),
    ],
)
def test_other_types_are_told(values: Any, problem: str):
    """What is not of the type that it is annotated with is said before any rule is judged."""
    with pytest.raises(ModelError) as caught:
        TableSpec("things", ID, indexes=(structs.replace(PLAIN, **values),))
    assert caught.value.problems[0].startswith(problem)


def test_extra_says_nothing_twice():
    """What a model lists cannot come from `extra` too."""
    with pytest.raises(
        ModelError, match="extra has 'VectorIndexes', which the model or its option"
    ):
        table_spec(Thing, extra={"VectorIndexes": []})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Vector("by-look"), r"write Vector\(index='by-look'\)"),  # type: ignore[arg-type]
        (lambda: InlineFilter("by-look"), r"write InlineFilter\(index='by-look'\)"),  # type: ignore[arg-type]
        (lambda: Vector(), r'Vector is part of a vector index: write Vector\(index="..."\)'),
        (lambda: InlineFilter(index=3), "index= takes the name of an index, not 3"),  # type: ignore[arg-type]
    ],
)
def test_a_marker_names_its_index(call: Any, message: str):
    """What is forgotten or misplaced is answered with what to write."""
    with pytest.raises(TypeError, match=message):
        call()


def test_a_marker_needs_parentheses():
    """As the others do."""

    class Thing(Struct):
        id: Annotated[str, PartitionKey()]
        look: Annotated[list[float], Vector]

    with pytest.raises(
        ModelError, match=r"Vector needs parentheses: write Vector\(\) - at Thing.look"
    ):
        table_spec(Thing, name="things")


def test_a_sort_key_has_no_place_in_a_vector_index():
    """The field is named by its index."""

    class Sorted(Struct):
        id: Annotated[str, PartitionKey()]
        at: Annotated[int, SortKey(index="by-look")]
        look: Annotated[list[float], Vector(index="by-look")]

    with pytest.raises(ModelError, match=r"a vector index has no sort key: .* - at things.by-look"):
        table_spec(Sorted, name="things", indexes=[VectorIndex("by-look", 3)])


def test_models_on_one_table_share_a_vector_index():
    """A union has the index of all, where its fields are marked in each."""

    class Book(Struct, tag=True):
        id: Annotated[str, PartitionKey()]
        title: str
        look: Annotated[list[float], Vector(index="by-look")]

    class Film(Struct, tag=True):
        id: Annotated[str, PartitionKey()]
        year: int
        look: Annotated[list[float], Vector(index="by-look")]

    books = table("things", indexes=[VectorIndex("by-look", 3, projection=Include("title"))])(Book)
    films = table("things", indexes=[VectorIndex("by-look", 3, projection=Include("year"))])(Film)
    spec = dynamorm.table_spec(books | films)
    assert spec.indexes == (structs.replace(PLAIN, projection=Include("title", "year")),)
