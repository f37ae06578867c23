"""Transforms: from an item of one table to the items of another, be they none, one or many.

A transform is a function from an instance of the source's model to instances of the target's, or,
marked with `attribute_transform`, from attribute values to attribute values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from functools import update_wrapper
from typing import Any, get_origin

from msgspec import Raw, Struct, json

from .codec.checks import check_nesting, check_size, key_check, key_of
from .codec.misfits import Misfit, at
from .codec.values import (
    AttributeValue,
    Item,
    attributes_of,
    item_json,
    natural,
    raw_attributes,
)
from .codec.writers import write_any
from .errors import ItemError, ModelError
from .fields import label
from .items import Unmodelled, codec
from .model import table_spec
from .spec import TableSpec

__all__ = [
    "AttributeTransform",
    "Transform",
    "add_field",
    "attribute_transform",
    "chain",
    "converter",
    "copy_all_fields",
    "remove_field",
    "rename_field",
]

Transform = Callable[[Any], Any]
"""Gives an instance or an item, several in any iterable, or `None`, which skips."""

Found = Sequence[bytes | Raw]
Convert = Callable[[bytes | Raw], Found]

_encode = json.Encoder().encode


class AttributeTransform:
    """A transform of attribute values, {"name": {"S": "text"}}; `attribute_transform` makes one."""

    def __init__(self, function: Transform, *, opaque: bool = False) -> None:
        self.function = function
        self.opaque = opaque
        """Whether it never looks at values, so that these can stay the bytes that they are."""
        update_wrapper(self, function)

    def __call__(self, item: Item) -> Any:
        try:
            return self.function(item)
        except Misfit as misfit:
            raise ItemError(misfit.problem, misfit.path("item")) from misfit.__cause__


def attribute_transform(
    function: Callable[[Item], Item | Iterable[Item] | None],
) -> AttributeTransform:
    """Mark a function that takes an item as boto3's low-level client has it, and gives such items.

    Binary is bytes. The function may change the dict that it is given.
    """
    return AttributeTransform(function)


def copy_all_fields() -> AttributeTransform:
    """Copy items as they are."""

    def copy_all_fields(item: Item) -> Item:
        return item

    return AttributeTransform(copy_all_fields, opaque=True)


def rename_field(old: str, new: str) -> AttributeTransform:
    """Give an attribute another name. An item that has `new` too is an `ItemError`.

    One without `old` stays as it is.
    """

    def rename_field(item: Item) -> Item:
        if old not in item or old == new:
            return item
        if new in item:
            raise Misfit(f"the attribute that {old!r} was to be renamed to is there", new)
        return {new if name == old else name: value for name, value in item.items()}

    return AttributeTransform(rename_field, opaque=True)


def add_field(name: str, value: Any) -> AttributeTransform:
    """Add an attribute to items that lack it; one that is there stays.

    `value` is a plain Python value, or a function that makes one from the item's: a dict in which
    numbers are int or Decimal, and sets are sets.
    """
    make = value if callable(value) else None
    given = {} if make else {name: _given(name, value)}

    def add_field(item: Item) -> Item:
        if name in item:
            return item
        if make is None:
            return {**item, **given}
        return {**item, name: at(name, _attribute, make({n: natural(v) for n, v in item.items()}))}

    return AttributeTransform(add_field, opaque=make is None)


def _attribute(value: Any) -> AttributeValue:
    return attributes_of(b'{"value":%s}' % write_any(value))["value"]


def _given(name: str, value: Any) -> AttributeValue:
    try:
        return _attribute(value)
    except Misfit as misfit:
        raise ItemError(misfit.problem, misfit.path(name)) from None


def remove_field(name: str) -> AttributeTransform:
    """Leave an attribute out."""

    def remove_field(item: Item) -> Item:
        return {other: value for other, value in item.items() if other != name}

    return AttributeTransform(remove_field, opaque=True)


def chain(*transforms: Transform) -> Transform:
    """Join transforms to one: each gets what the one before it gave, item by item.

    All of them are of attribute values, or none is.
    """
    marked = [isinstance(transform, AttributeTransform) for transform in transforms]
    if any(marked) and not all(marked):
        raise TypeError("chain() takes attribute transforms or transforms of models, not both")
    kind = dict if all(marked) else Struct

    def chain(item: Any) -> list[Any]:
        items = [item]
        for transform in transforms:
            items = [made for one in items for made in _made(transform, one, kind)]
        return items

    if not all(marked):
        return chain
    return AttributeTransform(chain, opaque=all(_opaque(transform) for transform in transforms))


def _opaque(transform: Transform) -> bool:
    return isinstance(transform, AttributeTransform) and transform.opaque


def _name(transform: Any) -> str:
    return getattr(transform, "__name__", type(transform).__name__)


_SINGLE = (Struct, dict, str, bytes)


def _made(transform: Transform, item: Any, kind: Any) -> list[Any]:
    """Perform a transform; whatever it raises or gives that is no item is told with its name."""
    perform = transform.function if isinstance(transform, AttributeTransform) else transform
    try:
        found = perform(item)
        if found is None:
            return []
        several = isinstance(found, Iterable) and not isinstance(found, _SINGLE)
        # A generator may go on with the object that it has given.
        items: list[Any] = [copy(made) for made in found] if several else [found]
    except Misfit:
        raise
    except Exception as error:
        raise Misfit(f"transform {_name(transform)} raised {type(error).__name__}") from error
    for made in items:
        if not isinstance(made, kind):
            gave = type(made).__name__
            raise Misfit(f"transform {_name(transform)} gave {gave}, not {kind.__name__}")
    return items


def converter(
    source_model: type[Struct] | None,
    target_model: type[Struct] | None,
    target_spec: TableSpec | None,
    transform: Transform | None,
    unmodelled: Unmodelled = "keep",
    *,
    source_spec: TableSpec | None = None,
) -> Convert:
    """Make what turns an item of the source, as JSON, into those to be put into the target.

    Without a transform the item is given as it is; of its bytes, only the keys are read that
    `target_spec` asks for. All that is wrong with an item is an `ItemError` that tells its key, by
    the source's key attributes: those of `source_spec`, the table as the service describes it.
    """
    names = _key_names(source_model, source_spec or target_spec)
    place = target_spec.name if target_spec else "item"
    if source_model is not None:
        place = codec(source_model).place
    if transform is None or isinstance(transform, AttributeTransform):
        if unmodelled != "keep":
            raise TypeError(f"unmodelled={unmodelled!r} goes with a transform of models")
        if transform is None and target_spec is None:
            return lambda raw: (raw,)
        work = _plain if transform is None else _of_attributes(transform)
    else:
        work = _of_models(transform, source_model, target_model, unmodelled)
    check = _checks(target_spec, sized=transform is not None)

    def convert(raw: bytes | Raw) -> Found:
        try:
            made = work(raw)
            for item in made:
                check(item)
        except Misfit as misfit:
            path = misfit.path(place)
            raise ItemError(misfit.problem, path, key=key_of(raw, names)) from misfit.__cause__
        except ItemError as error:
            key = key_of(raw, names)
            raise ItemError(error.problem, error.path, key=key) from error.__cause__
        return made

    return convert


def _key_names(source_model: Any, spec: TableSpec | None) -> tuple[str, ...]:
    """Name the attributes by which to tell an item: the source's key, if it is known."""
    with suppress(ModelError):  # a model that is not declared as a table
        spec = table_spec(source_model) if source_model is not None else spec
    return tuple(attribute.name for attribute in spec.key) if spec else ()


def _checks(spec: TableSpec | None, *, sized: bool) -> Callable[[Any], None]:
    """Make what looks at the items that are to be put."""
    checks: list[Callable[[Any], None]] = [key_check(spec)] if spec else []
    checks += [check_size, check_nesting] if sized else []
    place = spec.name if spec else "item"

    def check(item: Any) -> None:
        try:
            for one in checks:
                one(item)
        except Misfit as misfit:
            raise ItemError(misfit.problem, misfit.path(place)) from None

    return check


def _plain(raw: bytes | Raw) -> Found:
    return (raw,)


def _of_attributes(transform: AttributeTransform) -> Convert:
    if transform.opaque:
        return lambda raw: [_encode(item) for item in _made(transform, raw_attributes(raw), dict)]

    def convert(raw: bytes | Raw) -> Found:
        return [item_json(item) for item in _made(transform, attributes_of(raw), dict)]

    return convert


def _of_models(
    transform: Transform, source_model: Any, target_model: Any, unmodelled: Unmodelled
) -> Convert:
    if source_model is None:
        raise TypeError(
            f"transform {_name(transform)} takes instances of a model: give the model as source, "
            "or mark the transform with @attribute_transform"
        )
    # A target that is only a name takes instances of any model, each written by its own class.
    kind = Struct if target_model is None else get_origin(target_model) or target_model
    _check_signature(transform, get_origin(source_model) or source_model, kind)
    source = codec(source_model)

    def convert(raw: bytes | Raw) -> Found:
        instance, more = source.decode(raw, unmodelled)
        made = _made(transform, instance, kind)
        if more and len(made) > 1:
            lost = ", ".join(more)
            raise Misfit(f"split into {len(made)}, and where {lost} should go is not known")
        return [codec(target_model or type(item)).encode(item, more) for item in made]

    return convert


def _check_signature(transform: Any, source: type, target: type) -> None:
    """Raise `TypeError` for a function that cannot do, before the first item is read."""
    name = _name(transform)
    if not callable(transform):
        raise TypeError(f"transform= takes a function, not {name}")
    if inspect.iscoroutinefunction(transform) or inspect.isasyncgenfunction(transform):
        raise TypeError(f"transform {name} is async; a transform is a plain function")
    try:
        signature = inspect.signature(transform, eval_str=True)
    except Exception:  # noqa: BLE001 - of a builtin, or annotated with what is not there
        return
    try:
        bound = signature.bind(source)
    except TypeError:
        raise TypeError(f"transform {name} is to take one item, not {signature}") from None
    taken = signature.parameters[next(iter(bound.arguments))].annotation
    if _is_struct(taken) and not issubclass(source, taken):
        raise TypeError(f"transform {name} takes {label(taken)}; the source is {label(source)}")
    given = signature.return_annotation
    if _is_struct(given) and not issubclass(given, target):
        raise TypeError(f"transform {name} gives {label(given)}; the target is {label(target)}")


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Struct)
