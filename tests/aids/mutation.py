"""Which tests are to notice a mistake in which module, for a run of `tox -e mutation` on it."""

from __future__ import annotations

_COPYING = "copying throttling elsewhere collisions copied_tables copy_stops telling"

TESTS = {
    "copying.job": _COPYING,
    "copying.table": _COPYING,
    "copying.writer": _COPYING,
    "items.codec": "items no_items exact",
    "items.limits": "transforms items exact",
    "items.transforms": "transforms",
    "operations.drivers": "drivers elsewhere sending deadlines",
    "operations.middleware": "elsewhere drivers",
    "operations.pace": _COPYING,
    "operations.waiters": "waiting tables",
    "operations.waiting": "waiting deadlines throttling",
    "permissions": "permissions policies",
    "tables.compare": "changes",
    "transports.connection": "connections sockets deadlines",
    "transports.credential_source": "credentials secrets",
    "transports.credentials": "credentials secrets",
    "transports.exchange": "exchange hostile",
}
"""By the module's name; setup.cfg has the same modules and files."""


def concerned(module: str) -> set[str]:
    """Name the test files for a module or a package; for an empty name, all of them."""
    chosen = [tests for name, tests in TESTS.items() if f"{name}.".startswith(module)]
    return {f"test_{test}.py" for tests in chosen for test in tests.split()}
