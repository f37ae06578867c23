"""Asks for what DescribeTable does not tell of a table: only for what is named."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..api import TableDescription
from ..errors import (
    AccessDenied,
    CredentialsRejected,
    ServerError,
    TableNotFound,
    UnsupportedOperation,
)
from ..model.spec import TableSpec
from ..operations import Steps, now
from ..operations.waiting import Deadline, pause, polling
from .settings import SETTINGS
from .steps import Setting, Settings
from .waits import MISSING_GRACE

BROKEN = 500
"""The status with which moto answers what it has no code for."""


def survey(
    spec: TableSpec,
    table: TableDescription,
    wanted: Collection[str],
    *,
    skip: bool = False,
    denied_ok: bool = False,
) -> Steps[Settings]:
    """Ask for the settings in `wanted`, one request each (tags: one for each page).

    One that the endpoint does not know raises `UnsupportedOperation`, and one that the caller may
    not read `AccessDenied`; with `skip` and `denied_ok` the result says so instead.
    """
    found: dict[str, Any] = {}
    unsupported = []
    denied = {}
    for setting in wanted:
        try:
            found[setting] = yield from _patiently(SETTINGS[setting], spec, table)
        except (UnsupportedOperation, ServerError) as error:
            # Of what moto does not know it makes an error of its own; the service always explains.
            mute = error.status == BROKEN and error.code == "ServiceUnavailable"
            # Any other error of the server passes, or is none of the setting.
            if not skip or (isinstance(error, ServerError) and not mute):
                raise
            unsupported.append(setting)
        except AccessDenied as error:
            # Rejected credentials are AccessDenied too, and no IAM action would help them.
            if not denied_ok or isinstance(error, CredentialsRejected):
                raise
            denied[setting] = error.operation
    return Settings(found, tuple(unsupported), denied)


def _patiently(row: Setting, spec: TableSpec, table: TableDescription) -> Steps[Any]:
    """Ask again where a table that is there is not found: straight after a create, reads are stale.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
    """
    assert row.read is not None
    schedule = polling()
    grace: Deadline | None = None
    while True:
        try:
            return (yield from row.read(spec, table))
        except TableNotFound as error:
            missing = error
        # From the first miss on: no time is asked for where nothing is missing.
        grace = grace or Deadline((yield from now()), MISSING_GRACE)
        if not (yield from pause(schedule, grace)):
            raise missing
