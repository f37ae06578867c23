"""Values that work as what they are and show themselves to nobody.

Crash reporters and `pytest -l` print the local variables of the frames that an error passes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NoReturn

__all__ = ["HiddenBytes", "HiddenHeaders", "HiddenText", "Variables"]


class HiddenText(str):
    """A string that may hold a password, such as the URL of a proxy."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "HiddenText(...)"


class HiddenBytes(bytes):
    """A request as it is sent, with its signature and session token."""

    def __repr__(self) -> str:
        return "HiddenBytes(...)"


class HiddenHeaders(dict[str, str]):
    """The headers of a signed request."""

    def __repr__(self) -> str:
        return "HiddenHeaders(...)"


class Variables(Mapping[str, str]):
    """Environment variables: the process's own, or those that were given in their place."""

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given: Mapping[str, str] = os.environ if given is None else given

    @property
    def of_process(self) -> bool:
        return self._given is os.environ

    def __getitem__(self, name: str) -> str:
        return self._given[name]

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        # A frame of os.py that raised KeyError would hold the whole environment.
        return self._given.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return "Variables(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("environment variables hold secrets: they are not pickled")
