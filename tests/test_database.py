"""`connect` and the two databases."""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Struct

import dynamorm
from dynamorm import MigrateNotSupported, PartitionKey, Retries, table
from dynamorm.testing import Async, FakeService, Recorder


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]


def service() -> FakeService:
    return FakeService(create_seconds=0, delete_seconds=0)


def test_every_operation_is_a_method() -> None:
    """`db.x(...)` is `dynamorm.x(...)`, performed: same names, same parameters, same defaults."""
    made = [name for name in dynamorm.__all__ if hasattr(dynamorm.Database, name)]
    assert len(made) >= 14
    for name in made:
        function = getattr(dynamorm, name)
        if name in ("migrate", "run"):
            continue
        wanted = list(inspect.signature(function).parameters.values())
        method = inspect.signature(getattr(dynamorm.Database, name))
        assert list(method.parameters.values())[1:] == wanted, name


def test_the_main_job_through_a_database() -> None:
    """Create, ensure, describe, list and delete, each as one method call."""
    recorder = Recorder(service())
    db = dynamorm.connect(transport=recorder, table_prefix="test-")
    assert db.create_table(User).table_name == "test-users"
    assert not db.ensure_table(User).created
    assert [ensured.created for ensured in db.auto_migrate(User)] == [False]
    assert db.describe_table(User).table_status == "ACTIVE"
    assert db.table_exists(User)
    assert list(db.list_tables("us")) == ["users"]
    with pytest.raises(MigrateNotSupported):
        db.migrate(User)
    assert recorder.operations == [
        "CreateTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "DescribeTable",
        "ListTables",
    ]
    db.retries = Retries(attempts=1)
    db.delete_table(User, wait=False)
    assert not db.table_exists(User)


def test_the_main_job_through_asyncio() -> None:
    """The same operations are awaited, through any asynchronous transport."""

    async def main() -> None:
        adb = dynamorm.connect_async(transport=Async(service()), table_prefix="test-")
        ensured = await adb.run(dynamorm.ensure_table(User))
        assert ensured.table.table_name == "test-users"

    asyncio.run(main())


def test_the_real_name_of_a_table() -> None:
    """`table_name` puts the prefix before the name of a model or a name, not before an ARN."""
    adb = dynamorm.connect_async(transport=Async(service()))
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    for db, prefix in (dynamorm.connect(transport=service(), table_prefix="t-"), "t-"), (adb, ""):
        given = (User, dynamorm.table_spec(User, name="others"), "orders")
        names = [db.table_name(each) for each in given]
        assert names == [f"{prefix}users", f"{prefix}others", f"{prefix}orders"]
        assert db.table_name(User, name="us-users") == f"{prefix}us-users"
        assert db.table_name(arn) == arn
        with pytest.raises(dynamorm.ModelError, match="3 to 255"):
            db.table_name("a b")


def test_connecting_looks_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting needs no region, credentials or network; the first request does."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    db = dynamorm.connect()
    with pytest.raises(dynamorm.EndpointUnknown, match="AWS_REGION"):
        db.list_tables()


WATCHED = """
import os, sys

def watch(event, given):
    # Not among them: urllib3 binds a socket when it is imported, to see if IPv6 is there.
    looked = event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")
    if looked or (event == "open" and str(given[0]).startswith(sys.argv[1])):
        raise SystemExit(f"{event}{given} while connecting")

import dynamorm
sys.addaudithook(watch)
made = [dynamorm.connect(transport=kind) for kind in ("botocore", "http")]
made += [dynamorm.connect("eu-west-1", transport="http"), dynamorm.connect_async()]
"""


def test_connecting_reads_no_file_and_opens_no_connection(tmp_path: Path) -> None:
    """Not even the shared files of a profile that is named; the interpreter itself watches."""
    for name in ("config", "credentials"):
        (tmp_path / name).write_text("[profile work]\n[work]\n")
    environ = {
        **os.environ,
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
    }
    command = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("wrong", ["boto3", 3, object()])
def test_an_unknown_transport_is_refused(wrong: Any) -> None:
    """A transport that does not exist is named, with what would do."""
    with pytest.raises(TypeError, match=r'takes "botocore", "http", .* or an object with'):
        dynamorm.connect(transport=wrong)


@pytest.mark.parametrize(
    "given",
    [
        {"region": "eu-west-1"},
        {"region": "eu-west-1", "profile": "work"},
        {"endpoint": "http://localhost:8000"},
        {"profile": "work"},
        {"credentials": object()},
        {"connect_timeout": 2.0},
        {"read_timeout": 10},
    ],
)
def test_a_transport_object_takes_nothing_else(given: dict[str, Any]) -> None:
    """What a given transport could not heed is refused by name, even if it is the default."""
    names = ", ".join(f"{name}=" for name in given)
    named = f"^a transport object has its own .* give {names} to the transport$"
    with pytest.raises(TypeError, match=named):
        dynamorm.connect(transport=service(), **given)
    with pytest.raises(TypeError, match=named):
        dynamorm.connect_async(transport=Async(service()), **given)


NAMES = ["botocore", "http", "aio", None]


@pytest.mark.parametrize("name", NAMES)
def test_every_transport_has_the_time_outs_and_the_profile(
    name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are parameters of `connect`."""
    (tmp_path / "config").write_text("[profile work]\nregion = eu-south-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    given: dict[str, Any] = {"profile": "work", "connect_timeout": 0.5, "read_timeout": 7}
    adb = dynamorm.connect_async(transport=name, **given)
    made = [getattr(adb.transport, "transport", adb.transport)]
    if name != "aio":
        made.append(dynamorm.connect(transport=name, **given).transport)
    for transport in made:
        place = transport._route(transport.endpoint)
        assert (place.connect_timeout, place.read_timeout) == (0.5, 7)
        assert transport.region == "eu-south-2"


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ("5", TypeError),
        ([1], TypeError),
        (True, TypeError),
        (0, ValueError),
        (-1.0, ValueError),
        (float("nan"), ValueError),
    ],
)
def test_a_time_out_is_a_number_of_seconds(name: str, wrong: Any, kind: type[Exception]) -> None:
    """Whatever else it is, is refused before anything is sent, by name."""
    with pytest.raises(kind, match=f"^{name}= takes seconds"):
        dynamorm.connect("eu-west-1", **{name: wrong})


def keys() -> dynamorm.Credentials:
    """A module-level function, which a pickle holds by its name."""
    return dynamorm.Credentials("the-key", "the-secret")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", NAMES)
def test_a_database_is_pickled_as_its_arguments(name: Any, protocol: int) -> None:
    """In another process it connects again; what was changed on it goes along."""
    given: dict[str, Any] = {
        "region": "eu-west-1",
        "endpoint": "http://localhost:1",
        "credentials": keys,
        "read_timeout": 3.0,
        "table_prefix": "dev-",
        "transport": name,
        "observe": print,
    }
    for connecting in (dynamorm.connect, dynamorm.connect_async):
        if name == "aio" and connecting is dynamorm.connect:
            continue
        db = connecting(**given)
        db.retries = Retries(attempts=2)
        again = pickle.loads(pickle.dumps(db, protocol))
        assert (type(again), repr(again)) == (type(db), repr(db))
        assert (again.retries, again.table_prefix, again.observe) == (db.retries, "dev-", print)
        transport = getattr(again.transport, "transport", again.transport)
        assert transport._credentials.get().secret_key == "the-secret"
        assert transport._route(transport.endpoint).read_timeout == 3.0
        assert b"the-secret" not in pickle.dumps(db, protocol)


class Vault:
    @staticmethod
    def keys() -> dynamorm.Credentials:
        return dynamorm.Credentials("the-key", "of-the-vault")


def test_a_function_of_a_class_is_pickled_by_its_name_too() -> None:
    """It is found again through its class."""
    db = dynamorm.connect("eu-west-1", transport="http", credentials=Vault.keys)
    again: Any = pickle.loads(pickle.dumps(db))
    assert again.transport._credentials.get().secret_key == "of-the-vault"


UNPICKLED: dict[str, dict[str, Any]] = {
    "credentials": {"credentials": dynamorm.Credentials("the-key", "the-secret")},
    "a function that was given them": {"credentials": partial(dynamorm.Credentials, "k", "s")},
    "a lambda": {"credentials": lambda: keys()},
    "a method that observes": {"observe": [].append},
    "a transport object": {"transport": service()},
    "an endpoint with a password": {"endpoint": "http://me:the-secret@localhost"},
}


def test_a_database_of_which_nothing_is_said_is_pickled_too() -> None:
    """The other process looks up for itself where it is."""
    again = pickle.loads(pickle.dumps(dynamorm.connect()))
    assert repr(again) == repr(dynamorm.connect())


@pytest.mark.parametrize("kind", UNPICKLED)
def test_a_secret_is_not_pickled(kind: str) -> None:
    """The error says what to pass instead; a copy shares the transport."""
    db = dynamorm.connect(**UNPICKLED[kind])
    with pytest.raises(TypeError, match=r"profile=, the environment, or a module-level function"):
        pickle.dumps(db)
    for copied in (copy.copy(db), copy.deepcopy(db)):
        assert copied is not db
        assert copied.transport is db.transport


def test_a_database_that_was_made_by_hand_is_not_pickled() -> None:
    """Its transport is an object."""
    with pytest.raises(TypeError, match=r"transport object \(FakeService\)"):
        pickle.dumps(dynamorm.Database(service()))


@pytest.mark.parametrize("name", NAMES)
def test_a_transport_is_shared_and_not_pickled(name: Any) -> None:
    """A copy of it is the transport itself."""
    made = dynamorm.connect_async(transport=name).transport
    transport = getattr(made, "transport", made)
    assert copy.copy(transport) is copy.deepcopy(transport) is transport
    with pytest.raises(TypeError, match="pickle a database that names its transport"):
        pickle.dumps(transport)


@pytest.mark.parametrize("name", ["botocore", "http"])
def test_a_transport_can_be_had_by_its_name(name: str) -> None:
    """For asyncio each of them sends in threads."""
    given: dict[str, Any] = {"region": "eu-west-1", "transport": name}
    shown = repr(dynamorm.connect(**given))
    assert f"{name.capitalize()}Transport(region='eu-west-1')" in shown
    assert f"ThreadTransport({name.capitalize()}Transport" in repr(dynamorm.connect_async(**given))


def test_a_database_closes_its_transport_and_can_go_on() -> None:
    """Closing frees idle connections, where the transport keeps any."""
    closed: list[str] = []

    class Closing(FakeService):
        def close(self) -> None:
            closed.append("closed")

    dynamorm.connect(transport=Closing()).close()
    dynamorm.connect(transport=service()).close()
    assert closed == ["closed"]


CONNECTS = [dynamorm.connect, dynamorm.connect_async]


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize("prefix", [None, 5, b"dev-", True])
def test_a_prefix_is_a_string(connect: Any, prefix: Any) -> None:
    """`None` is not the empty prefix: a clean-up under it would drop other people's tables."""
    with pytest.raises(TypeError, match='table_prefix= takes a str such as "dev-"'):
        connect("eu-west-1", table_prefix=prefix)


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize("prefix", ["a b", "dev/", "dev:", "dév-", "dev-\n", "a" * 253])
def test_a_prefix_can_begin_a_name(connect: Any, prefix: str) -> None:
    """Characters that no name has are refused, and a length that leaves no room for a name."""
    with pytest.raises(ValueError, match="table_prefix= takes up to 252 letters"):
        connect("eu-west-1", table_prefix=prefix)
    with pytest.raises(ValueError, match="table_prefix="):
        dynamorm.Database(service(), table_prefix=prefix)
    with pytest.raises(ValueError, match="table_prefix="):
        dynamorm.run(dynamorm.list_tables(), service(), table_prefix=prefix)


@table("ab")
class Short(Struct):
    id: Annotated[str, PartitionKey()]


def test_prefix_and_name_are_judged_together() -> None:
    """What is a name only with its prefix is one, and what is none with it is not sent."""
    recorder = Recorder(service())
    db = dynamorm.connect(transport=recorder, table_prefix="dev-")
    assert db.ensure_table(Short).table.table_name == "dev-ab"
    assert db.describe_table("ab").table_name == "dev-ab"
    assert db.plan(Short).steps == ()
    before = recorder.operations
    long = "x" * 252
    for name in (long, "y" * 255):
        with pytest.raises(dynamorm.ModelError, match=f"prefix 'dev-' and name '{name}' make"):
            db.create_table(Short, name=name)
    bare = dynamorm.connect(transport=recorder)
    for operate in (bare.create_table, bare.ensure_table, bare.plan, bare.delete_table):
        with pytest.raises(dynamorm.ModelError, match="table name 'ab' must have 3 to 255"):
            operate(Short)
    with pytest.raises(dynamorm.ModelError, match="table name 'ab' must have 3 to 255"):
        bare.describe_table("ab")
    assert recorder.operations == before
    assert db.create_table(Short, name=long[:-1], wait=False).table_name == "dev-" + long[:-1]


ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/users"


def test_an_arn_is_a_name_everywhere() -> None:
    """Each operation takes a table's ARN in place of its name, with a prefix or without."""
    for prefix in ("", "test-"):
        db = dynamorm.connect(transport=service(), table_prefix=prefix)
        assert db.ensure_table(User, name=ARN).created
        assert not db.ensure_table(User, name=ARN).created
        assert db.plan(User, name=ARN).steps == ()
        assert [s.name for s in db.update_table(User, name=ARN, tags={"a": "b"}).done] == ["tags"]
        assert db.update_table(User, name=ARN, stream="NEW_IMAGE").table.table_name == "users"
        assert db.describe_table(ARN).table_arn == ARN
        assert db.table_exists(ARN)
        other = db.create_table(User, name=ARN + "-2").table_arn
        assert db.copy_table(ARN, str(other)).done
        db.delete_table(ARN)
        assert not db.table_exists(User, name=ARN)


@pytest.mark.parametrize("connect", CONNECTS)
def test_the_signature_has_what_can_be_given_and_nothing_else(connect: Any) -> None:
    """`inspect` and an editor show the region, and the keywords."""
    region, *others = inspect.signature(connect).parameters.values()
    assert (region.name, region.kind) == ("region", region.POSITIONAL_OR_KEYWORD)
    assert {one.kind for one in others} == {region.KEYWORD_ONLY}
    assert [one.name for one in others] == [
        "endpoint",
        "profile",
        "credentials",
        "transport",
        "table_prefix",
        "retries",
        "connect_timeout",
        "read_timeout",
        "observe",
    ]


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("endpoint_url", "; write endpoint="),
        ("region_name", "; write region="),
        ("session", "; write transport="),
        ("aws_secret_access_key", "; write credentials="),
        ("prefix", "; did you mean table_prefix?"),
        ("retrys", "; did you mean retries?"),
        ("zzz", "observe"),
    ],
)
def test_an_unknown_argument_is_answered(connect: Any, given: str, advice: str) -> None:
    """What boto3 calls otherwise is translated, a slip is answered with the nearest name."""
    with pytest.raises(TypeError) as caught:
        connect(**{given: "s3cr3t"})
    assert str(caught.value).startswith(f"{connect.__name__}() takes no {given}=: it takes region,")
    assert str(caught.value).endswith(advice)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("connect", CONNECTS)
def test_only_the_region_goes_by_position(connect: Any) -> None:
    """What else is given so may be a secret, and is not shown."""
    with pytest.raises(TypeError) as caught:
        connect("eu-west-1", "s3cr3t")
    said = f"{connect.__name__}() takes the region by position; give the rest by keyword, endpoint="
    assert str(caught.value).startswith(said)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize("name", ["region", "endpoint"])
def test_where_is_said_in_words(connect: Any, name: str) -> None:
    """A region or an endpoint of another type is told before anything is looked up."""
    with pytest.raises(TypeError, match=f"{name}= takes a str or None, not 5"):
        connect(**{name: 5})
