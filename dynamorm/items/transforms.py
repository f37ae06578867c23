"""Transforms of a copy: functions of items or of instances, made, joined, named and performed.

What a transform raises, and what it gives that is no item, is told with its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import update_wrapper
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from ..errors import text_of
from ..model.arguments import check_plain
from ..model.fields import label
from .mismatch import Misfit, at
from .values import AttributeValue, Item, attributes_of, natural
from .writers import write_any


def qualified(transform: Any) -> str:
    """Return the module and the name by which a checkpoint tells a transform; a lambda has none."""
    name = getattr(transform, "__qualname__", LAMBDA)
    return LAMBDA if LAMBDA in name else f"{transform.__module__}:{name}"


LAMBDA = "<lambda>"

Transform = Callable[[Any], Any]
"""Gives an instance or an item, several in any iterable, or `None`, which skips."""

MAX_REASON = 500
"""Characters of a transform's own error that are told."""


class AttributeTransform:
    """A transform of attribute values, {"name": {"S": "text"}}; `attribute_transform` makes one."""

    def __init__(
        self,
        function: Transform,
        *,
        opaque: bool = False,
        touched: frozenset[str] | None = None,
        recipe: tuple[Any, tuple[Any, ...]] | None = None,
    ) -> None:
        self.function = function
        self._recipe = recipe
        self.touched = touched
        """The attributes that it may change, where that is known: all others stay."""
        self.opaque = opaque
        """Whether it never looks at values, so that these can stay the bytes that they are."""
        update_wrapper(self, function)

    def __reduce__(self) -> Any:
        """Go to another process by what made it, or as the global of its name."""
        return self._recipe or self.function.__qualname__

    def __call__(self, item: Item) -> Any:
        try:
            return self.function(item)
        except Misfit as misfit:
            raise misfit.error("item") from misfit.__cause__


def attribute_transform(
    function: Callable[[Item], Item | Iterable[Item] | None],
) -> AttributeTransform:
    """Mark a function that takes an item as boto3's low-level client has it, and gives such items.

    Binary is bytes in both directions; a str is an `ItemError`, for it may be text or base64. The
    function may change the dict that it is given, and keep changing one that it has yielded.
    """
    check_plain(f"transform {name_of(function)}", function)
    return AttributeTransform(function)


def _made_by(
    make: Callable[..., AttributeTransform],
    names: tuple[str, ...],
    function: Transform,
    *more: Any,
    told: str = "",
    opaque: bool = True,
) -> AttributeTransform:
    """Return what a function of this module makes of attributes' names, and what more it takes."""
    # Errors show this name, and a checkpoint tells transforms by the other.
    function.__name__ = make.__name__
    function.__qualname__ = f"{make.__name__}({', '.join(map(repr, names))}{told})"
    return AttributeTransform(
        function, opaque=opaque, touched=frozenset(names), recipe=(make, (*names, *more))
    )


def copy_all_fields() -> AttributeTransform:
    """Copy items as they are."""
    return _made_by(copy_all_fields, (), lambda item: item)


def rename_field(old: str, new: str) -> AttributeTransform:
    """Return an attribute another name. An item that has `new` too is an `ItemError`.

    One without `old` stays as it is.
    """

    def renamed(item: Item) -> Item:
        if old not in item or old == new:
            return item
        if new in item:
            raise Misfit(f"the attribute that {old!r} is to be renamed to exists already", new)
        # In the place of the old one: nothing else moves.
        return {new if name == old else name: value for name, value in item.items()}

    return _made_by(rename_field, (old, new), renamed)


def add_field(name: str, value: Any) -> AttributeTransform:
    """Add an attribute to items that lack it; one that is there stays.

    `value` is a plain Python value, or a function that makes one from the item's: a dict in which
    numbers are int or Decimal, and sets are sets.
    """
    make = value if callable(value) else None
    given: AttributeValue = {}
    if make is None:
        try:
            given = _attribute(value)
        except Misfit as misfit:
            raise misfit.error(name) from None

    def added(item: Item) -> Item:
        if name in item:
            return item
        if make is None:  # of its own for each item: the next transform may change it
            return {**item, name: deepcopy(given)}
        return {**item, name: at(name, _attribute, make({n: natural(v) for n, v in item.items()}))}

    # A value may be a secret, and is not told.
    told = qualified(value) if make else blake2b(repr(given).encode(), digest_size=8).hexdigest()
    return _made_by(add_field, (name,), added, value, told=f", {told}", opaque=make is None)


def _attribute(value: Any) -> AttributeValue:
    return attributes_of(b'{"value":%s}' % write_any(value))["value"]


def remove_field(name: str) -> AttributeTransform:
    """Leave an attribute out."""

    def removed(item: Item) -> Item:
        return {other: value for other, value in item.items() if other != name}

    return _made_by(remove_field, (name,), removed)


class Chain:
    """Transforms in a row: each gets what the one before it gave, item by item."""

    def __init__(self, transforms: tuple[Transform, ...], kind: type) -> None:
        self._transforms = transforms
        self._kind = kind
        self.__name__ = "chain"
        self.__qualname__ = f"chain({', '.join(map(qualified, transforms))})"

    def __call__(self, item: Any) -> list[Any]:
        # A generator may go on changing what it has yielded, which a list would show.
        return [deepcopy(one) for one in self.each(item)]

    def each(self, item: Any) -> Iterator[Any]:
        """Yield each item as soon as the last transform gives it, before any of them goes on."""
        items: Iterator[Any] = iter((item,))
        for transform in self._transforms:
            items = self._applied(transform, items)
        return items

    def _applied(self, transform: Transform, items: Iterator[Any]) -> Iterator[Any]:
        perform = guarded(transform)
        for item in items:
            yield from given(transform, perform(item), self._kind)


def chain(*transforms: Transform) -> Transform:
    """Join transforms to one: each gets what the one before it gave, item by item.

    All of them are of attribute values, or none is.
    """
    for transform in transforms:
        check_plain(f"transform {name_of(transform)}", transform)
    marked = [transform for transform in transforms if isinstance(transform, AttributeTransform)]
    if not marked and transforms:
        return Chain(transforms, Struct)
    if len(marked) < len(transforms):
        raise TypeError("chain() takes attribute transforms or transforms of models, not both")
    opaque = all(transform.opaque for transform in marked)
    touched: Any = [transform.touched for transform in marked]
    # If one may touch any attribute, so may the chain.
    touched = None if None in touched else frozenset().union(*touched)
    return AttributeTransform(
        Chain(transforms, dict), opaque=opaque, touched=touched, recipe=(chain, transforms)
    )


def name_of(transform: Any) -> str:
    """Return the name by which errors call a transform."""
    return getattr(transform, "__name__", type(transform).__name__)


_SINGLE = (Struct, dict, str, bytes)


def guarded(transform: Transform) -> Transform:
    """Return what performs a transform; whatever it raises is a `Misfit` that has its name."""
    function = transform.function if isinstance(transform, AttributeTransform) else transform
    # A chain is asked item by item, so that one which becomes many is not held as a list.
    function = getattr(function, "each", function)

    def perform(item: Any) -> Any:
        try:
            return function(item)
        except Misfit:
            raise
        except Exception as error:
            raise _raised(transform, error) from error

    return perform


def given(transform: Transform, found: Any, kind: Any) -> Iterator[Any]:
    """Yield the items of a transform's result one by one: a generator may change each later.

    Whatever that raises, or what is no item, is a `Misfit` that has the transform's name.
    """
    if found is None:
        return
    try:
        single = isinstance(found, _SINGLE) or not isinstance(found, Iterable)
        several: Any = (found,) if single else found
        for one in several:
            if not isinstance(one, kind):
                gave = type(one).__name__
                wanted = " or ".join(map(label, kind if isinstance(kind, tuple) else (kind,)))
                raise Misfit(f"transform {name_of(transform)} gave {gave}, not {wanted}")
            yield one
    except Misfit:
        raise
    except Exception as error:
        raise _raised(transform, error) from error


def _raised(transform: Transform, error: Exception) -> Misfit:
    reason = type(error).__name__
    with suppress(Exception):  # the text of a class that is not ours
        if text := " ".join(text_of(error).split()):
            reason += f": {text[:MAX_REASON]}"
    return Misfit(f"transform {name_of(transform)} raised {reason}")
