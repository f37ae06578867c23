"""What there is to do about a table, and whether it is still what a plan shows: a pure comparison.

Nothing is removed that is not declared away or named in `allow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import UNSET, structs

from .. import errors
from ..api import TableDescription
from ..model import value_text
from ..model.options import Provisioned
from ..model.spec import TableSpec, changed
from .compare import Difference, index_pairs, key_pair
from .indexes import IndexChanges, online_indexes
from .settings import compared_rows, covers
from .steps import Blocked, Change, Setting, Settings, Step, Undeclared, consents, name_parts
from .tags_and_policies import on_stream, tag_step


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
        billed = _as_billed(spec, self.table, only)
        every = (key_pair(spec, self.table), *index_pairs(billed, self.table))
        self._differing = {
            name: (declared, found)
            for name, declared, found in every
            if declared != found and covers(only, name)
        }
        there = (f"index:{name}" for name in online_indexes(self.table))
        # Of what `allow` names: a consent to a change of the stream removes no stream.
        named = (*allow, *(name for name in there if consents(allow, name)))
        # The indexes that are to be removed where they are not declared.
        self._removed = frozenset(
            name for name in named if name.startswith("index:") and covers(only, name)
        )
        # What differs of each setting that does.
        self._changes: list[tuple[Setting, list[Change]]] = []
        self._undeclared: list[Undeclared] = []
        for row in compared_rows(spec):
            if group := list(self._changes_of(row)):
                self._changes.append((row, group))
        self._indexes = IndexChanges(billed, self.table, self._differing, self._removed)

    def _changes_of(self, row: Setting) -> Iterator[Change]:
        """Yield what differs of a setting; what `allow` names and nobody declares is removed."""
        every = row.compare(self._spec, self.table, self._settings)
        parts = [part for part in every if covers(self._only, part.name)]
        # What is to be replaced or removed, be it there or not. Of settings only those of the rows
        # before: the order of `SETTINGS` counts.
        declared = {f"index:{index.name}" for index in self._spec.indexes}
        leaving = self.names() | (self._removed - declared) if row.within else ()
        for told in parts:
            # What goes with an index or a stream that leaves is as good as absent: what is declared
            # of it is set again, and what is not needs no removal.
            goes = row.owner_of(told.name) in leaving
            part = told.but(found=row.absent, answer=UNSET) if goes else told
            removed = part.declared is UNSET and consents(self._allow, part.name)
            # A consent to remove what nobody declares is as good as declaring that there is none.
            change = part.but(declared=row.absent) if removed else part
            if change.declared is UNSET:
                if change.found != row.absent:
                    self._undeclared.append(Undeclared(change.name, value_text(change.found)))
            elif change.declared != change.found:
                yield change

    def names(self) -> set[str]:
        """Name all that differs, be there a step for it or not."""
        return {*self._differing, *(c.name for _, group in self._changes for c in group)}

    def steps(self, shown: tuple[Step, ...] = ()) -> tuple[Step, ...]:
        """Return what is to be done, in order; that of the indexes as in the plan `shown`."""
        # Billing comes before the indexes, whose capacity depends on it; what has requests of its
        # own comes last, when the stream or the index is there that it may be about.
        return (
            *self._setting_steps(told=True),
            *self._indexes.steps(tuple(_removed_first(shown))),
            *self._setting_steps(told=False),
        )

    def blocked(self) -> tuple[Blocked, ...]:
        """Return what a living table cannot be given, and what helps."""
        blocked = (*self._own_blocks(), *self._indexes.blocks.values())
        return tuple(item for item in blocked if covers(self._only, item.name))

    def _own_blocks(self) -> Iterator[Blocked]:
        """Name what the table itself cannot be given: another key, and settings."""
        if "key" in self._differing:
            remedy = "a key cannot be changed: make a new table and copy the items into it"
            declared, found = map(value_text, self._differing["key"])
            yield Blocked("key", declared, found, remedy)
        for row, group in self._changes:
            for change in group:
                if remedy := self._remedy(row, change):
                    facts = value_text(change.declared), value_text(change.found)
                    yield Blocked(change.name, *facts, remedy)

    def _remedy(self, row: Setting, change: Change) -> str:
        """Return what helps where a setting cannot be given to the table; empty where it can."""
        stream = self.table.stream_specification
        there = {f"index:{name}" for name in online_indexes(self.table)}
        there |= {"stream"} if stream and stream.stream_enabled else set()
        about = row.owner_of(change.name)
        # What it is about may be ignored, or left out by `only`.
        if row.within and change.declared != row.absent and about not in there | self.names():
            return f"there is no {about}, and this plan makes none"
        return row.blocked(change)

    def undeclared(self) -> tuple[Undeclared, ...]:
        """Return what is left alone."""
        indexes = (item for item in self._indexes.undeclared if covers(self._only, item.name))
        return (*indexes, *self._undeclared)

    def _setting_steps(self, *, told: bool) -> Iterator[Step]:
        """Return the steps for settings that DescribeTable tells, or for the others."""
        for row, group in self._changes:
            # A plan with blocked changes is refused as a whole, and shows the rest all the same.
            able = [change for change in group if not self._remedy(row, change)]
            if able and told is (row.read is None and not row.late):
                yield from row.steps(*able)


def _as_billed(spec: TableSpec, table: TableDescription, only: tuple[str, ...]) -> TableSpec:
    """Return a spec by which indexes are as the table is billed, if `only` lets that stay."""
    declared = isinstance(spec.billing, Provisioned)
    switched = spec.billing is not UNSET and declared != (table.billing_mode == "PROVISIONED")
    if not switched or covers(only, "billing"):
        return spec
    return changed(spec, ignore=(*(spec.ignore or ()), "billing"))


def marked(
    spec: TableSpec, table: TableDescription, drift: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    """Say of each difference whether a living table cannot be given what is declared."""
    # What is blocked is told by DescribeTable alone: keys and indexes. No setting is read for it.
    blocked = {item.name for item in TableComparison(spec, table, Settings()).blocked()}
    return tuple(
        structs.replace(item, blocked=item.name.removesuffix(":kind") in blocked) for item in drift
    )


def _removed_first(shown: tuple[Step, ...]) -> Iterator[str]:
    """Name the indexes that a plan removes before it creates any."""
    for step in shown:
        kind, name, option = name_parts(step.name)
        if kind == "index" and not option:
            if step.kind != "destructive":
                return
            yield name


def _staying(indexes: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(index for index in indexes if index.index_status != "DELETING")


class Review:
    """What one look has found, beside what a plan shows: compared once, for all steps."""

    def __init__(self, found: TableComparison, shown: tuple[Step, ...]) -> None:
        self._name = found.table.table_name
        self._shown = shown
        # The steps of a new plan, so that one rule says what a table wants. They are only compared,
        # and never sent.
        self._steps = found.steps(shown)
        self._blocked = found.blocked()
        self._differing = frozenset(map(_family, found.names()))

    def needs(self, step: Step) -> bool:
        """Return whether a step of the plan is still to be done.

        Raises `PlanRefused` where what is there asks for another change than the plan shows.
        """
        reasons = [
            f"{other.name}: the plan does not show this change: {other.change}, found {other.found}"
            for other in self._steps
            if (_is_near(other.name, step.name) or _is_condition(other, step))
            and not any(_is_same(other, shown) for shown in self._shown)
        ]
        blocked = tuple(item for item in self._blocked if _is_near(item.name, step.name))
        near = any(_is_near(other.name, step.name) for other in self._steps)
        if not near and self._differing.intersection(_differences(step)):
            reasons.append(f"{step.name}: this change is no longer possible as the plan shows it")
        if reasons or blocked:
            advice = f"{self._name} has changed since the plan was made: make another plan"
            raise errors.PlanRefused((), blocked=blocked, reasons=(advice, *reasons))
        return self.again(step) is not None

    def again(self, step: Step) -> Step | None:
        """Return this very step as it would be planned now; `None` if nothing there wants it."""
        return next((other for other in self._steps if _is_same(other, step)), None)


def _is_near(name: str, step: str) -> bool:
    """Return whether a change is about the same thing as a step, or about its whole index."""
    families = (_family(name), _family(step))
    return families[0] == families[1] or (name.startswith("index:") and step.startswith(f"{name}:"))


def _is_condition(other: Step, step: Step) -> bool:
    """Return whether a step can only be as shown if another one is shown, and done, before it.

    What an index may say of its capacity depends on how the table is billed, and the definitions
    that come with a new one are those of all indexes.
    """
    if not step.name.startswith("index:") or step.declared is None:
        return False
    built = "AttributeDefinitions" in step.payload and other.name.startswith("index:")
    return other.name == "billing" or (built and other.name.count(":") == 1)


def _family(name: str) -> str:
    # Turning TTL off is named after the attribute that it is on for: both are one setting.
    return "ttl" if name.startswith("ttl:") else name


def _differences(step: Step) -> Iterator[str]:
    """Name what differs as long as a step is to be done."""
    if step.name == "tags":
        yield from (f"tag:{key}" for key in step.declared)
    else:
        yield _family(step.name)


def _is_same(fresh: Step, shown: Step) -> bool:
    """Return whether a step does what was shown, from where it was shown to begin."""
    if fresh.name == shown.name == "tags":
        # Some of the tags may be there by now: the rest is part of what was shown.
        pairs = ((fresh.declared, shown.declared), (fresh.found, shown.found))
        parts = all(set(some.items()) <= set(every.items()) for some, every in pairs)
        # Its requests are those that it shows: the JSON of a plan may have been edited.
        told = tag_step(fresh.payload["ResourceArn"], shown.declared, shown.found)
        return parts and _identity(told) == _identity(shown)
    # A plan that turns a stream on could not know its ARN yet.
    shown = on_stream(shown, fresh.payload.get("ResourceArn"))
    return _identity(fresh) == _identity(shown)


def _identity(step: Step) -> tuple[Any, ...]:
    """Return all that is done and shown; JSON that was sorted has its members in another order."""
    body = dict(step.payload)
    tags = {tag["Key"]: tag["Value"] for tag in body.pop("Tags", ())}
    told = sorted(step.change.split(", ")), step.declared, step.found
    definitions = body.pop("AttributeDefinitions", ())
    types = {item["AttributeName"]: item["AttributeType"] for item in definitions}
    where = step.operation, step.region
    return step.name, step.kind, *where, *told, body, types, tags
