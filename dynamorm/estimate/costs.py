"""The units, bytes and hours that a copy or a plan takes, and their prices.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-unit-calculations.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import NamedTuple

from ..api import TableDescription
from ..api.parts import IndexDescription
from ..model import region_of
from ..model.declare import Model, table_spec
from ..model.keys import IndexSpec
from ..model.options import KEYS_ONLY, Provisioned, check_flags, check_rate, check_word
from ..model.spec import TableSpec, changed
from ..tables.plan import Plan
from .prices import HOURS, PRICED, PRICES, Cost, Estimate, prices_of
from .rates import NEW, Quota, rates_of

READ_BYTES, WRITE_BYTES, GB = 2**12, 2**10, 2**30


class _Items(NamedTuple):
    """The items of a table or index, as far as they are known."""

    number: int
    size: int

    @property
    def units(self) -> int:
        """The write units of all items, taken to be of average size."""
        each = ceil(self.size / max(self.number, 1) / WRITE_BYTES)
        # Each item is rounded up to whole units by itself; of the sizes only the average is known.
        return self.number * max(each, 1)


def estimate_copy(
    source: TableDescription,
    target: Model | TableDescription | None = None,
    *,
    region: str = "",
    prices: Mapping[str, float] | None = None,
    quota: Quota = Quota(),
    consistent_read: bool = True,
    collisions: str = "error",
    existing: str = "overwrite",
    max_read_units: float | None = None,
    max_write_units: float | None = None,
) -> Estimate:
    """Estimate a copy of all items of `source`, as `copy_table` makes it with these options.

    `target` is the model or spec of a table that is still to be made, or the description of one
    that is there; without it, the target is new and like the source. Every index of the target is
    written to as well, by the bytes that it projects, and so is every replica. The region is that
    of the source's ARN, unless it is given. `prices`, such as `{"write": 0.7}`, override those of
    the region (`PRICES` has the names and units); without a price, only amounts are estimated.
    Sends nothing. Raises `ValueError` for an invalid price, rate or word.
    """
    check_flags(consistent_read=consistent_read)
    check_word("collisions", collisions, ("error", "check", "last"))
    check_word("existing", existing, ("overwrite", "keep"))
    check_rate("max_read_units", max_read_units)
    check_rate("max_write_units", max_write_units)
    items = _items(source)
    # As a spec, so that billing, class and indexes are asked for in one way, declared or found.
    origin = TableSpec.of(source)
    there = target if isinstance(target, TableDescription) else None
    spec = TableSpec.of(there) if there else table_spec(target or origin)  # type: ignore[arg-type]  # no description
    region = region or region_of(source.table_arn)
    # Scan rounds up for each page: too little for any table whose copy is worth an estimate.
    units = ceil(items.size / READ_BYTES) * (1 if consistent_read else 0.5)
    read = _Priced(origin, region, prices).units(f"read {origin.name}", "read", units)
    reads, _ = rates_of(origin, origin, quota, source)
    reading = reads.capped(max_read_units).seconds(units)
    priced = _Priced(spec, region, prices)
    # Every replica is written to and kept as the table itself; reads are the source's alone.
    copies = 1 + len(spec.replicas or ())
    held = [(own, _projected(own, items, source)) for own in spec.indexes if not own.vector]
    costs = [read, priced.units(f"write {spec.name}", "write", items.units * copies)]
    for index, inside in held:
        costs.append(priced.units(f"write index {index.name}", "write", inside.units * copies))
    stored = items.size + sum(inside.size for _, inside in held)
    costs += [*priced.kept(stored * copies), *priced.recovery(items.size)]
    # Read and written side by side: the slower one counts.
    writing = max(
        rates_of(owner, spec, quota, there)[1].capped(max_write_units).seconds(written)
        for owner, written in _written(spec, items, held)
    )
    return Estimate(
        f"copy {origin.name} to {spec.name}: {items.number:,} items, {items.size / GB:,.1f} GB",
        tuple(costs),
        max(reading, writing),
        region,
        priced.date,
        tuple(_notes(spec, there, items, collisions == "check" or existing == "keep")),
    )


def _written(
    spec: TableSpec, items: _Items, held: list[tuple[IndexSpec, _Items]]
) -> Iterator[tuple[TableSpec | IndexSpec, int]]:
    """Yield what is written at a rate of its own: a global index, or the table with the rest."""
    yield spec, items.units + sum(inside.units for index, inside in held if index.local)
    yield from ((index, inside.units) for index, inside in held if not index.local)


def estimate_plan(
    plan: Plan,
    description: TableDescription | None = None,
    *,
    region: str = "",
    prices: Mapping[str, float] | None = None,
    quota: Quota = Quota(),
) -> Estimate:
    """Estimate what the steps of a plan cost: the building of indexes, and what is kept from then.

    `description` is that of the table as it is, for its size and billing; without it the table is
    taken to be empty, like one that the plan creates. Region and prices are those of `copy`. An
    index is filled with every item, unless a description of it says otherwise. Sends nothing.
    Raises `ValueError` for an invalid price.
    """
    if not isinstance(plan, Plan):
        kind = plan.__name__ if isinstance(plan, type) else type(plan).__name__
        raise TypeError(f"estimate.plan takes a Plan, as of db.plan(), not {kind}")
    spec = plan.spec
    items = _items(description) if description else _Items(0, 0)
    if description and not spec.billing:
        spec = changed(spec, billing=TableSpec.of(description).billing)
    region = (
        region or plan.bound_to.region or region_of(description.table_arn if description else None)
    )
    priced = _Priced(spec, region, prices)
    indexes = {f"index:{index.name}": index for index in spec.indexes}
    costs: list[Cost] = []
    notes: list[str] = []
    seconds = 0.0
    for step in plan.steps:
        if step.kind == "slow" and (index := indexes.get(step.name)) and not index.vector:
            # Filling an index takes its own write units, and reads the table for nothing.
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
            held = _projected(index, items, None)
            costs.append(priced.units(f"build index {index.name}", "write", held.units))
            costs += priced.kept(held.size, f"index {index.name}")
            seconds += rates_of(index, spec, quota)[1].seconds(held.units)
        elif step.name == "table_class":
            costs += priced.kept(items.size)
        elif step.name == "point_in_time_recovery":
            costs += priced.recovery(items.size)
        elif step.name.rpartition(":")[2] == "warm":
            notes.append(f"{step.name}: what is raised is paid for once, by the unit")
        if step.name in ("table", "billing"):
            costs += priced.capacity()
    return Estimate(
        f"plan of {plan.table}, with {items.number:,} items",
        tuple(costs),
        seconds,
        region,
        priced.date,
        (*notes, *_uncounted(spec)),
    )


class _Priced:
    """Puts the prices of a table's region and class to amounts.

    A price that nobody knows leaves the amount without dollars, and is not taken for zero.
    """

    def __init__(self, spec: TableSpec, region: str, given: Mapping[str, float] | None) -> None:
        self.spec = spec
        self.prices = prices_of(region, spec.table_class or "STANDARD", given)
        self.date = PRICED if region in PRICES else "the caller" if given else ""

    def _cost(
        self, what: str, amount: float, unit: str, price: str, by: float, monthly: bool = False
    ) -> Cost:
        dollars = amount / by * self.prices[price] if price in self.prices else None
        return Cost(what, amount, unit, dollars, monthly)

    def units(self, what: str, kind: str, amount: float) -> Cost:
        """Return what requests cost: nothing more where the capacity is paid for anyway."""
        if isinstance(self.spec.billing, Provisioned):
            return Cost(f"{what} (provisioned)", amount, f"{kind} units", 0.0)
        return self._cost(what, amount, f"{kind} units", kind, 1e6)

    def kept(self, size: float, what: str = "") -> Iterator[Cost]:
        """Return what `size` bytes cost as long as they are there."""
        yield self._cost(f"store {what or self.spec.name}", size / GB, "GB", "storage", 1, True)

    def recovery(self, size: float) -> Iterator[Cost]:
        """Return what PITR of `size` bytes costs, if it is declared."""
        if self.spec.point_in_time_recovery:
            yield self._cost(f"PITR of {self.spec.name}", size / GB, "GB", "recovery", 1, True)

    def capacity(self) -> Iterator[Cost]:
        """Return what provisioned capacity costs, of the table and its global indexes."""
        table = self.spec.billing
        if not isinstance(table, Provisioned):
            return
        named = {self.spec.name: table}
        named |= {f"index {i.name}": i.throughput or table for i in self.spec.global_indexes}
        for name, fixed in named.items():
            for kind, amount in (("read", fixed.read), ("write", fixed.write)):
                per_month = (f"{kind}_hour", 1 / HOURS, True)
                yield self._cost(
                    f"{kind} capacity of {name}", amount, "units per second", *per_month
                )


def _items(table: TableDescription) -> _Items:
    if not isinstance(table, TableDescription):
        taken = "a TableDescription, as of db.describe_table()"
        raise TypeError(f"the size of a table is known from {taken}, not from {table!r:.200}")
    return _Items(table.item_count or 0, table.table_size_bytes or 0)


def _projected(index: IndexSpec, items: _Items, source: TableDescription | None) -> _Items:
    """Return what an index holds: as much as its like in the source, or else what it projects."""
    indexes: list[IndexDescription] = []
    if source is not None:
        indexes += (*source.global_secondary_indexes, *source.local_secondary_indexes)
    for found in indexes:
        # Better than any guess: what the index of the source holds has been counted.
        if found.index_name == index.name and found.item_count is not None:
            return _Items(found.item_count, found.index_size_bytes or 0)
    if index.projection == KEYS_ONLY:
        return _Items(items.number, min(items.size, items.number * _KEYS_BYTES))
    return items


# For an index of keys alone, of which nothing has been counted: it is at most what its table has.
_KEYS_BYTES = 200
"""Bytes assumed for the keys of an item, with the 100 bytes that storage adds to each item."""


def _uncounted(spec: TableSpec) -> Iterator[str]:
    # https://aws.amazon.com/dynamodb/pricing/on-demand/
    for index in spec.vector_indexes:
        yield f"index {index.name} is paid for by the bytes of its vectors: it is not counted"


def _notes(
    spec: TableSpec, there: TableDescription | None, items: _Items, conditional: bool
) -> Iterator[str]:
    """Yield what the figures do not say."""
    if not items.number:
        yield "DescribeTable tells of no items; its figures are up to six hours old"
    if not (isinstance(spec.billing, Provisioned) or there or spec.warm):
        yield (
            f"a new on-demand table begins at {NEW.write:,} write units a second, and serves twice "
            "as many after 30 minutes: warm= spares the wait"
        )
    yield from _uncounted(spec)
    if conditional:
        yield f"{items.number:,} PutItems in place of {ceil(items.number / 25):,} batches"
