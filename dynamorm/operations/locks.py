"""A lock that a fork cannot leave locked."""

from __future__ import annotations

import os
import threading


class ForkLock:
    """A lock among the threads of one process; the child of a fork has one of its own."""

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def __enter__(self) -> None:
        self._locks.setdefault(os.getpid(), threading.Lock()).acquire()

    def __exit__(self, *raised: object) -> None:
        self._locks[os.getpid()].release()
