"""What to do about a table's indexes: one at a time, each deletion and each creation a step.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import structs

from .. import requests
from ..api.descriptions import KeySchemaElement, TableDescription
from ..model.options import MAX_UNITS, Index, Provisioned
from ..model.spec import MAX_GLOBAL_INDEXES, IndexSpec, KeyAttribute, TableSpec
from .compare import index_facts, is_ignored
from .steps import Blocked, Pair, Step, Undeclared, plain, value_text
from .table_settings import raised

Types = dict[str, str]
"""Key attributes, each with its type."""

_NEW_TABLE = "a local index cannot be changed: make a new table and copy the items into it"


def undeclared_indexes(
    spec: TableSpec, table: TableDescription, allow: Collection[str]
) -> Iterator[Undeclared]:
    """Name the indexes that the model does not mention and nobody wants to be rid of."""
    for name, found in _foreign(spec, table):
        if f"index:{name}" not in allow:
            yield Undeclared(f"index:{name}", found)


def _foreign(spec: TableSpec, table: TableDescription) -> Iterator[tuple[str, str]]:
    declared = {index.name for index in spec.indexes}
    for kind, indexes in (
        ("global", table.global_secondary_indexes),
        ("local", table.local_secondary_indexes),
        ("vector", table.vector_indexes),
    ):
        for index in indexes:
            if index.index_name not in declared:
                yield index.index_name, f"{kind} index"


def index_blocks(
    spec: TableSpec, table: TableDescription, differing: list[Pair], allow: Collection[str]
) -> list[Blocked]:
    """Name what a living table cannot be given, each index once."""
    blocked = [
        *_local_blocks(spec, table, differing),
        *_capacity_blocks(spec, table),
        *_removal_blocks(spec, table, allow),
    ]
    changes = _IndexChanges(spec, table, differing, {item.name for item in blocked}, allow)
    blocked += _type_blocks(changes)
    blocked += _count_blocks(changes, {item.name for item in blocked})
    return list({item.name: item for item in reversed(blocked)}.values())[::-1]


def _local_blocks(
    spec: TableSpec, table: TableDescription, differing: list[Pair]
) -> Iterator[Blocked]:
    local = {f"index:{index.name}" for index in spec.local_indexes}
    local |= {f"index:{index.index_name}" for index in table.local_secondary_indexes}
    for name, declared, found in differing:
        index = name.removesuffix(":kind")
        if index in local:
            yield Blocked(index, value_text(declared), value_text(found), _NEW_TABLE)


def _capacity_blocks(spec: TableSpec, table: TableDescription) -> Iterator[Blocked]:
    for index in spec.global_indexes:
        if index.on_demand is None or is_ignored(spec, "billing"):
            continue
        if _throughput(spec, table) is not None:
            name, remedy = f"index:{index.name}:on_demand", "declare the table's billing too"
            yield Blocked(name, str(index.on_demand), "a provisioned table", remedy)


def _removal_blocks(
    spec: TableSpec, table: TableDescription, allow: Collection[str]
) -> Iterator[Blocked]:
    for name, found in _foreign(spec, table):
        if f"index:{name}" in allow and found != "global index":
            yield Blocked(f"index:{name}", "nothing", found, f"a {found} is not removed from here")


def _type_blocks(changes: _IndexChanges) -> Iterator[Blocked]:
    """Name new indexes with a key attribute that another index has with another type."""
    gone = {*changes.removed, *changes.replaced}
    staying = changes.types_without(gone)
    for index in changes.created:
        for part in index.key:
            if staying.get(part.name, part.type) != part.type:
                where, remedy = _owners(changes.table, part.name, gone)
                found = f"{part.name} as {staying[part.name]}, in the key of {where}"
                yield Blocked(f"index:{index.name}", f"{part.name} as {part.type}", found, remedy)


def _owners(table: TableDescription, attribute: str, gone: Collection[str]) -> tuple[str, str]:
    """Say whose key has an attribute, and what helps.

    A global index among them is not declared: one model has one type for an attribute.
    """
    fixed = (table.key_schema, *(index.key_schema for index in table.local_secondary_indexes))
    if any(attribute in _names(schema) for schema in fixed):
        return (
            "the table or a local index",
            "a type cannot be changed: use another attribute name",
        )
    owners = [
        index.index_name
        for index in table.global_secondary_indexes
        if attribute in _names(index.key_schema) and index.index_name not in gone
    ]
    remedy = f"a type cannot be changed: remove that index first, with {_consent(owners)}"
    return f"index {', '.join(owners)}", remedy


def _consent(indexes: Collection[str]) -> str:
    return f"allow=({', '.join(repr(f'index:{name}') for name in indexes)},)"


def _count_blocks(changes: _IndexChanges, blocked: Collection[str]) -> Iterator[Blocked]:
    """Name the new indexes where the table would have too many of them at any moment."""
    new = [
        index.name
        for index in changes.created
        if index.name not in changes.replaced and f"index:{index.name}" not in blocked
    ]
    there = [index.index_name for index in changes.table.global_secondary_indexes]
    staying = [name for name in there if name not in changes.removed]
    surplus = len(staying) + len(new) - MAX_GLOBAL_INDEXES
    if not new or surplus <= 0:
        return
    declared = {index.name for index in changes.spec.indexes}
    others = [name for name in staying if name not in declared]
    found = f"{len(staying)} global indexes, and {len(new)} new ones"
    remedy = (
        f"a table has at most {MAX_GLOBAL_INDEXES}: remove {surplus} of those that are not "
        f"declared, with {_consent(others)}"
    )
    for name in new:
        yield Blocked(f"index:{name}", "a new index", found, remedy)


def index_steps(
    spec: TableSpec,
    table: TableDescription,
    differing: list[Pair],
    blocked: Collection[str],
    allow: Collection[str],
) -> Iterator[Step]:
    """Return the steps in order: removals, then each index that is new or changed."""
    changes = _IndexChanges(spec, table, differing, blocked, allow)
    gone = set(changes.removed)
    # Replaced one after the other, so that as few as possible are missing at a time;
    # but a new type of an attribute can only come when every index with the old one has gone.
    if changes.types_clash:
        gone |= changes.replaced
    yield from (changes.delete(name) for name in sorted(gone))
    made: list[IndexSpec] = []
    for index in changes.created:
        if index.name in changes.replaced - gone:
            gone.add(index.name)
            yield changes.delete(index.name)
        made.append(index)
        yield changes.create(index, gone, made)
    yield from changes.updates()


class _IndexChanges:
    """What is to be done about indexes, by name."""

    def __init__(
        self,
        spec: TableSpec,
        table: TableDescription,
        differing: list[Pair],
        blocked: Collection[str],
        allow: Collection[str],
    ) -> None:
        self.spec = spec
        self.table = table
        self.differing = differing
        self.blocked = blocked
        names = {name for name, _, _ in differing} - set(blocked)
        there = {index.index_name for index in table.global_secondary_indexes}
        self.created = [i for i in spec.global_indexes if f"index:{i.name}" in names]
        self.replaced = {index.name for index in self.created if index.name in there}
        declared = {index.name for index in spec.indexes}
        self.removed = {name for name in there - declared if f"index:{name}" in allow}

    @property
    def types_clash(self) -> bool:
        old = self.types_without(self.removed)
        return any(old.get(p.name, p.type) != p.type for i in self.created for p in i.key)

    def types_without(self, names: Collection[str]) -> Types:
        """Return the key attributes of the table and its indexes but for these."""
        types = {d.attribute_name: d.attribute_type for d in self.table.attribute_definitions}
        schemas = [self.table.key_schema]
        schemas += (index.key_schema for index in self.table.local_secondary_indexes)
        schemas += (
            index.key_schema
            for index in self.table.global_secondary_indexes
            if index.index_name not in names
        )
        return {part: types.get(part, "S") for schema in schemas for part in _names(schema)}

    def delete(self, name: str) -> Step:
        body = plain(requests.update_table(self.table.table_name, delete=name))
        until = "waits until it is gone"
        facts = (None, self.found(name))
        return Step(f"index:{name}", "destructive", "delete", "UpdateTable", body, *facts, until)

    def found(self, name: str) -> str:
        """Describe an index that is there: a plan is for this one, and not for its successor."""
        types = {d.attribute_name: d.attribute_type for d in self.table.attribute_definitions}
        indexes = self.table.global_secondary_indexes
        index = next(index for index in indexes if index.index_name == name)
        return value_text(index_facts(index, self.spec, types))

    def create(self, index: IndexSpec, gone: Collection[str], made: list[IndexSpec]) -> Step:
        types = self.types_without(gone)
        types |= {part.name: part.type for other in made for part in other.key}
        request = requests.update_table(
            self.table.table_name,
            attributes=[KeyAttribute(name, kind) for name, kind in types.items()],  # type: ignore[arg-type]  # S, N or B
            create=_with_capacity(index, _throughput(self.spec, self.table)),
        )
        declared = next(d for name, d, _ in self.differing if name == f"index:{index.name}")
        facts = (value_text(declared), None)
        text = f"create: {facts[0]}"
        until = "waits until it is built"
        body = plain(request)
        return Step(f"index:{index.name}", "slow", text, "UpdateTable", body, *facts, until)

    def updates(self) -> Iterator[Step]:
        for name, declared, found in self.differing:
            kind, _, rest = name.partition(":")
            index, _, option = rest.partition(":")
            if kind != "index" or option not in _UPDATES or name in self.blocked:
                continue
            if index in {i.name for i in self.created} or self._switched(option):
                continue
            value = raised(declared, found) if option == "warm" else declared
            update = [structs.replace(Index(index), **{option: value})]
            body = plain(requests.update_table(self.table.table_name, update=update))
            facts = (value_text(value), None if found is None else value_text(found))
            text = f"{value_text(found)} -> {value_text(value)}"
            yield Step(name, "safe", text, "UpdateTable", body, *facts, "waits until ACTIVE")

    def _switched(self, option: str) -> bool:
        """Return whether the table becomes provisioned, which sets each index's throughput too."""
        return option == "throughput" and self.table.billing_mode == "PAY_PER_REQUEST"


_UPDATES = ("throughput", "on_demand", "warm")


def _names(schema: tuple[KeySchemaElement, ...]) -> list[str]:
    return [part.attribute_name for part in schema]


def _throughput(spec: TableSpec, table: TableDescription) -> Provisioned | None:
    """Return the table's figures, as they will be, where it is a provisioned one."""
    if spec.billing and not is_ignored(spec, "billing"):
        return spec.billing if isinstance(spec.billing, Provisioned) else None
    there = table.provisioned_throughput
    if table.billing_mode != "PROVISIONED" or there is None:
        return None
    figures = (there.read_capacity_units, there.write_capacity_units)
    return Provisioned(*(min(max(units or 1, 1), MAX_UNITS) for units in figures))


def _with_capacity(index: IndexSpec, table: Provisioned | None) -> IndexSpec:
    if table is None:
        return index
    return structs.replace(index, throughput=index.throughput or table, on_demand=None)
