"""A Struct becomes a TableSpec: fields with their markers, options and rules.

Here is what all of the library shares: values that people read, and the names of tables, indexes
and attributes: what the service takes, alone and with a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from msgspec import Struct, json, to_builtins

from .. import errors

if TYPE_CHECKING:
    from .declare import Model

LONGEST = 400
"""Characters of a repr, and a quarter of that of each member: a table may have very many parts."""


class NoAttribute(AttributeError):
    """An attribute that a value lacks; `hasattr` does not pay for the advice."""

    def __str__(self) -> str:
        from .arguments import nearest

        value, name = self.args
        known = [one for one in dir(type(value)) if not one.startswith("_")]
        return f"{type(value).__name__} has no attribute {name!r}{nearest(name, known)}"


class Readable(Struct, frozen=True, repr_omit_defaults=True):
    """A value that people print and send on; a repr and a text leave out what has its default."""

    if not TYPE_CHECKING:  # pragma: no branch - to a type checker, all attributes would exist

        def __getattr__(self, name: str) -> NoReturn:
            raise NoAttribute(self, name)

    def __repr__(self) -> str:
        members = (f"{name}={_cut(repr(value), 4)}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({_cut(', '.join(members), 1)})"

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain dicts and lists, with the names and values of its JSON."""
        plain: dict[str, Any] = _listed(
            # What is sent as it is, items above all, is JSON already.
            to_builtins(self, builtin_types=self._kept(), enc_hook=json.decode)
        )
        return plain

    # No attribute: its annotation would be evaluated again for each class that is read or sent.
    def _kept(self) -> tuple[type, ...]:
        """Return the types that `to_dict` leaves as they are."""
        return ()

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return json.encode(self)


def _cut(text: str, part: int) -> str:
    most = LONGEST // part
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _listed(value: Any) -> Any:
    # msgspec's plain form keeps tuples; a list is what JSON gives back, and so it compares equal.
    if isinstance(value, dict):
        return {name: _listed(inner) for name, inner in value.items()}
    return [*map(_listed, value)] if isinstance(value, list | tuple) else value


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """Return the parts of a value, by name or number; a plain value has none."""
    if isinstance(value, Struct):
        return [*value.__rich_repr__()]
    if isinstance(value, dict):
        return [*value.items()]
    return [*enumerate(value, 1)] if isinstance(value, list | tuple) else []


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """Yield a line for each plain value, below those of the names that lead to it.

    A part whose class has a text of its own, as a `Difference` has, is shown by that.
    """
    for name, part in _parts(value):
        told = isinstance(part, Readable) and type(part).__str__ is not Readable.__str__
        if told or not _parts(part):
            # The lines of a part with a text of its own stay below its name.
            text = str(part).replace("\n", f"\n{indent}  ")
            yield f"{indent}{name}: {text}"
        else:
            yield f"{indent}{name}:"
            yield from _lines(part, f"{indent}  ")


def value_text(value: object) -> str:
    """Return what is declared or found for a person to read."""
    if type(value) is tuple:
        return ", ".join(map(str, value))
    return "nothing" if value is None else str(value)


_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
MIN_NAME = 3
MAX_NAME = 255
# Of keys, projected attributes and TTL; any other attribute's name may have 64 KB.
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
    """Say what is wrong with a name that only lacks a prefix; `whole_name` judges both together.

    "ab" alone is no name, and `dev-ab` is one.
    """
    if isinstance(name, str) and 0 < len(name) < MIN_NAME and _is_legal(name):
        return (f"table name {name!r} must have {_LEGAL} - at {name}",)
    return ()


def _is_legal(text: str) -> bool:
    return _NAME_CHARACTERS.issuperset(text)


def _names_table(arn: str) -> bool:
    parts = arn.split(":", 5)
    # The ARN of an index, a stream or a backup continues with a slash, which no table name has.
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
    # Encoding strictly would raise for it; what takes its place does not compare equal.
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def attribute_problems(what: str, name: object) -> Iterator[str]:
    """Say why it cannot be the name of an attribute that a table knows of."""
    if not is_text(name) or not 1 <= len(name.encode()) <= MAX_ATTRIBUTE_BYTES:
        yield f"{what} attribute name {name!r:.50} must have 1 to 255 bytes of UTF-8"


def region_of(arn: str | None) -> str:
    """Return the region of an ARN; empty where there is none."""
    return f"{arn or ''}::::".split(":")[3]


def table_name(model_or_name: Model | str, *, name: str | None = None) -> str:
    """Return the name or ARN of a table, for operations that need no more.

    Raises `ModelError` for an invalid name.
    """
    if not isinstance(model_or_name, str):
        from .declare import table_spec

        return table_spec(model_or_name, name=name).name
    given = model_or_name if name is None else name
    if (problem := name_problem(given, "table")) and not short_name_problems(given):
        raise errors.ModelError((f"{problem} - at {given}",))
    return given
