"""Credentials to sign with, and what callers may give in their place; none of them shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .hidden import Hidden

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
