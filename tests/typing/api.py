"""How callers use the library, as both type checkers must understand it. Never run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, NoReturn

from msgspec import Struct
from typing_extensions import assert_type

import dynamorm
from dynamorm import (
    ALL,
    KEYS_ONLY,
    KMS,
    Applied,
    AsyncDatabase,
    Backup,
    BulkErrors,
    BulkOperation,
    Call,
    Checked,
    CopyReport,
    Credentials,
    Database,
    Difference,
    Effect,
    Ensured,
    Event,
    Export,
    Import,
    Include,
    Index,
    IndexSpec,
    InlineFilter,
    KeyAttribute,
    Kinesis,
    Migrated,
    Now,
    OnDemand,
    Operation,
    PartitionKey,
    Pending,
    Permission,
    Plan,
    Provisioned,
    Replica,
    Retries,
    Sleep,
    SortKey,
    Step,
    Steps,
    TableDescription,
    TableSpec,
    TimeToLive,
    Vector,
    VectorIndex,
    Verified,
    WarmThroughput,
    distributed,
    table,
)
from dynamorm.api.tables import ListTablesOutput
from dynamorm.testing import FakeClock, FakeService, Recorder, Script


@table(
    "orders",
    indexes=[
        Index("by-status", projection=Include("total"), warm=WarmThroughput(read=1, write=1)),
        Index("by-date", projection=KEYS_ONLY),
        Index("by-total", projection=ALL, on_demand=OnDemand(max_read=5)),
    ],
    billing=OnDemand(max_read=100),
    stream="NEW_IMAGE",
    stream_policy={"Version": "2012-10-17", "Statement": []},
    kinesis=Kinesis("arn:aws:kinesis:eu-west-1:1:stream/changes", precision="MICROSECOND"),
    contributor_insights="THROTTLED_KEYS",
    index_insights={"by-status": True},
    replicas=(Replica("eu-west-1", max_read=5, tags={"a": "b"}), Replica("eu-west-2")),
    consistency="EVENTUAL",
    witness=None,
    disassociation_protection=True,
    encryption=KMS("alias/orders"),
    tags={"team": "shop"},
    table_class="STANDARD",
    deletion_protection=True,
    warm=WarmThroughput(read=12_000, write=4_000),
    extra={"Newer": []},
)
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status", position=1)]
    expires: Annotated[int | None, TimeToLive()] = None


@table("things", indexes=[VectorIndex("by-look", dimensions=3, distance="EUCLIDEAN")])
class Thing(Struct):
    id: Annotated[str, PartitionKey()]
    kind: Annotated[str, InlineFilter(index="by-look")]
    look: Annotated[list[float], Vector(index="by-look")]


assert_type(Order, type[Order])
assert_type(Order("a", 1, "new"), Order)
assert_type(dynamorm.table_spec(Order, name="other", stream=None), TableSpec)

SPEC = TableSpec(
    name="by-hand",
    partition_key=KeyAttribute("id", "S"),
    indexes=(IndexSpec("by-x", (KeyAttribute("x", "N"),), throughput=Provisioned(1, 1)),),
    billing=Provisioned(read=1, write=1),
)
assert_type(SPEC.named("other"), TableSpec)


class Customer(Struct, tag=True):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]


def several_models(db: Database) -> None:
    assert_type(db.ensure_table(Order | Customer, name="app"), Ensured)
    assert_type(dynamorm.table_spec(Order | Customer, name="app"), TableSpec)
    assert_type(db.copy_table(Order | Customer, "app"), CopyReport)
    assert_type(db.copy_table(Order, "other", processes=2, via="direct"), CopyReport)
    by_s3 = db.copy_table(Order, "other", via="s3", s3=object(), bucket="bucket", prefix="p")
    assert_type(by_s3.errors, BulkErrors | None)
    assert_type(by_s3.prefixes, tuple[str, ...])
    assert_type(distributed.copy_table(None, Order, "other", segments=8, db=db), CopyReport)
    assert_type(distributed.verify_copy(None, Order, "other", db=db, sample=0.5), Verified)
    one: Order | Customer = dynamorm.from_item(Order | Customer, {"type": {"S": "Customer"}})
    dynamorm.to_item(one)


def synchronous() -> None:
    db = dynamorm.connect("eu-west-1", table_prefix="test-", retries=Retries(attempts=3))
    assert_type(db, Database)
    assert_type(db.create_table(Order, name="x", billing=Provisioned(1, 1)), TableDescription)
    assert_type(db.ensure_table(SPEC, timeout=5.0, tags={"a": "b"}), Ensured)
    assert_type(db.ensure_table(Order).drift, tuple[Difference, ...])
    assert_type(db.auto_migrate(Order, SPEC), tuple[Ensured, ...])
    assert_type(db.describe_table("orders"), TableDescription)
    assert_type(db.table_exists(Order), bool)
    assert_type(db.list_tables(), tuple[str, ...])
    assert_type(db.run(dynamorm.list_tables("x")), tuple[str, ...])
    db.delete_table(Order, missing_ok=True)
    db.delete_tables(Order, "users")
    assert_type(db.check(Order, strict=True), Checked)
    assert_type(db.table_name(Order), str)
    assert_type(db.wait_until_active(Order, indexes=False), TableDescription)
    assert_type(db.ensure_tables(Order, on_drift="raise"), tuple[Ensured, ...])
    assert_type(db.check(Order, only=["ttl"]), Checked)
    plan = db.plan(
        Order, allow=["ttl"], only={"ttl", "stream"}, stream=None, point_in_time_recovery=7
    )
    assert_type(plan, Plan)
    assert_type(plan.steps, tuple[Step, ...])
    assert_type(db.apply(plan, allow=("ttl",)), Applied)
    assert_type(db.update_table(SPEC, allow={"ttl"}, resource_policy={}), Applied)
    assert_type(db.ensure_table(Order).pending, tuple[Pending, ...])
    assert_type(dynamorm.required_actions(plan), tuple[Permission, ...])


def backups_and_s3(db: Database) -> None:
    backup = db.create_backup(Order, "before-launch", progress=lambda seen: seen.arn)
    assert_type(backup, Backup)
    assert_type(db.list_backups(Order), tuple[Backup, ...])
    db.delete_backup(backup)
    assert_type(db.restore_backup(Order, backup, name="new", tags={}), TableDescription)
    at = datetime.now(timezone.utc)
    assert_type(db.restore_to_point_in_time(Order, "orders", at=at), TableDescription)
    export = db.export_to_s3(Order, "bucket", since=at, format="ION", timeout=None)
    assert_type(export, Export)
    assert_type(export.start_time, datetime | None)
    assert_type(db.import_from_s3(Order, "bucket", compression="ZSTD", billing=OnDemand()), Import)
    done = db.bulk_put_from_s3("orders", "bucket", tier="ACCELERATED", max_write_units=2000)
    assert_type(done, BulkOperation)
    assert_type(done.errors, BulkErrors | None)
    assert_type(db.read_bulk_errors(done, s3=object(), model=Order), BulkErrors)
    assert_type(db.list_exports(Order), tuple[Export, ...])
    assert_type(db.list_imports("orders"), tuple[Import, ...])
    assert_type(db.list_bulk_operations(), tuple[BulkOperation, ...])
    assert_type(db.describe_export(export), Export)
    assert_type(db.describe_import("arn:"), Import)
    assert_type(db.describe_bulk_operation(done), BulkOperation)
    assert_type(db.cancel_bulk_operation(done, wait=False), BulkOperation)


def with_credentials() -> Database:
    return dynamorm.connect(
        endpoint="http://localhost:8000", credentials=lambda: Credentials("key", "secret")
    )


def to_customer(order: Order) -> Customer:
    return Customer(order.customer, order.number)


def to_order(customer: Customer) -> Order:
    return Order(customer.customer, customer.number, "new")


async def transforms(db: Database, adb: AsyncDatabase) -> None:
    """A transform takes the source's model; one that is swapped is an error to both checkers."""
    db.copy_table(Order, Customer, transform=to_customer)
    db.copy_table(Order, Customer, transform=lambda order: to_customer(order))
    db.copy_table(Order, Order, transform=dynamorm.add_field("team", "shop"), in_place=True)
    db.verify_copy(Order, Customer, transform=to_customer)
    await adb.copy_table(Order, Customer, transform=to_customer)
    db.copy_table(Order, Customer, transform=to_order)  # type: ignore[arg-type]
    db.verify_copy(Order, Customer, transform=to_order)  # type: ignore[arg-type]
    dynamorm.copy_table(Order, Customer, transform=to_order)  # type: ignore[arg-type]
    await adb.copy_table(Order, Customer, transform=to_order)  # type: ignore[arg-type]


async def asynchronous() -> None:
    waits = timedelta(seconds=1)
    adb = dynamorm.connect_async("eu-west-1", connect_timeout=waits, read_timeout=None, retries=3)
    assert_type(adb, AsyncDatabase)
    assert_type(await adb.run(dynamorm.ensure_table(Order)), Ensured)
    assert_type(await adb.create_table(Order, name="x"), TableDescription)
    assert_type(await adb.ensure_table(Order, timeout=5), Ensured)
    assert_type(await adb.auto_migrate(Order, SPEC), tuple[Ensured, ...])
    assert_type(await adb.describe_table("orders"), TableDescription)
    assert_type(await adb.table_exists(Order), bool)
    assert_type(await adb.list_tables("x"), tuple[str, ...])
    await adb.delete_table(Order, missing_ok=True)
    plan = await adb.plan(Order, allow=["ttl"], stream=None)
    assert_type(await adb.apply(plan), Applied)
    assert_type(await adb.update_table(SPEC), Applied)
    assert_type(await adb.copy_table(Order, "other"), CopyReport)
    assert_type(await adb.copy_segment(Order, "other", segment=0, of=2), CopyReport)
    assert_type(await adb.verify_copy(Order, "other"), Verified)
    assert_type(await adb.auto_migrate_with_options(Order), Migrated)
    assert_type(await dynamorm.arun(dynamorm.table_exists(Order), adb.transport), bool)


assert_type(dynamorm.ensure_table(Order), Operation[Ensured])


def own_operation(name: str) -> Steps[int]:
    """Operations compose by `yield from`, and keep their types."""
    described = yield from dynamorm.describe_table(name)
    assert_type(described, TableDescription)
    yield Sleep(1.0)
    yield Now()
    yield Call("ListTables", dynamorm.requests.list_tables(), ListTablesOutput)
    return described.item_count or 0


class OwnTransport:
    def send(self, operation: str, body: bytes) -> bytes:
        return b"{}"


def effects_are_values(steps: Steps[int]) -> Effect:
    return next(steps)


def own_transport() -> int:
    dynamorm.run(own_operation("orders"), OwnTransport(), clock=FakeClock())
    dynamorm.run(own_operation("orders"), Script(("ListTables", {})))
    return dynamorm.connect(transport=Recorder(FakeService())).run(own_operation("orders"))


def refusal(db: Database) -> NoReturn:
    db.migrate(Order)


class ClientOfBoto3:
    """As stubs describe it: whatever has a `meta`."""

    @property
    def meta(self) -> object: ...


def observing(event: Event) -> None:
    assert_type((event.kind, event.seconds), tuple[str, float])
    assert_type((event.status, event.request_id), tuple[int | None, str | None])


def connecting(client: ClientOfBoto3) -> None:
    assert_type(dynamorm.connect(transport=client, observe=observing), Database)
    assert_type(dynamorm.connect_async(transport=client, observe=observing), AsyncDatabase)
    headers = dynamorm.signing.signed_headers(
        "ListTables",
        b"{}",
        url="https://a.b",
        region="eu-west-1",
        credentials=Credentials("a", "b"),
    )
    assert_type(headers, dict[str, str])


def errors(error: dynamorm.ServiceError) -> None:
    """What an error says, and where it is documented, are texts."""
    assert_type(error.text, str)
    assert_type(error.url, str)
