"""What a fake service knows of a table beside its description: TTL, PITR, tags, policy and more."""

from __future__ import annotations

from msgspec import DecodeError, json

from .faults import Refusal
from .tables import Account, Part, Payload, Table, not_found, plain_name

TTL_INTERVAL = 3600.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
MAX_TAGS = 50
PAGE_OF_TAGS = 10


class Settings(Part):
    """Answers what is about one setting of a table, each request by a method.

    TTL takes `ttl_seconds` to be on or off; recovery can be turned on `recovery_seconds`
    after the table has become ACTIVE.
    """

    def __init__(self, account: Account, *, ttl_seconds: float, recovery_seconds: float) -> None:
        self._account = account
        self._ttl_seconds = ttl_seconds
        self._recovery_seconds = recovery_seconds

    def _table(self, payload: Payload) -> Table:
        return self._account.require(_name(payload))

    def _ready(self, payload: Payload) -> Table:
        return self._account.created(_name(payload))

    def describe_time_to_live(self, payload: Payload) -> Payload:
        table = self._table(payload)
        return {"TimeToLiveDescription": self._time_to_live(table)}

    def _time_to_live(self, table: Table) -> Payload:
        enabled, attribute, since = table.settings.get("ttl", (False, "", float("-inf")))
        under_way = self._account.now < since + self._ttl_seconds
        ways = ("DISABLED", "DISABLING"), ("ENABLED", "ENABLING")
        status = ways[enabled][under_way]
        named = {"AttributeName": attribute} if status != "DISABLED" else {}
        return {"TimeToLiveStatus": status, **named}

    def update_time_to_live(self, payload: Payload) -> Payload:
        table = self._ready(payload)
        asked = payload["TimeToLiveSpecification"]
        enabled, attribute, since = table.settings.get("ttl", (False, "", float("-inf")))
        problem = ""
        if asked["Enabled"] == enabled:
            problem = f"TimeToLive is already {'enabled' if enabled else 'disabled'}"
        elif not asked["Enabled"] and asked["AttributeName"] != attribute:
            problem = f"TimeToLive is active on a different AttributeName: {attribute}"
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
        elif self._account.now < since + TTL_INTERVAL:
            problem = "Time to live has been modified multiple times within a fixed interval"
        if problem:
            raise Refusal(problem)
        table.settings["ttl"] = asked["Enabled"], asked["AttributeName"], self._account.now
        return {"TimeToLiveSpecification": asked}

    def describe_continuous_backups(self, payload: Payload) -> Payload:
        table = self._table(payload)
        return _continuous_backups(table)

    def update_continuous_backups(self, payload: Payload) -> Payload:
        table = self._ready(payload)
        # The service answers so for some seconds after a table has become ACTIVE.
        if self._account.now < table.ready_at + self._recovery_seconds:
            message = "Backups are being enabled for the table. Please retry later"
            raise Refusal(message, "ContinuousBackupsUnavailableException")
        asked = payload["PointInTimeRecoverySpecification"]
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html
        days = asked.get("RecoveryPeriodInDays", 35)
        table.settings["days"] = days if asked["PointInTimeRecoveryEnabled"] else 0
        return _continuous_backups(table)

    def list_tags_of_resource(self, payload: Payload) -> Payload:
        tags = list(_tags(self._table(payload)).items())
        start = int(payload.get("NextToken", 0))
        page = tags[start : start + PAGE_OF_TAGS]
        more = start + len(page) < len(tags)
        token = {"NextToken": str(start + len(page))} if more else {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in page], **token}

    def tag_resource(self, payload: Payload) -> None:
        tags = _tags(self._ready(payload))
        given = {tag["Key"]: tag["Value"] for tag in payload["Tags"]}
        if len(tags | given) > MAX_TAGS or any(key.startswith("aws:") for key in given):
            raise Refusal("Too many tags, or one of AWS's own")
        tags |= given

    def untag_resource(self, payload: Payload) -> None:
        tags = _tags(self._ready(payload))
        for key in payload["TagKeys"]:
            tags.pop(key, None)

    def get_resource_policy(self, payload: Payload) -> Payload:
        policy, revision = self._policy(payload)
        if policy is None:
            raise Refusal("No policy here", "PolicyNotFoundException")
        return {"Policy": policy, "RevisionId": str(revision)}

    def put_resource_policy(self, payload: Payload) -> Payload:
        try:
            json.decode(payload["Policy"])
        except DecodeError:
            raise Refusal("The policy is not valid JSON") from None
        return {"RevisionId": self._replace(payload)}

    def delete_resource_policy(self, payload: Payload) -> Payload:
        return {"RevisionId": self._replace(payload)}

    def _policy(self, payload: Payload) -> tuple[str | None, int]:
        """Return the policy of a table or stream, and its revision."""
        table, arn = self._table(payload), payload["ResourceArn"]
        if "/stream/" in arn and arn != table.stream(self._account.now):
            raise Refusal(f"There is no {arn}", "ResourceNotFoundException")
        created = table.at(table.made_at).payload
        given = created.get("ResourcePolicy") if "/stream/" not in arn else None
        policy: tuple[str | None, int] = table.settings.setdefault(arn, (given, 1))
        return policy

    def _replace(self, payload: Payload) -> str:
        """Put or remove a policy, where it is still of the revision that is named."""
        table = self._ready(payload)
        policy, revision = self._policy(payload)
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
        there = "NO_POLICY" if policy is None else str(revision)
        if payload.get("ExpectedRevisionId", there) != there:
            raise Refusal(f"The policy's revision is {there}", "PolicyNotFoundException")
        table.settings[payload["ResourceArn"]] = payload.get("Policy"), revision + 1
        return str(revision + 1)

    def describe_kinesis_streaming_destination(self, payload: Payload) -> Payload:
        table = self._table(payload)
        streams = table.settings.get("kinesis", {})
        return {
            "TableName": plain_name(table.arn),
            "KinesisDataStreamDestinations": [
                {"StreamArn": stream, "DestinationStatus": "ACTIVE" if on else "DISABLED", **more}
                for stream, (on, more) in streams.items()
            ],
        }

    def enable_kinesis_streaming_destination(self, payload: Payload) -> Payload:
        return self._stream(payload, "Enable", True)

    def disable_kinesis_streaming_destination(self, payload: Payload) -> Payload:
        return self._stream(payload, "Disable", False)

    def update_kinesis_streaming_destination(self, payload: Payload) -> Payload:
        return self._stream(payload, "Update", True)

    def _stream(self, payload: Payload, verb: str, on: bool) -> Payload:
        streams = self._ready(payload).settings.setdefault("kinesis", {})
        stream = payload["StreamArn"]
        # A table writes to one stream at a time, and those that were turned off stay listed.
        live = [arn for arn, (written, _) in streams.items() if written]
        if live != ([] if verb == "Enable" else [stream]):
            operation = f"{verb}KinesisStreamingDestination"
            raise Refusal(f"Table is not in a valid state for {operation}")
        more = payload.get(f"{verb}KinesisStreamingConfiguration", {})
        streams[stream] = on, more
        status = f"{verb.upper().removesuffix('E')}ING"
        return {"TableName": _name(payload), "StreamArn": stream, "DestinationStatus": status}

    def describe_contributor_insights(self, payload: Payload) -> Payload:
        table = self._table(payload)
        self._require_index(table, payload)
        told = {"ContributorInsightsStatus": "DISABLED"}
        return {**told, **table.settings.get(("insights", payload.get("IndexName")), {})}

    def update_contributor_insights(self, payload: Payload) -> Payload:
        table = self._ready(payload)
        self._require_index(table, payload)
        told = {"ContributorInsightsStatus": f"{payload['ContributorInsightsAction']}D"}
        if "ContributorInsightsMode" in payload:
            told["ContributorInsightsMode"] = payload["ContributorInsightsMode"]
        table.settings["insights", payload.get("IndexName")] = told
        return told

    def _require_index(self, table: Table, payload: Payload) -> None:
        there = table.at(self._account.now).payload.get("GlobalSecondaryIndexes", ())
        name = payload.get("IndexName")
        if name is not None and all(index["IndexName"] != name for index in there):
            raise not_found(f"Index: {name}")


def _name(payload: Payload) -> str:
    name: str = payload.get("TableName") or payload["ResourceArn"]
    return name


def _continuous_backups(table: Table) -> Payload:
    days = table.settings.get("days", 0)
    told = {"RecoveryPeriodInDays": days} if days else {}
    recovery = {"PointInTimeRecoveryStatus": "ENABLED" if days else "DISABLED", **told}
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
