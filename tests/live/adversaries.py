"""Items that are legal and hard: for the codec, for the engine, for 16 MB in a request."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

from msgspec import json

Value = dict[str, Any]

NUMBERS = [
    "0",
    "-0.0",
    "1E-130",
    "-1E-130",
    "9.9999999999999999999999999999999999999E+125",
    "-9.9999999999999999999999999999999999999E+125",
    "1.2345678901234567890123456789012345678E-92",
    "0.00000000000000000000000000000000000001",
    "99999999999999999999999999999999999999",
    "-12345678901234567890.123456789012345678",
    "1e2",
    "100.00",
    "9007199254740993",
]
TEXTS = [
    "",
    " ",
    "\x00\x01\x1f\x7f",
    "\u2028\u2029\ufeff\ufffe\uffff",
    "\U0001f469\u200d\U0001f4bb \U0010ffff",
    "e\u0301\u00e9",
    "ÃŸ",
    '"}},{"PutRequest":{"Item":{"id":{"S":"no"}}}}',
    "\\u0041\\\"\\'\t\r\n",
    "'; DROP TABLE source; --",
]
NAMES = [
    "S",
    "N",
    "M",
    "Items",
    "PutRequest",
    "__type",
    "a.b[0]",
    "#n",
    ":v",
    '"\\"',
    "漢字",
    "😀",
    " ",
]
DEEPEST = 31
"""Levels of lists and maps that are around a value of an item, which is one itself."""


def number(chance: random.Random) -> str:
    digits = str(chance.randrange(1, 10 ** chance.randint(1, 38)))
    sign = chance.choice(["", "-"])
    return f"{sign}{digits}E{chance.randint(-130, 125 - len(digits) + 1)}"


def binary(chance: random.Random) -> str:
    return b64encode(chance.randbytes(chance.randint(1, 40))).decode()


def text(chance: random.Random) -> str:
    return chance.choice([*TEXTS, "".join(chance.choices("".join(TEXTS), k=chance.randint(1, 80)))])


def some(chance: random.Random, make: Any) -> list[str]:
    """Make a set: no two are equal, and none is empty."""
    made = {make(chance) or "x" for _ in range(chance.randint(1, 6))}
    return list({Decimal(one) if make is number else one: one for one in made}.values())


def value(chance: random.Random, depth: int = 4) -> Value:
    kinds = ["S", "N", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + ["L", "M"] * (depth > 0)
    kind = chance.choice(kinds)
    made: dict[str, Any] = {
        "S": lambda: text(chance),
        "N": lambda: chance.choice([*NUMBERS, number(chance)]),
        "B": lambda: chance.choice(["", binary(chance)]),
        "BOOL": lambda: chance.random() < 0.5,
        "NULL": lambda: True,
        "SS": lambda: some(chance, text),
        "NS": lambda: some(chance, number),
        "BS": lambda: some(chance, binary),
        "L": lambda: [value(chance, depth - 1) for _ in range(chance.randint(0, 4))],
        "M": lambda: attributes(chance, depth - 1),
    }
    return {kind: made[kind]()}


def attributes(chance: random.Random, depth: int) -> dict[str, Value]:
    names = chance.sample(NAMES, chance.randint(0, 5))
    return {name: value(chance, depth) for name in names}


def deep(chance: random.Random) -> Value:
    made: Value = {"N": number(chance)}
    for _ in range(DEEPEST):
        made = chance.choice([{"L": [made]}, {"M": {"m": made}}])
    return made


def huge(chance: random.Random) -> Value:
    """Be near 400 KB; JSON writes each of these characters as six."""
    return {"S": chance.choice("\x01\x02\x1f") * 399_000}


def items(count: int, seed: int = 0) -> Iterator[bytes]:
    """Give items of a table whose key is `id` (a string) and `n` (a number)."""
    chance = random.Random(seed)
    for place in range(count):
        sort = f"{place - 1500}.{chance.randrange(10**30)}E{chance.randint(-90, 90)}"
        key = {"id": {"S": f"{text(chance)}{place % 400}"}, "n": {"N": sort}}
        rest = attributes(chance, 4)
        if place % 50 == 1:
            rest = {"deep": deep(chance)}
        if place % 1000 == 0:
            rest = {"huge": huge(chance)}
        yield json.encode({**rest, **key})


def plain(raw: bytes) -> bytes:
    """Spell an item as any other that DynamoDB holds equal."""
    return json.encode(_plain({"M": json.decode(raw)})["M"], order="sorted")


def _plain(attribute: Value) -> Value:
    [(kind, found)] = attribute.items()
    if kind == "N":
        return {"N": _number(found)}
    if kind in ("SS", "BS"):
        return {kind: sorted(found)}
    if kind == "NS":
        return {kind: sorted(map(_number, found))}
    if kind == "L":
        return {kind: [_plain(one) for one in found]}
    if kind == "M":
        return {kind: {name: _plain(one) for name, one in found.items()}}
    return attribute


def _number(spelt: str) -> str:
    """Give sign, digits and power, of one zero only."""
    sign, digits, power = Decimal(spelt).normalize(Context(prec=60)).as_tuple()
    return f"{sign}{digits}{power}" if any(digits) else "0"
