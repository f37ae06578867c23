"""Bytes on disk of what a Lambda package needs for each contender, as it is and zipped.

Without compiled files, as `pip install --no-compile --target` makes it. boto3 and what it needs are
part of Lambda's own runtime too, in a version that AWS chooses; these are figures of packages that
bring what they were tested with.

    python benchmarks/size.py [--json FILE]
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from packages import NEEDS, build
from runs import options


def measure() -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for number, name in enumerate(name for name, needs in NEEDS.items() if needs):
            folder = build(name, Path(place, str(number)))
            files = [path for path in folder.rglob("*") if path.is_file()]
            unpacked = sum(path.stat().st_size for path in files)
            zipped = _zipped(folder, files)
            rows.append({"contender": name, "unpacked_kb": unpacked / 1000, "zipped_kb": zipped})
    whole = next(row["unpacked_kb"] for row in rows if row["contender"] == "boto3")
    for row in rows:
        row["of_boto3"] = row["unpacked_kb"] / whole
    return rows


def _zipped(folder: Path, files: list[Path]) -> float:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    return len(buffer.getvalue()) / 1000


def show(table: list[dict[str, Any]]) -> None:
    print(f"{'':28}{'unpacked KB':>13}{'zipped KB':>11}{'of boto3':>10}")
    for row in table:
        share = f"1/{1 / row['of_boto3']:.1f}"
        print(
            f"{row['contender']:28}{row['unpacked_kb']:13,.0f}{row['zipped_kb']:11,.0f}{share:>10}"
        )


if __name__ == "__main__":
    arguments = options(__doc__, rounds=1)
    table = measure()
    show(table)
    arguments.write(table)
