"""DynamoDB's own shapes, each once: here what all of them share, and what a table is.

Members that the service does not know yet are passed over, and a status is any string: a new one
must not break a reader. Times are seconds since the epoch.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

# No `from __future__ import annotations`: evaluating strings costs as much as making the classes.
# Annotations that are strings name what few tables have, and is loaded for those.

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Raw, ValidationError, field, json

from ..model import Readable

if TYPE_CHECKING:
    from datetime import datetime

    from msgspec.json import Decoder

    from . import parts

encode = json.Encoder().encode
"""The JSON body of a request."""

T = TypeVar("T")

_PACKAGE = __name__.partition(".")[0]


class Lazy:
    """A module of the package that is imported on first use: `Lazy("api.parts")`.

    Annotations that are strings may name it: they are evaluated for the first decoder alone.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        # Not by `importlib`, which would be loaded for this alone.
        module = __import__(f"{_PACKAGE}.{self._name}", fromlist=["__name__"])
        return getattr(module, name)


if not TYPE_CHECKING:  # pragma: no branch - type checkers see the module itself
    parts = Lazy("api.parts")


def wire_name(field: str) -> str:
    """Return `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    # The two that the service writes in capitals: an ARN is an Arn to it.
    return field.title().replace("_", "").replace("Kms", "KMS").replace("Sse", "SSE")


class Request(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API; as a dict it is what boto3's client takes, binary as bytes.

    An optional member that is `None` is left out: the service has no null.
    """

    def _kept(self) -> tuple[type, ...]:
        return (bytes,)


class Reply(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API, as it is answered; members that it does not name are passed over."""


class AttributeDefinition(Reply, frozen=True):
    attribute_name: str
    attribute_type: str


class KeySchemaElement(Reply, frozen=True):
    attribute_name: str
    key_type: str


class ProvisionedThroughputDescription(Reply, frozen=True):
    last_increase_date_time: float | None = None
    last_decrease_date_time: float | None = None
    number_of_decreases_today: int | None = None
    read_capacity_units: int | None = None
    write_capacity_units: int | None = None


class WarmThroughputDescription(Reply, frozen=True):
    read_units_per_second: int | None = None
    write_units_per_second: int | None = None
    status: str | None = None


class BillingModeSummary(Reply, frozen=True):
    billing_mode: str | None = None
    last_update_to_pay_per_request_date_time: float | None = None


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
    local_secondary_indexes: "tuple[parts.LocalSecondaryIndexDescription, ...]" = ()
    global_secondary_indexes: "tuple[parts.GlobalSecondaryIndexDescription, ...]" = ()
    stream_specification: "parts.StreamSpecification | None" = None
    latest_stream_label: "str | None" = None
    latest_stream_arn: "str | None" = None
    global_table_version: "str | None" = None
    replicas: "tuple[parts.ReplicaDescription, ...]" = ()
    global_table_witnesses: "tuple[parts.GlobalTableWitnessDescription, ...]" = ()
    global_table_settings_replication_mode: "str | None" = None
    restore_summary: "parts.RestoreSummary | None" = None
    sse_description: "parts.SSEDescription | None" = None
    archival_summary: "parts.ArchivalSummary | None" = None
    table_class_summary: "parts.TableClassSummary | None" = None
    deletion_protection_enabled: bool | None = None
    disassociation_protection_enabled: "bool | None" = None
    on_demand_throughput: "parts.OnDemandThroughput | None" = None
    warm_throughput: WarmThroughputDescription | None = None
    multi_region_consistency: "str | None" = None
    vector_indexes: "tuple[parts.VectorIndexDescription, ...]" = ()

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


def read_described(body: bytes, decoder: Callable[[Any], "Decoder[Any]"]) -> DescribeTableOutput:
    """Read an answer of DescribeTable member by member, by the shapes of those that are there.

    To make the others, and the decoder of them all, takes a fresh process as long as to connect.
    """
    read = decoder(dict[str, Raw]).decode
    there = read(read(body).get("Table", b"null"))
    members: dict[str, Any] = {}
    for (name, kind), member in zip(_KINDS.items(), _MEMBERS, strict=True):
        if member not in there:
            continue
        try:
            known = _kinds()[name] if isinstance(kind, str) else kind
            members[name] = decoder(known).decode(there[member])
        except ValidationError as error:
            raise ValidationError(f"{error} - in `$.Table.{member}`") from None
    if "table_name" in members and "table_status" in members:
        return DescribeTableOutput(TableDescription(**members))
    raise ValidationError("`$.Table` lacks `TableName` or `TableStatus`")


_KINDS: dict[str, Any] = TableDescription.__annotations__
_MEMBERS = TableDescription.__struct_encode_fields__


@cache
def _kinds() -> dict[str, Any]:
    """Return what the annotations mean; to evaluate the strings loads what they name."""
    from typing import get_type_hints

    return get_type_hints(TableDescription)


def moment(seconds: float | None) -> "datetime | None":
    """Return seconds since the epoch as an aware datetime, in UTC."""
    from datetime import datetime, timezone

    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
