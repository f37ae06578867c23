"""Asks botocore's chain of providers for credentials: profiles, SSO, web identity, instances.

What a provider raises, be it botocore's or anybody's, becomes an error of ours that names the
setting. Neither its frames nor the object itself go along: they hold what a provider has read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CredentialsMissing
from . import Profile, Variables, files

if TYPE_CHECKING:
    from . import CredentialsLike, Given


class _Chained:
    """Gives what is valid now of what a provider keeps fresh, and names the setting if it fails."""

    __slots__ = ("_credentials", "_source")

    def __init__(self, source: str, credentials: Any) -> None:
        self._source = source
        self._credentials = credentials

    def __repr__(self) -> str:
        return f"credentials of {self._source}"

    def __call__(self) -> CredentialsLike:
        """Return what is valid now; botocore renews it when that is due."""
        try:
            frozen: CredentialsLike = self._credentials.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - a provider raises whatever it meets
            why = reason(error)
        else:
            return frozen
        # Outside of the handler: in it, the provider's error and its frames would be the context.
        raise CredentialsMissing(f"{self._source} gave no credentials: {why}")


def from_chain(profile: Profile, region: str, environ: Variables) -> Given | None:
    """Look for credentials as boto3 does, with the region for requests to STS and SSO."""
    setting = profile.credential_setting or next(filter(environ.get, _VARIABLES), "")
    source = setting or "the credential chain"
    try:
        from botocore.session import Session
    except ImportError:
        raise CredentialsMissing(
            f"{source} needs botocore, which is not installed: pip install botocore"
            if setting
            else "no credentials in argument, environment or container, and without botocore no "
            "profile or instance can be asked: pip install botocore"
        ) from None
    try:
        session = Session(**_chosen(profile, environ))
        # A profile that assumes a role need not have a region of its own.
        session.set_config_variable("region", region)
        # botocore reads os.environ and no other variables.
        if not environ.of_process:
            for name, path in files(environ).items():
                session.set_config_variable(name, path)
        found = session.get_credentials()
    except Exception as error:  # noqa: BLE001 - a provider raises whatever it meets
        why = reason(error)
    else:
        return found and _Chained(source, found)
    # As above, outside of the handler.
    raise CredentialsMissing(f"{source} gave no credentials: {why}")


_VARIABLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CREDENTIAL_FILE",
    "BOTO_CONFIG",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def _chosen(profile: Profile, environ: Variables) -> dict[str, Any]:
    """Name a profile to botocore only where it would not find the name itself.

    A named one keeps it from the environment's web identity.
    """
    given = profile.source == "profile=" or (profile.source and not environ.of_process)
    return {"profile": profile.name} if given else {}


def reason(error: Exception) -> str:
    """Say why; of what is no error of botocore's, only the kind: its text may quote a secret."""
    # A RuntimeError is botocore's where what it has refreshed has expired already.
    told = isinstance(error, RuntimeError) or type(error).__module__.startswith("botocore.")
    return str(error)[:500] if told else type(error).__name__
