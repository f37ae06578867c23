"""docs/service.md says what becomes of every operation that the newest service model has."""

from __future__ import annotations

import re
from pathlib import Path

import botocore
import pytest
from botocore.loaders import Loader

import dynamorm
from dynamorm import Database, TableOptions, requests

PAGE = (Path(__file__).parents[1] / "docs" / "service.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([A-Z]\w+) \| (.+) \|$", PAGE, re.MULTILINE))
MODEL = Loader().load_service_model("dynamodb", "service-2")
LEFT_OUT = "left out: "


def test_every_operation_of_the_service_has_a_row() -> None:
    """One that is new in botocore has none until somebody decides; none is there twice."""
    assert len(re.findall(r"^\| [A-Z]\w+ \| ", PAGE, re.MULTILINE)) == len(ROWS)
    assert list(ROWS) == sorted(ROWS)
    assert set(MODEL["operations"]) <= set(ROWS)
    if tuple(map(int, botocore.__version__.split(".")[:3])) >= (1, 44, 5):
        assert set(ROWS) <= set(MODEL["operations"])


@pytest.mark.parametrize("operation", ROWS)
def test_a_row_names_what_is_there(operation: str) -> None:
    """A method of the databases, an option, a builder: each under the name that it has."""
    told = ROWS[operation]
    if told.startswith(LEFT_OUT):
        reason = told.removeprefix(LEFT_OUT)
        headings = [heading.lower() for heading in re.findall(r"^### (.+)$", PAGE, re.MULTILINE)]
        assert reason.lower() in headings or len(reason) > 15
        return
    for option, name in re.findall(r"(option )?`([\w.]+)`", told):
        if option:
            assert name in TableOptions.__annotations__
        elif name.startswith("requests."):
            assert callable(getattr(requests, name.removeprefix("requests.")))
        else:
            assert hasattr(Database, name)
            assert name in dynamorm.__all__


def test_what_dynamorm_sends_is_not_left_out() -> None:
    """An operation that the package names as one it sends is no row without it."""
    package = Path(dynamorm.__file__).parent
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("tables", "copying")
        for path in sorted((package / folder).glob("*.py"))
        if path.stem != "actions"
    )
    sent = {name for name in ROWS if f'"{name}"' in source}
    assert len(sent) > 20
    assert [name for name in sorted(sent) if ROWS[name].startswith(LEFT_OUT)] == []
