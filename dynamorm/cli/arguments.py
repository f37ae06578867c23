"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .session import PLACE, seconds

Decorator = Callable[[Any], Any]

models = click.argument("models", nargs=-1, metavar="[MODEL]...")
tables = click.argument("tables", nargs=-1, required=True, metavar="TABLE|MODEL...")
allow = click.option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help="Allow a destructive step or a removal: index:by-day, ttl, tag:*.",
)
only = click.option("--only", multiple=True, metavar="NAME", help="Compare only this: ttl, tags.")
skip = click.option(
    "--skip-unsupported", "skip", is_flag=True, help="Skip what an emulator does not support."
)
yes = click.option(
    "--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask. Implies no --allow."
)


def timeout(default: float) -> Decorator:
    """Return the option for the time limit of a command."""
    return click.option(
        "--timeout",
        type=seconds,
        metavar="TIME",
        default=default,
        show_default=f"{default:.0f}s",
        help="Time limit of the whole command.",
    )


def together(*decorators: Decorator) -> Decorator:
    """Return one decorator that applies several; their options are listed in this order."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


compared = together(allow, only, skip)
"""The options that decide what a plan compares, and which of its steps are allowed."""

ends = together(
    click.argument("source", metavar="SOURCE"),
    click.argument("target", metavar="TARGET"),
    *(
        click.option(f"--target-{name}", help=f"The {name} of TARGET, if it differs.")
        for name in PLACE
    ),
)

read_rate = together(
    click.option("--max-read-units", type=float, metavar="UNITS", help="Units a second, at most."),
    click.option("--eventually-consistent", is_flag=True, help="Read for half the units."),
)

write_rate = together(
    click.option("--max-write-units", type=float, metavar="UNITS", help="Units a second, at most."),
    click.option(
        "--collisions",
        type=click.Choice(["error", "check", "last"]),
        default="error",
        show_default=True,
        help="What to do if two items get the same key.",
    ),
    click.option(
        "--existing",
        type=click.Choice(["overwrite", "keep"]),
        default="overwrite",
        show_default=True,
        help="What to do with items that TARGET already has.",
    ),
)
