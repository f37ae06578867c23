"""The seam of drivers and transports: who is given the time that is left, and who is refused."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import dynamorm
from dynamorm import Call, Steps, TransportError
from dynamorm.api.tables import ListTablesOutput
from dynamorm.requests import list_tables
from dynamorm.testing import Async, FakeClock, FakeService, Recorder, Script
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.client import ClientTransport
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.threads import ThreadTransport

BODY = b'{"TableNames": []}'


def listing(deadline: float | None) -> Steps[Any]:
    return (yield Call("ListTables", list_tables(), ListTablesOutput, deadline=deadline))


class Timed:
    """Keeps the seconds that it was given."""

    def __init__(self) -> None:
        self.given: list[float | None] = []

    def send(self, operation: str, body: bytes, *, timeout: float | None = None) -> bytes:
        self.given.append(timeout)
        return BODY


class Untimed(Timed):
    def send(self, operation: str, body: bytes) -> bytes:  # type: ignore[override]  # an older one
        return super().send(operation, body)


class Keywords(Timed):
    def send(self, *args: Any, **options: Any) -> bytes:
        return super().send(*args, **options)


def decorated(send: Any) -> Any:
    @functools.wraps(send)
    def wrapper(*args: Any, **options: Any) -> Any:
        return send(*args, **options)

    return wrapper


class Decorated(Timed):
    send = decorated(Timed.send)


class UntimedDecorated(Untimed):
    send = decorated(Untimed.send)


class Partial(Timed):
    def __init__(self) -> None:
        super().__init__()
        self.send = functools.partial(Timed.send, self)  # type: ignore[method-assign]  # as some do


class Called(Timed):
    """Has a `send` that is no function, and can be called."""

    def __init__(self) -> None:
        super().__init__()
        given = self.given

        class Send:
            def __call__(self, operation: str, body: bytes, timeout: float | None = None) -> bytes:
                given.append(timeout)
                return BODY

        self.send = Send()  # type: ignore[method-assign,assignment]  # as some do


class UntimedPartial(Timed):
    def __init__(self) -> None:
        super().__init__()
        self.send = functools.partial(self._send, 0)  # type: ignore[method-assign,assignment]

    def _send(self, _region: int, operation: str, body: bytes) -> bytes:
        self.given.append(None)
        return BODY


class Compiled(Timed):
    """Has a `send` written in C, of which nobody can tell the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.send = {"ListTables": BODY}.get  # type: ignore[method-assign,assignment]  # as some do


@pytest.mark.parametrize("kind", [Timed, Keywords, Decorated, Partial, Called])
def test_a_transport_that_takes_a_time_out_gets_the_seconds_that_are_left(
    kind: Callable[[], Timed],
) -> None:
    """They are what is left until the deadline of the call, and nothing where there is none."""
    transport = kind()
    dynamorm.run(listing(5.0), transport, clock=FakeClock(2.0))
    dynamorm.run(listing(None), transport, clock=FakeClock(2.0))
    assert transport.given == [3.0, None]


@pytest.mark.parametrize("kind", [Untimed, UntimedDecorated, UntimedPartial, Compiled])
def test_a_transport_that_takes_none_is_not_given_one(kind: Callable[[], Timed]) -> None:
    """A transport from before time-outs works as it did."""
    transport = kind()
    dynamorm.run(listing(5.0), transport, clock=FakeClock(2.0))
    assert set(transport.given) <= {None}


@pytest.mark.parametrize("wrapped", [Recorder, lambda inner: Async(Recorder(inner))])
def test_our_wrappers_hand_the_seconds_on(wrapped: Callable[[Any], Any]) -> None:
    """Recorder and Async give them to what they wrap, if that takes them."""
    for inner, wanted in ((Timed(), [3.0]), (Untimed(), [None])):
        transport = wrapped(inner)
        if isinstance(transport, Async):
            asyncio.run(dynamorm.arun(listing(5.0), transport, clock=FakeClock(2.0)))
        else:
            dynamorm.run(listing(5.0), transport, clock=FakeClock(2.0))
        assert inner.given == wanted


def test_a_thread_transport_hands_the_seconds_on_and_keeps_the_clock() -> None:
    """What is wrapped decides on both: waits on a fake service take no real time under asyncio."""
    inner = Timed()
    inner.clock = FakeClock(2.0)  # type: ignore[attr-defined]  # an optional part of the contract
    asyncio.run(dynamorm.arun(listing(5.0), ThreadTransport(inner)))
    assert inner.given == [3.0]
    service = FakeService(create_seconds=200)
    spec = dynamorm.TableSpec(name="orders", partition_key=dynamorm.KeyAttribute("id", "S"))
    asyncio.run(dynamorm.arun(dynamorm.create_table(spec), ThreadTransport(service)))
    assert service.clock.moment >= 200


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_no_request_starts_after_its_deadline(left: float) -> None:
    """Where no time is left nothing is sent, and the error says that nothing was and what helps."""
    transport = Timed()
    with pytest.raises(TransportError) as caught:
        dynamorm.run(listing(2.0 + left), transport, clock=FakeClock(2.0))
    assert transport.given == []
    assert caught.value.text == (
        "not sent, since the time for the whole operation is over: give more as timeout= (the "
        "request had no effect) - at ListTables"
    )


def test_a_request_starts_with_little_time_left() -> None:
    """A tenth of a second may do."""
    transport = Timed()
    dynamorm.run(listing(2.125), transport, clock=FakeClock(2.0))
    assert transport.given == [0.125]


class Awaited:
    async def send(self, operation: str, body: bytes) -> bytes:
        return BODY


class Promised:
    """Is no coroutine function, and says that what it gives is to be awaited."""

    def send(self, operation: str, body: bytes) -> Awaitable[bytes]:
        return Awaited().send(operation, body)


class AwaitedDecorated:
    send = decorated(Awaited.send)


def marked(send: Any) -> None:
    """Do what Python does from 3.12 on."""
    send._is_coroutine_marker = True


class Marked:
    """Is marked as a coroutine function, as `inspect.markcoroutinefunction` does."""

    def send(self, operation: str, body: bytes) -> Any:
        return Awaited().send(operation, body)

    del send.__annotations__["return"]
    getattr(inspect, "markcoroutinefunction", marked)(send)


@pytest.mark.parametrize("kind", [Awaited, Promised, AwaitedDecorated, Marked])
def test_what_gives_something_to_await_is_for_asyncio(kind: Callable[[], Any]) -> None:
    """A coroutine function, a wrapper of one, and one that is annotated are all taken."""
    assert asyncio.run(dynamorm.arun(listing(None), kind())).table_names == ()
    assert dynamorm.connect_async(transport=kind()) is not None


def test_a_synchronous_transport_is_refused_before_it_sends() -> None:
    """connect_async and arun name what to wrap it in; no table is made by a request that failed."""
    service = FakeService()
    for attempt in (
        lambda: dynamorm.connect_async(transport=service),  # type: ignore[arg-type]  # the mistake
        lambda: asyncio.run(dynamorm.arun(listing(None), service)),  # type: ignore[arg-type]
        lambda: asyncio.run(dynamorm.AsyncDatabase(service).run(listing(None))),
    ):
        with pytest.raises(TypeError, match=r"FakeService .*ThreadTransport.*testing\.Async"):
            attempt()
    assert service.sent == []


def test_an_asynchronous_transport_is_refused_before_it_sends() -> None:
    """`connect`, `run` and ThreadTransport say that it is for asyncio."""
    script = Script()
    for attempt in (
        lambda: dynamorm.connect(transport=Async(script)),  # type: ignore[arg-type]  # the mistake
        lambda: dynamorm.run(listing(None), Async(script)),  # type: ignore[arg-type]
        lambda: ThreadTransport(Async(script)),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="Async is for asyncio: use connect_async"):
            attempt()
    assert script.sent == []


def test_a_transport_that_has_to_be_awaited_in_spite_of_its_word_is_refused() -> None:
    """A coroutine that nobody expected is closed, so that Python does not warn of it."""

    async def answering() -> bytes:
        return BODY

    class Broken:
        def send(self, operation: str, body: bytes) -> bytes:
            return answering()  # type: ignore[return-value]  # the mistake

    with pytest.raises(TypeError, match="Broken is for asyncio: use connect_async"):
        dynamorm.run(listing(None), Broken())


def test_a_transport_that_answers_at_once_in_spite_of_its_word_is_refused() -> None:
    """A promise that is not kept is a TypeError that names the way out."""

    class Broken:
        def send(self, operation: str, body: bytes) -> Awaitable[bytes]:
            return BODY  # type: ignore[return-value]  # the mistake

    with pytest.raises(TypeError, match=r"Broken is not for asyncio: .*ThreadTransport"):
        asyncio.run(dynamorm.arun(listing(None), Broken()))  # type: ignore[arg-type]


def test_the_documented_signature_is_that_of_our_transports() -> None:
    """Every transport of this package has `timeout` as a keyword, None by default."""
    ours = (HttpTransport, AioTransport, BotocoreTransport, ClientTransport, ThreadTransport)
    for kind in (FakeService, Script, Recorder, Async, *ours):
        timeout = inspect.signature(kind.send).parameters["timeout"]
        assert timeout.kind is timeout.KEYWORD_ONLY
        assert timeout.default is None
