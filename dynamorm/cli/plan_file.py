"""Plans in a file, which one job writes and another applies. It holds ARNs and policies."""

from __future__ import annotations

from typing import Any, Literal

from click import ClickException
from msgspec import DecodeError, Struct, json, to_builtins

from ..copying.checkpoint import save
from ..errors import Refused, text_of
from ..tables.plan import Plan
from .output import FORMAT_VERSION


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    format_version: Literal[1]
    command: Literal["plan"]
    plans: list[Plan]


def write_plans(path: str, plans: list[Plan]) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    document: dict[str, Any] = {"format_version": FORMAT_VERSION, "command": "plan"}
    # As a checkpoint is: the file has policies and ARNs, and must not be half a plan.
    save(path, {**document, "plans": to_builtins(plans)})


def read_plans(path: str) -> list[Plan]:
    """Return the plans in a file; raise `ClickException` where there are none of this version."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        return json.decode(content, type=_File).plans
    except (DecodeError, Refused) as error:
        raise ClickException(
            f"{path} is not a plan that this version of dynamorm can read: {text_of(error)}"
        ) from error
