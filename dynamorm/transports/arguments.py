"""The arguments of `connect`: made into a transport, and kept for a pickle, without a secret."""

from __future__ import annotations

import sys
from typing import Any

from ..operations.sending import UnlessGiven
from .hidden import Hidden

INSTEAD = (
    "a pickle shows to its readers what is in it: use profile=, the environment, or a "
    "module-level function as credentials=, which are found again where the pickle is read"
)


class Arguments(Hidden):
    """What `connect` was given; it may hold credentials, and shows nothing."""

    __slots__ = ("_given", "_transport")

    def __init__(self, transport: Any, **given: Any) -> None:
        self._transport = transport
        self._given = {
            name: value
            for name, value in given.items()
            if value is not None and not isinstance(value, UnlessGiven)
        }

    def transport(self) -> Any:
        return self._named() or self._object()

    def async_transport(self) -> Any:
        if self._transport == "aio":
            from .aio import AioTransport

            return AioTransport(**self._given)
        if named := self._named():
            from .threads import ThreadTransport

            return ThreadTransport(named)
        return self._object()

    def kept(self) -> dict[str, Any]:
        """Return what a pickle holds; raise `TypeError` for what it cannot hold or must not."""
        if not isinstance(self._transport, str | None):
            kind = type(self._transport).__name__
            raise TypeError(f"a database of a transport object ({kind}) is not pickled: {INSTEAD}")
        if not _is_module_level(self._given.get("credentials")):
            raise TypeError(f"a database of given credentials is not pickled: {INSTEAD}")
        if "@" in self._given.get("endpoint", ""):
            raise TypeError(f"a password in endpoint= is not pickled: {INSTEAD}")
        return {"transport": self._transport, **self._given}

    def _named(self) -> Any:
        if self._transport is None or self._transport == "botocore":
            from .botocore import BotocoreTransport

            return BotocoreTransport(**self._given)
        if self._transport == "http":
            from .http import HttpTransport

            return HttpTransport(**self._given)
        return None

    def _object(self) -> Any:
        if not callable(getattr(self._transport, "send", None)):
            known = '"botocore", "http", with connect_async "aio", or an object with send()'
            raise TypeError(f"transport= takes {known}, not {self._transport!r}")
        if self._given:
            names = ", ".join(f"{name}=" for name in self._given)
            raise TypeError(
                "a transport object has its own region, endpoint, profile, credentials and "
                f"time-outs: give {names} to the transport"
            )
        return self._transport


def _is_module_level(function: Any) -> bool:
    """Return whether a pickle would hold only the function's name, nothing that it closes over."""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for name in getattr(function, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return function is None or found is function
