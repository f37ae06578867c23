"""Restores: to a new table, which is what its model declares at the end."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any

import pytest
from aids.laws import dear
from aids.strategies import of_one_region, specs
from aids.worlds import Driver, World
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, json, structs

import dynamorm
from dynamorm import (
    KMS,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    PartitionKey,
    PlanRefused,
    Provisioned,
    Refused,
    Replica,
    ServiceError,
    SortKey,
    TableExists,
    TableNotFound,
    TableSpec,
    TimeToLive,
    TransportError,
    VectorAttribute,
    WaitTimeout,
    requests,
    table,
)
from dynamorm.model.spec import changed
from dynamorm.testing import Recorder


@table(
    "orders",
    stream="NEW_IMAGE",
    tags={"team": "shop"},
    table_class="STANDARD_INFREQUENT_ACCESS",
    deletion_protection=True,
    point_in_time_recovery=7,
    resource_policy={"Statement": []},
    ignore=("tags", "stream"),
)
class Order(Struct):
    id: Annotated[str, PartitionKey()]
    at: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    expires: Annotated[int, TimeToLive()] = 0


ITEM = b'{"id":{"S":"a"},"at":{"N":"1"},"status":{"S":"new"}}'
SPEC = dynamorm.table_spec(Order)
ID, AT = SPEC.partition_key, SPEC.sort_key
BARE = TableSpec("orders", ID, AT, SPEC.indexes)
OTHER = "restored"


class Restoring:
    """A service with a table and a backup of it."""

    def __init__(self, spec: TableSpec, **delays: Any) -> None:
        self.world = World(spec, **{"create_seconds": 5.0, **delays})
        self.world.service.put("orders", ITEM)
        self.backup = self.world.run(dynamorm.create_backup("orders", "safe"))
        self.recorder = Recorder(self.world.service)

    def run(self, operation: Any, **options: Any) -> Any:
        return dynamorm.run(operation, self.recorder, clock=self.world.clock, **options)

    def payload(self, operation: str) -> Any:
        return next(body for name, body in self.recorder.sent if name == operation)


def test_a_restored_table_is_what_its_model_declares(driver: Driver) -> None:
    """With its items, and with all that a restore loses; `ignore` does not hold at creation."""
    there = Restoring(SPEC, ttl_seconds=0)
    restore = dynamorm.restore_backup(Order, there.backup, name=OTHER)
    made = driver(restore, there.recorder, clock=there.world.clock)
    assert (made.table_name, made.table_status) == (OTHER, "ACTIVE")
    assert there.world.service.items(OTHER) == [ITEM]
    whole = dynamorm.table_spec(Order, name=OTHER, ignore=())
    assert not there.run(dynamorm.plan(whole)).steps
    assert there.recorder.operations[:2] == ["DescribeBackup", "RestoreTableFromBackup"]
    assert set(there.payload("RestoreTableFromBackup")) == {"TargetTableName", "BackupArn"}


def test_the_insights_of_an_index_are_turned_on_again() -> None:
    """Before the restore its indexes are not looked at, nor what is declared of them."""
    spec = changed(BARE, index_insights={"by-status": True})
    there = Restoring(spec)
    there.run(dynamorm.restore_backup(spec, there.backup, name=OTHER))
    assert not there.run(dynamorm.plan(changed(spec, name=OTHER)))


def test_a_vector_index_is_not_restored_to_a_provisioned_table() -> None:
    """Nor where billing is ignored afterwards: nothing is asked of the service."""
    vector = IndexSpec("by-v", vector=VectorAttribute("v", 3, "COSINE"))
    there = Restoring(changed(BARE, indexes=(*BARE.indexes, vector)))
    spec = changed(BARE, billing=Provisioned(3, 4), ignore=("billing",))
    with pytest.raises(Refused, match="nothing was restored to restored"):
        there.run(dynamorm.restore_backup(spec, there.backup, name=OTHER))
    assert "RestoreTableFromBackup" not in there.recorder.operations


def test_what_is_restored_of_a_global_table_is_in_one_region() -> None:
    """The fake service restores none of its replicas, as the service does."""
    there = Restoring(changed(BARE, replicas=(Replica("eu-west-1"),)))
    made = there.run(dynamorm.restore_backup(BARE, there.backup, name=OTHER))
    assert made.replicas == ()


def test_a_prefix_is_put_before_source_and_target() -> None:
    """A restore under a prefix stays under it."""
    world = World(create_seconds=0)
    db = dynamorm.connect(transport=world.service, table_prefix="dev-")
    db.create_table(BARE, point_in_time_recovery=True)
    db.restore_backup(BARE, db.create_backup(BARE, "safe"), name="from-backup")
    db.restore_to_point_in_time(BARE, BARE, name="from-then")
    assert world.run(dynamorm.list_tables()) == ("dev-from-backup", "dev-from-then", "dev-orders")


def test_billing_and_encryption_go_with_the_restore() -> None:
    """Where they are declared; provisioned, each index has its own figures or the table's."""
    there = Restoring(BARE)
    declared = {"billing": Provisioned(3, 4), "encryption": KMS("1")}
    there.run(dynamorm.restore_backup(BARE, there.backup.arn, name=OTHER, **declared))
    sent = there.payload("RestoreTableFromBackup")
    assert sent["BillingModeOverride"] == "PROVISIONED"
    assert sent["SSESpecificationOverride"]["KMSMasterKeyId"] == "1"
    (index,) = sent["GlobalSecondaryIndexOverride"]
    assert index["ProvisionedThroughput"] == {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    there.recorder.sent.clear()
    own = (structs.replace(BARE.indexes[0], throughput=Provisioned(1, 2)),)
    spec = changed(BARE, billing=Provisioned(3, 4), indexes=own)
    there.run(dynamorm.restore_backup(spec, there.backup, name="own"))
    (index,) = there.payload("RestoreTableFromBackup")["GlobalSecondaryIndexOverride"]
    assert index["ProvisionedThroughput"] == {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    provisioned = dynamorm.table_spec(BARE, name=OTHER)
    backup = there.run(dynamorm.create_backup(provisioned, "again"))
    back = {"billing": OnDemand(), "encryption": None}
    there.recorder.sent.clear()
    there.run(dynamorm.restore_backup(BARE, backup, name="third", **back))
    sent = there.payload("RestoreTableFromBackup")
    assert sent["BillingModeOverride"] == "PAY_PER_REQUEST"
    assert sent["SSESpecificationOverride"] == {"Enabled": False}
    assert "ProvisionedThroughput" not in sent["GlobalSecondaryIndexOverride"][0]


def test_an_index_may_have_maxima_where_the_backup_is_on_demand() -> None:
    """The model need not declare the billing for it; of a provisioned backup that is refused."""
    (status,) = BARE.indexes
    capped = (IndexSpec(status.name, status.partition_key, on_demand=OnDemand(max_read=7)),)
    spec = TableSpec(OTHER, ID, AT, capped)
    there = Restoring(BARE)
    made = there.run(dynamorm.restore_backup(spec, there.backup))
    assert made.global_secondary_indexes[0].on_demand_throughput.max_read_request_units == 7
    there = Restoring(dynamorm.table_spec(BARE, billing=Provisioned(1, 1)))
    with pytest.raises(Refused, match="index:by-status:on_demand"):
        there.run(dynamorm.restore_backup(spec, there.backup))


def test_indexes_that_the_backup_has_not_are_built_afterwards() -> None:
    """One that it has otherwise is left out of the restore; one that nobody declares is kept."""
    x = KeyAttribute("x", "S")
    old = (IndexSpec("by-status", (KeyAttribute("status", "S"),)), IndexSpec("extra", (x,)))
    for billing in (OnDemand(), Provisioned(5, 6)):
        there = Restoring(TableSpec("orders", ID, AT, old, billing=billing))
        new = (IndexSpec("by-status", (x,)), IndexSpec("added", (KeyAttribute("y", "N"),)))
        spec = TableSpec(OTHER, ID, AT, new)
        made = there.run(dynamorm.restore_backup(spec, there.backup))
        names = {index.index_name for index in made.global_secondary_indexes}
        assert names == {"by-status", "extra", "added"}
        assert not there.run(dynamorm.plan(spec)).steps
        (kept,) = there.payload("RestoreTableFromBackup")["GlobalSecondaryIndexOverride"]
        assert kept["IndexName"] == "extra"
        assert ("ProvisionedThroughput" in kept) == isinstance(billing, Provisioned)
        waiting = dynamorm.restore_backup(spec, there.backup, name="third", wait=False)
        with pytest.raises(Refused, match="index added, by-status has to be built"):
            there.run(waiting)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (TableSpec(OTHER, KeyAttribute("other", "S")), "key: declared"),
        (TableSpec(OTHER, ID, AT, (IndexSpec("local", (), (KeyAttribute("x", "N"),)),)), "local"),
    ],
)
def test_what_no_update_could_mend_is_refused_before_the_restore(
    spec: TableSpec, reason: str
) -> None:
    """Another key, or a local index that the backup lacks."""
    there = Restoring(BARE)
    with pytest.raises(Refused, match=reason):
        there.run(dynamorm.restore_backup(spec, there.backup))
    assert "RestoreTableFromBackup" not in there.recorder.operations


def test_without_waiting_nothing_may_be_left_to_set() -> None:
    """What a restore loses is refused before anything is sent; a bare table is one restore."""
    there = Restoring(BARE)
    with pytest.raises(Refused, match="a restore does not carry stream, tags, table_class"):
        there.run(dynamorm.restore_backup(Order, there.backup, name=OTHER, wait=False))
    assert there.recorder.operations == []
    made = there.run(dynamorm.restore_backup(BARE, there.backup, name=OTHER, wait=False))
    assert made.table_status == "CREATING"
    assert made.restore_summary.source_backup_arn == there.backup.arn


def test_a_table_that_is_there_is_never_restored_over() -> None:
    """`TableExists`, unless it is what a lost attempt of this call has made."""
    there = Restoring(BARE)
    with pytest.raises(TableExists):
        there.run(dynamorm.restore_backup(BARE, there.backup))
    lost = TransportError("cut", operation="RestoreTableFromBackup", maybe_applied=True)
    there.world.service.fail("RestoreTableFromBackup", lost, after_effect=True)
    made = there.run(dynamorm.restore_backup(BARE, there.backup, name=OTHER))
    assert made.table_status == "ACTIVE"
    for refused in (
        lambda: dynamorm.restore_to_point_in_time(BARE, BARE),
        lambda: dynamorm.restore_backup(BARE, there.backup, name=there.backup.table_arn),
    ):
        with pytest.raises(Refused):
            refused()


def test_a_table_that_was_not_restored_is_no_answer_to_a_lost_request() -> None:
    """One that somebody creates meanwhile has the keys and the age, and none of the items."""
    there = Restoring(BARE)
    there.world.run(dynamorm.create_table(BARE, name=OTHER))
    lost = TransportError("cut", operation="RestoreTableFromBackup", maybe_applied=True)
    there.world.service.fail("RestoreTableFromBackup", lost)
    with pytest.raises(TableExists):
        there.run(dynamorm.restore_backup(BARE, there.backup, name=OTHER, stream="NEW_IMAGE"))
    assert "UpdateTable" not in there.recorder.operations


def test_a_table_of_another_backup_is_no_answer_to_a_lost_request() -> None:
    """Somebody else has restored it meanwhile: its items are those of another day."""
    there = Restoring(BARE)
    other = there.world.run(dynamorm.create_backup(BARE, "another"))
    there.world.run(dynamorm.restore_backup(BARE, other, name=OTHER))
    lost = TransportError("cut", operation="RestoreTableFromBackup", maybe_applied=True)
    there.world.service.fail("RestoreTableFromBackup", lost)
    with pytest.raises(TableExists):
        there.run(dynamorm.restore_backup(BARE, there.backup, name=OTHER))


@pytest.mark.parametrize("nth", [1, 4])
def test_a_table_that_has_come_in_the_place_of_the_restored_one_is_left(nth: int) -> None:
    """It is known again: while it is waited for, and when the rest is set."""
    there = Restoring(BARE)
    changed_ids = []

    class Replacing:
        looks = 0

        def send(self, operation: str, body: bytes) -> bytes:
            answer = there.world.service.send(operation, body)
            self.looks += operation == "DescribeTable"
            if operation == "DescribeTable" and self.looks == nth:
                there.world.run(dynamorm.wait_until_active(OTHER))
                there.world.run(dynamorm.delete_table(OTHER))
                there.world.run(dynamorm.create_table(BARE, name=OTHER))
            if operation == "UpdateTable":
                changed_ids.append(json.decode(answer)["TableDescription"]["TableId"])
            return answer

    restore = dynamorm.restore_backup(BARE, there.backup, name=OTHER, stream="NEW_IMAGE")
    with pytest.raises((PlanRefused, TableNotFound)):
        dynamorm.run(restore, Replacing(), clock=there.world.clock)
    replaced = there.world.run(dynamorm.describe_table(OTHER))
    assert replaced.table_id not in changed_ids
    assert replaced.stream_specification is None


def test_a_backup_in_the_making_is_waited_for() -> None:
    """Nothing can be restored from it before."""
    there = Restoring(BARE)
    backup = there.run(dynamorm.create_backup(BARE, "next", wait=False))
    assert there.run(dynamorm.restore_backup(BARE, backup, name=OTHER)).table_status == "ACTIVE"


def test_an_endpoint_that_does_not_tell_what_is_in_a_backup() -> None:
    """Then all indexes are restored, and what is missing is set as usual."""
    there = Restoring(BARE)

    class Silent:
        def send(self, operation: str, body: bytes) -> bytes:
            answer = there.world.service.send(operation, body)
            if operation != "DescribeBackup":
                return answer
            details = json.decode(answer)["BackupDescription"]["BackupDetails"]
            return json.encode({"BackupDescription": {"BackupDetails": details}})

    restore = dynamorm.restore_backup(BARE, there.backup, name=OTHER, stream="NEW_IMAGE")
    made = dynamorm.run(restore, Silent(), clock=there.world.clock)
    assert made.stream_specification.stream_enabled


def test_a_point_in_time_is_restored() -> None:
    """The latest moment, or one that is named with its time zone; the source needs PITR."""
    there = Restoring(dynamorm.table_spec(BARE, point_in_time_recovery=True))
    there.run(dynamorm.restore_to_point_in_time(BARE, BARE, name=OTHER))
    sent = there.payload("RestoreTableToPointInTime")
    assert (sent["SourceTableName"], sent["UseLatestRestorableTime"]) == ("orders", True)
    assert there.world.service.items(OTHER) == [ITEM]
    there.recorder.sent.clear()
    then = datetime(2026, 1, 1, tzinfo=timezone.utc)
    arn = there.run(dynamorm.describe_table(BARE)).table_arn
    there.run(dynamorm.restore_to_point_in_time(BARE, arn, name="third", at=then))
    sent = there.payload("RestoreTableToPointInTime")
    assert (sent["SourceTableArn"], sent["RestoreDateTime"]) == (arn, then.timestamp())
    assert "UseLatestRestorableTime" not in sent
    with pytest.raises(ServiceError, match="PointInTimeRecoveryUnavailable"):
        there.run(dynamorm.restore_to_point_in_time(BARE, OTHER, name="fourth"))
    for wrong, error in ((then.replace(tzinfo=None), ValueError), ("yesterday", TypeError)):
        with pytest.raises(error, match="at= takes"):
            dynamorm.restore_to_point_in_time(BARE, BARE, name=OTHER, at=wrong)


def test_an_index_on_its_way_out_is_not_restored() -> None:
    """The source still has it while it is DELETING; who declares it gets it built anew."""
    there = Restoring(dynamorm.table_spec(BARE, point_in_time_recovery=True))
    gone = requests.update_table("orders", delete="by-status")
    there.world.service.send("UpdateTable", gone.to_json())
    bare = TableSpec("orders", ID, AT)
    made = there.run(dynamorm.restore_to_point_in_time(bare, bare, name=OTHER))
    assert made.global_secondary_indexes == ()
    made = there.run(dynamorm.restore_to_point_in_time(BARE, bare, name="third"))
    assert [index.index_name for index in made.global_secondary_indexes] == ["by-status"]


def test_what_does_not_show_in_time_ends_the_wait() -> None:
    """A service that takes a setting and does not show it is asked until the time is over."""
    there = Restoring(BARE)

    class Deaf:
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "UpdateTable":
                described = there.world.service.send("DescribeTable", b'{"TableName":"restored"}')
                return json.encode({"TableDescription": json.decode(described)["Table"]})
            return there.world.service.send(operation, body)

    options: Any = {"stream": "NEW_IMAGE", "timeout": 60}
    restore = dynamorm.restore_backup(BARE, there.backup, name=OTHER, **options)
    with pytest.raises(WaitTimeout, match="without stream"):
        dynamorm.run(restore, Deaf(), clock=there.world.clock)


def test_replicas_are_left_to_the_plan_after_a_restore() -> None:
    """What is restored is a table of one region: nothing is asked of another one."""
    there = Restoring(BARE)
    spec = changed(BARE, replicas=(Replica("eu-west-1"),))
    there.run(dynamorm.restore_backup(spec, there.backup, name=OTHER))
    assert "UpdateTable" not in there.recorder.operations
    left = there.world.run(dynamorm.plan(spec, name=OTHER))
    assert [(step.name, step.kind) for step in left.steps][-1] == ("replica:eu-west-1", "slow")


def test_the_policy_of_a_stream_is_left_with_the_replicas_that_need_it() -> None:
    """Without them the model declares no stream; the next plan brings both."""
    there = Restoring(BARE)
    policy = {"Version": "2012-10-17", "Statement": []}
    spec = changed(BARE, replicas=(Replica("eu-west-1"),), stream_policy=policy)
    there.run(dynamorm.restore_backup(spec, there.backup, name=OTHER))
    left = there.world.run(dynamorm.plan(spec, name=OTHER))
    names = [step.name for step in left.steps]
    assert names == ["stream", "stream_policy", "replica:eu-west-1"]


@dear
@given(specs(), st.integers(0, 3), st.booleans())
def test_whatever_is_declared_is_there_after_a_restore(
    spec: TableSpec, fewer: int, bare: bool
) -> None:
    """The next plan is empty; the backup may be of a table without options and some indexes."""
    spec = old = of_one_region(spec)
    if bare:
        there = (*spec.local_indexes, *spec.global_indexes[fewer:])
        indexes = (IndexSpec(i.name, i.partition_key, i.sort_key, i.projection) for i in there)
        old = TableSpec(spec.name, spec.partition_key, spec.sort_key, tuple(indexes))
    world = World(old, create_seconds=0.0, ttl_seconds=0.0)
    backup = world.run(dynamorm.create_backup(old, "safe"))
    world.run(dynamorm.restore_backup(spec, backup, name="from-backup", timeout=None))
    left = world.run(dynamorm.plan(spec, name="from-backup"))
    assert (left.steps, left.blocked) == ((), ())


@dear
@given(specs())
def test_whatever_is_declared_is_there_after_an_import(spec: TableSpec) -> None:
    """All of it but local indexes, which no import makes."""
    whole = changed(of_one_region(spec), indexes=spec.global_indexes)
    world = World(create_seconds=0.0, ttl_seconds=0.0)
    world.run(dynamorm.import_from_s3(whole, "bucket", name="imported", timeout=None))
    left = world.run(dynamorm.plan(whole, name="imported"))
    assert (left.steps, left.blocked) == ((), ())
