"""What a fake service knows of a table beside its description: TTL, recovery, tags, policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import DecodeError, json

from ..operations.drivers import Clock
from .living import Payload, Table, error

TTL_INTERVAL = 3600.0
MAX_TAGS = 50
PAGE_OF_TAGS = 10


class Facets:
    """Answers what is about one table's facets, each request by a method.

    TTL takes `ttl_seconds` to be on or off; recovery can be turned on `recovery_seconds`
    after the table has become ACTIVE.
    """

    def __init__(
        self,
        clock: Clock,
        find: Callable[[str, str], Table],
        *,
        ttl_seconds: float,
        recovery_seconds: float,
    ) -> None:
        self._clock = clock
        self._find = find
        self._ttl_seconds = ttl_seconds
        self._recovery_seconds = recovery_seconds
        self.operations: dict[str, Callable[[bytes], Payload | None]] = {
            "DeleteResourcePolicy": self.delete_resource_policy,
            "DescribeContinuousBackups": self.describe_continuous_backups,
            "DescribeTimeToLive": self.describe_time_to_live,
            "GetResourcePolicy": self.get_resource_policy,
            "ListTagsOfResource": self.list_tags_of_resource,
            "PutResourcePolicy": self.put_resource_policy,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "UpdateContinuousBackups": self.update_continuous_backups,
            "UpdateTimeToLive": self.update_time_to_live,
        }

    def _table(self, payload: Payload, operation: str) -> Table:
        name = payload.get("TableName") or payload["ResourceArn"].rpartition("/")[2]
        return self._find(name, operation)

    def _ready(self, payload: Payload, operation: str) -> Table:
        table = self._table(payload, operation)
        if table.status(self._clock.now()) == "CREATING":
            raise error("ResourceInUseException", "Table is being created", operation)
        return table

    def describe_time_to_live(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "DescribeTimeToLive")
        return {"TimeToLiveDescription": self._time_to_live(table)}

    def _time_to_live(self, table: Table) -> Payload:
        enabled, attribute, since = table.facets.get("ttl", (False, "", float("-inf")))
        under_way = self._clock.now() < since + self._ttl_seconds
        status = _TTL_STATUS[enabled, under_way]
        named = {"AttributeName": attribute} if status != "DISABLED" else {}
        return {"TimeToLiveStatus": status, **named}

    def update_time_to_live(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "UpdateTimeToLive")
        asked = payload["TimeToLiveSpecification"]
        enabled, attribute, since = table.facets.get("ttl", (False, "", float("-inf")))
        problem = ""
        if asked["Enabled"] == enabled:
            problem = f"TimeToLive is already {'enabled' if enabled else 'disabled'}"
        elif not asked["Enabled"] and asked["AttributeName"] != attribute:
            problem = f"TimeToLive is active on a different AttributeName: {attribute}"
        elif self._clock.now() < since + TTL_INTERVAL:
            problem = "Time to live has been modified multiple times within a fixed interval"
        if problem:
            raise error("ValidationException", problem, "UpdateTimeToLive")
        table.facets["ttl"] = asked["Enabled"], asked["AttributeName"], self._clock.now()
        return {"TimeToLiveSpecification": asked}

    def describe_continuous_backups(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "DescribeContinuousBackups")
        return _continuous_backups(table)

    def update_continuous_backups(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "UpdateContinuousBackups")
        if self._clock.now() < table.ready_at + self._recovery_seconds:
            message = "Backups are being enabled for the table. Please retry later"
            code = "ContinuousBackupsUnavailableException"
            raise error(code, message, "UpdateContinuousBackups")
        asked = payload["PointInTimeRecoverySpecification"]
        days = asked.get("RecoveryPeriodInDays", 35)
        table.facets["days"] = days if asked["PointInTimeRecoveryEnabled"] else 0
        return _continuous_backups(table)

    def list_tags_of_resource(self, body: bytes) -> Payload:
        payload = json.decode(body)
        tags = list(_tags(self._table(payload, "ListTagsOfResource")).items())
        start = int(payload.get("NextToken", 0))
        page = tags[start : start + PAGE_OF_TAGS]
        more = start + len(page) < len(tags)
        token = {"NextToken": str(start + len(page))} if more else {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in page], **token}

    def tag_resource(self, body: bytes) -> None:
        payload = json.decode(body)
        tags = _tags(self._ready(payload, "TagResource"))
        given = {tag["Key"]: tag["Value"] for tag in payload["Tags"]}
        if len(tags | given) > MAX_TAGS or any(key.startswith("aws:") for key in given):
            raise error("ValidationException", "Too many tags, or one of AWS's own", "TagResource")
        tags |= given

    def untag_resource(self, body: bytes) -> None:
        payload = json.decode(body)
        tags = _tags(self._ready(payload, "UntagResource"))
        for key in payload["TagKeys"]:
            tags.pop(key, None)

    def get_resource_policy(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "GetResourcePolicy")
        policy = _policy(table)
        if policy is None:
            raise error("PolicyNotFoundException", "No policy here", "GetResourcePolicy")
        return {"Policy": policy, "RevisionId": "1"}

    def put_resource_policy(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "PutResourcePolicy")
        try:
            json.decode(payload["Policy"])
        except DecodeError:
            message = "The policy is not valid JSON"
            raise error("ValidationException", message, "PutResourcePolicy") from None
        table.facets["policy"] = payload["Policy"]
        return {"RevisionId": "1"}

    def delete_resource_policy(self, body: bytes) -> Payload:
        self._ready(json.decode(body), "DeleteResourcePolicy").facets["policy"] = None
        return {}


_TTL_STATUS = {
    (True, True): "ENABLING",
    (True, False): "ENABLED",
    (False, True): "DISABLING",
    (False, False): "DISABLED",
}


def _continuous_backups(table: Table) -> Payload:
    days = table.facets.get("days", 0)
    recovery: Payload = {"PointInTimeRecoveryStatus": "ENABLED" if days else "DISABLED"}
    if days:
        recovery["RecoveryPeriodInDays"] = days
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }


def _tags(table: Table) -> dict[str, str]:
    given = table.at(table.made_at).payload.get("Tags", ())
    tags: dict[str, str] = table.facets.setdefault(
        "tags", {tag["Key"]: tag["Value"] for tag in given}
    )
    return tags


def _policy(table: Table) -> Any:
    given = table.at(table.made_at).payload.get("ResourcePolicy")
    return table.facets.setdefault("policy", given)
