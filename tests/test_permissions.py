"""`required_actions` holds exactly the requests that operations are seen to send."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Struct, json

import dynamorm
from dynamorm import (
    IndexSpec,
    KeyAttribute,
    ModelError,
    PartitionKey,
    Permission,
    Provisioned,
    Refused,
    Replica,
    Steps,
    TableSpec,
    estimate,
    required_actions,
    table,
    table_spec,
)
from dynamorm.errors import PlanRefused, TransportError
from dynamorm.model.spec import changed
from dynamorm.testing import FakeClock, FakeService

pytestmark = pytest.mark.once

ID = KeyAttribute("id", "S")
PLAIN = TableSpec("orders", ID)
SET = TableSpec(
    "orders",
    ID,
    time_to_live="expires",
    point_in_time_recovery=True,
    tags={"team": "shop"},
    resource_policy={"Statement": []},
)
AT_ONCE = changed(PLAIN, tags={"team": "shop"}, resource_policy={"Statement": []})
OTHER = PLAIN.named("others")
ARN = "arn:aws:dynamodb:*:*"


class Watched:
    """A fake service that keeps each request's IAM action and resource."""

    def __init__(self, **delays: Any) -> None:
        self.clock = FakeClock()
        self.service = FakeService(self.clock, **delays)
        self.seen: set[Permission] = set()

    def send(self, operation: str, body: bytes) -> bytes:
        for resource in _resources(json.decode(body)):
            self.seen.add(Permission(resource, f"dynamodb:{operation}"))
        if operation == "CreateTable":
            # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
            extra = {"Tags": "TagResource", "ResourcePolicy": "PutResourcePolicy"}
            actions = (action for member, action in extra.items() if member in json.decode(body))
            self.seen |= {Permission(resource, f"dynamodb:{action}") for action in actions}
        return self.service.send(operation, body)

    def run(self, *programs: Steps[Any]) -> tuple[Permission, ...]:
        """Perform programs; give what only the last of them has needed."""
        for program in programs:
            self.seen = set()
            self.clock.sleep(3600)
            dynamorm.run(program, self, clock=self.clock)
        return tuple(sorted(self.seen))


def _resources(payload: Any) -> list[str]:
    names = [payload["TableName"]] if "TableName" in payload else []
    names += payload.get("RequestItems", {})
    arns = [f"{ARN}:table/{name}" for name in names]
    arns += [f"{arn}/index/*" for arn in arns if "IndexName" in payload]
    if "ResourceArn" in payload:
        owner, stream, _ = payload["ResourceArn"].partition("/stream/")
        arns.append(f"{ARN}:table/{owner.rpartition('/')[2]}{stream and '/stream/*'}")
    if "BackupArn" in payload:
        arns.append(f"{ARN}:table/{payload['BackupArn'].split('/')[1]}/backup/*")
    return arns or ["*"]


def lost(operation: str) -> TransportError:
    return TransportError("cut", operation=operation, maybe_applied=True)


def asked_again(service: FakeService, *operations: str) -> None:
    """Let answers be lost, so that the operation has to look at what has become of its request."""
    for operation in operations:
        service.fail(operation, lost(operation), after_effect=True)


CREATING = [
    ("create_table", dynamorm.create_table, PLAIN, {}),
    ("create_table", dynamorm.create_table, PLAIN, {"wait": False}),
    ("create_table", dynamorm.create_table, SET, {}),
    ("create_table", dynamorm.create_table, changed(SET, stream="NEW_IMAGE"), {}),
    ("create_table", dynamorm.create_table, changed(AT_ONCE, stream="NEW_IMAGE"), {"wait": False}),
    ("ensure_table", dynamorm.ensure_table, PLAIN, {}),
    ("auto_migrate", dynamorm.auto_migrate, PLAIN, {}),
]


@pytest.mark.parametrize(("name", "operation", "spec", "options"), CREATING)
def test_creating(name, operation, spec, options):
    """A new table needs what is declared of it, and a look at it when an answer was lost."""
    watched = Watched(ttl_seconds=0.0)
    asked_again(watched.service, "CreateTable", "UpdateTimeToLive")
    seen = set(watched.run(operation(spec, **options)))
    needed = set(required_actions(name, spec, **options))
    # A read of recovery follows only on a refusal that the service is not known to give.
    assert needed - seen <= {
        Permission(f"{ARN}:table/orders", "dynamodb:DescribeContinuousBackups")
    }
    assert seen <= needed


@pytest.mark.parametrize("name", ["ensure_table", "auto_migrate"])
def test_ensuring(name):
    """Creating and finding together need exactly what is told."""
    operation = getattr(dynamorm, name)
    watched = Watched()
    seen = {*watched.run(operation(SET)), *watched.run(operation(SET))}
    assert sorted(seen) == list(required_actions(name, SET))


REMOVED = ["ttl:expires", "tag:team", "point_in_time_recovery", "resource_policy"]
FEWER = changed(SET, resource_policy=None, tags={})
POLICY = {"Statement": []}
STREAMED = changed(PLAIN, stream="NEW_IMAGE")
BY_X = changed(STREAMED, indexes=(IndexSpec("by-x", (KeyAttribute("x", "N"),)),))
COUNTED = changed(BY_X, index_insights={"by-x": True})


@pytest.mark.parametrize(
    ("old", "new", "allow"),
    [
        (PLAIN, PLAIN, []),
        (PLAIN, SET, ["ttl"]),
        (SET, PLAIN, REMOVED),
        (SET, FEWER, ["tag:team", "resource_policy"]),
        (STREAMED, changed(STREAMED, stream_policy=POLICY), []),
        (changed(STREAMED, stream_policy=POLICY), STREAMED, ["stream_policy"]),
        (COUNTED, BY_X, ["index_insights:by-x"]),
        (PLAIN, changed(PLAIN, indexes=(IndexSpec("by-x", (KeyAttribute("x", "N"),)),)), []),
    ],
)
def test_planning_and_updating(old, new, allow):
    """Plan, apply and update need their reads, and the writes that they come to."""
    watched = Watched()
    create = dynamorm.create_table(old)
    seen = watched.run(create, dynamorm.plan(new, allow=allow))
    assert seen == required_actions("plan", new, allow=allow)
    plan = dynamorm.run(dynamorm.plan(new, allow=allow), watched, clock=watched.clock)
    seen = watched.run(dynamorm.apply(plan, allow=allow))
    assert seen == required_actions(plan)
    assert set(seen) <= set(required_actions("update_table", new, allow=allow))


def test_asking_for_quotas():
    """DescribeLimits is about the account, and no table."""
    watched = Watched()
    kinds = ("AccountMaxRead", "AccountMaxWrite", "TableMaxRead", "TableMaxWrite")
    limits = {f"{kind}CapacityUnits": 40_000 for kind in kinds}
    watched.service.send = lambda *_: json.encode(limits)
    assert watched.run(estimate.quota()) == required_actions("estimate.quota")
    assert required_actions("estimate.quota") == (Permission("*", "dynamodb:DescribeLimits"),)


def test_insights_of_an_index():
    """The request is about the table and the index; the account may need a role for them."""
    watched = Watched()
    seen = set(watched.run(dynamorm.create_table(BY_X), dynamorm.update_table(COUNTED)))
    needed = set(required_actions("update_table", COUNTED))
    assert seen <= needed
    assert {p.action for p in needed - seen} == {"dynamodb:UpdateTable", ROLE}


ROLE = "iam:CreateServiceLinkedRole"


def test_another_stream_of_kinesis():
    """The one that is there has to be removed first, which nothing else needs."""
    one, other = (changed(PLAIN, kinesis=f"arn:aws:kinesis:us-east-1:1:stream/{n}") for n in "12")
    watched = Watched()
    update = dynamorm.update_table(other, allow=["kinesis"])
    seen = watched.run(dynamorm.create_table(one), update)
    assert set(seen) <= set(required_actions("update_table", other, allow=["kinesis"]))
    kept = required_actions("update_table", other, allow=["ttl"])
    assert not any("Disable" in permission.action for permission in kept)


def test_a_stream_of_kinesis_may_be_changed():
    """Beside what brings one to a table; what takes one away is allowed to whom says so."""
    new = changed(PLAIN, kinesis="arn:aws:kinesis:us-east-1:1:stream/1")
    kept, removed = (
        {permission.action for permission in required_actions("update_table", new, allow=[name])}
        for name in ("ttl", "kinesis")
    )
    assert kept >= {
        "dynamodb:DescribeKinesisStreamingDestination",
        "dynamodb:EnableKinesisStreamingDestination",
        "dynamodb:UpdateKinesisStreamingDestination",
    }
    assert removed - kept == {"dynamodb:DisableKinesisStreamingDestination"}


@pytest.mark.parametrize(
    ("there", "absent"),
    [
        ({"time_to_live": "expires"}, {"time_to_live": None}),
        ({"point_in_time_recovery": True}, {"point_in_time_recovery": False}),
        ({"resource_policy": POLICY}, {"resource_policy": None}),
        ({"kinesis": "arn:aws:kinesis:us-east-1:1:stream/1"}, {"kinesis": None}),
        ({"contributor_insights": True}, {"contributor_insights": False}),
    ],
)
def test_nothing_is_removed_that_is_not_allowed(there, absent):
    """What is declared to be absent is refused after a look, unless `allow` has its name."""
    watched, new = Watched(), changed(PLAIN, **absent)
    watched.run(dynamorm.create_table(changed(PLAIN, **there)))
    with pytest.raises(PlanRefused):
        watched.run(dynamorm.update_table(new))
    needed = set(required_actions("update_table", new))
    assert needed - watched.seen == {Permission(f"{ARN}:table/orders", "dynamodb:UpdateTable")}


def test_a_plan_that_writes_to_a_stream_of_kinesis():
    """Turning the stream on needs the actions on it; turning it off does not."""
    stream = "arn:aws:kinesis:us-east-1:1:stream/1"
    told = []
    for before, after in (
        (PLAIN, changed(PLAIN, kinesis=stream)),
        (changed(PLAIN, kinesis=stream), PLAIN),
    ):
        watched = Watched()
        watched.run(dynamorm.create_table(before))
        asked = dynamorm.plan(after, allow=["kinesis"])
        needed = required_actions(dynamorm.run(asked, watched, clock=watched.clock))
        told.append({(p.action, p.resource) for p in needed if p.action.startswith("kinesis:")})
    assert told == [
        {
            ("kinesis:DescribeStream", stream),
            ("kinesis:DescribeStreamSummary", stream),
            ("kinesis:ListStreams", "*"),
            ("kinesis:PutRecords", stream),
        },
        set(),
    ]


def test_updating_needs_no_more():
    """Every action that updating is said to need is seen to be sent."""
    new = changed(SET, stream="NEW_IMAGE", tags={"other": "x"})
    watched = Watched()
    seen = watched.run(
        dynamorm.create_table(changed(PLAIN, tags={"team": "shop"})),
        dynamorm.update_table(new, allow=["ttl", "tag:team"]),
    )
    assert seen == required_actions("update_table", new, allow=["ttl", "tag:team"])


@pytest.mark.parametrize(
    ("name", "options"),
    [("describe_table", {}), ("table_exists", {}), ("delete_table", {})],
)
def test_one_table(name, options):
    """What is about one table needs its requests on that table; a name will do."""
    seen = Watched().run(dynamorm.create_table(PLAIN), getattr(dynamorm, name)("orders"))
    assert seen == required_actions(name, "orders") == required_actions(name, PLAIN)


def test_deleting_without_waiting():
    """Who does not wait needs no look."""
    watched = Watched()
    seen = watched.run(dynamorm.create_table(PLAIN), dynamorm.delete_table(PLAIN, wait=False))
    assert seen == required_actions("delete_table", PLAIN, wait=False)


def test_listing():
    """ListTables is about no table."""
    assert Watched().run(dynamorm.list_tables()) == required_actions("list_tables")
    assert required_actions("list_tables") == (Permission("*", "dynamodb:ListTables"),)


COPIES = [
    ("copy_table", {}, {}),
    ("copy_segment", {"segment": 0, "of": 1}, {}),
    ("copy_table", {"existing": "keep"}, {"conditional": True}),
    ("verify_copy", {}, {}),
]


@pytest.mark.parametrize(("name", "options", "told"), COPIES)
def test_copying(name, options, told):
    """A copy reads its source and writes its target; a comparison reads both."""
    watched = Watched()
    create = (dynamorm.create_table(PLAIN), dynamorm.create_table(OTHER))
    for program in create:
        watched.run(program)
    watched.service.put("orders", b'{"id":{"S":"a"}}')
    if told:  # an engine that does not tell what was there is asked for it
        watched.service.put(OTHER.name, b'{"id":{"S":"a"}}')
        old = "ReturnValuesOnConditionCheckFailure"
        send = watched.service.send
        watched.service.send = lambda operation, body: send(
            operation, body.replace(old.encode(), b"Unknown")
        )
    if name == "verify_copy":
        watched.service.put("others", b'{"id":{"S":"b"}}')
    seen = watched.run(getattr(dynamorm, name)(PLAIN, OTHER, **options))
    assert seen == required_actions(name, PLAIN, OTHER, **told)


def test_migrating():
    """Backup, target table and copy together."""
    watched = Watched()
    watched.run(dynamorm.create_table(PLAIN))
    watched.service.put("orders", b'{"id":{"S":"a"}}')
    options = {"backup_table": "safe-copy", "data_copy": True}
    seen = watched.run(dynamorm.auto_migrate_with_options(PLAIN, target_model=OTHER, **options))
    assert seen == required_actions("auto_migrate_with_options", PLAIN, OTHER, **options)
    without = required_actions("auto_migrate_with_options", PLAIN, OTHER)
    assert without == required_actions("ensure_table", OTHER)


def watch(*programs: Any, **delays: Any) -> list[Permission]:
    """Perform programs, each on a service of its own after what makes its tables; what all need."""
    seen: set[Permission] = set()
    for before, program in programs:
        watched = Watched(**delays)
        for one in before:
            watched.run(one)
        seen |= set(watched.run(program))
    return sorted(seen)


def made(*specs: TableSpec) -> list[Any]:
    return [dynamorm.create_table(spec) for spec in specs]


STREAMED = changed(PLAIN, stream="NEW_IMAGE")
TAGGED = changed(PLAIN, tags={"team": "shop"})
EVERY: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], list[Any]]] = {
    "ensuring a plain table": (
        "ensure_table",
        (PLAIN,),
        {},
        [([], dynamorm.ensure_table(PLAIN)), (made(PLAIN), dynamorm.ensure_table(PLAIN))],
    ),
    "ensuring without waiting": (
        "ensure_table",
        (SET,),
        {"wait": False},
        [
            ([], dynamorm.ensure_table(SET, wait=False)),
            (made(SET), dynamorm.ensure_table(SET, wait=False)),
        ],
    ),
    "ensuring what ignores its settings": (
        "ensure_table",
        (changed(SET, ignore=("ttl", "tags", "resource_policy", "point_in_time_recovery")),),
        {},
        [
            ([], dynamorm.ensure_table(SET)),
            (
                made(SET),
                dynamorm.ensure_table(
                    changed(
                        SET, ignore=("ttl", "tags", "resource_policy", "point_in_time_recovery")
                    )
                ),
            ),
        ],
    ),
    "updating a plain table": (
        "update_table",
        (STREAMED,),
        {},
        [(made(PLAIN), dynamorm.update_table(STREAMED))],
    ),
    "updating tags": (
        "update_table",
        (changed(TAGGED, stream="NEW_IMAGE"),),
        {},
        [(made(PLAIN), dynamorm.update_table(changed(TAGGED, stream="NEW_IMAGE")))],
    ),
    "migrating into a table that is there": (
        "auto_migrate_with_options",
        (OTHER, SET),
        {},
        [
            (made(OTHER), dynamorm.auto_migrate_with_options(OTHER, target_model=SET)),
            (made(OTHER, SET), dynamorm.auto_migrate_with_options(OTHER, target_model=SET)),
        ],
    ),
}


@pytest.mark.parametrize("case", EVERY)
def test_exactly_what_is_needed(case):
    """What an operation is said to need is what it is seen to send, and no more."""
    name, tables, options, programs = EVERY[case]
    seen = watch(*programs, create_seconds=0.0, recovery_seconds=0.0, ttl_seconds=0.0)
    assert without_looks(required_actions(name, *tables, **options)) == without_looks(seen)


def without_looks(permissions: Any) -> list[Permission]:
    """Leave out the reads that follow only on a refusal or on a lost answer."""
    return [
        permission
        for permission in permissions
        if permission.action
        not in ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTimeToLive")
    ]


@table("orders", tags={"team": "shop"})
class Order(Struct):
    id: Annotated[str, PartitionKey()]


TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
ONE = ["describe_table", "table_exists", "delete_table"]
BY_KEYS = [
    "create_table",
    "ensure_table",
    "auto_migrate",
    "auto_migrate_with_options",
    "plan",
    "update_table",
]
TWO = ["copy_table", "copy_segment", "verify_copy"]


@pytest.mark.parametrize("name", [*ONE, *BY_KEYS])
def test_a_model_is_a_table(name):
    """A model, and a spec of it, are taken as the operation takes them."""
    needed = required_actions(name, Order)
    assert needed == required_actions(name, table_spec(Order))
    assert {permission.resource for permission in needed} == {f"{ARN}:table/orders"}


@pytest.mark.parametrize("name", [*ONE, *BY_KEYS])
def test_an_arn_is_a_resource(name):
    """A table's ARN is the resource as it is, for whoever takes one."""
    table = TABLE_ARN if name in ONE else table_spec(Order, name=TABLE_ARN)
    assert {permission.resource for permission in required_actions(name, table)} == {TABLE_ARN}


@pytest.mark.parametrize("name", TWO)
def test_a_copy_between_accounts(name):
    """Source and target are named in any way, each its own."""
    needed = required_actions(name, TABLE_ARN, "others")
    assert {permission.resource for permission in needed} == {TABLE_ARN, f"{ARN}:table/others"}


def test_a_backup_of_an_arn():
    """A backup is a resource under its table's ARN."""
    source = table_spec(Order, name=TABLE_ARN)
    needed = required_actions("auto_migrate_with_options", source, OTHER, backup_table="safe-copy")
    assert Permission(f"{TABLE_ARN}/backup/*", "dynamodb:DescribeBackup") in needed


def test_a_copy_by_s3():
    """It needs what it is seen to send, and the bucket for the client that is given."""
    watched = Watched()
    source = changed(PLAIN, point_in_time_recovery=True)
    service = watched.service
    copy = dynamorm.copy_table(PLAIN, OTHER, via="s3", s3=service.s3, bucket="bucket")
    watched.run(dynamorm.create_table(source))
    service.put("orders", b'{"id":{"S":"1"}}')
    seen = watched.run(dynamorm.create_table(OTHER), copy)
    told = required_actions("copy_table", PLAIN, OTHER, via="s3", bucket="bucket")
    assert {p.action for p in seen} == {p.action for p in told if not p.action.startswith("s3:")}
    places = {p.action: p.resource for p in told}
    assert places["dynamodb:StartBulkPutItems"] == f"{ARN}:table/others"
    assert places["dynamodb:ExportTableToPointInTime"] == f"{ARN}:table/orders"
    assert places["s3:GetObject"] == "arn:aws:s3:::bucket/*"
    assert places["s3:ListBucket"] == "arn:aws:s3:::bucket"


IGNORED = ("ttl", "tags", "resource_policy", "point_in_time_recovery")
"""What a restore sets all the same: `ignore` begins after creation."""

JOBS: list[tuple[str, Any, tuple[Any, ...], set[str]]] = [
    ("create_backup", lambda _: dynamorm.create_backup(PLAIN, "safe"), (PLAIN,), set()),
    ("list_backups", lambda _: dynamorm.list_backups(), (), set()),
    ("delete_backup", dynamorm.delete_backup, (PLAIN,), set()),
    (
        "restore_backup",
        lambda backup: dynamorm.restore_backup(SET, backup, name="new"),
        (SET.named("new"), "orders"),
        {"RestoreTableFromBackup"},
    ),
    (
        "restore_backup",
        lambda backup: dynamorm.restore_backup(SET, backup, name="new", ignore=IGNORED),
        (changed(SET.named("new"), ignore=IGNORED), "orders"),
        set(),
    ),
    (
        "restore_to_point_in_time",
        lambda _: dynamorm.restore_to_point_in_time(SET, PLAIN, name="new"),
        (SET.named("new"), "orders"),
        {"RestoreTableToPointInTime"},
    ),
    ("export_to_s3", lambda _: dynamorm.export_to_s3(PLAIN, "bucket"), (PLAIN,), set()),
    (
        "import_from_s3",
        lambda _: dynamorm.import_from_s3(SET, "bucket", name="new"),
        (SET.named("new"),),
        {"ImportTable"},
    ),
    (
        "import_from_s3",
        lambda _: dynamorm.import_from_s3(PLAIN, "bucket", name="new"),
        (PLAIN.named("new"),),
        set(),
    ),
    ("list_exports", lambda _: dynamorm.list_exports(PLAIN), (PLAIN,), set()),
    ("list_exports", lambda _: dynamorm.list_exports(), (), set()),
    ("list_imports", lambda _: dynamorm.list_imports(PLAIN), (PLAIN,), set()),
    ("list_bulk_operations", lambda _: dynamorm.list_bulk_operations(), (), set()),
    ("bulk_put_from_s3", lambda _: dynamorm.bulk_put_from_s3(PLAIN, "bucket"), (PLAIN,), set()),
]


@pytest.mark.parametrize(("name", "operation", "tables", "unnamed"), JOBS)
def test_what_the_service_does_on_its_own(name, operation, tables, unnamed):
    """All that is sent is told; the service itself asks for no more of DynamoDB than told here."""
    watched = Watched(ttl_seconds=0.0)
    spec = changed(PLAIN, point_in_time_recovery=True)
    create = dynamorm.create_table(spec)
    watched.run(create)
    backup = dynamorm.run(dynamorm.create_backup(PLAIN, "safe"), watched, clock=watched.clock)
    sent = {permission.action for permission in watched.run(operation(backup))}
    told = required_actions(name, *tables, bucket="bucket")
    actions = {permission.action for permission in told}
    assert sent <= actions
    assert {f"dynamodb:{action}" for action in unnamed} <= actions
    if "s3" in name:
        objects = {
            p.resource for p in told if p.action.startswith("s3:") and "List" not in p.action
        }
        assert objects == {"arn:aws:s3:::bucket/*"}
    waiting = required_actions(name, *tables, wait=False)
    assert {p.action for p in waiting} <= actions


EACH = ["bulk_put_from_s3", "create_backup", "delete_table", "export_to_s3", "import_from_s3"]


@pytest.mark.parametrize("name", EACH)
def test_each_of_several_tables(name):
    """What is about one table at a time needs its actions on every table that is given."""
    one, other = required_actions(name, PLAIN), required_actions(name, OTHER)
    assert set(required_actions(name, PLAIN, OTHER)) == {*one, *other}


@pytest.mark.parametrize(
    ("name", "source", "action"),
    [
        ("restore_backup", "table/orders/backup/*", "DescribeBackup"),
        ("restore_backup", "table/orders/backup/*", "RestoreTableFromBackup"),
        ("restore_to_point_in_time", "table/orders", "DescribeTable"),
        ("restore_to_point_in_time", "table/orders", "RestoreTableToPointInTime"),
    ],
)
def test_a_restore_reads_the_table_that_is_named_last(name, source, action):
    """All else is about the new table."""
    told = required_actions(name, PLAIN.named("new"), "orders")
    assert Permission(f"{ARN}:{source}", f"dynamodb:{action}") in told
    assert {p.resource for p in told} == {f"{ARN}:table/new", f"{ARN}:{source}"}


MAKING = {
    "import_from_s3": ("ImportTable", (PLAIN,)),
    "restore_backup": ("RestoreTableFromBackup", (PLAIN, "others")),
    "restore_to_point_in_time": ("RestoreTableToPointInTime", (PLAIN, "others")),
}


@pytest.mark.parametrize("name", MAKING)
def test_who_does_not_wait_for_a_new_table_sets_nothing_on_it(name):
    """Only the service writes to it then."""
    action, tables = MAKING[name]
    at_once, waiting = (
        {(p.action.removeprefix("dynamodb:"), p.resource) for p in told}
        for told in (required_actions(name, *tables, wait=wait) for wait in (False, True))
    )
    assert (action, f"{ARN}:table/orders") in at_once
    assert ("UpdateTable", f"{ARN}:table/orders") in waiting - at_once


@pytest.mark.parametrize("name", MAKING)
def test_replicas_of_a_new_table_are_left_to_a_plan(name):
    """Nothing is needed for them, be the billing ignored that they do not go with."""
    _, tables = MAKING[name]
    options = {"billing": Provisioned(1, 1), "ignore": ("billing",)}
    told = required_actions(name, *tables, replicas=(Replica("eu-west-1"),), **options)
    assert told == required_actions(name, *tables, **options)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("list_backups", "ListBackups"),
        ("list_exports", "ListExports"),
        ("list_imports", "ListImports"),
        ("list_bulk_operations", "ListBulkOperations"),
    ],
)
def test_a_list_of_all_tables_describes_none(name, action):
    """Without a table there is only the request for the list."""
    assert required_actions(name) == (Permission("*", f"dynamodb:{action}"),)


def test_a_strict_check():
    """It reads every setting, declared or not, and writes nothing."""
    watched = Watched()
    seen = watched.run(dynamorm.create_table(BY_X), dynamorm.check(BY_X, strict=True))
    assert seen == required_actions("check", BY_X, strict=True)
    assert len(seen) > len(required_actions("check", BY_X)) == 1


def test_a_job_in_another_partition():
    """Bucket, log and backup begin with the partition that is given."""
    told = required_actions("import_from_s3", PLAIN, arn="arn:aws-cn:dynamodb:cn-north-1:1")
    resources = {permission.resource for permission in told}
    assert {
        "arn:aws-cn:s3:::*",
        "arn:aws-cn:logs:cn-north-1:1:log-group:/aws-dynamodb/*",
    } <= resources
    (only,) = required_actions("delete_backup", TABLE_ARN)
    assert only.resource == f"{TABLE_ARN}/backup/*"


def test_a_plan_knows_its_table():
    """A plan's resource is the table's real name, prefix included, or the ARN that it was given."""
    for name, prefix, resource in (
        (None, "dev-", f"{ARN}:table/dev-orders"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/orders", "dev-", None),
    ):
        service = FakeService(create_seconds=0.0)
        db = dynamorm.connect(transport=service, table_prefix=prefix)
        spec = table_spec(Order, name=name)
        creating = required_actions(db.plan(spec))
        assert creating == required_actions("ensure_table", spec.named(name or "dev-orders"))
        db.create_table(spec)
        plan = db.plan(spec, stream="NEW_IMAGE", tags={"team": "web"})
        resources = {permission.resource for permission in required_actions(plan)}
        assert resources == {resource or name}


@pytest.mark.parametrize(
    ("given", "error", "advice"),
    [
        ((Order,), TypeError, r'write required_actions\("ensure_table", Order\)'),
        ((None, Order), TypeError, "the operation comes first"),
        (("ensure_tabel", Order), ValueError, r"did you mean ensure_table\?"),
        (("ensure_table",), TypeError, "ensure_table is about tables, 1 or more of them, not 0"),
        (("copy_table", Order), TypeError, "copy_table is about tables, 2 of them, not 1"),
        (("list_tables", Order), TypeError, "list_tables is about tables, 0 of them, not 1"),
        (
            ("auto_migrate_with_options", Order, Order, Order),
            TypeError,
            "is about tables, 1 to 2 of them, not 3",
        ),
        (("plan", "orders"), TypeError, "this needs the keys, which only a model says"),
        (("describe_table", "a b"), ModelError, "table name 'a b' must have"),
        (("describe_table", TABLE_ARN + "/index/x"), ModelError, "is not the ARN of a table"),
    ],
)
def test_what_is_asked_wrongly(given, error, advice):
    """Whatever is given in another way is answered with what to write."""
    with pytest.raises(error, match=advice):
        required_actions(*given)
    with pytest.raises(TypeError, match="no table option strem"):
        required_actions("describe_table", Order, strem=None)
    with pytest.raises(ValueError, match=r'via= takes "direct" or "s3", not \'S3\''):
        required_actions("copy_table", Order, "others", via="S3")


def test_a_plan_is_asked_about_alone():
    """It has its own table and options: others would be passed over without a word."""
    plan = dynamorm.connect(transport=FakeService()).plan(Order)
    for tables, options in (((Order,), {}), ((), {"tags": None})):
        with pytest.raises(TypeError, match=r"write required_actions\(plan\)"):
            required_actions(plan, *tables, **options)


def test_account_and_region():
    """The resources begin with the ARN that is given."""
    (permission,) = required_actions(
        "describe_table", "orders", arn="arn:aws-cn:dynamodb:cn-north-1:111122223333"
    )
    assert permission.resource == "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders"


def test_what_is_no_operation():
    """A misspelt operation or name is an error."""
    known = "no operation 'create': there are bulk_put_from_s3, cancel_bulk_operation, create_b"
    with pytest.raises(ValueError, match=known):
        required_actions("create", PLAIN)
    with pytest.raises(Refused, match=r"^allow= takes names: write allow=\('ttl',\)"):
        required_actions("plan", PLAIN, allow="ttl")
