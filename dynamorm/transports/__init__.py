"""One signed HTTP exchange, and who sends it; each transport imports what it needs on first use.

Here are credentials, and what else works as what it is and shows itself to nobody: crash reporters
and `pytest -l` print the local variables of the frames that an error passes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class CredentialsLike(Protocol):
        """What can be signed with: ours, or any credentials object of botocore."""

        @property
        def access_key(self) -> str: ...
        @property
        def secret_key(self) -> str: ...
        @property
        def token(self) -> str | None: ...

    Given = CredentialsLike | Callable[[], CredentialsLike]


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


class Credentials(Hidden):
    """An access key; emulators take any, such as `Credentials("local", "local")`.

    An empty token counts as none. `account_id` leads to the account's own endpoint, as in boto3.
    """

    __slots__ = ("access_key", "account_id", "secret_key", "token")

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        token: str | None = None,
        *,
        account_id: str | None = None,
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token or None
        self.account_id = account_id or None

    def __copy__(self) -> Credentials:
        return Credentials(self.access_key, self.secret_key, self.token, account_id=self.account_id)

    def __deepcopy__(self, _memo: object) -> Credentials:
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)


NOT_PICKLED = (
    "credentials cannot be pickled, since a pickle reveals them to its readers: use profile=, the "
    "environment, or a module-level function as credentials=, which are found again there"
)
