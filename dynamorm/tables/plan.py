"""From what is declared and what is there to a plan: a pure function.

Nothing is removed that is not declared away or named in `allow`, and the service takes one kind of
change at a time: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET, structs

from .. import requests
from ..api import TableDescription
from ..errors import Refused
from ..model import Readable, value_text, whole_name
from ..model.spec import TableSpec
from ..operations import Location
from .binding import Binding
from .compare import Difference, compared_rows, index_pairs, key_pair, unknowns
from .indexes import IndexChanges, online_indexes
from .plan_text import plan_text
from .selection import covers
from .settings import SETTINGS
from .steps import (
    UNKNOWN,
    Blocked,
    Change,
    Setting,
    Settings,
    Step,
    Undeclared,
    consents,
    plain,
)

FORMAT = 1
"""The version of a plan's JSON."""


class Plan(Readable, frozen=True, kw_only=True):
    """What `apply` would do, in order. As text it is a table; as JSON it goes to another process.

    It is true where there is something to do: steps, or changes that are blocked.
    """

    format_version: int = FORMAT
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
    only: tuple[str, ...] = ()
    """What was compared; everything, if it names nothing."""
    unknown: tuple[Difference, ...] = ()
    """What is declared and cannot be compared: nothing is done about it."""
    bound_to: Binding
    """The table that it was made for, and where that is: `apply` refuses any other one."""

    def __post_init__(self) -> None:
        if self.format_version != FORMAT:
            version = f"a plan of format_version {self.format_version}, where {FORMAT} is known"
            raise Refused((f"{version}: plan and apply with the same version of dynamorm",))

    def __bool__(self) -> bool:
        return bool(self.steps or self.blocked)

    def __str__(self) -> str:
        return plan_text(self.table, self.steps, list(self._notes()))

    def _notes(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is not done, with the reason of each."""
        for blocked in self.blocked:
            difference = f"declared {blocked.declared}, found {blocked.found}"
            yield "blocked", blocked.name, f"{difference}: {blocked.remedy}"
        for undeclared in self.undeclared:
            yield "left alone", undeclared.name, undeclared.found
        for unknown in self.unknown:
            yield "unknown", unknown.name, str(unknown).partition(": ")[2]
        for name in self.unsupported:
            yield "unsupported", name, UNKNOWN

    @property
    def creates(self) -> bool:
        """Whether its table is not there yet."""
        return any(step.kind == "create" for step in self.steps)


def create_plan(spec: TableSpec, allow: tuple[str, ...], location: Location) -> Plan:
    """Say how a table that is missing would be made: one step, whatever it needs."""
    # What is shown is sent: the real name, as in the steps for a table that is there.
    name = whole_name(location.table_prefix, spec.name)
    # Compared with an empty description, all that is declared differs: no rule of its own.
    unborn = TableDescription(name, "CREATING")
    request = structs.replace(requests.create_table(spec), table_name=name)
    rows = (row for row in SETTINGS.values() if row.with_create and row.declared(spec))
    _, key, _ = key_pair(spec, unborn)
    made = ", ".join(
        (str(key), *(f"index:{i.name}" for i in spec.indexes), *(r.name for r in rows))
    )
    step = Step(
        "table",
        "create",
        f"create: {made}",
        "CreateTable",
        plain(request),
        declared=made,
        until="waits until ACTIVE",
        # A new table has no items that TTL could delete.
        then=tuple(structs.replace(step, kind="safe") for step in first_steps(spec, unborn)),
    )
    return Plan(
        table=spec.name,
        steps=(step,),
        undeclared=(),
        blocked=(),
        spec=spec,
        allow=allow,
        bound_to=Binding.at(spec.name, location),
    )


def first_steps(spec: TableSpec, table: TableDescription) -> list[Step]:
    """Return what CreateTable could not set, ignored or not: `ignore` begins after creation."""
    late = (row for row in SETTINGS.values() if not row.with_create)
    return [step for row in late for step in steps_of(row, spec, table, None)]


def steps_of(row: Setting, spec: TableSpec, table: TableDescription, answer: Any) -> list[Step]:
    """Return the steps for what is declared of one setting, of which `read` has returned this."""
    parts = row.compare(spec, table, Settings({row.name: answer}))
    group = [p for p in parts if p.declared is not UNSET and p.declared != p.found]
    return list(row.steps(*group)) if group else []


def make_plan(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    allow: tuple[str, ...] = (),
    location: Location = Location(),
    only: tuple[str, ...] = (),
) -> Plan:
    """Say what is to be done, what cannot be done, and what is left alone."""
    found = TableComparison(spec, table, settings, allow, only)
    return Plan(
        table=spec.name,
        steps=found.steps(),
        undeclared=found.undeclared(),
        blocked=found.blocked(),
        unsupported=settings.unsupported,
        spec=spec,
        allow=allow,
        only=only,
        unknown=tuple(item for item in unknowns(spec, found.table) if covers(only, item.name)),
        bound_to=Binding.to(table, location),
    )


class TableComparison:
    """What differs in a table, as far as `only` says, and what is there that nobody declares."""

    def __init__(
        self,
        spec: TableSpec,
        table: TableDescription,
        settings: Settings,
        allow: tuple[str, ...] = (),
        only: tuple[str, ...] = (),
    ) -> None:
        self._spec = spec
        self._settings = settings
        self._allow = allow
        self._only = only
        # An index that is leaving is gone: a new one of its name waits until the table is ACTIVE.
        self.table = structs.replace(
            table,
            global_secondary_indexes=_staying(table.global_secondary_indexes),
            vector_indexes=_staying(table.vector_indexes),
        )
        every = (key_pair(spec, self.table), *index_pairs(spec, self.table))
        self._differing = [pair for pair in every if pair[1] != pair[2] and covers(only, pair[0])]
        there = (f"index:{name}" for name in online_indexes(self.table))
        named = (*allow, *(name for name in there if consents(allow, name)))
        # The indexes that are to be removed where they are not declared.
        self._removed = frozenset(name for name in named if covers(only, name))
        # What differs of each setting that does.
        self._changes: list[tuple[Setting, list[Change]]] = []
        self._undeclared: list[Undeclared] = []
        for row in compared_rows(spec):
            if group := list(self._changes_of(row)):
                self._changes.append((row, group))
        self._indexes = IndexChanges(spec, self.table, self._differing, self._removed)

    def _changes_of(self, row: Setting) -> Iterator[Change]:
        """Yield what differs of a setting; what `allow` names and nobody declares is removed."""
        every = row.compare(self._spec, self.table, self._settings)
        parts = [part for part in every if covers(self._only, part.name)]
        leaving = self._leaving() if row.within and parts else ()
        for told in parts:
            # What goes with an index or a stream that leaves is as good as absent: what is declared
            # of it is set again, and what is not needs no removal.
            _, colon, rest = told.name.partition(":")
            goes = f"{row.within}{colon}{rest}" in leaving
            part = told.but(found=row.absent, answer=UNSET) if goes else told
            removed = part.declared is UNSET and consents(self._allow, part.name)
            # A consent to remove what nobody declares is as good as declaring that there is none.
            change = part.but(declared=row.absent) if removed else part
            if change.declared is UNSET:
                if change.found != row.absent:
                    self._undeclared.append(Undeclared(change.name, value_text(change.found)))
            elif change.declared != change.found:
                yield change

    def _leaving(self) -> set[str]:
        """Name what is to be replaced or removed, be it there or not: more goes with it.

        Of settings only those of the rows before: the order of `SETTINGS` counts.
        """
        declared = {f"index:{index.name}" for index in self._spec.indexes}
        return self.names() | (self._removed - declared)

    def names(self) -> set[str]:
        """Name all that differs, be there a step for it or not."""
        differing = {name for name, _, _ in self._differing}
        return differing.union(change.name for _, group in self._changes for change in group)

    def steps(self) -> tuple[Step, ...]:
        """Return what is to be done, in order."""
        # Billing comes before the indexes, whose capacity depends on it; what has requests of its
        # own comes last, when the stream or the index is there that it may be about.
        return (
            *self._setting_steps(told=True),
            *self._indexes.steps,
            *self._setting_steps(told=False),
        )

    def blocked(self) -> tuple[Blocked, ...]:
        """Return what cannot be done."""
        blocked = (*self._key_blocks(), *self._setting_blocks(), *self._indexes.blocked)
        return tuple(item for item in blocked if covers(self._only, item.name))

    def undeclared(self) -> tuple[Undeclared, ...]:
        """Return what is left alone."""
        indexes = (item for item in self._indexes.undeclared if covers(self._only, item.name))
        return (*indexes, *self._undeclared)

    def _setting_steps(self, *, told: bool) -> Iterator[Step]:
        """Return the steps for settings that DescribeTable tells, or for the others."""
        for row, group in self._changes:
            # A plan with blocked changes is refused as a whole, and shows the rest all the same.
            able = [change for change in group if not row.blocked(change)]
            if able and told is (row.read is None and not row.late):
                yield from row.steps(*able)

    def _setting_blocks(self) -> Iterator[Blocked]:
        """Name the settings that a living table cannot be given."""
        for row, group in self._changes:
            for change in group:
                if remedy := row.blocked(change):
                    facts = value_text(change.declared), value_text(change.found)
                    yield Blocked(change.name, *facts, remedy)

    def _key_blocks(self) -> Iterator[Blocked]:
        """Name a key that differs."""
        remedy = "a key cannot be changed: make a new table and copy the items into it"
        for name, declared, found in self._differing:
            if name == "key":
                yield Blocked(name, value_text(declared), value_text(found), remedy)


def marked(
    spec: TableSpec, table: TableDescription, drift: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    """Say of each difference whether a living table cannot be given what is declared."""
    if not drift:
        return ()
    # What is blocked is told by DescribeTable alone: keys and indexes. No setting is read for it.
    blocked = {item.name for item in TableComparison(spec, table, Settings()).blocked()}
    return tuple(
        structs.replace(item, blocked=item.name.removesuffix(":kind") in blocked) for item in drift
    )


def _staying(indexes: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(index for index in indexes if index.index_status != "DELETING")
