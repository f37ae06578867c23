"""What AWS charges for, by region and table class, and an estimate as a value and a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from ..model import Readable
from ..model.arguments import nearest

PRICED = "2026-08-01"
SOURCE = "https://aws.amazon.com/dynamodb/pricing/"
HOURS = 730
"""Hours in a month, as AWS counts them."""

_NAMES = ("read", "write", "storage", "recovery", "read_hour", "write_hour")
_US: dict[str, dict[str, float]] = {
    "STANDARD": dict(zip(_NAMES, (0.125, 0.625, 0.25, 0.20, 0.00013, 0.00065), strict=True)),
    "STANDARD_INFREQUENT_ACCESS": dict(
        zip(_NAMES, (0.155, 0.78, 0.10, 0.20, 0.00016, 0.00081), strict=True)
    ),
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
    for name, price in (given or {}).items():
        if name not in _NAMES:
            known = f"the prices are {', '.join(_NAMES)}"
            raise ValueError(f"no price {name!r}: {known}{nearest(name, _NAMES)}")
        if isinstance(price, bool) or not isinstance(price, int | float) or not price >= 0:
            raise ValueError(f"the price {name!r} is a number of dollars, not {price!r}")
    # Of a region whose prices are not known, amounts are told and no dollars.
    return {**PRICES.get(region, {}).get(table_class, {}), **(given or {})}


class Cost(Readable, frozen=True):
    """One thing that is paid for: an amount, and dollars where the price is known."""

    what: str
    amount: float
    unit: str
    """`read units`, `write units`, `GB`, or `units per second` of provisioned capacity."""
    dollars: float | None = None
    monthly: bool = False


class Estimate(Readable, frozen=True):
    """What something costs, once and each month, and how long it takes at the least."""

    subject: str
    costs: tuple[Cost, ...]
    seconds: float
    """At the rates that the tables serve; a client that is slower takes longer."""
    region: str = ""
    priced: str = ""
    """The date of the prices; empty where there are none, and amounts are all that is known."""
    notes: tuple[str, ...] = ()

    @property
    def dollars(self) -> float | None:
        """What is paid once; `None` where a price is not known."""
        return _sum(cost.dollars for cost in self.costs if not cost.monthly)

    @property
    def monthly_dollars(self) -> float | None:
        """What is paid each month from then on; `None` where a price is not known."""
        return _sum(cost.dollars for cost in self.costs if cost.monthly)

    @property
    def read_units(self) -> float:
        """Reads of 4 KB each, once."""
        return sum(cost.amount for cost in self.costs if cost.unit == "read units")

    @property
    def write_units(self) -> float:
        """Writes of 1 KB each, once: those of indexes and replicas too."""
        return sum(cost.amount for cost in self.costs if cost.unit == "write units")

    def __str__(self) -> str:
        width = max((len(cost.what) for cost in self.costs), default=0)
        rows = [f"  {cost.what:{width}}  {_text(cost)}" for cost in self.costs]
        told = [f"takes {_duration(self.seconds)}"]
        if self.priced:
            told.append(f"{_in_dollars(self.dollars)} once")
            told.append(f"{_in_dollars(self.monthly_dollars)} a month")
        where = f"{self.region}, " if self.region else ""
        prices = f"prices of {self.priced}" if self.priced else "units only: no prices are known"
        last = f"  {', '.join(told)} ({where}{prices})"
        return "\n".join((self.subject, *rows, last, *(f"  note: {note}" for note in self.notes)))


def _sum(dollars: Iterable[float | None]) -> float | None:
    # One price that is not known makes the whole unknown: a part would pass for all of it.
    amounts = list(dollars)
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _in_dollars(amount: float | None) -> str:
    return "an unknown price" if amount is None else f"${amount:,.2f}"


def _text(cost: Cost) -> str:
    amount = f"{cost.amount:,.1f}" if cost.unit == "GB" else f"{ceil(cost.amount):,}"
    price = "" if cost.dollars is None else f", {_in_dollars(cost.dollars)}"
    return f"{amount} {cost.unit}{price}{' a month' * cost.monthly}"


def _duration(seconds: float) -> str:
    # Rounded up: it is the least that it takes.
    minutes = ceil(seconds / 60)
    if minutes < 120:
        return f"about {minutes} min" if minutes > 1 else "at most a minute"
    return f"about {minutes / 60:,.1f} hours"
