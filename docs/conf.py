"""Settings for Sphinx: `sphinx-build -W -b html docs <folder>`."""

from __future__ import annotations

import os
import re
import sys
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes

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
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_favicon = "_static/icon.svg"
# The default of the dark theme underlines every class and module.
pygments_dark_style = "github-dark"

# A name that leads nowhere is a warning, and warnings are errors. Annotations also name what has
# no page: classes of other libraries, type variables, aliases.
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]

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

# An error says that it is from `dynamorm.errors`, where autodoc would look for what its attributes
# mean, in vain.
for _name in ("answers", "outcomes"):
    _module = import_module(f"dynamorm.errors.{_name}")
    for _kind in vars(_module).values():
        if isinstance(_kind, type) and issubclass(_kind, dynamorm.DynamormError):
            _kind.__module__ = _module.__name__
# Their parents, which these import, are from there indeed.
dynamorm.DynamormError.__module__ = dynamorm.ServiceError.__module__ = "dynamorm.errors"


def _add_messages(app: Any, page: str, source: list[str]) -> None:
    """End the page of messages with what the package's source has today."""
    if page == "messages":
        source[0] += messages.page()


def _add_card(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Say in a page's head what a search engine, or a chat that shows a link, shows of it."""
    first = next(iter(tree.findall(nodes.paragraph)), None) if tree else None
    if first is None:
        return
    said = " ".join(first.astext().split())
    facts = {
        "og:type": "website",
        "og:site_name": project,
        "og:title": context["title"],
        "og:description": said,
        "og:url": context.get("pageurl") or html_baseurl,
        "og:image": f"{html_baseurl}_static/card.png",
    }
    tags = [f'<meta property="{name}" content="{escape(text)}" />' for name, text in facts.items()]
    tags.append(f'<meta name="description" content="{escape(said)}" />')
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def _plain(
    app: Any,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Show a signature as one would write it: aliases by name, no guard against mistakes."""
    for written, shown in (
        (r"TypeAliasForwardRef\('(\w+)'\)", r"\1"),
        (r"\*misplaced: [\w.~]+,", "*,"),
        (r"misplaced: [\w.~]+ = UNSET(, )?", ""),
    ):
        signature = signature and re.sub(written, shown, signature)
        returns = returns and re.sub(written, shown, returns)
    return signature, returns


def setup(app: Any) -> None:
    app.connect("html-page-context", _add_card)
    app.connect("autodoc-process-signature", _plain)
    app.connect("source-read", _add_messages)
