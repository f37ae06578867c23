"""What `[tool.dynamorm]` of the nearest pyproject.toml says: models, and defaults for options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from click import Command, Group, UsageError

MODELS = "models"


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
