"""What a bulk put could not put: a summary of the report that the service writes to S3."""

from __future__ import annotations

from typing import Any

from msgspec import field

from ..model import Readable


class BulkErrors(Readable, frozen=True, kw_only=True):
    """The items that a bulk put could not put: counted by code, and the first hundred keys."""

    location: str
    """Where the whole report is, as `s3://bucket/prefix`."""
    failed: int | None = None
    """How many items failed, by the operation's own count; `None` if it has no count."""
    count: int = 0
    """How many of them the report lists."""
    codes: dict[str, int] = field(default_factory=dict)
    """How many items have each error code; an error without a code counts as `UNKNOWN`."""
    messages: dict[str, str] = field(default_factory=dict)
    """The first message of each code."""
    keys: tuple[dict[str, Any], ...] = ()
    """Keys as attribute values, where the report has the item or its key."""
    unread: int = 0
    """How many lines of the report are not JSON objects."""

    def __str__(self) -> str:
        if not self.count and not self.failed:
            return "every item was put"
        told = f" of {self.failed:,}" if self.failed and self.failed != self.count else ""
        lines = [f"{self.count:,}{told} items that were not put, by the report {self.location}"]
        for code, count in sorted(self.codes.items()):
            message = self.messages.get(code)
            lines.append(f"  {code} {count:,}{f': {message}' if message else ''}")
        # Ten of them, to see what they are like; the value has a hundred.
        lines += [f"  key {key}" for key in self.keys[:10]]
        lines.append(
            "correct these items where they come from, and put them again: an item replaces one "
            "with its key, so that nothing need be undone"
        )
        return "\n".join(lines)
