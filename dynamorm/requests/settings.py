"""Requests about what DescribeTable does not tell: TTL, PITR, tags, policy and more.

They are public as members of `dynamorm.requests`. Tags and policies belong to an ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET

from ..api.parts import Tag
from ..api.settings import (
    DeleteResourcePolicyInput,
    DescribeContinuousBackupsInput,
    DescribeContributorInsightsInput,
    DescribeKinesisStreamingDestinationInput,
    DescribeTimeToLiveInput,
    DisableKinesisStreamingDestinationInput,
    EnableKinesisStreamingConfiguration,
    EnableKinesisStreamingDestinationInput,
    GetResourcePolicyInput,
    ListTagsOfResourceInput,
    PointInTimeRecoverySpecification,
    PutResourcePolicyInput,
    TagResourceInput,
    TimeToLiveSpecification,
    UntagResourceInput,
    UpdateContinuousBackupsInput,
    UpdateContributorInsightsInput,
    UpdateKinesisStreamingDestinationInput,
    UpdateTimeToLiveInput,
)
from ..model.declare import Model
from ..model.named import table_name
from ..model.options import policy_text
from . import unset_if_none


def update_time_to_live(
    model_or_name: Model | str, attribute: str, *, enabled: bool = True
) -> UpdateTimeToLiveInput:
    """Build UpdateTimeToLive; the service takes one for a table in an hour."""
    specification = TimeToLiveSpecification(enabled, attribute)
    return UpdateTimeToLiveInput(table_name(model_or_name), specification)


def describe_time_to_live(model_or_name: Model | str) -> DescribeTimeToLiveInput:
    """Build DescribeTimeToLive."""
    return DescribeTimeToLiveInput(table_name(model_or_name))


def update_continuous_backups(
    model_or_name: Model | str, *, enabled: bool = True, days: int | None = None
) -> UpdateContinuousBackupsInput:
    """Build UpdateContinuousBackups; `days`, 1 to 35, are how far back one can recover."""
    specification = PointInTimeRecoverySpecification(enabled, unset_if_none(days))
    return UpdateContinuousBackupsInput(table_name(model_or_name), specification)


def describe_continuous_backups(model_or_name: Model | str) -> DescribeContinuousBackupsInput:
    """Build DescribeContinuousBackups."""
    return DescribeContinuousBackupsInput(table_name(model_or_name))


def tag_resource(arn: str, tags: Mapping[str, str]) -> TagResourceInput:
    """Build TagResource, which sets these tags and leaves others."""
    return TagResourceInput(arn, tuple(Tag(key, value) for key, value in tags.items()))


def untag_resource(arn: str, keys: Iterable[str]) -> UntagResourceInput:
    """Build UntagResource."""
    return UntagResourceInput(arn, tuple(keys))


def list_tags_of_resource(arn: str, *, start_at: str | None = None) -> ListTagsOfResourceInput:
    """Build ListTagsOfResource for the page that begins at the token `start_at`."""
    return ListTagsOfResourceInput(arn, unset_if_none(start_at))


def put_resource_policy(
    arn: str, policy: str | dict[str, Any], *, revision: str | None = None
) -> PutResourcePolicyInput:
    """Build PutResourcePolicy, which replaces the policy that is there.

    With `revision`, only the one of this revision id; "NO_POLICY" puts one only where there is
    none. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
    """
    return PutResourcePolicyInput(arn, policy_text(policy), revision or UNSET)


def get_resource_policy(arn: str) -> GetResourcePolicyInput:
    """Build GetResourcePolicy."""
    return GetResourcePolicyInput(arn)


def delete_resource_policy(arn: str, *, revision: str | None = None) -> DeleteResourcePolicyInput:
    """Build DeleteResourcePolicy; with `revision`, only of a policy of this revision id."""
    return DeleteResourcePolicyInput(arn, revision or UNSET)


def describe_kinesis_streaming_destination(
    model_or_name: Model | str,
) -> DescribeKinesisStreamingDestinationInput:
    """Build DescribeKinesisStreamingDestination."""
    return DescribeKinesisStreamingDestinationInput(table_name(model_or_name))


def enable_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str, *, precision: str | None = None
) -> EnableKinesisStreamingDestinationInput:
    """Build EnableKinesisStreamingDestination; `stream` is the ARN of a Kinesis data stream.

    `precision` is that of the time in each record: "MICROSECOND" or "MILLISECOND".
    """
    precise = EnableKinesisStreamingConfiguration(precision) if precision else UNSET
    return EnableKinesisStreamingDestinationInput(table_name(model_or_name), stream, precise)


def update_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str, *, precision: str
) -> UpdateKinesisStreamingDestinationInput:
    """Build UpdateKinesisStreamingDestination: another precision of a stream that is written to."""
    precise = EnableKinesisStreamingConfiguration(precision)
    return UpdateKinesisStreamingDestinationInput(table_name(model_or_name), stream, precise)


def disable_kinesis_streaming_destination(
    model_or_name: Model | str, stream: str
) -> DisableKinesisStreamingDestinationInput:
    """Build DisableKinesisStreamingDestination; `stream` is the ARN of a Kinesis data stream."""
    return DisableKinesisStreamingDestinationInput(table_name(model_or_name), stream)


def describe_contributor_insights(
    model_or_name: Model | str, *, index: str | None = None
) -> DescribeContributorInsightsInput:
    """Build DescribeContributorInsights for the table itself, or for a global index."""
    return DescribeContributorInsightsInput(table_name(model_or_name), index or UNSET)


def update_contributor_insights(
    model_or_name: Model | str,
    *,
    enabled: bool = True,
    index: str | None = None,
    mode: str | None = None,
) -> UpdateContributorInsightsInput:
    """Build UpdateContributorInsights for the table itself, or for a global index.

    `mode` is "ACCESSED_AND_THROTTLED_KEYS" or "THROTTLED_KEYS".
    """
    return UpdateContributorInsightsInput(
        table_name=table_name(model_or_name),
        index_name=index or UNSET,
        contributor_insights_action="ENABLE" if enabled else "DISABLE",
        contributor_insights_mode=mode or UNSET,
    )
