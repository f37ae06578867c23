"""Strategies that damage what is good: JSON at any of its places, and bytes and texts anywhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw, json

__all__ = ["broken", "damaged", "misspelt"]

Path = tuple[Any, ...]

STRANGE = [
    b"null",
    b"true",
    b"-1",
    b"0.5",
    b"1e999",
    b"-1e-999",
    b"9" * 5000,
    b"NaN",
    b'""',
    b'"\xff"',
    b'"\\ud800"',
    b'"\\u0000"',
    b'"a\\"b"',
    b'"1_0"',
    b'" 1"',
    b'"nan"',
    b'"1E999999999"',
    b'"1E99999999999999999999"',
    b'"%s"' % (b"9" * 5000),
    '"\u0663"'.encode(),
    b'"a!Gk="',
    b'"arn:root"',
    b"[]",
    b"[[]]",
    b"{}",
    b'{"":{}}',
    b'{"S":"x"}',
    b'{"N":1}',
    b'{"N":"sNaN"}',
    b'{"NS":["sNaN"]}',
    b'{"S":"x","N":"1"}',
    b'{"L":[1]}',
    b'{"M":{"a":1}}',
    b'{"SS":["x",1]}',
    *(
        opening * levels + b'{"NULL":true}' + closing * levels
        for opening, closing in ((b"[", b"]"), (b'{"L":[', b"]}"), (b'{"M":{"a":', b"}}"))
        for levels in (100, 300, 10_000)
    ),
    b"[" * 1_000_000 + b"]" * 1_000_000,
]
"""Values that nobody expects where they stand: JSON, or nearly so."""


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    for name in value if isinstance(value, dict) else range(len(value)) if _is_list(value) else ():
        yield from _places(value[name], (*path, name))


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


@st.composite
def damaged(draw: st.DrawFn, *documents: Any) -> bytes:
    """One of these documents as JSON, with places of it otherwise than they should be."""
    root = [copy.deepcopy(draw(st.sampled_from(documents)))]
    for _ in range(draw(st.integers(1, 3))):
        *above, name = draw(st.sampled_from([path for path in _places(root) if path]))
        parent: Any = root
        for step in above:
            parent = parent[step]
        strange = Raw(draw(st.sampled_from(STRANGE)))
        match draw(st.sampled_from(["other", "other", "gone", "moved", "twice"])):
            case "gone" if parent is not root:
                del parent[name]
            case "moved" if isinstance(parent, dict):
                parent[draw(st.sampled_from(["", "S", "N", "L", 'a"b', "\0"]))] = parent.pop(name)
            case "twice" if isinstance(parent[name], dict):
                whole = json.encode(parent[name])
                first = json.encode(dict.fromkeys(list(parent[name])[:1] or [""], strange))
                parent[name] = Raw(whole[:-1] + b"," * (whole != b"{}") + first[1:])
            case "twice" if isinstance(parent, list) and parent is not root:
                parent.append(parent[name])
            case _:
                parent[name] = strange
    return draw(broken(json.encode(root[0])) | st.just(json.encode(root[0])))


@st.composite
def broken(draw: st.DrawFn, whole: bytes) -> bytes:
    """These bytes with some of them changed, left out or put in."""
    start = draw(st.integers(0, len(whole)))
    end = start + draw(st.integers(0, 8) | st.just(len(whole)))
    return whole[:start] + draw(st.binary(max_size=4)) + whole[end:]


@st.composite
def misspelt(draw: st.DrawFn, *texts: str) -> str:
    """One of these texts with characters changed, left out or put in."""
    text = draw(st.sampled_from(texts))
    start = draw(st.integers(0, len(text)))
    end = start + draw(st.integers(0, 8))
    digits = st.text("0123456789", max_size=30) | st.just("9" * 5000)
    return text[:start] + draw(st.text(max_size=4) | digits) + text[end:]
