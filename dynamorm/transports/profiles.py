"""The shared configuration files of AWS, read as botocore reads them, and without it.

A file that is not there costs one look; the parser is loaded only for one that is.
https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .. import errors
from . import Hidden, Variables

if TYPE_CHECKING:
    from configparser import RawConfigParser


FILES = {
    "config_file": ("AWS_CONFIG_FILE", "~/.aws/config"),
    "credentials_file": ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
}
"""By botocore's name: the variable that names the file, and the default path."""

NAMES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
"""As in botocore, the first one wins."""

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

Section = dict[str, Any]
"""A value is a string, or a dict where its lines are indented."""


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


def read_profile(given: str | None, environ: Variables) -> Profile:
    """Read the profile that is given, that a variable names, or the default one if it is there.

    Raises `ProfileUnusable` for a profile that is in no file, and for a file that is unreadable.
    """
    source = "profile=" if given is not None else _variable(environ, NAMES)
    name = given if given is not None else environ.get(source, "") or ""
    config, shared = (_read(*file, environ) for file in FILES.values())
    profiles = _named(config, "profile")
    if "default" in config:
        profiles["default"] = config["default"]
    if source and name not in profiles and name not in shared:
        raise errors.ProfileUnusable(
            f"{source} names the profile {name!r}, which no configuration file has: "
            "correct the name, or add the profile"
        )
    name = name or "default"
    # Keys in the credentials file win, whatever they are about.
    settings = {**profiles.get(name, {}), **shared.get(name, {})}
    return Profile(name, source, settings, _named(config, "services"))


def real_path(path: str, environ: Variables) -> str:
    """Return a path with variables and `~` in their values, the process's where it is asked for."""
    if environ.of_process:
        return os.path.expanduser(os.path.expandvars(path))
    home = environ.get("HOME") or ""
    # Without a home, this is nowhere, as for a process that has none.
    return home + path[1:] if path[:1] == "~" else path


def _variable(environ: Variables, names: tuple[str, ...]) -> str:
    return next((name for name in names if environ.get(name)), "")


def _read(variable: str, usual: str, environ: Variables) -> dict[str, Section]:
    path = real_path(environ.get(variable, usual) or "", environ)
    if not os.path.isfile(path):
        return {}
    problem = ""
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        with open(path) as file:  # in the locale's encoding, as botocore
            parser.read_file(file)
        return {name: _section(parser, name) for name in parser.sections()}
    except (Error, OSError, ValueError) as error:
        problem = type(error).__name__
    # Neither the text nor the frames of such an error: they show lines of the file.
    raise errors.ProfileUnusable(f"the file {path!r} ({variable}) is unreadable: {problem}")


def _section(parser: RawConfigParser, name: str) -> Section:
    return {
        key: _block(value) if value.startswith("\n") else value for key, value in parser.items(name)
    }


def _block(text: str) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in text.splitlines() if line.strip()]
    return {key.strip(): value.strip() for key, value in pairs}


def _named(config: dict[str, Section], kind: str) -> dict[str, Section]:
    """Return the sections `[kind name]` by name, which may stand in quotes."""
    found = {}
    for title, section in config.items():
        words = _words(title) if title.startswith(kind) else ()
        if len(words) == 2:
            found[words[1]] = section
    return found


def _words(title: str) -> list[str]:
    from shlex import split

    try:
        return split(title)
    except ValueError:
        return []
