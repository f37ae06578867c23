"""What a copy or a plan costs, and how long it takes: counted before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

import dynamorm
from dynamorm import (
    KEYS_ONLY,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Provisioned,
    Replica,
    TableDescription,
    TableSpec,
    VectorAttribute,
    WarmThroughput,
    estimate,
)
from dynamorm.api.parts import ReplicaDescription
from dynamorm.testing import FakeService, Script

pytestmark = pytest.mark.once

ID, TIME, STATUS = KeyAttribute("id", "S"), KeyAttribute("time", "N"), KeyAttribute("status", "S")
BY_STATUS = IndexSpec("by-status", (STATUS,), projection=KEYS_ONLY)
BY_TIME = IndexSpec("by-time", (), (TIME,))
ORDERS = TableSpec(
    name="orders",
    partition_key=ID,
    sort_key=STATUS,
    indexes=(BY_STATUS, BY_TIME),
    billing=OnDemand(),
    point_in_time_recovery=True,
)
ITEMS, SIZE = 1_000_000, 2 * 2**30
"""Two gigabytes in items of 2.1 KB: three write units each."""


def described(spec: TableSpec, region: str = "us-east-1", **facts: Any) -> TableDescription:
    service = FakeService(create_seconds=0)
    table = dynamorm.run(dynamorm.create_table(spec), service)
    arn = f"arn:aws:dynamodb:{region}:123456789012:table/{spec.name}"
    told = {"item_count": ITEMS, "table_size_bytes": SIZE, "table_arn": arn}
    unsized = {"item_count": None, "index_size_bytes": None}
    indexes = (table.local_secondary_indexes, table.global_secondary_indexes)
    local, others = (tuple(structs.replace(i, **unsized) for i in kind) for kind in indexes)
    told |= {"local_secondary_indexes": local, "global_secondary_indexes": others}
    return structs.replace(table, **{**told, **facts})


TEXT = """\
copy orders to orders-v2: 1,000,000 items, 2.0 GB
  read orders            524,288 read units, $0.07
  write orders-v2        3,000,000 write units, $1.88
  write index by-status  1,000,000 write units, $0.62
  write index by-time    3,000,000 write units, $1.88
  store orders-v2        4.2 GB, $1.05 a month
  PITR of orders-v2      2.0 GB, $0.40 a month
  takes about 25 min, $4.44 once, $1.45 a month (us-east-1, prices of 2026-08-01)
  note: a new on-demand table begins at 4,000 write units a second, and serves twice as many after \
30 minutes: warm= spares the wait"""


def test_a_copy_is_counted_with_its_indexes():
    """Reads by 4 KB, writes by 1 KB for the table and each index, as many as each projects."""
    found = estimate.copy(described(ORDERS), ORDERS.named("orders-v2"))
    assert str(found) == TEXT
    assert found.read_units == SIZE / 4096
    assert found.write_units == 7_000_000
    assert found.dollars == pytest.approx(0.524288 * 0.125 + 7 * 0.625)
    # The table's own items and those of its local index, at 4,000 a second.
    assert found.seconds == 1500
    assert estimate.copy(described(ORDERS), consistent_read=False).read_units == SIZE / 8192


def test_indexes_of_the_source_tell_what_theirs_hold():
    """A sparse index of the same name says how many items it has, and how large they are."""
    source = described(ORDERS)
    held = {"item_count": 10, "index_size_bytes": 30_000}
    sparse = tuple(structs.replace(index, **held) for index in source.global_secondary_indexes)
    found = estimate.copy(structs.replace(source, global_secondary_indexes=sparse))
    (cost,) = (cost for cost in found.costs if cost.what == "write index by-status")
    assert cost.amount == 30


def test_a_region_without_prices_has_units_only():
    """Nobody guesses at dollars; what is given is taken, before what is known."""
    found = estimate.copy(described(ORDERS, "mars-1"))
    assert found.dollars is None
    assert found.monthly_dollars is None
    assert "(mars-1, units only: no prices are known)" in str(found)
    one = estimate.copy(described(ORDERS, "mars-1"), prices={"write": 1, "read": 0})
    assert one.dollars == 7
    assert "$7.00 once, an unknown price a month (mars-1, prices of the caller)" in str(one)
    assert estimate.copy(described(ORDERS), region="mars-1").region == "mars-1"
    assert estimate.copy(described(ORDERS, table_arn=None)).priced == ""
    assert "takes about 25 min (units" in str(estimate.copy(described(ORDERS, table_arn="odd")))


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        ({"wite": 1}, "no price 'wite': .* did you mean write?"),
        ({"write": "1"}, "'write' is a number of dollars, not '1'"),
        ({"write": -1}, "not -1"),
        ({"write": True}, "not True"),
    ],
)
def test_a_price_that_is_none_is_refused(prices, problem):
    """A misspelt name would leave the wrong price in place."""
    with pytest.raises(ValueError, match=problem):
        estimate.copy(described(ORDERS), prices=prices)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"max_write_units": 0}, "max_write_units= takes a number above 0, not 0"),
        ({"max_read_units": float("nan")}, "max_read_units= takes a number above 0, not nan"),
        ({"max_read_units": "10"}, "max_read_units= takes a number above 0, not '10'"),
        ({"max_read_units": True}, "max_read_units= takes a number above 0, not True"),
        ({"collisions": "chekc"}, 'takes "error", "check" or "last", .* did you mean check?'),
        ({"existing": "kep"}, 'existing= takes "overwrite" or "keep", not .* did you mean'),
        ({"consistent_read": "no"}, "consistent_read= takes True or False, not 'no'"),
    ],
)
def test_options_that_no_copy_takes_are_refused(options, problem):
    """An estimate of them would be of another copy."""
    with pytest.raises((ValueError, TypeError), match=problem):
        estimate.copy(described(ORDERS), **options)


def test_what_does_not_tell_a_size_is_refused():
    """A model, a name: with what does, and not with what is missing of it."""
    plan = dynamorm.run(dynamorm.plan(ORDERS), FakeService())
    for estimated in (
        lambda: estimate.copy(ORDERS),
        lambda: estimate.copy("orders"),
        lambda: estimate.plan(plan, ORDERS),
    ):
        with pytest.raises(TypeError, match=r"a TableDescription, as of db.describe_table"):
            estimated()


def test_what_is_no_plan_is_refused():
    """A model is answered with what makes a plan of it."""
    for subject in (ORDERS, type(ORDERS)):
        with pytest.raises(TypeError, match=r"takes a Plan, as of db.plan\(\), not TableSpec"):
            estimate.plan(subject)


def test_provisioned_capacity_is_paid_for_anyway():
    """It costs nothing more, holds the rate, and each global index has its own."""
    slow = structs.replace(BY_STATUS, throughput=Provisioned(1, 100))
    spec = structs.replace(ORDERS, billing=Provisioned(1000, 1000), indexes=(slow, BY_TIME))
    found = estimate.copy(described(spec))
    assert found.dollars == 0
    assert found.seconds == 1_000_000 / 100
    faster = structs.replace(spec, indexes=(BY_STATUS, BY_TIME))
    assert estimate.copy(described(faster)).seconds == 6_000_000 / 1000
    limited = estimate.copy(described(faster), max_write_units=500, max_read_units=10)
    assert limited.seconds == 524_288 / 10
    assert "about 14.6 hours" in str(limited)


def test_the_infrequent_access_class_has_prices_of_its_own():
    """It is dearer to write, and cheaper to keep."""
    rare = structs.replace(ORDERS, table_class="STANDARD_INFREQUENT_ACCESS")
    standard, found = estimate.copy(described(ORDERS)), estimate.copy(described(ORDERS), rare)
    assert found.dollars > standard.dollars
    assert found.monthly_dollars < standard.monthly_dollars + 0.4


def test_a_target_that_is_there_says_what_it_serves():
    """Its warm throughput, its maxima and its replicas count; it has no cold start."""
    warm = structs.replace(ORDERS, warm=WarmThroughput(40_000, 40_000), indexes=(BY_TIME,))
    target = described(warm, replicas=(ReplicaDescription(region_name="eu-west-1"),))
    found = estimate.copy(described(ORDERS), target)
    assert found.seconds == 6_000_000 / 40_000
    assert found.write_units == 12_000_000
    assert found.notes == ()
    capped = structs.replace(ORDERS, billing=OnDemand(max_write=100))
    assert estimate.copy(described(ORDERS), capped).seconds == 6_000_000 / 100
    indexed = described(structs.replace(warm, indexes=(BY_STATUS,)))
    assert estimate.copy(described(ORDERS), indexed).seconds == 1_000_000 / 4000
    bare = structs.replace(target, warm_throughput=None)
    assert estimate.copy(described(ORDERS), bare).seconds == 1500


def test_the_replicas_of_a_table_that_is_still_to_be_made_are_paid_for():
    """They are written to as those of a table that is there."""
    source = described(ORDERS)
    new = structs.replace(ORDERS, replicas=(Replica("eu-west-1"), Replica("eu-west-2")))
    found, alone = estimate.copy(source, new), estimate.copy(source, ORDERS)
    assert found.write_units == 3 * alone.write_units


def test_what_single_requests_cost_is_noted():
    """Exact collisions and `existing="keep"` send an item at a time, for the same units."""
    source = described(ORDERS)
    for option in ({"collisions": "check"}, {"existing": "keep"}):
        found = estimate.copy(source, **option)
        assert "1,000,000 PutItems in place of 40,000 batches" in found.notes
        assert found.dollars == estimate.copy(source).dollars


def test_an_empty_table_is_noted():
    """A table of this morning has no figures yet."""
    found = estimate.copy(described(ORDERS, item_count=None, table_size_bytes=None))
    assert found.notes[0] == "DescribeTable tells of no items; its figures are up to six hours old"
    assert (found.write_units, found.seconds) == (0, 0)
    assert "takes at most a minute" in str(found)


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.floats(0, 1e12), st.none() | st.floats(1, 1e6))
def test_a_rate_doubles_up_to_its_most(first, more, units, cap):
    """So many units take no longer than at the first rate, and no shorter than at the last."""
    from dynamorm.estimate.rates import DOUBLING, Rate

    rate = Rate(first, first + more).capped(cap)
    assert units / rate.most <= rate.seconds(units) * 1.000001
    assert rate.seconds(units) <= units / rate.first * 1.000001
    assert Rate(1, 8).seconds(3 * DOUBLING) == 2 * DOUBLING


PLAN = """\
plan of orders, with 1,000,000 items
  build index by-status  1,000,000 write units, $0.62
  store index by-status  0.2 GB, $0.05 a month
  PITR of orders         2.0 GB, $0.40 a month
  takes about 5 min, $0.62 once, $0.45 a month (us-east-1, prices of 2026-08-01)"""


def planned(before: TableSpec, after: TableSpec) -> Any:
    service = FakeService(create_seconds=0)
    dynamorm.run(dynamorm.create_table(before), service)
    return dynamorm.run(dynamorm.plan(after), service)


def test_a_plan_is_counted_by_its_steps():
    """An index is filled, and kept from then on; what is turned on is paid for each month."""
    bare = TableSpec(name="orders", partition_key=ID)
    wanted = structs.replace(bare, indexes=(BY_STATUS,), point_in_time_recovery=7)
    plan = planned(bare, structs.replace(wanted, deletion_protection=True))
    assert str(estimate.plan(plan, described(bare))) == PLAN


BY_LOOK = IndexSpec("by-look", vector=VectorAttribute("look", 3, "COSINE"))
UNCOUNTED = "index by-look is paid for by the bytes of its vectors: it is not counted"


def test_a_vector_index_is_not_counted():
    """Neither where a copy writes it nor where a plan builds it: a note says so."""
    bare = TableSpec(name="orders", partition_key=ID)
    wanted = structs.replace(bare, indexes=(BY_LOOK,))
    found = estimate.plan(planned(bare, wanted), described(bare))
    assert (found.costs, found.notes) == ((), (UNCOUNTED,))
    copy = estimate.copy(described(bare), wanted.named("orders-v2"))
    assert UNCOUNTED in copy.notes
    assert not any("by-look" in cost.what for cost in copy.costs)


def test_the_quotas_are_the_account_s(driver):
    """One DescribeLimits tells them; a table serves what it is warm for, whatever they say."""
    limits = {"TableMaxReadCapacityUnits": 80_000, "TableMaxWriteCapacityUnits": 5_000}
    script = Script(("DescribeLimits", limits))
    quota = driver(estimate.quota(), script)
    assert script.sent == [("DescribeLimits", {})]
    assert quota == estimate.Quota(80_000, 5_000)
    assert estimate.copy(described(ORDERS), quota=quota).seconds == 1500
    assert estimate.copy(described(ORDERS), quota=estimate.Quota(write=1)).seconds == 1500


def test_other_steps_of_a_plan():
    """A class changes what storage costs, capacity is paid by the hour, warmth once."""
    bare = TableSpec(name="orders", partition_key=ID, indexes=(BY_STATUS,))
    changes = {
        "billing": Provisioned(10, 20),
        "table_class": "STANDARD_INFREQUENT_ACCESS",
        "warm": WarmThroughput(20_000, 20_000),
    }
    found = estimate.plan(planned(bare, structs.replace(bare, **changes)), described(bare))
    told = {cost.what: (cost.amount, cost.unit, cost.monthly) for cost in found.costs}
    assert told["store orders"] == (2, "GB", True)
    assert told["write capacity of orders"] == (20, "units per second", True)
    assert told["read capacity of index by-status"] == (10, "units per second", True)
    assert found.notes == ("warm: what is raised is paid for once, by the unit",)
    assert found.dollars == 0
    assert found.monthly_dollars == pytest.approx(0.2 + 2 * 730 * (10 * 0.00016 + 20 * 0.00081))


def test_without_a_description_a_table_is_empty():
    """Nothing is there to be written into an index; the region is the one that is given."""
    bare = TableSpec(name="orders", partition_key=ID)
    plan = planned(bare, structs.replace(bare, indexes=(BY_STATUS,)))
    found = estimate.plan(plan, region="us-east-1")
    assert (found.dollars, found.monthly_dollars, found.seconds) == (0, 0, 0)
    assert estimate.plan(plan).priced == ""


def test_a_plan_that_creates_a_table_is_counted():
    """A new table is empty: what it costs is the capacity that it is given, if it is."""
    service = FakeService(create_seconds=0)
    fixed = structs.replace(ORDERS, billing=Provisioned(1, 2), indexes=(BY_TIME,))
    for spec, dollars in ((ORDERS, 0), (fixed, 730 * (0.00013 + 2 * 0.00065))):
        plan = dynamorm.run(dynamorm.plan(spec), service)
        found = estimate.plan(plan, region="us-east-1")
        assert found.monthly_dollars == pytest.approx(dollars)
        assert found.dollars == 0
