"""No secret anywhere: all that can be looked at is searched for a mark in each kind of secret."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import logging
import pickle
import pydoc
import socket
import ssl
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aids.httpserver import Cut, Server, Silence, answer, refusal
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import ReadOnlyCredentials
from test_transports import TABLE, Way, clients

import dynamorm
from dynamorm import Credentials, DynamormError, Retries, transports
from dynamorm.transports import HiddenBytes, HiddenHeaders, HiddenText, Profile, Variables
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.container import Container, Temporary
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.routes import Proxy, Route
from dynamorm.transports.signed import Config, Settings, SignedTransport
from dynamorm.transports.threads import ThreadTransport

MARK = "marked-as-secret"
MARKS = (MARK, "Signature=", MARK.encode().hex())
"""A signature is good for minutes."""

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-key",
    "AWS_SESSION_TOKEN": f"{MARK}-token",
    "AWS_REGION": "eu-west-1",
    "HTTPS_PROXY": f"http://user:{MARK}@127.0.0.1:1",
    "OTHER": f"{MARK}-of-another-program",
}
KINDS: dict[str, Any] = {
    "botocore": BotocoreTransport,
    "http": HttpTransport,
    "aio": AioTransport,
    "threads": lambda **given: ThreadTransport(HttpTransport(**given)),
}
HERE = str(Path(__file__).parents[1])
LOOKS: Counter[str] = Counter()


def looked(*shown: object) -> None:
    """Count what was looked at, and find no mark in it."""
    LOOKS["looks"] += len(shown)
    for text in map(str, shown):
        found = [mark for mark in MARKS if mark in text]
        assert not found, text[max(0, text.index(found[0]) - 300) :][:600]


def look_at(thing: Any) -> None:
    """Look at an object in every way that shows it without asking it for its secret."""
    looked(repr(thing), f"{thing!r:.9000}", ascii(thing))
    for made in (copy.copy, copy.deepcopy) if hasattr(thing, "__copy__") else ():
        try:
            looked(repr(made(thing)))
        except TypeError as error:
            looked(error)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            looked(pickle.dumps(thing, protocol))
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            looked(error)
    variables = getattr(thing, "__dict__", {})
    looked(variables, *map(repr, variables.values()))


def look_at_class(kind: type) -> None:
    """Look at its documentation and at every signature in it."""
    looked(pydoc.plain(pydoc.render_doc(kind)))
    for _, function in inspect.getmembers(kind, callable):
        try:
            looked(inspect.signature(function))
        except (TypeError, ValueError):
            continue


def look_at_error(error: BaseException) -> None:
    """Look at it and at what led to it, with the variables of all frames but those of tests."""
    links: list[BaseException | None] = [error]
    seen = []
    while links:
        link = links.pop()
        if link is None or link in seen:
            continue
        seen.append(link)
        links += [link.__cause__, link.__context__]
        looked(link, repr(link), vars(link), link.args, getattr(link, "__notes__", ""))
        stack = traceback.TracebackException.from_exception(link, capture_locals=True).stack
        for frame in stack:
            if not frame.filename.startswith(HERE):
                looked(frame.name, frame.locals)


def everything(thing: Any, seen: list[Any]) -> list[Any]:
    """Give what hangs on a thing of ours, as far as attributes and containers lead."""
    if isinstance(thing, dict | list | tuple):
        for part in thing.values() if isinstance(thing, dict) else thing:
            everything(part, seen)
    elif type(thing).__module__.startswith("dynamorm") and not any(thing is s for s in seen):
        seen.append(thing)
        everything(getattr(thing, "__dict__", {}), seen)
    return seen


GIVEN: dict[str, Any] = {
    "the environment": None,
    "ours": Credentials("key", f"{MARK}-key", f"{MARK}-token"),
    "botocore's": BotocoreCredentials("key", f"{MARK}-key", f"{MARK}-token"),
    "a tuple of botocore's": ReadOnlyCredentials("key", f"{MARK}-key", f"{MARK}-token"),
    "a function that was given them": partial(Credentials, "key", f"{MARK}-key", f"{MARK}-token"),
}


@pytest.mark.parametrize("thing", [HiddenText("me:word"), HiddenHeaders({"a": "b"}), Variables({})])
def test_what_is_hidden_shows_its_class_alone(thing: Any) -> None:
    """Who meets it in a traceback, or pickles it, is told what it is."""
    name = type(thing).__name__
    assert repr(thing) == f"{name}(...)"
    with pytest.raises(TypeError, match=f"^{name} cannot be pickled: a pickle would reveal a"):
        pickle.dumps(thing)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_made_shows_a_secret(kind, given):
    """A transport and all that hangs on it, before a request and after; the databases of it."""
    with Server(answer(TABLE)) as server:
        way = Way(lambda url, **more: KINDS[kind](endpoint=url, **more))
        transport = way.to(server, environ=ENVIRON, credentials=GIVEN[given]).transport
        for _ in range(2):
            for thing in everything(transport, []):
                look_at(thing)
            for database in (dynamorm.Database, dynamorm.AsyncDatabase):
                look_at(database(transport))
            way.send()
        way.end()


@pytest.mark.parametrize("kind", ["botocore", "http", "aio", None])
def test_no_connection_shows_its_arguments(kind):
    """Nor does a database that has been connected with them."""
    for given in GIVEN.values():
        look_at(dynamorm.connect_async(credentials=given, transport=kind))
    look_at(dynamorm.connect_async(endpoint=f"http://a:{MARK}@b", transport=kind))


def test_no_value_of_ours_shows_a_secret():
    """Those that hold one, wherever they are."""
    from datetime import datetime, timezone

    secret = f"{MARK}-value"
    ends = datetime(2099, 1, 1, tzinfo=timezone.utc)
    environ = Variables(ENVIRON)
    settings = {"aws_access_key_id": "key", "aws_secret_access_key": secret}
    url = HiddenText(f"http://user:{secret}@proxy.example")
    proxy = Proxy("HTTP_PROXY", url)
    for value in (
        GIVEN["ours"],
        CredentialSource(GIVEN["ours"], environ),
        Temporary("key", secret, secret, ends),
        Container("FULL", "http://localhost", environ, lambda: 0.0),
        Profile("work", "", settings, {}),
        Config("eu-west-1", f"http://a:{secret}@b", None, environ),
        environ,
        HiddenHeaders(Authorization=secret),
    ):
        look_at(value)
    for shown in (proxy, Route("http://a", "", proxy), HiddenBytes(secret.encode()), url):
        looked(repr(shown))


@pytest.mark.once
def test_no_documentation_shows_the_environment(monkeypatch):
    """No default of a parameter is the environment itself."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    classes = (
        Credentials, CredentialSource, Settings, SignedTransport, Config, Variables, Container,
        BotocoreTransport, HttpTransport, AioTransport, ThreadTransport, dynamorm.Database,
        dynamorm.AsyncDatabase,
    )  # fmt: skip
    for kind in classes:
        look_at_class(kind)
    for module in (transports, dynamorm.connect, dynamorm.connect_async, dynamorm):
        looked(pydoc.plain(pydoc.render_doc(module)))


def failed(way: Way, send: Callable[[], object] | None = None) -> None:
    """Fail, and look at the error."""
    try:
        (send or way.send)()
    except (DynamormError, ValueError) as error:
        look_at_error(error)
    else:
        raise AssertionError("it went well")


TURNS = {
    "a refusal": refusal("ValidationException"),
    "no rights": refusal("AccessDeniedException"),
    "a wrong signature": refusal("InvalidSignatureException", "does not match"),
    "a skewed clock": refusal("RequestTimeTooSkewed", Date="Thu, 01 Jan 1970 01:00:00 GMT"),
    "an expired token": refusal("ExpiredTokenException"),
    "a page": answer(b"<html>", 403),
    "a redirect": answer(b"", 302, location="http://elsewhere"),
    "cut": Cut(answer(TABLE)[:-5]),
    "closed": Cut(),
    "no HTTP": Cut(b"SSH-2.0-OpenSSH\r\n"),
    "a length that is none": answer(TABLE, content_length="x"),
    "silence": Silence(),
}


@pytest.fixture
def logs(caplog):
    """Look at every record of every logger in the end."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        looked(record.getMessage(), record.args, record.exc_text)


@pytest.fixture(params=[*KINDS, "client"])
def failing_way(request) -> Iterator[Way]:
    def make(url: str, environ: dict[str, str] = ENVIRON, **given: Any) -> Any:
        if request.param == "client":
            return clients(url, read_timeout=given["read_timeout"])
        return KINDS[request.param](endpoint=url, environ=environ, **given)

    made = Way(make)
    yield made
    made.end()


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.usefixtures("logs")
def test_no_error_of_an_exchange_shows_a_secret(failing_way, turn):
    """Its traceback with all variables included, and what led to it."""
    with Server(TURNS[turn]) as server:
        failed(failing_way.to(server, read_timeout=0.05))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("logs")
def test_no_error_on_the_way_shows_a_secret(kind):
    """No connection, no TLS, a proxy that refuses or is not there, an operation that is none."""
    way = Way(lambda url, **given: KINDS[kind](endpoint=url, **{"environ": ENVIRON} | given))
    failed(way.to("http://127.0.0.1:1"))
    failed(way.to("https://db.example"))
    failed(way.to("http://127.0.0.1:1"), partial(way.send, "not an operation"))
    with Server(answer(TABLE), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as server:
        failed(way.to(server, environ=ENVIRON | {"HTTPS_PROXY": ""}))
    for status in (403, 407, 502):
        with Server(answer(b"no", status)) as proxy:
            login = f"http://user:{MARK}@{proxy.url.removeprefix('http://')}"
            for url in ("http://db.example", "https://db.example"):
                scheme = url.partition(":")[0].upper()
                failed(way.to(url, environ=ENVIRON | {f"{scheme}_PROXY": login}))
    way.end()


BAD: dict[str, dict[str, Any]] = {
    "a secret with a line break": {"credentials": Credentials("key", f"{MARK}\n")},
    "a tuple's": {"credentials": ReadOnlyCredentials("key", f"{MARK} ", None)},
    "a function's": {"credentials": partial(Credentials, "key", f"{MARK}\n")},
    "a token": {"credentials": Credentials("key", "secret", f"{MARK}\r\nX: y")},
    "an endpoint with a password": {"endpoint": f"http://a:{MARK}@db.example"},
    "an endpoint with a query": {"endpoint": f"http://db.example?{MARK}"},
    "an endpoint that is none": {"endpoint": MARK},
    "an endpoint in a variable": {
        "endpoint": None, "environ": ENVIRON | {"AWS_ENDPOINT_URL": f"http://a:{MARK}@b"},
    },
    "a proxy that is none": {
        "environ": ENVIRON | {"HTTP_PROXY": f"http://user:{MARK}@:x"},
    },
    "a proxy of another scheme": {
        "environ": ENVIRON | {"HTTP_PROXY": f"ftp://user:{MARK}@proxy.example"},
    },
    "half an environment": {"environ": ENVIRON | {"AWS_SECRET_ACCESS_KEY": ""}},
    "an end that is none": {"environ": ENVIRON | {"AWS_CREDENTIAL_EXPIRATION": "soon"}},
    "an end that is past": {
        "environ": ENVIRON | {"AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"},
    },
    "an empty bundle": {"environ": ENVIRON | {"AWS_CA_BUNDLE": " "}},
    "a flag that is none": {
        "endpoint": None, "environ": ENVIRON | {"AWS_USE_FIPS_ENDPOINT": "1"},
    },
    "a profile that is not there": {"profile": "nobody"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.usefixtures("logs")
def test_no_refusal_of_a_setting_shows_a_secret(kind, bad):
    """Though it is about one."""
    given = {"endpoint": "http://127.0.0.1:1", "environ": ENVIRON} | BAD[bad]
    way = Way(lambda _, **more: KINDS[kind](**more))
    failed(way.to("", **given))
    way.end()


FILES = {
    "a process that prints a secret": f"[p]\ncredential_process = printf {MARK}\n",
    "keys with a line break": f"[p]\naws_access_key_id = a\naws_secret_access_key = {MARK} b\n",
    "half a key": f"[p]\naws_secret_access_key = {MARK}\naws_access_key_id = a\naws_secret = b\n",
    "no file": f"{MARK} = without a section\n",
    "a file with a line that is none": f"[p]\n{MARK}\n",
    "an endpoint": f"[p]\nendpoint_url = http://a:{MARK}@b\naws_access_key_id = a\n",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", FILES)
@pytest.mark.usefixtures("logs")
def test_no_error_about_a_file_shows_what_is_in_it(kind, file, tmp_path):
    """Neither a line of it nor what a process has printed."""
    (tmp_path / "credentials").write_text(FILES[file])
    path = str(tmp_path / "credentials")
    environ = {"AWS_SHARED_CREDENTIALS_FILE": path, "AWS_REGION": "eu-west-1"}
    way = Way(lambda _, **given: KINDS[kind](**given))
    failed(way.to("", environ=environ, profile="p"))
    way.end()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "turn",
    [
        answer({"SecretAccessKey": MARK, "Token": MARK}),
        answer({"AccessKeyId": "a", "SecretAccessKey": MARK, "Token": MARK,
                "Expiration": "2001-01-01T00:00:00Z"}),
        answer(MARK.encode(), 500),
        Cut(answer(MARK.encode())[:-2]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("logs")
def test_no_error_about_a_container_shows_what_it_said(kind, turn, tmp_path):
    """Nor the token that it was asked with."""
    with Server(turn) as agent:
        environ = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/creds",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": MARK,
        }
        way = Way(lambda url, **given: KINDS[kind](endpoint=url, region="eu-west-1", **given))
        failed(way.to("http://127.0.0.1:1", environ=environ))
        (tmp_path / "token").write_text(f"{MARK}\nsecond line")
        environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(tmp_path / "token")
        failed(way.to("http://127.0.0.1:1", environ=environ))
        way.end()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib3's socket
@pytest.mark.parametrize("kind", ["botocore", "http"])
def test_no_interrupt_shows_a_secret(kind, monkeypatch):
    """It passes the frames that hold the headers."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    transport = KINDS[kind](endpoint="http://127.0.0.1:1", environ=ENVIRON)
    monkeypatch.setattr(socket.socket, "connect", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        transport.send("DescribeTable", b"{}")
    look_at_error(caught.value)


def test_no_cancellation_shows_a_secret():
    """It passes the frames of a request that is under way."""

    async def main(url: str) -> None:
        transport = AioTransport(endpoint=url, environ=ENVIRON)
        task = asyncio.ensure_future(transport.send("DescribeTable", b"{}"))
        while not server.requests:  # noqa: ASYNC110 - a thread fills it
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            look_at_error(error)
        else:
            raise AssertionError("it went well")
        finally:
            await transport.aclose()

    with Server(Silence()) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize("kind", ["botocore", "http"])
def test_no_operation_that_fails_shows_a_secret(kind):
    """Through the drivers and their retries."""
    with Server(refusal("ThrottlingException")) as server:
        transport = KINDS[kind](endpoint=server.url, environ=ENVIRON)
        db = dynamorm.Database(transport, retries=Retries(attempts=1))
        for operation in (db.list_tables, partial(db.describe_table, "orders")):
            try:
                list(operation())
            except DynamormError as error:
                look_at_error(error)
        db.close()
    gc.collect()
