"""Reports how far a long operation is: `progress=`, `checkpoint_file=`, and `report` of errors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from ..operations import Steps
from .options import CopySettings

PROGRESS_EVERY = 0.25
"""Seconds between two reports at least."""

SAVE_EVERY = 1.0
"""Seconds between two times that the file is written at least: each waits for the disk."""


class Report(Protocol):
    """What is told: it has the checkpoint from which to resume."""

    @property
    def checkpoint(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Report)

_INTERRUPTS = ("KeyboardInterrupt", "CancelledError")


class Reporting(Protocol):
    """A copy or a comparison under way."""

    @property
    def telling(self) -> Telling[Any]: ...


J = TypeVar("J", bound=Reporting)
T = TypeVar("T")


def carried_out(
    making: Steps[J], perform: Callable[[J], Steps[T]], before: Callable[[], Report]
) -> Steps[T]:
    """Perform a job; every error that ends it early gets its report, or that of `before`."""
    job: J | None = None
    try:
        job = yield from making
        return (yield from perform(job))
    except BaseException as error:  # a callback's own and an interrupt too: all would be in vain
        # Before there is a job, there is at least what the checkpoint had.
        report = job.telling.stopped(error) if job else before()
        with suppress(AttributeError):  # a frozen exception takes none
            error.report = report  # type: ignore[attr-defined]  # any other may have it
        raise


class Telling(Generic[R]):
    """Tells what has been done so far, from whatever segment's thread."""

    def __init__(
        self,
        settings: CopySettings,
        report: Callable[[], R],
        started: float,
        keep: Callable[[R], None] | None = None,
    ) -> None:
        self._progress: Any = settings.progress
        self._file = settings.checkpoint_file
        self._report = report
        self._keep = keep
        self._reported = self._saved = started
        self._lock = Lock()

    def tell(self, moment: float) -> bool:
        """Save the checkpoint and call `progress`, unless that was done a moment ago.

        One thread at a time, in the order of the reports; the others need not wait for it. Returns
        whether it may have taken long.
        """
        nobody = self._progress is None and self._file is None
        # Without waiting: a slow `progress` slows down the segment that calls it, and no other.
        if nobody or not self._lock.acquire(blocking=False):
            return False
        try:
            if moment - self._saved >= SAVE_EVERY:
                self._saved = moment
                self.save()
            if self._progress is not None and moment - self._reported >= PROGRESS_EVERY:
                self._reported = moment
                self._progress(self._report())
        finally:
            self._lock.release()
        return True

    def last(self) -> R:
        """Save the checkpoint of the last report, and tell and return it."""
        self.save()
        final = self._report()
        if self._progress is not None:
            self._progress(final)
        return final

    def stopped(self, error: BaseException) -> R:
        """Save the checkpoint, and return the report that `error` is to carry."""
        try:
            self.save()
        except OSError as trouble:
            # It must not hide what ended the operation.
            with suppress(AttributeError):  # new in Python 3.11
                error.add_note(f"the checkpoint could not be saved: {trouble}")  # type: ignore[attr-defined,unused-ignore]  # see above
        else:
            # Told by name: asyncio is not imported only to look.
            if type(error).__name__ in _INTERRUPTS and not error.args:
                error.args = (self._how_to_resume(),)
        return self._report()

    def _how_to_resume(self) -> str:
        if self._file is None:
            return "interrupted: pass this exception's report as resume= to resume"
        return f"interrupted: run it again with checkpoint_file={str(self._file)!r} to resume"

    @property
    def keeps(self) -> bool:
        """Whether there is where a checkpoint can be kept."""
        return self._keep is not None or self._file is not None

    def keep(self) -> None:
        """Save the checkpoint at once."""
        # Waits for its turn, unlike `tell`: what is done next relies on it.
        with self._lock:
            self.save()
            if self._keep is not None:  # pragma: no cover - in another process
                self._keep(self._report())

    def save(self) -> None:
        """Save the checkpoint, where there is a file for it."""
        if self._file is not None:
            from .checkpoint_file import save

            save(self._file, self._report().checkpoint)
