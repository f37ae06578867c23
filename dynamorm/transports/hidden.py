"""Values that work as what they are and show themselves to nobody.

Crash reporters and `pytest -l` print the local variables of the frames that an error passes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn


class Hidden:
    """Neither a repr nor a pickle has what is in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled: a pickle would reveal a secret")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        self.__reduce__()


class HiddenText(Hidden, str):
    """A string that may hold a password, such as the URL of a proxy."""

    __slots__ = ()


class HiddenBytes(Hidden, bytes):
    """A request as it is sent, with its signature and session token."""


class HiddenHeaders(Hidden, dict[str, str]):
    """The headers of a signed request."""


class HiddenItems(Hidden, tuple[Any, ...]):
    """Values of which some are secret."""

    __slots__ = ()


class Variables(Hidden, Mapping[str, str]):
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
