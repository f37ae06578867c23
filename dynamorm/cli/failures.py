"""An error as one or two lines: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..errors import (
    CredentialsMissing,
    DynamormError,
    EndpointUnknown,
    PlanRefused,
    TableNotFound,
    TransportError,
    text_of,
)
from .output import say


def _consent(error: Exception) -> str:
    """Return the options that allow all that was refused, unless something is blocked."""
    refused = error if isinstance(error, PlanRefused) and not error.blocked else PlanRefused(())
    return " ".join(f"--allow {name}" for name in dict.fromkeys(s.name for s in refused.steps))


def _usage(error: Exception) -> str:
    """Return the command that prints the help of the misused command."""
    ctx = getattr(error, "ctx", None)
    return f"{ctx.command_path} --help" if ctx else ""


_ADVICE: dict[type[Exception], Callable[[Exception], str]] = {
    CredentialsMissing: lambda _: "pass --profile NAME, or aws sso login; any do for an emulator",
    EndpointUnknown: lambda _: "pass --region or --endpoint",
    TransportError: lambda _: "is --endpoint right? --wait 60s waits until the service answers",
    TableNotFound: lambda _: "dynamorm list prints the tables of this --region and --prefix",
    PlanRefused: _consent,
    click.UsageError: _usage,
}
"""Advice that the library's messages cannot give, since the library knows no options."""


def tell(error: Exception, *, debug: bool, color: bool) -> None:
    """Print an error, or with `debug` its traceback."""
    if debug:
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
        return
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        say(error.format_message())
        return
    say(f"{click.style('Error', 'red') if color else 'Error'}: {_message(error)}")
    advice = next(
        (advise(error) for kind, advise in _ADVICE.items() if isinstance(error, kind)), ""
    )
    if advice:
        say(f"Try: {advice}")
    elif isinstance(error, DynamormError):
        say(f"See {error.url}")


def _message(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, DynamormError | OSError | ValueError):
        return text_of(error)
    return f"{type(error).__name__}: {error} (--debug shows where)"
