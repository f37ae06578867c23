"""The replicas of a global table, version 2019.11.21, as rows of the table of settings.

The service makes and removes them one at a time, but for those of a strongly consistent table,
which come together: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, structs

from .. import requests
from ..api import TableDescription
from ..model import region_of
from ..model.options import KMS, Replica
from ..model.spec import TableSpec
from ..operations import Steps
from .regions import (
    OWN_REGION,
    arn_in,
    check_regions,
    declared_there,
    read_region,
    regional_actions,
)
from .steps import Change, Kind, Pair, Setting, Step, name_parts
from .table_settings import figure, is_key, member_steps, table_class, unknown_key
from .ttl_and_services import recovery, recovery_step

if TYPE_CHECKING:
    from ..api.parts import ReplicaDescription

_COMING_AND_GOING = (None, "ACTIVE", "CREATING", "UPDATING")
"""The statuses of a replica that works or is about to. One that is DELETING is not there."""


def replicas_there(table: TableDescription) -> dict[str, ReplicaDescription]:
    """Return the replicas in other regions, by these, but for those that are leaving."""
    own = region_of(table.table_arn)
    return {
        one.region_name: one
        for one in table.replicas
        if one.region_name and one.region_name != own and one.replica_status != "DELETING"
    }


def _each_replica(told: Change) -> Iterator[Pair]:
    """Yield each replica that is declared or found, and each of its options that is declared."""
    declared: dict[str, Replica] = {one.region: one for one in told.declared or ()}
    there = replicas_there(told.table)
    for region, replica in declared.items():
        found = there.get(region)
        # A replica that is there is as declared; what it has otherwise are pairs of their own.
        yield f"replica:{region}", replica, replica if found else None
        if found:
            yield from _overrides(replica, found, told)
        if told.answer is UNSET:  # its region has yet to be asked
            continue
        answers = told.answer or {}
        # A replica that does not work was not asked: nothing is known of its region.
        if found is None or region in answers:
            yield from _regional(replica, answers.get(region, {}))
    # Undeclared: left alone, and removed only by name, with its items in that region.
    for region, other in there.items():
        if region not in declared:
            yield f"replica:{region}", UNSET, other.replica_status or "ACTIVE"


def _overrides(replica: Replica, found: ReplicaDescription, told: Change) -> Iterator[Pair]:
    """Return what DescribeTable tells of a replica; without an override it is as the table."""
    name, table = f"replica:{replica.region}", told.table
    if found.replica_status not in _COMING_AND_GOING:
        yield f"{name}:status", "ACTIVE", found.replica_status
    indexes = {index.index_name: index for index in found.global_secondary_indexes}
    own = {index.index_name: index for index in table.global_secondary_indexes}
    values: dict[str, Any] = {
        "kms_key": found.kms_master_key_id or None,
        "table_class": table_class(found.replica_table_class_summary or table.table_class_summary),
        **{option: _figure(option, found, table) for option in _FIGURES},
    }
    for option, value in values.items():
        if (declared := getattr(replica, option)) is not UNSET:
            # An id or alias that is declared is told as an ARN. Keys are of one region: an alias
            # stands for one in the replica's.
            arn = arn_in(told.arn, replica.region)
            same = option == "kms_key" and value and is_key(KMS(str(declared)), value, arn)
            yield f"{name}:{option}", declared, declared if same else value
    for option in _FIGURES:
        if declared := getattr(replica, f"index_{option}"):
            figures = {one: _figure(option, indexes.get(one), own.get(one)) for one in declared}
            yield f"{name}:index_{option}", declared, figures


_FIGURES = {
    "read": ("provisioned_throughput", "read_capacity_units"),
    "max_read": ("on_demand_throughput", "max_read_request_units"),
}
"""Where the reads of a replica stand; its writes are the table's, in all regions."""


def _figure(option: str, replica: Any, owner: Any) -> int | None:
    """Return what a replica, or its index, has of an option: its own figure, or the owner's."""
    member, units = _FIGURES[option]
    told = getattr(replica, f"{member}_override", None) or getattr(owner, member, None)
    return figure(getattr(told, units, None))


def _unknown(told: Change) -> tuple[str, str] | None:
    """Return the key of a replica and why it cannot be compared, if that is all that is known."""
    _, region, option = name_parts(told.name)
    if option != "kms_key":
        return None
    key = replicas_there(told.table)[region].kms_master_key_id
    reason = unknown_key(KMS(told.declared), key)
    return (str(key), reason) if reason else None


def _regional(replica: Replica, found: dict[str, Any]) -> Iterator[Pair]:
    """Return what only the replica's own region tells."""
    days, tags = found.get("point_in_time_recovery", 0), found.get("tags", {})
    values: dict[str, Any] = {
        "point_in_time_recovery": recovery(replica.point_in_time_recovery, days),
        "deletion_protection": found.get("deletion_protection", False),
        # Other tags are left alone, and not told: there is no step that removes one of them.
        "tags": {key: tags[key] for key in replica.tags or () if key in tags},
    }
    for option in declared_there(replica):
        yield f"replica:{replica.region}:{option}", getattr(replica, option), values[option]


def _steps(*changes: Change) -> Iterator[Step]:
    """Add, change and remove replicas one by one, with what their own regions are asked for."""
    for change in changes:
        _, region, option = name_parts(change.name)
        if option:
            yield _change(change, region, option)
        elif change.declared is None:
            text, until = "delete the replica and its items there", "waits until it is gone"
            yield change.update(text, "destructive", until, delete_replica=region)
        # Those of a strongly consistent table come in one request, in the step of the consistency.
        elif change.spec.consistency != "STRONG":
            until = "waits until it is ACTIVE"
            # What its own region is asked for comes in steps of its own.
            left = dict.fromkeys(declared_there(change.declared), UNSET)
            told = f"create: {structs.replace(change.declared, **left)}"
            yield change.update(told, "slow", until, create_replicas=[change.declared])


def _change(change: Change, region: str, option: str) -> Step:
    """Return the step that sets an option: in the replica's region, or by an Update from here."""
    declared, address = change.declared, arn_in(change.address, region)
    if option == "point_in_time_recovery":
        return recovery_step(change, address, region=region)
    if option == "deletion_protection":
        kind: Kind = "safe" if declared else "destructive"
        request = requests.update_table(address, deletion_protection=declared)
        return change.step(request, str(change), kind, region=region)
    if option == "tags":
        text = ", ".join(f"{key}={value}" for key, value in declared.items())
        return change.step(
            requests.tag_resource(arn_in(change.arn, region), declared), text, region=region
        )
    return change.update(update_replica=Replica(region, **{option: declared}))


def _blocked(change: Change) -> str:
    """Return why a replica stays as it is, and what helps."""
    _, region, option = name_parts(change.name)
    if region == region_of(change.arn):
        return OWN_REGION
    # It has failed, or its region is disabled: no request mends that, and waiting does not.
    if option == "status":
        status = replicas_there(change.table)[region].replica_status_description
        advice = f"leave it out of replicas, and name it to remove it: allow=('replica:{region}',)"
        return f"{status or 'it does not work'}: {advice}"
    if not option and change.table.multi_region_consistency == "STRONG":
        return _TOGETHER
    if not option and change.spec.consistency == "STRONG" and change.table.replicas:
        return _FIXED
    return ""


_TOGETHER = (
    "the replicas and the witness of a strongly consistent table come and go together: remove all "
    "with one UpdateTable, then declare others"
)
_FIXED = "the consistency of a global table cannot be changed: make a new table and copy the items"
_NOT_EMPTY = "only an empty table becomes strongly consistent: make a new table and copy the items"


def _consistency(change: Change) -> Iterator[Step]:
    """Make all replicas of a strongly consistent table, and its witness, in one request."""
    # Their regional settings follow in the steps of the replicas, when these are there.
    replicas, witness = change.spec.replicas or (), change.spec.witness or None
    regions = [replica.region for replica in replicas]
    text = f"replicas in {', '.join(regions)}" + (f", a witness in {witness}" if witness else "")
    yield change.update(
        f"strong consistency with {text}",
        "slow",
        "waits until they are ACTIVE",
        create_replicas=replicas,
        consistency="STRONG",
        witness=witness,
    )


def _consistency_block(change: Change) -> str:
    # Strong consistency begins with a table that has no items, or never:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
    return _FIXED if change.table.replicas else _NOT_EMPTY * bool(change.table.item_count)


def _found_disassociation(told: Change) -> object:
    """Return what is declared of a table without replicas: there is nothing to set yet.

    With replicas declared it is compared, though none is there: they come before it in the plan.
    """
    if not told.table.replicas and not told.spec.replicas:
        return told.declared
    # The service turns it on by itself.
    return told.table.disassociation_protection_enabled is not False


def _read(spec: TableSpec, table: TableDescription) -> Steps[dict[str, Any]]:
    """Ask each region for what is declared of its replica there; nothing of most replicas.

    One that has failed has no table to ask, and a region that is disabled takes no requests.
    """
    there = replicas_there(table)
    # For replicas that are still to come, too: applied, their plan would end half way.
    yield from check_regions(spec)
    answers = {}
    for replica in spec.replicas or ():
        found = there.get(replica.region)
        works = found is not None and found.replica_status in _COMING_AND_GOING
        if works and declared_there(replica):
            answers[replica.region] = yield from read_region(replica, spec, table)
    return answers


REPLICA_SETTINGS = (
    Setting(
        name="consistency",
        # A table without replicas is as consistent as one that has them and is not STRONG.
        absent="EVENTUAL",
        found=lambda told: told.table.multi_region_consistency or "EVENTUAL",
        steps=_consistency,
        blocked=_consistency_block,
        with_create=False,
    ),
    Setting(
        name="witness",
        absent=None,
        found=lambda told: next((o.region_name for o in told.table.global_table_witnesses), None),
        # It comes with the replicas, in the step of the consistency.
        steps=lambda _: iter(()),
        blocked=lambda change: _TOGETHER if change.table.replicas else "",
        with_create=False,
    ),
    Setting(
        name="replicas",
        part="replica",
        absent=None,
        found=lambda told: told.spec.replicas,
        parts=_each_replica,
        unknown=_unknown,
        blocked=_blocked,
        steps=_steps,
        read=_read,
        told=True,
        elsewhere=regional_actions,
        with_create=False,
    ),
    Setting(
        name="disassociation_protection",
        found=_found_disassociation,
        steps=member_steps,
        with_create=False,
        late=True,
    ),
)
