"""Requests to the other regions of a global table: what only its own region tells of a replica."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import UNSET, Struct

from .. import requests
from ..api import TableDescription
from ..api.tables import DescribeTableOutput
from ..errors import Refused, ServiceError
from ..model.options import Provisioned, Replica
from ..model.spec import TableSpec
from ..operations import InRegion, Steps, call, where
from ..operations.middleware import by_transport
from .steps import address_of
from .tags_and_policies import arn_of, tags_of
from .ttl_and_services import reading

T = TypeVar("T")


class Regional(Struct, frozen=True):
    """What a replica's own region reported, as far as it was asked; by default, nothing is set."""

    recovery_days: int = 0
    protected: bool = False
    tags: dict[str, str] = {}


REGIONAL = ("point_in_time_recovery", "deletion_protection", "tags")
"""The settings that are not the table's, and are set in each region by itself.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
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
        raise Refused((reason,))
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
        raise Refused(tuple(f"{problem} - at {spec.name}" for problem in problems))
    yield from check_regions(spec)


OWN_REGION = "a replica is in the table's own region: leave it out of replicas"
_UNSCALED = (
    "replicas of a provisioned table need auto scaling of its writes, and a new table has none: "
    "create it without replicas or on demand, and add them with update_table"
)


def read_region(replica: Replica, spec: TableSpec, table: TableDescription) -> Steps[Regional]:
    """Ask a replica's region for what is declared of it there: one request each."""
    return (yield from in_region(_read(replica, spec, table), replica.region))


_read_recovery = reading("DescribeContinuousBackups", "continuous_backups_description")


def _read(replica: Replica, spec: TableSpec, table: TableDescription) -> Steps[Regional]:
    days, protected, tags = 0, False, {}
    name = arn_in(address_of(spec, table), replica.region)
    if replica.point_in_time_recovery is not UNSET:
        days = (yield from _read_recovery(spec.named(name), table)).recovery_days
    if replica.deletion_protection is not UNSET:
        told = yield from call("DescribeTable", requests.describe_table(name), DescribeTableOutput)
        protected = bool(told.table.deletion_protection_enabled)
    # Tags are of an ARN: that of the table here would answer with the table's own.
    if replica.tags is not UNSET:
        arn = arn_in(arn_of(table, "ListTagsOfResource"), replica.region)
        tags = yield from tags_of(arn)
    return Regional(days, protected, tags)
