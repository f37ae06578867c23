"""The last lines of a test run say what ran, what was skipped and why."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

SUMMARY = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "summary.py"))

HERE = """<testsuites><testsuite>
<testcase name="a" /><testcase name="b"><failure message="no" /></testcase>
<testcase name="c"><error message="no" /></testcase>
<testcase name="d"><skipped message="no data" /></testcase>
<testcase name="e"><skipped message="collection skipped">('f.py', 7, "Skipped: no data")</skipped>
</testcase>
</testsuite></testsuites>"""

ENGINES = """<testsuites><testsuite><testcase name="a" />
<testcase name="b"><properties><property name="engine" value="moto" /></properties></testcase>
<testcase name="b"><properties><property name="engine" value="dynalite" /></properties>
<skipped message="npm is not installed" /></testcase>
</testsuite></testsuites>"""

MISSING = "a.py   99%   7\n\nTOTAL  99%"


def test_each_environment_and_engine_has_a_line(tmp_path):
    """Tests are counted by how they ended, the skipped ones by reason; the sum comes last.

    A failure is followed by the last lines of the command that failed.
    """
    (tmp_path / "py.xml").write_text(HERE)
    (tmp_path / "live.xml").write_text(ENGINES)
    (tmp_path / "py314.xml").write_text(HERE)
    runs = {
        "py": (1, ""),
        "live": (0, ""),
        "lint": (0, ""),
        "docs": (2, MISSING),
        "py314": (0, "gone"),
    }
    assert list(SUMMARY["lines"](runs, tmp_path)) == [
        "docs: failed with 2",
        "    a.py   99%   7",
        "    TOTAL  99%",
        "lint: ok",
        "live: 1 passed, 0 failed, 0 skipped",
        "live dynalite: 0 passed, 0 failed, 1 skipped (1 x npm is not installed)",
        "live moto: 1 passed, 0 failed, 0 skipped",
        "py: failed with 1",
        "py: 1 passed, 2 failed, 2 skipped (2 x no data)",
        "py314: not run (gone)",
        "3 passed, 2 failed, 3 skipped",
    ]


def test_without_tests_there_is_no_sum(tmp_path):
    """Nobody is told that none of none has failed."""
    assert list(SUMMARY["lines"]({"lint": (0, "")}, tmp_path)) == ["lint: ok"]
