"""What a test has left behind: threads, sockets, tasks. An unclosed socket is a warning besides."""

from __future__ import annotations

import asyncio
import gc
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_left() -> Iterator[None]:
    """Let the block end with no thread and no open socket that was not there before."""
    threads, sockets = set(threading.enumerate()), open_sockets()
    yield
    gc.collect()
    assert set(threading.enumerate()) <= threads
    assert open_sockets() <= sockets


def open_sockets() -> set[int]:
    """Give the identities of the sockets that this process has, whoever in it has them."""
    found = set()
    for descriptor in map(int, os.listdir("/dev/fd")):
        try:
            about = os.fstat(descriptor)
        except OSError:  # that of the listing itself
            continue
        if stat.S_ISSOCK(about.st_mode):
            found.add(about.st_ino)
    return found


def other_tasks() -> set[asyncio.Task[object]]:
    """Give the tasks of this loop besides the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}
