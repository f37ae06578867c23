"""What arguments, environment variables and shared files say together, looked up on first use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .. import errors
from . import HiddenText, Variables
from .endpoints import Endpoint, resolve
from .profiles import Profile, read_profile, real_path

if TYPE_CHECKING:
    from . import Given


class Config:
    """Where requests go and whom to trust; nothing is read before it is asked for."""

    __slots__ = ("_endpoint", "_name", "_profile", "_region", "_url", "environ")

    def __init__(
        self, region: str | None, endpoint: str | None, profile: str | None, environ: Variables
    ) -> None:
        self._region = region
        self._url = endpoint if endpoint is None else HiddenText(endpoint)
        self._name = profile
        self.environ = environ
        self._profile: Profile | None = None
        self._endpoint: Endpoint | None = None

    def __repr__(self) -> str:
        return f"region={self._region!r}"

    def in_region(self, region: str) -> Config:
        """Return the same with another region; an endpoint that was given stays."""
        other = Config(region, self._url, self._name, self.environ)
        # A profile that was read is for all regions: its files are not read once more for each.
        other._profile = self._profile
        return other

    def profile(self) -> Profile:
        found = self._profile
        if found is None:
            found = self._profile = read_profile(self._name, self.environ)
        return found

    def endpoint(self) -> Endpoint:
        found = self._endpoint
        if found is None:
            found = resolve(self._region, self._url, self.environ, self.profile())
            self._endpoint = found
        return found

    def look_up_credentials(self) -> Given | None:
        """Ask botocore, with the region that requests go to."""
        from .resolver import from_chain

        return from_chain(self.profile(), self.endpoint().region, self.environ)

    def bundle(self) -> str:
        """Name the file of authorities to trust; empty for those that the system trusts.

        As boto3, it takes an empty value for a mistake, which others take for "trust anybody".
        """
        profile = self.profile()
        sources = (
            ("AWS_CA_BUNDLE", self.environ.get("AWS_CA_BUNDLE")),
            (f"ca_bundle of {profile}", profile.get("ca_bundle")),
            ("REQUESTS_CA_BUNDLE", self.environ.get("REQUESTS_CA_BUNDLE")),
        )
        for source, value in sources:
            if value is not None:
                if not value.strip():
                    raise errors.EndpointUnknown(f"{source} is empty: name a file of authorities")
                return real_path(value, self.environ)
        return _usual_bundle() if self.endpoint().url.startswith("https:") else ""


def _usual_bundle() -> str:
    """Find the authorities that botocore would trust, without loading a package."""
    from importlib.util import find_spec

    for package in ("certifi", "botocore"):
        spec = find_spec(package)
        path = os.path.join(os.path.dirname((spec and spec.origin) or ""), "cacert.pem")
        if spec is not None and os.path.isfile(path):
            return path
    return ""
