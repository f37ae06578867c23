"""From a Struct with key markers to a `TableSpec`. The Struct stays as it is.

A class is read when its spec is first asked for, not when it is made: importing models costs
nothing, and a field may refer to a class that is defined further down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_origin

from msgspec import Struct, structs

from .. import errors
from . import short_name_problems
from .fields import Field, label, read_fields, union_members
from .keys import spec_parts
from .options import AnyIndex, Options, check_option_names
from .spec import TableSpec, changed, remember

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .keywords import TableOptions


S = TypeVar("S", bound=Struct)

Model = type[Struct] | TableSpec | UnionType
"""What operations take: a marked Struct class, a union of such (`Order | Customer`), or a spec."""

_ATTRIBUTE = "__table_spec__"


class _Declared(Struct, frozen=True):
    """What is declared of a class besides its fields."""

    name: str
    indexes: tuple[AnyIndex, ...] = ()
    options: Mapping[str, Any] = {}
    inherited: tuple[AnyIndex, ...] = ()
    """What its parents list, of which the class may have lost the markers."""


class _Declaration:
    """What `@table` leaves on a class: seen through the class, its `TableSpec`.

    A subclass inherits the declaration and gets the spec of its own fields.
    """

    def __init__(self, declared: _Declared) -> None:
        self.declared = declared
        self._specs: dict[Any, TableSpec] = {}

    def __get__(self, instance: object, owner: Any) -> TableSpec:
        return self.spec(owner)

    def spec(self, model: Any) -> TableSpec:
        # Once for each class: a subclass has other fields, an alias of a generic one other types.
        if model not in self._specs:
            self._specs[model] = _build(model, _merged(_declarations(model), model))
        return self._specs[model]


# `misplaced` takes nothing: to a type checker no argument fits NoReturn, and at run time it is
# answered with the keyword to write.
def table(
    name: str,
    *misplaced: NoReturn,
    indexes: Iterable[AnyIndex] = (),
    **options: Unpack[TableOptions],
) -> Callable[[type[S]], type[S]]:
    """Declare that a Struct is a table. The class stays as it is but for one attribute.

    A subclass of a declared class takes over its options and listed indexes, but for those that
    are given here. A class can be declared once: for another table of the same class use
    `table_spec(User, name=...)`. Nothing else is checked here: the first use of the model raises
    `ModelError`, with every problem.
    """
    if not isinstance(name, str):
        raise TypeError('@table takes the name of the table: write @table("orders")')
    if misplaced:
        _refuse_positions("table", "the name", ("indexes",))
    check_option_names(options)
    declaration = _Declaration(_Declared(name, _listable(indexes), dict(options)))

    def declare(model: type[S]) -> type[S]:
        """Note the declaration in the class; raise for one that has its own."""
        if not _is_struct(model):
            raise TypeError(f"@table declares a msgspec Struct class, not {_shown(model)}")
        if _ATTRIBUTE in vars(model):
            # Code that holds the class would find another table behind it, to delete or to change.
            own = vars(model)[_ATTRIBUTE].declared.name
            problem = (
                f"{model.__name__} is the table {own!r} already: for another table of the same "
                f"class use table_spec({model.__name__}, name={name!r}) - at {label(model)}"
            )
            raise errors.ModelError((problem,))
        setattr(model, _ATTRIBUTE, declaration)
        return model

    return declare


def table_spec(
    model: Model,
    *misplaced: NoReturn,
    name: str | None = None,
    indexes: Iterable[AnyIndex] | None = None,
    **options: Unpack[TableOptions],
) -> TableSpec:
    """Return the spec of a marked Struct, or of a spec; what is given here counts before its own.

    The spec remembers its Struct (`spec.model`), so that one class can serve many tables. A Struct
    that `@table` has not declared needs a `name`. A union of tagged Structs with one key
    (`Order | Customer`) is one table, with the indexes and options of all. Raises `ModelError` with
    every problem.
    """
    if misplaced:
        _refuse_positions("table_spec", "the model", ("name", "indexes"))
    check_option_names(options)
    if isinstance(model, TableSpec):
        if indexes is not None:
            raise TypeError("indexes= goes with a Struct; a TableSpec has its own")
        return changed(model, **options) if name is None else changed(model, name=name, **options)
    if members := union_members(model):
        return _union_spec(model, members, name, indexes, options)
    if not _is_struct(get_origin(model) or model):
        raise not_a_model(model, "a msgspec Struct class or a TableSpec")
    declarations = _declarations(model)
    # The usual call: the declaration keeps the spec that it has made.
    if name is None and indexes is None and not options and declarations:
        return declarations[0].spec(model)
    if name is None and not declarations:
        advice = 'decorate with @table("...") or pass name="..."'
        raise errors.ModelError((f"no table name: {advice} - at {label(model)}",))
    own = _merged(declarations, model)
    if name is not None:
        own = structs.replace(own, name=name)
    if indexes is not None:
        own = structs.replace(own, indexes=_listable(indexes), inherited=())
    return _build(model, structs.replace(own, options={**own.options, **options}))


def checked_specs(models: tuple[Model, ...]) -> list[TableSpec]:
    """Return the specs of several models; `ModelError` has the problems of all of them."""
    specs: list[TableSpec] = []
    problems: list[str] = []
    for model in models:
        try:
            spec = table_spec(model)
        except errors.ModelError as error:
            problems += error.problems
            continue
        # Which of the two would be created, and which found different, the order would decide.
        if spec.name in (other.name for other in specs):
            problems.append(f"two models have this table name - at {spec.name}")
        specs.append(spec)
    if problems:
        raise errors.ModelError(tuple(problems))
    return specs


def model_of(table: Model | str) -> Any:
    """Return the Struct, or union of Structs, of a table's items; `None` if that is not known."""
    if isinstance(table, TableSpec):
        return table.model
    return None if isinstance(table, str) else table


def _refuse_positions(function: str, first: str, names: tuple[str, ...]) -> NoReturn:
    from .arguments import refuse_positions

    refuse_positions(function, first, (*names, *Options.__struct_fields__))


def _is_struct(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, Struct)


def _listable(indexes: Iterable[AnyIndex]) -> tuple[AnyIndex, ...]:
    if isinstance(indexes, str | AnyIndex) or not hasattr(indexes, "__iter__"):
        raise TypeError(f'indexes= takes a list of Index("name", ...), not {indexes!r:.200}')
    return tuple(indexes)


def not_a_model(found: object, wanted: str) -> TypeError:
    """Return the error for what was given in place of a model."""
    return TypeError(f"expected {wanted}, not {_shown(found)}")


def _shown(model: object) -> str:
    """Say what was given in place of a model, and what to write; an instance may hold secrets."""
    if isinstance(model, type):
        hint = f": write class {model.__name__}(msgspec.Struct)"
        return f"{model!r}{hint if model.__module__ != 'builtins' else ''}"
    if isinstance(model, str):
        return f"the name {model!r:.300}: this needs the keys, which only a model says"
    if isinstance(model, list | tuple | set | frozenset):
        return f"a {type(model).__name__}: pass each model by itself, as in auto_migrate(A, B)"
    kind = type(model)
    if kind.__module__ not in ("builtins", "types", "typing"):
        return f"an instance of {kind.__name__}: pass the class"
    return f"{model!r:.200}"


def _declarations(model: Any) -> list[_Declaration]:
    """Find what `@table` has left on a class and its parents, the nearest first."""
    bases = (vars(base) for base in (get_origin(model) or model).__mro__)
    return [base[_ATTRIBUTE] for base in bases if _ATTRIBUTE in base]


def _merged(declarations: list[_Declaration], model: Any) -> _Declared:
    """Let each declaration override its parents' options one by one, and indexes by their names."""
    own = _Declared("")  # of a class that nobody has declared
    # From the farthest parent on, so that the nearest has the last word.
    for declaration in reversed(declarations):
        nearer = declaration.declared
        options = {**own.options, **nearer.options}
        own = _Declared(nearer.name, nearer.indexes, options, (*own.inherited, *own.indexes))
    if _ATTRIBUTE in vars(get_origin(model) or model):
        return own
    return structs.replace(own, indexes=(), inherited=(*own.inherited, *own.indexes))


def _build(model: Any, declared: _Declared) -> TableSpec:
    problems: list[str] = []
    return _built(model, declared, read_fields(model, problems), problems)


def _union_spec(
    model: Any,
    members: tuple[Any, ...],
    name: str | None,
    indexes: Iterable[AnyIndex] | None,
    options: Mapping[str, Any],
) -> TableSpec:
    """Join several Structs on one table; what is given here counts before what they declare."""
    from . import unions

    # Without a tag or a Struct, what follows would only tell the consequences.
    if problems := [*unions.member_problems(members)]:
        raise errors.ModelError(tuple(problems))
    declared = [(member, _merged(_declarations(member), member)) for member in members]
    names = {own.name: None for _, own in declared if own.name} if name is None else {name: None}
    if len(names) != 1:
        found = f"tables {' and '.join(map(repr, names))}" if names else "no table name"
        advice = 'decorate with @table("...") and one name, or pass name="..."'
        problems.append(f"{found}: {advice} - at {label(model)}")
    joined = unions.joined_options(
        [(m, {**own.options, **options}) for m, own in declared], problems
    )
    # A stand-in for a missing name, so that everything else is checked in the same run.
    own = _Declared(next(iter(names), "unnamed"), options=joined)
    listed = [one.indexes for _, one in declared]
    inherited = [one.inherited for _, one in declared]
    if indexes is not None:
        listed, inherited = [_listable(indexes)] * len(members), [()] * len(members)
    # This takes most of the time of a union's spec.
    read = [(member, read_fields(member, problems)) for member in members]
    own = structs.replace(
        own,
        indexes=unions.joined_indexes(read, listed, problems),
        inherited=unions.joined_indexes(read, inherited, problems),
    )
    fields = unions.joined_fields(read, problems)
    problems += unions.unmarked_keys(read, fields)
    return _built(model, own, fields, problems)


def _built(
    model: Any, declared: _Declared, fields: tuple[Field, ...], problems: list[str]
) -> TableSpec:
    place = label(model)
    parts = spec_parts(fields, declared.indexes, declared.inherited, place, problems)
    try:
        spec = TableSpec(name=declared.name, **parts, **declared.options)
    except errors.ModelError as error:
        raise errors.ModelError((*problems, *error.problems)) from None
    if problems:
        # A spec lets a short name pass, which a prefix may mend: here it is one problem of several.
        raise errors.ModelError((*problems, *short_name_problems(spec.name)))
    return remember(spec, model)
