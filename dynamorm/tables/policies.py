"""What resource policies say: two are equal where IAM treats them alike.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import json

from ..errors import UNREADABLE

Meaning = Any
"""A value that is equal for whatever says the same; hashable."""


def same_policy(one: str, other: str, *, partition: str = "aws") -> bool:
    """Return whether two policies, as JSON, say the same in a partition.

    Alike are: statements, and values of a list, in any order; one value and a list of it; the
    principal `"*"` and `{"AWS": "*"}`; an account's number and the ARN of its root, as a principal;
    numbers and truth values in conditions, with or without quotes. Nothing else is.
    """
    return bool(_policy(one, partition) == _policy(other, partition))


def _policy(text: str, partition: str) -> Meaning:
    # What is no policy is compared as text: the service decides what it takes.
    try:
        policy = json.decode(text)
        if not isinstance(policy, dict):
            return text
        return _members(policy, {"Statement": lambda value: _statements(value, partition)})
    except UNREADABLE:
        return text


def _members(value: dict[str, Any], meanings: dict[str, Callable[[Any], Meaning]]) -> Meaning:
    """Return the meaning of an object, whose other members count as they are written."""
    return frozenset((name, meanings.get(name, _exact)(value[name])) for name in value)


def _statements(value: Any, partition: str) -> Meaning:
    """Return the statements in no order, each with its elements as IAM reads them."""

    def principal(value: Any) -> Meaning:
        return _principals(value, partition)

    meanings: dict[str, Callable[[Any], Meaning]] = dict.fromkeys(_LISTS, _one_or_more)
    meanings |= dict.fromkeys(("Principal", "NotPrincipal"), principal)
    meanings["Condition"] = _conditions
    # A set, since statements have no order; one that stands twice says nothing more.
    return frozenset(
        _members(statement, meanings) if isinstance(statement, dict) else _exact(statement)
        for statement in _listed(value)
    )


_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def _principals(value: Any, partition: str) -> Meaning:
    """Return the principals, kind by kind; accounts by the ARN of their root."""
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    if value == "*":
        value = {"AWS": "*"}
    if not isinstance(value, dict):
        return _exact(value)

    def accounts(value: Any) -> Meaning:
        return frozenset(_principal(item, partition) for item in _listed(value))

    return frozenset(
        (kind, (accounts if kind == "AWS" else _one_or_more)(value[kind])) for kind in value
    )


def _principal(value: Any, partition: str) -> Meaning:
    """Write an account's number as the ARN of its root, for which it stands in its partition."""
    if isinstance(value, str) and len(value) == ACCOUNT_DIGITS and value.isdecimal():
        return _exact(f"arn:{partition}:iam::{value}:root")
    return _exact(value)


ACCOUNT_DIGITS = 12


def _conditions(value: Any) -> Meaning:
    """Compare values without their quotes, which are optional for numbers and truth values."""
    # What has another form is no condition that IAM takes, and is compared as it is written.
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        return _exact(value)
    return frozenset(
        (operator, frozenset((key, frozenset(map(_unquoted, _listed(keys[key])))) for key in keys))
        for operator, keys in value.items()
    )


def _unquoted(value: Any) -> Meaning:
    scalar = isinstance(value, bool | int | float)
    return _exact(json.encode(value).decode() if scalar else value)


def _one_or_more(value: Any) -> Meaning:
    return frozenset(map(_exact, _listed(value)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _exact(value: Any) -> Meaning:
    """Return a value as it is written: Python takes 1, 1.0 and true for equal."""
    if isinstance(value, dict):
        return frozenset((name, _exact(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_exact, value))
    return type(value), value
