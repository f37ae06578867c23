"""What differs in TTL, recovery, tags and policy: a pure comparison, beside that of `compare`.

Only what is declared is compared, and only what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET

from ..api.descriptions import TableDescription
from ..api.settings import Settings
from ..model.options import policy_text
from ..model.spec import TableSpec
from .compare import Difference, Pair, differences, is_ignored, unknowns, value_text

SETTINGS = {
    "ttl": "time_to_live",
    "point_in_time_recovery": "point_in_time_recovery",
    "tags": "tags",
    "resource_policy": "resource_policy",
}
"""What DescribeTable does not tell, by the name of its steps, with its field of the spec."""

_SETTING_OF = {"tag": "tags", "ttl": "ttl"}


def setting_of(name: str) -> str:
    """Return the setting that a step or a name in `allow` is about: "tags" for "tag:team"."""
    kind, _, rest = name.partition(":")
    return _SETTING_OF.get(kind, name) if rest else name


def declared_settings(spec: TableSpec, allow: Iterable[str] = ()) -> tuple[str, ...]:
    """Name what has to be asked for, to compare what is declared and to remove what is allowed."""
    named = {setting_of(name) for name in allow}
    return tuple(
        name
        for name, field in SETTINGS.items()
        if getattr(spec, field) is not UNSET or name in named
    )


def compared_settings(spec: TableSpec, allow: Iterable[str] = ()) -> tuple[str, ...]:
    """Name the same but for what the model ignores, which is set at creation and read no more."""
    return tuple(name for name in declared_settings(spec, allow) if not is_ignored(spec, name))


def drift(spec: TableSpec, table: TableDescription, settings: Settings) -> tuple[Difference, ...]:
    """Compare what is declared with all that is known of the table.

    What cannot be compared comes last, each with its reason in `unknown`.
    """
    return (
        *differences(spec, table),
        *(
            Difference(name, value_text(declared), value_text(found))
            for name, declared, found in setting_pairs(spec, settings, table)
            if declared != found
        ),
        *unknowns(spec, table),
    )


def setting_pairs(
    spec: TableSpec, settings: Settings, table: TableDescription | None = None
) -> Iterator[Pair]:
    """Return what is declared, compared and was asked for, be it different or not."""
    every = _setting_pairs(spec, settings, _partition(table))
    return (pair for pair in every if not is_ignored(spec, pair[0]))


def _setting_pairs(spec: TableSpec, settings: Settings, partition: str) -> Iterator[Pair]:
    ttl, recovery = settings.time_to_live, settings.point_in_time_recovery
    if spec.time_to_live is not UNSET and ttl is not UNSET:
        yield "ttl", spec.time_to_live, ttl.attribute
    if spec.point_in_time_recovery is not UNSET and recovery is not UNSET:
        declared, days = spec.point_in_time_recovery, recovery.recovery_days
        enough = declared is True and days
        yield "point_in_time_recovery", declared, declared if enough else days or False
    if spec.tags is not UNSET and settings.tags is not UNSET:
        for key, value in spec.tags.items():
            yield f"tag:{key}", value, settings.tags.get(key)
    if spec.resource_policy is not UNSET and settings.resource_policy is not UNSET:
        yield _policy_pair(spec.resource_policy, settings.resource_policy, partition)


def _policy_pair(declared: str | dict[str, Any] | None, found: str | None, partition: str) -> Pair:
    if declared is None or found is None:
        return "resource_policy", declared if declared is None else policy_text(declared), found
    from .policies import same_policy

    text = policy_text(declared)
    same = same_policy(text, found, partition=partition)
    return "resource_policy", text, text if same else found


def _partition(table: TableDescription | None) -> str:
    """Return the partition of a table, in which account numbers in its policy are."""
    parts = ((table and table.table_arn) or "").split(":")
    return parts[1] if len(parts) > 1 else "aws"
