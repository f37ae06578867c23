"""From a Struct with key markers to a `TableSpec`. The Struct stays as it is.

A class is read when its spec is first asked for, not when it is made: importing models costs
nothing, and a field may refer to a class that is defined further down.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

from msgspec import UNSET, Struct, UnsetType

from .errors import ModelError
from .fields import Field, label, read_fields
from .markers import PartitionKey, SortKey, TimeToLive
from .options import Include, Index, check_option_names
from .spec import IndexSpec, KeyAttribute, TableSpec, changed

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import TableOptions

__all__ = ["Model", "table", "table_name", "table_spec"]

S = TypeVar("S", bound=Struct)

Model = type[Struct] | TableSpec
"""What operations take: a marked Struct class, or a spec."""

_ATTRIBUTE = "__table_spec__"
_UNKNOWN = KeyAttribute("unknown", "S")
_IN_WORDS = {"S": "a string", "N": "a number", "B": "bytes"}


class _Declaration:
    """What `@table` leaves on a class: seen through the class, its `TableSpec`.

    A subclass inherits the declaration and gets the spec of its own fields.
    """

    def __init__(self, name: str, indexes: tuple[Index, ...], options: TableOptions) -> None:
        self.name = name
        self.indexes = indexes
        self.options = options
        self._specs: dict[Any, TableSpec] = {}

    def __get__(self, instance: object, owner: Any) -> TableSpec:
        return self.spec(owner)

    def spec(self, model: Any) -> TableSpec:
        if model not in self._specs:
            self._specs[model] = _build(model, self)
        return self._specs[model]


def table(
    name: str, *, indexes: Iterable[Index] = (), **options: Unpack[TableOptions]
) -> Callable[[type[S]], type[S]]:
    """Declare that a Struct is a table. The class stays as it is but for one attribute.

    Nothing is checked here: the first use of the model raises `ModelError`, with every problem.
    """
    if not isinstance(name, str):
        raise TypeError('@table takes the name of the table: write @table("orders")')
    check_option_names(options)
    declaration = _Declaration(name, tuple(indexes), options)

    def declare(model: type[S]) -> type[S]:
        if not _is_struct(model):
            raise TypeError(f"@table declares a msgspec Struct class, not {model!r}")
        setattr(model, _ATTRIBUTE, declaration)
        return model

    return declare


def table_spec(
    model: Model,
    *,
    name: str | None = None,
    indexes: Iterable[Index] | None = None,
    **options: Unpack[TableOptions],
) -> TableSpec:
    """Give the spec of a marked Struct, or of a spec, with what is given here in place of its own.

    A Struct that `@table` has not declared needs a `name`. Raises `ModelError` with every problem.
    """
    check_option_names(options)
    if isinstance(model, TableSpec):
        if indexes is not None:
            raise TypeError("indexes= goes with a Struct; a TableSpec has its own")
        return changed(model, name=model.name if name is None else name, **options)
    if not _is_struct(get_origin(model) or model):
        raise TypeError(f"expected a msgspec Struct class or a TableSpec, not {model!r}")
    declared = _declared(model)
    if name is None and indexes is None and not options and declared is not None:
        return declared.spec(model)
    if declared is None and name is None:
        advice = 'decorate with @table("...") or pass name="..."'
        raise ModelError((f"no table name: {advice} - at {label(model)}",))
    own = declared or _Declaration("", (), {})
    return _build(
        model,
        _Declaration(
            own.name if name is None else name,
            own.indexes if indexes is None else tuple(indexes),
            {**own.options, **options},
        ),
    )


def table_name(model_or_name: Model | str, *, name: str | None = None) -> str:
    """Give the name under which an operation that needs no more finds the table."""
    if isinstance(model_or_name, str):
        return model_or_name if name is None else name
    return table_spec(model_or_name, name=name).name


def _is_struct(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, Struct)


def _declared(model: Any) -> _Declaration | None:
    """Find the declaration itself, which the class would show as a spec."""
    found = (base.__dict__.get(_ATTRIBUTE) for base in (get_origin(model) or model).__mro__)
    return next((item for item in found if item is not None), None)


# The marked fields of each key in order, by index (None: the table) and kind of marker.
_Keys = dict[tuple[str | None, type], tuple[Field, ...]]


def _build(model: Any, declared: _Declaration) -> TableSpec:
    problems: list[str] = []
    place = label(model)
    fields = read_fields(model, problems)
    keys = _keys(fields, problems)
    values: dict[str, Any] = {
        "name": declared.name,
        "partition_key": _one(keys, PartitionKey, place, problems) or _UNKNOWN,
        "sort_key": _one(keys, SortKey, place, problems),
        "indexes": tuple(_indexes(keys, declared.indexes, fields, place, problems)),
        "time_to_live": _time_to_live(fields, place, problems),
        **declared.options,
    }
    try:
        spec = TableSpec(**values)
    except ModelError as error:
        raise ModelError((*problems, *error.problems)) from None
    if problems:
        raise ModelError(tuple(problems))
    return spec


def _keys(fields: tuple[Field, ...], problems: list[str]) -> _Keys:
    parts: dict[tuple[str | None, type], list[tuple[int | None, Field]]] = {}
    for field in fields:
        markers = [m for m in field.markers if not isinstance(m, TimeToLive)]
        for marker in markers:
            parts.setdefault((marker.index, type(marker)), []).append((marker.position, field))
        if markers:
            problems += _field_problems(field, any(m.index is None for m in markers))
    return {key: _in_order(key, marked, problems) for key, marked in parts.items()}


def _in_order(
    key: tuple[str | None, type], parts: list[tuple[int | None, Field]], problems: list[str]
) -> tuple[Field, ...]:
    index, kind = key
    positions = {position for position, _ in parts if position is not None}
    if index and positions and len(positions) < len(parts):
        place = ", ".join(field.place for _, field in parts)
        problems.append(
            f"give every {kind.__name__} of index {index!r} a position of its own, or none "
            f"- at {place}"
        )
    return tuple(field for _, field in sorted(parts, key=lambda part: part[0] or 0))


def _field_problems(field: Field, of_table: bool) -> Iterator[str]:
    if len(field.kinds) != 1 or not field.kinds < _IN_WORDS.keys():
        found = " | ".join(sorted(_IN_WORDS.get(kind, kind) for kind in field.kinds)) or "nothing"
        yield (
            "a key is a str, a number or bytes, or what msgspec writes as a string, "
            f"and always the same; not {found} - at {field.place}"
        )
    if field.optional and of_table:
        yield f"the table's own key cannot be optional, only an index's can - at {field.place}"


def _attributes(fields: Iterable[Field]) -> tuple[KeyAttribute, ...]:
    return tuple(KeyAttribute(field.attribute, _letter(field.kinds)) for field in fields)


def _letter(kinds: frozenset[str]) -> Any:
    """Give the type of a key; any letter does for a field that has been found to be none."""
    return next((letter for letter in _IN_WORDS if letter in kinds), "S")


def _one(keys: _Keys, kind: type, place: str, problems: list[str]) -> KeyAttribute | None:
    fields = keys.get((None, kind), ())
    if len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        problems.append(
            f"{len(fields)} fields are {kind.__name__}(), {names}: a table has one - at {place}"
        )
    if not fields and kind is PartitionKey:
        problems.append(f"no partition key: mark one field with PartitionKey() - at {place}")
    return next(iter(_attributes(fields)), None)


def _indexes(
    keys: _Keys,
    declared: tuple[Index, ...],
    fields: tuple[Field, ...],
    place: str,
    problems: list[str],
) -> Iterator[IndexSpec]:
    attributes = {field.name: field.attribute for field in fields}
    marked = dict.fromkeys(index for index, _ in keys if index is not None)
    listed = _listed(declared, marked, place, problems)
    for name in marked:
        index = listed.get(name, Index(name))
        yield IndexSpec(
            name,
            partition_key=_attributes(keys.get((name, PartitionKey), ())),
            sort_key=_attributes(keys.get((name, SortKey), ())),
            projection=_projection(index, attributes, place, problems),
            throughput=index.throughput,
            on_demand=index.on_demand,
            warm=index.warm,
        )


def _listed(
    declared: tuple[Index, ...], marked: Container[str], place: str, problems: list[str]
) -> dict[str, Index]:
    listed: dict[str, Index] = {}
    for index in declared:
        if not isinstance(index, Index) or not isinstance(index.name, str):
            problems.append(f'indexes= takes Index("name", ...), not {index!r} - at {place}')
            continue
        if index.name in listed:
            problems.append(f"indexes= lists {index.name!r} twice - at {place}")
        if index.name not in marked:
            problems.append(
                f"index {index.name!r} has no key: mark fields with "
                f"PartitionKey(index={index.name!r}) or SortKey(index={index.name!r}) - at {place}"
            )
        listed[index.name] = index
    return listed


def _projection(index: Index, attributes: dict[str, str], place: str, problems: list[str]) -> Any:
    if not isinstance(index.projection, Include):
        return index.projection
    problems += [
        f"Include names {name!r}, which is no field: the fields are {', '.join(attributes)} "
        f"- at {place}, index {index.name}"
        for name in index.projection.fields
        if name not in attributes
    ]
    return Include(*(attributes.get(name, name) for name in index.projection.fields))


def _time_to_live(fields: tuple[Field, ...], place: str, problems: list[str]) -> str | UnsetType:
    marked = [f for f in fields if any(isinstance(m, TimeToLive) for m in f.markers)]
    problems += [
        f"the time to live is a number, in seconds since the epoch - at {field.place}"
        for field in marked
        if field.kinds != {"N"}
    ]
    if len(marked) > 1:
        names = ", ".join(field.name for field in marked)
        problems.append(f"{len(marked)} time-to-live fields, {names}: a table has one - at {place}")
    return marked[0].attribute if marked else UNSET
