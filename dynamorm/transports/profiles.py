"""The shared configuration files of AWS, and the credentials that only botocore finds by them.

The files are read as botocore reads them, and without it; loaded for a profile that is named, or a
file that is there. botocore's chain of providers knows SSO, web identity, processes and instances.
https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .. import errors
from . import CONTAINERS, FILES, NAMES, Profile, Variables, files
from .credential_source import BEFORE_CONTAINERS, Held, reason

if TYPE_CHECKING:
    from configparser import RawConfigParser


Section = dict[str, Any]
"""A value is a string, or a dict where its lines are indented."""


def read_profile(given: str | None, environ: Variables) -> Profile:
    """Read the profile that `find_profile` describes."""
    named = next((name for name in NAMES if environ.get(name)), "")
    source = "profile=" if given is not None else named
    name = given if given is not None else environ.get(source, "") or ""
    config, shared = (_read(*file) for file in files(environ).items())
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


def _read(name: str, path: str) -> dict[str, Section]:
    if not os.path.isfile(path):
        return {}
    problem = ""
    from configparser import Error, RawConfigParser

    # As botocore: a % in a value stands for itself.
    parser = RawConfigParser()
    try:
        with open(path) as file:  # in the locale's encoding, as botocore
            parser.read_file(file)
        return {name: _section(parser, name) for name in parser.sections()}
    except (Error, OSError, ValueError) as error:
        problem = type(error).__name__
    # Neither the text nor the frames of such an error: they show lines of the file.
    raise errors.ProfileUnusable(f"the file {path!r} ({FILES[name][0]}) is unreadable: {problem}")


def _section(parser: RawConfigParser, name: str) -> Section:
    # Of a key with nothing after its =, and the indented lines below, it makes one value.
    return {
        key: _block(value) if value.startswith("\n") else value for key, value in parser.items(name)
    }


def _block(text: str) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in text.splitlines() if line.strip()]
    # A line without a = is a ValueError, of which `_read` says that the file is unreadable.
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


def from_chain(profile: Profile, region: str, environ: Variables) -> Held | None:
    """Look for credentials as boto3 does, with the region for requests to STS and SSO.

    What a provider raises, be it botocore's or anybody's, becomes an error of ours that names the
    setting. Neither its frames nor the object itself go along: they hold what a provider has read.
    """
    setting = profile.credential_setting or next(
        filter(environ.get, (*BEFORE_CONTAINERS, *CONTAINERS)), ""
    )
    source = setting or "the credential chain"
    try:
        from botocore.session import Session
    except ImportError:
        raise errors.CredentialsMissing(
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
        return found and Held(found, source)
    # Outside of the handler: in it, frames that hold a secret would be the context.
    raise errors.CredentialsMissing(f"{source} gave no credentials: {why}")


def _chosen(profile: Profile, environ: Variables) -> dict[str, Any]:
    """Name a profile to botocore only where it would not find the name itself.

    A named one keeps it from the environment's web identity.
    """
    given = profile.source == "profile=" or (profile.source and not environ.of_process)
    return {"profile": profile.name} if given else {}
