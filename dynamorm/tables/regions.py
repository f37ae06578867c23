"""Requests to the other regions of a global table, and the IAM actions that these take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec import UNSET

from .. import errors, requests
from ..api import TableDescription
from ..api.tables import DescribeTableOutput
from ..errors import ServiceError
from ..model.options import Provisioned, Replica
from ..model.spec import TableSpec
from ..operations import InRegion, Steps, call, where
from ..operations.middleware import by_transport
from .steps import address_of, name_parts
from .tags_and_policies import arn_of, tags_of
from .ttl_and_services import linked_role, reading

T = TypeVar("T")


REGIONAL = {
    "point_in_time_recovery": ("DescribeContinuousBackups", "UpdateContinuousBackups"),
    "deletion_protection": ("DescribeTable", "UpdateTable"),
    "tags": ("ListTagsOfResource", "TagResource"),
}
"""The settings that are not the table's, with what reads and what sets them in each region.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

REPLICATION = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
"""What the service does in the region of a new replica with the caller's permissions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2gt_IAM.html
"""


def declared_there(replica: Replica) -> list[str]:
    """Return the names of the options that take requests to a replica's region."""
    return [name for name in REGIONAL if getattr(replica, name) is not UNSET]


def arn_in(arn: str, region: str) -> str:
    """Return the ARN of the same table in another region; a name stays a name."""
    # arn:aws:dynamodb:REGION:ACCOUNT:table/NAME; without colons it is a name.
    parts = arn.split(":")
    return ":".join((*parts[:3], region, *parts[4:])) if parts[3:] else arn


def transport_in(region: str, what: str) -> Steps[Any]:
    """Return the transport of a region; raise `Refused` where there is none."""
    transport = yield InRegion(region)
    if transport is None:
        # Refused, and not left out: a plan that leaves a region out would pass for whole.
        reason = (
            f"{what} of the replica in {region} is set by requests to that region, and this "
            "transport object sends to one region alone: connect with region=, profile= and "
            "credentials= in place of transport=, or leave it out"
        )
        raise errors.Refused((reason,))
    return transport


def in_region(steps: Steps[T], region: str) -> Steps[T]:
    """Perform `steps` in another region of the table, which a refusal names.

    All that they send goes there, under the database's prefix as here.
    """
    transport = yield from transport_in(region, "this setting")
    try:
        return (yield from by_transport(steps, transport))
    except ServiceError as error:
        error.region = region
        raise


def check_regions(spec: TableSpec) -> Steps[None]:
    """Raise `Refused` for settings declared in a region that requests cannot reach."""
    for replica in spec.replicas or ():
        if there := declared_there(replica):
            yield from transport_in(replica.region, ", ".join(there))


def refuse_creation(spec: TableSpec) -> Steps[None]:
    """Raise `Refused`, before the table is created, if it could not get its replicas."""
    replicas = spec.replicas or ()
    if not replicas:
        return
    place = yield from where()
    here = [OWN_REGION for replica in replicas if replica.region == place.region]
    # Auto scaling is set up for a table that is there.
    fixed = [_UNSCALED] * isinstance(spec.billing, Provisioned)
    if problems := (*here, *fixed):
        raise errors.Refused(tuple(f"{problem} - at {spec.name}" for problem in problems))
    yield from check_regions(spec)


OWN_REGION = "a replica is in the table's own region: leave it out of replicas"
_UNSCALED = (
    "replicas of a provisioned table need auto scaling of its writes, and a new table has none: "
    "create it without replicas or on demand, and add them with update_table"
)


def read_region(replica: Replica, spec: TableSpec, table: TableDescription) -> Steps[Any]:
    """Ask a replica's region for what is declared of it there: one request each.

    Returns the days of PITR, whether it is protected, and its tags, by the names of these options.
    """
    return (yield from in_region(_read(replica, spec, table), replica.region))


_read_recovery = reading("DescribeContinuousBackups", "continuous_backups_description")


def _read(replica: Replica, spec: TableSpec, table: TableDescription) -> Steps[dict[str, Any]]:
    found: dict[str, Any] = {}
    name = arn_in(address_of(spec, table), replica.region)
    if replica.point_in_time_recovery is not UNSET:
        told = yield from _read_recovery(spec.named(name), table)
        found["point_in_time_recovery"] = told.recovery_days
    if replica.deletion_protection is not UNSET:
        there = yield from call("DescribeTable", requests.describe_table(name), DescribeTableOutput)
        found["deletion_protection"] = bool(there.table.deletion_protection_enabled)
    # Tags are of an ARN: that of the table here would answer with the table's own.
    if replica.tags is not UNSET:
        arn = arn_in(arn_of(table, "ListTagsOfResource"), replica.region)
        found["tags"] = yield from tags_of(arn)
    return found


def regional_actions(spec: TableSpec, what: str) -> Iterator[tuple[str, str]]:
    """Yield what it takes in the regions of replicas to "read" or "set" them, or to remove one."""
    if what not in ("read", "set"):
        kind, region, option = name_parts(what)
        gone = ("DeleteTable", "DeleteTableReplica") if kind == "replica" else ()
        yield from ((action, _place(spec, region)) for action in REGIONAL.get(option, gone))
        return
    for replica in spec.replicas or ():
        # A replica is made, and filled, in its own region with the caller's permissions.
        taken = ["CreateTable", "CreateTableReplica", *REPLICATION] if what == "set" else []
        for option in declared_there(replica):
            taken += REGIONAL[option] if what == "set" else REGIONAL[option][:1]
        yield from ((action, _place(spec, replica.region)) for action in taken)
    if what == "set":
        yield linked_role("replication", "Replication")


def _place(spec: TableSpec, region: str) -> str:
    """Return the table in a region as `resource_arn` takes it, or its ARN there."""
    if spec.name.startswith("arn:"):
        return arn_in(spec.name, region)
    return f"region:{region}:table/{spec.name}"
