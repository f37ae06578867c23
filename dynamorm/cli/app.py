"""The program: its commands, and how a run ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from . import backups, copies, estimates, exports, plans, tables
from .copies import INTERRUPTED
from .models import MODELS, load_project
from .output import say
from .session import Session, shared


class App(click.Group):
    """Ends every run with the exit code of its command, 0 if it has none, or 1 for an error."""

    def main(self, args: Sequence[str] | None = None, *given: Any, **named: Any) -> NoReturn:
        session = named.setdefault("obj", Session())
        # Kept whole: a copy that stops prints the command that resumes it.
        session.arguments = list(sys.argv[1:] if args is None else args)
        # By itself click ends a wrong call with 2, which is the exit code of a difference here.
        named["standalone_mode"] = False
        try:
            sys.exit(super().main(session.arguments, *given, **named) or 0)
        except click.Abort:
            say("Aborted.")
            sys.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - the user's models and transforms raise any
            # Only for errors: it imports all of them.
            from .failures import tell

            options = session.given
            tell(error, debug=bool(options.get("debug")), color=not options.get("no_color"))
            sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Keep the order in which the commands are used."""
        return list(self.commands)

    def make_context(self, *given: Any, **named: Any) -> click.Context:
        project = load_project(self)
        named["obj"].project_models = project.pop(MODELS, [])
        return super().make_context(*given, default_map=project, **named)


@click.group(
    "dynamorm",
    cls=App,
    context_settings={"auto_envvar_prefix": "DYNAMORM", "help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="dynamorm-micro", prog_name="dynamorm")
def app() -> None:
    """Create, change, check and copy the DynamoDB tables of your models.

    A MODEL is written shop.models:Order; shop.models means all models in it. Without one the models
    are those of DYNAMORM_MODELS or of [tool.dynamorm] in pyproject.toml. The options below may
    also follow the command. Each has an environment variable (DYNAMORM_REGION, and for those of a
    command DYNAMORM_COPY_SEGMENTS) and a key in [tool.dynamorm].
    """


app.params += shared(root=True)

for theme in (plans, tables, copies, estimates, backups, exports):
    for command in theme.COMMANDS:
        app.add_command(command)
