"""UpdateTable: one kind of change in one request, of a table, its indexes or its replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from ..api import parts, updates
from ..errors import ModelError
from ..model import table_name
from ..model.declare import Model
from ..model.keys import IndexSpec, KeyAttribute
from ..model.option_rules import WANTED, unfit
from ..model.options import KMS, Index, OnDemand, Provisioned, Replica, WarmThroughput
from . import tables

if TYPE_CHECKING:
    from ..model.options import Consistency, StreamView, TableClass


def update_table(
    model_or_name: Model | str,
    *,
    attributes: Iterable[KeyAttribute] = (),
    billing: OnDemand | Provisioned | None = None,
    throughput: Provisioned | None = None,
    on_demand: OnDemand | None = None,
    create: IndexSpec | None = None,
    delete: str | None = None,
    delete_vector: str | None = None,
    update: Iterable[Index] = (),
    stream: StreamView | UnsetType | None = UNSET,
    encryption: KMS | UnsetType | None = UNSET,
    table_class: TableClass | UnsetType = UNSET,
    deletion_protection: bool | UnsetType = UNSET,
    warm: WarmThroughput | UnsetType = UNSET,
    create_replicas: Iterable[Replica] = (),
    update_replica: Replica | None = None,
    delete_replica: str | None = None,
    consistency: Consistency | UnsetType = UNSET,
    witness: str | None = None,
    disassociation_protection: bool | UnsetType = UNSET,
) -> updates.UpdateTableInput:
    """Build UpdateTable. The service takes one kind of change in one request.

    `billing` changes the mode, `throughput` and `on_demand` the figures within it; a maximum of
    `None` is removed, one that is left out stays. `create` needs `attributes`, the key
    attributes and inline filters of the table and all its indexes, the new one included. `delete`
    names a global index, `delete_vector` a vector index. Of `update`, capacities count. Several
    replicas are created at once only together with a `consistency` of "STRONG", and a `witness` if
    there is one. Of a replica counts what UpdateTable carries.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    Raises `ModelError`, with every problem, for a value that its option does not take, and
    `TypeError` for figures, indexes and replicas of another type.
    """
    name, created, updated = table_name(model_or_name), tuple(create_replicas), tuple(update)
    _check_kind("throughput", Provisioned, throughput)
    _check_kind("on_demand", OnDemand, on_demand)
    _check_kind("create", IndexSpec, create)
    _check_kind("update", Index, *updated)
    _check_kind("update_replica", Replica, update_replica)
    _check_options(
        name,
        billing=UNSET if billing is None else billing,
        stream=stream,
        encryption=encryption,
        table_class=table_class,
        deletion_protection=deletion_protection,
        warm=warm,
        replicas=created,
        consistency=consistency,
        witness=witness,
        disassociation_protection=disassociation_protection,
    )
    # One member for both: with the mode the first figures, without it others within the mode.
    provisioned = billing if isinstance(billing, Provisioned) else throughput
    replicas = _replica_updates(created, update_replica, delete_replica)
    return updates.UpdateTableInput(
        attribute_definitions=tables.definitions(attributes) or None,
        table_name=name,
        billing_mode=_MODES.get(type(billing)),
        provisioned_throughput=tables.units_shape(provisioned),
        global_secondary_index_updates=tuple(_index_updates(create, delete, updated)) or None,
        stream_specification=_stream(stream),
        sse_specification=tables.encryption_change(encryption),
        table_class=tables.said(table_class),
        deletion_protection_enabled=tables.said(deletion_protection),
        on_demand_throughput=_maxima(on_demand),
        replica_updates=tuple(replicas) or None,
        multi_region_consistency=tables.said(consistency),
        global_table_witness_updates=tuple(_witness_updates(witness)) or None,
        warm_throughput=tables.said(warm),
        disassociation_protection_enabled=tables.said(disassociation_protection),
        vector_index_updates=tuple(_vector_updates(create, delete_vector)) or None,
    )


def _check_options(place: str, **options: object) -> None:
    """Raise for the options that no model takes, with every problem."""
    wrong = unfit(options)
    if wrong:
        problems = (f"{name} takes {WANTED[name][1]}, not {wrong[name]!r:.200}" for name in wrong)
        raise ModelError(tuple(f"{problem} - at {place}" for problem in problems))


def _check_kind(name: str, kind: type, *given: object) -> None:
    for one in given:
        if one is not None and not isinstance(one, kind):
            raise TypeError(f"{name}= takes {kind.__name__}(...), not {one!r:.200}")


_MODES: dict[type, str] = {OnDemand: "PAY_PER_REQUEST", Provisioned: "PROVISIONED"}


def _stream(view: StreamView | UnsetType | None) -> parts.StreamSpecification | None:
    # Other than in CreateTable, `None` turns a stream off.
    if view is UNSET:
        return None
    return parts.StreamSpecification(True, view) if view else parts.StreamSpecification(False)


def _maxima(on_demand: OnDemand | None) -> parts.OnDemandThroughput | None:
    """Return the maxima to set; what is left out stays as it is, and -1 takes one away."""
    if on_demand is None or on_demand == OnDemand():
        return None
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_OnDemandThroughput.html
    return parts.OnDemandThroughput(
        *(
            -1 if most is None else tables.said(most)
            for most in (on_demand.max_read, on_demand.max_write)
        )
    )


def _capacities(index: Index) -> updates.UpdateGlobalSecondaryIndexAction:
    """Return what changes of the capacity of an index; what it does not declare stays."""
    return updates.UpdateGlobalSecondaryIndexAction(
        index.name, tables.units_shape(index.throughput), _maxima(index.on_demand), index.warm
    )


def _index_updates(
    create: IndexSpec | None, delete: str | None, update: Iterable[Index]
) -> Iterator[updates.GlobalSecondaryIndexUpdate]:
    for index in update:
        yield updates.GlobalSecondaryIndexUpdate(update=_capacities(index))
    if create is not None and not create.vector:
        # How the table is billed is not known here: on a provisioned one, `create` has figures.
        new = tables.global_index(create, create.throughput)
        yield updates.GlobalSecondaryIndexUpdate(create=new)
    if delete is not None:
        yield updates.GlobalSecondaryIndexUpdate(delete=updates.DeleteIndexAction(delete))


def _vector_updates(
    create: IndexSpec | None, delete: str | None
) -> Iterator[updates.VectorIndexUpdate]:
    if create is not None and create.vector:
        yield updates.VectorIndexUpdate(create=tables.vector_index(create))
    if delete is not None:
        yield updates.VectorIndexUpdate(delete=updates.DeleteIndexAction(delete))


def _replica_updates(
    created: Iterable[Replica], updated: Replica | None, deleted: str | None
) -> Iterator[updates.ReplicationGroupUpdate]:
    # One action in each element; of a strongly consistent table all Creates are in one request.
    for replica in created:
        yield updates.ReplicationGroupUpdate(create=_member(replica))
    if updated is not None:
        yield updates.ReplicationGroupUpdate(update=_member(updated))
    if deleted is not None:
        gone = updates.ReplicationGroupMemberName(deleted)
        yield updates.ReplicationGroupUpdate(delete=gone)


def _witness_updates(region: str | None) -> Iterator[updates.GlobalTableWitnessGroupUpdate]:
    if region is not None:
        created = updates.ReplicationGroupMemberName(region)
        yield updates.GlobalTableWitnessGroupUpdate(create=created)


def _member(replica: Replica) -> updates.ReplicationGroupMember:
    # The rest of a replica is set by requests to its own region: `tables.regions` has them.
    return updates.ReplicationGroupMember(
        replica.region,
        tables.said(replica.kms_key),
        _reads(replica.read),
        _maximum(replica.max_read),
        tuple(_replica_indexes(replica)) or None,
        tables.said(replica.table_class),
    )


def _replica_indexes(replica: Replica) -> Iterator[updates.ReplicaGlobalSecondaryIndex]:
    reads, maxima = replica.index_read or {}, replica.index_max_read or {}
    # An index in both comes once: the API has one element for each index, with both overrides.
    for name in dict.fromkeys((*reads, *maxima)):
        yield updates.ReplicaGlobalSecondaryIndex(
            name, _reads(reads.get(name, UNSET)), _maximum(maxima.get(name, UNSET))
        )


def _reads(units: int | UnsetType) -> parts.ProvisionedThroughputOverride | None:
    return None if units is UNSET else parts.ProvisionedThroughputOverride(units)


def _maximum(units: int | UnsetType) -> parts.OnDemandThroughputOverride | None:
    return None if units is UNSET else parts.OnDemandThroughputOverride(units)
