"""What AWS charges for, by region and table class: data, with its date and its source."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.arguments import nearest

PRICED = "2026-08-01"
SOURCE = "https://aws.amazon.com/dynamodb/pricing/"
HOURS = 730
"""Hours in a month, as AWS counts them."""

_US = {
    "STANDARD": {
        "read": 0.125,
        "write": 0.625,
        "storage": 0.25,
        "recovery": 0.20,
        "read_hour": 0.00013,
        "write_hour": 0.00065,
    },
    "STANDARD_INFREQUENT_ACCESS": {
        "read": 0.155,
        "write": 0.78,
        "storage": 0.10,
        "recovery": 0.20,
        "read_hour": 0.00016,
        "write_hour": 0.00081,
    },
}
# Only what was compared with AWS's price list, us-east-1 by what others have published of the list
# of 2026-08-31: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
PRICES: dict[str, dict[str, dict[str, float]]] = {
    "us-east-1": _US,
    "us-east-2": {"STANDARD": _US["STANDARD"]},
}
"""Dollars as of `PRICED` from `SOURCE`, without free tier, reservations and taxes.

`read` and `write` are for a million request units, `storage` and `recovery` (PITR) for a GB and
month, `read_hour` and `write_hour` for a provisioned unit and hour.
"""


def prices_of(region: str, table_class: str, given: Mapping[str, float] | None) -> dict[str, float]:
    """Return a region's prices, overridden by those given; raises `ValueError` for a bad one."""
    # A misspelt name would leave the price of the list in place, without a word.
    names = _US["STANDARD"]
    for name, price in (given or {}).items():
        if name not in names:
            known = f"the prices are {', '.join(names)}"
            raise ValueError(f"no price {name!r}: {known}{nearest(name, names)}")
        if isinstance(price, bool) or not isinstance(price, int | float) or not price >= 0:
            raise ValueError(f"the price {name!r} is a number of dollars, not {price!r}")
    # Of a region whose prices are not known, amounts are told and no dollars.
    return {**PRICES.get(region, {}).get(table_class, {}), **(given or {})}
