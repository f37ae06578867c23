"""What becomes of copies through a faulty network: of dynamorm's, and of a loop over boto3.

A table of 20,000 items is copied through the proxy of the tests, which throttles, cuts, damages and
withholds by a seed: the same plans for each contender. boto3 has its default retries, and its loop
sends unprocessed items again until there are none. Nobody waits: pauses end at once.

    python benchmarks/faults.py [--rounds 12] [--json FILE]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import json
from runs import options

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from aids.crowd import Person, crowd
from aids.proxy import Proxy, at_random
from aids.trials import Tally, Trial, drawn, judge

import dynamorm

ITEMS = 20_000
KEY = {"aws_access_key_id": "benchmark", "aws_secret_access_key": "benchmark"}


def boto3_loop(url: str, trial: Trial) -> None:
    import boto3

    resource = boto3.resource("dynamodb", region_name="eu-west-1", endpoint_url=url, **KEY)
    source, client = resource.Table("source"), resource.meta.client
    start: dict[str, Any] = {"Limit": trial.page_limit} if trial.page_limit else {}
    while True:
        page = source.scan(**start)
        puts = [{"PutRequest": {"Item": item}} for item in page["Items"]]
        for first in range(0, len(puts), 25):
            left = {"target": puts[first : first + 25]}
            while left:
                left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
        if "LastEvaluatedKey" not in page:
            return
        start["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def dynamorm_copy(url: str, trial: Trial) -> None:
    credentials = dynamorm.Credentials("benchmark", "benchmark")
    with dynamorm.connect("eu-west-1", endpoint=url, credentials=credentials) as db:
        db.copy_table("source", "target", segments=1, page_limit=trial.page_limit)


CONTENDERS: dict[str, Callable[[str, Trial], None]] = {
    "dynamorm": dynamorm_copy,
    "boto3, with a loop": boto3_loop,
}


def contend(copy: Callable[[str, Trial], None], plans: int) -> dict[str, Any]:
    """Copy the table under each plan, and compare every item of the copies that came to an end."""
    fake, wanted = crowd(ITEMS)
    ends: Counter[str] = Counter()
    tallies = Tally(plans=0)
    for seed in range(plans):
        trial = drawn(seed, ITEMS)
        dynamorm.run(dynamorm.create_table(Person, name="target"), fake)
        plan = at_random(trial.share, leave_out={"missing"})
        with Proxy(fake, plan, seed=seed) as proxy:
            try:
                copy(proxy.url, trial)
            except Exception as error:  # noqa: BLE001 - whatever ends a copy is counted
                ends[type(error).__name__] += 1
            else:
                tally = Tally()
                judge(tally, spelt(wanted[False]), spelt(fake.items("target")), ("id", "n"))
                tallies += tally
        dynamorm.run(dynamorm.delete_table("target"), fake)
    facts = tallies.facts
    return {
        "ended": tallies.plans,
        "silently_short": facts["silently_short"],
        "lost": facts["lost"],
        "corrupted": facts["corrupted"],
        "errors": dict(ends),
    }


def spelt(raws: Iterable[bytes]) -> set[bytes]:
    """Spell items alike: who writes them has blanks and an order of its own."""
    return {json.encode(json.decode(raw), order="sorted") for raw in raws}


def main() -> None:
    arguments = options(__doc__, rounds=12)
    time.sleep = lambda seconds: None
    rows = [
        {"contender": name, **contend(copy, arguments.rounds)} for name, copy in CONTENDERS.items()
    ]
    heads = f"{'whole':>8}{'short':>8}{'lost':>8}{'corrupted':>11}"
    print(f"{f'{arguments.rounds} plans':20}{heads}  errors")
    for row in rows:
        whole = row["ended"] - row["silently_short"]
        print(
            f"{row['contender']:20}{whole:8}{row['silently_short']:8}{row['lost']:8}"
            f"{row['corrupted']:11}  {row['errors'] or ''}"
        )
    arguments.write(rows)


if __name__ == "__main__":
    main()
