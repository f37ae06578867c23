"""Which tests are to notice a mistake in which module, for a run of `tox -e mutation` on it."""

from __future__ import annotations

from collections.abc import Iterable

_COPYING = "copying throttling elsewhere collisions copied_tables copy_stops telling"

TESTS = {
    "batches": _COPYING,
    "changes": "changes",
    "checks": "transforms items exact",
    "copying": _COPYING,
    "credentials": "credentials secrets",
    "drivers": "drivers elsewhere sending deadlines",
    "exchange": "exchange hostile",
    "items": "items no_items exact",
    "jobs": _COPYING,
    "pace": _COPYING,
    "permissions": "permissions policies",
    "prefixing": "elsewhere drivers",
    "sockets": "connections sockets deadlines",
    "transforms": "transforms",
    "waiting": "waiting deadlines throttling",
    "watching": "waiting tables",
}
"""By the last part of a module's name."""


def concerned(modules: str) -> set[str]:
    """Name the test files for modules given with commas between; none given are all of them."""
    named: Iterable[str] = (name.rpartition(".")[2] for name in modules.split(",") if name)
    chosen = [TESTS[name] for name in named] or TESTS.values()
    return {f"test_{test}.py" for tests in chosen for test in tests.split()}
