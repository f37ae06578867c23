"""The name of a table; a model is read only where one is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import errors
from .names import name_problem, short_name_problems

if TYPE_CHECKING:
    from .declare import Model


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
