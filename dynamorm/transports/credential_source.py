"""Where credentials come from: one look-up serves all who wait, and is kept until it expires.

Profiles, SSO, web identity and instances are asked by botocore, which is imported only then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from .. import errors
from ..operations import ForkLock
from . import CONTAINERS, Credentials, Hidden, Profile, is_word

if TYPE_CHECKING:
    from . import Given


class CredentialSource(Hidden):
    """Gives credentials whenever a request is signed, looked up on first use, once for all threads.

    `given` may be a function without arguments, asked again for each request.
    """

    def __init__(
        self,
        given: Given | None,
        environ: Mapping[str, str],
        resolve: Callable[[], Given | Held | None] = lambda: None,
        profile: Callable[[], Profile] = Profile,
    ) -> None:
        self._given = None if given is None else Held(given)
        self._fixed = given is not None and not callable(given)
        self._environ = environ
        self._profile = profile
        self._resolve = resolve
        self._found: Held | None = None
        self._latest: Credentials | None = None
        self._lock = ForkLock()

    def get(self, until: float = inf) -> Credentials:
        """Return what is valid now; raises `CredentialsMissing`.

        A container must answer by the moment `until` of the monotonic clock; others have time-outs
        of their own.
        """
        held = self._given or self._looked_up()
        now = held.called(until).frozen()
        latest = self._latest
        # Each request comes here: checking the words again would be a tenth of a small one's CPU.
        if latest is not None and now.same_as(latest):
            return latest
        credentials = now.copied()
        with self._lock:
            # Somebody may have dropped, meanwhile, what this thread still had.
            if held is self._given or held is self._found:
                self._latest = credentials
        return credentials

    def account(self, until: float = inf) -> str | None:
        """Return the account of the latest credentials, where it is known."""
        return (self._latest or self.get(until)).account_id

    def forget(self, used: Credentials) -> bool:
        """Look up again, since the service did not take `used`; `False` if they stay the same.

        What another thread has found in the meantime is kept.
        """
        with self._lock:
            latest = self._latest
            if not self._fixed and latest is not None and Held(used).same_as(latest):
                # A function that was given is asked again for each request anyway.
                self._latest = self._found = None
        return not self._fixed

    def _looked_up(self) -> Held:
        found = self._found
        if found is None:
            with self._lock:
                # A thread that has waited takes what the first one found. Otherwise 32 threads
                # with an expired token would ask STS 32 times, or for 32 MFA codes.
                found = self._found = self._found or self._look_up()
        return found

    def _look_up(self) -> Held:
        profile = self._profile()
        # As in boto3, a profile that is given comes before the environment's key.
        given = profile.source == "profile="
        in_environment = None if given else _from_environment(self._environ)
        found = in_environment or self._from_container(profile) or self._resolve()
        if found is None:
            raise errors.CredentialsMissing(
                "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile "
                "in AWS_PROFILE or profile=, or pass connect(credentials=...); "
                'emulators take Credentials("local", "local")'
            )
        return found if isinstance(found, Held) else Held(found)

    def _from_container(self, profile: Profile) -> Given | None:
        asked = any(map(self._environ.get, CONTAINERS))
        earlier = profile.credential_setting or any(map(self._environ.get, BEFORE_CONTAINERS))
        if not asked or earlier:
            return None
        from .container import from_container

        return from_container(self._environ)


BEFORE_CONTAINERS = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG")
"""What botocore's chain asks before a container; it knows how."""


def _from_environment(environ: Mapping[str, str]) -> Given | None:
    """Read the variables as boto3: a secret without a key is none, the reverse is an error."""
    if not environ.get("AWS_ACCESS_KEY_ID"):
        return None
    if not environ.get("AWS_SECRET_ACCESS_KEY"):
        raise errors.CredentialsMissing(
            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both or neither"
        )
    if environ.get("AWS_CREDENTIAL_EXPIRATION"):
        return lambda: _unexpired(environ)
    return _of(environ)


def _of(environ: Mapping[str, str]) -> Credentials:
    return Credentials(
        environ.get("AWS_ACCESS_KEY_ID", ""),
        environ.get("AWS_SECRET_ACCESS_KEY", ""),
        # The older name first, as botocore.
        environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN"),
        account_id=environ.get("AWS_ACCOUNT_ID"),
    )


def _unexpired(environ: Mapping[str, str]) -> Credentials:
    """Read the variables again, which somebody may have renewed; refuse what has expired."""
    from datetime import datetime

    from msgspec import ValidationError, convert

    try:
        ends = convert(environ.get("AWS_CREDENTIAL_EXPIRATION", ""), datetime).timestamp()
    except ValidationError:
        raise errors.CredentialsMissing(
            "AWS_CREDENTIAL_EXPIRATION is not a time: write 2026-11-26T02:30:00Z, or unset it"
        ) from None
    if ends <= time.time():
        raise errors.CredentialsMissing(
            "the credentials in the environment have expired "
            "(AWS_CREDENTIAL_EXPIRATION): renew them"
        )
    return _of(environ)


class Held(Hidden):
    """Credentials of any kind, or what gives them: a frame's variable that shows nothing."""

    __slots__ = ("_source", "_value")

    def __init__(self, value: Any, source: str = "credentials=") -> None:
        self._value = value
        self._source = source
        """What to name if they are not available."""

    def called(self, until: float) -> Held:
        """Return what a function gives, which is asked for each request; else what is held."""
        if not callable(self._value):
            return self
        # A user's function has no parameter for it; a mock has any attribute, its class has not.
        found_by = getattr(type(self._value), "found_by", None)
        return Held(found_by(self._value, until) if found_by else self._value())

    def frozen(self) -> Held:
        """Copy botocore's credentials, which another thread may refresh while we read them."""
        if not hasattr(self._value, "get_frozen_credentials"):
            return self
        try:
            return Held(self._value.get_frozen_credentials())
        except Exception as error:  # noqa: BLE001 - a provider raises whatever it meets
            why = reason(error)
        # Outside of the handler: in it, frames that hold a secret would be the context.
        raise errors.CredentialsMissing(f"{self._source} gave no credentials: {why}")

    def same_as(self, known: Credentials) -> bool:
        """Whether these are credentials that have been looked at already."""
        value = self._value
        return (
            getattr(value, "secret_key", None) == known.secret_key
            and getattr(value, "access_key", None) == known.access_key
            and (getattr(value, "token", None) or None) == known.token
            and (getattr(value, "account_id", None) or None) == known.account_id
        )

    def copied(self) -> Credentials:
        """Take key, secret and token of one moment, and make sure that a header can hold them."""
        credentials = Credentials(
            *(getattr(self._value, name, None) for name in _NAMES),  # type: ignore[arg-type]
            account_id=getattr(self._value, "account_id", None),
        )
        names = _NAMES if credentials.token else _NAMES[:2]
        bad = next((name for name in names if not is_word(getattr(credentials, name))), "")
        if bad:
            # http.client refuses such a header too, in an error that shows all of it.
            raise errors.CredentialsMissing(
                f"the credentials have no usable {bad}: it must be a string of one character or "
                "more, without spaces and line breaks"
            )
        return credentials


_NAMES = ("access_key", "secret_key", "token")


def reason(error: Exception) -> str:
    """Say why; of what is no error of botocore's, only the kind: its text may quote a secret."""
    # A RuntimeError is botocore's where what it has refreshed has expired already.
    told = isinstance(error, RuntimeError) or type(error).__module__.startswith("botocore.")
    return str(error)[:500] if told else type(error).__name__
