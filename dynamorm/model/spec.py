"""A table as a value: its name, keys, indexes and options, checked against the service's rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, UnsetType, structs

from .. import errors
from . import attribute_problems, name_problem, short_name_problems
from .keys import IndexKind, IndexSpec, KeyAttribute, VectorAttribute, key_problems
from .options import Options


class TableSpec(Options, frozen=True, dict=True):
    """All that is declared about a table; raises `ModelError` when the service would refuse it.

    Every operation takes one in place of a model. `name` may be the ARN of a table.
    `time_to_live` names the attribute that holds when an item expires, in seconds since the epoch;
    `None` declares that there is none.
    """

    name: str
    partition_key: KeyAttribute
    sort_key: KeyAttribute | None = None
    indexes: tuple[IndexSpec, ...] = ()
    time_to_live: str | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        # JSON is read as tuples, and a list would not equal one.
        for option in ("ignore", "replicas"):
            if isinstance(given := getattr(self, option), list):
                structs.force_setattr(self, option, tuple(given))
        # The rules take for granted that types are right.
        problems = tuple(_type_problems(self)) or tuple(_rule_problems(self))
        # A short name alone is none: a database may put a prefix before it.
        if problems and problems != short_name_problems(self.name):
            raise errors.ModelError(problems)
        # `structs.replace` of old msgspec skips this method: such a spec has no mark.
        vars(self)["checked"] = True

    # The model is no field: it is neither compared nor encoded, and a plan's JSON has none.
    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), structs.asdict(self), self.model)

    def __copy__(self) -> TableSpec:
        return changed(self)

    @property
    def model(self) -> Any:
        """The Struct class that `table_spec` made it of, if any; equal specs may have others."""
        return self.__dict__.get("model")

    @property
    def key(self) -> tuple[KeyAttribute, ...]:
        """The attributes of the table's own key, in order."""
        return (self.partition_key, self.sort_key) if self.sort_key else (self.partition_key,)

    @property
    def local_indexes(self) -> tuple[IndexSpec, ...]:
        return self._of_kind("local")

    @property
    def global_indexes(self) -> tuple[IndexSpec, ...]:
        return self._of_kind("global")

    @property
    def vector_indexes(self) -> tuple[IndexSpec, ...]:
        return self._of_kind("vector")

    def _of_kind(self, kind: IndexKind) -> tuple[IndexSpec, ...]:
        return tuple(index for index in self.indexes if index.kind == kind)

    @property
    def defined(self) -> tuple[KeyAttribute, ...]:
        """Every attribute that CreateTable has to define, once, in order."""
        # No others: CreateTable refuses a definition that no key uses.
        owned = (attribute for index in self.indexes for attribute in index.defined)
        return tuple(dict.fromkeys((*self.key, *owned)))

    def named(self, name: str) -> TableSpec:
        """Return the same table under another name."""
        return changed(self, name=name)

    @classmethod
    def of(cls, source: Any, *, name: str | None = None) -> TableSpec:
        """Return the spec of what others write about a table; sends nothing.

        Takes the arguments of CreateTable as a dict or a request; a description (`describe_table`,
        or what boto3 answers to DescribeTable); a CloudFormation resource, of a GlobalTable the
        region of its first replica. `name` overrides the document's. Members that no option stands
        for are in `extra`. Of a description, defaults are not declared, nor is the warm throughput,
        which the service raises by itself. Raises `ModelError` for what is not about a table, or
        has functions (`Ref`, `Fn::Sub`) that only CloudFormation can resolve.
        """
        from .documents import read_parts

        if isinstance(source, TableSpec):
            return source if name is None else source.named(name)
        parts, described = read_parts(source, name)
        try:
            return cls(**parts)
        except errors.ModelError:
            # The service has made it, so it is our rule that does not hold: a quota can be raised.
            if not described:
                raise
            return DescribedSpec(**parts)


class DescribedSpec(TableSpec, frozen=True):
    """What the service sent: it is not ours to judge by the rules of a model."""

    def __post_init__(self) -> None:
        """Judge nothing: a table may have more indexes, or other types, than we know of."""


def changed(spec: TableSpec, **values: Any) -> TableSpec:
    """Return `spec` with other values, checked: `structs.replace` of old msgspec checks nothing.

    It keeps the model, and so does a copy; `structs.replace` would lose it.
    """
    if not values and "checked" in vars(spec):
        return spec
    return _restore(type(spec), {**structs.asdict(spec), **values}, spec.model)


def key_names(spec: TableSpec) -> tuple[str, ...]:
    """Name the attributes of a table's own key, in order."""
    return tuple(attribute.name for attribute in spec.key)


def declares_settings(spec: TableSpec) -> bool:
    """Return whether more is declared than keys and indexes; what that takes is loaded then."""
    others = ("name", "partition_key", "sort_key", "indexes")
    names = (name for name in spec.__struct_fields__ if name not in others)
    return any(getattr(spec, name) is not UNSET for name in names)


def is_ignored(spec: TableSpec, setting: str) -> bool:
    """Return whether a setting is set at creation, and neither compared nor changed afterwards."""
    return setting in (spec.ignore or ())


def remember(spec: TableSpec, model: Any) -> TableSpec:
    """Let a new spec know the class that it was made of."""
    vars(spec)["model"] = model
    return spec


def _restore(kind: type[TableSpec], values: dict[str, Any], model: Any) -> TableSpec:
    return remember(kind(**values), model)


def _type_problems(spec: TableSpec) -> Iterator[str]:
    """Say what is not of the type that it is annotated with: no rule can be judged before."""
    if not _is_key((spec.partition_key,)):
        yield f"partition_key takes KeyAttribute(name, type) - at {spec.name}"
    if spec.sort_key is not None and not _is_key((spec.sort_key,)):
        yield f"sort_key takes KeyAttribute(name, type) or None - at {spec.name}"
    if not isinstance(spec.indexes, tuple):
        yield f"indexes takes a tuple of IndexSpec, not {spec.indexes!r} - at {spec.name}"
        return
    for index in spec.indexes:
        if not isinstance(index, IndexSpec) or not isinstance(index.name, str):
            yield f'indexes takes IndexSpec("name", ...), not {index!r} - at {spec.name}'
            continue
        for part in ("partition_key", "sort_key", "filters"):
            if not _is_key(getattr(index, part)):
                yield f"{part} takes a tuple of KeyAttribute - at {spec.name}.{index.name}"
        if not _is_vector(index.vector):
            wanted = "VectorAttribute(name, dimensions, distance) or None"
            yield f"vector takes {wanted} - at {spec.name}.{index.name}"


def _is_key(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(part, KeyAttribute) and isinstance(part.name, str) and isinstance(part.type, str)
        for part in value
    )


def _is_vector(value: object) -> bool:
    return value is None or (isinstance(value, VectorAttribute) and isinstance(value.name, str))


def _rule_problems(spec: TableSpec) -> Iterator[str]:
    for problem in _table_problems(spec):
        yield f"{problem} - at {spec.name}"
    # Loaded for tables that have indexes, as the rules of options are for those that have some.
    if spec.indexes:
        from .index_rules import index_problems

        yield from index_problems(spec.indexes, spec.key, spec.defined, spec.billing, spec.name)


def _table_problems(spec: TableSpec) -> Iterator[str]:
    if problem := name_problem(spec.name, "table"):
        yield problem
    if declares_settings(spec):
        from .option_rules import option_problems

        yield from option_problems(spec, spec.indexes, spec.time_to_live)
    yield from key_problems(spec.key, "key")
    if spec.time_to_live is not UNSET and spec.time_to_live is not None:
        yield from attribute_problems("time to live", spec.time_to_live)
    # `defined` lists a name once per type.
    for name, count in Counter(attribute.name for attribute in spec.defined).items():
        if count > 1:
            yield f"key attribute {name!r} has more than one type"
    if spec.stream_policy and not spec.whole_stream:
        yield "stream_policy is about the table's stream: declare stream too"
    known = {index.name for index in spec.global_indexes}
    for name in spec.index_insights if isinstance(spec.index_insights, dict) else ():
        if name not in known:
            yield f"index_insights names {name!r}, which is no global index"
