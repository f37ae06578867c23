"""A Struct becomes a TableSpec: fields with their markers, options, names and rules.

Here is what all values of the library share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from msgspec import Struct, json, to_builtins

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

    _kept: ClassVar[tuple[type, ...]] = ()
    """Types that `to_dict` leaves as they are."""

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
            to_builtins(self, builtin_types=self._kept, enc_hook=json.decode)
        )
        return plain

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return json.encode(self)


def _cut(text: str, part: int) -> str:
    most = LONGEST // part
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _listed(value: Any) -> Any:
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
    """Yield a line for each plain value, below those of the names that lead to it."""
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
