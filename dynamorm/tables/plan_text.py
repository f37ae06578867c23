"""A plan as text, in the manner that readers of Terraform know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .steps import Step

_MADE = ("table", "index", "replica")
"""What is made or not there; everything else of a table is changed."""

_WORDS = {"+": "create", "~": "change", "-": "destroy"}


def plan_text(table: str, steps: Sequence[Step], notes: Sequence[tuple[str, str, str]]) -> str:
    """Return a line for each step and note, and last how many things are made, changed and removed.

    `+` is made, `~` changed, `-` removed, `-/+` removed and made again.
    """
    # Lined up over all rows, and counted in the last line, which scripts and people look for.
    rows = [*_rows(steps), *(("", *note) for note in notes)]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = (
        f"  {sign:{widths[0]}}  {kind:{widths[1]}}  {name:{widths[2]}}  {text}"
        for sign, kind, name, text in rows
    )
    head = f"{len(steps)} step" + "s" * (len(steps) != 1) if rows else "is as declared"
    signs = [_sign(step) for step in steps]
    counts = (f"{signs.count(sign)} to {word}" for sign, word in _WORDS.items())
    return "\n".join((f"{table}: {head}", *lines, f"Plan: {', '.join(counts)}"))


def _rows(steps: Sequence[Step]) -> Iterator[tuple[str, str, str, str]]:
    # What goes and comes again in one plan is replaced: Terraform shows it so.
    gone = {step.name for step in steps if step.declared is None}
    again = gone & {step.name for step in steps if step.declared is not None}
    for step in steps:
        sign = "-/+" if step.name in again else _sign(step)
        yield sign, step.kind, step.name, f"{step.change} ({step.operation}, {step.until})"
        for further in step.then:
            yield "", "then", further.name, f"{further.change} ({further.operation})"


def _sign(step: Step) -> str:
    if step.declared is None:
        return "-"
    # What an index says of its capacity, as in "index:NAME:throughput", is changed.
    made = step.name.count(":") < 2 and step.name.partition(":")[0] in _MADE
    return "+" if made else "~"
