"""What an item becomes in a copy, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Raw

from dynamorm.items.convert import converting


def converter(
    source_model: Any,
    target_model: Any,
    target_spec: Any,
    transform: Any,
    *given: Any,
    **named: Any,
) -> Callable[[bytes | Raw], Sequence[bytes | Raw]]:
    """Make what turns an item of the source, as JSON, into those to be put into the target."""
    each = converting(source_model, target_model, target_spec, transform, *given, **named)
    kind: Callable[..., Sequence[bytes | Raw]] = tuple if transform is None else list
    return lambda raw: kind(each(raw))
