"""Finds the credentials to sign with. None of them is in a repr, a log or an error.

Order: what `connect` was given, the environment (as in Lambda), the endpoint of a container (ECS,
EKS, SnapStart), then botocore's resolver, which knows profiles, SSO, web identity and instances,
and is imported only then.
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .errors import CredentialsMissing

__all__ = ["CredentialSource", "Credentials", "CredentialsLike", "Given", "profile_region"]


class CredentialsLike(Protocol):
    """What can be signed with: ours, or any credentials object of botocore."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class Credentials:
    """An access key; emulators take any, such as `Credentials("local", "local")`."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str | None = None) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token

    def __repr__(self) -> str:
        return "Credentials(...)"


Given = CredentialsLike | Callable[[], CredentialsLike]


class CredentialSource:
    """Gives credentials whenever a request is signed, looked up on first use, once for all threads.

    `given` may be a function without arguments, asked anew for each request.
    """

    def __init__(
        self,
        given: Given | None,
        environ: Mapping[str, str],
        resolve: Callable[[], CredentialsLike | None] | None = None,
    ) -> None:
        self._given = given
        self._environ = environ
        self._resolve = resolve or _resolve
        self._found: Given | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "CredentialSource(...)"

    def get(self) -> CredentialsLike:
        """Give what is valid now; raises `CredentialsMissing`."""
        given = self._looked_up() if self._given is None else self._given
        return _usable(given() if callable(given) else given)

    def forget(self) -> bool:
        """Look up again, since the service did not take these; `False` if they stay the same."""
        self._found = None
        return self._given is None or callable(self._given)

    def _looked_up(self) -> Given:
        found = self._found
        if found is None:
            with self._lock:
                found = self._found or self._look_up()
                self._found = found
        return found

    def _look_up(self) -> Given:
        return self._from_environment() or self._from_container() or self._resolved()

    def _from_container(self) -> Given | None:
        if not any(name.startswith("AWS_CONTAINER_CREDENTIALS_") for name in self._environ):
            return None
        from .containers import from_container

        return from_container(self._environ)

    def _from_environment(self) -> Credentials | None:
        key, secret = (self._environ.get(name) for name in _NAMES)
        if key and secret:
            return Credentials(key, secret, self._environ.get("AWS_SESSION_TOKEN") or None)
        if key or secret:
            there, missing = _NAMES if key else reversed(_NAMES)
            raise CredentialsMissing(f"{there} is set and {missing} is not: set both or neither")
        return None

    def _resolved(self) -> CredentialsLike:
        found = self._resolve()
        if found is None:
            raise CredentialsMissing(
                "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile "
                "in AWS_PROFILE, or pass connect(credentials=...); an emulator takes any, such as "
                'Credentials("local", "local")'
            )
        return found


_NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def _usable(credentials: Any) -> CredentialsLike:
    """Take key, secret and token of one moment, and make sure that a header can hold them."""
    if hasattr(credentials, "get_frozen_credentials"):
        credentials = _frozen(credentials)
    for name in ("access_key", "secret_key", "token"):
        value = getattr(credentials, name, None)
        if not (_is_word(value) or (name == "token" and not value)):
            # http.client refuses such a header too, in an error that shows all of it.
            raise CredentialsMissing(
                f"the credentials have no usable {name}: it must be a string of one character or "
                "more, without spaces and line breaks"
            )
    usable: CredentialsLike = credentials
    return usable


def _is_word(value: object) -> bool:
    return (
        isinstance(value, str)
        and value != ""
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _frozen(credentials: Any) -> Any:
    """Copy botocore's credentials, which another thread may refresh while we read them."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return credentials.get_frozen_credentials()
    except (BotoCoreError, ClientError, RuntimeError) as error:
        raise CredentialsMissing(f"refreshing the credentials failed: {error}") from error


def _resolve() -> CredentialsLike | None:
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError as error:
        raise CredentialsMissing(
            "no credentials in argument, environment or container, and without botocore no profile "
            "or instance can be asked: pip install botocore"
        ) from error
    try:
        found: CredentialsLike | None = Session().get_credentials()
    except BotoCoreError as error:
        raise CredentialsMissing(f"looking for credentials failed: {error}") from error
    return found


def profile_region() -> str | None:
    """Give the region that the profile in use names in the shared configuration files."""
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:
        return None
    try:
        region: str | None = Session().get_config_variable("region")
    except BotoCoreError:
        return None
    return region
