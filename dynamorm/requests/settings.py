"""Requests about what DescribeTable does not tell: TTL, recovery, tags and policy.

They are public as members of `dynamorm.requests`. Tags and policies belong to an ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET

from ..api.descriptions import Tag
from ..api.settings import (
    DeleteResourcePolicyInput,
    DescribeContinuousBackupsInput,
    DescribeTimeToLiveInput,
    GetResourcePolicyInput,
    ListTagsOfResourceInput,
    PointInTimeRecoverySpecification,
    PutResourcePolicyInput,
    TagResourceInput,
    TimeToLiveSpecification,
    UntagResourceInput,
    UpdateContinuousBackupsInput,
    UpdateTimeToLiveInput,
)
from ..model.declare import Model, table_name
from ..model.options import policy_text


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
    specification = PointInTimeRecoverySpecification(enabled, UNSET if days is None else days)
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
    return ListTagsOfResourceInput(arn, UNSET if start_at is None else start_at)


def put_resource_policy(arn: str, policy: str | dict[str, Any]) -> PutResourcePolicyInput:
    """Build PutResourcePolicy, which replaces the policy that is there."""
    return PutResourcePolicyInput(arn, policy_text(policy))


def get_resource_policy(arn: str) -> GetResourcePolicyInput:
    """Build GetResourcePolicy."""
    return GetResourcePolicyInput(arn)


def delete_resource_policy(arn: str) -> DeleteResourcePolicyInput:
    """Build DeleteResourcePolicy."""
    return DeleteResourcePolicyInput(arn)
