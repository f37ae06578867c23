"""What is shipped, and what it says of itself."""

from __future__ import annotations

import ast
import configparser
import importlib.resources
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from aids import mutation
from packaging.requirements import Requirement

import dynamorm

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]


def lines(path: str, section: str, option: str) -> list[str]:
    """The entries of a list option in one of the project's ini files, without its comments."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / path, encoding="utf-8")
    entries = (entry.strip() for entry in config[section][option].splitlines())
    return [entry for entry in entries if entry and not entry.startswith("#")]


def unwanted(folder: str, names: list[str]) -> set[str]:
    """What a build neither needs nor should find: environments, caches, earlier builds."""
    hidden = {name for name in names if name.startswith(".") and name != ".ci"}
    return hidden | {
        name
        for name in names
        if name in {"__pycache__", "build", "dist", "mutants"} or name.endswith(".egg-info")
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and a source distribution, built from a copy by the backend itself.

    So it needs no network, and leaves nothing behind in the checkout.
    """
    copy = tmp_path_factory.mktemp("packaging") / "copy"
    shutil.copytree(ROOT, copy, ignore=unwanted)
    build = "from setuptools import build_meta as b; b.build_wheel('out'); b.build_sdist('out')"
    command = [sys.executable, "-c", build]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "out"


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def requirements(metadata):
    return [Requirement(text) for text in metadata.get_all("Requires-Dist")]


def test_wheel_holds_only_the_package(wheel):
    """Installing adds one importable name, and no tests, docs or examples."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"dynamorm", f"dynamorm_micro-{dynamorm.__version__}.dist-info"}


def test_wheel_holds_the_whole_package(wheel):
    """Every module of the checkout is shipped, subpackages included, and nothing else is."""
    shipped = {name for name in wheel.namelist() if name.startswith("dynamorm/")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dynamorm").rglob("*.py")}
    assert shipped == modules | {
        "dynamorm/py.typed",
        "dynamorm/__init__.pyi",
        "dynamorm/requests/__init__.pyi",
    }


def test_wheel_is_for_any_platform(built):
    """One wheel serves every Python and platform."""
    assert [path.name for path in built.glob("*.whl")] == [
        f"dynamorm_micro-{dynamorm.__version__}-py3-none-any.whl"
    ]


def test_sdist_can_be_tested_and_documented(built):
    """The source distribution brings the tests, the demo, the docs and what runs them."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as opened:
        files = {name.partition("/")[2] for name in opened.getnames()}
    assert {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "setup.cfg",
        "pyproject.toml",
        "tox.ini",
        "toxfile.py",
        ".ci/run",
        ".ci/summary.py",
    } <= files
    for folder in ("docs", "examples", "tests"):
        sources = {
            path.relative_to(ROOT).as_posix()
            for pattern in ("*.py", "*.md", "*.json", "*.xml")
            for path in (ROOT / folder).rglob(pattern)
            if "_build" not in path.parts
        }
        assert sources
        assert sources <= files


def test_the_command_line_is_installed(wheel):
    """The one script is `dynamorm`, which says what to install where click is missing."""
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert wheel.read(name).decode().split() == ["[console_scripts]", "dynamorm", "=", SCRIPT]


SCRIPT = "dynamorm.cli:main"


def test_names_and_licence(metadata):
    """The distribution is dynamorm-micro, under MIT, for Python 3.10 on, with the README in it."""
    assert metadata["Name"] == "dynamorm-micro"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert metadata.get_payload(decode=True).decode().strip() == readme.strip()


def test_dependencies(requirements):
    """A plain install brings botocore and msgspec, and asks for nothing else."""
    plain = {item.name for item in requirements if "extra" not in str(item.marker or "")}
    assert plain == {"botocore", "msgspec"}


def test_dependencies_have_no_ceilings(requirements):
    """No requirement, extras included, forbids a newer version."""
    operators = {spec.operator for item in requirements for spec in item.specifier}
    assert operators == {">="}


def test_extras(metadata):
    """The extras are those that the docs name."""
    assert set(metadata.get_all("Provides-Extra")) == {"aio", "cli", "dask", "demo", "docs", "test"}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_oldest_dependencies_are_the_floors(requirements, python):
    """On each Python, the "oldest" environments install exactly the lowest allowed versions."""
    here = {"python_version": python, "extra": "cli"}

    def versions(items: list[Requirement]) -> dict[str, str]:
        """The highest floor or pin of each name that applies on this Python."""
        found: dict[str, list[int]] = {}
        for item in items:
            if item.specifier and (item.marker is None or item.marker.evaluate(here)):
                (spec,) = item.specifier
                number = [int(part) for part in spec.version.split(".")]
                found[item.name] = max(number, found.get(item.name, []))
        return {name: ".".join(map(str, number)) for name, number in found.items()}

    pins = [
        Requirement(entry.partition(":")[2].strip())
        for entry in lines("tox.ini", "testenv", "deps")
        if entry.startswith("oldest:")
    ]
    pinned = versions(pins)
    # Until both were 1.34, boto3's minor version was three behind that of its botocore.
    assert (pinned.pop("boto3"), pinned["botocore"]) == ("1.28.0", "1.31.0")
    assert pinned == versions(requirements)


def test_every_supported_python_is_tested(metadata):
    """The classifiers and tox's factors name the same Python versions."""
    claimed = re.findall(
        r"Python :: 3\.(\d+)$", "\n".join(metadata.get_all("Classifier")), re.MULTILINE
    )
    (factors,) = re.findall(r"py3\{([\d,]+)\}", "\n".join(lines("tox.ini", "tox", "env_list")))
    assert claimed == factors.split(",")


def test_version(metadata):
    """The package, its metadata and the newest release in the change log agree."""
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (newest, *_) = re.findall(r"^## \[?(\d[\w.]*)", changes, re.MULTILINE)
    assert dynamorm.__version__ == metadata["Version"] == newest


def test_typed():
    """The installed package says that it is typed (PEP 561)."""
    assert importlib.resources.files("dynamorm").joinpath("py.typed").is_file()


def test_all_is_sorted():
    """The public names are listed once each, in order."""
    assert list(dynamorm.__all__) == sorted(set(dynamorm.__all__))


def test_public_names():
    """A name in __all__ gives the same object each time that it is asked for, and is in dir()."""
    for name in dynamorm.__all__:
        assert getattr(dynamorm, name) is getattr(dynamorm, name), name
    assert set(dynamorm.__all__) <= set(dir(dynamorm))


@pytest.mark.parametrize("name", dynamorm._SUBMODULES)
def test_public_module(name):
    """The modules that are public as such can be had without an import of their own."""
    module = dynamorm.__getattr__(name)
    assert module is sys.modules[f"dynamorm.{name}"]
    assert all(hasattr(module, public) for public in module.__all__)


def test_the_stub_has_the_names_that_are_loaded():
    """Type checkers read the stub, programs the table: both say the same."""
    stub = ast.parse((ROOT / "dynamorm" / "__init__.pyi").read_text("utf-8"))
    imports = [node for node in ast.walk(stub) if isinstance(node, ast.ImportFrom) and node.level]
    stated = {
        (node.module, alias.name)
        for node in imports
        for alias in node.names
        if alias.name == alias.asname
    }
    loaded = {(dynamorm._MODULE_OF[name], name) for name in dynamorm.__all__}
    assert stated == loaded | {(None, name) for name in dynamorm._SUBMODULES}


def test_all_names_are_imported_without_the_submodules():
    """`from dynamorm import *` replaces no module that a program calls `requests`."""
    names: dict[str, object] = {"requests": "mine"}
    exec("from dynamorm import *", names)
    assert names["requests"] == "mine"
    assert names["ensure_table"] is dynamorm.ensure_table


def test_no_module_takes_the_place_of_a_name():
    """Importing a module makes it an attribute of its package, over a function of that name."""
    folder = Path(dynamorm.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in (".py", "")}
    assert not modules & {*dynamorm.__all__}


def test_unknown_name():
    """A name that is not there is an AttributeError that says so, as for any module."""
    with pytest.raises(AttributeError, match=r"'dynamorm'.*'no_such_name'"):
        _ = dynamorm.no_such_name


def test_ci_runs_the_documented_command():
    """README's test command is, to the letter, the one that CI runs."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = re.findall(r"^(python3 -m venv .*)$", script, re.MULTILINE)
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_mutmut_knows_the_modules_that_have_tests():
    """The modules in which mistakes are made, and their tests, are those of `aids.mutation`."""
    modules = {f"dynamorm/{name.replace('.', '/')}.py" for name in mutation.TESTS}
    assert set(lines("setup.cfg", "mutmut", "only_mutate")) == modules
    assert all((ROOT / module).is_file() for module in modules)
    chosen = lines("setup.cfg", "mutmut", "pytest_add_cli_args_test_selection")
    assert set(chosen) == {f"tests/{path}" for path in mutation.concerned("")}
    assert all((ROOT / path).is_file() for path in chosen)
