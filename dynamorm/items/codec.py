"""Items: from instances of a model to attribute values, and back.

The law: what was written is what is read. `from_item(Order, to_item(order)) == order`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from types import UnionType
from typing import Any, Generic, Literal, TypeVar, get_origin, overload

from msgspec import Raw, Struct

from ..errors import ModelError
from ..model import table_name
from ..model.declare import not_a_model
from ..model.fields import label, union_members
from ..model.unions import member_problems
from .attributes import read_shape, struct_tag
from .mismatch import Convert, Misfit, complaint, expected
from .readers import Readers, by_tag
from .roles import with_roles
from .scalars import encode
from .values import AttributeValue, attributes_of, item_json, raw_attributes
from .writers import item_writer

M = TypeVar("M", bound=Struct)

Unmodelled = Literal["keep", "drop", "error"]
"""What to do with attributes that a model does not know."""


def to_item(instance: Struct) -> dict[str, AttributeValue]:
    """Return attribute values as boto3's low-level client takes them; binary as bytes.

    Raises `ItemError` for what DynamoDB cannot hold: nan, numbers of more than 38 digits, empty
    sets. An empty set is left out where it is the field's default, and so is an index key that is
    None. As in msgspec, constraints of `Meta` are checked when items are read, not here.
    """
    if isinstance(instance, type):
        name = instance.__name__
        raise TypeError(f"expected an instance, not the class: write {name}(...)")
    if not isinstance(instance, Struct):
        kind = type(instance).__name__
        raise TypeError(f"expected an instance of a msgspec Struct, not of {kind}")
    return attributes_of(codec(type(instance)).encode(instance))


@overload
def from_item(model: type[M], item: Mapping[str, AttributeValue]) -> M: ...
@overload
def from_item(model: UnionType, item: Mapping[str, AttributeValue]) -> Any: ...
def from_item(model: Any, item: Mapping[str, AttributeValue]) -> Any:
    """Make an instance of attribute values; binary may also be base64, as in JSON.

    Of a union of Structs (`Order | Customer`), the item's tag says which one is made.
    Attributes that the model does not know are skipped, unless it forbids them. What does not
    fit is an `ItemError` that tells its path and not its value.
    """
    if isinstance(model, Mapping):
        raise TypeError("the model comes first: write from_item(Order, item)")
    found = codec(model)
    try:
        raw = item_json(item, base64=True)
    except Misfit as misfit:
        raise misfit.error(found.place) from None
    return found.decode(raw, "drop")[0]


class _Located:
    """A codec that says where in the items of its model something does not fit."""

    model: Any

    @cached_property
    def place(self) -> str:
        """What error paths begin with: the table's name or, where there is none, the model's."""
        try:
            return table_name(self.model)
        except ModelError:
            return label(self.model)


class Codec(_Located, Generic[M]):
    """Reads and writes the items of one model as JSON. Use `codec`, which makes each once."""

    exact = False
    """Whether what is read is to be written again, and so must not lose anything by that."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.shape = with_roles(read_shape(model), model)
        tag = [self.shape.tag_field] if self.shape.tag_field else []
        self._names = {*tag, *(field.encode_name for field in self.shape.fields)}
        self._write = item_writer(self.shape)

    @cached_property
    def _closed(self) -> Convert:
        return self._reader(strict=True, forbid=True)

    @cached_property
    def _open(self) -> Convert:
        return self._reader(strict=True)

    @cached_property
    def _lenient(self) -> Convert:
        return self._reader(strict=False)

    def _reader(self, *, strict: bool, forbid: bool = False) -> Convert:
        forbid = forbid or self.shape.forbid_unknown_fields
        readers = Readers(strict=strict, exact=self.exact)
        return readers.made(self.shape, forbid=forbid, tagged=self.exact).read

    def _check_kind(self, raw: bytes | Raw) -> None:
        """Refuse an item that has attributes beside the model's, where it is of another kind."""

    @property
    def members(self) -> tuple[Codec[M], ...]:
        """The codecs of single models."""
        return (self,)

    def of(self, instance: M) -> Codec[M]:  # one of several models may have another
        """Return the codec that writes an instance."""
        return self

    def decode(self, raw: bytes | Raw, unmodelled: Unmodelled = "keep") -> tuple[M, dict[str, Raw]]:
        """Return the instance, and the attributes that the model does not know, as they are.

        One inside a nested Struct, which has no place to be kept in, is an error under "keep".
        """
        # The strictest reader first: most items have nothing that the model does not know, and
        # those are gone through once.
        try:
            return self._closed(raw), {}
        except Misfit as misfit:
            if unmodelled == "error":
                # The cause is what the model's own code has raised, if it has.
                raise misfit.error(self.place) from misfit.__cause__
        try:
            drop = unmodelled == "drop"
            instance = (self._lenient if drop else self._open)(raw)
            self._check_kind(raw)
            return instance, {} if drop else self.unmodelled(raw_attributes(raw))
        except Misfit as misfit:
            raise misfit.error(self.place) from misfit.__cause__

    def encode(self, instance: M, more: Mapping[str, Raw] | None = None) -> bytes:
        """Return the JSON of an item, and in it `more` attributes that the model does not know.

        What the model knows comes from the instance alone, also where that leaves it out.
        """
        try:
            item = self._write(instance)
        except Misfit as misfit:
            raise misfit.error(self.place) from None
        except RecursionError as error:
            raise complaint(error).error(self.place) from None
        rest = self.unmodelled(more) if more else None
        if not rest:
            return item
        # Two objects as one: without the brace between them.
        comma = b"" if item == b"{}" else b","
        return item[:-1] + comma + encode(rest)[1:]

    def unmodelled(self, attributes: Mapping[str, Raw]) -> dict[str, Raw]:
        """Return those attributes that the model does not know."""
        return {name: raw for name, raw in attributes.items() if name not in self._names}


class UnionCodec(_Located):
    """Reads and writes the items of several models on one table, told apart by their tags."""

    def __init__(self, model: Any, make: Callable[[Any], Codec[Any]]) -> None:
        self.model = model
        self.members = tuple(make(member) for member in union_members(model))
        # An instance of Page[int] has the class Page.
        self._classes = {get_origin(one.model) or one.model: one for one in self.members}
        known = {struct_tag(one.shape)[1]: one for one in self.members}
        shape = self.members[0].shape
        self._chosen = by_tag(shape, known, label(model), struct_tag(shape)[0])

    def of(self, instance: Any) -> Codec[Any]:
        """Return the codec that writes an instance."""
        if (found := self._classes.get(type(instance))) is None:
            raise expected(self._classes, instance).error(self.place)
        return found

    def decode(
        self, raw: bytes | Raw, unmodelled: Unmodelled = "keep"
    ) -> tuple[Any, dict[str, Raw]]:
        """Return the instance, and the attributes that its model does not know, as they are."""
        try:
            chosen: Codec[Any] = self._chosen(raw)
        except Misfit as misfit:
            raise misfit.error(self.place) from None
        return chosen.decode(raw, unmodelled)


@overload
def codec(model: type[M]) -> Codec[M]: ...
@overload
def codec(model: Any) -> Any: ...
def codec(model: Any) -> Any:
    """Return the codec of a model; raises `ModelError` for fields that no attribute can hold."""
    try:
        return _codec(model)
    except TypeError:  # an instance may not even be hashable
        if isinstance(get_origin(model) or model, type):
            raise
        raise not_a_model(model, "a msgspec Struct class") from None


# Making a codec takes milliseconds, and there are as many models as a program has classes.
@cache
def _codec(model: Any) -> Codec[Any] | UnionCodec:
    if not (members := union_members(model)):
        return Codec(model)
    if problems := (*member_problems(members),):
        raise ModelError(problems)
    return UnionCodec(model, codec)
