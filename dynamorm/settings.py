"""What a copy can be told, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from msgspec import Struct

from .errors import DynamormError
from .prefixing import Place
from .reports import CopyReport

if TYPE_CHECKING:
    from .transforms import Transform

__all__ = ["CopyOptions", "CopySettings", "check_segments"]

MAX_BATCH = 25
MAX_SEGMENTS = 1_000_000
CO_COROUTINE = 0x80  # as in `inspect`, which takes long to import

Deadline = float | Callable[[], float] | None
OnError = Literal["raise"] | Callable[[dict[str, Any], DynamormError], None]
Progress = Callable[[CopyReport], object] | None
Unmodelled = Literal["keep", "drop", "error"]


class CopyOptions(TypedDict, total=False):
    """The keywords that `copy_table`, `copy_segment` and `auto_migrate_with_options` share."""

    transform: Transform | None
    batch_size: int
    page_limit: int | None
    consistent_read: bool
    max_read_units: float | None
    max_write_units: float | None
    deadline: Deadline
    resume: dict[str, Any] | None
    progress: Progress
    on_error: OnError
    unmodelled: Unmodelled
    in_place: bool
    target_db: Place | None


class CopySettings(Struct, frozen=True, kw_only=True):
    """The same with their defaults; raises `ValueError` or `TypeError` for what makes no sense."""

    transform: Transform | None = None
    batch_size: int = MAX_BATCH
    page_limit: int | None = None
    consistent_read: bool = False
    max_read_units: float | None = None
    max_write_units: float | None = None
    deadline: Deadline = None
    resume: dict[str, Any] | None = None
    progress: Progress = None
    on_error: OnError = "raise"
    unmodelled: Unmodelled = "keep"
    in_place: bool = False
    target_db: Place | None = None

    def __post_init__(self) -> None:
        _check_whole("batch_size=", self.batch_size, MAX_BATCH)
        _check_whole("page_limit=", 1 if self.page_limit is None else self.page_limit, 2**31 - 1)
        for name in ("max_read_units", "max_write_units"):
            limit = getattr(self, name)
            if not _is_number(limit) or (limit is not None and limit <= 0):
                raise ValueError(f"{name}= takes a number above 0, not {limit!r}")
        if not (callable(self.deadline) or _is_number(self.deadline)):
            raise ValueError(f"deadline= takes seconds or a function, not {self.deadline!r}")
        if self.unmodelled not in ("keep", "drop", "error"):
            raise ValueError(
                f'unmodelled= takes "keep", "drop" or "error", not {self.unmodelled!r}'
            )
        if self.on_error != "raise" and not callable(self.on_error):
            raise TypeError(f'on_error= takes "raise" or a function, not {self.on_error!r}')
        for name in ("on_error", "progress", "deadline"):
            code = getattr(getattr(self, name), "__code__", None)
            if code is not None and code.co_flags & CO_COROUTINE:
                raise TypeError(f"{name}= is async: it would never run; give a plain function")


def _is_number(value: Any) -> bool:
    """Whether it counts as one; `None` does as infinity."""
    return value is None or (isinstance(value, int | float) and value == value)


def check_segments(segments: int) -> None:
    """Raise `ValueError` for a number of segments that Scan does not take."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    _check_whole("the number of segments", segments, MAX_SEGMENTS)


def _check_whole(name: str, value: object, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{name} takes a whole number from 1 to {most}, not {value!r}")
