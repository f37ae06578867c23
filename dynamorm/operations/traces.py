"""Short tracebacks: the caller's lines and the operation, without the machinery in between."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TypeVar

from ..errors import DynamormError

E = TypeVar("E", bound=DynamormError)

_OPERATIONS = ("dynamorm.tables.", "dynamorm.copying.")
_MACHINERY = ("asyncio", "concurrent", "contextlib", "dynamorm")


def shortened(error: E) -> E:
    """Return an error, and those that led to it, with short tracebacks.

    A traceback keeps what is not ours, such as a transform or a transport, and the first frame of
    an operation. With DYNAMORM_DEBUG=1 in the environment it keeps all.
    """
    link: BaseException | None = error
    while isinstance(link, DynamormError) and os.environ.get("DYNAMORM_DEBUG", "0") in ("", "0"):
        link.__traceback__ = _short(link.__traceback__)
        link = link.__cause__
    return error


def _short(whole: TracebackType | None) -> TracebackType | None:
    links: list[TracebackType] = []
    ours = False
    while whole is not None:
        module = whole.tb_frame.f_globals.get("__name__", "")
        asked = module.startswith(_OPERATIONS) and not ours
        if asked or module.partition(".")[0] not in _MACHINERY:
            links.append(whole)
        ours = ours or asked
        whole = whole.tb_next
    short: TracebackType | None = None
    for link in reversed(links):
        short = TracebackType(short, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return short
