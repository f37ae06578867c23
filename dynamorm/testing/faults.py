"""What requests to a fake fail with: what the test wants, and what the service refuses."""

from __future__ import annotations

Fault = tuple[str, BaseException, bool]
"""An operation, its error, and whether this comes once the request has had its effect."""


class Refusal(Exception):
    """The code and the words of an error; of which operation it is, the one who sends it knows."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


def due(faults: list[Fault], operation: str) -> BaseException | None:
    """Take the next fault of an operation: raise it, or return one that comes after the effect."""
    fault = next((fault for fault in faults if fault[0] == operation), None)
    if fault is None:
        return None
    faults.remove(fault)
    _, error, after_effect = fault
    if not after_effect:
        raise error
    return error
