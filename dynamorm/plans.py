"""A plan as a value: what would be done to a table, in order, and what would be left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from .errors import Refused
from .options import Options
from .payloads import Request
from .spec import TableSpec

__all__ = ["Blocked", "Kind", "Pending", "Plan", "Step", "Undeclared", "checked_allow"]

Kind = Literal["safe", "slow", "destructive"]


class Step(Struct, frozen=True):
    """One request, and what has to be waited for after it."""

    name: str
    """What it changes: "stream", "index:by-status", "ttl", "tag:team", ..."""
    kind: Kind
    change: str
    operation: str
    payload: Request
    until: str = "done at once"
    after: float = 0.0
    """Seconds that the service wants between the step before and this one."""


class Undeclared(Struct, frozen=True):
    """Something that the table has and the model does not mention. It is left alone."""

    name: str
    found: str


class Blocked(Struct, frozen=True):
    """A declared thing that a living table cannot be given, and what to do about it."""

    name: str
    declared: str
    found: str
    remedy: str


class Pending(Struct, frozen=True):
    """What could not be done yet."""

    name: str
    reason: str
    retry_after: float | None = None
    """In how many seconds it can be done at the latest, where the service has a rule for that."""


class Plan(Struct, frozen=True, kw_only=True):
    """What `apply` would do, in order. As text it is a table, and msgspec encodes it."""

    table: str
    steps: tuple[Step, ...]
    undeclared: tuple[Undeclared, ...]
    """Only what was asked for: a TTL, tags and policies are, where they are declared."""
    blocked: tuple[Blocked, ...]
    unsupported: tuple[str, ...] = ()
    """What is declared and the endpoint does not know, with `unsupported="skip"`."""
    spec: TableSpec
    """What is declared."""
    allow: tuple[str, ...] = ()
    """What may be removed though it is not declared."""

    def __str__(self) -> str:
        rows = list(_rows(self))
        if not rows:
            return f"{self.table}: is as declared"
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines = (f"  {kind:{widths[0]}}  {name:{widths[1]}}  {text}" for kind, name, text in rows)
        return "\n".join((f"{self.table}: {_counted(len(self.steps), 'step')}", *lines))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def _rows(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for step in plan.steps:
        yield step.kind, step.name, f"{step.change} ({step.operation}, {step.until})"
    for blocked in plan.blocked:
        difference = f"declared {blocked.declared}, found {blocked.found}"
        yield "blocked", blocked.name, f"{difference}: {blocked.remedy}"
    for undeclared in plan.undeclared:
        yield "left alone", undeclared.name, undeclared.found
    for name in plan.unsupported:
        yield "unsupported", name, "this endpoint does not know it"


_NAMES = {"key", "tags", "ttl", *Options.__struct_fields__} - {"extra"}


def checked_allow(allow: object) -> tuple[str, ...]:
    """Give the names in `allow`; raises `Refused` for what can be none."""
    if isinstance(allow, str) or not isinstance(allow, tuple | list | set | frozenset):
        raise Refused((f'allow= takes names, as in allow=("index:by-status",), not {allow!r}',))
    unknown = [name for name in allow if not _is_name(name)]
    if unknown:
        known = ", ".join(sorted(_NAMES))
        raise Refused((f"allow= has {unknown!r}: a name is index:..., tag:..., {known}",))
    return tuple(allow)


def _is_name(name: object) -> bool:
    prefixed = isinstance(name, str) and name.startswith(("index:", "tag:"))
    return prefixed or name in _NAMES
