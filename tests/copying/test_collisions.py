"""Two items that a transform gives one key are noticed, and no others are."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids.faults import PLANS, Faulty, Inline
from aids.worlds import stocked
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

import dynamorm
from dynamorm import (
    CopyIncomplete,
    ItemError,
    PartitionKey,
    Refused,
    SortKey,
    attribute_transform,
    table,
    table_spec,
)
from dynamorm.copying.collisions import Keys, digest
from dynamorm.errors import service_error
from dynamorm.testing import FakeService, Recorder


@table("source")
class Source(Struct):
    id: Annotated[str, PartitionKey()]


def item(number: int, **attributes: Any) -> dict[str, Any]:
    return {"id": {"S": f"id-{number}"}, **attributes}


def service(count: int, **attributes: Any) -> FakeService:
    return stocked(Source, source=[item(n, **attributes) for n in range(count)], target=[])


def copy(fake: Any, target: str = "target", **options: Any) -> Any:
    options = {"segments": 1, "executor": Inline(), **options}
    return dynamorm.run(dynamorm.copy_table("source", target, **options), fake)


def number_of(values: dict[str, Any]) -> int:
    return int(values["id"]["S"].rpartition("-")[2])


def onto(keys: int) -> Any:
    """Make a transform that leaves so many keys."""

    @attribute_transform
    def merge(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "id": {"S": f"key-{number_of(values) % keys}"}, "was": values["id"]}

    return merge


@attribute_transform
def renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Give each item a key of its own."""
    return {**values, "id": {"S": f"new-{values['id']['S']}"}}


@pytest.mark.parametrize("segments", [1, 4])
@pytest.mark.parametrize("page_limit", [None, 3])
def test_2000_items_onto_1000_keys_end_the_copy(segments: int, page_limit: int | None) -> None:
    """The error has the target's key, and no item was replaced."""
    fake = service(2000)
    with pytest.raises(ItemError, match=r"two items.*collisions=") as caught:
        copy(fake, transform=onto(1000), segments=segments, page_limit=page_limit)
    assert caught.value.key["id"].startswith("key-")
    assert len(fake.items("target")) == caught.value.report.written


@settings(deadline=None)
@given(
    count=st.integers(1, 150),
    keys=st.integers(1, 150),
    plan=PLANS,
    segments=st.integers(1, 4),
    batch_size=st.integers(1, 25),
    page_limit=st.none() | st.integers(1, 20),
)
def test_a_collision_is_always_reported(
    count: int, keys: int, plan: list[Any], segments: int, batch_size: int, page_limit: int | None
) -> None:
    """Under any faults a copy ends with an error if two items get one key, and only then."""
    fake = service(count)
    options: dict[str, Any] = {
        "transform": onto(keys),
        "segments": segments,
        "batch_size": batch_size,
        "page_limit": page_limit,
    }
    if keys >= count:
        report = copy(Faulty(fake, plan), **options)
        assert (report.written, report.unchecked) == (count, 0)
        assert len(fake.items("target")) == count
    else:
        with pytest.raises(ItemError, match="two items"):
            copy(Faulty(fake, plan), **options)


@settings(deadline=None)
@given(
    count=st.integers(0, 150),
    plan=PLANS,
    deadlines=st.lists(st.floats(0, 10), max_size=5),
    segments=st.integers(1, 3),
)
def test_what_is_read_again_is_no_collision(
    count: int, plan: list[Any], deadlines: list[float], segments: int
) -> None:
    """Stopped, resumed and under faults, a key-changing copy loses and merges nothing."""
    fake = service(count)
    faulty = Faulty(fake, plan)
    report = None
    for deadline in [*deadlines, None]:
        try:
            report = copy(
                faulty,
                transform=renamed,
                segments=segments,
                page_limit=7,
                deadline=deadline,
                resume=report,
                max_write_units=20,
            )
        except CopyIncomplete as error:
            report = error.report
    assert report.done
    assert report.written == len(fake.items("target")) == count


def test_an_item_that_gives_one_key_twice_is_a_collision() -> None:
    """One source item may lose what is made of it, too."""

    @attribute_transform
    def twice(values: dict[str, Any]) -> Any:
        yield {**values, "n": {"N": "1"}}
        yield {**values, "n": {"N": "2"}}

    fake = service(3)
    with pytest.raises(ItemError, match="two items"):
        copy(fake, transform=twice)
    assert fake.items("target") == []
    with pytest.raises(ItemError, match="two items"):
        copy(fake, "source", transform=twice, in_place=True, on_error=lambda *given: None)
    report = copy(fake, transform=twice, collisions="last")
    assert (report.written, report.collisions) == (3, 3)
    assert all(b'"2"' in raw for raw in fake.items("target"))


def test_a_collision_is_not_offered_to_on_error() -> None:
    """Nothing that is told there could bring the first item back."""
    taken: list[Any] = []
    with pytest.raises(ItemError):
        copy(service(2), transform=onto(1), on_error=lambda *given: taken.append(given))
    assert taken == []


def test_a_collision_ends_the_resumed_copy_too() -> None:
    """The checkpoint knows it: whoever resumes in a loop does not pass it over."""
    fake = service(200)
    with pytest.raises(ItemError) as caught:
        copy(fake, transform=onto(196), page_limit=30)
    checkpoint = json.loads(json.dumps(caught.value.report.checkpoint))
    with pytest.raises(ItemError, match="two items"):
        copy(fake, transform=onto(196), resume=checkpoint)
    assert copy(fake, transform=onto(196), resume=checkpoint, collisions="last").done
    with pytest.raises(ItemError) as another:  # met before the first one is met again
        copy(fake, transform=onto(1), resume=checkpoint)
    assert {*checkpoint["collided"]} < {*another.value.report.checkpoint["collided"]}


def test_what_is_not_compared_is_counted() -> None:
    """Beyond the limit, after a resume, and in a segment that others copy beside it."""
    fake = service(250)
    assert copy(fake, transform=renamed).unchecked == 0
    assert copy(fake, transform=renamed, collision_keys=100).unchecked == 150
    first = copy(fake, transform=renamed, page_limit=50, max_write_units=50, deadline=1.5)
    assert 0 < first.written < 250
    assert first.unchecked == 0
    again = copy(fake, transform=renamed, resume=first)
    assert (again.written, again.unchecked) == (250, 250 - first.written)
    alone = dynamorm.copy_segment("source", "target", segment=0, of=2, transform=renamed)
    report = dynamorm.run(alone, fake)
    assert report.unchecked == report.written > 0
    whole = dynamorm.copy_segment("source", "target", segment=0, of=1, transform=renamed)
    assert dynamorm.run(whole, fake).unchecked == 0


@pytest.mark.parametrize(
    "transform",
    [
        None,
        dynamorm.copy_all_fields(),
        dynamorm.chain(dynamorm.add_field("x", 1), dynamorm.remove_field("x")),
        dynamorm.rename_field("a", "b"),
    ],
    ids=["none", "copy_all_fields", "chain", "rename_field"],
)
def test_nothing_is_remembered_where_keys_cannot_change(transform: Any) -> None:
    """Without room for a single key, all are known to be distinct."""
    assert copy(service(30), transform=transform, collision_keys=0).unchecked == 0


def test_a_transform_that_touches_the_key_is_watched() -> None:
    """So is one of which nothing is known."""
    for transform in (dynamorm.rename_field("id", "id"), renamed):
        assert copy(service(30), transform=transform, collision_keys=0).unchecked == 30


@pytest.mark.parametrize("collisions", ["check", "error"])
@pytest.mark.parametrize("existing", ["overwrite", "keep"])
def test_conditional_puts(collisions: Any, existing: Any) -> None:
    """They ask that no other item is there, and get it back where one is."""
    if (collisions, existing) == ("check", "keep"):
        return
    recorder = Recorder(service(30))
    copy(recorder, transform=renamed, collisions=collisions, existing=existing)
    puts = [body for operation, body in recorder.sent if operation == "PutItem"]
    if (collisions, existing) == ("error", "overwrite"):
        assert puts == []
        return
    assert len(puts) == 30
    assert {put["ReturnValuesOnConditionCheckFailure"] for put in puts} == {"ALL_OLD"}
    assert {put["ConditionExpression"] for put in puts} == {"attribute_not_exists(#key)"}
    assert {put["ExpressionAttributeNames"]["#key"] for put in puts} == {"id"}


@settings(deadline=None)
@given(count=st.integers(1, 60), keys=st.integers(1, 60), plan=PLANS, page_limit=st.integers(1, 9))
def test_check_is_exact_after_lost_answers_and_resumes(
    count: int, keys: int, plan: list[Any], page_limit: int
) -> None:
    """An equal item counts as written: it is the same one, whose answer was lost."""
    fake = service(count)

    def both() -> Any:
        options: dict[str, Any] = {"collisions": "check", "page_limit": page_limit}
        first = copy(
            Faulty(fake, plan), transform=onto(keys), deadline=2, max_write_units=9, **options
        )
        return copy(Faulty(fake, plan), transform=onto(keys), resume=first, **options)

    if keys >= count:
        with suppress(CopyIncomplete):
            report = both()
            assert report.written == len(fake.items("target")) == count
        return
    with pytest.raises((ItemError, CopyIncomplete)) as caught:
        both()
    assert caught.value.report is not None
    assert not isinstance(caught.value, ItemError) or caught.value.key["id"].startswith("key-")


@pytest.mark.parametrize("collisions", ["error", "check", "last"])
@pytest.mark.parametrize("target", ["source", "target"])
def test_what_a_transform_skips_leaves_nothing_to_write(
    target: str, collisions: Any, tmp_path: Path
) -> None:
    """Skipped items stand between those that are put, in batches and one by one."""

    @attribute_transform
    def odd(values: dict[str, Any]) -> Any:
        return {**values, "odd": {"BOOL": True}} if number_of(values) % 2 else None

    fake = service(60)
    file = tmp_path / "copy.json"
    options: Any = {"collisions": collisions, "in_place": True, "checkpoint_file": file}
    report = copy(fake, target, transform=odd, **options)
    assert (report.done, report.written, report.skipped) == (True, 30, 30)
    assert sum(b"odd" in raw for raw in fake.items(target)) == 30


def test_another_item_in_the_target_is_told_by_check() -> None:
    """It would have been replaced; on_error is not asked."""
    fake = service(3)
    fake.put("target", b'{"id":{"S":"id-1"},"mine":{"BOOL":true}}')
    with pytest.raises(ItemError, match="another item") as caught:
        copy(fake, collisions="check", on_error=lambda *given: None)
    assert caught.value.key == {"id": "id-1"}


def test_keep_leaves_what_is_there() -> None:
    """A live migration: what the application has written to the new table wins."""
    fake = service(30, n={"N": "1"})
    mine = b'{"id":{"S":"id-7"},"n":{"N":"2"}}'
    equal = b'{"n":{"N":"1.0"},"id":{"S":"id-8"}}'
    fake.put("target", mine, equal)
    report = copy(fake, existing="keep")
    assert (report.done, report.written, report.kept) == (True, 29, 1)
    assert {mine, equal} <= set(fake.items("target"))
    assert len(fake.items("target")) == 30


@settings(deadline=None)
@given(count=st.integers(0, 60), there=st.integers(0, 60), plan=PLANS)
def test_keep_keeps_under_faults(count: int, there: int, plan: list[Any]) -> None:
    """Whatever fails on the way, what was there stays, and all others arrive."""
    fake = service(count)
    mine = [json.dumps(item(number, mine={"BOOL": True})).encode() for number in range(there)]
    fake.put("target", *mine)
    report = copy(Faulty(fake, plan), existing="keep", segments=3)
    assert set(mine) <= set(fake.items("target"))
    assert (report.kept, report.written) == (min(count, there), max(0, count - there))


class Old(Faulty):
    """An engine that does not give the item that was there."""

    def send(self, operation: str, body: bytes) -> bytes:
        return super().send(operation, body.replace(b"ALL_OLD", b"NONE"))


def test_an_engine_that_does_not_return_the_item_is_asked_for_it() -> None:
    """One read tells whether it is equal."""
    fake = service(5)
    fake.put("target", json.dumps(item(1)).encode(), json.dumps(item(2, x={"S": "y"})).encode())
    report = copy(Old(fake), existing="keep")
    assert (report.written, report.kept) == (4, 1)
    assert fake.sent.count("GetItem") == 2


class Vanishing(Old):
    """Deletes the item before it can be looked at."""

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "GetItem":
            delete = {"DeleteRequest": {"Key": json.loads(body)["Key"]}}
            batch = json.dumps({"RequestItems": {"target": [delete]}})
            self.service.send("BatchWriteItem", batch.encode())
        return super().send(operation, body)


def test_an_item_that_vanishes_meanwhile_is_written() -> None:
    """The put is sent again."""
    fake = service(1)
    fake.put("target", json.dumps(item(0, x={"S": "y"})).encode())
    report = copy(Vanishing(fake), existing="keep")
    assert (report.written, report.kept, len(fake.items("target"))) == (1, 0, 1)


class Strange(Old):
    """Gives an item that cannot be read."""

    def send(self, operation: str, body: bytes) -> bytes:
        answer = super().send(operation, body)
        return b'{"Item":{"id":{"S":"id-0"},"x":{"L":1}}}' if operation == "GetItem" else answer


def test_what_is_no_item_is_not_equal() -> None:
    """An answer that cannot be read is another item, and is kept."""
    fake = service(1)
    fake.put("target", json.dumps(item(0, x={"NS": ["y"]})).encode())
    assert copy(Strange(fake), existing="keep").kept == 1


@pytest.mark.parametrize("other", [{"in_place": True}, {"collisions": "check"}])
def test_keep_does_not_go_with_what_would_keep_everything(other: dict[str, Any]) -> None:
    """In place each item is there already."""
    with pytest.raises(Refused, match="does not go with"):
        copy(service(1), existing="keep", **other)


def test_check_in_place_puts_batches() -> None:
    """A transform cannot change keys there, so that there is nothing to check."""
    fake = service(30)
    mark = attribute_transform(lambda values: {**values, "x": {"S": "y"}})
    assert copy(fake, "source", transform=mark, in_place=True, collisions="check").written == 30
    assert "PutItem" not in fake.sent


class Poisoned(Faulty):
    """Refuses whatever has the attribute `poison`, and the batch with it."""

    def send(self, operation: str, body: bytes) -> bytes:
        if operation in ("BatchWriteItem", "PutItem") and b"poison" in body:
            raise service_error("ValidationException", "no", status=400, operation=operation)
        return super().send(operation, body)


@pytest.mark.parametrize("batch_size", [1, 2, 25])
def test_the_older_item_falls_only_for_one_that_is_written(batch_size: int) -> None:
    """A good item, then a bad one with its key: the good one is there, the bad one is told."""
    fake = service(1)

    @attribute_transform
    def three(values: dict[str, Any]) -> Any:
        yield {**values, "n": {"N": "1"}}
        yield {**values, "n": {"N": "2"}}
        yield {**values, "poison": {"S": "x"}}

    taken: list[Any] = []
    report = copy(
        Poisoned(fake),
        transform=three,
        collisions="last",
        batch_size=batch_size,
        on_error=lambda values, error: taken.append((values, error.key)),
    )
    assert (report.done, report.written, report.collisions, report.failed) == (True, 1, 1, 1)
    [held] = fake.items("target")
    assert json.loads(held)["n"] == {"N": "2"}
    assert taken == [({"id": {"S": "id-0"}, "poison": {"S": "x"}}, {"id": "id-0"})]


def test_an_item_that_the_service_refuses_is_named_by_its_key() -> None:
    """Alone in its batch or among others, by batches and by conditional puts."""
    for options in ({}, {"existing": "keep"}, {"batch_size": 1}):
        fake = service(30)
        fake.put("source", json.dumps(item(77, poison={"S": "x"})).encode())
        with pytest.raises(dynamorm.ValidationFailed, match=r"\(item id='id-77'\)") as caught:
            copy(Poisoned(fake), **options)
        assert caught.value.key == {"id": "id-77"}


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=50), st.integers(0, 60))
def test_keys_are_remembered_exactly(digests: set[bytes], most: int) -> None:
    """New ones are new, old ones are not, and what does not fit is told."""
    keys = Keys(most)
    ordered = sorted(digests)
    assert [keys.add(one) for one in ordered] == [
        True if number < most else None for number in range(len(ordered))
    ]
    assert [keys.add(one) for one in ordered[:most]] == [False] * len(ordered[:most])


def test_a_digest_is_not_found_across_two_others() -> None:
    """The end of one and the beginning of the next are no digest."""
    keys = Keys(10)
    first, second = b"\0\0" + bytes(range(14)), b"\0\0" + bytes(range(14, 28))
    assert keys.add(first)
    assert keys.add(second)
    assert keys.add(b"\0\0" + bytes(range(7, 21)))
    assert keys.add(b"\0\0" + bytes(14)) is True
    assert keys.add(first) is False


@pytest.mark.once
def test_a_key_takes_16_bytes_at_most() -> None:
    """Two million keys fit in 32 MB."""
    keys = Keys(400_000)
    for number in range(400_000):
        keys.add(digest(number))
    buckets = keys._buckets
    assert sum(map(sys.getsizeof, [buckets, *buckets])) <= 16 * 400_000


class Numbered(Struct):
    name: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]


@pytest.mark.parametrize(
    "second", [lambda one: iter([one]), lambda one: one], ids=["read", "known"]
)
def test_a_key_is_the_same_however_it_is_known(second) -> None:
    """From an instance, or read from the item that was made of it: strings and numbers."""
    items = [{"name": {"S": name}, "number": {"N": "7"}} for name in "ab"]
    fake = stocked(Numbered, source=items, target=[])
    both = {name: table_spec(Numbered, name=name) for name in ("source", "target")}

    def transform(one: Numbered):
        same = Numbered("é", 120)
        return same if one.name == "a" else second(same)

    copying = dynamorm.copy_table(both["source"], both["target"], transform=transform, segments=1)
    with pytest.raises(ItemError, match="gives this key to two items") as caught:
        dynamorm.run(copying, fake)
    assert caught.value.key == {"name": "é", "number": 120}
    assert "(item name='é', number=120)" in str(caught.value)
