"""Copies over HTTP come through any troubles; `live` tries more of them, with more items."""

from __future__ import annotations

import pytest
from aids.crowd import TYPED, copy_by_seed, copy_typed_by_seed

pytestmark = pytest.mark.once

ITEMS = 2_000


@pytest.mark.parametrize("seed", range(4))
def test_a_copy_comes_through(seed, record_property):
    """Nothing is lost, changed or left out, and little is written again after a kill."""
    copy_by_seed(seed, ITEMS, record_property)


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("seed", range(2))
def test_a_typed_copy_comes_through(kind, seed, record_property):
    """So does one through models: an identity, and one that gives every item another key."""
    copy_typed_by_seed(kind, seed, ITEMS, record_property)
