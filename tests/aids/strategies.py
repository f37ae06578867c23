"""Hypothesis strategies: tables within the service's rules, models of them, and broken ones."""

from __future__ import annotations

import datetime
import decimal
import string
import uuid
from functools import cache
from typing import Annotated, Any

from hypothesis import strategies as st
from msgspec import UNSET, Struct, defstruct, json, structs

from dynamorm import (
    ALL,
    KEYS_ONLY,
    KMS,
    Include,
    Index,
    IndexSpec,
    InlineFilter,
    KeyAttribute,
    OnDemand,
    PartitionKey,
    Provisioned,
    Replica,
    SortKey,
    TableSpec,
    TimeToLive,
    Vector,
    VectorAttribute,
    VectorIndex,
    WarmThroughput,
    table,
)
from dynamorm.model.spec import changed

names = st.text(string.ascii_letters + string.digits + "_-.", min_size=3, max_size=255)
attribute_names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60
)
renamed = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters='"\\'),
    min_size=1,
    max_size=60,
)
"""Attribute names that msgspec takes as the encoded names of fields."""
units = st.integers(1, 5_000)
"""The quota that an account begins with is 40,000 for a table and its indexes."""
maxima = st.just(UNSET) | st.none() | units
on_demand = st.tuples(maxima, maxima).map(lambda given: OnDemand(*given))
provisioned = st.builds(Provisioned, units, units)
more = st.integers(40_000, 1_000_000)
warm = st.builds(WarmThroughput, more, more)
"""As much as any throughput that there is, since the service takes no less."""
tag_characters = st.characters(categories=["L", "Nd", "Zs"], include_characters="+-=._:/")
tag_keys = st.text(tag_characters, min_size=1, max_size=128).filter(
    lambda key: not key.lower().startswith("aws:")
)
tag_values = st.text(tag_characters, max_size=256)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.just({"AWS": "arn:aws:iam::123456789012:root"}),
        "Action": st.sampled_from(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"]),
        "Resource": st.just("*"),
    }
)
policies = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(statements, min_size=1, max_size=3)}
)
options = st.fixed_dictionaries(
    {},
    optional={
        "stream": st.sampled_from(
            ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", None]
        ),
        "encryption": st.none() | st.builds(KMS, st.none() | st.uuids().map(str)),
        "tags": st.dictionaries(tag_keys, tag_values, max_size=3),
        "table_class": st.sampled_from(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
        "deletion_protection": st.booleans(),
        "warm": warm,
        "point_in_time_recovery": st.booleans() | st.integers(1, 35),
        "resource_policy": st.none() | policies | policies.map(lambda p: json.encode(p).decode()),
        "extra": st.dictionaries(st.just("GlobalTableSourceArn"), names, max_size=1),
    },
)


STRONG_REGIONS = ("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3")
regions = st.sampled_from([*STRONG_REGIONS, "us-west-2", "ap-south-1", "us-gov-west-1"])
"""None is where the fake service makes tables."""
tag_sets = st.dictionaries(tag_keys, tag_values, max_size=3)
ONE_REGION: dict[str, Any] = dict.fromkeys(
    ("replicas", "consistency", "witness", "disassociation_protection"), UNSET
)
"""What a table of one region declares of others, for where it is made by a single request."""


@st.composite
def specs(
    draw: st.DrawFn, attributes: st.SearchStrategy[str] = attribute_names, *, regional: int = 3
) -> TableSpec:
    """Any table that the service takes, all options and kinds of index included.

    Of those that can have replicas, `regional` to one are drawn without.
    """
    parts, given = _tables(draw, attributes), draw(options)
    return TableSpec(**parts, **given, **_global(draw, parts, given, regional))


global_specs = specs(regional=0).filter(lambda spec: bool(spec.replicas))
"""Any table with replicas."""


def of_one_region(spec: TableSpec) -> TableSpec:
    return changed(spec, **ONE_REGION)


def _global(
    draw: st.DrawFn, parts: dict[str, Any], given: dict[str, Any], regional: int
) -> dict[str, Any]:
    """The options of a table with replicas, where it can have them; of most others none."""
    fixed = isinstance(parts["billing"], Provisioned)
    if fixed or draw(st.integers(0, regional)):
        return {}
    names = [index.name for index in parts["indexes"] if index.kind == "global"]
    local = any(index.local for index in parts["indexes"])
    replicated = given.get("stream", UNSET) in (UNSET, "NEW_AND_OLD_IMAGES")
    strong = draw(st.booleans()) or not replicated
    if strong and (local or parts["time_to_live"] is not UNSET):
        return {}
    if not strong:
        where = draw(_places)
        more = draw(_loose) if where else {}
        return {"replicas": tuple(_replica(draw, one, names, given) for one in where), **more}
    where = draw(_strong_places)[:2]
    witness = {"witness": where.pop()} if draw(st.booleans()) else {}
    replicas = tuple(_replica(draw, one, names, given) for one in where)
    return {"consistency": "STRONG", "replicas": replicas, **witness}


_places = st.lists(regions, unique=True, max_size=3)
_strong_places = st.permutations(STRONG_REGIONS)
_loose = st.fixed_dictionaries(
    {}, optional={"consistency": st.just("EVENTUAL"), "disassociation_protection": st.booleans()}
)
_own_keys = st.uuids().map(str)
_replica_options = st.fixed_dictionaries(
    {
        "table_class": st.sampled_from([UNSET, "STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
        "point_in_time_recovery": st.just(UNSET) | st.booleans() | st.integers(1, 35),
        "deletion_protection": st.just(UNSET) | st.booleans(),
        "tags": st.just(UNSET) | tag_sets,
        "max_read": st.just(UNSET) | units,
    }
)


def _replica(draw: st.DrawFn, region: str, names: list[str], given: dict[str, Any]) -> Replica:
    chosen = draw(_replica_options)
    if given.get("encryption", UNSET) is not None and draw(st.booleans()):
        chosen["kms_key"] = draw(_own_keys)
    if names and draw(st.booleans()):
        maxima = draw(_maxima(len(names)))
        chosen["index_max_read"] = {names[at]: most for at, most in maxima.items()}
    return Replica(region, **chosen)


class _Parts:
    """What tables are drawn from, by their attributes' names; to make a strategy takes long."""

    def __init__(self, names_of: st.SearchStrategy[str]) -> None:
        self.names = names_of
        self.attributes = st.lists(
            st.builds(KeyAttribute, names_of, st.sampled_from("SNB")),
            min_size=2,
            max_size=12,
            unique_by=lambda attribute: attribute.name,
        )
        included = st.lists(names_of, min_size=1, max_size=16, unique=True)
        self.projections = st.sampled_from([ALL, KEYS_ONLY]) | st.builds(_include, included)
        self.vectors = st.lists(
            st.builds(VectorAttribute, names_of, st.integers(1, 4096), _distances),
            max_size=2,
            unique_by=lambda vector: vector.name,
        )
        self.time_to_live = st.just(UNSET) | names_of


def _include(names: list[str]) -> Include:
    return Include(*names)


@cache
def _some_of(count: int, least: int, most: int) -> st.SearchStrategy[list[int]]:
    """Some of so many, each once: made once, and not for each list that is drawn from."""
    return st.lists(st.sampled_from(range(count)), min_size=least, max_size=most, unique=True)


@cache
def _maxima(count: int) -> st.SearchStrategy[dict[int, int]]:
    return st.dictionaries(st.sampled_from(range(count)), units, min_size=1)


_parts = cache(_Parts)
_distances: Any = st.sampled_from(["COSINE", "DOT_PRODUCT", "EUCLIDEAN"])
_billing = st.just(UNSET) | on_demand | provisioned
_index_names = st.lists(names, max_size=6, unique=True)
_throughput = st.none() | provisioned
_maximum = st.none() | on_demand
_warm = st.none() | warm


def _tables(draw: st.DrawFn, names_of: st.SearchStrategy[str]) -> dict[str, Any]:
    parts = _parts(names_of)
    billing = draw(_billing)
    attributes = draw(parts.attributes)
    partition_key, sort_key = attributes[0], attributes[1] if draw(st.booleans()) else None
    index_names = draw(_index_names)
    taken = {attribute.name for attribute in attributes}
    vectors = [vector for vector in draw(parts.vectors) if vector.name not in taken]
    # A table has at most five vector indexes, and is billed on demand then.
    searchable = 5 if vectors and not isinstance(billing, Provisioned) else 0
    some = _some_of(len(attributes), 1, 8)
    indexes = []
    for place, name in enumerate(index_names):
        projection = draw(parts.projections)
        if place < searchable and draw(st.booleans()):
            indexes.append(_searched(draw, name, attributes, projection, vectors))
        elif sort_key and place < 5 and draw(st.booleans()):
            at = draw(st.integers(1, len(attributes) - 1))
            indexes.append(IndexSpec(name, (), (attributes[at],), projection))
        else:
            key = [attributes[at] for at in draw(some)]
            indexes.append(_globals(draw, name, key, projection, billing))
    return {
        "name": draw(names),
        "partition_key": partition_key,
        "sort_key": sort_key,
        "indexes": tuple(indexes),
        "time_to_live": draw(parts.time_to_live),
        "billing": billing,
    }


def _globals(
    draw: st.DrawFn, name: str, key: list[KeyAttribute], projection: Any, billing: Any
) -> IndexSpec:
    split = draw(st.integers(max(1, len(key) - 4), min(4, len(key))))
    fixed = isinstance(billing, Provisioned)
    return IndexSpec(
        name,
        partition_key=tuple(key[:split]),
        sort_key=tuple(key[split:]),
        projection=projection,
        throughput=draw(_throughput) if fixed else None,
        on_demand=None if fixed else draw(_maximum),
        warm=draw(_warm),
    )


def _searched(
    draw: st.DrawFn,
    name: str,
    attributes: list[KeyAttribute],
    projection: Any,
    vectors: list[VectorAttribute],
) -> IndexSpec:
    # Three filters, a vector and what `Include` has are the most that can be projected.
    schema = [attributes[at] for at in draw(_some_of(len(attributes), 0, 3))]
    split = draw(st.integers(0, min(1, len(schema))))
    return IndexSpec(
        name,
        partition_key=tuple(schema[:split]),
        projection=projection,
        vector=vectors[draw(st.integers(0, len(vectors) - 1))],
        filters=tuple(schema[split:]),
    )


KEY_TYPES: dict[str, list[Any]] = {
    "S": [str, datetime.datetime, datetime.date, uuid.UUID],
    "N": [int, float, decimal.Decimal],
    "B": [bytes, bytearray],
    "L": [list[float], list[int], tuple[decimal.Decimal, ...]],
}
_key_types = {kind: st.sampled_from(types) for kind, types in KEY_TYPES.items()}
_with_names_of_fields = specs(renamed)


@st.composite
def models(draw: st.DrawFn) -> tuple[type[Struct], TableSpec]:
    """A Struct marked with `@table`, and the spec that it stands for."""
    spec = _with_expiry_apart(draw(_with_names_of_fields))
    markers = _markers(spec)
    kinds: dict[str, str] = {part.name: part.type for part in spec.defined}
    kinds |= {index.vector.name: "L" for index in spec.indexes if index.vector}
    own = {part.name for part in spec.key}
    fields, renames, names = [], {}, {}
    for number, attribute in enumerate(_attributes(spec)):
        field = f"field_{number}"
        kind: Any = draw(_key_types[kinds.get(attribute, "N")])
        if attribute not in own and draw(st.booleans()):
            kind = kind | None
        for marker in draw(st.permutations(markers.get(attribute, []))):
            kind = Annotated[kind, marker]
        fields.append((field, kind))
        renames[field], names[attribute] = attribute, field
    model = defstruct("Generated", fields, rename=renames, frozen=draw(st.booleans()))
    given = {name: getattr(spec, name) for name in _OPTIONS if getattr(spec, name) is not UNSET}
    indexes = [_listed(index, names) for index in spec.indexes]
    return table(spec.name, indexes=indexes, **given)(model), spec


_OPTIONS = set(TableSpec.__struct_fields__) - {
    "name",
    "partition_key",
    "sort_key",
    "indexes",
    "time_to_live",
}


def _with_expiry_apart(spec: TableSpec) -> TableSpec:
    """Without a time to live that is a key, for a model's has to be a number."""
    keys = {part.name for part in spec.defined}
    keys |= {index.vector.name for index in spec.indexes if index.vector}
    return structs.replace(spec, time_to_live=UNSET) if spec.time_to_live in keys else spec


def _attributes(spec: TableSpec) -> list[str]:
    keys = [part.name for part in spec.defined]
    keys += [index.vector.name for index in spec.indexes if index.vector]
    included = [
        name
        for index in spec.indexes
        if isinstance(index.projection, Include)
        for name in index.projection.fields
    ]
    expiry = [] if spec.time_to_live is UNSET else [spec.time_to_live]
    return list(dict.fromkeys(keys + included + expiry))


def _markers(spec: TableSpec) -> dict[str, list[Any]]:
    markers: dict[str, list[Any]] = {spec.partition_key.name: [PartitionKey()]}
    if spec.sort_key:
        markers.setdefault(spec.sort_key.name, []).append(SortKey())
    for index in spec.indexes:
        for kind, parts in ((PartitionKey, index.partition_key), (SortKey, index.sort_key)):
            for position, part in enumerate(parts):
                marker = kind(index=index.name, position=position)
                markers.setdefault(part.name, []).append(marker)
        for part in index.filters:
            markers.setdefault(part.name, []).append(InlineFilter(index=index.name))
        if index.vector:
            markers.setdefault(index.vector.name, []).append(Vector(index=index.name))
    if spec.time_to_live is not UNSET:
        markers.setdefault(spec.time_to_live, []).append(TimeToLive())
    return markers


def _listed(index: IndexSpec, names: dict[str, str]) -> Index | VectorIndex:
    projection = index.projection
    if isinstance(projection, Include):
        projection = Include(*(names[attribute] for attribute in projection.fields))
    if vector := index.vector:
        return VectorIndex(index.name, vector.dimensions, vector.distance, projection)
    return Index(index.name, projection, index.throughput, index.on_demand, index.warm)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.sampled_from([UNSET, object(), KeyAttribute, Include, Index, VectorIndex, OnDemand])
    | st.builds(OnDemand)
    | st.builds(KMS)
    | st.builds(Include, st.text())
    | st.builds(KeyAttribute, st.just("id"), st.just("S")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
        | st.builds(KeyAttribute, inner, inner)
        | st.builds(IndexSpec, *[inner] * 9)
        | st.builds(VectorAttribute, inner, inner, inner)
        | st.builds(Index, inner, inner, inner, inner, inner)
        | st.builds(VectorIndex, inner, inner, inner, inner)
    ),
    max_leaves=8,
)
"""Values of every kind that somebody might pass where a spec, an index or an option goes."""


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """The arguments of a good `TableSpec`, with anything at all in place of some of them."""
    return {**structs.asdict(draw(_good)), **draw(_bad)}


_good = specs()
_bad = st.dictionaries(st.sampled_from(sorted(TableSpec.__struct_fields__)), anything, min_size=1)
