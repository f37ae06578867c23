"""What dynamorm does to tables, one operation at a time, as it has to come out on any DynamoDB.

Each function performs one and judges the result; its text is its name in the docs. Those that copy
and compare items are in `copies`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from msgspec import UNSET, Raw, structs
from world import World

import dynamorm
from dynamorm import (
    KEYS_ONLY,
    KMS,
    Include,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    PlanRefused,
    Provisioned,
    TableExists,
    TableNotFound,
    TableSpec,
    ValidationFailed,
    VectorAttribute,
    WarmThroughput,
)
from dynamorm.model.spec import changed
from dynamorm.operations import Call, Effect, Steps, call, through

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
A, B, C = KeyAttribute("a", "S"), KeyAttribute("b", "N"), KeyAttribute("c", "B")
BY_A = IndexSpec("by-a", (A,), (AT,), projection=Include("x"))
BY_B = IndexSpec("by-b", (B,), projection=KEYS_ONLY)
BY_C = IndexSpec("by-c", (C,))
BY_LOOK = IndexSpec(
    "by-look",
    (A,),
    projection=Include("x"),
    vector=VectorAttribute("look", 3, "COSINE"),
    filters=(B, C),
)
LOCAL = IndexSpec("local", sort_key=(B,))
SEVERAL = IndexSpec("several", (A, B), (C, AT))
ORDERS = TableSpec("orders", ID, AT, (BY_A,))
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": "*"}
    ],
}

OPERATIONS: dict[str, Callable[[World], None]] = {}


class Ignored(AssertionError):
    """The engine has taken a change and done nothing."""


def operation(function: Callable[[World], None]) -> Callable[[World], None]:
    OPERATIONS[function.__name__] = function
    return function


def create_with(world: World, **declared: Any) -> None:
    """Create the table, and find it as declared."""
    spec = changed(ORDERS, **declared)
    assert world.run(dynamorm.create_table(spec)).table_status == "ACTIVE"
    _hold(world, spec)


def update(world: World, *allow: str, **declared: Any) -> list[str]:
    """Update the table, find it as declared, and name the steps."""
    spec = changed(ORDERS, **declared)
    applied = world.run(dynamorm.update_table(spec, allow=allow))
    _hold(world, spec)
    return [step.name for step in applied.done]


def _hold(world: World, spec: TableSpec) -> None:
    left = world.run(dynamorm.plan(spec))
    if left.steps or left.blocked:
        raise Ignored(str(left))


@operation
def create(world: World) -> None:
    """Create a table; a second time is TableExists."""
    create_with(world, billing=OnDemand())
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(ORDERS))


@operation
def create_provisioned(world: World) -> None:
    """Create with provisioned throughput, of the table and an index."""
    create_with(world, billing=Provisioned(3, 4), indexes=(BY_A, BY_B))


@operation
def create_local(world: World) -> None:
    """Create with a local index."""
    create_with(world, indexes=(LOCAL,))


@operation
def create_several(world: World) -> None:
    """Create with an index of 2 + 2 key attributes."""
    create_with(world, indexes=(SEVERAL,))


@operation
def create_tagged(world: World) -> None:
    """Create with a stream and tags."""
    create_with(world, stream="NEW_IMAGE", tags={"a": "b"})


@operation
def create_expiring(world: World) -> None:
    """Create with TTL."""
    create_with(world, time_to_live="x")


@operation
def create_protected(world: World) -> None:
    """Create with deletion protection, which delete_table does not lift."""
    create_with(world, deletion_protection=True)
    with pytest.raises(ValidationFailed):
        world.run(dynamorm.delete_table(ORDERS))
    update(world, "deletion_protection", deletion_protection=False)


@operation
def missing(world: World) -> None:
    """A table that is not there is TableNotFound."""
    assert not world.run(dynamorm.table_exists(ORDERS))
    for steps in (dynamorm.describe_table(ORDERS), dynamorm.delete_table(ORDERS)):
        with pytest.raises(TableNotFound):
            world.run(steps)
    world.run(dynamorm.delete_table(ORDERS, missing_ok=True))


@operation
def delete(world: World) -> None:
    """Delete a table, straight after its creation too."""
    world.run(dynamorm.create_table(ORDERS, wait=False))
    world.run(dynamorm.delete_table(ORDERS))
    assert not world.run(dynamorm.table_exists(ORDERS))


@operation
def ensure(world: World) -> None:
    """Ensure a table; the second time finds its drift and writes nothing."""
    spec = changed(ORDERS, billing=OnDemand())
    assert world.run(dynamorm.ensure_table(spec)).created
    again = world.run(dynamorm.ensure_table(spec, stream="NEW_IMAGE"))
    assert [difference.name for difference in again.drift] == ["stream"]
    assert not again.created


@operation
def ensure_raced(world: World) -> None:
    """Ensure a table that somebody else creates meanwhile; it is reported, and not touched."""
    others = changed(ORDERS, billing=OnDemand(), tags={"whose": "theirs"})

    def beaten(effect: Effect) -> Steps[Any]:
        if isinstance(effect, Call) and effect.operation == "CreateTable":
            yield from dynamorm.create_table(others, wait=False)
        return (yield effect)

    ours = changed(ORDERS, billing=Provisioned(3, 4), indexes=())
    found = world.run(through(dynamorm.ensure_table(ours), beaten))
    assert not found.created
    assert [difference.name for difference in found.drift] == ["billing"]
    _hold(world, changed(others, tags=UNSET))


@operation
def named_by_arn(world: World) -> None:
    """Name a table by its ARN, which gets no prefix."""
    world.run(dynamorm.create_table(ORDERS))
    described = world.run(dynamorm.describe_table(ORDERS))
    arn = described.table_arn
    assert arn is not None
    assert arn.endswith(f":table/{world.prefix}orders")
    assert world.run(dynamorm.describe_table(arn)).table_name == described.table_name
    world.run(dynamorm.delete_table(arn))
    assert not world.run(dynamorm.table_exists(ORDERS))


@operation
def apply_bound(world: World) -> None:
    """Apply a plan to its own table only: not to one that was created after it."""
    create_with(world, billing=OnDemand())
    made = world.run(dynamorm.plan(changed(ORDERS, billing=Provisioned(3, 4))))
    world.run(dynamorm.delete_table(ORDERS))
    create_with(world, billing=OnDemand())
    with pytest.raises(PlanRefused):
        world.run(dynamorm.apply(made))
    _hold(world, changed(ORDERS, billing=OnDemand()))


@operation
def apply_stale(world: World) -> None:
    """Apply a plan to what it saw only: a step for another state is refused."""
    create_with(world, billing=Provisioned(3, 4))
    made = world.run(dynamorm.plan(changed(ORDERS, billing=Provisioned(3, 6))))
    update(world, billing=Provisioned(3, 5))
    with pytest.raises(PlanRefused):
        world.run(dynamorm.apply(made))
    _hold(world, changed(ORDERS, billing=Provisioned(3, 5)))


@operation
def ensure_settings(world: World) -> None:
    """Ensure a table with TTL, tags and recovery; report what could not be set."""
    declared: Any = {"time_to_live": "x", "tags": {"a": "b"}, "point_in_time_recovery": True}
    spec = changed(ORDERS, **declared)
    made, again = (world.run(dynamorm.ensure_table(spec)) for _ in range(2))
    assert (made.created, again.created) == (True, False)
    if again.drift:
        raise Ignored(str(again.drift))
    assert set(made.pending) <= set(again.pending)


@operation
def auto_migrate(world: World) -> None:
    """Auto_migrate several tables, and list them."""
    others = [ORDERS, TableSpec("others", ID), TableSpec("more", ID)]
    found = world.run(dynamorm.auto_migrate(*others))
    assert [ensured.created for ensured in found] == [True] * 3
    assert sorted(world.run(dynamorm.list_tables("o"))) == ["orders", "others"]


@operation
def indexes(world: World) -> None:
    """Add two indexes, and remove one by its name."""
    create_with(world)
    assert update(world, indexes=(BY_A, BY_B, BY_C)) == ["index:by-b", "index:by-c"]
    assert update(world, indexes=(BY_B, BY_C)) == []
    assert update(world, "index:by-a", indexes=(BY_B, BY_C)) == ["index:by-a"]
    there = world.run(dynamorm.describe_table(ORDERS)).global_secondary_indexes
    assert sorted(index.index_name for index in there) == ["by-b", "by-c"]


@operation
def replaced(world: World) -> None:
    """Replace an index, only where it is allowed."""
    create_with(world)
    other = (IndexSpec("by-a", (B,)),)
    with pytest.raises(PlanRefused):
        update(world, indexes=other)
    assert update(world, "index:by-a", indexes=other) == ["index:by-a"] * 2


@operation
def vectors(world: World) -> None:
    """Create with a vector index, replace it where it is allowed, and remove it by its name."""
    create_with(world, indexes=(BY_LOOK,), billing=OnDemand())
    other = structs.replace(BY_LOOK, vector=VectorAttribute("look", 2, "EUCLIDEAN"))
    with pytest.raises(PlanRefused):
        update(world, indexes=(other,))
    assert update(world, "index:by-look", indexes=(other,)) == ["index:by-look"] * 2
    made = world.run(dynamorm.plan(changed(ORDERS, indexes=(), billing=Provisioned(1, 1))))
    assert [item.name for item in made.blocked] == ["billing"]
    assert update(world, "index:by-look", indexes=()) == ["index:by-look"]
    assert world.run(dynamorm.describe_table(ORDERS)).vector_indexes == ()


@operation
def billing(world: World) -> None:
    """Change billing: provisioned, other figures, on demand."""
    create_with(world, billing=OnDemand())
    for billing in (Provisioned(3, 4), Provisioned(3, 5), OnDemand()):
        assert update(world, billing=billing) == ["billing"]


@operation
def maxima(world: World) -> None:
    """Set an on-demand maximum, and take it away."""
    create_with(world, billing=OnDemand())
    for billing in (OnDemand(5, 6), OnDemand(5, None)):
        assert update(world, billing=billing) == ["billing"]


@operation
def stream(world: World) -> None:
    """Turn a stream on, and off by its name."""
    create_with(world)
    assert update(world, stream="NEW_IMAGE") == ["stream"]
    assert update(world, "stream", stream=None) == ["stream"]


@operation
def stream_view(world: World) -> None:
    """Change what a stream shows."""
    create_with(world, stream="NEW_IMAGE")
    assert update(world, "stream", stream="KEYS_ONLY") == ["stream"] * 2


@operation
def expiry(world: World) -> None:
    """Turn TTL on, or move it, only where it is allowed by name."""
    create_with(world)
    for allow in ([], ["ttl:x"]):
        with pytest.raises(PlanRefused):
            update(world, *allow, time_to_live="x")
    assert update(world, "ttl", time_to_live="x") == ["ttl"]
    with pytest.raises(PlanRefused):
        update(world, "ttl", time_to_live="y")


@operation
def recovery(world: World) -> None:
    """Turn point-in-time recovery on, and change its days."""
    create_with(world)
    name = "point_in_time_recovery"
    for days in (True, 7):
        assert update(world, name, point_in_time_recovery=days) == [name]


@operation
def tags(world: World) -> None:
    """Set, change and remove tags."""
    create_with(world)
    assert update(world, tags={"a": "b", "c": "d"}) == ["tags"]
    assert update(world, "tag:c", tags={"a": "x"}) == ["tags", "tag:c"]


@operation
def protection(world: World) -> None:
    """Turn deletion protection on, and off by its name."""
    create_with(world)
    name = "deletion_protection"
    assert update(world, deletion_protection=True) == [name]
    assert update(world, name, deletion_protection=False) == [name]


@operation
def table_class(world: World) -> None:
    """Change the table class."""
    create_with(world)
    assert update(world, table_class="STANDARD_INFREQUENT_ACCESS") == ["table_class"]


@operation
def encryption(world: World) -> None:
    """Change the encryption key."""
    create_with(world)
    assert update(world, encryption=KMS()) == ["encryption"]


@operation
def warm(world: World) -> None:
    """Raise the warm throughput."""
    create_with(world, billing=OnDemand())
    assert update(world, warm=WarmThroughput(13_000, 5_000)) == ["warm"]


@operation
def policy(world: World) -> None:
    """Set a resource policy."""
    create_with(world)
    assert update(world, resource_policy=POLICY) == ["resource_policy"]


@operation
def skipped(world: World) -> None:
    """Pass over what the engine does not know, and do the rest."""
    create_with(world)
    declared: Any = {"encryption": KMS(), "time_to_live": "x", "resource_policy": POLICY}
    spec = changed(ORDERS, deletion_protection=False, table_class="STANDARD", **declared)
    applied = world.run(dynamorm.update_table(spec, allow=["ttl"], unsupported="skip"))
    left = world.run(dynamorm.plan(spec, unsupported="skip"))
    told = {item.name for item in applied.pending} | set(applied.unsupported)
    assert {step.name for step in left.steps} <= told
    assert {step.name for step in applied.done}.isdisjoint(applied.unsupported)


@operation
def refusal(world: World) -> None:
    """What the engine refuses is ValidationFailed."""
    with suppress(ValidationFailed):
        raise Ignored(world.run(call("BatchWriteItem", {"RequestItems": {}}, Raw)))
