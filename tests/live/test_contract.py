"""Every operation, on every engine, through every transport; and the table in the docs of it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from copies import OPERATIONS
from gaps import GAPS
from world import TRANSPORTS, World

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"

OUTCOMES: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
"""By engine and operation, what came of it through each transport."""


@pytest.fixture
def world(engine: str, url: str | None, client: Any, transport: str) -> Iterator[World]:
    made = World(engine, url, client, transport)
    yield made
    made.end()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_operation(world: World, engine: str, transport: str, operation: str) -> None:
    """It does what it says, or ends in the error that stands for what the engine cannot do."""
    outcomes = OUTCOMES[engine, operation]
    outcomes[transport] = "FAIL"
    if gap := GAPS[engine].get(operation):
        word, error = gap
        with pytest.raises(error):
            OPERATIONS[operation](world)
    else:
        word = "pass"
        OPERATIONS[operation](world)
    outcomes[transport] = word


def test_the_table_in_the_docs_is_what_was_seen(engine: str) -> None:
    """With DYNAMORM_WRITE set, the table is written; otherwise it has to agree with this run."""
    if engine == "endpoint":
        pytest.skip("whatever it is, the table does not speak of it")
    seen = {operation: OUTCOMES[engine, operation] for operation in OPERATIONS}
    if any(outcomes.keys() != TRANSPORTS.keys() for outcomes in seen.values()):
        pytest.skip("not every operation has been run through every transport")
    columns = _columns(PAGE.read_text(encoding="utf-8"))
    column = {_title(name): _cell(outcomes) for name, outcomes in seen.items()}
    if "DYNAMORM_WRITE" in os.environ:
        columns[engine] = column
        _write(columns)
    else:
        assert columns[engine] == column


def _title(operation: str) -> str:
    return str(OPERATIONS[operation].__doc__).rstrip(".")


def _cell(outcomes: dict[str, str]) -> str:
    words = set(outcomes.values())
    each = (f"{word} ({transport})" for transport, word in outcomes.items())
    return words.pop() if len(words) == 1 else ", ".join(each)


TABLE = re.compile(r"^\| operation .*?(?=\n\n)", re.MULTILINE | re.DOTALL)


def _columns(page: str) -> dict[str, dict[str, str]]:
    """Read the table: by engine, the cell of each operation."""
    (table,) = TABLE.findall(page)
    heads, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in table.split("\n"))
    return {
        engine: {row[0]: row[place] for row in rows} for place, engine in enumerate(heads) if place
    }


def _write(columns: dict[str, dict[str, str]]) -> None:
    titles = map(_title, OPERATIONS)
    heads = ["operation", *columns]
    rows = [[title, *(found.get(title, "") for found in columns.values())] for title in titles]
    lines = [heads, ["---"] * len(heads), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table, page), encoding="utf-8")
