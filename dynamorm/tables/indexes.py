"""What to do about a table's indexes: one at a time, each deletion and each creation a step.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import structs

from ..api.descriptions import TableDescription
from ..model import value_text
from ..model.options import MAX_UNITS, Index, Provisioned
from ..model.spec import MAX_GLOBAL_INDEXES, IndexSpec, KeyAttribute, TableSpec
from .compare import attribute_types, index_facts, is_ignored
from .steps import Blocked, Change, Pair, Step, Undeclared
from .table_settings import raised

Types = dict[str, str]
"""Key attributes, each with its type."""

_NEW_TABLE = "a local index cannot be changed: make a new table and copy the items into it"


class IndexChanges:
    """What differs in the indexes of a table: what is done about it, in order, and what is not.

    `allow` names the indexes that are to be removed where they are not declared.
    """

    def __init__(
        self,
        spec: TableSpec,
        table: TableDescription,
        differing: list[Pair],
        allow: Collection[str],
    ) -> None:
        self._spec = spec
        self._table = table
        self._differing = differing
        self._allow = allow
        self._there = {index.index_name: index for index in table.global_secondary_indexes}
        declared = {index.name for index in spec.indexes}
        self._foreign = {
            name: f"{kind} index"
            for kind, names in (
                ("global", [*self._there]),
                ("local", [index.index_name for index in table.local_secondary_indexes]),
                ("vector", [index.index_name for index in table.vector_indexes]),
            )
            for name in names
            if name not in declared
        }
        self._removed = {
            name for name in self._there if name in self._foreign and f"index:{name}" in allow
        }
        self._blocks: dict[str, Blocked] = {}
        # What an earlier rule blocks, a later one does not count as new.
        for rule in (
            self._local_blocks,
            self._capacity_blocks,
            self._removal_blocks,
            self._type_blocks,
            self._count_blocks,
        ):
            for item in tuple(rule()):
                self._blocks.setdefault(item.name, item)

    @property
    def blocked(self) -> tuple[Blocked, ...]:
        """What a living table cannot be given, each index once."""
        return tuple(self._blocks.values())

    @property
    def undeclared(self) -> Iterator[Undeclared]:
        """The indexes that the model does not mention and `allow` does not name."""
        for name, kind in self._foreign.items():
            if f"index:{name}" not in self._allow:
                yield Undeclared(f"index:{name}", kind)

    @property
    def steps(self) -> Iterator[Step]:
        """The steps in order: removals, then each index that is new or changed."""
        gone, created = set(self._removed), self._created
        replaced = {index.name for index in created if index.name in self._there}
        # Replaced one after the other, so that as few as possible are missing at a time;
        # but a new type of an attribute can only come when every index with the old one has gone.
        if self._types_clash(created):
            gone |= replaced
        yield from (self._delete(name) for name in sorted(gone))
        made: list[IndexSpec] = []
        for index in created:
            if index.name in replaced - gone:
                gone.add(index.name)
                yield self._delete(index.name)
            made.append(index)
            yield self._create(index, gone, made)
        yield from self._updates({index.name for index in created})

    @property
    def _created(self) -> list[IndexSpec]:
        """The indexes that are new or changed, and can be."""
        names = {name for name, _, _ in self._differing} - self._blocks.keys()
        return [index for index in self._spec.global_indexes if f"index:{index.name}" in names]

    def _local_blocks(self) -> Iterator[Blocked]:
        local = {f"index:{index.name}" for index in self._spec.local_indexes}
        local |= {f"index:{index.index_name}" for index in self._table.local_secondary_indexes}
        for name, declared, found in self._differing:
            index = name.removesuffix(":kind")
            if index in local:
                yield Blocked(index, value_text(declared), value_text(found), _NEW_TABLE)

    def _capacity_blocks(self) -> Iterator[Blocked]:
        if is_ignored(self._spec, "billing") or self._throughput is None:
            return
        for index in self._spec.global_indexes:
            if index.on_demand is not None:
                name, remedy = f"index:{index.name}:on_demand", "declare the table's billing too"
                yield Blocked(name, str(index.on_demand), "a provisioned table", remedy)

    def _removal_blocks(self) -> Iterator[Blocked]:
        for name, kind in self._foreign.items():
            if f"index:{name}" in self._allow and kind != "global index":
                remedy = f"a {kind} is not removed from here"
                yield Blocked(f"index:{name}", "nothing", kind, remedy)

    def _type_blocks(self) -> Iterator[Blocked]:
        """Name new indexes with a key attribute that another index has with another type."""
        created = self._created
        gone = self._removed | {index.name for index in created}
        staying = self._types_without(gone)
        for index in created:
            for part in index.key:
                if staying.get(part.name, part.type) != part.type:
                    where, remedy = self._owners(part.name, gone)
                    found = f"{part.name} as {staying[part.name]}, in the key of {where}"
                    declared = f"{part.name} as {part.type}"
                    yield Blocked(f"index:{index.name}", declared, found, remedy)

    def _owners(self, attribute: str, gone: Collection[str]) -> tuple[str, str]:
        """Say whose key has an attribute, and what helps.

        A global index among them is not declared: one model has one type for an attribute.
        """
        owners = [
            name
            for name, index in self._there.items()
            if name not in gone and any(p.attribute_name == attribute for p in index.key_schema)
        ]
        if not owners or attribute in self._types_without(self._there):
            where = "the table, or a local or vector index"
            return where, "a type cannot be changed: use another attribute name"
        remedy = f"a type cannot be changed: remove that index first, with {_consent(owners)}"
        return f"index {', '.join(owners)}", remedy

    def _count_blocks(self) -> Iterator[Blocked]:
        """Name the new indexes where the table would have too many of them at any moment."""
        new = [index.name for index in self._created if index.name not in self._there]
        staying = [name for name in self._there if name not in self._removed]
        surplus = len(staying) + len(new) - MAX_GLOBAL_INDEXES
        if not new or surplus <= 0:
            return
        others = [name for name in staying if name in self._foreign]
        found = f"{len(staying)} global indexes, and {len(new)} new ones"
        remedy = (
            f"a table has at most {MAX_GLOBAL_INDEXES}: remove {surplus} of those that are not "
            f"declared, with {_consent(others)}"
        )
        for name in new:
            yield Blocked(f"index:{name}", "a new index", found, remedy)

    def _types_clash(self, created: list[IndexSpec]) -> bool:
        old = self._types_without(self._removed)
        return any(old.get(p.name, p.type) != p.type for index in created for p in index.key)

    def _types_without(self, names: Collection[str]) -> Types:
        """Return the key attributes of the table and its indexes but for these global ones."""
        table = self._table
        types = attribute_types(table)
        schemas = [table.key_schema, *(i.key_schema for i in table.local_secondary_indexes)]
        schemas += (i.key_schema for name, i in self._there.items() if name not in names)
        keys = [part.attribute_name for schema in schemas for part in schema]
        # The HASH and the filters of a vector index are defined too, but not its vector.
        filters = (p.attribute_name for i in table.vector_indexes for p in i.search_schema)
        return {name: types.get(name, "S") for name in (*keys, *(f for f in filters if f in types))}

    def _change(self, name: str, declared: object, found: object) -> Change:
        return Change(name, declared, found, self._spec, self._table)

    def _delete(self, name: str) -> Step:
        # A plan is for this index, not for a later one of the same name.
        facts = index_facts(self._there[name], self._spec, attribute_types(self._table))
        leaving = self._change(f"index:{name}", None, facts)
        return leaving.update("delete", "destructive", "waits until it is gone", delete=name)

    def _create(self, index: IndexSpec, gone: Collection[str], made: list[IndexSpec]) -> Step:
        types = self._types_without(gone)
        types |= {part.name: part.type for other in made for part in other.key}
        name = f"index:{index.name}"
        declared = next(declared for differing, declared, _ in self._differing if differing == name)
        return self._change(name, declared, None).update(
            f"create: {value_text(declared)}",
            "slow",
            "waits until it is built",
            attributes=[KeyAttribute(name, kind) for name, kind in types.items()],  # type: ignore[arg-type]  # S, N or B
            create=self._with_capacity(index),
        )

    def _updates(self, created: Collection[str]) -> Iterator[Step]:
        for name, declared, found in self._differing:
            kind, _, rest = name.partition(":")
            index, _, option = rest.partition(":")
            if kind != "index" or option not in _UPDATES or name in self._blocks:
                continue
            # A table that becomes provisioned sets each index's throughput too.
            switched = option == "throughput" and self._table.billing_mode == "PAY_PER_REQUEST"
            if index not in created and not switched:
                value = raised(declared, found) if option == "warm" else declared
                update = [structs.replace(Index(index), **{option: value})]
                yield self._change(name, value, found).update(update=update)

    @property
    def _throughput(self) -> Provisioned | None:
        """The table's figures, as they will be, where it is a provisioned one."""
        spec, there = self._spec, self._table.provisioned_throughput
        if spec.billing and not is_ignored(spec, "billing"):
            return spec.billing if isinstance(spec.billing, Provisioned) else None
        if self._table.billing_mode != "PROVISIONED" or there is None:
            return None
        figures = (there.read_capacity_units, there.write_capacity_units)
        return Provisioned(*(min(max(units or 1, 1), MAX_UNITS) for units in figures))

    def _with_capacity(self, index: IndexSpec) -> IndexSpec:
        if (table := self._throughput) is None:
            return index
        return structs.replace(index, throughput=index.throughput or table, on_demand=None)


_UPDATES = ("throughput", "on_demand", "warm")


def _consent(indexes: Collection[str]) -> str:
    return f"allow=({', '.join(repr(f'index:{name}') for name in indexes)},)"
