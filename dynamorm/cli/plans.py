"""Commands that compare tables with their models, and change what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from . import arguments
from .output import say
from .session import Session, command

if TYPE_CHECKING:
    from ..database import Database
    from ..model.declare import Model
    from ..tables.apply import Applied
    from ..tables.plan import Plan
    from ..tables.steps import Step
    from ..tables.update import Unsupported

CHANGES = 2
"""The exit code of `plan --exit-code` and `check` if something differs."""


@command()
@arguments.models
@arguments.compared
@click.option("--exit-code", is_flag=True, help="Exit with 2 if there is something to do.")
@click.option("--out", metavar="FILE", help="Write the plan to a file, for apply.")
@click.option("--requests", is_flag=True, help="Show the JSON body of every request.")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a comment.")
def plan(
    session: Session,
    models: tuple[str, ...],
    exit_code: bool,
    out: str | None,
    requests: bool,
    markdown: bool,
    **asked: Any,
) -> int:
    """Show what apply would change; send no write.

    Exits with 0; with --exit-code 2 if there is something to do.
    """
    found = session.models(models)
    with session.database() as db:
        plans = planned(db, found, **asked)
    if out is not None:
        from .plan_file import write_plans

        write_plans(out, plans)
    _show(session, plans, requests=requests, markdown=markdown)
    session.output.document("plan", plans=plans)
    return CHANGES if exit_code and any(plans) else 0


def planned(db: Database, models: tuple[Model, ...], skip: bool, **asked: Any) -> list[Plan]:
    """Plan each table with the options that several commands share."""
    return [db.plan(model, unsupported=_UNSUPPORTED[skip], **asked) for model in models]


_UNSUPPORTED: dict[bool, Unsupported] = {True: "skip", False: "raise"}


def _show(session: Session, plans: list[Plan], *, requests: bool, markdown: bool) -> None:
    session.output.text("\n".join(_markdown(plan) if markdown else str(plan) for plan in plans))
    if requests:
        bodies = (f"{s.operation}\n{_indented(s)}" for plan in plans for s in all_steps(plan.steps))
        session.output.text("\n".join(bodies))


def all_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield each step, followed by those that belong to it."""
    for step in steps:
        yield step
        yield from all_steps(step.then)


def _indented(step: Step) -> str:
    from msgspec import json

    return json.format(json.encode(step.payload), indent=2).decode()


def _markdown(plan: Plan) -> str:
    rows = [
        *((s.kind, s.name, f"{s.change} ({s.operation})") for s in all_steps(plan.steps)),
        *(("blocked", b.name, f"{b.found} -> {b.declared}: {b.remedy}") for b in plan.blocked),
        *(("left alone", item.name, item.found) for item in plan.undeclared),
        *(("unknown", u.name, f"{u.found} -> {u.declared}: {u.unknown}") for u in plan.unknown),
        *(("unsupported", name, "this endpoint does not know it") for name in plan.unsupported),
    ]
    if not rows:
        return f"### `{plan.table}`: nothing to do\n"
    head = f"### `{plan.table}`: {len(plan.steps)} to do, {len(plan.blocked)} blocked\n"
    cells = (" | ".join(text.replace("|", "\\|") for text in row) for row in rows)
    lines = (f"| {row} |" for row in ("kind | what | change", "---|---|---", *cells))
    return "\n".join((head, *lines, ""))


@command()
@click.argument("what", nargs=-1, metavar="[PLAN.json | MODEL...]")
@arguments.compared
@arguments.yes
@arguments.timeout(3600)
def apply(session: Session, what: tuple[str, ...], yes: bool, timeout: float, **asked: Any) -> int:
    """Change tables to what their models declare, after a "yes".

    A plan from a file is applied without a question, since you have seen it, and refused if the
    table has changed since.
    """
    from ..tables.update import apply as applying
    from .plan_file import read_plans

    # A model never ends so: `module:Class`.
    seen = len(what) == 1 and what[0].endswith(".json")
    found = () if seen else session.models(what)
    with session.database() as db:
        plans = read_plans(what[0]) if seen else planned(db, found, **asked)
        if not seen:
            _show(session, plans, requests=False, markdown=False)
        told = {"allow": asked["allow"], "unsupported": _UNSUPPORTED[asked["skip"]]}
        # What would be refused is, before anybody is asked; iterated, as an answer may be "no".
        operations = [iter(applying(plan, timeout=timeout, **told)) for plan in plans if plan]
        names = ", ".join(plan.table for plan in plans if plan)
        if operations and not session.confirm(f"Apply to {names}", sure=seen or yes):
            return 1
        return _end(session, [_told(session, db.run(steps)) for steps in operations])


def _told(session: Session, applied: Applied) -> Applied:
    """Print what was done to one table, and what is pending."""
    session.output.text(str(applied))
    for event, items in (("done", applied.done), ("pending", applied.pending)):
        for item in items:
            session.output.line(event, table=applied.table.table_name, **item.to_dict())
    return applied


def _end(session: Session, applied: list[Applied]) -> int:
    if not applied:
        say("Nothing to do.")
    session.output.line("end", tables=[done.table.table_name for done in applied])
    return 0


@command()
@arguments.models
@arguments.only
@click.option("--strict", is_flag=True, help="Count what no model declares as well.")
@click.option("--quiet", is_flag=True, help="Print no text, only set the exit code.")
def check(
    session: Session, models: tuple[str, ...], only: tuple[str, ...], strict: bool, quiet: bool
) -> int:
    """Compare tables with their models; read only.

    Exits with 2 if a table is missing or not as declared, without an option.
    """
    found = session.models(models)
    with session.database() as db:
        checked = db.check(*found, strict=strict, only=only)
    session.output.text("" if quiet else str(checked))
    session.output.document("check", **checked.to_dict(), as_declared=bool(checked))
    return 0 if checked else CHANGES


COMMANDS = (plan, apply, check)
