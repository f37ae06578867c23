"""Which tests are to notice a mistake in which module, for a run of `tox -e mutation` on it."""

from __future__ import annotations

_COPYING = (
    "copying/collisions copying/copied_tables copying/copy_stops copying/copying copying/telling "
    "operations/elsewhere operations/throttling"
)

TESTS = {
    "copying.asking": "copying/verifying requests/lookups",
    "copying.job": _COPYING,
    "copying.table": _COPYING,
    "copying.writer": _COPYING,
    "database.connection": (
        "database model/arguments operations/sending transports/clients transports/secrets"
    ),
    "database.permissions": "permissions tables/policies tables/replicas",
    "items.codec": "api/no_items items/exact items/items",
    "items.convert": "items/exact items/transforms",
    "items.limits": "items/exact items/items items/limits items/transforms",
    "items.transforms": "items/transforms",
    "operations.drivers": (
        "copying/copy_stops operations/drivers operations/effects operations/elsewhere "
        "operations/observing operations/sending operations/tasks transports/deadlines"
    ),
    "operations.middleware": (
        "database operations/drivers operations/effects operations/elsewhere "
        "tables/replicas tables/s3"
    ),
    "operations.pace": _COPYING,
    "operations.waiting": "operations/throttling operations/waiting transports/deadlines",
    "tables.compare": "tables/changes",
    "tables.waits": "operations/waiting tables/tables tables/waits",
    "transports.__init__": (
        "transports/credentials transports/endpoints transports/exchange transports/places "
        "transports/secrets"
    ),
    "transports.connection": (
        "transports/connections transports/deadlines transports/proxy transports/sockets"
    ),
    "transports.credential_source": (
        "transports/containers transports/credentials transports/places transports/secrets"
    ),
    "transports.exchange": "operations/observing transports/exchange transports/hostile",
    "transports.signing": "transports/credentials transports/exchange transports/signing",
}
"""By the module's name; setup.cfg has the same modules and files."""


def files(tests: str) -> set[str]:
    """Name the files of tests, as seen from the folder of all."""
    paths = (test.rpartition("/") for test in tests.split())
    return {f"{folder}{slash}test_{name}.py" for folder, slash, name in paths}


def concerned(module: str) -> set[str]:
    """Name the test files for a module or a package; for an empty name, all of them.

    What is in a package itself is chosen by the first letter of mutmut's names: `transports.x`.
    """
    names = {name.replace("__init__", "x"): tests for name, tests in TESTS.items()}
    chosen = [tests for name, tests in names.items() if f"{name}.".startswith(module)]
    return files(" ".join(chosen))
