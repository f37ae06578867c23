"""The floors of the package, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

PACKAGE = Path(__file__).parent.parent / "dynamorm"

PACKAGES = {
    "errors": (),
    "model": ("errors",),
    "api": ("errors", "model"),
    "requests": ("errors", "model", "api"),
    "operations": ("errors", "model", "api", "requests"),
    "tables": ("errors", "model", "api", "requests", "operations"),
    "items": ("errors", "model"),
    "copying": ("errors", "model", "api", "requests", "operations", "tables", "items"),
    "estimate": ("errors", "model", "api", "operations", "tables"),
    "export": ("errors", "model", "api", "requests", "operations", "tables"),
    "prune": (),
    "distributed": ("errors", "model", "operations", "copying"),
    "transports": ("errors", "operations"),
    "signing": ("transports",),
    "database": ("errors", "model", "api", "operations", "tables", "copying", "transports"),
    "cli": (
        "errors",
        "model",
        "api",
        "requests",
        "operations",
        "tables",
        "copying",
        "export",
        "estimate",
        "database",
    ),
    "__main__": ("cli",),
    "testing": (
        "errors",
        "model",
        "api",
        "requests",
        "operations",
        "tables",
        "items",
        "database",
        "transports",
    ),
}
"""What each package may import; whatever is not named here, it may not."""

SENDERS = {
    "transports.routes",
    "transports.connection",
    "transports.aio",
    "transports.botocore",
    "transports.signed",
}
ALLOWED_OUTSIDE = {
    "asyncio": {
        "operations.drivers",
        "operations.parallel",
        "transports.aio",
        "transports.threads",
    },
    "boto3": set(),
    # Operations are methods of a database by the names that the face of the package gives them.
    "dynamorm": {"database"},
    "botocore": {
        "transports.profiles",
        "transports.botocore",
        "transports.client",
        "transports.raw_client",
    },
    "httpx": SENDERS,
    "moto": {"testing.moto"},
    "os": SENDERS
    | {
        "cli.output",
        "cli.session",
        "copying.checkpoint",
        "transports.container",
        "errors",
        "operations",
        "transports",
        "transports.profiles",
        "copying.options",
        "testing.plugin",
        "copying.verify",
    },
    "pytest": {"testing.plugin"},
    "random": {"operations.drivers"},
    "socket": SENDERS,
    "ssl": SENDERS,
    "time": SENDERS
    | {
        "transports.client",
        "transports.container",
        "transports.credential_source",
        "copying.shares",
        "distributed",
        "operations.drivers",
        "transports.signing",
        "signing",
    },
    "werkzeug": {"testing.moto"},
}
"""Who may look at the world: clocks and chance, sockets, the environment, the event loop."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


MODULES = dict(modules())


@cache
def imports(module: str) -> tuple[tuple[str, bool], ...]:
    """Give each imported module: its name, and whether it is one of ours."""
    return tuple(_imports(module, MODULES[module]))


def _imports(module: str, path: Path) -> Iterator[tuple[str, bool]]:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    if not module:
        package = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], False
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0], False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - (node.level - 1)]
            if node.module:
                yield ".".join([*base, node.module]), True
            else:
                for alias in node.names:
                    yield ".".join([*base, alias.name]), True


def package_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_its_row_names(package: str) -> None:
    """Each package knows those below it, and no other."""
    wrong = [
        f"{module}: {name}"
        for module in MODULES
        if package_of(module) == package
        for name, ours in imports(module)
        if ours and package_of(name) not in (package, *PACKAGES[package])
    ]
    assert wrong == []


def test_every_package_has_a_row() -> None:
    """What is added to the house is given its place in it."""
    assert {package_of(module) for module in MODULES} == {"", *PACKAGES}


def test_no_import_goes_round_in_a_circle() -> None:
    """No module imports, by others, itself: not even in a function."""
    graph = {
        module: {name for name, ours in imports(module) if ours and name in MODULES}
        for module in MODULES
    }
    while leaves := {module for module, needed in graph.items() if not needed}:
        graph = {m: needed - leaves for m, needed in graph.items() if m not in leaves}
    assert graph == {}


def test_every_module_can_be_read_in_one_sitting() -> None:
    """A module has one subject, and at most 300 lines."""
    lines = {module: len(path.read_text().splitlines()) for module, path in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > 300} == {}


def test_the_world_is_met_only_where_it_may_be() -> None:
    """Clocks, chance, sockets and botocore are imported by the few modules that are theirs."""
    wrong = [
        f"{module}: {name}"
        for module in MODULES
        for name, ours in imports(module)
        if not ours and module not in ALLOWED_OUTSIDE.get(name, {module})
    ]
    assert wrong == []


def test_only_msgspec_and_botocore_are_ever_imported() -> None:
    """Nothing outside the standard library is needed but the two dependencies, and by extras."""
    outside = {
        name
        for module in MODULES
        for name, ours in imports(module)
        if not ours and name not in sys.stdlib_module_names
    }
    extras = {"click", "distributed", "moto", "pytest", "rich", "werkzeug"}
    assert outside - extras <= {"dynamorm", "msgspec", "botocore", "typing_extensions"}


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(sys.modules))"
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{script}",
    ]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


HEAVY = {"asyncio", "botocore", "email", "http.client", "random", "ssl", "urllib3"}


def test_importing_dynamorm_loads_nothing_heavy() -> None:
    """`import dynamorm` loads itself alone: no network, no event loop, no botocore."""
    assert not loaded_by("import dynamorm") & HEAVY
    assert {m for m in loaded_by("import dynamorm") if m.startswith("dynamorm")} == {"dynamorm"}


def test_building_requests_loads_nothing_heavy() -> None:
    """Who only wants the request builders gets them without any of the rest."""
    code = "import dynamorm; dynamorm.requests; dynamorm.table; dynamorm.PartitionKey"
    assert not loaded_by(code) & HEAVY


def test_connecting_loads_no_event_loop() -> None:
    """The synchronous way never pays for asyncio."""
    assert "asyncio" not in loaded_by("import dynamorm; dynamorm.connect('eu-west-1')")


def test_the_testing_aids_load_no_test_tools() -> None:
    """Who writes tests of another kind has neither pytest nor moto loaded, nor installed."""
    assert not loaded_by("import dynamorm; dynamorm.testing") & {"pytest", "moto", "werkzeug"}
