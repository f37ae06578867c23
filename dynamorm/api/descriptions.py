"""What a table is, as DescribeTable tells it.

Members that the service does not know yet are passed over, and a status is any string: a new one
must not break a reader. Times are seconds since the epoch.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

# No annotations as strings: to evaluate them costs a first request as much as to make the classes.

from typing import TYPE_CHECKING

from msgspec import field

from ..errors import TransportError
from . import Reply, Request, T

if TYPE_CHECKING:
    from datetime import datetime


class AttributeDefinition(Reply, frozen=True):
    attribute_name: str
    attribute_type: str


class KeySchemaElement(Reply, frozen=True):
    attribute_name: str
    key_type: str


class Projection(Reply, frozen=True):
    projection_type: str | None = None
    non_key_attributes: tuple[str, ...] = ()


class ProvisionedThroughputDescription(Reply, frozen=True):
    last_increase_date_time: float | None = None
    last_decrease_date_time: float | None = None
    number_of_decreases_today: int | None = None
    read_capacity_units: int | None = None
    write_capacity_units: int | None = None


class ProvisionedThroughputOverride(Reply, frozen=True):
    read_capacity_units: int | None = None


class OnDemandThroughput(Reply, frozen=True):
    max_read_request_units: int | None = None
    max_write_request_units: int | None = None


class OnDemandThroughputOverride(Reply, frozen=True):
    max_read_request_units: int | None = None


class WarmThroughputDescription(Reply, frozen=True):
    read_units_per_second: int | None = None
    write_units_per_second: int | None = None
    status: str | None = None


class BillingModeSummary(Reply, frozen=True):
    billing_mode: str | None = None
    last_update_to_pay_per_request_date_time: float | None = None


class LocalSecondaryIndexDescription(Reply, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...] = ()
    projection: Projection = Projection()
    index_size_bytes: int | None = None
    item_count: int | None = None
    index_arn: str | None = None


class GlobalSecondaryIndexDescription(Reply, frozen=True):
    index_name: str
    key_schema: tuple[KeySchemaElement, ...] = ()
    projection: Projection = Projection()
    index_status: str | None = None
    backfilling: bool | None = None
    provisioned_throughput: ProvisionedThroughputDescription | None = None
    index_size_bytes: int | None = None
    item_count: int | None = None
    index_arn: str | None = None
    on_demand_throughput: OnDemandThroughput | None = None
    warm_throughput: WarmThroughputDescription | None = None


class SearchSchemaElement(Reply, frozen=True):
    attribute_name: str
    search_schema_element_type: str


class VectorAttributeDefinition(Reply, frozen=True):
    attribute_name: str


class VectorIndexDescription(Reply, frozen=True):
    index_name: str
    search_schema: tuple[SearchSchemaElement, ...] = ()
    projection: Projection = Projection()
    vector_attribute: VectorAttributeDefinition | None = None
    dimensions: int | None = None
    distance_function: str | None = None
    index_status: str | None = None
    backfilling: bool | None = None
    index_size_bytes: int | None = None
    item_count: int | None = None
    index_arn: str | None = None


class StreamSpecification(Reply, frozen=True):
    stream_enabled: bool
    stream_view_type: str | None = None


class Tag(Reply, frozen=True):
    key: str
    value: str


class SSEDescription(Reply, frozen=True):
    status: str | None = None
    sse_type: str | None = None
    kms_master_key_arn: str | None = None
    inaccessible_encryption_date_time: float | None = None


class TableClassSummary(Reply, frozen=True):
    table_class: str | None = None
    last_update_date_time: float | None = None


class ReplicaGlobalSecondaryIndexDescription(Reply, frozen=True):
    index_name: str
    provisioned_throughput_override: ProvisionedThroughputOverride | None = None
    on_demand_throughput_override: OnDemandThroughputOverride | None = None
    warm_throughput: WarmThroughputDescription | None = None


class ReplicaDescription(Reply, frozen=True):
    region_name: str | None = None
    replica_status: str | None = None
    replica_arn: str | None = None
    replica_status_description: str | None = None
    replica_status_percent_progress: str | None = None
    kms_master_key_id: str | None = None
    provisioned_throughput_override: ProvisionedThroughputOverride | None = None
    on_demand_throughput_override: OnDemandThroughputOverride | None = None
    warm_throughput: WarmThroughputDescription | None = None
    global_secondary_indexes: tuple[ReplicaGlobalSecondaryIndexDescription, ...] = ()
    replica_inaccessible_date_time: float | None = None
    replica_table_class_summary: TableClassSummary | None = None
    global_table_settings_replication_mode: str | None = None


class GlobalTableWitnessDescription(Reply, frozen=True):
    region_name: str | None = None
    witness_status: str | None = None


class RestoreSummary(Reply, frozen=True):
    restore_date_time: float
    restore_in_progress: bool
    source_backup_arn: str | None = None
    source_table_arn: str | None = None


class ArchivalSummary(Reply, frozen=True):
    archival_date_time: float | None = None
    archival_reason: str | None = None
    archival_backup_arn: str | None = None


class TableDescription(Reply, frozen=True):
    """A table as the service describes it; counts and sizes are some six hours old."""

    table_name: str
    table_status: str
    attribute_definitions: tuple[AttributeDefinition, ...] = ()
    key_schema: tuple[KeySchemaElement, ...] = ()
    created: float | None = field(default=None, name="CreationDateTime")
    """When it was created, in seconds since the epoch."""
    provisioned_throughput: ProvisionedThroughputDescription | None = None
    table_size_bytes: int | None = None
    item_count: int | None = None
    table_arn: str | None = None
    table_id: str | None = None
    billing_mode_summary: BillingModeSummary | None = None
    local_secondary_indexes: tuple[LocalSecondaryIndexDescription, ...] = ()
    global_secondary_indexes: tuple[GlobalSecondaryIndexDescription, ...] = ()
    stream_specification: StreamSpecification | None = None
    latest_stream_label: str | None = None
    latest_stream_arn: str | None = None
    global_table_version: str | None = None
    replicas: tuple[ReplicaDescription, ...] = ()
    global_table_witnesses: tuple[GlobalTableWitnessDescription, ...] = ()
    global_table_settings_replication_mode: str | None = None
    restore_summary: RestoreSummary | None = None
    sse_description: SSEDescription | None = None
    archival_summary: ArchivalSummary | None = None
    table_class_summary: TableClassSummary | None = None
    deletion_protection_enabled: bool | None = None
    disassociation_protection_enabled: bool | None = None
    on_demand_throughput: OnDemandThroughput | None = None
    warm_throughput: WarmThroughputDescription | None = None
    multi_region_consistency: str | None = None
    vector_indexes: tuple[VectorIndexDescription, ...] = ()

    @property
    def creation_date_time(self) -> "datetime | None":
        """When it was created, in UTC."""
        return moment(self.created)

    @property
    def billing_mode(self) -> str:
        """PROVISIONED or PAY_PER_REQUEST; a table without a summary is provisioned."""
        summary = self.billing_mode_summary
        return (summary and summary.billing_mode) or "PROVISIONED"


class DescribeTableInput(Request, frozen=True):
    table_name: str


class DescribeTableOutput(Reply, frozen=True):
    table: TableDescription


def moment(seconds: float | None) -> "datetime | None":
    """Return seconds since the epoch as an aware datetime, in UTC."""
    from datetime import datetime, timezone

    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


class Cursors:
    """Follows the cursors of one listing, and notices when they lead round in a circle.

    Every so often, each time after twice as many pages, it keeps one cursor and looks whether it
    comes again (R. Brent, "An improved Monte Carlo factorization algorithm", 1980): one cursor in
    memory finds a circle of any length, within three times the pages that lead into it and round.
    """

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._kept: object = None
        self._pages = 0
        self._power = 1

    def onward(self, came_from: T | None, leads_to: T | None) -> T | None:
        """Return the place to go on from; raises `TransportError` where it has been before."""
        if leads_to is None:
            return None
        if leads_to in (came_from, self._kept):
            message = "its pages lead round in a circle, and would have no end"
            raise TransportError(
                message, operation=self._operation, maybe_applied=False, transient=False
            )
        self._pages += 1
        if self._pages == self._power:
            self._kept, self._pages, self._power = leads_to, 0, 2 * self._power
        return leads_to
