"""What tox does here besides: find pyenv's Pythons, and close with what ran and what did not."""

from __future__ import annotations

import atexit
import logging
import os
import re
import runpy
import threading
from pathlib import Path

from tox.execute import Outcome
from tox.plugin import impl
from tox.tox_env.api import ToxEnv

ROOT = Path(__file__).parent

RUNS: dict[str, tuple[int, str]] = {}
"""By environment, how its commands ended, and the text that explains it: why they did not begin, or
the end of what the failing one has printed."""

LINES = 12
"""Enough for the failed tests' names, or for the lines that no test has reached."""


def installed() -> list[str]:
    """Find what pyenv has installed, active or not, the newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = {}
    for path in root.glob("versions/3.*/bin/python3"):
        if version := re.fullmatch(r"3\.(\d+)\.(\d+)", path.parts[-3]):
            found[tuple(map(int, version.groups()))] = str(path)
    return [found[version] for version in sorted(found, reverse=True)]


class Complaints(logging.Handler):
    """Keeps what tox says last in each thread: why it skips an environment, or gives it up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.last.text = record.getMessage().removeprefix("skipped because ")


# Each engine of "live" waits more than it computes: one environment more than there are processors.
os.environ.setdefault("TOX_PARALLEL", str((os.cpu_count() or 1) + 1))
os.environ.setdefault("TOX_DISCOVER", "\n".join(installed()))
complaints = Complaints()
logging.getLogger("tox.session.cmd.run.single").addHandler(complaints)


@impl
def tox_before_run_commands(tox_env: ToxEnv) -> None:
    """Forget what an earlier run has left."""
    (results(tox_env) / f"{tox_env.conf.name}.xml").unlink(missing_ok=True)


@impl
def tox_after_run_commands(tox_env: ToxEnv, exit_code: int, outcomes: list[Outcome]) -> None:
    """Keep how the commands ended, and what the one that failed said last."""
    failed = [outcome.out for outcome in outcomes if outcome.exit_code] if exit_code else []
    told = [line for line in "".join(failed[:1]).splitlines() if line.strip()]
    RUNS[tox_env.conf.name] = exit_code, "\n".join(told[-LINES:])


@impl
def tox_env_teardown(tox_env: ToxEnv) -> None:
    """Keep why they did not begin."""
    name, why = tox_env.conf.name, getattr(complaints.last, "text", "")
    complaints.last.text = ""
    if why and name not in RUNS:
        RUNS[name] = 0, why
    atexit.unregister(tell)
    atexit.register(tell, results(tox_env))


def results(tox_env: ToxEnv) -> Path:
    """Give the folder that pytest writes to, as tox.ini says."""
    return Path(tox_env.core["work_dir"], "results")


def tell(results: Path) -> None:
    """Print what it all came to."""
    summary = runpy.run_path(str(ROOT / ".ci" / "summary.py"))
    print("-" * 80)
    print(*summary["lines"](RUNS, results), sep="\n")
