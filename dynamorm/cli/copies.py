"""Commands that copy the items of a table into another one, and compare both."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from typing import Any

import click

from . import arguments
from .models import model_or_name, object_of
from .output import say
from .progress import progress, read_so_far
from .session import Session, command, seconds

UNFINISHED = 2
"""What both exit with where a deadline came first, and `verify` where the tables differ."""
INTERRUPTED = 130
"""What a shell reports for a process that Ctrl-C has ended."""

PLACE = ("region", "profile", "endpoint", "prefix")

_both = arguments.together(
    click.argument("source", metavar="SOURCE"),
    click.argument("target", metavar="TARGET"),
    click.option("--transform", metavar="MODULE:FUNCTION", help="What makes an item of another."),
    click.option("--segments", type=int, help="Parts that are read at once; otherwise 8."),
    click.option("--max-read-units", type=float, metavar="UNITS", help="In a second, at most."),
    click.option("--eventually-consistent", is_flag=True, help="Read for half of the units."),
    click.option(
        "--unmodelled",
        type=click.Choice(["keep", "drop", "error"]),
        default="keep",
        show_default=True,
        help="What becomes of attributes that no model knows.",
    ),
    click.option("--deadline", type=seconds, metavar="TIME", help="Stop in time, to be resumed."),
    click.option("--checkpoint", metavar="FILE", help="Resume from this file; save in it."),
    *(click.option(f"--target-{name}", help=f"Another {name} for TARGET.") for name in PLACE),
)


@command()
@_both
@click.option("--max-write-units", type=float, metavar="UNITS", help="In a second, at most.")
@click.option(
    "--collisions",
    type=click.Choice(["error", "check", "last"]),
    default="error",
    show_default=True,
    help="Two items that the transform gives one key.",
)
@click.option(
    "--existing",
    type=click.Choice(["overwrite", "keep"]),
    default="overwrite",
    show_default=True,
    help="Items of TARGET that have the key of one of SOURCE.",
)
@click.option("--in-place", is_flag=True, help="SOURCE and TARGET may be one table.")
def copy(session: Session, **given: Any) -> int:
    """Copy all items of SOURCE into TARGET, an existing table.

    Each is a table's name or shop.models:Order. Ctrl-C, a deadline and errors leave a checkpoint
    to resume from, and print the command that does it; the file holds keys of items.
    """
    return _run(session, "copy_table", **given)


@command()
@_both
@click.option("--sample", type=float, default=1.0, help="The share of items that is compared.")
def verify(session: Session, **given: Any) -> int:
    """Compare all items of SOURCE and TARGET.

    Exits with 2 if they differ. Give the --transform and --unmodelled of the copy.
    """
    return _run(session, "verify_copy", **given)


def _run(session: Session, operation: str, checkpoint: str | None, **given: Any) -> int:
    ends = [model_or_name(given.pop(end)) for end in ("source", "target")]
    elsewhere = {n: v for n in PLACE if (v := given.pop(f"target_{n}")) is not None}
    given["consistent_read"] = not given.pop("eventually_consistent")
    if given["transform"]:
        given["transform"] = object_of(given["transform"])
    try:
        with ExitStack() as stack:
            db = stack.enter_context(session.database())
            if elsewhere:
                given["target_db"] = stack.enter_context(session.database(**elsewhere))
            given["progress"] = stack.enter_context(progress(session.output))
            found = getattr(db, operation)(*ends, checkpoint_file=checkpoint, **given)
    except BaseException as error:  # an interrupt too: without the checkpoint all was in vain
        interrupted = isinstance(error, KeyboardInterrupt)
        found = getattr(error, "report", None)
        if found is None or not (interrupted or read_so_far(found)):
            raise
        say(str(found))
        _leave(session, found, checkpoint)
        if not interrupted:
            raise
        return INTERRUPTED
    session.output.text(str(found))
    session.output.line("end", **found.to_dict())
    if not found.done:
        _leave(session, found, checkpoint)
    return 0 if found else UNFINISHED


def _leave(session: Session, found: Any, checkpoint: str | None) -> None:
    """Tell how to resume, with the checkpoint in a file."""
    arguments = session.arguments
    if checkpoint is None:
        from ..copying.checkpoint_file import save

        names = (found.checkpoint[end].rpartition("/")[2] for end in ("source", "target"))
        checkpoint = f"{'-'.join(names)}.checkpoint.json"
        save(checkpoint, found.checkpoint)
        arguments = [*arguments, "--checkpoint", checkpoint]
    say(f"Resume with: {shlex.join(('dynamorm', *arguments))}")


COMMANDS = (copy, verify)
