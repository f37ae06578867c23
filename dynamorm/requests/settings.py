"""Requests about what DescribeTable does not tell: TTL, PITR, tags, policy and more.

They are public as members of `dynamorm.requests`. Tags and policies belong to an ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..api import settings
from ..api.parts import Tag
from ..model import table_name
from ..model.declare import Model
from ..model.options import check_flags, policy_text


def update_time_to_live(
    model_or_name: Model | str, attribute: str, *, enabled: bool = True
) -> settings.UpdateTimeToLiveInput:
    """Build UpdateTimeToLive; the service takes one for a table in an hour.

    With `enabled` off, `attribute` is the one that TTL is on for.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    check_flags(enabled=enabled)
    specification = settings.TimeToLiveSpecification(enabled, attribute)
    return settings.UpdateTimeToLiveInput(table_name(model_or_name), specification)


def describe_time_to_live(model_or_name: Model | str) -> settings.DescribeTimeToLiveInput:
    """Build DescribeTimeToLive."""
    return settings.DescribeTimeToLiveInput(table_name(model_or_name))


def update_continuous_backups(
    model_or_name: Model | str, *, enabled: bool = True, days: int | None = None
) -> settings.UpdateContinuousBackupsInput:
    """Build UpdateContinuousBackups; `days`, 1 to 35, are how far back one can recover."""
    check_flags(enabled=enabled)
    specification = settings.PointInTimeRecoverySpecification(enabled, days)
    return settings.UpdateContinuousBackupsInput(table_name(model_or_name), specification)


def describe_continuous_backups(
    model_or_name: Model | str,
) -> settings.DescribeContinuousBackupsInput:
    """Build DescribeContinuousBackups."""
    return settings.DescribeContinuousBackupsInput(table_name(model_or_name))


def tag_resource(arn: str, tags: Mapping[str, str]) -> settings.TagResourceInput:
    """Build TagResource, which sets these tags and leaves others.

    The service takes five of them in a second for an account, and shows them some seconds later.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
    """
    return settings.TagResourceInput(arn, tuple(Tag(key, value) for key, value in tags.items()))


def untag_resource(arn: str, keys: Iterable[str]) -> settings.UntagResourceInput:
    """Build UntagResource."""
    # The letters of a str would be the keys, and the tags of these keys would go.
    if isinstance(keys, str):
        raise TypeError(f"keys takes the keys of tags, as in [{keys!r:.200}], not a str")
    return settings.UntagResourceInput(arn, tuple(keys))


def list_tags_of_resource(
    arn: str, *, start_at: str | None = None
) -> settings.ListTagsOfResourceInput:
    """Build ListTagsOfResource for the page that begins at the token `start_at`."""
    return settings.ListTagsOfResourceInput(arn, start_at)


def put_resource_policy(
    arn: str, policy: str | dict[str, Any], *, revision: str | None = None
) -> settings.PutResourcePolicyInput:
    """Build PutResourcePolicy, which replaces the policy that is there.

    With `revision`, only the one of this revision id; "NO_POLICY" puts one only where there is
    none. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
    """
    # As little text as a dict takes: white space counts towards the 20 KB of a policy.
    return settings.PutResourcePolicyInput(arn, policy_text(policy), revision)


def get_resource_policy(arn: str) -> settings.GetResourcePolicyInput:
    """Build GetResourcePolicy; the answer may be that of some seconds ago."""
    return settings.GetResourcePolicyInput(arn)


def delete_resource_policy(
    arn: str, *, revision: str | None = None
) -> settings.DeleteResourcePolicyInput:
    """Build DeleteResourcePolicy; with `revision`, only of a policy of this revision id."""
    return settings.DeleteResourcePolicyInput(arn, revision)


def describe_kinesis_streaming_destination(
    model_or_name: Model | str,
) -> settings.DescribeKinesisStreamingDestinationInput:
    """Build DescribeKinesisStreamingDestination."""
    return settings.DescribeKinesisStreamingDestinationInput(table_name(model_or_name))


def enable_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str, *, precision: str | None = None
) -> settings.EnableKinesisStreamingDestinationInput:
    """Build EnableKinesisStreamingDestination; `stream` is the ARN of a Kinesis data stream.

    `precision` is that of the time in each record: "MICROSECOND" or "MILLISECOND".
    """
    precise = settings.EnableKinesisStreamingConfiguration(precision) if precision else None
    return settings.EnableKinesisStreamingDestinationInput(
        table_name(model_or_name), stream, precise
    )


def update_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str, *, precision: str
) -> settings.UpdateKinesisStreamingDestinationInput:
    """Build UpdateKinesisStreamingDestination: another precision of a stream that is written to."""
    precise = settings.EnableKinesisStreamingConfiguration(precision)
    return settings.UpdateKinesisStreamingDestinationInput(
        table_name(model_or_name), stream, precise
    )


def disable_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str
) -> settings.DisableKinesisStreamingDestinationInput:
    """Build DisableKinesisStreamingDestination; `stream` is the ARN of a Kinesis data stream."""
    return settings.DisableKinesisStreamingDestinationInput(table_name(model_or_name), stream)


def describe_contributor_insights(
    model_or_name: Model | str, *, index: str | None = None
) -> settings.DescribeContributorInsightsInput:
    """Build DescribeContributorInsights for the table itself, or for a global index."""
    return settings.DescribeContributorInsightsInput(table_name(model_or_name), index)


def update_contributor_insights(
    model_or_name: Model | str,
    *,
    enabled: bool = True,
    index: str | None = None,
    mode: str | None = None,
) -> settings.UpdateContributorInsightsInput:
    """Build UpdateContributorInsights for the table itself, or for a global index.

    `mode` is "ACCESSED_AND_THROTTLED_KEYS" or "THROTTLED_KEYS".
    """
    check_flags(enabled=enabled)
    return settings.UpdateContributorInsightsInput(
        table_name=table_name(model_or_name),
        index_name=index,
        contributor_insights_action="ENABLE" if enabled else "DISABLE",
        contributor_insights_mode=mode,
    )
