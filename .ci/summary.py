"""What the test runs of all environments came to, one line for each of them and for each engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

KINDS = ("passed", "failed", "skipped")


class Case(NamedTuple):
    """One test of one environment."""

    kind: str
    engine: str
    """The engine that it needs, empty for none."""
    reason: str = ""
    """Why it was skipped."""


def cases(path: Path) -> Iterator[Case]:
    """Read the results of one environment."""
    for case in ElementTree.parse(path).iter("testcase"):
        engine = case.find("properties/property[@name='engine']")
        named = "" if engine is None else engine.get("value", "")
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            yield Case("failed", named)
        elif skipped is not None:
            yield Case("skipped", named, _reason(skipped))
        else:
            yield Case("passed", named)


def _reason(skipped: ElementTree.Element) -> str:
    """Say why; of a whole file pytest says it at the end of the text."""
    message, text = skipped.get("message", ""), skipped.text or ""
    return text.partition("Skipped: ")[2].rstrip("'\")") if "collection" in message else message


def counted(found: Iterable[Case]) -> str:
    """Count the tests by how they ended."""
    total = Counter(case.kind for case in found)
    return ", ".join(f"{total[kind]} {kind}" for kind in KINDS)


def reasons(found: Iterable[Case]) -> str:
    """Give each reason for which tests were skipped, with how many there were."""
    numbers = Counter(case.reason for case in found if case.kind == "skipped")
    told = (f"{number} x {reason}" for reason, number in numbers.most_common())
    return f" ({'; '.join(told)})" if numbers else ""


def lines(runs: Mapping[str, tuple[int, str]], results: Path) -> Iterator[str]:
    """Say of each environment what ran and what did not; close with the sum of all tests.

    Of each is given with what its commands ended, and the text that explains it: why they did not
    begin, or the end of what the failing one has printed.
    """
    every: list[Case] = []
    for name, (code, text) in sorted(runs.items()):
        path = results / f"{name}.xml"
        not_run = text and not code
        found = list(cases(path)) if path.exists() and not not_run else []
        every += found
        if not_run:
            yield f"{name}: not run ({text})"
        elif code or not found:
            yield f"{name}: {f'failed with {code}' if code else 'ok'}"
            yield from (f"    {line}" for line in text.splitlines() if line.strip())
        yield from _by_engine(name, found)
    if every:
        yield counted(every)


def _by_engine(name: str, found: list[Case]) -> Iterator[str]:
    engines = sorted({case.engine for case in found})
    for engine in engines:
        concerned = [case for case in found if case.engine == engine]
        yield f"{f'{name} {engine}'.strip()}: {counted(concerned)}{reasons(concerned)}"
