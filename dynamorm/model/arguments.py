"""What callers pass and annotate: errors about it say what to write instead."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NoReturn

_ASYNC = 0x80 | 0x200  # CO_COROUTINE, CO_ASYNC_GENERATOR of `inspect`, which takes long to import

_TAKES_OPTIONS = 0x08  # CO_VARKEYWORDS


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, as the end of a message; empty for none."""
    from difflib import get_close_matches  # only for errors: it takes long to import

    # Similar spellings first; then names that contain what was given, as `prefix` is in
    # table_prefix.
    text, names = str(name), list(known)
    longer = sorted((one for one in names if text and text in one), key=len)
    found = get_close_matches(text, names, 1, cutoff=0.65) or longer
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
    "client": "transport",
    "endpoint_url": "endpoint",
    "profile_name": "profile",
    "region_name": "region",
    "session": "transport",
}


def refuse_positions(function: str, first: str, known: Iterable[str]) -> NoReturn:
    """Raise `TypeError` for arguments by position; it does not show them: they may be secrets."""
    names = ", ".join(f"{name}=" for name in known)
    raise TypeError(f"{function}() takes {first} by position; give the rest by keyword, {names}")


def wrong_call(function: Callable[..., Any], error: TypeError) -> TypeError:
    """Return what Python says of a call that does not fit, and what to write instead.

    What Python says comes first. Nothing is added to messages in words that are not known here.
    """
    code = function.__code__
    first, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[first:last]
    text, _, unknown = str(error).partition("unexpected keyword argument ")
    if unknown:
        hint = nearest(unknown.strip("'"), code.co_varnames[:last])
    elif "were given" in text:
        more = " and options" if code.co_flags & _TAKES_OPTIONS else ""
        hint = f": give the rest by keyword, {', '.join(f'{name}=' for name in names)}{more}"
    else:
        hint = ""
    return TypeError(f"{error}{hint}")


def check_plain(name: str, function: Any) -> None:
    """Raise `TypeError` for a coroutine function: nobody would await what it returns."""
    # `functools.partial` keeps its function in `func`; what is written in C has no code.
    code = getattr(getattr(function, "func", function), "__code__", None)
    if code is not None and code.co_flags & _ASYNC:
        raise TypeError(f"{name} is async: it would never run; give a plain function")


def check_progress(progress: object) -> None:
    """Raise `TypeError` for what cannot be called, and for what nobody would await."""
    if progress is None:
        return
    if not callable(progress):
        raise TypeError(f"progress= takes a function of one argument, not {progress!r:.200}")
    check_plain("progress=", progress)


def seconds_at(given: Any, name: str) -> float | None:
    """Return an aware datetime in seconds since the epoch; raise for any other one."""
    if given is None:
        return None
    # A `date` has no moment, and a number might be in milliseconds.
    if not hasattr(given, "timestamp"):
        raise TypeError(f"{name}= takes an aware datetime, not {given!r:.200}")
    if given.tzinfo is None:
        advice = "write datetime(..., tzinfo=timezone.utc)"
        raise ValueError(f"{name}= takes a datetime with a time zone, not {given!r}: {advice}")
    seconds: float = given.timestamp()
    return seconds


def unreadable(model: Any, called: str) -> Iterator[str]:
    """Name the fields whose annotations fail: msgspec's error names none, and only the first."""
    from inspect import get_annotations  # which takes long to import
    from typing import get_type_hints

    for base in model.__mro__:
        # In `class Page[T](Struct)` an annotation may name T, which no module has.
        parameters = {item.__name__: item for item in getattr(base, "__type_params__", ())}
        for name, annotation in get_annotations(base, **_UNEVALUATED).items():
            # A class for each, since evaluating all of one class stops at the first that fails.
            alone = type(name, (), {"__module__": base.__module__})
            alone.__annotations__ = {name: annotation}
            try:
                get_type_hints(alone, localns={**vars(base), **parameters}, include_extras=True)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                yield reason(error, f"{called}.{name}")


# annotationlib.Format.FORWARDREF: from Python 3.14 on a class evaluates its annotations when asked,
# and names that are not there raise otherwise.
_UNEVALUATED: dict[str, Any] = {"format": 3} if sys.version_info >= (3, 14) else {}


def reason(error: Exception, place: str) -> str:
    """Say why an annotation cannot be read."""
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and name:
        return f"{name!r} cannot be found: define or import it at module level - at {place}"
    return f"its type cannot be read: {type(error).__name__}: {error} - at {place}"
