"""From an item's JSON to instances of a model: Structs by which msgspec's parser unwraps it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, defstruct, inspect

from ..model.fields import label
from .attributes import ARRAYS, KINDS, RecordType, alternatives, struct_tag, tag_of
from .leaves import Inside, Place, annotated, compose, is_its_own_spelling, leaf, limited
from .mismatch import Convert, Misfit, decoder, each, every
from .records import record_reader
from .scalars import read_integer
from .values import wrapper
from .wire import (
    ANYTHING,
    AS_IT_IS,
    AS_IT_IS_OR_NONE,
    entries,
    members,
    members_of_set,
    nullable,
    one_of_several,
    only_one,
)


class Record:
    """How to read a Struct, or what is written like one."""

    def __init__(self, wire: type[Struct], build: Convert) -> None:
        self.wire = wire
        self.build = build

    @cached_property
    def read(self) -> Convert:
        """Read one from its JSON, {"name": {"S": "text"}}."""
        return decoder(self.wire, self.build)


class Readers:
    """The readers of one model. A strict one refuses what the model does not know, at any depth.

    An exact one refuses what would be written again with fewer digits, or as another kind of item.
    """

    def __init__(self, *, strict: bool, exact: bool = False) -> None:
        self._strict = strict
        self._exact = exact
        self._records: dict[Any, Record | None] = {}

    def record(self, shape: RecordType) -> Record:
        """Return the reader of a record, made once."""
        found = self._records.get(shape.cls)
        if found is None:
            # None while it is being made: a record that contains itself asks again meanwhile.
            self._records[shape.cls] = None
            forbid = self._strict or getattr(shape, "forbid_unknown_fields", False)
            found = self._records[shape.cls] = self.made(shape, forbid=forbid)
        return found

    def made(self, shape: RecordType, *, forbid: bool, tagged: bool = False) -> Record:
        """Make the reader of a record, such as an item.

        `forbid`: it refuses attributes of its own too many; `tagged`: an item without the tag.
        """
        array = tag_of(shape) == "L"
        tag_field, tag = struct_tag(shape)
        head: list[Any] = []
        if tag is not None:  # it can have no other value
            kind = wrapper((("S" if isinstance(tag, str) else "N", Literal[str(tag)]),))
            # Without it a map is taken for the Struct, as msgspec does; but not an item that is to
            # be written again, for it would gain one, and not an array, where it has a position.
            head = [("tag", kind) if array or tagged else ("tag", kind, UNSET)]
        places = [self.position(field.type) for field in shape.fields]
        # By number: an attribute's name may be none that a Struct can have.
        names = {f"f{i}": field.encode_name for i, field in enumerate(shape.fields)}
        fields: Any = [
            (name, place.annotation, *(() if field.required else (UNSET,)))
            for name, place, field in zip(names, places, shape.fields, strict=True)
        ]
        wire = defstruct(
            label(shape.cls),
            [*head, *fields],
            rename={"tag": tag_field, **names},
            kw_only=True,
            forbid_unknown_fields=forbid,
            array_like=array,
            gc=False,
        )
        return Record(wire, record_reader(shape, places))

    def position(self, shape: inspect.Type) -> Place:
        """Tell how to read wherever a value of this type can stand."""
        # Any and Raw first: they take every tag.
        shapes = alternatives(shape)
        if any(isinstance(inner, inspect.AnyType) for inner in shapes):
            return ANYTHING
        if any(isinstance(inner, inspect.RawType) for inner in shapes):
            return AS_IT_IS_OR_NONE if len(shapes) > 1 else AS_IT_IS
        rivals: dict[str, list[Any]] = {}
        for inner in shapes:
            rivals.setdefault(tag_of(inner), []).append(inner)
        insides = {tag: self._inside(some) for tag, some in rivals.items()}
        if len(insides) == 1:
            return only_one(*insides.popitem())
        if len(insides) == 2 and "NULL" in insides:
            del insides["NULL"]
            return nullable(*insides.popitem())
        return one_of_several(insides)

    def _inside(self, shapes: list[Any]) -> Inside:
        """Tell how to read what is in a tag; several types are numbers, or tagged Structs."""
        shape = shapes[0]
        if isinstance(shape, RecordType):
            return self._record(shape) if len(shapes) == 1 else self._tagged(shapes)
        if isinstance(shape, inspect.TupleType):
            return self._tuple(shape)
        if isinstance(shape, ARRAYS):
            return self._collection(shape)
        if isinstance(shape, inspect.DictType):
            return self._map(shape)
        return leaf(shapes, exact=self._exact)

    def _map(self, shape: inspect.DictType) -> Inside:
        """Tell how to read a map; keys with several spellings are compared once they are read."""
        place = self.position(shape.value_type)
        shapes = alternatives(shape.key_type)
        keys, plain = annotated(shapes), is_its_own_spelling(shapes)
        annotation = _of(dict, keys if plain else str, place.annotation)
        read = entries(place.unwrap, None if plain else keys, exact=self._exact)
        return Inside(limited(annotation, shape), read)

    def _record(self, shape: RecordType) -> Inside:
        """Tell how to read a record in another: at once, or later from its bytes."""
        if self._records.get(shape.cls, self) is None:  # it is being made: it contains itself
            return Inside(Raw, partial(self._read, shape))
        record = self.record(shape)
        return Inside(record.wire, record.build)

    def _read(self, shape: RecordType, raw: Raw) -> Any:
        return self.record(shape).read(raw)

    def _tagged(self, shapes: list[inspect.StructType]) -> Inside:
        """Read Structs that a tag tells apart: the tag first, then all of it."""
        known = {struct_tag(shape)[1]: partial(self._read, shape) for shape in shapes}
        chosen = by_tag(shapes[0], known, "the Structs in the union")
        return Inside(Raw, lambda raw: chosen(raw)(raw))

    def _tuple(self, shape: inspect.TupleType) -> Inside:
        """Tell how to read a tuple of a certain length."""
        places = [self.position(inner) for inner in shape.item_types]
        annotation = _of(tuple, *(place.annotation for place in places))
        return Inside(annotation, compose(each([place.unwrap for place in places]), tuple))

    def _collection(self, shape: Any) -> Inside:
        """Tell how to read a list, a tuple of any length, or a set."""
        make = KINDS[type(shape)][1]
        if tag_of(shape) == "L":
            place = self.position(shape.item_type)
            return Inside(limited(_of(list, place.annotation), shape), members(make, place))
        shapes = list(alternatives(shape.item_type))
        inside = self._inside(shapes)
        # The parser makes a set itself where no two of its texts are one member; otherwise they are
        # counted before and after.
        if inside.convert is None and is_its_own_spelling(shapes):
            return Inside(limited(_of(make, inside.annotation), shape))
        if inside.convert is None:
            inside = Inside(Raw, decoder(inside.annotation))
        assert inside.convert is not None
        annotation = limited(_of(list, inside.annotation), shape)
        return Inside(annotation, members_of_set(make, every(inside.convert)))


def by_tag(shape: inspect.StructType, known: dict[Any, Any], all_: str, *steps: str) -> Convert:
    """Make what reads the tag alone of a Struct, and gives what is known by it."""
    tag_field, tag = struct_tag(shape)
    place = only_one(*(("S", Inside(str)) if isinstance(tag, str) else ("N", _WHOLE)))
    # It has no other field: the parser passes over all but the tag.
    peek = defstruct(
        "Tagged",
        [("tag", place.annotation)],
        rename={"tag": tag_field},
        array_like=tag_of(shape) == "L",
    )

    def chosen(found: Any) -> Any:
        if (tag := place.unwrap(found.tag)) not in known:
            raise Misfit(f"the value of the tag names none of {all_}", *steps)
        return known[tag]

    return decoder(peek, chosen)


_WHOLE = Inside(str, read_integer)


def _of(generic: Any, *arguments: Any) -> Any:
    return generic[arguments]
