"""Which options a copy by S3 takes, and which it refuses before anything is sent."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ...errors import Refused
from ...model.declare import Model, table_spec
from ...tables.buckets import check_client, check_place
from ...tables.transfers import check_units

_CANNOT = {
    "existing": (
        "keep",
        'a bulk put replaces what is there: copy directly with existing="keep"',
    ),
    "collisions": (
        "check",
        'a bulk put does not compare: "error" remembers keys, "last" allows it',
    ),
    "in_place": (
        True,
        "the export is of a moment, so that what was written since would be undone",
    ),
}
"""Option values that a bulk put cannot honor, and why."""

_USELESS = ("batch_size", "page_limit", "consistent_read", "max_read_units")
"""Options that only concern Scan and BatchWriteItem."""


def check_options(settings: Any) -> None:
    """Raise for options that a copy by S3 needs and lacks, or does not take."""
    # Some of this the service would refuse only after an export that has been paid for.
    check_client(settings.s3)
    check_place(settings.bucket, settings.prefix)
    check_units(settings.max_write_units)
    # Against the defaults: an option that is given as it is by default does no harm.
    kind = type(settings)
    defaults = dict(zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True))
    for name in _USELESS:
        if getattr(settings, name) != defaults[name]:
            raise ValueError(f'{name}= does nothing with via="s3", which neither scans nor batches')
    reasons = [
        f'{name}={value!r} does not go with via="s3": {why}'
        for name, (value, why) in _CANNOT.items()
        if getattr(settings, name) == value
    ]
    if reasons:
        raise Refused(tuple(reasons))


def check_call(segments: list[int] | None, wait: object) -> None:
    """Refuse to copy single segments, or in several processes."""
    if segments is not None or wait is not None:
        reason = "one process has the client and waits for the service: leave processes= out"
        raise Refused((f'via="s3" goes with copy_table in one process: {reason}',))


def check_source(source: Model | str) -> None:
    """Refuse a source that is declared to have no PITR."""
    if isinstance(source, str):
        return
    spec = table_spec(source)
    if spec.point_in_time_recovery is not UNSET and not spec.point_in_time_recovery:
        raise Refused((no_recovery(spec.name),))


def no_recovery(table: str) -> str:
    """Say what to do about a table without PITR."""
    advice = "update_table(..., point_in_time_recovery=True) turns it on"
    return f"an export needs PITR, which is off: {advice}; or copy directly - at {table}"
