"""Items of several models on one table: the tag says which model reads and writes each."""

from __future__ import annotations

from typing import Annotated

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import ItemError, ModelError, PartitionKey, from_item, table, table_spec, to_item


@table("app")
class Order(Struct, tag=True, kw_only=True):
    id: Annotated[str, PartitionKey()]
    total: int = 0


@table("app")
class Customer(Struct, tag=True):
    id: Annotated[str, PartitionKey()]
    names: list[str] = []


@table("events")
class Event(Struct, tag=1):
    id: Annotated[str, PartitionKey()]


@table("events")
class Tick(Struct, tag=2):
    id: Annotated[str, PartitionKey()]


ENTITY = Order | Customer


@pytest.mark.parametrize(
    ("union", "instance"),
    [
        (ENTITY, Order(id="1", total=5)),
        (ENTITY, Customer("2", ["Ann"])),
        (Event | Tick, Tick("3")),
    ],
)
def test_an_item_is_read_by_the_model_of_its_tag(union, instance):
    """A string or a number, which `to_item` writes."""
    assert from_item(union, to_item(instance)) == instance


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({}, "the attribute is missing - at app.type"),
        (
            {"type": {"S": "Secret"}},
            r"the value of the tag names none of Order \| Customer - at app.type",
        ),
        ({"type": {"N": "1"}}, "a value of type N does not belong here - at app.type"),
        ({"type": {"S": "Order"}}, "the attribute is missing - at app.id"),
        ({"type": {"S": "Order"}, "id": "1"}, "expected an attribute value.* - at app.id"),
    ],
)
def test_an_item_of_no_model_is_an_error(item, told):
    """With its place, and without what is in it."""
    with pytest.raises(ItemError, match=told) as caught:
        from_item(ENTITY, item)
    assert "Secret" not in str(caught.value)


def test_a_union_of_what_no_tag_tells_apart_is_an_error():
    """As where it declares a table."""

    class Plain(Struct):
        id: str

    with pytest.raises(ModelError, match="no attribute shows which model an item is of"):
        from_item(Order | Plain, {})


def stocked() -> World:
    """A table with an order and a customer, and another one of the same models."""
    world = World()
    world.db.auto_migrate(ENTITY, table_spec(ENTITY, name="copy"))
    for item in (Order(id="1", total=5), Customer("2", ["Ann"])):
        world.service.put("app", json.encode({**to_item(item), "more": {"S": "x"}}))
    return world


def copied(world: World) -> list:
    return sorted(map(json.decode, world.service.items("copy")), key=lambda item: item["id"]["S"])


def test_a_copy_gives_a_transform_instances_of_each_model():
    """Attributes that no model knows are carried over; a comparison tells what differs."""

    def doubled(one: Order | Customer) -> Order | Customer:
        if isinstance(one, Order):
            one.total *= 2
        return one

    world, target = stocked(), table_spec(ENTITY, name="copy")
    with pytest.raises(ItemError, match="the model does not know this attribute"):
        world.db.copy_table(ENTITY, target, transform=doubled, unmodelled="error")
    assert world.db.copy_table(ENTITY, target, transform=doubled).written == 2
    order, customer = copied(world)
    assert (order["total"], order["more"]) == ({"N": "10"}, {"S": "x"})
    assert customer["names"] == {"L": [{"S": "Ann"}]}
    assert world.db.verify_copy(ENTITY, target, transform=doubled)


def test_an_item_becomes_items_of_several_models():
    """Each is written by the model of its class."""
    world, target = stocked(), table_spec(ENTITY, name="copy")

    def split(one: Order | Customer):
        if isinstance(one, Order):
            yield from (one, Customer(f"{one.id}-buyer"))

    assert world.db.copy_table(ENTITY, target, transform=split, unmodelled="drop").written == 2
    assert [item["type"]["S"] for item in copied(world)] == ["Order", "Customer"]


def test_a_transform_of_fewer_models_is_refused():
    """Before anything is read: it would meet items that it does not take, or give others."""
    world, target = stocked(), table_spec(ENTITY, name="copy")

    def of_orders(one: Order) -> Order:
        return one

    def to_events(one: Order | Customer) -> Event:
        return Event(one.id)

    takes = r"takes Order; the source is Order \| Customer"
    with pytest.raises(TypeError, match=takes):
        world.db.copy_table(ENTITY, target, transform=of_orders)
    with pytest.raises(TypeError, match=r"gives Event; the target is Order \| Customer"):
        world.db.copy_table(ENTITY, target, transform=to_events)
    with pytest.raises(ItemError, match="gave Event, not Order or Customer"):
        world.db.copy_table(ENTITY, target, transform=lambda one: Event(one.id))


def test_a_subclass_is_not_one_of_the_models():
    """It would be written under another tag."""

    class Gift(Order, tag="gift"):
        pass

    world, target = stocked(), table_spec(ENTITY, name="copy")
    with pytest.raises(ItemError, match="expected Order or Customer, not Gift"):
        world.db.copy_table(ENTITY, target, transform=lambda one: Gift(id=one.id))


def test_tables_of_other_models_need_a_transform():
    """Unions are compared model by model; a spec takes items as they are."""
    world = stocked()
    assert world.db.copy_table(ENTITY, table_spec(Order, name="copy")).written == 2
    told = r"Order \| Customer and Event \| Tick have different fields"
    with pytest.raises(dynamorm.Refused, match=told):
        world.db.copy_table(ENTITY, Event | Tick)
    with pytest.raises(dynamorm.Refused, match="are the same table, app"):
        world.db.copy_table(ENTITY, Customer | Order)
