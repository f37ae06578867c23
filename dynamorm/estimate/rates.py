"""How fast tables serve, how fast an account lets them, and how long they take for so many units.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from msgspec import Struct

from ..api import TableDescription
from ..api.tables import DescribeLimitsInput, DescribeLimitsOutput
from ..model.keys import IndexSpec
from ..model.options import OnDemand, Provisioned, WarmThroughput
from ..model.spec import TableSpec
from ..operations import Steps, call, operation

NEW = WarmThroughput(read=12_000, write=4_000)
"""What a new on-demand table serves at once."""
DOUBLING = 1800.0
"""Seconds after which an on-demand table serves twice what it has been asked for before."""


class Quota(Struct, frozen=True):
    """The most that a table may have, in units per second; the defaults are those of AWS.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    """

    read: float = 40_000
    write: float = 40_000


@operation
def quota() -> Steps[Quota]:
    """Return the quotas of a table in this account and region, in one DescribeLimits.

    Needs `dynamodb:DescribeLimits` on `*`.
    """
    found = yield from call("DescribeLimits", DescribeLimitsInput(), DescribeLimitsOutput)
    return Quota(found.table_max_read_capacity_units, found.table_max_write_capacity_units)


class Rate(NamedTuple):
    """Units per second, of reads or of writes: at first, and at most; it doubles in between."""

    first: float
    most: float

    def capped(self, most: float | None) -> Rate:
        """Return the rate under a limit, of the table or of the client; `None` is no limit."""
        most = inf if most is None else most
        return Rate(min(self.first, most), min(self.most, most))

    def seconds(self, units: float) -> float:
        """Return the seconds that so many units take at the least."""
        rate, seconds = self.first, 0.0
        # Each half hour at one rate, until that is the highest or nothing is left.
        while rate < self.most and units > rate * DOUBLING:
            units -= rate * DOUBLING
            seconds += DOUBLING
            rate = min(rate * 2, self.most)
        return seconds + units / rate


def rates_of(
    owner: TableSpec | IndexSpec,
    table: TableSpec,
    quota: Quota,
    described: TableDescription | None = None,
) -> tuple[Rate, Rate]:
    """Return what is served, reads and writes: as described where it is there, or as declared."""
    if isinstance(table.billing, Provisioned):
        own = owner.throughput if isinstance(owner, IndexSpec) else None
        # One rate from the first second on: auto scaling, which follows use, is not counted.
        fixed = own or table.billing
        return Rate(fixed.read, fixed.read), Rate(fixed.write, fixed.write)
    limits = owner.on_demand if isinstance(owner, IndexSpec) else table.billing
    if not isinstance(limits, OnDemand):
        limits = OnDemand()
    # What is there counts more than what is declared: warm throughput rises with use.
    warm = _described(owner, described) or owner.warm or NEW
    return (
        Rate(warm.read, max(warm.read, quota.read)).capped(limits.max_read or None),
        Rate(warm.write, max(warm.write, quota.write)).capped(limits.max_write or None),
    )


def _described(
    owner: TableSpec | IndexSpec, table: TableDescription | None
) -> WarmThroughput | None:
    """Return the warm throughput of a table or index that is there, if it is told."""
    indexes = {index.index_name: index for index in table.global_secondary_indexes} if table else {}
    # An index that is still to be built is not described yet: then what is declared counts.
    there = indexes.get(owner.name) if isinstance(owner, IndexSpec) else table
    found = there.warm_throughput if there else None
    if found and found.read_units_per_second and found.write_units_per_second:
        return WarmThroughput(found.read_units_per_second, found.write_units_per_second)
    return None
