"""The command line: operations of the library as commands, and nothing that it cannot do itself.

`import dynamorm` loads none of it. It needs click and rich, which the extra `cli` brings.
"""

from __future__ import annotations

from importlib.util import find_spec


def main() -> None:
    """Run the command line with the arguments of the process, and exit."""
    missing = [name for name in ("click", "rich") if find_spec(name) is None]
    if missing:
        needed = " and ".join(missing)
        raise SystemExit(
            f"Error: the command line needs {needed}: pip install 'dynamorm-micro[cli]'"
        )
    from .app import app

    app.main(prog_name="dynamorm")
