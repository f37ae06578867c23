"""Tracebacks of what a database raises: the caller, the operation, and nothing in between."""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path

import pytest
from aids.worlds import Order

import dynamorm
from dynamorm import DynamormError, ModelError, TableNotFound
from dynamorm.testing import Async, FakeService

PACKAGE = str(Path(dynamorm.__file__).parent)


def frames(error: BaseException) -> list[str]:
    """Return the names of the package's frames, outermost first."""
    found = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in found if frame.filename.startswith(PACKAGE)]


def refused(db: dynamorm.Database, **options: object) -> TableNotFound:
    with pytest.raises(TableNotFound) as caught:
        db.delete_table(Order, **options)
    return caught.value


@pytest.mark.parametrize("observe", [None, id])
def test_a_refusal_has_the_callers_line_and_the_operation(observe):
    """Five frames of the package at most, and none that is neither the caller's."""
    error = refused(dynamorm.connect(transport=FakeService(), retries=1, observe=observe))
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names == ["refused", "method", "run", "delete_table"]


def test_all_frames_are_kept_for_who_debugs(monkeypatch):
    """An environment variable says so, which is looked at when an error is raised."""
    monkeypatch.setenv("DYNAMORM_DEBUG", "1")
    error = refused(dynamorm.connect(transport=FakeService(), retries=1))
    assert len(frames(error)) > 10


def test_the_same_holds_under_asyncio():
    """Nothing of the event loop, either."""
    adb = dynamorm.connect_async(transport=Async(FakeService()), retries=1)

    async def main() -> None:
        await adb.delete_table(Order)

    with pytest.raises(TableNotFound) as caught:
        asyncio.run(main())
    assert frames(caught.value) == ["run", "delete_table"]


def test_what_the_caller_has_written_is_kept():
    """The steps of an operation of their own, and the line that raised in a callback."""

    def mine(model: type) -> dynamorm.Steps[None]:
        yield from dynamorm.delete_table(model)

    db = dynamorm.connect(transport=FakeService(), retries=1)
    with pytest.raises(TableNotFound) as caught:
        db.run(mine(Order))
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[1:] == ["run", "mine", "delete_table"]


def test_a_mistake_in_an_argument_is_as_short():
    """It is raised where the operation is made."""
    db = dynamorm.connect(transport=FakeService())
    with pytest.raises(ModelError) as caught:
        db.describe_table("no name at all")
    assert len(frames(caught.value)) <= 3


def test_what_led_to_an_error_is_as_short():
    """A wait that ends in a time-out names the trouble that it had, without its frames."""
    service = FakeService(create_seconds=60)
    busy = dynamorm.Throttled("ThrottlingException", "no", status=400, operation="DescribeTable")
    service.fail("DescribeTable", busy, times=100)
    db = dynamorm.connect(transport=service, retries=1)
    with pytest.raises(dynamorm.WaitTimeout) as caught:
        db.create_table(Order, timeout=10)
    assert isinstance(caught.value.__cause__, DynamormError)
    assert "until_active" not in frames(caught.value.__cause__)
