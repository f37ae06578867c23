"""Asks for what DescribeTable does not tell of a table: only for what is named."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from . import requests
from .drift import SETTINGS
from .effects import Steps, call
from .errors import ServiceError, UnsupportedOperation, service_error
from .facets import (
    ContinuousBackupsDescription,
    DescribeContinuousBackupsOutput,
    DescribeTimeToLiveOutput,
    GetResourcePolicyOutput,
    ListTagsOfResourceOutput,
    Settings,
    TimeToLiveDescription,
)
from .replies import TableDescription, onward

__all__ = ["survey"]


def survey(
    name: str, table: TableDescription, wanted: Collection[str], *, skip: bool = False
) -> Steps[Settings]:
    """Ask for the settings in `wanted`, one request each (tags: one for each page).

    One that the endpoint does not know raises `UnsupportedOperation`, or is told in the result.
    """
    found: dict[str, Any] = {}
    unsupported = []
    for setting in wanted:
        try:
            found[SETTINGS[setting]] = yield from _ASK[setting](name, table)
        except UnsupportedOperation:
            if not skip:
                raise
            unsupported.append(setting)
    return Settings(**found, unsupported=tuple(unsupported))


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
    while True:
        payload = requests.list_tags_of_resource(_arn(table, "ListTagsOfResource"), start_at=token)
        page = yield from call("ListTagsOfResource", payload, ListTagsOfResourceOutput)
        tags |= {tag.key: tag.value for tag in page.tags}
        token = onward("ListTagsOfResource", token, page.next_token)
        if not token:
            return tags


def _policy(_name: str, table: TableDescription) -> Steps[str | None]:
    payload = requests.get_resource_policy(_arn(table, "GetResourcePolicy"))
    try:
        return (yield from call("GetResourcePolicy", payload, GetResourcePolicyOutput)).policy
    except ServiceError as error:
        if error.code != "PolicyNotFoundException":
            raise
        return None


def _arn(table: TableDescription, operation: str) -> str:
    """Give the ARN that tags and policies belong to; an emulator may have none."""
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable tells no ARN of {table.table_name}"
    raise service_error("UnknownOperationException", message, status=400, operation=operation)


_ASK: dict[str, Callable[[str, TableDescription], Steps[Any]]] = {
    "ttl": _time_to_live,
    "point_in_time_recovery": _recovery,
    "tags": _tags,
    "resource_policy": _policy,
}
