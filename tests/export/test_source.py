"""The source of a model for a table: executed, it declares the table that is there."""

from __future__ import annotations

from typing import Annotated

import pytest
from aids import emulator
from aids.languages import FULL, asked, completed, executed, many
from aids.strategies import renamed, specs
from aids.worlds import World
from hypothesis import example, given
from msgspec import UNSET, Struct, structs

import dynamorm
from dynamorm import (
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    Operation,
    PartitionKey,
    TableSpec,
    TimeToLive,
    VectorAttribute,
    requests,
    table,
    table_spec,
)
from dynamorm.errors import service_error
from dynamorm.export import cloudformation, source
from dynamorm.testing import FakeService

pytestmark = pytest.mark.once

ID = KeyAttribute("id", "S")
tables = completed(specs(renamed))


SOURCE = """\
from typing import Annotated, Any

from dynamorm import Include, Index, OnDemand, PartitionKey, SortKey, TimeToLive, table
from msgspec import UNSET, Struct, field


@table(
    "orders-archive",
    indexes=[
        Index(
            "by-status",
            projection=Include("total", "class_"),
            on_demand=OnDemand(max_read=500),
        ),
    ],
    billing=OnDemand(),
    stream="NEW_IMAGE",
    tags={"team": "shop"},
    point_in_time_recovery=7,
)
class OrdersArchive(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str | None, PartitionKey(index="by-status", position=0)] = None
    region: Annotated[
        str | None,
        PartitionKey(index="by-status", position=1),
        SortKey(index="by-region"),
    ] = None
    total: Any = UNSET
    class_: Any = field(default=UNSET, name="class")
    expires: Annotated[int | None, TimeToLive()] = None
"""
STATUS, REGION = KeyAttribute("status", "S"), KeyAttribute("region", "S")
ORDERS = TableSpec(
    name="orders-archive",
    partition_key=KeyAttribute("customer", "S"),
    sort_key=KeyAttribute("number", "N"),
    indexes=(
        IndexSpec(
            "by-status",
            (STATUS, REGION),
            projection=Include("total", "class"),
            on_demand=OnDemand(max_read=500),
        ),
        IndexSpec("by-region", (), (REGION,)),
    ),
    billing=OnDemand(),
    stream="NEW_IMAGE",
    tags={"team": "shop"},
    point_in_time_recovery=7,
    time_to_live="expires",
)


def test_a_source_reads_as_written_by_hand(driver):
    """Imports, one class called like the table, its keys first, and what formatters leave alone."""
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(ORDERS), service)
    service.sent.clear()
    operation = source("orders-archive")
    assert isinstance(operation, Operation)
    # Local indexes come first in a description.
    assert executed(driver(operation, service)).__table_spec__.name == "orders-archive"
    assert source(ORDERS) == SOURCE
    assert service.sent == [
        "DescribeTable",
        "DescribeTimeToLive",
        "DescribeContinuousBackups",
        "ListTagsOfResource",
        "GetResourcePolicy",
        "GetResourcePolicy",  # of the stream
        "DescribeKinesisStreamingDestination",
        "DescribeContributorInsights",
        "DescribeContributorInsights",  # of the global index
    ]


def test_a_vector_index_is_written_with_its_markers():
    """The HASH, the filter and the vector may be missing from an item, as in any index."""
    kind, brand = KeyAttribute("kind", "S"), KeyAttribute("brand", "N")
    look = VectorAttribute("look", 3, "EUCLIDEAN")
    index = IndexSpec("by-look", (kind,), vector=look, filters=(brand,))
    text = source(TableSpec("things", ID, indexes=(index,)))
    assert (
        text.partition("\n\n\n")[2]
        == """\
@table("things", indexes=[VectorIndex("by-look", dimensions=3, distance="EUCLIDEAN")])
class Things(Struct):
    id: Annotated[str, PartitionKey()]
    kind: Annotated[str | None, PartitionKey(index="by-look")] = None
    brand: Annotated[int | None, InlineFilter(index="by-look")] = None
    look: Annotated[list[float] | None, Vector(index="by-look")] = None
"""
    )
    assert table_spec(executed(text)).indexes == (index,)


@many
@given(tables)
@example(FULL)
def test_a_plan_right_after_is_empty(spec):
    """What is pulled from a table declares all of it: nothing differs, and nothing is left."""
    world = World(spec, create_seconds=0)
    plan = world.run(dynamorm.plan(executed(world.run(source(spec.name)))))
    assert not plan
    assert plan.undeclared == ()


def test_the_operation_shows_how_it_was_called():
    """In its repr, which the warning about one that was never run has as well."""
    pulling = source(ORDERS.name)
    assert repr(pulling) == "source('orders-archive')"
    assert "class OrdersArchive" in World(ORDERS, create_seconds=0).run(pulling)


def test_an_emulator_s_table_is_pulled():
    """What moto tells of a table is enough, too."""
    with emulator.moto() as url:
        credentials = dynamorm.Credentials("a", "b")
        db = dynamorm.connect("eu-west-1", endpoint=url, credentials=credentials)
        db.create_table(ORDERS)
        model = executed(db.run(source("orders-archive")))
        assert not db.plan(model)
        assert table_spec(model).time_to_live == "expires"


@many
@given(tables)
@example(FULL)
def test_a_document_becomes_the_same_table(spec):
    """CreateTable and CloudFormation, as source and executed, make the table that they describe."""
    later = (
        "time_to_live",
        "point_in_time_recovery",
        "stream_policy",
        "kinesis",
        "contributor_insights",
        "index_insights",
    )
    created = structs.replace(spec, **dict.fromkeys(later, UNSET))
    request = requests.create_table(created).to_dict()
    assert asked(table_spec(executed(source(request)))) == asked(created)
    (resource,) = cloudformation(spec)["Resources"].values()
    key_types = {part.name: part.type for owner in (spec, *spec.indexes) for part in owner.key}
    key_types |= {index.vector.name: "L" for index in spec.indexes if index.vector}
    if key_types.get(spec.time_to_live or "", "N") != "N":
        spec = structs.replace(spec, time_to_live=UNSET)
    assert asked(table_spec(executed(source(resource)))) == asked(spec)


def test_what_a_spec_ignores_its_model_ignores():
    """A model that is written out leaves to others what they manage."""
    spec = TableSpec(name="fixed", partition_key=ID, ignore=("billing", "ttl"))
    assert table_spec(executed(source(spec))).ignore == ("billing", "ttl")


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        ("order_id", "order_id"),
        ("Größe", "Größe"),
        ("class", "class_"),
        ("str", "str_"),
        ("float", "float_"),
        ("N", "N"),
        ("table", "table_"),
        ("a-b c", "a_b_c"),
        ("1st", "field_1st"),
        ("__x", "x"),
        ("_", "field_"),
        ("ﬁ", "fi"),
        ("注文", "注文"),
        ("x²𑇡", "x2_"),
        ("it's", "it_s"),
    ],
)
def test_attributes_become_identifiers(attribute, field):
    """Each attribute has a field that Python, msgspec and the lines around it can live with."""
    spec = TableSpec(
        name="odd",
        partition_key=KeyAttribute(attribute, "B"),
        indexes=(IndexSpec("by-it", (KeyAttribute(attribute, "B"), ID)),),
    )
    model = executed(source(spec))
    assert model.__struct_fields__ == (field, "id")
    assert model.__struct_encode_fields__ == (attribute, "id")
    assert asked(table_spec(model)) == asked(spec)


def test_two_attributes_with_one_identifier_stay_two():
    """The second gets a number."""
    index = IndexSpec("by-it", (KeyAttribute("a b", "S"), KeyAttribute("a_b", "S")))
    spec = TableSpec(name="odd", partition_key=KeyAttribute("a-b", "S"), indexes=(index,))
    model = executed(source(spec))
    assert model.__struct_fields__ == ("a_b", "a_b_2", "a_b_3")
    assert asked(table_spec(model)) == asked(spec)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("orders-archive.2024", "OrdersArchive2024"),
        ("2024_orders", "Table2024Orders"),
        ("---", "Table"),
        ("none", "NoneTable"),
        ("index", "IndexTable"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "Orders"),
    ],
)
def test_a_class_is_called_like_its_table(name, cls):
    """In CapWords, and like nothing that the source itself uses."""
    assert executed(source(TableSpec(name=name, partition_key=ID))).__name__ == cls


def test_a_name_that_no_field_can_have_is_an_error():
    """DynamoDB takes names to which msgspec can rename no field."""
    spec = TableSpec(name="odd", partition_key=KeyAttribute('a"b', "S"))
    with pytest.raises(ModelError, match=r"""no field can be called 'a"b': .* - at odd"""):
        source(spec)


def test_a_ttl_that_no_field_can_have_is_a_comment():
    """TTL on a key that is no number does nothing, and no marker goes there: it is left alone."""
    text = source(TableSpec(name="odd", partition_key=ID, time_to_live="id"))
    assert text.count("# TTL is on for 'id', a key that is no number: it is not declared.") == 1
    assert table_spec(executed(text)).time_to_live is UNSET


def test_what_cannot_be_read_is_a_comment():
    """Neither a permission nor an endpoint that lacks something keeps the rest from being told."""
    service = FakeService(create_seconds=0, unknown=["GetResourcePolicy"])
    dynamorm.run(dynamorm.create_table(ORDERS), service)
    operation = "ListTagsOfResource"
    denied = service_error("AccessDeniedException", "no", status=400, operation=operation)
    service.fail(operation, denied)
    text = dynamorm.run(source("orders-archive"), service)
    assert text.count(" was not read: ") == 1
    assert "# tags was not read: dynamodb:ListTagsOfResource is denied.\n" in text
    assert "tags=" not in text


def test_a_prefix_is_the_database_s(driver):
    """The model has the name that was asked for; of an ARN it is the table's own."""

    @table("orders", encryption=KMS("alias/mine"))
    class Order(Struct):
        id: Annotated[str, PartitionKey()]
        expires: Annotated[int, PartitionKey(index="by-expiry"), TimeToLive()]

    service = FakeService(create_seconds=0)
    driver(dynamorm.create_table(Order), service, table_prefix="dev-")
    model = executed(driver(source("orders"), service, table_prefix="dev-"))
    assert table_spec(model).name == "orders"
    arn = driver(dynamorm.describe_table("dev-orders"), service).table_arn
    assert table_spec(executed(driver(source(arn), service))).name == "dev-orders"
    assert table_spec(model).time_to_live == "expires"
