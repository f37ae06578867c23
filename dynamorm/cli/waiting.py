"""Waits until an endpoint answers, such as an emulator that has just been started."""

from __future__ import annotations

from contextlib import suppress

from ..api import DescribeTableOutput
from ..errors import ServiceError, TransportError
from ..operations import Steps, call
from ..operations.waiting import Deadline, pause, polling, within
from ..requests import describe_table


def until_answered(seconds: float) -> Steps[None]:
    """Ask for a table until there is an answer; an error of the service is one too.

    Sends DescribeTable, and raises the last `TransportError` when the time is over.
    """
    return (yield from within(seconds, _ask))


def _ask(deadline: Deadline) -> Steps[None]:
    schedule = polling()
    while True:
        try:
            # Any name will do: "no such table" is an answer too.
            with suppress(ServiceError):
                yield from call("DescribeTable", describe_table("dynamorm"), DescribeTableOutput)
            return
        except TransportError:
            if not (yield from pause(schedule, deadline)):
                raise
