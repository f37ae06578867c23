"""Values that people print, send on, copy and keep: every kind that the library returns."""

from __future__ import annotations

import copy
import pickle

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import IndexSpec, KeyAttribute, TableSpec, requests, required_actions
from dynamorm.model import Readable

ID = KeyAttribute("id", "S")
SPEC = TableSpec(
    "orders",
    ID,
    indexes=tuple(IndexSpec(f"by-{n}", (KeyAttribute(f"a{n}", "S"),)) for n in range(20)),
    stream="NEW_IMAGE",
    time_to_live="expires",
)


def returned():
    """One of each kind."""
    db = World().db
    ensured = db.ensure_table(SPEC)
    plan = db.plan(SPEC, stream=None, tags={"a": "b"}, allow=["index:by-1"])
    target = SPEC.named("copy")
    migrated = db.auto_migrate_with_options(SPEC, target_model=target, data_copy=True)
    yield from (ensured, ensured.table, plan, plan.steps[0], migrated, migrated.copy)
    yield db.verify_copy(SPEC, target)
    yield db.update_table(SPEC, allow=["stream"], stream=None)
    drifted = db.ensure_table(SPEC)
    yield from (drifted, drifted.drift[0])
    yield from (SPEC, TableSpec("orders", ID))
    yield required_actions(plan)[0]
    checked = db.check(SPEC)
    yield from (checked, checked.tables[0], *db.list_backups())
    yield from (requests.create_table(SPEC, extra={"Newer": [1]}), requests.list_tables("orders"))


VALUES = list(returned())

NOT_RETURNED = (
    "Call Event Include Index IndexSpec InlineFilter KMS KeyAttribute Kinesis Location Now "
    "OnDemand PartitionKey Provisioned Replica Retries Sleep SortKey TimeToLive Vector "
    "VectorAttribute VectorIndex WarmThroughput Where"
)
"""Options, markers, effects, and what `observe` is told: each as short as what one writes."""


def test_every_kind_of_result_is_readable():
    """What the library returns has the text and the forms of all its values."""
    classes = [getattr(dynamorm, name) for name in dynamorm.__all__]
    structs = [one for one in classes if isinstance(one, type) and issubclass(one, Struct)]
    others = {one.__name__ for one in structs if not issubclass(one, Readable)}
    assert others <= set(NOT_RETURNED.split())


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_can_be_printed_sent_and_kept(value):
    """A repr is short and has nothing unset; there are text, dict and JSON; copies are equal."""
    assert repr(value).startswith(f"{type(value).__name__}(")
    assert len(repr(value)) < 500
    assert "UNSET" not in repr(value) + str(value)
    assert json.decode(json.encode(value)) == json.decode(value.to_json()) == value.to_dict()
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == copy.deepcopy(value) == value


def test_a_text_has_a_line_for_each_member():
    """What is in another value is indented below its name, and defaults are left out."""
    spec = TableSpec("orders", ID, tags={"team": "a"}, ignore=("billing", "warm"))
    assert str(spec) == (
        "name: orders\npartition_key:\n  name: id\n  type: S\ntags:\n  team: a\n"
        "ignore:\n  1: billing\n  2: warm"
    )


def test_what_an_operation_has_done_is_told_in_a_few_lines():
    """A text of a result says the table, and a line for each difference and each thing left."""
    world = World()
    assert str(world.db.ensure_table(SPEC)) == "orders: created"
    assert str(world.db.ensure_table(SPEC)) == "orders: as declared"
    different = "orders: differs\n  stream: declared nothing, found NEW_IMAGE"
    assert str(world.db.ensure_table(SPEC, stream=None)) == different
    target = SPEC.named("copy")
    migrated = world.db.auto_migrate_with_options(SPEC, target_model=target, data_copy=True)
    assert "target: copy: created\n" in str(migrated)
    applied = world.db.update_table(SPEC, stream=None, allow=["stream"])
    assert str(applied) == "orders: 1 done\n  done stream: turn NEW_IMAGE off"
