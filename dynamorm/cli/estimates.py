"""What a plan or a copy costs, and how long it takes: on request, and before a copy begins."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from . import arguments
from .models import model_or_name
from .output import say
from .plans import planned
from .session import Session, command

if TYPE_CHECKING:
    from ..api import TableDescription
    from ..database import Database
    from ..estimate import Estimate
    from ..model.declare import Model

    Databases = tuple[Database, Database]
    Ends = tuple[Model | str, Model | str]
    """Source and target."""

prices = click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="NAME=DOLLARS",
    help="Your own: write=0.75 for a million units; read, storage, recovery.",
)


@command("plan")
@arguments.models
@arguments.compared
@prices
def of_plan(
    session: Session, models: tuple[str, ...], prices: tuple[str, ...], **asked: Any
) -> None:
    """Estimate what the steps of plans cost."""
    from .. import estimate

    own = _prices(prices)
    found = session.models(models)
    with session.database() as db:
        plans = planned(db, found, **asked)
        tables = [None if plan.creates else db.describe_table(plan.spec) for plan in plans]
    pairs = zip(plans, tables, strict=True)
    told = [estimate.plan(plan, table, prices=own) for plan, table in pairs]
    session.output.told("estimate plan", told, estimates=told)


@command("copy")
@arguments.ends
@arguments.read_rate
@arguments.write_rate
@prices
def of_copy(
    session: Session, source: str, target: str, prices: tuple[str, ...], **given: Any
) -> None:
    """Estimate a copy of all items of SOURCE into TARGET.

    If TARGET does not exist yet, name its model; otherwise it is assumed to be like SOURCE.
    """
    ends = model_or_name(source), model_or_name(target)
    given["consistent_read"] = not given.pop("eventually_consistent")
    with session.databases(given) as (db, there):
        found, _ = _copy((db, there or db), ends, prices, given)
    session.output.told("estimate copy", [found], estimates=[found])


_OPTIONS = ("consistent_read", "collisions", "existing", "max_read_units", "max_write_units")
"""The options of a copy that its cost depends on."""


def _copy(
    databases: Databases, ends: Ends, prices: tuple[str, ...], given: dict[str, Any]
) -> tuple[Estimate, TableDescription | None]:
    """Describe both tables; return the estimate, and the target if it is there."""
    from .. import estimate
    from ..errors import TableNotFound

    options = {name: given[name] for name in _OPTIONS}
    (db, there), (source, target) = databases, ends
    described = db.describe_table(source)
    found = None
    with suppress(TableNotFound):
        found = there.describe_table(target)
    model = None if isinstance(target, str) else target
    return estimate.copy(described, found or model, prices=_prices(prices), **options), found


def tell_before(
    session: Session,
    databases: Databases,
    ends: Ends,
    prices: tuple[str, ...],
    given: dict[str, Any],
) -> None:
    """Print the cost of a copy and the rate of its target; warn if the target has no PITR."""
    from ..errors import AccessDenied
    from ..estimate import Quota
    from ..estimate.rates import rates_of
    from ..model import table_name
    from ..model.declare import table_spec
    from ..model.spec import TableSpec

    estimate, found = _copy(databases, ends, prices, given)
    say(str(estimate))
    session.output.line("estimate", **estimate.to_dict())
    if found is None:  # which is an error of the copy
        return
    spec = TableSpec.of(found)
    _, writes = rates_of(spec, spec, Quota(), found)
    say(f"{spec.name} takes {writes.first:,.0f} write units a second, {writes.most:,.0f} at most")
    # The description has nothing about it; a check asks where a spec declares it.
    wanted = table_spec(spec, name=table_name(ends[1]), point_in_time_recovery=True)
    with suppress(AccessDenied):
        if any(table.drift for table in databases[1].check(wanted, only=(PITR,)).tables):
            say(f"Warning: {spec.name} has no PITR, and what the copy overwrites is lost")


PITR = "point_in_time_recovery"


def _prices(given: tuple[str, ...]) -> dict[str, float]:
    """Return the given prices by name."""
    found = {}
    for text in given:
        name, _, dollars = text.partition("=")
        try:
            found[name] = float(dollars)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not a price: write write=0.75") from None
    return found


@click.group(commands=[of_plan, of_copy])
def estimate() -> None:
    """Estimate what a plan or a copy costs, and how long it takes."""


COMMANDS = (estimate,)
