"""Copies over HTTP come through any troubles; `live` tries many more of them."""

from __future__ import annotations

import pytest
from aids.crowd import TYPED, copy_by_seed, copy_typed_by_seed


@pytest.mark.parametrize("seed", range(4))
def test_a_copy_of_20000_items_comes_through(seed, record_property):
    """Nothing is lost, changed or left out, and little is written again after a kill."""
    copy_by_seed(seed, record_property)


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("seed", range(2))
def test_a_typed_copy_of_20000_items_comes_through(kind, seed, record_property):
    """So does one through models: an identity, and one that gives every item another key."""
    copy_typed_by_seed(kind, seed, record_property)
