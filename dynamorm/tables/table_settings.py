"""The settings of a table itself, a row for each: what DescribeTable tells.

What is there counts as declared wherever it satisfies the declaration.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from ..api import ProvisionedThroughputDescription, WarmThroughputDescription
from ..api.parts import OnDemandThroughput, TableClassSummary
from ..model.options import KMS, MAX_UNITS, Index, OnDemand, Provisioned, WarmThroughput
from .steps import Change, Kind, Setting, Step


def figure(found: int | None) -> int | None:
    """Return a figure that means something: on demand there are 0 units, and -1 is no maximum."""
    return found if found is not None and 0 < found <= MAX_UNITS else None


def provisioned(found: ProvisionedThroughputDescription | None) -> Provisioned | None:
    """Return the capacity of a table or index; `None` on demand."""
    if found is None:
        return None
    read, write = figure(found.read_capacity_units), figure(found.write_capacity_units)
    return Provisioned(read, write) if read and write else None


def limits(declared: OnDemand, found: OnDemandThroughput | None) -> OnDemand:
    """Return the maxima found, of those that are declared; others are not compared."""
    there = found or OnDemandThroughput()
    return OnDemand(
        UNSET if declared.max_read is UNSET else figure(there.max_read_request_units),
        UNSET if declared.max_write is UNSET else figure(there.max_write_request_units),
    )


def warm(
    declared: WarmThroughput, found: WarmThroughputDescription | None
) -> WarmThroughput | None:
    """Return what is there; the service raises it by itself, so more is as declared."""
    if found is None:
        return None
    read, write = figure(found.read_units_per_second), figure(found.write_units_per_second)
    if not read or not write:
        return None
    if read >= declared.read and write >= declared.write:
        return declared
    return WarmThroughput(read, write)


def raised(declared: WarmThroughput, found: WarmThroughput | None) -> WarmThroughput:
    """Return what to ask for: warm throughput can only be raised."""
    if found is None:
        return declared
    return WarmThroughput(max(declared.read, found.read), max(declared.write, found.write))


def _found_billing(told: Change) -> OnDemand | Provisioned | None:
    """Return how a table is billed: maxima as far as they are declared, figures always."""
    if told.table.billing_mode != "PAY_PER_REQUEST":
        return provisioned(told.table.provisioned_throughput)
    there = told.table.on_demand_throughput
    if isinstance(told.declared, OnDemand):
        return limits(told.declared, there)
    # All maxima that there are: a plan is refused where one has come or gone.
    every = limits(OnDemand(None, None), there)
    return OnDemand(every.max_read or UNSET, every.max_write or UNSET)


def _billing(change: Change) -> Iterator[Step]:
    """Yield the steps for billing: the mode with its figures, or the figures alone."""
    declared, on_demand = change.declared, change.table.billing_mode == "PAY_PER_REQUEST"
    if isinstance(declared, Provisioned) and on_demand:
        # The service wants figures for every index with the change of mode:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
        own = {index.name: index.throughput for index in change.spec.indexes}
        names = [index.index_name for index in change.table.global_secondary_indexes]
        update = [Index(name, throughput=own.get(name) or declared) for name in names]
        yield change.update(billing=declared, update=update)
    elif isinstance(declared, Provisioned):
        yield change.update(throughput=declared)
    elif on_demand:
        yield change.update(on_demand=declared)
    else:
        yield change.but(declared=OnDemand()).update(billing=OnDemand())
        # In a request of its own: one UpdateTable takes one kind of change. The table has no maxima
        # then, of those that are declared.
        unlimited = change.but(found=limits(declared, None))
        if declared != unlimited.found:
            yield unlimited.update(on_demand=declared)


def _billing_block(change: Change) -> str:
    """Return why a table cannot become a provisioned one, and what to do."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    if not isinstance(change.declared, Provisioned):
        return ""
    if names := ", ".join(index.index_name for index in change.table.vector_indexes):
        kept = "a table with a vector index is billed on demand"
        return f"{kept}: declare OnDemand(), or remove {names} first"
    if change.table.replicas and change.table.billing_mode == "PAY_PER_REQUEST":
        return "the writes of a global table need auto scaling, which UpdateTable does not set up"
    return ""


def _found_stream(told: Change) -> str | None:
    stream = told.table.stream_specification
    return stream.stream_view_type if stream and stream.stream_enabled else None


def _stream_block(change: Change) -> str:
    """Return why the stream of a table stays that is replicated by it."""
    replicated = change.table.replicas and change.table.multi_region_consistency != "STRONG"
    return "the table's replicas need it: remove these first" if replicated else ""


def _stream(change: Change) -> Iterator[Step]:
    # The view type of a stream cannot be changed: turn it off, wait, and turn another one on. Its
    # readers have to switch to the new stream, which has another ARN.
    found, declared = change.found, change.declared
    if found:
        off = change.but(declared=None)
        yield off.update(f"turn {found} off", "destructive", stream=None)
    if declared:
        yield change.but(found=None).update(f"turn {declared} on", stream=declared)


def is_key(declared: KMS, key: str, table_arn: str) -> bool:
    """Return whether a key of KMS is the declared one, or may be, as far as names tell.

    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
    """
    # The service answers the key's ARN; an emulator may answer the alias.
    if declared.key_id == key or key.endswith(f"/{declared.key_id or 'aws/dynamodb'}"):
        return True
    # An alias stands for a key of its own account and region, and `aws/dynamodb` for that of the
    # table's: https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
    alias = declared.key_id or table_arn
    possible = not alias.startswith("arn:") or _account(alias) == _account(key)
    return possible and bool(unknown_key(declared, key))


def _account(arn: str) -> tuple[str, ...]:
    """Return partition, region and account."""
    _, partition, _, region, account, *_ = f"{arn}:::::".split(":")
    return partition, region, account


def unknown_key(declared: KMS, key: str | None) -> str:
    """Say why a declared key and an ARN cannot be compared; empty where they can."""
    if declared.key_id is None:
        known = not key or key.endswith(":alias/aws/dynamodb")
        return "" if known else "only KMS knows which key is the account's own, aws/dynamodb"
    if not key:
        return "the table does not tell its key"
    alias = "alias/" in declared.key_id
    return "only KMS knows which key an alias stands for" if alias else ""


def _found_encryption(told: Change) -> KMS | None:
    """Return the key of KMS that is used, or the declared one if it may be the same."""
    # A table with the service's own key, which is the default, has no description.
    found = told.table.sse_description
    if found is None or found.sse_type != "KMS" or found.status in ("DISABLED", "DISABLING"):
        return None
    declared: KMS | None = told.declared
    key = found.kms_master_key_arn
    if declared is None or not key:
        return declared or KMS(key or None)
    return declared if is_key(declared, key, told.arn) else KMS(key)


def _unknown_encryption(told: Change) -> tuple[str, str] | None:
    """Return the key that is there and why it cannot be compared, if only KMS could."""
    found = told.table.sse_description
    key = (found.kms_master_key_arn if found else None) or None
    reason = unknown_key(told.declared, key)
    return (str(KMS(key)), reason) if reason else None


def table_class(found: TableClassSummary | None) -> str:
    """Return the class of a table or replica: one that tells none has the service's default."""
    return (found and found.table_class) or "STANDARD"


def member_steps(change: Change) -> Iterator[Step]:
    """Yield the step that sets a member of UpdateTable: to turn it off is destructive."""
    kind: Kind = "safe" if change.declared else "destructive"
    yield change.update(kind=kind, **{change.name: change.declared})


TABLE_SETTINGS = (
    Setting(name="billing", found=_found_billing, steps=_billing, blocked=_billing_block),
    Setting(
        name="stream",
        field="whole_stream",
        absent=None,
        found=_found_stream,
        blocked=_stream_block,
        steps=_stream,
    ),
    Setting(
        name="encryption",
        absent=None,
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSEDescription.html
        found=_found_encryption,
        unknown=_unknown_encryption,
        steps=member_steps,
    ),
    Setting(
        name="table_class",
        found=lambda told: table_class(told.table.table_class_summary),
        steps=member_steps,
    ),
    Setting(
        name="deletion_protection",
        absent=False,
        found=lambda told: bool(told.table.deletion_protection_enabled),
        steps=member_steps,
    ),
    Setting(
        name="warm",
        found=lambda told: warm(told.declared, told.table.warm_throughput),
        steps=lambda change: [change.update(warm=raised(change.declared, change.found))],
    ),
)
