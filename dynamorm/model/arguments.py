"""What callers pass: errors about it say what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, as the end of a message; empty for none."""
    from difflib import get_close_matches  # only for errors: it takes long to import

    found = get_close_matches(str(name), list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


def refuse_keywords(function: str, given: Collection[str], known: Iterable[str]) -> None:
    """Raise `TypeError` for a keyword that a function does not take, with the nearest it does.

    What boto3 calls otherwise is translated.
    """
    name, names = next(iter(given)), list(known)
    meant = _FROM_BOTO3.get(name)
    hint = f"; write {meant}=" if meant in names else nearest(name, names)
    raise TypeError(f"{function}() takes no {name}=: it takes {', '.join(names)}{hint}")


_FROM_BOTO3 = {
    "aws_access_key_id": "credentials",
    "aws_secret_access_key": "credentials",
    "aws_session_token": "credentials",
    "endpoint_url": "endpoint",
    "profile_name": "profile",
    "region_name": "region",
}
