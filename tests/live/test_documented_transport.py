"""The transports that the page about transports writes with httpx, on every engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from copies import OPERATIONS
from gaps import GAPS
from world import World, environ_of

import dynamorm

PAGE = Path(__file__).parents[2] / "docs" / "transports.md"
CHOSEN = ("create", "ensure", "indexes", "copy_transformed", "refusal", "delete")
"""Of each kind one: requests and waits, changes, items, errors."""

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written() -> dict[str, Any]:
    """Return what the page's blocks about httpx define."""
    names: dict[str, Any] = {"Credentials": dynamorm.Credentials, "dynamorm": dynamorm}
    for code in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if re.search(r"^class \w*HttpxTransport", code, re.MULTILINE):
            exec(code, names)
    return names


@pytest.fixture(params=["HttpxTransport", "AsyncHttpxTransport"])
def world(
    request: pytest.FixtureRequest, engine: str, url: str | None, client: Any
) -> Iterator[World]:
    pytest.importorskip("httpx")
    if url is None:
        pytest.skip("the page's transport is given its URL and keys")
    environ = environ_of(engine)
    keys = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
    made = World(engine, url, client, "http")
    made.transport.close()
    made.transport = written()[request.param](
        url, environ["AWS_REGION"], dynamorm.Credentials(*keys)
    )
    yield made
    made.end()
    made.transport.client.close()


@pytest.mark.parametrize("operation", CHOSEN)
def test_the_documented_transport_does_its_work(world: World, engine: str, operation: str) -> None:
    """What somebody writes from the page creates, compares, copies and deletes tables anywhere."""
    if gap := GAPS[engine].get(operation):
        with pytest.raises(gap[1]):
            OPERATIONS[operation](world)
    else:
        OPERATIONS[operation](world)
