"""The item of `codec.py` as a model of PynamoDB."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.models import Model

__all__ = ["OrderModel"]


class AddressMap(MapAttribute[str, Any]):
    """A nested map."""

    street = UnicodeAttribute()
    city = UnicodeAttribute()
    zip = UnicodeAttribute()
    floor = NumberAttribute()


class LineMap(MapAttribute[str, Any]):
    """One of a list of maps."""

    product = UnicodeAttribute()
    count = NumberAttribute()
    price = NumberAttribute()


class OrderModel(Model):
    """The item."""

    class Meta:
        """Nothing is sent, and PynamoDB wants a name."""

        table_name = "orders"

    customer = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    status = UnicodeAttribute()
    created = UnicodeAttribute()
    updated = UnicodeAttribute()
    total = NumberAttribute()
    weight = NumberAttribute()
    paid = BooleanAttribute()
    coupon = UnicodeAttribute(null=True)
    note = UnicodeAttribute()
    address = AddressMap()
    lines: ListAttribute[LineMap] = ListAttribute(of=LineMap)
    labels = UnicodeSetAttribute()
    score = NumberAttribute()
