"""Deletes tables: those that are named, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import requests
from ..api.tables import DeleteTableOutput
from ..errors import TableNotFound
from ..model import table_name
from ..model.declare import Model
from ..model.options import check_flags
from ..operations import Steps, operation
from ..operations.waiting import Deadline, when_free, within
from .waits import until_gone

if TYPE_CHECKING:
    from datetime import timedelta

    from ..api import TableDescription


@operation
def delete_table(
    model_or_name: Model | str,
    *,
    name: str | None = None,
    missing_ok: bool = False,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
) -> Steps[None]:
    """Delete a table with all its items, and wait until it is gone; replicas elsewhere stay.

    The service refuses to delete the source of a replica for 24 hours after making it: remove the
    replicas first, with `update_table`. Raises `TableNotFound` for a missing table unless
    `missing_ok`. Waits for a table that is being created or changed. Never turns deletion
    protection off: a protected table raises `ValidationFailed`.
    """
    check_flags(missing_ok=missing_ok, wait=wait)
    names = (table_name(model_or_name, name=name),)
    yield from within(timeout, lambda deadline: _delete(names, missing_ok, wait, deadline))


@operation
def delete_tables(
    *models_or_names: Model | str,
    missing_ok: bool = False,
    wait: bool = True,
    timeout: float | timedelta | None = 300,
) -> Steps[None]:
    """Delete these tables with all their items, then wait until all are gone.

    Otherwise as `delete_table`: an error on one of them is raised at once, and those after it are
    not deleted.
    """
    check_flags(missing_ok=missing_ok, wait=wait)
    # Each once: two models may be of one table, which is gone after the first.
    names = tuple(dict.fromkeys(table_name(each) for each in models_or_names))
    yield from within(timeout, lambda deadline: _delete(names, missing_ok, wait, deadline))


def _delete(
    names: tuple[str, ...], missing_ok: bool, wait: bool, deadline: Deadline
) -> Steps[None]:
    """Delete tables one after the other, then wait for all of them."""
    leaving: list[tuple[str, TableDescription]] = []
    # One after the other: after an error, nothing that comes later in the call may be gone.
    for name in names:
        request = requests.delete_table(name)
        sending = when_free("DeleteTable", request, DeleteTableOutput, deadline, wait=wait)
        try:
            leaving.append((name, (yield from sending).table_description))
        except TableNotFound as error:
            # An earlier attempt, whose answer was lost or was an error, may have deleted it.
            if not (missing_ok or error.maybe_applied):
                raise
    # While the first is waited for, the others are being deleted too: of those, look at once.
    for number, (name, table) in enumerate(leaving if wait else ()):
        yield from until_gone(name, deadline, table, at_once=number > 0)
