"""From what is declared and what is there to a plan: a pure function.

Nothing is removed that is not declared away or named in `allow`, and the service takes one kind of
change at a time: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, structs

from ..api.descriptions import TableDescription
from ..model import Readable
from ..model.spec import TableSpec
from ..operations.effects import Location
from .compare import Difference, compared_rows, index_pairs, key_pair, unknowns
from .indexes import index_blocks, index_steps, undeclared_indexes
from .steps import (
    Blocked,
    Change,
    Pair,
    Setting,
    Settings,
    Step,
    Undeclared,
    consents,
    value_text,
)

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


def make_plan(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    allow: tuple[str, ...] = (),
    location: Location = Location(),
) -> Plan:
    """Say what is to be done, what cannot be done, and what is left alone."""
    table = _without_leaving_indexes(table)
    differing = _differing(spec, table)
    changes, left = _changes(spec, table, settings, allow)
    asked = _removed_indexes(table, allow)
    blocked = [*_key_blocks(differing), *index_blocks(spec, table, differing, asked)]
    names = {item.name for item in blocked}
    return Plan(
        table=spec.name,
        steps=(
            *(step for row, group in changes if not row.read for step in row.steps(*group)),
            *index_steps(spec, table, differing, names, asked),
            *(step for row, group in changes if row.read for step in row.steps(*group)),
        ),
        undeclared=(*undeclared_indexes(spec, table, asked), *left),
        blocked=tuple(blocked),
        unsupported=settings.unsupported,
        spec=spec,
        allow=allow,
        unknown=unknowns(spec, table),
        bound_to=Binding.to(table, location),
    )


def different(
    spec: TableSpec, table: TableDescription, settings: Settings, allow: tuple[str, ...]
) -> frozenset[str]:
    """Name all that differs, be there a step for it or not."""
    table = _without_leaving_indexes(table)
    changes, _ = _changes(spec, table, settings, allow)
    parts = (change.name for _, group in changes for change in group)
    return frozenset((*parts, *(name for name, _, _ in _differing(spec, table))))


def _differing(spec: TableSpec, table: TableDescription) -> list[Pair]:
    every = (key_pair(spec, table), *index_pairs(spec, table))
    return [(name, declared, found) for name, declared, found in every if declared != found]


def _changes(
    spec: TableSpec, table: TableDescription, settings: Settings, allow: tuple[str, ...]
) -> tuple[list[tuple[Setting, list[Change]]], list[Undeclared]]:
    """Return what differs, by setting, and what is there that nobody declares.

    What is named in `allow` and not declared is to be removed.
    """
    changes = []
    left = []
    for row in compared_rows(spec):
        group = []
        for part in row.compare(spec, table, settings):
            removed = part.declared is UNSET and consents(allow, part.name)
            change = part.but(declared=row.absent) if removed else part
            if change.declared is not UNSET:
                group += [change] * (change.declared != change.found)
            elif change.found != row.absent:
                left.append(Undeclared(change.name, value_text(change.found)))
        if group:
            changes.append((row, group))
    return changes, left


def _without_leaving_indexes(table: TableDescription) -> TableDescription:
    staying = (i for i in table.global_secondary_indexes if i.index_status != "DELETING")
    return structs.replace(table, global_secondary_indexes=tuple(staying))


def _removed_indexes(table: TableDescription, allow: tuple[str, ...]) -> frozenset[str]:
    """Name the indexes that are to be removed where they are not declared."""
    every = (f"index:{index.index_name}" for index in table.global_secondary_indexes)
    return frozenset((*allow, *(name for name in every if consents(allow, name))))


def _key_blocks(differing: list[Pair]) -> list[Blocked]:
    remedy = "a key cannot be changed: make a new table and copy the items into it"
    return [
        Blocked(name, value_text(declared), value_text(found), remedy)
        for name, declared, found in differing
        if name == "key"
    ]
