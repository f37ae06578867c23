"""Everything that a model declares, by its member names in the API and CloudFormation."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType, json

from .. import requests
from ..model.options import Kinesis, policy_text
from ..model.spec import TableSpec

Members = dict[str, Any]
"""Members of a request, property or block, by their names."""


def declared(spec: TableSpec) -> Members:
    """Return all that a model declares, by the members that the API has for it.

    What is about the stream or an index is there twice: within that, and in a member of its own.
    A Kinesis stream or insights that are declared absent are left out, which says so.
    """
    told: Members = requests.create_table(spec).to_dict()
    told |= given(
        StreamSpecification={"StreamEnabled": False} if spec.stream is None else UNSET,
        SSESpecification={"Enabled": False} if spec.encryption is None else UNSET,
        TimeToLiveSpecification=_time_to_live(spec.time_to_live),
        PointInTimeRecoverySpecification=recovery_members(spec.point_in_time_recovery),
        KinesisStreamSpecification=_destination(spec.kinesis),
        ContributorInsightsSpecification=_counted(spec.contributor_insights),
        Replicas=spec if spec.replicas else UNSET,
        MultiRegionConsistency="STRONG" if spec.consistency == "STRONG" else UNSET,
        GlobalTableWitnesses=[{"Region": spec.witness}] if spec.witness else UNSET,
        DisassociationProtectionEnabled=spec.disassociation_protection,
    )
    if spec.stream_policy:
        # Terraform has a resource for it, CloudFormation a property within the stream.
        policy = told["StreamResourcePolicy"] = policy_text(spec.stream_policy)
        stream: Members = told["StreamSpecification"]
        stream["ResourcePolicy"] = {"PolicyDocument": json.decode(policy)}
    counted = given(**{name: _counted(mode) for name, mode in (spec.index_insights or {}).items()})
    for index in told.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] in counted:
            index["ContributorInsightsSpecification"] = counted[index["IndexName"]]
    return {**told, "IndexInsights": counted} if counted else told


def given(**members: Any) -> Members:
    """Return those members that are set."""
    return {name: value for name, value in members.items() if value is not UNSET}


def recovery_members(recovery: bool | int | UnsetType) -> Members | UnsetType:
    """Return point-in-time recovery as it is declared: off, on, or on for so many days."""
    if recovery is UNSET:
        return UNSET
    days = {"RecoveryPeriodInDays": recovery} if type(recovery) is int else {}
    return {"PointInTimeRecoveryEnabled": bool(recovery), **days}


def _time_to_live(attribute: str | UnsetType | None) -> Members | UnsetType:
    if attribute is UNSET:
        return UNSET
    return {"Enabled": True, "AttributeName": attribute} if attribute else {"Enabled": False}


def _destination(stream: str | Kinesis | UnsetType | None) -> Members | UnsetType:
    if isinstance(stream, Kinesis):
        precision = {"ApproximateCreationDateTimePrecision": stream.precision}
        return {"StreamArn": stream.stream, **precision}
    return {"StreamArn": stream} if stream else UNSET


def _counted(mode: bool | str | UnsetType) -> Members | UnsetType:
    if not mode:
        return UNSET
    return {"Enabled": True} if mode is True else {"Enabled": True, "Mode": mode}
