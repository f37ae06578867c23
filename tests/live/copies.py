"""What dynamorm does to items, one operation at a time, as it has to come out on any DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import pytest
from contract import OPERATIONS, operation
from msgspec import Struct
from world import World

import dynamorm
from dynamorm import CopyReport, ItemError, PartitionKey, Refused, SortKey, table

__all__ = ["OPERATIONS"]


@table("customers")
class Customer(Struct):
    id: Annotated[str, PartitionKey()]
    at: Annotated[int, SortKey()]
    name: str


@table("renamed")
class Renamed(Struct):
    id: Annotated[str, PartitionKey()]
    at: Annotated[int, SortKey()]
    full_name: str


def rename(customer: Customer) -> Renamed:
    return Renamed(customer.id, customer.at, customer.name.upper())


CUSTOMERS: list[dict[str, Any]] = [
    {
        "id": {"S": f"ä{number % 7}"},
        "at": {"N": f"{number}"},
        "name": {"S": "a\n\u2028\U0001f600"},
        "unknown": {"M": {"b": {"B": bytes([number])}, "n": {"NS": ["1.50", "-1E-130"]}}},
    }
    for number in range(60)
]


NAMES = "customers", "renamed"


def copied(world: World, **options: Any) -> CopyReport:
    """Fill one table, and copy it into another; by names where nothing joins their models."""
    world.run(dynamorm.auto_migrate(Customer, Renamed))
    world.put("customers", CUSTOMERS)
    pair = (Customer, Renamed) if "transform" in options else NAMES
    return world.run(dynamorm.copy_table(*pair, **options))


def ordered(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: int(item["at"]["N"]))


@operation
def copy(world: World) -> None:
    """Copy a table."""
    report = copied(world, segments=4)
    assert (report.done, report.read, report.written) == (True, 60, 60)
    assert ordered(world.items("renamed")) == ordered(world.items("customers"))
    assert world.run(dynamorm.verify_copy(*NAMES))
    with pytest.raises(Refused):
        world.run(dynamorm.copy_table(Customer, Renamed))


@operation
def copy_transformed(world: World) -> None:
    """Copy through a transform; what the models do not know is kept."""
    assert copied(world, transform=rename).written == 60
    before, after = (ordered(world.items(name)) for name in ("customers", "renamed"))
    for old, new in zip(before, after, strict=True):
        assert {**new, "name": old["name"]} == {**old, "full_name": new["full_name"]}
        assert new["full_name"]["S"] == old["name"]["S"].upper()


@operation
def copy_resumed(world: World) -> None:
    """Stop a copy, and resume it from its checkpoint."""
    pages: dict[str, Any] = {"page_limit": 7, "batch_size": 7, "segments": 1}
    left = iter([9.0] * 12)
    first = copied(world, deadline=lambda: next(left, 0.0), **pages)
    rest = dynamorm.copy_table(*NAMES, resume=first.checkpoint, **pages)
    assert (first.done, world.run(rest).done) == (False, True)
    assert 0 < first.written < 60
    assert ordered(world.items("renamed")) == ordered(world.items("customers"))


@operation
def copy_kept(world: World) -> None:
    """Copy through models; what is in the target already stays with existing="keep"."""
    names = "NEW", CUSTOMERS[1]["name"]["S"].upper()
    world.run(dynamorm.auto_migrate(Customer, Renamed))
    world.put("renamed", map(_renamed, CUSTOMERS, names))
    theirs = ordered(world.items("renamed"))
    report = copied(world, transform=rename, existing="keep")
    assert (report.written, report.kept, report.done) == (59, 1, True)
    assert ordered(world.items("renamed"))[:2] == theirs
    verified = world.run(dynamorm.verify_copy(Customer, Renamed, transform=rename))
    assert (verified.same, verified.different, verified.missing) == (False, 1, 0)


def _renamed(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Write a customer as the application would that knows the new model."""
    return {**{key: item[key] for key in item if key != "name"}, "full_name": {"S": name}}


def halved(customer: Customer) -> Renamed:
    """Give two customers one key."""
    return Renamed("all", customer.at // 2, customer.name)


@operation
def copy_colliding(world: World) -> None:
    """Copy items that get one key: an error; with collisions="last" the last one stays."""
    for collisions in ("error", "check"):
        with pytest.raises(ItemError) as caught:
            copied(world, transform=halved, collisions=collisions, segments=1)
        assert caught.value.key is not None
        assert caught.value.key["id"] == "all"
    report = copied(world, transform=halved, collisions="last")
    assert (report.written, report.collisions, len(world.items("renamed"))) == (30, 30, 30)


@operation
def copy_kept_in_a_file(world: World) -> None:
    """Stop copies time and again; their checkpoint_file resumes them until one is done."""
    with TemporaryDirectory() as folder:
        reports = list(_runs(world, Path(folder, "checkpoint")))
    assert 1 < len(reports) < MOST_RUNS
    assert ordered(world.items("renamed")) == ordered(world.items("customers"))


MOST_RUNS = 50


def _runs(world: World, file: Path) -> Iterator[CopyReport]:
    """Copy with so little time that it takes several runs."""
    pages: dict[str, Any] = {"page_limit": 7, "batch_size": 7, "segments": 1}
    for _ in range(MOST_RUNS):
        left = iter([9.0] * 12)
        clock = partial(next, left, 0.0)
        report = copied(world, deadline=clock, checkpoint_file=file, **pages)
        assert file.exists()
        yield report
        if report.done:
            return


EQUAL = {"M": {"n": {"NS": ["-0.1E-129", "1.5"]}, "b": CUSTOMERS[6]["unknown"]["M"]["b"]}}
"""What one of them has, with numbers in another spelling and a set in another order."""


@operation
def verify_by_key(world: World) -> None:
    """Compare two tables; what is missing, different or extra is looked up by its key."""
    copied(world)
    changes = [
        {"DeleteRequest": {"Key": {name: CUSTOMERS[3][name] for name in ("id", "at")}}},
        {"PutRequest": {"Item": {**CUSTOMERS[4], "name": {"S": "another"}}}},
        {"PutRequest": {"Item": {**CUSTOMERS[5], "at": {"N": "1e3"}}}},
        {"PutRequest": {"Item": {**CUSTOMERS[6], "unknown": EQUAL}}},
    ]
    world.write("renamed", changes)
    found = world.run(dynamorm.verify_copy(*NAMES, segments=2))
    assert (found.same, found.source_items, found.target_items) == (False, 60, 60)
    assert [
        list(keys) for keys in (found.missing_keys, found.different_keys, found.extra_keys)
    ] == [
        [{"id": "ä3", "at": 3}],
        [{"id": "ä4", "at": 4}],
        [{"id": "ä5", "at": 1000}],
    ]


@operation
def verify_transformed(world: World) -> None:
    """Compare a copy through models, and count what nothing in the source accounts for."""
    copied(world, transform=rename)
    given: dict[str, Any] = {"transform": rename, "segments": 2}
    assert world.run(dynamorm.verify_copy(Customer, Renamed, **given)).same
    world.put("renamed", [{"id": {"S": "new"}, "at": {"N": "0"}, "full_name": {"S": "N"}}])
    found = world.run(dynamorm.verify_copy(Customer, Renamed, **given))
    assert (found.same, found.missing, found.different, found.extra) == (False, 0, 0, 1)


@operation
def back_up(world: World) -> None:
    """Back up, by the service or by a copy where it knows no backups; then migrate."""
    world.run(dynamorm.ensure_table(Customer))
    world.put("customers", CUSTOMERS)
    options: Any = {"backup_table": "kept", "data_copy": True, "transform": rename}
    steps = dynamorm.auto_migrate_with_options(Customer, target_model=Renamed, **options)
    done = world.run(steps)
    if done.backup:
        world.client.delete_backup(BackupArn=done.backup.backup_arn)
    assert (done.backup is None) != (done.backup_copy is None)
    assert len(world.items("renamed")) == 60


@operation
def restored(world: World) -> None:
    """Restore a backup to a new table, with the stream and the tags that a restore loses."""
    declared: Any = {"stream": "NEW_IMAGE", "tags": {"a": "b"}}
    world.run(dynamorm.create_table(Customer, **declared))
    world.put("customers", CUSTOMERS)
    backup = world.run(dynamorm.create_backup(Customer, "kept"))
    world.run(dynamorm.restore_backup(Customer, backup, name="renamed", **declared))
    world.run(dynamorm.delete_backup(backup))
    assert len(world.items("renamed")) == 60
    assert not world.run(dynamorm.plan(Customer, name="renamed", **declared))
    assert backup not in world.run(dynamorm.list_backups())
