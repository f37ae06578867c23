"""Items that are read to be written again: none may lose anything by that, or become another.

What a model reads in several spellings is written in one. Where two items could become one, or
digits would be lost, that is an `ItemError`; an item of another kind is one too, as far as that
can be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from msgspec import Raw, Struct, inspect, json, structs

from ..errors import UNREADABLE
from ..model.fields import label, union_members
from .attributes import alternatives
from .codec import Codec, UnionCodec
from .keys import item_key
from .mismatch import Misfit
from .readers import Readers
from .records import left_out, omits_defaults
from .roles import with_key_types
from .values import raw_attributes
from .wire import Convert
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


class ExactCodec(Codec[M]):
    """The codec of a copy's source. `keys` are key attributes that the model may not mark."""

    exact = True

    def __init__(self, model: type[M], keys: Iterable[str] = ()) -> None:
        super().__init__(model)
        names = {*self._roles.keys, *keys}
        changing = hasattr(model, "__post_init__")
        fields = tuple(
            field
            for field in self.shape.fields
            if field.encode_name in names and (changing or _is_respelled(field))
        )
        self._keys = tuple(field.encode_name for field in fields)
        keyed = structs.replace(self.shape, fields=fields)
        self._write_keys = item_writer(with_key_types(keyed))
        # What tells an item of this model from one of another: neither the keys, which all items
        # have, nor the time to live, which is the table's.
        self._own = self._names - names - self._roles.seconds
        omits = omits_defaults(self.shape)
        self._written = any(
            left_out(field, omit_defaults=omits) is None
            for field in self.shape.fields
            if field.encode_name in self._own
        )

    def _reader(self, readers: Readers, *, forbid: bool) -> Convert:
        """Refuse what would be changed too."""
        read = super()._reader(readers, forbid=forbid)
        if not self._keys:
            return read

        def checked(raw: bytes | Raw) -> Any:
            instance = read(raw)
            self._check_keys(raw, self._write_keys(instance))
            return instance

        return checked

    def _check_kind(self, raw: bytes | Raw) -> None:
        """Refuse an item that shares nothing but keys with the model, and has attributes beside.

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
        # Compare as DynamoDB does first: nearly always the keys are equal.
        try:
            if item_key(raw, self._keys) == item_key(written, self._keys):
                return
        except UNREADABLE:  # a NULL, where the source has no such index
            pass
        before, after = raw_attributes(raw), raw_attributes(written)
        for name in self._keys:
            if name in before:
                _check_spelling(
                    name, json.decode(before[name]), json.decode(after.get(name, b"{}"))
                )


@cache
def exact_codec(model: Any, keys: frozenset[str]) -> Any:
    """Return the codec of a copy's source, which may be of several models."""
    if not union_members(model):
        return ExactCodec(model, keys)
    return UnionCodec(model, lambda member: ExactCodec(member, keys))


def _is_respelled(field: inspect.Field) -> bool:
    return any(isinstance(shape, _RESPELLED) for shape in alternatives(field.type))


def _check_spelling(name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    if before in (after, {"NULL": True}):
        return
    if before.keys() == after.keys() == {"N"} and Decimal(before["N"]) == Decimal(after["N"]):
        return
    was, now = (next(iter(value.values()), None) for value in (before, after))
    raise Misfit(
        f"the key {was!r} would be written as {now!r}, which can be the key of another item: "
        "declare the field as str",
        name,
    )
