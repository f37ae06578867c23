"""Types that a model can have, each with a strategy for its values, and models of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypedDict, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, field

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 20


class Cat(Struct, tag="cat", frozen=True):
    lives: int


class Dog(Struct, tag="dog", frozen=True):
    name: str = "Rex"


class One(Struct, tag=1, tag_field="kind", frozen=True):
    value: str


class Two(Struct, tag=2, tag_field="kind", frozen=True):
    value: int


class Point(Struct, array_like=True, frozen=True):
    x: int
    y: float = 0.5


class Ray(Struct, array_like=True, tag="ray", frozen=True):
    start: Point


class Line(Struct, array_like=True, tag="line", frozen=True):
    ends: tuple[Point, Point]


class Size(NamedTuple):
    width: int
    unit: str = "mm"


@dataclasses.dataclass(frozen=True)
class Note:
    text: str
    stars: int = 3


class Extra(TypedDict, total=False):
    text: str
    count: int


class Tree(Struct):
    value: int
    children: list[Tree] = []
    parent: Tree | None = None


class Pair(Struct, Generic[T]):
    first: T
    second: Optional[T] = None  # noqa: UP045  # `|` with a type variable needs Python 3.10.1


# Types with strategies for their values: leaves that can be in a set, other leaves, and the rest.

LARGEST = 10**38 - 1
integers = st.integers(-LARGEST, LARGEST) | st.integers(-9, 9).map(lambda digit: digit * 10**125)
magnitudes = st.floats(min_value=1e-130, max_value=9.99e125)
floats = st.just(0.0) | magnitudes | magnitudes.map(lambda number: -number)
decimals = st.builds(
    lambda digits, power: Decimal(digits).scaleb(power),
    st.integers(-(10**30), 10**30),
    st.integers(-130, 95),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
zones = st.sampled_from([dt.timezone.utc, dt.timezone(dt.timedelta(hours=5, minutes=30)), None])
moments = st.builds(lambda moment, zone: moment.replace(tzinfo=zone), st.datetimes(), zones)
times = st.builds(lambda time, zone: time.replace(tzinfo=zone), st.times(), zones)

SETTABLE: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, texts),
    (int, integers),
    (float, floats),
    (Decimal, decimals),
    (bytes, st.binary(max_size=8)),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (Literal[1, 2**60], st.sampled_from([1, 2**60])),
    (dt.datetime, moments),
    (dt.date, st.dates()),
    (dt.time, times),
    (dt.timedelta, st.timedeltas(dt.timedelta(days=-(10**6)), dt.timedelta(days=10**6))),
    (UUID, st.uuids()),
    (int | float, integers | floats),
    (tuple[int, bool], st.tuples(integers, st.booleans())),
    (Point, st.builds(Point, integers, floats)),
]
natural = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | decimals.filter(lambda number: number != number.to_integral_value())
    | texts
    | st.binary(max_size=8)
    | st.sets(texts, min_size=1, max_size=3)
    | st.sets(st.integers(-LARGEST, LARGEST), min_size=1, max_size=3)
    | st.sets(st.binary(max_size=3), min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
points = st.builds(Point, integers, floats)
trees = st.recursive(
    st.builds(Tree, integers),
    lambda inner: st.builds(Tree, integers, st.lists(inner, max_size=2), st.none() | inner),
    max_leaves=4,
)
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    *SETTABLE,
    (bool, st.booleans()),
    (None, st.none()),
    (bytearray, st.binary(max_size=8).map(bytearray)),
    (str | None, st.none() | texts),
    (int | None, st.none() | integers),
    (Any | None, natural),
    (Literal["a"] | int, st.just("a") | integers),
    (Annotated[int, Meta(ge=0, multiple_of=3)], st.integers(0, 9).map(lambda third: third * 3)),
    (Annotated[int, Meta(gt=5)] | float, st.integers(6, 9) | floats),
    (Annotated[str, Meta(min_length=1, description="x")], st.just("x")),
    (int | str | None | list[int], st.none() | integers | texts | st.lists(integers, max_size=2)),
    (bytes | bool | int, st.binary(max_size=4) | st.booleans() | integers),
    (bool | Decimal | None, st.none() | st.booleans() | decimals),
    (int | Decimal, integers | decimals),
    (Cat | Dog, st.builds(Cat, integers) | st.builds(Dog, texts)),
    (One | Two | None, st.none() | st.builds(One, texts) | st.builds(Two, integers)),
    (Ray | Line, st.builds(Ray, points) | st.builds(Line, st.tuples(points, points))),
    (Pair[bytes], st.builds(Pair, st.binary(max_size=3), st.none() | st.binary(max_size=3))),
    (Size, st.builds(Size, integers, texts)),
    (Note, st.builds(Note, texts, integers)),
    (Extra, st.fixed_dictionaries({}, optional={"text": texts, "count": integers})),
    (Tree, trees),
]


def sets(of: tuple[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    annotation, values = of
    return st.sampled_from(
        [
            (set[annotation], st.sets(values, min_size=1, max_size=3)),
            (frozenset[annotation], st.frozensets(values, min_size=1, max_size=3)),
            (set[annotation] | None, st.none() | st.sets(values, min_size=1, max_size=3)),
        ]
    )


def containers(of: tuple[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    annotation, values = of
    many = st.lists(values, max_size=3)
    return st.sampled_from(
        [
            (list[annotation], many),
            (tuple[annotation, ...], many.map(tuple)),
            (tuple[annotation, int], st.tuples(values, integers)),
            (dict[str, annotation], st.dictionaries(texts, values, max_size=2)),
            (dict[int, annotation], st.dictionaries(st.integers(-99, 99), values, max_size=2)),
            (dict[Color, annotation], st.dictionaries(st.sampled_from(Color), values)),
            (dict[UUID, annotation], st.dictionaries(st.uuids(), values, max_size=1)),
            (list[annotation] | None, st.none() | many),
        ]
    )


@st.composite
def structs(draw: Any, types: Any) -> tuple[Any, st.SearchStrategy[Any]]:
    """A Struct class of a few fields, with and without defaults and settings, and its instances."""
    fields: list[Any] = []
    values = {}
    for i in range(draw(st.integers(0, 4))):
        annotation, strategy = draw(types)
        name = f"field_{i}"
        values[name] = strategy
        default = draw(st.sampled_from(["required", "value", "factory", "unset"]))
        if default == "required":
            fields.append((name, annotation))
        elif default == "unset":
            fields.append((name, annotation | UnsetType, UNSET))
            values[name] = st.just(UNSET) | strategy
        else:
            value = draw(strategy)
            made = field(default_factory=lambda value=value: value)
            plain = isinstance(value, (str, int, float, bytes, Decimal, type(None)))
            fields.append((name, annotation, value if plain and default == "value" else made))
    model = defstruct(
        "Model",
        fields,
        kw_only=True,
        rename=draw(st.sampled_from([None, "camel", "kebab", {"field_0": "a.b %s {x} é"}])),
        omit_defaults=draw(st.booleans()),
        forbid_unknown_fields=draw(st.booleans()),
        tag=draw(st.sampled_from([None, "model", 7])),
    )
    return model, st.builds(model, **values)


types = st.recursive(
    st.sampled_from(LEAVES) | st.sampled_from(SETTABLE).flatmap(sets) | st.just((Any, natural)),
    lambda inner: inner.flatmap(containers) | structs(inner),
    max_leaves=4,
)
