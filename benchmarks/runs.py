"""What every benchmark has: options, a server on loopback, an environment, a file of figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PATH": os.environ.get("PATH", ""),
    "PYTHONPATH": str(HERE.parent),
}

MEASURED = ("msgspec", "botocore", "boto3", "pynamodb", "aiodynamo", "pydynox")


class Options(argparse.Namespace):
    """What the command line says."""

    rounds: int
    pages: int
    seconds: float
    tables: str
    json: Path | None

    def write(self, table: list[dict[str, Any]]) -> None:
        """Write the figures, and what they were measured on."""
        if self.json is not None:
            whole = {"measured_on": machine(), "rounds": self.rounds, "rows": table}
            self.json.parent.mkdir(parents=True, exist_ok=True)
            self.json.write_text(json.dumps(whole, indent=2) + "\n")


def options(description: str | None, *, rounds: int, **more: Any) -> Options:
    """Read --rounds, --json and what else there is, by their names and defaults."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--json", type=Path)
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args(namespace=Options())


def machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        **{name: found for name in MEASURED if (found := installed(name))},
    }


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run `canned.py` in a process of its own; give its URL."""
    command = [sys.executable, str(HERE / "canned.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            scheme = "https" if "--bundle" in arguments else "http"
            yield f"{scheme}://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()
