"""Effects are values, and asking for them is typed."""

from __future__ import annotations

import pytest

from dynamorm import Now
from dynamorm.effects import now


def test_asking_for_the_time_gives_what_the_driver_sends() -> None:
    """`now` returns the answer to its one effect."""
    asking = now()
    assert next(asking) == Now()
    with pytest.raises(StopIteration) as stop:
        asking.send(3.5)
    assert stop.value.value == 3.5
