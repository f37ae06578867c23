"""Two tables hold the same items, or `verify_copy` names what differs."""

from __future__ import annotations

import json
import tracemalloc
from functools import lru_cache, partial
from itertools import pairwise
from typing import Annotated, Any
from zlib import crc32

import pytest
from aids.faults import PLANS, Faulty, Inline, Killed, Ticking, throttled
from aids.laws import dear
from aids.worlds import Driver, beside, stocked, sync
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

import dynamorm
from dynamorm import (
    AccessDenied,
    ItemError,
    PartitionKey,
    Refused,
    SortKey,
    TableNotFound,
    Throttled,
    attribute_transform,
    table,
)
from dynamorm.copying import compare
from dynamorm.copying.verified import Verified
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock, FakeService, Recorder


@table("one")
class Thing(Struct):
    id: Annotated[str, PartitionKey()]
    n: Annotated[int, SortKey()]
    x: int = 0


def thing(number: int, **attributes: Any) -> dict[str, Any]:
    return {"id": {"S": f"id-{number % 7}"}, "n": {"N": str(number)}, **attributes}


def key(number: int) -> dict[str, Any]:
    return {"id": f"id-{number % 7}", "n": number}


THINGS = [thing(number, x={"N": str(number)}) for number in range(50)]


def service(one: Any = (), two: Any = (), clock: FakeClock | None = None) -> FakeService:
    return stocked(Thing, FakeService(clock, create_seconds=0), one=one, two=two)


def verify(fake: Any, *tables: Any, driver: Driver = sync, **options: Any) -> Verified:
    tables = tables or ("one", "two")
    inline = {"executor": Inline()} if driver is sync else {}
    options = {"segments": 3, **inline, **options}
    verified: Verified = driver(dynamorm.verify_copy(*tables, **options), fake)
    return verified


def counts(verified: Verified) -> tuple[int, int, int]:
    return verified.missing, verified.different, verified.extra


def result(verified: Verified) -> Any:
    """What a comparison has come to, whatever its order was."""
    found = structs.asdict(verified)
    del found["checkpoint"]
    return {n: sorted(v, key=str) if isinstance(v, tuple) else v for n, v in found.items()}


def test_equal_tables_are_the_same(driver: Driver) -> None:
    """Equal items in any order are found equal by reading each table once, and not by look-ups."""
    fake = service(THINGS, THINGS[::-1])
    verified = verify(fake, driver=driver)
    assert verified
    assert (verified.same, verified.done, counts(verified)) == (True, True, (0, 0, 0))
    assert (verified.source_items, verified.target_items) == (50, 50)
    assert sorted(fake.sent) == ["DescribeTable"] * 4 + ["Scan"] * 6


CHANGES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "removed": (THINGS[1:], {"missing_keys": (key(0),)}),
    "added": ([*THINGS, thing(99)], {"extra_keys": (key(99),)}),
    "another value": ([thing(0, x={"N": "0.1"}), *THINGS[1:]], {"different_keys": (key(0),)}),
    "another type": ([thing(0, x={"S": "0"}), *THINGS[1:]], {"different_keys": (key(0),)}),
    "one more attribute": (
        [thing(0, x={"N": "0"}, y={"NULL": True}), *THINGS[1:]],
        {"different_keys": (key(0),)},
    ),
    "another key": (
        [thing(77, x={"N": "0"}), *THINGS[1:]],
        {"missing_keys": (key(0),), "extra_keys": (key(77),)},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_difference_is_counted_and_named(change: str, driver: Driver) -> None:
    """An item more or less, another value, type or attribute: not the same, and by which key."""
    other, named = CHANGES[change]
    verified = verify(service(THINGS, other), driver=driver)
    assert not verified
    assert (verified.same, verified.done) == (False, True)
    for kind in ("missing", "different", "extra"):
        keys = named.get(f"{kind}_keys", ())
        assert getattr(verified, f"{kind}_keys") == keys
        assert getattr(verified, kind) == len(keys)


VALUES = st.one_of(
    st.integers(-5, 5).map(lambda n: {"N": str(n)}),
    st.text(max_size=3).map(lambda text: {"S": text}),
    st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(lambda texts: {"SS": texts}),
)
ITEMS = st.dictionaries(
    st.integers(0, 300), st.dictionaries(st.sampled_from("yz"), VALUES), max_size=20
).map(lambda found: [thing(n, x={"N": "1"}, **more) for n, more in found.items()])
PAGES = st.sampled_from([1, 3, 100])


class Paged(Recorder):
    """Cuts Scan into pages of so many items."""

    def __init__(self, fake: Any, page: int) -> None:
        super().__init__(fake)
        self.page = page

    def send(self, operation: str, body: bytes) -> bytes:
        if operation == "Scan":
            body = json.dumps({**json.loads(body), "Limit": self.page}).encode()
        return super().send(operation, body)


def halved(one: Thing) -> Thing | None:
    return Thing(one.id, one.n // 2 * 10, one.x) if one.n % 2 else None


@attribute_transform
def doubled(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [item, {**item, "n": {"N": item["n"]["N"] + "001"}}]


def merged(one: Thing) -> Thing:
    return Thing("all", one.n % 3, 7)


@dear
@given(ITEMS, PAGES, st.integers(1, 4), st.sampled_from([None, halved, doubled]))
def test_after_a_copy_the_tables_are_the_same(
    items: list[Any], page: int, segments: int, transform: Any
) -> None:
    """With a transform or without, whatever the items and pages are."""
    fake = service(items)
    pair = (
        (Thing, dynamorm.table_spec(Thing, name="two")) if transform is halved else ("one", "two")
    )
    dynamorm.run(dynamorm.copy_table(*pair, transform=transform), fake)
    verified = verify(Paged(fake, page), *pair, transform=transform, segments=segments)
    assert verified
    assert verified.target_items == len(fake.items("two"))


ORDERS = st.sampled_from(["one", "two", "partly two", "segments"])


class Listed:
    """Scans a fake's tables in the order in which their items were put there.

    Segments are of partition keys, as they are of the service, or else of every so many items.
    """

    def __init__(self, fake: FakeService, order: str) -> None:
        self.fake = fake
        self.clock = fake.clock
        self.by_number = order == "segments"

    def send(self, operation: str, body: bytes) -> bytes:
        if operation != "Scan":
            return self.fake.send(operation, body)
        self.fake.sent.append(operation)
        asked = json.loads(body)
        part = asked.get("Segment", 0), asked.get("TotalSegments", 1)
        mine, keys = listed(tuple(self.fake.items(asked["TableName"])), *part, self.by_number)
        start = keys.index(asked["ExclusiveStartKey"]) + 1 if "ExclusiveStartKey" in asked else 0
        end = start + asked["Limit"]
        answer: dict[str, Any] = {"Items": mine[start:end], "Count": len(mine[start:end])}
        if end < len(mine):
            answer["LastEvaluatedKey"] = keys[end - 1]
        return json.dumps(answer).encode()


@lru_cache(8)
def listed(
    items: tuple[bytes, ...], segment: int, of: int, by_number: bool
) -> tuple[list[Any], list[Any]]:
    """Give a segment's items and their keys: read once for all of its pages."""
    found = [json.loads(raw) for raw in items]
    mine = [
        one
        for n, one in enumerate(found)
        if (n if by_number else crc32(one["id"]["S"].encode())) % of == segment
    ]
    return mine, [{"id": one["id"], "n": one["n"]} for one in mine]


def ordered(items: list[Any], order: str) -> list[Any]:
    """Give items in the same order, in the opposite one, or in it but for some at the end."""
    if order in ("one", "segments"):
        return items
    if order == "two":
        return items[::-1]
    return [*(one for n, one in enumerate(items) if n % 17), *items[::17]]


@dear
@given(ITEMS.filter(bool), PAGES, st.integers(1, 4), ORDERS, st.data())
def test_any_single_change_is_found(
    items: list[Any], page: int, of: int, order: str, data: Any
) -> None:
    """An item removed, changed or added after a copy is named, and nothing else."""
    number = data.draw(st.integers(0, len(items) - 1))
    one = items[number]
    changed = {
        "missing": items[:number] + items[number + 1 :],
        "different": [*items[:number], {**one, "q": {"BOOL": True}}, *items[number + 1 :]],
        "extra": [*items, {**one, "n": {"N": "1000"}}],
    }
    kind = data.draw(st.sampled_from(sorted(changed)))
    fake = service(items, ordered(changed[kind], order))
    verified = verify(Paged(Listed(fake, order), page), segments=of)
    found = {"id": one["id"]["S"], "n": 1000 if kind == "extra" else int(one["n"]["N"])}
    assert not verified
    assert getattr(verified, f"{kind}_keys") == (found,)
    assert sum(counts(verified)) == 1


MANY = [thing(number, x={"N": str(number)}) for number in range(1000)]


@pytest.mark.once
@pytest.mark.parametrize("order", ["one", "two", "partly two"])
def test_tables_in_any_order_are_compared(order: str, driver: Driver) -> None:
    """Where most comes in one order, the rest is looked up; otherwise only what differs costs."""
    two = ordered([thing(0, x={"N": "7"}), *MANY[2:], thing(5000)], order)
    fake = service(MANY, two)
    found = {"missing_keys": (key(1),), "different_keys": (key(0),), "extra_keys": (key(5000),)}
    verified = verify(Paged(Listed(fake, order), 40), driver=driver, segments=1)
    assert counts(verified) == (1, 1, 1)
    for name, keys in found.items():
        assert getattr(verified, name) == keys
    assert (verified.source_items, verified.target_items) == (1000, 1000)
    # 25 pages of each, and a look-up in each; otherwise all of both twice, and by look-ups.
    looked_up, scanned = {"one": (2, 50), "two": (50, 100), "partly two": (2, 50)}[order]
    assert (fake.sent.count("BatchGetItem"), fake.sent.count("Scan")) == (looked_up, scanned)


def test_items_that_are_spelt_otherwise_meet_by_their_keys(driver: Driver) -> None:
    """As soon as both have been read: one that differs is found, and no table is read again."""
    one, two = ([thing(n, x={"N": x}) for n in range(1000)] for x in ("1", "1.0"))
    fake = service(one, [*two[:-1], thing(999, x={"N": "2"})])
    verified = verify(Paged(Listed(fake, "one"), 120), driver=driver, segments=1)
    assert verified.different_keys == (key(999),)
    assert sorted(fake.sent) == ["DescribeTable"] * 4 + ["Scan"] * 18


def test_the_same_items_in_another_order_are_not_looked_up(driver: Driver) -> None:
    """Nor are two tables read more than once, whose sums are the same."""
    for order in ("one", "two", "segments"):
        fake = service(MANY, ordered(MANY, order))
        assert verify(Paged(Listed(fake, order), 40), driver=driver, segments=2)
        assert set(fake.sent) == {"DescribeTable", "Scan"}
        assert fake.sent.count("Scan") == 52


@pytest.mark.once
def test_an_item_that_waits_does_not_hold_its_page_in_memory() -> None:
    """Eighty of them, on pages of 100 KB and more, take a few pages and no more."""
    big = [thing(number, s={"S": "x" * (number % 2 * 100_000)}) for number in range(160)]
    fake = service(big, big[1::2])
    paged = Paged(fake, 2)
    tracemalloc.start()
    try:
        assert verify(paged, segments=1).missing == 80
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_half_of_a_copy_is_looked_up_a_hundred_at_a_time(driver: Driver) -> None:
    """What the source has beyond the target's end is missing only after a look-up."""
    fake = service(MANY, MANY[:500])
    verified = verify(Paged(fake, 40), driver=driver, segments=1)
    assert counts(verified) == (500, 0, 0)
    assert len(verified.missing_keys) == 100
    assert fake.sent.count("BatchGetItem") == 5


@dear
@given(ITEMS, ITEMS, PAGES, PLANS, st.lists(st.integers(1, 12), max_size=5), st.booleans(), ORDERS)
def test_a_killed_comparison_is_resumed_and_comes_to_the_same(
    one: list[Any],
    two: list[Any],
    page: int,
    plan: Any,
    kills: list[int],
    transformed: bool,
    order: str,
) -> None:
    """Whatever the service does, and at whatever request the process ends."""
    two = ordered([*one[::2], *two] if transformed else two, order)
    options: dict[str, Any] = {"transform": doubled} if transformed else {}
    whole = verify(Paged(service(one, two), page), **options)
    fake = service(one, two, Ticking(0.3))
    listed: Any = Listed(fake, order)
    told: list[Verified] = []
    for kill_at in [*kills, None]:
        faulty = Faulty(listed, plan, kill_at)
        resume = told[-1] if told else None
        try:
            verified = verify(Paged(faulty, page), **options, resume=resume, progress=told.append)
        except Killed:
            continue
    assert result(verified) == result(whole)


def test_the_service_may_leave_keys_unprocessed(driver: Driver) -> None:
    """They are asked for again, after pauses that grow, and none of them counts as missing."""
    fake = service(THINGS, [*THINGS[:-1], thing(49, x={"N": "0"})])
    fake.withhold_keys(5, 50, 50, 1, 0, 7, 50)
    verified = verify(fake, driver=driver, segments=1, sample=0.9999)
    assert verified.different_keys == (key(49),)
    assert counts(verified) == (0, 1, 0)
    assert fake.sent.count("BatchGetItem") == 1 + 4
    assert len(fake.clock.slept) == 4  # type: ignore[attr-defined]  # the fake's clock


def test_a_service_that_stays_too_busy_is_an_error_with_the_checkpoint() -> None:
    """After two minutes without one key; what was found until then is not lost."""
    fake = service(THINGS, THINGS[1:])
    fake.withhold_keys(*[50] * 1000)
    with pytest.raises(Throttled, match="every key of two unprocessed for 120 s") as caught:
        verify(fake, segments=1)
    assert 120 < fake.clock.now() < 140
    fake.withhold_keys()
    report = caught.value.report  # type: ignore[attr-defined]  # errors of a comparison have it
    assert (report.done, bool(report)) == (False, False)
    assert verify(fake, segments=1, resume=report.checkpoint).missing_keys == (key(0),)


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem"])
def test_a_busy_service_is_asked_again(operation: str, driver: Driver) -> None:
    """Throttled requests are sent again with pauses; two minutes of that are an error."""
    fake = service(THINGS, THINGS[1:])
    fake.fail(operation, throttled(operation), times=20)
    assert verify(fake, driver=driver, segments=1).missing_keys == (key(0),)
    fake.fail(operation, throttled(operation), times=10_000)
    with pytest.raises(Throttled) as caught:
        verify(fake, driver=driver, segments=1)
    assert caught.value.report.checkpoint  # type: ignore[attr-defined]  # see above


@pytest.mark.once
def test_look_ups_take_a_hundred_keys_and_16_megabytes(driver: Driver) -> None:
    """No request asks for more; what an answer cannot hold is asked for again."""
    small = [thing(number) for number in range(250)]
    for pair in ((small, []), ([], small)):
        recorder = Recorder(service(*pair))
        assert sum(counts(verify(recorder, driver=driver, segments=1))) == 250
        asked = [
            len(table["Keys"])
            for operation, body in recorder.sent
            if operation == "BatchGetItem"
            for table in body["RequestItems"].values()
        ]
        assert asked == [100, 100, 50]
    big = [thing(number, s={"S": "x" * 380_000}) for number in range(120)]
    assert verify(service(big, big), driver=driver, sample=0.9999).target_items == 120


def test_the_first_hundred_keys_are_named_and_all_are_counted() -> None:
    """So that the result stays small."""
    many = [thing(number) for number in range(250)]
    verified = verify(service(many, []))
    assert (verified.missing, len(verified.missing_keys)) == (250, 100)
    verified = verify(service([], many))
    assert (verified.extra, len(verified.extra_keys)) == (250, 100)


def test_items_are_compared_as_dynamodb_compares_them() -> None:
    """Numbers by value, sets in any order, keys too."""
    spelt = {"id": {"S": "a"}, "n": {"N": "10"}, "x": {"NS": ["1", "2.50"]}}
    other = {"n": {"N": "1E1"}, "x": {"NS": ["2.5", "1.0"]}, "id": {"S": "a"}}
    assert verify(service([spelt], [other]))
    assert counts(verify(service([spelt, thing(1)], [other]))) == (1, 0, 0)


def test_reads_are_consistent_unless_told_otherwise(driver: Driver) -> None:
    """Of both tables, by Scan and by BatchGetItem."""
    for consistent in (True, False):
        recorder = Recorder(service(THINGS, [*THINGS[1:], thing(99)]))
        verify(recorder, driver=driver, consistent_read=consistent)
        seen = {
            (operation, name, asked.get("ConsistentRead", False))
            for operation, body in recorder.sent
            if operation in ("Scan", "BatchGetItem")
            for name, asked in body.get("RequestItems", {body.get("TableName"): body}).items()
        }
        assert seen == {
            (operation, name, consistent)
            for operation in ("Scan", "BatchGetItem")
            for name in ("one", "two")
        }


def test_what_a_transform_makes_is_what_is_expected(driver: Driver) -> None:
    """None for an item that is skipped, two for one that is split, unmodelled ones carried over."""
    fake = service(THINGS)
    dynamorm.run(dynamorm.copy_table("one", "two", transform=doubled), fake)
    assert verify(fake, driver=driver, transform=doubled)
    assert not verify(fake, driver=driver)
    fake.put("two", json.dumps(thing(3, x={"N": "0"})).encode())
    fake.put("two", json.dumps(thing(98)).encode())
    verified = verify(fake, driver=driver, transform=doubled)
    assert (verified.different_keys, verified.extra, verified.extra_keys) == ((key(3),), 1, ())
    assert (verified.source_items, verified.target_items) == (50, 101)


@pytest.mark.parametrize("unmodelled", ["keep", "drop"])
def test_unmodelled_attributes_are_expected_as_the_copy_left_them(unmodelled: Any) -> None:
    """With the same `unmodelled=` the tables are the same, with another they are not."""
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    fake = service([thing(number, x={"N": "1"}, y={"S": "more"}) for number in range(9)])
    options: dict[str, Any] = {"transform": halved, "unmodelled": unmodelled}
    dynamorm.run(dynamorm.copy_table(*pair, **options), fake)
    assert verify(fake, *pair, **options)
    other = {"keep": "drop", "drop": "keep"}[unmodelled]
    verified = verify(fake, *pair, transform=halved, unmodelled=other)
    assert counts(verified) == (0, 4, 0)


def test_equal_items_of_several_source_items_are_one(driver: Driver) -> None:
    """A transform may make one item of many; an extra one is still seen among them."""
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    items = [
        json.dumps({"id": {"S": "all"}, "n": {"N": str(n)}, "x": {"N": "7"}}) for n in (0, 1, 2)
    ]
    fake = service(THINGS)
    fake.put("two", *map(str.encode, items))
    assert verify(fake, *pair, driver=driver, transform=merged)
    fake.put("two", json.dumps(thing(5)).encode())
    verified = verify(fake, *pair, driver=driver, transform=merged)
    assert (counts(verified), verified.done) == ((0, 0, 1), True)


def test_equal_items_beyond_the_memory_are_one_while_they_are_at_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is equal to one that waits need not be remembered."""
    monkeypatch.setattr(compare, "MOST_KEYS", 0)
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    fake = service(THINGS)
    dynamorm.run(dynamorm.copy_table(*pair, transform=merged, collisions="last"), fake)
    assert verify(fake, *pair, segments=1, transform=merged)


def clashing(one: Thing) -> Thing:
    return Thing("all", one.n % 3, one.n)


def test_different_items_of_one_key_are_told(driver: Driver) -> None:
    """All but the one that is there differ from it, wherever they wait for it."""
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    for page in (1, 7, 100):
        fake = service(THINGS)
        dynamorm.run(dynamorm.copy_table(*pair, transform=clashing, collisions="last"), fake)
        verified = verify(Paged(fake, page), *pair, driver=driver, transform=clashing)
        assert counts(verified) == (0, 47, 0)
        assert verified.target_items == 3


@pytest.mark.parametrize("values", ["12", "21"])
def test_an_item_whose_key_another_one_waits_under_is_not_lost(values: str) -> None:
    """Also where the other one meets its counterpart by the key, spelt otherwise."""
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    fake = service([thing(n, x={"N": one}) for n, one in enumerate(values)])
    made = {"id": {"S": "all"}, "n": {"N": "0"}}
    fake.put("two", json.dumps({**made, "x": {"N": "1.0"}}).encode())
    same_key = attribute_transform(lambda values: {**made, "x": values["x"]})
    assert counts(verify(fake, *pair, segments=1, transform=same_key)) == (0, 1, 0)


def test_many_on_one_after_a_kill_is_not_called_the_same() -> None:
    """What an earlier run has met is not known any more; in doubt the answer is no."""
    pair = (Thing, dynamorm.table_spec(Thing, name="two"))
    items = [
        json.dumps({"id": {"S": "all"}, "n": {"N": str(n)}, "x": {"N": "7"}}) for n in (0, 1, 2)
    ]
    fake = service(THINGS, clock=Ticking(0.3))
    fake.put("two", *map(str.encode, items))
    verified = None
    for _ in range(200):
        verified = verify(
            Paged(fake, 5), *pair, transform=merged, resume=verified, deadline=10, segments=1
        )
        if verified.done:
            break
    assert verified is not None
    assert (verified.done, verified.same, counts(verified)) == (True, False, (0, 0, 0))


def test_an_item_that_the_transform_does_not_take_is_named() -> None:
    """As in a copy, with the result so far."""

    def failing(one: Thing) -> Thing:
        raise LookupError("no")

    with pytest.raises(ItemError, match="LookupError") as caught:
        verify(service(THINGS), Thing, "two", transform=failing)
    assert caught.value.key
    assert not caught.value.report  # type: ignore[attr-defined]  # errors of a comparison have it


@table("one")
class ByX(Struct):
    x: Annotated[int, PartitionKey()]


def test_a_target_with_another_key_is_compared_by_it(driver: Driver) -> None:
    """An item that the target cannot hold is missing, and one by an older key is extra."""
    fake = stocked(Thing, one=[*THINGS, thing(77), thing(78, x={"S": "7"})])
    stocked(ByX, fake, two=[*THINGS, {**THINGS[0], "x": {"N": "1000"}}, {"x": {"N": "2000"}}])
    fake.put("two", json.dumps({**THINGS[1], "y": {"S": ""}}).encode())
    verified = verify(fake, driver=driver)
    assert sorted(verified.missing_keys, key=str) == [key(77), key(78)]
    assert verified.different_keys == ({"x": 1},)
    assert sorted(found["x"] for found in verified.extra_keys) == [1000, 2000]


def test_binary_keys_are_named_as_bytes() -> None:
    """Natural values, as in an error about an item; the checkpoint stays JSON-safe."""

    @table("one")
    class Blob(Struct):
        id: Annotated[bytes, PartitionKey()]

    fake = stocked(Blob, one=[{"id": {"B": "QQ=="}}], two=())
    verified = verify(fake)
    assert verified.missing_keys == ({"id": b"A"},)
    assert verify(fake, resume=json.loads(json.dumps(verified.checkpoint))) == verified


def test_a_sample_is_a_share_of_the_source(driver: Driver) -> None:
    """Drawn by the keys, the same in each run; extra items are not looked for."""
    many = [thing(number) for number in range(1000)]
    recorder = Recorder(service(many, [*many, thing(5000)]))
    verified = verify(recorder, driver=driver, sample=0.2)
    assert verified
    assert 140 < verified.source_items == verified.target_items < 260
    assert {body["TableName"] for operation, body in recorder.sent if operation == "Scan"} == {
        "one"
    }
    lacking = verify(service(many, []), driver=driver, sample=0.2)
    assert (lacking.missing, lacking.source_items) == (verified.source_items,) * 2
    assert verify(service(many, []), sample=0.1, segments=1).missing < lacking.missing


def test_a_whole_sample_is_all() -> None:
    """`sample=1.0` is what is done without one."""
    fake = service(THINGS, [*THINGS[3:], thing(99)])
    assert (
        result(verify(fake, sample=1.0)) == result(verify(fake)) == result(verify(fake, sample=1))
    )


@pytest.mark.parametrize("sample", [0, -0.1, 1.1, float("nan"), True, "0.5", None])
def test_a_share_is_above_zero_and_at_most_one(sample: Any) -> None:
    """A comparison of nothing would always be true."""
    fake = service()
    with pytest.raises(ValueError, match="sample="):
        verify(fake, sample=sample)
    assert fake.sent == []


@pytest.mark.parametrize("segments", [0, -1, 1_000_001, True, "8"])
def test_tables_that_nobody_has_read_are_not_the_same(segments: Any) -> None:
    """A number of segments that Scan does not take proves nothing, and is refused."""
    fake = service(THINGS)
    with pytest.raises(ValueError, match="segments"):
        verify(fake, segments=segments)
    assert fake.sent == []


def test_read_units_are_held_over_both_tables() -> None:
    """Scans and look-ups together take no more than `max_read_units` a second."""
    big = [thing(number, s={"S": "x" * 40_000}) for number in range(40)]
    # A unit for 4 KB that are read consistently; of a look-up, for each item's own.
    scan, look_up = 40 * 40_000 / 4096, 40 * 10
    runs: list[tuple[dict[str, Any], float]] = [
        ({}, 2 * scan),
        ({"sample": 0.9999}, scan + look_up),
    ]
    for options, units in runs:
        fake = service(big, big)
        verify(fake, max_read_units=100, segments=8, **options)
        assert fake.clock.now() == pytest.approx(units / 100, rel=0.25)


def seconds_left(clock: Any, until: float) -> float:
    return until - float(clock.now())


@pytest.mark.parametrize("transform", [None, doubled])
@pytest.mark.parametrize("seconds", [0, 5, 10])
def test_a_deadline_stops_in_time_and_the_rest_is_resumed(transform: Any, seconds: float) -> None:
    """The result is not done, and neither true nor false until the last run."""
    fake = service(THINGS, THINGS[2:], Ticking(0.1))
    whole = verify(Paged(service(THINGS, THINGS[2:]), 5), transform=transform)
    verified = verify(Paged(fake, 5), transform=transform, deadline=seconds)
    assert not verified
    assert not verified.done
    for _ in range(100):
        began = fake.clock.now()
        verified = verify(
            Paged(fake, 5),
            transform=transform,
            deadline=partial(seconds_left, fake.clock, began + 12),
            resume=json.loads(json.dumps(verified.checkpoint)),
        )
        assert fake.clock.now() - began < 15
        if verified.done:
            break
    assert result(verified) == result(whole)


def test_a_pause_does_not_go_beyond_the_deadline() -> None:
    """Neither for the pace nor for a busy service."""
    big = [thing(number, s={"S": "x" * 40_000}) for number in range(40)]
    fake = service(big, big[1:])
    verified = verify(fake, max_read_units=10, segments=1, deadline=15)
    assert (verified.done, fake.clock.now()) == (False, pytest.approx(15))
    fake = service(THINGS, THINGS[1:])
    fake.fail("Scan", throttled("Scan"), times=1000)
    assert not verify(fake, segments=1, deadline=30).done
    assert 20 < fake.clock.now() <= 30
    fake = service(THINGS, THINGS[1:])
    fake.withhold_keys(*[50] * 1000)
    assert not verify(fake, segments=1, deadline=30).done
    assert 20 < fake.clock.now() <= 30


def test_progress_is_told_at_most_four_times_a_second(driver: Driver) -> None:
    """With growing results, and the last one in the end."""
    clock = Ticking(0.01)
    told: list[tuple[float, Verified]] = []
    fake = service(THINGS, THINGS[1:], clock)
    last = verify(
        Paged(fake, 1), driver=driver, progress=lambda so_far: told.append((clock.moment, so_far))
    )
    moments = [moment for moment, _ in told]
    assert len(told) > 3
    assert all(b - a >= 0.25 for a, b in pairwise(moments[:-1]))
    assert [v.source_items for _, v in told] == sorted(v.source_items for _, v in told)
    assert told[-1][1] == last


def test_progress_that_raises_ends_the_comparison_with_its_result(driver: Driver) -> None:
    """Whatever ends it, the checkpoint is not lost."""

    def interrupt(so_far: Verified) -> None:
        raise LookupError("enough")

    fake = service(THINGS, THINGS[1:], Ticking(0.3))
    with pytest.raises(LookupError) as caught:
        verify(fake, driver=driver, progress=interrupt)
    report = caught.value.report  # type: ignore[attr-defined]  # errors of a comparison have it
    assert verify(fake, driver=driver, resume=report).missing == 1


def test_an_async_progress_is_refused() -> None:
    """It would never run."""

    async def tell(so_far: Verified) -> None: ...

    with pytest.raises(TypeError, match="progress= is async"):
        verify(service(), progress=tell)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"resume": {}}, "resume= is not a checkpoint of a comparison"),
        ({"resume": "x"}, "resume= is not a checkpoint of a comparison"),
        ({"resume": {"cursors": []}}, "one cursor for each segment"),
        ({"resume": {"of": 0, "cursors": []}}, "resume= is not a checkpoint of a comparison"),
        ({"resume": {"source": "other"}}, "source is 'other', this comparison's is 'one'"),
        ({"resume": {"sample": 0.5}}, "sample is 0.5"),
        ({"segments": 4}, "number of segments is 3, this comparison's is 4"),
        ({"transform": doubled}, "transform is None"),
    ],
)
def test_a_checkpoint_of_another_comparison_is_refused(options: Any, reason: str) -> None:
    """By its tables, its transform, its share or its segments, and before anything is sent."""
    fake = service(THINGS, THINGS)
    stopped = verify(fake, deadline=0)
    fake.sent.clear()
    if isinstance(options.get("resume"), dict) and options["resume"]:
        options = {"resume": {**stopped.checkpoint, **options["resume"]}}
    with pytest.raises(Refused, match=reason):
        verify(fake, **{"segments": None, "resume": stopped, **options})
    assert fake.sent == []


@pytest.mark.parametrize("function", [dynamorm.copy_table, dynamorm.verify_copy])
def test_what_is_no_checkpoint_is_refused_at_the_call(function: Any) -> None:
    """As every other argument; a file is read when the operation is run."""
    with pytest.raises(Refused, match="resume= is not a checkpoint of a co"):
        function("one", "two", resume={"cursors": 1})


def test_a_checkpoint_knows_its_number_of_segments() -> None:
    """Who resumes need not say it again."""
    fake = service(THINGS, THINGS)
    stopped = verify(fake, deadline=0, segments=5)
    assert verify(fake, resume=stopped, segments=None)
    assert fake.sent.count("Scan") == 10
    assert verify(service(THINGS, THINGS), segments=None)


def test_a_finished_comparison_is_not_made_again() -> None:
    """Its checkpoint gives its result, when both tables are still there."""
    fake = service(THINGS, THINGS[1:])
    verified = verify(fake)
    fake.sent.clear()
    assert verify(fake, resume=verified) == verified
    assert set(fake.sent) == {"DescribeTable"}


def remake(fake: FakeService, name: str) -> None:
    fake.clock.sleep(10)
    dynamorm.run(dynamorm.delete_table(name), fake)
    dynamorm.run(dynamorm.create_table(Thing, name=name), fake)


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("resumed", [False, True])
def test_a_table_that_was_made_again_is_refused(name: str, resumed: bool) -> None:
    """In the middle, or between two runs: what was read of the old one proves nothing."""
    fake = service([], [])

    class Remaking:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "Scan" and not fake.sent.count("DeleteTable"):
                remake(fake, name)
            return fake.send(operation, body)

    if resumed:
        stopped = verify(fake, deadline=0)
        remake(fake, name)
        with pytest.raises(Refused, match="not the table that the comparison began with"):
            verify(fake, resume=stopped)
        return
    with pytest.raises(Refused, match="not the table that the comparison began with") as caught:
        verify(Remaking())
    assert not caught.value.report.done  # type: ignore[attr-defined]  # errors of a comparison have it


def test_one_table_is_not_compared_with_itself(driver: Driver) -> None:
    """By its name, its ARN or another database; a transform in place is something to verify."""
    fake = service(THINGS)
    arn = dynamorm.run(dynamorm.describe_table("one"), fake).table_arn
    for tables, there in ((("one", "one"), None), (("one", arn), None), (("one", "one"), fake)):
        place = there and beside(driver, there)
        with pytest.raises(Refused, match="same table, one"):
            verify(fake, *tables, driver=driver, target_db=place)
    unchanged = attribute_transform(lambda item: item)
    assert verify(fake, "one", "one", driver=driver, transform=unchanged)


def test_names_may_be_arns(driver: Driver) -> None:
    """Also under a prefix, which is put before no ARN."""
    fake = service(THINGS, THINGS[1:])
    arns = [dynamorm.run(dynamorm.describe_table(name), fake).table_arn for name in ("one", "two")]
    steps = dynamorm.verify_copy(*arns, segments=2)
    assert driver(steps, fake, table_prefix="dev-").missing_keys == (key(0),)


def test_a_missing_table_is_told_before_anything_is_read() -> None:
    """With its name."""
    fake = service()
    with pytest.raises(TableNotFound, match="three"):
        verify(fake, "one", "three")
    assert set(fake.sent) == {"DescribeTable"}


def test_an_error_carries_the_result_so_far(driver: Driver) -> None:
    """A denied look-up ends the comparison at once, and it can be resumed."""
    fake = service(THINGS, THINGS[1:])
    denied = service_error("AccessDeniedException", "", status=400, operation="BatchGetItem")
    fake.fail("BatchGetItem", denied)
    with pytest.raises(AccessDenied) as caught:
        verify(fake, driver=driver)
    report = caught.value.report  # type: ignore[attr-defined]  # errors of a comparison have it
    assert (report.source_items < 50, report.done) == (True, False)
    resumed = verify(fake, driver=driver, resume=report)
    assert (resumed.source_items, resumed.target_items) == (50, 49)
    assert resumed.missing_keys == (key(0),)


class Odd:
    """Answers requests for the items of a table with something of its own."""

    def __init__(self, fake: FakeService, operation: str, name: str, answer: bytes) -> None:
        self.clock = fake.clock
        self.fake = fake
        self.odd = operation, name
        self.answer = answer

    def send(self, operation: str, body: bytes) -> bytes:
        if (operation, json.loads(body).get("TableName", "two")) == self.odd:
            return self.answer
        return self.fake.send(operation, body)


@pytest.mark.parametrize("strange", [b'{"id":{"S":"a"},"n":{"N":"1"},"x":7}', b'{"id":7}', b"[]"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_what_is_no_item_is_an_error(strange: bytes, name: str) -> None:
    """A page may hold anything; what is no item is none that a table has."""
    page = b'{"Items":[%s],"Count":1}' % strange
    with pytest.raises(ItemError, match=f"not an attribute value .* at {name}"):
        verify(Odd(service(THINGS, THINGS), "Scan", name, page))


@pytest.mark.parametrize(
    "strange", [b'{"id":{"S":"id-0"},"n":{"N":"0"},"x":7}', b'{"id":7}', b"[]"]
)
def test_what_is_no_item_is_not_found_either(strange: bytes) -> None:
    """An answer to a look-up is judged as a page is."""
    answer = b'{"Responses":{"two":[%s]},"UnprocessedKeys":{}}' % strange
    with pytest.raises(ItemError, match=r"not an attribute value .* at two"):
        verify(Odd(service(THINGS[:1], []), "BatchGetItem", "two", answer))
    keyless = b",".join([strange.replace(b',"n":{"N":"0"}', b"")] * 101)
    page = b'{"Items":[%s],"Count":101}' % keyless
    with pytest.raises(ItemError, match=r"without its key, .* - at one"):
        verify(Odd(service(THINGS), "Scan", "one", page), sample=0.5)


@pytest.mark.parametrize("left", [b"[]", b'{"id":7}', b'{"id":{"S":"?"},"n":{"N":"0"}}'])
def test_keys_that_come_back_in_no_way_that_is_known_are_all_asked_for_again(left: bytes) -> None:
    """Unless they were found: better to look twice than to call an item missing."""
    fake = service(THINGS[:9], THINGS[:7])
    odd = Odd(
        fake,
        "BatchGetItem",
        "two",
        b'{"Responses":{},"UnprocessedKeys":{"two":{"Keys":[%s]}}}' % left,
    )

    class Once(Odd):
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "BatchGetItem" and not fake.sent.count("BatchGetItem"):
                fake.sent.append(operation)
                return odd.answer
            return fake.send(operation, body)

    assert counts(verify(Once(fake, "", "", b""), segments=1)) == (2, 0, 0)


def test_keys_that_never_come_back_in_a_way_that_is_known_are_an_error() -> None:
    """After two minutes, as where every key comes back: a comparison does not go on without end."""
    fake = service(THINGS[:9], THINGS[:7])
    answer = b'{"Responses":{},"UnprocessedKeys":{"two":{"Keys":[{"id":7}]}}}'
    with pytest.raises(Throttled, match="every key of two unprocessed for 120 s"):
        verify(Odd(fake, "BatchGetItem", "two", answer), segments=1)
    assert 120 < fake.clock.now() < 140


@pytest.mark.parametrize(("withheld", "deadline"), [(3, 10), (1, 0.05)])
def test_time_may_be_up_during_a_look_up(withheld: int, deadline: float) -> None:
    """Then the result is not done, and the next run finds them."""
    for pair, found in (((THINGS[:3], []), (3, 0, 0)), (([], THINGS[:3]), (0, 0, 3))):
        fake = service(*pair)
        fake.withhold_keys(*[withheld] * 100)
        stopped = verify(fake, deadline=deadline, segments=1)
        assert (stopped.done, stopped.same) == (False, True)
        fake.withhold_keys()
        assert counts(verify(fake, resume=stopped, segments=1)) == found


def test_a_result_is_short_and_encodes() -> None:
    """As text, as a dict, and as JSON."""
    verified = verify(service(THINGS, THINGS[1:]))
    assert str(verified) == "not the same: source 50, target 49, missing 1"
    assert "checkpoint" not in repr(verified)
    assert len(repr(verified)) < 140
    assert json.loads(json.dumps(verified.to_dict()))["missing_keys"] == [key(0)]
    assert str(verify(service(THINGS, THINGS), deadline=0)).startswith("not done: so far the same")


def test_a_file_keeps_the_checkpoint(tmp_path: Any, driver: Driver) -> None:
    """A run that stops is resumed by the next one with the file, which only its owner reads."""
    path = tmp_path / "verified.json"
    fake = service(THINGS, THINGS[1:], Ticking(0.3))
    options: dict[str, Any] = {"driver": driver, "checkpoint_file": path, "segments": 1}
    stopped = verify(Paged(fake, 5), **options, deadline=20)
    assert not stopped.done
    assert json.loads(path.read_text()) == stopped.checkpoint
    assert path.stat().st_mode & 0o777 == 0o600
    assert verify(Paged(fake, 5), **options).missing_keys == (key(0),)
    assert json.loads(path.read_text())["done"] is True


def test_a_file_is_written_while_a_comparison_goes_on(tmp_path: Any) -> None:
    """So that a process that is killed is not in vain: once a second."""
    path = tmp_path / "verified.json"
    fake = service(THINGS, THINGS[1:], Ticking(0.3))
    with pytest.raises(Killed):
        verify(Faulty(Paged(fake, 5), kill_at=9), checkpoint_file=path, segments=1)  # type: ignore[arg-type]  # a fake in pages
    assert json.loads(path.read_text())["cursors"] != [{}, {}]


def test_what_was_true_once_is_compared_again(tmp_path: Any) -> None:
    """The file of a comparison that is done does not answer for the tables of today."""
    path = tmp_path / "verified.json"
    fake = service(THINGS, THINGS)
    assert verify(fake, checkpoint_file=path)
    fake.put("two", json.dumps(thing(99)).encode())
    assert not verify(fake, checkpoint_file=path)


def test_a_file_that_does_not_belong_to_the_comparison_is_refused(tmp_path: Any) -> None:
    """Another comparison's, one that is no checkpoint, and a file beside `resume=`."""
    path = tmp_path / "verified.json"
    fake = service(THINGS, THINGS)
    stopped = verify(fake, checkpoint_file=path, deadline=0)
    with pytest.raises(Refused, match=r"transform is None"):
        verify(fake, checkpoint_file=path, transform=doubled)
    with pytest.raises(ValueError, match="leave resume= out"):
        verify(fake, checkpoint_file=path, resume=stopped)
    path.write_text("{}")
    with pytest.raises(Refused, match=r"verified\.json is not a checkpoint of a comparison"):
        verify(fake, checkpoint_file=path)


def test_a_file_that_cannot_be_written_hides_no_error(tmp_path: Any) -> None:
    """What ended the comparison is raised, with its result."""
    fake = service(THINGS, THINGS[1:])
    folder = tmp_path / "folder"
    folder.mkdir()

    class Gone:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            if operation != "Scan":
                return fake.send(operation, body)
            folder.rmdir()
            raise service_error("AccessDeniedException", "", status=400, operation=operation)

    with pytest.raises(AccessDenied) as caught:
        verify(Gone(), checkpoint_file=folder / "file.json")
    assert caught.value.report.checkpoint  # type: ignore[attr-defined]  # errors of a comparison have it


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_carries_the_result_so_far(interrupt: type[BaseException]) -> None:
    """Ctrl-C at any request; the result can be resumed."""
    fake = service(THINGS, THINGS[1:])

    class Interrupted:
        clock = fake.clock

        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "BatchGetItem":
                raise interrupt
            return fake.send(operation, body)

    with pytest.raises(interrupt) as caught:
        verify(Interrupted(), segments=1)
    report = caught.value.report  # type: ignore[union-attr]  # errors of a comparison have it
    assert not report.done
    assert verify(fake, resume=report, segments=1).missing_keys == (key(0),)


def test_an_error_before_the_first_page_carries_what_was_resumed() -> None:
    """Nothing is lost by a table that cannot be described."""
    fake = service(THINGS, THINGS[1:])
    stopped = verify(fake, deadline=0)
    denied = service_error("AccessDeniedException", "", status=400, operation="DescribeTable")
    fake.fail("DescribeTable", denied)
    with pytest.raises(AccessDenied) as caught:
        verify(fake, resume=stopped)
    report = caught.value.report  # type: ignore[attr-defined]  # errors of a comparison have it
    assert report.checkpoint == stopped.checkpoint


@table("two")
class OtherThing(Struct):
    id: Annotated[str, PartitionKey()]
    n: Annotated[int, SortKey()]
    y: str = ""


def test_models_of_other_fields_need_a_transform() -> None:
    """Without one, one of them is wrong about the items; names are of no shape."""
    fake = service(THINGS, THINGS)
    with pytest.raises(Refused, match="Thing and OtherThing have different fields"):
        verify(fake, Thing, OtherThing)
    assert fake.sent == []
    for pair in (
        (Thing, "two"),
        ("one", OtherThing),
        (Thing, dynamorm.table_spec(Thing, name="two")),
    ):
        assert verify(fake, *pair)


def test_a_target_that_is_being_created_is_waited_for(driver: Driver) -> None:
    """It takes no requests before that."""
    fake = FakeService(create_seconds=20)
    dynamorm.run(dynamorm.create_table(Thing, name="one"), fake)
    dynamorm.run(dynamorm.create_table(Thing, name="two", wait=False), fake)
    assert verify(fake, driver=driver)
