"""What a project has: models by `package.module:Order`, and `[tool.dynamorm]` of pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from click import ClickException, Command, Group, UsageError

if TYPE_CHECKING:
    from ..model.declare import Model

MODELS = "models"
NO_MODELS = (
    "no models: name them (shop.models:Order, or shop.models for all in it), or set "
    "DYNAMORM_MODELS, or models = [...] in [tool.dynamorm] of pyproject.toml"
)


def models_of(names: Iterable[str]) -> tuple[Model, ...]:
    """Return the named models, each once, in order; a module means all models in it."""
    found: dict[int, Model] = {}
    # By identity: a TableSpec that has tags has no hash.
    for name in names:
        for model in [model_of(name)] if ":" in name else _all_in(name):
            found.setdefault(id(model), model)
    if not found:
        raise UsageError(NO_MODELS)
    return tuple(found.values())


def model_or_name(name: str) -> Model | str:
    """Return the model that `module:Class` names; a table's name or ARN stays what it is."""
    return name if name.startswith("arn:") or ":" not in name else model_of(name)


def model_of(name: str) -> Model:
    """Return one model: a Struct with `@table`, a union of such, or a `TableSpec`."""
    found = object_of(name)
    if not _is_model(found):
        raise ClickException(f"{name} is not a model: name a Struct with @table, or a TableSpec")
    model: Model = found
    return model


def object_of(name: str) -> Any:
    """Return what `package.module:name` names."""
    path, _, attributes = name.partition(":")
    found: Any = _module(path)
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            from ..model.arguments import nearest

            meant = nearest(attribute, dir(found))
            raise ClickException(f"{path} has no {attributes}{meant}")
        found = getattr(found, attribute)
    return found


def _all_in(path: str) -> list[Model]:
    """Return the models of a module; a package may import its models from its own modules."""
    public = (value for name, value in vars(_module(path)).items() if not name.startswith("_"))
    found: list[Model] = [value for value in public if _is_model(value) and _is_of(path, value)]
    if not found:
        raise ClickException(f"there is no model in {path}: none of its classes has @table")
    from ..model.fields import union_members

    # A class on a table of several is not a table by itself.
    parts = [part for value in found for part in union_members(value)]
    return [value for value in found if not any(value is part for part in parts)]


def _is_model(value: object) -> bool:
    from msgspec import Struct

    from ..model.fields import union_members
    from ..model.spec import TableSpec

    # Whether a Struct has `@table` is not asked: an error about that says more where it is used.
    classes = union_members(value) or (value,)
    return isinstance(value, TableSpec) or all(
        isinstance(one, type) and issubclass(one, Struct) for one in classes
    )


def _is_of(path: str, model: Any) -> bool:
    """Return whether a class has `@table` and is defined here, not imported to inherit from."""
    if not isinstance(model, type):
        return True
    return "__table_spec__" in vars(model) and f"{model.__module__}.".startswith(f"{path}.")


def _module(path: str) -> ModuleType:
    try:
        return import_module(path)
    except Exception as error:
        # A module that is there and imports another that is not is a mistake in it, not in the
        # name.
        absent = isinstance(error, ModuleNotFoundError) and f"{path}.".startswith(f"{error.name}.")
        if absent:
            where = "from the folder of the project, or with it installed"
            raise ClickException(f"no module {path!r}: run dynamorm {where}") from error
        from ..errors import text_of

        reason = f"{type(error).__name__}: {text_of(error)}"
        raise ClickException(
            f"{path} could not be imported: {reason} (--debug shows where)"
        ) from error


def load_project(app: Group) -> dict[str, Any]:
    """Return the table, its names as Python writes them; modules beside the file can be imported.

    Looks from the current folder upwards for the first pyproject.toml. Raises `UsageError` for a
    name that is no option.
    """
    here = Path.cwd()
    found = next((p for p in (here, *here.parents) if (p / "pyproject.toml").is_file()), here)
    # A console script does not look for modules where it is started, as `python -m` does.
    sys.path[:0] = [str(folder) for folder in (here, found) if str(folder) not in sys.path]
    path = found / "pyproject.toml"
    content = path.read_bytes() if path.is_file() else b""
    # Most projects have none: they need not load a parser.
    if b"tool.dynamorm" not in content:
        return {}
    from msgspec import DecodeError, toml

    try:
        table = toml.decode(content).get("tool", {}).get("dynamorm", {})
        checked = _checked(table, app, "tool.dynamorm", MODELS)
        if not isinstance(checked.get(MODELS, []), list):
            raise UsageError("[tool.dynamorm] takes models as a list of strings")
        return checked
    except (DecodeError, UsageError) as error:
        raise UsageError(f"{path}: {error}") from error


def _checked(table: Any, command: Command, place: str, *more: str) -> dict[str, Any]:
    """Return the defaults of a command and of those below it."""
    if not isinstance(table, dict):
        raise UsageError(f"[{place}] takes options, not {table!r}")
    below = command.commands if isinstance(command, Group) else {}
    options = {option.name for option in command.params} - {None} | {*more}
    known = options | below.keys()
    checked = {}
    for name, value in table.items():
        python = name.replace("-", "_")
        if python not in known:
            from ..model.arguments import nearest

            names = sorted(str(one).replace("_", "-") for one in known)
            raise UsageError(f"[{place}] has no {name!r}{nearest(name, names)}")
        inner = python in below and python not in options
        checked[python] = _checked(value, below[python], f"{place}.{name}") if inner else value
    return checked
