"""Plan and apply: a living table becomes what is declared, and loses nothing that nobody named."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from aids import strategies
from aids.laws import dear
from aids.worlds import World
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, json, structs

import dynamorm
from dynamorm import (
    Include,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Provisioned,
    Steps,
    TableSpec,
    requests,
)
from dynamorm.errors import PlanRefused
from dynamorm.model.spec import DescribedSpec, changed
from dynamorm.operations import InRegion, Location, Where, through
from dynamorm.operations.waiting import retrying
from dynamorm.tables.apply import Applied
from dynamorm.tables.plan import Plan
from dynamorm.tables.update import plan, update_table
from dynamorm.testing import FakeService

pytestmark = pytest.mark.once

HOUR = 3600.0


@pytest.fixture
def world() -> World:
    return World()


def comparable(spec: TableSpec) -> TableSpec:
    """Without what no plan compares."""
    return changed(spec, extra=UNSET)


specs = strategies.specs().map(comparable)


@st.composite
def variants(draw: st.DrawFn) -> tuple[TableSpec, TableSpec]:
    """A table, and another declaration of it whose changes a living table can be given."""
    old, new = draw(specs), draw(specs)
    if new.billing is UNSET and any(index.on_demand or index.vector for index in new.indexes):
        new = changed(new, billing=OnDemand())
    if isinstance(new.billing, Provisioned):
        # As long as there is a vector index, a table is billed on demand.
        old = changed(old, indexes=tuple(index for index in old.indexes if not index.vector))
    if old.replicas or "STRONG" in (old.consistency, new.consistency):
        # Their consistency, stream and mode of billing stay as they are.
        fixed = {name: getattr(old, name) for name in ("consistency", "witness")}
        strong = old.consistency == "STRONG"
        if "STRONG" in (old.consistency, new.consistency):
            fixed["replicas"] = old.replicas
        new = loosely(new, **fixed, stream=old.stream if strong else "NEW_AND_OLD_IMAGES")
        if isinstance(new.billing, Provisioned):
            return old, old
    if new.replicas and isinstance(old.billing, Provisioned):
        # Only the service knows whether auto scaling manages its writes.
        return old, old
    kept = {i.name for i in old.local_indexes}
    online = (*new.global_indexes, *new.vector_indexes)
    indexes = (*old.local_indexes, *(i for i in online if i.name not in kept))
    if draw(st.booleans()) and isinstance(new.billing, Provisioned) == isinstance(
        old.billing, Provisioned
    ):
        names = {i.name for i in indexes}
        indexes += tuple(i for i in old.global_indexes if i.name not in names)
    types = {part.name: part for part in (*old.key, *(p for i in old.local_indexes for p in i.key))}
    try:
        parts = {
            "name": old.name,
            "partition_key": old.partition_key,
            "sort_key": old.sort_key,
            "indexes": tuple(with_types(index, types) for index in indexes),
        }
        return old, TableSpec(**structs.asdict(new) | parts)
    except dynamorm.ModelError:
        return old, old


def loosely(spec: TableSpec, **values: Any) -> TableSpec:
    """The same with other values, be they within the rules or not."""
    return structs.replace(DescribedSpec(**structs.asdict(spec)), **values)


def with_types(index: IndexSpec, types: dict[str, KeyAttribute]) -> IndexSpec:
    """An attribute has one type in a table: the first one that it is given."""
    return structs.replace(
        index,
        partition_key=tuple(types.setdefault(p.name, p) for p in index.partition_key),
        sort_key=tuple(types.setdefault(p.name, p) for p in index.sort_key),
        filters=tuple(types.setdefault(p.name, p) for p in index.filters),
    )


def everything(made: Plan) -> list[str]:
    return [
        *(step.name for step in made.steps),
        *(item.name for item in made.undeclared if item.found != "local index"),
    ]


@dear
@given(specs)
def test_a_new_table_needs_no_change(spec):
    """The plan of a table that has just been created is empty, whatever is declared."""
    world = World(spec)
    made = world.run(plan(spec))
    assert (made.steps, made.undeclared, made.blocked) == ((), (), ())
    assert str(made).startswith(f"{spec.name}: is as declared\n")


def finish(world: World, spec: TableSpec, allow: Any) -> list[Applied]:
    """Apply until nothing is pending, with an hour between the runs."""
    runs = [world.run(update_table(spec, allow=allow))]
    while runs[-1].pending:
        assert len(runs) < 4
        world.clock.sleep(HOUR)
        runs.append(world.run(update_table(spec, allow=allow)))
    return runs


@dear
@given(variants())
def test_applying_a_plan_empties_the_next(pair):
    """With everything allowed, a table becomes what is declared, and nothing else is on it."""
    old, new = pair
    world = World(old)
    world.clock.sleep(HOUR)
    allow = everything(world.run(plan(new, allow=["ttl", "point_in_time_recovery", "tag:x"])))
    finish(world, new, [*allow, "ttl", "point_in_time_recovery", "resource_policy"])
    after = world.run(plan(new))
    assert (after.steps, after.blocked) == ((), ())
    assert [u for u in after.undeclared if u.name.startswith("index:")] == []


def things(world: World, name: str) -> set[str]:
    """Everything that could be lost, as the service itself tells it."""
    table = world.ask("DescribeTable", TableName=name)["Table"]
    arn = table["TableArn"]
    ttl = world.ask("DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    backups = world.ask("DescribeContinuousBackups", TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    tags = world.ask("ListTagsOfResource", ResourceArn=arn)["Tags"]
    stream = table.get("StreamSpecification", {})
    there = {f"index {json.encode(i['KeySchema'])!r}" for i in table["GlobalSecondaryIndexes"]}
    for index in table.get("VectorIndexes", ()):
        there |= {f"vector {index['VectorAttribute']} {index['Dimensions']} {index['IndexName']}"}
    there |= {f"tag {tag['Key']}" for tag in tags}
    there |= {f"expiry by {ttl['AttributeName']}"} if "AttributeName" in ttl else set()
    there |= {stream["StreamViewType"]} if stream.get("StreamEnabled") else set()
    there |= {"encryption"} if "SSEDescription" in table else set()
    there |= {"protection"} if table.get("DeletionProtectionEnabled") else set()
    there |= {f"{day} days" for day in range(recovery.get("RecoveryPeriodInDays", 0))}
    try:
        world.ask("GetResourcePolicy", ResourceArn=arn)
    except dynamorm.ServiceError:
        return there
    return there | {"policy"}


@dear
@given(variants())
def test_nothing_disappears_that_nobody_named(pair):
    """Without `allow`, a run is refused before its first write, or it loses nothing."""
    old, new = pair
    world = World(old)
    before = things(world, old.name)
    try:
        world.run(update_table(new))
    except PlanRefused:
        assert set(world.sent) <= READS
        assert things(world, old.name) == before
    else:
        assert things(world, old.name) >= before


READS = {
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetResourcePolicy",
    "ListTagsOfResource",
}


class Killed(BaseException):
    """The process has ended."""


class Killing:
    """A service that takes so many requests, and ends the process before or after the next."""

    def __init__(self, service: FakeService, left: int, *, after_effect: bool) -> None:
        self.service = service
        self.left = left
        self.after_effect = after_effect

    def in_region(self, region: str) -> Killing:
        there = self.service.in_region(region)
        return Killing(there, self.left, after_effect=self.after_effect)

    def send(self, operation: str, body: bytes) -> bytes:
        self.left -= 1
        if self.left < 0 and not self.after_effect:
            raise Killed
        answer = self.service.send(operation, body)
        if self.left < 0:
            raise Killed
        return answer


def snapshot(world: World, name: str) -> Any:
    """The table as it is, but for the moments at which things happened."""
    world.clock.sleep(HOUR)
    table = world.ask("DescribeTable", TableName=name)["Table"]
    for index in table["GlobalSecondaryIndexes"]:
        index["KeySchema"] = [tuple(part.items()) for part in index["KeySchema"]]
    table["GlobalSecondaryIndexes"].sort(key=lambda index: index["IndexName"])
    table.get("VectorIndexes", []).sort(key=lambda index: index["IndexName"])
    table["AttributeDefinitions"].sort(key=lambda item: item["AttributeName"])
    table.pop("LatestStreamArn", None)
    return table, things(world, name)


def everything_of(spec: TableSpec) -> list[str]:
    return [
        "stream",
        "encryption",
        "deletion_protection",
        "ttl",
        f"ttl:{spec.time_to_live}",
        "point_in_time_recovery",
        "resource_policy",
        "disassociation_protection",
        "replica:*",
        *(f"index:{index.name}" for index in (*spec.global_indexes, *spec.vector_indexes)),
        *(f"tag:{key}" for key in spec.tags or ()),
    ]


def allowing(old: TableSpec, new: TableSpec) -> list[str]:
    local = {f"index:{index.name}" for index in (*old.local_indexes, *new.local_indexes)}
    return sorted({*everything_of(old), *everything_of(new)} - local)


@dear
@given(variants(), st.integers(0, 60), st.booleans())
def test_a_killed_run_goes_on_where_it_was(pair, requests_left, after_effect):
    """Killed before or after any request and started again, a run ends in the same table."""
    old, new = pair
    allow = allowing(old, new)
    whole, broken = World(), World()
    for world in (whole, broken):
        world.run(dynamorm.create_table(old))
        world.clock.sleep(HOUR)
    finish(whole, new, allow)
    killing = Killing(broken.service, requests_left, after_effect=after_effect)
    try:
        dynamorm.run(update_table(new, allow=allow), killing, clock=broken.clock)
    except Killed:
        broken.clock.sleep(1.0)
    finish(broken, new, allow)
    assert snapshot(broken, new.name) == snapshot(whole, new.name)


def shuffled(spec: TableSpec, draw: Any) -> TableSpec:
    tags = spec.tags
    if tags:
        tags = dict(draw(st.permutations(list(tags.items()))))
    return changed(
        spec,
        tags=tags,
        indexes=tuple(_shuffled(i, draw) for i in draw(st.permutations(spec.indexes))),
    )


def _shuffled(index: IndexSpec, draw: Any) -> IndexSpec:
    if not isinstance(index.projection, Include):
        return index
    return structs.replace(
        index, projection=Include(*draw(st.permutations(index.projection.fields)))
    )


@dear
@given(specs, st.data())
def test_order_never_makes_a_step(spec, data):
    """The order of indexes, tags and projected names means nothing."""
    world = World(spec)
    assert world.run(plan(shuffled(spec, data.draw))).steps == ()


class Threads:
    """Several processes that take turns, each with the same service and time."""

    def __init__(self, world: World, programs: list[Steps[Any]]) -> None:
        self.world = world
        self.results: dict[int, Any] = {}
        self.running = {n: through(program, retrying()) for n, program in enumerate(programs)}
        self.next: dict[int, Any] = dict.fromkeys(self.running, (None, None))

    def turn(self, number: int) -> None:
        """Let one process perform one effect."""
        program = self.running[number]
        answer, error = self.next[number]
        try:
            effect = program.throw(error) if error else program.send(answer)
        except StopIteration as stop:
            self.results[number] = stop.value
            del self.running[number]
            return
        try:
            self.next[number] = self.perform(effect), None
        except dynamorm.DynamormError as trouble:
            self.next[number] = None, trouble

    def perform(self, effect: Any) -> Any:
        if isinstance(effect, dynamorm.Call):
            sender = effect.transport or self.world.service
            body = sender.send(effect.operation, requests.encode(effect.payload))
            return json.decode(body or b"{}", type=effect.reply_type)
        if isinstance(effect, Where):
            return Location()
        if isinstance(effect, InRegion):
            return self.world.service.in_region(effect.region)
        if isinstance(effect, dynamorm.Sleep):
            # Everybody sleeps at the same time, so that each pause is but a part of the time.
            return self.world.clock.sleep(effect.seconds / len(self.running))
        return self.world.clock.now()


@dear
@given(variants(), st.integers(0, 2**32 - 1))
def test_several_processes_do_not_fail_each_other(pair, seed):
    """Whoever does the same at the same time succeeds, and the table is as if one had done it."""
    old, new = pair
    allow = allowing(old, new)
    alone, world = World(), World()
    for each in (alone, world):
        each.run(dynamorm.create_table(old))
        each.clock.sleep(HOUR)
    finish(alone, new, allow)
    threads = Threads(world, [iter(update_table(new, allow=allow)) for _ in range(3)])
    chance = Random(seed)  # a draw for each of hundreds of turns takes longer than the turns
    while threads.running:
        threads.turn(chance.choice(sorted(threads.running)))
    world.clock.sleep(HOUR)
    finish(world, new, allow)
    assert snapshot(world, new.name) == snapshot(alone, new.name)
