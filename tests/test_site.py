"""The look at the built documentation in a browser: it notices what a reader would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LOOK = Path(__file__).parents[1] / "docs" / "browser.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="needs Chromium"),
]


def seen(folder: Path, body: str) -> tuple[int, list[str]]:
    """The exit code, and each line that is printed, for a site of one page."""
    (folder / "index.html").write_text(f"<html><head></head><body>{body}</body></html>")
    done = subprocess.run(
        [sys.executable, str(LOOK), str(folder)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines()


def test_a_page_that_is_right_passes(tmp_path):
    """An image that is there, text that fits, a script that runs."""
    (tmp_path / "dot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
    )
    body = '<img src="dot.svg"><p>text</p><script>let a = 1;</script>'
    assert seen(tmp_path, body) == (0, ["1 pages at 2 widths: nothing is wrong"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<div style="width: 500px">wide</div>', "/index.html at 390: scrolls sideways: 5"),
        ('<img src="none.png">', "/index.html at 1280: no image: http"),
        ("<script>none()</script>", "/index.html at 390: Uncaught ReferenceError: none is not"),
        ('<script src="none.js"></script>', "/index.html at 390: not loaded: http"),
    ],
)
def test_what_is_wrong_is_named_with_its_page_and_width(tmp_path, body, told):
    """A page that scrolls sideways, an image or script that is missing, a script that fails."""
    code, lines = seen(tmp_path, body)
    assert code == 1
    assert any(line.startswith(told) for line in lines), lines
