"""The shared configuration files of AWS, read as botocore reads them, and without it.

Loaded for a profile that is named, or a file that is there.
https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .. import errors
from . import FILES, NAMES, Profile, Variables, files

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
