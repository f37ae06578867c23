"""Which engines this run does without: each shows among the skipped, with how to have it."""

from __future__ import annotations

import pytest
from engines import ENGINES, chosen


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in chosen()])
def test_what_is_not_run_is_told(engine):
    """An engine that nobody has asked for is no engine that passed."""
    setting = "DYNAMORM_ENDPOINT=URL" if engine == "endpoint" else f"DYNAMORM_ENGINES={engine}"
    pytest.skip(f"not asked for: {setting}")
