"""What to do about a table's indexes: one at a time, each deletion and each creation a step.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from msgspec import structs

from ..api import TableDescription
from ..api.parts import IndexDescription, VectorIndexDescription
from ..model import value_text
from ..model.index_rules import MAX_INDEXES
from ..model.keys import IndexKind, IndexSpec, KeyAttribute
from ..model.options import MAX_UNITS, Index, Provisioned
from ..model.spec import TableSpec, is_ignored
from .compare import attribute_types, index_facts, indexes_of, schema_of
from .steps import Blocked, Change, Step, Undeclared, name_parts
from .table_settings import raised

Types = dict[str, str]
"""Key attributes and inline filters, each with its type."""

Differing = dict[str, tuple[Any, Any]]
"""What is declared and what is found, by the name of what differs."""

# The kinds of index that can come and go, with the argument that deletes one.
_ONLINE: dict[IndexKind, str] = {"global": "delete", "vector": "delete_vector"}

_NEW_TABLE = "a local index cannot be changed: make a new table and copy the items into it"


def online_indexes(table: TableDescription) -> dict[str, IndexDescription]:
    """Return the indexes that a living table can be given, or rid of, by their names."""
    return {index.index_name: index for index in indexes_of(table) if index.kind in _ONLINE}


class IndexChanges:
    """What differs in the indexes of a table: what is done about it, in order, and what is not.

    `allow` names the indexes that are to be removed where they are not declared. `differing` is of
    keys and indexes: what is to be made or changed, of which some is blocked.
    """

    def __init__(
        self, spec: TableSpec, table: TableDescription, differing: Differing, allow: Collection[str]
    ) -> None:
        self._spec = spec
        self._table = table
        self._differing = differing
        self._allow = allow
        self._there = online_indexes(table)
        declared = {index.name for index in spec.indexes}
        self._foreign = {
            index.index_name: index.kind
            for index in indexes_of(table)
            if index.index_name not in declared
        }
        self._removed = {
            name for name in self._there if name in self._foreign and f"index:{name}" in allow
        }
        owners: tuple[TableDescription | IndexDescription, ...] = (table, *indexes_of(table))
        self._types = {
            getattr(owner, "index_name", ""): _types_there(owner, table) for owner in owners
        }
        self.blocks: dict[str, Blocked] = {}
        """What a living table cannot be given, each index once."""
        # What an earlier rule blocks, a later one does not count as new.
        for rule in (
            self._local_blocks,
            self._capacity_blocks,
            self._type_blocks,
            self._count_blocks,
        ):
            # As a tuple: a rule that is still running must not see its own first results.
            for item in tuple(rule()):
                self.blocks.setdefault(item.name, item)

    @property
    def undeclared(self) -> Iterator[Undeclared]:
        """The indexes that the model does not mention and `allow` does not name."""
        for name, kind in self._foreign.items():
            if f"index:{name}" not in self._allow:
                yield Undeclared(f"index:{name}", f"{kind} index")

    def steps(self, first: Collection[str] = ()) -> Iterator[Step]:
        """Yield the steps in order: removals, then each index that is new or changed.

        `first` names the indexes that a plan has removed before it creates any: some of them may
        have gone since, and with them the reason why the others go first, too.
        """
        gone, created = set(self._removed), self._created
        replaced = {index.name for index in created if index.name in self._there}
        # Replaced one after the other, so that as few as possible are missing at a time;
        # but a new type of an attribute can only come when every index with the old one has gone.
        old = self._types_without(self._removed)
        new = (part for index in created for part in _types_of(index).items())
        if any(old.get(name, kind) != kind for name, kind in new):
            gone |= replaced
        gone |= replaced.intersection(first)
        # Sorted, so that the same table and model have the same plan. Those that nobody declares go
        # first: they may be in the way of others, by their number or by a type.
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
        names = self._differing.keys() - self.blocks.keys()
        online = (index for index in self._spec.indexes if index.kind in _ONLINE)
        return [index for index in online if f"index:{index.name}" in names]

    def _local_blocks(self) -> Iterator[Blocked]:
        """Name what differs of local indexes, which are made with their table and never after."""
        local = {f"index:{index.name}" for index in self._spec.local_indexes}
        local |= {f"index:{index.index_name}" for index in self._table.local_secondary_indexes}
        for name, (declared, found) in self._differing.items():
            index = name.removesuffix(":kind")
            if index in local:
                yield Blocked(index, value_text(declared), value_text(found), _NEW_TABLE)
        for name, kind in self._foreign.items():
            if f"index:{name}" in self._allow and kind not in _ONLINE:
                remedy = f"a {kind} index is not removed from here"
                yield Blocked(f"index:{name}", "nothing", f"{kind} index", remedy)

    def _capacity_blocks(self) -> Iterator[Blocked]:
        """Name what only an on-demand table can have, where this is, or becomes, provisioned."""
        if self._throughput is None:
            return
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.Requirements.html
        for index in self._created:
            if index.vector:
                name = f"index:{index.name}"
                # Where it is declared, it is ignored, or left out by `only`.
                remedy = "declare billing=OnDemand(), for this plan or one before it"
                yield Blocked(name, "a vector index", "a provisioned table", remedy)
        for index in self._spec.indexes:
            if index.on_demand is not None and not is_ignored(self._spec, "billing"):
                name, remedy = f"index:{index.name}:on_demand", "declare the table's billing too"
                yield Blocked(name, str(index.on_demand), "a provisioned table", remedy)

    def _type_blocks(self) -> Iterator[Blocked]:
        """Name new indexes with a key attribute that another index has with another type.

        A table defines an attribute once, for all its keys: the service refuses a second type.
        """
        created = self._created
        gone = self._removed | {index.name for index in created}
        staying = self._types_without(gone)
        for index in created:
            for name, kind in _types_of(index).items():
                if staying.get(name, kind) != kind:
                    where, remedy = self._owners(name, gone)
                    found = f"{name} as {staying[name]}, in the key of {where}"
                    yield Blocked(f"index:{index.name}", f"{name} as {kind}", found, remedy)

    def _owners(self, attribute: str, gone: Collection[str]) -> tuple[str, str]:
        """Say what has an attribute, and what helps.

        An index among them is not declared: one model has one type for an attribute.
        """
        staying = (name for name in self._there if name not in gone)
        owners = [name for name in staying if attribute in self._types[name]]
        # Without all that can leave, it is still used: by the table's key or by a local index.
        if not owners or attribute in self._types_without(self._there):
            where = "the table, or a local index"
            return where, "a type cannot be changed: use another attribute name"
        remedy = f"a type cannot be changed: remove that index first, with {_consent(owners)}"
        return f"index {', '.join(owners)}", remedy

    def _count_blocks(self) -> Iterator[Blocked]:
        """Name the new indexes where the table would have too many of them at any moment."""
        for kind in _ONLINE:
            there = [name for name, index in self._there.items() if index.kind == kind]
            made = [index for index in self._created if index.kind == kind]
            # One that is replaced leaves before it comes again, and adds none.
            new = [index.name for index in made if index.name not in there]
            staying = [name for name in there if name not in self._removed]
            surplus = len(staying) + len(new) - MAX_INDEXES[kind]
            if surplus <= 0:
                continue
            others = [name for name in staying if name in self._foreign]
            found = f"{len(staying)} {kind} indexes, and {len(new)} new ones"
            remedy = (
                f"a table has at most {MAX_INDEXES[kind]}: remove {surplus} of those that are not "
                f"declared, with {_consent(others)}"
            )
            for name in new:
                yield Blocked(f"index:{name}", "a new index", found, remedy)

    def _types_without(self, names: Collection[str]) -> Types:
        """Return the attributes that the table and its indexes use, but for these online ones."""
        using = (types for owner, types in self._types.items() if owner not in names)
        return {name: kind for types in using for name, kind in types.items()}

    def _change(self, name: str, declared: object, found: object) -> Change:
        return Change(name, declared, found, self._spec, self._table)

    def _delete(self, name: str) -> Step:
        # A plan is for this index, not for a later one of the same name.
        facts = index_facts(self._there[name], self._spec, attribute_types(self._table))
        leaving = self._change(f"index:{name}", None, facts)
        gone = {_ONLINE[self._there[name].kind]: name}
        return leaving.update("delete", "destructive", "waits until it is gone", **gone)

    def _create(self, index: IndexSpec, gone: Collection[str], made: list[IndexSpec]) -> Step:
        """Return the step that creates an index when some have gone and others have been made."""
        # The request defines the attributes of all keys that the table then has, and no other:
        # the service refuses one too few, and one that nothing uses.
        types = self._types_without(gone)
        types |= {part.name: part.type for other in made for part in other.defined}
        keys = {name: kind for name, kind in types.items() if not kind.startswith(_VECTOR)}
        name = f"index:{index.name}"
        declared, _ = self._differing[name]
        # What the service wants for its creation as the table is billed, be it declared or ignored.
        if units := self._throughput:
            index = structs.replace(index, throughput=index.throughput or units, on_demand=None)
        else:
            index = structs.replace(index, throughput=None)
        return self._change(name, declared, None).update(
            f"create: {value_text(declared)}",
            "slow",
            "waits until it is built",
            attributes=[KeyAttribute(name, kind) for name, kind in keys.items()],  # type: ignore[arg-type]  # S, N or B
            create=index,
        )

    def _updates(self, created: Collection[str]) -> Iterator[Step]:
        """Yield the changes of capacity; an index that is created comes with its own."""
        for name, (declared, found) in self._differing.items():
            kind, index, option = name_parts(name)
            if kind != "index" or option not in _UPDATES or name in self.blocks:
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


_UPDATES = ("throughput", "on_demand", "warm")
_VECTOR = "a vector of"
"""What begins the type of a vector: all its indexes have the same dimensions."""


def _types_there(owner: TableDescription | IndexDescription, table: TableDescription) -> Types:
    types = attribute_types(table)
    found = {name: types.get(name, "S") for name, _ in schema_of(owner)}
    # A vector is no key attribute, and is defined by its index; its dimensions are as good as a
    # type, since all indexes of one attribute must agree on them.
    if isinstance(owner, VectorIndexDescription) and owner.vector_attribute:
        found[owner.vector_attribute.attribute_name] = _vector(owner.dimensions)
    return found


def _types_of(index: IndexSpec) -> Types:
    types: Types = {part.name: part.type for part in index.defined}
    if index.vector:
        types[index.vector.name] = _vector(index.vector.dimensions)
    return types


def _vector(dimensions: int | None) -> str:
    return f"{_VECTOR} {dimensions} dimensions"


def _consent(indexes: Collection[str]) -> str:
    return f"allow=({', '.join(repr(f'index:{name}') for name in indexes)},)"
