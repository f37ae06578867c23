"""Plan and apply against the DynamoDB of others, over HTTP: moto and dynoxide."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import botocore
import emulator
import pytest
from msgspec import structs

import dynamorm
from dynamorm import (
    KMS,
    Applied,
    Credentials,
    Database,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    PlanRefused,
    Provisioned,
    TableSpec,
    WarmThroughput,
)
from dynamorm.options import KEYS_ONLY
from dynamorm.spec import changed
from dynamorm.transports.client import ClientTransport

if tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 44):
    pytest.skip("moto knows what the botocore beside it does", allow_module_level=True)

ID, AT = KeyAttribute("id", "S"), KeyAttribute("at", "N")
BY_A = IndexSpec("by-a", (KeyAttribute("a", "S"),), (AT,))
BY_B = IndexSpec("by-b", (KeyAttribute("b", "S"),), projection=KEYS_ONLY)
BY_C = IndexSpec("by-c", (KeyAttribute("c", "B"),))
ORDERS = TableSpec("orders", ID, AT, (BY_A,), billing=OnDemand())


@pytest.fixture(scope="module")
def moto():
    with emulator.moto() as url:
        yield url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def dynoxide(tmp_path_factory):
    binary = os.environ.get("DYNOXIDE") or _fetched(tmp_path_factory.mktemp("dynoxide"))
    port = free_port()
    command = [binary, "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def _fetched(folder: Path) -> str:
    """Get the binary from npm, or skip."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which dynoxide comes from, is not there")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE]
    if subprocess.run(command, capture_output=True, check=False, timeout=120).returncode:
        pytest.skip("npm could not fetch dynoxide")
    return str(folder / "node_modules" / PACKAGE / "dynoxide")


PACKAGE = "@dynoxide/linux-x64"


@pytest.fixture(
    params=["moto", pytest.param("dynoxide", marks=pytest.mark.live)],
)
def db(request):
    endpoint = request.getfixturevalue(request.param)
    db = dynamorm.connect("eu-west-1", endpoint=endpoint, credentials=Credentials("aaaa", "bbbb"))
    db.create_table(ORDERS)
    yield db
    for name in db.list_tables():
        db.delete_table(name)
    db.close()


def update(db: Database, *allow: str, **declared: Any) -> Applied:
    """Update the table, and hold the next plan against it."""
    spec = changed(ORDERS, **declared)
    applied = db.update_table(spec, allow=allow, unsupported="skip")
    left = db.plan(spec, unsupported="skip")
    waiting = {item.name for item in applied.pending}
    assert {step.name for step in left.steps} == waiting | set(applied.unsupported) & NOT_SETTINGS
    return applied


NOT_SETTINGS = {"billing", "encryption", "warm", "stream", "table_class", "deletion_protection"}


def names(applied: Applied) -> list[str]:
    return [step.name for step in applied.done]


def test_indexes(db):
    """Two indexes are added, and one goes by its name; without it, nothing goes."""
    made = db.update_table(changed(ORDERS, indexes=(BY_A, BY_B, BY_C)))
    assert names(made) == ["index:by-b", "index:by-c"]
    fewer = changed(ORDERS, indexes=(BY_B, BY_C))
    assert names(db.update_table(fewer)) == []
    assert names(db.update_table(fewer, allow=["index:by-a"])) == ["index:by-a"]
    there = db.describe_table(ORDERS).global_secondary_indexes
    assert sorted(index.index_name for index in there) == ["by-b", "by-c"]
    other = changed(fewer, indexes=(BY_B, structs.replace(BY_C, projection=KEYS_ONLY)))
    with pytest.raises(PlanRefused):
        db.update_table(other)
    assert names(db.update_table(other, allow=["index:by-c"])) == ["index:by-c"] * 2
    assert db.plan(other).steps == ()


def test_billing(db):
    """Provisioned, other figures, and on demand again, with the index all along."""
    for billing in (Provisioned(3, 4), Provisioned(3, 5), OnDemand()):
        assert names(update(db, billing=billing)) == ["billing"]
    assert db.describe_table(ORDERS).billing_mode == "PAY_PER_REQUEST"


def test_maxima(db):
    """Maxima are set and taken away, or it is told that they do not show."""
    for billing in (OnDemand(5, 6), OnDemand(5)):
        applied = update(db, billing=billing)
        assert names(applied) == ["billing"]


def test_expiry(db):
    """Set, and renamed in two runs."""
    assert names(update(db, time_to_live="x")) == ["ttl"]
    first = update(db, "ttl", time_to_live="y")
    assert [step.change for step in first.done] == ["turn expiry by x off"]
    assert [item.name for item in first.pending] == ["ttl"]
    assert [step.change for step in update(db, time_to_live="y").done] == ["turn expiry by y on"]


def test_recovery(db):
    """Turned on and changed, or told to be unsupported."""
    name = "point_in_time_recovery"
    for days in (True, 7):
        applied = update(db, name, point_in_time_recovery=days)
        assert (names(applied), applied.unsupported) in (([name], ()), ([], (name,)))


def test_tags(db):
    """Set, changed and removed by name."""
    assert names(update(db, tags={"a": "b", "c": "d"})) == ["tags"]
    assert names(update(db, "tag:c", tags={"a": "x"})) == ["tags", "tag:c"]
    assert db.plan(ORDERS, tags={"a": "x"}).undeclared == ()


def test_deletion_protection(db):
    """On and, by its name, off."""
    name = "deletion_protection"
    assert names(update(db, deletion_protection=True)) == [name]
    assert names(update(db, name, deletion_protection=False)) == [name]


def test_stream(db):
    """On and, by its name, off."""
    assert names(update(db, stream="NEW_IMAGE")) == ["stream"]
    assert names(update(db, "stream", stream=None)) == ["stream"]


def test_what_an_emulator_may_not_know(db):
    """Class, key, warm throughput and policy are done, or told to be unsupported, or not shown."""
    for declared in (
        {"table_class": "STANDARD_INFREQUENT_ACCESS"},
        {"encryption": KMS()},
        {"warm": WarmThroughput(20_000, 20_000)},
        {"resource_policy": POLICY},
    ):
        update(db, **declared)


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["dynamodb:GetItem"], "Resource": "*"}
    ],
}


def test_ensure(db):
    """A table made with expiry and tags has them, and a second look finds no difference."""
    spec = TableSpec("others", ID, time_to_live="x", tags={"a": "b"}, point_in_time_recovery=True)
    made = db.ensure_table(spec)
    again = db.ensure_table(spec)
    assert (made.created, again.created, again.drift) == (True, False, ())
    assert again.pending == made.pending
    assert {item.name for item in made.pending} <= {"point_in_time_recovery"}


def test_the_library_s_own_client(moto):
    """Answers without a body come through a boto3 client too."""
    given = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "endpoint_url": moto}
    client = boto3.client("dynamodb", "eu-west-1", **given)
    db = dynamorm.connect(transport=ClientTransport(client))
    db.create_table(ORDERS)
    assert names(update(db, tags={"a": "b"})) == ["tags"]
    assert names(update(db, "tag:a", tags={})) == ["tag:a"]
    db.delete_table(ORDERS)
