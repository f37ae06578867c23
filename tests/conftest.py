"""What every test may count on: a machine without settings of its own.

`test_*.py` are the tests, by subject. What they have in common is in `aids/`, tests against real
engines in `live/`, and a program for the type checkers alone in `typing/`.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from aids import mutation
from aids.trials import summary
from aids.worlds import DRIVERS, Driver
from hypothesis import HealthCheck, Phase, settings

# How fast a machine is, or what else it does, is no promise of anybody's.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# The same examples each time: `coverage` uses it, and no branch may be reached by luck.
settings.register_profile("matrix", max_examples=15, derandomize=True, database=None, **PATIENT)
# An environment of the matrix looks for what differs between versions, and for nothing else.
settings.register_profile("versions", max_examples=5, **PATIENT)
# A mutant is dead at its first failure, whose smallest example nobody reads.
settings.register_profile(
    "mutation",
    settings.get_profile("matrix"),
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
)
settings.register_profile("long", **PATIENT)
PROFILE = os.environ.get("DYNAMORM_TESTS", "long")
settings.load_profile(PROFILE)

ONCE = pytest.mark.skip(reason="the same on every version: runs in `coverage` and `sdist`")


# Every example of Hypothesis makes thousands of objects that are gone at its end.
gc.set_threshold(10_000)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than cores: a fifth of the time a worker waits for sockets and interpreters."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Walk no heap that only grows: what is collected stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config, items):
    """Leave out what says nothing about these versions, or about the modules with mistakes."""
    if PROFILE == "versions":
        for item in items:
            if item.get_closest_marker("once"):
                item.add_marker(ONCE)
    if "DYNAMORM_MUTATE" not in os.environ:
        return
    here = Path(__file__).parent
    wanted = {here / path for path in mutation.concerned(os.environ["DYNAMORM_MUTATE"])}
    config.hook.pytest_deselected(items=[item for item in items if item.path not in wanted])
    items[:] = [item for item in items if item.path in wanted]


@pytest.fixture(autouse=True, scope="module")
def still_heap():
    """Whoever collects garbage walks what this file has made, not moto and botocore each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse="DYNAMORM_MUTATE" in os.environ)
def empty_caches():
    """A mistake in what is made once is tried with every test that uses it, not with the first."""
    for name in [name for name in sys.modules if name.startswith("dynamorm")]:
        for value in list(vars(sys.modules[name]).values()):
            getattr(value, "cache_clear", lambda: None)()


@pytest.fixture(autouse=True, scope="session")
def plain_environment():
    """No variable or file of the machine's says anything about AWS, proxies or certificates."""
    with pytest.MonkeyPatch.context() as given:
        for name in [*os.environ]:
            if name.startswith("AWS_") or name.lower().endswith("_proxy") or "CA_BUNDLE" in name:
                given.delenv(name)
        given.setenv("AWS_CONFIG_FILE", os.devnull)
        given.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        given.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(params=DRIVERS.values(), ids=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    """`run` and `arun` in turn: who asks for it holds under both."""
    given: Driver = request.param
    return given


def pytest_terminal_summary(terminalreporter):
    """Say what the copies under faults have shown, all of them together."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for line in summary(reports):
        terminalreporter.write_line(line)
