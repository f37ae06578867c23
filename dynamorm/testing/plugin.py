"""Fixtures for pytest: `pytest_plugins = ["dynamorm.testing.plugin"]` in the topmost conftest.py.

Nothing is started, sent or looked up before a test asks for a fixture. Nothing goes to AWS unless
an endpoint there is named, and no table is dropped but those that `dynamorm_tables` has made.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ..database import Database, connect
from ..errors import DynamormError, LimitExceeded, TableBusy
from ..model.declare import table_spec
from ..operations.waiters import find_table
from .scripted import Script
from .service import FakeService

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..api.descriptions import TableDescription
    from ..model.declare import Model
    from ..model.options import TableOptions


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
def dynamorm_db(dynamorm_endpoint: str) -> Iterator[Database]:
    """A `Database` at `dynamorm_endpoint`, with a table prefix that no other test has.

    On this machine it signs with made-up keys and reads no variable; elsewhere credentials and
    region are those of the environment.
    """
    from ..transports.botocore import BotocoreTransport
    from ..transports.credentials import Credentials
    from ..transports.endpoints import is_local

    place: dict[str, Any] = {"endpoint": dynamorm_endpoint}
    if is_local(dynamorm_endpoint):
        key = Credentials("test", "test")
        place |= {"region": "us-east-1", "credentials": key, "environ": {}}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    prefix = f"test-{worker}-{uuid.uuid4().hex[:12]}-"
    with connect(transport=BotocoreTransport(**place), table_prefix=prefix) as db:
        yield db


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
    problems = []
    for name in dict.fromkeys(made):
        try:
            _drop(dynamorm_db, name)
        except DynamormError as error:
            problems.append(f"\n{error}")
    if problems:
        pytest.fail(_LEFT + "".join(problems), pytrace=False)


def _drop(db: Database, name: str) -> None:
    """Delete a table, and do not wait until it is gone."""
    try:
        db.delete_table(name, missing_ok=True, wait=False)
    except (TableBusy, LimitExceeded):
        db.delete_table(name, missing_ok=True)
