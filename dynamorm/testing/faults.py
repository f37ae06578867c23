"""What requests to a fake fail with: what the test wants, and what the service refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

Fault = tuple[str, BaseException, bool]
"""An operation, its error, and whether this comes once the request has had its effect."""


class Refusal(Exception):
    """The code and the words of an error; of which operation it is, the one who sends it knows."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def failing(faults: list[Fault], name: str) -> Iterator[None]:
    """Raise the next fault of an operation: before what is done in this context, or after it."""
    fault = next((fault for fault in faults if fault[0] == name), None)
    if fault is None:
        yield
        return
    faults.remove(fault)
    _, error, after_effect = fault
    if after_effect:
        # As when an answer is lost: the request has taken effect, and its sender is not told.
        yield
    raise error
