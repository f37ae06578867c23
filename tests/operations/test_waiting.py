"""Retrying and waiting, by a clock that the tests own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

import dynamorm
from dynamorm import (
    AccessDenied,
    Call,
    Retries,
    ServiceError,
    Steps,
    TableFailed,
    TableNotFound,
    Throttled,
    TransportError,
    WaitTimeout,
    requests,
)
from dynamorm.api.tables import ListTablesOutput
from dynamorm.errors import service_error
from dynamorm.operations.waiting import Deadline, deadline_in, within
from dynamorm.requests import describe_table, list_tables
from dynamorm.tables.plan import Binding
from dynamorm.tables.waits import until_active, until_gone
from dynamorm.testing import Async, FakeClock, FakeService, Script

DONE = ("ListTables", {"TableNames": []})


def error(code: str, status: int = 400, operation: str = "ListTables") -> ServiceError:
    return service_error(code, "said the service", status=status, operation=operation)


def lost(*, maybe_applied: bool = True, stale: bool = False) -> TransportError:
    return TransportError("cut", operation="ListTables", maybe_applied=maybe_applied, stale=stale)


def one_call() -> Steps[Any]:
    return (yield Call("ListTables", list_tables(), ListTablesOutput))


TRANSIENT = [
    error("ThrottlingException"),
    error("ProvisionedThroughputExceededException"),
    error("RequestLimitExceeded"),
    error("TransactionInProgressException"),
    error("InternalServerError", 500),
    error("", 503),
    lost(),
]
FINAL = [
    error("AccessDeniedException"),
    error("ValidationException"),
    error("ResourceNotFoundException"),
    error("LimitExceededException"),
    error("UnrecognizedClientException"),
    error("SomethingNew"),
    TransportError("no", operation="ListTables", maybe_applied=False, transient=False),
]


@pytest.mark.parametrize("trouble", TRANSIENT, ids=repr)
def test_transient_errors_are_tried_again(trouble: Exception) -> None:
    """What may pass by itself costs a pause, and the operation never hears of it."""
    clock = FakeClock()
    script = Script(("ListTables", trouble), ("ListTables", trouble), DONE)
    dynamorm.run(one_call(), script, clock=clock)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("trouble", FINAL, ids=repr)
def test_other_errors_are_raised_after_one_attempt(trouble: Exception) -> None:
    """What does not pass by itself is asked for exactly once."""
    clock = FakeClock()
    script = Script(("ListTables", trouble))
    with pytest.raises(type(trouble)):
        dynamorm.run(one_call(), script, clock=clock)
    assert len(script.sent) == 1
    assert clock.slept == []


def test_attempts_are_counted() -> None:
    """The last attempt's error is raised when the attempts are used up."""
    script = Script(*[("ListTables", error("ThrottlingException"))] * 3)
    with pytest.raises(Throttled):
        dynamorm.run(one_call(), script, clock=FakeClock(), retries=Retries(attempts=3))
    assert script.turns == []


def test_no_attempt_starts_after_the_budget() -> None:
    """The budget bounds the time that a failing request takes, whatever `attempts` allows."""
    clock = FakeClock(1000.0, share=1.0)
    script = Script(*[("ListTables", error("ThrottlingException"))] * 1000)
    with pytest.raises(Throttled):
        dynamorm.run(one_call(), script, clock=clock, retries=Retries(attempts=1000, budget=20.0))
    assert 1010 < clock.moment <= 1020


def test_by_default_there_are_eight_attempts() -> None:
    """A request that fails at once is tried eight times, whatever the pauses turn out to be."""
    for share in (0.0, 1.0):
        script = Script(*[("ListTables", error("ThrottlingException"))] * 1000)
        with pytest.raises(Throttled):
            dynamorm.run(one_call(), script, clock=FakeClock(share=share))
        assert len(script.sent) == 8


def test_by_default_no_attempt_starts_later_than_twenty_seconds_after_the_first_failure() -> None:
    """Where each answer takes its time, the attempts end earlier."""
    clock, sent = FakeClock(1000.0, share=0.0), []

    class Slow:
        def send(self, operation: str, body: bytes) -> bytes:
            sent.append(clock.moment)
            clock.moment += 6.0
            raise error("ThrottlingException")

    with pytest.raises(Throttled):
        dynamorm.run(one_call(), Slow(), clock=clock)
    # The first failure is at 1006; an attempt at 1030 would be later than 20 seconds after it.
    assert sent == [1000.0, 1006.0, 1012.0, 1018.0, 1024.0]


@given(share=st.floats(0, 1), attempts=st.integers(2, 12))
def test_pauses_grow_are_jittered_and_capped(share: float, attempts: int) -> None:
    """The n-th pause is a random part of `base * 2**n`, never more than `cap`."""
    clock = FakeClock(share=share)
    retries = Retries(attempts=attempts, base=0.1, cap=3.0, budget=1e9)
    script = Script(*[("ListTables", error("ThrottlingException"))] * (attempts - 1), DONE)
    dynamorm.run(one_call(), script, clock=clock, retries=retries)
    wanted = [share * min(3.0, 0.1 * 2**n) for n in range(1, attempts)]
    assert clock.slept == pytest.approx(wanted)


def test_a_stale_connection_costs_no_attempt_and_no_pause() -> None:
    """A kept-alive connection that a freeze has closed is replaced at once, but only once."""
    clock = FakeClock()
    script = Script(("ListTables", lost(stale=True)), DONE)
    dynamorm.run(one_call(), script, clock=clock, retries=Retries(attempts=1))
    assert clock.slept == []
    script = Script(*[("ListTables", lost(stale=True))] * 2)
    with pytest.raises(TransportError):
        dynamorm.run(one_call(), script, clock=clock, retries=Retries(attempts=1))


@pytest.mark.parametrize(
    ("first", "lost_one"),
    [(lost(), True), (lost(maybe_applied=False), False), (error("InternalServerError", 500), True)],
)
def test_the_last_error_says_whether_an_earlier_attempt_may_have_worked(
    first: Exception, lost_one: bool
) -> None:
    """An operation can tell "exists" from "exists, and perhaps by my own lost request"."""
    script = Script(("ListTables", first), ("ListTables", error("ResourceInUseException")))
    with pytest.raises(ServiceError) as caught:
        dynamorm.run(one_call(), script, clock=FakeClock())
    assert caught.value.maybe_applied is lost_one


def test_an_error_names_the_table_that_the_request_named() -> None:
    """The service's own words often leave the table out; the error does not, if there is one."""

    def program() -> Steps[Any]:
        return (yield Call("DescribeTable", describe_table("orders"), ListTablesOutput))

    denied = service_error("AccessDeniedException", "no", status=400, operation="DescribeTable")
    with pytest.raises(AccessDenied) as caught:
        dynamorm.run(program(), Script(("DescribeTable", denied)))
    assert caught.value.table == "orders"
    assert "allow dynamodb:DescribeTable on orders" in str(caught.value)
    assert caught.value.text.endswith("- at orders, DescribeTable")
    denied = service_error("AccessDeniedException", "no", status=400, operation="ListTables")
    with pytest.raises(AccessDenied) as caught:
        dynamorm.run(one_call(), Script(("ListTables", denied)))
    assert caught.value.table == ""


ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


@pytest.mark.parametrize(
    ("request_", "table"),
    [
        (requests.list_tags_of_resource(ARN), "orders"),
        (requests.tag_resource(ARN, {"team": "shop"}), "orders"),
        (requests.get_resource_policy(ARN), "orders"),
        (requests.describe_backup(f"{ARN}/backup/1"), "orders"),
        (requests.describe_export(f"{ARN}/export/1"), "orders"),
        (requests.describe_import(f"{ARN}/import/1"), "orders"),
        (requests.cancel_bulk_operation(f"{ARN}/bulk/1"), "orders"),
        (requests.list_exports(ARN), "orders"),
        (requests.tag_resource(ARN, {"team": "shop"}).to_dict(), "orders"),
        ([], ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_names_the_table_of_an_arn(request_: Any, table: str) -> None:
    """The table's own, a backup's or a job's; a step of a plan has its request as a dict."""

    def program() -> Steps[Any]:
        return (yield Call("ListTables", request_, ListTablesOutput))

    denied = service_error("AccessDeniedException", "no", status=400, operation="ListTables")
    with pytest.raises(AccessDenied) as caught:
        dynamorm.run(program(), Script(("ListTables", denied)))
    assert caught.value.table == table


def described(status: str, **members: Any) -> tuple[str, Any]:
    return "DescribeTable", {"Table": {"TableName": "orders", "TableStatus": status, **members}}


MISSING = ("DescribeTable", error("ResourceNotFoundException", operation="DescribeTable"))


def index(status: str | None) -> dict[str, Any]:
    return {"IndexName": "by-status", **({"IndexStatus": status} if status else {})}


def wait_active(
    *turns: tuple[str, Any], timeout: float = 300, local: bool = False
) -> tuple[Any, Script, FakeClock]:
    def program() -> Steps[Any]:
        return (yield from until_active("orders", (yield from deadline_in(timeout))))

    clock = FakeClock(1000.0)
    with Script(*turns) as script:
        script.local = local  # type: ignore[attr-defined]  # an optional part of the contract
        return dynamorm.run(program(), script, clock=clock), script, clock


def test_active_is_the_table_and_every_index() -> None:
    """A wait ends when table and indexes are ACTIVE; an index without a status counts as such."""
    table, script, _ = wait_active(
        described("CREATING"),
        described("ACTIVE", GlobalSecondaryIndexes=[index("CREATING")]),
        described("ACTIVE", VectorIndexes=[index("CREATING")]),
        described("UPDATING", GlobalSecondaryIndexes=[index("ACTIVE")]),
        described("A_STATUS_OF_TOMORROW"),
        described("ACTIVE", GlobalSecondaryIndexes=[index(None)]),
    )
    assert table.table_status == "ACTIVE"
    assert script.turns == []


@pytest.mark.parametrize("kind", ["GlobalSecondaryIndexes", "VectorIndexes"])
@pytest.mark.parametrize("status", ["ACTIVE", None])
def test_an_index_that_is_being_filled_is_not_ready(kind: str, status: str | None) -> None:
    """ACTIVE with Backfilling is waited for: a query would miss items."""
    filling = described("ACTIVE", **{kind: [{**index(status), "Backfilling": True}]})
    filled = described("ACTIVE", **{kind: [{**index("ACTIVE"), "Backfilling": False}]})
    _, script, _ = wait_active(filling, filled)
    assert script.turns == []
    with pytest.raises(WaitTimeout, match="index by-status BACKFILLING") as caught:
        wait_active(*[filling] * 100, timeout=30)
    assert caught.value.indexes == {"by-status": "BACKFILLING"}


OLD = {"TableId": "1", "CreationDateTime": 1.0}
NEW = {"TableId": "2", "CreationDateTime": 2.0}


@pytest.mark.parametrize(
    "turns",
    [
        [described("DELETING")],
        [described("CREATING", **OLD), described("DELETING", **OLD)],
        [described("UPDATING"), described("DELETING")],
        [described("UPDATING"), MISSING],
        [described("ACTIVE", GlobalSecondaryIndexes=[index("CREATING")]), MISSING],
        [described("CREATING", **OLD), described("CREATING", **NEW)],
        [described("UPDATING", **OLD), described("ACTIVE", **NEW)],
    ],
)
def test_a_table_that_is_deleted_while_it_is_waited_for(turns: list[Any]) -> None:
    """It does not come back: that is said at once, and not when the time is over."""
    with pytest.raises(TableNotFound, match="was deleted") as caught:
        wait_active(*turns)
    assert (caught.value.table, caught.value.transient) == ("orders", False)


def test_a_table_of_which_only_a_stale_read_is_left() -> None:
    """Without ids, a table that is DELETING while ours is CREATING is the one before ours."""
    turns = (described("CREATING"), described("DELETING"), MISSING, described("ACTIVE"))
    assert wait_active(*turns)[0].table_status == "ACTIVE"


def test_a_table_that_was_created_and_stays_missing_was_deleted() -> None:
    """Half a minute after its creation no stale read explains that it is missing."""
    with pytest.raises(TableNotFound, match="was deleted"):
        wait_active(described("CREATING"), *[MISSING] * 100)


def test_not_found_straight_after_a_create_is_waited_out() -> None:
    """DescribeTable reads stale: a table that is not seen yet, or not seen again, may come."""
    table, _, _ = wait_active(MISSING, described("CREATING"), MISSING, described("ACTIVE"))
    assert table.table_status == "ACTIVE"


@pytest.mark.parametrize("now", ["new", None])
def test_the_table_that_was_there_before_is_not_the_one_that_is_waited_for(now: Any) -> None:
    """Straight after a delete and a create, a stale DescribeTable tells of the deleted table."""

    def program() -> Steps[Any]:
        deadline = yield from deadline_in(60)
        made, _, _ = wait_active(described("ACTIVE", TableId="new"))
        made = structs.replace(made, table_status="CREATING")
        return (yield from until_active("orders", deadline, made))

    turns = (described("ACTIVE", TableId="old"), MISSING, described("ACTIVE", TableId=now))
    assert dynamorm.run(program(), Script(*turns), clock=FakeClock()).table_id == now


def test_a_table_that_stays_missing_ends_the_wait() -> None:
    """A table that somebody has deleted is not waited for until the deadline."""
    with pytest.raises(WaitTimeout) as caught:
        wait_active(*[MISSING] * 100, timeout=3000)
    assert 30 < caught.value.waited < 60
    assert caught.value.table == "orders"
    assert caught.value.last_status == ""


@pytest.mark.parametrize(
    "status",
    [
        "ARCHIVED",
        "ARCHIVING",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        "REPLICATION_NOT_AUTHORIZED",
    ],
)
def test_a_terminal_status_is_raised_at_once(status: str) -> None:
    """A status that does not become ACTIVE by itself is not waited for."""
    with pytest.raises(TableFailed) as caught:
        wait_active(described("CREATING"), described(status))
    assert (caught.value.table, caught.value.status) == ("orders", status)


def test_the_deadline_tells_the_last_status() -> None:
    """A wait that ends too early says what it saw last, the late indexes included."""
    turns = [described("ACTIVE", GlobalSecondaryIndexes=[index("CREATING")])] * 100
    with pytest.raises(WaitTimeout, match="index by-status CREATING") as caught:
        wait_active(*turns, timeout=60)
    assert (caught.value.table, caught.value.last_status) == ("orders", "ACTIVE")
    assert caught.value.indexes == {"by-status": "CREATING"}
    assert caught.value.waited == 60


def test_polls_are_a_second_apart_or_more_and_grow_to_ten() -> None:
    """Waiting asks soon, then ever more rarely, and at most once a second."""
    _, _, clock = wait_active(*[described("CREATING")] * 40, described("ACTIVE"), timeout=1000)
    assert clock.slept[0] == 1.0
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == 5.5  # half of the way from 1 to 10 s


def test_polls_of_an_emulator_are_five_times_as_often() -> None:
    """An endpoint on this machine is done at once: pauses grow from a fifth of a second to two."""
    _, _, clock = wait_active(*[described("CREATING")] * 40, described("ACTIVE"), local=True)
    assert clock.slept[:3] == pytest.approx([0.2, 0.3, 0.45])
    assert clock.slept[-1] == 2.0


def test_transient_errors_are_waited_out_and_others_are_not() -> None:
    """A wait outlives any throttling, but a refusal ends it at once."""
    throttled = [("DescribeTable", error("ThrottlingException", operation="DescribeTable"))] * 20
    table, _, _ = wait_active(*throttled, described("ACTIVE"))
    assert table.table_status == "ACTIVE"
    with pytest.raises(AccessDenied):
        wait_active(("DescribeTable", error("AccessDeniedException", operation="DescribeTable")))


def test_a_time_out_that_trouble_caused_says_so() -> None:
    """Where nothing but errors came back, the time-out carries the last of them as its cause."""
    throttled = [("DescribeTable", error("ThrottlingException", operation="DescribeTable"))] * 500
    with pytest.raises(WaitTimeout) as caught:
        wait_active(*throttled, timeout=60)
    assert (caught.value.table, caught.value.last_status) == ("orders", "")
    assert isinstance(caught.value.__cause__, Throttled)


def test_a_table_is_gone_when_the_service_says_so() -> None:
    """Waiting for a deletion ends at not-found."""

    def program() -> Steps[None]:
        yield from until_gone("orders", (yield from deadline_in(60)))

    with Script(described("DELETING"), MISSING) as script:
        dynamorm.run(program(), script, clock=FakeClock())


def test_a_deletion_that_takes_too_long_is_told() -> None:
    """A wait for the end of a table says that the table was still there, and how."""

    def program() -> Steps[None]:
        yield from until_gone("orders", (yield from deadline_in(60)))

    with pytest.raises(WaitTimeout) as caught:
        dynamorm.run(program(), Script(*[described("DELETING")] * 100), clock=FakeClock())
    assert caught.value.last_status == "DELETING"


def test_a_table_made_anew_does_not_keep_the_wait_going() -> None:
    """When another table of the name has come in the meantime, the deleted one is gone."""

    def program() -> Steps[None]:
        deadline = yield from deadline_in(60)
        table, _, _ = wait_active(described("ACTIVE", TableId="old"))
        yield from until_gone("orders", deadline, table)

    turns = (described("DELETING", TableId="old"), described("CREATING", TableId="new"))
    script = Script(*turns)
    dynamorm.run(program(), script, clock=FakeClock())
    assert script.turns == []


OPERATIONS: dict[str, Callable[..., Steps[Any]]] = {
    "create": lambda timeout: dynamorm.create_table(SPEC, name="another", timeout=timeout),
    "ensure": lambda timeout: dynamorm.ensure_table(SPEC, timeout=timeout),
    "ensure several": lambda timeout: dynamorm.auto_migrate(SPEC, timeout=timeout),
    "delete": lambda timeout: dynamorm.delete_table("orders", timeout=timeout),
    "apply": lambda timeout: dynamorm.apply(PLAN, timeout=timeout),
    "update": lambda timeout: dynamorm.update_table(SPEC, timeout=timeout),
    "migrate": lambda timeout: dynamorm.auto_migrate_with_options(
        SPEC, target_model=structs.replace(SPEC, name="new"), timeout=timeout
    ),
    "back up": lambda timeout: dynamorm.auto_migrate_with_options(
        SPEC, backup_table="kept", timeout=timeout
    ),
}
SPEC = dynamorm.TableSpec(name="orders", partition_key=dynamorm.KeyAttribute("id", "S"))
PLAN = dynamorm.Plan(
    table="orders",
    steps=(),
    undeclared=(),
    blocked=(),
    spec=SPEC,
    bound_to=Binding(name="orders"),
)
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


@every_operation
@pytest.mark.parametrize(
    ("limit", "wrong"),
    [
        ("5", TypeError),
        (True, TypeError),
        (b"5", TypeError),
        ([5], TypeError),
        (2j, TypeError),
        (timedelta, TypeError),
        (nan, ValueError),
        (-1, ValueError),
        (-inf, ValueError),
        (-(10**400), ValueError),
        (timedelta(seconds=-1), ValueError),
        (Decimal("NaN"), ValueError),
    ],
    ids=repr,
)
def test_a_limit_that_is_none_is_refused_before_anything_is_sent(
    operation: str, limit: Any, wrong: type[Exception]
) -> None:
    """The error names the parameter and what it takes; the service has heard nothing."""
    service = FakeService()
    message = "timeout= takes seconds as a number, a timedelta, or None for no limit"
    with pytest.raises(wrong, match=message):
        dynamorm.run(OPERATIONS[operation](limit), service)
    assert service.sent == []


@every_operation
@pytest.mark.parametrize(
    "limit",
    [600, 600.5, timedelta(minutes=10), Decimal(600), Fraction(1200, 2), None, inf],
    ids=repr,
)
def test_a_limit_is_a_number_a_timedelta_or_none(operation: str, limit: Any) -> None:
    """All of them mean the same to every operation, whether the table is there or not."""
    service = FakeService(create_seconds=500)
    service.clock.moment = 100.0
    dynamorm.run(dynamorm.create_table(SPEC, timeout=None), service)
    dynamorm.run(OPERATIONS[operation](limit), service)


class Slow(FakeService):
    """Keeps the moment at which each answer must be there, and takes a second for each."""

    def __init__(self) -> None:
        super().__init__(create_seconds=0)
        self.ends: list[float | None] = []

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        self.ends.append(None if timeout is None else self.clock.moment + timeout)
        self.clock.moment += 1
        return super().send(operation, body)


@every_operation
def test_the_time_of_an_operation_is_that_of_its_requests(operation: str) -> None:
    """Each request may take what the ones before it have left; without a limit, nothing is said."""
    service = Slow()
    dynamorm.run(dynamorm.create_table(SPEC, timeout=None), service)
    service.ends.clear()
    begun = service.clock.now()
    dynamorm.run(OPERATIONS[operation](timedelta(seconds=60)), service)
    assert service.ends[0] == begun + 60
    if operation in ("migrate", "back up"):  # the time is that of each part
        assert all(end and begun + 60 <= end <= service.clock.now() + 60 for end in service.ends)
    else:
        assert set(service.ends) == {begun + 60}


@every_operation
def test_without_a_limit_no_request_has_one(operation: str) -> None:
    """`None` lets a transport's own time-outs hold, and nothing else."""
    service = Slow()
    dynamorm.run(dynamorm.create_table(SPEC, timeout=None), service)
    dynamorm.run(OPERATIONS[operation](None), service)
    assert set(service.ends) == {None}


def test_the_time_of_an_operation_ends_what_it_retries() -> None:
    """A transient error is not tried again when the pause would reach beyond the deadline."""
    clock = FakeClock(share=1.0)
    script = Script(*[("DescribeTable", error("ThrottlingException"))] * 100)
    with pytest.raises(Throttled):
        dynamorm.run(dynamorm.ensure_table(SPEC, timeout=2), script, clock=clock)
    assert clock.moment <= 2


def test_an_inner_limit_does_not_reach_beyond_an_outer_one() -> None:
    """An operation inside another keeps the shorter of both times."""

    def program(_deadline: Deadline, limit: float | None) -> Steps[Any]:
        return dynamorm.ensure_table(SPEC, timeout=limit)

    for limit, wanted in ((50, 50), (500, 60), (None, 60)):
        service = Slow()
        dynamorm.run(within(60, partial(program, limit=limit)), service)
        assert service.ends[0] == wanted


@pytest.mark.parametrize(
    ("given", "wrong"),
    [("3", TypeError), (True, TypeError), (2.5, TypeError), (None, TypeError), (0, ValueError)],
    ids=repr,
)
def test_what_is_no_number_of_attempts_is_refused(given: Any, wrong: type[Exception]) -> None:
    """Connect and run refuse it at once, with what they take."""
    for attempt in (
        lambda: dynamorm.run(one_call(), Script(), retries=given),
        lambda: dynamorm.connect(transport=Script(), retries=given),
        lambda: dynamorm.connect_async(transport=Async(Script()), retries=given),
        lambda: Retries(attempts=given),
    ):
        with pytest.raises(wrong, match=r"(retries|attempts)= (takes|counts)"):
            attempt()


@pytest.mark.parametrize("field", ["base", "cap", "budget"])
def test_the_seconds_of_retries_are_seconds(field: str) -> None:
    """What is no length of time is refused where it is said, and named."""
    with pytest.raises(TypeError, match=f"{field}= takes seconds"):
        Retries(**{field: "5"})
    with pytest.raises(ValueError, match=f"{field}= takes seconds"):
        Retries(**{field: -1})


def test_a_number_of_retries_is_one_of_attempts() -> None:
    """`retries=3` tries three times, the first attempt included."""
    script = Script(*[("ListTables", error("ThrottlingException"))] * 3)
    with pytest.raises(Throttled):
        dynamorm.run(one_call(), script, clock=FakeClock(), retries=3)
    assert script.turns == []


def test_by_default_there_are_eight_attempts_within_twenty_seconds() -> None:
    """As the tutorial says."""
    assert (Retries().attempts, Retries().budget) == (8, 20.0)
    script = Script(*[("ListTables", error("ThrottlingException"))] * 9)
    with pytest.raises(Throttled):
        dynamorm.run(one_call(), script, clock=FakeClock(share=0.0))
    assert len(script.turns) == 1
