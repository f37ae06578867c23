"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .session import seconds

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
