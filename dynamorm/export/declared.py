"""Everything that a model declares, by its member names in the API and CloudFormation."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, json

from .. import requests
from ..model.options import Kinesis, policy_text
from ..model.spec import TableSpec

Members = dict[str, Any]
"""Members of a request, property or block, by their names."""


def declared(spec: TableSpec) -> Members:
    """Return all that a model declares, by the members that the API has for it.

    What is about the stream or an index is there twice: within that, and in a member of its own.
    """
    told: Members = requests.create_table(spec).to_dict()
    if spec.stream is None:
        told["StreamSpecification"] = {"StreamEnabled": False}
    if spec.encryption is None:
        told["SSESpecification"] = {"Enabled": False}
    if spec.time_to_live is not UNSET:
        name = {"AttributeName": spec.time_to_live} if spec.time_to_live else {}
        told["TimeToLiveSpecification"] = {"Enabled": bool(name), **name}
    if (recovery := spec.point_in_time_recovery) is not UNSET:
        told["PointInTimeRecoverySpecification"] = recovery_members(recovery)
    if spec.stream_policy:
        policy = told["StreamResourcePolicy"] = policy_text(spec.stream_policy)
        stream: Members = told["StreamSpecification"]
        stream["ResourcePolicy"] = {"PolicyDocument": json.decode(policy)}
    if spec.kinesis:
        told["KinesisStreamSpecification"] = _destination(spec.kinesis)
    if spec.contributor_insights:
        told["ContributorInsightsSpecification"] = _counted(spec.contributor_insights)
    if spec.replicas:
        told["Replicas"] = spec
    if spec.consistency == "STRONG":
        told["MultiRegionConsistency"] = spec.consistency
    if spec.witness:
        told["GlobalTableWitnesses"] = [{"Region": spec.witness}]
    if spec.disassociation_protection is not UNSET:
        told["DisassociationProtectionEnabled"] = spec.disassociation_protection
    counted = {name: _counted(mode) for name, mode in (spec.index_insights or {}).items() if mode}
    for index in told.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] in counted:
            index["ContributorInsightsSpecification"] = counted[index["IndexName"]]
    return {**told, "IndexInsights": counted} if counted else told


def recovery_members(given: bool | int) -> Members:
    """Return point-in-time recovery as it is declared: off, on, or on for so many days."""
    days = {"RecoveryPeriodInDays": given} if type(given) is int else {}
    return {"PointInTimeRecoveryEnabled": bool(given), **days}


def _destination(given: str | Kinesis) -> Members:
    if not isinstance(given, Kinesis):
        return {"StreamArn": given}
    return {"StreamArn": given.stream, "ApproximateCreationDateTimePrecision": given.precision}


def _counted(mode: bool | str) -> Members:
    return {"Enabled": True} if mode is True else {"Enabled": True, "Mode": mode}
