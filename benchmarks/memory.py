"""Peak memory of a copy, for a small table and for one a hundred times its size.

python benchmarks/memory.py [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGES = (2, 200)


def contend(url: str) -> None:
    """Copy the table, and print the items and the peak resident memory in megabytes."""
    import dynamorm

    credentials = dynamorm.Credentials("benchmark", "benchmark")
    db = dynamorm.connect("us-east-1", endpoint=url, credentials=credentials)
    report = db.copy_table("source", "target", segments=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"items": report.written, "peak_mb": peak}))


def measure(pages: int) -> dict[str, float]:
    command = [sys.executable, str(HERE / "canned.py"), "--pages", str(pages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            copying = [sys.executable, __file__, "--url", url]
            done = subprocess.run(copying, env=os.environ, check=True, capture_output=True)
            return dict(json.loads(done.stdout))
        finally:
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--url")
    arguments = parser.parse_args()
    if arguments.url:
        contend(arguments.url)
        return
    rows = [measure(pages) for pages in PAGES]
    for row in rows:
        print(f"{row['items']:>8.0f} items  {row['peak_mb']:>8.1f} MB at the peak")
    print(f"difference {rows[1]['peak_mb'] - rows[0]['peak_mb']:>16.1f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
