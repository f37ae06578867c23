"""The life of a vector index: made with its table, compared, built, replaced and removed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.html
"""

from __future__ import annotations

from typing import Any

import pytest
from aids.worlds import World
from msgspec import structs

import dynamorm
from dynamorm import (
    Include,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    PlanRefused,
    Provisioned,
    Refused,
    ServiceError,
    TableSpec,
    VectorAttribute,
    requests,
)
from dynamorm.model.spec import changed
from dynamorm.tables.plan import make_plan
from dynamorm.tables.steps import Settings
from dynamorm.testing import Recorder

pytestmark = pytest.mark.once

ID = KeyAttribute("id", "S")
KIND, BRAND = KeyAttribute("kind", "S"), KeyAttribute("brand", "S")
PRICE = KeyAttribute("price", "N")
LOOK = VectorAttribute("look", 3, "COSINE")
BY_LOOK = IndexSpec("by-look", (KIND,), vector=LOOK, filters=(PRICE, BRAND))
BY_BRAND = IndexSpec("by-brand", (BRAND,))
BARE = TableSpec("things", ID)
THINGS = changed(BARE, indexes=(BY_LOOK,))
SHOWN = (
    "partition key kind (S), inline filter brand (S) + price (N), "
    "vector look of 3 dimensions (COSINE), ALL"
)


def having(*indexes: IndexSpec, **options: Any) -> TableSpec:
    return changed(BARE, indexes=indexes, **options)


def test_a_new_table_has_its_vector_index():
    """It is made with the table, waited for, and as declared from then on."""
    world = World(THINGS)
    (index,) = world.run(dynamorm.describe_table(THINGS)).vector_indexes
    assert (index.index_name, index.index_status) == ("by-look", "ACTIVE")
    made = world.run(dynamorm.plan(THINGS))
    assert (made.steps, made.blocked, made.undeclared) == ((), (), ())
    assert world.run(dynamorm.check(THINGS))


def test_one_that_is_leaving_is_not_there_any_more():
    """A declared one is made again, and an undeclared one is nothing to leave alone."""
    told = World(THINGS).run(dynamorm.describe_table(THINGS))
    leaving = structs.replace(told.vector_indexes[0], index_status="DELETING")
    table = structs.replace(told, vector_indexes=(leaving,))
    assert [step.name for step in make_plan(THINGS, table, Settings()).steps] == ["index:by-look"]
    left = make_plan(BARE, table, Settings())
    assert (left.steps, left.undeclared) == ((), ())


def test_the_plan_of_a_missing_table_names_it():
    """As any other index of the table that is to be made."""
    (step,) = World().run(dynamorm.plan(THINGS)).steps
    assert step.declared == "partition key id (S), index:by-look"
    assert step.payload["VectorIndexes"][0]["IndexName"] == "by-look"


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        (
            structs.replace(BY_LOOK, vector=VectorAttribute("look", 4, "COSINE")),
            "vector look of 4 dimensions (COSINE), ALL",
        ),
        (
            structs.replace(BY_LOOK, vector=VectorAttribute("look", 3, "EUCLIDEAN")),
            "vector look of 3 dimensions (EUCLIDEAN), ALL",
        ),
        (
            structs.replace(BY_LOOK, vector=VectorAttribute("sound", 3, "COSINE")),
            "vector sound of 3 dimensions (COSINE), ALL",
        ),
        (
            structs.replace(BY_LOOK, projection=Include("title")),
            "vector look of 3 dimensions (COSINE), Include('title')",
        ),
    ],
)
def test_another_vector_or_projection_is_drift(other: IndexSpec, shown: str):
    """Dimensions, distance, attribute and projection are compared; a change is told in words."""
    (found,) = World(THINGS).run(dynamorm.ensure_table(having(other))).drift
    assert (found.name, found.found) == ("index:by-look", SHOWN)
    assert found.declared == SHOWN.replace("vector look of 3 dimensions (COSINE), ALL", shown)


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ({"partition_key": ()}, "inline filter brand (S) + price (N), vector"),
        ({"filters": ()}, "partition key kind (S), vector"),
        ({"partition_key": (), "filters": ()}, "vector"),
        ({"filters": (BRAND,)}, "partition key kind (S), inline filter brand (S), vector"),
    ],
)
def test_another_search_schema_is_drift(other: Any, shown: str):
    """So are the HASH and the filters."""
    spec = having(structs.replace(BY_LOOK, **other))
    (found,) = World(THINGS).run(dynamorm.ensure_table(spec)).drift
    assert found.declared == f"{shown} look of 3 dimensions (COSINE), ALL"


def test_a_changed_index_is_deleted_and_created():
    """Nothing of it can be changed: it takes consent by name, and two requests in turn."""
    world = World(THINGS)
    wanted = having(structs.replace(BY_LOOK, vector=VectorAttribute("look", 4, "COSINE")))
    made = world.run(dynamorm.plan(wanted))
    assert [(s.name, s.kind) for s in made.steps] == [
        ("index:by-look", "destructive"),
        ("index:by-look", "slow"),
    ]
    gone, new = (step.payload for step in made.steps)
    assert gone == {
        "TableName": "things",
        "VectorIndexUpdates": [{"Delete": {"IndexName": "by-look"}}],
    }
    (create,) = new["VectorIndexUpdates"]
    assert create["Create"]["Dimensions"] == 4
    assert {one["AttributeName"] for one in new["AttributeDefinitions"]} == {
        "id",
        "kind",
        "brand",
        "price",
    }
    with pytest.raises(PlanRefused, match="index:by-look"):
        world.run(dynamorm.apply(made))
    done = world.run(dynamorm.apply(made, allow=("index:by-look",)))
    assert world.changes == ["UpdateTable", "UpdateTable"]
    assert [step.kind for step in done.done] == ["destructive", "slow"]
    assert not world.run(dynamorm.plan(wanted))


def test_a_new_index_is_waited_for_until_it_is_filled():
    """An index that is backfilling answers searches with part of the items."""
    world = World(BARE, index_seconds=500.0)
    begun = world.clock.now()
    done = world.update(THINGS)
    assert world.clock.now() - begun > 500
    assert done.table.vector_indexes[0].index_status == "ACTIVE"
    assert not done.table.vector_indexes[0].backfilling


def test_one_index_is_built_at_a_time():
    """Global and vector indexes share one place: the next is begun when the last is filled."""
    world = World(BARE, index_seconds=500.0)
    done = world.update(having(BY_LOOK, BY_BRAND))
    assert [step.name for step in done.done] == ["index:by-look", "index:by-brand"]
    assert world.changes == ["UpdateTable", "UpdateTable"]
    gone = {"TableName": "things", "VectorIndexUpdates": [{"Delete": {"IndexName": "by-look"}}]}
    world.ask("UpdateTable", **gone)
    world.update(having(BY_BRAND))
    more = having(BY_LOOK, BY_BRAND)
    added = requests.update_table(more, attributes=more.defined, create=BY_LOOK).to_dict()
    world.ask("UpdateTable", **added)
    world.clock.sleep(30)
    with pytest.raises(ServiceError, match="Only 1 online index"):
        world.ask("UpdateTable", **gone)


def test_an_undeclared_index_is_listed_and_removed_by_name():
    """As a global index is."""
    world = World(THINGS)
    made = world.run(dynamorm.plan(BARE))
    assert [(item.name, item.found) for item in made.undeclared] == [
        ("index:by-look", "vector index")
    ]
    assert made.steps == ()
    world.update(BARE, "index:*")
    assert world.run(dynamorm.describe_table(BARE)).vector_indexes == ()


def test_a_global_index_becomes_a_vector_index():
    """It is another index of the same name: one goes, and the other comes."""
    world = World(having(IndexSpec("by-look", (KIND,))))
    found = {item.name: item.found for item in world.run(dynamorm.check(THINGS)).tables[0].drift}
    assert found["index:by-look:kind"] == "global index"
    steps = world.run(dynamorm.plan(THINGS)).steps
    assert [[*step.payload][-1] for step in steps] == [
        "GlobalSecondaryIndexUpdates",
        "VectorIndexUpdates",
    ]
    world.update(THINGS, "index:by-look")
    assert not world.run(dynamorm.plan(THINGS))


def test_a_local_index_never_becomes_one():
    """Nothing can be done about it in a table that is there."""
    keyed = changed(BARE, sort_key=PRICE)
    world = World(changed(keyed, indexes=(IndexSpec("by-look", (), (BRAND,)),)))
    (blocked,) = world.run(dynamorm.plan(changed(keyed, indexes=(BY_LOOK,)))).blocked
    assert blocked.name == "index:by-look"
    assert blocked.remedy.startswith("a local index cannot be changed")


def test_other_dimensions_come_when_the_old_ones_have_gone():
    """All indexes of one vector have the same dimensions: both go before the first comes."""
    both = (BY_LOOK, IndexSpec("by-nearness", vector=LOOK))
    other = VectorAttribute("look", 5, "COSINE")
    world = World(having(*both))
    wanted = having(*(structs.replace(index, vector=other) for index in both))
    steps = world.run(dynamorm.plan(wanted)).steps
    assert [step.kind for step in steps] == ["destructive"] * 2 + ["slow"] * 2
    world.update(wanted, "index:*")
    assert not world.run(dynamorm.plan(wanted))


def test_dimensions_that_an_undeclared_index_holds_are_blocked():
    """The remedy names the index to remove."""
    world = World(having(BY_LOOK))
    new = IndexSpec("by-nearness", vector=VectorAttribute("look", 5, "COSINE"))
    (blocked,) = world.run(dynamorm.plan(having(new))).blocked
    assert blocked.declared == "look as a vector of 5 dimensions"
    assert blocked.found == "look as a vector of 3 dimensions, in the key of index by-look"
    assert "allow=('index:by-look',)" in blocked.remedy


def test_a_table_has_five_vector_indexes_at_any_moment():
    """Those that do not fit beside those that stay are blocked."""
    old = [IndexSpec(f"old-{number}", vector=LOOK) for number in range(5)]
    made = World(having(*old)).run(dynamorm.plan(having(BY_LOOK)))
    (blocked,) = made.blocked
    assert (blocked.name, blocked.found) == ("index:by-look", "5 vector indexes, and 1 new ones")
    assert blocked.remedy.startswith("a table has at most 5: remove 1 of those that are not decl")


def test_a_provisioned_table_is_given_none():
    """The plan says so with the reason, and with what to declare."""
    world = World(changed(BARE, billing=Provisioned(1, 1)))
    made = world.run(dynamorm.plan(THINGS))
    (blocked,) = made.blocked
    assert (blocked.name, blocked.found) == ("index:by-look", "a provisioned table")
    assert blocked.remedy == "declare billing=OnDemand(), for this plan or one before it"
    assert made.steps == ()
    ignoring = changed(THINGS, billing=OnDemand(), ignore=("billing",))
    assert world.run(dynamorm.plan(ignoring)).blocked == made.blocked
    wanted = changed(THINGS, billing=OnDemand())
    assert world.run(dynamorm.plan(wanted, only=["index:by-look"])).blocked == made.blocked
    assert [s.name for s in world.run(dynamorm.plan(wanted)).steps] == ["billing", "index:by-look"]
    world.update(wanted)
    assert not world.run(dynamorm.plan(wanted))


def test_what_becomes_provisioned_loses_its_vector_indexes_first():
    """The remedy names them."""
    wanted = changed(BARE, billing=Provisioned(1, 1))
    (blocked,) = World(THINGS).run(dynamorm.plan(wanted)).blocked
    assert blocked.remedy == (
        "a table with a vector index is billed on demand: declare OnDemand(), or remove by-look "
        "first"
    )


class Restoring:
    """A service with a table that has a vector index, and a backup of it."""

    def __init__(self) -> None:
        self.world = World(changed(THINGS, point_in_time_recovery=True))
        self.backup = self.world.run(dynamorm.create_backup("things", "safe"))
        self.recorder = Recorder(self.world.service)

    def run(self, spec: TableSpec, **options: Any) -> Any:
        steps = dynamorm.restore_backup(spec, self.backup, name="restored", **options)
        return dynamorm.run(steps, self.recorder, clock=self.world.clock)

    @property
    def sent(self) -> Any:
        return next(body for name, body in self.recorder.sent if name.startswith("Restore"))


def test_a_restore_keeps_a_vector_index_that_is_as_declared():
    """With the backup's own, nothing has to be said of it."""
    there = Restoring()
    assert there.run(THINGS).vector_indexes[0].index_name == "by-look"
    assert "VectorIndexOverride" not in there.sent


def test_a_restore_leaves_out_one_that_differs_and_builds_it():
    """A restore can change none: the rest are named, and the new one is built afterwards."""
    there = Restoring()
    wanted = having(structs.replace(BY_LOOK, vector=VectorAttribute("look", 4, "COSINE")))
    assert there.run(wanted).vector_indexes[0].dimensions == 4
    assert there.sent["VectorIndexOverride"] == []
    with pytest.raises(Refused, match="index by-look has to be built after the restore"):
        there.run(wanted, wait=False)


def test_the_ones_that_are_kept_are_named_as_they_are():
    """Where one is left out, all others are listed with everything that they are."""
    there = Restoring()
    both = IndexSpec("by-sound", vector=VectorAttribute("sound", 8, "EUCLIDEAN"))
    there.world.update(having(BY_LOOK, both))
    source = dynamorm.restore_to_point_in_time(
        having(structs.replace(both, vector=VectorAttribute("sound", 9, "EUCLIDEAN")), BY_LOOK),
        "things",
        name="restored",
    )
    dynamorm.run(source, there.recorder, clock=there.world.clock)
    assert there.sent["VectorIndexOverride"] == [
        {
            "IndexName": "by-look",
            "VectorAttribute": {"AttributeName": "look"},
            "SearchSchema": [
                {"AttributeName": "kind", "SearchSchemaElementType": "HASH"},
                {"AttributeName": "brand", "SearchSchemaElementType": "INLINE_FILTER"},
                {"AttributeName": "price", "SearchSchemaElementType": "INLINE_FILTER"},
            ],
            "Projection": {"ProjectionType": "ALL"},
            "Dimensions": 3,
            "DistanceFunction": "COSINE",
        }
    ]
