"""The items of `canned.py` as a model, and a transform of them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct
from msgspec.structs import asdict

import dynamorm


class Address(Struct):
    """A map."""

    street: str
    city: str
    zip: str


@dynamorm.table("source")
class Customer(Struct):
    """An item as it is read."""

    id: Annotated[str, dynamorm.PartitionKey()]
    email: str
    name: str
    visits: int
    balance: float
    active: bool
    created: str
    tags: set[str]
    scores: list[int]
    address: Address
    note: str
    picture: bytes


@dynamorm.table("target")
class Upgraded(Customer):
    """An item as it is written."""


def upgrade(customer: Customer) -> Upgraded:
    values = asdict(customer)
    values["name"] = customer.name.upper()
    values["visits"] += 1
    return Upgraded(**values)
