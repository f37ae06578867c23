"""Every test of this folder is `live`, and may have each engine that there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from engines import ENGINES, NotHere, chosen
from world import boto3_client


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what is live."""
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.live)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Leave all tests of an engine to one worker, which starts it once; others go anywhere."""
    from xdist.scheduler import LoadScopeScheduling

    class ByEngine(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((name for name in ENGINES if f"[{name}" in nodeid), nodeid)

    return ByEngine(config, log)


@pytest.fixture(autouse=True)
def engine_in_the_results(request: pytest.FixtureRequest, record_property: Any) -> None:
    """Let the summary of all runs count by engine."""
    if engine := _engine(request.node):
        record_property("engine", engine)


def _engine(item: Any) -> str:
    """Name the engine that a test is for, empty for none."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("engine", "") if callspec else ""


@pytest.fixture(scope="session", params=chosen())
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine; each test that asks for it is run with every one."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def url(engine: str) -> Iterator[str | None]:
    """Where the engine listens; `None` where the environment says it."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(ENGINES[engine]())
        except NotHere as error:
            pytest.skip(f"{engine} cannot be had here: {error}")
        yield url


@pytest.fixture(scope="session")
def client(engine: str, url: str | None) -> Iterator[Any]:
    """A boto3 client of the engine, to look at what dynamorm has done."""
    made = boto3_client(engine, url)
    yield made
    made.close()
