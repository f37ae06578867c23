"""The life of a table: what each operation sends, gives and raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from aids.worlds import World
from msgspec import Struct, json

import dynamorm
from dynamorm import (
    AccessDenied,
    Index,
    LimitExceeded,
    MigrateNotSupported,
    ModelError,
    OnDemand,
    PartitionKey,
    Provisioned,
    ServerError,
    SortKey,
    Steps,
    TableBusy,
    TableExists,
    TableNotFound,
    TransportError,
    ValidationFailed,
    WaitTimeout,
    table,
)
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock, Script


@table("orders", indexes=[Index("by-status")])
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]


@table("users")
class User(Struct):
    email: Annotated[str, PartitionKey()]


@pytest.fixture
def world() -> World:
    return World()


def lost(operation: str) -> TransportError:
    return TransportError("cut", operation=operation, maybe_applied=True)


def error(operation: str, code: str, message: str = "") -> Any:
    return service_error(code, message, status=400, operation=operation)


def test_create_sends_one_request_and_the_polls(world: World) -> None:
    """Creating is CreateTable, then DescribeTable until the table is ACTIVE, and nothing else."""
    made = world.run(dynamorm.create_table(Order))
    assert made.table_status == "ACTIVE"
    assert world.sent == ["CreateTable", *["DescribeTable"] * (len(world.sent) - 1)]
    assert len(world.sent) == 5


def test_create_sends_no_poll_when_the_answer_says_active() -> None:
    """A service that is done at once is not asked again."""
    world = World(create_seconds=0)
    world.run(dynamorm.create_table(Order))
    assert world.sent == ["CreateTable"]


def test_create_without_waiting_sends_one_request(world: World) -> None:
    """With `wait` off, the description is the one of a table in the making."""
    assert world.run(dynamorm.create_table(Order, wait=False)).table_status == "CREATING"
    assert world.sent == ["CreateTable"]


def test_create_refuses_an_existing_table(world: World) -> None:
    """A table that was there before is never taken for the one that was asked for."""
    world.run(dynamorm.create_table(Order))
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(Order))
    assert world.sent == ["CreateTable"]


@pytest.mark.parametrize("trouble", [lost("CreateTable"), error("CreateTable", "InternalFailure")])
def test_a_create_whose_answer_was_lost_is_resolved(world: World, trouble: Exception) -> None:
    """Where a lost attempt has made the table, "exists" is success."""
    world.service.fail("CreateTable", trouble, after_effect=True)  # type: ignore[arg-type]
    assert world.run(dynamorm.create_table(Order)).table_name == "orders"
    assert world.sent[:3] == ["CreateTable", "CreateTable", "DescribeTable"]


LIMIT = error("CreateTable", "LimitExceededException", "500 tables simultaneously")
EXISTS = error("CreateTable", "ResourceInUseException")


@pytest.mark.parametrize("turns", [[EXISTS], [LIMIT, EXISTS]])
@pytest.mark.parametrize("missing", [0, 2])
def test_a_lost_create_is_resolved_however_late_it_shows(turns: list[Any], missing: int) -> None:
    """Neither a stale DescribeTable nor a refusal in between makes a stranger of our own table."""
    world = World(create_seconds=0.0)
    world.run(dynamorm.create_table(User))
    described = world.service.send("DescribeTable", b'{"TableName": "users"}')
    gone = error("DescribeTable", "ResourceNotFoundException")
    script = Script(
        ("CreateTable", lost("CreateTable")),
        *(("CreateTable", turn) for turn in turns),
        *[("DescribeTable", gone)] * missing,
        ("DescribeTable", described),
    )
    made = dynamorm.run(dynamorm.create_table(User), script, clock=world.clock)
    assert made.table_status == "ACTIVE"


def test_a_lost_create_that_never_shows_is_an_error() -> None:
    """A table that is said to be there and is not to be seen for half a minute is "exists"."""
    world = World(lag=1e9)
    world.service.fail("CreateTable", lost("CreateTable"), after_effect=True)
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(Order))
    assert 30 <= world.clock.moment <= 31


def test_a_table_that_is_being_deleted_is_not_what_a_lost_create_has_made(world: World) -> None:
    """It was in the way, and is an error; who ensures a table makes it when that one is gone."""
    world.run(dynamorm.create_table(Order))
    world.run(dynamorm.delete_table(Order, wait=False))
    world.service.fail("CreateTable", lost("CreateTable"), times=2)
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(Order, timeout=1))
    world.service.fail("DescribeTable", error("DescribeTable", "ResourceNotFoundException"))
    assert world.run(dynamorm.ensure_table(Order)).created


def test_a_lost_create_does_not_take_another_table_for_its_own(world: World) -> None:
    """Where the table is another one than was asked for, the error stands."""
    world.run(dynamorm.create_table(User, name="orders"))
    world.service.fail("CreateTable", lost("CreateTable"))
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(Order))


@pytest.mark.parametrize(("age", "ours"), [(0.0, True), (60.0, True), (61.0, False)])
def test_a_lost_create_is_ours_if_it_is_new(age: float, ours: bool) -> None:
    """A table of the right keys is our own unless it is older than our first attempt."""
    world = World(create_seconds=0.0)
    world.run(dynamorm.create_table(User))
    world.clock.sleep(age)
    world.service.fail("CreateTable", lost("CreateTable"))
    making = dynamorm.create_table(User, deletion_protection=True, point_in_time_recovery=7)
    if ours:
        assert world.run(making).table_status == "ACTIVE"
        assert "UpdateContinuousBackups" in world.sent
        return
    with pytest.raises(TableExists):
        world.run(making)
    ensured = world.run(dynamorm.ensure_table(User, deletion_protection=True))
    assert (ensured.created, len(ensured.drift)) == (False, 1)
    assert not {"UpdateContinuousBackups", "UpdateTable"} & set(world.sent)


@pytest.mark.parametrize(
    "members",
    [
        {"CreationDateTime": None},
        {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
        {"AttributeDefinitions": [{"AttributeName": "email", "AttributeType": "N"}]},
    ],
)
def test_a_lost_create_is_not_ours_in_doubt(members: dict[str, Any]) -> None:
    """A table of other keys, or of which nobody knows how old it is, is somebody else's."""
    world = World(create_seconds=0.0)
    world.run(dynamorm.create_table(User))
    described = json.decode(world.service.send("DescribeTable", b'{"TableName": "users"}'))
    described["Table"] |= members
    turns = [("CreateTable", lost("CreateTable")), ("CreateTable", EXISTS)]
    script = Script(*turns, ("DescribeTable", described))
    with pytest.raises(TableExists):
        dynamorm.run(dynamorm.create_table(User), script, clock=world.clock)


def test_a_lost_create_with_another_index_is_not_ours() -> None:
    """An index is part of what was asked for: without it, somebody else made the table."""
    world = World()
    bare = dynamorm.TableSpec(
        "orders", dynamorm.KeyAttribute("customer", "S"), dynamorm.KeyAttribute("number", "N")
    )
    world.run(dynamorm.create_table(bare))
    world.service.fail("CreateTable", lost("CreateTable"))
    with pytest.raises(TableExists):
        world.run(dynamorm.create_table(Order))


def test_a_create_that_never_got_through_is_reported(world: World) -> None:
    """When every attempt fails, the error says that one may have taken effect."""
    world.service.fail("CreateTable", lost("CreateTable"), times=10)
    with pytest.raises(TransportError) as caught:
        world.run(dynamorm.create_table(Order))
    assert caught.value.maybe_applied


def test_too_many_tables_at_once_are_waited_out(world: World) -> None:
    """The limit on simultaneous operations passes; a quota does not, and is raised at once."""
    busy = "Subscriber limit exceeded: Only 10 tables can be created simultaneously"
    world.service.fail("CreateTable", error("CreateTable", "LimitExceededException", busy), times=2)
    assert world.run(dynamorm.create_table(Order)).table_status == "ACTIVE"
    world.service.fail("CreateTable", error("CreateTable", "LimitExceededException", "2500 tables"))
    with pytest.raises(LimitExceeded):
        world.run(dynamorm.create_table(User))
    assert world.sent == ["CreateTable"]


def test_the_limit_is_not_waited_out_past_the_deadline(world: World) -> None:
    """Waiting for a place among simultaneous operations ends with the time-out."""
    busy = error("CreateTable", "LimitExceededException", "simultaneously")
    world.service.fail("CreateTable", busy, times=100)
    with pytest.raises(LimitExceeded):
        world.run(dynamorm.create_table(Order, timeout=20))
    assert world.clock.moment == 20


def test_a_table_that_never_becomes_active_is_a_time_out() -> None:
    """A wait that does not end says what it saw last."""
    world = World(create_seconds=1e9)
    with pytest.raises(WaitTimeout) as caught:
        world.run(dynamorm.create_table(Order, timeout=30))
    assert caught.value.last_status == "CREATING"
    assert caught.value.indexes == {"by-status": "CREATING"}
    assert world.clock.moment == 30


BAD: list[Callable[..., Steps[Any]]] = [
    dynamorm.create_table,
    dynamorm.ensure_table,
    dynamorm.auto_migrate,
    dynamorm.describe_table,
    dynamorm.delete_table,
    dynamorm.table_exists,
    dynamorm.delete_tables,
    dynamorm.wait_until_active,
    dynamorm.wait_until_gone,
]


@pytest.mark.parametrize("operation", BAD)
def test_a_bad_model_is_refused_before_any_request(
    world: World, operation: Callable[..., Steps[Any]]
) -> None:
    """Whatever is asked of a wrong model, every problem is listed and nothing is sent."""

    @table("x")
    class Bad(Struct):
        first: Annotated[bool, PartitionKey()]
        second: Annotated[str, PartitionKey()]

    with pytest.raises(ModelError) as caught:
        world.run(operation(Bad))
    assert len(caught.value.problems) == 3
    assert world.sent == []


@pytest.mark.parametrize("operation", BAD[3:])
@pytest.mark.parametrize("name", ["", "x", "a b", "a" * 256, "orders\n"])
def test_a_bad_name_is_refused_before_any_request(
    world: World, operation: Callable[..., Steps[Any]], name: str
) -> None:
    """A string that can be no table's name is not sent."""
    with pytest.raises(ModelError, match="3 to 255"):
        world.run(operation(name))
    assert world.sent == []


def test_ensure_creates_what_is_missing(world: World) -> None:
    """A missing table is described once, created, and waited for."""
    ensured = world.run(dynamorm.ensure_table(Order))
    assert ensured.created
    assert ensured.drift == ()
    assert ensured.table.table_status == "ACTIVE"
    assert world.sent[:2] == ["DescribeTable", "CreateTable"]
    assert set(world.sent[2:]) == {"DescribeTable"}


def test_ensure_sends_one_read_where_the_table_is_there(world: World) -> None:
    """An existing table costs one DescribeTable and no write."""
    world.run(dynamorm.ensure_table(Order))
    ensured = world.run(dynamorm.ensure_table(Order))
    assert (ensured.created, ensured.drift) == (False, ())
    assert world.sent == ["DescribeTable"]


def test_ensure_says_what_differs_and_leaves_it(world: World) -> None:
    """Drift is told by name, and nothing is changed."""
    world.run(dynamorm.ensure_table(Order, billing=OnDemand()))
    ensured = world.run(
        dynamorm.ensure_table(Order, billing=Provisioned(read=5, write=5), stream="NEW_IMAGE")
    )
    assert [difference.name for difference in ensured.drift] == ["billing", "stream"]
    assert str(ensured.drift[1]) == "stream: declared NEW_IMAGE, found nothing"
    assert world.sent == ["DescribeTable"]


def test_ensure_waits_for_a_table_in_the_making(world: World) -> None:
    """A table that another process is creating is waited for, not created again."""
    world.run(dynamorm.create_table(Order, wait=False))
    ensured = world.run(dynamorm.ensure_table(Order))
    assert not ensured.created
    assert ensured.table.table_status == "ACTIVE"
    assert set(world.sent) == {"DescribeTable"}


def test_ensure_without_waiting_gives_what_is_there(world: World) -> None:
    """With `wait` off, nobody waits for a table in the making."""
    assert world.run(dynamorm.ensure_table(Order, wait=False)).table.table_status == "CREATING"
    assert world.sent == ["DescribeTable", "CreateTable"]
    assert world.run(dynamorm.ensure_table(Order, wait=False)).table.table_status == "CREATING"
    assert world.sent == ["DescribeTable"]


def test_ensure_waits_for_the_end_of_a_deletion_and_creates(world: World) -> None:
    """A table that is being deleted is not taken for the table that should be there."""
    world.run(dynamorm.create_table(Order))
    world.run(dynamorm.delete_table(Order, wait=False))
    ensured = world.run(dynamorm.ensure_table(Order))
    assert ensured.created
    assert ensured.table.table_status == "ACTIVE"


def test_ensure_takes_the_table_that_replaces_a_deleted_one() -> None:
    """Another process has made it while this one waited: there is one table, and no error."""
    there = World()
    there.run(dynamorm.create_table(Order))
    made = there.run(dynamorm.describe_table(Order)).to_dict()
    leaving = {**made, "TableStatus": "DELETING", "TableId": "the one before"}
    turns = (
        ("DescribeTable", {"Table": leaving}),
        ("DescribeTable", {"Table": made}),
        ("CreateTable", error("CreateTable", "ResourceInUseException")),
        ("DescribeTable", {"Table": made}),
    )
    with Script(*turns) as script:
        ensured = dynamorm.run(dynamorm.ensure_table(Order), script, clock=FakeClock())
    assert (ensured.created, ensured.table.table_id) == (False, made["TableId"])


def test_ensure_yields_to_a_faster_process(world: World) -> None:
    """When another process creates the table in between, both succeed with one table."""
    steps = dynamorm.ensure_table(Order)
    slower = World()
    slower.service, slower.clock = world.service, world.clock

    class Racing:
        def send(self, operation: str, body: bytes) -> bytes:
            if operation == "CreateTable":
                dynamorm.run(dynamorm.create_table(Order), world.service, clock=world.clock)
            return world.service.send(operation, body)

    ensured = dynamorm.run(steps, Racing(), clock=world.clock)
    assert not ensured.created
    assert ensured.table.table_status == "ACTIVE"


def test_ensure_gives_up_when_describe_never_sees_what_create_says_exists() -> None:
    """Two answers that contradict each other until the deadline end in the error."""
    world = World(lag=1e9)
    world.run(dynamorm.create_table(Order, wait=False))
    with pytest.raises(TableExists):
        world.run(dynamorm.ensure_table(Order, timeout=60))
    assert world.clock.moment == 60


def test_ensure_outlives_stale_reads() -> None:
    """A DescribeTable that lags behind does not break creating."""
    world = World(lag=4.0)
    ensured = world.run(dynamorm.ensure_table(Order))
    assert ensured.created
    assert ensured.table.table_status == "ACTIVE"


@pytest.mark.parametrize("operation", [dynamorm.ensure_table, dynamorm.table_exists])
def test_access_denied_is_never_taken_for_missing(
    world: World, operation: Callable[..., Steps[Any]]
) -> None:
    """Only the service's word that there is no table means that there is none."""
    world.service.fail("DescribeTable", error("DescribeTable", "AccessDeniedException"))
    with pytest.raises(AccessDenied):
        world.run(operation(Order))
    assert world.sent == ["DescribeTable"]


def test_auto_migrate_creates_all_that_is_missing_at_once(world: World) -> None:
    """Every missing table is begun before the first is waited for."""
    world.run(dynamorm.create_table(User))
    ensured = world.run(dynamorm.auto_migrate(Order, User, dynamorm.table_spec(User, name="third")))
    assert [item.created for item in ensured] == [True, False, True]
    assert {item.table.table_status for item in ensured} == {"ACTIVE"}
    begun = ["DescribeTable", "CreateTable", "DescribeTable", "DescribeTable", "CreateTable"]
    assert world.sent[:5] == begun
    assert set(world.sent[5:]) == {"DescribeTable"}


def test_auto_migrate_without_waiting_only_begins(world: World) -> None:
    """With `wait` off, each model costs its read and, where it is missing, its create."""
    world.run(dynamorm.auto_migrate(Order, User, wait=False))
    assert world.sent == ["DescribeTable", "CreateTable"] * 2


def test_auto_migrate_lists_the_problems_of_all_models(world: World) -> None:
    """No table is begun while any model is wrong, or two have one name."""

    @table("no")
    class Bad(Struct):
        name: str

    with pytest.raises(ModelError) as caught:
        world.run(dynamorm.auto_migrate(Order, Bad, Order))
    assert [problem.rpartition(" - at ")[2] for problem in caught.value.problems] == [
        "Bad",
        "no",
        "orders",
    ]
    assert world.sent == []


def test_exists_tells_tables_in_any_status(world: World) -> None:
    """A table in the making or on its way out is there; a name in its place will do."""
    assert not world.run(dynamorm.table_exists(Order))
    world.run(dynamorm.create_table(Order, wait=False))
    assert world.run(dynamorm.table_exists("orders"))
    assert world.sent == ["DescribeTable"]


def test_describe_gives_all_and_raises_not_found(world: World) -> None:
    """Describing is one request."""
    with pytest.raises(TableNotFound):
        world.run(dynamorm.describe_table(Order))
    world.run(dynamorm.create_table(Order))
    described = world.run(dynamorm.describe_table("orders"))
    assert described.billing_mode == "PAY_PER_REQUEST"
    assert world.sent == ["DescribeTable"]


def test_delete_waits_until_the_table_is_gone(world: World) -> None:
    """After deleting, the name is free."""
    world.run(dynamorm.create_table(Order))
    world.run(dynamorm.delete_table(Order))
    assert world.sent[0] == "DeleteTable"
    assert set(world.sent[1:]) == {"DescribeTable"}
    assert not world.run(dynamorm.table_exists(Order))


def test_a_table_that_is_being_deleted_can_be_deleted_again(world: World) -> None:
    """Deleting what is on its way out is no error, and waits for the same end."""
    world.run(dynamorm.create_table(Order))
    world.run(dynamorm.delete_table(Order, wait=False))
    world.run(dynamorm.delete_table(Order))
    assert not world.run(dynamorm.table_exists(Order))


def test_delete_of_a_missing_table_is_an_error_unless_allowed(world: World) -> None:
    """`missing_ok` is for cleaning up; without it, not-found is raised."""
    with pytest.raises(TableNotFound):
        world.run(dynamorm.delete_table(Order))
    world.run(dynamorm.delete_table(Order, missing_ok=True))
    assert world.sent == ["DeleteTable"]


def test_a_delete_whose_answer_was_lost_is_resolved() -> None:
    """Where a lost attempt has deleted the table, "not found" is success."""
    world = World(delete_seconds=0)
    world.run(dynamorm.create_table(Order))
    world.service.fail("DeleteTable", lost("DeleteTable"), after_effect=True)
    world.run(dynamorm.delete_table(Order))
    assert world.sent == ["DeleteTable", "DeleteTable"]


def test_a_delete_whose_answer_was_lost_before_a_refusal_is_resolved() -> None:
    """That holds with a refusal that passes in between, too."""
    limit = error("DeleteTable", "LimitExceededException", "500 tables simultaneously")
    gone = error("DeleteTable", "ResourceNotFoundException")
    turns = [("DeleteTable", answer) for answer in (lost("DeleteTable"), limit, gone)]
    script = Script(*turns)
    dynamorm.run(dynamorm.delete_table(Order), script, clock=FakeClock())
    assert script.turns == []


def test_delete_waits_for_a_busy_table(world: World) -> None:
    """A table in the making is deleted when it is made, in the time that there is."""
    world.run(dynamorm.create_table(Order, wait=False))
    world.run(dynamorm.delete_table(Order))
    assert not world.run(dynamorm.table_exists(Order))
    world.run(dynamorm.create_table(User, wait=False))
    with pytest.raises(TableBusy):
        world.run(dynamorm.delete_table(User, wait=False))
    with pytest.raises(TableBusy):
        world.run(dynamorm.delete_table(User, timeout=2))


def test_deletion_protection_is_never_lifted(world: World) -> None:
    """A protected table stays, and the service's refusal is raised."""
    world.run(dynamorm.create_table(Order, deletion_protection=True))
    with pytest.raises(ValidationFailed, match="protected"):
        world.run(dynamorm.delete_table(Order))
    assert world.sent == ["DeleteTable"]


def test_all_pages_of_tables_are_listed() -> None:
    """Listing goes on to the last page, and asks once a page."""
    world = World(create_seconds=0, page=2)
    for name in ("app-a", "app-b", "other", "zap-c", "zap-d"):
        world.run(dynamorm.create_table(User, name=name))
    assert world.run(dynamorm.list_tables()) == ("app-a", "app-b", "other", "zap-c", "zap-d")
    assert world.sent == ["ListTables"] * 3
    assert world.run(dynamorm.list_tables("zap-")) == ("zap-c", "zap-d")


def test_an_arn_takes_the_place_of_a_name() -> None:
    """A table of another account is described by its ARN, which no prefix is put before."""
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    script = Script(("DescribeTable", {"Table": {"TableName": "orders", "TableStatus": "ACTIVE"}}))
    dynamorm.run(dynamorm.describe_table(arn), script, table_prefix="test-")
    assert script.sent == [("DescribeTable", {"TableName": arn})]


def test_a_prefix_is_put_before_every_name(world: World) -> None:
    """With a prefix, the same models live beside others, and only they are listed."""
    world.run(dynamorm.create_table(User))
    made = world.run(dynamorm.create_table(User), table_prefix="test-")
    assert made.table_name == "test-users"
    assert world.run(dynamorm.list_tables()) == ("test-users", "users")
    assert world.run(dynamorm.list_tables(), table_prefix="test-") == ("users",)
    assert world.run(dynamorm.table_exists("users"), table_prefix="test-")
    world.run(dynamorm.delete_table(User), table_prefix="test-")
    assert world.run(dynamorm.list_tables()) == ("users",)


def test_a_list_under_a_prefix_goes_on_where_its_page_ended() -> None:
    """The next page begins after the name that the service gave, be it of the prefix or not."""
    pages = [
        {"TableNames": ["aa", "test-a"], "LastEvaluatedTableName": "test-a"},
        {"TableNames": ["test-b", "zz"], "LastEvaluatedTableName": "zz"},
        {"TableNames": []},
    ]
    script = Script(*[("ListTables", page) for page in pages])
    assert dynamorm.run(dynamorm.list_tables(), script, table_prefix="test-") == ("a", "b")
    starts = [payload.get("ExclusiveStartTableName") for _, payload in script.sent]
    assert starts == [None, "test-a", "zz"]


def test_errors_and_interrupts_pass_through_a_prefix(world: World) -> None:
    """A program under a prefix catches the same errors, about the whole names."""
    with pytest.raises(TableNotFound) as caught:
        world.run(dynamorm.describe_table(User), table_prefix="test-")
    assert caught.value.table == "test-users"
    assert world.run(dynamorm.table_exists(User), table_prefix="test-") is False


@pytest.mark.parametrize("arguments", [(), (Order,), (Order, "to", 3)])
def test_migrate_refuses_and_says_what_to_use(arguments: tuple[Any, ...]) -> None:
    """There is no migration history here, and the message names who keeps one."""
    with pytest.raises(MigrateNotSupported) as caught:
        dynamorm.migrate(*arguments, force=True)
    for word in ("CDK", "Terraform", "CloudFormation", "create_table", "ensure_table"):
        assert word in str(caught.value)


def test_server_errors_are_retried_and_raised_in_the_end(world: World) -> None:
    """A service that stays broken is reported as such."""
    broken = service_error("InternalServerError", "", status=500, operation="DescribeTable")
    world.service.fail("DescribeTable", broken, times=100)
    with pytest.raises(ServerError):
        world.run(dynamorm.describe_table(Order))


@pytest.mark.parametrize(
    "wait",
    [
        lambda world: world.run(dynamorm.create_table(Order)),
        lambda world: world.db.create_table(Order),
        lambda world: world.run(dynamorm.ensure_table(Order)),
        lambda world: world.db.ensure_table(Order),
        lambda world: world.run(dynamorm.auto_migrate(Order)),
        lambda world: world.db.auto_migrate(Order),
    ],
)
def test_a_wait_lasts_five_minutes_when_nobody_says_how_long(wait: Callable[[Any], Any]) -> None:
    """Function and method agree: `timeout` is 300 seconds when it is left out."""
    world = World(create_seconds=1e9)
    with pytest.raises(WaitTimeout):
        wait(world)
    assert world.clock.moment == 300


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        (dynamorm.create_table, {"wait": "no"}),
        (dynamorm.ensure_table, {"wait": None}),
        (dynamorm.auto_migrate, {"wait": 1}),
        (dynamorm.delete_table, {"wait": "no"}),
        (dynamorm.delete_table, {"missing_ok": "no"}),
        (dynamorm.delete_tables, {"wait": 0}),
        (dynamorm.wait_until_active, {"indexes": "no"}),
    ],
)
def test_a_flag_is_true_or_false(
    world: World, operation: Callable[..., Steps[Any]], given: dict[str, Any]
) -> None:
    """The text "no" would count as yes: it is refused before anything is sent."""
    (name,) = given
    with pytest.raises(TypeError, match=f"{name}= takes True or False, not"):
        world.run(operation(User, **given))
    assert world.sent == []


@pytest.mark.parametrize("prefix", [None, 5, b"a"])
def test_a_beginning_of_names_is_a_string(world: World, prefix: Any) -> None:
    """What no name can begin with is refused before anything is sent."""
    with pytest.raises(TypeError, match="prefix= takes the beginning of the names"):
        world.run(dynamorm.list_tables(prefix))
    assert world.sent == []
