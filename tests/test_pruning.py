"""A Lambda package is made small: what is left of it, and that it is enough."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from aids.httpserver import Server, answer

import dynamorm.prune
from dynamorm.prune import main

pytestmark = pytest.mark.once

NEEDED = ("botocore", "jmespath", "msgspec", "python-dateutil", "six", "urllib3")

TABLE = {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}

DESCRIBE = """
import os, sys
sys.path.insert(0, sys.argv[1])
import dynamorm
assert dynamorm.__file__.startswith(sys.argv[1])
import botocore
assert botocore.__file__.startswith(sys.argv[1])
for os.environ["AWS_ENDPOINT_URL_DYNAMODB"] in os.environ["PLACES"].split():
    db = dynamorm.connect(retries=dynamorm.Retries(attempts=1))
    try:
        print(db.describe_table("orders").table_status)
    except dynamorm.DynamormError as error:
        print(type(error).__name__, str(error).replace("\\n", " "))
"""


@pytest.fixture
def package(tmp_path) -> Path:
    """A folder as `pip install --target` makes it."""
    return filled(tmp_path / "package", NEEDED)


def is_needed(file: Path) -> bool:
    """Of the 400 services that botocore describes, a tenth shows what becomes of them all."""
    service = file.parts[2:3] if file.parts[:2] == ("botocore", "data") else ()
    return len(file.parts) < 4 or not service or service[0].startswith("d")


def filled(folder: Path, needed: tuple[str, ...]) -> Path:
    kept = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(dynamorm.__file__).parent, folder / "dynamorm", ignore=kept)
    for name in needed:
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts and is_needed(file):
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    return folder


rewritten = cache(dynamorm.prune._rewritten)
"""Most files of a package are those of another: they are read once."""


@pytest.fixture
def prune(capsys, monkeypatch):
    """Prune as `python -m dynamorm.prune` does, and say what it has printed."""
    monkeypatch.setattr(dynamorm.prune, "_rewritten", rewritten)

    def run(folder: Path, *options: str, status: int = 0) -> str:
        assert main([str(folder), *options]) == status
        return "".join(capsys.readouterr())

    return run


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def zipped(folder: Path) -> int:
    """How large the folder is for Lambda, which takes it as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in filter(Path.is_file, folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.tell()


def describe(folder: Path, code: str = DESCRIBE, **variables: str) -> str:
    command = [sys.executable, "-s", "-c", code, str(folder)]
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


def test_a_pruned_package_sends_requests(package, prune):
    """Answers, errors and networks that fail mean the same; a ninth of boto3's size is left."""
    before = size(package)
    said = f"{package}: {before / 1e6:,.1f} MB -> "
    assert prune(package).startswith(said)
    assert size(package) < 2_700_000
    with Server() as gone:
        pass
    with Server(answer(TABLE), answer({"__type": "a#ResourceNotFoundException"}, 400)) as server:
        secure = server.url.replace("http:", "https:")
        places = f"{server.url} {server.url} {gone.url} {secure}"
        said = describe(package, **KEY, PLACES=places).splitlines()
    assert said[0] == "ACTIVE"
    assert said[1].startswith("TableNotFound")
    assert said[2].startswith("TransportError cannot connect to")
    assert said[3].startswith("TransportError")
    assert "pip install botocore" in describe(package, PLACES=gone.url)


def test_a_package_pruned_for_profiles_finds_them(package, tmp_path, prune):
    """With `--profiles` the shared files are read as before."""
    prune(package, "--profiles")
    assert size(package) < 4_000_000
    files = tmp_path / "credentials"
    files.write_text("[work]\naws_access_key_id = a\naws_secret_access_key = b\n")
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(files), "AWS_PROFILE": "work"}
    with Server(answer(TABLE)) as server:
        assert describe(package, **profile, PLACES=server.url) == "ACTIVE"
    assert server.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=a/")


EVERY_MODULE = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import dynamorm, msgspec
assert msgspec.__file__.startswith(sys.argv[1])
for package in (dynamorm, msgspec):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
print(dynamorm.__doc__, dynamorm.ensure_table.__doc__, dynamorm.ensure_table.__annotations__)
db = dynamorm.connect(transport="http", retries=1)
print(db.describe_table("orders").table_status)
"""


def test_a_package_without_botocore_is_small(tmp_path, prune):
    """With msgspec alone it answers from a small zip, and has no word of explanation left."""
    package = filled(tmp_path / "package", ("msgspec",))
    prune(package)
    assert zipped(package) < 425_000
    left = {path.name for path in (package / "dynamorm").iterdir()}
    assert "if TYPE_CHECKING" not in (package / "dynamorm" / "database" / "__init__.py").read_text()
    assert not left & {"testing", "export", "cli", "estimate", "prune.py"}
    assert not (package / "dynamorm" / "database" / "permissions.py").exists()
    with Server(answer(TABLE)) as server:
        url = {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
        assert describe(package, EVERY_MODULE, **KEY, **url) == "None None {}\nACTIVE"


ROUND = """
import sys
sys.path.insert(0, sys.argv[1])
import msgspec
left = {"inspect", "toml", "yaml"} & {name.partition(".")[2] for name in sys.modules}
import dynamorm
from importlib.metadata import metadata
class Order(msgspec.Struct):
    id: str
    lines: list[int]
order = Order("a", [1])
assert dynamorm.from_item(Order, dynamorm.to_item(order)) == order
about = metadata("msgspec")
print(*left, about["Name"], about["License-Expression"] or about["License"], about.get_payload())
"""


def test_a_pruned_msgspec_loads_less_and_still_says_what_it_is(tmp_path, prune):
    """Importing it loads no module for other formats; items find what they need; one page is gone.

    Pruned again, nothing changes.
    """
    package = filled(tmp_path / "package", ("msgspec",))
    prune(package)
    once = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}
    prune(package)
    assert {path: path.read_bytes() for path in package.rglob("*") if path.is_file()} == once
    assert describe(package, ROUND).split() == ["msgspec", "BSD-3-Clause"]


WITHOUT_ITEMS = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
import dynamorm
home = pathlib.Path(dynamorm.__file__).parent
assert str(home).startswith(sys.argv[1])
for path in home.rglob("*.py"):
    parts = ("dynamorm", *path.relative_to(home).with_suffix("").parts)
    if parts[1] not in ("copying", "items"):
        importlib.import_module(".".join(part for part in parts if part != "__init__"))
db = dynamorm.connect(transport="http", retries=1)
print(db.describe_table("orders").table_status)
inspect = lambda: importlib.import_module("msgspec.inspect")
for asked in (lambda: db.copy_table("a", "b"), lambda: dynamorm.from_item, inspect):
    try:
        asked()
    except ImportError as error:
        print(error)
"""


def test_a_package_of_tables_alone_says_what_was_deleted_from_it(tmp_path, prune):
    """All that is left can be imported; what deals with items is asked for in vain."""
    package = filled(tmp_path / "package", ("msgspec",))
    prune(package, "--tables")
    prune(package, "--tables")
    assert zipped(package) < 345_000
    for path in (package / "dynamorm").rglob("*.py"):
        assert not re.search(r"\.(pace|processes)\b|api\.items|from \.items", path.read_text())
    with Server(answer(TABLE)) as server:
        url = {"AWS_ENDPOINT_URL_DYNAMODB": server.url}
        said = describe(package, WITHOUT_ITEMS, **KEY, **url)
    assert said.splitlines() == [
        "ACTIVE",
        "python -m dynamorm.prune --tables deleted dynamorm.copying from this package",
        "python -m dynamorm.prune --tables deleted dynamorm.items from this package",
        "python -m dynamorm.prune --tables deleted msgspec.inspect from this package",
    ]


def test_annotations_are_taken_out_where_no_struct_is_made_of_them(tmp_path, prune):
    """Overloads and what was imported for both go along, and what is named elsewhere stays."""
    (tmp_path / "dynamorm").mkdir()
    module = tmp_path / "dynamorm" / "__init__.py"
    module.write_text(
        "from __future__ import annotations\n"
        "from typing import Any, Final, Literal, TypeVar\n"
        "from collections.abc import Iterator\n"
        "from .model import Struct, told, unused\n"
        "from .other import Name as Name, overload, unused\n"
        "T = TypeVar('T', bound='Literal[1]')\n"
        "LIMIT: Final = 3\n"
        "class Part(Struct):\n"
        "    name: Any\n"
        "    @overload\n"
        "    def first(self) -> None: ...\n"
        "    def first(self) -> Iterator[int]:\n"
        "        'What is told.'\n"
        "        found: int\n"
        "        found: int = 1\n"
        "        return f'{found}\\n    {told}'\n"
        "    async def second(self, *given: int) -> None:\n"
        "        'Nothing but words.'\n"
    )
    plain = tmp_path / "dynamorm" / "plain.py"
    plain.write_text("from __future__ import annotations\nLIMIT: int = 3\n")
    prune(tmp_path)
    assert plain.read_text() == "LIMIT = 3"
    assert module.read_text().splitlines() == [
        "from __future__ import annotations",
        "from typing import Any, Literal, TypeVar",
        "from .model import Struct, told",
        "from .other import Name as Name",
        "T = TypeVar('T', bound='Literal[1]')",
        "LIMIT = 3",
        "class Part(Struct):",
        " name: Any",
        " def first(self):",
        "  found = 1",
        "  return f'{found}\\n    {told}'",
        " async def second(self, *given):",
        "  pass",
    ]


@pytest.mark.parametrize(
    "mark", ["", "dynamorm/__init__.py .git", "dynamorm/__init__.py setup.cfg"]
)
def test_another_folder_is_left_alone(tmp_path, prune, mark):
    """Neither a checkout nor a folder without the package loses a file."""
    for name in mark.split():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# kept")
    assert "is not a folder of pip install --target" in prune(tmp_path, status=1)
    assert all((tmp_path / name).read_text() == "# kept" for name in mark.split())


def test_an_environment_is_left_alone(prune):
    """Where Python keeps its packages nothing is pruned."""
    assert "is not a folder of" in prune(Path(sysconfig.get_path("purelib")), status=1)


def test_what_is_for_another_machine_is_pruned_there(tmp_path, prune):
    """What botocore needs is found by importing it, which another machine's library prevents."""
    for name in ("dynamorm", "botocore"):
        (tmp_path / name).mkdir()
    (tmp_path / "dynamorm" / "__init__.py").write_text("raise ImportError('no msgspec._core')")
    told = prune(tmp_path, status=1)
    assert "on the kind of machine that it is for. ImportError: no msgspec._core" in told


def test_a_folder_has_to_be_named(capsys):
    """Without one there is a line of help, and the status of a misuse."""
    assert main([]) == 2
    assert (
        capsys.readouterr().err
        == "usage: python -m dynamorm.prune FOLDER [--profiles] [--tables]\n"
    )
    assert main(["--help"]) == 2
