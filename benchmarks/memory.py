"""Peak memory of copies and comparisons, for a small table and for one of a million items.

    python benchmarks/memory.py [--items 1000000] [--json FILE]

Each runs in a process of its own, which answers its own requests: no server holds the items.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from runs import options

FEW = 2_000


def _copied(db: Any) -> int:
    return int(db.copy_table("source", "target").written)


def _copied_typed(db: Any, **options: Any) -> int:
    from customers import Customer, Upgraded, upgrade

    return int(db.copy_table(Customer, Upgraded, transform=upgrade, **options).written)


def _compared(db: Any) -> int:
    verified = db.verify_copy("source", "target")
    assert verified
    return int(verified.source_items)


def _compared_typed(db: Any) -> int:
    from customers import Customer, Upgraded, upgrade

    import dynamorm

    target = dynamorm.table_spec(Upgraded, name="upgraded")
    verified = db.verify_copy(Customer, target, transform=upgrade)
    assert verified
    return int(verified.source_items)


def _compared_fewer(db: Any) -> int:
    verified = db.verify_copy("source", "fewer")
    assert verified.missing == verified.source_items // 1000
    return int(verified.source_items)


WAYS: dict[str, Callable[[Any], int]] = {
    "copy_table": _copied,
    "copy_table, typed": _copied_typed,
    "copy_table, typed, collision_keys=0": partial(_copied_typed, collision_keys=0),
    "verify_copy": _compared,
    "verify_copy, typed": _compared_typed,
    "verify_copy, one of 1,000 missing": _compared_fewer,
}


def contend(way: str, items: int) -> None:
    """Do one, and print its items, its peak of resident memory, and how long it took."""
    from within import PAGE, Database

    db = Database(items // PAGE)
    began = time.perf_counter()
    done = WAYS[way](db)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"items": done, "peak_mb": peak, "seconds": seconds}))


def measure(way: str, items: int) -> dict[str, Any]:
    command = [sys.executable, __file__, way, str(items)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return {"way": way, **json.loads(done.stdout)}


def main() -> None:
    arguments = options(__doc__, rounds=1, items=1_000_000)
    rows = []
    for way in WAYS:
        few, many = (measure(way, items) for items in (FEW, arguments.items))
        rows += [few, many]
        print(
            f"{way:36}{few['peak_mb']:7.1f} MB{many['peak_mb']:7.1f} MB"
            f"{many['peak_mb'] - few['peak_mb']:7.1f} more for {many['items']:,} items"
            f"{many['seconds']:7.1f} s",
            flush=True,
        )
    arguments.write(rows)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        contend(sys.argv[1], int(sys.argv[2]))
    else:
        main()
