"""A transform of models: what it may take and give, and what it makes of one item.

Nothing is looked at twice: the key of what is written comes from the instance, where that says all
that DynamoDB asks of a key.
"""

from __future__ import annotations

import inspect as inspection
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, get_origin

from msgspec import Raw, Struct, inspect

from ..model.fields import label, union_members
from ..model.spec import TableSpec
from .attributes import alternatives
from .codec import Codec, Unmodelled, codec
from .compiled import access, compiled
from .exact import exact_codec
from .keys import Key, Made, plain_number
from .limits import key_limits
from .mismatch import Misfit
from .transforms import Transform, given, guarded, name_of

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
    check_signature(transform, _classes(source_model), kinds)
    targets = _Targets(target_model, target_spec)
    known, perform = targets.known, guarded(transform)
    # Made for the first item: a call is also checked without any.
    source = cache(lambda: exact_codec(source_model, frozenset(keys)).decode)

    def convert(raw: bytes | Raw) -> Iterable[bytes | Raw]:
        instance, more = source()(raw, unmodelled)
        found = perform(instance)
        # One instance of the target's class is what nearly every transform gives.
        if (target := known.get(found.__class__)) is None:
            return several(found, more)
        write, key_in = target
        return Made(write(found, more), key_in(found))

    def several(found: Any, more: dict[str, Raw]) -> Iterator[bytes | Raw]:
        """Yield what a transform gave that is no single instance."""
        items = given(transform, found, kinds)
        if more:
            yield from targets.with_unmodelled(items, more)
            return
        for item in items:
            yield targets.codec(item).encode(item)

    return convert


class _Targets:
    """How instances are written, by their class."""

    def __init__(self, model: Any, spec: TableSpec | None) -> None:
        self._model = model
        codecs = [] if model is None else codec(model).members
        self.known: dict[Any, tuple[Callable[..., bytes], KeyOf]] = {
            get_origin(one.model) or one.model: (one.encode, key_of_instance(one.shape, spec))
            for one in codecs
        }

    def codec(self, item: Any) -> Codec[Any]:
        found: Codec[Any] = codec(self._model or type(item)).of(item)
        return found

    def with_unmodelled(self, items: Iterable[Any], more: dict[str, Raw]) -> list[bytes]:
        """Write what came of an item with what its model does not have, which only one can get."""
        # Write all before giving any away: only then is it known whether there is just one.
        carried: dict[str, Raw] = {}
        written: list[bytes] = []
        for item in items:
            target = self.codec(item)
            written.append(target.encode(item, more))
            carried.update(target.unmodelled(more))
        if carried and len(written) > 1:
            lost = ", ".join(carried)
            raise Misfit(
                f"split into {len(written)} items, and which of them gets {lost} is "
                "not known: pass unmodelled='drop'"
            )
        return written


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


def check_signature(transform: Any, sources: tuple[type, ...], targets: tuple[type, ...]) -> None:
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
    taken = signature.parameters[next(iter(bound.arguments))].annotation
    if (classes := _structs(taken)) and not _all_among(sources, classes):
        source = f"the source is {_or(sources)}: write one of this model"
        raise TypeError(f"transform {name} takes {label(taken)}; {source}")
    gives = signature.return_annotation
    if (classes := _structs(gives)) and not _all_among(classes, targets):
        raise TypeError(f"transform {name} gives {label(gives)}; the target is {_or(targets)}")


def _structs(annotation: Any) -> tuple[type, ...]:
    """Return the Structs that an annotation names, if it names nothing else."""
    classes = _classes(annotation)
    structs = tuple(one for one in classes if isinstance(one, type) and issubclass(one, Struct))
    return structs if len(structs) == len(classes) else ()


def _all_among(classes: tuple[type, ...], wanted: tuple[type, ...]) -> bool:
    return all(issubclass(one, wanted) for one in classes)


def _or(classes: tuple[type, ...]) -> str:
    return " | ".join(map(label, classes))
