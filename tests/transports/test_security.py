"""What SECURITY.md says is so, as far as no other test shows it."""

from __future__ import annotations

import gzip
import itertools
import re
import ssl
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest
from aids.httpserver import Cut, Server, answer
from aids.laws import dear
from aids.rawserver import RawServer, Visit
from aids.tls import certified
from hypothesis import given
from hypothesis import strategies as st
from msgspec import defstruct, field, json
from test_transports import ONCE, TABLE, Way, clients, sending, signing, way

import dynamorm
from dynamorm import TransportError, from_item, to_item
from dynamorm.transports import exchange

__all__ = ["way"]

ROOT = Path(__file__).parents[2]


def test_every_guarantee_names_a_test_that_is_there():
    """Whoever reads a guarantee can look at what holds it."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/(?:\w+/)?test_\w+\.py)(?:::(test_\w+))?`", text)
    assert len(named) > 12
    for path, test in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {test}(" in source or not test, (path, test)


# TLS.


def old(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


CERTIFICATES: dict[str, dict[str, Any]] = {
    "expired": {"not_after": datetime.now(timezone.utc) - timedelta(days=1)},
    "not yet valid": {
        "not_before": datetime.now(timezone.utc) + timedelta(days=1),
        "not_after": datetime.now(timezone.utc) + timedelta(days=2),
    },
    "of another host": {"names": ("elsewhere.example", "127.0.0.2")},
    "of another host, and with the name in an old place": {
        "names": ("elsewhere.example",),
        "common_name": "127.0.0.1",
    },
}


@sending
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_no_request_goes_to_whom_the_certificate_is_not_for(way, authority, bundle, certificate):
    """Though its authority is trusted."""
    options = {"names": ("127.0.0.1",)} | CERTIFICATES[certificate]
    tls = certified(authority, *options.pop("names"), **options)
    with Server(answer(TABLE), tls=tls) as server:
        failing(way.to(server, environ={"AWS_CA_BUNDLE": bundle}))
    assert server.requests == []


@sending
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_no_request_goes_over_an_old_tls(way, authority, bundle):
    """TLS 1.2 is the least, whatever the other side would take."""
    with Server(answer(TABLE), tls=old(certified(authority, "127.0.0.1"))) as server:
        failing(way.to(server, environ={"AWS_CA_BUNDLE": bundle}))
    assert server.requests == []


def failing(way: Way) -> str:
    with pytest.raises(TransportError) as caught:
        way.describe(ONCE)
    return str(caught.value)


# What is sent.


@signing
@pytest.mark.parametrize("operation", ["Scan\r\nX-A: b", "Scan\n", "Sc an", "", "Scan\0", "Scän"])
def test_no_header_is_put_in_by_the_name_of_an_operation(way, operation):
    """It is a word, or refused before anything is sent."""
    with Server(answer(TABLE)) as server:
        with pytest.raises(ValueError, match="an operation is a word"):
            way.to(server).send(operation)
        assert server.connections == 0


# What is received.


LENGTHS = {
    "said": answer(b"x" * 5000),
    "in chunks": answer(
        b"400\r\n%s\r\n" % (b"x" * 1024) * 5 + b"0\r\n\r\n",
        content_length=None,
        transfer_encoding="chunked",
    ),
    "until the end": Cut(answer(b"x" * 5000, content_length=None)),
}


@sending
@pytest.mark.parametrize("length", LENGTHS)
def test_no_answer_is_read_without_a_bound(way, length, monkeypatch):
    """However its length is said."""
    monkeypatch.setattr(exchange, "MAX_BODY", 4000)
    with Server(LENGTHS[length]) as server:
        assert "the answer is too long" in failing(way.to(server))


HEADS = {
    "many lines": itertools.repeat(b"X-A: b\r\n" * 100),
    "one line": itertools.repeat(b"x" * 1000),
}


@sending
@pytest.mark.parametrize("head", HEADS)
def test_no_head_is_read_without_a_bound(way, head):
    """Of many short lines, or of one that is long: who never ends is left in the middle."""
    sent: list[int] = []

    def endless(visit: Visit) -> None:
        visit.request()
        visit.link.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
        for piece in HEADS[head]:
            visit.link.sendall(piece)
            sent.append(len(piece))

    with RawServer(endless) as server:
        assert "time" not in failing(way.to(server.url))
    assert sum(sent) < 16 << 20


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_nothing_is_decompressed(way, framing):
    """A short answer cannot become a long one, however its length is said."""
    packed = gzip.compress(TABLE)
    whole = answer(packed, content_encoding="gzip")
    if framing == "chunks":
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
        named = {"transfer_encoding": "chunked", "content_length": None}
        whole = answer(body, content_encoding="gzip", **named)
    with Server(whole) as server:
        said = failing(way.to(server))
    assert "not a whole" in said or "cannot read it" in said


@pytest.fixture
def wrapped() -> Iterator[Way]:
    made = Way(clients)
    yield made
    made.end()


def test_no_value_is_in_a_clients_own_refusal(wrapped):
    """Botocore's validation would show it."""
    key = {"AttributeName": ["hidden, type: x"], "KeyType": "HASH"}
    body = json.encode({"TableName": "orders", "KeySchema": [key]})
    with pytest.raises(dynamorm.ValidationFailed, match="AttributeName") as caught:
        wrapped.to("http://127.0.0.1:1").send("CreateTable", body)
    shown = traceback.format_exception(type(caught.value), caught.value, None)
    assert "hidden" not in "".join(shown)


# What is made of a model.

HOSTILE = (
    "x); ran.append(1); (",
    "__import__('os')._exit(1)",
    "{ran}",
    "{0}",
    "%(x)s",
    "a\nran.append(1)\n",
    "'\"\\",
    '"""',
    "\0",
)
hostile = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
spelt = st.sampled_from([HOSTILE[0], *HOSTILE[2:5]]) | st.text(
    st.characters(
        exclude_categories=["C", "Z"], include_characters=" ", exclude_characters="\"'\\"
    ),
    min_size=1,
)
"""What msgspec takes as the name of a field."""
FIELDS = ("class", "x", "made", "cls", "join", "p", "values", "\u00b5")


@dear
@given(text=hostile, key=spelt, names=st.lists(spelt, min_size=5, max_size=5, unique=True))
def test_no_name_in_a_model_is_run(text, key, names):
    """Attributes, tags, keys and listed values are data in the code that is made for a model."""
    kinds = Enum("Kinds", {"ONE": text})
    types: Any = [str, int | None, Literal[text], kinds, TypedDict("Keys", {key: int})]
    values = [text, 5, text, kinds.ONE, {key: 1}]
    for start in range(len(FIELDS)):
        chosen = (FIELDS * 2)[start : start + len(types)]
        fields = [(f, t, field(name=n)) for f, t, n in zip(chosen, types, names, strict=True)]
        model = defstruct("Model", fields, tag_field="kind of model", tag=text)
        instance = model(*values)
        assert from_item(model, to_item(instance)) == instance
