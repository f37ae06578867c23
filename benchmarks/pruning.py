"""Deletes from a Lambda package the parts of botocore that requests of dynamorm never import.

    pip install --target FOLDER dynamorm-micro
    python benchmarks/pruning.py FOLDER [--profiles]

What is left serves credentials from argument, environment and container, as in Lambda. With
`--profiles` it can also look for them in profiles, SSO, web identities and instances. In either
case no client of botocore or boto3 can be made from it. tests/test_pruning.py tests both.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

# urllib3 and dateutil import some of their modules late: of them only what is data goes.
UNUSED = (
    "botocore/data",
    "dateutil/zoneinfo/*.tar.gz",
    "bin",
    "**/__pycache__",
    "**/*.pyi",
    "*.dist-info/RECORD",
)

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


def prune(folder: Path, *, profiles: bool = False) -> None:
    """Delete it."""
    code = REQUESTS + (PROFILES if profiles else "") + TELL
    command = [sys.executable, "-IB", "-c", code, str(folder.resolve())]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    imported = {Path(line) for line in told.splitlines()}
    packages = ("botocore", "jmespath")
    modules = [path for name in packages for path in folder.resolve().glob(f"{name}/**/*.py")]
    unused = [path for path in modules if path not in imported]
    for path in [*unused, *(path for pattern in UNUSED for path in folder.glob(pattern))]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profiles", action="store_true")
    arguments = parser.parse_args()
    prune(arguments.folder, profiles=arguments.profiles)


if __name__ == "__main__":
    main()
