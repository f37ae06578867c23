"""What a table may have besides its keys: indexes, streams, replicas and the like.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

# No `from __future__ import annotations`: evaluating strings costs as much as making the classes.

from typing import ClassVar, Literal

from . import KeySchemaElement, ProvisionedThroughputDescription, Reply, WarmThroughputDescription


# What requests have too, as this and a tag, is a reply all the same: both are written alike.
class Projection(Reply, frozen=True):
    """What an index holds besides keys, declared and described by the same members."""

    projection_type: str | None = None
    non_key_attributes: tuple[str, ...] = ()


class ProvisionedThroughputOverride(Reply, frozen=True):
    read_capacity_units: int | None = None


class OnDemandThroughput(Reply, frozen=True):
    """-1 is no maximum; in a request it takes one away."""

    max_read_request_units: int | None = None
    max_write_request_units: int | None = None


class OnDemandThroughputOverride(Reply, frozen=True):
    max_read_request_units: int | None = None


class LocalSecondaryIndexDescription(Reply, frozen=True):
    """A local index: it has no status, since it comes and goes with its table."""

    kind: ClassVar[Literal["local"]] = "local"
    index_name: str
    key_schema: tuple[KeySchemaElement, ...] = ()
    projection: Projection = Projection()
    index_size_bytes: int | None = None
    item_count: int | None = None
    index_arn: str | None = None


class GlobalSecondaryIndexDescription(Reply, frozen=True):
    """A global index; `None` for its status counts as ACTIVE, since some emulators tell none."""

    kind: ClassVar[Literal["global"]] = "global"
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
    """A vector index: what others have as a key schema is its search schema, if it has one."""

    kind: ClassVar[Literal["vector"]] = "vector"
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


IndexDescription = (
    GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription | VectorIndexDescription
)


class StreamSpecification(Reply, frozen=True):
    stream_enabled: bool
    stream_view_type: str | None = None


class Tag(Reply, frozen=True):
    key: str
    value: str


class SSEDescription(Reply, frozen=True):
    """Encryption by KMS; a table whose key is DynamoDB's own has no description of it."""

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
    """A replica in another region; an override that it lacks is as the table has it."""

    region_name: str | None = None
    replica_status: str | None = None
    replica_arn: str | None = None
    replica_status_description: str | None = None
    # A string in the service's model.
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
    """What a table was restored from: a backup, or another table at a moment."""

    restore_date_time: float
    restore_in_progress: bool
    source_backup_arn: str | None = None
    source_table_arn: str | None = None


class ArchivalSummary(Reply, frozen=True):
    """Why a table was archived: its key of KMS could not be used for more than a week."""

    archival_date_time: float | None = None
    archival_reason: str | None = None
    archival_backup_arn: str | None = None
