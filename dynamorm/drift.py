"""What differs in expiry, recovery, tags and policy: a pure comparison, beside that of `changes`.

Only what is declared is compared, and only what was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import UNSET, json

from .changes import Difference, Pair, differences, value_text
from .facets import Settings
from .options import policy_text
from .replies import TableDescription
from .spec import TableSpec
from .wire import UNREADABLE

__all__ = ["SETTINGS", "declared_settings", "drift", "setting_of", "setting_pairs"]

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


def drift(spec: TableSpec, table: TableDescription, settings: Settings) -> tuple[Difference, ...]:
    """Compare what is declared with all that is known of the table."""
    return differences(spec, table) + tuple(
        Difference(name, value_text(declared), value_text(found))
        for name, declared, found in setting_pairs(spec, settings)
        if declared != found
    )


def setting_pairs(spec: TableSpec, settings: Settings) -> Iterator[Pair]:
    """Give what is declared and was asked for, be it different or not."""
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
        yield _policy_pair(spec.resource_policy, settings.resource_policy)


def _policy_pair(declared: str | dict[str, Any] | None, found: str | None) -> Pair:
    text = None if declared is None else policy_text(declared)
    same = text is not None and found is not None and _canonical(text) == _canonical(found)
    return "resource_policy", text, text if same else found


def _canonical(policy: str) -> object:
    """Give what a policy says, however it is written; the service may write it another way.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    try:
        return _meaning(json.decode(policy))
    except UNREADABLE:
        return policy


def _meaning(value: Any) -> object:
    if isinstance(value, dict):
        return frozenset((key, _meaning([member])) for key, member in value.items())
    if isinstance(value, list):
        return frozenset(_meaning(part) for item in value for part in _flat(item))
    if isinstance(value, str) and value.startswith("arn:") and value.endswith(":root"):
        # An account as a principal, which is also written as its number.
        return value.split(":")[-2]
    return value


def _flat(value: Any) -> Collection[Any]:
    """A list of one is written as the one too."""
    return value if isinstance(value, list) else (value,)
