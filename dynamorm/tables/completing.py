"""Sets what a restore or an import does not carry, on the table that it has made."""

from __future__ import annotations

from msgspec import UNSET

from ..api import TableDescription
from ..errors import Refused, WaitTimeout
from ..model.options import Options
from ..model.spec import TableSpec, changed
from ..operations import Steps, now, where
from ..operations.waiting import Deadline, pause, polling
from .binding import Binding
from .replicas import REPLICA_SETTINGS
from .update import update
from .waits import until_active

_CARRIED = {"billing", "encryption", "extra", "ignore"}
"""What the request has members for, and what is not a setting of the table."""


def refuse_unset(spec: TableSpec, what: str) -> None:
    """Raise `Refused` for declared settings that nobody would set, because nobody waits."""
    settings = [name for name in Options.__struct_fields__ if name not in _CARRIED]
    if later := [name for name in (*settings, "time_to_live") if getattr(spec, name)]:
        names = ", ".join(later)
        reason = f"{what} does not carry {names}, and with wait=False nobody sets it"
        raise Refused((f"{reason}: wait, or use update_table later - at {spec.name}",))


def of_one_region(spec: TableSpec) -> TableSpec:
    """Return what a restore or an import makes: its request has no replicas, a plan adds them."""
    return changed(spec, **dict.fromkeys((row.name for row in REPLICA_SETTINGS), UNSET))


def complete(
    spec: TableSpec, made: TableDescription, deadline: Deadline
) -> Steps[TableDescription]:
    """Wait for a table that this run has made, and give it all that is declared.

    This is part of its creation: turning TTL on needs no consent, and `ignore` does not apply.
    Raises `PlanRefused` or `TableNotFound` if another table has taken its place, and leaves that
    one as it is.
    """
    # DescribeTable reads stale, and an update of a table that is not seen would be TableNotFound.
    ready = yield from until_active(spec.name, deadline, made)
    ours = Binding.to(ready, (yield from where()))
    schedule = polling()
    # A plan and all its checks again, and no second way to set things: a restore may have brought
    # some of them, and lost others. What stays pending is tried again until the time is over.
    whole = changed(spec, ignore=UNSET)
    allow = ("ttl",) * bool(spec.time_to_live)
    while True:
        applied = yield from update(whole, allow, deadline, ours)
        if not applied.pending:
            return applied.table
        if not (yield from pause(schedule, deadline)):
            names = ", ".join(item.name for item in applied.pending)
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(spec.name, waited, f"without {names}")
