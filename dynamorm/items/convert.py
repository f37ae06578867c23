"""What a copy does with one item: read it, transform it, check and write what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, get_origin

from msgspec import Raw, Struct, json

from ..errors import ItemError, ModelError
from ..model.declare import table_spec
from ..model.fields import label, union_members
from ..model.spec import KeyAttribute, TableSpec
from .codec import Codec, Unmodelled, codec
from .exact import exact_codec
from .limits import check_nesting, check_size, is_bounded, key_check, key_of
from .mismatch import Misfit
from .natural import item_json
from .transforms import AttributeTransform, Transform, made, name_of
from .values import attributes_of, raw_attributes

Found = Sequence[bytes | Raw]
Convert = Callable[[bytes | Raw], Found]
Check = Callable[[Any], None]
Converting = Callable[[bytes | Raw], Iterator[bytes | Raw]]
_encode = json.Encoder().encode


def converter(
    source_model: Any,
    target_model: Any,
    target_spec: TableSpec | None,
    transform: Transform | None,
    unmodelled: Unmodelled = "keep",
    *,
    source_spec: TableSpec | None = None,
) -> Convert:
    """Make what turns an item of the source, as JSON, into those to be put into the target."""
    each = converting(
        source_model, target_model, target_spec, transform, unmodelled, source_spec=source_spec
    )
    kind: Callable[..., Found] = tuple if transform is None else list
    return lambda raw: kind(each(raw))


def converting(
    source_model: Any,
    target_model: Any,
    target_spec: TableSpec | None,
    transform: Transform | None,
    unmodelled: Unmodelled = "keep",
    *,
    source_spec: TableSpec | None = None,
) -> Converting:
    """Make what yields the items to be put into the target for one of the source, as JSON.

    Each is yielded when the transform gives it, so that one item may become very many. Without a
    transform the item is given as it is; of its bytes, only the keys are read that `target_spec`
    asks for. All that is wrong with an item is an `ItemError` that tells its key, by the source's
    key attributes: those of `source_spec`, the table as the service describes it.
    """
    names = _key_names(source_model, source_spec, target_spec)
    place = target_spec.name if target_spec else "item"
    if source_model is not None:
        place = codec(source_model).place
    if transform is None or isinstance(transform, AttributeTransform):
        if unmodelled != "keep":
            raise TypeError(f"unmodelled={unmodelled!r} goes with a transform of models")
        if transform is None and target_spec is None:
            return lambda raw: iter((raw,))
        work = _plain if transform is None else _of_attributes(transform)
    else:
        keys = {a.name for spec in (source_spec, target_spec) for a in _every_key(spec)}
        work = _of_models(transform, source_model, target_model, unmodelled, keys)
    checks: list[Check] = [key_check(target_spec)] if target_spec else []
    checks += _limits(transform, target_model)
    check = _checking(checks, target_spec.name if target_spec else "item")

    def convert(raw: bytes | Raw) -> Iterator[bytes | Raw]:
        try:
            for item in work(raw):
                check(item)
                yield item
        except Misfit as misfit:
            path = misfit.path(place)
            raise ItemError(misfit.problem, path, key=key_of(raw, names)) from misfit.__cause__
        except ItemError as error:
            key = key_of(raw, names)
            raise ItemError(error.problem, error.path, key=key) from error.__cause__

    return convert


def _key_names(
    source_model: Any, source_spec: TableSpec | None, target_spec: TableSpec | None
) -> tuple[str, ...]:
    """Name the attributes by which to tell an item: the source's key, if it is known."""
    spec = source_spec
    if spec is None and source_model is not None:
        with suppress(ModelError):  # a model that is not declared as a table
            spec = table_spec(source_model)
    spec = spec or target_spec
    return tuple(attribute.name for attribute in spec.key) if spec else ()


def _limits(transform: Transform | None, target_model: Any) -> list[Check]:
    """Name what has to be looked at in the items that a transform gives."""
    if transform is None:
        return []
    if target_model is None or isinstance(transform, AttributeTransform):
        return [check_size, check_nesting]
    bounded = all(map(is_bounded, codec(target_model).shapes))
    return [check_size] if bounded else [check_size, check_nesting]


def _checking(checks: list[Check], place: str) -> Check:
    """Make what looks at the items that are to be put."""

    def check(item: Any) -> None:
        try:
            for one in checks:
                one(item)
        except Misfit as misfit:
            raise ItemError(misfit.problem, misfit.path(place)) from None

    return check


def _plain(raw: bytes | Raw) -> Iterator[bytes | Raw]:
    return iter((raw,))


def _of_attributes(transform: AttributeTransform) -> Converting:
    if transform.opaque:
        return lambda raw: map(_encode, made(transform, raw_attributes(raw), dict))
    return lambda raw: map(item_json, made(transform, attributes_of(raw), dict))


def _every_key(spec: TableSpec | None) -> Iterator[KeyAttribute]:
    """Yield the key attributes of a table and of its indexes."""
    if spec is not None:
        yield from spec.key
        for index in spec.indexes:
            yield from index.key


def _of_models(
    transform: Transform,
    source_model: Any,
    target_model: Any,
    unmodelled: Unmodelled,
    keys: set[str],
) -> Converting:
    if source_model is None:
        raise TypeError(
            f"transform {name_of(transform)} takes instances of a model: give the model as source, "
            "or mark the transform with @attribute_transform"
        )
    # A target that is only a name takes instances of any model, each written by its own class.
    kinds = (Struct,) if target_model is None else _classes(target_model)
    _check_signature(transform, _classes(source_model), kinds)
    source = exact_codec(source_model, keys)

    def codec_of(item: Any) -> Codec[Any]:
        found: Codec[Any] = codec(target_model or type(item)).of(item)
        return found

    def convert(raw: bytes | Raw) -> Iterator[bytes | Raw]:
        instance, more = source.decode(raw, unmodelled)
        items = made(transform, instance, kinds)
        if not more:
            for item in items:
                yield codec_of(item).encode(item)
            return
        carried: dict[str, Raw] = {}
        found: list[bytes | Raw] = []
        for item in items:
            target = codec_of(item)
            found.append(target.encode(item, more))
            carried.update(target.unmodelled(more))
        if carried and len(found) > 1:
            lost = ", ".join(carried)
            raise Misfit(f"split into {len(found)}, and where {lost} should go is not known")
        yield from found

    return convert


def _classes(model: Any) -> tuple[Any, ...]:
    """Return the class of a model's instances, or those of a union's."""
    return tuple(get_origin(one) or one for one in union_members(model) or (model,))


def _check_signature(transform: Any, sources: tuple[type, ...], targets: tuple[type, ...]) -> None:
    """Raise `TypeError` for a function that cannot do, before the first item is read."""
    name = name_of(transform)
    if not callable(transform):
        raise TypeError(f"transform= takes a function, not {name}")
    if inspect.iscoroutinefunction(transform) or inspect.isasyncgenfunction(transform):
        raise TypeError(f"transform {name} is async; a transform is a plain function")
    try:
        signature = inspect.signature(transform, eval_str=True)
    except Exception:  # noqa: BLE001 - of a builtin, or annotated with what is not there
        return
    try:
        bound = signature.bind(sources)
    except TypeError:
        raise TypeError(f"transform {name} is to take one item, not {signature}") from None
    taken = signature.parameters[next(iter(bound.arguments))].annotation
    if (classes := _structs(taken)) and not _all_among(sources, classes):
        source = f"the source is {_or(sources)}: write one of this model"
        raise TypeError(f"transform {name} takes {label(taken)}; {source}")
    given = signature.return_annotation
    if (classes := _structs(given)) and not _all_among(classes, targets):
        raise TypeError(f"transform {name} gives {label(given)}; the target is {_or(targets)}")


def _structs(annotation: Any) -> tuple[type, ...]:
    """Return the Structs that an annotation names, if it names nothing else."""
    classes = _classes(annotation)
    structs = tuple(one for one in classes if isinstance(one, type) and issubclass(one, Struct))
    return structs if len(structs) == len(classes) else ()


def _all_among(classes: tuple[type, ...], wanted: tuple[type, ...]) -> bool:
    return all(issubclass(one, wanted) for one in classes)


def _or(classes: tuple[type, ...]) -> str:
    return " | ".join(map(label, classes))
