"""A checkpoint in a file: read before a copy begins, and saved while it runs."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from msgspec import json

from ..errors import UNREADABLE, Refused


def load(path: str | os.PathLike[str]) -> Any:
    """Return what is in the file, `None` if there is none; refuse one that is no JSON.

    Raises `FileNotFoundError` for a missing folder, in which nothing could be saved later.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        os.stat(os.path.dirname(os.path.realpath(path)))
        return None
    try:
        return json.decode(content)
    except UNREADABLE as error:
        raise Refused((f"{os.fspath(path)} is not a checkpoint of a copy: {error}",)) from error


def save(path: str | os.PathLike[str], checkpoint: dict[str, Any]) -> None:
    """Put a checkpoint into the file, whole or not at all; only its owner may read it.

    It holds keys of items and ARNs.
    """
    # A link stays a link: what it leads to is replaced.
    target = os.path.realpath(path)
    beside = f"{target}.{os.getpid()}.part"
    # Left by a process of the same number that was killed.
    with suppress(FileNotFoundError):
        os.unlink(beside)
    # 0600 from its first moment: a chmod would come after others could have opened it.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(json.encode(checkpoint))
            file.flush()
            # Without it, a crash of the machine may leave the new name and no content.
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
