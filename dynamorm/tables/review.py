"""Judges whether steps are still what was shown: a pure comparison of a plan with what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..api import TableDescription
from ..errors import PlanRefused
from .plan import Plan, TableComparison
from .settings import on_stream
from .steps import Settings, Step
from .tags import tag_step


class Review:
    """A plan beside what was seen in one look: compared once, for all steps that are judged."""

    def __init__(self, plan: Plan, table: TableDescription, settings: Settings) -> None:
        found = TableComparison(plan.spec, table, settings, plan.allow, plan.only)
        self._plan = plan
        self._seen = (table, settings)
        self._steps = found.steps()
        self._blocked = found.blocked()
        self._differing = frozenset(map(_family, found.names()))

    def is_of(self, table: TableDescription, settings: Settings) -> bool:
        """Return whether this look is the one compared; any other needs a new review."""
        return table is self._seen[0] and settings is self._seen[1]

    def needs(self, step: Step) -> bool:
        """Return whether a step of the plan is still to be done.

        Raises `PlanRefused` where what is there asks for another change than the plan shows.
        """
        # The steps of a new plan, so that one rule says what a table wants. They are only compared,
        # and never sent.
        near = [other for other in self._steps if _is_near(other.name, step.name)]
        reasons = [
            f"{other.name}: the plan does not show this change: {other.change}, found {other.found}"
            for other in self._steps
            if (_is_near(other.name, step.name) or _is_condition(other, step))
            and not any(_is_same(other, shown) for shown in self._plan.steps)
        ]
        blocked = tuple(item for item in self._blocked if _is_near(item.name, step.name))
        if not near and self._differing.intersection(_differences(step)):
            reasons.append(f"{step.name}: this change is no longer possible as the plan shows it")
        if reasons or blocked:
            name = self._plan.bound_to.name
            advice = f"{name} has changed since the plan was made: make another plan"
            raise PlanRefused((), blocked=blocked, reasons=(advice, *reasons))
        return any(_is_same(other, step) for other in near)

    def again(self, step: Step) -> Step | None:
        """Return this very step as it would be planned now; `None` if nothing there wants it."""
        return next((other for other in self._steps if _is_same(other, step)), None)


def _is_near(name: str, step: str) -> bool:
    """Return whether a change is about the same thing as a step, or about its whole index."""
    families = (_family(name), _family(step))
    return families[0] == families[1] or (name.startswith("index:") and step.startswith(f"{name}:"))


def _is_condition(other: Step, step: Step) -> bool:
    """Return whether a step can only be as shown if another one is shown, and done, before it.

    What an index may say of its capacity depends on how the table is billed, and the definitions
    that come with a new one are those of all indexes.
    """
    if not step.name.startswith("index:") or step.declared is None:
        return False
    built = "AttributeDefinitions" in step.payload and other.name.startswith("index:")
    return other.name == "billing" or (built and other.name.count(":") == 1)


def _family(name: str) -> str:
    # Turning TTL off is named after the attribute that it is on for: both are one setting.
    return "ttl" if name.startswith("ttl:") else name


def _differences(step: Step) -> Iterator[str]:
    """Name what differs as long as a step is to be done."""
    if step.name == "tags":
        yield from (f"tag:{key}" for key in step.declared)
    else:
        yield _family(step.name)


def _is_same(fresh: Step, shown: Step) -> bool:
    """Return whether a step does what was shown, from where it was shown to begin."""
    if fresh.name == shown.name == "tags":
        # Some of the tags may be there by now: the rest is part of what was shown.
        pairs = ((fresh.declared, shown.declared), (fresh.found, shown.found))
        parts = all(set(some.items()) <= set(every.items()) for some, every in pairs)
        return parts and _is_as_told(shown, fresh.payload["ResourceArn"])
    # A plan that turns a stream on could not know its ARN yet.
    shown = on_stream(shown, fresh.payload.get("ResourceArn"))
    return _identity(fresh) == _identity(shown)


def _is_as_told(shown: Step, arn: str) -> bool:
    """Return whether a step for tags sends those that it shows: its JSON may have been edited."""
    return _identity(tag_step(arn, shown.declared, shown.found)) == _identity(shown)


def _identity(step: Step) -> tuple[Any, ...]:
    """Return all that is done and shown; JSON that was sorted has its members in another order."""
    body = dict(step.payload)
    tags = {tag["Key"]: tag["Value"] for tag in body.pop("Tags", ())}
    told = sorted(step.change.split(", ")), step.declared, step.found
    definitions = body.pop("AttributeDefinitions", ())
    types = {item["AttributeName"]: item["AttributeType"] for item in definitions}
    where = step.operation, step.region
    return step.name, step.kind, *where, *told, body, types, tags
