"""The reader of HTTP answers, judged by `http.client` and by what RFC 9112 forbids."""

from __future__ import annotations

import http.client
import io
import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from dynamorm import TransportError
from dynamorm.operations.sending import without_waiting
from dynamorm.transports import exchange
from dynamorm.transports.exchange import Answer, Unreadable
from dynamorm.transports.http1 import MAX_LINE, Buffer, Incomplete, read_answer

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

NAMES = st.text("abcXYZ019-_", min_size=1, max_size=8).map(lambda name: f"x-{name}")
VALUES = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), max_size=12
)


def in_chunks(body: bytes, size: int, last: bytes) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%X;ext=1\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n" + last + b"\r\n"


@st.composite
def answers(draw: Callable[..., Any]) -> bytes:
    """Write an answer as servers do: framed in any way, with interim answers before it."""
    body = draw(st.binary(max_size=300))
    status = draw(st.sampled_from([200, 204, 304, 400, 500, 503]))
    lines = [f"HTTP/1.1 {status} {draw(st.sampled_from(['OK', '', 'Not so good']))}"]
    for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=4)):
        lines.append(f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{value}")
    framing = draw(st.sampled_from(["length", "chunks", "close"]))
    if status in (204, 304):
        body = b""
    elif framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunks":
        lines.append("Transfer-Encoding: Chunked")
        trailer = draw(st.sampled_from([b"", b"X-Late: 1\r\n"]))
        body = in_chunks(body, draw(st.integers(1, 100)), trailer)
    interim = draw(st.lists(st.just(b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n"), max_size=2))
    return b"".join(interim) + "\r\n".join([*lines, "", ""]).encode() + body


def read(data: bytes, sizes: Iterable[int] = ()) -> Answer:
    """Read an answer, whose bytes come in as a network might bring them."""
    return read_and_kept(data, sizes)[0]


def read_and_kept(data: bytes, sizes: Iterable[int] = ()) -> tuple[Answer, bool]:
    source = io.BytesIO(data)
    turns = iter(sizes)

    async def receive(_buffer: Buffer, most: int) -> bytes:
        return source.read(min(most, next(turns, most)))

    return without_waiting(read_answer(Buffer(receive)))


class Wire:
    """A socket, as far as `http.client` reads from one."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


@given(answers(), st.lists(st.integers(1, 50)))
def test_an_answer_is_read_as_http_client_reads_it(data, sizes):
    """Status, body and header fields are the same, in whatever pieces it comes."""
    theirs = http.client.HTTPResponse(Wire(data), method="POST")  # type: ignore[arg-type]
    theirs.begin()
    ours = read(data, sizes)
    assert (ours.status, ours.body) == (theirs.status, theirs.read())
    for name in theirs.headers:
        values = theirs.headers.get_all(name, [])
        assert ours.headers.get(name.upper()) == ", ".join(value.strip() for value in values)
    assert ours.headers.get("x-not-there") is None


@given(answers(), st.data())
def test_no_part_of_an_answer_is_taken_for_all_of_it(data, draw):
    """Wherever it is cut, unless only the connection's end would have marked its own."""
    _, kept = read_and_kept(data)
    cut = draw.draw(st.integers(0, len(data) - 1))
    if not kept:
        return
    with pytest.raises(Incomplete) as caught:
        read(data[:cut])
    assert caught.value.begun == (cut > 0)


@given(st.binary() | st.binary().map(lambda data: WHOLE[:17] + data))
def test_nothing_that_comes_is_a_crash(data):
    """It is an answer, or one of two errors."""
    with suppress(Incomplete, Unreadable):
        read(data)


def answer(*lines: str, body: bytes = b"", first: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1") + body


REFUSED = {
    "another protocol": b"SSH-2.0-OpenSSH_9\r\n\r\n",
    "an older protocol": answer(first="HTTP/0.9 200 OK"),
    "a newer protocol": answer(first="HTTP/2 200 OK"),
    "no status": answer(first="HTTP/1.1"),
    "a status in words": answer(first="HTTP/1.1 two OK"),
    "a short status": answer(first="HTTP/1.1 20 OK"),
    "a status below all": answer(first="HTTP/1.1 099 OK"),
    "another protocol from here on": answer(first="HTTP/1.1 101 Switching Protocols"),
    "no colon": answer("Content-Length 2"),
    "no name": answer(": 2"),
    "a space before the colon": answer("Content-Length : 2"),
    "a fold without a line": answer(" folded: 1"),
    "a bare carriage return": answer("X-A: 1\r2"),
    "a zero byte": answer("X-A: 1\0"),
    "no length": answer("Content-Length: "),
    "a negative length": answer("Content-Length: -2"),
    "a signed length": answer("Content-Length: +2"),
    "a length in words": answer("Content-Length: two"),
    "a length in other digits": answer("Content-Length: ²"),
    "two lengths": answer("Content-Length: 2", "Content-Length: 3", body=b"{}}"),
    "a length beyond all bounds": answer("Content-Length: 268435457"),
    "a length of many digits": answer(f"Content-Length: {'9' * 5000}"),
    "length and chunks": answer("Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n"),
    "an unknown coding": answer("Transfer-Encoding: gzip, chunked"),
    "a chunk without size": answer("Transfer-Encoding: chunked", body=b"\r\n"),
    "a chunk of negative size": answer("Transfer-Encoding: chunked", body=b"-2\r\n"),
    "a chunk of spelt size": answer("Transfer-Encoding: chunked", body=b"0x2\r\n{}\r\n"),
    "a chunk of parted size": answer("Transfer-Encoding: chunked", body=b"1_0\r\n{}\r\n"),
    "a chunk beyond all bounds": answer("Transfer-Encoding: chunked", body=b"F" * 16 + b"\r\n"),
    "a chunk size without end": answer("Transfer-Encoding: chunked", body=b"0" * 17 + b"\r\n"),
    "a longer chunk than said": answer("Transfer-Encoding: chunked", body=b"1\r\n{}\r\n0\r\n\r\n"),
    "an endless line": answer("X-A: " + "x" * (2 * MAX_LINE)),
    "an endless head": answer(*["X-A: " + "x" * 8000] * 10),
    "endless interim answers": answer(first="HTTP/1.1 100 Continue") * 11,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_answer_to_the_letter_is_refused(data):
    """Two readers of the same bytes must not see two answers."""
    with pytest.raises(Unreadable):
        read(data)


def test_a_body_that_ends_with_the_connection_has_a_bound(monkeypatch):
    """Nobody fills the memory."""
    monkeypatch.setattr(exchange, "MAX_BODY", 10)
    with pytest.raises(Unreadable, match="too long"):
        read(answer(body=b"x" * 20), [19, 8, 8])


FRAMED = "Content-Length: 2"
KEPT = {
    "as it is": (answer(FRAMED, body=b"{}"), True),
    "its length said twice": (answer(FRAMED, FRAMED, body=b"{}"), True),
    "closed": (answer(FRAMED, "Connection: x, Close", body=b"{}"), False),
    "closed at its end": (answer(body=b"{}"), False),
    "more than there should be": (answer(FRAMED, body=b"{}{"), False),
    "an older protocol": (answer(FRAMED, body=b"{}", first="HTTP/1.0 200 OK"), False),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", True),
}


@pytest.mark.parametrize(("data", "kept"), KEPT.values(), ids=KEPT)
def test_a_connection_is_kept_only_after_an_answer_that_was_all(data, kept):
    """What another answer is read from must begin with it."""
    received, reusable = read_and_kept(data)
    assert (received.body, reusable) == (b"{}", kept)


def test_a_folded_line_goes_on_with_the_one_before():
    """Nobody should send one, and a reader must not stumble over it."""
    data = answer("X-A: one", "\t two", FRAMED, body=b"{}")
    assert read(data).headers.get("x-a") == "one two"


BODIES = {"read": b"{}", "empty": b""}
SAMPLES = json.decode((Path(__file__).parents[1] / "samples" / "answers.json").read_bytes())


@pytest.mark.parametrize(
    ("data", "verdict"), [row[1:] for row in SAMPLES], ids=[r[0] for r in SAMPLES]
)
@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_an_answer_is_read_or_refused_as_the_rfc_says(data, verdict, piece):
    """In whatever pieces it comes."""
    sizes = itertools.repeat(piece)
    if verdict in BODIES:
        assert read(data.encode("latin-1"), sizes).body == BODIES[verdict]
    else:
        with pytest.raises(Unreadable):
            read(data.encode("latin-1"), sizes)


@pytest.mark.parametrize("options", ["close\t", "x,\tclose", "\tClose\t, y", "keep-alive, close"])
def test_a_connection_that_is_to_be_closed_is_not_kept(options):
    """Whatever white space is beside the word."""
    assert not read_and_kept(answer(FRAMED, f"Connection: {options}", body=b"{}"))[1]


def test_a_checksum_that_is_said_twice_is_not_one():
    """Two that are the same are a mistake of whoever sent them, and no checksum."""
    said = "x-amz-crc32: 2745614147"
    assert read(answer(FRAMED, said, body=b"{}")).headers.get("x-amz-crc32") == "2745614147"
    twice = read(answer(FRAMED, said, said, body=b"{}"))
    with pytest.raises(TransportError, match="damaged"):
        exchange.read_answer("ListTables", twice)
