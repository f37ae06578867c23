"""Instances of a model as attribute values, and back: `from dynamorm.items import to_item`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    # A copy without a transform needs the keys of items alone: the codec is loaded when it is used.
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # "from . import" would ask this function, without end

    return getattr(import_module(f"{__name__}.codec"), name)
