"""What DynamoDB answers about a table outside of DescribeTable: TTL, PITR, tags, policy and more.

Requests and replies are found here by the name of their operation, with Input or Output behind it:
so operations that share a shape have a name for it each.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from . import Reply, Request
from .parts import Tag


# A member of the request, which its answer repeats.
class TimeToLiveSpecification(Reply, frozen=True):
    enabled: bool
    attribute_name: str


class UpdateTimeToLiveOutput(Reply, frozen=True):
    time_to_live_specification: TimeToLiveSpecification


class TimeToLiveDescription(Reply, frozen=True):
    time_to_live_status: str | None = None
    attribute_name: str | None = None

    @property
    def attribute(self) -> str | None:
        """The attribute that tells when an item expires; `None` where none does, or soon none.

        A change that is under way counts as made: it takes up to an hour, in which the service
        takes no other one.
        """
        on = self.time_to_live_status in ("ENABLED", "ENABLING")
        return self.attribute_name if on else None


class DescribeTimeToLiveOutput(Reply, frozen=True):
    time_to_live_description: TimeToLiveDescription


class PointInTimeRecoveryDescription(Reply, frozen=True):
    point_in_time_recovery_status: str | None = None
    recovery_period_in_days: int | None = None
    earliest_restorable_date_time: float | None = None
    latest_restorable_date_time: float | None = None


class ContinuousBackupsDescription(Reply, frozen=True):
    """`continuous_backups_status` is ENABLED for every table; what can be off is the recovery."""

    continuous_backups_status: str
    point_in_time_recovery_description: PointInTimeRecoveryDescription | None = None

    @property
    def recovery_days(self) -> int:
        """How far back one can recover; 0 where recovery is off."""
        recovery = self.point_in_time_recovery_description
        if recovery is None or recovery.point_in_time_recovery_status != "ENABLED":
            return 0
        # An endpoint that tells no days has the service's default.
        return recovery.recovery_period_in_days or DEFAULT_RECOVERY_DAYS


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
DEFAULT_RECOVERY_DAYS = 35


class DescribeContinuousBackupsOutput(Reply, frozen=True):
    continuous_backups_description: ContinuousBackupsDescription


UpdateContinuousBackupsOutput = DescribeContinuousBackupsOutput


class ListTagsOfResourceOutput(Reply, frozen=True):
    # Required, though the service's model does not say so: no list is no answer, and not no tag.
    tags: tuple[Tag, ...]
    next_token: str | None = None


class PutResourcePolicyOutput(Reply, frozen=True):
    revision_id: str | None = None


class GetResourcePolicyOutput(Reply, frozen=True):
    """A policy as JSON text, and which one it is: a change can ask for this revision."""

    policy: str
    revision_id: str | None = None


DeleteResourcePolicyOutput = PutResourcePolicyOutput


class EnableKinesisStreamingConfiguration(Reply, frozen=True):
    approximate_creation_date_time_precision: str | None = None


class KinesisDataStreamDestination(Reply, frozen=True):
    stream_arn: str | None = None
    destination_status: str | None = None
    destination_status_description: str | None = None
    approximate_creation_date_time_precision: str | None = None


class DescribeKinesisStreamingDestinationOutput(Reply, frozen=True):
    table_name: str | None = None
    kinesis_data_stream_destinations: tuple[KinesisDataStreamDestination, ...] = ()

    @property
    def live(self) -> KinesisDataStreamDestination | None:
        """The one that changes are written to; those that were turned off stay listed."""
        # DISABLING is none any more, as for TTL: a plan says what will be, and `apply` waits.
        on = ("ENABLING", "ACTIVE", "UPDATING")
        every = self.kinesis_data_stream_destinations
        return next((each for each in every if each.destination_status in on), None)


class _Destination(Reply, frozen=True):
    table_name: str | None = None
    stream_arn: str | None = None
    destination_status: str | None = None


class EnableKinesisStreamingDestinationOutput(_Destination, frozen=True):
    enable_kinesis_streaming_configuration: EnableKinesisStreamingConfiguration | None = None


DisableKinesisStreamingDestinationOutput = EnableKinesisStreamingDestinationOutput


class UpdateKinesisStreamingDestinationOutput(_Destination, frozen=True):
    update_kinesis_streaming_configuration: EnableKinesisStreamingConfiguration | None = None


class FailureException(Reply, frozen=True):
    exception_name: str | None = None
    exception_description: str | None = None


class DescribeContributorInsightsOutput(Reply, frozen=True):
    table_name: str | None = None
    index_name: str | None = None
    contributor_insights_rule_list: tuple[str, ...] = ()
    contributor_insights_status: str | None = None
    last_update_date_time: float | None = None
    failure_exception: FailureException | None = None
    contributor_insights_mode: str | None = None

    @property
    def mode(self) -> str | None:
        """What is counted; `None` if nothing is. An answer without a mode means both."""
        on = self.contributor_insights_status in ("ENABLING", "ENABLED")
        return (self.contributor_insights_mode or "ACCESSED_AND_THROTTLED_KEYS") if on else None


class UpdateContributorInsightsOutput(Reply, frozen=True):
    table_name: str | None = None
    index_name: str | None = None
    contributor_insights_status: str | None = None
    contributor_insights_mode: str | None = None


class NoOutput(Reply, frozen=True):
    """TagResource and UntagResource answer with an empty body."""


class UpdateTimeToLiveInput(Request, frozen=True):
    table_name: str
    time_to_live_specification: TimeToLiveSpecification


class DescribeTimeToLiveInput(Request, frozen=True):
    table_name: str


class PointInTimeRecoverySpecification(Request, frozen=True):
    point_in_time_recovery_enabled: bool
    recovery_period_in_days: int | None = None


class UpdateContinuousBackupsInput(Request, frozen=True):
    table_name: str
    point_in_time_recovery_specification: PointInTimeRecoverySpecification


class DescribeContinuousBackupsInput(Request, frozen=True):
    table_name: str


class TagResourceInput(Request, frozen=True):
    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceInput(Request, frozen=True):
    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsOfResourceInput(Request, frozen=True):
    resource_arn: str
    next_token: str | None = None


class PutResourcePolicyInput(Request, frozen=True):
    resource_arn: str
    policy: str
    expected_revision_id: str | None = None
    confirm_remove_self_resource_access: bool | None = None


class GetResourcePolicyInput(Request, frozen=True):
    resource_arn: str


class DeleteResourcePolicyInput(Request, frozen=True):
    resource_arn: str
    expected_revision_id: str | None = None


class DescribeKinesisStreamingDestinationInput(Request, frozen=True):
    table_name: str


class EnableKinesisStreamingDestinationInput(Request, frozen=True):
    table_name: str
    stream_arn: str
    enable_kinesis_streaming_configuration: EnableKinesisStreamingConfiguration | None = None


class DisableKinesisStreamingDestinationInput(EnableKinesisStreamingDestinationInput, frozen=True):
    """The input of turning a stream on, as a class: its name says which operation a request is."""


class UpdateKinesisStreamingDestinationInput(Request, frozen=True):
    table_name: str
    stream_arn: str
    update_kinesis_streaming_configuration: EnableKinesisStreamingConfiguration


class DescribeContributorInsightsInput(Request, frozen=True):
    table_name: str
    index_name: str | None = None


class UpdateContributorInsightsInput(Request, frozen=True, kw_only=True):
    table_name: str
    index_name: str | None = None
    contributor_insights_action: str
    contributor_insights_mode: str | None = None
