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
    help="Consent to a destructive step, or ask for a removal: index:by-day, ttl, tag:*.",
)
only = click.option("--only", multiple=True, metavar="NAME", help="Compare this alone: ttl, tags.")
skip = click.option(
    "--skip-unsupported", "skip", is_flag=True, help="Leave out what an emulator does not know."
)
yes = click.option(
    "--yes", "--auto-approve", "yes", is_flag=True, help="Do not ask. Implies no --allow."
)


def timeout(default: float) -> Decorator:
    """Give the option for how long a command may take."""
    return click.option(
        "--timeout",
        type=seconds,
        metavar="TIME",
        default=default,
        show_default=f"{default:.0f}s",
        help="For all of it.",
    )


def together(*decorators: Decorator) -> Decorator:
    """Make one decorator of several, which come in this order."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


compared = together(allow, only, skip)
"""What says which plan is made, and which of its steps are done."""

ends = together(
    click.argument("source", metavar="SOURCE"),
    click.argument("target", metavar="TARGET"),
    *(click.option(f"--target-{name}", help=f"Another {name} for TARGET.") for name in PLACE),
)

read_rate = together(
    click.option("--max-read-units", type=float, metavar="UNITS", help="In a second, at most."),
    click.option("--eventually-consistent", is_flag=True, help="Read for half of the units."),
)

write_rate = together(
    click.option("--max-write-units", type=float, metavar="UNITS", help="In a second, at most."),
    click.option(
        "--collisions",
        type=click.Choice(["error", "check", "last"]),
        default="error",
        show_default=True,
        help="Two items that the transform gives one key.",
    ),
    click.option(
        "--existing",
        type=click.Choice(["overwrite", "keep"]),
        default="overwrite",
        show_default=True,
        help="Items of TARGET that have the key of one of SOURCE.",
    ),
)
