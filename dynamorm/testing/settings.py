"""What a fake service knows of a table beside its description: TTL, PITR, tags, policy and more."""

from __future__ import annotations

from msgspec import DecodeError, json

from .tables import Account, Answer, Payload, Table, error, plain_name

TTL_INTERVAL = 3600.0
MAX_TAGS = 50
PAGE_OF_TAGS = 10


class Settings:
    """Answers what is about one setting of a table, each request by a method.

    TTL takes `ttl_seconds` to be on or off; recovery can be turned on `recovery_seconds`
    after the table has become ACTIVE.
    """

    def __init__(self, account: Account, *, ttl_seconds: float, recovery_seconds: float) -> None:
        self._account = account
        self._ttl_seconds = ttl_seconds
        self._recovery_seconds = recovery_seconds
        self.operations: dict[str, Answer] = {
            "DeleteResourcePolicy": self.delete_resource_policy,
            "DescribeContinuousBackups": self.describe_continuous_backups,
            "DescribeContributorInsights": self.describe_contributor_insights,
            "DescribeKinesisStreamingDestination": self.describe_kinesis_streaming_destination,
            "DescribeTimeToLive": self.describe_time_to_live,
            "DisableKinesisStreamingDestination": self.disable_kinesis_streaming_destination,
            "EnableKinesisStreamingDestination": self.enable_kinesis_streaming_destination,
            "GetResourcePolicy": self.get_resource_policy,
            "ListTagsOfResource": self.list_tags_of_resource,
            "PutResourcePolicy": self.put_resource_policy,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "UpdateContinuousBackups": self.update_continuous_backups,
            "UpdateContributorInsights": self.update_contributor_insights,
            "UpdateKinesisStreamingDestination": self.update_kinesis_streaming_destination,
            "UpdateTimeToLive": self.update_time_to_live,
        }

    def _table(self, payload: Payload, operation: str) -> Table:
        return self._account.require(_name(payload), operation)

    def _ready(self, payload: Payload, operation: str) -> Table:
        return self._account.created(_name(payload), operation)

    def describe_time_to_live(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "DescribeTimeToLive")
        return {"TimeToLiveDescription": self._time_to_live(table)}

    def _time_to_live(self, table: Table) -> Payload:
        enabled, attribute, since = table.settings.get("ttl", (False, "", float("-inf")))
        under_way = self._account.now < since + self._ttl_seconds
        status = _TTL_STATUS[enabled, under_way]
        named = {"AttributeName": attribute} if status != "DISABLED" else {}
        return {"TimeToLiveStatus": status, **named}

    def update_time_to_live(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "UpdateTimeToLive")
        asked = payload["TimeToLiveSpecification"]
        enabled, attribute, since = table.settings.get("ttl", (False, "", float("-inf")))
        problem = ""
        if asked["Enabled"] == enabled:
            problem = f"TimeToLive is already {'enabled' if enabled else 'disabled'}"
        elif not asked["Enabled"] and asked["AttributeName"] != attribute:
            problem = f"TimeToLive is active on a different AttributeName: {attribute}"
        elif self._account.now < since + TTL_INTERVAL:
            problem = "Time to live has been modified multiple times within a fixed interval"
        if problem:
            raise error("ValidationException", problem, "UpdateTimeToLive")
        table.settings["ttl"] = asked["Enabled"], asked["AttributeName"], self._account.now
        return {"TimeToLiveSpecification": asked}

    def describe_continuous_backups(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "DescribeContinuousBackups")
        return _continuous_backups(table)

    def update_continuous_backups(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "UpdateContinuousBackups")
        if self._account.now < table.ready_at + self._recovery_seconds:
            message = "Backups are being enabled for the table. Please retry later"
            code = "ContinuousBackupsUnavailableException"
            raise error(code, message, "UpdateContinuousBackups")
        asked = payload["PointInTimeRecoverySpecification"]
        days = asked.get("RecoveryPeriodInDays", 35)
        table.settings["days"] = days if asked["PointInTimeRecoveryEnabled"] else 0
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
        payload = json.decode(body)
        policy, revision = self._policy(payload, "GetResourcePolicy")
        if policy is None:
            raise error("PolicyNotFoundException", "No policy here", "GetResourcePolicy")
        return {"Policy": policy, "RevisionId": str(revision)}

    def put_resource_policy(self, body: bytes) -> Payload:
        payload = json.decode(body)
        try:
            json.decode(payload["Policy"])
        except DecodeError:
            message = "The policy is not valid JSON"
            raise error("ValidationException", message, "PutResourcePolicy") from None
        return {"RevisionId": self._replace(payload, "PutResourcePolicy")}

    def delete_resource_policy(self, body: bytes) -> Payload:
        return {"RevisionId": self._replace(json.decode(body), "DeleteResourcePolicy")}

    def _policy(self, payload: Payload, operation: str) -> tuple[str | None, int]:
        """Return the policy of a table or stream, and its revision."""
        table, arn = self._table(payload, operation), payload["ResourceArn"]
        if "/stream/" in arn and arn != table.stream(self._account.now):
            raise error("ResourceNotFoundException", f"There is no {arn}", operation)
        created = table.at(table.made_at).payload
        given = created.get("ResourcePolicy") if "/stream/" not in arn else None
        policy: tuple[str | None, int] = table.settings.setdefault(arn, (given, 1))
        return policy

    def _replace(self, payload: Payload, operation: str) -> str:
        """Put or remove a policy, where it is still of the revision that is named."""
        table = self._ready(payload, operation)
        policy, revision = self._policy(payload, operation)
        there = "NO_POLICY" if policy is None else str(revision)
        if payload.get("ExpectedRevisionId", there) != there:
            raise error("PolicyNotFoundException", f"The policy's revision is {there}", operation)
        table.settings[payload["ResourceArn"]] = payload.get("Policy"), revision + 1
        return str(revision + 1)

    def describe_kinesis_streaming_destination(self, body: bytes) -> Payload:
        table = self._table(json.decode(body), "DescribeKinesisStreamingDestination")
        streams = table.settings.get("kinesis", {})
        return {
            "TableName": plain_name(table.arn),
            "KinesisDataStreamDestinations": [
                {"StreamArn": stream, "DestinationStatus": "ACTIVE" if on else "DISABLED", **more}
                for stream, (on, more) in streams.items()
            ],
        }

    def enable_kinesis_streaming_destination(self, body: bytes) -> Payload:
        return self._stream(body, "EnableKinesisStreamingDestination", True)

    def disable_kinesis_streaming_destination(self, body: bytes) -> Payload:
        return self._stream(body, "DisableKinesisStreamingDestination", False)

    def update_kinesis_streaming_destination(self, body: bytes) -> Payload:
        return self._stream(body, "UpdateKinesisStreamingDestination", True)

    def _stream(self, body: bytes, operation: str, on: bool) -> Payload:
        payload = json.decode(body)
        streams = self._ready(payload, operation).settings.setdefault("kinesis", {})
        stream = payload["StreamArn"]
        live = [arn for arn, (written, _) in streams.items() if written]
        if live != ([] if operation.startswith("Enable") else [stream]):
            message = f"Table is not in a valid state for {operation}"
            raise error("ValidationException", message, operation)
        verb = operation.partition("Kinesis")[0]
        more = payload.get(f"{verb}KinesisStreamingConfiguration", {})
        streams[stream] = on, more
        status = f"{verb.upper().removesuffix('E')}ING"
        return {"TableName": _name(payload), "StreamArn": stream, "DestinationStatus": status}

    def describe_contributor_insights(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._table(payload, "DescribeContributorInsights")
        self._require_index(table, payload, "DescribeContributorInsights")
        told = {"ContributorInsightsStatus": "DISABLED"}
        return {**told, **table.settings.get(("insights", payload.get("IndexName")), {})}

    def update_contributor_insights(self, body: bytes) -> Payload:
        payload = json.decode(body)
        table = self._ready(payload, "UpdateContributorInsights")
        self._require_index(table, payload, "UpdateContributorInsights")
        told = {"ContributorInsightsStatus": f"{payload['ContributorInsightsAction']}D"}
        if "ContributorInsightsMode" in payload:
            told["ContributorInsightsMode"] = payload["ContributorInsightsMode"]
        table.settings["insights", payload.get("IndexName")] = told
        return told

    def _require_index(self, table: Table, payload: Payload, operation: str) -> None:
        there = table.at(self._account.now).payload.get("GlobalSecondaryIndexes", ())
        name = payload.get("IndexName")
        if name is not None and all(index["IndexName"] != name for index in there):
            message = f"Requested resource not found: Index: {name} not found"
            raise error("ResourceNotFoundException", message, operation)


def _name(payload: Payload) -> str:
    name: str = payload.get("TableName") or payload["ResourceArn"]
    return name


_TTL_STATUS = {
    (True, True): "ENABLING",
    (True, False): "ENABLED",
    (False, True): "DISABLING",
    (False, False): "DISABLED",
}


def _continuous_backups(table: Table) -> Payload:
    days = table.settings.get("days", 0)
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
    tags: dict[str, str] = table.settings.setdefault(
        "tags", {tag["Key"]: tag["Value"] for tag in given}
    )
    return tags
