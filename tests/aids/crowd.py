"""A table of many items in memory, copied under faults by whichever seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Annotated, Any

from msgspec import Struct, json

import dynamorm
from aids.trials import drawn, hold, judge, tried
from dynamorm import PartitionKey, SortKey, attribute_transform, table
from dynamorm.testing import FakeService


@table("source")
class Person(Struct):
    id: Annotated[str, PartitionKey()]
    n: Annotated[int, SortKey()]


@table("source")
class Named(Person):
    """What a typed transform sees; `nested` is carried over."""

    text: str


def person(number: int) -> dict[str, Any]:
    chance = Random(number)
    letters = "".join(chance.choices('abc"\\\n\x01äß漢😀', k=chance.randint(0, 60)))
    return {
        "id": {"S": f"id-{chance.randrange(3000)}"},
        "n": {"N": str(number)},
        "text": {"S": letters},
        "nested": {
            "L": [
                {"N": str(chance.randrange(10**38))},
                {"M": {f"name {letters}": {"B": "AAEC/w=="}}},
            ]
        },
    }


def changed(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Leave some items out, split some, and give all others one attribute more."""
    number = int(values["n"]["N"])
    more = {**values, "was": values["text"]}
    return [[], [more, {**more, "n": {"N": str(-number)}}], [more]][min(number % 10, 2)]


def same(person: Named) -> Named:
    return person


def moved(person: Named) -> Named:
    """Give each person another key, which is nobody else's."""
    return Named(f"new-{person.id}", -person.n, person.text)


def moved_values(values: dict[str, Any]) -> dict[str, Any]:
    """Do the same to attribute values, to know what is to arrive."""
    number = str(-int(values["n"]["N"]))
    return {**values, "id": {"S": f"new-{values['id']['S']}"}, "n": {"N": number}}


TYPED = {"same": same, "moved": moved}


@cache
def crowd(items: int) -> tuple[FakeService, dict[bool | str, set[bytes]]]:
    """Give a service with so many items, and what is to arrive, by transform and without one."""
    fake = FakeService(create_seconds=0, delete_seconds=0)
    people = list(map(person, range(items)))
    wanted: dict[bool | str, set[bytes]] = {
        False: set(map(json.encode, people)),
        True: {json.encode(made) for found in people for made in changed(found)},
        "moved": {json.encode(moved_values(values)) for values in people},
    }
    wanted["same"] = wanted[False]
    dynamorm.run(dynamorm.create_table(Person), fake)
    fake.put("source", *wanted[False])
    return fake, wanted


def copy_by_seed(seed: int, items: int, record: Callable[[str, Any], None]) -> None:
    """Copy the table into a new one by the trial of a seed, and compare every item."""
    fake, wanted = crowd(items)
    trial = drawn(seed, items)
    dynamorm.run(dynamorm.create_table(Person, name="target"), fake)
    transform = attribute_transform(changed) if trial.changed else None
    try:
        tally = tried(trial, fake, transform=transform)
        judge(tally, wanted[trial.changed], set(fake.items("target")), ("id", "n"))
    finally:
        dynamorm.run(dynamorm.delete_table("target"), fake)
    record("faults", tally.facts)
    hold(trial, tally)


def copy_typed_by_seed(
    kind: str, seed: int, items: int, record: Callable[[str, Any], None]
) -> None:
    """Do the same through a transform of models, an identity or one that changes every key."""
    fake, wanted = crowd(items)
    trial = drawn(seed, items)
    target = dynamorm.table_spec(Named, name="target")
    dynamorm.run(dynamorm.create_table(target), fake)
    tally = tried(trial, fake, source=Named, target=target, transform=TYPED[kind])
    judge(tally, wanted[kind], set(fake.items("target")), ("id", "n"))
    dynamorm.run(dynamorm.delete_table("target"), fake)
    record("faults", tally.facts)
    hold(trial, tally)
