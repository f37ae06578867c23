"""Errors: which class stands for what the service says, and the facts that each keeps."""

from __future__ import annotations

import builtins
import configparser
import copy
import inspect
import pickle
import re
import traceback
import zlib
from pathlib import Path
from typing import Any

import pytest
from aids.worlds import Order, stocked
from msgspec import json

import dynamorm
from dynamorm import errors
from dynamorm.errors import DynamormError, ServiceError, service_error
from dynamorm.testing import Script
from dynamorm.transports.exchange import Answer, read_answer

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "tests" / "samples"
SAID: list[tuple[str, int, str, str]] = json.decode((SAMPLES / "errors.json").read_bytes())

CLASSES = {
    name: found
    for name in dir(errors)
    if inspect.isclass(found := getattr(errors, name)) and issubclass(found, DynamormError)
}
REPORT = dynamorm.run(
    dynamorm.copy_table(Order, "orders-2"),
    stocked(Order, **{"orders": [{"number": {"N": "1"}}], "orders-2": []}),
)
MADE: dict[str, DynamormError] = {
    "ModelError": errors.ModelError(("no key - at Order", "no name - at Order")),
    "ItemError": errors.ItemError("not a number", "orders.total", key={"id": "a"}),
    "Refused": errors.Refused(("the target is the source",)),
    "Drifted": errors.Drifted({"orders": ("stream: declared NEW_IMAGE, found nothing",)}),
    "PlanRefused": errors.PlanRefused(()),
    "TransferFailed": errors.TransferFailed(
        dynamorm.Import(import_arn="arn", import_status="FAILED", failure_message="no such bucket")
    ),
    "S3Error": errors.S3Error("get_object", "s3://bucket/key", OSError("cut")),
    "CopyIncomplete": errors.CopyIncomplete(REPORT, ({"id": {"S": "a"}},)),
    "WaitTimeout": errors.WaitTimeout("orders", 1.5, "CREATING", {"by-status": "CREATING"}),
    "TableFailed": errors.TableFailed("orders", "ARCHIVED"),
    "TransportError": errors.TransportError(
        "cut", operation="CreateTable", maybe_applied=True, transient=False, stale=True
    ),
}


def one_of(name: str) -> DynamormError:
    """Make an error of a class, as it is raised."""
    kind = CLASSES[name]
    if name in MADE:
        return MADE[name]
    if not issubclass(kind, ServiceError):
        return kind("what is wrong - at a place")
    error = kind("ACode", "no", status=400, request_id="R1", operation="DescribeTable")
    error.table = "orders"
    return error


@pytest.mark.parametrize("name", CLASSES)
def test_errors_survive_pickling_and_copying_with_their_facts(name):
    """One of each class arrives in another process as what it was: class, text and every fact."""
    error = one_of(name)
    error.report = REPORT
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args) == (str(error), error.args)
        assert vars(again) == vars(error)
        assert (again.transient, again.maybe_applied) == (error.transient, error.maybe_applied)


@pytest.mark.parametrize("name", CLASSES)
def test_every_text_ends_with_the_address_of_its_section(name):
    """The last line leads to the class's own section; what comes before is `text`."""
    error = one_of(name)
    assert error.url == f"https://dynamorm.readthedocs.io/en/stable/errors.html#{name.lower()}"
    assert str(error) == f"{error.text}\nSee {error.url}"
    assert "https://dynamorm" not in error.text


def test_a_subclass_of_an_application_leads_to_the_section_of_its_parent():
    """Only the errors of dynamorm have sections, and any other class has one above it."""
    late = type("LateShipment", (errors.Throttled,), {"__module__": "shop"})
    assert service_error("x", "y", status=400, operation="z").url.endswith("#serviceerror")
    assert late("x", "y", status=400, operation="z").url.endswith("#throttled")


@pytest.mark.once
def test_every_error_has_a_section():
    """docs/errors.md has a heading for each class, which makes its anchor, and for no other."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(CLASSES)


@pytest.mark.once
def test_the_address_of_the_documentation_is_the_same_everywhere():
    """Errors, the package's metadata and the site itself name one address."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert f"Documentation = {errors.DOCS}" in config["metadata"]["project_urls"].splitlines()
    # The site's own tools are not among those of the tests.
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert "from dynamorm.errors import DOCS\n" in conf
    assert 'html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", DOCS)\n' in conf


def test_an_error_within_a_group_keeps_its_address():
    """A group has its own text; each of its errors still ends with the address of its section."""
    group = getattr(builtins, "ExceptionGroup", None)
    if group is None:
        pytest.skip("needs Python 3.11")
    error = errors.TableFailed("orders", "ARCHIVED")
    shown = "".join(traceback.format_exception(group("two tables", [error])))
    assert "errors.html#tablefailed" in shown
    assert "https" not in str(group("two tables", [error]))


def test_every_error_is_public_and_has_one_root():
    """Whatever is raised on purpose is a name of `dynamorm`, and a DynamormError."""
    assert all(getattr(dynamorm, name) is kind for name, kind in CLASSES.items())


def answered(code: str, status: int, message: str) -> ServiceError:
    """Read an error as it comes over the wire."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    body = json.encode({"__type": kind, "message": message})
    headers = {"x-amz-crc32": str(zlib.crc32(body)), "x-amzn-RequestId": "R1"}
    with pytest.raises(ServiceError) as caught:
        read_answer("DescribeTable", Answer(status, headers, body))
    return caught.value


@pytest.mark.parametrize(("code", "status", "message", "name"), SAID)
def test_what_the_service_says_has_a_class(code, status, message, name):
    """Codes and texts of the documentation: the class, and every word that the service has said."""
    error = answered(code, status, message)
    assert type(error).__name__ == name
    assert (error.code, error.status, error.message) == (code, status, message)
    assert error.operation == "DescribeTable"
    assert message in str(error)


@pytest.mark.parametrize(("code", "status", "message", "name"), SAID)
def test_what_passes_by_itself_is_tried_again(code, status, message, name):
    """Throttling and failures of the service are transient, and nothing else that it says is."""
    assert answered(code, status, message).transient is (name in ("Throttled", "ServerError"))


def test_a_table_that_is_there_is_told_from_one_that_is_busy():
    """ResourceInUseException from CreateTable means that the table exists."""
    say: dict[str, Any] = {"message": "in use", "status": 400}
    code = "ResourceInUseException"
    assert type(service_error(code, operation="CreateTable", **say)) is errors.TableExists
    assert type(service_error(code, operation="DeleteTable", **say)) is errors.TableBusy


def test_a_refusal_has_the_shape_of_a_clients_error():
    """Code that looks into botocore's `error.response` finds code, message, status and id there."""
    error = answered("ResourceNotFoundException", 400, "no such table")
    assert error.response == {
        "Error": {"Code": "ResourceNotFoundException", "Message": "no such table"},
        "ResponseMetadata": {"RequestId": "R1", "HTTPStatusCode": 400},
    }


def test_a_description_of_the_documentation_is_read():
    """A table from before on-demand capacity has no billing in it, and is described."""
    described = (SAMPLES / "describe_table.json").read_bytes()
    db = dynamorm.connect(transport=Script(("DescribeTable", described)))
    table = db.describe_table("Thread")
    assert (table.table_name, table.table_status, table.item_count) == ("Thread", "ACTIVE", 0)
    assert [part.attribute_name for part in table.key_schema] == ["ForumName", "Subject"]
    (index,) = table.local_secondary_indexes
    assert (index.index_name, index.projection.projection_type) == ("LastPostIndex", "KEYS_ONLY")


def test_a_name_that_is_no_error_is_told_as_of_any_module():
    """Classes are loaded when they are first asked for; a misspelt one is not."""
    assert {"TableNotFound", "Drifted", "service_error"} <= {*dir(errors)}
    with pytest.raises(AttributeError, match=r"^module 'dynamorm\.errors' has no attribute 'Lost'"):
        errors.Lost  # noqa: B018


def test_a_star_takes_every_error():
    """Those too that have not been loaded."""
    taken: dict[str, Any] = {}
    exec("from dynamorm.errors import *", taken)
    assert {*taken} - {"__builtins__"} == {*CLASSES, "service_error"}
