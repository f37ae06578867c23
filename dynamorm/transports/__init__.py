"""One signed HTTP exchange, and who sends it; each transport imports what it needs on first use.

Here is what may hold secrets, works as what it is and shows itself to nobody (crash reporters and
`pytest -l` print the local variables of the frames that an error passes): credentials, variables,
and what the shared configuration files say. A file that is not there costs one look.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from .. import errors

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

    def lines(self) -> HiddenText:
        """Write them as a request has them."""
        return HiddenText("".join([f"{name}: {value}\r\n" for name, value in self.items()]))


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


def is_word(value: Any) -> bool:
    """Return whether a value is a text that a header can hold: a character or more, no space."""
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    return plain and value != "" and " " not in value


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


FILES = {
    "config_file": ("AWS_CONFIG_FILE", "~/.aws/config"),
    "credentials_file": ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
}
"""By botocore's name: the variable that names the file, and the default path."""

NAMES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
"""As in botocore, the first one wins."""

CONTAINERS = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
"""The variables that name a container's endpoint, by its path at ECS or its URL; the first wins."""

CREDENTIAL_KEYS = (
    "role_arn",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "credential_process",
    "aws_access_key_id",
)


class Profile(Hidden):
    """What the files say about one profile; it may hold keys, and shows none."""

    __slots__ = ("_services", "_settings", "name", "source")

    def __init__(
        self,
        name: str = "default",
        source: str = "",
        settings: Mapping[str, Any] = MappingProxyType({}),
        services: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.source = source
        """"profile=", the variable that names the profile, or empty for the default one."""
        self._settings = settings
        self._services = services

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, ...)"

    def __str__(self) -> str:
        return f"the profile {self.name}"

    @property
    def credential_setting(self) -> str:
        """The setting that says how credentials are found, with the profile; empty if none does."""
        key = next((key for key in CREDENTIAL_KEYS if key in self._settings), "")
        return key and f"{key} of {self}"

    def get(self, key: str) -> str | None:
        """Return a setting; raises `ProfileUnusable` where lines are indented under it."""
        value = self._settings.get(key)
        if value is None or isinstance(value, str):
            return value
        raise errors.ProfileUnusable(
            f"{key} of {self} is a block of settings: write a value after the ="
        )

    def endpoint_url(self) -> tuple[str, str] | None:
        """Return the service's endpoint or the profile's own, after the words that name it."""
        name = self.get("services")
        if name is not None:
            section = self._services.get(name)
            # As boto3: passed over, it would send to AWS what is meant for another endpoint.
            if not section:
                raise errors.ProfileUnusable(
                    f"services = {name} of {self}: there is no such section in the "
                    "configuration file"
                )
            service = section.get("dynamodb", {})
            if not isinstance(service, dict):
                raise errors.ProfileUnusable(
                    f"dynamodb of the section services {name} is a value: write its "
                    "settings on indented lines"
                )
            if url := service.get("endpoint_url"):
                return f"endpoint_url of the section services {name}", url
        own = self.get("endpoint_url")
        return (f"endpoint_url of {self}", own) if own else None


def find_profile(given: str | None, environ: Variables) -> Profile:
    """Return the profile that is given, that a variable names, or the default one if it is there.

    Raises `ProfileUnusable` for a profile that is in no file, and for a file that is unreadable.
    """
    # An empty profile= names one too, and is refused then; an empty variable names none.
    named = given is not None or any(map(environ.get, NAMES))
    if not named and not any(os.path.isfile(path) for path in files(environ).values()):
        return Profile()
    from .profiles import read_profile

    return read_profile(given, environ)


def files(environ: Variables) -> dict[str, str]:
    """Return the paths of the shared files, by botocore's names."""
    return {
        name: real_path(environ.get(variable, usual) or "", environ)
        for name, (variable, usual) in FILES.items()
    }


def real_path(path: str, environ: Variables) -> str:
    """Return a path with variables and `~` in their values, the process's where it is asked for."""
    # These two know no variables but the process's own.
    if environ.of_process:
        return os.path.expanduser(os.path.expandvars(path))
    home = environ.get("HOME") or ""
    # Without a home, this is nowhere, as for a process that has none.
    return home + path[1:] if path[:1] == "~" else path
