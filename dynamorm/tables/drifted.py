"""Which differences a living table cannot be rid of: no update gives it what is declared."""

from __future__ import annotations

from msgspec import structs

from ..api import TableDescription
from ..model.spec import TableSpec
from .compare import Difference
from .plan import make_plan
from .steps import Settings

Drift = tuple[Difference, ...]


def marked(spec: TableSpec, table: TableDescription, drift: Drift) -> Drift:
    """Say of each difference whether a living table cannot be given what is declared."""
    # What is blocked is told by DescribeTable alone: keys and indexes. No setting is read for it.
    blocked = {item.name for item in make_plan(spec, table, Settings()).blocked} if drift else ()
    return tuple(
        structs.replace(item, blocked=item.name.removesuffix(":kind") in blocked) for item in drift
    )
