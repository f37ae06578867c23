"""What a copy does with one item: read it, transform it, check and write what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from msgspec import UNSET, Raw, json

from ..errors import UNREADABLE, ItemError, ModelError
from ..model.declare import table_spec
from ..model.spec import TableSpec, key_names
from .codec import Unmodelled, codec
from .keys import Key, Made
from .limits import Check, check_nesting, check_size, is_bounded, key_check, key_limits, key_of
from .mismatch import Misfit
from .scalars import encode
from .transforms import AttributeTransform, Transform, given, guarded
from .typed import made_of_models
from .values import Item, attributes_twice, check_item, item_json, raw_attributes

Converting = Callable[[bytes | Raw], Iterable[bytes | Raw]]
"""Gives what an item becomes: a `Made`, or an iterator that makes one after the other."""


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
    known = source_spec
    if known is None and source_model is not None:
        with suppress(ModelError):  # a model that is not declared as a table
            known = table_spec(source_model)
    known = known or target_spec
    names = key_names(known) if known else ()
    place = target_place = target_spec.name if target_spec else "item"
    if source_model is not None:
        place = codec(source_model).place
    limit: Check = check_size
    work: Converting
    if transform is not None and not isinstance(transform, AttributeTransform):
        keys = {a.name for spec in (source_spec, target_spec) if spec for a in key_limits(spec)}
        work = made_of_models(transform, source_model, target_model, target_spec, unmodelled, keys)
        models = () if target_model is None else codec(target_model).members
        bounded = bool(models) and all(is_bounded(one.shape) for one in models)
    elif unmodelled != "keep":
        raise TypeError(f"unmodelled={unmodelled!r} goes with a transform of models")
    elif transform is None:  # what is given as it is was in a table before
        work, bounded, limit = lambda raw: (raw,), True, lambda raw: None
    else:
        # What it changes is looked at when it is written.
        work, bounded = _of_attributes(transform, target_spec), not transform.opaque
    if not bounded:
        limit = _both(check_size, check_nesting)
    check = _both(key_check(target_spec), limit) if target_spec else limit
    return _located(work, check, limit, (place, target_place), names)


def _located(
    work: Converting, check: Check, limit: Check, places: tuple[str, str], names: tuple[str, ...]
) -> Converting:
    """Make what tells where in which item something is wrong; `limit`: for one of a known key."""
    place, target_place = places

    def convert(raw: bytes | Raw) -> Made | Iterator[bytes | Raw]:
        # An error of the transform is told by the source's names, one of a check by the target's.
        at = place
        try:
            items = work(raw)
            if not isinstance(items, Made):
                return several(raw, items)
            at = target_place
            (check if items.key is None else limit)(items.raw)
            return items
        except (Misfit, ItemError) as error:
            raise located(error, raw, at) from error.__cause__

    # A separate generator: if `convert` were one, its body would run only when iterated.
    def several(raw: bytes | Raw, items: Iterable[bytes | Raw]) -> Iterator[bytes | Raw]:
        at = place
        try:
            for item in items:
                at = target_place
                check(item)
                yield item
                at = place
        except (Misfit, ItemError) as error:
            raise located(error, raw, at) from error.__cause__

    def located(error: Misfit | ItemError, raw: bytes | Raw, at: str) -> ItemError:
        path = error.path(at) if isinstance(error, Misfit) else error.path
        return ItemError(error.problem, path, key=key_of(raw, names))

    return convert


def _both(first: Check, second: Check) -> Check:
    def check(raw: bytes | Raw) -> None:
        first(raw)
        second(raw)

    return check


def _of_attributes(transform: AttributeTransform, spec: TableSpec | None) -> Converting:
    perform, key_in = guarded(transform), _key_of_attributes(spec)
    read: Any = (lambda raw: (raw_attributes(raw), None)) if transform.opaque else attributes_twice
    write: Any = (lambda item, _: encode(item)) if transform.opaque else _changed_json

    def convert(raw: bytes | Raw) -> Iterable[bytes | Raw]:
        item, before = read(raw)
        found = perform(item)
        if found.__class__ is not dict:
            return (write(item, before) for item in given(transform, found, dict))
        return Made(write(found, before), key_in(found))

    return convert


def _changed_json(item: dict[str, Any], before: Item) -> bytes:
    """Write attribute values as JSON, of which only those are checked that were not there before.

    What is equal is the same: bytes and a str of base64 are not, though they have the same JSON.
    """
    try:
        text = encode(item)
        changed = {n: value for n, value in item.items() if before.get(n, UNSET) != value}
    except (TypeError, ValueError, RecursionError):
        return item_json(item)  # which says what is wrong, and where
    if _is_no_bool(text):
        changed = item
    if changed:
        check_item(changed)
        check_nesting(encode(changed))
    return text


_is_no_bool = re.compile(rb'L(?<="BOOL|"NULL)":[^tf]').search
"""Find what equals true or false, as 1 does, and is neither."""


def _key_of_attributes(spec: TableSpec | None) -> Callable[[dict[str, Any]], Key]:
    """Make what returns an item's key if its keys are all there, and strings; otherwise `None`."""
    keys = key_limits(spec) if spec else {}
    if spec is None or any(attribute.type != "S" for attribute in keys):
        return lambda item: None
    # No character has more than four bytes in UTF-8: a longer text is left to the exact check.
    rows = [(attribute.name, most // 4, attribute in spec.key) for attribute, most in keys.items()]

    def key_in(item: dict[str, Any]) -> Key:
        key = []
        for name, most, own in rows:
            value: Any = item.get(name)
            if value.__class__ is Raw:
                try:
                    value = _decode_value(value)
                except UNREADABLE:  # as is one that is no text
                    return None
            text: Any = value.get("S") if value.__class__ is dict else None
            if text.__class__ is not str or not 0 < len(text) <= most:
                return None
            if own:
                key.append((("S", text),))
        return tuple(key)

    return key_in


_decode_value = json.Decoder().decode
