"""docs/service.md says what becomes of every operation that the newest service model has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

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
        # These name what the service does with the caller's permissions.
        if path.stem not in ("actions", "regions")
    )
    sent = {name for name in ROWS if f'"{name}"' in source}
    assert len(sent) > 20
    assert [name for name in sorted(sent) if ROWS[name].startswith(LEFT_OUT)] == []


class Scaling:
    """Takes what a client of Application Auto Scaling does, judged by that service's model."""

    def __init__(self) -> None:
        self.model = ServiceModel(
            Loader().load_service_model("application-autoscaling", "service-2")
        )
        self.sent: list[tuple[str, str]] = []

    def __getattr__(self, method: str) -> Any:
        names = {xform_name(name): name for name in self.model.operation_names}

        def send(**arguments: Any) -> None:
            shape = self.model.operation_model(names[method]).input_shape
            report = ParamValidator().validate(arguments, shape)
            assert not report.has_errors(), report.generate_report()
            self.sent.append((method, arguments["ScalableDimension"]))

        return send


def test_the_lines_for_auto_scaling_are_what_that_service_takes() -> None:
    """What the page has for boto3 sends valid requests, about dimensions that there are."""
    names: dict[str, Any] = {}
    exec("def scale(" + PAGE.partition("def scale(")[2].partition("```")[0], names)
    client = Scaling()
    for dimension in ("Read", "Write"):
        names["scale"](client, "orders", dimension, 5, 100)
    dimensions = [f"dynamodb:table:{kind}CapacityUnits" for kind in ("Read", "Write")]
    assert client.sent == [
        (method, dimension)
        for dimension in dimensions
        for method in ("register_scalable_target", "put_scaling_policy")
    ]
    assert set(dimensions) <= set(client.model.shape_for("ScalableDimension").enum)
