"""The replicas that a description has, as options: what only their own regions tell is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from . import region_of
from .options import Replica, is_units

Document = Mapping[str, Any]


def replica_options(table: Document) -> dict[str, Any]:
    """Return the options of a global table. What a replica has like the table is not declared."""
    options: dict[str, Any] = {"replicas": tuple(_replicas(table))}
    mode = table.get("BillingModeSummary", {}).get("BillingMode")
    if options["replicas"] and mode != "PAY_PER_REQUEST":
        # The service takes replicas of it only where auto scaling manages its capacity.
        options["ignore"] = ("billing",)
    if table.get("MultiRegionConsistency") == "STRONG":
        options["consistency"] = "STRONG"
        for witness in table.get("GlobalTableWitnesses") or ():
            options["witness"] = witness["RegionName"]
    if table.get("DisassociationProtectionEnabled") is False:
        options["disassociation_protection"] = False
    return options


def _replicas(table: Document) -> Iterator[Replica]:
    own = region_of(table.get("TableArn"))
    for found in table["Replicas"]:
        if found["RegionName"] != own and found.get("ReplicaStatus") != "DELETING":
            yield _replica(found)


def _replica(found: Document) -> Replica:
    return Replica(
        found["RegionName"],
        kms_key=found.get("KMSMasterKeyId") or UNSET,
        table_class=found.get("ReplicaTableClassSummary", {}).get("TableClass", UNSET),
        max_read=_figure(found, *_MAX_READ),
        read=_figure(found, *_READ),
        index_max_read=_figures(found, *_MAX_READ),
        index_read=_figures(found, *_READ),
    )


_MAX_READ = ("OnDemandThroughputOverride", "MaxReadRequestUnits")
_READ = ("ProvisionedThroughputOverride", "ReadCapacityUnits")


def _figure(owner: Document, override: str, units: str) -> Any:
    """Return a figure that means something: -1 is no maximum."""
    figure = owner.get(override, {}).get(units)
    return figure if is_units(figure) else UNSET


def _figures(found: Document, override: str, units: str) -> Any:
    indexes = found.get("GlobalSecondaryIndexes") or ()
    figures = {one["IndexName"]: _figure(one, override, units) for one in indexes}
    return {name: figure for name, figure in figures.items() if figure is not UNSET} or UNSET
