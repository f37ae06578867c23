"""A transform of models: items are read exactly, transformed, and written with their keys known.

None may lose anything by being written again, or become another: what a model reads in several
spellings is written in one. Where two items could become one, or digits would be lost, that is an
`ItemError`; an item of another kind is one too, as far as that can be told. Nothing is looked at
twice: the key of what is written comes from the instance, where that says all that DynamoDB asks.
"""

from __future__ import annotations

import inspect as inspection
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, TypeVar, get_origin

from msgspec import Raw, Struct, inspect, json, structs

from ..errors import UNREADABLE
from ..model.fields import label, union_members
from ..model.spec import TableSpec
from .attributes import alternatives
from .codec import Codec, UnionCodec, Unmodelled, codec
from .keys import Key, Made, item_key, plain_number
from .limits import key_limits
from .mismatch import Convert, Misfit
from .records import access, compiled
from .roles import TTL, IndexKey, TableKey, left_out
from .transforms import Transform, given, guarded, name_of
from .values import raw_attributes
from .writers import item_writer

M = TypeVar("M", bound=Struct)

# Types that read more than one text as the same value, and are written in one way. Those of numbers
# do not count: 1, 1.0 and 1e0 are one key to DynamoDB, and a float that loses digits is refused.
_RESPELLED = (
    inspect.DateTimeType,
    inspect.TimeType,
    inspect.TimeDeltaType,
    inspect.UUIDType,
    inspect.EnumType,  # which may have `_missing_`
)


_MISSING = ((),)  # what `item_key` says of an item without that attribute


class ExactCodec(Codec[M]):
    """The codec of a copy's source. `keys` are key attributes that the model may not mark."""

    exact = True

    def __init__(self, model: type[M], keys: Iterable[str] = ()) -> None:
        super().__init__(model)
        fields = self.shape.fields
        names = {*keys, *(f.encode_name for f in fields if isinstance(f.type, TableKey | IndexKey))}
        changing = hasattr(model, "__post_init__")
        keyed = tuple(
            field
            for field in fields
            if field.encode_name in names
            and (changing or any(isinstance(s, _RESPELLED) for s in alternatives(field.type)))
        )
        self._keys = tuple(field.encode_name for field in keyed)
        self._write_keys = item_writer(structs.replace(self.shape, fields=keyed))
        # What tells an item of this model from one of another: neither the keys, which all items
        # have, nor the time to live, which is the table's.
        names |= {field.encode_name for field in fields if isinstance(field.type, TTL)}
        self._own = self._names - names
        self._written = any(
            left_out(self.shape, field) is None
            for field in fields
            if field.encode_name in self._own
        )

    def _reader(self, *, strict: bool, forbid: bool = False) -> Convert:
        """Refuse what would be changed too."""
        read = super()._reader(strict=strict, forbid=forbid)
        if not self._keys:
            return read

        def checked(raw: bytes | Raw) -> Any:
            instance = read(raw)
            self._check_keys(raw, self._write_keys(instance))
            return instance

        return checked

    def _check_kind(self, raw: bytes | Raw) -> None:
        """Refuse an item that shares nothing but keys with the model, and has other attributes.

        A model that leaves out all that is at its default may have such items.
        """
        found = raw_attributes(raw).keys()
        others = found - self._names
        if others and self._written and self._own.isdisjoint(found):
            listed = ", ".join(sorted(others)[:5])
            raise Misfit(
                f"the item has no attribute of {label(self.model)} but the keys, and has {listed}: "
                "it is an item of another kind"
            )

    def _check_keys(self, raw: bytes | Raw, written: bytes) -> None:
        """Refuse an item whose key would be spelled differently."""
        for name in self._keys:
            try:
                before, after = item_key(raw, (name,)), item_key(written, (name,))
            except UNREADABLE:  # a NULL, where the source has no such index
                continue
            if before not in (after, _MISSING):
                was, now = (
                    next(iter(json.decode(raw_attributes(item).get(name, b"{}")).values()), None)
                    for item in (raw, written)
                )
                raise Misfit(
                    f"the key {was!r} would be written as {now!r}, which can be the key of another "
                    "item: declare the field as str",
                    name,
                )


@cache
def _exact_codec(model: Any, keys: frozenset[str]) -> Any:
    """Return the codec of a copy's source, which may be of several models."""
    make = partial(ExactCodec, keys=keys)
    return UnionCodec(model, make) if union_members(model) else make(model)


KeyOf = Callable[[Any], Key]
"""Returns the key of an instance as `item_key` does; `None` where its item has to be looked at."""


def made_of_models(
    transform: Transform,
    source_model: Any,
    target_model: Any,
    target_spec: TableSpec | None,
    unmodelled: Unmodelled,
    keys: set[str],
) -> Callable[[bytes | Raw], Iterable[bytes | Raw]]:
    """Return what reads an item, transforms it, and writes what came of it."""
    if source_model is None:
        raise TypeError(
            f"transform {name_of(transform)} takes instances of a model: give the model as source, "
            "or mark the transform with @attribute_transform"
        )
    # A target that is only a name takes instances of any model, each written by its own class.
    kinds = (Struct,) if target_model is None else _classes(target_model)
    _check_signature(transform, _classes(source_model), kinds)
    perform = guarded(transform)
    known = {
        get_origin(one.model) or one.model: (one.encode, key_of_instance(one.shape, target_spec))
        for one in (() if target_model is None else codec(target_model).members)
    }
    # Made for the first item: a call is also checked without any.
    source = cache(lambda: _exact_codec(source_model, frozenset(keys)).decode)

    def convert(raw: bytes | Raw) -> Iterable[bytes | Raw]:
        instance, more = source()(raw, unmodelled)
        found = perform(instance)
        # One instance of the target's class is what nearly every transform gives.
        if (target := known.get(found.__class__)) is None:
            return _each(given(transform, found, kinds), more, target_model)
        write, key_in = target
        return Made(write(found, more), key_in(found))

    return convert


def _each(items: Iterable[Any], more: dict[str, Raw], model: Any) -> Iterator[bytes | Raw]:
    """Write what a transform gave that is no single instance of the target's class."""
    written, carried = [], dict[str, Raw]()
    for item in items:
        target: Codec[Any] = codec(model or type(item)).of(item)
        if not more:
            yield target.encode(item)
            continue
        # What the model does not have can go with one item: all are written before any is given
        # away, for only then is it known whether there is just one.
        written.append(target.encode(item, more))
        carried |= target.unmodelled(more)
    if carried and len(written) > 1:
        raise Misfit(
            f"split into {len(written)} items, and which of them gets {', '.join(carried)} is "
            "not known: pass unmodelled='drop'"
        )
    yield from written


def _unknown(instance: Any) -> None:
    """Return `None`: the key has to be read from the item."""


_SOURCE = """
def made(x):
    {taken}
    if {tests}:
        return ({key},)
    return None
"""

_TESTS: dict[tuple[str, type[inspect.Type]], tuple[str, str]] = {
    ("S", inspect.StrType): ("{v}.__class__ is str and 0 < len({v}) <= {most}", "{v}"),
    ("N", inspect.IntType): ("{v}.__class__ is int", "plain_number(str({v}))"),
}
"""What tells that a value is a valid key, and how the key is spelt."""


def key_of_instance(shape: inspect.StructType, spec: TableSpec | None) -> KeyOf:
    """Make what returns an instance's key if all its keys are what the table and its indexes ask.

    A string of so few characters has not too many bytes, whatever is in it.
    """
    if spec is None:
        return _unknown
    fields = {field.encode_name: field for field in shape.fields}
    taken, tests, key = [], [], []
    for number, (attribute, most) in enumerate(key_limits(spec).items()):
        field = fields.get(attribute.name)
        kinds = {type(kind) for kind in alternatives(field.type)} if field else set()
        # The key of an index may be None: that fails the test, and the item is looked at.
        rows = [_TESTS.get((attribute.type, kind)) for kind in kinds - {inspect.NoneType}]
        if field is None or len(rows) != 1 or rows[0] is None:
            return _unknown
        value = f"a{number}"
        taken.append(f"{value} = {access(field.name)}")
        tests.append(rows[0][0].format(v=value, most=most // 4))
        if attribute in spec.key:
            key.append(f"(({attribute.type!r}, {rows[0][1].format(v=value)}),)")
    made: KeyOf = compiled(
        _SOURCE.format(taken="; ".join(taken), tests=" and ".join(tests), key=", ".join(key)),
        plain_number=plain_number,
    )
    return made


def _classes(model: Any) -> tuple[Any, ...]:
    """Return the class of a model's instances, or those of a union's."""
    return tuple(get_origin(one) or one for one in union_members(model) or (model,))


def _check_signature(transform: Any, sources: tuple[type, ...], targets: tuple[type, ...]) -> None:
    """Raise `TypeError` for a function that does not fit, before the first item is read."""
    name = name_of(transform)
    if not callable(transform):
        raise TypeError(f"transform= takes a function, not {name}")
    if inspection.iscoroutinefunction(transform) or inspection.isasyncgenfunction(transform):
        raise TypeError(f"transform {name} is async; a transform is a plain function")
    try:
        signature = inspection.signature(transform, eval_str=True)
    except Exception:  # noqa: BLE001 - of a builtin, or annotated with what is not there
        return
    try:
        # Any value can stand for the item here: only its position matters.
        bound = signature.bind(sources)
    except TypeError:
        raise TypeError(f"transform {name} is to take one item, not {signature}") from None
    taken, gives = signature.parameters[next(iter(bound.arguments))], signature.return_annotation
    kinds = _structs(taken.annotation)
    if kinds and not all(issubclass(one, kinds) for one in sources):
        source = f"the source is {_or(sources)}: write one of this model"
        raise TypeError(f"transform {name} takes {label(taken.annotation)}; {source}")
    if not all(issubclass(one, targets) for one in _structs(gives)):
        raise TypeError(f"transform {name} gives {label(gives)}; the target is {_or(targets)}")


def _structs(annotation: Any) -> tuple[type, ...]:
    """Return the Structs that an annotation names, if it names nothing else."""
    classes = _classes(annotation)
    return classes if all(isinstance(c, type) and issubclass(c, Struct) for c in classes) else ()


def _or(classes: tuple[type, ...]) -> str:
    return " | ".join(map(label, classes))
