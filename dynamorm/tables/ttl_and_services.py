"""TTL and PITR, and what other services keep for a table: Kinesis, CloudWatch Contributor Insights.

Each has requests of its own, which name the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from .. import requests
from ..api import TableDescription
from ..model.options import Kinesis
from ..model.spec import TableSpec
from ..operations import Steps, call
from .steps import Change, Kind, Pair, Setting, Step

TTL_INTERVAL = 3600.0
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""


def reading(operation: str, member: str) -> Callable[..., Steps[Any]]:
    """Return a `read` that sends a table's name, and of whose answer one member counts."""

    def read(spec: TableSpec, _table: TableDescription, **more: Any) -> Steps[Any]:
        from ..api import settings

        # By the spec's name and not the description's: it may be the ARN of another account's.
        request = getattr(settings, f"{operation}Input")(spec.name, **more)
        reply = yield from call(operation, request, getattr(settings, f"{operation}Output"))
        return getattr(reply, member)

    return read


def _time_to_live(change: Change) -> Iterator[Step]:
    """Yield the steps for TTL: turning it on deletes items, turning it off stops that."""
    name, declared, found = change.address, change.declared, change.found
    # Also where another run, or a person, has turned the old attribute off within the hour.
    leaving = change.answer is not None and change.answer.time_to_live_status == "DISABLING"
    if found:
        off = requests.update_time_to_live(name, found, enabled=False)
        text = f"turn TTL off, attribute {found}"
        yield change.but(name=f"ttl:{found}", declared=None).step(off, text, "destructive")
    # Destructive even on a table without TTL: it begins to delete items that are there.
    if declared:
        on = requests.update_time_to_live(name, declared)
        text = f"turn TTL on, attribute {declared}"
        later = {"until": "an hour later, in another run", "after": TTL_INTERVAL}
        when = later if found or leaving else {}
        yield change.but(name="ttl", found=None).step(on, text, "destructive", **when)


def recovery(declared: object, days: int) -> bool | int:
    """Return the days found as they are declared."""
    return True if declared is True and days else days or False


def recovery_step(change: Change, address: str, **more: Any) -> Step:
    """Return the step that turns PITR on or off, or changes its days."""
    declared = change.declared
    days = None if isinstance(declared, bool) else declared
    request = requests.update_continuous_backups(address, enabled=bool(declared), days=days)
    # Fewer days end the recovery to any moment before them.
    kind: Kind = "destructive" if declared < change.found else "safe"
    return change.step(request, str(change), kind, **more)


EVERY_KEY = "ACCESSED_AND_THROTTLED_KEYS"


def _found_stream(told: Change) -> str | Kinesis | None:
    """Return the stream, with its precision unless the model declares another stream alone."""
    there = told.answer
    if there is None or there.stream_arn is None:
        return None
    # A stream alone, declared, is met by any precision; one by its value has to have its own.
    precision = there.approximate_creation_date_time_precision
    if precision is None or isinstance(told.declared, str):
        return str(there.stream_arn)
    return Kinesis(there.stream_arn, precision)


def _kinesis(change: Change) -> Iterator[Step]:
    """Yield the steps for Kinesis: another precision at once, another stream after the old one."""
    # A table writes to one stream at a time. Others, once turned off, stay listed: while one is on,
    # EnableKinesisStreamingDestination of another is a ValidationException.
    # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/707
    name, declared, found = change.address, _stream(change.declared), _stream(change.found)
    precision = change.declared.precision if isinstance(change.declared, Kinesis) else None
    if precision and declared == found:
        other = requests.update_kinesis_streaming_destination(name, declared, precision=precision)
        yield change.step(other, str(change))
        return
    if found:
        off = requests.disable_kinesis_streaming_destination(name, found)
        leaving = change.but(declared=None)
        yield leaving.step(off, f"write no more changes to {found}", "destructive")
    if declared:
        on = requests.enable_kinesis_streaming_destination(name, declared, precision=precision)
        yield change.but(found=None).step(on, f"write changes to {declared}")


def _stream(given: str | Kinesis | None) -> Any:
    """Return the ARN of a stream, however it is declared or found."""
    return given.stream if isinstance(given, Kinesis) else given


def _kinesis_actions(given: str | Kinesis) -> Iterator[tuple[str, str]]:
    """Yield what DynamoDB does in Kinesis with the caller's permissions when it is turned on."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html
    for action in ("DescribeStream", "DescribeStreamSummary", "PutRecords"):
        yield f"kinesis:{action}", _stream(given)
    yield "kinesis:ListStreams", ""  # on whatever there is
    yield linked_role("kinesisreplication", "KinesisDataStreamsReplication")


def linked_role(service: str, role: str) -> tuple[str, str]:
    """Return what the first table of an account needs, for which the service makes a role."""
    path = f"role/aws-service-role/{service}.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDB{role}"
    return "iam:CreateServiceLinkedRole", f"arn:aws:iam::*:{path}"


Insights = bool | str


def _met(declared: Any, mode: str | None) -> Insights:
    """Return what is counted, as a model declares it: `True` is met by any mode.

    The mode of all keys is `True` itself, unless it is declared by its name: so a table that was
    declared with `True` is read back as that.
    """
    if not mode:
        return False
    return True if declared is True or (mode == EVERY_KEY and declared != EVERY_KEY) else mode


_read_insights = reading("DescribeContributorInsights", "mode")


def _read_index_insights(spec: TableSpec, table: TableDescription) -> Steps[dict[str, str]]:
    """Ask about each global index that is not being deleted: one request each."""
    found = {}
    for index in table.global_secondary_indexes:
        if index.index_status != "DELETING":
            mode = yield from _read_insights(spec, table, index_name=index.index_name)
            if mode:
                found[index.index_name] = mode
    return found


def _each_index(told: Change) -> Iterator[Pair]:
    """Return each index with insights, declared or found; one that nobody declares is told."""
    declared: Mapping[str, Any] = told.declared or {}
    found: Mapping[str, str] = told.answer or {}
    for index in {**declared, **found}:
        wanted = declared.get(index, UNSET)
        yield f"index_insights:{index}", wanted, _met(wanted, found.get(index))


def _insights(*changes: Change) -> Iterator[Step]:
    """Yield a request for the table, or for each index: of one row or the other."""
    for change in changes:
        declared, index = change.declared, change.name.partition(":")[2] or None
        mode = declared if isinstance(declared, str) else None
        request = requests.update_contributor_insights(
            change.address, enabled=bool(declared), index=index, mode=mode
        )
        # Fewer graphs than there are, or none: nothing brings back what was not counted meanwhile.
        fewer = not declared or (declared == "THROTTLED_KEYS" and change.found)
        yield change.step(request, str(change), "destructive" if fewer else "safe")


_INSIGHTS_ACTIONS = ("DescribeContributorInsights", "UpdateContributorInsights")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Contributor_Insights_IAM.html
_INSIGHTS_ROLE = linked_role("contributorinsights", "CloudWatchContributorInsights")

TTL_SETTINGS = (
    Setting(
        name="ttl",
        field="time_to_live",
        part="ttl",
        absent=None,
        found=lambda told: told.answer and told.answer.attribute,
        steps=_time_to_live,
        read=reading("DescribeTimeToLive", "time_to_live_description"),
        actions=("DescribeTimeToLive", "UpdateTimeToLive"),
        with_create=False,
        interval=TTL_INTERVAL,
    ),
    Setting(
        name="point_in_time_recovery",
        absent=False,
        found=lambda told: recovery(told.declared, told.answer.recovery_days if told.answer else 0),
        steps=lambda change: [recovery_step(change, change.address)],
        read=reading("DescribeContinuousBackups", "continuous_backups_description"),
        actions=("DescribeContinuousBackups", "UpdateContinuousBackups"),
        with_create=False,
    ),
)
SERVICE_SETTINGS = (
    Setting(
        name="kinesis",
        absent=None,
        found=_found_stream,
        steps=_kinesis,
        read=reading("DescribeKinesisStreamingDestination", "live"),
        actions=(
            "DescribeKinesisStreamingDestination",
            "EnableKinesisStreamingDestination",
            "UpdateKinesisStreamingDestination",
            "DisableKinesisStreamingDestination",
        ),
        others=_kinesis_actions,
        replaced=True,
        with_create=False,
    ),
    Setting(
        name="contributor_insights",
        absent=False,
        found=lambda told: _met(told.declared, told.answer),
        steps=_insights,
        read=_read_insights,
        actions=_INSIGHTS_ACTIONS,
        others=lambda _: [_INSIGHTS_ROLE],
        with_create=False,
    ),
    Setting(
        name="index_insights",
        part="index_insights",
        # The service deletes its rules with an index.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Contributor_Insights_IAM.html
        within="index",
        absent=False,
        found=lambda told: {index: _met(UNSET, mode) for index, mode in told.answer.items()},
        parts=_each_index,
        steps=_insights,
        read=_read_index_insights,
        actions=_INSIGHTS_ACTIONS,
        # The request names a table and its index, and both are resources of the action.
        resources=("", "/index/*"),
        others=lambda _: [_INSIGHTS_ROLE],
        with_create=False,
    ),
)
