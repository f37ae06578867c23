"""Copies a table by AWS Step Functions: one Lambda function, whose handlers a state machine calls.

Put this file, `dynamorm`, `msgspec` and the modules of your models into one zip; template.json has
the rest. A Distributed Map copies each segment as often as Lambda's fifteen minutes make it
necessary: what comes out of one call is what goes into the next.
"""

from __future__ import annotations

from typing import Any

import dynamorm
from dynamorm import CopyIncomplete

MARGIN = 15.0
"""Seconds for the request that is under way when time is up."""

OPTIONS: dict[str, Any] = {}
"""Of the copy: `transform=`, `collisions="check"` and others that JSON cannot hold."""

COUNTED = ("read", "written", "unchecked")
"""No segment knows the keys of another: `unchecked` is 0 where a transform cannot change any."""

db = dynamorm.connect(transport="http")


def divide(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Give the segments: `{"source": ..., "target": ..., "of": 64, "max_write_units": 8000}`.

    Each gets the same part of the rate, by how many are copied at once.
    """
    given = {name: event[name] for name in ("source", "target", "of")}
    if units := event.get("max_write_units"):
        given["max_write_units"] = units / min(event["of"], event["at_once"])
    return {**event, "segments": [{**given, "segment": n} for n in range(event["of"])]}


def copy(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Copy one segment for as long as there is time; the result is the event of the next call."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN

    try:
        report = db.copy_segment(
            event["source"],
            event["target"],
            segment=event["segment"],
            of=event["of"],
            max_write_units=event.get("max_write_units"),
            resume=event.get("checkpoint"),
            deadline=seconds_left,
            **OPTIONS,
        )
    except CopyIncomplete as error:  # throttled until the end: the next call goes on
        report = error.report
    counts = {name: getattr(report, name) for name in COUNTED}
    return {**event, "done": report.done, **counts, "checkpoint": report.checkpoint}


def total(event: list[dict[str, Any]], context: Any) -> dict[str, Any]:
    """Sum up what the segments have done."""
    return {"segments": len(event), **{name: sum(one[name] for one in event) for name in COUNTED}}
