"""What the commands of one run share: the options that all of them take, and a database."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click
from click.core import ParameterSource

from .output import Output, say

if TYPE_CHECKING:
    from ..database import Database
    from ..model.declare import Model
    from ..operations.observing import Event

P = ParamSpec("P")
Command = Callable[Concatenate["Session", P], int | None]
"""A command returns the exit code of the process; `None` is 0."""

PLACE = ("region", "profile", "endpoint", "prefix")
"""The shared options that say where tables are."""

TELL_EVERY = 30.0
"""Seconds between two messages that a command is still waiting."""


class Session:
    """One run of the program; `connect` takes the arguments of `dynamorm.connect`."""

    def __init__(self, connect: Callable[..., Database] | None = None) -> None:
        self._connect: Any = connect
        self.arguments: list[str] = []
        self.given: dict[str, Any] = {}
        """The options of all commands, by their names."""
        self.project_models: list[str] = []
        self.asks = sys.stdin.isatty
        self.output = Output()
        self._waited: defaultdict[str, float] = defaultdict(float)
        """Seconds, for each table."""

    @property
    def prefix(self) -> str:
        """The prefix of every table name; empty if none was given."""
        return self.given["prefix"] or ""

    def database(self, *, waits: bool = True, **elsewhere: str) -> Database:
        """Connect, and wait for the endpoint if --wait is given; `elsewhere` overrides the options.

        With `waits`, long waits are reported on standard error.
        """
        # What is not given is left to `connect`, which looks where boto3 looks.
        place = {name: self.given.get(name) for name in PLACE} | elsewhere
        if self._connect is None:
            from ..database.connection import connect

            self._connect = connect
        # A database that has an observer cannot be sent to the processes of a copy.
        observe = self._watch if waits or self.given.get("verbose") else None
        prefix = place.pop("prefix") or ""
        db: Database = self._connect(table_prefix=prefix, observe=observe, **place)
        if (most := self.given.get("wait")) is not None:
            from .waiting import until_answered

            db.run(until_answered(most))
        return db

    def _watch(self, event: Event) -> None:
        # Seconds are added up for each table, since several are waited for at once.
        if self.given.get("verbose"):
            say(str(event))
        elif event.kind == "wait":
            before = self._waited[event.table]
            self._waited[event.table] += event.seconds
            if self._waited[event.table] // TELL_EVERY > before // TELL_EVERY:
                say(f"{event.table}: still waiting, after {self._waited[event.table]:.0f} s")

    @contextmanager
    def databases(self, given: dict[str, Any]) -> Iterator[tuple[Database, Database | None]]:
        """Connect to the place of SOURCE, and to that of TARGET if it differs.

        Removes the options that start with `target_` from `given`.
        """
        prefix = "target_"
        places = {name: given.pop(name) for name in [*given] if name.startswith(prefix)}
        other = {name.removeprefix(prefix): value for name, value in places.items() if value}
        with ExitStack() as stack:
            db = stack.enter_context(self.database(waits=False))
            there = stack.enter_context(self.database(waits=False, **other)) if other else None
            yield db, there

    def models(self, names: tuple[str, ...]) -> tuple[Model, ...]:
        """Load the models named on the command line, in the environment, or in the project."""
        from .models import models_of

        named = os.environ.get("DYNAMORM_MODELS", "").replace(",", " ").split()
        return models_of(names or named or self.project_models)

    def confirm(self, what: str, *, sure: bool) -> bool:
        """Ask on the terminal unless `sure`; only "yes" is accepted."""
        if sure:
            return True
        if not self.asks():
            raise click.ClickException(
                f"{what}: cannot ask for confirmation, since standard input is not a terminal; "
                "review what would be done, then pass --yes"
            )
        # What `click.prompt` reads with leaves a blank on standard output, which may be a file.
        click.echo(f"{what}? Only 'yes' is accepted: ", nl=False, err=True)
        answer = sys.stdin.readline().strip()
        # The whole word, as Terraform asks for it: a table that is gone does not come back.
        if answer != "yes":
            say("Nothing was done.")
        return answer == "yes"


def seconds(text: str | float) -> float:
    """Return a span of time in seconds: 90, 90s, 5m, 2h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(text))
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration: write 90s, 5m or 2h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a shared option; one after the command overrides the same before it."""
    session = ctx.ensure_object(Session)
    name = str(param.name)
    if name == "no_color":
        value = value or bool(os.environ.get("NO_COLOR"))
        ctx.color = False if value else ctx.color
    # Options before the command come first; of those after it, only the given ones count.
    if ctx.parent is None or ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        session.given[name] = value


SHARED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--region", {"metavar": "NAME", "help": "Region; otherwise as boto3 finds it."}),
    ("--profile", {"metavar": "NAME", "help": "Profile of the AWS configuration."}),
    ("--endpoint", {"metavar": "URL", "help": "Endpoint, such as that of an emulator."}),
    ("--prefix", {"metavar": "TEXT", "help": "Prefix of every table name."}),
    (
        "--wait",
        {"type": seconds, "metavar": "TIME", "help": "Wait until the endpoint answers."},
    ),
    ("--json", {"is_flag": True, "help": "Print JSON instead of text."}),
    ("--json-into", {"metavar": "FILE", "help": "Write the JSON to a file as well."}),
    ("--verbose", {"is_flag": True, "help": "Print every request, retry and wait."}),
    ("--no-color", {"is_flag": True, "help": "Print no colour; or set NO_COLOR."}),
    ("--debug", {"is_flag": True, "help": "Show the traceback of an error."}),
)
"""The options of every command; they may also precede it."""


def shared(*, root: bool = False) -> list[click.Option]:
    """Return the shared options; only those of the program itself read environment and project."""
    common: dict[str, Any] = {"expose_value": False, "callback": _remember}
    return [
        click.Option([name], allow_from_autoenv=root, **common, **settings)
        for name, settings in SHARED
    ]


def command(name: str = "") -> Callable[[Command[P]], click.Command]:
    """Turn a function into a command: it takes the session first, then its own options."""

    def make(function: Command[P]) -> click.Command:
        @click.pass_obj
        def run(session: Session, /, *given: P.args, **named: P.kwargs) -> int | None:
            as_json, into = session.given["json"], session.given["json_into"]
            session.output = Output(as_json=as_json, into=into)
            with closing(session.output):
                return function(session, *given, **named)

        made: click.Command = click.command(name or None)(update_wrapper(run, function))
        made.params += shared()
        return made

    return make
