"""Asks for what DescribeTable does not tell of a table: only for what is named."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .. import requests
from ..api.descriptions import Cursors, TableDescription
from ..api.settings import (
    ContinuousBackupsDescription,
    DescribeContinuousBackupsOutput,
    DescribeTimeToLiveOutput,
    GetResourcePolicyOutput,
    ListTagsOfResourceOutput,
    Settings,
    TimeToLiveDescription,
)
from ..errors import (
    AccessDenied,
    CredentialsRejected,
    ServiceError,
    TableNotFound,
    UnsupportedOperation,
    service_error,
)
from ..operations.effects import Steps, call, now
from ..operations.waiters import MISSING_GRACE
from ..operations.waiting import Deadline, pause, polling
from .drift import SETTINGS


def survey(
    name: str,
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
            found[SETTINGS[setting]] = yield from _patiently(_ASK[setting], name, table)
        except UnsupportedOperation:
            if not skip:
                raise
            unsupported.append(setting)
        except AccessDenied as error:
            # Rejected credentials are AccessDenied too, and no IAM action would help them.
            if not denied_ok or isinstance(error, CredentialsRejected):
                raise
            denied[setting] = error.operation
    return Settings(**found, unsupported=tuple(unsupported), denied=denied)


Ask = Callable[[str, TableDescription], Steps[Any]]


def _patiently(ask: Ask, name: str, table: TableDescription) -> Steps[Any]:
    """Ask again where a table that is there is not found: straight after a create, reads are stale.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
    """
    schedule = polling()
    grace: Deadline | None = None
    while True:
        try:
            return (yield from ask(name, table))
        except TableNotFound as error:
            missing = error
        grace = grace or Deadline((yield from now()), MISSING_GRACE)
        if not (yield from pause(schedule, grace)):
            raise missing


def _time_to_live(name: str, _table: TableDescription) -> Steps[TimeToLiveDescription]:
    payload = requests.describe_time_to_live(name)
    reply = yield from call("DescribeTimeToLive", payload, DescribeTimeToLiveOutput)
    return reply.time_to_live_description


def _recovery(name: str, _table: TableDescription) -> Steps[ContinuousBackupsDescription]:
    payload = requests.describe_continuous_backups(name)
    reply = yield from call("DescribeContinuousBackups", payload, DescribeContinuousBackupsOutput)
    return reply.continuous_backups_description


def _tags(_name: str, table: TableDescription) -> Steps[dict[str, str]]:
    tags: dict[str, str] = {}
    token: str | None = None
    cursors = Cursors("ListTagsOfResource")
    while True:
        payload = requests.list_tags_of_resource(_arn(table, "ListTagsOfResource"), start_at=token)
        page = yield from call("ListTagsOfResource", payload, ListTagsOfResourceOutput)
        tags |= {tag.key: tag.value for tag in page.tags}
        token = cursors.onward(token, page.next_token)
        if not token:
            return tags


def _policy(_name: str, table: TableDescription) -> Steps[str | None]:
    payload = requests.get_resource_policy(_arn(table, "GetResourcePolicy"))
    try:
        return (yield from call("GetResourcePolicy", payload, GetResourcePolicyOutput)).policy
    except ServiceError as error:
        # Also for a policy that was put a moment ago, since this read is eventually consistent:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
        if error.code != "PolicyNotFoundException":
            raise
        return None


def _arn(table: TableDescription, operation: str) -> str:
    """Return the ARN that tags and policies belong to; an emulator may have none."""
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable returned no ARN of {table.table_name}"
    raise service_error("UnknownOperationException", message, status=400, operation=operation)


_ASK: dict[str, Ask] = {
    "ttl": _time_to_live,
    "point_in_time_recovery": _recovery,
    "tags": _tags,
    "resource_policy": _policy,
}
