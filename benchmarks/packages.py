"""Folders that hold what a contender needs and nothing else, as a Lambda package would.

They are copied from the distributions that are installed here, so that no network is needed.
"""

from __future__ import annotations

import compileall
import shutil
from importlib.metadata import distribution
from pathlib import Path

from dynamorm.prune import prune

ROOT = Path(__file__).parents[1]

BOTOCORE = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")
BOTO3 = (*BOTOCORE, "boto3", "s3transfer")

NEEDS: dict[str, tuple[str, ...]] = {
    "bare interpreter": (),
    "floor": ("msgspec",),
    "dynamorm, http": ("dynamorm", "msgspec"),
    "dynamorm, http pruned": ("dynamorm", "msgspec"),
    "dynamorm, botocore": ("dynamorm", "msgspec", *BOTOCORE),
    "dynamorm, botocore pruned": ("dynamorm", "msgspec", *BOTOCORE),
    "dynamorm, aio": ("dynamorm", "msgspec"),
    "botocore client": BOTOCORE,
    "boto3": BOTO3,
    "PynamoDB": (*BOTOCORE, "pynamodb"),
    "pydynox (Rust)": ("pydynox",),
}


def build(contender: str, folder: Path, *, compiled: bool = False) -> Path:
    """Fill a folder; `compiled` adds what Python would cache at the first import."""
    folder.mkdir(parents=True)
    for name in NEEDS[contender]:
        if name == "dynamorm":
            kept = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "dynamorm", folder / "dynamorm", ignore=kept)
        else:
            _copy(name, folder)
    if contender.endswith("pruned"):
        prune(folder)
    if compiled:
        compileall.compile_dir(folder, quiet=1)
    return folder


def _copy(name: str, folder: Path) -> None:
    for file in distribution(name).files or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.locate(), target)
