"""CreateTable with members that no option stands for."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import UNSET, defstruct, structs

from ..api.tables import CreateTableInput


def extended(payload: CreateTableInput, extra: dict[str, Any]) -> CreateTableInput:
    """Add members that no option stands for; those that this version does not know come last."""
    # None of them is set already: a model that says something twice is a `ModelError`.
    fields = {field.encode_name: field.name for field in structs.fields(payload)}
    known = {fields[name]: value for name, value in extra.items() if name in fields}
    unknown = tuple(name for name in extra if name not in fields)
    # A class for each set of unknown members: msgspec encodes what a class declares, and no more.
    widened = structs.astuple(structs.replace(payload, **known))
    return _wider(unknown, *widened, *map(extra.__getitem__, unknown))


def _wider(unknown: tuple[str, ...], *values: Any) -> CreateTableInput:
    """Make a request that has more members than this version knows.

    A function of the module, since pickle finds no class that was made at run time.
    """
    made: CreateTableInput = _wider_class(unknown)(*values)
    return made


@cache
def _wider_class(unknown: tuple[str, ...]) -> Any:
    def reduced(request: Any) -> tuple[Any, ...]:
        return _wider, (unknown, *structs.astuple(request))

    names = {f"extra_{n}": name for n, name in enumerate(unknown)}
    return defstruct(
        "CreateTableInput",
        [(field, Any, UNSET) for field in names],
        bases=(CreateTableInput,),
        frozen=True,
        rename=names,
        namespace={"__reduce__": reduced},
    )
