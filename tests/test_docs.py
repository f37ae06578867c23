"""README, docs and demo: every Python example runs, and gives what it says that it gives.

A page is one program: its `python` blocks and `pycon` sessions share their names, in order. A block
that begins with a file's name (`# models.py`) is that file; test files are run by a pytest of their
own once the page has ended. What a page finds in its environment is an account in an emulator.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from aids import emulator

import dynamorm

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

BESIDE = {"opentelemetry", "prometheus_client"}

BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"python (\S+\.py)(.*)$", re.MULTILINE)
FILE = re.compile(r"# (\w+\.py)\n")


KINDS = {"console", "dockerfile", "json", "mermaid", "pycon", "python", "sh", "toml", "yaml"}
KINDS |= {"{eval-rst}", "{toctree}"}


class Page:
    """The examples of one page, and the folder and names that they share."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.module = ModuleType(path.stem)
        self.runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)

    def run(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            kind, code = block.groups()
            line = text.count("\n", 0, block.start(2))
            if kind == "pycon":
                self.talk(code, line)
            elif name := FILE.match(code):
                (self.folder / name[1]).write_text(code, encoding="utf-8")
            else:
                self.perform(compile("\n" * line + code, str(self.path), "exec"))

    def perform(self, code: CodeType) -> None:
        """Run a block; one that shows dynamorm beside a package that is not there is left out."""
        try:
            exec(code, vars(self.module))
        except ModuleNotFoundError as missing:
            if str(missing.name).partition(".")[0] not in BESIDE:
                raise

    def talk(self, code: str, line: int) -> None:
        """Run a session, and compare each answer with the one that is printed."""
        session = doctest.DocTestParser().get_doctest(
            code, vars(self.module), self.path.name, str(self.path), line
        )
        session.globs = vars(self.module)  # not the copy that doctest has made
        told: list[str] = []
        result = self.runner.run(session, out=told.append, clear_globs=False)
        assert not result.failed, "".join(told)


@pytest.fixture(scope="module")
def endpoint():
    with emulator.moto() as url:
        yield url


@pytest.fixture
def account(endpoint, monkeypatch):
    """An empty account of the emulator, given as a user would find it: in the environment."""
    for name in [*os.environ]:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    given = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "docs",
        "AWS_SECRET_ACCESS_KEY": "docs",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    emulator.reset(endpoint)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An importable folder whose modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if BLOCK.search(path.read_text(encoding="utf-8"))],
    ids=lambda path: path.name,
)
@pytest.mark.usefixtures("account")
def test_examples(path, folder, monkeypatch):
    """Every example of a page runs in order, and the tests that it shows pass."""
    page = Page(path, folder)
    monkeypatch.setitem(sys.modules, page.module.__name__, page.module)
    page.run()
    if any(folder.glob("test_*.py")):
        # They make their own emulator: nothing of this one's account is given to them.
        theirs = ("AWS_", "DYNAMORM_", "PYTEST_XDIST_")
        for name in [name for name in os.environ if name.startswith(theirs)]:
            monkeypatch.delenv(name)
        # An interpreter of their own would need two seconds, most of them to import moto.
        with warnings.catch_warnings():
            warnings.resetwarnings()
            without = [f"-pno:{name}" for name in ("asyncio", "cacheprovider", "faulthandler")]
            assert pytest.main([*without, str(folder)]) == 0


def test_demo():
    """The demo checks each of its steps, and says at the end how many requests it has sent."""
    # Old botocore on Python 3.12 and later.
    quiet = ["-W", "ignore:datetime.datetime.utcnow:DeprecationWarning"]
    demo = [sys.executable, *quiet, str(ROOT / "examples" / "demo.py")]
    done = subprocess.run(demo, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\d+ requests were sent", done.stdout.splitlines()[-1])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_other_blocks(path):
    """What is no Python is JSON, or commands: the programs are there, and the options known."""
    for kind, text in ANY_BLOCK.findall(path.read_text(encoding="utf-8")):
        assert kind in KINDS
        if kind == "json":
            json.loads(text)
        for program, options in COMMAND.findall(text) if kind == "sh" else ():
            assert (ROOT / program).is_file()
            beside = [path.read_text() for path in (ROOT / program).parent.glob("*.py")]
            for option in re.findall(r"--\w+", options):
                assert any(f'"{option}"' in source for source in beside), option


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links(path):
    """A link to another file of the project leads to one that is there."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (path.parent / target).is_file(), target


def test_readme_is_short():
    """The README can be read in one go."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 110


COLUMNS = ("dynamorm, http", "boto3", "PynamoDB", "pydynox (Rust)")
COPIERS = ("dynamorm http", "boto3 resource", "PynamoDB", "pydynox (Rust)")
MEASURED = {
    "cold start, CPU until the first answer": ("cold_start", "cpu_ms", COLUMNS, "{:.0f} ms", 1),
    "CPU to copy an item of 1 KB": ("copies", "cpu_us_per_item", COPIERS, "{:.0f} µs", 1),
    "Lambda package, zipped": ("size", "zipped_kb", COLUMNS, "{:.1f} MB", 1000),
}
"""README's table: file and member of the figures, the contenders, how a figure is shown."""


@pytest.mark.parametrize("row", MEASURED)
def test_the_figures_of_the_readme_are_measured(row: str) -> None:
    """What README compares is what the benchmarks have written down."""
    file, member, contenders, form, unit = MEASURED[row]
    rows = json.loads((ROOT / "docs" / "benchmarks" / f"{file}.json").read_text())["rows"]
    found = {each["contender"]: each[member] for each in reversed(rows) if member in each}
    cells = [form.format(found[name] / unit) for name in contenders]
    shown = f"| {row} | {' | '.join(cells)} |"
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_public_name_is_documented():
    """The pages of the API have an entry for each name of `dynamorm`, and for no other."""
    pages = (ROOT / "docs" / "reference").glob("*.md")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    entries = re.findall(r"^\.\. \w+:: dynamorm\.(\w+)$", text, re.MULTILINE)
    assert sorted(entries) == sorted([*dynamorm.__all__, *dynamorm._SUBMODULES])
