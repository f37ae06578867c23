"""Fixtures for pytest: `pytest_plugins = ["dynamorm.testing.plugin"]` in the topmost conftest.py.

Nothing is started, sent or looked up before a test asks for a fixture. Nothing goes to AWS unless
an endpoint there is named, and no table is dropped but those of the test that has just ended.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..database import AsyncDatabase, Database
from ..database.connection import connect, connect_async
from ..errors import DynamormError, LimitExceeded, TableBusy
from ..model.declare import table_spec
from ..tables import find_table
from .scripted import Script
from .service import FakeService

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..api import TableDescription
    from ..model.declare import Model
    from ..model.keywords import TableOptions


_LEFT = "tables are left (deletion protection is not lifted: pass deletion_protection=False):"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what names an endpoint."""
    meaning = "URL of a DynamoDB for the tests; without one they start a moto server"
    group = parser.getgroup("dynamorm")
    group.addoption("--dynamorm-endpoint", metavar="URL", default="", help=meaning)
    parser.addini("dynamorm_endpoint", f"{meaning}; the last that is looked at", default="")


@pytest.fixture
def dynamorm_script() -> Iterator[Callable[..., Script]]:
    """Make a `Script` of its turns; a turn that is left over at the end fails the test."""
    scripts: list[Script] = []

    def make(*turns: tuple[str, Any]) -> Script:
        scripts.append(Script(*turns))
        return scripts[-1]

    yield make
    left = [operation for script in scripts for operation, _ in script.turns]
    if left:
        pytest.fail(f"in a script and never sent: {', '.join(left)}", pytrace=False)


@pytest.fixture
def dynamorm_fake() -> FakeService:
    """A `FakeService` with a clock of its own: no second is spent waiting."""
    return FakeService()


@pytest.fixture
def dynamorm_fake_db(dynamorm_fake: FakeService) -> Database:
    """A `Database` over `dynamorm_fake`."""
    return connect(transport=dynamorm_fake)


@pytest.fixture(scope="session")
def dynamorm_endpoint(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of the tests' DynamoDB: a moto server on this machine, unless one is named.

    It is named by --dynamorm-endpoint, the variable DYNAMORM_ENDPOINT, or dynamorm_endpoint in the
    ini file; the first of these holds.
    """
    named = (
        pytestconfig.getoption("--dynamorm-endpoint")
        or os.environ.get("DYNAMORM_ENDPOINT")
        or pytestconfig.getini("dynamorm_endpoint")
    )
    if named:
        yield named
        return
    try:
        from .moto import serving
    except ImportError as error:
        pytest.fail(f"{error}, or name an endpoint: --dynamorm-endpoint=URL", pytrace=False)
    with serving() as url:
        yield url


@pytest.fixture
def dynamorm_environment(dynamorm_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """`dynamorm_endpoint` in the environment: for boto3, aioboto3 and PynamoDB, unchanged.

    On this machine with made-up keys and a region; elsewhere these are left as they are.
    """
    from ..transports.endpoints import is_local

    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamorm_endpoint)
    monkeypatch.delenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", raising=False)
    for name, value in _MADE_UP.items() if is_local(dynamorm_endpoint) else ():
        monkeypatch.setenv(name, value)
    return dynamorm_endpoint


_MADE_UP = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}


@pytest.fixture
def dynamorm_db(dynamorm_environment: str) -> Iterator[Database]:
    """A `Database` at `dynamorm_endpoint`, with a table prefix that no other test has.

    At the end, every table under the prefix is dropped, whoever has made it. On this machine it
    signs with made-up keys and reads no variable; elsewhere credentials and region are those of the
    environment.
    """
    from ..transports import Credentials
    from ..transports.botocore import BotocoreTransport
    from ..transports.endpoints import is_local

    place: dict[str, Any] = {"endpoint": dynamorm_environment}
    if is_local(dynamorm_environment):
        key = Credentials("test", "test")
        place |= {"region": "us-east-1", "credentials": key, "environ": {}}
    # Runs share an endpoint, and the workers of a run do: a prefix each, and nobody drops more.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    prefix = f"test-{worker}-{uuid.uuid4().hex[:12]}-"
    with connect(transport=BotocoreTransport(**place), table_prefix=prefix) as db:
        yield db
        _drop(db, db.list_tables())


@pytest.fixture
def dynamorm_async_db(dynamorm_db: Database) -> AsyncDatabase:
    """`dynamorm_db` for asyncio, in any event loop: the same place, prefix and tables."""
    from ..transports.threads import ThreadTransport

    transport = ThreadTransport(dynamorm_db.transport)
    return connect_async(transport=transport, table_prefix=dynamorm_db.table_prefix)


@pytest.fixture
def dynamorm_tables(dynamorm_db: Database) -> Iterator[Callable[..., tuple[TableDescription, ...]]]:
    """Make tables of models in `dynamorm_db`, with these options; they are dropped at the end.

    A table that was there already is left. One that cannot be dropped fails the end of the test.
    """
    made: list[str] = []

    def make(*models: Model, **options: Unpack[TableOptions]) -> tuple[TableDescription, ...]:
        specs = [table_spec(model, **options) for model in models]
        for spec in specs:
            found = dynamorm_db.run(find_table(spec.name))
            if found is None or found.table_status == "DELETING":
                made.append(spec.name)  # and then made: so it is dropped if that fails half way
        return tuple(ensured.table for ensured in dynamorm_db.auto_migrate(*specs))

    yield make
    _drop(dynamorm_db, dict.fromkeys(made))


def _drop(db: Database, names: Iterable[str]) -> None:
    """Delete tables, and do not wait until they are gone; fail with those that are left."""
    problems = []
    for name in names:
        try:
            found = db.run(find_table(name))
            if found is not None and found.table_status != "DELETING":
                _delete(db, name)
        except DynamormError as error:
            problems.append(f"\n{error.text}")
    if problems:
        pytest.fail(_LEFT + "".join(problems), pytrace=False)


def _delete(db: Database, name: str) -> None:
    try:
        db.delete_table(name, missing_ok=True, wait=False)
    # The test has left it in the middle of a change, or too many are being deleted at once.
    except (TableBusy, LimitExceeded):
        db.delete_table(name, missing_ok=True)
