"""Names of tables, indexes and attributes: what the service takes, alone and with a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeGuard

from .. import errors

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
MIN_NAME = 3
MAX_NAME = 255
MAX_ATTRIBUTE_BYTES = 255
_LEGAL = f"{MIN_NAME} to {MAX_NAME} letters, digits, '_', '-' or '.'"
_AN_ARN = "write arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"


def name_problem(name: object, what: str) -> str | None:
    """Say why `name` cannot be the name of a table or index, if so; a table's may be an ARN."""
    if not isinstance(name, str):
        return f"{what} name {name!r:.300} must be a str"
    if what == "table" and name.startswith("arn:"):
        return None if _names_table(name) else f"{name!r} is not the ARN of a table: {_AN_ARN}"
    if MIN_NAME <= len(name) <= MAX_NAME and _is_legal(name):
        return None
    return f"{what} name {name!r:.300} must have {_LEGAL}"


def short_name_problems(name: object) -> tuple[str, ...]:
    """Say what is wrong with a name that only lacks a prefix; `whole_name` judges both together."""
    if isinstance(name, str) and 0 < len(name) < MIN_NAME and _is_legal(name):
        return (f"table name {name!r} must have {_LEGAL} - at {name}",)
    return ()


def _is_legal(text: str) -> bool:
    return _NAME_CHARACTERS.issuperset(text)


def _names_table(arn: str) -> bool:
    parts = arn.split(":", 5)
    kind, _, name = parts[-1].partition("/")
    return (
        len(parts) == 6
        and all(parts)
        and (parts[2], kind) == ("dynamodb", "table")
        and MIN_NAME <= len(name) <= MAX_NAME
        and _is_legal(name)
    )


def checked_prefix(prefix: object, argument: str = "table_prefix") -> str:
    """Return what a database puts before table names; raises for what leads to no legal name.

    `None` and its like are errors too: with no prefix, a loop that clears a stage's tables would
    clear all.
    """
    if not isinstance(prefix, str):
        raise TypeError(f'{argument}= takes a str such as "dev-", not {prefix!r:.200}')
    if not _is_legal(prefix) or len(prefix) > MAX_NAME - MIN_NAME:
        raise ValueError(
            f"{argument}= takes up to {MAX_NAME - MIN_NAME} letters, digits, '_', '-' or '.', "
            f"which leave room for a name, not {prefix!r:.300}"
        )
    return prefix


# Asked for each request of a copy, which names the same two tables throughout.
@lru_cache(maxsize=64)
def whole_name(prefix: str, name: str) -> str:
    """Return the name of a table in a database; raises `ModelError` where the two do not fit.

    An ARN says all there is to say: it takes no prefix.
    """
    if name.startswith("arn:"):
        return name
    whole = prefix + name
    if MIN_NAME <= len(whole) <= MAX_NAME:
        return whole
    given = f"prefix {prefix!r} and name {name!r} make {len(whole)} characters: " if prefix else ""
    raise errors.ModelError((f"{given}table name {whole!r} must have {_LEGAL} - at {name}",))


def is_text(value: object) -> TypeGuard[str]:
    """Return whether it is a string that can be sent: a lone surrogate has no bytes in UTF-8."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def attribute_problems(what: str, name: object) -> Iterator[str]:
    """Say why it cannot be the name of an attribute that a table knows of."""
    if not is_text(name) or not 1 <= len(name.encode()) <= MAX_ATTRIBUTE_BYTES:
        yield f"{what} attribute name {name!r:.50} must have 1 to 255 bytes of UTF-8"


def region_of(arn: str | None) -> str:
    """Return the region of an ARN; empty where there is none."""
    return f"{arn or ''}::::".split(":")[3]
