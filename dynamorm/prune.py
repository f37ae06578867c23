"""Makes a Lambda package small: `python -m dynamorm.prune FOLDER [--profiles] [--tables]`.

    pip install --target FOLDER dynamorm-micro

What is left of that folder creates, changes and copies tables. The testing aids, the exports, the
command line, the estimates and the permissions are deleted; what only people and type checkers read
is taken out of dynamorm and msgspec: docstrings, comments, overloads and annotations (but those of
a class, which Structs are made of), so that `help` and `inspect.signature` tell no types; and
symbols out of msgspec's library, which loses YAML, TOML and JSON Schema. With `--tables` what
copies, compares and converts items is deleted too: to import it from the package is an error that
says so. Of botocore, if it is there, only what requests import is left, and with `--profiles` also
what finds credentials in profiles, SSO, web identities and instances. No client of botocore or
boto3 can be made from the package afterwards.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

# urllib3 and dateutil import some of their modules late: of them only what is data goes.
UNUSED = (
    "dynamorm/testing",
    "dynamorm/export",
    "dynamorm/cli",
    "dynamorm/estimate",
    "dynamorm/__main__.py",
    "dynamorm/distributed.py",
    "dynamorm/database/permissions.py",
    "dynamorm/prune.py",
    "msgspec/_json_schema.py",
    "msgspec/toml.py",
    "msgspec/yaml.py",
    "botocore/data",
    "dateutil/zoneinfo/*.tar.gz",
    "bin",
    "**/__pycache__",
    "**/*.pyi",
    "**/py.typed",
    # METADATA and licenses stay: programs ask for versions, and a copy has to have its license.
    *(f"*.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "top_level.txt")),
)
# With --tables: what deals with items, and nothing that deals with tables imports.
ITEMS = ("dynamorm.copying", "dynamorm.items", "msgspec.inspect")
# What nothing else imports, and nobody by name: it goes without a word.
FOR_ITEMS = ("api/items.py", "operations/pace.py", "operations/processes.py")
# What msgspec imports with itself, and only items use: a fourteenth of the CPU of a cold start.
EAGER = ("_json_schema", "inspect", "toml", "yaml")
GONE = 'raise ImportError("python -m dynamorm.prune --tables deleted {name} from this package")\n'

REQUESTS = """
import sys
sys.path.insert(0, sys.argv[1])
import dynamorm.transports.botocore
"""
PROFILES = """
import botocore.session
session = botocore.session.Session()
session.get_component("credential_provider")
"""
TELL = """
print(*(m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None)), sep="\\n")
"""


def prune(folder: str | Path, *, profiles: bool = False, tables: bool = False) -> None:
    """Delete from a folder of `pip install --target` what a deploy function does not import.

    `profiles` keeps what finds credentials in profiles; `tables` keeps nothing that deals with
    items.

    Raises `ValueError` for any other folder: a checkout, or where Python keeps its packages; and
    for botocore beside a msgspec for another machine.
    """
    folder = Path(folder).resolve()
    _check(folder)
    unused = (*UNUSED, *(f"dynamorm/{path}" for path in FOR_ITEMS if tables))
    doomed = [path for pattern in unused for path in folder.glob(pattern)]
    if (folder / "botocore").is_dir():
        imported = _imported(folder, REQUESTS + PROFILES * profiles + TELL)
        for name in ("botocore", "jmespath"):
            doomed += (path for path in folder.glob(f"{name}/**/*.py") if path not in imported)
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in ITEMS if tables else ():
        path = folder / name.replace(".", "/")
        shutil.rmtree(path, ignore_errors=True)
        # A module takes the place of the package: importing it raises an error that says why.
        path.with_suffix(".py").write_text(GONE.format(name=name), encoding="utf-8")
    for pattern, ours in (("msgspec/*.py", False), ("dynamorm/**/*.py", True)):
        for path in folder.glob(pattern):
            text = _rewritten(path.read_text(encoding="utf-8"), ours=ours)
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.dist-info/METADATA"):
        # What follows the headers is the page that PyPI shows.
        path.write_text(path.read_text(encoding="utf-8").partition("\n\n")[0], encoding="utf-8")
    strip = shutil.which("strip")
    for path in folder.glob("msgspec/*.so") if strip else ():
        # A library for another machine is refused, and stays as it is.
        subprocess.run([str(strip), str(path)], check=False, stderr=subprocess.DEVNULL)


def _check(folder: Path) -> None:
    kept = {Path(path).resolve() for path in sysconfig.get_paths().values()}
    foreign = folder in kept or any((folder / name).exists() for name in (".git", "setup.cfg"))
    if foreign or not (folder / "dynamorm" / "__init__.py").is_file():
        raise ValueError(f"{folder} is not a folder of pip install --target with dynamorm in it")


def _imported(folder: Path, code: str) -> set[Path]:
    """Return the files that a process imports when it runs this code with the package."""
    # Isolated, so that what is installed here is not imported in its place; -B leaves no bytecode.
    command = [sys.executable, "-IB", "-c", code, str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(
            f"{folder} cannot be imported here: prune it with the Python and on the kind of "
            f"machine that it is for. {done.stderr.strip().rpartition(chr(10))[2]}"
        )
    return {Path(line) for line in done.stdout.splitlines()}


def _rewritten(text: str, *, ours: bool) -> str:
    tree = _without_unused(_Bare().visit(ast.parse(text)), ours=ours)
    written = ast.unparse(ast.fix_missing_locations(tree))
    # A text is written on one line: what begins one is an indentation.
    return re.sub(r"\n+( *)", lambda found: "\n" + " " * (len(found[1]) // 4), written)


class _Bare(ast.NodeTransformer):
    """Takes out what only people and type checkers read; annotations stay in bodies of classes."""

    def __init__(self) -> None:
        self.of_classes: set[ast.stmt] = set()

    def generic_visit(self, node: ast.AST) -> Any:
        super().generic_visit(node)
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]  # looked at just before
        return node

    def visit_If(self, node: ast.If) -> Any:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            return self.generic_visit(node)
        return self.generic_visit(ast.Module(node.orelse, [])).body

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        # Docstrings, those of attributes too.
        value = node.value
        return None if isinstance(value, ast.Constant) and isinstance(value.value, str) else node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        if any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list):
            return None
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - as `ast` calls it

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.of_classes.update(node.body)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        if node in self.of_classes:
            return node
        return ast.Assign([node.target], node.value) if node.value else None


def _without_unused(tree: ast.Module, *, ours: bool) -> ast.Module:
    """Take out imports that nothing needs any more: of ours, those for annotations alone."""
    nodes = list(ast.walk(tree))
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    # A class may say an annotation as a text.
    texts = " ".join(str(node.value) for node in nodes if isinstance(node, ast.Constant))
    annotated = any(isinstance(node, ast.AnnAssign) for node in nodes)

    def is_needed(node: ast.ImportFrom, alias: ast.alias) -> bool:
        """Return whether an imported name is of use when the module runs."""
        if node.module == "__future__":
            return annotated
        if not ours:
            return not node.level or (node.module or alias.name) not in EAGER
        # `import name as name` is for those who import it from here.
        return bool(alias.asname) or alias.name in named or alias.name in texts

    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            node.names = [alias for alias in node.names if is_needed(node, alias)]
    tree.body = [node for node in tree.body if getattr(node, "names", True)]
    return tree


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments: list[str]) -> int:
    """Prune the folder that is named, and say what it came to; return the exit status."""
    options = ("--profiles", "--tables")
    folders = [argument for argument in arguments if argument not in options]
    if len(folders) != 1 or folders[0].startswith("-"):
        sys.stderr.write("usage: python -m dynamorm.prune FOLDER [--profiles] [--tables]\n")
        return 2
    folder = Path(folders[0])
    before = _size(folder)
    try:
        prune(folder, **{option[2:]: option in arguments for option in options})
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{folder}: {before / 1e6:,.1f} MB -> {_size(folder) / 1e6:,.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
