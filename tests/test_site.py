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


def seen(folder: Path, **bodies: str) -> tuple[int, list[str]]:
    """The exit code, and each line that is printed, for a site of these pages."""
    for name, body in bodies.items():
        text = f"<html><head></head><body>{body}</body></html>"
        (folder / f"{name}.html").write_text(text)
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
    assert seen(tmp_path, index=body) == (0, ["1 pages at 2 widths: nothing is wrong"])


def test_what_is_wrong_is_named_with_its_page_and_width(tmp_path):
    """A page that scrolls sideways, an image or script that is missing, a script that fails."""
    code, lines = seen(
        tmp_path,
        wide='<div style="width: 500px">wide</div>',
        image='<img src="none.png">',
        failing="<script>none()</script>",
        script='<script src="none.js"></script>',
        right="<p>text</p>",
    )
    assert code == 1
    for told in (
        "/wide.html at 390: scrolls sideways: 5",
        "/image.html at 1280: no image: http",
        "/failing.html at 390: Uncaught ReferenceError: none is not",
        "/script.html at 390: not loaded: http",
    ):
        assert any(line.startswith(told) for line in lines), lines
    assert not any("right" in line for line in lines), lines
