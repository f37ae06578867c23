"""The table's options as the keywords of a function: a type, which few programs load."""

from __future__ import annotations

from typing import Any, TypedDict

from . import options


class TableOptions(TypedDict, total=False):
    """The options as keywords, for functions that wrap an operation."""

    billing: options.OnDemand | options.Provisioned
    stream: options.StreamView | None
    encryption: options.KMS | None
    tags: dict[str, str]
    table_class: options.TableClass
    deletion_protection: bool
    warm: options.WarmThroughput
    point_in_time_recovery: bool | int
    resource_policy: str | dict[str, Any] | None
    stream_policy: str | dict[str, Any] | None
    kinesis: str | options.Kinesis | None
    contributor_insights: bool | options.InsightsMode
    index_insights: dict[str, bool | options.InsightsMode]
    replicas: tuple[options.Replica, ...] | list[options.Replica]
    consistency: options.Consistency
    witness: str | None
    disassociation_protection: bool
    extra: dict[str, Any]
    ignore: tuple[str, ...] | list[str]
