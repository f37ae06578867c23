"""`run` and `arun` perform the same operation in the same way."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Generator
from typing import Annotated, Any

import pytest
from aids.worlds import Driver, Order
from msgspec import Struct, json

import dynamorm
from dynamorm import Call, Now, PartitionKey, Retries, Sleep, Steps, Transport, TransportError
from dynamorm.api.settings import NoOutput
from dynamorm.api.tables import ListTablesOutput
from dynamorm.operations import Home, Waiting, WallTime, call, together
from dynamorm.requests import list_tables, tag_resource
from dynamorm.testing import Async, FakeClock, FakeService, Recorder, Script

ANSWER = {"TableNames": ["one"]}


def one_call() -> Steps[ListTablesOutput]:
    reply: ListTablesOutput = yield Call("ListTables", list_tables(), ListTablesOutput)
    return reply


class Interrupting:
    """A transport that something outside the program breaks off."""

    def __init__(self, interrupt: BaseException) -> None:
        self.interrupt = interrupt

    def send(self, operation: str, body: bytes) -> bytes:
        raise self.interrupt


def test_an_answer_arrives_as_the_reply_type(driver: Driver) -> None:
    """A call's answer is decoded into the Struct that the call names."""
    assert driver(one_call(), Script(("ListTables", ANSWER))).table_names == ("one",)


def test_errors_are_raised_at_the_request_that_they_concern(driver: Driver) -> None:
    """What the transport raises can be caught inside the operation, of whatever class it is."""

    def program() -> Steps[str]:
        try:
            yield Call("ListTables", list_tables(), ListTablesOutput)
        except LookupError as error:
            return f"caught {error}"
        return "nothing"

    assert driver(program(), Interrupting(LookupError("lost"))) == "caught lost"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_an_interrupt_closes_the_operation(driver: Driver, interrupt: type[BaseException]) -> None:
    """Ctrl-C and cancellation run the operation's `finally` and are not thrown into it."""
    ended: list[str] = []

    def program() -> Steps[None]:
        try:
            yield Call("ListTables", list_tables(), ListTablesOutput)
        except Exception:  # noqa: BLE001 - whatever would be thrown in
            ended.append("as an error")
        finally:
            ended.append("closed")

    with pytest.raises(interrupt):
        driver(program(), Interrupting(interrupt()))
    assert ended == ["closed"]


def test_cancelling_a_task_closes_its_operation() -> None:
    """A task that is cancelled while it waits leaves nothing of the operation behind."""
    ended: list[str] = []

    class Never:
        async def send(self, operation: str, body: bytes) -> bytes:
            await asyncio.Event().wait()
            raise AssertionError("never")

    def program() -> Steps[None]:
        try:
            yield Call("ListTables", list_tables(), ListTablesOutput)
        finally:
            ended.append("closed")

    async def main() -> None:
        task = asyncio.create_task(dynamorm.arun(program(), Never()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    gc.collect()
    assert ended == ["closed"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"TableNames": [', b"[]", b"{}", b"\xff", b"<html>"])
def test_half_an_answer_is_no_answer(driver: Driver, body: bytes) -> None:
    """An answer that is no JSON, or lacks what it always has, is an error, the last time too."""
    script = Script(*[("ListTables", body)] * 3)
    with pytest.raises(TransportError) as caught:
        driver(one_call(), script, retries=Retries(attempts=3), clock=FakeClock())
    assert caught.value.transient
    assert caught.value.maybe_applied
    assert len(script.sent) == 3


class Foreign:
    """What answers at an endpoint that is no DynamoDB."""

    endpoint_url = "http://localhost:8000"

    def send(self, operation: str, body: bytes) -> bytes:
        return b"{}"


class AsyncForeign(Foreign):
    async def send(self, operation: str, body: bytes) -> bytes:  # type: ignore[override]
        return b"{}"


def test_an_answer_that_is_none_is_told_with_where_it_came_from() -> None:
    """The endpoint may lead to something that is no DynamoDB."""
    told = r"^the answer from http://localhost:8000 is not a whole ListTables reply"
    with pytest.raises(TransportError, match=told):
        dynamorm.run(one_call(), Foreign(), retries=1)
    with pytest.raises(TransportError, match=told):
        asyncio.run(dynamorm.arun(one_call(), AsyncForeign(), retries=1))


@pytest.mark.parametrize("body", [b"", b'""', b"{}"])
def test_where_no_answer_is_due_none_is_missed(driver: Driver, body: bytes) -> None:
    """TagResource has no output: the service answers it without a body, and dynalite with ''."""
    steps = call("TagResource", tag_resource("arn", {"a": "b"}), NoOutput)
    assert driver(steps, Script(("TagResource", body))) == NoOutput()


def test_a_flaw_in_one_answer_is_repaired_by_the_next(driver: Driver) -> None:
    """A damaged answer costs a retry and nothing else."""
    script = Script(("ListTables", b"{}"), ("ListTables", ANSWER))
    assert driver(one_call(), script, clock=FakeClock()).table_names == ("one",)


class Later:
    """A transport whose answers are awaited and are no coroutines."""

    def send(self, operation: str, body: bytes) -> Any:
        return self

    def __await__(self) -> Any:
        raise NotImplementedError


def test_a_transport_of_the_other_kind_is_refused() -> None:
    """A transport is for asyncio or it is not, and the error says what to do about it."""
    script = Script(("ListTables", ANSWER))
    with pytest.raises(TypeError, match="Async is for asyncio: use connect_async or arun"):
        dynamorm.run(one_call(), Async(script))
    with pytest.raises(TypeError, match="Later is for asyncio"):
        dynamorm.run(one_call(), Later())
    with pytest.raises(TypeError, match=r"Script is not for asyncio: .*ThreadTransport"):
        asyncio.run(dynamorm.arun(one_call(), script))


def test_an_operation_can_be_performed_once(driver: Driver) -> None:
    """A second run of the same operation is refused instead of silently doing nothing."""
    steps = one_call()
    driver(steps, Script(("ListTables", ANSWER)))
    with pytest.raises(RuntimeError) as caught:
        driver(steps, Script())
    assert str(caught.value) == (
        "this operation has been performed and runs only once: create a new one"
    )


def test_any_generator_is_an_operation(driver: Driver) -> None:
    """Also one of a class of its own, which has no frame."""

    class Counting(Generator[Any, Any, int]):
        def send(self, answer: Any) -> Any:
            if answer is None:
                return Now()
            raise StopIteration(7)

        def throw(self, *error: Any) -> Any:
            raise error[0]

    assert driver(Counting(), Script(), clock=FakeClock(1.0)) == 7


def test_what_is_no_operation_is_refused(driver: Driver) -> None:
    """The function in place of its operation, and what a method of a database has given."""
    coroutine = asyncio.sleep(0)
    for wrong in (dynamorm.list_tables, coroutine, ("orders",), "x" * 1000):
        with pytest.raises(TypeError) as caught:
            driver(wrong, Script())
        assert str(caught.value) == (
            "expected an operation such as dynamorm.ensure_table(Model); methods run theirs; got "
            f"{wrong!r:.200}"
        )
    coroutine.close()


def test_an_unknown_effect_is_refused_inside_the_operation(driver: Driver) -> None:
    """An operation that yields something else finds out where it does so."""

    def program() -> Steps[None]:
        yield "tea"  # type: ignore[misc]  # the mistake under test

    told = "^an operation yields Call, Sleep, Now, WallTime, Where or Together, not 'tea'$"
    with pytest.raises(TypeError, match=told):
        driver(program(), Script())


def test_a_pause_takes_its_seconds_and_a_share_of_its_spread(driver: Driver) -> None:
    """Jitter is the driver's: the operation only says how much of it there may be."""
    clock = FakeClock(share=0.25)

    def program() -> Steps[float]:
        yield Sleep(1.0, spread=2.0)
        moment: float = yield Now()
        return moment

    assert driver(program(), Script(), clock=clock) == 1.5


def test_pauses_are_shorter_where_the_service_is_on_this_machine(driver: Driver) -> None:
    """An emulator is not waited for as long as the real service."""
    clock = FakeClock()
    script = Script()
    script.local = True  # type: ignore[attr-defined]  # an optional part of the contract

    def program() -> Steps[None]:
        yield Sleep(1.0, spread=9.0, local=0.2)
        yield Sleep(0.1, local=0.2)
        yield Sleep(1.0)

    driver(program(), script, clock=clock)
    driver(program(), Script(), clock=clock)
    assert clock.slept == [0.2, 0.1, 1.0, 5.5, 0.1, 1.0]


def test_a_blocking_function_is_called_for_an_operation(driver: Driver) -> None:
    """Its result is the answer; it can ask whether to stop, and need not as long as all is well."""

    def program() -> Steps[tuple[str, bool]]:
        answer: tuple[str, bool] = yield Waiting(lambda stopped: ("done", stopped()))
        return answer

    assert driver(program(), Script()) == ("done", False)


def test_an_operation_is_told_which_database_runs_it(driver: Driver) -> None:
    """To take it to other processes; without one it is told so."""

    def program() -> Steps[Any]:
        return (yield Home())

    database = dynamorm.connect(transport=Script())
    assert driver(program(), Script(), home=database) is database
    assert driver(program(), Script()) is None


def test_the_machines_own_clock_moves_on() -> None:
    """Without a clock of one's own, time and chance are the machine's."""
    clock = dynamorm.Clock()

    def program() -> Steps[float]:
        before: float = yield Now()
        yield Sleep(0.0, spread=0.000_1)
        after: float = yield Now()
        return after - before

    assert dynamorm.run(program(), Script()) >= 0
    assert asyncio.run(dynamorm.arun(program(), Async(Script()))) >= 0
    assert 0 <= clock.random() < 1
    assert abs(clock.time() - time.time()) < 60
    assert abs(clock.now() - time.monotonic()) < 60


class Watched(FakeClock):
    """Tells the seconds since the epoch as another number than those that never go back."""

    def time(self) -> float:
        return 5000.0


def test_two_times_are_told_apart(driver: Driver) -> None:
    """The one that never goes back, and the one that the service counts too."""

    def program() -> Steps[tuple[float, float]]:
        never_back: float = yield Now()
        wall: float = yield WallTime()
        return never_back, wall

    assert driver(program(), Script(), clock=Watched(7.0)) == (7.0, 5000.0)


class Answering:
    """Gives one answer to everything, and lets other tasks go on before it does."""

    def send(self, operation: str, body: bytes) -> bytes:
        return json.encode(ANSWER)


class AnsweringLater(Answering):
    async def send(self, operation: str, body: bytes) -> bytes:  # type: ignore[override]  # awaited
        await asyncio.sleep(0)
        return super().send(operation, body)


@pytest.mark.parametrize(
    "perform",
    [
        lambda steps: dynamorm.run(steps, Answering()),
        lambda steps: asyncio.run(dynamorm.arun(steps, AnsweringLater())),
    ],
    ids=["run", "arun"],
)
def test_an_operation_that_fails_stops_those_that_run_with_it(
    perform: Callable[[Steps[Any]], Any],
) -> None:
    """Who runs together ends together: nobody goes on for ever after another's error."""
    seen: list[str] = []

    def endless() -> Steps[None]:
        try:
            while len(seen) < MANY:
                seen.append("going on")
                yield from one_call()
        finally:
            seen.append("closed")

    def failing() -> Steps[None]:
        while not seen:
            yield from one_call()
        raise LookupError("lost")

    with pytest.raises(LookupError):
        perform(together((endless(), failing())))
    assert seen[-1] == "closed"
    assert len(seen) < MANY


MANY = 100_000
"""Requests that nobody has the time to send while another operation ends."""


@dynamorm.table("orders")
class Indexed(Struct):
    number: Annotated[int, PartitionKey()]
    status: Annotated[str, PartitionKey(index="by-status")]


OPERATIONS: dict[str, Callable[[], Steps[Any]]] = {
    "ensure": lambda: dynamorm.ensure_table(Order, name="another"),
    "delete": lambda: dynamorm.delete_table("orders"),
    "list": lambda: dynamorm.list_tables(),
    "migrate several": lambda: dynamorm.auto_migrate(
        *(dynamorm.table_spec(Order, name=name) for name in ("orders-3", "orders-4"))
    ),
    "update": lambda: dynamorm.update_table(Indexed, tags={"team": "orders"}),
    "copy": lambda: dynamorm.copy_table("orders", "orders-2", segments=3, page_limit=10),
    "verify": lambda: dynamorm.verify_copy("orders", "orders-2", segments=3),
    "copy with a backup": lambda: dynamorm.auto_migrate_with_options(
        Order,
        target_model=dynamorm.table_spec(Order, name="orders-2"),
        data_copy=True,
        backup_table="kept",
    ),
}


class Interrupted(Recorder):
    """Breaks off when so many requests have been sent."""

    def __init__(self, transport: Transport, after: int) -> None:
        super().__init__(transport)
        self._left = iter(range(after))

    def send(self, operation: str, body: bytes) -> bytes:
        if next(self._left, None) is None:
            raise KeyboardInterrupt
        return super().send(operation, body)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_can_be_broken_off_at_every_request(operation: str) -> None:
    """It ends there, as what broke it off says, and does not try to go on."""
    for after in range(100):
        service = FakeService(create_seconds=0)
        for name in ("orders", "orders-2"):
            dynamorm.run(dynamorm.create_table(Order, name=name), service)
            service.put(name, *(b'{"number":{"N":"%d"}}' % number for number in range(50)))
        transport = Interrupted(service, after)
        try:
            dynamorm.run(OPERATIONS[operation](), transport)
        except KeyboardInterrupt:
            assert len(transport.sent) == after
        else:
            break
    assert len(transport.sent) == after


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_that_is_dropped_half_way_ends_quietly(operation: str) -> None:
    """Nobody has to close what he has not performed to its end."""
    steps = iter(OPERATIONS[operation]())
    next(steps)
    del steps
    gc.collect()
