"""The item codec against boto3's and PynamoDB's: how long one item takes, in each direction.

    python benchmarks/codec.py [--json FILE] [--seconds 1.0]

The item is of about 1 KB and 14 attributes. Reading ends in an instance of a Struct here and in a
dict (boto3) or a Model (PynamoDB) there, and begins with the bytes of the item's JSON; writing goes
the other way. boto3's part is given without its JSON part too. Rounds of all subjects take turns,
and the best of each counts: what disturbs a round only ever makes it slower.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter, process_time
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from orders import OrderModel
from runs import options

from dynamorm.items.codec import codec


class Address(msgspec.Struct):
    """A nested map."""

    street: str
    city: str
    zip: str
    floor: int


class Line(msgspec.Struct):
    """One of a list of maps."""

    product: str
    count: int
    price: Decimal


class Order(msgspec.Struct):
    """The item: strings, numbers, a bool, a NULL, a map, a list of maps and a set."""

    customer: str
    number: int
    status: str
    created: str
    updated: str
    total: Decimal
    weight: int
    paid: bool
    coupon: str | None
    note: str
    address: Address
    lines: list[Line]
    labels: set[str]
    score: int = 0


ORDER = Order(
    customer="customer-4711-0815",
    number=1234567,
    status="SHIPPED",
    created="2025-03-14T15:09:26.535Z",
    updated="2025-03-15T09:26:53.589Z",
    total=Decimal("1234.56"),
    weight=2750,
    paid=True,
    coupon=None,
    note="Please leave it with the neighbours at number 7; the bell does not work. " * 3,
    address=Address("Long Street 12", "Springfield", "12345-678", 3),
    lines=[Line(f"product-{i:06}", i, Decimal(f"{i}9.95")) for i in range(1, 4)],
    labels={"gift", "express", "fragile"},
    score=87,
)

Subject = Callable[[], Any]


def subjects() -> dict[str, Subject]:
    """What is measured, by name; all of it does the same work on the same item."""
    ours = codec(Order)
    raw = ours.encode(ORDER)
    wire = json.loads(raw)
    serialize, deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
    values = {name: deserialize(value) for name, value in wire.items()}

    def written() -> dict[str, Any]:
        return {name: serialize(value) for name, value in values.items()}

    model = OrderModel.from_raw_data(json.loads(raw))
    assert ours.decode(raw) == (ORDER, {})
    assert model.serialize().keys() >= wire.keys() - {"coupon"}
    assert json.loads(json.dumps(written(), default=sorted)).keys() == wire.keys()
    return {
        "decode dynamorm": lambda: ours.decode(raw),
        "decode boto3": lambda: {n: deserialize(v) for n, v in json.loads(raw).items()},
        "decode PynamoDB": lambda: OrderModel.from_raw_data(json.loads(raw)),
        "decode boto3 without JSON": lambda: {n: deserialize(v) for n, v in wire.items()},
        "encode dynamorm": lambda: ours.encode(ORDER),
        "encode boto3": lambda: json.dumps(written()).encode(),
        "encode PynamoDB": lambda: json.dumps(model.serialize()).encode(),
        "encode boto3 without JSON": written,
    }


def best(found: dict[str, Subject], seconds: float) -> dict[str, float]:
    """Give microseconds of CPU for one call of each."""
    rounds: dict[str, list[float]] = {name: [] for name in found}
    end = perf_counter() + seconds * len(found)
    while perf_counter() < end:
        for name, work in found.items():
            started = process_time()
            for _ in range(500):
                work()
            rounds[name].append((process_time() - started) / 500 * 1e6)
    return {name: min(times) for name, times in rounds.items()}


def measure(seconds: float) -> list[dict[str, Any]]:
    """Give each subject's time, and how many times ours it is."""
    times = best(subjects(), seconds)
    return [
        {
            "contender": name,
            "us_per_item": time,
            "items_per_second": 1e6 / time,
            "of_dynamorm": time / times[f"{name.split()[0]} dynamorm"],
        }
        for name, time in times.items()
    ]


def show(table: list[dict[str, Any]]) -> None:
    """Print what was measured."""
    print(f"{'':28}{'us/item':>9}{'items/s':>10}{'times ours':>12}")
    for row in table:
        print(
            f"{row['contender']:28}{row['us_per_item']:9.2f}{row['items_per_second']:10,.0f}"
            f"{row['of_dynamorm']:12.1f}"
        )


if __name__ == "__main__":
    arguments = options(__doc__, rounds=1, seconds=1.0)
    table = measure(arguments.seconds)
    show(table)
    arguments.write(table)
