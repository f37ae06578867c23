"""Observing: what a callback and the log of the application are told, and what they are not."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from aids.httpserver import Server, answer, refusal
from aids.worlds import Order, stocked

import dynamorm
from dynamorm import Event, Retries, Throttled, TransportError
from dynamorm.errors import service_error
from dynamorm.testing import FakeService, Script

BUSY = service_error("ThrottlingException", "the-secret", status=400, operation="DescribeTable")
TABLE = {"Table": {"TableName": "dev-orders", "TableStatus": "ACTIVE"}}


def facts(events: list[Event]) -> list[tuple[Any, ...]]:
    return [(e.kind, e.operation, e.table, e.attempt) for e in events]


def test_a_callback_is_told_of_each_request_retry_and_wait(driver):
    """In order, with the real table, the attempt, and the seconds that it took or will take."""
    service = FakeService(create_seconds=2)
    service.fail("DescribeTable", BUSY)
    events: list[Event] = []
    driver(
        dynamorm.create_table(Order),
        service,
        table_prefix="dev-",
        clock=service.clock,
        observe=events.append,
    )
    created, waited, busy, retried, again, *_ = events
    assert facts([created, waited, busy, retried, again]) == [
        ("request", "CreateTable", "dev-orders", 1),
        ("wait", "CreateTable", "dev-orders", 1),
        ("request", "DescribeTable", "dev-orders", 1),
        ("retry", "DescribeTable", "dev-orders", 1),
        ("request", "DescribeTable", "dev-orders", 2),
    ]
    assert (created.error, waited.error, again.error) == (None, None, None)
    assert waited.seconds + retried.seconds <= sum(service.clock.slept)
    for event in (busy, retried):
        assert isinstance(event.error, Throttled)
        assert event.error.__traceback__ is None
    assert (busy.status, created.status) == (400, None)


def test_pages_of_a_copy_are_told_and_operations_together_are_counted_apart(driver):
    """Each Scan that brought items is a page; segments do not count each other's attempts."""
    service = stocked(Order, **{"orders": [{"number": {"N": "1"}}], "orders-2": []})
    events: list[Event] = []
    driver(
        dynamorm.copy_table(Order, "orders-2", segments=2),
        service,
        clock=service.clock,
        observe=events.append,
    )
    pages = [event for event in events if event.kind == "page"]
    assert {(event.operation, event.table) for event in pages} == {("Scan", "orders")}
    assert len(pages) == sum(e.operation == "Scan" and e.kind == "request" for e in events)
    assert {event.attempt for event in events} == {1}


@pytest.mark.parametrize("transport", ["http", "botocore"])
def test_our_transports_tell_status_and_request_id(transport):
    """Of a refusal as of an answer; what is given to nobody costs nothing."""
    answers = (
        answer(TABLE, x_amzn_RequestId="R1"),
        refusal("ResourceNotFoundException", "no", x_amzn_RequestId="R2"),
    )
    events: list[Event] = []
    with Server(*answers) as server:
        db = dynamorm.connect(
            "eu-west-1",
            endpoint=server.url,
            credentials=dynamorm.Credentials("a", "b"),
            transport=transport,
            observe=events.append,
        )
        assert [db.table_exists("dev-orders") for _ in range(2)] == [True, False]
        db.close()
    assert [(e.status, e.request_id) for e in events] == [(200, "R1"), (400, "R2")]
    assert str(events[1]).endswith("status 400, request R2, ResourceNotFoundException")


def test_what_is_no_error_of_ours_is_told_as_it_is():
    """Whatever a transport raises, an interrupt too; a whole answer that is none has its status."""
    events: list[Event] = []
    for raised in (LookupError("lost"), KeyboardInterrupt()):
        db = dynamorm.connect(transport=Script(("DescribeTable", raised)), observe=events.append)
        with pytest.raises(type(raised)):
            db.describe_table("orders")
    assert [type(event.error) for event in events] == [LookupError, KeyboardInterrupt]


def test_the_log_says_what_happens_without_values(caplog, driver):
    """Retries and throttling at INFO, the rest at DEBUG; no text of an error, which may quote."""
    caplog.set_level(logging.DEBUG, "dynamorm")
    script = Script(("DescribeTable", BUSY), ("DescribeTable", TABLE))
    again = {"clock": FakeService().clock, "retries": Retries(attempts=2)}
    driver(dynamorm.describe_table("dev-orders"), script, **again)
    logged = [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "dynamorm"]
    place = "DescribeTable on dev-orders: attempt"
    assert logged == [
        ("INFO", f"request {place} 1, 0.000 s, status 400, ThrottlingException"),
        ("INFO", f"retry {place} 1, 0.050 s, ThrottlingException"),
        ("DEBUG", f"request {place} 2, 0.000 s"),
    ]


def test_a_failing_callback_is_logged_and_the_operation_goes_on(caplog):
    """Its error is dropped, whatever it is."""

    def fail(event: Event) -> None:
        raise LookupError(event.kind)

    db = dynamorm.connect(transport=Script(("DescribeTable", TABLE)), observe=fail)
    assert db.table_exists("dev-orders")
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("dynamorm", "ERROR")
    assert record.exc_info[0] is LookupError


def test_logging_is_not_imported_for_an_application_without(monkeypatch):
    """With a callback and without one."""
    monkeypatch.delitem(sys.modules, "logging")
    events: list[Event] = []
    for observe in (None, events.append):
        script = Script(("ListTables", {"TableNames": []}))
        dynamorm.connect(transport=script, observe=observe).list_tables()
    assert [(event.operation, event.table) for event in events] == [("ListTables", "")]
    assert "logging" not in sys.modules


def test_an_answer_that_is_none_is_an_error_with_its_status():
    """The transport has told of an answer that nothing could be made of."""
    events: list[Event] = []
    with Server(answer(b"[]")) as server:
        db = dynamorm.connect(
            endpoint=server.url,
            credentials=dynamorm.Credentials("a", "b"),
            transport="http",
            retries=1,
            observe=events.append,
        )
        with pytest.raises(TransportError):
            db.describe_table("orders")
        db.close()
    (event,) = events
    assert (event.status, type(event.error)) == (200, TransportError)


@pytest.mark.parametrize("observe", [5, "print"])
def test_only_a_function_can_observe(observe):
    """So it is said when the database is made; a coroutine function would never be awaited."""

    async def awaited(event: Event) -> None: ...

    for wrong in (observe, awaited):
        with pytest.raises(TypeError, match="observe= takes a plain function, not an async one: "):
            dynamorm.connect(transport="http", observe=wrong)
