"""The table's options as the keywords of a function: a type, which few programs load."""

from __future__ import annotations

from typing import Any, TypedDict

from .options import (
    KMS,
    Consistency,
    InsightsMode,
    Kinesis,
    OnDemand,
    Provisioned,
    Replica,
    StreamView,
    TableClass,
    WarmThroughput,
)


class TableOptions(TypedDict, total=False):
    """The options as keywords, for functions that wrap an operation."""

    billing: OnDemand | Provisioned
    stream: StreamView | None
    encryption: KMS | None
    tags: dict[str, str]
    table_class: TableClass
    deletion_protection: bool
    warm: WarmThroughput
    point_in_time_recovery: bool | int
    resource_policy: str | dict[str, Any] | None
    stream_policy: str | dict[str, Any] | None
    kinesis: str | Kinesis | None
    contributor_insights: bool | InsightsMode
    index_insights: dict[str, bool | InsightsMode]
    replicas: tuple[Replica, ...] | list[Replica]
    consistency: Consistency
    witness: str | None
    disassociation_protection: bool
    extra: dict[str, Any]
    ignore: tuple[str, ...] | list[str]
