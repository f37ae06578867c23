"""The floors of the package, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dynamorm"

FLOORS = (
    {"arguments", "errors", "hidden"},
    {
        "canonical",
        "effects",
        "failures",
        "markers",
        "names",
        "options",
        "profiles",
        "reading",
        "routes",
        "sending",
        "wire",
    },
    {"checkpoint_files", "option_rules", "policies"},
    {"credentials", "endpoints", "fields", "pace", "parallel", "replies", "sockets", "spec"},
    {"encryption"},
    {
        "changes",
        "chain",
        "config",
        "containers",
        "described",
        "facets",
        "keys",
        "proxies",
        "streams",
    },
    {"identities", "model", "payloads"},
    {"codec", "codec.compiled", "codec.misfits", "pages", "plans"},
    {"checkpoints", "codec.shapes", "codec.values"},
    {"codec.attributes", "codec.moments", "codec.numbers", "codec.places", "codec.roles"},
    {"codec.forms", "codec.leaves", "codec.sizes"},
    {"codec.checks"},
    {"codec.builders", "codec.members", "codec.records"},
    {"codec.readers", "codec.writers"},
    {"drift", "items", "lookups", "reports", "setting_requests"},
    {"exact", "permissions", "requests"},
    {"decoding", "index_steps", "prefixing", "transforms", "waiting"},
    {"converting", "setting_steps", "watching"},
    {"planning", "surveying"},
    {"insisting", "reviewing"},
    {"settling"},
    {"backups", "creating", "settings"},
    {"tables"},
    {"applying"},
    {"updating"},
    {"time_left"},
    {"batches", "telling", "verified"},
    {"collisions", "conditional", "reads"},
    {"comparing", "jobs"},
    {"pairs", "parts"},
    {"preparing", "verifying"},
    {"copying"},
    {"migrating"},
    {"drivers"},
    {"exchange", "signing"},
    {"transports", "transports.client", "transports.signed", "transports.threads"},
    {"transports.botocore", "transports.http"},
    {"transports.aio"},
    {"testing.backups", "testing.contents", "testing.moto", "testing.scripted"},
    {"testing.living"},
    {"testing.changing", "testing.facets"},
    {"testing.service"},
    {"testing"},
    {"database"},
    {"testing.plugin"},
    {""},
)
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}

SENDERS = {
    "routes",
    "sockets",
    "streams",
    "transports.aio",
    "transports.botocore",
    "transports.signed",
}
ALLOWED_OUTSIDE = {
    "asyncio": {"drivers", "streams", "transports.aio", "transports.threads"},
    "boto3": set(),
    "botocore": {"credentials", "transports.botocore", "transports.client"},
    "httpx": SENDERS,
    "moto": {"testing.moto"},
    "os": SENDERS
    | {
        "checkpoint_files",
        "config",
        "containers",
        "hidden",
        "profiles",
        "settings",
        "testing.plugin",
        "verifying",
    },
    "pytest": {"testing.plugin"},
    "random": {"drivers"},
    "socket": SENDERS,
    "ssl": SENDERS | {"failures"},
    "time": SENDERS | {"containers", "drivers", "exchange", "signing"},
    "werkzeug": {"testing.moto"},
}
"""Who may look at the world: clocks and chance, sockets, the environment, the event loop."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(module: str, path: Path) -> Iterator[tuple[str, bool]]:
    """Give each imported module: its name, and whether it is one of ours."""
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


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_floors_below_its_own(module: str) -> None:
    """No module knows of one beside or above it, so there can be no circle."""
    wrong = [
        name
        for name, ours in imports(module, MODULES[module])
        if ours and FLOOR_OF[name] >= FLOOR_OF[module]
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_the_world_is_met_only_where_it_may_be(module: str) -> None:
    """Clocks, chance, sockets and botocore are imported by the few modules that are theirs."""
    wrong = [
        name
        for name, ours in imports(module, MODULES[module])
        if not ours and module not in ALLOWED_OUTSIDE.get(name, {module})
    ]
    assert wrong == []


def test_only_msgspec_and_botocore_are_ever_imported() -> None:
    """Nothing outside the standard library is needed but the two dependencies, and by extras."""
    outside = {
        name
        for module, path in MODULES.items()
        for name, ours in imports(module, path)
        if not ours and name not in sys.stdlib_module_names
    }
    extras = {"moto", "pytest", "werkzeug"}
    assert outside - extras <= {"msgspec", "botocore", "typing_extensions"}


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
