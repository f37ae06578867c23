"""Operations as values, and who runs them; here a lock that a fork cannot leave locked."""

from __future__ import annotations

import _thread
import os


class ForkLock:
    """A lock among the threads of one process; the child of a fork has one of its own."""

    def __init__(self) -> None:
        # Of `_thread`, as `threading.Lock` is: to import that one takes as long as to connect.
        self._locks: dict[int, _thread.LockType] = {}

    def __enter__(self) -> None:
        self._locks.setdefault(os.getpid(), _thread.allocate_lock()).acquire()

    def __exit__(self, *raised: object) -> None:
        self._locks[os.getpid()].release()
