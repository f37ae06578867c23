"""Commands that copy the items of one table into another, and compare the two."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import arguments
from .estimates import prices, tell_before
from .models import model_or_name, object_of
from .output import Progress, read_so_far, say
from .session import Session, command, seconds

if TYPE_CHECKING:
    from ..operations import Operation

UNFINISHED = 2
"""The exit code of both after a deadline, and of `verify` if the tables differ."""
SHOWN = 10
"""Keys of each kind that are printed; JSON has a hundred."""
INTERRUPTED = 130
"""The exit code that a shell reports for a process ended by Ctrl-C."""

_both = arguments.together(
    arguments.ends,
    arguments.read_rate,
    click.option("--transform", metavar="MODULE:FUNCTION", help="Function that transforms items."),
    click.option(
        "--unmodelled",
        type=click.Choice(["keep", "drop", "error"]),
        default="keep",
        show_default=True,
        help="What to do with attributes that no model declares.",
    ),
    click.option("--segments", type=int, help="Segments to read in parallel; otherwise 8."),
    click.option("--deadline", type=seconds, metavar="TIME", help="Stop in time; resume later."),
    click.option("--checkpoint", metavar="FILE", help="Resume from this file; save in it."),
)


@command()
@_both
@arguments.write_rate
@click.option("--in-place", is_flag=True, help="SOURCE and TARGET may be one table.")
@click.option("--processes", type=int, default=1, show_default=True, help="Share the work.")
@prices
@click.option("--quiet", is_flag=True, help="Skip the estimate of the cost.")
def copy(session: Session, **given: Any) -> int:
    """Copy all items of SOURCE into TARGET, an existing table.

    Each is a table's name or shop.models:Order. Ctrl-C, a deadline and errors leave a checkpoint
    to resume from, and print the command that does it; the file holds keys of items.
    """
    from ..copying.table import copy_table

    return _run(session, copy_table, **given)


@command()
@_both
@click.option("--sample", type=float, default=1.0, help="The share of items to compare.")
def verify(session: Session, **given: Any) -> int:
    """Compare all items of SOURCE and TARGET.

    Exits with 2 if they differ. Give the --transform and --unmodelled of the copy.
    """
    from ..copying.verify import verify_copy

    return _run(session, verify_copy, **given)


def _run(
    session: Session,
    operation: Callable[..., Operation[Any]],
    checkpoint: str | None,
    prices: tuple[str, ...] = (),
    quiet: bool = True,
    **given: Any,
) -> int:
    ends = model_or_name(given.pop("source")), model_or_name(given.pop("target"))
    given["consistent_read"] = not given.pop("eventually_consistent")
    if given["transform"]:
        given["transform"] = object_of(given["transform"])
    progress = Progress(session.output)
    try:
        with session.databases(given) as (db, there):
            given |= {"checkpoint_file": checkpoint, "progress": progress, "target_db": there}
            # What it does not take is told first; iterated, since it may not come to running it.
            steps = iter(operation(*ends, **given))
            if not quiet:
                tell_before(session, (db, there or db), ends, prices, given)
            with progress:
                found = db.run(steps)
    except BaseException as error:  # an interrupt too: without the checkpoint all was in vain
        interrupted = isinstance(error, KeyboardInterrupt)
        found = getattr(error, "report", None)
        if found is None or not (interrupted or read_so_far(found)):
            raise
        say(str(found))
        session.output.line("stopped", **found.to_dict())
        _leave(session, found, checkpoint)
        if not interrupted:
            raise
        return INTERRUPTED
    session.output.text("\n".join((str(found), *_keys(found))))
    session.output.line("end", **found.to_dict())
    if not found.done:
        _leave(session, found, checkpoint)
    return 0 if found else UNFINISHED


def _keys(found: Any) -> Iterator[str]:
    """Yield a line for each of the first keys of each kind that a comparison found."""
    for kind in ("missing", "different", "extra"):
        for key in getattr(found, f"{kind}_keys", ())[:SHOWN]:
            yield f"  {kind}  {', '.join(f'{name}={value!r}' for name, value in key.items())}"


def _leave(session: Session, found: Any, checkpoint: str | None) -> None:
    """Print the command that resumes; save the checkpoint first unless it is in a file."""
    arguments = session.arguments
    if checkpoint is None:
        from ..copying.checkpoint import save

        # Without --checkpoint, hours of copying would be lost.
        checkpoint = _unused(found.checkpoint)
        save(checkpoint, found.checkpoint)
        arguments = [*arguments, "--checkpoint", checkpoint]
    say(f"Resume with: {shlex.join(('dynamorm', *arguments))}")


def _unused(checkpoint: dict[str, Any]) -> str:
    """Return the name of a new file: the checkpoint of an earlier run may be further ahead."""
    ends = (checkpoint[end].rpartition("/")[2] for end in ("source", "target"))
    stem = "-".join((str(click.get_current_context().info_name), *ends))
    names = (f"{stem}{f'-{number}' * (number > 1)}.checkpoint.json" for number in count(1))
    return next(name for name in names if not Path(name).exists())


COMMANDS = (copy, verify)
