"""The texts of errors, all of them, as they are found in the source."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dynamorm
from dynamorm import errors

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def collector() -> Any:
    """The program that collects them, as the documentation uses it."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "docs" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAMES = {*dynamorm.__all__, "Count", "Raw"}
"""What a text may begin with in capitals, besides what has more than one capital."""

WHOLE = {*dir(errors), "TypeError", "ValueError"} - {"ItemError"}
"""Classes whose texts stand alone: the others are given a place where they are raised."""


def test_the_texts_of_every_kind_of_error_are_found(collector):
    """In classes that are raised, lists of problems, advice of classes, arguments of helpers."""
    messages = collector.collect()
    assert {
        "no region: pass region=, or set AWS_REGION",
        "indexes= lists {index.name} twice",
        ": wait until the table is ACTIVE, then try again",
        "no partition key: mark one field with PartitionKey()",
        "index= takes the name of an index, not {self.index}",
        "the answer is too long",
    } <= {message.text for message in messages}
    assert len(messages) > 350


def is_formed(message: Any) -> bool:
    text = message.text.removeprefix(": ")
    if text != text.strip() or "  " in text:
        return False
    if message.kind in ("UsageError", "SystemExit"):  # of the form that click's own have
        return True
    first = re.match(r"([A-Z][a-z]+)\b", text)
    return (first is None or first[1] in NAMES) and not text.endswith((".", "!"))


def test_every_text_has_the_form_of_all_texts(collector):
    """It begins in lower case, unless with a name, and has no stray blank and no full stop."""
    assert [message for message in collector.collect() if not is_formed(message)] == []


def test_a_text_that_stands_alone_names_a_thing_or_what_to_do(collector):
    """A value, an option, a call, a setting; or advice behind a colon."""
    alone = [message for message in collector.collect() if message.kind in WHOLE]
    says = re.compile(r"\{|=|\(|'|\"|[A-Z_]{2,}|: |resume|allow")
    assert len(alone) > 200
    assert [message for message in alone if not says.search(message.text)] == []


def test_the_page_has_every_text(collector):
    """What the documentation shows is what is collected, and the program prints the same."""
    page = collector.page()
    assert page.count("\n- ") == len(collector.collect())
    printed = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "messages.py")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert printed.stdout == page
