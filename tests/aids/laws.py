"""How often a law is tried whose examples are dear."""

from __future__ import annotations

from hypothesis import settings

dear = settings(max_examples=min(20, settings.default.max_examples))
"""Each example is a table or two, and all that is done to them."""
