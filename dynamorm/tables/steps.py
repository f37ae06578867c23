"""A plan as a value: what would be done to a table, in order, and what would be left."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

from msgspec import json

from ..api import Request
from ..api.descriptions import TableDescription
from ..errors import Refused
from ..model import Readable
from ..model.options import Options
from ..model.spec import TableSpec
from ..operations.effects import Location
from .compare import Difference

Kind = Literal["safe", "slow", "destructive"]


class Step(Readable, frozen=True):
    """One request, and what has to be waited for after it."""

    name: str
    """What it changes: "stream", "index:by-status", "ttl", "ttl:expires", "tag:team", ..."""
    kind: Kind
    change: str
    operation: str
    payload: dict[str, Any]
    """The request's JSON body, with the real name of the table: `apply` sends it as it is."""
    declared: Any = None
    """What will be there after it, as JSON can hold it; `None` is nothing."""
    found: Any = None
    """What is there before it: `apply` refuses the step where this has changed."""
    until: str = "done at once"
    after: float = 0.0
    """Seconds that the service wants between the step before and this one."""
    then: tuple[Step, ...] = ()
    """Further requests that belong to it, in order."""


def plain(request: Request) -> dict[str, Any]:
    """Return a request as the dict that its JSON body is."""
    body: dict[str, Any] = json.decode(json.encode(request))
    return body


class Undeclared(Readable, frozen=True):
    """Something that the table has and the model does not mention. It is left alone."""

    name: str
    found: str


class Blocked(Readable, frozen=True):
    """A declared thing that a living table cannot be given, and what to do about it."""

    name: str
    declared: str
    found: str
    remedy: str


class Pending(Readable, frozen=True):
    """What could not be done yet."""

    name: str
    reason: str
    retry_after: float | None = None
    """In how many seconds it can be done at the latest, where the service has a rule for that."""
    action: str | None = None
    """The IAM action that the caller lacks, where that is the reason."""


_OWN_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""A region has several of them (FIPS, dual-stack, by account), and its tables are on all.

https://docs.aws.amazon.com/general/latest/gr/ddb.html
"""


class Binding(Readable, frozen=True, kw_only=True):
    """A table, and where it is. What nobody has told is empty, and differs from nothing."""

    name: str
    """The real name, prefix included."""
    arn: str = ""
    table_id: str = ""
    created: float | None = None
    """CreationDateTime, in seconds since the epoch."""
    region: str = ""
    endpoint: str = ""

    @classmethod
    def to(cls, table: TableDescription, location: Location) -> Binding:
        """Bind to the table that this description is of."""
        return cls(
            name=table.table_name,
            arn=table.table_arn or "",
            table_id=table.table_id or "",
            created=table.created,
            region=location.region,
            endpoint=location.endpoint,
        )

    def contradictions(self, other: Binding) -> tuple[str, ...]:
        """Say what tells `other` apart from this one, as far as it is known of both."""
        return tuple(_contradictions(self, other))


_FACTS = {
    "name": "the name",
    "arn": "the ARN",
    "table_id": "the table's id",
    "created": "the creation time",
    "region": "the region",
    "endpoint": "the endpoint",
}


def _contradictions(planned: Binding, here: Binding) -> Iterator[str]:
    for fact, what in _FACTS.items():
        one, other = getattr(planned, fact), getattr(here, fact)
        if fact == "endpoint":
            one, other = _endpoint(one), _endpoint(other)
        # What one side does not tell proves nothing: emulators leave out ids, times and ARNs.
        if one and other and one != other:
            yield f"{what} was {one}, and is {other}"


def _endpoint(url: str) -> str:
    """Return what two clients of one place have in common."""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    return _OWN_HOSTS[0] if host.endswith(_OWN_HOSTS) else url.rstrip("/")


class Plan(Readable, frozen=True, kw_only=True):
    """What `apply` would do, in order. As text it is a table, and msgspec encodes it.

    It is true where there is something to do: steps, or changes that are blocked.
    """

    table: str
    steps: tuple[Step, ...]
    undeclared: tuple[Undeclared, ...]
    """Only what was read: TTL, tags and policies are, where they are declared."""
    blocked: tuple[Blocked, ...]
    unsupported: tuple[str, ...] = ()
    """What is declared and the endpoint does not know, with `unsupported="skip"`."""
    spec: TableSpec
    """What is declared."""
    allow: tuple[str, ...] = ()
    """What may be destroyed or removed: `apply` needs no second consent."""
    unknown: tuple[Difference, ...] = ()
    """What is declared and cannot be compared: nothing is done about it."""
    bound_to: Binding
    """The table that it was made for, and where that is: `apply` refuses any other one."""

    def __bool__(self) -> bool:
        return bool(self.steps or self.blocked)

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
    for unknown in plan.unknown:
        difference = f"declared {unknown.declared}, found {unknown.found}"
        yield "unknown", unknown.name, f"{difference}: cannot be compared, {unknown.unknown}"
    for name in plan.unsupported:
        yield "unsupported", name, "this endpoint does not know it"


_NAMES = {"key", "tags", "ttl", *Options.__struct_fields__} - {"extra", "ignore"}
_PREFIXES = ("index:", "tag:", "ttl:")
_WILDCARDS = ("index:*", "tag:*")


def checked_allow(allow: object) -> tuple[str, ...]:
    """Return the names in `allow`; raise `Refused` for what can be none."""
    if isinstance(allow, str) or not isinstance(allow, tuple | list | set | frozenset):
        raise Refused((f'allow= takes names, as in allow=("index:by-status",), not {allow!r}',))
    unknown = [name for name in allow if not _is_name(name)]
    if unknown:
        from ..model.arguments import nearest

        known = f"index:..., tag:..., ttl:..., {', '.join(sorted(_NAMES))}"
        meant = nearest(unknown[0], _NAMES)
        raise Refused((f"allow= has {unknown!r:.200}: a name is {known}{meant}",))
    return tuple(allow)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and (name.startswith(_PREFIXES) or name in _NAMES)


def consents(allow: Collection[str], name: str) -> bool:
    """Return whether `allow` names this, by itself or with all of its kind (`index:*`, `tag:*`)."""
    return name in allow or any(
        wildcard in allow and name.startswith(wildcard[:-1]) for wildcard in _WILDCARDS
    )
