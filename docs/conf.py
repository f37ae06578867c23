"""Settings for Sphinx: `sphinx-build -W -b html docs <folder>`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import dynamorm
from dynamorm.errors import DOCS

sys.path.insert(0, str(Path(__file__).parent))

import messages

project = "dynamorm"
copyright = "dynamorm contributors"  # noqa: A001 - the name is Sphinx's
version = release = dynamorm.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_llms_txt",
    "sphinxcontrib.mermaid",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"dynamorm {release}"
# Read the Docs builds a site for each version, and says where this one is published.
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", DOCS)

myst_heading_anchors = 3
# The same fences are drawings on GitHub.
myst_fence_as_directive = ["mermaid"]

# Copied without prompts and answers.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
# A name is documented where it is used from, not where it is defined.
add_module_names = False
autodoc_type_aliases = {"Steps": "Steps", "Model": "Model", "Effect": "Effect"}
autodoc_preserve_defaults = True
# A single backtick means code in docstrings, as it does in Markdown.
default_role = "code"


def _add_messages(app: Any, page: str, source: list[str]) -> None:
    """End the page of messages with what the package's source has today."""
    if page == "messages":
        source[0] += messages.page()


def setup(app: Any) -> None:
    app.connect("source-read", _add_messages)
