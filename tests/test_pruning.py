"""The recipe that makes a Lambda package small: what is left of botocore, and that it is enough."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from aids.httpserver import Server, answer

import dynamorm

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
NEEDED = ("botocore", "jmespath", "msgspec", "python-dateutil", "six", "urllib3")

TABLE = {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}

DESCRIBE = """
import sys
sys.path.insert(0, sys.argv[1])
import dynamorm
assert dynamorm.__file__.startswith(sys.argv[1])
import botocore
assert botocore.__file__.startswith(sys.argv[1])
db = dynamorm.connect(retries=dynamorm.Retries(attempts=1))
try:
    print(db.describe_table("orders").table_status)
except dynamorm.DynamormError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def package(tmp_path) -> Path:
    """A folder as `pip install --target` makes it."""
    folder = tmp_path / "package"
    kept = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(dynamorm.__file__).parent, folder / "dynamorm", ignore=kept)
    for name in NEEDED:
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    return folder


def prune(folder: Path, *options: str) -> None:
    recipe = ROOT / "benchmarks" / "pruning.py"
    subprocess.run([sys.executable, str(recipe), str(folder), *options], check=True)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def describe(folder: Path, **variables: str) -> str:
    command = [sys.executable, "-s", "-c", DESCRIBE, str(folder)]
    environ = {
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
    }
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


KEY = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def test_a_pruned_package_sends_requests(package):
    """Answers, errors and networks that fail mean the same; a ninth of boto3's size is left."""
    prune(package)
    assert size(package) < 2_700_000
    with Server(answer(TABLE), answer({"__type": "a#ResourceNotFoundException"}, 400)) as server:
        url = {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
        assert describe(package, **KEY, **url) == "ACTIVE"
        assert describe(package, **KEY, **url).startswith("TableNotFound")
    assert describe(package, **KEY, **url).startswith("TransportError cannot connect to")
    secure = {"AWS_ENDPOINT_URL_DYNAMODB": server.url.replace("http:", "https:")}
    assert describe(package, **KEY, **secure).startswith("TransportError")
    assert "pip install botocore" in describe(package, **url)


def test_a_package_pruned_for_profiles_finds_them(package, tmp_path):
    """With `--profiles` the shared files are read as before."""
    prune(package, "--profiles")
    assert size(package) < 4_000_000
    files = tmp_path / "credentials"
    files.write_text("[work]\naws_access_key_id = a\naws_secret_access_key = b\n")
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(files), "AWS_PROFILE": "work"}
    with Server(answer(TABLE)) as server:
        url = {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
        assert describe(package, **profile, **url) == "ACTIVE"
    assert server.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=a/")
