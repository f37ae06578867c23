"""Several Structs on one table (single-table design): one key, and the indexes of all of them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/data-modeling-foundations.html

The law: each model is also by itself a table with the same key, and none has an attribute that an
index of another is sorted by without saying so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from .fields import Field, TimeToLive, label
from .options import AnyIndex, Include

Members = Sequence[tuple[Any, tuple[Field, ...]]]
"""The models of a union, each with its fields."""


def member_problems(models: Sequence[Any]) -> Iterator[str]:
    """Say which members of a union cannot be told apart by an item's tag."""
    tags: dict[Any, Any] = {}
    names = set()
    for model in models:
        config = getattr(model, "__struct_config__", None)
        if config is None:
            yield f"a union on one table takes Structs, not {label(model)}"
        elif config.tag is None:
            yield (
                f"no attribute shows which model an item is of: write class {label(model)}(Struct, "
                f"tag=True) - at {label(model)}"
            )
        elif (other := tags.setdefault(config.tag, model)) is not model:
            yield (
                f"the tag {config.tag!r} is also that of {label(other)}: give each its "
                f"own - at {label(model)}"
            )
        else:
            names.add(config.tag_field)
    if len(names) > 1:
        listed = ", ".join(map(repr, sorted(names)))
        yield f"the tag must be in one attribute, not in {listed}: give all of them one tag_field="


def joined_fields(members: Members, problems: list[str]) -> tuple[Field, ...]:
    """Return the fields of all models, each attribute once, with the markers of all."""
    joined: dict[str, Field] = {}
    owners: dict[str, str] = {}
    for model, fields in members:
        for field in fields:
            # The first model's field stands for the attribute; what others say of it is added.
            first = joined.setdefault(field.attribute, field)
            owner = owners.setdefault(field.attribute, label(model))
            if first is field:
                continue
            markers = dict.fromkeys((*first.markers, *field.markers))
            if markers and first.kinds != field.kinds:
                one, other = (" | ".join(sorted(each.kinds)) for each in (first, field))
                problems.append(
                    f"{field.attribute!r} is {one} in {owner}, and {other} in {label(model)}: "
                    f"a key has one type - at {field.place}"
                )
            optional = first.optional or field.optional
            joined[field.attribute] = structs.replace(
                first, markers=tuple(markers), optional=optional
            )
    # `Include` names attributes here, as `joined_indexes` gives it.
    return tuple(structs.replace(field, name=field.attribute) for field in joined.values())


def joined_indexes(
    members: Members, listings: Iterable[Iterable[Any]], problems: list[str]
) -> tuple[Any, ...]:
    """Return what the models list, each index once; several `Include` project what all name.

    They name attributes then, since one field's name may stand for several. What is no `Index` is
    left to who checks them.
    """
    # For a name that a model lacks, the first model that has it counts.
    every = {field.name: field.attribute for _, fields in reversed(members) for field in fields}
    joined: dict[Any, Any] = {}
    for (model, fields), listed in zip(members, listings, strict=True):
        names = {**every, **{field.name: field.attribute for field in fields}}
        for given in listed:
            index = given
            if isinstance(given, AnyIndex) and isinstance(given.projection, Include):
                projection = Include(*(names.get(name, name) for name in given.projection))
                index = structs.replace(given, projection=projection)
            key = getattr(index, "name", id(index))
            merged = _merged(joined.get(key, index), index)
            if merged is None:
                problems.append(
                    f"index {key!r} is declared differently in another model of the union "
                    f"- at {label(model)}"
                )
            joined[key] = merged or index
    return tuple(joined.values())


def _merged(one: Any, other: Any) -> Any:
    """Return an index as both list it; `None` where they contradict each other."""
    projections = [getattr(index, "projection", None) for index in (one, other)]
    if all(isinstance(projection, Include) for projection in projections):
        # A projection is a promise to who reads the index: all that any model names is there.
        both = Include(*dict.fromkeys(name for names in projections for name in names or ()))
        one, other = (structs.replace(index, projection=both) for index in (one, other))
    return one if one == other else None


def joined_options(
    options: Iterable[tuple[Any, Mapping[str, Any]]], problems: list[str]
) -> dict[str, Any]:
    """Return the options of all models, which may not contradict each other."""
    joined: dict[str, Any] = {}
    for model, given in options:
        for name, value in given.items():
            if joined.setdefault(name, value) != value:
                problems.append(
                    f"{name} is {joined[name]!r:.100} in another model, {value!r:.100} here: "
                    f"use one value - at {label(model)}"
                )
    return joined


def unmarked_keys(members: Members, fields: Sequence[Field]) -> Iterator[str]:
    """Say where a model has an attribute of a key and no marker for it, or lacks the table's."""
    keys = [
        (field.attribute, mark)
        for field in fields
        for mark in field.markers
        if not isinstance(mark, TimeToLive)
    ]
    for model, its_fields in members:
        own = {field.attribute: field for field in its_fields}
        for attribute, mark in keys:
            if attribute not in own and mark.index is None:
                yield (
                    f"{attribute!r} is missing: each model needs the table's key "
                    f"- at {label(model)}"
                )
            # Its items would be in the index all the same, by whatever they hold there.
            elif attribute in own and mark not in own[attribute].markers:
                yield (
                    f"{attribute!r} is a key in another model: mark it here too, with "
                    f"{mark!r} - at {own[attribute].place}"
                )
